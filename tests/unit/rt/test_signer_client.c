/* The signer's client against a signer that the test plays: every question is answered once, from
 * the loop, whatever the other side does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/timefmt.h"
#include "rt/signer_client.h"

#define TURNS_MAX 5000
#define PAYLOAD "symbol=BTCUSDT&recvWindow=3000&timestamp=1"

static char folder[32];
static char path[64];
static cb_loop *loop;
static cb_signer *client;
static int listener = -1;
static int peer = -1;
static cb_err err;

/* What the last answer said. */
static uint32_t answers;
static cb_status status;
static char signature[CB_VENUE_SIGNATURE_MAX];
static char api_key[160];
static char why[CB_SIGNER_WHY_MAX];

static void on_answer(void *context, const cb_signer_answer *answer)
{
    assert_ptr_equal(context, &answers);
    answers++;
    status = answer->status;
    (void)snprintf(signature, sizeof(signature), "%s", answer->signature);
    (void)snprintf(api_key, sizeof(api_key), "%s", answer->api_key);
    (void)snprintf(why, sizeof(why), "%s", answer->why);
}

static void listen_again(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    (void)unlink(path);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 4), 0);
}

static void hang_up(void)
{
    if (peer >= 0) {
        (void)close(peer);
        peer = -1;
    }
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/cerberus-client-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof(path), "%s/s", folder);
    answers = 0;
    status = CB_STATUS_COUNT;
    loop = cb_loop_create(&err);
    listen_again();
    return loop == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    cb_signer_close(client);
    client = NULL;
    hang_up();
    if (listener >= 0) {
        (void)close(listener);
        listener = -1;
    }
    cb_loop_destroy(loop);
    (void)unlink(path);
    return rmdir(folder);
}

static void open_client(int64_t timeout_ms)
{
    const cb_signer_options options = {.socket_path = path,
        .account = "main",
        .venue = "binance",
        .purpose = CB_KEY_CANCEL,
        .timeout_ms = timeout_ms};
    client = cb_signer_open(loop, &options, &err);
    assert_non_null(client);
}

static void turn(void)
{
    cb_loop_turn(loop, CB_NS_PER_MS);
}

/* Turns until there are that many answers. */
static void await_answers(uint32_t count)
{
    for (uint32_t i = 0; i < TURNS_MAX && answers < count; i++) {
        turn();
    }
    assert_int_equal(answers, count);
}

static void await_up(bool is_up)
{
    for (uint32_t i = 0; i < TURNS_MAX && cb_signer_is_up(client) != is_up; i++) {
        turn();
    }
    assert_int_equal(cb_signer_is_up(client), is_up);
}

/* The next question that comes in. */
static cb_signer_request next_question(void)
{
    static uint8_t bytes[CB_SIGNER_FRAME_MAX];
    cb_signer_request request;
    size_t used = 0;
    size_t size = 0;
    for (uint32_t i = 0; i < TURNS_MAX && (size == 0 || used < size); i++) {
        if (peer < 0) {
            peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        }
        const size_t wanted = size == 0 ? CB_SIGNER_HEAD_SIZE : size;
        const ssize_t count = peer < 0 ? -1 : recv(peer, bytes + used, wanted - used, 0);
        if (count > 0) {
            used += (size_t)count;
            assert_int_equal(cb_signer_frame_size(bytes, used, &size, &err), CB_OK);
        } else {
            turn();
        }
    }
    assert_int_equal(cb_signer_get_request(bytes, used, &request, &err), CB_OK);
    return request;
}

static void answer_as(
    cb_signer_op op, uint32_t id, cb_signer_status code, const char *key, const char *text)
{
    uint8_t bytes[CB_SIGNER_FRAME_MAX];
    size_t size = 0;
    cb_signer_reply reply = {
        .op = op, .id = id, .status = code, .text = text, .text_size = strlen(text)};
    (void)snprintf(reply.api_key, sizeof(reply.api_key), "%s", key);
    assert_int_equal(cb_signer_put_reply(&reply, bytes, sizeof(bytes), &size, &err), CB_OK);
    assert_int_equal(send(peer, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

static void become_up(void)
{
    const cb_signer_request question = next_question();
    assert_int_equal(question.op, CB_SIGNER_DESCRIBE);
    assert_string_equal(question.account, "main");
    assert_int_equal(question.purpose, CB_KEY_CANCEL);
    answer_as(CB_SIGNER_DESCRIBE, question.id, CB_SIGNER_OK, "public", "");
    await_up(true);
}

/* Questions about the key come each second and may stand before the one that is waited for. */
static cb_signer_request next_to_sign(void)
{
    for (;;) {
        const cb_signer_request question = next_question();
        if (question.op == CB_SIGNER_SIGN) {
            return question;
        }
        answer_as(CB_SIGNER_DESCRIBE, question.id, CB_SIGNER_OK, "public", "");
    }
}

static void ask(void)
{
    cb_signer_sign(client, PAYLOAD, strlen(PAYLOAD), on_answer, &answers);
}

static void signature_comes_back(void **state)
{
    (void)state;
    open_client(60000);
    become_up();
    assert_string_equal(cb_signer_keys(client)->api_key, "public");
    assert_string_equal(cb_signer_keys(client)->api_secret, "");
    ask();
    assert_int_equal(answers, 0);
    const cb_signer_request question = next_to_sign();
    assert_int_equal(question.payload_size, strlen(PAYLOAD));
    assert_memory_equal(question.payload, PAYLOAD, strlen(PAYLOAD));
    answer_as(CB_SIGNER_SIGN, question.id, CB_SIGNER_OK, "public", "beef");
    await_answers(1);
    assert_int_equal(status, CB_OK);
    assert_string_equal(signature, "beef");
    assert_string_equal(api_key, "public");
    assert_int_equal(cb_signer_pending(client), 0);
}

static void request_is_completed(void **state)
{
    (void)state;
    const cb_venue_ops *venue = cb_venue_find("binance");
    const cb_venue_params params = {.symbol = "BTCUSDT"};
    const cb_venue_auth auth = {.sign_ts_ns = CB_NS_PER_S, .is_unsigned = true};
    cb_venue_request request;
    assert_int_equal(venue->build(CB_VENUE_CALL_CANCEL_ALL, &params, &auth, &request, &err), CB_OK);
    open_client(60000);
    become_up();
    cb_signer_sign_request(client, venue, &request, on_answer, &answers);
    const cb_signer_request question = next_to_sign();
    answer_as(CB_SIGNER_SIGN, question.id, CB_SIGNER_OK, "public", "beef");
    await_answers(1);
    assert_int_equal(status, CB_OK);
    assert_false(request.needs_signature);
    assert_non_null(strstr(request.url_path, "&signature=beef"));
}

static void refusals_are_told_in_words(void **state)
{
    (void)state;
    static const struct {
        cb_signer_status code;
        cb_status status;
    } rows[] = {{CB_SIGNER_REFUSED, CB_E_AUTH},
        {CB_SIGNER_DISABLED, CB_E_AUTH},
        {CB_SIGNER_DENIED, CB_E_AUTH},
        {CB_SIGNER_LIMITED, CB_E_FULL},
        {CB_SIGNER_NO_KEY, CB_E_NOT_FOUND},
        {CB_SIGNER_FAILED, CB_E_PEER}};
    open_client(60000);
    become_up();
    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ask();
        const cb_signer_request question = next_to_sign();
        answer_as(CB_SIGNER_SIGN, question.id, rows[i].code, "", "so it is");
        await_answers(i + 1);
        assert_int_equal(status, rows[i].status);
        assert_string_equal(signature, "");
        assert_non_null(strstr(why, "so it is"));
        assert_non_null(strstr(why, cb_signer_status_name(rows[i].code)));
    }
}

static void without_a_signer_the_answer_comes_from_the_loop(void **state)
{
    (void)state;
    (void)close(listener);
    listener = -1;
    (void)unlink(path);
    open_client(60000);
    assert_false(cb_signer_is_up(client));
    ask();
    assert_int_equal(answers, 0);
    await_answers(1);
    assert_int_equal(status, CB_E_UNAVAILABLE);
    assert_non_null(strstr(why, "cannot be reached"));
}

static void hanging_up_fails_what_waits_and_is_mended(void **state)
{
    (void)state;
    open_client(60000);
    become_up();
    ask();
    ask();
    (void)next_to_sign();
    hang_up();
    await_answers(2);
    assert_int_equal(status, CB_E_UNAVAILABLE);
    assert_false(cb_signer_is_up(client));
    become_up(); /* it connects again by itself */
    ask();
    const cb_signer_request question = next_to_sign();
    answer_as(CB_SIGNER_SIGN, question.id, CB_SIGNER_OK, "public", "beef");
    await_answers(3);
    assert_int_equal(status, CB_OK);
}

static void answers_that_fit_no_question_end_the_connection(void **state)
{
    (void)state;
    open_client(60000);
    become_up();
    ask();
    const cb_signer_request question = next_to_sign();
    answer_as(CB_SIGNER_SIGN, question.id + 1, CB_SIGNER_OK, "public", "beef");
    await_answers(1);
    assert_int_equal(status, CB_E_UNAVAILABLE);
    assert_string_equal(signature, "");
    hang_up();
    become_up();
    ask();
    (void)next_to_sign();
    assert_int_equal(send(peer, "garbage", 7, MSG_NOSIGNAL), 7);
    await_answers(2);
    assert_int_equal(status, CB_E_UNAVAILABLE);
}

static void silence_ends_as_a_timeout(void **state)
{
    (void)state;
    open_client(1);
    await_up(false);
    ask();
    await_answers(1);
    assert_true(status == CB_E_TIMEOUT || status == CB_E_UNAVAILABLE);
    assert_int_equal(cb_signer_pending(client), 0);
}

static void a_key_that_is_disabled_makes_it_not_up(void **state)
{
    (void)state;
    open_client(60000);
    const cb_signer_request question = next_question();
    answer_as(CB_SIGNER_DESCRIBE, question.id, CB_SIGNER_DISABLED, "", "the key may withdraw");
    for (uint32_t i = 0; i < TURNS_MAX && strstr(cb_signer_why(client), "withdraw") == NULL; i++) {
        turn();
    }
    assert_false(cb_signer_is_up(client));
    assert_non_null(strstr(cb_signer_why(client), "the key may withdraw"));
}

static void more_than_may_wait_are_refused(void **state)
{
    (void)state;
    open_client(60000);
    become_up();
    for (uint32_t i = 0; i < CB_SIGNER_PENDING_MAX + 1; i++) {
        ask();
    }
    await_answers(1);
    assert_int_equal(status, CB_E_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(signature_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(request_is_completed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refusals_are_told_in_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            without_a_signer_the_answer_comes_from_the_loop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            hanging_up_fails_what_waits_and_is_mended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            answers_that_fit_no_question_end_the_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(silence_ends_as_a_timeout, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_that_is_disabled_makes_it_not_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_than_may_wait_are_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
