/* A set that remembers the newest ids and forgets the oldest: what a core has already done, so that
 * a repeated message changes nothing. Fixed size; the caller owns the storage. */
#ifndef CB_IDSET_H
#define CB_IDSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"

typedef struct cb_idset_slot {
    cb_id id;
    uint32_t next; /* 1 + index of the next slot of the chain, 0 at its end */
    uint32_t head; /* 1 + index of the first slot of the chain that starts here, 0 when empty */
} cb_idset_slot;

typedef struct cb_idset {
    cb_idset_slot *slots; /* [borrowed until the set is no longer used] */
    uint32_t capacity;
    uint32_t count;
    uint32_t oldest; /* index of the slot that is reused next */
} cb_idset;

/** slots are zeroed here; capacity is at least 1. */
void cb_idset_init(cb_idset *set, cb_idset_slot *slots, uint32_t capacity);
bool cb_idset_has(const cb_idset *set, cb_id id);
/** False, and nothing changes, when the id is there already. A full set forgets its oldest id. */
bool cb_idset_add(cb_idset *set, cb_id id);
/** Hash of the ids in the order in which they came, whatever slots they are in. */
uint64_t cb_idset_hash(const cb_idset *set, uint64_t hash);

#endif /* CB_IDSET_H */
