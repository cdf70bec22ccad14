/* White's reality check and the permutation test of timing. */
#include "stats/chance.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "stats/normal.h"
#include "stats/resample.h"

/* Sums of the rows with these indices (NULL: of all), per trial. */
static void sum_rows(const cb_reality_input *input, const uint32_t *indices, double *sums)
{
    memset(sums, 0, input->trials * sizeof(*sums));
    for (size_t i = 0; i < input->periods; i++) {
        const size_t at = indices != NULL ? indices[i] : i;
        const double *row = input->excess + at * input->trials;
        for (size_t k = 0; k < input->trials; k++) {
            sums[k] += row[k];
        }
    }
}

bool cb_reality_check(const cb_reality_input *input, cb_reality_result *out)
{
    CB_ASSERT(input != NULL && out != NULL);
    if (input->trials == 0 || input->draws == 0 || input->periods < 2) {
        return false;
    }
    CB_ASSERT(input->excess != NULL && input->scratch != NULL && input->indices != NULL);
    const double root = sqrt((double)input->periods);
    double *sums = input->scratch;
    double *drawn = sums + input->trials;
    *out = (cb_reality_result){0};
    sum_rows(input, NULL, sums);
    for (size_t k = 1; k < input->trials; k++) {
        out->best = sums[k] > sums[out->best] ? k : out->best;
    }
    out->statistic = sums[out->best] / root;
    uint32_t larger = 0;
    for (uint32_t i = 0; i < input->draws; i++) {
        cb_prng prng = cb_random_stream(input->seed, i);
        cb_resample_blocks(&prng, input->block_mean, input->indices, input->periods);
        sum_rows(input, input->indices, drawn);
        double best = -(double)INFINITY;
        for (size_t k = 0; k < input->trials; k++) {
            best = fmax(best, (drawn[k] - sums[k]) / root);
        }
        larger += best >= out->statistic;
    }
    out->p_value = (1.0 + larger) / (1.0 + input->draws);
    return true;
}

/* What the positions earn when the blocks of the market come in the given order. */
static double earned(const cb_permutation_input *input, const uint32_t *order, size_t blocks)
{
    double sum = 0;
    size_t at = 0;
    for (size_t b = 0; b < blocks; b++) {
        const size_t from = (size_t)order[b] * input->block;
        const size_t to = from + input->block < input->count ? from + input->block : input->count;
        for (size_t i = from; i < to; i++) {
            sum += input->positions[at++] * input->returns[i];
        }
    }
    CB_ASSERT(at == input->count);
    return sum;
}

bool cb_permutation_test(const cb_permutation_input *input, double *p_value)
{
    CB_ASSERT(input != NULL && p_value != NULL);
    if (input->draws == 0 || input->block == 0 || input->count <= input->block) {
        return false;
    }
    CB_ASSERT(input->positions != NULL && input->returns != NULL && input->indices != NULL);
    const size_t blocks = (input->count + input->block - 1) / input->block;
    for (size_t b = 0; b < blocks; b++) {
        input->indices[b] = (uint32_t)b;
    }
    const double own = earned(input, input->indices, blocks);
    const double slack =
        1e-12 * fabs(own); /* orders that are the same but for rounding are equal */
    uint32_t larger = 0;
    for (uint32_t i = 0; i < input->draws; i++) {
        cb_prng prng = cb_random_stream(input->seed, i);
        cb_resample_order(&prng, input->indices, blocks);
        larger += earned(input, input->indices, blocks) >= own - slack;
    }
    *p_value = (1.0 + larger) / (1.0 + input->draws);
    return true;
}
