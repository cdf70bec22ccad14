/* The JSON writer. No allocation, no locale. */
#include "services/simulator/core/api/json_out.h"

#include <string.h>

#include "base/assert.h"

sim_json sim_json_over(char *out, size_t size)
{
    CB_ASSERT(size > 0);
    out[0] = '\0';
    return (sim_json){.out = out, .size = size};
}

/* Keeps room for the NUL. */
static void append(sim_json *json, const char *text, size_t size)
{
    if (json->is_full || size >= json->size - json->used) {
        json->is_full = true;
        return;
    }
    memcpy(json->out + json->used, text, size);
    json->used += size;
    json->out[json->used] = '\0';
}

static void before_value(sim_json *json)
{
    if (json->needs_comma) {
        append(json, ",", 1);
    }
    json->needs_comma = true;
}

void sim_json_open(sim_json *json, char bracket)
{
    before_value(json);
    append(json, &bracket, 1);
    json->needs_comma = false;
}

void sim_json_close(sim_json *json, char bracket)
{
    append(json, &bracket, 1);
    json->needs_comma = true;
}

void sim_json_key(sim_json *json, const char *key)
{
    before_value(json);
    append(json, "\"", 1);
    append(json, key, strlen(key));
    append(json, "\":", 2);
    json->needs_comma = false;
}

void sim_json_raw(sim_json *json, cb_strview text)
{
    before_value(json);
    append(json, text.at, text.size);
}

static void append_escaped(sim_json *json, char c)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned char byte = (unsigned char)c;
    if (c == '"' || c == '\\') {
        const char pair[2] = {'\\', c};
        append(json, pair, 2);
    } else if (byte < 0x20) {
        const char code[6] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
        append(json, code, 6);
    } else {
        append(json, &c, 1);
    }
}

void sim_json_text(sim_json *json, const char *text)
{
    before_value(json);
    append(json, "\"", 1);
    for (const char *at = text; *at != '\0'; at++) {
        append_escaped(json, *at);
    }
    append(json, "\"", 1);
}

static void append_u64(sim_json *json, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        at--;
        digits[at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    append(json, digits + at, sizeof(digits) - at);
}

void sim_json_u64(sim_json *json, uint64_t value)
{
    before_value(json);
    append_u64(json, value);
}

void sim_json_i64(sim_json *json, int64_t value)
{
    before_value(json);
    if (value < 0) {
        append(json, "-", 1);
    }
    append_u64(json, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void sim_json_bool(sim_json *json, bool value)
{
    sim_json_raw(json, value ? CB_SV("true") : CB_SV("false"));
}

void sim_json_null(sim_json *json)
{
    sim_json_raw(json, CB_SV("null"));
}

void sim_json_e8(sim_json *json, int64_t value_e8)
{
    char text[CB_DECIMAL_TEXT_MAX];
    const size_t size = cb_decimal_print_fixed8(value_e8, text);
    before_value(json);
    append(json, "\"", 1);
    append(json, text, size);
    append(json, "\"", 1);
}

/* Digits of |value| with the given number of places behind the point. */
static void append_fixed(sim_json *json, cb_i128 value, uint32_t places)
{
    char digits[48];
    size_t at = sizeof(digits);
    const bool is_negative = value < 0;
    if (is_negative) {
        value = -value;
    }
    for (uint32_t count = 0; value > 0 || count <= places; count++) {
        if (count == places && places > 0) {
            at--;
            digits[at] = '.';
        }
        at--;
        digits[at] = (char)('0' + (int)(value % 10));
        value /= 10;
    }
    if (is_negative) {
        append(json, "-", 1);
    }
    append(json, digits + at, sizeof(digits) - at);
}

void sim_json_e8_wide(sim_json *json, cb_i128 value_e8)
{
    before_value(json);
    append(json, "\"", 1);
    append_fixed(json, value_e8, CB_E8_DIGITS);
    append(json, "\"", 1);
}

void sim_json_places(sim_json *json, int64_t value, uint32_t places)
{
    before_value(json);
    append(json, "\"", 1);
    append_fixed(json, value, places);
    append(json, "\"", 1);
}

void sim_json_put_text(sim_json *json, const char *key, const char *text)
{
    sim_json_key(json, key);
    sim_json_text(json, text);
}

void sim_json_put_u64(sim_json *json, const char *key, uint64_t value)
{
    sim_json_key(json, key);
    sim_json_u64(json, value);
}

void sim_json_put_i64(sim_json *json, const char *key, int64_t value)
{
    sim_json_key(json, key);
    sim_json_i64(json, value);
}

void sim_json_put_bool(sim_json *json, const char *key, bool value)
{
    sim_json_key(json, key);
    sim_json_bool(json, value);
}

void sim_json_put_e8(sim_json *json, const char *key, int64_t value_e8)
{
    sim_json_key(json, key);
    sim_json_e8(json, value_e8);
}

void sim_json_put_ms(sim_json *json, const char *key, int64_t ts_ns)
{
    sim_json_put_i64(json, key, ts_ns / 1000000);
}
