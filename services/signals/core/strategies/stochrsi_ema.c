/* StochRSI with an EMA. Above the average the market is bought when K of the stochastic RSI comes
 * up through D from where the RSI was low; below the average it is sold when K falls through D from
 * where it was high. The average says which way, the oscillator says when. */
#include "services/signals/core/strategy_parts.h"

enum { TREND, RSI, STOCH, SMOOTH, LOW, PERIOD, STOP_ATR, PROFIT_ATR };

static const cb_param params[] = {
    [TREND] = {"trend",
        CB_PARAM_COUNT,
        100,
        2,
        CB_INDICATOR_PERIOD_MAX,
        "bars of the exponential average"},
    [RSI] = {"rsi", CB_PARAM_COUNT, 14, 2, 1000, "bars of the RSI"},
    [STOCH] =
        {"stoch", CB_PARAM_COUNT, 14, 2, 1000, "RSI values among which its place is looked for"},
    [SMOOTH] = {"smooth", CB_PARAM_COUNT, 3, 1, 100, "values in the averages that are K and D"},
    [LOW] = {"low",
        CB_PARAM_DECIMAL,
        30 * CB_E8,
        CB_E8,
        50 * CB_E8,
        "K under this is low; above 100 less this, high"},
    [PERIOD] = {"period", CB_PARAM_COUNT, 14, 1, 1000, "bars of the ATR"},
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

#define GAP_FULL_ATR 4.0 /* distance from the average that counts as full, in ATR */
#define CONFIDENCE_BASE 0.4
#define CONFIDENCE_DEPTH 0.3 /* how extreme K was */
#define CONFIDENCE_TREND 0.3

enum { PART_TREND, PART_STOCH, PART_ATR, PARTS_COUNT };
static const cb_indicator_ops *const ops[PARTS_COUNT] = {[PART_TREND] = &cb_indicator_ema,
    [PART_STOCH] = &cb_indicator_stochrsi,
    [PART_ATR] = &cb_indicator_atr};

typedef struct stochrsi_ema_state {
    int64_t params[CB_PARAMS_PER_ENTRY_MAX];
    strategy_offsets offsets;
    uint64_t is_warm;
    double k; /* one bar earlier */
    double d;
    uint64_t states[];
} stochrsi_ema_state;

static void list_parts(const int64_t *values, strategy_parts *parts)
{
    *parts = (strategy_parts){.count = 0};
    strategy_parts_add(parts, ops[PART_TREND])[0] = values[TREND];
    int64_t *stoch = strategy_parts_add(parts, ops[PART_STOCH]);
    stoch[0] = values[RSI];
    stoch[1] = values[STOCH];
    stoch[2] = values[SMOOTH];
    stoch[3] = values[SMOOTH];
    strategy_parts_add(parts, ops[PART_ATR])[0] = values[PERIOD];
    CB_ASSERT(parts->count == PARTS_COUNT);
}

static size_t stochrsi_ema_state_size(const int64_t *values)
{
    strategy_parts parts;
    list_parts(values, &parts);
    return sizeof(stochrsi_ema_state) + strategy_parts_size(&parts);
}

static uint32_t stochrsi_ema_warmup_bars(const int64_t *values)
{
    strategy_parts parts;
    list_parts(values, &parts);
    return strategy_parts_warmup(&parts) + 1; /* a cross looks back by one bar */
}

static void stochrsi_ema_init(void *state, const int64_t *values)
{
    stochrsi_ema_state *stoch = state;
    strategy_parts parts;
    CB_ASSERT(stoch != NULL);
    CB_ASSERT(values != NULL);
    *stoch = (stochrsi_ema_state){.is_warm = 0};
    strategy_copy_params(stoch->params, values);
    list_parts(values, &parts);
    strategy_parts_init(&parts, &stoch->offsets, stoch->states);
}

static void stochrsi_ema_speak(const stochrsi_ema_state *state,
    strategy_readings now,
    const cb_bar *bar,
    strategy_opinion *opinion)
{
    const double average = now[PART_TREND][0];
    const double k = now[PART_STOCH][0];
    const double d = now[PART_STOCH][1];
    const double atr = now[PART_ATR][0];
    const double low = cb_f64_from_e8(state->params[LOW]);
    const bool is_buy = bar->close > average && state->k <= state->d && k > d && state->k < low;
    const bool is_sell =
        bar->close < average && state->k >= state->d && k < d && state->k > 100 - low;
    const double gap = is_buy ? bar->close - average : average - bar->close;
    const double depth = is_buy ? low - state->k : state->k - (100 - low);
    CB_ASSERT(!(is_buy && is_sell));
    CB_ASSERT(low > 0);
    if (atr > 0 && (is_buy || is_sell)) {
        opinion->side = is_buy ? CB_SIDE_BUY : CB_SIDE_SELL;
        opinion->confidence = CONFIDENCE_BASE + CONFIDENCE_DEPTH * strategy_unit(depth / low) +
                              CONFIDENCE_TREND * strategy_unit(gap / atr / GAP_FULL_ATR);
        opinion->stop_distance = atr * cb_f64_from_e8(state->params[STOP_ATR]);
        opinion->profit_distance = atr * cb_f64_from_e8(state->params[PROFIT_ATR]);
    }
    strategy_value(opinion, "ema", average);
    strategy_value(opinion, "stochrsi_k", k);
    strategy_value(opinion, "stochrsi_d", d);
    strategy_value(opinion, "k_before", state->k);
    strategy_value(opinion, "d_before", state->d);
    strategy_value(opinion, "atr", atr);
}

static bool stochrsi_ema_step(void *state, const cb_bar *bar, strategy_opinion *opinion)
{
    stochrsi_ema_state *stoch = state;
    strategy_readings now;
    CB_ASSERT(stoch != NULL && bar != NULL);
    CB_ASSERT(opinion != NULL);
    if (!strategy_parts_update(ops, PARTS_COUNT, &stoch->offsets, stoch->states, bar, now)) {
        return false;
    }
    const bool was_warm = stoch->is_warm != 0;
    if (was_warm) {
        stochrsi_ema_speak(stoch, now, bar, opinion);
    }
    stoch->k = now[PART_STOCH][0];
    stoch->d = now[PART_STOCH][1];
    stoch->is_warm = 1;
    return was_warm;
}

const strategy_ops strategy_stochrsi_ema = {
    .name = "stochrsi_ema",
    .help = "crosses of the stochastic RSI out of its extremes, on the average's side",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .state_size = stochrsi_ema_state_size,
    .warmup_bars = stochrsi_ema_warmup_bars,
    .init = stochrsi_ema_init,
    .step = stochrsi_ema_step,
};
