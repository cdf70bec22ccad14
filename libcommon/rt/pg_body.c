/* Fills a body from a row by the field description: the way back of rt/store.c, so that recovery
 * re-feeds exactly what was stored. Columns are found by name; jsonb columns are parsed with
 * jansson and hold what cb_items_to_json or cb_body_to_json wrote. Whatever does not read back
 * exactly is corruption and is refused with the column's name. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "domain/enums.h"
#include "domain/messages.h"
#include "rt/pg_internal.h"

#define BODY_DEPTH_MAX 4
#define BLOB_SIZE 32

/* ---- one value from text ---- */

static cb_status bad_value(cb_err *err, const char *name, const char *what)
{
    return CB_FAIL(err, CB_E_CORRUPT, "stored value of '%s' is %s", name, what);
}

static bool parse_i64(const char *text, int64_t *out)
{
    const bool is_negative = text[0] == '-';
    uint64_t magnitude = 0;
    const uint64_t limit = (uint64_t)INT64_MAX + (is_negative ? 1U : 0U);
    if (!cb_u64_parse(cb_sv_from(text + (is_negative ? 1 : 0)), limit, &magnitude)) {
        return false;
    }
    *out = is_negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}

static bool parse_f64(const char *text, double *out)
{
    int used = 0;
    /* Range errors give infinity, which is refused. NOLINTNEXTLINE(cert-err34-c) */
    return sscanf(text, "%lf%n", out, &used) == 1 && text[used] == '\0' && isfinite(*out);
}

static bool parse_blob(const char *hex, uint8_t out[BLOB_SIZE])
{
    if (strlen(hex) != 2 * (size_t)BLOB_SIZE) {
        return false;
    }
    cb_id half[2];
    for (size_t i = 0; i < 2; i++) {
        if (cb_id_parse(hex + 32 * i, 32, &half[i], NULL) != CB_OK) {
            return false;
        }
        cb_id_to_bytes(half[i], out + 16 * i);
    }
    return true;
}

/* Stores the parsed kinds of 64-bit integers; U64 is a bigint, so it never exceeds 2^63-1. */
static bool set_int64(void *member, int64_t value, bool is_unsigned)
{
    if (is_unsigned && value < 0) {
        return false;
    }
    memcpy(member, &value, sizeof(value));
    return true;
}

static bool set_integer_text(const cb_field *field, void *member, const char *text)
{
    int64_t value = 0;
    if (!parse_i64(text, &value)) {
        return false;
    }
    if (field->kind == CB_KIND_U32) {
        const uint32_t narrow = (uint32_t)value;
        memcpy(member, &narrow, sizeof(narrow));
        return value >= 0 && value <= (int64_t)UINT32_MAX;
    }
    return set_int64(member, value, field->kind == CB_KIND_U64);
}

static bool set_enum(const cb_field *field, void *member, const char *text)
{
    uint32_t value = 0;
    if (!cb_enum_parse(field->enums, text, strlen(text), &value)) {
        return false;
    }
    memcpy(member, &value, sizeof(value));
    return true;
}

static bool set_id(void *member, const char *text)
{
    cb_id id = {0, 0};
    if (cb_id_parse(text, strlen(text), &id, NULL) != CB_OK) {
        return false;
    }
    memcpy(member, &id, sizeof(id));
    return true;
}

static bool set_f64(void *member, const char *text)
{
    double value = 0;
    if (!parse_f64(text, &value)) {
        return false;
    }
    memcpy(member, &value, sizeof(value));
    return true;
}

/* ---- values inside jsonb ---- */

static cb_status json_body(
    const json_t *object, const cb_desc *desc, void *body, unsigned depth, cb_err *err);

static cb_status json_items(
    const json_t *array, const cb_field *field, void *body, unsigned depth, cb_err *err)
{
    const size_t count = json_array_size(array);
    if (!json_is_array(array) || count > field->capacity) {
        return bad_value(err, field->name, "not an array that fits");
    }
    const uint32_t items_count = (uint32_t)count;
    memcpy((uint8_t *)body + field->count_offset, &items_count, sizeof(items_count));
    for (uint32_t i = 0; i < items_count; i++) {
        uint8_t *item = (uint8_t *)body + field->offset + (size_t)i * field->sub->size;
        const cb_status status =
            json_body(json_array_get(array, i), field->sub, item, depth + 1, err);
        if (status != CB_OK) {
            return cb_err_context(err, "%s[%u]", field->name, i);
        }
    }
    return CB_OK;
}

static bool json_text(const cb_field *field, void *member, const char *text)
{
    int64_t value = 0;
    switch (field->kind) {
    case CB_KIND_ID:
        return set_id(member, text);
    case CB_KIND_TEXT:
        return cb_text_copy(member, field->capacity, cb_sv_from(text));
    case CB_KIND_BLOB32:
        return parse_blob(text, member);
    case CB_KIND_ENUM:
        return set_enum(field, member, text);
    case CB_KIND_U64:
    case CB_KIND_I64:
        return set_integer_text(field, member, text);
    case CB_KIND_E8:
        return cb_decimal_parse(text, strlen(text), &value, NULL) == CB_OK &&
               set_int64(member, value, false);
    case CB_KIND_TIME:
        return cb_time_parse(text, strlen(text), &value) && set_int64(member, value, false);
    case CB_KIND_U32:
    case CB_KIND_BOOL:
    case CB_KIND_F64:
    case CB_KIND_MSG:
    case CB_KIND_REP:
    default:
        return false;
    }
}

static bool json_number(const cb_field *field, void *member, const json_t *value)
{
    if (field->kind == CB_KIND_F64) {
        const double number = json_number_value(value);
        memcpy(member, &number, sizeof(number));
        return true;
    }
    const double number = json_number_value(value);
    if (field->kind != CB_KIND_U32 || number < 0 || number > (double)UINT32_MAX ||
        floor(number) < number) {
        return false;
    }
    const uint32_t narrow = (uint32_t)number;
    memcpy(member, &narrow, sizeof(narrow));
    return true;
}

static cb_status json_value(
    const json_t *value, const cb_field *field, void *body, unsigned depth, cb_err *err)
{
    void *member = (uint8_t *)body + field->offset;
    if (value == NULL || json_is_null(value)) {
        return CB_OK; /* absent: zero, as it was */
    }
    if (field->kind == CB_KIND_REP) {
        return json_items(value, field, body, depth, err);
    }
    if (field->kind == CB_KIND_MSG) {
        return json_body(value, field->sub, member, depth + 1, err);
    }
    bool is_good = false;
    if (json_is_string(value)) {
        is_good = json_text(field, member, json_string_value(value));
    } else if (json_is_number(value)) {
        is_good = json_number(field, member, value);
    } else if (json_is_boolean(value) && field->kind == CB_KIND_BOOL) {
        *(bool *)member = json_is_true(value);
        is_good = true;
    }
    return is_good ? CB_OK : bad_value(err, field->name, "of the wrong form");
}

static cb_status json_body(
    const json_t *object, const cb_desc *desc, void *body, unsigned depth, cb_err *err)
{
    CB_ASSERT(depth < BODY_DEPTH_MAX);
    if (!json_is_object(object)) {
        return bad_value(err, desc->name, "not an object");
    }
    for (uint32_t i = 0; i < desc->fields_count; i++) {
        const cb_field *field = &desc->fields[i];
        /* Money is written under its name without the unit, as whole units. */
        const size_t size = strlen(field->name) - (field->kind == CB_KIND_E8 ? 3 : 0);
        char key[64];
        CB_ASSERT(cb_text_copy(key, sizeof(key), (cb_strview){field->name, size}));
        const cb_status status = json_value(json_object_get(object, key), field, body, depth, err);
        if (status != CB_OK) {
            return status;
        }
    }
    return CB_OK;
}

static cb_status set_json(const cb_field *field, void *body, const char *text, cb_err *err)
{
    json_error_t why;
    /* Integers as doubles too: jsonb prints 1e300 in full. A uint32 is exact in a double, and what
     * is larger is written as text. */
    json_t *root = json_loads(text, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &why);
    if (root == NULL) {
        return CB_FAIL(err, CB_E_CORRUPT, "stored JSON of '%s': %s", field->name, why.text);
    }
    const cb_status status = json_value(root, field, body, 0, err);
    json_decref(root);
    return status;
}

/* ---- columns ---- */

static cb_status set_column(const cb_field *field, void *body, const char *text, cb_err *err)
{
    void *member = (uint8_t *)body + field->offset;
    bool is_good = false;
    switch (field->kind) {
    case CB_KIND_MSG:
    case CB_KIND_REP:
        return set_json(field, body, text, err);
    case CB_KIND_ID:
        is_good = set_id(member, text);
        break;
    case CB_KIND_TEXT:
        is_good = cb_text_copy(member, field->capacity, cb_sv_from(text));
        break;
    case CB_KIND_BLOB32:
        is_good = text[0] == '\\' && text[1] == 'x' && parse_blob(text + 2, member);
        break;
    case CB_KIND_BOOL:
        *(bool *)member = text[0] == 't';
        is_good = cb_text_equal(text, "t") || cb_text_equal(text, "f");
        break;
    case CB_KIND_ENUM:
        is_good = set_enum(field, member, text);
        break;
    case CB_KIND_F64:
        is_good = set_f64(member, text);
        break;
    case CB_KIND_U64:
    case CB_KIND_I64:
    case CB_KIND_U32:
    case CB_KIND_E8:
    case CB_KIND_TIME:
    default:
        is_good = set_integer_text(field, member, text);
        break;
    }
    return is_good ? CB_OK : bad_value(err, field->name, "of the wrong form or size");
}

/* Column of a name, looked for from hint on, because columns mostly come in field order. */
static int column_of(const PGresult *result, const char *name, int hint)
{
    const int count = PQnfields(result);
    for (int i = 0; i < count; i++) {
        const int column = (hint + i) % count;
        if (strcmp(PQfname(result, column), name) == 0) {
            return column;
        }
    }
    return -1;
}

static cb_status fill(
    const cb_row *row, const cb_desc *desc, void *body, int *next_column, cb_err *err)
{
    for (uint32_t i = 0; i < desc->fields_count; i++) {
        const cb_field *field = &desc->fields[i];
        if (field->kind == CB_KIND_MSG && field->sub == &cb_envelope_desc) {
            const cb_status inner =
                fill(row, field->sub, (uint8_t *)body + field->offset, next_column, err);
            if (inner != CB_OK) {
                return inner;
            }
            continue;
        }
        const int column = column_of(row->result, field->name, *next_column);
        if (column < 0 || PQgetisnull(row->result, row->row, column) != 0) {
            continue;
        }
        *next_column = column + 1;
        const cb_status status =
            set_column(field, body, PQgetvalue(row->result, row->row, column), err);
        if (status != CB_OK) {
            return status;
        }
    }
    return CB_OK;
}

cb_status cb_row_body(const cb_row *row, const cb_desc *desc, void *body, cb_err *err)
{
    memset(body, 0, desc->size);
    int next_column = 0;
    const cb_status status = fill(row, desc, body, &next_column, err);
    return status == CB_OK ? CB_OK : cb_err_context(err, "row of %s", desc->name);
}
