/* WebSocket connections of the server. libwebsockets does the handshake, reads frames, checks UTF-8
 * and answers closes and pings. Sending is ours up to the socket: text frames from a server are a
 * few header bytes and the text, so all frames queued during one turn of the loop leave in one
 * write; libwebsockets would need one system call for each. */
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "rt/lws_context.h"
#include "rt/server_internal.h"

#define OUT_HEAD LWS_PRE /* libwebsockets wants room before what it writes */
#define OUT_FIRST_BYTES ((size_t)16 * 1024)
#define OUT_KEEP_BYTES ((size_t)256 * 1024)
#define WRITE_BYTES_MAX                                                                            \
    ((size_t)256 * 1024) /* per call: what is not taken is copied by libwebsockets */
#define FRAME_HEAD_MAX 10
#define FRAME_TEXT 0x81
#define FRAME_PING 0x89
#define PINGS_UNANSWERED_MAX 3
#define UPGRADE_MAX 512
#define CLOSE_NS (5 * CB_NS_PER_S) /* for what is queued and the close itself */

static int on_lws(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size);

static const struct lws_protocols WS_PROTOCOLS[] = {
    {.name = "cerberus-server", .callback = on_lws}, {.name = NULL}};

/* ---- life ---- */

static cb_ws_conn *conn_create(cb_server *server, int fd, uint64_t id)
{
    cb_ws_conn *conn = calloc(1, sizeof(*conn));
    CB_ASSERT(conn != NULL);
    conn->server = server;
    conn->fd = fd;
    conn->id = id;
    conn->out_begin = OUT_HEAD;
    conn->out_end = OUT_HEAD;
    conn->next = server->ws_conns;
    if (conn->next != NULL) {
        conn->next->prev = conn;
    }
    server->ws_conns = conn;
    server->ws_count++;
    return conn;
}

static void conn_release(cb_ws_conn *conn)
{
    free(conn->message);
    free(conn->out);
    free(conn);
}

static void conn_free(cb_ws_conn *conn)
{
    cb_server *server = conn->server;
    if (conn->prev != NULL) {
        conn->prev->next = conn->next;
    } else {
        server->ws_conns = conn->next;
    }
    if (conn->next != NULL) {
        conn->next->prev = conn->prev;
    }
    server->ws_count--;
    conn_release(conn);
}

/* The application hears of the end of each connection that it accepted, once. */
static void conn_end(cb_ws_conn *conn)
{
    cb_server *server = conn->server;
    if (conn->is_announced && !server->is_destroying && server->ops.on_ws_close != NULL) {
        conn->is_announced = false;
        server->ops.on_ws_close(server->context, conn);
    }
    conn_free(conn);
}

static bool ensure_vhost(cb_server *server)
{
    if (server->vhost != NULL) {
        return true;
    }
    struct lws_context *context = cb_lws_context(server->loop, NULL);
    if (context == NULL) {
        return false;
    }
    /* libwebsockets chooses the vhost anew by the Host header, so each has a name of its own. */
    char name[32];
    snprintf(name, sizeof(name), "server-%d-%u", server->listen_fd, server->port);
    server->vhost_name = cb_lws_keep_name(server->loop, name);
    const struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN,
        .protocols = WS_PROTOCOLS,
        .vhost_name = server->vhost_name,
        .user = server};
    server->vhost = lws_create_vhost(context, &info);
    return server->vhost != NULL;
}

/* The request that libwebsockets sees: canonical, whatever the client wrote. It offers neither
 * subprotocols nor extensions, so none is agreed on. */
static void adopt(cb_server *server, cb_ws_conn *conn, const char *key, http_conn *http)
{
    char upgrade[UPGRADE_MAX];
    const int size = snprintf(upgrade,
        sizeof(upgrade),
        "GET / HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n",
        server->vhost_name,
        key);
    CB_ASSERT(size > 0 && (size_t)size < sizeof(upgrade));
    /* What the client already sent behind its request belongs to the WebSocket. */
    const size_t early_size = http->in_used;
    char *bytes = malloc((size_t)size + early_size);
    CB_ASSERT(bytes != NULL);
    memcpy(bytes, upgrade, (size_t)size);
    memcpy(bytes + size, http->in, early_size);
    const int fd = cb_http_conn_release_fd(http);
    conn->fd = fd;
    const uint64_t id = conn->id;
    struct lws *wsi =
        lws_adopt_socket_vhost_readbuf(server->vhost, fd, bytes, (size_t)size + early_size);
    free(bytes);
    /* The handshake is over when the call returns, and the connection may be over too. */
    for (cb_ws_conn *each = server->ws_conns; each != NULL; each = each->next) {
        if (each->id == id && each->wsi == NULL) {
            if (wsi != NULL) {
                lws_set_timeout(wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
            }
            conn_end(each);
            return;
        }
    }
}

void cb_server_upgrade(http_conn *http)
{
    cb_server *server = http->server;
    if (server->ops.on_ws_open == NULL) {
        cb_server_refuse(http, 404);
        return;
    }
    if (!ensure_vhost(server)) {
        cb_server_refuse(http, 503);
        return;
    }
    cb_ws_conn *conn = conn_create(server, http->fd, ++server->ws_ids);
    conn->head = &http->head;
    conn->client = http->client;
    const bool is_welcome =
        server->ops.on_ws_open(server->context, conn, http->head.path, http->head.query);
    conn->head = NULL;
    conn->client = NULL;
    if (http->is_dead || !is_welcome) {
        conn_free(conn);
        if (!http->is_dead) {
            cb_server_refuse(http, 404);
        }
        return;
    }
    conn->is_announced = true;
    adopt(server, conn, cb_http_line_value(&http->head, "sec-websocket-key"), http);
}

/* ---- sending ---- */

static void mark_dirty(cb_ws_conn *conn)
{
    conn->is_dirty = true;
    conn->server->has_dirty_ws = true;
}

/* Room for size bytes at out_end. */
static void out_reserve(cb_ws_conn *conn, size_t size)
{
    if (conn->out_begin == conn->out_end) {
        conn->out_begin = OUT_HEAD;
        conn->out_end = OUT_HEAD;
    }
    if (conn->out_end + size <= conn->out_capacity) {
        return;
    }
    const size_t used = conn->out_end - conn->out_begin;
    if (conn->out_begin > OUT_HEAD && OUT_HEAD + used + size <= conn->out_capacity) {
        memmove(conn->out + OUT_HEAD, conn->out + conn->out_begin, used);
    } else {
        size_t capacity = conn->out_capacity == 0 ? OUT_FIRST_BYTES : conn->out_capacity;
        while (capacity < OUT_HEAD + used + size) {
            capacity *= 2;
        }
        char *out = malloc(capacity);
        CB_ASSERT(out != NULL);
        if (used > 0) {
            memcpy(out + OUT_HEAD, conn->out + conn->out_begin, used);
        }
        free(conn->out);
        conn->out = out;
        conn->out_capacity = capacity;
    }
    conn->out_begin = OUT_HEAD;
    conn->out_end = OUT_HEAD + used;
}

static void put_frame(cb_ws_conn *conn, uint8_t kind, const char *payload, size_t size)
{
    uint8_t head[FRAME_HEAD_MAX] = {kind};
    size_t head_size = 2;
    if (size < 126) {
        head[1] = (uint8_t)size;
    } else if (size <= UINT16_MAX) {
        head[1] = 126;
        head[2] = (uint8_t)(size >> 8);
        head[3] = (uint8_t)size;
        head_size = 4;
    } else {
        head[1] = 127;
        for (size_t i = 0; i < 8; i++) {
            head[2 + i] = (uint8_t)((uint64_t)size >> (56 - 8 * i));
        }
        head_size = 10;
    }
    out_reserve(conn, head_size + size);
    memcpy(conn->out + conn->out_end, head, head_size);
    memcpy(conn->out + conn->out_end + head_size, payload, size);
    conn->out_end += head_size + size;
    mark_dirty(conn);
}

/* Ends the connection without a word; on_ws_close follows when the loop turns. */
static void cut_off(cb_ws_conn *conn)
{
    conn->out_begin = OUT_HEAD;
    conn->out_end = OUT_HEAD;
    conn->is_broken = true;
    if (conn->wsi != NULL) {
        lws_set_timeout(conn->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
    }
}

bool cb_ws_conn_send(cb_ws_conn *conn, const char *text, size_t size)
{
    if (conn->is_closing) {
        return false;
    }
    if (conn->is_frozen) {
        return true;
    }
    if (cb_ws_conn_queued(conn) + size + FRAME_HEAD_MAX > conn->server->options.ws_out_max) {
        conn->is_closing = true;
        cut_off(conn); /* no close frame: it would wait behind what is not read */
        return false;
    }
    put_frame(conn, FRAME_TEXT, text, size);
    return true;
}

void cb_ws_conn_close(cb_ws_conn *conn, uint16_t code, const char *reason)
{
    if (conn->is_closing) {
        return;
    }
    conn->is_closing = true;
    conn->close_code = code;
    conn->close_due_ns = cb_mono_ns() + CLOSE_NS;
    snprintf(conn->close_reason, sizeof(conn->close_reason), "%s", reason);
    mark_dirty(conn);
}

void cb_ws_conn_reset(cb_ws_conn *conn)
{
    /* Dissolving the association makes the kernel send a reset at once. */
    const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    (void)connect(conn->fd, &nobody, sizeof(nobody));
    conn->is_closing = true;
    cut_off(conn);
}

void cb_ws_conn_freeze(cb_ws_conn *conn)
{
    conn->is_frozen = true;
    if (conn->wsi != NULL) {
        (void)lws_rx_flow_control(conn->wsi, 0); /* then it neither hears nor answers pings */
    }
}

/* Writes what is queued as long as the socket takes it; false when the connection is broken. */
static bool flush(cb_ws_conn *conn)
{
    while (conn->out_begin < conn->out_end && lws_partial_buffered(conn->wsi) == 0) {
        const size_t left = conn->out_end - conn->out_begin;
        const size_t size = left < WRITE_BYTES_MAX ? left : WRITE_BYTES_MAX;
        /* LWS_WRITE_HTTP means "these bytes as they are" on a WebSocket too. */
        if (lws_write(
                conn->wsi, (unsigned char *)conn->out + conn->out_begin, size, LWS_WRITE_HTTP) <
            0) {
            return false;
        }
        conn->out_begin += size;
    }
    if (conn->out_begin == conn->out_end && conn->out_capacity > OUT_KEEP_BYTES) {
        free(conn->out);
        conn->out = NULL;
        conn->out_capacity = 0;
    }
    return true;
}

/* The callback's answer when the connection shall end: non-zero, with the close frame prepared. */
static int end_with_reason(cb_ws_conn *conn)
{
    unsigned char reason[64];
    const size_t size = strlen(conn->close_reason);
    memcpy(reason, conn->close_reason, size);
    lws_close_reason(conn->wsi, (enum lws_close_status)conn->close_code, reason, size);
    return -1;
}

void cb_server_ws_turn(cb_server *server)
{
    if (!server->has_dirty_ws) {
        return;
    }
    server->has_dirty_ws = false;
    for (cb_ws_conn *conn = server->ws_conns; conn != NULL; conn = conn->next) {
        if (!conn->is_dirty || !conn->is_open) {
            continue;
        }
        conn->is_dirty = false;
        const bool is_whole = flush(conn);
        /* Ends and leftovers are done in the writable callback, where libwebsockets may close. */
        if (!is_whole || conn->is_closing || conn->out_begin < conn->out_end) {
            conn->is_broken = conn->is_broken || !is_whole;
            (void)lws_callback_on_writable(conn->wsi);
        }
    }
}

static int on_writable(cb_ws_conn *conn)
{
    if (conn->is_broken || !flush(conn)) {
        return -1;
    }
    if (conn->out_begin < conn->out_end || lws_partial_buffered(conn->wsi) != 0) {
        (void)lws_callback_on_writable(conn->wsi);
        return 0;
    }
    return conn->is_closing ? end_with_reason(conn) : 0;
}

/* ---- receiving ---- */

static int refuse_message(cb_ws_conn *conn, uint16_t code, const char *reason)
{
    cb_ws_conn_close(conn, code, reason);
    return end_with_reason(conn);
}

static void message_append(cb_ws_conn *conn, const void *bytes, size_t size)
{
    if (conn->message_used + size + 1 > conn->message_capacity) {
        const size_t capacity = conn->message_used + size + 1;
        char *message = realloc(conn->message, capacity);
        CB_ASSERT(message != NULL);
        conn->message = message;
        conn->message_capacity = capacity;
    }
    if (size > 0) {
        memcpy(conn->message + conn->message_used, bytes, size);
    }
    conn->message_used += size;
    conn->message[conn->message_used] = '\0';
}

static int on_receive(cb_ws_conn *conn, const void *bytes, size_t size)
{
    const cb_server *server = conn->server;
    if (conn->is_closing) {
        return 0;
    }
    if (lws_frame_is_binary(conn->wsi) != 0) {
        return refuse_message(conn, 1003, "text only");
    }
    if (conn->message_used + size > server->options.ws_message_max) {
        return refuse_message(conn, 1009, "message too big");
    }
    message_append(conn, bytes, size);
    if (lws_is_final_fragment(conn->wsi) == 0) {
        return 0;
    }
    const size_t total_size = conn->message_used;
    conn->message_used = 0;
    if (server->ops.on_ws_text != NULL) {
        server->ops.on_ws_text(server->context, conn, conn->message, total_size);
    }
    return 0;
}

static cb_ws_conn *conn_of_fd(cb_server *server, int fd)
{
    for (cb_ws_conn *conn = server->ws_conns; conn != NULL; conn = conn->next) {
        if (conn->fd == fd && conn->wsi == NULL) {
            return conn;
        }
    }
    return NULL;
}

static int on_established(struct lws *wsi)
{
    cb_server *server = lws_vhost_user(lws_get_vhost(wsi));
    cb_ws_conn *conn = conn_of_fd(server, lws_get_socket_fd(wsi));
    if (conn == NULL) {
        return -1;
    }
    conn->wsi = wsi;
    conn->is_open = true;
    lws_set_opaque_user_data(wsi, conn);
    if (server->options.ws_ping_s > 0) {
        conn->ping_due_ns = cb_mono_ns() + server->options.ws_ping_s * CB_NS_PER_S;
    }
    server->has_dirty_ws = server->has_dirty_ws || conn->is_dirty;
    return conn->is_broken ? -1 : 0;
}

static int on_lws(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size)
{
    (void)user;
    cb_ws_conn *conn = lws_get_opaque_user_data(wsi);
    if (reason == LWS_CALLBACK_ESTABLISHED) {
        return on_established(wsi);
    }
    if (conn == NULL) {
        return lws_callback_http_dummy(wsi, reason, user, in, size);
    }
    if (reason == LWS_CALLBACK_RECEIVE) {
        return on_receive(conn, in, size);
    }
    if (reason == LWS_CALLBACK_SERVER_WRITEABLE) {
        return on_writable(conn);
    }
    if (reason == LWS_CALLBACK_RECEIVE_PONG) {
        conn->pings_unanswered = 0;
    } else if (reason == LWS_CALLBACK_CLOSED) {
        lws_set_opaque_user_data(wsi, NULL);
        conn_end(conn);
    }
    return 0;
}

/* ---- time, end, accessors ---- */

void cb_server_ws_tick(cb_server *server, int64_t now_ns)
{
    for (cb_ws_conn *conn = server->ws_conns; conn != NULL; conn = conn->next) {
        if (conn->is_closing && !conn->is_broken && conn->close_due_ns <= now_ns) {
            cut_off(conn);
        }
        const bool is_pinged = server->options.ws_ping_s > 0 && conn->is_open;
        if (!is_pinged || conn->is_frozen || conn->is_closing || conn->ping_due_ns > now_ns) {
            continue;
        }
        conn->ping_due_ns = now_ns + server->options.ws_ping_s * CB_NS_PER_S;
        if (++conn->pings_unanswered > PINGS_UNANSWERED_MAX) {
            cb_ws_conn_close(conn, 1008, "no pong");
            continue;
        }
        char payload[24];
        const int size =
            snprintf(payload, sizeof(payload), "%lld", (long long)(cb_wall_ns() / CB_NS_PER_MS));
        put_frame(conn, FRAME_PING, payload, (size_t)size);
    }
}

void cb_server_ws_destroy(cb_server *server)
{
    /* libwebsockets closes the sockets when it next turns, and then no longer knows of us. */
    for (cb_ws_conn *conn = server->ws_conns; conn != NULL;) {
        cb_ws_conn *next = conn->next;
        if (conn->wsi != NULL) {
            lws_set_opaque_user_data(conn->wsi, NULL);
        }
        conn_release(conn);
        conn = next;
    }
    server->ws_conns = NULL;
    if (server->vhost != NULL) {
        lws_vhost_destroy(server->vhost);
        server->vhost = NULL;
    }
}

const char *cb_ws_conn_header(const cb_ws_conn *conn, const char *name)
{
    return conn->head != NULL ? cb_http_line_value(conn->head, name) : "";
}

const char *cb_ws_conn_client(const cb_ws_conn *conn)
{
    return conn->client != NULL ? conn->client : "";
}

void cb_ws_conn_set_context(cb_ws_conn *conn, void *context)
{
    conn->context = context;
}

void *cb_ws_conn_context(const cb_ws_conn *conn)
{
    return conn->context;
}

uint64_t cb_ws_conn_id(const cb_ws_conn *conn)
{
    return conn->id;
}

size_t cb_ws_conn_queued(const cb_ws_conn *conn)
{
    return conn->out_end - conn->out_begin;
}
