/* A length and the encoded beat, zeros behind it. */
#include "rt/beatpage.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "wire/codec.h"

#define HEAD_SIZE sizeof(uint32_t)

cb_status cb_beatpage_write(const char *path, const cb_guard_beat *beat, cb_err *err)
{
    uint8_t page[CB_BEATPAGE_SIZE] = {0};
    size_t size = 0;
    const cb_status status = cb_encode(
        &cb_guard_beat_desc, beat, page + HEAD_SIZE, sizeof(page) - HEAD_SIZE, &size, err);
    if (status != CB_OK) {
        return status;
    }
    const uint32_t head = (uint32_t)size;
    memcpy(page, &head, sizeof(head));
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return CB_FAIL(err, CB_E_IO, "beat page %s: %s", path, strerror(errno));
    }
    const bool is_whole = pwrite(fd, page, sizeof(page), 0) == (ssize_t)sizeof(page);
    const int error = errno;
    CB_MAYBE(close(fd));
    return is_whole ? CB_OK : CB_FAIL(err, CB_E_IO, "beat page %s: %s", path, strerror(error));
}

cb_status cb_beatpage_read(const char *path, cb_guard_beat *out, cb_err *err)
{
    uint8_t page[CB_BEATPAGE_SIZE];
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return CB_FAIL(err,
            errno == ENOENT ? CB_E_NOT_FOUND : CB_E_IO,
            "beat page %s: %s",
            path,
            strerror(errno));
    }
    const ssize_t size = pread(fd, page, sizeof(page), 0);
    CB_MAYBE(close(fd));
    uint32_t head = 0;
    if (size != (ssize_t)sizeof(page)) {
        return CB_FAIL(err, CB_E_CORRUPT, "beat page %s is short", path);
    }
    memcpy(&head, page, sizeof(head));
    if (head == 0 || head > sizeof(page) - HEAD_SIZE) {
        return CB_FAIL(err, CB_E_CORRUPT, "beat page %s holds no beat", path);
    }
    return cb_decode(&cb_guard_beat_desc, page + HEAD_SIZE, head, out, err);
}
