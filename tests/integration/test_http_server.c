/* The HTTP server over real sockets: framing of requests and answers, deferred answers, clients
 * that leave, stall, overflow or lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "net_client.h"

#include "rt/http.h"

#define DEFERRED_MAX 64
#define BIG_SIZE ((size_t)24 * 1024 * 1024)

typedef struct fixture {
    cb_loop *loop;
    cb_server *server;
    uint16_t port;
    uint32_t requests_count;
    char last_body[256];
    char last_key[64];
    char last_client[64];
    cb_exchange *deferred[DEFERRED_MAX];
    size_t deferred_count;
    char *big;
} fixture;

/* "/echo" answers with what was understood, "/later" is kept, "/big" is large, "/drop" aborts. */
static void on_request(void *context, cb_exchange *exchange, const cb_server_request *request)
{
    fixture *f = context;
    f->requests_count++;
    snprintf(f->last_body, sizeof(f->last_body), "%s", request->body);
    snprintf(f->last_key, sizeof(f->last_key), "%s", cb_exchange_header(exchange, "x-mbx-apikey"));
    snprintf(f->last_client, sizeof(f->last_client), "%s", request->client);
    char answer[2048];
    const int size = snprintf(answer,
        sizeof(answer),
        "%s %s ?%s [%s]",
        request->method,
        request->path,
        request->query,
        request->body);
    if (strcmp(request->path, "/later") == 0) {
        assert_true(f->deferred_count < DEFERRED_MAX);
        f->deferred[f->deferred_count++] = exchange;
    } else if (strcmp(request->path, "/drop") == 0) {
        cb_exchange_abort(exchange);
    } else if (strcmp(request->path, "/big") == 0) {
        cb_exchange_reply(exchange, 200, "text/plain", f->big, BIG_SIZE);
    } else if (strcmp(request->path, "/nothing") == 0) {
        cb_exchange_reply(exchange, 204, "", NULL, 0);
    } else {
        cb_exchange_set_header(exchange, "X-Mbx-Used-Weight-1m", "7");
        cb_exchange_reply(exchange, 200, "text/plain", answer, (size_t)size);
    }
}

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    cb_err err;
    f->loop = cb_loop_create(&err);
    const cb_server_ops ops = {.on_request = on_request};
    const cb_server_options options = {.address = "127.0.0.1", .body_max = 1000};
    f->server = cb_server_create(f->loop, &options, &ops, f, &err);
    if (f->server == NULL) {
        print_error("%s\n", err.text);
        return -1;
    }
    f->port = cb_server_port(f->server);
    f->big = malloc(BIG_SIZE);
    for (size_t i = 0; i < BIG_SIZE; i++) {
        f->big[i] = (char)('a' + i % 26);
    }
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    cb_server_destroy(f->server);
    for (size_t i = 0; i < f->deferred_count; i++) {
        cb_exchange_reply(f->deferred[i], 200, "text/plain", "late", 4);
    }
    cb_loop_destroy(f->loop);
    free(f->big);
    free(f);
    return 0;
}

#define HOST "Host: a\r\n"

static void server_answers_requests_on_one_connection(void **state)
{
    fixture *f = *state;
    net_client client;
    net_connect(&client, f->loop, f->port);
    net_send_text(&client, "GET /e%63ho?a=%41&b HTTP/1.1\r\n" HOST "X-MBX-APIKEY: k1\r\n\r\n");
    assert_true(net_wait_text(&client, "GET /echo ?a=%41&b []"));
    assert_string_equal(client.data,
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 21\r\n"
        "X-Mbx-Used-Weight-1m: 7\r\n\r\nGET /echo ?a=%41&b []");
    assert_string_equal(f->last_key, "k1");
    assert_string_equal(f->last_client, "127.0.0.1");
    static const char *const methods[] = {"POST", "PUT", "DELETE"};
    for (size_t i = 0; i < 3; i++) {
        net_forget(&client);
        char request[256];
        char expected[64];
        snprintf(request,
            sizeof(request),
            "%s /x HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nsymbol=ABC",
            methods[i]);
        snprintf(expected, sizeof(expected), "%s /x ? [symbol=ABC]", methods[i]);
        net_send_text(&client, request);
        assert_true(net_wait_text(&client, expected));
    }
    net_forget(&client);
    net_send_text(&client, "HEAD /x HTTP/1.1\r\n" HOST "\r\nGET /nothing HTTP/1.1\r\n" HOST "\r\n");
    assert_true(net_wait_text(&client, "204 No Content\r\n\r\n"));
    assert_non_null(strstr(client.data, "Content-Length: 11\r\n"));
    assert_null(strstr(client.data, "GET /x"));
    assert_false(client.is_ended);
    net_close(&client);
}

static void server_takes_requests_byte_by_byte(void **state)
{
    fixture *f = *state;
    net_client client;
    net_connect(&client, f->loop, f->port);
    const char text[] = "POST /x?q HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc";
    for (int round = 0; round < 2; round++) {
        net_forget(&client);
        for (size_t i = 0; i + 1 < sizeof(text); i++) {
            net_send(&client, text + i, 1);
            cb_loop_turn(f->loop, 0);
        }
        assert_true(net_wait_text(&client, "POST /x ?q [abc]"));
    }
    assert_int_equal(f->requests_count, 2);
    net_close(&client);
}

static void server_answers_pipelined_requests_in_order(void **state)
{
    fixture *f = *state;
    net_client client;
    net_connect(&client, f->loop, f->port);
    char text[8192];
    size_t used = 0;
    for (int i = 0; i < 100; i++) {
        used += (size_t)snprintf(text + used,
            sizeof(text) - used,
            "POST /%d HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n%d",
            i,
            i % 10);
    }
    net_send(&client, text, used);
    assert_true(net_wait_text(&client, "POST /99 ? [9]"));
    const char *at = client.data;
    for (int i = 0; i < 100; i++) {
        char expected[32];
        snprintf(expected, sizeof(expected), "POST /%d ? [%d]", i, i % 10);
        at = strstr(at, expected);
        assert_non_null(at);
    }
    net_close(&client);
}

static void server_waits_for_deferred_answers(void **state)
{
    fixture *f = *state;
    net_client client;
    net_connect(&client, f->loop, f->port);
    net_send_text(&client, "GET /later HTTP/1.1\r\n" HOST "\r\nGET /next HTTP/1.1\r\n" HOST "\r\n");
    while (f->deferred_count == 0) {
        cb_loop_turn(f->loop, NET_TURN_NS);
    }
    for (int i = 0; i < 3; i++) {
        cb_loop_turn(f->loop, 0);
    }
    assert_int_equal(f->requests_count, 1); /* one at a time */
    f->deferred_count = 0;
    cb_exchange_reply(f->deferred[0], 503, "application/json", "{}", 2);
    assert_true(net_wait_text(&client, "GET /next ? []"));
    assert_non_null(strstr(client.data, "HTTP/1.1 503 Service Unavailable\r\n"));
    net_close(&client);
}

static void server_forgets_clients_that_left_before_the_answer(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < 10; i++) {
        net_client client;
        net_connect(&client, f->loop, f->port);
        net_send_text(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n");
        while (f->deferred_count <= i) {
            cb_loop_turn(f->loop, NET_TURN_NS);
        }
        if (i % 2 == 0) { /* reset instead of an orderly end */
            const struct linger linger = {1, 0};
            (void)setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
        }
        net_close(&client);
        cb_loop_turn(f->loop, NET_TURN_NS);
    }
    for (size_t i = 0; i < 10; i++) {
        cb_exchange_reply(f->deferred[i], 200, "text/plain", "late", 4);
        cb_loop_turn(f->loop, 0);
    }
    f->deferred_count = 0;
    net_client client;
    net_connect(&client, f->loop, f->port);
    net_send_text(&client, "GET /ok HTTP/1.1\r\n" HOST "\r\n");
    assert_true(net_wait_text(&client, "GET /ok"));
    net_close(&client);
}

static void server_answers_a_client_that_closed_its_sending_half(void **state)
{
    fixture *f = *state;
    net_client client;
    net_connect(&client, f->loop, f->port);
    net_send_text(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    (void)shutdown(client.fd, SHUT_WR);
    while (f->deferred_count == 0) {
        cb_loop_turn(f->loop, NET_TURN_NS);
    }
    cb_loop_turn(f->loop, NET_TURN_NS);
    f->deferred_count = 0;
    cb_exchange_reply(f->deferred[0], 200, "text/plain", "answer", 6);
    assert_true(net_wait_end(&client));
    assert_non_null(strstr(client.data, "answer"));
    assert_non_null(strstr(client.data, "Connection: close"));
    net_close(&client);
}

static void server_sends_large_answers_to_slow_readers(void **state)
{
    fixture *f = *state;
    net_client client;
    net_connect(&client, f->loop, f->port);
    net_send_text(&client, "GET /big HTTP/1.1\r\n" HOST "\r\nGET /after HTTP/1.1\r\n" HOST "\r\n");
    for (int i = 0; i < 10; i++) {
        cb_loop_turn(f->loop, NET_TURN_NS);
    }
    assert_int_equal(f->requests_count, 1); /* the next waits until the first answer has left */
    assert_true(net_wait_size(&client, BIG_SIZE));
    assert_true(net_wait_text(&client, "GET /after ? []"));
    const char *body = strstr(client.data, "\r\n\r\n") + 4;
    assert_memory_equal(body, f->big, BIG_SIZE);
    net_close(&client);
}

static void server_refuses_with_a_problem_document_and_ends(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        {"POST /x HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n\r\nxxxxxxxxxx", 413},
        {"POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411},
        {"PATCH /x HTTP/1.1\r\n" HOST "\r\n", 405},
        {"garbage\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nConnection: upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
            404},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        net_client client;
        net_connect(&client, f->loop, f->port);
        net_send_text(&client, cases[i].request);
        char status[16];
        char member[32];
        snprintf(status, sizeof(status), "HTTP/1.1 %d ", cases[i].status);
        snprintf(member, sizeof(member), "\"status\":%d}", cases[i].status);
        assert_true(net_wait_text(&client, member));
        assert_non_null(strstr(client.data, status));
        assert_non_null(strstr(client.data, "application/problem+json"));
        assert_true(net_wait_end(&client));
        assert_false(client.is_reset); /* an answer that a reset destroys helps nobody */
        net_close(&client);
    }
    assert_int_equal(f->requests_count, 0);
}

static void server_bounds_the_head(void **state)
{
    fixture *f = *state;
    net_client client;
    net_connect(&client, f->loop, f->port);
    char line[1024];
    memset(line, 'a', sizeof(line));
    net_send_text(&client, "GET / HTTP/1.1\r\nX: ");
    for (int i = 0; i < 64 && !client.is_ended; i++) {
        net_send(&client, line, sizeof(line));
        cb_loop_turn(f->loop, 0);
    }
    assert_true(net_wait_text(&client, "431"));
    net_close(&client);
}

static void server_takes_bodies_up_to_the_limit_and_sends_continue(void **state)
{
    fixture *f = *state;
    net_client client;
    net_connect(&client, f->loop, f->port);
    net_send_text(&client,
        "POST /x HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n");
    assert_true(net_wait_text(&client, "HTTP/1.1 100 Continue\r\n\r\n"));
    assert_int_equal(f->requests_count, 0);
    char body[1000];
    memset(body, 'b', sizeof(body));
    net_send(&client, body, sizeof(body));
    assert_true(net_wait_text(&client, "HTTP/1.1 200 OK"));
    assert_int_equal(f->requests_count, 1);
    net_close(&client);
}

static void server_can_drop_a_request(void **state)
{
    fixture *f = *state;
    net_client client;
    net_connect(&client, f->loop, f->port);
    net_send_text(&client, "GET /drop HTTP/1.1\r\n" HOST "\r\n");
    assert_true(net_wait_end(&client));
    assert_int_equal(client.used, 0);
    net_close(&client);
}

static void server_serves_many_connections_at_once(void **state)
{
    fixture *f = *state;
    enum { COUNT = 400 };
    static net_client clients[COUNT];
    for (int i = 0; i < COUNT; i++) {
        net_connect(&clients[i], f->loop, f->port);
        assert_false(clients[i].is_ended);
        cb_loop_turn(f->loop, 0);
    }
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < COUNT; i++) {
            char request[128];
            snprintf(request, sizeof(request), "GET /%d/%d HTTP/1.1\r\n" HOST "\r\n", i, round);
            net_send_text(&clients[i], request);
        }
        for (int i = 0; i < COUNT; i++) {
            char expected[64];
            snprintf(expected, sizeof(expected), "GET /%d/%d ? []", i, round);
            assert_true(net_wait_text(&clients[i], expected));
        }
    }
    for (int i = 0; i < COUNT; i++) {
        net_close(&clients[i]);
    }
    assert_int_equal(f->requests_count, 5 * COUNT);
}

static void server_create_says_when_the_port_is_taken(void **state)
{
    fixture *f = *state;
    cb_err err;
    const cb_server_ops ops = {.on_request = on_request};
    cb_server_options options = {.address = "127.0.0.1", .port = f->port};
    assert_null(cb_server_create(f->loop, &options, &ops, f, &err));
    assert_int_equal(err.code, CB_E_IO);
    char port[8];
    snprintf(port, sizeof(port), "%u", f->port);
    assert_non_null(strstr(err.text, port));
    assert_non_null(strstr(err.text, "in use"));
    options.address = "not an address";
    assert_null(cb_server_create(f->loop, &options, &ops, f, &err));
    assert_int_equal(err.code, CB_E_CONFIG);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(server_answers_requests_on_one_connection),
        CASE(server_takes_requests_byte_by_byte),
        CASE(server_answers_pipelined_requests_in_order),
        CASE(server_waits_for_deferred_answers),
        CASE(server_forgets_clients_that_left_before_the_answer),
        CASE(server_answers_a_client_that_closed_its_sending_half),
        CASE(server_sends_large_answers_to_slow_readers),
        CASE(server_refuses_with_a_problem_document_and_ends),
        CASE(server_bounds_the_head),
        CASE(server_takes_bodies_up_to_the_limit_and_sends_continue),
        CASE(server_can_drop_a_request),
        CASE(server_serves_many_connections_at_once),
        CASE(server_create_says_when_the_port_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
