/* Detrended price oscillator. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct dpo_state {
    cb_ind_window window;
    cb_ind_lag lag;
    double values[]; /* period closes, then the lag's */
} dpo_state;

static const cb_param params[] = {CB_IND_PERIOD(20, 3)};
static const char *const outputs[] = {"dpo"};

CB_INDICATOR_SIZED(dpo, values[0] + values[0] / 2 + 1)
CB_INDICATOR_WARMUP(dpo, values[0])

static void dpo_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    dpo_state *dpo = state;
    const uint64_t period = (uint64_t)values[0];
    cb_ind_window_init(&dpo->window, period);
    cb_ind_lag_init(&dpo->lag, period / 2 + 1);
    cb_ind_clear(dpo->values, period + period / 2 + 1);
}

static bool dpo_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    dpo_state *dpo = state;
    double before = 0;
    (void)cb_ind_lag_push(&dpo->lag, dpo->values + dpo->window.capacity, bar->close, &before);
    if (!cb_ind_window_push(&dpo->window, dpo->values, bar->close, NULL)) {
        return false;
    }
    out[0] = before - cb_ind_window_mean(&dpo->window);
    return true;
}

const cb_indicator_ops cb_indicator_dpo = {CB_INDICATOR(dpo),
    .summary = "detrended price oscillator: a past close against the average around it",
    .formula = "close[n / 2 + 1] - sma(close, n)",
    .source = "textbook definition; Tulip DPO",
    .settle_factor = 1};
