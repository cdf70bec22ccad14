/* One trial: values to settings, settings to a run, the run to objectives. */
#include "services/lab/study/trial.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/money.h"
#include "base/strview.h"

/* ---- the space ---- */

static search_dim dim_of(const lab_parameter *parameter)
{
    const double low = (double)parameter->low_e8 / 1e8;
    const double high = (double)parameter->high_e8 / 1e8;
    const double step = (double)parameter->step_e8 / 1e8;
    search_dim dim = {0};
    switch (parameter->kind) {
    case LAB_PARAMETER_CHOICE:
        return search_choice(parameter->choices_count);
    case LAB_PARAMETER_INT:
        dim = search_int(low, high, step > 0 ? step : 1);
        break;
    case LAB_PARAMETER_DECIMAL:
        dim = search_float(low, high);
        dim.step = step;
        break;
    }
    dim.is_log = parameter->is_log ? 1 : 0;
    return dim;
}

static cb_status check_objectives(const lab_job *job, cb_err *err)
{
    for (uint32_t i = 0; i < job->study.objectives_count; i++) {
        if (cb_metric_find(job->study.objectives[i].metric) == CB_METRICS_COUNT) {
            return CB_FAIL(err,
                CB_E_CONFIG,
                "%s: study: objectives: there is no metric '%s' (docs/metrics.md lists them)",
                job->path,
                job->study.objectives[i].metric);
        }
    }
    return CB_OK;
}

static cb_status take_pruner(const lab_job *job, search_config *config, cb_err *err)
{
    static const char *const names[SEARCH_PRUNERS] = {"none", "median", "halving"};
    for (uint32_t i = 0; i < SEARCH_PRUNERS; i++) {
        if (cb_text_equal(job->study.pruner, names[i])) {
            config->pruner = i;
            return CB_OK;
        }
    }
    return CB_FAIL(err,
        CB_E_CONFIG,
        "%s: study: pruner: '%s' is none of none, median, halving",
        job->path,
        job->study.pruner);
}

cb_status lab_trial_config(const lab_job *job, search_config *config, cb_err *err)
{
    const lab_study *study = &job->study;
    CB_ASSERT(job != NULL && config != NULL);
    *config = (search_config){
        .seed = job->seed, .trials_max = study->trials, .objectives = study->objectives_count};
    if (study->trials == 0) {
        return CB_FAIL(err, CB_E_CONFIG, "%s: the job has no 'study'", job->path);
    }
    for (uint32_t i = 0; i < study->objectives_count; i++) {
        config->maximise |= study->objectives[i].is_minimised ? 0 : 1U << i;
    }
    for (uint32_t i = 0; i < study->parameters_count; i++) {
        config->space.dims[i] = dim_of(&study->parameters[i]);
    }
    config->space.count = study->parameters_count;
    if (!cb_text_copy(config->sampler, sizeof config->sampler, cb_sv_from(study->sampler))) {
        return CB_FAIL(err, CB_E_CONFIG, "%s: study: sampler: the name is too long", job->path);
    }
    search_config_defaults(config);
    cb_status status = check_objectives(job, err);
    if (status == CB_OK) {
        status = take_pruner(job, config, err);
    }
    if (status == CB_OK && search_config_check(config, err) != CB_OK) {
        status = cb_err_context(err, "%s: study", job->path);
    }
    return status;
}

/* ---- values ---- */

void lab_trial_value(const lab_parameter *parameter, double value, char *out, size_t size)
{
    char text[CB_DECIMAL_TEXT_MAX];
    CB_ASSERT(parameter != NULL && out != NULL);
    if (parameter->kind == LAB_PARAMETER_CHOICE) {
        (void)snprintf(out, size, "%s", parameter->choices[(size_t)value]);
        return;
    }
    (void)cb_decimal_print((int64_t)llround(value * 1e8), text);
    (void)snprintf(out, size, "%s", text);
}

const char *lab_trial_short_name(const char *key)
{
    const char *dot = strrchr(key, '.');
    return dot == NULL ? key : dot + 1;
}

void lab_trial_print(
    const lab_job *job, const double *values, uint64_t active, char *out, size_t size)
{
    size_t used = 0;
    CB_ASSERT(job != NULL && size > 0);
    out[0] = '\0';
    for (uint32_t i = 0; i < job->study.parameters_count && used + 1 < size; i++) {
        char text[64];
        if ((active >> i & 1) == 0) {
            continue;
        }
        lab_trial_value(&job->study.parameters[i], values[i], text, sizeof text);
        const int length = snprintf(out + used,
            size - used,
            "%s%s=%s",
            used == 0 ? "" : " ",
            lab_trial_short_name(job->study.parameters[i].key),
            text);
        used += length < 0 ? 0 : (size_t)length;
    }
}

cb_status lab_trial_apply(lab_job *job, const lab_trial_ask *ask, cb_err *err)
{
    cb_status status = CB_OK;
    CB_ASSERT(ask->dims == job->study.parameters_count);
    for (uint32_t i = 0; status == CB_OK && i < ask->dims; i++) {
        const lab_parameter *parameter = &job->study.parameters[i];
        char value[64];
        char assignment[LAB_WORD_MAX + LAB_KEY_MAX + 70];
        if ((ask->active >> i & 1) == 0) {
            continue;
        }
        lab_trial_value(parameter, ask->values[i], value, sizeof value);
        (void)snprintf(
            assignment, sizeof assignment, "%s.%s=%s", parameter->service, parameter->key, value);
        status = lab_job_set(job, assignment, err);
    }
    return status;
}

/* ---- playing ---- */

static cb_status take_objectives(
    const lab_job *job, const lab_judgement *judgement, lab_trial_answer *answer, cb_err *err)
{
    for (uint32_t i = 0; i < job->study.objectives_count; i++) {
        const cb_metric_id id = cb_metric_find(job->study.objectives[i].metric);
        CB_ASSERT(id < CB_METRICS_COUNT);
        if (judgement->values[id].state != CB_METRIC_OK) {
            return CB_FAIL(err,
                CB_E_STATE,
                "%s: %s",
                job->study.objectives[i].metric,
                cb_metric_state_name(judgement->values[id].state));
        }
        answer->objectives[i] = judgement->values[id].value;
    }
    return CB_OK;
}

static void take_returns(const lab_judgement *judgement, lab_trial_answer *answer)
{
    const size_t count =
        judgement->count < LAB_TRIAL_RETURNS_MAX ? judgement->count : LAB_TRIAL_RETURNS_MAX;
    memcpy(answer->returns, judgement->returns, count * sizeof(double));
    answer->returns_count = (uint32_t)count;
}

static cb_status judge_trial(lab_plan *plan,
    const lab_job *job,
    const lab_result *result,
    lab_trial_answer *answer,
    cb_err *err)
{
    lab_judgement judgement;
    const lab_candles *candles = plan->candles[0].count > 0 ? &plan->candles[0] : NULL;
    cb_status status = lab_judge(result, candles, &judgement, err);
    if (status == CB_OK) {
        take_returns(&judgement, answer);
        status = take_objectives(job, &judgement, answer, err);
        lab_judgement_release(&judgement);
    }
    return status;
}

void lab_trial_play(
    lab_plan *plan, lab_job *job, const lab_trial_ask *ask, lab_trial_answer *answer)
{
    cb_err err = {0};
    lab_result result = {0};
    const lab_run_options options = {0};
    CB_ASSERT(plan != NULL && plan->job == job);
    *answer = (lab_trial_answer){.number = ask->number};
    cb_status status = lab_trial_apply(job, ask, &err);
    if (status == CB_OK) {
        status = lab_plan_configure(plan, &err);
    }
    if (status == CB_OK) {
        plan->chain.from_ns = ask->from_ns != 0 ? ask->from_ns : job->from_ns;
        plan->chain.to_ns = ask->to_ns != 0 ? ask->to_ns : job->to_ns;
        status = lab_run_plan(plan, &options, &result, &err);
    }
    if (status == CB_OK) {
        answer->output_hash = result.totals.output_hash;
        answer->trades = result.totals.trades;
        status = judge_trial(plan, job, &result, answer, &err);
    }
    answer->is_complete = status == CB_OK ? 1 : 0;
    (void)snprintf(answer->why, sizeof answer->why, "%.*s", (int)sizeof answer->why - 1, err.text);
    lab_result_release(&result);
}
