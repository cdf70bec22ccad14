/* Zero-lag exponential average: an exponential average of closes corrected by their own lag. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct zlema_state {
    cb_ind_lag lag;
    cb_ind_ema average;
    double values[]; /* (period - 1) / 2, at least 1 */
} zlema_state;

static const cb_param params[] = {CB_IND_PERIOD(20, 3)};
static const char *const outputs[] = {"zlema"};

CB_INDICATOR_SIZED(zlema, (values[0] - 1) / 2)
CB_INDICATOR_WARMUP(zlema, (values[0] - 1) / 2 + values[0])

static void zlema_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    zlema_state *zlema = state;
    const uint64_t lag = (uint64_t)(values[0] - 1) / 2;
    cb_ind_lag_init(&zlema->lag, lag);
    cb_ind_ema_init(&zlema->average, (uint64_t)values[0]);
    cb_ind_clear(zlema->values, lag);
}

static bool zlema_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    zlema_state *zlema = state;
    double before = 0;
    if (!cb_ind_lag_push(&zlema->lag, zlema->values, bar->close, &before) ||
        !cb_ind_ema_push(&zlema->average, 2 * bar->close - before)) {
        return false;
    }
    out[0] = zlema->average.value;
    return true;
}

const cb_indicator_ops cb_indicator_zlema = {CB_INDICATOR(zlema),
    .summary = "zero-lag exponential moving average",
    .formula = "ema(close + (close - close[(n - 1) / 2]))",
    .source = "J. Ehlers and R. Way, Zero Lag, 2010; the average begins with a simple one",
    .settle_factor = 8};
