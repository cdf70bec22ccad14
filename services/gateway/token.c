/* The bearer tokens, one for each actor: made once with mode 0600, compared in constant time. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mac.h"
#include "services/gateway/gateway.h"

static cb_status make_token(const char *path, cb_err *err)
{
    uint8_t bytes[GATEWAY_TOKEN_SIZE / 2];
    char text[GATEWAY_TOKEN_SIZE + 1];
    randombytes_buf(bytes, sizeof bytes);
    cb_hex_print(bytes, sizeof bytes, text);
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return CB_FAIL(err, CB_E_IO, "gateway.token: cannot make %s: %s", path, strerror(errno));
    }
    const ssize_t written = write(fd, text, GATEWAY_TOKEN_SIZE);
    const bool is_whole = written == GATEWAY_TOKEN_SIZE && fsync(fd) == 0;
    (void)close(fd);
    sodium_memzero(text, sizeof text);
    if (!is_whole) {
        (void)unlink(path);
        return CB_FAIL(err, CB_E_IO, "gateway.token: cannot write %s", path);
    }
    return CB_OK;
}

static cb_status read_token(
    int fd, const char *path, char token[GATEWAY_TOKEN_SIZE + 1], cb_err *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        return CB_FAIL(err, CB_E_CONFIG, "gateway.token: %s is not a regular file", path);
    }
    if ((info.st_mode & 077) != 0) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "gateway.token: %s can be read by others (mode %03o, wanted 600)",
            path,
            (unsigned)(info.st_mode & 0777));
    }
    const ssize_t size = read(fd, token, GATEWAY_TOKEN_SIZE);
    token[GATEWAY_TOKEN_SIZE] = '\0';
    if (size != GATEWAY_TOKEN_SIZE ||
        strspn(token, "0123456789abcdefABCDEF") != GATEWAY_TOKEN_SIZE) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "gateway.token: %s does not hold %d hex digits",
            path,
            GATEWAY_TOKEN_SIZE);
    }
    return CB_OK;
}

static cb_status load_token(const char *path, char token[GATEWAY_TOKEN_SIZE + 1], cb_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        const cb_status made = make_token(path, err);
        if (made != CB_OK) {
            return made;
        }
        fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (fd < 0) {
        return CB_FAIL(err, CB_E_IO, "gateway.token: cannot read %s: %s", path, strerror(errno));
    }
    const cb_status status = read_token(fd, path, token, err);
    (void)close(fd);
    return status;
}

const char *gateway_actor_name(gateway_actor actor)
{
    static const char *const names[] = {"api", "operator", "risk_officer"};
    _Static_assert(sizeof names / sizeof names[0] == GATEWAY_ACTORS_COUNT, "one name each");
    return (unsigned)actor < GATEWAY_ACTORS_COUNT ? names[actor] : "?";
}

cb_status gateway_tokens_load(gateway *self, const char *path, cb_err *err)
{
    char each[CB_CONFIG_TEXT_MAX + 16];
    for (uint32_t i = 0; i < GATEWAY_ACTORS_COUNT; i++) {
        (void)snprintf(each,
            sizeof each,
            "%s%s%s",
            path,
            i == GATEWAY_ACTOR_API ? "" : "_",
            i == GATEWAY_ACTOR_API ? "" : gateway_actor_name((gateway_actor)i));
        const cb_status status = load_token(each, self->tokens[i], err);
        if (status != CB_OK) {
            return status;
        }
        /* Two actors with one token would be one person. */
        for (uint32_t k = 0; k < i; k++) {
            if (cb_text_equal(self->tokens[i], self->tokens[k])) {
                return CB_FAIL(err, CB_E_CONFIG, "gateway.token: %s repeats another token", each);
            }
        }
    }
    return CB_OK;
}

bool gateway_authorise(const gateway *self, const char *authorization, gateway_actor *out)
{
    const char prefix[] = "Bearer ";
    const size_t skip = sizeof prefix - 1;
    bool is_found = false;
    if (strncmp(authorization, prefix, skip) != 0 ||
        strlen(authorization) != skip + GATEWAY_TOKEN_SIZE) {
        return false;
    }
    for (uint32_t i = 0; i < GATEWAY_ACTORS_COUNT; i++) {
        const bool is_same = cb_mac_equal((const uint8_t *)authorization + skip,
            (const uint8_t *)self->tokens[i],
            GATEWAY_TOKEN_SIZE);
        *out = is_same ? (gateway_actor)i : *out;
        is_found = is_found || is_same;
    }
    return is_found;
}
