/* Calendar text, held against the C library's timegm and gmtime_r as independent references. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/prng.h"
#include "base/timefmt.h"

static void prints_with_the_asked_decimals(void **unused)
{
    (void)unused;
    char text[CB_TIME_TEXT_MAX];
    const int64_t ts_ns = INT64_C(1641168000123456789); /* 2022-01-03 */
    assert_int_equal(cb_time_print(ts_ns, 9, text), 30);
    assert_string_equal(text, "2022-01-03T00:00:00.123456789Z");
    (void)cb_time_print(ts_ns, 6, text);
    assert_string_equal(text, "2022-01-03T00:00:00.123456Z");
    (void)cb_time_print(ts_ns, 3, text);
    assert_string_equal(text, "2022-01-03T00:00:00.123Z");
    assert_int_equal(cb_time_print(ts_ns, 0, text), 20);
    assert_string_equal(text, "2022-01-03T00:00:00Z");
    (void)cb_time_print(0, 9, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000000000Z");
    (void)cb_time_print(-1, 9, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999999999Z");
}

static void prints_like_the_c_library_over_the_whole_range(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 3);
    for (int round = 0; round < 50000; round++) {
        int64_t ts_ns = (int64_t)cb_prng_next(&prng);
        if (round == 0) {
            ts_ns = INT64_MIN;
        } else if (round == 1) {
            ts_ns = INT64_MAX;
        }
        const int64_t seconds = ts_ns / CB_NS_PER_S - (ts_ns % CB_NS_PER_S < 0 ? 1 : 0);
        const time_t whole = (time_t)seconds;
        struct tm parts;
        assert_non_null(gmtime_r(&whole, &parts));
        char wanted[CB_TIME_TEXT_MAX];
        (void)strftime(wanted, sizeof(wanted), "%Y-%m-%dT%H:%M:%SZ", &parts);
        char text[CB_TIME_TEXT_MAX];
        (void)cb_time_print(ts_ns, 0, text);
        assert_string_equal(text, wanted);
    }
}

static void what_is_printed_parses_back(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 4);
    for (int round = 0; round < 50000; round++) {
        int64_t ts_ns = (int64_t)cb_prng_next(&prng);
        if (round < 2) {
            ts_ns = round == 0 ? INT64_MIN : INT64_MAX;
        }
        char text[CB_TIME_TEXT_MAX];
        const size_t size = cb_time_print(ts_ns, 9, text);
        int64_t back = 0;
        assert_true(cb_time_parse(text, size, &back));
        assert_int_equal(back, ts_ns);
    }
}

static void every_day_of_four_centuries_is_found(void **unused)
{
    (void)unused;
    /* timegm is the reference; 1700 to 2200 holds all kinds of leap years. */
    struct tm parts = {.tm_year = 1700 - 1900, .tm_mon = 0, .tm_mday = 1};
    time_t day = timegm(&parts);
    for (; day < (time_t)7258118400; day += 86400) {
        assert_non_null(gmtime_r(&day, &parts));
        char text[CB_TIME_TEXT_MAX];
        const size_t size = strftime(text, sizeof(text), "%Y-%m-%dT00:00:00Z", &parts);
        int64_t ts_ns = 0;
        assert_true(cb_time_parse(text, size, &ts_ns));
        assert_int_equal(ts_ns / CB_NS_PER_S, day);
    }
}

static void accepts_one_to_nine_decimals(void **unused)
{
    (void)unused;
    int64_t ts_ns = 0;
    assert_true(cb_time_parse("1970-01-01T00:00:00.1Z", 22, &ts_ns));
    assert_int_equal(ts_ns, 100000000);
    assert_true(cb_time_parse("1970-01-01T00:00:00.000000001Z", 30, &ts_ns));
    assert_int_equal(ts_ns, 1);
    assert_true(cb_time_parse("2024-02-29T23:59:59Z", 20, &ts_ns));
}

static void refuses_everything_that_is_no_utc_time(void **unused)
{
    (void)unused;
    static const char *const bad[] = {"",
        "2022",
        "2022-01-03",
        "2022-01-03T00:00:00",
        "2022-01-03 00:00:00Z",
        "2022-01-03t00:00:00Z",
        "2022-01-03T00:00:00z",
        "2022-01-03T00:00:00+00:00",
        "2022-1-03T00:00:00Z",
        "22-01-03T00:00:00Z",
        "2022-13-01T00:00:00Z",
        "2022-00-01T00:00:00Z",
        "2022-01-32T00:00:00Z",
        "2022-01-00T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2022-04-31T00:00:00Z",
        "2022-01-03T24:00:00Z",
        "2022-01-03T00:60:00Z",
        "2022-01-03T00:00:60Z",
        "2022-01-03T00:00:00.Z",
        "2022-01-03T00:00:00.1234567891Z",
        "2022-01-03T00:00:00Zx",
        "2022-01-03T00:00:00ZZ",
        " 2022-01-03T00:00:00Z",
        "-022-01-03T00:00:00Z",
        "1677-09-21T00:12:43.145224191Z",
        "2262-04-11T23:47:16.854775808Z",
        "9999-12-31T00:00:00Z"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t ts_ns = 77;
        if (cb_time_parse(bad[i], strlen(bad[i]), &ts_ns)) {
            fail_msg("accepted \"%s\"", bad[i]);
        }
        assert_int_equal(ts_ns, 77);
    }
    int64_t ts_ns = 0;
    assert_true(cb_time_parse("1677-09-21T00:12:43.145224192Z", 30, &ts_ns));
    assert_int_equal(ts_ns, INT64_MIN);
    assert_true(cb_time_parse("2262-04-11T23:47:16.854775807Z", 30, &ts_ns));
    assert_int_equal(ts_ns, INT64_MAX);
}

static void sane_times_catch_wrong_units(void **unused)
{
    (void)unused;
    const int64_t now_ms = INT64_C(1723161600000);
    assert_false(cb_time_is_sane(now_ms));
    assert_false(cb_time_is_sane(now_ms * 1000));
    assert_true(cb_time_is_sane(now_ms * 1000000));
    assert_false(cb_time_is_sane(0));
    assert_false(cb_time_is_sane(INT64_MAX));
    assert_false(cb_time_is_sane(INT64_C(1230768000) * CB_NS_PER_S - 1));
    assert_true(cb_time_is_sane(INT64_C(1230768000) * CB_NS_PER_S));
    assert_true(cb_time_is_sane(INT64_C(4102444800) * CB_NS_PER_S - 1));
    assert_false(cb_time_is_sane(INT64_C(4102444800) * CB_NS_PER_S));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_with_the_asked_decimals),
        cmocka_unit_test(prints_like_the_c_library_over_the_whole_range),
        cmocka_unit_test(what_is_printed_parses_back),
        cmocka_unit_test(every_day_of_four_centuries_is_found),
        cmocka_unit_test(accepts_one_to_nine_decimals),
        cmocka_unit_test(refuses_everything_that_is_no_utc_time),
        cmocka_unit_test(sane_times_catch_wrong_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
