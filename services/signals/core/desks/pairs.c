/* Pairs. Two symbols whose logarithms have moved along a line: ln(first) = a + b * ln(second) by
 * least squares over a window. When the first is cheap by that line it is bought, when it is dear
 * the second is; what was bought is sold when the gap has closed. Both legs are only ever held
 * long: where nothing can be sold short, one half of a pair trade is what there is, and the stop
 * bounds it. A pair that does not move together (low correlation, or a slope that is not positive)
 * is left alone. */
#include "ind/logarithm.h"
#include "ind/parts.h"
#include "services/signals/core/desk.h"

enum { WINDOW, ENTER, LEAVE, CORRELATION_MIN, STOP_SHARE };

static const cb_param params[] = {
    [WINDOW] = {"window", CB_PARAM_COUNT, 200, 20, 5000, "rounds of the line through both"},
    [ENTER] = {"enter",
        CB_PARAM_DECIMAL,
        2 * CB_E8,
        CB_E8 / 2,
        10 * CB_E8,
        "gap that is traded, in standard deviations"},
    [LEAVE] =
        {"leave", CB_PARAM_DECIMAL, CB_E8 / 2, 0, 10 * CB_E8, "gap at which it counts as closed"},
    [CORRELATION_MIN] = {"correlation_min",
        CB_PARAM_DECIMAL,
        7 * CB_E8 / 10,
        0,
        CB_E8,
        "least correlation of both logarithms"},
    [STOP_SHARE] = {"stop_share",
        CB_PARAM_DECIMAL,
        5 * CB_E8 / 100,
        CB_E8 / 1000,
        CB_E8 / 2,
        "stop-loss distance, as a share of the price"},
};

typedef struct pairs_state {
    int64_t params[CB_PARAMS_PER_ENTRY_MAX];
    cb_ind_pair pair; /* x: the second's logarithm, y: the first's */
    double values[];  /* 2 * window */
} pairs_state;

static size_t pairs_state_size(const int64_t *values, uint32_t legs_count)
{
    (void)legs_count;
    return sizeof(pairs_state) + 2 * (size_t)values[WINDOW] * sizeof(double);
}

static uint32_t pairs_warmup_bars(const int64_t *values)
{
    return (uint32_t)values[WINDOW];
}

static void pairs_init(void *state, const int64_t *values, uint32_t legs_count)
{
    pairs_state *pairs = state;
    CB_ASSERT(pairs != NULL && values != NULL);
    CB_ASSERT(legs_count == 2);
    for (uint32_t i = 0; i < CB_PARAMS_PER_ENTRY_MAX; i++) {
        pairs->params[i] = values[i];
    }
    cb_ind_pair_init(&pairs->pair, (uint64_t)values[WINDOW]);
    cb_ind_clear(pairs->values, 2 * (uint64_t)values[WINDOW]);
}

/* The last point's distance from the line, in deviations of all points from it. */
static double gap_of(const cb_ind_pair *pair, double x, double y, double correlation, double *slope)
{
    const double x_squares = pair->x.squares;
    *slope = cb_ind_ratio(pair->common, x_squares, 0);
    const double rest = pair->y.squares * (1 - correlation * correlation);
    const double deviation = sqrt(rest > 0 ? rest / (double)pair->x.window.capacity : 0);
    const double distance = (y - pair->y.mean) - *slope * (x - pair->x.mean);
    return deviation > 1e-9 ? distance / deviation : 0;
}

static void want_leg(const pairs_state *pairs, const desk_view *view, uint32_t leg, desk_plan *plan)
{
    const double price = view->legs[leg].bar.close;
    if (view->legs[leg].held * price > view->legs[leg].notional) {
        return; /* held already */
    }
    const double stop = price * (1 - cb_f64_from_e8(pairs->params[STOP_SHARE]));
    desk_want_target(plan, view, leg, view->budget / price, stop, "pairs: cheap by the line");
}

static bool pairs_step(void *state, const desk_view *view, desk_plan *plan)
{
    pairs_state *pairs = state;
    CB_ASSERT(pairs != NULL && view != NULL);
    CB_ASSERT(view->legs_count == 2);
    const double y = cb_ind_log(view->legs[0].bar.close);
    const double x = cb_ind_log(view->legs[1].bar.close);
    if (!cb_ind_pair_push(&pairs->pair, pairs->values, x, y)) {
        return false;
    }
    double slope = 0;
    const double correlation = cb_ind_pair_correlation(&pairs->pair);
    const double gap = gap_of(&pairs->pair, x, y, correlation, &slope);
    const double enter = cb_f64_from_e8(pairs->params[ENTER]);
    const double leave = cb_f64_from_e8(pairs->params[LEAVE]);
    const bool is_pair = slope > 0 && correlation >= cb_f64_from_e8(pairs->params[CORRELATION_MIN]);
    desk_value(plan, "gap", gap);
    desk_value(plan, "slope", slope);
    desk_value(plan, "correlation", correlation);
    if (gap > -leave || !is_pair) {
        desk_want_target(plan, view, 0, 0, 0, "pairs: the first's gap has closed");
    } else if (gap <= -enter) {
        want_leg(pairs, view, 0, plan);
    }
    if (gap < leave || !is_pair) {
        desk_want_target(plan, view, 1, 0, 0, "pairs: the second's gap has closed");
    } else if (gap >= enter) {
        want_leg(pairs, view, 1, plan);
    }
    return true;
}

const desk_ops desk_pairs = {
    .name = "pairs",
    .help = "buys the one of two symbols that is cheap by the line that both have moved along",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .legs_min = 2,
    .legs_max = 2,
    .state_size = pairs_state_size,
    .warmup_bars = pairs_warmup_bars,
    .init = pairs_init,
    .step = pairs_step,
};
