/* The bump allocator. It never frees: what start-up takes, the process keeps. */
#include "base/arena.h"

#include <string.h>

#include "base/assert.h"

#define ARENA_ALIGN ((size_t)16)

void cb_arena_init(cb_arena *arena, void *block, size_t size)
{
    CB_ASSERT(arena != NULL);
    CB_ASSERT(block != NULL || size == 0);
    CB_ASSERT((uintptr_t)block % ARENA_ALIGN == 0);
    *arena = (cb_arena){.base = block, .size = size, .used = 0, .is_sealed = false};
}

void cb_arena_init_zero(cb_arena *arena, void *block, size_t size)
{
    cb_arena_init(arena, block, size);
    arena->is_zero = true;
}

void *cb_arena_alloc(cb_arena *arena, size_t count, size_t item_size)
{
    CB_ASSERT(arena != NULL);
    CB_ASSERT(!arena->is_sealed);
    size_t wanted = 0;
    const bool overflow = __builtin_mul_overflow(count, item_size, &wanted);
    CB_ASSERT(!overflow);
    CB_ASSERT(wanted <= arena->size - arena->used);
    void *result = arena->base + arena->used;
    if (wanted > 0 && !arena->is_zero) {
        memset(result, 0, wanted);
    }
    /* The next one starts aligned; a block whose end is not aligned is simply used up. */
    const size_t padding = (ARENA_ALIGN - wanted % ARENA_ALIGN) % ARENA_ALIGN;
    const size_t left = arena->size - arena->used - wanted;
    arena->used += wanted + (padding < left ? padding : left);
    CB_ASSERT(arena->used <= arena->size);
    return result;
}

void cb_arena_seal(cb_arena *arena)
{
    CB_ASSERT(arena != NULL);
    arena->is_sealed = true;
}
