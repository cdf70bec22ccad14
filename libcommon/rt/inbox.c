/* A ring. Evicting from its middle moves what lies before by one place; what lies before are only
 * messages that may not be conflated, which are few. */
#include "rt/inbox.h"

#include <stdlib.h>

#include "base/assert.h"

struct cb_inbox {
    cb_inbox_item *items;
    size_t capacity;
    size_t head; /* place of the oldest */
    size_t count;
};

static cb_inbox_item *item_at(const cb_inbox *inbox, size_t index)
{
    return &inbox->items[(inbox->head + index) % inbox->capacity];
}

cb_inbox *cb_inbox_create(size_t capacity)
{
    CB_ASSERT(capacity > 0);
    cb_inbox *inbox = calloc(1, sizeof(*inbox));
    CB_ASSERT(inbox != NULL);
    inbox->capacity = capacity;
    inbox->items = calloc(capacity, sizeof(inbox->items[0]));
    CB_ASSERT(inbox->items != NULL);
    return inbox;
}

void cb_inbox_destroy(cb_inbox *inbox)
{
    if (inbox != NULL) {
        CB_ASSERT(inbox->count == 0);
        free(inbox->items);
        free(inbox);
    }
}

/* Takes the oldest conflatable item out of a full ring. */
static bool evict(cb_inbox *inbox, cb_inbox_item *evicted)
{
    size_t index = 0;
    while (index < inbox->count && !item_at(inbox, index)->is_conflatable) {
        index++;
    }
    if (index == inbox->count) {
        return false;
    }
    *evicted = *item_at(inbox, index);
    for (; index > 0; index--) {
        *item_at(inbox, index) = *item_at(inbox, index - 1);
    }
    inbox->head = (inbox->head + 1) % inbox->capacity;
    inbox->count--;
    return true;
}

cb_inbox_push_result cb_inbox_push(
    cb_inbox *inbox, const cb_inbox_item *item, cb_inbox_item *evicted)
{
    cb_inbox_push_result result = CB_INBOX_TAKEN;
    if (inbox->count == inbox->capacity) {
        if (!evict(inbox, evicted)) {
            return CB_INBOX_REFUSED;
        }
        result = CB_INBOX_CONFLATED;
    }
    *item_at(inbox, inbox->count) = *item;
    inbox->count++;
    return result;
}

bool cb_inbox_pop(cb_inbox *inbox, cb_inbox_item *out)
{
    if (inbox->count == 0) {
        return false;
    }
    *out = *item_at(inbox, 0);
    inbox->head = (inbox->head + 1) % inbox->capacity;
    inbox->count--;
    return true;
}

size_t cb_inbox_count(const cb_inbox *inbox)
{
    return inbox->count;
}
