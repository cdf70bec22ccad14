/* The shape of every service core: pure functions over a caller-owned state. */
#ifndef CB_CORE_H
#define CB_CORE_H

#include "base/arena.h"
#include "domain/event.h"
#include "domain/outbox.h"

typedef struct cb_core_ops {
    /** Bytes of state for this config. */
    size_t (*state_size)(const void *config);
    /** state is zeroed; config [borrowed until the state is no longer used]; tables that depend
     *  on the config come from the arena, which is sealed afterwards. */
    void (*init)(void *state, const void *config, cb_arena *arena);
    /** Pure and bounded: no I/O, no clock, no allocation. */
    void (*step)(void *state, const cb_event *event, cb_outbox *out);
    /** Equal states give equal hashes on every machine (no pointers, no padding). */
    uint64_t (*state_hash)(const void *state);
} cb_core_ops;

#endif /* CB_CORE_H */
