/* The neighbourhood of the best parameter set. Medians, because one more needle nearby is no
 * plateau. */
#include "stats/stability.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "stats/series.h"

static bool is_near(const cb_stability_input *input, size_t left, size_t right)
{
    for (size_t i = 0; i < input->dims; i++) {
        const double gap =
            input->places[left * input->dims + i] - input->places[right * input->dims + i];
        if (fabs(gap) > input->radius * (1 + 1e-9)) {
            return false;
        }
    }
    return true;
}

static double median_of(double *values, size_t count)
{
    cb_series_sort(values, count);
    return cb_series_quantile(values, count, 0.5);
}

bool cb_stability(const cb_stability_input *input, cb_stability_result *out)
{
    CB_ASSERT(input != NULL && out != NULL);
    if (input->count < 3 || input->dims == 0) {
        return false;
    }
    CB_ASSERT(input->places != NULL && input->scores != NULL && input->scratch != NULL);
    size_t best = 0;
    for (size_t i = 1; i < input->count; i++) {
        best = input->scores[i] > input->scores[best] ? i : best;
    }
    size_t near = 0;
    for (size_t i = 0; i < input->count; i++) {
        if (i != best && is_near(input, i, best)) {
            input->scratch[near++] = input->scores[i];
        }
    }
    if (near == 0) {
        return false;
    }
    const double neighbour_median = median_of(input->scratch, near);
    memcpy(input->scratch, input->scores, input->count * sizeof(double));
    const double median = median_of(input->scratch, input->count);
    const double advantage = input->scores[best] - median;
    if (advantage <= 1e-12 * fabs(median)) {
        return false;
    }
    *out = (cb_stability_result){.score = fmin(fmax((neighbour_median - median) / advantage, 0), 1),
        .best = input->scores[best],
        .best_index = best,
        .neighbour_median = neighbour_median,
        .median = median,
        .neighbours = near};
    return true;
}
