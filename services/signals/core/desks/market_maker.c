/* Market making with inventory skew. A bid and an ask rest around the fair price, the microprice of
 * the best quotes (the close while there is no fresh one). The more is held of what may be held,
 * the lower both stand, so that selling becomes likelier and buying less (Avellaneda and Stoikov's
 * reservation price, with the target at half of the budget). The spread follows the volatility. */
#include "ind/parts.h"
#include "services/signals/core/desk.h"

enum { PERIOD, SPREAD_ATR, SPREAD_MIN, SKEW_ATR, QUOTE_SHARE, STOP_ATR };

static const cb_param params[] = {
    [PERIOD] = {"period", CB_PARAM_COUNT, 30, 2, 2000, "bars of the ATR"},
    [SPREAD_ATR] = {"spread_atr",
        CB_PARAM_DECIMAL,
        CB_E8 / 2,
        CB_E8 / 100,
        10 * CB_E8,
        "distance of each quote from the fair price, in ATR"},
    [SPREAD_MIN] = {"spread_min",
        CB_PARAM_DECIMAL,
        15 * CB_E8 / 10000,
        0,
        CB_E8 / 10,
        "least distance, as a share of the price: above the fee of a maker"},
    [SKEW_ATR] = {"skew_atr",
        CB_PARAM_DECIMAL,
        CB_E8,
        0,
        10 * CB_E8,
        "how far a full or empty inventory moves both quotes, in ATR"},
    [QUOTE_SHARE] = {"quote_share",
        CB_PARAM_DECIMAL,
        CB_E8 / 10,
        CB_E8 / 1000,
        CB_E8 / 2,
        "size of a quote, as a share of the budget"},
    [STOP_ATR] = {"stop_atr",
        CB_PARAM_DECIMAL,
        10 * CB_E8,
        CB_E8 / 10,
        100 * CB_E8,
        "stop-loss distance of a buy, in ATR"},
};

#define SLOT_BID 1U
#define SLOT_ASK 2U

typedef struct market_maker_state {
    int64_t params[CB_PARAMS_PER_ENTRY_MAX];
    cb_ind_range range;
    cb_ind_ema average;
} market_maker_state;

static size_t market_maker_state_size(const int64_t *values, uint32_t legs_count)
{
    (void)values;
    (void)legs_count;
    return sizeof(market_maker_state);
}

static uint32_t market_maker_warmup_bars(const int64_t *values)
{
    return (uint32_t)values[PERIOD];
}

static void market_maker_init(void *state, const int64_t *values, uint32_t legs_count)
{
    market_maker_state *maker = state;
    CB_ASSERT(maker != NULL && values != NULL);
    CB_ASSERT(legs_count == 1);
    *maker = (market_maker_state){.range = {0}};
    for (uint32_t i = 0; i < CB_PARAMS_PER_ENTRY_MAX; i++) {
        maker->params[i] = values[i];
    }
    cb_ind_wilder_init(&maker->average, (uint64_t)values[PERIOD]);
}

/* Each side's price weighed with the other side's size: where the next trade is likelier to be. */
static double fair_price(const desk_leg *leg)
{
    const double sizes = leg->bid_qty + leg->ask_qty;
    if (!(leg->bid > 0) || !(leg->ask > leg->bid) || !(sizes > 0)) {
        return leg->bar.close;
    }
    return (leg->bid * leg->ask_qty + leg->ask * leg->bid_qty) / sizes;
}

static void want_quotes(
    const market_maker_state *maker, const desk_view *view, double atr, desk_plan *plan)
{
    const desk_leg *leg = &view->legs[0];
    const double fair = fair_price(leg);
    const double share = leg->held * fair / view->budget; /* 0 empty, 1 full */
    const double inventory = 2 * (share > 1 ? 1 : share) - 1;
    const double reservation = fair - inventory * atr * cb_f64_from_e8(maker->params[SKEW_ATR]);
    const double least = fair * cb_f64_from_e8(maker->params[SPREAD_MIN]);
    const double wide = atr * cb_f64_from_e8(maker->params[SPREAD_ATR]);
    const double half = wide > least ? wide : least;
    const double size = view->budget * cb_f64_from_e8(maker->params[QUOTE_SHARE]);
    const double bid = reservation - half < fair ? reservation - half : fair - least;
    const double ask = reservation + half > fair ? reservation + half : fair + least;
    const double stop = bid - atr * cb_f64_from_e8(maker->params[STOP_ATR]);
    CB_ASSERT(!(bid > fair) && !(ask < fair));
    desk_value(plan, "fair", fair);
    desk_value(plan, "inventory", inventory);
    desk_value(plan, "reservation", reservation);
    desk_value(plan, "half_spread", half);
    if (bid > 0 && stop > 0 && stop < bid && view->budget - leg->held * fair >= size) {
        const desk_wish wish = {.slot = SLOT_BID,
            .side = CB_SIDE_BUY,
            .qty = size / bid,
            .price = bid,
            .stop_price = stop,
            .is_maker = true,
            .reason = "market_maker: bid"};
        desk_want(plan, &wish);
    }
    const double sold = size / ask < leg->held ? size / ask : leg->held;
    if (sold * ask >= leg->notional) {
        const desk_wish wish = {.slot = SLOT_ASK,
            .side = CB_SIDE_SELL,
            .qty = sold,
            .price = ask,
            .is_maker = true,
            .reason = "market_maker: ask"};
        desk_want(plan, &wish);
    }
}

static bool market_maker_step(void *state, const desk_view *view, desk_plan *plan)
{
    market_maker_state *maker = state;
    CB_ASSERT(maker != NULL && view != NULL);
    CB_ASSERT(view->legs_count == 1);
    const double range = cb_ind_range_push(&maker->range, &view->legs[0].bar);
    if (!cb_ind_ema_push(&maker->average, range)) {
        return false;
    }
    if (view->legs[0].bar.close > 0 && view->budget > 0) {
        want_quotes(maker, view, maker->average.value, plan);
    }
    return true;
}

const desk_ops desk_market_maker = {
    .name = "market_maker",
    .help = "a bid and an ask around the fair price, moved against the inventory",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .legs_min = 1,
    .legs_max = 1,
    .state_size = market_maker_state_size,
    .warmup_bars = market_maker_warmup_bars,
    .init = market_maker_init,
    .step = market_maker_step,
};
