/* Trend following. Two exponential averages say which way the market goes; an opinion is given when
 * they have just crossed or when the close breaks out of the Donchian channel of the bars before,
 * and only on the right side of that channel's middle. Stops and targets are multiples of the ATR.
 */
#include "services/signals/core/strategy.h"

enum { FAST, SLOW, CHANNEL, ATR, CROSS_BARS, SPREAD_FULL, STOP_ATR, PROFIT_ATR };

#define PERIOD(name, value, help)                                                                  \
    {                                                                                              \
        name, CB_PARAM_COUNT, value, 1, CB_INDICATOR_PERIOD_MAX, help                              \
    }
static const cb_param params[] = {
    [FAST] = PERIOD("fast", 9, "bars of the fast exponential average"),
    [SLOW] = PERIOD("slow", 21, "bars of the slow exponential average"),
    [CHANNEL] = PERIOD("channel", 20, "bars of the Donchian channel"),
    [ATR] = PERIOD("atr", 14, "bars of the average true range"),
    [CROSS_BARS] = {"cross_bars", CB_PARAM_COUNT, 3, 1, 1000, "bars that a cross counts as fresh"},
    [SPREAD_FULL] = {"spread_full",
        CB_PARAM_DECIMAL,
        5 * CB_E8 / 2,
        CB_E8 / 100,
        100 * CB_E8,
        "distance of the averages, in ATR, that counts as full strength"},
    [STOP_ATR] = {"stop_atr",
        CB_PARAM_DECIMAL,
        2 * CB_E8,
        CB_E8 / 10,
        100 * CB_E8,
        "stop-loss distance, in ATR"},
    [PROFIT_ATR] = {"profit_atr",
        CB_PARAM_DECIMAL,
        3 * CB_E8,
        CB_E8 / 10,
        100 * CB_E8,
        "take-profit distance, in ATR"},
};

/* Confidence: a base for the direction, more for strength and for a breakout. */
#define CONFIDENCE_BASE 0.4
#define CONFIDENCE_STRENGTH 0.4
#define CONFIDENCE_BREAKOUT 0.2

/* Only 8-byte members; the four indicators' states lie behind it, one after the other. */
typedef struct trend_state {
    int64_t params[CB_PARAMS_PER_ENTRY_MAX];
    uint64_t is_warm;
    int64_t direction;  /* 1 up, -1 down, 0 not known yet */
    uint64_t cross_age; /* bars since the averages crossed; 0 on the bar of the cross */
    uint64_t has_crossed;
    double upper; /* the channel of the bars before */
    double lower;
    uint64_t states[];
} trend_state;

typedef struct trend_reading {
    double fast;
    double slow;
    double atr;
    double channel[3]; /* upper, lower, middle */
} trend_reading;

static size_t part_size(const cb_indicator_ops *ops, const int64_t *values, uint32_t param)
{
    const size_t size = ops->state_size(&values[param]);
    CB_ASSERT(size % sizeof(uint64_t) == 0);
    return size;
}

static size_t trend_state_size(const int64_t *values)
{
    CB_ASSERT(values != NULL);
    return sizeof(trend_state) + part_size(&cb_indicator_ema, values, FAST) +
           part_size(&cb_indicator_ema, values, SLOW) +
           part_size(&cb_indicator_donchian, values, CHANNEL) +
           part_size(&cb_indicator_atr, values, ATR);
}

static uint32_t trend_warmup_bars(const int64_t *values)
{
    int64_t most = values[FAST];
    most = values[SLOW] > most ? values[SLOW] : most;
    most = values[CHANNEL] > most ? values[CHANNEL] : most;
    most = values[ATR] > most ? values[ATR] : most;
    CB_ASSERT(most > 0);
    return (uint32_t)most + 1; /* one bar more: crosses and breakouts look back by one */
}

/* The four states in order; out[4]. */
static void trend_parts(trend_state *state, void *out[4])
{
    uint8_t *at = (uint8_t *)state->states;
    out[0] = at;
    at += part_size(&cb_indicator_ema, state->params, FAST);
    out[1] = at;
    at += part_size(&cb_indicator_ema, state->params, SLOW);
    out[2] = at;
    at += part_size(&cb_indicator_donchian, state->params, CHANNEL);
    out[3] = at;
}

static void trend_init(void *state, const int64_t *values)
{
    trend_state *trend = state;
    CB_ASSERT(trend != NULL);
    CB_ASSERT(values != NULL);
    *trend = (trend_state){.cross_age = 0};
    for (uint32_t i = 0; i < CB_PARAMS_PER_ENTRY_MAX; i++) {
        trend->params[i] = values[i];
    }
    void *parts[4];
    trend_parts(trend, parts);
    cb_indicator_ema.init(parts[0], &values[FAST]);
    cb_indicator_ema.init(parts[1], &values[SLOW]);
    cb_indicator_donchian.init(parts[2], &values[CHANNEL]);
    cb_indicator_atr.init(parts[3], &values[ATR]);
}

static bool trend_read(trend_state *state, const cb_bar *bar, trend_reading *reading)
{
    void *parts[4];
    trend_parts(state, parts);
    /* All four take every bar, whether or not the others are warm. */
    const bool has_fast = cb_indicator_ema.update(parts[0], bar, &reading->fast);
    const bool has_slow = cb_indicator_ema.update(parts[1], bar, &reading->slow);
    const bool has_channel = cb_indicator_donchian.update(parts[2], bar, reading->channel);
    const bool has_atr = cb_indicator_atr.update(parts[3], bar, &reading->atr);
    return has_fast && has_slow && has_channel && has_atr;
}

static void trend_follow_cross(trend_state *state, const trend_reading *reading)
{
    int64_t direction = state->direction;
    if (reading->fast > reading->slow) {
        direction = 1;
    } else if (reading->fast < reading->slow) {
        direction = -1;
    }
    CB_ASSERT(direction >= -1 && direction <= 1);
    const bool is_cross = state->direction != 0 && direction != state->direction;
    if (is_cross) {
        state->has_crossed = 1;
        state->cross_age = 0;
    } else {
        state->cross_age++;
    }
    state->direction = direction;
}

static void trend_speak(const trend_state *state,
    const trend_reading *reading,
    const cb_bar *bar,
    strategy_opinion *opinion)
{
    const double middle = state->lower + (state->upper - state->lower) / 2;
    const bool is_up = state->direction > 0;
    const bool is_breakout = is_up ? bar->close > state->upper : bar->close < state->lower;
    const bool is_fresh =
        state->has_crossed != 0 && state->cross_age < (uint64_t)state->params[CROSS_BARS];
    const bool is_on_side = is_up ? bar->close > middle : bar->close < middle;
    const double spread = is_up ? reading->fast - reading->slow : reading->slow - reading->fast;
    const double spread_atr = reading->atr > 0 ? spread / reading->atr : 0;
    const double strength = strategy_unit(spread_atr / cb_f64_from_e8(state->params[SPREAD_FULL]));
    CB_ASSERT(strength >= 0 && strength <= 1);
    if (state->direction != 0 && reading->atr > 0 && is_on_side && (is_fresh || is_breakout)) {
        opinion->side = is_up ? CB_SIDE_BUY : CB_SIDE_SELL;
        opinion->confidence = CONFIDENCE_BASE + CONFIDENCE_STRENGTH * strength +
                              (is_breakout ? CONFIDENCE_BREAKOUT : 0);
        opinion->stop_distance = reading->atr * cb_f64_from_e8(state->params[STOP_ATR]);
        opinion->profit_distance = reading->atr * cb_f64_from_e8(state->params[PROFIT_ATR]);
    }
    strategy_value(opinion, "ema_fast", reading->fast);
    strategy_value(opinion, "ema_slow", reading->slow);
    strategy_value(opinion, "atr", reading->atr);
    strategy_value(opinion, "donchian_upper", state->upper);
    strategy_value(opinion, "donchian_lower", state->lower);
    strategy_value(opinion, "spread_atr", spread_atr);
    strategy_value(opinion, "cross_age", (double)state->cross_age);
    strategy_value(opinion, "is_breakout", is_breakout ? 1 : 0);
}

static bool trend_step(void *state, const cb_bar *bar, strategy_opinion *opinion)
{
    trend_state *trend = state;
    trend_reading reading = {0};
    CB_ASSERT(trend != NULL && bar != NULL);
    CB_ASSERT(opinion != NULL);
    if (!trend_read(trend, bar, &reading)) {
        return false;
    }
    trend_follow_cross(trend, &reading);
    const bool was_warm = trend->is_warm != 0;
    if (was_warm) {
        trend_speak(trend, &reading, bar, opinion);
    }
    trend->upper = reading.channel[0];
    trend->lower = reading.channel[1];
    trend->is_warm = 1;
    return was_warm;
}

const strategy_ops strategy_trend = {
    .name = "trend",
    .help = "follows crosses of two averages and breakouts of the Donchian channel",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .state_size = trend_state_size,
    .warmup_bars = trend_warmup_bars,
    .init = trend_init,
    .step = trend_step,
};
