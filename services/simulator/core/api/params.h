/* The parameters of one call, from query, form body or WebSocket JSON alike. */
#ifndef SIM_PARAMS_H
#define SIM_PARAMS_H

#include "base/strview.h"
#include "services/simulator/core/types.h"

#define SIM_PARAMS_MAX 64
#define SIM_PARAMS_TEXT_MAX 32768

typedef struct sim_param {
    const char *name;
    const char *value;
    bool is_read;
} sim_param;

typedef struct sim_params {
    sim_param items[SIM_PARAMS_MAX];
    uint32_t count;
    uint32_t used;
    char text[SIM_PARAMS_TEXT_MAX];
} sim_params;

void sim_params_reset(sim_params *params);
/** Adds one (copied). False fills refusal: too many, or the name is there already. */
bool sim_params_add(sim_params *params, cb_strview name, cb_strview value, sim_refusal *refusal);
/** Adds a percent-encoded form; is_weak: names that exist already stay as they are. */
bool sim_params_add_form(sim_params *params, const char *form, bool is_weak, sim_refusal *refusal);

/** Value or NULL; marks it as read. */
const char *sim_params_get(sim_params *params, const char *name);
/** True when the name was sent; does not mark it. */
bool sim_params_has(const sim_params *params, const char *name);
/** -1104 when something was sent that nobody read. */
bool sim_params_all_read(const sim_params *params, sim_refusal *refusal);

/* Typed reading. Missing mandatory or malformed values fill refusal and give false. */
bool sim_params_text(sim_params *params, const char *name, const char **out, sim_refusal *refusal);
/** Whole number; *is_given false and *out unchanged when it was not sent. */
bool sim_params_i64(sim_params *params,
    const char *name,
    int64_t min,
    int64_t max,
    int64_t *out,
    bool *is_given,
    sim_refusal *refusal);
/** A decimal with at most 8 places; 0 and *is_given false when it was not sent. */
bool sim_params_e8(
    sim_params *params, const char *name, int64_t *out_e8, bool *is_given, sim_refusal *refusal);
bool sim_params_bool(sim_params *params, const char *name, bool *out, sim_refusal *refusal);
/** Milliseconds, or microseconds above 1e14, as ns. */
bool sim_params_time(
    sim_params *params, const char *name, int64_t *out_ns, bool *is_given, sim_refusal *refusal);

/** -1102 for a name. */
bool sim_params_missing(const char *name, sim_refusal *refusal);
/** A refusal whose text names a parameter: before name after. */
bool sim_params_refuse(
    sim_refusal *refusal, int32_t code, const char *before, const char *name, const char *after);

#endif /* SIM_PARAMS_H */
