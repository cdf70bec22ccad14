/* Schaff trend cycle: MACD through two stochastics. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct stc_state {
    cb_ind_ema fast;
    cb_ind_ema slow;
    cb_ind_channel first;
    cb_ind_channel second;
    double smooth_first; /* -1: not begun */
    double smooth_second;
    double values[]; /* candidates of both */
} stc_state;

static const cb_param params[] = {
    CB_IND_COUNT("fast", 23, 1, "bars of the fast average"),
    CB_IND_COUNT("slow", 50, 1, "bars of the slow average"),
    CB_IND_COUNT("cycle", 10, 2, "values of both stochastics"),
};
static const char *const outputs[] = {"stc"};

CB_INDICATOR_SIZED(stc, 2 * CB_IND_CHANNEL_DOUBLES(values[2]))
CB_INDICATOR_WARMUP(stc, (values[0] > values[1] ? values[0] : values[1]) + 2 * (values[2] - 1))

static void stc_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    stc_state *stc = state;
    *stc = (stc_state){.smooth_first = -1, .smooth_second = -1};
    cb_ind_ema_init(&stc->fast, (uint64_t)values[0]);
    cb_ind_ema_init(&stc->slow, (uint64_t)values[1]);
    cb_ind_channel_init(&stc->first, (uint64_t)values[2]);
    cb_ind_channel_init(&stc->second, (uint64_t)values[2]);
    cb_ind_clear(stc->values, 2 * CB_IND_CHANNEL_DOUBLES((uint64_t)values[2]));
}

/* A stochastic of value in its window, smoothed by one half. */
static bool cycle(cb_ind_channel *channel, double *values, double value, double *smooth)
{
    double high = 0;
    double low = 0;
    if (!cb_ind_channel_push(channel, values, value, value, &high, &low)) {
        return false;
    }
    const double place = high > low ? 100 * (value - low) / (high - low) : 50;
    *smooth = *smooth < 0 ? place : *smooth + 0.5 * (place - *smooth);
    return true;
}

static bool stc_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    stc_state *stc = state;
    const bool has_fast = cb_ind_ema_push(&stc->fast, bar->close);
    const bool has_slow = cb_ind_ema_push(&stc->slow, bar->close);
    if (!has_fast || !has_slow) {
        return false;
    }
    const double line = stc->fast.value - stc->slow.value;
    double *second = stc->values + CB_IND_CHANNEL_DOUBLES(stc->first.highest.capacity);
    if (!cycle(&stc->first, stc->values, line, &stc->smooth_first) ||
        !cycle(&stc->second, second, stc->smooth_first, &stc->smooth_second)) {
        return false;
    }
    out[0] = stc->smooth_second;
    return true;
}

const cb_indicator_ops cb_indicator_stc = {CB_INDICATOR(stc),
    .summary = "Schaff trend cycle, 0 to 100; 50 while nothing moves",
    .formula =
        "two stochastics of ema(fast) - ema(slow), one of the other, each smoothed by one half",
    .source = "D. Schaff, 1999; a flat window counts as its middle",
    .settle_factor = 25};
