/* Bounded text: what fits is there, what does not is cut with a mark, nothing is written outside.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/textbuf.h"

static void textbuf_appends_words_and_numbers(void **unused)
{
    (void)unused;
    char out[128];
    cb_textbuf text = cb_textbuf_over(out, sizeof out);
    assert_string_equal(out, "");
    cb_textbuf_add(&text, "n ");
    cb_textbuf_add_u64(&text, 0);
    cb_textbuf_add(&text, " ");
    cb_textbuf_add_u64(&text, UINT64_MAX);
    cb_textbuf_add(&text, " ");
    cb_textbuf_add_i64(&text, INT64_MIN);
    cb_textbuf_add(&text, " ");
    cb_textbuf_add_i64(&text, 7);
    cb_textbuf_add(&text, " ");
    cb_textbuf_add_e8(&text, -10000001);
    assert_string_equal(out, "n 0 18446744073709551615 -9223372036854775808 7 -0.10000001");
    assert_int_equal(text.used, strlen(out));
}

static void textbuf_prints_times_and_what_is_none(void **unused)
{
    (void)unused;
    char out[64];
    cb_textbuf text = cb_textbuf_over(out, sizeof out);
    cb_textbuf_add_time(&text, INT64_C(1641168000123456789));
    assert_string_equal(out, "2022-01-03T00:00:00.123Z");
    text = cb_textbuf_over(out, sizeof out);
    cb_textbuf_add_time(&text, 1641168000);
    assert_string_equal(out, "1641168000");
}

static void textbuf_marks_what_it_cuts(void **unused)
{
    (void)unused;
    static const struct {
        size_t size;
        const char *expected;
    } rows[] = {
        {7, "abcdef"}, /* just fits */
        {6, "abcd~"},
        {3, "a~"},
        {2, "~"},
        {1, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[16];
        memset(out, 'x', sizeof out);
        cb_textbuf text = cb_textbuf_over(out, rows[i].size);
        cb_textbuf_add(&text, "abc");
        cb_textbuf_add(&text, "def");
        assert_string_equal(out, rows[i].expected);
        for (size_t k = rows[i].size; k < sizeof out; k++) {
            assert_int_equal(out[k], 'x');
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(textbuf_appends_words_and_numbers),
        cmocka_unit_test(textbuf_prints_times_and_what_is_none),
        cmocka_unit_test(textbuf_marks_what_it_cuts),
    };
    return cmocka_run_group_tests_name("textbuf", tests, NULL, NULL);
}
