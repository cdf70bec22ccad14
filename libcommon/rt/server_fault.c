/* Hooks for a server that plays a bad one: answers in pieces, endings without answers, a door that
 * is shut. A service that serves people uses none of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "rt/server_internal.h"

#define LISTEN_BACKLOG 1024

/* Dissolving the association makes the kernel send a reset at once. */
static void send_reset(int fd)
{
    const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    (void)connect(fd, &nobody, sizeof(nobody));
}

/* ---- exchanges ---- */

void cb_exchange_reset(cb_exchange *exchange)
{
    if (exchange->conn != NULL) {
        send_reset(exchange->conn->fd);
    }
    cb_exchange_abort(exchange);
}

bool cb_exchange_write(cb_exchange *exchange, const void *bytes, size_t size)
{
    CB_ASSERT(size > 0);
    if (exchange->conn == NULL) {
        return false;
    }
    cb_http_conn_write(exchange->conn, bytes, size);
    return exchange->conn != NULL;
}

size_t cb_exchange_queued(const cb_exchange *exchange)
{
    return exchange->conn == NULL ? 0 : exchange->conn->out_end - exchange->conn->out_begin;
}

bool cb_exchange_is_gone(const cb_exchange *exchange)
{
    return exchange->conn == NULL;
}

uint64_t cb_exchange_conn_id(const cb_exchange *exchange)
{
    return exchange->conn == NULL ? 0 : exchange->conn->id;
}

void cb_exchange_finish(cb_exchange *exchange, bool is_kept)
{
    if (exchange->conn != NULL) {
        cb_http_conn_reply(exchange->conn, "", 0, NULL, 0, is_kept && exchange->is_keep_alive);
    }
    cb_exchange_give_back(exchange);
}

/* ---- the door ---- */

/* A socket that holds the port without listening: whoever connects is refused, and nobody else gets
 * the port meanwhile. */
static int hold_port(cb_server *server, cb_err *err)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof(address);
    const int yes = 1;
    if (getsockname(server->listen_fd, (struct sockaddr *)&address, &size) != 0) {
        (void)CB_FAIL(err, CB_E_IO, "port %u: %s", server->port, strerror(errno));
        return -1;
    }
    const int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    cb_watch_remove(server->listen_watch);
    server->listen_watch = NULL;
    (void)close(server->listen_fd);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0) {
        (void)CB_FAIL(err, CB_E_IO, "port %u: %s", server->port, strerror(errno));
        server->listen_fd = -1;
        (void)close(fd);
        return -1;
    }
    return fd;
}

cb_status cb_server_listen(cb_server *server, bool is_on, cb_err *err)
{
    if (is_on == (server->listen_watch != NULL)) {
        return CB_OK;
    }
    if (!is_on) {
        server->listen_fd = hold_port(server, err);
        return server->listen_fd >= 0 ? CB_OK : CB_E_IO;
    }
    if (listen(server->listen_fd, LISTEN_BACKLOG) != 0) {
        return CB_FAIL(err, CB_E_IO, "port %u: %s", server->port, strerror(errno));
    }
    server->listen_watch = cb_loop_watch(
        server->loop, server->listen_fd, CB_WATCH_READ, cb_server_on_listen, server, err);
    return server->listen_watch != NULL ? CB_OK : CB_E_IO;
}

uint32_t cb_server_cut_idle(cb_server *server, bool is_reset)
{
    uint32_t count = 0;
    for (http_conn *conn = server->conns; conn != NULL;) {
        http_conn *next = conn->next;
        const bool is_idle = conn->phase == HTTP_PHASE_HEAD && conn->exchange == NULL &&
                             conn->in_used == 0 && conn->out_begin == conn->out_end;
        if (is_idle) {
            if (is_reset) {
                send_reset(conn->fd);
            }
            cb_http_conn_close(conn);
            count++;
        }
        conn = next;
    }
    return count;
}
