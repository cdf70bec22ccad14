/* FNV-1a, 64 bits: simple, the same on every machine, good enough for keys that nobody attacks. */
#include "base/hash.h"

#include "base/assert.h"

#define FNV_PRIME UINT64_C(0x100000001b3)

uint64_t cb_hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
    CB_ASSERT(bytes != NULL || size == 0);
    const uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ at[i]) * FNV_PRIME;
    }
    return hash;
}

uint64_t cb_hash_text(uint64_t hash, const char *text)
{
    CB_ASSERT(text != NULL);
    for (size_t i = 0; text[i] != '\0'; i++) {
        hash = (hash ^ (uint8_t)text[i]) * FNV_PRIME;
    }
    return hash;
}

uint64_t cb_hash_u64(uint64_t hash, uint64_t value)
{
    for (unsigned shift = 0; shift < 64; shift += 8) {
        hash = (hash ^ ((value >> shift) & 0xff)) * FNV_PRIME;
    }
    return hash;
}
