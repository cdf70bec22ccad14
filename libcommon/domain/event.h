/* What goes into a core. Every input is an event: bus messages, timers, answers of the database
 * or the venue. seq counts a service's events without gaps; ts_ns is the service's clock. */
#ifndef CB_EVENT_H
#define CB_EVENT_H

#include "base/assert.h"
#include "domain/messages.h"

typedef enum cb_event_type {
    CB_EVENT_NONE = 0,
    /* 1 … CB_MSG_COUNT-1: the bus message with that cb_msg_id */
    CB_EVENT_TIMER = 0x100,     /* body: cb_timer_event */
    CB_EVENT_RECOVERED = 0x101, /* body NULL: recovery is over, from now on actions take effect */
    CB_EVENT_LOCAL = 0x200      /* and above: the service's own (venue answers, claim results) */
} cb_event_type;

typedef struct cb_timer_event {
    uint64_t timer_id;
    int64_t due_ns;
} cb_timer_event;

typedef struct cb_event {
    uint64_t seq;
    int64_t ts_ns;
    uint32_t type;      /* cb_event_type, cb_msg_id or service-local */
    bool is_recovery;   /* re-fed from storage: actions it causes are discarded by the shell */
    uint32_t body_size; /* bytes at body; checked by CB_BODY */
    const void *body;   /* [borrowed] for the step */
} cb_event;

/** The body as the struct that the event's type promises; traps when the sizes differ. */
static inline const void *cb_event_body(const cb_event *event, size_t size)
{
    CB_ASSERT(event->body != NULL);
    CB_ASSERT(event->body_size == size);
    return event->body;
}
#define CB_BODY(event, type) ((const type *)cb_event_body((event), sizeof(type)))

#endif /* CB_EVENT_H */
