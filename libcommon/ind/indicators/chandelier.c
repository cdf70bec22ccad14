/* Chandelier exit: stops that hang from the highest high and stand on the lowest low. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct chandelier_state {
    cb_ind_range range;
    cb_ind_ema average;
    cb_ind_channel channel;
    double multiplier;
    double values[];
} chandelier_state;

static const cb_param params[] = {
    CB_IND_PERIOD(22, 1),
    {"multiplier",
        CB_PARAM_DECIMAL,
        3 * CB_E8,
        CB_E8 / 10,
        100 * CB_E8,
        "average ranges between extreme and stop"},
};
static const char *const outputs[] = {"long_stop", "short_stop"};

CB_INDICATOR_SIZED(chandelier, CB_IND_CHANNEL_DOUBLES(values[0]))
CB_INDICATOR_WARMUP(chandelier, values[0])

static void chandelier_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    chandelier_state *exit = state;
    *exit = (chandelier_state){.multiplier = cb_f64_from_e8(values[1])};
    cb_ind_wilder_init(&exit->average, (uint64_t)values[0]);
    cb_ind_channel_init(&exit->channel, (uint64_t)values[0]);
    cb_ind_clear(exit->values, CB_IND_CHANNEL_DOUBLES((uint64_t)values[0]));
}

static bool chandelier_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    chandelier_state *exit = state;
    double high = 0;
    double low = 0;
    (void)cb_ind_channel_push(&exit->channel, exit->values, bar->high, bar->low, &high, &low);
    if (!cb_ind_ema_push(&exit->average, cb_ind_range_push(&exit->range, bar))) {
        return false;
    }
    out[0] = high - exit->multiplier * exit->average.value;
    out[1] = low + exit->multiplier * exit->average.value;
    return true;
}

const cb_indicator_ops cb_indicator_chandelier = {CB_INDICATOR(chandelier),
    .summary = "chandelier exit: trailing stops for a long and for a short position",
    .formula = "max(high, n) - k * atr(n); min(low, n) + k * atr(n)",
    .source = "C. Le Beau; Wilder's ATR (StockCharts)",
    .settle_factor = 15};
