/* Relative volatility index: is the deviation up or down. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct rvi_state {
    cb_ind_spread spread;
    double previous;
    uint64_t has_previous;
    cb_ind_ema ups;
    cb_ind_ema downs;
    double values[]; /* deviation bars */
} rvi_state;

static const cb_param params[] = {
    CB_IND_PERIOD(14, 1),
    CB_IND_COUNT("deviation", 10, 2, "closes in the standard deviation"),
};
static const char *const outputs[] = {"rvi"};

CB_INDICATOR_SIZED(rvi, values[1])
CB_INDICATOR_WARMUP(rvi, values[0] + values[1] - 1)

static void rvi_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    rvi_state *rvi = state;
    *rvi = (rvi_state){.previous = 0};
    cb_ind_spread_init(&rvi->spread, (uint64_t)values[1]);
    cb_ind_wilder_init(&rvi->ups, (uint64_t)values[0]);
    cb_ind_wilder_init(&rvi->downs, (uint64_t)values[0]);
    cb_ind_clear(rvi->values, (uint64_t)values[1]);
}

static bool rvi_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    rvi_state *rvi = state;
    const double change = rvi->has_previous != 0 ? bar->close - rvi->previous : 0;
    rvi->previous = bar->close;
    rvi->has_previous = 1;
    if (!cb_ind_spread_push(&rvi->spread, rvi->values, bar->close)) {
        return false;
    }
    const double deviation = cb_ind_spread_deviation(&rvi->spread);
    (void)cb_ind_ema_push(&rvi->ups, change > 0 ? deviation : 0);
    if (!cb_ind_ema_push(&rvi->downs, change < 0 ? deviation : 0)) {
        return false;
    }
    out[0] = 100 * cb_ind_ratio(rvi->ups.value, rvi->ups.value + rvi->downs.value, 0.5);
    return true;
}

const cb_indicator_ops cb_indicator_rvi = {CB_INDICATOR(rvi),
    .summary = "relative volatility index, 0 to 100; 50 while nothing moves",
    .formula =
        "100 * up / (up + down), Wilder averages of the deviation on rising and on falling closes",
    .source = "D. Dorsey, Technical Analysis of Stocks & Commodities, 1993",
    .settle_factor = 15};
