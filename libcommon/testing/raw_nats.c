/* The NATS text protocol by hand: one buffer, one write per publication. See raw_nats.h. */
#include "testing/raw_nats.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static bool send_all(int fd, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    while (size > 0) {
        const ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return false;
        }
        at += sent;
        size -= (size_t)sent;
    }
    return true;
}

static int dial(uint16_t port)
{
    const int one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

bool raw_nats_open(raw_nats *self, uint16_t port, const char *user, const char *password)
{
    char hello[512];
    *self = (raw_nats){.fd = dial(port), .buffer = malloc(RAW_NATS_BUFFER_MAX)};
    if (self->fd < 0 || self->buffer == NULL) {
        (void)fprintf(stderr, "raw_nats: cannot connect to 127.0.0.1:%u\n", (unsigned)port);
        raw_nats_close(self);
        return false;
    }
    const int size = snprintf(hello,
        sizeof hello,
        "CONNECT "
        "{\"verbose\":false,\"pedantic\":false,\"lang\":\"c\",\"version\":\"1\",\"protocol\":1%s%s%"
        "s%s%s}\r\nPING\r\n",
        user != NULL ? ",\"user\":\"" : "",
        user != NULL ? user : "",
        user != NULL ? "\",\"pass\":\"" : "",
        user != NULL ? password : "",
        user != NULL ? "\"" : "");
    return size > 0 && (size_t)size < sizeof hello && send_all(self->fd, hello, (size_t)size);
}

void raw_nats_close(raw_nats *self)
{
    if (self->fd >= 0) {
        (void)close(self->fd);
    }
    free(self->buffer);
    *self = (raw_nats){.fd = -1};
}

bool raw_nats_subscribe(raw_nats *self, const char *subject, uint32_t sid)
{
    char line[RAW_NATS_SUBJECT_MAX + 32];
    const int size = snprintf(line, sizeof line, "SUB %s %u\r\n", subject, sid);
    return size > 0 && (size_t)size < sizeof line && send_all(self->fd, line, (size_t)size);
}

bool raw_nats_publish(raw_nats *self, const char *subject, const void *bytes, size_t size)
{
    uint8_t frame[RAW_NATS_SUBJECT_MAX + 8192];
    const int head = snprintf((char *)frame, sizeof frame, "PUB %s %zu\r\n", subject, size);
    if (head <= 0 || (size_t)head + size + 2 > sizeof frame) {
        return false;
    }
    memcpy(frame + head, bytes, size);
    memcpy(frame + (size_t)head + size, "\r\n", 2);
    return send_all(self->fd, frame, (size_t)head + size + 2);
}

/* Takes one whole line or message from the buffer: 1 message, 0 other line, -1 need more bytes. */
static int take(raw_nats *self, raw_nats_message *out)
{
    uint8_t *start = self->buffer + self->taken;
    const size_t left = self->used - self->taken;
    uint8_t *end = left > 0 ? memchr(start, '\n', left) : NULL;
    if (end == NULL) {
        return -1;
    }
    const size_t line = (size_t)(end - start) + 1;
    if (left >= 4 && memcmp(start, "PING", 4) == 0) {
        self->taken += line;
        (void)send_all(self->fd, "PONG\r\n", 6);
        return 0;
    }
    if (left < 4 || memcmp(start, "MSG ", 4) != 0) {
        self->taken += line;
        return 0;
    }
    const uint8_t *size_at = end;
    while (size_at > start && *size_at != ' ') {
        size_at--;
    }
    const size_t size = strtoul((const char *)size_at + 1, NULL, 10);
    if (left < line + size + 2) {
        return -1;
    }
    const size_t subject = strcspn((const char *)start + 4, " ");
    const size_t kept = subject < RAW_NATS_SUBJECT_MAX - 1 ? subject : RAW_NATS_SUBJECT_MAX - 1;
    memcpy(out->subject, start + 4, kept);
    out->subject[kept] = '\0';
    out->bytes = end + 1;
    out->size = size;
    self->taken += line + size + 2;
    return 1;
}

static bool fill(raw_nats *self, int timeout_ms)
{
    if (self->taken > 0) {
        memmove(self->buffer, self->buffer + self->taken, self->used - self->taken);
        self->used -= self->taken;
        self->taken = 0;
    }
    struct pollfd wait = {.fd = self->fd, .events = POLLIN};
    if (timeout_ms >= 0 && poll(&wait, 1, timeout_ms) <= 0) {
        return false;
    }
    const ssize_t got =
        recv(self->fd, self->buffer + self->used, RAW_NATS_BUFFER_MAX - self->used, 0);
    if (got <= 0) {
        return false;
    }
    self->used += (size_t)got;
    return true;
}

bool raw_nats_next(raw_nats *self, raw_nats_message *out, int timeout_ms)
{
    while (true) {
        const int kind = take(self, out);
        if (kind == 1) {
            return true;
        }
        if (kind < 0 && !fill(self, timeout_ms)) {
            return false;
        }
    }
}
