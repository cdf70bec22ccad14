/* Adaptation to the regime of volatility. The average range is ranked among those of the past: in a
 * calm market distances from the mean are expected to close, in a lively one the crossing of two
 * averages is followed, in a wild one nothing is bought and what is held is left when the averages
 * point down. Stops are nearer in calm, wider in wild markets. */
#include "services/signals/core/strategy_parts.h"

enum { WINDOW, CALM, WILD, FAST, SLOW, ZSCORE, STOP_ATR, PROFIT_ATR };

static const cb_param params[] = {
    [WINDOW] = {"window",
        CB_PARAM_COUNT,
        200,
        10,
        CB_INDICATOR_PERIOD_MAX,
        "bars among whose average ranges the present one is ranked"},
    [CALM] = {"calm",
        CB_PARAM_DECIMAL,
        40 * CB_E8,
        0,
        100 * CB_E8,
        "rank in percent up to which the market is calm"},
    [WILD] = {"wild",
        CB_PARAM_DECIMAL,
        95 * CB_E8,
        0,
        100 * CB_E8,
        "rank in percent from which on it is wild"},
    [FAST] = {"fast", CB_PARAM_COUNT, 12, 1, CB_INDICATOR_PERIOD_MAX, "bars of the fast average"},
    [SLOW] = {"slow",
        CB_PARAM_COUNT,
        36,
        2,
        CB_INDICATOR_PERIOD_MAX,
        "bars of the slow average, and of the mean"},
    [ZSCORE] = {"zscore",
        CB_PARAM_DECIMAL,
        2 * CB_E8,
        CB_E8 / 10,
        10 * CB_E8,
        "distance from the mean that is far, in standard deviations"},
    [STOP_ATR] = {"stop_atr",
        CB_PARAM_DECIMAL,
        2 * CB_E8,
        CB_E8 / 10,
        100 * CB_E8,
        "stop-loss distance in a lively market, in ATR"},
    [PROFIT_ATR] = {"profit_atr",
        CB_PARAM_DECIMAL,
        3 * CB_E8,
        CB_E8 / 10,
        100 * CB_E8,
        "take-profit distance in a lively market, in ATR"},
};

#define CALM_WIDTH 0.75 /* of the stated distances */
#define WILD_WIDTH 1.5
#define CONFIDENCE_BASE 0.45
#define CONFIDENCE_CLARITY 0.45 /* how deep inside its regime the market is */

typedef enum regime_kind { REGIME_CALM, REGIME_LIVELY, REGIME_WILD } regime_kind;

enum { PART_RANGE, PART_FAST, PART_SLOW, PART_ZSCORE, PART_ATR, PARTS_COUNT };
static const cb_indicator_ops *const ops[PARTS_COUNT] = {[PART_RANGE] = &cb_indicator_natr,
    [PART_FAST] = &cb_indicator_ema,
    [PART_SLOW] = &cb_indicator_ema,
    [PART_ZSCORE] = &cb_indicator_zscore,
    [PART_ATR] = &cb_indicator_atr};

/* The rank takes the average range's place of a close; its state lies behind the others. */
typedef struct regime_state {
    int64_t params[CB_PARAMS_PER_ENTRY_MAX];
    strategy_offsets offsets;
    uint64_t rank_offset;
    int64_t direction; /* of the averages: 1 up, -1 down, 0 not known yet */
    uint64_t states[];
} regime_state;

static void list_parts(const int64_t *values, strategy_parts *parts)
{
    *parts = (strategy_parts){.count = 0};
    (void)strategy_parts_add(parts, ops[PART_RANGE]);
    strategy_parts_add(parts, ops[PART_FAST])[0] = values[FAST];
    strategy_parts_add(parts, ops[PART_SLOW])[0] = values[SLOW];
    strategy_parts_add(parts, ops[PART_ZSCORE])[0] = values[SLOW];
    (void)strategy_parts_add(parts, ops[PART_ATR]);
    CB_ASSERT(parts->count == PARTS_COUNT);
}

static size_t regime_state_size(const int64_t *values)
{
    strategy_parts parts;
    list_parts(values, &parts);
    return sizeof(regime_state) + strategy_parts_size(&parts) +
           cb_indicator_percent_rank.state_size(&values[WINDOW]);
}

/* The rank begins once the average range is there. */
static uint32_t regime_warmup_bars(const int64_t *values)
{
    strategy_parts parts;
    list_parts(values, &parts);
    const uint32_t most = strategy_parts_warmup(&parts);
    const uint32_t ranked = cb_indicator_natr.warmup_bars(parts.params[PART_RANGE]) - 1 +
                            cb_indicator_percent_rank.warmup_bars(&values[WINDOW]);
    return ranked > most ? ranked : most;
}

static void regime_init(void *state, const int64_t *values)
{
    regime_state *regime = state;
    strategy_parts parts;
    CB_ASSERT(regime != NULL);
    CB_ASSERT(values != NULL);
    *regime = (regime_state){.direction = 0};
    strategy_copy_params(regime->params, values);
    list_parts(values, &parts);
    strategy_parts_init(&parts, &regime->offsets, regime->states);
    regime->rank_offset = strategy_parts_size(&parts);
    cb_indicator_percent_rank.init(
        (uint8_t *)regime->states + regime->rank_offset, &values[WINDOW]);
}

/* All parts take every bar; the rank only bars that have an average range. */
static bool regime_read(regime_state *state, const cb_bar *bar, strategy_readings now, double *rank)
{
    double *range = now[PART_RANGE];
    range[0] = -1;
    const bool is_warm =
        strategy_parts_update(ops, PARTS_COUNT, &state->offsets, state->states, bar, now);
    if (range[0] < 0) {
        return false;
    }
    const cb_bar ranked = {.open_ts_ns = bar->open_ts_ns, .close = range[0]};
    uint8_t *memory = (uint8_t *)state->states + state->rank_offset;
    return cb_indicator_percent_rank.update(memory, &ranked, rank) && is_warm;
}

static regime_kind regime_of(const regime_state *state, double rank)
{
    if (rank >= cb_f64_from_e8(state->params[WILD])) {
        return REGIME_WILD;
    }
    return rank <= cb_f64_from_e8(state->params[CALM]) ? REGIME_CALM : REGIME_LIVELY;
}

/* What the regime makes of the readings. */
static cb_side side_of(const regime_state *state, regime_kind kind, double zscore, bool is_cross)
{
    const double far = cb_f64_from_e8(state->params[ZSCORE]);
    if (kind == REGIME_CALM) {
        if (zscore <= -far) {
            return CB_SIDE_BUY;
        }
        return zscore >= far ? CB_SIDE_SELL : CB_SIDE_NONE;
    }
    if (!is_cross || (kind == REGIME_WILD && state->direction > 0)) {
        return CB_SIDE_NONE;
    }
    return state->direction > 0 ? CB_SIDE_BUY : CB_SIDE_SELL;
}

static double clarity_of(const regime_state *state, regime_kind kind, double rank)
{
    const double calm = cb_f64_from_e8(state->params[CALM]);
    if (kind == REGIME_CALM) {
        return calm > 0 ? strategy_unit(1 - rank / calm) : 0;
    }
    return strategy_unit((rank - calm) / 50);
}

static void regime_speak(const regime_state *state,
    strategy_readings now,
    double rank,
    bool is_cross,
    strategy_opinion *opinion)
{
    const regime_kind kind = regime_of(state, rank);
    const double atr = now[PART_ATR][0];
    const double width = kind == REGIME_CALM ? CALM_WIDTH : kind == REGIME_WILD ? WILD_WIDTH : 1;
    const cb_side side = side_of(state, kind, now[PART_ZSCORE][0], is_cross);
    CB_ASSERT(rank >= 0 && rank <= 100);
    if (side != CB_SIDE_NONE && atr > 0) {
        opinion->side = side;
        opinion->confidence = CONFIDENCE_BASE + CONFIDENCE_CLARITY * clarity_of(state, kind, rank);
        opinion->stop_distance = atr * width * cb_f64_from_e8(state->params[STOP_ATR]);
        opinion->profit_distance = atr * width * cb_f64_from_e8(state->params[PROFIT_ATR]);
    }
    strategy_value(opinion, "range_rank", rank);
    strategy_value(opinion, "regime", (double)kind);
    strategy_value(opinion, "ema_fast", now[PART_FAST][0]);
    strategy_value(opinion, "ema_slow", now[PART_SLOW][0]);
    strategy_value(opinion, "zscore", now[PART_ZSCORE][0]);
    strategy_value(opinion, "atr", atr);
}

static bool regime_step(void *state, const cb_bar *bar, strategy_opinion *opinion)
{
    regime_state *regime = state;
    strategy_readings now;
    double rank = 0;
    CB_ASSERT(regime != NULL && bar != NULL);
    CB_ASSERT(opinion != NULL);
    if (!regime_read(regime, bar, now, &rank)) {
        return false;
    }
    const double spread = now[PART_FAST][0] - now[PART_SLOW][0];
    const int64_t before = regime->direction;
    regime->direction = spread > 0 ? 1 : spread < 0 ? -1 : before;
    regime_speak(regime, now, rank, before != 0 && before != regime->direction, opinion);
    return true;
}

const strategy_ops strategy_regime = {
    .name = "regime",
    .help =
        "returns to the mean in calm markets, follows averages in lively ones, waits in wild ones",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .state_size = regime_state_size,
    .warmup_bars = regime_warmup_bars,
    .init = regime_init,
    .step = regime_step,
};
