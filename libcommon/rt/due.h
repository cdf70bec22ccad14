/* Timers on a clock that the caller owns: what is due, in the order (time, kind, id). Used for the
 * service clock, which may be simulated; it never looks at a clock itself. */
#ifndef CB_DUE_H
#define CB_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cb_due cb_due;

typedef struct cb_due_item {
    int64_t due_ns;
    uint32_t kind; /* kinds have ids of their own */
    uint64_t id;
    void (*fn)(void *context); /* not called here; the owner's */
    void *context;
} cb_due_item;

cb_due *cb_due_create(void);
void cb_due_destroy(cb_due *due);
/** Adds an item, or moves the one with the same kind and id. */
void cb_due_set(cb_due *due, const cb_due_item *item);
/** False when there is none. */
bool cb_due_cancel(cb_due *due, uint32_t kind, uint64_t id);
/** The earliest item; false when there is none. */
bool cb_due_first(const cb_due *due, cb_due_item *out);
/** Takes the earliest item if it is due at now_ns. */
bool cb_due_take(cb_due *due, int64_t now_ns, cb_due_item *out);
size_t cb_due_count(const cb_due *due);

#endif /* CB_DUE_H */
