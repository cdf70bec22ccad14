/* Aroon: how long ago the highest high and the lowest low were. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct aroon_state {
    cb_ind_channel channel;
    double scale; /* 100 / period */
    double values[];
} aroon_state;

static const cb_param params[] = {CB_IND_PERIOD(25, 1)};
static const char *const outputs[] = {"up", "down", "oscillator"};

CB_INDICATOR_SIZED(aroon, CB_IND_CHANNEL_DOUBLES(values[0] + 1))
CB_INDICATOR_WARMUP(aroon, values[0] + 1)

static void aroon_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    aroon_state *aroon = state;
    const uint64_t bars = (uint64_t)values[0] + 1;
    *aroon = (aroon_state){.scale = 100.0 / (double)values[0]};
    cb_ind_channel_init(&aroon->channel, bars);
    cb_ind_clear(aroon->values, CB_IND_CHANNEL_DOUBLES(bars));
}

static bool aroon_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    aroon_state *aroon = state;
    double high = 0;
    double low = 0;
    if (!cb_ind_channel_push(&aroon->channel, aroon->values, bar->high, bar->low, &high, &low)) {
        return false;
    }
    const uint64_t period = aroon->channel.highest.capacity - 1;
    const cb_ind_candidate *candidates = (const cb_ind_candidate *)(const void *)aroon->values;
    const uint64_t high_age = cb_ind_extreme_age(&aroon->channel.highest, candidates);
    const uint64_t low_age = cb_ind_extreme_age(&aroon->channel.lowest, candidates + period + 1);
    CB_ASSERT(high_age <= period && low_age <= period);
    out[0] = (double)(period - high_age) * aroon->scale;
    out[1] = (double)(period - low_age) * aroon->scale;
    out[2] = out[0] - out[1];
    return true;
}

const cb_indicator_ops cb_indicator_aroon = {CB_INDICATOR(aroon),
    .summary =
        "Aroon: 100 when the extreme is now, 0 when it is n bars old; oscillator = up - down",
    .formula =
        "100 * (n - bars since the extreme of n + 1 bars) / n; of equal extremes the latest counts",
    .source = "T. Chande, Technical Analysis of Stocks & Commodities, 1995",
    .settle_factor = 1};
