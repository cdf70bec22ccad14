/* Distance of the close from its mean, in standard deviations. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct zscore_state {
    cb_ind_spread spread;
    double values[]; /* period */
} zscore_state;

static const cb_param params[] = {CB_IND_PERIOD(20, 2)};
static const char *const outputs[] = {"zscore"};

CB_INDICATOR_SIZED(zscore, values[0])
CB_INDICATOR_WARMUP(zscore, values[0])

static void zscore_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    zscore_state *zscore = state;
    cb_ind_spread_init(&zscore->spread, (uint64_t)values[0]);
    cb_ind_clear(zscore->values, (uint64_t)values[0]);
}

static bool zscore_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    zscore_state *zscore = state;
    if (!cb_ind_spread_push(&zscore->spread, zscore->values, bar->close)) {
        return false;
    }
    const double deviation = cb_ind_spread_deviation(&zscore->spread);
    out[0] = cb_ind_ratio(bar->close - zscore->spread.mean, deviation, 0);
    return true;
}

const cb_indicator_ops cb_indicator_zscore = {CB_INDICATOR(zscore),
    .summary = "distance of the close from its mean, in standard deviations; 0 while nothing moves",
    .formula = "(close - mean) / population deviation",
    .source = "textbook definition",
    .settle_factor = 1};
