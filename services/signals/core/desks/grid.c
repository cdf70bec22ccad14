/* Grid. Buys wait at even steps below the price and a part of what is held waits above it to be
 * sold, a step higher each; every pair of steps that the price crosses both ways earns one step
 * less fees. The steps are multiples of the average range, laid around a slow average that is
 * renewed rarely: what was ordered stays where it is until then. Below the lowest buy the stop ends
 * it. */
#include "ind/parts.h"
#include "services/signals/core/desk.h"

enum { PERIOD, STEP_ATR, LEVELS, RENEW, STOP_STEPS };

static const cb_param params[] = {
    [PERIOD] = {"period",
        CB_PARAM_COUNT,
        48,
        2,
        2000,
        "bars of the average that the grid is laid around, and of the ATR"},
    [STEP_ATR] = {"step_atr",
        CB_PARAM_DECIMAL,
        3 * CB_E8 / 2,
        CB_E8 / 10,
        100 * CB_E8,
        "step of the grid, in ATR"},
    [LEVELS] = {"levels", CB_PARAM_COUNT, 3, 1, 3, "buys below, and sales above"},
    [RENEW] = {"renew", CB_PARAM_COUNT, 48, 1, 5000, "rounds after which the grid is laid anew"},
    [STOP_STEPS] = {"stop_steps",
        CB_PARAM_DECIMAL,
        2 * CB_E8,
        CB_E8 / 10,
        100 * CB_E8,
        "stop-loss under the lowest buy, in steps"},
};

#define SLOT_BUY 1U
#define SLOT_SELL 4U
#define LINE_GAP 0.1    /* a line nearer to the price is left out, in steps */
#define PART_LEAST 0.99 /* of a part that must be unspent for one more */

typedef struct grid_state {
    int64_t params[CB_PARAMS_PER_ENTRY_MAX];
    cb_ind_ema middle;
    cb_ind_ema average;
    cb_ind_range range;
    uint64_t rounds;
    double center; /* of the grid that is laid; 0: none yet */
    double step;
} grid_state;

static size_t grid_state_size(const int64_t *values, uint32_t legs_count)
{
    (void)values;
    (void)legs_count;
    return sizeof(grid_state);
}

static uint32_t grid_warmup_bars(const int64_t *values)
{
    return (uint32_t)values[PERIOD];
}

static void grid_init(void *state, const int64_t *values, uint32_t legs_count)
{
    grid_state *grid = state;
    CB_ASSERT(grid != NULL && values != NULL);
    CB_ASSERT(legs_count == 1);
    *grid = (grid_state){.center = 0};
    for (uint32_t i = 0; i < CB_PARAMS_PER_ENTRY_MAX; i++) {
        grid->params[i] = values[i];
    }
    cb_ind_ema_init(&grid->middle, (uint64_t)values[PERIOD]);
    cb_ind_wilder_init(&grid->average, (uint64_t)values[PERIOD]);
}

static bool follow(grid_state *grid, const cb_bar *bar)
{
    const double range = cb_ind_range_push(&grid->range, bar);
    const bool has_range = cb_ind_ema_push(&grid->average, range);
    if (!cb_ind_ema_push(&grid->middle, bar->close) || !has_range) {
        return false;
    }
    if (grid->rounds % (uint64_t)grid->params[RENEW] == 0) {
        grid->center = grid->middle.value;
        grid->step = grid->average.value * cb_f64_from_e8(grid->params[STEP_ATR]);
    }
    grid->rounds++;
    return true;
}

/* The first line that a part may be sold at: above the price, and a step above the lowest purchase.
 * With n parts bought a step apart, that one lies (n - 1) / 2 steps below their average cost. */
static double first_sale(const grid_state *grid, const desk_leg *leg, double part, double lines)
{
    if (!(leg->held > 0) || !(leg->cost > 0)) {
        return lines + 1;
    }
    const double parts = floor(leg->cost / part + 0.5);
    const double average = (leg->cost / leg->held - grid->center) / grid->step;
    const double lowest = average - (parts > 1 ? (parts - 1) / 2 : 0);
    const double line = floor(lowest + 0.5) + 1;
    return line > lines + 1 ? line : lines + 1;
}

/* Lines at center + k * step; the buys are the highest lines below the price. A line at the price
 * itself is left out: whoever just traded there waits a step away. */
static void want_buys(const grid_state *grid, const desk_view *view, double lines, desk_plan *plan)
{
    const desk_leg *leg = &view->legs[0];
    const double levels = (double)grid->params[LEVELS];
    const double lowest = grid->center + (lines - levels + 1) * grid->step;
    const double stop = lowest - grid->step * cb_f64_from_e8(grid->params[STOP_STEPS]);
    const double part = view->budget / levels;
    double unspent = view->budget - leg->cost;
    for (uint32_t i = 0; i < (uint32_t)grid->params[LEVELS]; i++) {
        const double price = grid->center + (lines - (double)i) * grid->step;
        const bool is_below = leg->bar.close - price > LINE_GAP * grid->step;
        if (!(stop > 0) || !is_below || unspent < part * PART_LEAST) {
            continue;
        }
        const desk_wish buy = {.slot = SLOT_BUY + i,
            .side = CB_SIDE_BUY,
            .qty = part / price,
            .price = price,
            .stop_price = stop,
            .reason = "grid: a line below"};
        desk_want(plan, &buy);
        unspent -= part;
    }
}

static void want_sales(const grid_state *grid, const desk_view *view, double lines, desk_plan *plan)
{
    const desk_leg *leg = &view->legs[0];
    const double part = view->budget / (double)grid->params[LEVELS];
    const double first = first_sale(grid, leg, part, lines);
    double unsold = leg->held;
    for (uint32_t i = 0; i < (uint32_t)grid->params[LEVELS]; i++) {
        const double price = grid->center + (first + (double)i) * grid->step;
        const bool is_above = price - leg->bar.close > LINE_GAP * grid->step;
        const double most = part / price;
        /* A rest that would be too small to be sold alone goes along. */
        const double qty = unsold - most > leg->notional / price ? most : unsold;
        if (!is_above || qty * price < leg->notional) {
            continue;
        }
        const desk_wish sell = {.slot = SLOT_SELL + i,
            .side = CB_SIDE_SELL,
            .qty = qty,
            .price = price,
            .reason = "grid: a line above"};
        desk_want(plan, &sell);
        unsold -= qty;
    }
}

static bool grid_step(void *state, const desk_view *view, desk_plan *plan)
{
    grid_state *grid = state;
    CB_ASSERT(grid != NULL && view != NULL);
    CB_ASSERT(view->legs_count == 1);
    if (!follow(grid, &view->legs[0].bar)) {
        return false;
    }
    desk_value(plan, "center", grid->center);
    desk_value(plan, "step", grid->step);
    if (grid->step > 0) {
        const double lines = floor((view->legs[0].bar.close - grid->center) / grid->step);
        want_buys(grid, view, lines, plan);
        want_sales(grid, view, lines, plan);
    }
    return true;
}

const desk_ops desk_grid = {
    .name = "grid",
    .help = "buys at even steps below the price and sells what is held at steps above it",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .legs_min = 1,
    .legs_max = 1,
    .state_size = grid_state_size,
    .warmup_bars = grid_warmup_bars,
    .init = grid_init,
    .step = grid_step,
};
