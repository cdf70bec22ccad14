/* Dollar cost averaging with safety orders. A base order begins when the RSI is low; under it
 * safety orders wait at growing distances with growing sizes; above the average cost one order
 * sells all. How far the ladder has been used is read from what was paid, so a restart changes
 * nothing. */
#include "services/signals/core/desk.h"

enum { RSI_LOW, BASE_SHARE, STEP, STEP_SCALE, SIZE_SCALE, SAFETY_ORDERS, PROFIT, STOP };

static const cb_param params[] = {
    [RSI_LOW] = {"rsi_low",
        CB_PARAM_DECIMAL,
        35 * CB_E8,
        CB_E8,
        100 * CB_E8,
        "a base order begins when the RSI of 14 bars is under this"},
    [BASE_SHARE] = {"base_share",
        CB_PARAM_DECIMAL,
        CB_E8 / 10,
        CB_E8 / 1000,
        CB_E8,
        "base order, as a share of the budget"},
    [STEP] = {"step",
        CB_PARAM_DECIMAL,
        CB_E8 / 100,
        CB_E8 / 10000,
        CB_E8 / 2,
        "distance of the first safety order under the base order, as a share of its price"},
    [STEP_SCALE] = {"step_scale",
        CB_PARAM_DECIMAL,
        3 * CB_E8 / 2,
        CB_E8 / 2,
        5 * CB_E8,
        "each further distance, in multiples of the one before"},
    [SIZE_SCALE] = {"size_scale",
        CB_PARAM_DECIMAL,
        3 * CB_E8 / 2,
        CB_E8 / 2,
        5 * CB_E8,
        "each safety order, in multiples of the one before; the first is as large as the base "
        "order"},
    [SAFETY_ORDERS] =
        {"safety_orders", CB_PARAM_COUNT, 4, 0, DESK_SLOTS_MAX - 2, "safety orders at most"},
    [PROFIT] = {"profit",
        CB_PARAM_DECIMAL,
        CB_E8 / 100,
        CB_E8 / 10000,
        CB_E8,
        "how far above the average cost all is sold, as a share of it"},
    [STOP] = {"stop",
        CB_PARAM_DECIMAL,
        15 * CB_E8 / 100,
        CB_E8 / 1000,
        9 * CB_E8 / 10,
        "where all is given up, as a share under the base order's price"},
};

#define SLOT_PROFIT 1U
#define SLOT_SAFETY 2U
/* What was paid lags a little behind what was ordered: fees and lots. */
#define PAID_TOLERANCE 0.9

typedef struct dca_state {
    int64_t params[CB_PARAMS_PER_ENTRY_MAX];
    uint64_t rsi[]; /* the indicator's state */
} dca_state;

static void rsi_params(int64_t out[CB_PARAMS_PER_ENTRY_MAX])
{
    cb_indicator_defaults(&cb_indicator_rsi, out);
}

static size_t dca_state_size(const int64_t *values, uint32_t legs_count)
{
    int64_t own[CB_PARAMS_PER_ENTRY_MAX];
    (void)values;
    (void)legs_count;
    rsi_params(own);
    return sizeof(dca_state) + cb_indicator_rsi.state_size(own);
}

static uint32_t dca_warmup_bars(const int64_t *values)
{
    int64_t own[CB_PARAMS_PER_ENTRY_MAX];
    (void)values;
    rsi_params(own);
    return cb_indicator_rsi.warmup_bars(own);
}

static void dca_init(void *state, const int64_t *values, uint32_t legs_count)
{
    dca_state *dca = state;
    int64_t own[CB_PARAMS_PER_ENTRY_MAX];
    CB_ASSERT(dca != NULL && values != NULL);
    CB_ASSERT(legs_count == 1);
    for (uint32_t i = 0; i < CB_PARAMS_PER_ENTRY_MAX; i++) {
        dca->params[i] = values[i];
    }
    rsi_params(own);
    cb_indicator_rsi.init(dca->rsi, own);
}

/* A rung of the ladder: its price as a share of the base order's, its size in base orders. Rung 0
 * is the base order itself. */
typedef struct rung {
    double price;
    double size;
} rung;

static uint32_t build_ladder(const dca_state *state, rung ladder[DESK_SLOTS_MAX])
{
    const uint32_t count = (uint32_t)state->params[SAFETY_ORDERS] + 1;
    double distance = cb_f64_from_e8(state->params[STEP]);
    double depth = 0;
    double size = 1;
    CB_ASSERT(count < DESK_SLOTS_MAX);
    ladder[0] = (rung){1, 1};
    for (uint32_t i = 1; i < count; i++) {
        depth += distance;
        ladder[i] = (rung){depth < 0.95 ? 1 - depth : 0.05, size};
        distance *= cb_f64_from_e8(state->params[STEP_SCALE]);
        size *= cb_f64_from_e8(state->params[SIZE_SCALE]);
    }
    return count;
}

/* How many rungs what was paid amounts to, and the base order's price that follows from the average
 * cost of so many rungs. */
static uint32_t rungs_used(
    const dca_state *state, const desk_leg *leg, double budget, double *base_price)
{
    rung ladder[DESK_SLOTS_MAX];
    const uint32_t count = build_ladder(state, ladder);
    const double base = budget * cb_f64_from_e8(state->params[BASE_SHARE]);
    double paid = 0;
    double units = 0; /* bought at a base price of 1 */
    uint32_t used = 0;
    while (used < count && leg->cost > paid + PAID_TOLERANCE * base * ladder[used].size) {
        paid += base * ladder[used].size;
        units += base * ladder[used].size / ladder[used].price;
        used++;
    }
    const double average = leg->held > 0 ? leg->cost / leg->held : leg->bar.close;
    *base_price = used > 0 ? average * units / paid : average;
    return used > 0 ? used : 1;
}

static void want_base(const dca_state *state, const desk_view *view, double rsi, desk_plan *plan)
{
    const double price = view->legs[0].bar.close;
    if (!(rsi < cb_f64_from_e8(state->params[RSI_LOW])) || !(price > 0)) {
        return;
    }
    const desk_wish wish = {.side = CB_SIDE_BUY,
        .qty = view->budget * cb_f64_from_e8(state->params[BASE_SHARE]) / price,
        .stop_price = price * (1 - cb_f64_from_e8(state->params[STOP])),
        .reason = "dca: base order, the RSI is low"};
    desk_want(plan, &wish);
}

static void want_ladder(const dca_state *state, const desk_view *view, desk_plan *plan)
{
    const desk_leg *leg = &view->legs[0];
    rung ladder[DESK_SLOTS_MAX];
    double base_price = 0;
    const uint32_t count = build_ladder(state, ladder);
    const uint32_t used = rungs_used(state, leg, view->budget, &base_price);
    const double base = view->budget * cb_f64_from_e8(state->params[BASE_SHARE]);
    const double average = leg->cost / leg->held;
    const desk_wish profit = {.slot = SLOT_PROFIT,
        .side = CB_SIDE_SELL,
        .qty = leg->held,
        .price = average * (1 + cb_f64_from_e8(state->params[PROFIT])),
        .reason = "dca: profit on all"};
    desk_want(plan, &profit);
    const double stop = base_price * (1 - cb_f64_from_e8(state->params[STOP]));
    for (uint32_t i = used; i < count; i++) {
        const double price = base_price * ladder[i].price;
        const desk_wish wish = {.slot = SLOT_SAFETY + i - 1,
            .side = CB_SIDE_BUY,
            .qty = base * ladder[i].size / price,
            .price = price,
            .stop_price = stop,
            .reason = "dca: safety order"};
        if (stop < price) {
            desk_want(plan, &wish);
        }
    }
    desk_value(plan, "average_cost", average);
    desk_value(plan, "base_price", base_price);
    desk_value(plan, "rungs_used", (double)used);
}

static bool dca_step(void *state, const desk_view *view, desk_plan *plan)
{
    dca_state *dca = state;
    double rsi = 0;
    CB_ASSERT(dca != NULL && view != NULL);
    CB_ASSERT(view->legs_count == 1);
    if (!cb_indicator_rsi.update(dca->rsi, &view->legs[0].bar, &rsi)) {
        return false;
    }
    desk_value(plan, "rsi", rsi);
    const desk_leg *leg = &view->legs[0];
    const bool has_position =
        leg->held * leg->bar.close >= leg->notional && leg->cost > 0 && leg->held > 0;
    if (has_position) {
        want_ladder(dca, view, plan);
    } else {
        want_base(dca, view, rsi, plan);
    }
    return true;
}

const desk_ops desk_dca = {
    .name = "dca",
    .help = "a base order, safety orders under it, and one profit order above the average cost",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .legs_min = 1,
    .legs_max = 1,
    .state_size = dca_state_size,
    .warmup_bars = dca_warmup_bars,
    .init = dca_init,
    .step = dca_step,
};
