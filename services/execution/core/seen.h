/* Remembers the newest identities that have been dealt with: trades, venue orders, permits. A set
 * of fixed capacity that forgets the oldest first and says what it forgot, so that the caller can
 * keep a floor ("everything up to here is old"). */
#ifndef EXEC_SEEN_H
#define EXEC_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/id.h"

typedef struct exec_seen {
    cb_id *keys;     /* ring in order of arrival */
    uint32_t *slots; /* open addressing: ring place + 1, 0 = empty */
    uint32_t capacity;
    uint32_t slots_count; /* a power of two, at least twice the capacity */
    uint32_t count;
    uint32_t next;   /* ring place that is written next */
    uint64_t digest; /* of all keys ever added, in order: what is kept follows from it */
} exec_seen;

/** Bytes of arena that a set of this capacity takes. */
size_t exec_seen_size(uint32_t capacity);
void exec_seen_init(exec_seen *seen, uint32_t capacity, cb_arena *arena);
bool exec_seen_has(const exec_seen *seen, cb_id key);
/**
 * Adds a key that is not none.
 *
 * @param evicted [out] the key that had to go, none when nothing had to; may be NULL.
 * @return false when the key was there already.
 */
bool exec_seen_add(exec_seen *seen, cb_id key, cb_id *evicted);
#endif /* EXEC_SEEN_H */
