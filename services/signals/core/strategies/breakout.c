/* Breakout. A close beyond the channel of the bars before, by more than a part of the average
 * range, while the market trends and is traded, is bought; a close below the shorter exit channel
 * is sold. The turtles' rules with a filter against breaks that nobody follows. */
#include "services/signals/core/strategy_parts.h"

enum { CHANNEL, EXIT_CHANNEL, BUFFER_ATR, VOLUME_MIN, ADX_MIN, PERIOD, STOP_ATR, PROFIT_ATR };

static const cb_param params[] = {
    [CHANNEL] = {"channel",
        CB_PARAM_COUNT,
        40,
        2,
        CB_INDICATOR_PERIOD_MAX,
        "bars of the channel whose upper end is an entry"},
    [EXIT_CHANNEL] = {"exit_channel",
        CB_PARAM_COUNT,
        20,
        2,
        CB_INDICATOR_PERIOD_MAX,
        "bars of the channel whose lower end is an exit"},
    [BUFFER_ATR] = {"buffer_atr",
        CB_PARAM_DECIMAL,
        CB_E8 / 10,
        0,
        10 * CB_E8,
        "how far beyond the channel a close must be, in ATR"},
    [VOLUME_MIN] = {"volume_min",
        CB_PARAM_DECIMAL,
        CB_E8,
        0,
        100 * CB_E8,
        "least volume of the bar, in averages of 20 bars"},
    [ADX_MIN] = {"adx_min",
        CB_PARAM_DECIMAL,
        15 * CB_E8,
        0,
        100 * CB_E8,
        "least average directional index"},
    [PERIOD] = {"period", CB_PARAM_COUNT, 14, 2, 1000, "bars of ATR and ADX"},
    [STOP_ATR] = {"stop_atr",
        CB_PARAM_DECIMAL,
        2 * CB_E8,
        CB_E8 / 10,
        100 * CB_E8,
        "stop-loss distance, in ATR"},
    [PROFIT_ATR] = {"profit_atr",
        CB_PARAM_DECIMAL,
        4 * CB_E8,
        CB_E8 / 10,
        100 * CB_E8,
        "take-profit distance, in ATR"},
};

#define ADX_FULL 40.0   /* counts as full strength */
#define VOLUME_FULL 2.0 /* averages above the least one that count as full */
#define CONFIDENCE_BASE 0.45
#define CONFIDENCE_ADX 0.3
#define CONFIDENCE_VOLUME 0.25

enum { PART_ENTRY, PART_EXIT, PART_ATR, PART_ADX, PART_VOLUME, PARTS_COUNT };
static const cb_indicator_ops *const ops[PARTS_COUNT] = {[PART_ENTRY] = &cb_indicator_donchian,
    [PART_EXIT] = &cb_indicator_donchian,
    [PART_ATR] = &cb_indicator_atr,
    [PART_ADX] = &cb_indicator_adx,
    [PART_VOLUME] = &cb_indicator_relative_volume};

typedef struct breakout_state {
    int64_t params[CB_PARAMS_PER_ENTRY_MAX];
    strategy_offsets offsets;
    uint64_t is_warm;
    double upper; /* of the entry channel one bar earlier */
    double lower;
    double exit_lower;
    uint64_t states[];
} breakout_state;

static void list_parts(const int64_t *values, strategy_parts *parts)
{
    *parts = (strategy_parts){.count = 0};
    strategy_parts_add(parts, ops[PART_ENTRY])[0] = values[CHANNEL];
    strategy_parts_add(parts, ops[PART_EXIT])[0] = values[EXIT_CHANNEL];
    strategy_parts_add(parts, ops[PART_ATR])[0] = values[PERIOD];
    strategy_parts_add(parts, ops[PART_ADX])[0] = values[PERIOD];
    (void)strategy_parts_add(parts, ops[PART_VOLUME]);
    CB_ASSERT(parts->count == PARTS_COUNT);
}

static size_t breakout_state_size(const int64_t *values)
{
    strategy_parts parts;
    list_parts(values, &parts);
    return sizeof(breakout_state) + strategy_parts_size(&parts);
}

static uint32_t breakout_warmup_bars(const int64_t *values)
{
    strategy_parts parts;
    list_parts(values, &parts);
    return strategy_parts_warmup(&parts) + 1; /* a break is one of the channel before */
}

static void breakout_init(void *state, const int64_t *values)
{
    breakout_state *breakout = state;
    strategy_parts parts;
    CB_ASSERT(breakout != NULL);
    CB_ASSERT(values != NULL);
    *breakout = (breakout_state){.is_warm = 0};
    strategy_copy_params(breakout->params, values);
    list_parts(values, &parts);
    strategy_parts_init(&parts, &breakout->offsets, breakout->states);
}

static void breakout_speak(const breakout_state *state,
    strategy_readings now,
    const cb_bar *bar,
    strategy_opinion *opinion)
{
    const double atr = now[PART_ATR][0];
    const double adx = now[PART_ADX][0];
    const double volume = now[PART_VOLUME][0];
    const double volume_min = cb_f64_from_e8(state->params[VOLUME_MIN]);
    const double buffer = atr * cb_f64_from_e8(state->params[BUFFER_ATR]);
    const bool is_followed = volume >= volume_min && adx >= cb_f64_from_e8(state->params[ADX_MIN]);
    const bool is_up = is_followed && bar->close > state->upper + buffer;
    const bool is_down = is_followed && bar->close < state->lower - buffer;
    const bool is_exit = bar->close < state->exit_lower;
    const double strength = CONFIDENCE_ADX * strategy_unit(adx / ADX_FULL) +
                            CONFIDENCE_VOLUME * strategy_unit((volume - volume_min) / VOLUME_FULL);
    CB_ASSERT(!(is_up && is_exit)); /* both channels hold the bar before */
    if (atr > 0 && (is_up || is_down || is_exit)) {
        opinion->side = is_up ? CB_SIDE_BUY : CB_SIDE_SELL;
        opinion->confidence = CONFIDENCE_BASE + (is_up || is_down ? strength : 0);
        opinion->stop_distance = atr * cb_f64_from_e8(state->params[STOP_ATR]);
        opinion->profit_distance = atr * cb_f64_from_e8(state->params[PROFIT_ATR]);
    }
    strategy_value(opinion, "channel_upper", state->upper);
    strategy_value(opinion, "channel_lower", state->lower);
    strategy_value(opinion, "exit_lower", state->exit_lower);
    strategy_value(opinion, "atr", atr);
    strategy_value(opinion, "adx", adx);
    strategy_value(opinion, "relative_volume", volume);
}

static bool breakout_step(void *state, const cb_bar *bar, strategy_opinion *opinion)
{
    breakout_state *breakout = state;
    strategy_readings now;
    CB_ASSERT(breakout != NULL && bar != NULL);
    CB_ASSERT(opinion != NULL);
    if (!strategy_parts_update(ops, PARTS_COUNT, &breakout->offsets, breakout->states, bar, now)) {
        return false;
    }
    const bool was_warm = breakout->is_warm != 0;
    if (was_warm) {
        breakout_speak(breakout, now, bar, opinion);
    }
    breakout->upper = now[PART_ENTRY][0];
    breakout->lower = now[PART_ENTRY][1];
    breakout->exit_lower = now[PART_EXIT][1];
    breakout->is_warm = 1;
    return was_warm;
}

const strategy_ops strategy_breakout = {
    .name = "breakout",
    .help = "closes beyond the channel of the bars before, in a market that trends and is traded",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .state_size = breakout_state_size,
    .warmup_bars = breakout_warmup_bars,
    .init = breakout_init,
    .step = breakout_step,
};
