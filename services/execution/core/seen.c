/* A hash table with linear probing over a ring of keys. Removal shifts the following entries back
 * instead of leaving marks, so the table never fills up with the dead. */
#include "services/execution/core/seen.h"

#include "base/assert.h"
#include "base/hash.h"

#define SEEN_ALIGN ((size_t)32) /* what two arena blocks may lose to alignment */

static uint32_t seen_slots_for(uint32_t capacity)
{
    uint32_t slots = 16;
    while (slots < capacity * 2) {
        slots *= 2;
    }
    return slots;
}

size_t exec_seen_size(uint32_t capacity)
{
    CB_ASSERT(capacity > 0);
    CB_ASSERT(capacity <= UINT32_MAX / 8);
    return (size_t)capacity * sizeof(cb_id) + (size_t)seen_slots_for(capacity) * sizeof(uint32_t) +
           SEEN_ALIGN;
}

void exec_seen_init(exec_seen *seen, uint32_t capacity, cb_arena *arena)
{
    CB_ASSERT(seen != NULL);
    CB_ASSERT(capacity > 0);
    *seen = (exec_seen){
        .capacity = capacity, .slots_count = seen_slots_for(capacity), .digest = CB_HASH_SEED};
    seen->keys = cb_arena_alloc(arena, capacity, sizeof(cb_id));
    seen->slots = cb_arena_alloc(arena, seen->slots_count, sizeof(uint32_t));
}

static uint32_t seen_home(const exec_seen *seen, cb_id key)
{
    const uint64_t hash = cb_hash_u64(cb_hash_u64(CB_HASH_SEED, key.hi), key.lo);
    return (uint32_t)(hash ^ (hash >> 32)) & (seen->slots_count - 1);
}

/* The slot that holds the key, or the empty one where it belongs. */
static uint32_t seen_probe(const exec_seen *seen, cb_id key)
{
    uint32_t slot = seen_home(seen, key);
    for (uint32_t i = 0; i < seen->slots_count; i++) {
        const uint32_t place = seen->slots[slot];
        if (place == 0 || cb_id_equal(seen->keys[place - 1], key)) {
            return slot;
        }
        slot = (slot + 1) & (seen->slots_count - 1);
    }
    CB_ASSERT(false); /* at most half of the slots are ever used */
    return 0;
}

bool exec_seen_has(const exec_seen *seen, cb_id key)
{
    CB_ASSERT(seen != NULL);
    CB_ASSERT(!cb_id_is_none(key));
    return seen->slots[seen_probe(seen, key)] != 0;
}

static void seen_remove(exec_seen *seen, cb_id key)
{
    const uint32_t mask = seen->slots_count - 1;
    uint32_t hole = seen_probe(seen, key);
    CB_ASSERT(seen->slots[hole] != 0);
    seen->slots[hole] = 0;
    for (uint32_t slot = (hole + 1) & mask; seen->slots[slot] != 0; slot = (slot + 1) & mask) {
        const uint32_t home = seen_home(seen, seen->keys[seen->slots[slot] - 1]);
        /* An entry may fill the hole when its home does not lie behind the hole on its way. */
        if (((slot - home) & mask) >= ((slot - hole) & mask)) {
            seen->slots[hole] = seen->slots[slot];
            seen->slots[slot] = 0;
            hole = slot;
        }
    }
}

bool exec_seen_add(exec_seen *seen, cb_id key, cb_id *evicted)
{
    CB_ASSERT(seen != NULL);
    CB_ASSERT(!cb_id_is_none(key));
    cb_id gone = {0, 0};
    bool is_new = false;
    if (seen->slots[seen_probe(seen, key)] == 0) {
        is_new = true;
        if (seen->count == seen->capacity) {
            gone = seen->keys[seen->next];
            seen_remove(seen, gone);
            seen->count--;
        }
        seen->keys[seen->next] = key;
        seen->slots[seen_probe(seen, key)] = seen->next + 1;
        seen->next = (seen->next + 1) % seen->capacity;
        seen->count++;
        seen->digest = cb_hash_u64(cb_hash_u64(seen->digest, key.hi), key.lo);
    }
    if (evicted != NULL) {
        *evicted = gone;
    }
    CB_ASSERT(seen->count <= seen->capacity);
    return is_new;
}
