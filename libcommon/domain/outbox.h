/* What comes out of a core: a bounded list of actions with their bodies. A step that needs more
 * than the room there is traps: the bounds are part of a core's design. */
#ifndef CB_OUTBOX_H
#define CB_OUTBOX_H

#include "domain/messages.h"

#define CB_OUTBOX_ACTIONS_MAX 512
#define CB_OUTBOX_BYTES_MAX (512 * 1024)
#define CB_TABLE_NONE UINT32_MAX

typedef enum cb_action_type {
    CB_ACTION_PUBLISH,      /* subject, body; with table: stored in the same transaction too */
    CB_ACTION_STORE,        /* table, body */
    CB_ACTION_SET_TIMER,    /* timer_id, due_ns; setting an id again moves it */
    CB_ACTION_CANCEL_TIMER, /* timer_id */
    CB_ACTION_REQUEST       /* request (service's own kind), body: the service's shell does it */
} cb_action_type;

typedef struct cb_action {
    cb_action_type type;
    uint32_t subject; /* cb_subject_id (proto/subjects.def) */
    uint32_t table;   /* index into the service's tables, or CB_TABLE_NONE */
    uint32_t request; /* service-local kind */
    uint64_t timer_id;
    int64_t due_ns;
    uint32_t body_size;
    void *body; /* [borrowed until the outbox is reset] zeroed, then filled by the core */
} cb_action;

typedef struct cb_outbox {
    uint32_t actions_count;
    uint32_t bytes_used;
    cb_action actions[CB_OUTBOX_ACTIONS_MAX];
    _Alignas(16) uint8_t bytes[CB_OUTBOX_BYTES_MAX];
} cb_outbox;

void cb_outbox_reset(cb_outbox *out);
/** Appends an action and returns its zeroed body (16-byte aligned). Traps when full. */
void *cb_outbox_publish(cb_outbox *out, uint32_t subject, uint32_t table, size_t body_size);
void *cb_outbox_store(cb_outbox *out, uint32_t table, size_t body_size);
void *cb_outbox_request(cb_outbox *out, uint32_t request, size_t body_size);
void cb_outbox_set_timer(cb_outbox *out, uint64_t timer_id, int64_t due_ns);
void cb_outbox_cancel_timer(cb_outbox *out, uint64_t timer_id);

/* Typed forms: cb_intent *intent = CB_PUBLISH(out, CB_SUBJECT_INTENT, TABLE_INTENT, cb_intent); */
#define CB_PUBLISH(out, subject, table, type)                                                      \
    ((type *)cb_outbox_publish((out), (uint32_t)(subject), (uint32_t)(table), sizeof(type)))
#define CB_STORE(out, table, type) ((type *)cb_outbox_store((out), (uint32_t)(table), sizeof(type)))
#define CB_REQUEST(out, request, type)                                                             \
    ((type *)cb_outbox_request((out), (uint32_t)(request), sizeof(type)))

#endif /* CB_OUTBOX_H */
