/* Chaikin volatility: the rate of change of the average range. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct chaikin_volatility_state {
    cb_ind_ema average;
    cb_ind_lag lag;
    double values[]; /* the lag's */
} chaikin_volatility_state;

static const cb_param params[] = {
    CB_IND_PERIOD(10, 1),
    CB_IND_COUNT("change", 10, 1, "bars over which the average changes"),
};
static const char *const outputs[] = {"chaikin_volatility"};

CB_INDICATOR_SIZED(chaikin_volatility, values[1])
CB_INDICATOR_WARMUP(chaikin_volatility, values[0] + values[1])

static void chaikin_volatility_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    chaikin_volatility_state *chaikin = state;
    cb_ind_ema_init(&chaikin->average, (uint64_t)values[0]);
    cb_ind_lag_init(&chaikin->lag, (uint64_t)values[1]);
    cb_ind_clear(chaikin->values, (uint64_t)values[1]);
}

static bool chaikin_volatility_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    chaikin_volatility_state *chaikin = state;
    double before = 0;
    if (!cb_ind_ema_push(&chaikin->average, bar->high - bar->low) ||
        !cb_ind_lag_push(&chaikin->lag, chaikin->values, chaikin->average.value, &before)) {
        return false;
    }
    out[0] = 100 * cb_ind_ratio(chaikin->average.value - before, before, 0);
    return true;
}

const cb_indicator_ops cb_indicator_chaikin_volatility = {CB_INDICATOR(chaikin_volatility),
    .summary =
        "Chaikin volatility: change of the average range, in percent; 0 while there was none",
    .formula = "100 * (ema(high - low) - ema(high - low)[change]) / ema(high - low)[change]",
    .source = "M. Chaikin; the average begins with a simple one",
    .settle_factor = 10};
