/* Kaufman's efficiency ratio. */
#include <math.h>

#include "base/assert.h"
#include "ind/parts.h"

typedef struct efficiency_state {
    cb_ind_lag lag;
    cb_ind_window changes;
    double previous;
    uint64_t has_previous;
    double values[]; /* period closes, then changes */
} efficiency_state;

static const cb_param params[] = {CB_IND_PERIOD(10, 1)};
static const char *const outputs[] = {"efficiency"};

CB_INDICATOR_SIZED(efficiency, 2 * values[0])
CB_INDICATOR_WARMUP(efficiency, values[0] + 1)

static void efficiency_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    efficiency_state *efficiency = state;
    const uint64_t period = (uint64_t)values[0];
    *efficiency = (efficiency_state){.previous = 0};
    cb_ind_lag_init(&efficiency->lag, period);
    cb_ind_window_init(&efficiency->changes, period);
    cb_ind_clear(efficiency->values, 2 * period);
}

static bool efficiency_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    efficiency_state *efficiency = state;
    double *changes = efficiency->values + efficiency->lag.capacity;
    const double change = fabs(bar->close - efficiency->previous);
    double before = 0;
    if (efficiency->has_previous != 0) {
        (void)cb_ind_window_push(&efficiency->changes, changes, change, NULL);
    }
    efficiency->previous = bar->close;
    efficiency->has_previous = 1;
    if (!cb_ind_lag_push(&efficiency->lag, efficiency->values, bar->close, &before)) {
        return false;
    }
    const double share = cb_ind_ratio(fabs(bar->close - before), efficiency->changes.sum, 0);
    out[0] = share < 1 ? share : 1;
    return true;
}

const cb_indicator_ops cb_indicator_efficiency = {CB_INDICATOR(efficiency),
    .summary = "efficiency ratio: 1 when the price goes straight, near 0 in noise",
    .formula = "|close - close[n]| / sum |close - close[1]|",
    .source = "P. Kaufman, Smarter Trading, 1995",
    .settle_factor = 1};
