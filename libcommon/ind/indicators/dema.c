/* Double exponential moving average. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct dema_state {
    cb_ind_ema first;
    cb_ind_ema second;
} dema_state;

static const cb_param params[] = {CB_IND_PERIOD(20, 1)};
static const char *const outputs[] = {"dema"};

CB_INDICATOR_FIXED(dema)
CB_INDICATOR_WARMUP(dema, 2 * values[0] - 1)

static void dema_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    dema_state *dema = state;
    cb_ind_ema_init(&dema->first, (uint64_t)values[0]);
    cb_ind_ema_init(&dema->second, (uint64_t)values[0]);
}

static bool dema_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    dema_state *dema = state;
    if (!cb_ind_ema_push(&dema->first, bar->close) ||
        !cb_ind_ema_push(&dema->second, dema->first.value)) {
        return false;
    }
    out[0] = 2 * dema->first.value - dema->second.value;
    return true;
}

const cb_indicator_ops cb_indicator_dema = {CB_INDICATOR(dema),
    .summary = "double exponential moving average: less lag than an exponential one",
    .formula = "2 * ema - ema(ema)",
    .source = "P. Mulloy, Technical Analysis of Stocks & Commodities, 1994; averages begin with "
              "simple ones",
    .settle_factor = 8};
