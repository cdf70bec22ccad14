/* The search and the walk-forward of a job. */
#include <string.h>

#include "base/money.h"
#include "base/strview.h"
#include "services/lab/job/sections.h"

#define COUNT_OF(list) (sizeof(list) / sizeof((list)[0]))

/* ---- one parameter ---- */

static cb_status take_parameter_kind(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    uint32_t kind = 0;
    const cb_status status = lab_take_word(yaml, value, "int|decimal|choice", &kind, err);
    ((lab_parameter *)target)->kind = (lab_parameter_kind)kind;
    return status;
}
static cb_status take_low(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    return lab_take_e8(yaml, value, INT64_MIN, INT64_MAX, &((lab_parameter *)target)->low_e8, err);
}
static cb_status take_high(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    return lab_take_e8(yaml, value, INT64_MIN, INT64_MAX, &((lab_parameter *)target)->high_e8, err);
}
static cb_status take_step(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    return lab_take_e8(yaml, value, 1, INT64_MAX, &((lab_parameter *)target)->step_e8, err);
}
static cb_status take_log(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    return lab_take_bool(yaml, value, &((lab_parameter *)target)->is_log, err);
}
static cb_status take_choices(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    lab_parameter *parameter = target;
    const size_t count = lab_yaml_size(yaml, value);
    if (!lab_yaml_is_list(yaml, value) || count < 2 || count > LAB_CHOICES_MAX) {
        return CB_FAIL(err, CB_E_CONFIG, "expected a list of 2 to %d values", LAB_CHOICES_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        const cb_status status = lab_take_text(
            yaml, lab_yaml_item(yaml, value, i), parameter->choices[i], LAB_WORD_MAX, err);
        if (status != CB_OK) {
            return status;
        }
    }
    parameter->kind = LAB_PARAMETER_CHOICE;
    parameter->choices_count = (uint32_t)count;
    return CB_OK;
}
static const lab_yaml_key parameter_keys[] = {
    {"kind", take_parameter_kind, false},
    {"low", take_low, false},
    {"high", take_high, false},
    {"step", take_step, false},
    {"log", take_log, false},
    {"choices", take_choices, false},
};

static cb_status check_whole(const lab_parameter *parameter, cb_err *err)
{
    if (parameter->kind == LAB_PARAMETER_INT &&
        (parameter->low_e8 % CB_E8 != 0 || parameter->high_e8 % CB_E8 != 0 ||
            parameter->step_e8 % CB_E8 != 0)) {
        return CB_FAIL(err, CB_E_CONFIG, "low, high and step of an int are whole numbers");
    }
    return CB_OK;
}

static cb_status check_parameter(const lab_parameter *parameter, cb_err *err)
{
    if (parameter->kind == LAB_PARAMETER_CHOICE) {
        return parameter->choices_count > 0 ? CB_OK
                                            : CB_FAIL(err, CB_E_CONFIG, "'choices' is missing");
    }
    if (parameter->low_e8 >= parameter->high_e8) {
        return CB_FAIL(err, CB_E_CONFIG, "'low' must be below 'high'");
    }
    if (parameter->is_log && (parameter->low_e8 <= 0 || parameter->step_e8 != 0)) {
        return CB_FAIL(err, CB_E_CONFIG, "'log' needs a low above 0 and no step");
    }
    return check_whole(parameter, err);
}

static cb_status take_parameter(
    lab_yaml *yaml, const char *dotted, int value, lab_parameter *parameter, cb_err *err)
{
    *parameter = (lab_parameter){.kind = LAB_PARAMETER_INT, .line = lab_yaml_line(yaml, value)};
    cb_status status = lab_setting_split(dotted, parameter->service, parameter->key, err);
    if (status == CB_OK) {
        status =
            lab_yaml_take(yaml, value, parameter_keys, COUNT_OF(parameter_keys), parameter, err);
    }
    if (status != CB_OK) {
        return status;
    }
    status = check_parameter(parameter, err);
    return status == CB_OK ? CB_OK : cb_err_context(err, "%s", dotted);
}

static cb_status take_parameters(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    lab_study *study = target;
    const char *dotted = NULL;
    int one = 0;
    for (size_t i = 0; lab_yaml_pair(yaml, value, i, &dotted, &one); i++) {
        if (study->parameters_count == LAB_PARAMETERS_MAX) {
            return CB_FAIL(err, CB_E_FULL, "more than %d parameters", LAB_PARAMETERS_MAX);
        }
        const cb_status status =
            take_parameter(yaml, dotted, one, &study->parameters[study->parameters_count], err);
        if (status != CB_OK) {
            return status;
        }
        study->parameters_count++;
    }
    return study->parameters_count > 0
               ? CB_OK
               : CB_FAIL(err, CB_E_CONFIG, "expected `service.key: {low: …, high: …}` lines");
}

/* ---- the study ---- */

static cb_status take_objectives(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    lab_study *study = target;
    const size_t count = lab_yaml_is_list(yaml, value) ? lab_yaml_size(yaml, value) : 1;
    if (count == 0 || count > LAB_OBJECTIVES_MAX) {
        return CB_FAIL(err, CB_E_CONFIG, "expected 1 to %d metrics", LAB_OBJECTIVES_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        char text[LAB_WORD_MAX];
        const int item = lab_yaml_is_list(yaml, value) ? lab_yaml_item(yaml, value, i) : value;
        const cb_status status = lab_take_text(yaml, item, text, sizeof text, err);
        if (status != CB_OK) {
            return status;
        }
        lab_objective *objective = &study->objectives[i];
        objective->is_minimised = text[0] == '-';
        memcpy(objective->metric,
            text + (objective->is_minimised ? 1 : 0),
            strlen(text) + (objective->is_minimised ? 0 : 1));
    }
    study->objectives_count = (uint32_t)count;
    return CB_OK;
}
static cb_status take_sampler(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    return lab_take_text(yaml, value, ((lab_study *)target)->sampler, LAB_WORD_MAX, err);
}
static cb_status take_pruner(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    return lab_take_text(yaml, value, ((lab_study *)target)->pruner, LAB_WORD_MAX, err);
}
static cb_status take_trials(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    return lab_take_u64(yaml, value, 1, 10000000, &((lab_study *)target)->trials, err);
}
static cb_status take_workers(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    return lab_take_u64(yaml, value, 1, 256, &((lab_study *)target)->workers, err);
}
static const lab_yaml_key study_keys[] = {
    {"parameters", take_parameters, true},
    {"objectives", take_objectives, true},
    {"sampler", take_sampler, false},
    {"pruner", take_pruner, false},
    {"trials", take_trials, true},
    {"workers", take_workers, false},
};

cb_status lab_take_study(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    lab_study *study = &((lab_job *)target)->study;
    (void)cb_text_copy(study->sampler, sizeof study->sampler, CB_SV("tpe"));
    (void)cb_text_copy(study->pruner, sizeof study->pruner, CB_SV("none"));
    return lab_yaml_take(yaml, value, study_keys, COUNT_OF(study_keys), study, err);
}

/* ---- walk-forward ---- */

static cb_status take_windows(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    return lab_take_u64(yaml, value, 1, 1000, &((lab_walkforward *)target)->windows, err);
}
static cb_status take_walk_kind(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    uint32_t kind = 0;
    const cb_status status = lab_take_word(yaml, value, "rolling|anchored", &kind, err);
    ((lab_walkforward *)target)->is_anchored = kind == 1;
    return status;
}
static cb_status take_train(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    return lab_take_span(yaml, value, &((lab_walkforward *)target)->train_ns, err);
}
static cb_status take_test(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    return lab_take_span(yaml, value, &((lab_walkforward *)target)->test_ns, err);
}
static cb_status take_purge(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    return lab_take_span(yaml, value, &((lab_walkforward *)target)->purge_ns, err);
}
static cb_status take_embargo(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    return lab_take_span(yaml, value, &((lab_walkforward *)target)->embargo_ns, err);
}
static const lab_yaml_key walkforward_keys[] = {
    {"windows", take_windows, true},
    {"kind", take_walk_kind, false},
    {"train", take_train, false},
    {"test", take_test, false},
    {"purge", take_purge, false},
    {"embargo", take_embargo, false},
};

cb_status lab_take_walkforward(lab_yaml *yaml, int value, void *target, cb_err *err)
{
    return lab_yaml_take(yaml,
        value,
        walkforward_keys,
        COUNT_OF(walkforward_keys),
        &((lab_job *)target)->walkforward,
        err);
}
