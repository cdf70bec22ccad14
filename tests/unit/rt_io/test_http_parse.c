/* Heads of HTTP requests: what is understood, and that everything ambiguous is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "rt/http_parse.h"

#define TARGET_MAX ((size_t)8 * 1024)

static int parse(const char *text, char *buffer, cb_http_head *head)
{
    const size_t size = strlen(text);
    assert_true(size < CB_HTTP_HEAD_MAX);
    memcpy(buffer, text, size + 1);
    assert_int_equal(cb_http_head_size(buffer, size), size);
    return cb_http_parse(buffer, size, head);
}

static void http_parse_reads_method_target_and_headers(void **state)
{
    (void)state;
    char buffer[CB_HTTP_HEAD_MAX];
    cb_http_head head;
    assert_int_equal(parse("POST /api/v3/or%64er?symbol=BTCUSDT&x=%5B%22a%22%5D HTTP/1.1\r\n"
                           "Host: localhost:1\r\nX-MBX-APIKEY:  secret key \t\r\n"
                           "content-length: 12\r\n\r\n",
                         buffer,
                         &head),
        0);
    assert_string_equal(head.method, "POST");
    assert_string_equal(head.path, "/api/v3/order");
    assert_string_equal(head.query, "symbol=BTCUSDT&x=%5B%22a%22%5D");
    assert_string_equal(cb_http_line_value(&head, "x-mbx-apikey"), "secret key");
    assert_string_equal(cb_http_line_value(&head, "absent"), "");
    assert_int_equal(head.body_size, 12);
    assert_true(head.is_keep_alive);
    assert_false(head.is_upgrade);
    assert_false(head.expects_continue);
}

static void http_parse_knows_when_a_connection_ends(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_keep_alive;
    } cases[] = {{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, CLOSE\r\n\r\n", false},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char buffer[CB_HTTP_HEAD_MAX];
        cb_http_head head;
        assert_int_equal(parse(cases[i].text, buffer, &head), 0);
        assert_int_equal(head.is_keep_alive, cases[i].is_keep_alive);
    }
}

static void http_parse_refuses_what_is_ambiguous_or_unsupported(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", 400}, /* no host */
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
        {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
        {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /\r\n\r\n", 400},
        {"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET / http/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
        {"PATCH / HTTP/1.1\r\nHost: a\r\n\r\n", 405},
        {"get / HTTP/1.1\r\nHost: a\r\n\r\n", 405},
        {"PATCH / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
        {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /% HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nnocolon\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400}, /* bare line feed */
        {"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551617\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 411},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            411},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char buffer[CB_HTTP_HEAD_MAX];
        cb_http_head head;
        const int status = parse(cases[i].text, buffer, &head);
        if (status != cases[i].status) {
            fail_msg("case %zu: %d instead of %d: %s", i, status, cases[i].status, cases[i].text);
        }
    }
}

static void http_parse_bounds_lines_and_target(void **state)
{
    (void)state;
    char text[CB_HTTP_HEAD_MAX];
    char buffer[CB_HTTP_HEAD_MAX];
    cb_http_head head;
    for (int lines = CB_HTTP_HEADER_LINES_MAX; lines <= CB_HTTP_HEADER_LINES_MAX + 1; lines++) {
        size_t used = (size_t)snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\n");
        for (int i = 1; i < lines; i++) {
            used += (size_t)snprintf(text + used, sizeof(text) - used, "X-%d: y\r\n", i);
        }
        (void)snprintf(text + used, sizeof(text) - used, "\r\n");
        assert_int_equal(parse(text, buffer, &head), lines <= CB_HTTP_HEADER_LINES_MAX ? 0 : 431);
    }
    for (size_t size = TARGET_MAX; size <= TARGET_MAX + 1; size++) {
        char target[TARGET_MAX + 2];
        memset(target, 'a', size);
        target[0] = '/';
        target[size] = '\0';
        (void)snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", target);
        assert_int_equal(parse(text, buffer, &head), size <= TARGET_MAX ? 0 : 414);
    }
}

static void http_parse_refuses_a_nul_anywhere(void **state)
{
    (void)state;
    const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for (size_t i = 0; i + 5 < sizeof(text); i++) {
        char buffer[sizeof(text)];
        memcpy(buffer, text, sizeof(text));
        buffer[i] = '\0';
        cb_http_head head;
        assert_int_equal(cb_http_parse(buffer, sizeof(text) - 1, &head), 400);
    }
}

#define UPGRADE_LINES                                                                              \
    "Host: a\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"                         \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static void http_parse_recognises_a_websocket_upgrade(void **state)
{
    (void)state;
    char buffer[CB_HTTP_HEAD_MAX];
    cb_http_head head;
    assert_int_equal(parse("GET /ws/btcusdt@trade HTTP/1.1\r\n" UPGRADE_LINES
                           "Sec-WebSocket-Version: 13\r\n\r\n",
                         buffer,
                         &head),
        0);
    assert_true(head.is_upgrade);
    assert_string_equal(head.path, "/ws/btcusdt@trade");
    assert_int_equal(
        parse("GET / HTTP/1.1\r\n" UPGRADE_LINES "Sec-WebSocket-Version: 8\r\n\r\n", buffer, &head),
        426);
    assert_int_equal(
        parse(
            "POST / HTTP/1.1\r\n" UPGRADE_LINES "Sec-WebSocket-Version: 13\r\n\r\n", buffer, &head),
        400);
    assert_int_equal(parse("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                           "Connection: Upgrade\r\nSec-WebSocket-Key: short==\r\n"
                           "Sec-WebSocket-Version: 13\r\n\r\n",
                         buffer,
                         &head),
        400);
    assert_int_equal(parse("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n", buffer, &head), 0);
    assert_false(head.is_upgrade);
}

static void http_parse_survives_any_bytes(void **state)
{
    (void)state;
    static const char *const pieces[] = {"GET ",
        "POST ",
        "/",
        "%",
        "%41",
        "?",
        " HTTP/1.1",
        "\r\n",
        "\r",
        "\n",
        ":",
        " ",
        "\t",
        "Host",
        "Content-Length",
        "1",
        "Upgrade: websocket",
        "\x80",
        "a",
        "Connection: "};
    cb_prng prng;
    cb_prng_init(&prng, 5);
    int accepted_count = 0;
    for (int round = 0; round < 200000; round++) {
        char buffer[1024];
        size_t used = 0;
        if (round % 2 == 0) {
            used = (size_t)snprintf(buffer, sizeof(buffer), "GET /a HTTP/1.1\r\nHost: b\r\n");
        }
        const uint64_t count = cb_prng_below(&prng, 12);
        for (uint64_t i = 0; i < count; i++) {
            const char *piece = pieces[cb_prng_below(&prng, sizeof(pieces) / sizeof(pieces[0]))];
            memcpy(buffer + used, piece, strlen(piece));
            used += strlen(piece);
        }
        memcpy(buffer + used, "\r\n\r\n", 5);
        const size_t size = cb_http_head_size(buffer, used + 4);
        cb_http_head head;
        accepted_count += cb_http_parse(buffer, size, &head) == 0 ? 1 : 0;
    }
    assert_true(accepted_count > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_parse_reads_method_target_and_headers),
        cmocka_unit_test(http_parse_knows_when_a_connection_ends),
        cmocka_unit_test(http_parse_refuses_what_is_ambiguous_or_unsupported),
        cmocka_unit_test(http_parse_bounds_lines_and_target),
        cmocka_unit_test(http_parse_refuses_a_nul_anywhere),
        cmocka_unit_test(http_parse_recognises_a_websocket_upgrade),
        cmocka_unit_test(http_parse_survives_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
