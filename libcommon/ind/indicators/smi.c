/* Stochastic momentum index: the close against the middle of its range, twice smoothed. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct smi_state {
    cb_ind_channel channel;
    cb_ind_ema distance[2];
    cb_ind_ema range[2];
    double values[];
} smi_state;

static const cb_param params[] = {
    CB_IND_PERIOD(13, 1),
    CB_IND_COUNT("slow", 25, 1, "values in the first average"),
    CB_IND_COUNT("fast", 2, 1, "values in the second average"),
};
static const char *const outputs[] = {"smi"};

CB_INDICATOR_SIZED(smi, CB_IND_CHANNEL_DOUBLES(values[0]))
CB_INDICATOR_WARMUP(smi, values[0] + values[1] + values[2] - 2)

static void smi_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    smi_state *smi = state;
    cb_ind_channel_init(&smi->channel, (uint64_t)values[0]);
    for (uint32_t i = 0; i < 2; i++) {
        cb_ind_ema_init(&smi->distance[i], (uint64_t)values[1 + i]);
        cb_ind_ema_init(&smi->range[i], (uint64_t)values[1 + i]);
    }
    cb_ind_clear(smi->values, CB_IND_CHANNEL_DOUBLES((uint64_t)values[0]));
}

static bool smi_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    smi_state *smi = state;
    double high = 0;
    double low = 0;
    if (!cb_ind_channel_push(&smi->channel, smi->values, bar->high, bar->low, &high, &low)) {
        return false;
    }
    (void)cb_ind_ema_push(&smi->distance[0], bar->close - (high + low) / 2);
    if (!cb_ind_ema_push(&smi->range[0], high - low)) {
        return false;
    }
    (void)cb_ind_ema_push(&smi->distance[1], smi->distance[0].value);
    if (!cb_ind_ema_push(&smi->range[1], smi->range[0].value)) {
        return false;
    }
    out[0] = 200 * cb_ind_ratio(smi->distance[1].value, smi->range[1].value, 0);
    return true;
}

const cb_indicator_ops cb_indicator_smi = {CB_INDICATOR(smi),
    .summary = "stochastic momentum index, -100 to 100",
    .formula =
        "200 * ema(ema(close - middle, slow), fast) / ema(ema(max high - min low, slow), fast)",
    .source = "W. Blau, Technical Analysis of Stocks & Commodities, 1993; averages begin with "
              "simple ones",
    .settle_factor = 12};
