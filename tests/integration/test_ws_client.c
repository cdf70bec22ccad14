/* The WebSocket client against a hand-written server in the same thread, against our own server,
 * and over TLS against libwebsockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <libwebsockets.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>

#include "net_client.h"
#include "ws_frames.h"

#include "rt/http.h"

#define MESSAGE_MAX 100000
#define FLOOD_COUNT 20000

typedef struct fixture {
    cb_loop *loop;
    cb_ws_client *client;
    int listen_fd;
    uint16_t port;
    int opened_count;
    int texts_count;
    int closed_count;
    char text[MESSAGE_MAX + 1];
    size_t size;
    int64_t recv_wall_ns;
    char why[160];
    const char *destroy_at; /* "open", "text", "close" or NULL */
} fixture;

static void maybe_destroy(fixture *f, const char *where)
{
    if (f->destroy_at != NULL && strcmp(f->destroy_at, where) == 0) {
        cb_ws_client_destroy(f->client);
        f->client = NULL;
    }
}

static void on_open(void *context)
{
    fixture *f = context;
    f->opened_count++;
    maybe_destroy(f, "open");
}

static void on_text(void *context, const char *text, size_t size, int64_t recv_wall_ns)
{
    fixture *f = context;
    f->texts_count++;
    assert_true(size <= MESSAGE_MAX);
    assert_int_equal(text[size], '\0');
    memcpy(f->text, text, size + 1);
    f->size = size;
    f->recv_wall_ns = recv_wall_ns;
    maybe_destroy(f, "text");
}

static void on_close(void *context, const char *why)
{
    fixture *f = context;
    f->closed_count++;
    snprintf(f->why, sizeof(f->why), "%s", why);
    maybe_destroy(f, "close");
}

static const cb_ws_client_ops OPS = {on_open, on_text, on_close};

static int listen_anywhere(uint16_t *port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        return -1;
    }
    *port = ntohs(address.sin_port);
    return fd;
}

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    cb_err err;
    f->loop = cb_loop_create(&err);
    f->listen_fd = listen_anywhere(&f->port);
    *state = f;
    return f->listen_fd >= 0 ? 0 : -1;
}

static int teardown(void **state)
{
    fixture *f = *state;
    cb_ws_client_destroy(f->client);
    cb_loop_destroy(f->loop);
    (void)close(f->listen_fd);
    free(f);
    return 0;
}

static void open_url(fixture *f, const char *url, int64_t silence_ms)
{
    cb_err err;
    const cb_ws_client_options options = {.url = url,
        .message_max = MESSAGE_MAX,
        .connect_timeout_ms = 3000,
        .silence_timeout_ms = silence_ms};
    f->client = cb_ws_client_open(f->loop, &options, &OPS, f, &err);
    if (f->client == NULL) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(f->closed_count, 0);
}

static void open_path_at(fixture *f, uint16_t port, const char *path)
{
    char url[256];
    snprintf(url, sizeof(url), "ws://127.0.0.1:%u%s", port, path);
    open_url(f, url, 0);
}

static void open_path(fixture *f, const char *path, int64_t silence_ms)
{
    char url[256];
    snprintf(url, sizeof(url), "ws://127.0.0.1:%u%s", f->port, path);
    open_url(f, url, silence_ms);
}

/* Waits for the client at the hand-written server; the request is in peer->data. */
static void accept_peer(fixture *f, net_client *peer)
{
    memset(peer, 0, sizeof(*peer));
    peer->loop = f->loop;
    peer->capacity = 4096;
    peer->data = calloc(1, peer->capacity);
    const int64_t end_ns = cb_mono_ns() + NET_WAIT_NS;
    while ((peer->fd = accept4(f->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) < 0 &&
           cb_mono_ns() < end_ns) {
        cb_loop_turn(f->loop, NET_TURN_NS);
    }
    assert_true(peer->fd >= 0);
    assert_true(net_wait_text(peer, "\r\n\r\n"));
}

static void answer_upgrade(net_client *peer)
{
    const char *key = strcasestr(peer->data, "sec-websocket-key: ");
    assert_non_null(key);
    char text[128];
    snprintf(text, sizeof(text), "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key + 19);
    unsigned char hash[20];
    (void)lws_SHA1((unsigned char *)text, strlen(text), hash);
    char accepted[64];
    (void)lws_b64_encode_string((char *)hash, sizeof(hash), accepted, sizeof(accepted));
    char answer[256];
    snprintf(answer,
        sizeof(answer),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: %s\r\n\r\n",
        accepted);
    net_forget(peer);
    net_send_text(peer, answer);
}

static void turn_until(fixture *f, const int *count, int wanted)
{
    const int64_t end_ns = cb_mono_ns() + NET_WAIT_NS;
    while (*count < wanted && cb_mono_ns() < end_ns) {
        cb_loop_turn(f->loop, NET_TURN_NS);
    }
    assert_int_equal(*count, wanted);
}

static void connect_pair(fixture *f, net_client *peer)
{
    open_path(f, "/ws", 0);
    accept_peer(f, peer);
    answer_upgrade(peer);
    turn_until(f, &f->opened_count, 1);
}

static void peer_send(net_client *peer, uint8_t first, const void *payload, size_t size)
{
    char *frame = malloc(size + 16);
    net_send(peer, frame, ws_put(frame, first, 0, payload, size));
    free(frame);
}

/* Takes one frame of the client, which must be masked. */
static void assert_from_client(net_client *peer, uint8_t first, const void *payload, size_t size)
{
    ws_frame frame;
    const int64_t end_ns = cb_mono_ns() + NET_WAIT_NS;
    net_read(peer);
    while (ws_get(peer->data, peer->used, &frame) == 0) {
        assert_true(!peer->is_ended && cb_mono_ns() < end_ns);
        cb_loop_turn(peer->loop, NET_TURN_NS);
        net_read(peer);
    }
    assert_int_equal(frame.first, first);
    assert_int_equal(frame.is_masked, 1);
    assert_int_equal(frame.size, size);
    assert_memory_equal(frame.payload, payload, size);
    peer->used -= frame.total;
    memmove(peer->data, peer->data + frame.total, peer->used + 1);
}

/* ---- speaking ---- */

static void ws_client_asks_for_the_path_plainly(void **state)
{
    fixture *f = *state;
    (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
    char url[128];
    snprintf(url, sizeof(url), "ws://localhost:%u/stream?streams=btcusdt@trade/x&a=%%41", f->port);
    open_url(f, url, 0);
    net_client peer;
    accept_peer(f, &peer);
    (void)unsetenv("http_proxy");
    char host[64];
    snprintf(host, sizeof(host), "\r\nHost: localhost:%u\r\n", f->port);
    assert_int_equal(
        strncmp(peer.data, "GET /stream?streams=btcusdt@trade/x&a=%41 HTTP/1.1\r\n", 52), 0);
    assert_non_null(strcasestr(peer.data, host));
    assert_non_null(strcasestr(peer.data, "sec-websocket-version: 13"));
    assert_null(strcasestr(peer.data, "sec-websocket-extensions"));
    answer_upgrade(&peer);
    turn_until(f, &f->opened_count, 1);
    assert_int_equal(f->closed_count, 0);
    net_close(&peer);
}

static void ws_client_receives_messages_of_every_size_and_form(void **state)
{
    fixture *f = *state;
    net_client peer;
    connect_pair(f, &peer);
    static char text[MESSAGE_MAX];
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (char)('a' + i % 26);
    }
    static const size_t sizes[] = {0, 1, 125, 126, 65535, 65536, MESSAGE_MAX};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const int64_t before_ns = cb_wall_ns();
        peer_send(&peer, WS_FIN | WS_TEXT, text, sizes[i]);
        turn_until(f, &f->texts_count, (int)i + 1);
        assert_int_equal(f->size, sizes[i]);
        assert_memory_equal(f->text, text, sizes[i]);
        assert_true(f->recv_wall_ns >= before_ns && f->recv_wall_ns <= cb_wall_ns());
    }
    /* several frames in one packet, then one byte by byte */
    char bytes[256];
    size_t used = 0;
    for (int i = 0; i < 3; i++) {
        used += ws_put(bytes + used, WS_FIN | WS_TEXT, 0, "abc", 3);
    }
    net_send(&peer, bytes, used);
    turn_until(f, &f->texts_count, 10);
    used = ws_put(bytes, WS_FIN | WS_TEXT, 0, "slowly", 6);
    for (size_t i = 0; i < used; i++) {
        net_send(&peer, bytes + i, 1);
        cb_loop_turn(f->loop, NET_TURN_NS);
    }
    turn_until(f, &f->texts_count, 11);
    assert_string_equal(f->text, "slowly");
    net_close(&peer);
}

static void ws_client_joins_fragments_and_answers_pings(void **state)
{
    fixture *f = *state;
    net_client peer;
    connect_pair(f, &peer);
    peer_send(&peer, WS_TEXT, "one ", 4);
    peer_send(&peer, WS_FIN | WS_PING, "1700000000000", 13);
    assert_from_client(&peer, WS_FIN | WS_PONG, "1700000000000", 13);
    peer_send(&peer, WS_CONTINUATION, "two ", 4);
    peer_send(&peer, WS_FIN | WS_CONTINUATION, "three", 5);
    turn_until(f, &f->texts_count, 1);
    assert_string_equal(f->text, "one two three");
    peer_send(&peer, WS_FIN | WS_PING, "", 0);
    assert_from_client(&peer, WS_FIN | WS_PONG, "", 0);
    net_close(&peer);
}

static void ws_client_sends_masked_texts_in_order_and_bounded(void **state)
{
    fixture *f = *state;
    net_client peer;
    open_path(f, "/ws", 0);
    assert_false(cb_ws_client_send(f->client, "early", 5));
    accept_peer(f, &peer);
    answer_upgrade(&peer);
    turn_until(f, &f->opened_count, 1);
    assert_true(cb_ws_client_send(f->client, "{\"method\":\"SUBSCRIBE\"}", 22));
    assert_true(cb_ws_client_send(f->client, "", 0));
    assert_from_client(&peer, WS_FIN | WS_TEXT, "{\"method\":\"SUBSCRIBE\"}", 22);
    assert_from_client(&peer, WS_FIN | WS_TEXT, "", 0);
    static char text[60000];
    int sent_count = 0;
    while (sent_count < 2000) {
        memset(text, 'a' + sent_count % 26, sizeof(text));
        if (!cb_ws_client_send(f->client, text, sizeof(text))) {
            break;
        }
        sent_count++;
    }
    assert_true(sent_count > 10 && sent_count < 2000); /* nobody reads: the queue is bounded */
    for (int i = 0; i < sent_count; i++) {
        memset(text, 'a' + i % 26, sizeof(text));
        assert_from_client(&peer, WS_FIN | WS_TEXT, text, sizeof(text));
    }
    assert_true(cb_ws_client_send(f->client, "again", 5));
    assert_from_client(&peer, WS_FIN | WS_TEXT, "again", 5);
    net_close(&peer);
}

/* ---- ends ---- */

static void ws_client_ends_on_what_it_does_not_take(void **state)
{
    fixture *f = *state;
    static char big[MESSAGE_MAX + 1];
    memset(big, 'x', sizeof(big));
    const struct {
        uint8_t first;
        const char *payload;
        size_t size;
        const char *why;
    } cases[] = {{WS_FIN | WS_TEXT, big, sizeof(big), "message too big"},
        {WS_FIN | WS_BINARY, "x", 1, "binary message"},
        {WS_FIN | WS_TEXT, "\xff", 1, "closed"},
        {WS_FIN | 0x3, "x", 1, "closed"},
        {WS_FIN | 0x40 | WS_TEXT, "x", 1, "closed"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        f->opened_count = 0;
        f->closed_count = 0;
        net_client peer;
        connect_pair(f, &peer);
        peer_send(&peer, cases[i].first, cases[i].payload, cases[i].size);
        turn_until(f, &f->closed_count, 1);
        assert_non_null(strstr(f->why, cases[i].why));
        assert_false(cb_ws_client_send(f->client, "x", 1));
        cb_ws_client_destroy(f->client);
        f->client = NULL;
        assert_true(net_wait_end(&peer));
        net_close(&peer);
    }
    assert_int_equal(f->texts_count, 0);
}

static void ws_client_tells_every_failure_to_connect_once(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *answer; /* NULL: none */
    } cases[] = {{"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"},
        {"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"},
        {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"},
        {"garbage\r\n\r\n"},
        {""},
        {NULL}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        f->closed_count = 0;
        open_path(f, "/ws", 0);
        net_client peer;
        accept_peer(f, &peer);
        if (cases[i].answer != NULL) {
            net_send_text(&peer, cases[i].answer);
            (void)shutdown(peer.fd, SHUT_WR);
        }
        turn_until(f, &f->closed_count, 1);
        assert_true(f->why[0] != '\0');
        if (cases[i].answer == NULL) {
            assert_string_equal(f->why, "connect timeout");
        }
        cb_ws_client_destroy(f->client);
        f->client = NULL;
        net_close(&peer);
    }
    static const char *const urls[] = {
        "ws://127.0.0.1:1/", "ws://no.such.host.invalid/", "wss://127.0.0.1:1/"};
    for (size_t i = 0; i < 3; i++) {
        f->closed_count = 0;
        open_url(f, urls[i], 0);
        turn_until(f, &f->closed_count, 1);
        assert_true(f->why[0] != '\0');
        cb_ws_client_destroy(f->client);
        f->client = NULL;
    }
    assert_int_equal(f->opened_count, 0);
}

static void ws_client_refuses_urls_that_it_cannot_use(void **state)
{
    fixture *f = *state;
    static const char *const urls[] = {"http://a/",
        "ws://",
        "ws:///x",
        "ws://a:0/",
        "ws://a:65536/",
        "ws://a:b/",
        "ws://[::1/",
        "ws://[::1]x/",
        ""};
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        cb_err err;
        const cb_ws_client_options options = {.url = urls[i], .message_max = 1};
        assert_null(cb_ws_client_open(f->loop, &options, &OPS, f, &err));
        assert_int_equal(err.code, CB_E_SYNTAX);
    }
}

static void ws_client_hears_of_the_other_sides_end_once(void **state)
{
    fixture *f = *state;
    for (int how = 0; how < 3; how++) {
        f->opened_count = 0;
        f->closed_count = 0;
        net_client peer;
        connect_pair(f, &peer);
        if (how == 0) {
            peer_send(&peer, WS_FIN | WS_CLOSE, "\x03\xe8", 2);
            assert_from_client(&peer, WS_FIN | WS_CLOSE, "\x03\xe8", 2);
        } else if (how == 1) {
            const struct linger linger = {1, 0};
            (void)setsockopt(peer.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
        }
        net_close(&peer);
        turn_until(f, &f->closed_count, 1);
        for (int i = 0; i < 3; i++) {
            cb_loop_turn(f->loop, NET_TURN_NS);
        }
        assert_int_equal(f->closed_count, 1);
        cb_ws_client_destroy(f->client);
        f->client = NULL;
    }
}

static void ws_client_ends_in_silence_but_not_while_pinged(void **state)
{
    fixture *f = *state;
    open_path(f, "/ws", 600);
    net_client peer;
    accept_peer(f, &peer);
    answer_upgrade(&peer);
    turn_until(f, &f->opened_count, 1);
    for (int64_t end_ns = cb_mono_ns() + 2 * CB_NS_PER_S; cb_mono_ns() < end_ns;) {
        peer_send(&peer, WS_FIN | WS_PING, "p", 1);
        assert_from_client(&peer, WS_FIN | WS_PONG, "p", 1);
        cb_loop_turn(f->loop, 100 * CB_NS_PER_MS);
    }
    assert_int_equal(f->closed_count, 0);
    turn_until(f, &f->closed_count, 1);
    assert_string_equal(f->why, "silence");
    net_close(&peer);
}

static void ws_client_may_be_destroyed_anywhere(void **state)
{
    fixture *f = *state;
    static const char *const places[] = {"open", "text", "close"};
    for (size_t i = 0; i < 3; i++) {
        f->opened_count = 0;
        f->closed_count = 0;
        f->texts_count = 0;
        f->destroy_at = places[i];
        net_client peer;
        connect_pair(f, &peer);
        peer_send(&peer, WS_FIN | WS_TEXT, "abc", 3);
        peer_send(&peer, WS_FIN | WS_TEXT, "def", 3);
        peer_send(&peer, WS_FIN | WS_CLOSE, "\x03\xe8", 2);
        assert_true(net_wait_end(&peer));
        assert_null(f->client);
        assert_int_equal(f->texts_count, i == 0 ? 0 : i == 1 ? 1 : 2);
        assert_int_equal(f->closed_count, i == 2 ? 1 : 0);
        net_close(&peer);
    }
    f->destroy_at = NULL;
    f->closed_count = 0;
    /* before the name is known, before the connection is there, before the answer */
    for (int turns = 0; turns < 4; turns++) {
        open_path(f, "/ws", 0);
        for (int i = 0; i < turns; i++) {
            cb_loop_turn(f->loop, 0);
        }
        cb_ws_client_destroy(f->client);
        f->client = NULL;
        cb_loop_turn(f->loop, NET_TURN_NS);
    }
    open_url(f, "ws://no.such.host.invalid/", 0);
    cb_ws_client_destroy(f->client);
    f->client = NULL;
    assert_int_equal(f->closed_count, 0);
}

/* ---- our own server ---- */

typedef struct flood {
    int received_count;
    bool is_wrong;
} flood;

static void on_request(void *context, cb_exchange *exchange, const cb_server_request *request)
{
    (void)context;
    (void)request;
    cb_exchange_reply(exchange, 404, "text/plain", "", 0);
}

static bool on_ws_open(void *context, cb_ws_conn *conn, const char *path, const char *query)
{
    (void)context;
    (void)query;
    for (int i = 0; i < FLOOD_COUNT; i++) {
        char text[32];
        const int size = snprintf(text, sizeof(text), "%d", i);
        assert_true(cb_ws_conn_send(conn, text, (size_t)size));
    }
    return strcmp(path, "/flood") == 0;
}

static void on_flood(void *context, const char *text, size_t size, int64_t recv_wall_ns)
{
    (void)size;
    (void)recv_wall_ns;
    flood *to = context;
    char expected[32];
    snprintf(expected, sizeof(expected), "%d", to->received_count++);
    to->is_wrong |= strcmp(text, expected) != 0;
}

static bool on_other_open(void *context, cb_ws_conn *conn, const char *path, const char *query)
{
    (void)context;
    (void)path;
    (void)query;
    return cb_ws_conn_send(conn, "the other server", 16);
}

static const cb_server_ops OTHER_OPS = {.on_request = on_request, .on_ws_open = on_other_open};

static void ws_client_and_our_server_share_one_loop(void **state)
{
    fixture *f = *state;
    cb_err err;
    const cb_server_ops ops = {.on_request = on_request, .on_ws_open = on_ws_open};
    const cb_server_options options = {.address = "127.0.0.1"};
    cb_server *server = cb_server_create(f->loop, &options, &ops, f, &err);
    assert_non_null(server);
    cb_server *other = cb_server_create(f->loop, &options, &OTHER_OPS, f, &err);
    assert_non_null(other);
    enum { CLIENTS = 5 };
    flood floods[CLIENTS] = {{0}};
    cb_ws_client *clients[CLIENTS];
    char url[64];
    snprintf(url, sizeof(url), "ws://127.0.0.1:%u/flood", cb_server_port(server));
    const cb_ws_client_options wish = {.url = url, .message_max = 100};
    const cb_ws_client_ops client_ops = {.on_text = on_flood};
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = cb_ws_client_open(f->loop, &wish, &client_ops, &floods[i], &err);
        assert_non_null(clients[i]);
    }
    open_path_at(f, cb_server_port(other), "/other");
    turn_until(f, &f->texts_count, 1);
    assert_string_equal(f->text, "the other server");
    for (int i = 0; i < CLIENTS; i++) {
        turn_until(f, &floods[i].received_count, FLOOD_COUNT);
        assert_false(floods[i].is_wrong);
    }
    for (int i = 0; i < CLIENTS; i++) {
        cb_ws_client_destroy(clients[i]);
    }
    cb_server_destroy(server);
    cb_server_destroy(other);
}

/* ---- TLS ---- */

typedef struct tls_server {
    pthread_t thread;
    atomic_bool stops;
    struct lws_context *context;
    int port;
} tls_server;

static int on_tls(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size)
{
    if (reason == LWS_CALLBACK_RECEIVE) {
        unsigned char echo[LWS_PRE + 64];
        const size_t taken = size < 64 ? size : 64;
        memcpy(echo + LWS_PRE, in, taken);
        return lws_write(wsi, echo + LWS_PRE, taken, LWS_WRITE_TEXT) < 0 ? -1 : 0;
    }
    return lws_callback_http_dummy(wsi, reason, user, in, size);
}

static const struct lws_protocols TLS_PROTOCOLS[] = {
    {.name = "echo", .callback = on_tls}, {.name = NULL}};

static void *serve_tls(void *context)
{
    tls_server *server = context;
    while (!atomic_load(&server->stops) && lws_service(server->context, 0) >= 0) {
    }
    return NULL;
}

/* A certificate for the name localhost, which is its own authority. False without openssl. */
static bool make_certificate(const char *folder)
{
    const pid_t pid = fork();
    if (pid == 0) {
        if (chdir(folder) == 0 && freopen("/dev/null", "w", stderr) != NULL) {
            (void)execlp("openssl",
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-keyout",
                "key.pem",
                "-out",
                "cert.pem",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=DNS:localhost",
                (char *)NULL);
        }
        _exit(127);
    }
    int status = 1;
    return waitpid(pid, &status, 0) == pid && status == 0;
}

static bool start_tls(tls_server *server, const char *folder)
{
    char cert[128];
    char key[128];
    snprintf(cert, sizeof(cert), "%s/cert.pem", folder);
    snprintf(key, sizeof(key), "%s/key.pem", folder);
    uint16_t port = 0;
    const int fd = listen_anywhere(&port);
    (void)close(fd);
    server->port = port;
    const struct lws_context_creation_info info = {.port = port,
        .iface = "127.0.0.1",
        .protocols = TLS_PROTOCOLS,
        .ssl_cert_filepath = cert,
        .ssl_private_key_filepath = key,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT};
    lws_set_log_level(0, NULL);
    server->context = lws_create_context(&info);
    return server->context != NULL && pthread_create(&server->thread, NULL, serve_tls, server) == 0;
}

static void ws_client_verifies_certificates(void **state)
{
    fixture *f = *state;
    char folder[] = "/tmp/cb_tls_XXXXXX";
    assert_non_null(mkdtemp(folder));
    if (!make_certificate(folder)) {
        skip();
    }
    tls_server server = {.port = 0};
    assert_true(start_tls(&server, folder));
    char url[64];
    snprintf(url, sizeof(url), "wss://localhost:%d/", server.port);

    /* An authority that nobody trusts. */
    open_url(f, url, 0);
    turn_until(f, &f->closed_count, 1);
    assert_int_equal(f->opened_count, 0);
    cb_ws_client_destroy(f->client);
    cb_loop_destroy(f->loop);

    /* Trusted: libwebsockets reads the system's authorities when its TLS side is made. */
    char cert[128];
    snprintf(cert, sizeof(cert), "%s/cert.pem", folder);
    (void)setenv("SSL_CERT_FILE", cert, 1);
    cb_err err;
    f->loop = cb_loop_create(&err);
    f->closed_count = 0;
    open_url(f, url, 0);
    turn_until(f, &f->opened_count, 1);
    assert_true(cb_ws_client_send(f->client, "over TLS", 8));
    turn_until(f, &f->texts_count, 1);
    assert_string_equal(f->text, "over TLS");
    cb_ws_client_destroy(f->client);

    /* Trusted, but for another name. */
    snprintf(url, sizeof(url), "wss://127.0.0.1:%d/", server.port);
    f->opened_count = 0;
    open_url(f, url, 0);
    turn_until(f, &f->closed_count, 1);
    assert_int_equal(f->opened_count, 0);
    (void)unsetenv("SSL_CERT_FILE");

    atomic_store(&server.stops, true);
    lws_cancel_service(server.context);
    (void)pthread_join(server.thread, NULL);
    lws_context_destroy(server.context);
    char path[128];
    snprintf(path, sizeof(path), "%s/key.pem", folder);
    (void)unlink(path);
    (void)unlink(cert);
    (void)rmdir(folder);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(ws_client_asks_for_the_path_plainly),
        CASE(ws_client_receives_messages_of_every_size_and_form),
        CASE(ws_client_joins_fragments_and_answers_pings),
        CASE(ws_client_sends_masked_texts_in_order_and_bounded),
        CASE(ws_client_ends_on_what_it_does_not_take),
        CASE(ws_client_tells_every_failure_to_connect_once),
        CASE(ws_client_refuses_urls_that_it_cannot_use),
        CASE(ws_client_hears_of_the_other_sides_end_once),
        CASE(ws_client_ends_in_silence_but_not_while_pinged),
        CASE(ws_client_may_be_destroyed_anywhere),
        CASE(ws_client_and_our_server_share_one_loop),
        CASE(ws_client_verifies_certificates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
