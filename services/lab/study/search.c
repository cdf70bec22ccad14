/* Asks the sampler, hands trials to workers, records and tells what comes back. */
#include "services/lab/study/search.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define WAIT_MS 200

cb_status lab_search_begin(lab_search *self, const lab_job *job, lab_study_log *log, cb_err *err)
{
    CB_ASSERT(self != NULL && job != NULL);
    *self = (lab_search){.log = log};
    cb_status status = lab_trial_config(job, &self->config, err);
    if (status != CB_OK) {
        return status;
    }
    const size_t size = search_size(&self->config);
    self->block = malloc(size);
    self->pending = calloc(self->config.trials_max, sizeof *self->pending);
    self->returns = calloc(self->config.trials_max, sizeof *self->returns);
    self->returns_count = calloc(self->config.trials_max, sizeof *self->returns_count);
    if (self->block == NULL || self->pending == NULL || self->returns == NULL ||
        self->returns_count == NULL) {
        status =
            CB_FAIL(err, CB_E_FULL, "no memory for %" PRIu64 " trials", self->config.trials_max);
    } else {
        status = search_begin(&self->study, &self->config, self->block, size, err);
    }
    if (status != CB_OK) {
        lab_search_release(self);
    }
    return status;
}

void lab_search_release(lab_search *self)
{
    CB_ASSERT(self != NULL);
    for (uint64_t i = 0; self->returns != NULL && i < self->config.trials_max; i++) {
        free(self->returns[i]);
    }
    free(self->returns);
    free(self->returns_count);
    free(self->pending);
    free(self->block);
    *self = (lab_search){0};
}

static void keep_returns(lab_search *self, uint64_t number, const double *returns, size_t count)
{
    free(self->returns[number]);
    self->returns[number] = count == 0 ? NULL : malloc(count * sizeof(double));
    self->returns_count[number] = self->returns[number] == NULL ? 0 : (uint32_t)count;
    if (self->returns[number] != NULL) {
        memcpy(self->returns[number], returns, count * sizeof(double));
    }
}

/* ---- from the record ---- */

/* The sampler must ask for what it asked for then. */
static cb_status replay_ask(lab_search *self, const json_t *line, cb_err *err)
{
    search_trial trial;
    const json_t *values = json_object_get(line, "values");
    const uint64_t number = (uint64_t)json_integer_value(json_object_get(line, "ask"));
    const cb_status status = search_ask(&self->study, &trial, err);
    if (status != CB_OK) {
        return status;
    }
    bool is_same = trial.number == number && json_array_size(values) == trial.dims;
    for (size_t i = 0; is_same && i < trial.dims; i++) {
        const double before = json_number_value(json_array_get(values, i));
        is_same = fabs(before - trial.values[i]) <= 1e-12 * fmax(1, fabs(before));
    }
    return is_same ? CB_OK
                   : CB_FAIL(err,
                         CB_E_CORRUPT,
                         "trial %" PRIu64 " was another one when this search was recorded",
                         trial.number);
}

static cb_status replay_tell(lab_search *self, const json_t *line, cb_err *err)
{
    double objectives[SEARCH_OBJECTIVES_MAX] = {0};
    static double returns[LAB_TRIAL_RETURNS_MAX];
    const uint64_t number = (uint64_t)json_integer_value(json_object_get(line, "tell"));
    const char *state = json_string_value(json_object_get(line, "state"));
    const bool is_complete = state != NULL && strcmp(state, "complete") == 0;
    const json_t *told = json_object_get(line, "objectives");
    const json_t *list = json_object_get(line, "returns");
    for (uint32_t i = 0; i < self->config.objectives; i++) {
        objectives[i] = json_number_value(json_array_get(told, i));
    }
    size_t count = json_array_size(list);
    count = count < LAB_TRIAL_RETURNS_MAX ? count : LAB_TRIAL_RETURNS_MAX;
    for (size_t i = 0; i < count; i++) {
        returns[i] = json_number_value(json_array_get(list, i));
    }
    const cb_status status = search_tell(
        &self->study, number, is_complete ? SEARCH_COMPLETE : SEARCH_FAILED, objectives, err);
    if (status == CB_OK) {
        keep_returns(self, number, returns, count);
        self->told++;
    }
    return status;
}

cb_status lab_search_replay(lab_search *self, const json_t *lines, cb_err *err)
{
    cb_status status = CB_OK;
    CB_ASSERT(self != NULL && lines != NULL);
    for (size_t i = 1; status == CB_OK && i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        if (json_object_get(line, "ask") != NULL) {
            status = replay_ask(self, line, err);
        } else if (json_object_get(line, "tell") != NULL) {
            status = replay_tell(self, line, err);
        }
    }
    for (uint64_t number = 0; status == CB_OK && number < search_count(&self->study); number++) {
        search_trial ignored;
        if (search_look(&self->study, number, &ignored, NULL) == SEARCH_RUNNING) {
            self->pending[self->pending_count++] = number;
        }
    }
    return status;
}

/* ---- running ---- */

/* The next trial: one that a kill left behind, else the sampler's. False when there is none. */
static cb_status next_trial(lab_search *self, search_trial *trial, bool *is_there, cb_err *err)
{
    *is_there = true;
    if (self->pending_count > 0) {
        (void)search_look(&self->study, self->pending[--self->pending_count], trial, NULL);
        return CB_OK;
    }
    const cb_status status = search_ask(&self->study, trial, err);
    if (status == CB_E_FULL || status == CB_E_NOT_FOUND) {
        *is_there = false;
        return CB_OK;
    }
    return status != CB_OK || self->log == NULL ? status : lab_study_log_ask(self->log, trial, err);
}

static cb_status give_trials(
    lab_search *self, lab_pool *pool, const lab_search_options *options, cb_err *err)
{
    cb_status status = CB_OK;
    while (status == CB_OK && lab_pool_has_room(pool)) {
        search_trial trial;
        bool is_there = false;
        status = next_trial(self, &trial, &is_there, err);
        if (status != CB_OK || !is_there) {
            break;
        }
        lab_trial_ask ask = {.number = trial.number,
            .from_ns = options->from_ns,
            .to_ns = options->to_ns,
            .dims = trial.dims,
            .active = trial.active};
        memcpy(ask.values, trial.values, sizeof ask.values);
        status = lab_pool_give(pool, &ask, err);
    }
    return status;
}

static cb_status take_answer(lab_search *self, const lab_trial_answer *answer, cb_err *err)
{
    cb_status status = CB_OK;
    if (self->log != NULL) {
        status = lab_study_log_tell(self->log, answer, self->config.objectives, err);
    }
    if (status == CB_OK) {
        status = search_tell(&self->study,
            answer->number,
            answer->is_complete != 0 ? SEARCH_COMPLETE : SEARCH_FAILED,
            answer->objectives,
            err);
    }
    if (status == CB_OK) {
        keep_returns(self, answer->number, answer->returns, answer->returns_count);
        self->told++;
    }
    return status;
}

static bool is_stopped(const lab_search_options *options)
{
    return options->stop != NULL && *options->stop != 0;
}

cb_status lab_search_run(
    lab_search *self, lab_pool *pool, const lab_search_options *options, cb_err *err)
{
    static lab_trial_answer answer;
    char why[LAB_TRIAL_WHY_SIZE] = "";
    CB_ASSERT(self != NULL && pool != NULL && options != NULL);
    cb_status status = give_trials(self, pool, options, err);
    while (status == CB_OK && lab_pool_busy(pool) > 0 && !is_stopped(options)) {
        status = lab_pool_wait(pool, WAIT_MS, &answer, err);
        if (status == CB_E_TIMEOUT) {
            status = CB_OK;
            continue;
        }
        if (status == CB_OK) {
            status = take_answer(self, &answer, err);
        }
        if (answer.is_complete == 0) {
            memcpy(why, answer.why, sizeof why);
        }
        if (options->progress != NULL) {
            options->progress(options->context, self->told, self->config.trials_max);
        }
        if (status == CB_OK) {
            status = give_trials(self, pool, options, err);
        }
    }
    self->is_stopped = is_stopped(options);
    if (status == CB_OK && !self->is_stopped &&
        search_count_in(&self->study, SEARCH_COMPLETE) == 0) {
        return CB_FAIL(err, CB_E_STATE, "no trial had a result; the last one: %s", why);
    }
    return status;
}
