/* Resampled histories and the Monte Carlo fan over them. */
#include "stats/resample.h"

#include <math.h>

#include "base/assert.h"
#include "stats/normal.h"
#include "stats/series.h"

static const double bands[CB_MONTE_BANDS] = {0.05, 0.25, 0.5, 0.75, 0.95};

void cb_resample_order(cb_prng *prng, uint32_t *out, size_t count)
{
    CB_ASSERT(prng != NULL && out != NULL);
    CB_ASSERT(count <= UINT32_MAX);
    for (size_t i = 0; i < count; i++) {
        const size_t other = (size_t)cb_prng_below(prng, i + 1);
        out[i] = out[other];
        out[other] = (uint32_t)i;
    }
}

void cb_resample_blocks(cb_prng *prng, double block_mean, uint32_t *out, size_t count)
{
    CB_ASSERT(prng != NULL && out != NULL);
    CB_ASSERT(block_mean >= 1 && count <= UINT32_MAX);
    const double chance = 1 / block_mean;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || cb_random_unit(prng) < chance) {
            out[i] = (uint32_t)cb_prng_below(prng, count);
        } else {
            out[i] = out[i - 1] + 1 < count ? out[i - 1] + 1 : 0;
        }
    }
}

void cb_candles_rebuild(const cb_candle_columns *in,
    const uint32_t *gaps,
    const uint32_t *bars,
    const cb_candle_columns *out)
{
    CB_ASSERT(in != NULL && out != NULL && out->count == in->count);
    CB_ASSERT(in->open != out->open && in->close != out->close);
    double last = in->count > 0 ? in->open[0] : 0;
    for (size_t i = 0; i < in->count; i++) {
        const size_t gap = gaps[i];
        const size_t bar = bars[i];
        CB_ASSERT(gap < in->count && bar < in->count);
        CB_ASSERT(in->open[bar] > 0 && in->close[bar] > 0);
        const double jump = gap > 0 ? in->open[gap] / in->close[gap - 1] : 1;
        out->open[i] = last * jump;
        out->high[i] = out->open[i] * (in->high[bar] / in->open[bar]);
        out->low[i] = out->open[i] * (in->low[bar] / in->open[bar]);
        out->close[i] = out->open[i] * (in->close[bar] / in->open[bar]);
        last = out->close[i];
    }
}

size_t cb_monte_scratch(size_t paths, size_t points)
{
    return paths * (points + 2);
}

/* One path: its equity at each point (paths apart from each other), its end, its drawdown. */
static void run_path(const cb_monte_input *input, double *at_points, double *end, double *drawdown)
{
    double equity = 1;
    double peak = 1;
    double deepest = 0;
    size_t point = 0;
    for (size_t i = 0; i < input->count; i++) {
        const double value = input->values[input->indices[i]];
        equity = input->is_additive ? equity + value : equity * (1 + value);
        peak = fmax(peak, equity);
        deepest = fmin(deepest, equity / peak - 1);
        while (point < input->points && (i + 1) == (point + 1) * input->count / input->points) {
            at_points[point++ * input->paths] = equity;
        }
    }
    CB_ASSERT(point == input->points);
    *end = equity;
    *drawdown = deepest;
}

static void read_bands(double *values, size_t count, double *out)
{
    cb_series_sort(values, count);
    for (size_t i = 0; i < CB_MONTE_BANDS; i++) {
        out[i] = cb_series_quantile(values, count, bands[i]);
    }
}

bool cb_monte_carlo(const cb_monte_input *input, cb_monte_result *out, double *fan)
{
    CB_ASSERT(input != NULL && out != NULL);
    const size_t paths = input->paths;
    if (input->count == 0 || paths == 0 || input->points == 0 || input->points > input->count) {
        return false;
    }
    CB_ASSERT(input->scratch != NULL && input->indices != NULL && fan != NULL);
    double *ends = input->scratch + paths * input->points;
    double *drawdowns = ends + paths;
    size_t losses = 0;
    size_t beyond = 0;
    for (size_t i = 0; i < paths; i++) {
        cb_prng prng = cb_random_stream(input->seed, i);
        if (input->kind == CB_MONTE_ORDER) {
            cb_resample_order(&prng, input->indices, input->count);
        } else {
            cb_resample_blocks(&prng, input->block_mean, input->indices, input->count);
        }
        run_path(input, input->scratch + i, &ends[i], &drawdowns[i]);
        losses += ends[i] < 1;
        beyond += drawdowns[i] < -input->drawdown_limit;
    }
    for (size_t i = 0; i < input->points; i++) {
        read_bands(input->scratch + i * paths, paths, fan + i * CB_MONTE_BANDS);
    }
    read_bands(ends, paths, out->end);
    read_bands(drawdowns, paths, out->drawdown);
    out->loss = (double)losses / (double)paths;
    out->beyond_limit = (double)beyond / (double)paths;
    return true;
}
