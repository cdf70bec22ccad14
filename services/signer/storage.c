/* The signer's files. What is written is on disk, as a whole, before anybody is told: a temporary
 * file beside it, fsync, rename, fsync of the folder. What others may read is not read. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mac.h"
#include "rt/failpoint.h"
#include "services/signer/signer.h"

#define PATH_SIZE (CB_CONFIG_TEXT_MAX + 16)

static cb_status io_error(cb_err *err, const char *what, const char *path)
{
    return CB_FAIL(err, CB_E_IO, "%s %s: %s", what, path, strerror(errno));
}

/* Links are not followed: the file that is checked is the file that is named. */
static int open_private(const char *path, cb_err *err)
{
    struct stat info;
    const int flags = (int)((unsigned)O_RDONLY | (unsigned)O_CLOEXEC | (unsigned)O_NOFOLLOW |
                            (unsigned)O_NONBLOCK | (unsigned)O_NOCTTY);
    const int fd = open(path, flags);
    if (fd < 0) {
        const cb_status status = errno == ENOENT ? CB_E_NOT_FOUND : CB_E_IO;
        (void)CB_FAIL(err, status, "%s: %s", path, strerror(errno));
        return -1;
    }
    const char *why = NULL;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        why = "is not a regular file";
    } else if ((info.st_mode & 0777U) != 0400U && (info.st_mode & 0777U) != 0600U) {
        why = "has another mode than 0400 or 0600";
    } else if (info.st_uid != geteuid() && info.st_uid != 0) {
        why = "belongs to another user";
    }
    if (why != NULL) {
        (void)CB_FAIL(err, CB_E_AUTH, "%s %s", path, why);
        CB_MAYBE(close(fd));
        return -1;
    }
    return fd;
}

static ssize_t read_whole(int fd, uint8_t *out, size_t capacity)
{
    size_t used = 0;
    while (used < capacity) {
        const ssize_t count = read(fd, out + used, capacity - used);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return -1;
        }
        if (count == 0) {
            break;
        }
        used += (size_t)count;
    }
    return (ssize_t)used;
}

cb_status signer_kek_read(const char *path, uint8_t out[SIGNER_KEK_SIZE], cb_err *err)
{
    const int fd = open_private(path, err);
    if (fd < 0) {
        return err->code;
    }
    uint8_t more = 0;
    const bool is_whole =
        read_whole(fd, out, SIGNER_KEK_SIZE) == SIGNER_KEK_SIZE && read_whole(fd, &more, 1) == 0;
    CB_MAYBE(close(fd));
    cb_wipe(&more, 1);
    if (!is_whole) {
        cb_wipe(out, SIGNER_KEK_SIZE);
        return CB_FAIL(err, CB_E_SYNTAX, "%s does not hold exactly 32 bytes", path);
    }
    return CB_OK;
}

/* ---- writing ---- */

static cb_status sync_folder(const char *path, cb_err *err)
{
    char folder[PATH_SIZE];
    const char *slash = strrchr(path, '/');
    (void)snprintf(folder,
        sizeof(folder),
        "%.*s",
        slash == NULL ? 1 : (int)(slash - path + 1),
        slash == NULL ? "." : path);
    const int fd =
        open(folder, (int)((unsigned)O_RDONLY | (unsigned)O_DIRECTORY | (unsigned)O_CLOEXEC));
    const bool is_synced = fd >= 0 && fsync(fd) == 0;
    const cb_status status = is_synced ? CB_OK : io_error(err, "fsync of", folder);
    if (fd >= 0) {
        CB_MAYBE(close(fd));
    }
    return status;
}

static bool write_whole(int fd, const uint8_t *bytes, size_t size)
{
    size_t used = 0;
    while (used < size) {
        const ssize_t count = write(fd, bytes + used, size - used);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return false;
        }
        used += (size_t)count;
    }
    return true;
}

/* more: O_TRUNC or O_EXCL. */
static cb_status write_file(
    const char *path, unsigned more, const uint8_t *bytes, size_t size, cb_err *err)
{
    const unsigned flags =
        (unsigned)O_WRONLY | (unsigned)O_CREAT | (unsigned)O_CLOEXEC | (unsigned)O_NOFOLLOW | more;
    const int fd = open(path, (int)flags, 0600);
    if (fd < 0) {
        return errno == EEXIST ? CB_FAIL(err, CB_E_EXISTS, "%s exists already", path)
                               : io_error(err, "cannot create", path);
    }
    bool is_written = fchmod(fd, 0600) == 0 && write_whole(fd, bytes, size / 2);
    if (FP("signer.mid_write")) {
        errno = ENOSPC;
        is_written = false;
    }
    is_written = is_written && write_whole(fd, bytes + size / 2, size - size / 2);
    is_written = is_written && fsync(fd) == 0;
    const cb_status status = is_written ? CB_OK : io_error(err, "cannot write", path);
    if (close(fd) != 0 && status == CB_OK) {
        return io_error(err, "cannot write", path);
    }
    return status;
}

cb_status signer_kek_make(const char *path, const uint8_t kek[SIGNER_KEK_SIZE], cb_err *err)
{
    const cb_status status = write_file(path, (unsigned)O_EXCL, kek, SIGNER_KEK_SIZE, err);
    return status == CB_OK ? sync_folder(path, err) : status;
}

cb_status signer_file_move(const char *from, const char *to, cb_err *err)
{
    if (rename(from, to) != 0) {
        return io_error(err, "cannot replace", to);
    }
    (void)FP("signer.after_rename");
    return sync_folder(to, err);
}

cb_status signer_storage_write(const char *path, const uint8_t *bytes, size_t size, cb_err *err)
{
    char fresh[PATH_SIZE];
    (void)snprintf(fresh, sizeof(fresh), "%s.new", path);
    const cb_status status = write_file(fresh, (unsigned)O_TRUNC, bytes, size, err);
    if (status != CB_OK) {
        return status;
    }
    (void)FP("signer.before_rename");
    return signer_file_move(fresh, path, err);
}

cb_status signer_storage_read(
    const char *path, uint8_t *out, size_t capacity, size_t *size, cb_err *err)
{
    *size = 0;
    const int fd = open_private(path, err);
    if (fd < 0) {
        return err->code == CB_E_NOT_FOUND ? CB_OK : err->code;
    }
    const ssize_t count = read_whole(fd, out, capacity);
    CB_MAYBE(close(fd));
    if (count <= 0) {
        /* An empty file is not "no keys": somebody has cut it. */
        return count < 0 ? io_error(err, "cannot read", path)
                         : CB_FAIL(err, CB_E_CORRUPT, "%s is empty", path);
    }
    *size = (size_t)count;
    return CB_OK;
}
