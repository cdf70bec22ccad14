/* Text into tokens. Blanks and line ends separate; `#` begins a comment up to the line's end. */
#include <string.h>

#include "expr/expr_internal.h"

#define DIGITS_MAX 15 /* so many digits are exact in a double */
#define SCALE_MAX 22  /* and so is this power of ten */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static char at_or_end(cb_strview text, size_t at)
{
    return at < text.size ? text.at[at] : '\0';
}

static expr_token *add(cb_expr_work *work, expr_token_kind kind, size_t at, size_t size)
{
    CB_ASSERT(work->tokens_count < EXPR_TOKENS_MAX);
    CB_ASSERT(at + size <= work->text.size);
    expr_token *token = &work->tokens[work->tokens_count++];
    *token = (expr_token){.at = (uint32_t)at, .size = (uint16_t)size, .kind = (uint8_t)kind};
    return token;
}

/* ---- numbers ---- */

typedef struct number {
    uint64_t digits;
    uint32_t digits_count;
    int32_t scale; /* times ten to this */
} number;

static void take_digit(number *out, char digit, bool is_fraction)
{
    if (out->digits_count > 0 || digit != '0') {
        out->digits_count++;
    }
    if (out->digits_count <= DIGITS_MAX) {
        out->digits = out->digits * 10U + (uint64_t)(digit - '0');
        out->scale -= is_fraction ? 1 : 0;
    }
}

/* "e-3"; returns where the number ends. */
static size_t take_exponent(cb_strview text, size_t at, number *out)
{
    const size_t sign = at + 1;
    const bool has_sign = at_or_end(text, sign) == '-' || at_or_end(text, sign) == '+';
    size_t end = has_sign ? sign + 1 : sign;
    if (!is_digit(at_or_end(text, end))) {
        return at;
    }
    int32_t exponent = 0;
    for (; is_digit(at_or_end(text, end)); end++) {
        exponent = exponent < 1000 ? exponent * 10 + (text.at[end] - '0') : exponent;
    }
    out->scale += at_or_end(text, sign) == '-' ? -exponent : exponent;
    return end;
}

/* Digits and scale are exact doubles within these limits, so one operation rounds correctly. */
static bool number_value(const number *in, double *out)
{
    static const double tens[] = {1e0,
        1e1,
        1e2,
        1e3,
        1e4,
        1e5,
        1e6,
        1e7,
        1e8,
        1e9,
        1e10,
        1e11,
        1e12,
        1e13,
        1e14,
        1e15,
        1e16,
        1e17,
        1e18,
        1e19,
        1e20,
        1e21,
        1e22};
    _Static_assert(sizeof tens / sizeof tens[0] == SCALE_MAX + 1, "one for each scale");
    if (in->digits_count > DIGITS_MAX || in->scale > SCALE_MAX || in->scale < -SCALE_MAX) {
        return false;
    }
    *out = in->scale < 0 ? (double)in->digits / tens[-in->scale]
                         : (double)in->digits * tens[in->scale];
    return true;
}

static uint32_t unit_seconds(char unit)
{
    switch (unit) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    default:
        return 0;
    }
}

/* "5m", "4h", "1d": what follows the digits is one unit and no further letter. */
static bool lex_interval(cb_expr_work *work, size_t at, size_t unit, const number *count)
{
    const uint32_t seconds = unit_seconds(work->text.at[unit]);
    const size_t size = unit + 1 - at;
    if (seconds == 0 || is_letter(at_or_end(work->text, unit + 1)) ||
        is_digit(at_or_end(work->text, unit + 1))) {
        return expr_fail_at(work, at, size, "a number and a letter are no word") ||
               expr_hint(work, "timeframes are written 5m, 4h or 1d");
    }
    if (count->digits_count > 6 || count->digits == 0 || count->digits * seconds > 86400U) {
        return expr_fail_at(work, at, size, "a timeframe is at most one day, and not nothing");
    }
    add(work, EXPR_TOKEN_INTERVAL, at, size)->interval_s = (uint32_t)count->digits * seconds;
    return true;
}

static size_t scan_number(cb_strview text, size_t at, number *out, bool *is_whole)
{
    size_t end = at;
    for (; is_digit(at_or_end(text, end)); end++) {
        take_digit(out, text.at[end], false);
    }
    *is_whole = true;
    if (at_or_end(text, end) == '.' && is_digit(at_or_end(text, end + 1))) {
        *is_whole = false;
        for (end++; is_digit(at_or_end(text, end)); end++) {
            take_digit(out, text.at[end], true);
        }
    }
    if (at_or_end(text, end) == 'e' || at_or_end(text, end) == 'E') {
        const size_t before = end;
        end = take_exponent(text, end, out);
        *is_whole = *is_whole && end == before;
    }
    return end;
}

static bool lex_number(cb_expr_work *work, size_t at, size_t *end)
{
    number found = {0};
    bool is_whole = false;
    double value = 0;
    *end = scan_number(work->text, at, &found, &is_whole);
    CB_ASSERT(*end > at);
    _Static_assert(CB_EXPR_TEXT_MAX < UINT16_MAX, "a token's size fits its member");
    if (is_letter(at_or_end(work->text, *end))) {
        *end += 1;
        if (is_whole) {
            return lex_interval(work, at, *end - 1, &found);
        }
        return expr_fail_at(work, at, *end - at, "a number and a letter are no word");
    }
    if (!number_value(&found, &value)) {
        return expr_fail_at(
            work, at, *end - at, "at most %d digits and 22 places are kept exactly", DIGITS_MAX);
    }
    add(work, EXPR_TOKEN_NUMBER, at, *end - at)->number = value;
    return true;
}

/* ---- the rest ---- */

static bool lex_name(cb_expr_work *work, size_t at, size_t *end)
{
    *end = at;
    while (is_letter(at_or_end(work->text, *end)) || is_digit(at_or_end(work->text, *end))) {
        (*end)++;
    }
    if (*end - at >= CB_EXPR_NAME_MAX) {
        return expr_fail_at(
            work, at, *end - at, "a name has at most %d letters", CB_EXPR_NAME_MAX - 1);
    }
    add(work, EXPR_TOKEN_NAME, at, *end - at);
    return true;
}

static bool lex_string(cb_expr_work *work, size_t at, size_t *end)
{
    *end = at + 1;
    while (*end < work->text.size && work->text.at[*end] != '"' && work->text.at[*end] != '\n') {
        (*end)++;
    }
    if (at_or_end(work->text, *end) != '"') {
        return expr_fail_at(work, at, *end - at, "the quotation mark is not closed on its line");
    }
    (*end)++;
    if (*end - at > CB_EXPR_NAME_MAX) {
        return expr_fail_at(work, at, *end - at, "such a long text means nothing here");
    }
    add(work, EXPR_TOKEN_STRING, at, *end - at);
    return true;
}

static bool lex_mark(cb_expr_work *work, size_t at, size_t *end)
{
    static const char *const doubles[] = {"<=", ">=", "==", "!=", ".."};
    static const char *const foreign[][2] = {
        {"&&", "and"}, {"||", "or"}, {"<>", "!="}, {"**", "^"}};
    const cb_strview two = {work->text.at + at, at + 1 < work->text.size ? 2U : 1U};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        if (cb_sv_is(two, foreign[i][0])) {
            (void)expr_fail_at(work, at, 2, "'%s' is not an operator here", foreign[i][0]);
            return expr_hint(work, "write '%s'", foreign[i][1]);
        }
    }
    *end = at + 1;
    for (size_t i = 0; i < sizeof doubles / sizeof doubles[0]; i++) {
        *end = cb_sv_is(two, doubles[i]) ? at + 2 : *end;
    }
    const char c = work->text.at[at];
    if (*end == at + 1 && (c == '\0' || strchr("()[],:=.@+-*/%^<>", c) == NULL)) {
        size_t size = 1; /* the whole of a character of UTF-8 */
        while (at + size < work->text.size &&
               ((unsigned char)work->text.at[at + size] & 0xC0U) == 0x80U) {
            size++;
        }
        (void)expr_fail_at(work, at, size, "this character means nothing here");
        return c == '!' ? expr_hint(work, "write 'not'") : false;
    }
    add(work, EXPR_TOKEN_MARK, at, *end - at);
    return true;
}

static bool lex_one(cb_expr_work *work, size_t at, size_t *end)
{
    const char c = work->text.at[at];
    if (is_letter(c)) {
        return lex_name(work, at, end);
    }
    if (is_digit(c)) {
        return lex_number(work, at, end);
    }
    return c == '"' ? lex_string(work, at, end) : lex_mark(work, at, end);
}

static size_t skip_comment(cb_strview text, size_t at)
{
    while (at < text.size && text.at[at] != '\n') {
        at++;
    }
    return at;
}

bool expr_lex(cb_expr_work *work)
{
    bool is_first = true;
    size_t at = 0;
    CB_ASSERT(work->tokens_count == 0);
    while (at < work->text.size) {
        const char c = work->text.at[at];
        if (c == '#') {
            at = skip_comment(work->text, at);
        } else if (c == '\n' || c == ' ' || c == '\t' || c == '\r') {
            is_first = is_first || c == '\n';
            at++;
        } else {
            size_t end = at;
            if (work->tokens_count == EXPR_TOKENS_MAX - 1) {
                return expr_full(work, work->tokens_count - 1, "words", EXPR_TOKENS_MAX);
            }
            if (!lex_one(work, at, &end)) {
                return false;
            }
            CB_ASSERT(end > at);
            work->tokens[work->tokens_count - 1].is_first = is_first;
            is_first = false;
            at = end;
        }
    }
    add(work, EXPR_TOKEN_END, work->text.size, 0)->is_first = true;
    return true;
}

cb_strview expr_token_text(const cb_expr_work *work, uint32_t token)
{
    CB_ASSERT(token < work->tokens_count);
    return (cb_strview){work->text.at + work->tokens[token].at, work->tokens[token].size};
}

bool expr_token_is(const cb_expr_work *work, uint32_t token, const char *text)
{
    const uint8_t kind = work->tokens[token].kind;
    return (kind == EXPR_TOKEN_NAME || kind == EXPR_TOKEN_MARK) &&
           cb_sv_is(expr_token_text(work, token), text);
}

void expr_token_copy(const cb_expr_work *work, uint32_t token, char out[CB_EXPR_NAME_MAX])
{
    CB_ASSERT(work->tokens[token].kind == EXPR_TOKEN_NAME);
    const bool fits = cb_text_copy(out, CB_EXPR_NAME_MAX, expr_token_text(work, token));
    CB_ASSERT(fits);
}
