/* Parkinson's volatility, from highs and lows. */
#include <math.h>

#include "base/assert.h"
#include "ind/logarithm.h"
#include "ind/parts.h"

typedef struct parkinson_state {
    cb_ind_window squares;
    double values[]; /* period */
} parkinson_state;

static const cb_param params[] = {CB_IND_PERIOD(20, 1)};
static const char *const outputs[] = {"parkinson"};

CB_INDICATOR_SIZED(parkinson, values[0])
CB_INDICATOR_WARMUP(parkinson, values[0])

static void parkinson_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    parkinson_state *parkinson = state;
    cb_ind_window_init(&parkinson->squares, (uint64_t)values[0]);
    cb_ind_clear(parkinson->values, (uint64_t)values[0]);
}

static bool parkinson_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    parkinson_state *parkinson = state;
    const double range = cb_ind_log_return(bar->high, bar->low);
    if (!cb_ind_window_push(&parkinson->squares, parkinson->values, range * range, NULL)) {
        return false;
    }
    const double mean = cb_ind_window_mean(&parkinson->squares);
    out[0] = 100 * sqrt((mean > 0 ? mean : 0) * 0.36067376022224085); /* 1 / (4 ln 2) */
    return true;
}

const cb_indicator_ops cb_indicator_parkinson = {CB_INDICATOR(parkinson),
    .summary = "volatility of a bar from highs and lows, in percent",
    .formula = "100 * sqrt(sma(ln(high / low)^2) / (4 * ln 2))",
    .source = "M. Parkinson, Journal of Business, 1980",
    .settle_factor = 1};
