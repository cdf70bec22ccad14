/* Difference to the close n bars ago. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct momentum_state {
    cb_ind_lag lag;
    double values[]; /* period */
} momentum_state;

static const cb_param params[] = {CB_IND_PERIOD(10, 1)};
static const char *const outputs[] = {"momentum"};

CB_INDICATOR_SIZED(momentum, values[0])
CB_INDICATOR_WARMUP(momentum, values[0] + 1)

static void momentum_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    momentum_state *momentum = state;
    cb_ind_lag_init(&momentum->lag, (uint64_t)values[0]);
    cb_ind_clear(momentum->values, (uint64_t)values[0]);
}

static bool momentum_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    momentum_state *momentum = state;
    double before = 0;
    if (!cb_ind_lag_push(&momentum->lag, momentum->values, bar->close, &before)) {
        return false;
    }
    out[0] = bar->close - before;
    return true;
}

const cb_indicator_ops cb_indicator_momentum = {CB_INDICATOR(momentum),
    .summary = "difference to the close n bars ago, in quote units",
    .formula = "close - close[n]",
    .source = "textbook definition; TA-Lib MOM",
    .settle_factor = 1};
