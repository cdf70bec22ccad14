/* Walks a description and hashes what it names; nothing else of the body's bytes is looked at. */
#include "domain/bodyhash.h"

#include <string.h>

#include "base/assert.h"
#include "base/hash.h"

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

static uint64_t hash_items(uint64_t hash, const cb_field *field, const void *body)
{
    const uint8_t *bytes = body;
    const uint64_t count = read_u32(bytes + field->count_offset);
    CB_ASSERT(count <= field->capacity);
    hash = cb_hash_u64(hash, count);
    for (uint64_t i = 0; i < count; i++) {
        hash = cb_body_hash(hash, field->sub, bytes + field->offset + i * field->sub->size);
    }
    return hash;
}

static uint64_t hash_field(uint64_t hash, const cb_field *field, const void *body)
{
    const uint8_t *member = (const uint8_t *)body + field->offset;
    switch (field->kind) {
    case CB_KIND_ID:
        return cb_hash_u64(cb_hash_u64(hash, read_u64(member)), read_u64(member + 8));
    case CB_KIND_TEXT:
        return cb_hash_u64(cb_hash_text(hash, (const char *)member), 0);
    case CB_KIND_BLOB32:
        return cb_hash_bytes(hash, member, 32);
    case CB_KIND_U64:
    case CB_KIND_I64:
    case CB_KIND_E8:
    case CB_KIND_TIME:
    case CB_KIND_F64:
        return cb_hash_u64(hash, read_u64(member));
    case CB_KIND_U32:
    case CB_KIND_ENUM:
        return cb_hash_u64(hash, read_u32(member));
    case CB_KIND_BOOL:
        return cb_hash_u64(hash, *member != 0 ? 1 : 0);
    case CB_KIND_MSG:
        return cb_body_hash(hash, field->sub, member);
    case CB_KIND_REP:
        return hash_items(hash, field, body);
    }
    CB_ASSERT(false);
    return hash;
}

uint64_t cb_body_hash(uint64_t hash, const cb_desc *desc, const void *body)
{
    CB_ASSERT(desc != NULL);
    CB_ASSERT(body != NULL);
    for (uint32_t i = 0; i < desc->fields_count; i++) {
        hash = hash_field(hash, &desc->fields[i], body);
    }
    return hash;
}
