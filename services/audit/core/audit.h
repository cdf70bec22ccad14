/* The audit core: each message that must be kept becomes one record behind the last. It decides
 * nothing; that every record follows from its message and the one before makes it replayable. */
#ifndef AUDIT_CORE_H
#define AUDIT_CORE_H

#include "domain/core.h"
#include "services/audit/core/records.h"

extern const cb_core_ops audit_core_ops;

/** The number of the newest record, which may not be durable yet. */
uint64_t audit_seq_of(const void *state);

/* describe.c: kind, actor, action, object, detail and the ids of a record from its message. */
void audit_describe_order(const cb_order *order, cb_audit_record *out);
void audit_describe_permit(const cb_permit *permit, cb_audit_record *out);
void audit_describe_denial(const cb_denial *denial, cb_audit_record *out);
void audit_describe_fill(const cb_fill *fill, cb_audit_record *out);
void audit_describe_kill(const cb_kill *kill, cb_audit_record *out);
void audit_describe_command(const cb_order_command *command, cb_audit_record *out);
void audit_describe_config(const audit_config_seen *seen, cb_audit_record *out);
void audit_describe_note(const cb_audit_note *note, cb_audit_record *out);

#endif /* AUDIT_CORE_H */
