/* Non-cryptographic hashing: table keys, partitions, state hashes. Keyed or cryptographic hashes
 * live in base/mac.h. */
#ifndef CB_HASH_H
#define CB_HASH_H

#include <stddef.h>
#include <stdint.h>

#define CB_HASH_SEED UINT64_C(0xcbf29ce484222325)

/** FNV-1a over bytes, started from or continued with hash (first call: CB_HASH_SEED). */
uint64_t cb_hash_bytes(uint64_t hash, const void *bytes, size_t size);
/** The same over a NUL-terminated text, without the NUL. */
uint64_t cb_hash_text(uint64_t hash, const char *text);
/** Adds one integer, independent of host byte order. */
uint64_t cb_hash_u64(uint64_t hash, uint64_t value);

#endif /* CB_HASH_H */
