/* Historical volatility: deviation of logarithmic returns, a year's worth of it. */
#include <math.h>

#include "base/assert.h"
#include "ind/logarithm.h"
#include "ind/parts.h"

typedef struct volatility_state {
    cb_ind_spread spread;
    double previous;
    uint64_t has_previous;
    double scale;
    double values[]; /* period returns */
} volatility_state;

static const cb_param params[] = {
    CB_IND_PERIOD(20, 2),
    {"bars_per_year", CB_PARAM_COUNT, 365, 1, 525600, "1 leaves the deviation as it is for a bar"},
};
static const char *const outputs[] = {"volatility"};

CB_INDICATOR_SIZED(volatility, values[0])
CB_INDICATOR_WARMUP(volatility, values[0] + 1)

static void volatility_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    volatility_state *volatility = state;
    const double period = (double)values[0];
    *volatility =
        (volatility_state){.scale = 100 * sqrt((double)values[1] * period / (period - 1))};
    cb_ind_spread_init(&volatility->spread, (uint64_t)values[0]);
    cb_ind_clear(volatility->values, (uint64_t)values[0]);
}

static bool volatility_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    volatility_state *volatility = state;
    const double change = cb_ind_log_return(bar->close, volatility->previous);
    const bool has_previous = volatility->has_previous != 0;
    volatility->previous = bar->close;
    volatility->has_previous = 1;
    if (!has_previous || !cb_ind_spread_push(&volatility->spread, volatility->values, change)) {
        return false;
    }
    out[0] = volatility->scale * cb_ind_spread_deviation(&volatility->spread);
    return true;
}

const cb_indicator_ops cb_indicator_volatility = {CB_INDICATOR(volatility),
    .summary = "historical volatility of logarithmic returns, a year, in percent",
    .formula = "100 * sqrt(bars_per_year) * sample deviation of ln(close / close[1])",
    .source = "textbook definition (divisor n - 1)",
    .settle_factor = 1};
