/* Williams fractals, told when they are sure: wing bars after their middle. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct fractal_state {
    cb_ind_channel channel;
    cb_ind_lag lag_high;
    cb_ind_lag lag_low;
    double up;
    double down;
    double values[]; /* candidates, then both lags */
} fractal_state;

static const cb_param params[] = {
    CB_IND_COUNT("wing", 2, 1, "bars on either side that are lower (higher)")};
static const char *const outputs[] = {"up", "down"};

CB_INDICATOR_SIZED(fractal, CB_IND_CHANNEL_DOUBLES(2 * values[0] + 1) + 2 * values[0])
CB_INDICATOR_WARMUP(fractal, 2 * values[0] + 1)

static void fractal_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    fractal_state *fractal = state;
    const uint64_t bars = 2 * (uint64_t)values[0] + 1;
    *fractal = (fractal_state){.up = 0};
    cb_ind_channel_init(&fractal->channel, bars);
    cb_ind_lag_init(&fractal->lag_high, (uint64_t)values[0]);
    cb_ind_lag_init(&fractal->lag_low, (uint64_t)values[0]);
    cb_ind_clear(fractal->values, CB_IND_CHANNEL_DOUBLES(bars) + bars - 1);
}

static bool fractal_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    fractal_state *fractal = state;
    const uint64_t bars = fractal->channel.highest.capacity;
    double *lags = fractal->values + CB_IND_CHANNEL_DOUBLES(bars);
    double high = 0;
    double low = 0;
    double middle_high = 0;
    double middle_low = 0;
    const bool is_begun = fractal->channel.highest.seen >= bars;
    const bool is_warm =
        cb_ind_channel_push(&fractal->channel, fractal->values, bar->high, bar->low, &high, &low);
    (void)cb_ind_lag_push(&fractal->lag_high, lags, bar->high, &middle_high);
    (void)cb_ind_lag_push(
        &fractal->lag_low, lags + fractal->lag_high.capacity, bar->low, &middle_low);
    if (!is_warm) {
        return false;
    }
    /* Until there is a fractal, the extremes of the first bars stand for it. */
    if (!is_begun || middle_high >= high) {
        fractal->up = is_begun ? middle_high : high;
    }
    if (!is_begun || middle_low <= low) {
        fractal->down = is_begun ? middle_low : low;
    }
    out[0] = fractal->up;
    out[1] = fractal->down;
    return true;
}

const cb_indicator_ops cb_indicator_fractal = {CB_INDICATOR(fractal),
    .summary = "last fractal high and last fractal low, known wing bars after they were made",
    .formula =
        "up: a high that no high of wing bars before and after exceeds; down: the same of lows",
    .source = "B. Williams, Trading Chaos, 1995; equal highs count",
    .settle_factor = 60};
