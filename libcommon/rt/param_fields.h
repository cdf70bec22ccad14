/* Parameter tables of registry entries as configuration fields: "expect.price_range.move_max".
 * So a new entry brings its own keys, bounds and help without a line elsewhere. */
#ifndef CB_PARAM_FIELDS_H
#define CB_PARAM_FIELDS_H

#include "domain/param.h"
#include "rt/config.h"

#define CB_PARAM_KEY_MAX 64
#define CB_PARAM_DEFAULT_MAX 32

/* Texts that a generated field points to. */
typedef struct cb_param_text {
    char key[CB_PARAM_KEY_MAX];
    char default_value[CB_PARAM_DEFAULT_MAX];
} cb_param_text;

typedef struct cb_param_group {
    const char *prefix; /* "expect" */
    const char *entry;  /* "price_range" */
    const cb_param *params;
    uint32_t params_count;
    size_t offset; /* of the entry's int64_t values in the config struct */
} cb_param_group;

/**
 * Writes one field per parameter of the group.
 *
 * @param texts [borrowed until the fields are no longer used] one per parameter.
 * @param fields [out] one per parameter.
 * @return how many were written: params_count.
 */
uint32_t cb_param_fields(
    const cb_param_group *group, cb_param_text *texts, cb_config_field *fields);

#endif /* CB_PARAM_FIELDS_H */
