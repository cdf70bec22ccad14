/* Log lines: their two forms, escaping, cutting, repeats, and a place that cannot be written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rt/log.h"

static int pipe_fds[2];
static char text[16384];

static int set_up(void **state)
{
    (void)state;
    return pipe(pipe_fds) == 0 && fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    (void)close(pipe_fds[0]);
    (void)close(pipe_fds[1]);
    return 0;
}

static const char *written(void)
{
    const ssize_t size = read(pipe_fds[0], text, sizeof(text) - 1);
    text[size > 0 ? size : 0] = '\0';
    return text;
}

static size_t lines_count(const char *lines)
{
    size_t count = 0;
    for (; *lines != '\0'; lines++) {
        count += *lines == '\n' ? 1 : 0;
    }
    return count;
}

static void log_writes_logfmt(void **state)
{
    (void)state;
    cb_log *log = cb_log_create(pipe_fds[1], "risk", false, CB_LOG_INFO);
    CB_LOG(log,
        CB_LOG_INFO,
        "order_sent",
        CB_KV("symbol", "BTCUSDT"),
        CB_KV("why", "a \"b\" c=d\n"),
        CB_KV("empty", ""),
        CB_KI("ms", -3));
    const char *line = written();
    assert_int_equal(strncmp(line, "ts=20", 5), 0);
    assert_non_null(strstr(line,
        "Z level=info service=risk event=order_sent symbol=BTCUSDT "
        "why=\"a \\\"b\\\" c=d\\n\" empty=\"\" ms=-3\n"));
    cb_log_destroy(log);
}

static void log_writes_json_that_parses(void **state)
{
    (void)state;
    cb_log *log = cb_log_create(pipe_fds[1], "risk", true, CB_LOG_DEBUG);
    cb_log_correlate(log, cb_id_make("x", 1, 2));
    CB_LOG(log, CB_LOG_DEBUG, "x", CB_KV("t", "\x01\"\\\n\xc3\xa9"), CB_KI("n", INT64_MIN));
    json_t *json = json_loads(written(), 0, NULL);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "t")), "\x01\"\\\n\xc3\xa9");
    assert_string_equal(json_string_value(json_object_get(json, "level")), "debug");
    assert_int_equal(json_integer_value(json_object_get(json, "n")), INT64_MIN);
    assert_int_equal(strlen(json_string_value(json_object_get(json, "correlation_id"))), 36);
    json_decref(json);
    cb_log_correlate(log, (cb_id){0, 0});
    CB_LOG(log, CB_LOG_DEBUG, "y", CB_KI("n", 1));
    assert_null(strstr(written(), "correlation_id"));
    cb_log_destroy(log);
}

static void log_leaves_lower_levels_out(void **state)
{
    (void)state;
    cb_log *log = cb_log_create(pipe_fds[1], "risk", false, CB_LOG_WARN);
    CB_LOG(log, CB_LOG_INFO, "quiet", CB_KI("n", 1));
    CB_LOG(log, CB_LOG_WARN, "loud", CB_KI("n", 1));
    const char *line = written();
    assert_null(strstr(line, "quiet"));
    assert_non_null(strstr(line, "level=warn"));
    cb_log_destroy(log);
}

static void log_cuts_a_long_line_between_pairs(void **state)
{
    (void)state;
    static char big[5000];
    memset(big, 'x', sizeof(big) - 1);
    for (int is_json = 0; is_json < 2; is_json++) {
        cb_log *log = cb_log_create(pipe_fds[1], "risk", is_json == 1, CB_LOG_INFO);
        CB_LOG(log, CB_LOG_INFO, "big", CB_KV("big", big), CB_KI("after", 7));
        const char *line = written();
        assert_true(strlen(line) <= 4096);
        assert_int_equal(lines_count(line), 1);
        assert_non_null(strstr(line, is_json == 1 ? "\"is_cut\":true}" : "is_cut=true\n"));
        assert_non_null(strstr(line, "after"));
        assert_null(strstr(line, "xxx"));
        cb_log_destroy(log);
    }
}

static void log_counts_repeated_problems(void **state)
{
    (void)state;
    cb_log *log = cb_log_create(pipe_fds[1], "risk", false, CB_LOG_INFO);
    for (int i = 0; i < 100; i++) {
        CB_LOG(log, CB_LOG_ERROR, "down", CB_KV("who", "nats"), CB_KI("attempt", i));
        CB_LOG(log, CB_LOG_INFO, "fine", CB_KI("i", i));
    }
    CB_LOG(log, CB_LOG_ERROR, "down", CB_KV("who", "postgresql"));
    const char *lines = written();
    assert_int_equal(lines_count(lines), 102); /* 100 infos and the two different problems */
    assert_int_equal(cb_log_problems_count(log), 101);
    cb_log_destroy(log);
    lines = written();
    assert_int_equal(lines_count(lines), 1);
    assert_non_null(strstr(lines, "level=error service=risk event=down repeated=99"));
}

static void log_writes_an_error_record(void **state)
{
    (void)state;
    cb_log *log = cb_log_create(pipe_fds[1], "risk", false, CB_LOG_INFO);
    cb_err err;
    (void)CB_FAIL(&err, CB_E_RANGE, "value %d", 5);
    cb_log_err(log, CB_LOG_WARN, "bad", &err);
    assert_non_null(strstr(written(), "event=bad code=range error=\"value 5\" at="));
    cb_log_destroy(log);
}

static void log_drops_and_counts_what_it_cannot_write(void **state)
{
    (void)state;
    const int full = open("/dev/full", O_WRONLY);
    assert_true(full >= 0);
    cb_log *log = cb_log_create(full, "risk", false, CB_LOG_INFO);
    CB_LOG(log, CB_LOG_INFO, "x", CB_KI("n", 1));
    CB_LOG(log, CB_LOG_INFO, "x", CB_KI("n", 2));
    assert_int_equal(cb_log_dropped_count(log), 2);
    cb_log_destroy(log);
    cb_log_destroy(NULL);
    (void)close(full);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(log_writes_logfmt),
        TEST(log_writes_json_that_parses),
        TEST(log_leaves_lower_levels_out),
        TEST(log_cuts_a_long_line_between_pairs),
        TEST(log_counts_repeated_problems),
        TEST(log_writes_an_error_record),
        TEST(log_drops_and_counts_what_it_cannot_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
