/* Canonical bytes: the writers. What is written in which order is the callers' contract. */
#include "domain/canonical.h"

#include <string.h>

#include "base/assert.h"

void cb_canonical_put_bytes(cb_canonical *out, const uint8_t *bytes, size_t size)
{
    CB_ASSERT(out != NULL && (bytes != NULL || size == 0));
    CB_ASSERT(size <= CB_CANONICAL_MAX - out->size);
    if (size > 0) {
        memcpy(out->bytes + out->size, bytes, size);
        out->size += size;
    }
}

void cb_canonical_put_u8(cb_canonical *out, uint8_t value)
{
    cb_canonical_put_bytes(out, &value, 1);
}

void cb_canonical_put_u32(cb_canonical *out, uint32_t value)
{
    uint8_t bytes[4];
    for (unsigned i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(value >> (24 - 8 * i));
    }
    cb_canonical_put_bytes(out, bytes, sizeof(bytes));
}

void cb_canonical_put_u64(cb_canonical *out, uint64_t value)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(value >> (56 - 8 * i));
    }
    cb_canonical_put_bytes(out, bytes, sizeof(bytes));
}

void cb_canonical_put_i64(cb_canonical *out, int64_t value)
{
    cb_canonical_put_u64(out, (uint64_t)value);
}

void cb_canonical_put_id(cb_canonical *out, cb_id id)
{
    uint8_t bytes[16];
    cb_id_to_bytes(id, bytes);
    cb_canonical_put_bytes(out, bytes, sizeof(bytes));
}

void cb_canonical_put_text(cb_canonical *out, const char *text)
{
    CB_ASSERT(text != NULL);
    const size_t size = strlen(text);
    CB_ASSERT(size <= CB_CANONICAL_MAX);
    cb_canonical_put_u32(out, (uint32_t)size);
    cb_canonical_put_bytes(out, (const uint8_t *)text, size);
}
