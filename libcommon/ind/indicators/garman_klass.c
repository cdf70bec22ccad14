/* Garman-Klass volatility, from the whole candle. */
#include <math.h>

#include "base/assert.h"
#include "ind/logarithm.h"
#include "ind/parts.h"

typedef struct garman_klass_state {
    cb_ind_window squares;
    double values[]; /* period */
} garman_klass_state;

static const cb_param params[] = {CB_IND_PERIOD(20, 1)};
static const char *const outputs[] = {"garman_klass"};

CB_INDICATOR_SIZED(garman_klass, values[0])
CB_INDICATOR_WARMUP(garman_klass, values[0])

static void garman_klass_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    garman_klass_state *klass = state;
    cb_ind_window_init(&klass->squares, (uint64_t)values[0]);
    cb_ind_clear(klass->values, (uint64_t)values[0]);
}

static bool garman_klass_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    garman_klass_state *klass = state;
    const double range = cb_ind_log_return(bar->high, bar->low);
    const double body = cb_ind_log_return(bar->close, bar->open);
    const double variance =
        0.5 * range * range - 0.38629436111989061 * body * body; /* 2 ln 2 - 1 */
    if (!cb_ind_window_push(&klass->squares, klass->values, variance, NULL)) {
        return false;
    }
    const double mean = cb_ind_window_mean(&klass->squares);
    out[0] = 100 * sqrt(mean > 0 ? mean : 0);
    return true;
}

const cb_indicator_ops cb_indicator_garman_klass = {CB_INDICATOR(garman_klass),
    .summary = "volatility of a bar from the whole candle, in percent",
    .formula = "100 * sqrt(sma(ln(high / low)^2 / 2 - (2 * ln 2 - 1) * ln(close / open)^2))",
    .source = "M. Garman and M. Klass, Journal of Business, 1980",
    .settle_factor = 1};
