/* The validator's shell: configuration table, storage tables, queries and hooks. */
#ifndef VALIDATOR_SHELL_H
#define VALIDATOR_SHELL_H

#include "rt/param_fields.h"
#include "rt/service.h"
#include "services/validator/core/validator.h"

#define VALIDATOR_STATIC_FIELDS_MAX 16
#define VALIDATOR_FIELDS_MAX                                                                       \
    (VALIDATOR_STATIC_FIELDS_MAX + VALIDATOR_EXPECTATIONS_MAX * CB_PARAMS_PER_ENTRY_MAX)

/* Configuration fields: the fixed ones and one per parameter of each expectation. */
typedef struct validator_fields {
    size_t count;
    cb_config_field fields[VALIDATOR_FIELDS_MAX];
    cb_param_text texts[VALIDATOR_FIELDS_MAX];
} validator_fields;

void validator_fields_init(validator_fields *fields);

extern const cb_migration validator_migrations[]; /* generated from migrations/ */
extern const size_t validator_migrations_count;
extern const cb_query validator_queries[];
extern const size_t validator_queries_count;

/** The service but for its configuration fields and counts of other files, which main adds. */
extern const cb_service validator_service;

#endif /* VALIDATOR_SHELL_H */
