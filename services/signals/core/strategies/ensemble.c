/* Ensemble. Other strategies vote with their own defaults; whoever was lately right has more to
 * say. A member's opinion stands for some bars; while it stands, every bar's move in its favour, in
 * average ranges, is its merit, and merits fade. The weighted votes together make the opinion. */
#include "services/signals/core/strategy_parts.h"

enum { MEMORY, HOLD, QUORUM, WEIGHT_MIN, PERIOD, STOP_ATR, PROFIT_ATR };

static const cb_param params[] = {
    [MEMORY] = {"memory",
        CB_PARAM_COUNT,
        200,
        10,
        CB_INDICATOR_PERIOD_MAX,
        "bars in which a merit fades to a third"},
    [HOLD] = {"hold", CB_PARAM_COUNT, 5, 1, 1000, "bars that a member's opinion stands"},
    [QUORUM] = {"quorum",
        CB_PARAM_DECIMAL,
        15 * CB_E8 / 100,
        CB_E8 / 100,
        CB_E8,
        "least share of all votes, less those against"},
    [WEIGHT_MIN] = {"weight_min",
        CB_PARAM_DECIMAL,
        CB_E8 / 4,
        CB_E8 / 100,
        CB_E8,
        "weight of a member without merit; 1 is the weight of one with neither"},
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

#define MERIT_FULL 0.1 /* ATR a bar that double a weight */
#define WEIGHT_MAX 3.0
#define MEMBERS_COUNT 5

static const strategy_ops *const members[MEMBERS_COUNT] = {&strategy_trend,
    &strategy_meanrev,
    &strategy_breakout,
    &strategy_stochrsi_ema,
    &strategy_regime};
static const char *const member_values[MEMBERS_COUNT] = {
    "weight_trend", "weight_meanrev", "weight_breakout", "weight_stochrsi", "weight_regime"};

typedef struct ensemble_member {
    uint64_t offset; /* of its state, in bytes behind the ATR's */
    int64_t side;    /* 1 buy, -1 sell, 0 none stands */
    uint64_t age;    /* bars since it was said */
    double confidence;
    double merit; /* faded mean of moves in its favour, in ATR */
} ensemble_member;

typedef struct ensemble_state {
    int64_t params[CB_PARAMS_PER_ENTRY_MAX];
    ensemble_member members[MEMBERS_COUNT];
    double fade;
    double previous; /* close one bar earlier */
    uint64_t bars;
    uint64_t warmup;
    uint64_t states[]; /* the ATR's, then the members' */
} ensemble_state;

static void defaults_of(const strategy_ops *member, int64_t values[CB_PARAMS_PER_ENTRY_MAX])
{
    for (uint32_t i = 0; i < CB_PARAMS_PER_ENTRY_MAX; i++) {
        values[i] = i < member->params_count ? member->params[i].default_value : 0;
    }
}

static size_t ensemble_state_size(const int64_t *values)
{
    size_t size = sizeof(ensemble_state) + cb_indicator_atr.state_size(&values[PERIOD]);
    for (uint32_t i = 0; i < MEMBERS_COUNT; i++) {
        int64_t own[CB_PARAMS_PER_ENTRY_MAX];
        defaults_of(members[i], own);
        size += members[i]->state_size(own);
    }
    CB_ASSERT(size % sizeof(uint64_t) == 0);
    return size;
}

static uint32_t ensemble_warmup_bars(const int64_t *values)
{
    uint32_t most = cb_indicator_atr.warmup_bars(&values[PERIOD]);
    for (uint32_t i = 0; i < MEMBERS_COUNT; i++) {
        int64_t own[CB_PARAMS_PER_ENTRY_MAX];
        defaults_of(members[i], own);
        const uint32_t bars = members[i]->warmup_bars(own);
        most = bars > most ? bars : most;
    }
    CB_ASSERT(most > 0);
    return most;
}

static void ensemble_init(void *state, const int64_t *values)
{
    ensemble_state *ensemble = state;
    CB_ASSERT(ensemble != NULL);
    CB_ASSERT(values != NULL);
    *ensemble = (ensemble_state){.fade = 1.0 / (double)values[MEMORY]};
    strategy_copy_params(ensemble->params, values);
    ensemble->warmup = ensemble_warmup_bars(values);
    cb_indicator_atr.init(ensemble->states, &values[PERIOD]);
    uint64_t at = cb_indicator_atr.state_size(&values[PERIOD]);
    for (uint32_t i = 0; i < MEMBERS_COUNT; i++) {
        int64_t own[CB_PARAMS_PER_ENTRY_MAX];
        defaults_of(members[i], own);
        ensemble->members[i].offset = at;
        members[i]->init((uint8_t *)ensemble->states + at, own);
        at += members[i]->state_size(own);
    }
}

/* What stood during this bar was right or wrong; then the member hears the bar and may speak anew.
 */
static void follow_member(ensemble_state *state,
    uint32_t index,
    const cb_bar *bar,
    double move_atr,
    strategy_opinion *own)
{
    ensemble_member *member = &state->members[index];
    member->merit += state->fade * ((double)member->side * move_atr - member->merit);
    member->age++;
    if (member->age >= (uint64_t)state->params[HOLD]) {
        member->side = 0;
    }
    own->side = CB_SIDE_NONE;
    own->values_count = 0;
    (void)members[index]->step((uint8_t *)state->states + member->offset, bar, own);
    CB_ASSERT(own->values_count <= STRATEGY_VALUES_MAX);
    if (own->side != CB_SIDE_NONE) {
        member->side = own->side == CB_SIDE_BUY ? 1 : -1;
        member->age = 0;
        member->confidence = own->confidence;
    }
}

static double weight_of(const ensemble_state *state, const ensemble_member *member)
{
    const double least = cb_f64_from_e8(state->params[WEIGHT_MIN]);
    const double weight = 1 + member->merit / MERIT_FULL;
    if (weight < least) {
        return least;
    }
    return weight > WEIGHT_MAX ? WEIGHT_MAX : weight;
}

/* Votes for less votes against, as a share of all weights: -1 … 1. */
static double count_votes(
    const ensemble_state *state, double weights[MEMBERS_COUNT], bool *is_fresh)
{
    double votes = 0;
    double whole = 0;
    *is_fresh = false;
    for (uint32_t i = 0; i < MEMBERS_COUNT; i++) {
        const ensemble_member *member = &state->members[i];
        weights[i] = weight_of(state, member);
        whole += weights[i];
        votes += weights[i] * (double)member->side * member->confidence;
        *is_fresh = *is_fresh || (member->side != 0 && member->age == 0);
    }
    CB_ASSERT(whole > 0);
    return votes / whole;
}

static void ensemble_speak(const ensemble_state *state, double atr, strategy_opinion *opinion)
{
    double weights[MEMBERS_COUNT];
    bool is_fresh = false;
    const double votes = count_votes(state, weights, &is_fresh);
    const double size = votes < 0 ? -votes : votes;
    CB_ASSERT(size <= 1.0 + 1e-9);
    if (is_fresh && atr > 0 && size >= cb_f64_from_e8(state->params[QUORUM])) {
        opinion->side = votes > 0 ? CB_SIDE_BUY : CB_SIDE_SELL;
        opinion->confidence = strategy_unit(0.4 + size);
        opinion->stop_distance = atr * cb_f64_from_e8(state->params[STOP_ATR]);
        opinion->profit_distance = atr * cb_f64_from_e8(state->params[PROFIT_ATR]);
    }
    strategy_value(opinion, "votes", votes);
    strategy_value(opinion, "atr", atr);
    for (uint32_t i = 0; i < MEMBERS_COUNT; i++) {
        strategy_value(opinion, member_values[i], weights[i] * (double)state->members[i].side);
    }
}

static bool ensemble_step(void *state, const cb_bar *bar, strategy_opinion *opinion)
{
    ensemble_state *ensemble = state;
    double atr = 0;
    CB_ASSERT(ensemble != NULL && bar != NULL);
    CB_ASSERT(opinion != NULL);
    const bool has_atr = cb_indicator_atr.update(ensemble->states, bar, &atr);
    const double move = ensemble->bars > 0 && atr > 0 ? (bar->close - ensemble->previous) / atr : 0;
    strategy_opinion own;
    own.values_count = 0; /* the rest is written before it is read */
    for (uint32_t i = 0; i < MEMBERS_COUNT; i++) {
        follow_member(ensemble, i, bar, move, &own);
    }
    ensemble->previous = bar->close;
    ensemble->bars++;
    if (!has_atr || ensemble->bars < ensemble->warmup) {
        return false;
    }
    ensemble_speak(ensemble, atr, opinion);
    return true;
}

const strategy_ops strategy_ensemble = {
    .name = "ensemble",
    .help = "the weighted votes of the other strategies; who was right lately weighs more",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .state_size = ensemble_state_size,
    .warmup_bars = ensemble_warmup_bars,
    .init = ensemble_init,
    .step = ensemble_step,
};
