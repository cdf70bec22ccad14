/* Decimal grammar and checked arithmetic, held against slow references that work on digit strings:
 * they share no code and no idea with the code under test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/money.h"
#include "base/prng.h"

#define TEXT_MAX 96

/* ---- a slow big integer: decimal digits, least significant first ---- */
#define DIGITS_MAX 128
typedef struct big {
    bool is_negative;
    int digits[DIGITS_MAX];
} big;

static void big_from_i64(big *out, int64_t value)
{
    memset(out, 0, sizeof(*out));
    out->is_negative = value < 0;
    for (int i = 0; value != 0; i++) {
        const int digit = (int)(value % 10);
        out->digits[i] = digit < 0 ? -digit : digit;
        value /= 10;
    }
}

static int big_compare_size(const big *a, const big *b)
{
    for (int i = DIGITS_MAX - 1; i >= 0; i--) {
        if (a->digits[i] != b->digits[i]) {
            return a->digits[i] < b->digits[i] ? -1 : 1;
        }
    }
    return 0;
}

static bool big_is_zero(const big *a)
{
    for (int i = 0; i < DIGITS_MAX; i++) {
        if (a->digits[i] != 0) {
            return false;
        }
    }
    return true;
}

static void big_multiply(const big *a, const big *b, big *out)
{
    memset(out, 0, sizeof(*out));
    for (int i = 0; i < DIGITS_MAX / 2; i++) {
        for (int j = 0; j < DIGITS_MAX / 2; j++) {
            out->digits[i + j] += a->digits[i] * b->digits[j];
        }
    }
    for (int i = 0; i + 1 < DIGITS_MAX; i++) {
        out->digits[i + 1] += out->digits[i] / 10;
        out->digits[i] %= 10;
    }
    out->is_negative = a->is_negative != b->is_negative;
}

/* a -= b, sizes only, a >= b */
static void big_subtract_size(big *a, const big *b)
{
    int borrow = 0;
    for (int i = 0; i < DIGITS_MAX; i++) {
        int digit = a->digits[i] - b->digits[i] - borrow;
        borrow = digit < 0 ? 1 : 0;
        a->digits[i] = digit + (borrow != 0 ? 10 : 0);
    }
}

static void big_add_one(big *a)
{
    for (int i = 0; i < DIGITS_MAX; i++) {
        if (a->digits[i] < 9) {
            a->digits[i]++;
            return;
        }
        a->digits[i] = 0;
    }
}

/* Schoolbook division of sizes, digit by digit. */
static void big_divide_size(const big *a, const big *b, big *quotient, big *remainder)
{
    memset(quotient, 0, sizeof(*quotient));
    memset(remainder, 0, sizeof(*remainder));
    for (int i = DIGITS_MAX - 1; i >= 0; i--) {
        memmove(&remainder->digits[1],
            &remainder->digits[0],
            (DIGITS_MAX - 1) * sizeof(remainder->digits[0]));
        remainder->digits[0] = a->digits[i];
        while (big_compare_size(remainder, b) >= 0) {
            big_subtract_size(remainder, b);
            quotient->digits[i]++;
        }
    }
}

/* False when the value leaves int64. */
static bool big_to_i64(const big *a, int64_t *out)
{
    uint64_t size = 0;
    for (int i = DIGITS_MAX - 1; i >= 0; i--) {
        if (size > (UINT64_C(1) << 63) / 10) {
            return false;
        }
        size = size * 10 + (uint64_t)a->digits[i];
        if (size > (UINT64_C(1) << 63)) {
            return false;
        }
    }
    if (a->is_negative) {
        *out = (int64_t)(0 - size);
        return true;
    }
    if (size > (uint64_t)INT64_MAX) {
        return false;
    }
    *out = (int64_t)size;
    return true;
}

/* a * b / c with rounding, by hand. */
static cb_status reference_muldiv(
    int64_t a, int64_t b, int64_t c, cb_rounding rounding, int64_t *out)
{
    big x;
    big y;
    big z;
    big product;
    big quotient;
    big remainder;
    if (c == 0) {
        return CB_E_RANGE;
    }
    big_from_i64(&x, a);
    big_from_i64(&y, b);
    big_from_i64(&z, c);
    big_multiply(&x, &y, &product);
    big_divide_size(&product, &z, &quotient, &remainder);
    quotient.is_negative = product.is_negative != z.is_negative;
    if (rounding == CB_ROUND_EXACT && !big_is_zero(&remainder)) {
        return CB_E_PRECISION;
    }
    big two;
    big twice;
    big_from_i64(&two, 2);
    big_multiply(&remainder, &two, &twice);
    const bool is_half = big_compare_size(&twice, &z) >= 0;
    if ((rounding == CB_ROUND_UP && !big_is_zero(&remainder)) ||
        (rounding == CB_ROUND_HALF_UP && is_half)) {
        big_add_one(&quotient);
    }
    return big_to_i64(&quotient, out) ? CB_OK : CB_E_RANGE;
}

static int64_t random_i64(cb_prng *prng)
{
    static const int64_t special[] = {0,
        1,
        -1,
        99999999,
        100000000,
        100000001,
        50000000,
        INT64_MAX,
        INT64_MIN,
        INT64_MAX - 1,
        INT64_MIN + 1,
        3037000500};
    if (cb_prng_below(prng, 4) == 0) {
        return special[cb_prng_below(prng, sizeof(special) / sizeof(special[0]))];
    }
    const uint64_t bits = cb_prng_next(prng) >> cb_prng_below(prng, 64);
    return cb_prng_below(prng, 2) == 0 ? (int64_t)bits : (int64_t)(0 - bits);
}

/* ---- parsing: the table ---- */
typedef struct parse_case {
    const char *text;
    cb_status status;
    int64_t e8;
} parse_case;

static void decimal_parse_follows_its_grammar(void **unused)
{
    (void)unused;
    static const parse_case cases[] = {
        {"0", CB_OK, 0},
        {"-0", CB_OK, 0},
        {"0.0", CB_OK, 0},
        {"1", CB_OK, 100000000},
        {"0.1", CB_OK, 10000000},
        {"-3", CB_OK, -300000000},
        {"0.00000001", CB_OK, 1},
        {"-0.00000001", CB_OK, -1},
        {"61685.99000000", CB_OK, 6168599000000},
        {"1.0000000000000000000000000000000000", CB_OK, 100000000},
        {"92233720368.54775807", CB_OK, INT64_MAX},
        {"-92233720368.54775808", CB_OK, INT64_MIN},
        {"92233720368.547758070", CB_OK, INT64_MAX},
        {"92233720368.54775808", CB_E_RANGE, 0},
        {"-92233720368.54775809", CB_E_RANGE, 0},
        {"92233720369", CB_E_RANGE, 0},
        {"184467440737.09551616", CB_E_RANGE, 0},
        {"99999999999999999999999999999999", CB_E_RANGE, 0},
        {"0.000000001", CB_E_PRECISION, 0},
        {"0.123456789", CB_E_PRECISION, 0},
        {"0.1234567800001", CB_E_PRECISION, 0},
        {"", CB_E_SYNTAX, 0},
        {"-", CB_E_SYNTAX, 0},
        {".", CB_E_SYNTAX, 0},
        {".5", CB_E_SYNTAX, 0},
        {"5.", CB_E_SYNTAX, 0},
        {"-.5", CB_E_SYNTAX, 0},
        {"00", CB_E_SYNTAX, 0},
        {"01", CB_E_SYNTAX, 0},
        {"-01.5", CB_E_SYNTAX, 0},
        {"+1", CB_E_SYNTAX, 0},
        {"--1", CB_E_SYNTAX, 0},
        {"1e5", CB_E_SYNTAX, 0},
        {"1E5", CB_E_SYNTAX, 0},
        {"0x1", CB_E_SYNTAX, 0},
        {"1,5", CB_E_SYNTAX, 0},
        {"1.2.3", CB_E_SYNTAX, 0},
        {" 1", CB_E_SYNTAX, 0},
        {"1 ", CB_E_SYNTAX, 0},
        {"1\n", CB_E_SYNTAX, 0},
        {"NaN", CB_E_SYNTAX, 0},
        {"Infinity", CB_E_SYNTAX, 0},
        {"1_000", CB_E_SYNTAX, 0},
        {"\xc2\xb2", CB_E_SYNTAX, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cb_err err;
        int64_t value = 4711;
        const cb_status status =
            cb_decimal_parse(cases[i].text, strlen(cases[i].text), &value, &err);
        if (status != cases[i].status) {
            fail_msg("\"%s\": %s", cases[i].text, cb_status_name(status));
        }
        assert_int_equal(value, status == CB_OK ? cases[i].e8 : 4711);
        if (status != CB_OK) {
            assert_int_equal(err.code, status);
            assert_true(strlen(err.text) > 0);
        }
    }
}

static void decimal_parse_stops_at_the_given_size(void **unused)
{
    (void)unused;
    int64_t value = 0;
    assert_int_equal(cb_decimal_parse("12.5,7", 4, &value, NULL), CB_OK);
    assert_int_equal(value, 1250000000);
    assert_int_equal(cb_decimal_parse("12.5\0", 5, &value, NULL), CB_E_SYNTAX);
    assert_int_equal(cb_decimal_parse(NULL, 0, &value, NULL), CB_E_SYNTAX);
}

/* The grammar once more, as a plain scan over a copy padded to a fixed form. */
static cb_status reference_parse(const char *text, size_t size, int64_t *out)
{
    const bool is_negative = size > 0 && text[0] == '-';
    const char *at = text + (is_negative ? 1 : 0);
    const char *end = text + size;
    const char *point = memchr(text, '.', size);
    const char *integer_end = point == NULL ? end : point;
    const size_t integer_size = (size_t)(integer_end - at);
    const size_t fraction_size = point == NULL ? 0 : (size_t)(end - point) - 1;
    if (at > integer_end || integer_size == 0 || (point != NULL && fraction_size == 0) ||
        (integer_size > 1 && at[0] == '0')) {
        return CB_E_SYNTAX;
    }
    for (const char *c = at; c != end; c++) {
        if (c != point && (*c < '0' || *c > '9')) {
            return CB_E_SYNTAX;
        }
    }
    big value;
    memset(&value, 0, sizeof(value));
    value.is_negative = is_negative;
    for (size_t i = 0; i < fraction_size; i++) {
        if (i >= 8 && point[1 + i] != '0') {
            return CB_E_PRECISION;
        }
        if (i < 8) {
            value.digits[7 - i] = point[1 + i] - '0';
        }
    }
    for (size_t i = 0; i < integer_size; i++) {
        value.digits[8 + i] = integer_end[-1 - (long)i] - '0';
    }
    return big_to_i64(&value, out) ? CB_OK : CB_E_RANGE;
}

static size_t random_decimal_text(cb_prng *prng, char *out)
{
    static const char alphabet[] = "0123456789012345678900000..--+e ";
    const size_t size = (size_t)cb_prng_below(prng, 32);
    const bool is_wild = cb_prng_below(prng, 4) == 0;
    size_t used = 0;
    if (cb_prng_below(prng, 3) == 0) {
        out[used++] = '-';
    }
    const size_t point = (size_t)cb_prng_below(prng, 14);
    for (size_t i = 0; i < size; i++) {
        if (!is_wild && i == point) {
            out[used++] = '.';
            continue;
        }
        const uint64_t bound = is_wild ? sizeof(alphabet) - 1 : 25;
        out[used++] = alphabet[cb_prng_below(prng, bound)];
    }
    return used;
}

static void decimal_parse_equals_a_slow_reference(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 7);
    int seen[CB_STATUS_COUNT] = {0};
    for (int round = 0; round < 200000; round++) {
        char text[TEXT_MAX] = "";
        const size_t size = random_decimal_text(&prng, text);
        int64_t value = 0;
        int64_t wanted = 0;
        const cb_status status = cb_decimal_parse(text, size, &value, NULL);
        const cb_status wanted_status = reference_parse(text, size, &wanted);
        if (status != wanted_status || (status == CB_OK && value != wanted)) {
            fail_msg("\"%.*s\": %s, %lld instead of %s, %lld",
                (int)size,
                text,
                cb_status_name(status),
                (long long)value,
                cb_status_name(wanted_status),
                (long long)wanted);
        }
        seen[status]++;
    }
    /* The random texts must reach every outcome, or the test shows nothing. */
    assert_true(seen[CB_OK] > 1000);
    assert_true(seen[CB_E_SYNTAX] > 1000);
    assert_true(seen[CB_E_PRECISION] > 1000);
    assert_true(seen[CB_E_RANGE] > 1000);
}

/* ---- printing ---- */
static void decimal_print_is_the_shortest_exact_text(void **unused)
{
    (void)unused;
    static const parse_case cases[] = {
        {"0", CB_OK, 0},
        {"0.1", CB_OK, 10000000},
        {"-3", CB_OK, -300000000},
        {"100", CB_OK, 10000000000},
        {"0.00000001", CB_OK, 1},
        {"-0.00000001", CB_OK, -1},
        {"92233720368.54775807", CB_OK, INT64_MAX},
        {"-92233720368.54775808", CB_OK, INT64_MIN},
        {"61685.99", CB_OK, 6168599000000},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[CB_DECIMAL_TEXT_MAX];
        const size_t size = cb_decimal_print(cases[i].e8, text);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(size, strlen(text));
    }
}

static void decimal_print_fixed8_has_eight_decimals(void **unused)
{
    (void)unused;
    char text[CB_DECIMAL_TEXT_MAX];
    assert_int_equal(cb_decimal_print_fixed8(10000000, text), 10);
    assert_string_equal(text, "0.10000000");
    (void)cb_decimal_print_fixed8(-1, text);
    assert_string_equal(text, "-0.00000001");
    (void)cb_decimal_print_fixed8(0, text);
    assert_string_equal(text, "0.00000000");
    assert_int_equal(cb_decimal_print_fixed8(INT64_MIN, text), 21);
    assert_string_equal(text, "-92233720368.54775808");
}

static void what_is_printed_parses_back_to_the_same_value(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 11);
    for (int round = 0; round < 100000; round++) {
        const int64_t value = random_i64(&prng);
        char text[CB_DECIMAL_TEXT_MAX];
        int64_t back = 0;
        const size_t size = cb_decimal_print(value, text);
        assert_int_equal(cb_decimal_parse(text, size, &back, NULL), CB_OK);
        assert_int_equal(back, value);
        const size_t fixed_size = cb_decimal_print_fixed8(value, text);
        assert_int_equal(cb_decimal_parse(text, fixed_size, &back, NULL), CB_OK);
        assert_int_equal(back, value);
        assert_true(size <= fixed_size);
    }
}

/* ---- arithmetic ---- */
static void add_and_sub_refuse_what_leaves_int64(void **unused)
{
    (void)unused;
    int64_t value = 5;
    assert_int_equal(cb_add_e8(INT64_MAX, 1, &value, NULL), CB_E_RANGE);
    assert_int_equal(cb_add_e8(INT64_MIN, -1, &value, NULL), CB_E_RANGE);
    assert_int_equal(cb_sub_e8(INT64_MIN, 1, &value, NULL), CB_E_RANGE);
    assert_int_equal(cb_sub_e8(0, INT64_MIN, &value, NULL), CB_E_RANGE);
    assert_int_equal(value, 5);
    assert_int_equal(cb_add_e8(INT64_MAX, INT64_MIN, &value, NULL), CB_OK);
    assert_int_equal(value, -1);
    assert_int_equal(cb_sub_e8(-1, INT64_MIN, &value, NULL), CB_OK);
    assert_int_equal(value, INT64_MAX);
}

typedef struct round_case {
    int64_t value;
    int64_t down;
    int64_t up;
    int64_t half_up;
} round_case;

static void rounding_does_what_its_name_says(void **unused)
{
    (void)unused;
    /* value / 10 */
    static const round_case cases[] = {
        {14, 1, 2, 1},
        {15, 1, 2, 2},
        {16, 1, 2, 2},
        {20, 2, 2, 2},
        {-14, -1, -2, -1},
        {-15, -1, -2, -2},
        {-16, -1, -2, -2},
        {0, 0, 0, 0},
        {1, 0, 1, 0},
        {-1, 0, -1, 0},
        {5, 0, 1, 1},
        {-5, 0, -1, -1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t out = 0;
        assert_int_equal(cb_muldiv(cases[i].value, 1, 10, CB_ROUND_DOWN, &out, NULL), CB_OK);
        assert_int_equal(out, cases[i].down);
        assert_int_equal(cb_muldiv(cases[i].value, 1, 10, CB_ROUND_UP, &out, NULL), CB_OK);
        assert_int_equal(out, cases[i].up);
        assert_int_equal(cb_muldiv(cases[i].value, 1, 10, CB_ROUND_HALF_UP, &out, NULL), CB_OK);
        assert_int_equal(out, cases[i].half_up);
        const bool is_exact = cases[i].value % 10 == 0;
        assert_int_equal(cb_muldiv(cases[i].value, 1, 10, CB_ROUND_EXACT, &out, NULL),
            is_exact ? CB_OK : CB_E_PRECISION);
    }
}

static void muldiv_equals_a_slow_reference(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 13);
    int refused = 0;
    for (int round = 0; round < 15000; round++) {
        const int64_t a = random_i64(&prng);
        const int64_t b = random_i64(&prng);
        const int64_t c = random_i64(&prng);
        const cb_rounding rounding = (cb_rounding)cb_prng_below(&prng, CB_ROUND_EXACT + 1);
        int64_t out = 99;
        int64_t wanted = 99;
        const cb_status status = cb_muldiv(a, b, c, rounding, &out, NULL);
        assert_int_equal(status, reference_muldiv(a, b, c, rounding, &wanted));
        assert_int_equal(out, wanted);
        refused += status != CB_OK ? 1 : 0;
    }
    assert_in_range(refused, 500, 14500);
}

static void mul_and_div_scale_by_e8(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 17);
    for (int round = 0; round < 8000; round++) {
        const int64_t a = random_i64(&prng);
        const int64_t b = random_i64(&prng);
        const cb_rounding rounding = (cb_rounding)cb_prng_below(&prng, CB_ROUND_EXACT + 1);
        int64_t out = 99;
        int64_t wanted = 99;
        assert_int_equal(cb_mul_e8(a, b, rounding, &out, NULL),
            reference_muldiv(a, b, CB_E8, rounding, &wanted));
        assert_int_equal(out, wanted);
        assert_int_equal(cb_div_e8(a, b, rounding, &out, NULL),
            reference_muldiv(a, CB_E8, b, rounding, &wanted));
        assert_int_equal(out, wanted);
    }
}

static void notional_multiplies_price_by_quantity(void **unused)
{
    (void)unused;
    cb_amount out = {0};
    const cb_price price = {6168599000000}; /* 61685.99 */
    assert_int_equal(
        cb_notional(price, (cb_qty){12345}, CB_ROUND_EXACT, &out, NULL), CB_E_PRECISION);
    assert_int_equal(cb_notional(price, (cb_qty){12345}, CB_ROUND_HALF_UP, &out, NULL), CB_OK);
    assert_int_equal(out.e8, 761513547); /* 7.6151354655 */
    assert_int_equal(cb_notional(price, (cb_qty){12345}, CB_ROUND_DOWN, &out, NULL), CB_OK);
    assert_int_equal(out.e8, 761513546);
    assert_int_equal(
        cb_notional((cb_price){INT64_MAX}, (cb_qty){100000001}, CB_ROUND_DOWN, &out, NULL),
        CB_E_RANGE);
    assert_int_equal(
        cb_notional((cb_price){INT64_MAX}, (cb_qty){CB_E8}, CB_ROUND_EXACT, &out, NULL), CB_OK);
    assert_int_equal(out.e8, INT64_MAX);
}

static void round_to_step_gives_multiples(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 19);
    for (int round = 0; round < 20000; round++) {
        const int64_t value = random_i64(&prng) / 4;
        const int64_t step = (int64_t)(cb_prng_below(&prng, 1000000000) + 1);
        int64_t down = 0;
        int64_t up = 0;
        int64_t near = 0;
        assert_int_equal(cb_round_to_step(value, step, CB_ROUND_DOWN, &down, NULL), CB_OK);
        assert_int_equal(cb_round_to_step(value, step, CB_ROUND_UP, &up, NULL), CB_OK);
        assert_int_equal(cb_round_to_step(value, step, CB_ROUND_HALF_UP, &near, NULL), CB_OK);
        assert_int_equal(down % step, 0);
        assert_int_equal(up % step, 0);
        assert_true(value >= 0 ? down <= value && value <= up : up <= value && value <= down);
        assert_true(up == down || up - down == (value >= 0 ? step : -step));
        assert_true(near == down || near == up);
        const int64_t distance = near > value ? near - value : value - near;
        assert_true(2 * distance <= step);
        const bool is_multiple = value % step == 0;
        assert_int_equal(cb_round_to_step(value, step, CB_ROUND_EXACT, &near, NULL),
            is_multiple ? CB_OK : CB_E_PRECISION);
    }
    int64_t out = 0;
    assert_int_equal(cb_round_to_step(INT64_MAX, 10, CB_ROUND_UP, &out, NULL), CB_E_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimal_parse_follows_its_grammar),
        cmocka_unit_test(decimal_parse_stops_at_the_given_size),
        cmocka_unit_test(decimal_parse_equals_a_slow_reference),
        cmocka_unit_test(decimal_print_is_the_shortest_exact_text),
        cmocka_unit_test(decimal_print_fixed8_has_eight_decimals),
        cmocka_unit_test(what_is_printed_parses_back_to_the_same_value),
        cmocka_unit_test(add_and_sub_refuse_what_leaves_int64),
        cmocka_unit_test(rounding_does_what_its_name_says),
        cmocka_unit_test(muldiv_equals_a_slow_reference),
        cmocka_unit_test(mul_and_div_scale_by_e8),
        cmocka_unit_test(notional_multiplies_price_by_quantity),
        cmocka_unit_test(round_to_step_gives_multiples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
