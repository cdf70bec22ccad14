/* The subjects of proto/subjects.def as a table, and the making and reading of subject strings. */
#ifndef CB_SUBJECTS_H
#define CB_SUBJECTS_H

#include "domain/messages.h"

#define CB_SUBJECT_TEXT_MAX 96
#define CB_PARTITIONS_COUNT 64

typedef enum cb_subject_id {
#define SUBJECT(id, prefix, msg, shard, owner, consumers, cls, overflow) CB_SUBJECT_##id,
#include "proto/subjects.def"
#undef SUBJECT
    CB_SUBJECT_COUNT
} cb_subject_id;

typedef enum cb_subject_shard {
    CB_SHARD_SYMBOL,
    CB_SHARD_ACCOUNT,
    CB_SHARD_SERVICE
} cb_subject_shard;
typedef enum cb_subject_class { CB_CLASS_CORE, CB_CLASS_STREAM, CB_CLASS_REQUEST } cb_subject_class;
typedef enum cb_overflow { CB_OVERFLOW_CONFLATE, CB_OVERFLOW_BLOCK } cb_overflow;

typedef struct cb_subject {
    const char *token;  /* "MD_RAW_TRADE": also the JetStream stream's name */
    const char *prefix; /* "md.raw.trade" */
    cb_msg_id msg;
    cb_subject_shard shard;
    cb_subject_class subject_class;
    cb_overflow overflow;
    const char *owner;
    const char *consumers; /* space separated, "*" = all */
} cb_subject;

const cb_subject *cb_subject_get(cb_subject_id id);
/** True when service publishes (or consumes) this subject; "*" counts. */
bool cb_subject_is_owner(const cb_subject *subject, const char *service);
bool cb_subject_is_consumer(const cb_subject *subject, const char *service);
/** True when service also hears this STREAM subject as it is published, beside its stream: it is on
 *  the way from a decision to the exchange, where storing and serving the message costs a hop. */
bool cb_subject_is_direct(const cb_subject *subject, const char *service);

/**
 * Writes the full subject for a body (reads its venue, symbol or account by the description).
 * service is used by SERVICE subjects. CB_E_SYNTAX when a token holds '.', '*', '>' or a space.
 */
CB_MUST_USE cb_status cb_subject_for(cb_subject_id id,
    const void *body,
    const char *service,
    char out[CB_SUBJECT_TEXT_MAX],
    cb_err *err);

/** Pattern to subscribe: "md.raw.trade.>" or, with shard i of n, the partitions of that share
 *  are filtered by the caller with cb_partition_of. */
void cb_subject_pattern(cb_subject_id id, char out[CB_SUBJECT_TEXT_MAX]);

/** Which row a full subject belongs to; false when none. */
bool cb_subject_match(const char *full, cb_subject_id *out);

uint32_t cb_partition_of(const char *key); /* 0 … 63 */

#endif /* CB_SUBJECTS_H */
