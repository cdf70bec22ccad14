/* Canonical bytes of values for hashing and signing: big-endian integers, texts with their length
 * before them. Two different lists of values never give the same bytes. */
#ifndef CB_CANONICAL_H
#define CB_CANONICAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/id.h"

#define CB_CANONICAL_MAX 512

typedef struct cb_canonical {
    size_t size;
    uint8_t bytes[CB_CANONICAL_MAX];
} cb_canonical;

/* Each appends; traps when CB_CANONICAL_MAX is exceeded (a bug: the callers' fields are bounded).
 */
void cb_canonical_put_u8(cb_canonical *out, uint8_t value);
void cb_canonical_put_u32(cb_canonical *out, uint32_t value);
void cb_canonical_put_u64(cb_canonical *out, uint64_t value);
void cb_canonical_put_i64(cb_canonical *out, int64_t value); /* two's complement */
void cb_canonical_put_id(cb_canonical *out, cb_id id);
void cb_canonical_put_bytes(cb_canonical *out, const uint8_t *bytes, size_t size); /* no length */
void cb_canonical_put_text(cb_canonical *out, const char *text); /* u32 length, then bytes */

#endif /* CB_CANONICAL_H */
