/* The protobuf wire format, both ways, driven by field tables. Not here: JSON (codec_json.c) and
 * any knowledge of single messages.
 *
 * Encoding refuses what decoding would refuse, so a bad text in our own body is found at its
 * producer and not at every consumer. Nested lengths are written after the fact: one byte is
 * reserved, and the rare body of 128 bytes or more is moved. */
#include "wire/codec.h"

#include <string.h>

#include "base/assert.h"
#include "base/strview.h"

#define DEPTH_MAX 4 /* messages within messages; the deepest today is 2 */
#define VARINT_SIZE_MAX 10
#define FIELD_NUMBER_MAX ((UINT64_C(1) << 29) - 1)

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* ---- reading and writing members of a body ---- */

static const void *member_at(const void *body, uint32_t offset)
{
    return (const uint8_t *)body + offset;
}

static void *member_in(void *body, uint32_t offset)
{
    return (uint8_t *)body + offset;
}

static uint32_t load_u32(const void *at)
{
    uint32_t value = 0;
    memcpy(&value, at, sizeof(value));
    return value;
}

static uint64_t load_u64(const void *at)
{
    uint64_t value = 0;
    memcpy(&value, at, sizeof(value));
    return value;
}

/* Infinity and NaN have all exponent bits set; asked of the bits, since they are at hand. */
static bool f64_bits_are_finite(uint64_t bits)
{
    return ((bits >> 52) & 0x7ff) != 0x7ff;
}

_Static_assert(sizeof(cb_side) == sizeof(uint32_t), "enums are stored as 32 bits");
_Static_assert(
    sizeof(cb_price) == 8 && sizeof(cb_qty) == 8 && sizeof(cb_amount) == 8 && sizeof(cb_ratio) == 8,
    "money types are bare int64");
_Static_assert(sizeof(bool) == 1, "a bool is one byte");

/* ---- encoding ---- */

typedef struct writer {
    uint8_t *at;
    uint8_t *end;
    cb_err *err;
} writer;

static cb_status write_full(const writer *out)
{
    return CB_FAIL(out->err, CB_E_FULL, "the encoded message does not fit");
}

static cb_status write_varint(writer *out, uint64_t value)
{
    uint8_t bytes[VARINT_SIZE_MAX];
    size_t size = 0;
    do {
        bytes[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    } while (value != 0);
    bytes[size - 1] &= 0x7f;
    if ((size_t)(out->end - out->at) < size) {
        return write_full(out);
    }
    memcpy(out->at, bytes, size);
    out->at += size;
    return CB_OK;
}

static cb_status write_key(writer *out, const cb_field *field, enum wire_type type)
{
    return write_varint(out, ((uint64_t)field->number << 3) | (uint64_t)type);
}

static cb_status write_bytes(writer *out, const cb_field *field, const void *bytes, size_t size)
{
    cb_status status = write_key(out, field, WIRE_BYTES);
    if (status == CB_OK) {
        status = write_varint(out, size);
    }
    if (status != CB_OK) {
        return status;
    }
    if ((size_t)(out->end - out->at) < size) {
        return write_full(out);
    }
    memcpy(out->at, bytes, size);
    out->at += size;
    return CB_OK;
}

static cb_status write_varint_field(writer *out, const cb_field *field, uint64_t value)
{
    if (value == 0) {
        return CB_OK;
    }
    const cb_status status = write_key(out, field, WIRE_VARINT);
    return status == CB_OK ? write_varint(out, value) : status;
}

static cb_status write_fixed64_field(writer *out, const cb_field *field, uint64_t value)
{
    if (value == 0) {
        return CB_OK;
    }
    const cb_status status = write_key(out, field, WIRE_FIXED64);
    if (status != CB_OK) {
        return status;
    }
    if ((size_t)(out->end - out->at) < sizeof(value)) {
        return write_full(out);
    }
    for (unsigned i = 0; i < sizeof(value); i++) {
        *out->at++ = (uint8_t)(value >> (8 * i));
    }
    return CB_OK;
}

static cb_status write_f64_field(writer *out, const cb_field *field, const void *member)
{
    const uint64_t bits = load_u64(member);
    if (!f64_bits_are_finite(bits)) {
        return CB_FAIL(out->err, CB_E_CORRUPT, "%s is not a finite number", field->name);
    }
    return write_fixed64_field(out, field, bits);
}

static cb_status write_id(writer *out, const cb_field *field, const void *member)
{
    cb_id id;
    memcpy(&id, member, sizeof(id));
    if (cb_id_is_none(id)) {
        return CB_OK;
    }
    uint8_t bytes[16];
    cb_id_to_bytes(id, bytes);
    return write_bytes(out, field, bytes, sizeof(bytes));
}

static cb_status write_blob32(writer *out, const cb_field *field, const uint8_t *bytes)
{
    uint8_t any = 0;
    for (size_t i = 0; i < 32; i++) {
        any |= bytes[i];
    }
    return any == 0 ? CB_OK : write_bytes(out, field, bytes, 32);
}

static cb_status write_text(writer *out, const cb_field *field, const char *text)
{
    const char *end = memchr(text, '\0', field->capacity);
    CB_ASSERT(end != NULL);
    const cb_strview view = {text, (size_t)(end - text)};
    if (view.size == 0) {
        return CB_OK;
    }
    if (!cb_utf8_is_valid(view)) {
        return CB_FAIL(out->err, CB_E_CORRUPT, "%s is not UTF-8", field->name);
    }
    return write_bytes(out, field, view.at, view.size);
}

static cb_status write_enum(writer *out, const cb_field *field, uint32_t value)
{
    if (value >= field->enums->count) {
        return CB_FAIL(out->err, CB_E_RANGE, "%s has no value %u", field->name, value);
    }
    return write_varint_field(out, field, value);
}

static cb_status write_body(writer *out, const cb_desc *desc, const void *body, unsigned depth);

/* Puts the length before the nested body that begins at start + 1. */
static cb_status finish_nested(writer *out, uint8_t *start)
{
    size_t size = (size_t)(out->at - start) - 1;
    size_t extra = 0;
    for (size_t rest = size >> 7; rest != 0; rest >>= 7) {
        extra++;
    }
    if ((size_t)(out->end - out->at) < extra) {
        return write_full(out);
    }
    memmove(start + 1 + extra, start + 1, size);
    out->at += extra;
    for (size_t i = 0; i < extra; i++) {
        *start++ = (uint8_t)(size | 0x80);
        size >>= 7;
    }
    *start = (uint8_t)size;
    return CB_OK;
}

/* One nested message; an embedded one without content is left out, an item of a list never. */
static cb_status write_nested(
    writer *out, const cb_field *field, const void *body, unsigned depth, bool is_item)
{
    uint8_t *before = out->at;
    cb_status status = write_key(out, field, WIRE_BYTES);
    if (status != CB_OK) {
        return status;
    }
    if (out->at == out->end) {
        return write_full(out);
    }
    uint8_t *start = out->at++;
    status = write_body(out, field->sub, body, depth + 1);
    if (status != CB_OK) {
        return status;
    }
    if (!is_item && out->at == start + 1) {
        out->at = before;
        return CB_OK;
    }
    return finish_nested(out, start);
}

static cb_status write_repeated(
    writer *out, const cb_field *field, const void *body, unsigned depth)
{
    const uint32_t count = load_u32(member_at(body, field->count_offset));
    CB_ASSERT(count <= field->capacity);
    const uint8_t *items = member_at(body, field->offset);
    for (uint32_t i = 0; i < count; i++) {
        const void *item = items + (size_t)i * field->sub->size;
        const cb_status status = write_nested(out, field, item, depth, true);
        if (status != CB_OK) {
            return status;
        }
    }
    return CB_OK;
}

static cb_status write_field(writer *out, const cb_field *field, const void *body, unsigned depth)
{
    const void *member = member_at(body, field->offset);
    switch (field->kind) {
    case CB_KIND_ID:
        return write_id(out, field, member);
    case CB_KIND_TEXT:
        return write_text(out, field, member);
    case CB_KIND_BLOB32:
        return write_blob32(out, field, member);
    case CB_KIND_U64:
        return write_varint_field(out, field, load_u64(member));
    case CB_KIND_U32:
        return write_varint_field(out, field, load_u32(member));
    case CB_KIND_BOOL:
        return write_varint_field(out, field, *(const bool *)member ? 1 : 0);
    case CB_KIND_ENUM:
        return write_enum(out, field, load_u32(member));
    case CB_KIND_I64:
    case CB_KIND_E8:
    case CB_KIND_TIME:
        return write_fixed64_field(out, field, load_u64(member));
    case CB_KIND_F64:
        return write_f64_field(out, field, member);
    case CB_KIND_MSG:
        return write_nested(out, field, member, depth, false);
    case CB_KIND_REP:
        return write_repeated(out, field, body, depth);
    default:
        cb_assert_fail("a field has a known kind", __FILE__, __LINE__);
    }
}

static cb_status write_body(writer *out, const cb_desc *desc, const void *body, unsigned depth)
{
    CB_ASSERT(depth < DEPTH_MAX);
    for (uint32_t i = 0; i < desc->fields_count; i++) {
        const cb_status status = write_field(out, &desc->fields[i], body, depth);
        if (status != CB_OK) {
            return status;
        }
    }
    return CB_OK;
}

cb_status cb_encode(
    const cb_desc *desc, const void *body, uint8_t *out, size_t capacity, size_t *size, cb_err *err)
{
    CB_ASSERT(desc != NULL);
    CB_ASSERT(body != NULL);
    CB_ASSERT(out != NULL && size != NULL);
    writer target = {.at = out, .end = out + capacity, .err = err};
    const cb_status status = write_body(&target, desc, body, 0);
    if (status != CB_OK) {
        (void)cb_err_context(err, "encode %s", desc->name);
        return status;
    }
    CB_ASSERT(target.at <= target.end);
    *size = (size_t)(target.at - out);
    return CB_OK;
}

/* ---- decoding ---- */

typedef struct reader {
    const uint8_t *at;
    const uint8_t *end;
    cb_err *err;
} reader;

static cb_status read_varint(reader *in, uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < VARINT_SIZE_MAX; i++) {
        if (in->at == in->end) {
            return CB_FAIL(in->err, CB_E_CORRUPT, "truncated varint");
        }
        const uint8_t byte = *in->at++;
        /* The tenth byte has room for one bit only. */
        if (i == VARINT_SIZE_MAX - 1 && byte > 1) {
            break;
        }
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if ((byte & 0x80) == 0) {
            *out = value;
            return CB_OK;
        }
    }
    return CB_FAIL(in->err, CB_E_CORRUPT, "a varint leaves 64 bits");
}

static cb_status read_fixed64(reader *in, uint64_t *out)
{
    if (in->end - in->at < 8) {
        return CB_FAIL(in->err, CB_E_CORRUPT, "truncated 64-bit value");
    }
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++) {
        value |= (uint64_t)in->at[i] << (8 * i);
    }
    in->at += 8;
    *out = value;
    return CB_OK;
}

/* A length and that many bytes, as a reader of their own; in moves behind them. */
static cb_status read_bytes(reader *in, reader *out)
{
    uint64_t size = 0;
    const cb_status status = read_varint(in, &size);
    if (status != CB_OK) {
        return status;
    }
    if (size > (uint64_t)(in->end - in->at)) {
        return CB_FAIL(in->err, CB_E_CORRUPT, "a length leaves the message");
    }
    *out = (reader){.at = in->at, .end = in->at + size, .err = in->err};
    in->at += size;
    return CB_OK;
}

static cb_status skip_value(reader *in, unsigned wire_type)
{
    uint64_t ignored = 0;
    reader ignored_bytes = *in;
    switch (wire_type) {
    case WIRE_VARINT:
        return read_varint(in, &ignored);
    case WIRE_FIXED64:
        return read_fixed64(in, &ignored);
    case WIRE_BYTES:
        return read_bytes(in, &ignored_bytes);
    case WIRE_FIXED32:
        if (in->end - in->at < 4) {
            return CB_FAIL(in->err, CB_E_CORRUPT, "truncated 32-bit value");
        }
        in->at += 4;
        return CB_OK;
    default:
        return CB_FAIL(in->err, CB_E_CORRUPT, "wire type %u", wire_type);
    }
}

static unsigned wire_type_of(cb_field_kind kind)
{
    switch (kind) {
    case CB_KIND_U64:
    case CB_KIND_U32:
    case CB_KIND_BOOL:
    case CB_KIND_ENUM:
        return WIRE_VARINT;
    case CB_KIND_I64:
    case CB_KIND_E8:
    case CB_KIND_TIME:
    case CB_KIND_F64:
        return WIRE_FIXED64;
    case CB_KIND_ID:
    case CB_KIND_TEXT:
    case CB_KIND_BLOB32:
    case CB_KIND_MSG:
    case CB_KIND_REP:
        return WIRE_BYTES;
    default:
        cb_assert_fail("a field has a known kind", __FILE__, __LINE__);
    }
}

static cb_status store_varint(const cb_field *field, uint64_t value, void *member, cb_err *err)
{
    if (field->kind == CB_KIND_U64) {
        memcpy(member, &value, sizeof(value));
        return CB_OK;
    }
    uint64_t limit = UINT32_MAX;
    if (field->kind == CB_KIND_BOOL) {
        limit = 1;
    } else if (field->kind == CB_KIND_ENUM) {
        limit = (uint64_t)field->enums->count - 1;
    }
    if (value > limit) {
        return CB_FAIL(err, CB_E_RANGE, "the value is above its limit");
    }
    const uint32_t narrow = (uint32_t)value;
    if (field->kind == CB_KIND_BOOL) {
        *(bool *)member = narrow == 1;
    } else {
        memcpy(member, &narrow, sizeof(narrow));
    }
    return CB_OK;
}

static cb_status store_fixed64(const cb_field *field, uint64_t value, void *member, cb_err *err)
{
    if (field->kind == CB_KIND_F64 && !f64_bits_are_finite(value)) {
        return CB_FAIL(err, CB_E_RANGE, "not a finite number");
    }
    memcpy(member, &value, sizeof(value));
    return CB_OK;
}

static cb_status store_text(const cb_field *field, const reader *bytes, char *member)
{
    const cb_strview text = {(const char *)bytes->at, (size_t)(bytes->end - bytes->at)};
    if (text.size >= field->capacity) {
        return CB_FAIL(
            bytes->err, CB_E_FULL, "text of %zu bytes, at most %u", text.size, field->capacity - 1);
    }
    if (!cb_utf8_is_valid(text)) {
        return CB_FAIL(bytes->err, CB_E_CORRUPT, "text is not UTF-8");
    }
    /* The whole member is cleared: a field that comes twice must leave nothing of the first. */
    memset(member, 0, field->capacity);
    if (text.size > 0) {
        memcpy(member, text.at, text.size);
    }
    return CB_OK;
}

static cb_status store_sized(const reader *bytes, size_t wanted, uint8_t *out)
{
    const size_t size = (size_t)(bytes->end - bytes->at);
    if (size != wanted) {
        return CB_FAIL(bytes->err, CB_E_CORRUPT, "%zu bytes instead of %zu", size, wanted);
    }
    memcpy(out, bytes->at, wanted);
    return CB_OK;
}

static cb_status store_id(const reader *bytes, void *member)
{
    uint8_t raw[16];
    const cb_status status = store_sized(bytes, sizeof(raw), raw);
    if (status == CB_OK) {
        const cb_id id = cb_id_from_bytes(raw);
        memcpy(member, &id, sizeof(id));
    }
    return status;
}

static cb_status read_body(reader *in, const cb_desc *desc, void *body, unsigned depth);

static cb_status store_item(const cb_field *field, reader *bytes, void *body, unsigned depth)
{
    void *count_at = member_in(body, field->count_offset);
    const uint32_t count = load_u32(count_at);
    if (count >= field->capacity) {
        return CB_FAIL(bytes->err, CB_E_FULL, "more than %u items", field->capacity);
    }
    uint8_t *items = member_in(body, field->offset);
    const cb_status status =
        read_body(bytes, field->sub, items + (size_t)count * field->sub->size, depth + 1);
    const uint32_t next = count + 1;
    memcpy(count_at, &next, sizeof(next));
    return status;
}

static cb_status store_bytes(const cb_field *field, reader *bytes, void *body, unsigned depth)
{
    void *member = member_in(body, field->offset);
    switch (field->kind) {
    case CB_KIND_ID:
        return store_id(bytes, member);
    case CB_KIND_BLOB32:
        return store_sized(bytes, 32, member);
    case CB_KIND_TEXT:
        return store_text(field, bytes, member);
    case CB_KIND_MSG:
        return read_body(bytes, field->sub, member, depth + 1);
    case CB_KIND_REP:
        return store_item(field, bytes, body, depth);
    case CB_KIND_U64:
    case CB_KIND_I64:
    case CB_KIND_U32:
    case CB_KIND_BOOL:
    case CB_KIND_ENUM:
    case CB_KIND_E8:
    case CB_KIND_TIME:
    case CB_KIND_F64:
    default:
        cb_assert_fail("the kind has wire type 2", __FILE__, __LINE__);
    }
}

static cb_status read_field(
    reader *in, const cb_field *field, unsigned wire_type, void *body, unsigned depth)
{
    if (wire_type != wire_type_of(field->kind)) {
        return CB_FAIL(in->err, CB_E_CORRUPT, "wire type %u", wire_type);
    }
    void *member = member_in(body, field->offset);
    uint64_t value = 0;
    reader bytes = *in;
    cb_status status = CB_OK;
    switch (wire_type) {
    case WIRE_VARINT:
        status = read_varint(in, &value);
        return status == CB_OK ? store_varint(field, value, member, in->err) : status;
    case WIRE_FIXED64:
        status = read_fixed64(in, &value);
        return status == CB_OK ? store_fixed64(field, value, member, in->err) : status;
    default:
        status = read_bytes(in, &bytes);
        return status == CB_OK ? store_bytes(field, &bytes, body, depth) : status;
    }
}

/* Numbers nearly always count 1, 2, 3 …, so the first look usually finds the field. */
static const cb_field *find_field(const cb_desc *desc, uint64_t number)
{
    if (number <= desc->fields_count && desc->fields[number - 1].number == number) {
        return &desc->fields[number - 1];
    }
    for (uint32_t i = 0; i < desc->fields_count; i++) {
        if (desc->fields[i].number == number) {
            return &desc->fields[i];
        }
    }
    return NULL;
}

static cb_status read_body(reader *in, const cb_desc *desc, void *body, unsigned depth)
{
    CB_ASSERT(depth < DEPTH_MAX);
    while (in->at != in->end) {
        uint64_t key = 0;
        cb_status status = read_varint(in, &key);
        if (status != CB_OK) {
            return status;
        }
        const uint64_t number = key >> 3;
        const unsigned wire_type = (unsigned)(key & 7);
        if (number == 0 || number > FIELD_NUMBER_MAX) {
            return CB_FAIL(in->err, CB_E_CORRUPT, "field number out of range");
        }
        const cb_field *field = find_field(desc, number);
        if (field == NULL) {
            status = skip_value(in, wire_type);
        } else {
            status = read_field(in, field, wire_type, body, depth);
        }
        if (status != CB_OK) {
            (void)cb_err_context(in->err, "%s", field == NULL ? "unknown field" : field->name);
            return status;
        }
    }
    return CB_OK;
}

cb_status cb_decode(const cb_desc *desc, const uint8_t *bytes, size_t size, void *body, cb_err *err)
{
    CB_ASSERT(desc != NULL);
    CB_ASSERT(bytes != NULL || size == 0);
    CB_ASSERT(body != NULL);
    memset(body, 0, desc->size);
    if (size == 0) {
        return CB_OK;
    }
    reader in = {.at = bytes, .end = bytes + size, .err = err};
    const cb_status status = read_body(&in, desc, body, 0);
    if (status != CB_OK) {
        (void)cb_err_context(err, "decode %s", desc->name);
    }
    return status;
}
