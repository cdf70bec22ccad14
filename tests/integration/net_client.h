/* A plain TCP client for tests of servers that live in the same thread: while it waits, it turns
 * the server's loop. */
#ifndef TESTS_NET_CLIENT_H
#define TESTS_NET_CLIENT_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/timefmt.h"
#include "rt/loop.h"

#define NET_WAIT_NS (20 * CB_NS_PER_S)
#define NET_TURN_NS (20 * CB_NS_PER_MS)

typedef struct net_client {
    cb_loop *loop;
    int fd;
    bool is_ended; /* the server closed or reset */
    bool is_reset;
    size_t used;
    size_t capacity;
    char *data; /* what came, NUL-terminated */
} net_client;

static inline void net_connect(net_client *client, cb_loop *loop, uint16_t port)
{
    memset(client, 0, sizeof(*client));
    client->loop = loop;
    client->capacity = 4096;
    client->data = calloc(1, client->capacity);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(client->fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        client->is_ended = true;
    }
    (void)fcntl(client->fd, F_SETFL, O_NONBLOCK);
}

static inline void net_close(net_client *client)
{
    (void)close(client->fd);
    free(client->data);
    memset(client, 0, sizeof(*client));
    client->fd = -1;
}

static inline void net_read(net_client *client)
{
    while (!client->is_ended) {
        if (client->capacity - client->used < 65536 + 1) {
            client->capacity = client->capacity * 2 + 65536;
            client->data = realloc(client->data, client->capacity);
        }
        const ssize_t got = recv(client->fd, client->data + client->used, 65536, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            break;
        }
        client->is_reset = got < 0;
        client->is_ended = got <= 0;
        client->used += got > 0 ? (size_t)got : 0;
        client->data[client->used] = '\0';
    }
}

static inline void net_send(net_client *client, const void *bytes, size_t size)
{
    const int64_t end_ns = cb_mono_ns() + NET_WAIT_NS;
    size_t sent = 0;
    while (sent < size && !client->is_ended && cb_mono_ns() < end_ns) {
        const ssize_t got = send(client->fd, (const char *)bytes + sent, size - sent, MSG_NOSIGNAL);
        if (got > 0) {
            sent += (size_t)got;
        } else if (errno != EAGAIN && errno != EINTR) {
            break;
        } else {
            cb_loop_turn(client->loop, NET_TURN_NS);
        }
    }
}

static inline void net_send_text(net_client *client, const char *text)
{
    net_send(client, text, strlen(text));
}

/* Turns the loop until that many bytes came; false when they do not come. */
static inline bool net_wait_size(net_client *client, size_t size)
{
    const int64_t end_ns = cb_mono_ns() + NET_WAIT_NS;
    net_read(client);
    while (client->used < size && !client->is_ended && cb_mono_ns() < end_ns) {
        cb_loop_turn(client->loop, NET_TURN_NS);
        net_read(client);
    }
    return client->used >= size;
}

static inline bool net_wait_text(net_client *client, const char *text)
{
    const int64_t end_ns = cb_mono_ns() + NET_WAIT_NS;
    net_read(client);
    while (strstr(client->data, text) == NULL && !client->is_ended && cb_mono_ns() < end_ns) {
        cb_loop_turn(client->loop, NET_TURN_NS);
        net_read(client);
    }
    return strstr(client->data, text) != NULL;
}

static inline bool net_wait_end(net_client *client)
{
    const int64_t end_ns = cb_mono_ns() + NET_WAIT_NS;
    net_read(client);
    while (!client->is_ended && cb_mono_ns() < end_ns) {
        cb_loop_turn(client->loop, NET_TURN_NS);
        net_read(client);
    }
    return client->is_ended;
}

static inline void net_forget(net_client *client)
{
    client->used = 0;
    client->data[0] = '\0';
}

#endif /* TESTS_NET_CLIENT_H */
