/* A bump allocator over one block. Start-up allocates from it, then it is sealed: an allocation
 * after cb_arena_seal traps, so a step cannot allocate. */
#ifndef CB_ARENA_H
#define CB_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cb_arena {
    uint8_t *base; /* [borrowed until the owner releases it] */
    size_t size;
    size_t used;
    bool is_sealed;
    bool is_zero; /* the block came as zeroes: nothing is zeroed again, pages stay untouched */
} cb_arena;

/** Takes a block [borrowed until the arena is no longer used]; 16-byte aligned. */
void cb_arena_init(cb_arena *arena, void *block, size_t size);
/** The same over a block that is known to be zeroes, such as fresh pages. */
void cb_arena_init_zero(cb_arena *arena, void *block, size_t size);
/** Zeroed memory, aligned to 16; traps when it does not fit or the arena is sealed. */
void *cb_arena_alloc(cb_arena *arena, size_t count, size_t item_size);
void cb_arena_seal(cb_arena *arena);

#endif /* CB_ARENA_H */
