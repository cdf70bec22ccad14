/* Whether a trial is worth going on with, from what it and others reported at the same steps. */
#include <math.h>

#include "base/assert.h"
#include "services/lab/core/search/study_internal.h"

/* The best that a trial has reported up to a step. */
static double best_until(const search_study *study, search_row *row, uint32_t step)
{
    const double *reports = search_row_reports(study, row);
    double best = (double)INFINITY;
    for (uint32_t i = 0; i <= step; i++) {
        best = fmin(best, reports[i]);
    }
    return best;
}

/* Median rule (Golovin and others 2017, as in Optuna): worse than half of the complete trials were
 * at the same step. Counting replaces sorting: the trial is beyond the median when more than half
 * are better. */
static bool median_prunes(const search_study *study, uint64_t number, uint32_t step)
{
    const search_header *header = study->header;
    if (header->counts[SEARCH_COMPLETE] < header->config.pruner_startup ||
        step < header->config.pruner_warmup) {
        return false;
    }
    const double best = best_until(study, search_row_at(study, number), step);
    uint64_t better = 0;
    uint64_t others = 0;
    for (uint64_t i = 0; i < header->count; i++) {
        search_row *row = search_row_at(study, i);
        const double value = search_row_reports(study, row)[step];
        if (row->state != SEARCH_COMPLETE || !isfinite(value)) {
            continue;
        }
        others++;
        better += value < best;
    }
    return better * 2 > others;
}

/* True when step + 1 steps end a rung: resource, resource * reduction, resource * reduction^2 … */
static bool is_rung(const search_config *config, uint32_t step)
{
    uint64_t rung = config->pruner_resource;
    while (rung < (uint64_t)step + 1) {
        rung *= config->pruner_reduction;
    }
    return rung == (uint64_t)step + 1;
}

/* Asynchronous successive halving (Li and others 2020): goes on when it is among the best
 * 1/reduction of all that have reached this rung; the first at a rung always goes on. */
static bool halving_prunes(const search_study *study, uint64_t number, uint32_t step)
{
    const search_header *header = study->header;
    if (!is_rung(&header->config, step)) {
        return false;
    }
    const double own = search_row_reports(study, search_row_at(study, number))[step];
    uint64_t better = 0;
    uint64_t reached = 0;
    for (uint64_t i = 0; i < header->count; i++) {
        search_row *row = search_row_at(study, i);
        const double value = search_row_reports(study, row)[step];
        reached += isfinite(value) ? 1 : 0;
        better += value < own;
    }
    const uint64_t promoted = reached / header->config.pruner_reduction;
    return better >= (promoted > 0 ? promoted : 1);
}

bool search_prunes(const search_study *study, uint64_t number, uint32_t step)
{
    CB_ASSERT(study != NULL);
    CB_ASSERT(step < study->header->config.steps_max);
    switch (study->header->config.pruner) {
    case SEARCH_PRUNER_MEDIAN:
        return median_prunes(study, number, step);
    case SEARCH_PRUNER_HALVING:
        return halving_prunes(study, number, step);
    default:
        return false;
    }
}
