/* Fixed-point arithmetic and the strict decimal grammar. All intermediates are 128 bits wide;
 * a result that does not fit is refused, and digits are lost only where a rounding was named. */
#include "base/money.h"

#include "base/assert.h"

#define E8_UNSIGNED UINT64_C(100000000)
#define MAGNITUDE_OF_MIN (UINT64_C(1) << 63)

/* A decimal text taken apart; value is |number| * 1e8 as far as it fits. */
typedef struct decimal_parts {
    uint64_t magnitude;
    bool is_negative;
    bool is_too_big;
    bool is_too_fine;
} decimal_parts;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void decimal_push(decimal_parts *parts, unsigned digit)
{
    if (__builtin_mul_overflow(parts->magnitude, UINT64_C(10), &parts->magnitude) ||
        __builtin_add_overflow(parts->magnitude, (uint64_t)digit, &parts->magnitude)) {
        parts->is_too_big = true;
    }
}

/* Integer digits from at; returns the index after them, or at itself when the grammar is broken. */
static size_t decimal_scan_integer(decimal_parts *parts, const char *text, size_t size, size_t at)
{
    const size_t start = at;
    while (at < size && is_digit(text[at])) {
        decimal_push(parts, (unsigned)(text[at] - '0'));
        at++;
    }
    if (at - start > 1 && text[start] == '0') {
        return start;
    }
    return at;
}

/* Digits after the point; always brings the magnitude to eight decimals. */
static size_t decimal_scan_fraction(decimal_parts *parts, const char *text, size_t size, size_t at)
{
    size_t digits = 0;
    for (; at < size && is_digit(text[at]); at++, digits++) {
        const unsigned digit = (unsigned)(text[at] - '0');
        if (digits < CB_E8_DIGITS) {
            decimal_push(parts, digit);
        } else if (digit != 0) {
            parts->is_too_fine = true;
        }
    }
    for (; digits < CB_E8_DIGITS; digits++) {
        decimal_push(parts, 0);
    }
    return at;
}

static bool decimal_scan(decimal_parts *parts, const char *text, size_t size)
{
    size_t at = 0;
    if (size > 0 && text[0] == '-') {
        parts->is_negative = true;
        at = 1;
    }
    const size_t integer_end = decimal_scan_integer(parts, text, size, at);
    if (integer_end == at) {
        return false;
    }
    size_t end = integer_end;
    if (integer_end < size && text[integer_end] == '.') {
        end = integer_end + 1;
        if (end == size) {
            return false;
        }
    }
    return decimal_scan_fraction(parts, text, size, end) == size;
}

cb_status cb_decimal_parse(const char *text, size_t size, int64_t *out_e8, cb_err *err)
{
    CB_ASSERT(text != NULL || size == 0);
    CB_ASSERT(out_e8 != NULL);
    const int shown = size > 40 ? 40 : (int)size;
    decimal_parts parts = {0, false, false, false};
    if (!decimal_scan(&parts, text, size)) {
        return CB_FAIL(err, CB_E_SYNTAX, "not a plain decimal: \"%.*s\"", shown, size ? text : "");
    }
    if (parts.is_too_fine) {
        return CB_FAIL(err, CB_E_PRECISION, "more than 8 decimals: \"%.*s\"", shown, text);
    }
    const uint64_t limit = parts.is_negative ? MAGNITUDE_OF_MIN : (uint64_t)INT64_MAX;
    if (parts.is_too_big || parts.magnitude > limit) {
        return CB_FAIL(err, CB_E_RANGE, "decimal leaves int64 e8: \"%.*s\"", shown, text);
    }
    /* 0 - magnitude in unsigned arithmetic also makes INT64_MIN, which -(int64_t) could not. */
    const uint64_t bits = parts.is_negative ? 0 - parts.magnitude : parts.magnitude;
    *out_e8 = (int64_t)bits;
    return CB_OK;
}

/* Digits of the integer part, without sign; returns how many. */
static size_t print_integer(uint64_t value, char *out)
{
    char reversed[CB_DECIMAL_TEXT_MAX];
    size_t count = 0;
    do {
        reversed[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    for (size_t i = 0; i < count; i++) {
        out[i] = reversed[count - 1 - i];
    }
    return count;
}

static size_t print_fixed8(int64_t value_e8, char out[CB_DECIMAL_TEXT_MAX])
{
    size_t size = 0;
    uint64_t magnitude = (uint64_t)value_e8;
    if (value_e8 < 0) {
        magnitude = 0 - magnitude;
        out[size++] = '-';
    }
    size += print_integer(magnitude / E8_UNSIGNED, out + size);
    out[size++] = '.';
    uint64_t fraction = magnitude % E8_UNSIGNED;
    for (size_t i = CB_E8_DIGITS; i > 0; i--) {
        out[size + i - 1] = (char)('0' + fraction % 10);
        fraction /= 10;
    }
    size += CB_E8_DIGITS;
    CB_ASSERT(size < CB_DECIMAL_TEXT_MAX);
    return size;
}

size_t cb_decimal_print(int64_t value_e8, char out[CB_DECIMAL_TEXT_MAX])
{
    CB_ASSERT(out != NULL);
    size_t size = print_fixed8(value_e8, out);
    while (out[size - 1] == '0') {
        size--;
    }
    if (out[size - 1] == '.') {
        size--;
    }
    CB_ASSERT(size > 0);
    out[size] = '\0';
    return size;
}

size_t cb_decimal_print_fixed8(int64_t value_e8, char out[CB_DECIMAL_TEXT_MAX])
{
    CB_ASSERT(out != NULL);
    const size_t size = print_fixed8(value_e8, out);
    out[size] = '\0';
    return size;
}

cb_status cb_add_e8(int64_t a_e8, int64_t b_e8, int64_t *out_e8, cb_err *err)
{
    CB_ASSERT(out_e8 != NULL);
    int64_t sum = 0;
    if (__builtin_add_overflow(a_e8, b_e8, &sum)) {
        return CB_FAIL(err, CB_E_RANGE, "sum leaves int64");
    }
    *out_e8 = sum;
    return CB_OK;
}

cb_status cb_sub_e8(int64_t a_e8, int64_t b_e8, int64_t *out_e8, cb_err *err)
{
    CB_ASSERT(out_e8 != NULL);
    int64_t difference = 0;
    if (__builtin_sub_overflow(a_e8, b_e8, &difference)) {
        return CB_FAIL(err, CB_E_RANGE, "difference leaves int64");
    }
    *out_e8 = difference;
    return CB_OK;
}

static cb_u128 magnitude_of(cb_i128 value)
{
    return value < 0 ? (cb_u128)0 - (cb_u128)value : (cb_u128)value;
}

/* quotient + 1 where the rounding asks for it; remainder < divisor. */
static bool rounds_away(cb_u128 remainder, cb_u128 divisor, cb_rounding rounding)
{
    CB_ASSERT(remainder < divisor);
    CB_ASSERT((unsigned)rounding <= CB_ROUND_EXACT);
    switch (rounding) {
    case CB_ROUND_UP:
        return remainder != 0;
    case CB_ROUND_HALF_UP:
        /* remainder >= divisor / 2 without losing the half and without overflow */
        return remainder >= divisor - remainder;
    case CB_ROUND_DOWN:
    case CB_ROUND_EXACT:
    default:
        return false;
    }
}

/* numerator / denominator into int64 with the named rounding. */
static cb_status divide(
    cb_i128 numerator, int64_t denominator, cb_rounding rounding, int64_t *out, cb_err *err)
{
    if (denominator == 0) {
        return CB_FAIL(err, CB_E_RANGE, "division by zero");
    }
    const cb_u128 dividend = magnitude_of(numerator);
    const cb_u128 divisor = magnitude_of(denominator);
    const bool is_negative = (numerator < 0) != (denominator < 0);
    cb_u128 quotient = dividend / divisor;
    const cb_u128 remainder = dividend % divisor;
    if (rounding == CB_ROUND_EXACT && remainder != 0) {
        return CB_FAIL(err, CB_E_PRECISION, "the result has more digits than can be kept");
    }
    if (rounds_away(remainder, divisor, rounding)) {
        quotient++;
    }
    const cb_u128 limit = is_negative ? MAGNITUDE_OF_MIN : (uint64_t)INT64_MAX;
    if (quotient > limit) {
        return CB_FAIL(err, CB_E_RANGE, "the result leaves int64");
    }
    const uint64_t magnitude = (uint64_t)quotient;
    *out = (int64_t)(is_negative ? 0 - magnitude : magnitude);
    return CB_OK;
}

cb_status cb_mul_e8(int64_t a_e8, int64_t b_e8, cb_rounding rounding, int64_t *out_e8, cb_err *err)
{
    CB_ASSERT(out_e8 != NULL);
    return divide((cb_i128)a_e8 * b_e8, CB_E8, rounding, out_e8, err);
}

cb_status cb_div_e8(int64_t a_e8, int64_t b_e8, cb_rounding rounding, int64_t *out_e8, cb_err *err)
{
    CB_ASSERT(out_e8 != NULL);
    return divide((cb_i128)a_e8 * CB_E8, b_e8, rounding, out_e8, err);
}

cb_status cb_muldiv(int64_t value,
    int64_t numerator,
    int64_t denominator,
    cb_rounding rounding,
    int64_t *out,
    cb_err *err)
{
    CB_ASSERT(out != NULL);
    return divide((cb_i128)value * numerator, denominator, rounding, out, err);
}

cb_status cb_notional(cb_price price, cb_qty qty, cb_rounding rounding, cb_amount *out, cb_err *err)
{
    CB_ASSERT(out != NULL);
    return cb_mul_e8(price.e8, qty.e8, rounding, &out->e8, err);
}

cb_status cb_round_to_step(
    int64_t value_e8, int64_t step_e8, cb_rounding rounding, int64_t *out_e8, cb_err *err)
{
    CB_ASSERT(out_e8 != NULL);
    CB_ASSERT(step_e8 > 0);
    int64_t steps = 0;
    const cb_status status = divide(value_e8, step_e8, rounding, &steps, err);
    if (status != CB_OK) {
        return status;
    }
    int64_t result = 0;
    if (__builtin_mul_overflow(steps, step_e8, &result)) {
        return CB_FAIL(err, CB_E_RANGE, "the rounded value leaves int64");
    }
    *out_e8 = result;
    return CB_OK;
}
