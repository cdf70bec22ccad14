/* Average true range with Wilder's smoothing. */
#include <math.h>

#include "base/assert.h"
#include "ind/parts.h"

typedef struct atr_state {
    uint64_t has_previous;
    double previous_close;
    cb_ind_ema average;
} atr_state;

static const cb_param params[] = {CB_IND_PERIOD(14, 1)};
static const char *const outputs[] = {"atr"};

static size_t atr_state_size(const int64_t *values)
{
    (void)values;
    return sizeof(atr_state);
}

static uint32_t atr_warmup_bars(const int64_t *values)
{
    return (uint32_t)values[0];
}

static void atr_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    atr_state *atr = state;
    *atr = (atr_state){.has_previous = 0};
    cb_ind_wilder_init(&atr->average, (uint64_t)values[0]);
}

/* The first bar has no close before it: its range is high - low. */
static double true_range(const atr_state *atr, const cb_bar *bar)
{
    double range = bar->high - bar->low;
    if (atr->has_previous == 0) {
        return range;
    }
    const double up = fabs(bar->high - atr->previous_close);
    const double down = fabs(bar->low - atr->previous_close);
    range = up > range ? up : range;
    return down > range ? down : range;
}

static bool atr_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    CB_ASSERT(cb_ind_bar_is_finite(bar));
    atr_state *atr = state;
    const bool is_warm = cb_ind_ema_push(&atr->average, true_range(atr, bar));
    atr->previous_close = bar->close;
    atr->has_previous = 1;
    if (!is_warm) {
        return false;
    }
    out[0] = atr->average.value;
    return true;
}

const cb_indicator_ops cb_indicator_atr = {.name = "atr",
    .summary = "average true range, in quote units",
    .formula = "Wilder average of max(high - low, |high - close'|, |low - close'|)",
    .source = "J. W. Wilder, 1978; the first range is high - low (StockCharts)",
    .params = params,
    .params_count = sizeof(params) / sizeof(params[0]),
    .outputs = outputs,
    .outputs_count = sizeof(outputs) / sizeof(outputs[0]),
    .state_size = atr_state_size,
    .warmup_bars = atr_warmup_bars,
    .init = atr_init,
    .update = atr_update,
    .settle_factor = 15};
