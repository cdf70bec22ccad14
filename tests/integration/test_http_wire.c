/* What the HTTP client does on the wire, seen by a server of raw sockets: an order leaves at most
 * once whatever happens to its connection, and every end is told as what it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/timefmt.h"
#include "rt/http.h"
#include "rt/loop.h"

#define IDS_MAX 20000
#define WAIT_NS (30 * CB_NS_PER_S)
#define TRIES_COUNT 10000

/* ---- the server: one thread per connection, told by the path what to do ---- */

typedef struct wire_server {
    int listen_fd;
    uint16_t port;
    pthread_t thread;
    atomic_int connections_count;
    atomic_int requests_count;
    atomic_int running_count; /* connections being served */
    atomic_int in_lane;       /* requests of /lane being answered */
    atomic_int lane_max;
    atomic_uchar seen[IDS_MAX]; /* complete requests by id */
    char last_request[1 << 20]; /* of the latest complete one; read when all is quiet */
} wire_server;

typedef struct wire_conn {
    wire_server *server;
    int fd;
    int requests_count;
    char then[32]; /* what happens to the next request on this connection */
    size_t used;
    char data[1 << 20];
} wire_conn;

static void nap_ms(long ms)
{
    (void)nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static void put(int fd, const char *text)
{
    const size_t size = strlen(text);
    for (size_t sent = 0; sent < size;) {
        const ssize_t got = send(fd, text + sent, size - sent, MSG_NOSIGNAL);
        if (got <= 0) {
            return;
        }
        sent += (size_t)got;
    }
}

static void reset_on_close(int fd)
{
    const struct linger linger = {1, 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

/* Reads one complete request; its size, or 0 at the end. */
static size_t read_request(wire_conn *conn)
{
    for (;;) {
        conn->data[conn->used] = '\0';
        const char *end = strstr(conn->data, "\r\n\r\n");
        if (end != NULL) {
            const char *length = strcasestr(conn->data, "\r\ncontent-length:");
            const size_t body = length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0;
            const size_t total = (size_t)(end - conn->data) + 4 + body;
            if (conn->used >= total) {
                return total;
            }
            if (strcmp(conn->then, "close-at-head") == 0) {
                return 0;
            }
        }
        const ssize_t got =
            recv(conn->fd, conn->data + conn->used, sizeof(conn->data) - 1 - conn->used, 0);
        if (got <= 0) {
            return 0;
        }
        conn->used += (size_t)got;
    }
}

static void note_request(wire_conn *conn, size_t size)
{
    wire_server *server = conn->server;
    conn->requests_count++;
    atomic_fetch_add(&server->requests_count, 1);
    memcpy(server->last_request, conn->data, size);
    server->last_request[size] = '\0';
    const char *id = strstr(conn->data, "id=");
    if (id != NULL) {
        const unsigned long number = strtoul(id + 3, NULL, 10);
        atomic_fetch_add(&server->seen[number % IDS_MAX], 1);
    }
}

static void answer_in_lane(wire_conn *conn)
{
    wire_server *server = conn->server;
    const int together = atomic_fetch_add(&server->in_lane, 1) + 1;
    if (together > atomic_load(&server->lane_max)) {
        atomic_store(&server->lane_max, together);
    }
    nap_ms(10);
    atomic_fetch_sub(&server->in_lane, 1);
    put(conn->fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}

static void answer_huge(wire_conn *conn)
{
    put(conn->fd, "HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n");
    static const char chunk[65536] = {0};
    for (size_t sent = 0; sent < 104857600;) {
        const ssize_t got = send(conn->fd, chunk, sizeof(chunk), MSG_NOSIGNAL);
        if (got <= 0) {
            return;
        }
        sent += (size_t)got;
    }
}

/* Answers by path; false to end the connection. */
static bool answer(wire_conn *conn)
{
    const char *path = strchr(conn->data, ' ');
    path = path != NULL ? path + 1 : "";
    const char *then = strstr(path, "then=");
    conn->then[0] = '\0';
    if (then != NULL) {
        (void)sscanf(then + 5, "%31[a-z-]", conn->then);
    }
    if (strncmp(path, "/die", 4) == 0) {
        return false;
    }
    if (strncmp(path, "/reset", 6) == 0) {
        reset_on_close(conn->fd);
        return false;
    }
    if (strncmp(path, "/silent", 7) == 0) {
        char byte;
        (void)recv(conn->fd, &byte, 1, 0); /* until the client gives up */
        return false;
    }
    if (strncmp(path, "/loris", 6) == 0) {
        put(conn->fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
        for (int i = 0; i < 100; i++) {
            nap_ms(20);
            if (send(conn->fd, "x", 1, MSG_NOSIGNAL) <= 0) {
                return false;
            }
        }
        return false;
    }
    if (strncmp(path, "/cut", 4) == 0) {
        put(conn->fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly half");
        return false;
    }
    if (strncmp(path, "/garbage", 8) == 0) {
        put(conn->fd, "this is no HTTP\r\n\r\n");
        return false;
    }
    if (strncmp(path, "/huge", 5) == 0) {
        answer_huge(conn);
        return false;
    }
    if (strncmp(path, "/moved", 6) == 0) {
        put(conn->fd,
            "HTTP/1.1 307 Moved\r\nLocation: /elsewhere?id=19999\r\nContent-Length: 0\r\n\r\n");
        return true;
    }
    if (strncmp(path, "/busy", 5) == 0) {
        put(conn->fd,
            "HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nX-Mbx-Used-Weight-1m: 1201\r\n"
            "Content-Length: 3\r\n\r\nwhy");
        return true;
    }
    if (strncmp(path, "/lane", 5) == 0) {
        answer_in_lane(conn);
        return true;
    }
    put(conn->fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    return strcmp(conn->then, "close-now") != 0;
}

static void *serve_connection(void *context)
{
    wire_conn *conn = context;
    for (size_t size = 0; (size = read_request(conn)) > 0;) {
        note_request(conn, size);
        if (strcmp(conn->then, "close-after-read") == 0) {
            break;
        }
        if (strcmp(conn->then, "reset-after-read") == 0) {
            reset_on_close(conn->fd);
            break;
        }
        if (!answer(conn)) {
            break;
        }
        memmove(conn->data, conn->data + size, conn->used - size);
        conn->used -= size;
    }
    (void)close(conn->fd);
    atomic_fetch_sub(&conn->server->running_count, 1);
    free(conn);
    return NULL;
}

static void *serve(void *context)
{
    wire_server *server = context;
    for (;;) {
        const int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) {
            return NULL;
        }
        const int yes = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
        wire_conn *conn = calloc(1, sizeof(*conn));
        conn->server = server;
        conn->fd = fd;
        atomic_fetch_add(&server->connections_count, 1);
        atomic_fetch_add(&server->running_count, 1);
        pthread_t thread;
        if (pthread_create(&thread, NULL, serve_connection, conn) == 0) {
            (void)pthread_detach(thread);
        }
    }
}

/* ---- the client's side ---- */

typedef struct fixture {
    cb_loop *loop;
    cb_http *http;
    wire_server *server;
    int ids_count;
} fixture;

typedef struct got {
    int calls_count;
    cb_http_answer answer;
    char body[64];
    char detail[128];
    int order;
    int *counter;
} got;

static void on_answer(void *context, const cb_http_answer *answer)
{
    got *to = context;
    to->calls_count++;
    to->answer = *answer;
    snprintf(to->body, sizeof(to->body), "%s", answer->body);
    snprintf(to->detail, sizeof(to->detail), "%s", answer->detail);
    to->order = to->counter != NULL ? ++*to->counter : 0;
}

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    *state = f;
    cb_err err;
    f->loop = cb_loop_create(&err);
    f->http = cb_http_create(f->loop, &err);
    f->server = calloc(1, sizeof(*f->server));
    f->server->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (bind(f->server->listen_fd, (struct sockaddr *)&address, size) != 0 ||
        listen(f->server->listen_fd, 1024) != 0 ||
        getsockname(f->server->listen_fd, (struct sockaddr *)&address, &size) != 0) {
        return -1;
    }
    f->server->port = ntohs(address.sin_port);
    return pthread_create(&f->server->thread, NULL, serve, f->server);
}

static int teardown(void **state)
{
    fixture *f = *state;
    cb_http_destroy(f->http);
    cb_loop_destroy(f->loop);
    (void)shutdown(f->server->listen_fd, SHUT_RDWR);
    (void)pthread_join(f->server->thread, NULL);
    (void)close(f->server->listen_fd);
    for (int i = 0; i < 1000 && atomic_load(&f->server->running_count) > 0; i++) {
        nap_ms(5);
    }
    free(f->server);
    free(f);
    return 0;
}

static void start(fixture *f, const char *method, const char *path, const char *body, got *to)
{
    char url[256];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", f->server->port, path);
    const bool is_stalling = strncmp(path, "/silent", 7) == 0 || strncmp(path, "/loris", 6) == 0;
    const cb_http_request request = {.method = method,
        .url = url,
        .headers = {{"X-MBX-APIKEY", "key"}},
        .headers_count = 1,
        .body = body,
        .body_size = body != NULL ? strlen(body) : 0,
        .connect_timeout_ms = 10000,
        .total_timeout_ms = is_stalling ? 700 : 20000,
        .response_max = 1 << 20,
        .lane = strncmp(path, "/lane", 5) == 0 ? "orders" : ""};
    cb_http_start(f->http, &request, on_answer, to);
}

static void finish(fixture *f)
{
    const int64_t end_ns = cb_mono_ns() + WAIT_NS;
    while (cb_http_pending(f->http) > 0 && cb_mono_ns() < end_ns) {
        cb_loop_turn(f->loop, CB_NS_PER_S);
    }
    assert_int_equal(cb_http_pending(f->http), 0);
}

static got request(fixture *f, const char *method, const char *path, const char *body)
{
    got to = {0};
    start(f, method, path, body, &to);
    assert_int_equal(to.calls_count, 0); /* never within the call */
    finish(f);
    assert_int_equal(to.calls_count, 1);
    return to;
}

static int new_id(fixture *f)
{
    assert_true(f->ids_count + 1 < IDS_MAX);
    return f->ids_count++;
}

static int seen(const fixture *f, int id)
{
    return atomic_load(&f->server->seen[id]);
}

/* ---- once ---- */

/* Warms a connection whose next request meets the given end, then sends one order on it. */
static got order_after(fixture *f, const char *method, const char *then, int id)
{
    char path[64];
    char body[64];
    snprintf(path, sizeof(path), "/warm?then=%s", then);
    snprintf(body, sizeof(body), "symbol=BTCUSDT&side=BUY&id=%d", id);
    const got warm = request(f, "GET", path, NULL);
    assert_int_equal(warm.answer.outcome, CB_HTTP_ANSWERED);
    return request(f, method, "/api/v3/order", body);
}

static void wire_order_leaves_once_when_its_reused_connection_dies(void **state)
{
    fixture *f = *state;
    static const char *const methods[] = {"POST", "DELETE", "PUT"};
    static const char *const ends[] = {"close-after-read", "reset-after-read"};
    for (int i = 0; i < TRIES_COUNT; i++) {
        const int id = new_id(f);
        const got order = order_after(f, methods[i % 3], ends[i % 2], id);
        assert_int_equal(order.answer.outcome, CB_HTTP_UNKNOWN);
        assert_int_equal(seen(f, id), 1);
        assert_true(order.answer.bytes_sent > 100);
        assert_true(order.answer.sent_mono_ns > 0);
        assert_int_equal(order.answer.body_size, 0);
    }
}

static void wire_order_leaves_at_most_once_when_the_end_races_with_it(void **state)
{
    /* Which side wins is the machine's affair: whichever it is, the outcome told must fit what the
     * server saw. */
    fixture *f = *state;
    for (int i = 0; i < TRIES_COUNT; i++) {
        const int id = new_id(f);
        const got order = order_after(f, "POST", i % 2 == 0 ? "close-now" : "close-at-head", id);
        assert_true(seen(f, id) <= 1);
        if (order.answer.outcome == CB_HTTP_ANSWERED) {
            assert_int_equal(seen(f, id), 1);
        } else if (order.answer.outcome == CB_HTTP_NOT_SENT) {
            assert_int_equal(seen(f, id), 0);
        } else {
            assert_int_equal(order.answer.outcome, CB_HTTP_UNKNOWN);
        }
    }
}

static void wire_read_is_repeated_by_libcurl_where_an_order_is_not(void **state)
{
    /* The control: the same server does make libcurl send again what may be sent again. */
    fixture *f = *state;
    int repeated_count = 0;
    for (int i = 0; i < 20; i++) {
        const int id = new_id(f);
        char path[64];
        snprintf(path, sizeof(path), "/api/v3/order?id=%d", id);
        const got warm = request(f, "GET", "/warm?then=close-after-read", NULL);
        assert_int_equal(warm.answer.outcome, CB_HTTP_ANSWERED);
        const got read = request(f, "GET", path, NULL);
        assert_int_equal(read.answer.outcome, CB_HTTP_ANSWERED);
        repeated_count += seen(f, id) == 2 ? 1 : 0;
    }
    assert_int_equal(repeated_count, 20);
}

static void wire_order_without_a_body_leaves_once(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < 50; i++) {
        const int id = new_id(f);
        char path[64];
        snprintf(path, sizeof(path), "/api/v3/order?id=%d", id);
        const got warm = request(f, "GET", "/warm?then=close-after-read", NULL);
        assert_int_equal(warm.answer.outcome, CB_HTTP_ANSWERED);
        const got order = request(f, i % 2 == 0 ? "POST" : "DELETE", path, NULL);
        assert_int_equal(seen(f, id), 1);
        assert_int_equal(order.answer.outcome, CB_HTTP_ANSWERED); /* on a connection of its own */
        snprintf(path, sizeof(path), "/die?id=%d", id + 10000);
        const got dead = request(f, "POST", path, NULL);
        assert_int_equal(dead.answer.outcome, CB_HTTP_UNKNOWN);
        assert_int_equal(seen(f, id + 10000), 1);
    }
}

static void wire_redirect_is_an_answer_and_is_not_followed(void **state)
{
    fixture *f = *state;
    const int before = atomic_load(&f->server->requests_count);
    const got moved = request(f, "POST", "/moved", "id=1");
    assert_int_equal(moved.answer.outcome, CB_HTTP_ANSWERED);
    assert_int_equal(moved.answer.status, 307);
    assert_int_equal(seen(f, 19999), 0);
    assert_int_equal(atomic_load(&f->server->requests_count), before + 1);
}

/* ---- what leaves ---- */

static void wire_request_is_what_was_asked_for(void **state)
{
    fixture *f = *state;
    (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
    (void)setenv("HTTPS_PROXY", "http://127.0.0.1:1", 1);
    const got order = request(f, "DELETE", "/api/v3/order", "symbol=A&signature=b");
    (void)unsetenv("http_proxy");
    (void)unsetenv("HTTPS_PROXY");
    assert_int_equal(order.answer.outcome, CB_HTTP_ANSWERED);
    const char *text = f->server->last_request;
    assert_int_equal(strncmp(text, "DELETE /api/v3/order HTTP/1.1\r\n", 31), 0);
    assert_non_null(strstr(text, "X-MBX-APIKEY: key\r\n"));
    assert_non_null(strstr(text, "Content-Length: 20\r\n"));
    assert_non_null(strstr(text, "\r\n\r\nsymbol=A&signature=b"));
    assert_null(strcasestr(text, "Expect"));
    assert_null(strcasestr(text, "Transfer-Encoding"));
    assert_int_equal(order.answer.bytes_sent, (int64_t)strlen(text));
}

static void wire_large_body_arrives_whole(void **state)
{
    fixture *f = *state;
    static char body[600001];
    for (size_t i = 0; i + 1 < sizeof(body); i++) {
        body[i] = (char)('a' + i * 7 % 26);
    }
    const got order = request(f, "POST", "/x", body);
    assert_int_equal(order.answer.outcome, CB_HTTP_ANSWERED);
    const char *end = strstr(f->server->last_request, "\r\n\r\n");
    assert_non_null(end);
    assert_string_equal(end + 4, body);
    assert_null(strcasestr(f->server->last_request, "Expect"));
}

static void wire_connections_are_kept(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < 50; i++) {
        const got read = request(f, i % 2 == 0 ? "GET" : "POST", "/x", i % 2 == 0 ? NULL : "a=b");
        assert_int_equal(read.answer.status, 200);
        assert_string_equal(read.body, "ok");
        assert_true(read.answer.sent_mono_ns <= read.answer.first_byte_mono_ns);
        assert_true(read.answer.sent_mono_ns > 0);
    }
    assert_int_equal(atomic_load(&f->server->connections_count), 1);
}

static void wire_lane_has_one_request_in_flight_in_order(void **state)
{
    fixture *f = *state;
    enum { COUNT = 20 };
    got all[COUNT];
    memset(all, 0, sizeof(all));
    int counter = 0;
    for (int i = 0; i < COUNT; i++) {
        all[i].counter = &counter;
        char body[32];
        snprintf(body, sizeof(body), "id=%d", new_id(f));
        start(f, "POST", "/lane", body, &all[i]);
    }
    finish(f);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(all[i].answer.status, 200);
        assert_int_equal(all[i].order, i + 1);
    }
    assert_int_equal(atomic_load(&f->server->lane_max), 1);
}

/* ---- what is told ---- */

static void wire_answer_carries_status_waits_and_weight(void **state)
{
    fixture *f = *state;
    const got busy = request(f, "GET", "/busy", NULL);
    assert_int_equal(busy.answer.outcome, CB_HTTP_ANSWERED);
    assert_int_equal(busy.answer.status, 429);
    assert_int_equal(busy.answer.retry_after_s, 7);
    assert_int_equal(busy.answer.used_weight_1m, 1201);
    assert_string_equal(busy.body, "why");
    const got plain = request(f, "GET", "/x", NULL);
    assert_int_equal(plain.answer.retry_after_s, -1);
    assert_int_equal(plain.answer.used_weight_1m, -1);
}

static void wire_every_broken_answer_is_unknown(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *path;
        const char *word; /* in the detail */
    } cases[] = {{"/die", ""},
        {"/reset", ""},
        {"/silent", "ime"},
        {"/loris", "ime"},
        {"/cut", "transfer closed"},
        {"/garbage", ""},
        {"/huge", "larger than allowed"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const int64_t begin_ns = cb_mono_ns();
        const got end = request(f, "POST", cases[i].path, "id=5");
        if (end.answer.outcome != CB_HTTP_UNKNOWN || end.answer.status != 0 ||
            end.answer.body_size != 0 || end.detail[0] == '\0' ||
            strstr(end.detail, cases[i].word) == NULL) {
            fail_msg("%s: outcome %d, status %d, '%s'",
                cases[i].path,
                (int)end.answer.outcome,
                end.answer.status,
                end.detail);
        }
        assert_true(cb_mono_ns() - begin_ns < 10 * CB_NS_PER_S);
    }
}

static void wire_nothing_sent_is_known(void **state)
{
    fixture *f = *state;
    const int before = atomic_load(&f->server->requests_count);
    char tls_url[64];
    snprintf(tls_url, sizeof(tls_url), "https://127.0.0.1:%u/x", f->server->port);
    const char *const urls[] = {
        "http://127.0.0.1:1/x", tls_url, "http://no.such.host.invalid/x", "ftp://127.0.0.1/x"};
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        got end = {0};
        const cb_http_request wish = {.method = "POST",
            .url = urls[i],
            .body = "id=6",
            .body_size = 4,
            .connect_timeout_ms = 500,
            .total_timeout_ms = 700};
        cb_http_start(f->http, &wish, on_answer, &end);
        assert_int_equal(end.calls_count, 0);
        finish(f);
        if (end.answer.outcome != CB_HTTP_NOT_SENT || end.answer.bytes_sent != 0 ||
            end.answer.sent_mono_ns != 0 || end.detail[0] == '\0') {
            fail_msg("%s: outcome %d '%s'", urls[i], (int)end.answer.outcome, end.detail);
        }
    }
    assert_int_equal(atomic_load(&f->server->requests_count), before);
}

typedef struct chain {
    fixture *f;
    int left_count;
    got last;
} chain;

static void on_chain(void *context, const cb_http_answer *answer)
{
    chain *run = context;
    assert_int_equal(answer->outcome, CB_HTTP_ANSWERED);
    if (--run->left_count > 0) {
        char url[64];
        snprintf(url, sizeof(url), "http://127.0.0.1:%u/x", run->f->server->port);
        const cb_http_request wish = {.method = "POST", .url = url, .body = "a", .body_size = 1};
        cb_http_start(run->f->http, &wish, on_chain, run);
    }
}

static void wire_callback_may_start_the_next_request(void **state)
{
    fixture *f = *state;
    chain run = {.f = f, .left_count = 101};
    const cb_http_answer first = {.outcome = CB_HTTP_ANSWERED};
    on_chain(&run, &first);
    finish(f);
    assert_int_equal(run.left_count, 0);
}

static void wire_many_requests_at_once_end_once_each(void **state)
{
    fixture *f = *state;
    enum { COUNT = 200 };
    static got all[COUNT];
    memset(all, 0, sizeof(all));
    for (int i = 0; i < COUNT; i++) {
        static const char *const paths[] = {"/x", "/die", "/x", "/busy"};
        start(f, i % 3 == 0 ? "GET" : "POST", paths[i % 4], "a=b", &all[i]);
    }
    finish(f);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(all[i].calls_count, 1);
        if (i % 4 != 1) {
            assert_int_equal(all[i].answer.outcome, CB_HTTP_ANSWERED);
        }
    }
    /* and some are in flight when the client is destroyed */
    for (int i = 0; i < 10; i++) {
        start(f, "POST", i % 2 == 0 ? "/silent" : "/lane", "a=b", &all[i]);
    }
    cb_http_destroy(f->http);
    f->http = NULL;
    assert_int_equal(all[0].calls_count, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(wire_order_leaves_once_when_its_reused_connection_dies),
        CASE(wire_order_leaves_at_most_once_when_the_end_races_with_it),
        CASE(wire_read_is_repeated_by_libcurl_where_an_order_is_not),
        CASE(wire_order_without_a_body_leaves_once),
        CASE(wire_redirect_is_an_answer_and_is_not_followed),
        CASE(wire_request_is_what_was_asked_for),
        CASE(wire_large_body_arrives_whole),
        CASE(wire_connections_are_kept),
        CASE(wire_lane_has_one_request_in_flight_in_order),
        CASE(wire_answer_carries_status_waits_and_weight),
        CASE(wire_every_broken_answer_is_unknown),
        CASE(wire_nothing_sent_is_known),
        CASE(wire_callback_may_start_the_next_request),
        CASE(wire_many_requests_at_once_end_once_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
