/* What comes to the audit core besides messages of the bus. */
#ifndef AUDIT_RECORDS_H
#define AUDIT_RECORDS_H

#include "domain/audit.h"
#include "domain/event.h"
#include "domain/messages.h"

typedef enum audit_event {
    AUDIT_EVENT_CONFIG = CB_EVENT_LOCAL, /* audit_config_seen */
    AUDIT_EVENT_NOTE,                    /* audit_note_asked */
    AUDIT_EVENT_OLD_HEAD,                /* audit_old_head, during recovery only */
    AUDIT_EVENT_OLD_CONFIG               /* audit_config_seen, during recovery only */
} audit_event;

typedef enum audit_table { AUDIT_TABLE_RECORD, AUDIT_TABLE_COUNT } audit_table;

typedef enum audit_request {
    AUDIT_REQUEST_NOTED = 1 /* audit_noted: the record is durable */
} audit_request;

/* A service runs with a configuration, as its heartbeat says. */
typedef struct audit_config_seen {
    char service[16];
    uint64_t epoch;
    uint8_t config_hash[CB_AUDIT_HASH_SIZE];
} audit_config_seen;

#define AUDIT_REPLY_MAX 160

typedef struct audit_note_asked {
    cb_audit_note note;
    char reply_to[AUDIT_REPLY_MAX];
} audit_note_asked;

typedef struct audit_noted {
    char reply_to[AUDIT_REPLY_MAX];
} audit_noted;

typedef struct audit_old_head {
    uint64_t seq;
    uint8_t hash[CB_AUDIT_HASH_SIZE];
} audit_old_head;

#endif /* AUDIT_RECORDS_H */
