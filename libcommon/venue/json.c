/* The strict scanner of venue/json.h. Speed comes from touching each byte once: strings are checked
 * eight bytes at a time, white space is looked for only where the text is not compact, and values
 * that nobody wants are checked without being kept. It converts nothing but integers and decimals,
 * and those from their text. */
#include "venue/json.h"

#include <string.h>

#include "base/assert.h"
#include "base/money.h"

#define BYTES_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))
#define HIGH_BITS BYTES_EACH(0x80U)

void cb_json_init(cb_json *json, cb_strview text)
{
    CB_ASSERT(json != NULL);
    CB_ASSERT(text.at != NULL || text.size == 0);
    static const char nothing[1] = "";
    const char *begin = text.at == NULL ? nothing : text.at;
    *json = (cb_json){.at = begin, .end = begin + text.size, .begin = begin, .why = ""};
}

bool cb_json_fail(cb_json *json, cb_status status, const char *why)
{
    CB_ASSERT(status != CB_OK);
    CB_ASSERT(why != NULL);
    if (json->status == CB_OK) {
        json->status = status;
        json->why = why;
    }
    return false;
}

static bool fail_syntax(cb_json *json, const char *why)
{
    return cb_json_fail(json, CB_E_SYNTAX, why);
}

static inline bool is_space(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

static inline bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static inline void skip_space(cb_json *json)
{
    const char *at = json->at;
    while (at < json->end && is_space(*at)) {
        at++;
    }
    json->at = at;
}

cb_status cb_json_finish(cb_json *json, const char *what, cb_err *err)
{
    CB_ASSERT(what != NULL);
    if (json->status == CB_OK) {
        skip_space(json);
        if (json->depth != 0) {
            (void)fail_syntax(json, "a container is not closed");
        } else if (json->at != json->end) {
            (void)fail_syntax(json, "something follows the value");
        }
    }
    if (json->status == CB_OK) {
        return CB_OK;
    }
    return CB_FAIL(
        err, json->status, "%s: %s at byte %zu", what, json->why, (size_t)(json->at - json->begin));
}

cb_json_type cb_json_peek(cb_json *json)
{
    if (json->status != CB_OK) {
        return CB_JSON_NONE;
    }
    skip_space(json);
    if (json->at == json->end) {
        return CB_JSON_NONE;
    }
    switch (*json->at) {
    case '{':
        return CB_JSON_OBJECT;
    case '[':
        return CB_JSON_ARRAY;
    case '"':
        return CB_JSON_STRING;
    case 't':
        return CB_JSON_TRUE;
    case 'f':
        return CB_JSON_FALSE;
    case 'n':
        return CB_JSON_NULL;
    default:
        return *json->at == '-' || is_digit(*json->at) ? CB_JSON_NUMBER : CB_JSON_NONE;
    }
}

/* ---- containers ---- */

static bool enter(cb_json *json, char bracket, const char *why)
{
    if (json->status != CB_OK) {
        return false;
    }
    skip_space(json);
    if (json->at == json->end || *json->at != bracket) {
        return fail_syntax(json, why);
    }
    if (json->depth == CB_JSON_DEPTH_MAX) {
        return cb_json_fail(json, CB_E_FULL, "nested too deeply");
    }
    json->at++;
    json->depth++;
    json->is_first = true;
    return true;
}

bool cb_json_enter_object(cb_json *json)
{
    return enter(json, '{', "an object is expected");
}

bool cb_json_enter_array(cb_json *json)
{
    return enter(json, '[', "an array is expected");
}

/* Stands before the next member or element, or leaves the container: true when there is one. */
static inline bool next(cb_json *json, char bracket)
{
    if (json->status != CB_OK) {
        return false;
    }
    skip_space(json);
    if (json->at == json->end) {
        return fail_syntax(json, "the text ends inside a container");
    }
    if (*json->at == bracket) {
        CB_ASSERT(json->depth > 0);
        json->at++;
        json->depth--;
        json->is_first = false;
        return false;
    }
    if (!json->is_first) {
        if (*json->at != ',') {
            return fail_syntax(json, "a comma or the container's end is expected");
        }
        json->at++;
        skip_space(json);
    }
    json->is_first = false;
    return true;
}

/* Binance's stream events have keys of one letter and no white space: "x":  */
static inline bool next_letter(cb_json *json, cb_strview *key)
{
    const char *at = json->at;
    if (json->end - at < 4 || at[0] != '"' || at[2] != '"' || at[3] != ':') {
        return false;
    }
    const uint8_t letter = (uint8_t)at[1];
    if (letter < 0x20 || letter >= 0x80 || letter == '\\' || letter == '"') {
        return false;
    }
    *key = (cb_strview){.at = at + 1, .size = 1};
    json->is_escaped = false;
    json->at = at + 4;
    return true;
}

bool cb_json_next_key(cb_json *json, cb_strview *key)
{
    CB_ASSERT(key != NULL);
    if (!next(json, '}')) {
        return false;
    }
    if (next_letter(json, key)) {
        return true;
    }
    if (!cb_json_string(json, key)) {
        return false;
    }
    skip_space(json);
    if (json->at == json->end || *json->at != ':') {
        return fail_syntax(json, "a colon is expected");
    }
    json->at++;
    return true;
}

bool cb_json_next_item(cb_json *json)
{
    if (!next(json, ']')) {
        return false;
    }
    if (json->at < json->end && *json->at == ']') {
        return fail_syntax(json, "a value is expected after the comma");
    }
    return true;
}

/* ---- strings ---- */

/* Bytes of the UTF-8 character at `at`, 0 when it is not one (RFC 3629: no overlong forms, no
 * surrogates, nothing above U+10FFFF). */
static size_t utf8_size(const char *at, const char *end)
{
    const uint8_t *bytes = (const uint8_t *)at;
    const size_t room = (size_t)(end - at);
    const uint8_t lead = bytes[0];
    if (lead >= 0xC2 && lead <= 0xDF) {
        return room >= 2 && (bytes[1] & 0xC0) == 0x80 ? 2 : 0;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        const uint8_t low = lead == 0xE0 ? 0xA0 : 0x80;
        const uint8_t high = lead == 0xED ? 0x9F : 0xBF;
        const bool is_valid =
            room >= 3 && bytes[1] >= low && bytes[1] <= high && (bytes[2] & 0xC0) == 0x80;
        return is_valid ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        const uint8_t low = lead == 0xF0 ? 0x90 : 0x80;
        const uint8_t high = lead == 0xF4 ? 0x8F : 0xBF;
        const bool is_valid = room >= 4 && bytes[1] >= low && bytes[1] <= high &&
                              (bytes[2] & 0xC0) == 0x80 && (bytes[3] & 0xC0) == 0x80;
        return is_valid ? 4 : 0;
    }
    return 0;
}

/* Value of four hex digits, or -1. */
static int32_t hex4(const char *at, const char *end)
{
    if (end - at < 4) {
        return -1;
    }
    int32_t value = 0;
    for (size_t i = 0; i < 4; i++) {
        const char byte = at[i];
        int32_t digit = -1;
        if (is_digit(byte)) {
            digit = byte - '0';
        } else if (byte >= 'a' && byte <= 'f') {
            digit = byte - 'a' + 10;
        } else if (byte >= 'A' && byte <= 'F') {
            digit = byte - 'A' + 10;
        } else {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

/* Bytes of the escape at `at` (which is a backslash), 0 when it is malformed; *code is its
 * character. A surrogate must come with its partner. */
static size_t escape_size(const char *at, const char *end, uint32_t *code)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    if (end - at < 2) {
        return 0;
    }
    if (at[1] != 'u') {
        const char *found = at[1] == '\0' ? NULL : strchr(letters, at[1]);
        if (found == NULL) {
            return 0;
        }
        *code = (uint8_t)meanings[found - letters];
        return 2;
    }
    const int32_t first = hex4(at + 2, end);
    if (first < 0 || (first >= 0xDC00 && first <= 0xDFFF)) {
        return 0;
    }
    *code = (uint32_t)first;
    if (first < 0xD800 || first > 0xDBFF) {
        return 6;
    }
    if (end - at < 12 || at[6] != '\\' || at[7] != 'u') {
        return 0;
    }
    const int32_t second = hex4(at + 8, end);
    if (second < 0xDC00 || second > 0xDFFF) {
        return 0;
    }
    *code = 0x10000U + (((uint32_t)first - 0xD800U) << 10) + ((uint32_t)second - 0xDC00U);
    return 12;
}

/* First byte from `at` on that ends plain text: a quote, a backslash, a control or a non-ASCII
 * byte. The lowest flagged byte of the eight is exact; borrows only disturb those above it. */
static inline const char *skip_plain(const char *at, const char *end)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    while (end - at >= 8) {
        uint64_t word;
        memcpy(&word, at, sizeof(word));
        const uint64_t quote = word ^ BYTES_EACH('"');
        const uint64_t slash = word ^ BYTES_EACH('\\');
        const uint64_t flags =
            (((quote - BYTES_EACH(1U)) & ~quote) | ((slash - BYTES_EACH(1U)) & ~slash) |
                ((word - BYTES_EACH(0x20U)) & ~word) | word) &
            HIGH_BITS;
        if (flags != 0) {
            return at + (__builtin_ctzll(flags) >> 3);
        }
        at += 8;
    }
#endif
    while (at < end && *at != '"' && *at != '\\' && (uint8_t)*at >= 0x20 && (uint8_t)*at < 0x80) {
        at++;
    }
    return at;
}

/* Reads on after skip_plain stopped at something that is not the closing quote. */
static bool string_slow(cb_json *json, const char *at)
{
    for (;;) {
        at = skip_plain(at, json->end);
        json->at = at;
        if (at == json->end) {
            return fail_syntax(json, "the text ends inside a string");
        }
        if (*at == '"') {
            return true;
        }
        size_t size = 0;
        if (*at == '\\') {
            uint32_t code;
            json->is_escaped = true;
            size = escape_size(at, json->end, &code);
        } else if ((uint8_t)*at >= 0x80) {
            size = utf8_size(at, json->end);
        }
        if (size == 0) {
            return fail_syntax(json, "a string holds a control, a bad escape or no UTF-8");
        }
        at += size;
    }
}

bool cb_json_string(cb_json *json, cb_strview *raw)
{
    CB_ASSERT(raw != NULL);
    if (json->status != CB_OK) {
        return false;
    }
    skip_space(json);
    if (json->at == json->end || *json->at != '"') {
        return fail_syntax(json, "a string is expected");
    }
    const char *begin = json->at + 1;
    const char *at = skip_plain(begin, json->end);
    json->is_escaped = false;
    if (at == json->end || *at != '"') {
        if (!string_slow(json, at)) {
            return false;
        }
        at = json->at;
    }
    *raw = (cb_strview){.at = begin, .size = (size_t)(at - begin)};
    json->at = at + 1;
    return true;
}

bool cb_json_word(cb_json *json, cb_strview *word)
{
    if (!cb_json_string(json, word)) {
        return false;
    }
    return json->is_escaped ? fail_syntax(json, "a word holds escapes") : true;
}

/* Writes one character in UTF-8; 0 when it does not fit. */
static size_t put_utf8(uint32_t code, char *out, size_t room)
{
    uint8_t bytes[4];
    size_t size = 0;
    if (code < 0x80) {
        bytes[size++] = (uint8_t)code;
    } else if (code < 0x800) {
        bytes[size++] = (uint8_t)(0xC0U | (code >> 6));
        bytes[size++] = (uint8_t)(0x80U | (code & 0x3FU));
    } else if (code < 0x10000) {
        bytes[size++] = (uint8_t)(0xE0U | (code >> 12));
        bytes[size++] = (uint8_t)(0x80U | ((code >> 6) & 0x3FU));
        bytes[size++] = (uint8_t)(0x80U | (code & 0x3FU));
    } else {
        bytes[size++] = (uint8_t)(0xF0U | (code >> 18));
        bytes[size++] = (uint8_t)(0x80U | ((code >> 12) & 0x3FU));
        bytes[size++] = (uint8_t)(0x80U | ((code >> 6) & 0x3FU));
        bytes[size++] = (uint8_t)(0x80U | (code & 0x3FU));
    }
    if (size > room) {
        return 0;
    }
    memcpy(out, bytes, size);
    return size;
}

/* Unescapes as many whole characters as fit; *is_whole tells whether that was all. */
static size_t unescape(cb_strview raw, char *out, size_t room, bool *is_whole)
{
    const char *at = raw.at;
    const char *end = raw.at + raw.size;
    size_t used = 0;
    *is_whole = false;
    while (at < end) {
        uint32_t code = (uint8_t)*at;
        size_t size = 1;
        size_t put = 0;
        if (*at == '\\') {
            size = escape_size(at, end, &code);
            put = size == 0 ? 0 : put_utf8(code, out + used, room - used);
        } else {
            size = code < 0x80 ? 1 : utf8_size(at, end);
            put = size != 0 && size <= room - used ? size : 0;
            memcpy(out + used, at, put);
        }
        if (put == 0) {
            return used;
        }
        used += put;
        at += size;
    }
    *is_whole = true;
    return used;
}

size_t cb_json_unescape(cb_strview raw, char *out, size_t out_size)
{
    CB_ASSERT(out != NULL || out_size == 0);
    bool is_whole = false;
    const size_t used = unescape(raw, out, out_size, &is_whole);
    return is_whole ? used : SIZE_MAX;
}

static bool read_text(cb_json *json, char *out, size_t out_size, bool is_cut)
{
    CB_ASSERT(out != NULL);
    CB_ASSERT(out_size > 0);
    cb_strview raw;
    if (!cb_json_string(json, &raw)) {
        return false;
    }
    bool is_whole = false;
    const size_t used = unescape(raw, out, out_size - 1, &is_whole);
    if (memchr(out, '\0', used) != NULL) {
        out[0] = '\0';
        return cb_json_fail(json, CB_E_FULL, "a text holds NUL");
    }
    if (!is_whole && !is_cut) {
        out[0] = '\0';
        return cb_json_fail(json, CB_E_FULL, "a text is longer than its field");
    }
    out[used] = '\0';
    return true;
}

bool cb_json_text(cb_json *json, char *out, size_t out_size)
{
    return read_text(json, out, out_size, false);
}

bool cb_json_text_cut(cb_json *json, char *out, size_t out_size)
{
    return read_text(json, out, out_size, true);
}

/* ---- numbers and literals ---- */

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && is_digit(*at)) {
        at++;
    }
    return at;
}

bool cb_json_number(cb_json *json, cb_strview *text)
{
    CB_ASSERT(text != NULL);
    if (json->status != CB_OK) {
        return false;
    }
    skip_space(json);
    const char *begin = json->at;
    const char *at = begin;
    if (at < json->end && *at == '-') {
        at++;
    }
    const char *digits = at;
    at = skip_digits(at, json->end);
    if (at == digits || (at - digits > 1 && *digits == '0')) {
        return fail_syntax(json, "a number is expected");
    }
    if (at < json->end && *at == '.') {
        digits = at + 1;
        at = skip_digits(digits, json->end);
        if (at == digits) {
            return fail_syntax(json, "a digit is expected after the point");
        }
    }
    if (at < json->end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < json->end && (*at == '+' || *at == '-')) {
            at++;
        }
        digits = at;
        at = skip_digits(at, json->end);
        if (at == digits) {
            return fail_syntax(json, "a digit is expected in the exponent");
        }
    }
    *text = (cb_strview){.at = begin, .size = (size_t)(at - begin)};
    json->at = at;
    return true;
}

bool cb_json_u64(cb_json *json, uint64_t *out)
{
    cb_strview text;
    if (!cb_json_number(json, &text)) {
        return false;
    }
    uint64_t value = 0;
    if (!cb_u64_parse(text, UINT64_MAX, &value)) {
        return cb_json_fail(json, CB_E_RANGE, "not an unsigned 64-bit integer");
    }
    *out = value;
    return true;
}

bool cb_json_i64(cb_json *json, int64_t *out)
{
    cb_strview text;
    if (!cb_json_number(json, &text)) {
        return false;
    }
    const bool is_negative = text.at[0] == '-';
    const cb_strview digits = {
        .at = text.at + (is_negative ? 1 : 0), .size = text.size - (is_negative ? 1 : 0)};
    uint64_t value = 0;
    if (!cb_u64_parse(digits, (uint64_t)INT64_MAX, &value)) {
        return cb_json_fail(json, CB_E_RANGE, "not a 64-bit integer");
    }
    *out = is_negative ? -(int64_t)value : (int64_t)value;
    return true;
}

static bool literal(cb_json *json, const char *word, size_t size)
{
    if (json->status != CB_OK) {
        return false;
    }
    skip_space(json);
    if ((size_t)(json->end - json->at) < size || memcmp(json->at, word, size) != 0) {
        return fail_syntax(json, "another value is expected");
    }
    json->at += size;
    return true;
}

bool cb_json_bool(cb_json *json, bool *out)
{
    CB_ASSERT(out != NULL);
    const bool is_true = cb_json_peek(json) == CB_JSON_TRUE;
    if (is_true ? !literal(json, "true", 4) : !literal(json, "false", 5)) {
        return false;
    }
    *out = is_true;
    return true;
}

bool cb_json_null(cb_json *json)
{
    return literal(json, "null", 4);
}

bool cb_json_decimal(cb_json *json, int64_t *out_e8)
{
    CB_ASSERT(out_e8 != NULL);
    cb_strview text = {.at = "", .size = 0};
    const bool is_number = cb_json_peek(json) == CB_JSON_NUMBER;
    if (is_number ? !cb_json_number(json, &text) : !cb_json_word(json, &text)) {
        return false;
    }
    int64_t value_e8 = 0;
    const cb_status status = cb_decimal_parse(text.at, text.size, &value_e8, NULL);
    if (status != CB_OK) {
        return cb_json_fail(json, status, "not a decimal that can be kept exactly");
    }
    *out_e8 = value_e8;
    return true;
}

/* ---- whole values ---- */

static bool skip_scalar(cb_json *json, cb_json_type type)
{
    cb_strview unused;
    switch (type) {
    case CB_JSON_STRING:
        return cb_json_string(json, &unused);
    case CB_JSON_NUMBER:
        return cb_json_number(json, &unused);
    case CB_JSON_TRUE:
        return literal(json, "true", 4);
    case CB_JSON_FALSE:
        return literal(json, "false", 5);
    case CB_JSON_NULL:
        return literal(json, "null", 4);
    case CB_JSON_NONE:
    case CB_JSON_OBJECT:
    case CB_JSON_ARRAY:
    default:
        return fail_syntax(json, "a value is expected");
    }
}

/* Without recursion: which of the open containers are objects is kept in the bits of `objects`. */
bool cb_json_skip(cb_json *json)
{
    _Static_assert(CB_JSON_DEPTH_MAX <= 64, "one bit per open container");
    const uint32_t depth_begin = json->depth;
    uint64_t objects = 0;
    cb_strview key;
    for (;;) {
        const cb_json_type type = cb_json_peek(json);
        const bool is_object = type == CB_JSON_OBJECT;
        if (is_object || type == CB_JSON_ARRAY) {
            if (is_object ? !cb_json_enter_object(json) : !cb_json_enter_array(json)) {
                return false;
            }
            objects = (objects << 1) | (is_object ? 1U : 0U);
        } else if (!skip_scalar(json, type)) {
            return false;
        }
        while (json->depth > depth_begin) {
            if ((objects & 1U) != 0 ? cb_json_next_key(json, &key) : cb_json_next_item(json)) {
                break;
            }
            if (json->status != CB_OK) {
                return false;
            }
            objects >>= 1;
        }
        if (json->depth == depth_begin) {
            return true;
        }
    }
}

bool cb_json_once(cb_json *json, uint64_t *seen, uint32_t bit)
{
    CB_ASSERT(seen != NULL);
    CB_ASSERT(bit < 64);
    const uint64_t mask = UINT64_C(1) << bit;
    if ((*seen & mask) != 0) {
        return fail_syntax(json, "a key stands twice");
    }
    *seen |= mask;
    return true;
}

bool cb_json_require(cb_json *json, uint64_t seen, uint64_t needed, const char *why)
{
    if (json->status != CB_OK) {
        return false;
    }
    return (seen & needed) == needed ? true : fail_syntax(json, why);
}

cb_status cb_json_check(cb_strview text, cb_err *err)
{
    cb_json json;
    cb_json_init(&json, text);
    (void)cb_json_skip(&json);
    return cb_json_finish(&json, "json", err);
}
