/* Hashes of the audit chain. Every value goes in big-endian and every text with its length before
 * it, so two different records never give the same bytes. */
#include "domain/audit.h"

#include <string.h>

#include "base/assert.h"
#include "base/mac.h"
#include "domain/canonical.h"

#define CB_SELF cb_audit_record
CB_DESC(cb_audit_record, "audit_record", CB_AUDIT_RECORD_FIELDS)
#undef CB_SELF

static void add_u64(cb_blake2b *hash, uint64_t value)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(value >> (56 - 8 * i));
    }
    cb_blake2b_add(hash, bytes, sizeof(bytes));
}

static void add_text(cb_blake2b *hash, const char *text)
{
    const size_t size = strlen(text);
    add_u64(hash, size);
    cb_blake2b_add(hash, text, size);
}

void cb_audit_record_hash(const cb_audit_record *record, uint8_t out[CB_AUDIT_HASH_SIZE])
{
    CB_ASSERT(record != NULL);
    CB_ASSERT(record->seq > 0);
    static const char DOMAIN[] = "cerberus.audit.record.v1";
    cb_blake2b hash;
    cb_blake2b_begin(&hash);
    cb_blake2b_add(&hash, record->prev_hash, sizeof(record->prev_hash));
    add_text(&hash, DOMAIN);
    add_u64(&hash, record->seq);
    add_u64(&hash, (uint64_t)record->recorded_ns);
    add_text(&hash, record->kind);
    add_text(&hash, record->actor);
    add_text(&hash, record->action);
    add_text(&hash, record->object);
    add_u64(&hash, record->event_id.hi);
    add_u64(&hash, record->event_id.lo);
    add_u64(&hash, record->correlation_id.hi);
    add_u64(&hash, record->correlation_id.lo);
    add_u64(&hash, (uint64_t)record->event_ns);
    add_text(&hash, record->detail);
    cb_blake2b_add(&hash, record->body_hash, sizeof(record->body_hash));
    cb_blake2b_end(&hash, out);
}

/* ---- whole messages ---- */

static void add_body(cb_blake2b *hash, const cb_desc *desc, const void *body);

static uint64_t read_u32(const void *member)
{
    uint32_t value = 0;
    memcpy(&value, member, sizeof(value));
    return value;
}

static uint64_t read_u64(const void *member)
{
    uint64_t value = 0;
    memcpy(&value, member, sizeof(value));
    return value;
}

static void add_items(cb_blake2b *hash, const cb_field *field, const void *body)
{
    const uint8_t *bytes = body;
    const uint64_t count = read_u32(bytes + field->count_offset);
    CB_ASSERT(count <= field->capacity);
    add_u64(hash, count);
    for (uint64_t i = 0; i < count; i++) {
        add_body(hash, field->sub, bytes + field->offset + i * field->sub->size);
    }
}

static void add_field(cb_blake2b *hash, const cb_field *field, const void *body)
{
    const uint8_t *member = (const uint8_t *)body + field->offset;
    switch (field->kind) {
    case CB_KIND_ID:
        add_u64(hash, read_u64(member));
        add_u64(hash, read_u64(member + 8));
        return;
    case CB_KIND_TEXT:
        add_text(hash, (const char *)member);
        return;
    case CB_KIND_BLOB32:
        cb_blake2b_add(hash, member, 32);
        return;
    case CB_KIND_U64:
    case CB_KIND_I64:
    case CB_KIND_E8:
    case CB_KIND_TIME:
    case CB_KIND_F64:
        add_u64(hash, read_u64(member));
        return;
    case CB_KIND_U32:
    case CB_KIND_ENUM:
        add_u64(hash, read_u32(member));
        return;
    case CB_KIND_BOOL:
        add_u64(hash, *member != 0 ? 1 : 0);
        return;
    case CB_KIND_MSG:
        add_body(hash, field->sub, member);
        return;
    case CB_KIND_REP:
        add_items(hash, field, body);
        return;
    }
    CB_ASSERT(false);
}

static void add_body(cb_blake2b *hash, const cb_desc *desc, const void *body)
{
    for (uint32_t i = 0; i < desc->fields_count; i++) {
        add_field(hash, &desc->fields[i], body);
    }
}

void cb_audit_body_hash(const cb_desc *desc, const void *body, uint8_t out[CB_AUDIT_HASH_SIZE])
{
    CB_ASSERT(desc != NULL);
    CB_ASSERT(body != NULL);
    cb_blake2b hash;
    cb_blake2b_begin(&hash);
    add_text(&hash, desc->name);
    add_body(&hash, desc, body);
    cb_blake2b_end(&hash, out);
}

/* ---- heads ---- */

size_t cb_audit_head_bytes(const cb_audit_head *head, uint8_t out[CB_AUDIT_SIGNED_MAX])
{
    CB_ASSERT(head != NULL);
    cb_canonical bytes = {0};
    cb_canonical_put_text(&bytes, "cerberus.audit.head.v1");
    cb_canonical_put_u64(&bytes, head->number);
    cb_canonical_put_u64(&bytes, head->seq);
    cb_canonical_put_i64(&bytes, head->signed_ns);
    cb_canonical_put_bytes(&bytes, head->hash, sizeof(head->hash));
    cb_canonical_put_bytes(&bytes, head->prev, sizeof(head->prev));
    CB_ASSERT(bytes.size <= CB_AUDIT_SIGNED_MAX);
    memcpy(out, bytes.bytes, bytes.size);
    return bytes.size;
}
