/* The bounded list of a step's actions. Bodies are zeroed as they are handed out, so that a reset
 * costs nothing whatever the size of the buffer. */
#include "domain/outbox.h"

#include <string.h>

#include "base/assert.h"

#define BODY_ALIGN ((size_t)16)
_Static_assert(
    (size_t)CB_OUTBOX_BYTES_MAX % BODY_ALIGN == 0, "the buffer holds whole aligned bodies");
_Static_assert(CB_OUTBOX_BYTES_MAX <= UINT32_MAX, "bytes_used counts all of it");

void cb_outbox_reset(cb_outbox *out)
{
    CB_ASSERT(out != NULL);
    out->actions_count = 0;
    out->bytes_used = 0;
}

static cb_action *outbox_append(cb_outbox *out, cb_action_type type)
{
    CB_ASSERT(out != NULL);
    CB_ASSERT(out->actions_count < CB_OUTBOX_ACTIONS_MAX);
    cb_action *action = &out->actions[out->actions_count++];
    *action = (cb_action){.type = type, .table = CB_TABLE_NONE};
    return action;
}

/* Room for a body at the next aligned place; the action then owns it until the reset. */
static void *outbox_take_body(cb_outbox *out, cb_action *action, size_t size)
{
    CB_ASSERT(out->bytes_used % BODY_ALIGN == 0);
    CB_ASSERT(size <= (size_t)CB_OUTBOX_BYTES_MAX - out->bytes_used);
    action->body = out->bytes + out->bytes_used;
    action->body_size = (uint32_t)size;
    memset(action->body, 0, size);
    const size_t padded = (size + BODY_ALIGN - 1) / BODY_ALIGN * BODY_ALIGN;
    out->bytes_used += (uint32_t)padded;
    return action->body;
}

void *cb_outbox_publish(cb_outbox *out, uint32_t subject, uint32_t table, size_t body_size)
{
    cb_action *action = outbox_append(out, CB_ACTION_PUBLISH);
    action->subject = subject;
    action->table = table;
    return outbox_take_body(out, action, body_size);
}

void *cb_outbox_store(cb_outbox *out, uint32_t table, size_t body_size)
{
    CB_ASSERT(table != CB_TABLE_NONE);
    cb_action *action = outbox_append(out, CB_ACTION_STORE);
    action->table = table;
    return outbox_take_body(out, action, body_size);
}

void *cb_outbox_request(cb_outbox *out, uint32_t request, size_t body_size)
{
    cb_action *action = outbox_append(out, CB_ACTION_REQUEST);
    action->request = request;
    return outbox_take_body(out, action, body_size);
}

void cb_outbox_set_timer(cb_outbox *out, uint64_t timer_id, int64_t due_ns)
{
    cb_action *action = outbox_append(out, CB_ACTION_SET_TIMER);
    action->timer_id = timer_id;
    action->due_ns = due_ns;
}

void cb_outbox_cancel_timer(cb_outbox *out, uint64_t timer_id)
{
    cb_action *action = outbox_append(out, CB_ACTION_CANCEL_TIMER);
    action->timer_id = timer_id;
}
