/* Mean reversion. When the close comes back inside the Bollinger band after having left it, and the
 * market was oversold (overbought) a moment ago by RSI or stochastic RSI, and the price is still on
 * the far side of the VWAP, the opinion is that it returns to the middle. */
#include "services/signals/core/strategy.h"

enum { PERIOD, RSI_LOW, STOCH_LOW, BAND, BAND_WIDTH, VWAP, STOP_ATR, PROFIT_ATR };

static const cb_param params[] = {
    [PERIOD] = {"period",
        CB_PARAM_COUNT,
        12,
        2,
        CB_INDICATOR_PERIOD_MAX,
        "bars of RSI, stochastic RSI and ATR"},
    [RSI_LOW] = {"rsi_low",
        CB_PARAM_DECIMAL,
        35 * CB_E8,
        CB_E8,
        50 * CB_E8,
        "RSI under this is oversold; above 100 less this, overbought"},
    [STOCH_LOW] = {"stoch_low",
        CB_PARAM_DECIMAL,
        20 * CB_E8,
        CB_E8,
        50 * CB_E8,
        "stochastic RSI under this is oversold; above 100 less this, overbought"},
    [BAND] = {"band", CB_PARAM_COUNT, 20, 2, CB_INDICATOR_PERIOD_MAX, "bars of the Bollinger band"},
    [BAND_WIDTH] = {"band_width",
        CB_PARAM_DECIMAL,
        2 * CB_E8,
        CB_E8 / 10,
        10 * CB_E8,
        "half width of the band, in standard deviations"},
    [VWAP] = {"vwap", CB_PARAM_COUNT, 30, 1, CB_INDICATOR_PERIOD_MAX, "bars of the VWAP"},
    [STOP_ATR] = {"stop_atr",
        CB_PARAM_DECIMAL,
        3 * CB_E8 / 2,
        CB_E8 / 10,
        100 * CB_E8,
        "stop-loss distance, in ATR"},
    [PROFIT_ATR] = {"profit_atr",
        CB_PARAM_DECIMAL,
        2 * CB_E8,
        CB_E8 / 10,
        100 * CB_E8,
        "take-profit distance, in ATR"},
};

#define RECENT_BARS 3U /* an extreme counts for so many bars */
#define NEVER UINT64_MAX
#define VWAP_FULL_ATR 3.0 /* distance from the VWAP, in ATR, that counts as full */
#define CONFIDENCE_BASE 0.3
#define CONFIDENCE_RSI 0.25
#define CONFIDENCE_STOCH 0.2
#define CONFIDENCE_VWAP 0.25
#define PARTS_COUNT 5

/* Only 8-byte members; the indicators' states lie behind it, one after the other. */
typedef struct meanrev_state {
    int64_t params[CB_PARAMS_PER_ENTRY_MAX];
    uint64_t is_warm;
    double percent_b;     /* of the bar before */
    uint64_t rsi_low_age; /* bars since the last extreme; NEVER when there was none */
    uint64_t rsi_high_age;
    uint64_t stoch_low_age;
    uint64_t stoch_high_age;
    uint64_t states[];
} meanrev_state;

typedef struct meanrev_reading {
    double rsi;
    double stoch[2]; /* k, d */
    double band[4];  /* middle, upper, lower, percent_b */
    double vwap;
    double atr;
} meanrev_reading;

/* The indicators with their parameters, in the order of their states. */
typedef struct meanrev_parts {
    const cb_indicator_ops *ops[PARTS_COUNT];
    int64_t values[PARTS_COUNT][CB_PARAMS_PER_ENTRY_MAX];
} meanrev_parts;

static void list_parts(const int64_t *values, meanrev_parts *parts)
{
    *parts = (meanrev_parts){.ops = {&cb_indicator_rsi,
                                 &cb_indicator_stochrsi,
                                 &cb_indicator_bollinger,
                                 &cb_indicator_vwap,
                                 &cb_indicator_atr}};
    for (uint32_t i = 0; i < PARTS_COUNT; i++) {
        cb_indicator_defaults(parts->ops[i], parts->values[i]);
    }
    parts->values[0][0] = values[PERIOD];
    parts->values[1][0] = values[PERIOD];
    parts->values[1][1] = values[PERIOD];
    parts->values[2][0] = values[BAND];
    parts->values[2][1] = values[BAND_WIDTH];
    parts->values[3][0] = values[VWAP];
    parts->values[4][0] = values[PERIOD];
    for (uint32_t i = 0; i < PARTS_COUNT; i++) {
        CB_ASSERT(cb_indicator_accepts(parts->ops[i], parts->values[i]));
    }
}

static size_t meanrev_state_size(const int64_t *values)
{
    meanrev_parts parts;
    list_parts(values, &parts);
    size_t size = sizeof(meanrev_state);
    for (uint32_t i = 0; i < PARTS_COUNT; i++) {
        size += parts.ops[i]->state_size(parts.values[i]);
    }
    CB_ASSERT(size % sizeof(uint64_t) == 0);
    return size;
}

static uint32_t meanrev_warmup_bars(const int64_t *values)
{
    meanrev_parts parts;
    list_parts(values, &parts);
    uint32_t most = 0;
    for (uint32_t i = 0; i < PARTS_COUNT; i++) {
        const uint32_t bars = parts.ops[i]->warmup_bars(parts.values[i]);
        most = bars > most ? bars : most;
    }
    CB_ASSERT(most > 0);
    return most + 1; /* one bar more: re-entry compares with the bar before */
}

static void meanrev_init(void *state, const int64_t *values)
{
    meanrev_state *meanrev = state;
    CB_ASSERT(meanrev != NULL);
    CB_ASSERT(values != NULL);
    *meanrev = (meanrev_state){.rsi_low_age = NEVER,
        .rsi_high_age = NEVER,
        .stoch_low_age = NEVER,
        .stoch_high_age = NEVER};
    for (uint32_t i = 0; i < CB_PARAMS_PER_ENTRY_MAX; i++) {
        meanrev->params[i] = values[i];
    }
    meanrev_parts parts;
    list_parts(values, &parts);
    uint8_t *at = (uint8_t *)meanrev->states;
    for (uint32_t i = 0; i < PARTS_COUNT; i++) {
        parts.ops[i]->init(at, parts.values[i]);
        at += parts.ops[i]->state_size(parts.values[i]);
    }
}

/* All indicators take every bar, whether or not the others are warm. */
static bool meanrev_read(meanrev_state *state, const cb_bar *bar, meanrev_reading *reading)
{
    meanrev_parts parts;
    list_parts(state->params, &parts);
    double *const outs[PARTS_COUNT] = {
        &reading->rsi, reading->stoch, reading->band, &reading->vwap, &reading->atr};
    uint8_t *at = (uint8_t *)state->states;
    bool is_warm = true;
    for (uint32_t i = 0; i < PARTS_COUNT; i++) {
        CB_ASSERT(parts.ops[i]->outputs_count <= CB_INDICATOR_OUTPUTS_MAX);
        is_warm = parts.ops[i]->update(at, bar, outs[i]) && is_warm;
        at += parts.ops[i]->state_size(parts.values[i]);
    }
    return is_warm;
}

static uint64_t age_after(uint64_t age, bool is_extreme)
{
    if (is_extreme) {
        return 0;
    }
    return age == NEVER ? NEVER : age + 1;
}

static void meanrev_follow_extremes(meanrev_state *state, const meanrev_reading *reading)
{
    const double rsi_low = cb_f64_from_e8(state->params[RSI_LOW]);
    const double stoch_low = cb_f64_from_e8(state->params[STOCH_LOW]);
    CB_ASSERT(rsi_low <= 50);
    CB_ASSERT(stoch_low <= 50);
    state->rsi_low_age = age_after(state->rsi_low_age, reading->rsi < rsi_low);
    state->rsi_high_age = age_after(state->rsi_high_age, reading->rsi > 100 - rsi_low);
    state->stoch_low_age = age_after(state->stoch_low_age, reading->stoch[0] < stoch_low);
    state->stoch_high_age = age_after(state->stoch_high_age, reading->stoch[0] > 100 - stoch_low);
}

static void meanrev_speak(const meanrev_state *state,
    const meanrev_reading *reading,
    const cb_bar *bar,
    strategy_opinion *opinion)
{
    const double percent_b = reading->band[3];
    const bool is_buy = state->percent_b < 0 && percent_b >= 0;
    const bool is_sell = state->percent_b > 1 && percent_b <= 1;
    const uint64_t rsi_age = is_buy ? state->rsi_low_age : state->rsi_high_age;
    const uint64_t stoch_age = is_buy ? state->stoch_low_age : state->stoch_high_age;
    const bool has_rsi = rsi_age < RECENT_BARS;
    const bool has_stoch = stoch_age < RECENT_BARS;
    const double gap = is_buy ? reading->vwap - bar->close : bar->close - reading->vwap;
    const double gap_atr = reading->atr > 0 ? gap / reading->atr : 0;
    CB_ASSERT(!(is_buy && is_sell));
    if ((is_buy || is_sell) && (has_rsi || has_stoch) && gap_atr > 0) {
        opinion->side = is_buy ? CB_SIDE_BUY : CB_SIDE_SELL;
        opinion->confidence = CONFIDENCE_BASE + (has_rsi ? CONFIDENCE_RSI : 0) +
                              (has_stoch ? CONFIDENCE_STOCH : 0) +
                              CONFIDENCE_VWAP * strategy_unit(gap_atr / VWAP_FULL_ATR);
        opinion->stop_distance = reading->atr * cb_f64_from_e8(state->params[STOP_ATR]);
        opinion->profit_distance = reading->atr * cb_f64_from_e8(state->params[PROFIT_ATR]);
        CB_ASSERT(opinion->confidence <= 1.0);
    }
    strategy_value(opinion, "rsi", reading->rsi);
    strategy_value(opinion, "stochrsi_k", reading->stoch[0]);
    strategy_value(opinion, "stochrsi_d", reading->stoch[1]);
    strategy_value(opinion, "band_upper", reading->band[1]);
    strategy_value(opinion, "band_lower", reading->band[2]);
    strategy_value(opinion, "percent_b", percent_b);
    strategy_value(opinion, "percent_b_before", state->percent_b);
    strategy_value(opinion, "vwap", reading->vwap);
    strategy_value(opinion, "vwap_gap_atr", gap_atr);
    strategy_value(opinion, "atr", reading->atr);
}

static bool meanrev_step(void *state, const cb_bar *bar, strategy_opinion *opinion)
{
    meanrev_state *meanrev = state;
    meanrev_reading reading = {0};
    CB_ASSERT(meanrev != NULL && bar != NULL);
    CB_ASSERT(opinion != NULL);
    if (!meanrev_read(meanrev, bar, &reading)) {
        return false;
    }
    meanrev_follow_extremes(meanrev, &reading);
    const bool was_warm = meanrev->is_warm != 0;
    if (was_warm) {
        meanrev_speak(meanrev, &reading, bar, opinion);
    }
    meanrev->percent_b = reading.band[3];
    meanrev->is_warm = 1;
    return was_warm;
}

const strategy_ops strategy_meanrev = {
    .name = "meanrev",
    .help = "returns from outside the Bollinger band while oversold or overbought",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .state_size = meanrev_state_size,
    .warmup_bars = meanrev_warmup_bars,
    .init = meanrev_init,
    .step = meanrev_step,
};
