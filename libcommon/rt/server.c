/* The HTTP server: listening, exchanges and replies. Connections are in server_conn.c, WebSockets
 * in server_ws.c. An exchange outlives its connection when the client leaves before the answer; the
 * answer then goes nowhere. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "rt/server_internal.h"

#define LISTEN_BACKLOG 1024
#define ACCEPTS_PER_EVENT 64
#define TICK_NS CB_NS_PER_S
#define BODY_MAX_DEFAULT ((size_t)64 * 1024)
#define WS_OUT_MAX_DEFAULT ((size_t)8 * 1024 * 1024)
#define WS_MESSAGE_MAX_DEFAULT ((size_t)64 * 1024)

/* ---- listening ---- */

static void client_text(const struct sockaddr_storage *address, char *out, size_t size)
{
    out[0] = '\0';
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (address->ss_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        (void)inet_ntop(AF_INET, &v4.sin_addr, out, (socklen_t)size);
    } else if (address->ss_family == AF_INET6) {
        memcpy(&v6, address, sizeof(v6));
        (void)inet_ntop(AF_INET6, &v6.sin6_addr, out, (socklen_t)size);
    }
}

void cb_server_pause_accepting(cb_server *server)
{
    /* Out of descriptors or of room: the next tick tries again instead of spinning here. */
    server->is_accept_paused = true;
    cb_watch_change(server->listen_watch, 0);
}

/* Answers leave at once, and a client that has vanished is noticed although it owes us nothing. */
static void set_client_options(int fd)
{
    const int yes = 1;
    const unsigned unacknowledged_ms = 30000;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
    (void)setsockopt(
        fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms, sizeof(unacknowledged_ms));
}

void cb_server_on_listen(void *context, int fd, uint32_t events)
{
    cb_server *server = context;
    (void)events;
    for (int i = 0; i < ACCEPTS_PER_EVENT; i++) {
        if (server->conns_count + server->ws_count >= SERVER_CONNS_MAX) {
            cb_server_pause_accepting(server);
            return;
        }
        struct sockaddr_storage address = {0};
        socklen_t size = sizeof(address);
        const int client =
            accept4(fd, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                cb_server_pause_accepting(server);
            }
            return;
        }
        set_client_options(client);
        char text[SERVER_CLIENT_TEXT_MAX];
        client_text(&address, text, sizeof(text));
        cb_http_conn_accept(server, client, text);
    }
}

static int open_socket(const struct addrinfo *place)
{
    const int fd = socket(place->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    const int yes = 1;
    const int no = 0;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (place->ai_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
    }
    if (bind(fd, place->ai_addr, place->ai_addrlen) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
        const int why = errno;
        (void)close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

static uint16_t bound_port(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof(address);
    const int rc = getsockname(fd, (struct sockaddr *)&address, &size);
    CB_ASSERT(rc == 0);
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    memcpy(&v4, &address, sizeof(v4));
    memcpy(&v6, &address, sizeof(v6));
    return ntohs(address.ss_family == AF_INET6 ? v6.sin6_port : v4.sin_port);
}

static cb_status listen_at(cb_server *server, cb_err *err)
{
    char port[8];
    snprintf(port, sizeof(port), "%u", server->options.port);
    const struct addrinfo wish = {.ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *place = NULL;
    const int rc = getaddrinfo(server->options.address, port, &wish, &place);
    if (rc != 0) {
        return CB_FAIL(
            err, CB_E_CONFIG, "listening at '%s': %s", server->options.address, gai_strerror(rc));
    }
    server->listen_fd = open_socket(place);
    const int why = errno;
    freeaddrinfo(place);
    if (server->listen_fd < 0) {
        return CB_FAIL(err,
            CB_E_IO,
            "listening at %s port %u: %s",
            server->options.address,
            server->options.port,
            strerror(why));
    }
    server->port = bound_port(server->listen_fd);
    server->listen_watch = cb_loop_watch(
        server->loop, server->listen_fd, CB_WATCH_READ, cb_server_on_listen, server, err);
    return server->listen_watch != NULL ? CB_OK : CB_E_IO;
}

/* ---- life ---- */

static void on_turn(void *context)
{
    server_hook *hook = context;
    if (hook->server != NULL) {
        cb_server_ws_turn(hook->server);
        cb_http_conns_turn(hook->server);
    }
}

static void on_loop_end(void *context)
{
    free(context);
}

static void on_tick(void *context)
{
    cb_server *server = context;
    const int64_t now_ns = cb_mono_ns();
    cb_http_conns_tick(server, now_ns);
    cb_server_ws_tick(server, now_ns);
    if (server->is_accept_paused && server->listen_watch != NULL) {
        server->is_accept_paused = false;
        cb_watch_change(server->listen_watch, CB_WATCH_READ);
    }
}

static void use_defaults(cb_server_options *options)
{
    options->body_max = options->body_max != 0 ? options->body_max : BODY_MAX_DEFAULT;
    options->ws_out_max = options->ws_out_max != 0 ? options->ws_out_max : WS_OUT_MAX_DEFAULT;
    options->ws_message_max =
        options->ws_message_max != 0 ? options->ws_message_max : WS_MESSAGE_MAX_DEFAULT;
}

cb_server *cb_server_create(cb_loop *loop,
    const cb_server_options *options,
    const cb_server_ops *ops,
    void *context,
    cb_err *err)
{
    CB_ASSERT(ops->on_request != NULL);
    cb_server *server = calloc(1, sizeof(*server));
    server_hook *hook = calloc(1, sizeof(*hook));
    CB_ASSERT(server != NULL);
    CB_ASSERT(hook != NULL);
    *server = (cb_server){.loop = loop,
        .ops = *ops,
        .context = context,
        .options = *options,
        .listen_fd = -1,
        .hook = hook};
    use_defaults(&server->options);
    hook->server = server;
    cb_loop_on_turn(loop, on_turn, hook);
    cb_loop_on_destroy(loop, on_loop_end, hook);
    server->tick = cb_loop_timer(loop, TICK_NS, TICK_NS, on_tick, server);
    if (listen_at(server, err) != CB_OK) {
        cb_server_destroy(server);
        return NULL;
    }
    return server;
}

static void free_exchanges(cb_exchange *list)
{
    while (list != NULL) {
        cb_exchange *next = list->next;
        free(list);
        list = next;
    }
}

void cb_server_destroy(cb_server *server)
{
    if (server == NULL) {
        return;
    }
    server->is_destroying = true;
    cb_server_ws_destroy(server);
    while (server->conns != NULL) {
        cb_http_conn_close(server->conns);
    }
    cb_http_conns_turn(server);
    /* Exchanges that the application still holds are freed by their reply. */
    for (cb_exchange *exchange = server->exchanges; exchange != NULL; exchange = exchange->next) {
        exchange->server = NULL;
    }
    free_exchanges(server->spare);
    cb_timer_remove(server->tick);
    cb_watch_remove(server->listen_watch);
    if (server->listen_fd >= 0) {
        (void)close(server->listen_fd);
    }
    server->hook->server = NULL;
    free(server);
}

uint16_t cb_server_port(const cb_server *server)
{
    return server->port;
}

/* ---- exchanges ---- */

cb_exchange *cb_exchange_take(cb_server *server, http_conn *conn)
{
    cb_exchange *exchange = server->spare;
    if (exchange != NULL) {
        server->spare = exchange->next;
    } else {
        exchange = malloc(sizeof(*exchange));
        CB_ASSERT(exchange != NULL);
    }
    exchange->server = server;
    exchange->conn = conn;
    exchange->prev = NULL;
    exchange->next = server->exchanges;
    if (exchange->next != NULL) {
        exchange->next->prev = exchange;
    }
    server->exchanges = exchange;
    exchange->is_keep_alive = conn->head.is_keep_alive;
    exchange->is_head = strcmp(conn->head.method, "HEAD") == 0;
    exchange->is_in_request = false;
    exchange->headers_used = 0;
    return exchange;
}

void cb_exchange_give_back(cb_exchange *exchange)
{
    cb_server *server = exchange->server;
    if (server == NULL) {
        free(exchange);
        return;
    }
    if (exchange->prev != NULL) {
        exchange->prev->next = exchange->next;
    } else {
        server->exchanges = exchange->next;
    }
    if (exchange->next != NULL) {
        exchange->next->prev = exchange->prev;
    }
    exchange->next = server->spare;
    server->spare = exchange;
}

const char *cb_exchange_header(cb_exchange *exchange, const char *name)
{
    if (exchange->conn == NULL || !exchange->is_in_request) {
        return "";
    }
    return cb_http_line_value(&exchange->conn->head, name);
}

void cb_exchange_set_header(cb_exchange *exchange, const char *name, const char *value)
{
    CB_ASSERT(strpbrk(name, "\r\n: ") == NULL);
    CB_ASSERT(strpbrk(value, "\r\n") == NULL);
    const size_t room = sizeof(exchange->headers) - exchange->headers_used;
    const int size =
        snprintf(exchange->headers + exchange->headers_used, room, "%s: %s\r\n", name, value);
    CB_ASSERT(size > 0 && (size_t)size < room);
    exchange->headers_used += (size_t)size;
}

static bool has_no_body(int status)
{
    return status == 204 || status == 304 || status < 200;
}

/* Writes the answer's head; the added headers come before the empty line. */
size_t cb_exchange_print_head(
    const cb_exchange *exchange, int status, const char *content_type, size_t size, char *out)
{
    const size_t capacity = SERVER_REPLY_HEADERS_MAX + 512;
    char about[192] = "";
    if (!has_no_body(status)) {
        snprintf(about,
            sizeof(about),
            "Content-Type: %.120s\r\nContent-Length: %zu\r\n",
            content_type,
            size);
    }
    const int used = snprintf(out,
        capacity,
        "HTTP/1.1 %d %s\r\n%s%s%.*s\r\n",
        status,
        cb_http_reason(status),
        about,
        exchange->is_keep_alive ? "" : "Connection: close\r\n",
        (int)exchange->headers_used,
        exchange->headers);
    CB_ASSERT(used > 0 && (size_t)used < capacity);
    return (size_t)used;
}

void cb_exchange_reply(
    cb_exchange *exchange, int status, const char *content_type, const void *body, size_t size)
{
    http_conn *conn = exchange->conn;
    if (conn != NULL) {
        char head[SERVER_REPLY_HEADERS_MAX + 512];
        const size_t head_size = cb_exchange_print_head(exchange, status, content_type, size, head);
        const bool is_bare = exchange->is_head || has_no_body(status);
        cb_http_conn_reply(
            conn, head, head_size, body, is_bare ? 0 : size, exchange->is_keep_alive);
    }
    cb_exchange_give_back(exchange);
}

void cb_exchange_abort(cb_exchange *exchange)
{
    if (exchange->conn != NULL) {
        cb_http_conn_close(exchange->conn);
    }
    cb_exchange_give_back(exchange);
}

void cb_server_refuse(http_conn *conn, int status)
{
    cb_exchange *exchange = cb_exchange_take(conn->server, conn);
    conn->exchange = exchange;
    exchange->is_keep_alive = false;
    if (status == 405) {
        cb_exchange_set_header(exchange, "Allow", "GET, HEAD, POST, PUT, DELETE");
    } else if (status == 426) {
        cb_exchange_set_header(exchange, "Sec-WebSocket-Version", "13");
    }
    char body[192];
    const int size = snprintf(body,
        sizeof(body),
        "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d}",
        cb_http_reason(status),
        status);
    cb_exchange_reply(exchange, status, "application/problem+json", body, (size_t)size);
}
