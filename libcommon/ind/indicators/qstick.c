/* Average body of the candles. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct qstick_state {
    cb_ind_window window;
    double values[]; /* period */
} qstick_state;

static const cb_param params[] = {CB_IND_PERIOD(8, 1)};
static const char *const outputs[] = {"qstick"};

CB_INDICATOR_SIZED(qstick, values[0])
CB_INDICATOR_WARMUP(qstick, values[0])

static void qstick_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    qstick_state *qstick = state;
    cb_ind_window_init(&qstick->window, (uint64_t)values[0]);
    cb_ind_clear(qstick->values, (uint64_t)values[0]);
}

static bool qstick_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    qstick_state *qstick = state;
    if (!cb_ind_window_push(&qstick->window, qstick->values, bar->close - bar->open, NULL)) {
        return false;
    }
    out[0] = cb_ind_window_mean(&qstick->window);
    return true;
}

const cb_indicator_ops cb_indicator_qstick = {CB_INDICATOR(qstick),
    .summary = "average body of the candles",
    .formula = "sma(close - open, n)",
    .source = "T. Chande and S. Kroll, The New Technical Trader, 1994",
    .settle_factor = 1};
