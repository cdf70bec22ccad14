/* A ring of ids with hash chains through it: adding, looking up and forgetting take a few steps
 * whatever the size. Chains are kept as indices, so that the slots may live anywhere. */
#include "base/idset.h"

#include <string.h>

#include "base/assert.h"
#include "base/hash.h"

void cb_idset_init(cb_idset *set, cb_idset_slot *slots, uint32_t capacity)
{
    CB_ASSERT(slots != NULL);
    CB_ASSERT(capacity > 0);
    memset(slots, 0, capacity * sizeof(*slots));
    *set = (cb_idset){.slots = slots, .capacity = capacity};
}

static uint32_t *chain_of(const cb_idset *set, cb_id id)
{
    const uint64_t hash = cb_hash_u64(cb_hash_u64(CB_HASH_SEED, id.hi), id.lo);
    return &set->slots[hash % set->capacity].head;
}

bool cb_idset_has(const cb_idset *set, cb_id id)
{
    CB_ASSERT(set->capacity > 0);
    for (uint32_t at = *chain_of(set, id); at != 0; at = set->slots[at - 1].next) {
        if (cb_id_equal(set->slots[at - 1].id, id)) {
            return true;
        }
    }
    return false;
}

/* Takes the oldest slot out of its chain. */
static void forget_oldest(cb_idset *set)
{
    CB_ASSERT(set->count == set->capacity);
    const uint32_t reused = set->oldest + 1;
    uint32_t *link = chain_of(set, set->slots[set->oldest].id);
    while (*link != reused) {
        CB_ASSERT(*link != 0);
        link = &set->slots[*link - 1].next;
    }
    *link = set->slots[set->oldest].next;
    set->count--;
}

bool cb_idset_add(cb_idset *set, cb_id id)
{
    CB_ASSERT(!cb_id_is_none(id));
    if (cb_idset_has(set, id)) {
        return false;
    }
    if (set->count == set->capacity) {
        forget_oldest(set);
    }
    uint32_t *head = chain_of(set, id);
    cb_idset_slot *slot = &set->slots[set->oldest];
    slot->id = id;
    slot->next = *head;
    *head = set->oldest + 1;
    set->oldest = (set->oldest + 1) % set->capacity;
    set->count++;
    CB_ASSERT(set->count <= set->capacity);
    return true;
}

uint64_t cb_idset_hash(const cb_idset *set, uint64_t hash)
{
    CB_ASSERT(set->count <= set->capacity);
    const uint32_t first = (set->oldest + set->capacity - set->count) % set->capacity;
    for (uint32_t i = 0; i < set->count; i++) {
        const cb_id id = set->slots[(first + i) % set->capacity].id;
        hash = cb_hash_u64(cb_hash_u64(hash, id.hi), id.lo);
    }
    return cb_hash_u64(hash, set->count);
}
