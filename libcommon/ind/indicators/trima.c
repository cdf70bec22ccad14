/* Triangular moving average: a simple average of a simple average. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct trima_state {
    cb_ind_window first;
    cb_ind_window second;
    double values[]; /* both windows */
} trima_state;

static const cb_param params[] = {CB_IND_PERIOD(20, 1)};
static const char *const outputs[] = {"trima"};

CB_INDICATOR_SIZED(trima, values[0] + 1)
CB_INDICATOR_WARMUP(trima, values[0])

static void trima_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    trima_state *trima = state;
    const uint64_t period = (uint64_t)values[0];
    const uint64_t first = (period + 1) / 2;
    cb_ind_window_init(&trima->first, first);
    cb_ind_window_init(&trima->second, period + 1 - first);
    cb_ind_clear(trima->values, period + 1);
}

static bool trima_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    trima_state *trima = state;
    if (!cb_ind_window_push(&trima->first, trima->values, bar->close, NULL)) {
        return false;
    }
    double *second = trima->values + trima->first.capacity;
    if (!cb_ind_window_push(&trima->second, second, cb_ind_window_mean(&trima->first), NULL)) {
        return false;
    }
    out[0] = cb_ind_window_mean(&trima->second);
    return true;
}

const cb_indicator_ops cb_indicator_trima = {CB_INDICATOR(trima),
    .summary = "triangular moving average: the middle of the window weighs most",
    .formula = "sma(sma(close, (n + 1) / 2), n + 1 - (n + 1) / 2)",
    .source = "textbook definition; TA-Lib and Tulip TRIMA",
    .settle_factor = 1};
