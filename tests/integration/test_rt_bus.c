/* The bus against a real nats-server with the real permissions: order over subjects, headers,
 * violations told by subject, and life after the server's death. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/timefmt.h"
#include "rt/bus.h"
#include "tests/testing/stack.h"

#define MESSAGES_COUNT 3000
#define WAIT_NS (10 * CB_NS_PER_S)

typedef struct fixture {
    stack env;
    cb_loop *loop;
    cb_bus *validator; /* publishes md.ok.>, dq.score.> */
    cb_bus *risk;      /* hears md.ok.candle, md.ok.ticker, dq.score */
    uint32_t received_count;
    uint32_t out_of_order_count;
    char header[64];
    char error[256];
} fixture;

static cb_bus *open_bus(fixture *test, const char *user)
{
    char password[64];
    (void)snprintf(password, sizeof(password), "%ssecret", user);
    const cb_bus_options options = {test->env.nats_url, user, password, "", 2000};
    cb_err err = {0};
    cb_bus *bus = cb_bus_open(test->loop, &options, &err);
    if (bus == NULL) {
        fail_msg("%s", err.text);
    }
    return bus;
}

static int set_up(void **state)
{
    static fixture test;
    memset(&test, 0, sizeof(test));
    stack_start(&test.env, STACK_NATS);
    cb_err err = {0};
    test.loop = cb_loop_create(&err);
    test.validator = open_bus(&test, "validator");
    test.risk = open_bus(&test, "risk");
    *state = &test;
    return 0;
}

static int tear_down(void **state)
{
    fixture *test = *state;
    cb_bus_close(test->validator);
    cb_bus_close(test->risk);
    cb_loop_destroy(test->loop);
    stack_stop(&test->env);
    return 0;
}

static bool turn_until(fixture *test, bool (*is_done)(const fixture *test))
{
    const int64_t deadline_ns = cb_mono_ns() + WAIT_NS;
    while (!is_done(test) && cb_mono_ns() < deadline_ns) {
        cb_loop_turn(test->loop, 20 * CB_NS_PER_MS);
    }
    return is_done(test);
}

static void count_in_order(void *context, const cb_bus_message *message)
{
    fixture *test = context;
    uint32_t number = 0;
    assert_int_equal(message->size, sizeof(number));
    memcpy(&number, message->bytes, sizeof(number));
    test->out_of_order_count += number != test->received_count ? 1 : 0;
    test->received_count++;
    assert_string_equal(message->reply, "");
    cb_bus_message_free(message);
}

static bool has_all(const fixture *test)
{
    return test->received_count == MESSAGES_COUNT;
}

/* Subscriptions take effect at the server when it has read them; a message of our own tells. */
static void settle(fixture *test)
{
    const int64_t deadline_ns = cb_mono_ns() + 200 * CB_NS_PER_MS;
    while (cb_mono_ns() < deadline_ns) {
        cb_loop_turn(test->loop, 20 * CB_NS_PER_MS);
    }
}

static void bus_keeps_the_publishers_order_over_subjects(void **state)
{
    fixture *test = *state;
    cb_err err = {0};
    static const char *const PATTERNS[] = {"md.ok.candle.>", "md.ok.ticker.>", "dq.score.>"};
    static const char *const SUBJECTS[] = {
        "md.ok.ticker.01.binance.X", "dq.score.01.binance.X", "md.ok.candle.01.binance.X"};
    for (size_t i = 0; i < 3; i++) {
        assert_non_null(
            cb_bus_subscribe(test->risk, PATTERNS[i], 65536, count_in_order, test, &err));
    }
    settle(test);
    for (uint32_t i = 0; i < MESSAGES_COUNT; i++) {
        assert_int_equal(
            cb_bus_publish(test->validator, SUBJECTS[(i * 7) % 3], NULL, &i, sizeof(i), &err),
            CB_OK);
    }
    assert_true(turn_until(test, has_all));
    assert_int_equal(test->out_of_order_count, 0);
}

static void take_header(void *context, const cb_bus_message *message)
{
    fixture *test = context;
    const char *value = cb_bus_message_header(message, "Nats-Msg-Id");
    (void)snprintf(test->header, sizeof(test->header), "%s", value != NULL ? value : "absent");
    assert_null(cb_bus_message_header(message, "Other"));
    cb_bus_message_free(message);
}

static bool has_header(const fixture *test)
{
    return test->header[0] != '\0';
}

static void bus_carries_headers(void **state)
{
    fixture *test = *state;
    cb_err err = {0};
    assert_non_null(
        cb_bus_subscribe(test->risk, "_INBOX_risk.header", 16, take_header, test, &err));
    settle(test);
    const cb_bus_header header = {"Nats-Msg-Id", "abc-1"};
    assert_int_equal(
        cb_bus_publish_headers(test->risk, "_INBOX_risk.header", NULL, &header, 1, "x", 1, &err),
        CB_OK);
    assert_true(turn_until(test, has_header));
    assert_string_equal(test->header, "abc-1");
}

static void take_error(void *context, const char *text)
{
    fixture *test = context;
    (void)snprintf(test->error, sizeof(test->error), "%s", text);
}

static bool has_error(const fixture *test)
{
    return test->error[0] != '\0';
}

static void bus_names_the_subject_of_a_violation(void **state)
{
    fixture *test = *state;
    cb_err err = {0};
    cb_bus_on_error(test->validator, take_error, test);
    assert_int_equal(
        cb_bus_publish(test->validator, "permit.grant.00.x.main", NULL, "x", 1, &err), CB_OK);
    assert_true(turn_until(test, has_error));
    assert_non_null(strstr(test->error, "permit.grant.00.x.main"));
}

static bool is_down(const fixture *test)
{
    return !cb_bus_is_up(test->validator) && !cb_bus_is_up(test->risk);
}

static bool is_up(const fixture *test)
{
    return cb_bus_is_up(test->validator) && cb_bus_is_up(test->risk);
}

static void bus_refuses_while_down_and_comes_back(void **state)
{
    fixture *test = *state;
    cb_err err = {0};
    assert_non_null(
        cb_bus_subscribe(test->risk, "md.ok.ticker.>", 65536, count_in_order, test, &err));
    settle(test);
    for (int round = 0; round < 2; round++) {
        stack_nats_kill(&test->env, SIGKILL);
        assert_true(turn_until(test, is_down));
        assert_int_equal(
            cb_bus_publish(test->validator, "md.ok.ticker.01.v.X", NULL, "late", 4, &err),
            CB_E_UNAVAILABLE);
        stack_nats_restart(&test->env);
        assert_true(turn_until(test, is_up));
    }
    settle(test);
    for (uint32_t i = 0; i < MESSAGES_COUNT; i++) {
        assert_int_equal(
            cb_bus_publish(test->validator, "md.ok.ticker.01.v.X", NULL, &i, sizeof(i), &err),
            CB_OK);
    }
    assert_true(turn_until(test, has_all));
    assert_int_equal(test->out_of_order_count, 0);
    cb_bus_stats stats = {0};
    cb_bus_stats_get(test->risk, &stats);
    assert_int_equal(stats.reconnects_count, 2);
}

static void bus_open_tells_who_refused_and_where(void **state)
{
    fixture *test = *state;
    cb_err err = {0};
    const cb_bus_options wrong = {test->env.nats_url, "risk", "wrongword", "", 1000};
    assert_null(cb_bus_open(test->loop, &wrong, &err));
    assert_int_equal(err.code, CB_E_AUTH);
    assert_non_null(strstr(err.text, test->env.nats_url));
    assert_null(strstr(err.text, "wrongword"));
    const cb_bus_options nobody = {"nats://127.0.0.1:1", "risk", "x", "", 1000};
    assert_null(cb_bus_open(test->loop, &nobody, &err));
    assert_int_equal(err.code, CB_E_UNAVAILABLE);
    assert_non_null(strstr(err.text, "127.0.0.1:1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            bus_keeps_the_publishers_order_over_subjects, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bus_carries_headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bus_names_the_subject_of_a_violation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bus_refuses_while_down_and_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bus_open_tells_who_refused_and_where, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
