/* The strict JSON scanner: its grammar, its readers and its bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "venue/json.h"

static cb_status check(const char *text)
{
    return cb_json_check(cb_sv_from(text), NULL);
}

static void json_check_accepts_the_grammar(void **state)
{
    (void)state;
    static const char *const texts[] = {"0",
        "-0",
        "1",
        "-1.5",
        "1e5",
        "1E+5",
        "0.1e-10",
        "\"\"",
        "\"a\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0041\"",
        "\"\\uD83D\\uDE00\"",
        "\"\\u0000\"",
        "true",
        "false",
        "null",
        "[]",
        "{}",
        "[1,2]",
        "{\"a\":1}",
        " \t\r\n[ 1 , {\"a\" : [ ] } ] \n",
        "\"\xC3\xA9\"",
        "\"\xE2\x82\xAC\"",
        "\"\xF0\x9F\x98\x80\"",
        "\"\xED\x9F\xBF\"",
        "\"\xF4\x8F\xBF\xBF\"",
        "\"\x7F\"",
        "{\"a\":1,\"a\":2}",
        "[[[[[[[[[[]]]]]]]]]]"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (check(texts[i]) != CB_OK) {
            fail_msg("refused: %s", texts[i]);
        }
    }
}

static void json_check_refuses_everything_else(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
        " ",
        "+1",
        "01",
        "-",
        "-a",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x1",
        "1 2",
        "NaN",
        "Infinity",
        "nul",
        "nulll",
        "True",
        "'a'",
        "\"",
        "\"a",
        "a",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12G4\"",
        "\"\\uD83D\"",
        "\"\\uD83Dx\"",
        "\"\\uD83D\\u0041\"",
        "\"\\uDE00\"",
        "\"\n\"",
        "\"\x01\"",
        "\"\xC3\"",
        "\"\xC0\x80\"",
        "\"\xE0\x80\x80\"",
        "\"\xED\xA0\x80\"",
        "\"\xF4\x90\x80\x80\"",
        "\"\xF8\x88\x80\x80\x80\"",
        "\"\x80\"",
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1}",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,}",
        "{,}",
        "{a:1}",
        "{1:2}",
        "{\"a\" 1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1]",
        "[]]",
        "{}{}",
        "\xEF\xBB\xBF[]",
        "// x\n1",
        "[1]x"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (check(texts[i]) != CB_E_SYNTAX) {
            fail_msg("accepted: %s", texts[i]);
        }
    }
}

static void json_check_ends_at_its_depth(void **state)
{
    (void)state;
    char text[2 * CB_JSON_DEPTH_MAX + 3];
    for (size_t depth = 1; depth <= CB_JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        const cb_strview view = {.at = text, .size = 2 * depth};
        assert_int_equal(cb_json_check(view, NULL), depth <= CB_JSON_DEPTH_MAX ? CB_OK : CB_E_FULL);
    }
}

static void json_never_reads_past_the_end(void **state)
{
    (void)state;
    static const char whole[] = "{\"key\":\"a long enough text \xE2\x82\xAC \\uD83D\\uDE00\",\"n\":"
                                "-12.5e+10,\"l\":[true,false,null]}";
    const size_t size = sizeof(whole) - 1;
    for (size_t cut = 0; cut <= size; cut++) {
        /* A heap copy of exactly this size: a sanitizer sees a byte too much. */
        char *copy = malloc(cut + (cut == 0 ? 1 : 0));
        assert_non_null(copy);
        memcpy(copy, whole, cut);
        const cb_status status = cb_json_check((cb_strview){.at = copy, .size = cut}, NULL);
        free(copy);
        assert_int_equal(status, cut == size ? CB_OK : CB_E_SYNTAX);
    }
}

static void json_readers_give_values_in_order(void **state)
{
    (void)state;
    cb_json json;
    cb_strview key;
    cb_strview word;
    uint64_t unsigned_value = 0;
    int64_t signed_value = 0;
    int64_t decimal_e8 = 0;
    bool truth = false;
    cb_json_init(&json,
        CB_SV(
            "{\"w\":\"word\",\"u\":18446744073709551615,\"i\":-9223372036854775807,\"d\":\"1.25\","
            "\"n\":0.5,\"b\":true,\"z\":null,\"l\":[1,[2]],\"e\":{}}"));
    assert_true(cb_json_enter_object(&json));
    assert_true(cb_json_next_key(&json, &key) && cb_sv_is(key, "w"));
    assert_true(cb_json_word(&json, &word) && cb_sv_is(word, "word"));
    assert_true(cb_json_next_key(&json, &key) && cb_json_u64(&json, &unsigned_value));
    assert_true(unsigned_value == UINT64_MAX);
    assert_true(cb_json_next_key(&json, &key) && cb_json_i64(&json, &signed_value));
    assert_true(signed_value == -INT64_MAX);
    assert_true(cb_json_next_key(&json, &key) && cb_json_decimal(&json, &decimal_e8));
    assert_true(decimal_e8 == 125000000);
    assert_true(cb_json_next_key(&json, &key) && cb_json_decimal(&json, &decimal_e8));
    assert_true(decimal_e8 == 50000000);
    assert_true(cb_json_next_key(&json, &key) && cb_json_bool(&json, &truth) && truth);
    assert_true(cb_json_next_key(&json, &key) && cb_json_null(&json));
    assert_true(cb_json_next_key(&json, &key) && cb_json_skip(&json));
    assert_true(cb_json_next_key(&json, &key) && cb_json_enter_object(&json));
    assert_false(cb_json_next_key(&json, &key));
    assert_false(cb_json_next_key(&json, &key));
    assert_int_equal(cb_json_finish(&json, "test", NULL), CB_OK);
}

static void json_failures_stick_and_name_their_place(void **state)
{
    (void)state;
    cb_json json;
    cb_err err;
    uint64_t value = 0;
    cb_json_init(&json, CB_SV("[-1,2]"));
    assert_true(cb_json_enter_array(&json));
    assert_true(cb_json_next_item(&json));
    assert_false(cb_json_u64(&json, &value));
    assert_false(cb_json_next_item(&json));
    assert_false(cb_json_skip(&json));
    assert_int_equal(cb_json_peek(&json), CB_JSON_NONE);
    assert_int_equal(cb_json_finish(&json, "thing", &err), CB_E_RANGE);
    assert_non_null(strstr(err.text, "thing"));
    assert_non_null(strstr(err.text, "at byte 3"));
}

static void json_integers_refuse_what_is_none(void **state)
{
    (void)state;
    static const char *const texts[] = {"1.0", "1e3", "-1", "18446744073709551616"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        cb_json json;
        uint64_t value = 77;
        cb_json_init(&json, cb_sv_from(texts[i]));
        assert_false(cb_json_u64(&json, &value));
        assert_true(value == 77);
    }
    cb_json json;
    int64_t value = 0;
    cb_json_init(&json, CB_SV("-9223372036854775809"));
    assert_false(cb_json_i64(&json, &value));
}

static void json_decimals_are_exact_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        cb_status status;
        int64_t value_e8;
    } rows[] = {{"\"61837.63000000\"", CB_OK, INT64_C(6183763000000)},
        {"\"-0.5\"", CB_OK, -50000000},
        {"\"0.123456780\"", CB_OK, 12345678},
        {"\"0.123456789\"", CB_E_PRECISION, 0},
        {"\"99999999999999\"", CB_E_RANGE, 0},
        {"\"1e3\"", CB_E_SYNTAX, 0},
        {"1e3", CB_E_SYNTAX, 0},
        {"\"\"", CB_E_SYNTAX, 0},
        {"\" 1\"", CB_E_SYNTAX, 0},
        {"true", CB_E_SYNTAX, 0},
        {"\"\\u0031\"", CB_E_SYNTAX, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cb_json json;
        int64_t value_e8 = 0;
        cb_json_init(&json, cb_sv_from(rows[i].text));
        const bool is_read = cb_json_decimal(&json, &value_e8);
        assert_int_equal(cb_json_finish(&json, "decimal", NULL), rows[i].status);
        assert_int_equal(is_read, rows[i].status == CB_OK);
        assert_true(value_e8 == rows[i].value_e8);
    }
}

static void json_text_is_unescaped_and_never_cut(void **state)
{
    (void)state;
    cb_json json;
    char out[8];
    cb_json_init(&json, CB_SV("\"a\\u20ACb\\n\""));
    assert_true(cb_json_text(&json, out, sizeof(out)));
    assert_string_equal(out,
        "a\xE2\x82\xAC"
        "b\n");
    cb_json_init(&json, CB_SV("\"1234567\""));
    assert_true(cb_json_text(&json, out, sizeof(out)));
    cb_json_init(&json, CB_SV("\"12345678\""));
    assert_false(cb_json_text(&json, out, sizeof(out)));
    assert_int_equal(json.status, CB_E_FULL);
    assert_string_equal(out, "");
    cb_json_init(&json, CB_SV("\"a\\u0000b\""));
    assert_false(cb_json_text(&json, out, sizeof(out)));
    cb_json_init(&json, CB_SV("\"123456\xE2\x82\xAC\""));
    assert_true(cb_json_text_cut(&json, out, sizeof(out)));
    assert_string_equal(out, "123456"); /* not half a character */
}

static void json_words_have_no_escapes(void **state)
{
    (void)state;
    cb_json json;
    cb_strview word;
    cb_json_init(&json, CB_SV("\"BUY\\u0059\""));
    assert_false(cb_json_word(&json, &word));
    cb_json_init(&json, CB_SV("\"BUY\""));
    assert_true(cb_json_word(&json, &word));
}

static void json_once_refuses_a_second_time(void **state)
{
    (void)state;
    cb_json json;
    uint64_t seen = 0;
    cb_json_init(&json, CB_SV("{}"));
    assert_true(cb_json_once(&json, &seen, 0));
    assert_true(cb_json_once(&json, &seen, 63));
    assert_true(cb_json_require(&json, seen, (UINT64_C(1) << 63) | 1U, "both"));
    assert_false(cb_json_once(&json, &seen, 63));
    assert_int_equal(json.status, CB_E_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_check_accepts_the_grammar),
        cmocka_unit_test(json_check_refuses_everything_else),
        cmocka_unit_test(json_check_ends_at_its_depth),
        cmocka_unit_test(json_never_reads_past_the_end),
        cmocka_unit_test(json_readers_give_values_in_order),
        cmocka_unit_test(json_failures_stick_and_name_their_place),
        cmocka_unit_test(json_integers_refuse_what_is_none),
        cmocka_unit_test(json_decimals_are_exact_or_refused),
        cmocka_unit_test(json_text_is_unescaped_and_never_cut),
        cmocka_unit_test(json_words_have_no_escapes),
        cmocka_unit_test(json_once_refuses_a_second_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
