/* Bodies as JSON for people and for the gateway: money as exact decimal text, never as a number. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/mac.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "wire/codec.h"

#define NUMBER_TEXT_MAX 40
#define DEPTH_MAX 4

/* Writes as long as there is room; is_full stays set once something did not fit. */
typedef struct json_writer {
    char *out;
    size_t used;
    size_t capacity; /* the NUL has its own byte */
    bool is_full;
} json_writer;

static void put_bytes(json_writer *json, const char *bytes, size_t size)
{
    if (json->is_full || json->capacity - json->used < size) {
        json->is_full = true;
        return;
    }
    memcpy(json->out + json->used, bytes, size);
    json->used += size;
}

static void put_plain(json_writer *json, const char *text)
{
    put_bytes(json, text, strlen(text));
}

static void put_quoted_plain(json_writer *json, const char *text)
{
    put_plain(json, "\"");
    put_plain(json, text);
    put_plain(json, "\"");
}

static void put_escaped_char(json_writer *json, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    if (c == '"' || c == '\\') {
        const char pair[2] = {'\\', (char)c};
        put_bytes(json, pair, sizeof(pair));
    } else if (c < 0x20 || c == 0x7f) {
        const char code[6] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 0xf]};
        put_bytes(json, code, sizeof(code));
    } else {
        put_bytes(json, (const char *)&c, 1);
    }
}

static void put_string(json_writer *json, cb_strview text)
{
    const bool is_utf8 = cb_utf8_is_valid(text);
    put_plain(json, "\"");
    for (size_t i = 0; i < text.size; i++) {
        const unsigned char c = (unsigned char)text.at[i];
        put_escaped_char(json, !is_utf8 && c >= 0x80 ? '?' : c);
    }
    put_plain(json, "\"");
}

/* ---- one function per kind of value ---- */

static void put_u64(json_writer *json, uint64_t value, bool is_quoted)
{
    char text[NUMBER_TEXT_MAX];
    (void)snprintf(text, sizeof(text), is_quoted ? "\"%llu\"" : "%llu", (unsigned long long)value);
    put_plain(json, text);
}

static void put_i64(json_writer *json, int64_t value)
{
    char text[NUMBER_TEXT_MAX];
    (void)snprintf(text, sizeof(text), "\"%lld\"", (long long)value);
    put_plain(json, text);
}

static void put_e8(json_writer *json, int64_t value)
{
    char text[CB_DECIMAL_TEXT_MAX];
    (void)cb_decimal_print(value, text);
    put_quoted_plain(json, text);
}

static void put_time(json_writer *json, int64_t ts_ns)
{
    if (ts_ns == 0) {
        put_plain(json, "null");
        return;
    }
    char text[CB_TIME_TEXT_MAX];
    (void)cb_time_print(ts_ns, 9, text);
    put_quoted_plain(json, text);
}

static void put_id(json_writer *json, cb_id id)
{
    if (cb_id_is_none(id)) {
        put_plain(json, "null");
        return;
    }
    char text[CB_ID_TEXT_MAX];
    cb_id_print(id, text);
    put_quoted_plain(json, text);
}

/* True when text is the same double again, to the bit. */
static bool f64_reads_back(const char *text, double value)
{
    double back = 0;
    /* Our own text, so nothing can go wrong that the comparison would not show. */
    if (sscanf(text, "%lf", &back) != 1) { // NOLINT(cert-err34-c)
        return false;
    }
    uint64_t bits[2] = {0, 1};
    memcpy(&bits[0], &back, sizeof(back));
    memcpy(&bits[1], &value, sizeof(value));
    return bits[0] == bits[1];
}

static void put_f64(json_writer *json, double value)
{
    if (!isfinite(value)) {
        put_plain(json, "null");
        return;
    }
    char text[NUMBER_TEXT_MAX];
    (void)snprintf(text, sizeof(text), "%.15g", value);
    if (!f64_reads_back(text, value)) {
        (void)snprintf(text, sizeof(text), "%.17g", value);
    }
    put_plain(json, text);
}

static void put_blob32(json_writer *json, const uint8_t *bytes)
{
    char text[2 * 32 + 1];
    cb_hex_print(bytes, 32, text);
    put_quoted_plain(json, text);
}

static void put_text(json_writer *json, const char *text, size_t capacity)
{
    const char *end = memchr(text, '\0', capacity);
    CB_ASSERT(end != NULL);
    put_string(json, (cb_strview){text, (size_t)(end - text)});
}

static void put_body(json_writer *json, const cb_desc *desc, const void *body, unsigned depth);

static void put_items(json_writer *json, const cb_field *field, const void *body, unsigned depth)
{
    uint32_t count = 0;
    memcpy(&count, (const uint8_t *)body + field->count_offset, sizeof(count));
    CB_ASSERT(count <= field->capacity);
    const uint8_t *items = (const uint8_t *)body + field->offset;
    put_plain(json, "[");
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) {
            put_plain(json, ",");
        }
        put_body(json, field->sub, items + (size_t)i * field->sub->size, depth + 1);
    }
    put_plain(json, "]");
}

/* Kinds that are a 64-bit integer in memory. */
static void put_int64_kind(json_writer *json, cb_field_kind kind, const void *member)
{
    int64_t value = 0;
    memcpy(&value, member, sizeof(value));
    if (kind == CB_KIND_E8) {
        put_e8(json, value);
    } else if (kind == CB_KIND_TIME) {
        put_time(json, value);
    } else if (kind == CB_KIND_U64) {
        put_u64(json, (uint64_t)value, true);
    } else {
        put_i64(json, value);
    }
}

/* Kinds that are a 32-bit integer in memory. */
static void put_uint32_kind(json_writer *json, const cb_field *field, const void *member)
{
    uint32_t value = 0;
    memcpy(&value, member, sizeof(value));
    if (field->kind == CB_KIND_ENUM) {
        put_quoted_plain(json, cb_enum_name(field->enums, value));
    } else {
        put_u64(json, value, false);
    }
}

static void put_value(json_writer *json, const cb_field *field, const void *body, unsigned depth)
{
    const void *member = (const uint8_t *)body + field->offset;
    switch (field->kind) {
    case CB_KIND_U64:
    case CB_KIND_I64:
    case CB_KIND_E8:
    case CB_KIND_TIME:
        put_int64_kind(json, field->kind, member);
        break;
    case CB_KIND_U32:
    case CB_KIND_ENUM:
        put_uint32_kind(json, field, member);
        break;
    case CB_KIND_BOOL:
        put_plain(json, *(const bool *)member ? "true" : "false");
        break;
    case CB_KIND_F64: {
        double value = 0;
        memcpy(&value, member, sizeof(value));
        put_f64(json, value);
        break;
    }
    case CB_KIND_ID: {
        cb_id id;
        memcpy(&id, member, sizeof(id));
        put_id(json, id);
        break;
    }
    case CB_KIND_TEXT:
        put_text(json, member, field->capacity);
        break;
    case CB_KIND_BLOB32:
        put_blob32(json, member);
        break;
    case CB_KIND_MSG:
        put_body(json, field->sub, member, depth + 1);
        break;
    case CB_KIND_REP:
        put_items(json, field, body, depth);
        break;
    default:
        cb_assert_fail("a field has a known kind", __FILE__, __LINE__);
    }
}

/* "price_e8" is written as "price": its text is in whole units. */
static void put_name(json_writer *json, const cb_field *field)
{
    size_t size = strlen(field->name);
    if (field->kind == CB_KIND_E8) {
        CB_ASSERT(size > 3 && memcmp(field->name + size - 3, "_e8", 3) == 0);
        size -= 3;
    }
    put_plain(json, "\"");
    put_bytes(json, field->name, size);
    put_plain(json, "\":");
}

static void put_body(json_writer *json, const cb_desc *desc, const void *body, unsigned depth)
{
    CB_ASSERT(depth < DEPTH_MAX);
    put_plain(json, "{");
    for (uint32_t i = 0; i < desc->fields_count && !json->is_full; i++) {
        if (i > 0) {
            put_plain(json, ",");
        }
        put_name(json, &desc->fields[i]);
        put_value(json, &desc->fields[i], body, depth);
    }
    put_plain(json, "}");
}

static size_t finish(json_writer *json)
{
    if (json->is_full) {
        json->out[0] = '\0';
        return 0;
    }
    json->out[json->used] = '\0';
    return json->used;
}

size_t cb_body_to_json(const cb_desc *desc, const void *body, char *out, size_t capacity)
{
    CB_ASSERT(desc != NULL);
    CB_ASSERT(body != NULL);
    CB_ASSERT(out != NULL && capacity > 0);
    json_writer json = {.out = out, .used = 0, .capacity = capacity - 1, .is_full = false};
    put_body(&json, desc, body, 0);
    return finish(&json);
}

size_t cb_items_to_json(const cb_field *field, const void *body, char *out, size_t capacity)
{
    CB_ASSERT(field != NULL && field->kind == CB_KIND_REP);
    CB_ASSERT(body != NULL);
    CB_ASSERT(out != NULL && capacity > 0);
    json_writer json = {.out = out, .used = 0, .capacity = capacity - 1, .is_full = false};
    put_items(&json, field, body, 0);
    return finish(&json);
}
