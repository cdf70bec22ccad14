/* Models as settings: which are used, with which figures and tables. Beneath setup.c. */
#ifndef LAB_SETUP_MODELS_H
#define LAB_SETUP_MODELS_H

#include "rt/config.h"
#include "rt/param_fields.h"
#include "services/lab/core/models/model.h"

#define LAB_MODEL_FIELDS_MAX (2 + LAB_MODELS_COUNT * (1 + CB_PARAMS_PER_ENTRY_MAX))

/* "use", "seed", and of each model "NAME.rows" and "NAME.PARAMETER". */
typedef struct lab_model_settings {
    char use[CB_CONFIG_TEXT_MAX];
    int64_t seed;
    char rows[LAB_MODELS_COUNT][CB_CONFIG_TEXT_MAX]; /* "[TIME=]VALUE/VALUE/…,…" */
    int64_t params[LAB_MODELS_COUNT][CB_PARAMS_PER_ENTRY_MAX];
} lab_model_settings;

typedef struct lab_model_fields {
    size_t count;
    cb_config_field fields[LAB_MODEL_FIELDS_MAX];
    cb_param_text texts[LAB_MODELS_COUNT * CB_PARAMS_PER_ENTRY_MAX];
    char rows_keys[LAB_MODELS_COUNT][CB_PARAM_KEY_MAX];
} lab_model_fields;

void lab_model_fields_init(lab_model_fields *fields);
/** CB_E_CONFIG for names that are no models and rows that cannot be read. */
CB_MUST_USE cb_status lab_models_of(
    const lab_model_settings *settings, lab_models *out, bool *is_any, cb_err *err);

#endif /* LAB_SETUP_MODELS_H */
