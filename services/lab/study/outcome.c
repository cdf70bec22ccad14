/* What a search found, for reports and for the statements on luck. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "services/lab/study/search.h"

cb_status lab_search_trials(const lab_search *self, double **values, double **results, cb_err *err)
{
    const size_t count = (size_t)search_count(&self->study);
    const size_t dims = self->config.space.count;
    const size_t objectives = self->config.objectives;
    CB_ASSERT(values != NULL && results != NULL);
    *values = calloc(count * dims + 1, sizeof(double));
    *results = calloc(count * objectives + 1, sizeof(double));
    if (*values == NULL || *results == NULL) {
        free(*values);
        free(*results);
        (void)CB_FAIL(err, CB_E_FULL, "no memory for the list of trials");
        return CB_E_FULL;
    }
    for (size_t i = 0; i < count; i++) {
        search_trial trial;
        double told[SEARCH_OBJECTIVES_MAX];
        const bool is_complete = search_look(&self->study, i, &trial, told) == SEARCH_COMPLETE;
        memcpy(*values + i * dims, trial.values, dims * sizeof(double));
        for (size_t k = 0; k < objectives; k++) {
            (*results)[i * objectives + k] = is_complete ? told[k] : (double)NAN;
        }
    }
    return CB_OK;
}

/* Values to places between 0 and 1, and the first objective so that more is better. */
static void scale(const lab_search *self, double *values, const double *results, double *scores)
{
    const size_t count = (size_t)search_count(&self->study);
    const size_t dims = self->config.space.count;
    const double sign = (self->config.maximise & 1U) != 0 ? 1 : -1;
    for (size_t i = 0; i < count; i++) {
        for (size_t d = 0; d < dims; d++) {
            values[i * dims + d] = search_unit(&self->config.space.dims[d], values[i * dims + d]);
        }
        scores[i] = sign * results[i * self->config.objectives];
    }
}

cb_status lab_search_luck(
    const lab_search *self, const double *benchmark, lab_luck *luck, cb_err *err)
{
    double *values = NULL;
    double *results = NULL;
    uint64_t best = 0;
    CB_ASSERT(self != NULL && luck != NULL);
    if (!search_best(&self->study, &best) || self->returns[best] == NULL) {
        return CB_OK;
    }
    cb_status status = lab_search_trials(self, &values, &results, err);
    if (status != CB_OK) {
        return status;
    }
    const size_t count = (size_t)search_count(&self->study);
    double *scores = calloc(count + 1, sizeof(double));
    if (scores == NULL) {
        status = CB_FAIL(err, CB_E_FULL, "no memory for the scores");
    } else {
        scale(self, values, results, scores);
        const lab_luck_trials trials = {.returns = self->returns,
            .counts = self->returns_count,
            .trials = count,
            .benchmark = benchmark,
            .best = (size_t)best,
            .places = values,
            .scores = scores,
            .dims = self->config.space.count};
        status = lab_luck_search(luck, &trials, self->config.seed, err);
    }
    free(scores);
    free(values);
    free(results);
    return status;
}
