/* Momentum rotation. The symbols are ranked by what they gained over some bars, in units of their
 * own volatility; the best few that gained at all share the budget evenly, the others are sold.
 * Done again every so many rounds, so that fees stay below what the change is worth. */
#include "services/signals/core/desk.h"

enum { LOOKBACK, VOLATILITY, HOLD, TOP, SCORE_MIN, STOP_SHARE };

static const cb_param params[] = {
    [LOOKBACK] = {"lookback", CB_PARAM_COUNT, 48, 2, 2000, "bars over which a gain counts"},
    [VOLATILITY] = {"volatility",
        CB_PARAM_COUNT,
        48,
        5,
        2000,
        "bars of the volatility that a gain is held against"},
    [HOLD] = {"hold", CB_PARAM_COUNT, 12, 1, 2000, "rounds between two rankings"},
    [TOP] = {"top", CB_PARAM_COUNT, 2, 1, DESK_LEGS_MAX, "symbols that are held at most"},
    [SCORE_MIN] = {"score_min",
        CB_PARAM_DECIMAL,
        CB_E8 / 4,
        0,
        100 * CB_E8,
        "least score of a symbol that is held"},
    [STOP_SHARE] = {"stop_share",
        CB_PARAM_DECIMAL,
        8 * CB_E8 / 100,
        CB_E8 / 1000,
        CB_E8 / 2,
        "stop-loss distance, as a share of the price"},
};

/* Behind it, per leg: the state of the rate of change, then that of the volatility. */
typedef struct rotation_state {
    int64_t params[CB_PARAMS_PER_ENTRY_MAX];
    uint64_t rounds;
    double scores[DESK_LEGS_MAX];
    uint64_t is_chosen[DESK_LEGS_MAX]; /* by the last ranking */
    uint64_t leg_size;
    uint64_t roc_size;
    uint64_t states[];
} rotation_state;

static void volatility_params(const int64_t *values, int64_t out[CB_PARAMS_PER_ENTRY_MAX])
{
    cb_indicator_defaults(&cb_indicator_volatility, out);
    out[0] = values[VOLATILITY];
    out[1] = 1;
}

static size_t leg_size(const int64_t *values)
{
    int64_t own[CB_PARAMS_PER_ENTRY_MAX];
    volatility_params(values, own);
    return cb_indicator_roc.state_size(&values[LOOKBACK]) + cb_indicator_volatility.state_size(own);
}

static size_t rotation_state_size(const int64_t *values, uint32_t legs_count)
{
    return sizeof(rotation_state) + legs_count * leg_size(values);
}

static uint32_t rotation_warmup_bars(const int64_t *values)
{
    const int64_t most =
        values[LOOKBACK] > values[VOLATILITY] ? values[LOOKBACK] : values[VOLATILITY];
    return (uint32_t)most + 1;
}

static void rotation_init(void *state, const int64_t *values, uint32_t legs_count)
{
    rotation_state *rotation = state;
    int64_t own[CB_PARAMS_PER_ENTRY_MAX];
    CB_ASSERT(rotation != NULL && values != NULL);
    CB_ASSERT(legs_count <= DESK_LEGS_MAX);
    *rotation = (rotation_state){
        .leg_size = leg_size(values), .roc_size = cb_indicator_roc.state_size(&values[LOOKBACK])};
    for (uint32_t i = 0; i < CB_PARAMS_PER_ENTRY_MAX; i++) {
        rotation->params[i] = values[i];
    }
    volatility_params(values, own);
    for (uint32_t i = 0; i < legs_count; i++) {
        uint8_t *at = (uint8_t *)rotation->states + i * rotation->leg_size;
        cb_indicator_roc.init(at, &values[LOOKBACK]);
        cb_indicator_volatility.init(at + rotation->roc_size, own);
    }
}

static bool follow(rotation_state *state, const desk_view *view)
{
    bool is_warm = true;
    for (uint32_t i = 0; i < view->legs_count; i++) {
        uint8_t *at = (uint8_t *)state->states + i * state->leg_size;
        double gain = 0;
        double volatility = 0;
        const cb_bar *bar = &view->legs[i].bar;
        is_warm = cb_indicator_roc.update(at, bar, &gain) && is_warm;
        is_warm = cb_indicator_volatility.update(at + state->roc_size, bar, &volatility) && is_warm;
        state->scores[i] = volatility > 0 ? gain / volatility : 0;
    }
    return is_warm;
}

/* Better than a leg: a higher score, or the same and named earlier. */
static void rank(rotation_state *state, uint32_t legs_count)
{
    const double least = cb_f64_from_e8(state->params[SCORE_MIN]);
    for (uint32_t i = 0; i < legs_count; i++) {
        int64_t better = 0;
        for (uint32_t k = 0; k < legs_count; k++) {
            const double gap = state->scores[k] - state->scores[i];
            better += gap > 0 || (!(gap < 0) && k < i) ? 1 : 0;
        }
        state->is_chosen[i] = better < state->params[TOP] && state->scores[i] > least ? 1 : 0;
    }
}

static bool rotation_step(void *state, const desk_view *view, desk_plan *plan)
{
    static const char *const names[DESK_LEGS_MAX] = {
        "score_1", "score_2", "score_3", "score_4", "score_5", "score_6", "score_7", "score_8"};
    rotation_state *rotation = state;
    CB_ASSERT(rotation != NULL && view != NULL);
    CB_ASSERT(view->legs_count <= DESK_LEGS_MAX);
    if (!follow(rotation, view)) {
        return false;
    }
    const bool is_due = rotation->rounds % (uint64_t)rotation->params[HOLD] == 0;
    rotation->rounds++;
    if (is_due) {
        rank(rotation, view->legs_count);
    }
    for (uint32_t i = 0; i < view->legs_count; i++) {
        desk_value(plan, names[i], rotation->scores[i]);
        const desk_leg *leg = &view->legs[i];
        if (rotation->is_chosen[i] == 0) {
            desk_want_target(plan, view, i, 0, 0, "rotation: no longer among the best");
        } else if (is_due && leg->bar.close > 0 && !(leg->held * leg->bar.close > leg->notional)) {
            /* What is held already stays as it is: evening out would cost more than it brings. */
            const double share = view->budget / (double)rotation->params[TOP];
            const double stop = leg->bar.close * (1 - cb_f64_from_e8(rotation->params[STOP_SHARE]));
            desk_want_target(
                plan, view, i, share / leg->bar.close, stop, "rotation: among the best");
        }
    }
    return true;
}

const desk_ops desk_rotation = {
    .name = "rotation",
    .help = "holds the symbols that gained most for their volatility",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .legs_min = 2,
    .legs_max = DESK_LEGS_MAX,
    .state_size = rotation_state_size,
    .warmup_bars = rotation_warmup_bars,
    .init = rotation_init,
    .step = rotation_step,
};
