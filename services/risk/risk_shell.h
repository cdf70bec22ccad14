/* The shell of risk: configuration table, storage tables, queries and hooks. */
#ifndef RISK_SHELL_H
#define RISK_SHELL_H

#include "rt/param_fields.h"
#include "rt/service.h"
#include "services/risk/core/risk.h"

#define RISK_STATIC_FIELDS_MAX 24
#define RISK_FIELDS_MAX (RISK_STATIC_FIELDS_MAX + RISK_RULES_COUNT * CB_PARAMS_PER_ENTRY_MAX)

/* Configuration fields: the fixed ones and one per parameter of each rule. */
typedef struct risk_fields {
    size_t count;
    cb_config_field fields[RISK_FIELDS_MAX];
    cb_param_text texts[RISK_FIELDS_MAX];
} risk_fields;

void risk_fields_init(risk_fields *fields);
/** What the core takes for granted: texts that fit, at least one symbol, a key of enough bytes. */
CB_MUST_USE cb_status risk_config_check(const risk_config *config, cb_err *err);

/** Feeds every stored row back to the core, in the order that it needs. */
CB_MUST_USE cb_status risk_recover(cb_shell *shell, cb_err *err);

/** A command on the limit book; "list" is answered at once from the core's state. */
void risk_on_limit_command(cb_shell *shell, const cb_limit_command *command, const char *reply_to);
void risk_reply_limit(cb_shell *shell, const risk_limit_reply *reply);

extern const cb_migration risk_migrations[]; /* generated from migrations/ */
extern const size_t risk_migrations_count;
extern const cb_query risk_queries[];
extern const size_t risk_queries_count;

/** The service but for its configuration fields and counts of other files, which main adds. */
extern const cb_service risk_service;

#endif /* RISK_SHELL_H */
