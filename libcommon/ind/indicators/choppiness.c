/* Choppiness index: 100 when ranges lead nowhere, low in a trend. */
#include "base/assert.h"
#include "ind/logarithm.h"
#include "ind/parts.h"

typedef struct choppiness_state {
    cb_ind_range range;
    cb_ind_window ranges;
    cb_ind_channel channel;
    double scale;    /* 100 / ln n */
    double values[]; /* candidates, then ranges */
} choppiness_state;

static const cb_param params[] = {CB_IND_PERIOD(14, 2)};
static const char *const outputs[] = {"choppiness"};

CB_INDICATOR_SIZED(choppiness, CB_IND_CHANNEL_DOUBLES(values[0]) + values[0])
CB_INDICATOR_WARMUP(choppiness, values[0] + 1)

static void choppiness_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    choppiness_state *chop = state;
    const uint64_t period = (uint64_t)values[0];
    *chop = (choppiness_state){.scale = 100 / cb_ind_log((double)period)};
    cb_ind_window_init(&chop->ranges, period);
    cb_ind_channel_init(&chop->channel, period);
    cb_ind_clear(chop->values, CB_IND_CHANNEL_DOUBLES(period) + period);
}

static bool choppiness_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    choppiness_state *chop = state;
    double *ranges = chop->values + CB_IND_CHANNEL_DOUBLES(chop->ranges.capacity);
    double high = 0;
    double low = 0;
    const bool has_previous = chop->range.has_previous != 0;
    const double range = cb_ind_range_push(&chop->range, bar);
    (void)cb_ind_channel_push(&chop->channel, chop->values, bar->high, bar->low, &high, &low);
    if (!has_previous || !cb_ind_window_push(&chop->ranges, ranges, range, NULL)) {
        return false;
    }
    const double ratio = cb_ind_ratio(chop->ranges.sum, high - low, 0);
    out[0] = ratio > 0 ? chop->scale * cb_ind_log(ratio) : 50;
    return true;
}

const cb_indicator_ops cb_indicator_choppiness = {CB_INDICATOR(choppiness),
    .summary = "choppiness index: about 100 sideways, low in a trend; 50 while nothing moves",
    .formula = "100 * ln(sum of true ranges / (max high - min low)) / ln n",
    .source = "E. Dreiss",
    .settle_factor = 1};
