/* Rate of change: the close against the close n bars ago. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct roc_state {
    cb_ind_lag lag;
    double values[]; /* period */
} roc_state;

static const cb_param params[] = {CB_IND_PERIOD(12, 1)};
static const char *const outputs[] = {"roc"};

CB_INDICATOR_SIZED(roc, values[0])
CB_INDICATOR_WARMUP(roc, values[0] + 1)

static void roc_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    roc_state *roc = state;
    cb_ind_lag_init(&roc->lag, (uint64_t)values[0]);
    cb_ind_clear(roc->values, (uint64_t)values[0]);
}

static bool roc_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    roc_state *roc = state;
    double before = 0;
    if (!cb_ind_lag_push(&roc->lag, roc->values, bar->close, &before)) {
        return false;
    }
    out[0] = 100 * cb_ind_ratio(bar->close - before, before, 0);
    return true;
}

const cb_indicator_ops cb_indicator_roc = {CB_INDICATOR(roc),
    .summary = "rate of change of the close, in percent",
    .formula = "100 * (close - close[n]) / close[n]",
    .source = "textbook definition; TA-Lib ROC",
    .settle_factor = 1};
