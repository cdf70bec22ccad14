/* One HTTP connection: bytes in, requests to the application one at a time, answers out. The next
 * request of a pipelining client waits in the buffer until the last answer has left, so a client
 * that does not read costs one answer's memory and no more. What is closed is freed when the loop
 * turns, because callers further up may still hold it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "rt/server_internal.h"

#define IN_FIRST_BYTES 4096
#define IN_KEEP_BYTES ((size_t)64 * 1024) /* larger buffers are given back after the request */
#define IDLE_NS (75 * CB_NS_PER_S)
#define HEAD_NS (10 * CB_NS_PER_S)
#define BODY_NS (30 * CB_NS_PER_S)
#define WRITE_NS (30 * CB_NS_PER_S)
#define DRAIN_NS (1 * CB_NS_PER_S)
#define CONTINUE_LINE "HTTP/1.1 100 Continue\r\n\r\n"

static void on_event(void *context, int fd, uint32_t events);

/* ---- life ---- */

static void set_deadline(http_conn *conn, int64_t delay_ns)
{
    conn->deadline_ns = cb_mono_ns() + delay_ns;
}

void cb_http_conn_accept(cb_server *server, int fd, const char *client)
{
    http_conn *conn = calloc(1, sizeof(*conn));
    CB_ASSERT(conn != NULL);
    conn->server = server;
    conn->id = ++server->http_ids;
    conn->fd = fd;
    conn->in = malloc(IN_FIRST_BYTES);
    CB_ASSERT(conn->in != NULL);
    conn->in_capacity = IN_FIRST_BYTES;
    conn->wants_read = true;
    conn->watch = cb_loop_watch(server->loop, fd, CB_WATCH_READ, on_event, conn, NULL);
    if (conn->watch == NULL) {
        (void)close(fd);
        free(conn->in);
        free(conn);
        return;
    }
    snprintf(conn->client, sizeof(conn->client), "%s", client);
    set_deadline(conn, IDLE_NS);
    conn->next = server->conns;
    if (conn->next != NULL) {
        conn->next->prev = conn;
    }
    server->conns = conn;
    server->conns_count++;
}

/* Takes the connection out of the server's list; it is freed when the loop turns. */
static void conn_bury(http_conn *conn)
{
    cb_server *server = conn->server;
    CB_ASSERT(!conn->is_dead);
    conn->is_dead = true;
    cb_watch_remove(conn->watch);
    conn->watch = NULL;
    if (conn->exchange != NULL) {
        conn->exchange->conn = NULL;
        conn->exchange = NULL;
    }
    if (conn->prev != NULL) {
        conn->prev->next = conn->next;
    } else {
        server->conns = conn->next;
    }
    if (conn->next != NULL) {
        conn->next->prev = conn->prev;
    }
    conn->next = server->dead;
    server->dead = conn;
    server->conns_count--;
}

void cb_http_conn_close(http_conn *conn)
{
    if (!conn->is_dead) {
        const int fd = conn->fd;
        conn_bury(conn);
        (void)close(fd);
    }
}

int cb_http_conn_release_fd(http_conn *conn)
{
    const int fd = conn->fd;
    conn_bury(conn);
    return fd;
}

void cb_http_conns_turn(cb_server *server)
{
    if (server->has_ready) {
        server->has_ready = false;
        for (http_conn *conn = server->conns; conn != NULL;) {
            http_conn *next = conn->next;
            if (conn->is_ready) {
                conn->is_ready = false;
                cb_http_conn_process(conn);
                /* Processing may close any connection, the next one included. */
                if (server->dead != NULL) {
                    server->has_ready = true;
                    break;
                }
            }
            conn = next;
        }
        if (server->has_ready) {
            cb_loop_wake(server->loop);
        }
    }
    while (server->dead != NULL) {
        http_conn *conn = server->dead;
        server->dead = conn->next;
        free(conn->in);
        free(conn->head_text);
        free(conn->out);
        free(conn);
    }
}

void cb_http_conns_tick(cb_server *server, int64_t now_ns)
{
    for (http_conn *conn = server->conns; conn != NULL;) {
        http_conn *next = conn->next;
        if (conn->deadline_ns <= now_ns) {
            cb_http_conn_close(conn);
        }
        conn = next;
    }
}

/* ---- output ---- */

static void update_watch(http_conn *conn)
{
    /* While an exchange is open a little input is taken, to notice that the client has left. */
    const bool wants_read = !conn->is_eof && conn->in_used + 1 < conn->in_capacity;
    const bool wants_write = conn->out_end > conn->out_begin;
    if (wants_read == conn->wants_read && wants_write == conn->wants_write) {
        return;
    }
    conn->wants_read = wants_read;
    conn->wants_write = wants_write;
    cb_watch_change(
        conn->watch, (wants_read ? CB_WATCH_READ : 0U) | (wants_write ? CB_WATCH_WRITE : 0U));
}

static void out_append(http_conn *conn, const void *bytes, size_t size)
{
    if (size == 0) {
        return;
    }
    if (conn->out_begin == conn->out_end) {
        conn->out_begin = 0;
        conn->out_end = 0;
    }
    if (conn->out_end + size > conn->out_capacity) {
        const size_t capacity = conn->out_end + size;
        char *out = realloc(conn->out, capacity);
        CB_ASSERT(out != NULL);
        conn->out = out;
        conn->out_capacity = capacity;
    }
    memcpy(conn->out + conn->out_end, bytes, size);
    conn->out_end += size;
}

/* Everything has left: the connection goes on, or is closed so that the client can still read. */
static void out_drained(http_conn *conn)
{
    if (conn->out_capacity > IN_KEEP_BYTES) {
        free(conn->out);
        conn->out = NULL;
        conn->out_capacity = 0;
        conn->out_begin = 0;
        conn->out_end = 0;
    }
    if (!conn->closes) {
        return;
    }
    if (conn->is_eof) {
        cb_http_conn_close(conn);
        return;
    }
    /* Closing with unread input would reset the connection and destroy the answer on its way. */
    (void)shutdown(conn->fd, SHUT_WR);
    conn->phase = HTTP_PHASE_DRAIN;
    conn->in_used = 0;
    set_deadline(conn, DRAIN_NS);
}

static void tell_bytes(const http_conn *conn, bool is_out, const void *bytes, size_t size)
{
    const cb_server *server = conn->server;
    if (server->ops.on_bytes != NULL && size > 0) {
        server->ops.on_bytes(server->context, conn->id, is_out, bytes, size);
    }
}

static bool is_transient(int code)
{
    return code == EAGAIN || code == EWOULDBLOCK || code == EINTR;
}

static void out_flush(http_conn *conn)
{
    while (conn->out_begin < conn->out_end) {
        const ssize_t sent = send(
            conn->fd, conn->out + conn->out_begin, conn->out_end - conn->out_begin, MSG_NOSIGNAL);
        if (sent < 0 && is_transient(errno)) {
            return;
        }
        if (sent < 0) {
            cb_http_conn_close(conn);
            return;
        }
        tell_bytes(conn, true, conn->out + conn->out_begin, (size_t)sent);
        conn->out_begin += (size_t)sent;
        set_deadline(conn, WRITE_NS);
    }
    out_drained(conn);
}

/* Sends both parts at once when nothing waits; keeps what the socket does not take. */
static void send_parts(
    http_conn *conn, const char *head, size_t head_size, const void *body, size_t body_size)
{
    size_t sent_size = 0;
    if (conn->out_begin == conn->out_end) {
        char *parts[2] = {NULL, NULL};
        memcpy(&parts[0], &head, sizeof(head)); /* iovec has no const */
        memcpy(&parts[1], &body, sizeof(body));
        struct iovec vector[2] = {{parts[0], head_size}, {parts[1], body_size}};
        const struct msghdr message = {.msg_iov = vector, .msg_iovlen = body_size > 0 ? 2 : 1};
        const ssize_t sent = sendmsg(conn->fd, &message, MSG_NOSIGNAL);
        if (sent < 0 && !is_transient(errno)) {
            cb_http_conn_close(conn);
            return;
        }
        sent_size = sent > 0 ? (size_t)sent : 0;
    }
    const size_t head_sent = sent_size < head_size ? sent_size : head_size;
    const size_t body_sent = sent_size - head_sent;
    tell_bytes(conn, true, head, head_sent);
    tell_bytes(conn, true, body, body_sent);
    out_append(conn, head + head_sent, head_size - head_sent);
    if (body_size > body_sent) {
        out_append(conn, (const char *)body + body_sent, body_size - body_sent);
    }
}

void cb_http_conn_write(http_conn *conn, const void *bytes, size_t size)
{
    CB_ASSERT(!conn->is_dead);
    CB_ASSERT(size > 0);
    send_parts(conn, bytes, size, NULL, 0);
    if (!conn->is_dead) {
        update_watch(conn);
    }
}

void cb_http_conn_reply(http_conn *conn,
    const char *head,
    size_t head_size,
    const void *body,
    size_t body_size,
    bool is_keep_alive)
{
    CB_ASSERT(!conn->is_dead);
    conn->closes = !is_keep_alive || conn->is_eof;
    conn->exchange = NULL;
    conn->phase = HTTP_PHASE_HEAD;
    set_deadline(conn, conn->in_used > 0 ? HEAD_NS : IDLE_NS);
    send_parts(conn, head, head_size, body, body_size);
    if (conn->is_dead) {
        return;
    }
    if (conn->out_begin == conn->out_end) {
        out_drained(conn);
    } else {
        set_deadline(conn, WRITE_NS);
    }
    if (conn->is_dead) {
        return;
    }
    if (conn->in_used > 0 && !conn->closes && !conn->is_dispatching) {
        conn->is_ready = true;
        conn->server->has_ready = true;
    }
    update_watch(conn);
}

/* ---- input ---- */

/* Makes room for capacity bytes and one NUL. */
static void in_reserve(http_conn *conn, size_t capacity)
{
    if (capacity + 1 > conn->in_capacity) {
        char *in = realloc(conn->in, capacity + 1);
        CB_ASSERT(in != NULL);
        conn->in = in;
        conn->in_capacity = capacity + 1;
    }
}

static void in_consume(http_conn *conn, size_t size)
{
    CB_ASSERT(size <= conn->in_used);
    conn->in_used -= size;
    memmove(conn->in, conn->in + size, conn->in_used);
    if (conn->in_capacity > IN_KEEP_BYTES && conn->in_used < IN_FIRST_BYTES) {
        char *in = realloc(conn->in, IN_FIRST_BYTES);
        if (in != NULL) {
            conn->in = in;
            conn->in_capacity = IN_FIRST_BYTES;
        }
    }
}

/* Hands one complete request to the application. */
static void dispatch(http_conn *conn)
{
    cb_server *server = conn->server;
    const size_t body_size = (size_t)conn->head.body_size;
    cb_exchange *exchange = cb_exchange_take(server, conn);
    conn->exchange = exchange;
    conn->phase = HTTP_PHASE_ANSWER;
    conn->deadline_ns = INT64_MAX;
    /* The body ends with a NUL; the byte there may be the next request's first. */
    char *body = conn->in;
    const char kept = body[body_size];
    body[body_size] = '\0';
    const cb_server_request request = {.method = exchange->is_head ? "GET" : conn->head.method,
        .path = conn->head.path,
        .query = conn->head.query,
        .body = body,
        .body_size = body_size,
        .client = conn->client};
    exchange->is_in_request = true;
    conn->is_dispatching = true;
    server->ops.on_request(server->context, exchange, &request);
    conn->is_dispatching = false;
    if (conn->is_dead) {
        return;
    }
    if (conn->exchange == exchange) {
        exchange->is_in_request = false;
    }
    body[body_size] = kept;
    if (conn->phase != HTTP_PHASE_DRAIN) {
        in_consume(conn, body_size);
    }
}

/* Looks at a complete head; false when the connection cannot go on with it. */
static bool take_head(http_conn *conn, size_t head_size)
{
    /* A copy, because the input moves while the body comes. */
    if (head_size > conn->head_capacity) {
        free(conn->head_text);
        conn->head_text = malloc(CB_HTTP_HEAD_MAX);
        CB_ASSERT(conn->head_text != NULL);
        conn->head_capacity = CB_HTTP_HEAD_MAX;
    }
    memcpy(conn->head_text, conn->in, head_size);
    in_consume(conn, head_size);
    const int refusal = cb_http_parse(conn->head_text, head_size, &conn->head);
    if (refusal != 0) {
        cb_server_refuse(conn, refusal);
        return false;
    }
    if (conn->head.is_upgrade) {
        cb_server_upgrade(conn);
        return false;
    }
    if (conn->head.body_size > conn->server->options.body_max) {
        cb_server_refuse(conn, 413);
        return false;
    }
    const size_t body_size = (size_t)conn->head.body_size;
    in_reserve(conn, body_size);
    conn->phase = HTTP_PHASE_BODY;
    set_deadline(conn, BODY_NS);
    if (conn->head.expects_continue && conn->in_used < body_size) {
        send_parts(conn, CONTINUE_LINE, sizeof(CONTINUE_LINE) - 1, NULL, 0);
    }
    return !conn->is_dead;
}

/* One step; false when more input, an answer or the end is needed first. */
static bool process_step(http_conn *conn)
{
    if (conn->phase == HTTP_PHASE_HEAD) {
        const size_t head_size = cb_http_head_size(conn->in, conn->in_used);
        if (head_size > CB_HTTP_HEAD_MAX || (head_size == 0 && conn->in_used >= CB_HTTP_HEAD_MAX)) {
            conn->head.method = "";
            cb_server_refuse(conn, 431);
            return false;
        }
        if (head_size == 0) {
            if (conn->in_used + 1 >= conn->in_capacity) {
                in_reserve(conn, CB_HTTP_HEAD_MAX);
            }
            return false;
        }
        return take_head(conn, head_size);
    }
    if (conn->phase != HTTP_PHASE_BODY || conn->in_used < (size_t)conn->head.body_size) {
        return false;
    }
    dispatch(conn);
    return !conn->is_dead;
}

void cb_http_conn_process(http_conn *conn)
{
    /* The next request waits until the last answer has left. */
    while (
        !conn->is_dead && conn->out_begin == conn->out_end && !conn->closes && process_step(conn)) {
    }
    if (!conn->is_dead) {
        update_watch(conn);
    }
}

static void on_input_end(http_conn *conn)
{
    conn->is_eof = true;
    /* A client may close its sending half and wait for the answer. */
    const bool is_owed = conn->exchange != NULL || conn->out_begin < conn->out_end;
    if (!is_owed) {
        cb_http_conn_close(conn);
        return;
    }
    conn->closes = true;
    if (conn->exchange != NULL) {
        conn->exchange->is_keep_alive = false;
    }
    update_watch(conn);
}

static void read_input(http_conn *conn)
{
    if (conn->phase == HTTP_PHASE_DRAIN) {
        conn->in_used = 0;
    }
    const size_t room = conn->in_capacity - 1 - conn->in_used;
    const ssize_t got = recv(conn->fd, conn->in + conn->in_used, room, 0);
    if (got < 0 && is_transient(errno)) {
        return;
    }
    if (got < 0) {
        cb_http_conn_close(conn);
        return;
    }
    if (got == 0 && room > 0) {
        on_input_end(conn);
        return;
    }
    if (conn->phase == HTTP_PHASE_HEAD && conn->in_used == 0) {
        set_deadline(conn, HEAD_NS);
    }
    tell_bytes(conn, false, conn->in + conn->in_used, (size_t)got);
    conn->in_used += (size_t)got;
    if (conn->phase == HTTP_PHASE_HEAD || conn->phase == HTTP_PHASE_BODY) {
        cb_http_conn_process(conn);
    } else if (conn->phase == HTTP_PHASE_ANSWER) {
        update_watch(conn);
    }
}

static void on_event(void *context, int fd, uint32_t events)
{
    http_conn *conn = context;
    (void)fd;
    if ((events & CB_WATCH_WRITE) != 0) {
        out_flush(conn);
        if (!conn->is_dead && conn->out_begin == conn->out_end && conn->in_used > 0) {
            cb_http_conn_process(conn);
        }
        if (!conn->is_dead) {
            update_watch(conn);
        }
    }
    if (!conn->is_dead && (events & (CB_WATCH_READ | CB_WATCH_ERROR)) != 0) {
        if (conn->wants_read || (events & CB_WATCH_ERROR) == 0) {
            read_input(conn);
        } else {
            cb_http_conn_close(conn); /* reset while nothing more is read */
        }
    }
}
