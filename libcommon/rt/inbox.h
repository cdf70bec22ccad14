/* The bounded queue between the bus and the core. When it is full, the oldest message that may be
 * conflated gives way (latest wins); messages that may not be dropped are refused instead, and it
 * is the caller's business to stop asking for more. */
#ifndef CB_INBOX_H
#define CB_INBOX_H

#include "rt/bus.h"

typedef struct cb_inbox cb_inbox;

typedef struct cb_inbox_item {
    cb_bus_message message; /* [owned] by the queue, then by who pops it */
    uint32_t row;           /* cb_subject_id */
    bool is_conflatable;
} cb_inbox_item;

typedef enum cb_inbox_push_result {
    CB_INBOX_TAKEN,
    CB_INBOX_CONFLATED, /* taken, and *evicted is the caller's to free */
    CB_INBOX_REFUSED    /* not taken */
} cb_inbox_push_result;

cb_inbox *cb_inbox_create(size_t capacity);
/** The items that are left are the caller's to pop first. */
void cb_inbox_destroy(cb_inbox *inbox);
cb_inbox_push_result cb_inbox_push(
    cb_inbox *inbox, const cb_inbox_item *item, cb_inbox_item *evicted);
bool cb_inbox_pop(cb_inbox *inbox, cb_inbox_item *out);
size_t cb_inbox_count(const cb_inbox *inbox);

#endif /* CB_INBOX_H */
