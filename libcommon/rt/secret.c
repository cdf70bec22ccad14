/* Reading secret files. The bytes go straight from the descriptor into the caller's buffer: no
 * stdio buffer keeps a copy, and error texts name the path only. */
#include "rt/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mac.h"

static cb_status check_file(int fd, const char *path, cb_err *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return CB_FAIL(err, CB_E_IO, "secret file %s: %s", path, strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return CB_FAIL(err, CB_E_IO, "secret file %s is not a regular file", path);
    }
    if ((status.st_mode & (S_IROTH | S_IWOTH)) != 0) {
        return CB_FAIL(err, CB_E_AUTH, "secret file %s may be read by others: chmod 600", path);
    }
    return CB_OK;
}

/* Ends out after the first line; size is what was read into it. */
static cb_status cut_line(char *out, size_t size, const char *path, cb_err *err)
{
    char *end = memchr(out, '\n', size);
    size_t length = end != NULL ? (size_t)(end - out) : size;
    while (length > 0 && (out[length - 1] == '\r' || out[length - 1] == ' ')) {
        length--;
    }
    if (length == 0) {
        return CB_FAIL(err, CB_E_SYNTAX, "secret file %s is empty", path);
    }
    if (memchr(out, '\0', length) != NULL) {
        return CB_FAIL(err, CB_E_SYNTAX, "secret file %s holds a NUL byte", path);
    }
    cb_wipe(out + length, size - length);
    out[length] = '\0';
    return CB_OK;
}

static cb_status read_line(int fd, const char *path, char *out, size_t out_size, cb_err *err)
{
    size_t size = 0;
    while (size < out_size) {
        const ssize_t count = read(fd, out + size, out_size - size);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return CB_FAIL(err, CB_E_IO, "secret file %s: %s", path, strerror(errno));
        }
        if (count == 0) {
            break;
        }
        size += (size_t)count;
    }
    if (size == out_size && memchr(out, '\n', size) == NULL) {
        return CB_FAIL(
            err, CB_E_SYNTAX, "secret file %s: first line exceeds %zu bytes", path, out_size - 1);
    }
    return cut_line(out, size, path, err);
}

cb_status cb_secret_read(const char *path, char *out, size_t out_size, cb_err *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        const cb_status status = errno == ENOENT ? CB_E_NOT_FOUND : CB_E_IO;
        return CB_FAIL(err, status, "secret file %s: %s", path, strerror(errno));
    }
    cb_status status = check_file(fd, path, err);
    if (status == CB_OK) {
        status = read_line(fd, path, out, out_size, err);
    }
    if (status != CB_OK) {
        cb_wipe(out, out_size);
    }
    CB_MAYBE(close(fd));
    return status;
}
