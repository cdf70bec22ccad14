/* The WebSocket server against hand-written frames: handshake, messages, control frames, limits and
 * ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "net_client.h"
#include "ws_frames.h"

#include "rt/http.h"

#define MESSAGE_MAX 100000
#define OUT_MAX ((size_t)4 * 1024 * 1024)

typedef struct fixture {
    cb_loop *loop;
    cb_server *server;
    uint16_t port;
    int opened_count;
    int closed_count;
    int texts_count;
    size_t last_size;
    char last_path[64];
    char last_query[64];
    char last_header[64];
    cb_ws_conn *conn; /* the last that was opened */
    bool greets;
} fixture;

static void on_request(void *context, cb_exchange *exchange, const cb_server_request *request)
{
    (void)context;
    (void)request;
    cb_exchange_reply(exchange, 404, "text/plain", "", 0);
}

static bool on_ws_open(void *context, cb_ws_conn *conn, const char *path, const char *query)
{
    fixture *f = context;
    if (strcmp(path, "/refused") == 0) {
        return false;
    }
    snprintf(f->last_path, sizeof(f->last_path), "%s", path);
    snprintf(f->last_query, sizeof(f->last_query), "%s", query);
    snprintf(f->last_header, sizeof(f->last_header), "%s", cb_ws_conn_header(conn, "x-token"));
    f->opened_count++;
    f->conn = conn;
    cb_ws_conn_set_context(conn, f);
    if (f->greets) {
        assert_true(cb_ws_conn_send(conn, "hello", 5));
    }
    return true;
}

/* Echoes; "close" and "flood N" are commands. */
static void on_ws_text(void *context, cb_ws_conn *conn, const char *text, size_t size)
{
    fixture *f = context;
    assert_ptr_equal(cb_ws_conn_context(conn), f);
    assert_int_equal(text[size], '\0');
    f->texts_count++;
    f->last_size = size;
    if (strcmp(text, "close") == 0) {
        cb_ws_conn_close(conn, 4321, "as you wish");
        return;
    }
    (void)cb_ws_conn_send(conn, text, size);
}

static void on_ws_close(void *context, cb_ws_conn *conn)
{
    fixture *f = context;
    f->closed_count++;
    if (f->conn == conn) {
        f->conn = NULL;
    }
}

static const cb_server_ops OPS = {.on_request = on_request,
    .on_ws_open = on_ws_open,
    .on_ws_text = on_ws_text,
    .on_ws_close = on_ws_close};

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    cb_err err;
    f->loop = cb_loop_create(&err);
    const cb_server_options options = {.address = "127.0.0.1",
        .ws_message_max = MESSAGE_MAX,
        .ws_out_max = OUT_MAX,
        .ws_ping_s = 1};
    f->server = cb_server_create(f->loop, &options, &OPS, f, &err);
    if (f->server == NULL) {
        return -1;
    }
    f->port = cb_server_port(f->server);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    cb_server_destroy(f->server);
    cb_loop_destroy(f->loop);
    free(f);
    return 0;
}

#define UPGRADE(path)                                                                              \
    "GET " path " HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"            \
    "X-Token: t1\r\nSec-WebSocket-Protocol: chat\r\n"                                              \
    "Sec-WebSocket-Extensions: permessage-deflate\r\n"                                             \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
#define ACCEPTED "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" /* RFC 6455, section 1.3 */

/* Drops the handshake's answer from what came. */
static void skip_head(net_client *client)
{
    const char *end = strstr(client->data, "\r\n\r\n");
    assert_non_null(end);
    const size_t size = (size_t)(end - client->data) + 4;
    client->used -= size;
    memmove(client->data, client->data + size, client->used + 1);
}

static void ws_connect(net_client *client, fixture *f)
{
    net_connect(client, f->loop, f->port);
    net_send_text(client, UPGRADE("/ws"));
    assert_true(net_wait_text(client, "\r\n\r\n"));
    assert_non_null(strstr(client->data, ACCEPTED));
    skip_head(client);
}

static void ws_send(net_client *client, uint8_t first, const void *payload, size_t size)
{
    char *frame = malloc(size + 16);
    net_send(client, frame, ws_put(frame, first, 1, payload, size));
    free(frame);
}

/* The next frame that is no ping; its bytes stay until the next call. */
static bool ws_next(net_client *client, ws_frame *frame)
{
    static char *taken = NULL;
    const int64_t end_ns = cb_mono_ns() + NET_WAIT_NS;
    do {
        net_read(client);
        if (ws_get(client->data, client->used, frame) != 0) {
            free(taken);
            taken = malloc(frame->total);
            const size_t head = frame->total - (size_t)frame->size;
            memcpy(taken, client->data, frame->total);
            frame->payload = taken + head;
            client->used -= frame->total;
            memmove(client->data, client->data + frame->total, client->used + 1);
            if ((frame->first & 0xf) != WS_PING) {
                return true;
            }
            continue;
        }
        if (client->is_ended) {
            return false;
        }
        cb_loop_turn(client->loop, NET_TURN_NS);
    } while (cb_mono_ns() < end_ns);
    return false;
}

static void assert_frame(net_client *client, uint8_t first, const void *payload, size_t size)
{
    ws_frame frame;
    assert_true(ws_next(client, &frame));
    assert_int_equal(frame.first, first);
    assert_int_equal(frame.is_masked, 0);
    assert_int_equal(frame.size, size);
    assert_memory_equal(frame.payload, payload, size);
}

static void assert_close(net_client *client, uint16_t code)
{
    ws_frame frame;
    assert_true(ws_next(client, &frame));
    assert_int_equal(frame.first, WS_FIN | WS_CLOSE);
    assert_true(frame.size >= 2);
    assert_int_equal((uint8_t)frame.payload[0] << 8 | (uint8_t)frame.payload[1], code);
}

static void wait_closed(fixture *f, int count)
{
    const int64_t end_ns = cb_mono_ns() + NET_WAIT_NS;
    while (f->closed_count < count && cb_mono_ns() < end_ns) {
        cb_loop_turn(f->loop, NET_TURN_NS);
    }
    assert_int_equal(f->closed_count, count);
}

static void ws_server_decides_on_path_query_and_header(void **state)
{
    fixture *f = *state;
    net_client client;
    net_connect(&client, f->loop, f->port);
    net_send_text(&client, UPGRADE("/stream%2Fx?streams=a@trade/b@depth"));
    assert_true(net_wait_text(&client, "\r\n\r\n"));
    assert_non_null(strstr(client.data, "HTTP/1.1 101 "));
    assert_non_null(strstr(client.data, ACCEPTED));
    assert_null(strcasestr(client.data, "permessage-deflate"));
    assert_string_equal(f->last_path, "/stream/x");
    assert_string_equal(f->last_query, "streams=a@trade/b@depth");
    assert_string_equal(f->last_header, "t1");
    net_close(&client);
    wait_closed(f, 1);

    net_connect(&client, f->loop, f->port);
    net_send_text(&client, UPGRADE("/refused"));
    assert_true(net_wait_text(&client, "HTTP/1.1 404 "));
    assert_int_equal(f->opened_count, 1);
    assert_int_equal(f->closed_count, 1);
    net_close(&client);
}

static void ws_server_echoes_messages_of_every_size(void **state)
{
    fixture *f = *state;
    net_client client;
    ws_connect(&client, f);
    static const size_t sizes[] = {0, 1, 125, 126, 127, 65535, 65536, MESSAGE_MAX};
    static char text[MESSAGE_MAX];
    for (size_t i = 0; i < MESSAGE_MAX; i++) {
        text[i] = (char)('a' + i % 26);
    }
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        ws_send(&client, WS_FIN | WS_TEXT, text, sizes[i]);
        assert_frame(&client, WS_FIN | WS_TEXT, text, sizes[i]);
        assert_int_equal(f->last_size, sizes[i]);
    }
    net_close(&client);
    wait_closed(f, 1);
}

static void ws_server_joins_fragments_around_control_frames(void **state)
{
    fixture *f = *state;
    net_client client;
    ws_connect(&client, f);
    ws_send(&client, WS_TEXT, "gr\xc3", 3);
    ws_send(&client, WS_FIN | WS_PING, "ab", 2);
    assert_frame(&client, WS_FIN | WS_PONG, "ab", 2);
    ws_send(&client, WS_CONTINUATION, "\xbc\xc3\x9f", 3);
    ws_send(&client, WS_FIN | WS_CONTINUATION, "e", 1);
    assert_frame(&client,
        WS_FIN | WS_TEXT,
        "gr\xc3\xbc\xc3\x9f"
        "e",
        7);
    assert_int_equal(f->texts_count, 1);
    net_close(&client);
    wait_closed(f, 1);
}

static void ws_server_takes_bytes_one_by_one_and_early_ones(void **state)
{
    fixture *f = *state;
    f->greets = true;
    net_client client;
    net_connect(&client, f->loop, f->port);
    char bytes[2048];
    size_t used = (size_t)snprintf(bytes, sizeof(bytes), "%s", UPGRADE("/ws"));
    used += ws_put(bytes + used, WS_FIN | WS_TEXT, 1, "early", 5);
    net_send(&client, bytes, used);
    assert_true(net_wait_text(&client, "\r\n\r\n"));
    skip_head(&client);
    assert_frame(&client, WS_FIN | WS_TEXT, "hello", 5);
    assert_frame(&client, WS_FIN | WS_TEXT, "early", 5);
    used = ws_put(bytes, WS_FIN | WS_TEXT, 1, "slow", 4);
    for (size_t i = 0; i < used; i++) {
        net_send(&client, bytes + i, 1);
        cb_loop_turn(f->loop, 0);
    }
    assert_frame(&client, WS_FIN | WS_TEXT, "slow", 4);
    net_close(&client);
    wait_closed(f, 1);
}

static void ws_server_closes_on_what_it_does_not_take(void **state)
{
    fixture *f = *state;
    static char big[MESSAGE_MAX + 1];
    memset(big, 'x', sizeof(big));
    const struct {
        uint8_t first;
        const char *payload;
        size_t size;
        uint16_t code;
    } cases[] = {{WS_FIN | WS_TEXT, big, sizeof(big), 1009},
        {WS_FIN | WS_BINARY, "x", 1, 1003},
        {WS_FIN | WS_TEXT, "\xff", 1, 1007},
        {WS_FIN | WS_TEXT, "\xc3", 1, 1007},
        {WS_FIN | 0x40 | WS_TEXT, "x", 1, 1002},
        {WS_FIN | 0x3, "x", 1, 1002},
        {WS_PING, "x", 1, 1002},
        {WS_FIN | WS_CONTINUATION, "x", 1, 1002}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        net_client client;
        ws_connect(&client, f);
        ws_send(&client, cases[i].first, cases[i].payload, cases[i].size);
        assert_close(&client, cases[i].code);
        net_close(&client);
        wait_closed(f, (int)i + 1);
    }
    assert_int_equal(f->texts_count, 0);
}

static void ws_server_closes_for_the_application_and_for_the_client(void **state)
{
    fixture *f = *state;
    net_client client;
    ws_connect(&client, f);
    ws_send(&client, WS_FIN | WS_TEXT, "before", 6);
    ws_send(&client, WS_FIN | WS_TEXT, "close", 5);
    assert_frame(&client, WS_FIN | WS_TEXT, "before", 6);
    assert_close(&client, 4321);
    ws_send(&client, WS_FIN | WS_CLOSE, "\x10\xe1", 2);
    assert_true(net_wait_end(&client));
    net_close(&client);
    wait_closed(f, 1);

    ws_connect(&client, f);
    ws_send(&client, WS_FIN | WS_CLOSE, "\x03\xe8", 2);
    assert_close(&client, 1000);
    net_close(&client);
    wait_closed(f, 2);
    assert_int_equal(f->opened_count, 2);
}

static void ws_server_sends_many_frames_in_order_and_few_writes(void **state)
{
    fixture *f = *state;
    net_client client;
    ws_connect(&client, f);
    enum { COUNT = 50000 };
    char text[64];
    for (int i = 0; i < COUNT; i++) {
        const int size = snprintf(text, sizeof(text), "{\"e\":\"trade\",\"number\":%d}", i);
        assert_true(cb_ws_conn_send(f->conn, text, (size_t)size));
    }
    assert_true(cb_ws_conn_queued(f->conn) > (size_t)COUNT * 20);
    for (int i = 0; i < COUNT; i++) {
        const int size = snprintf(text, sizeof(text), "{\"e\":\"trade\",\"number\":%d}", i);
        if (client.used < 4096) {
            net_wait_size(&client, 100);
        }
        ws_frame frame;
        static size_t begin = 0;
        begin = i == 0 ? 0 : begin;
        while (ws_get(client.data + begin, client.used - begin, &frame) == 0) {
            cb_loop_turn(f->loop, NET_TURN_NS);
            net_read(&client);
            assert_false(client.is_ended);
        }
        if ((frame.first & 0xf) == WS_PING) {
            begin += frame.total;
            i--;
            continue;
        }
        assert_int_equal(frame.size, size);
        assert_memory_equal(frame.payload, text, (size_t)size);
        begin += frame.total;
    }
    assert_int_equal(cb_ws_conn_queued(f->conn), 0);
    net_close(&client);
    wait_closed(f, 1);
}

static void ws_server_ends_a_reader_that_is_too_slow(void **state)
{
    fixture *f = *state;
    net_client client;
    ws_connect(&client, f);
    static char text[65536];
    memset(text, 'x', sizeof(text));
    int sent_count = 0;
    while (f->conn != NULL && cb_ws_conn_send(f->conn, text, sizeof(text))) {
        assert_true(++sent_count < 2000);
        cb_loop_turn(f->loop, 0);
        assert_true(f->conn == NULL || cb_ws_conn_queued(f->conn) <= OUT_MAX);
    }
    assert_true(sent_count > 60);
    wait_closed(f, 1); /* although the client reads nothing at all */
    assert_int_equal(f->closed_count, 1);
    net_close(&client);
}

static void ws_server_gives_up_on_a_close_that_nobody_reads(void **state)
{
    fixture *f = *state;
    net_client client;
    ws_connect(&client, f);
    static char text[1024 * 1024];
    memset(text, 'x', sizeof(text));
    for (int i = 0; i < 3; i++) {
        assert_true(cb_ws_conn_send(f->conn, text, sizeof(text)));
        cb_loop_turn(f->loop, NET_TURN_NS);
    }
    while (cb_ws_conn_queued(f->conn) == 0) {
        assert_true(cb_ws_conn_send(f->conn, text, sizeof(text)));
        cb_loop_turn(f->loop, NET_TURN_NS);
    }
    cb_ws_conn_close(f->conn, 1001, "going away");
    assert_false(cb_ws_conn_send(f->conn, "x", 1));
    wait_closed(f, 1);
    net_close(&client);
}

static void ws_server_pings_and_gives_up_without_pongs(void **state)
{
    fixture *f = *state;
    net_client client;
    ws_connect(&client, f);
    int pings_count = 0;
    const int64_t end_ns = cb_mono_ns() + NET_WAIT_NS;
    /* The first three pings are answered, the later ones are not. */
    while (!client.is_ended && cb_mono_ns() < end_ns) {
        ws_frame frame;
        if (ws_get(client.data, client.used, &frame) == 0) {
            cb_loop_turn(f->loop, NET_TURN_NS);
            net_read(&client);
            continue;
        }
        if ((frame.first & 0xf) != WS_PING) {
            assert_int_equal(frame.first, WS_FIN | WS_CLOSE);
            break;
        }
        assert_true(frame.size >= 13); /* milliseconds, as Binance sends them */
        char payload[32];
        memcpy(payload, frame.payload, (size_t)frame.size);
        if (++pings_count <= 3) {
            ws_send(&client, WS_FIN | WS_PONG, payload, (size_t)frame.size);
        }
        client.used -= frame.total;
        memmove(client.data, client.data + frame.total, client.used + 1);
    }
    assert_int_equal(pings_count, 6);
    net_close(&client);
    wait_closed(f, 1);
}

static void ws_server_survives_many_clients_and_sudden_ends(void **state)
{
    fixture *f = *state;
    enum { COUNT = 300 };
    static net_client clients[COUNT];
    for (int i = 0; i < COUNT; i++) {
        ws_connect(&clients[i], f);
    }
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < COUNT; i++) {
            char text[32];
            const int size = snprintf(text, sizeof(text), "%d/%d", i, round);
            ws_send(&clients[i], WS_FIN | WS_TEXT, text, (size_t)size);
        }
        for (int i = 0; i < COUNT; i++) {
            char text[32];
            const int size = snprintf(text, sizeof(text), "%d/%d", i, round);
            assert_frame(&clients[i], WS_FIN | WS_TEXT, text, (size_t)size);
        }
    }
    for (int i = 0; i < COUNT; i += 2) {
        const struct linger linger = {1, 0};
        (void)setsockopt(clients[i].fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
        net_close(&clients[i]);
    }
    wait_closed(f, COUNT / 2);
    ws_send(&clients[1], WS_FIN | WS_TEXT, "still here", 10);
    assert_frame(&clients[1], WS_FIN | WS_TEXT, "still here", 10);
    /* The others are open when the server is destroyed. */
    cb_server_destroy(f->server);
    f->server = NULL;
    assert_int_equal(f->closed_count, COUNT / 2);
    for (int i = 1; i < COUNT; i += 2) {
        net_close(&clients[i]);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(ws_server_decides_on_path_query_and_header),
        CASE(ws_server_echoes_messages_of_every_size),
        CASE(ws_server_joins_fragments_around_control_frames),
        CASE(ws_server_takes_bytes_one_by_one_and_early_ones),
        CASE(ws_server_closes_on_what_it_does_not_take),
        CASE(ws_server_closes_for_the_application_and_for_the_client),
        CASE(ws_server_sends_many_frames_in_order_and_few_writes),
        CASE(ws_server_ends_a_reader_that_is_too_slow),
        CASE(ws_server_gives_up_on_a_close_that_nobody_reads),
        CASE(ws_server_pings_and_gives_up_without_pongs),
        CASE(ws_server_survives_many_clients_and_sudden_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
