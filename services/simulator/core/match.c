/* Price-time priority. A level's queue holds orders and house quantity; each order knows how much
 * house quantity stands before it, so the walk takes house, order, house, order … in the order in
 * which they came. Funds have been checked before: nothing here can fail. */
#include "services/simulator/core/match.h"

#include "base/assert.h"
#include "services/simulator/core/accounts.h"
#include "services/simulator/core/book.h"
#include "services/simulator/core/history.h"
#include "services/simulator/core/orders.h"

static cb_side opposite(cb_side side)
{
    return side == CB_SIDE_BUY ? CB_SIDE_SELL : CB_SIDE_BUY;
}

static int64_t min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t floor_step(int64_t qty_e8, int64_t step_e8)
{
    return qty_e8 - qty_e8 % step_e8;
}

uint64_t sim_next_trade_id(sim_core *sim, sim_symbol *symbol)
{
    if (sim->config.is_replay) {
        symbol->user_trades_count++;
        return SIM_USER_TRADE_ID_BASE + symbol->user_trades_count;
    }
    symbol->trades_count++;
    return symbol->trades_count;
}

void sim_report(sim_core *sim, uint32_t order_index, sim_execution execution)
{
    sim_order *order = &sim->orders[order_index];
    if (!sim->accounts[order->account].has_history) {
        return;
    }
    sim_event event = {
        .type = SIM_EVENT_EXECUTION,
        .symbol = order->symbol,
        .account = order->account,
        .order = order,
        .execution = execution,
    };
    sim_emit(sim, &event);
}

static void report_trade(sim_core *sim, uint32_t order_index, const sim_trade *trade)
{
    sim_order *order = &sim->orders[order_index];
    sim_event event = {
        .type = SIM_EVENT_EXECUTION,
        .symbol = order->symbol,
        .account = order->account,
        .order = order,
        .execution = SIM_EXECUTION_TRADE,
        .trade = trade,
    };
    sim_emit(sim, &event);
}

void sim_fill(sim_core *sim,
    uint32_t order_index,
    int64_t price_e8,
    int64_t qty_e8,
    bool is_maker,
    uint64_t trade_id)
{
    sim_order *order = &sim->orders[order_index];
    const sim_settlement settlement = sim_settle(sim, order, price_e8, qty_e8, is_maker);
    order->executed_e8 += qty_e8;
    order->cum_quote_e8 += settlement.quote_e8;
    order->updated_ns = sim_venue_ns(sim);
    if (order->is_on_book) {
        sim_symbol *symbol = &sim->symbols[order->symbol];
        sim_level *level = sim_book_find(sim_book_side(symbol, order->side), order->price_e8);
        CB_ASSERT(level != NULL);
        level->orders_e8 -= qty_e8;
        sim_book_touch(symbol, order->side, order->price_e8);
    }
    const bool is_full = sim_order_left(order) == 0 && order->quote_qty_e8 == 0;
    if (is_full) {
        sim_order_close(sim, order_index, SIM_STATUS_FILLED);
    } else {
        order->status = SIM_STATUS_PARTIALLY_FILLED;
    }
    if (sim->accounts[order->account].has_history) {
        const sim_trade trade = {
            .id = trade_id,
            .price_e8 = price_e8,
            .qty_e8 = qty_e8,
            .quote_e8 = settlement.quote_e8,
            .fee_e8 = settlement.fee_e8,
            .fee_asset = settlement.fee_asset,
            .is_maker = is_maker,
            .ts_ns = sim_venue_ns(sim),
        };
        const uint32_t index = sim_trade_add(sim, order_index, &trade);
        CB_ASSERT(index != SIM_NONE);
        report_trade(sim, order_index, &sim->trades[index]);
    }
}

/* How much the taker still wants at a price. Orders by quote size have no quantity of their own:
 * what their quote still buys, in whole lots. */
static int64_t wanted(const sim_core *sim, const sim_order *taker, int64_t price_e8)
{
    if (!taker->is_open) {
        return 0;
    }
    if (taker->quote_qty_e8 == 0) {
        return sim_order_left(taker);
    }
    int64_t qty_e8 = 0;
    const int64_t quote_e8 = taker->quote_qty_e8 - taker->cum_quote_e8;
    if (cb_div_e8(quote_e8, price_e8, CB_ROUND_DOWN, &qty_e8, NULL) != CB_OK) {
        return 0;
    }
    return floor_step(qty_e8, sim->symbols[taker->symbol].spec.step_e8);
}

/* Orders by quote size grow by what they take. */
static void grow(sim_order *taker, int64_t qty_e8)
{
    if (taker->quote_qty_e8 > 0) {
        taker->qty_e8 = taker->executed_e8 + taker->prevented_e8 + qty_e8;
    }
}

static void take_house(sim_core *sim, uint32_t taker_index, sim_level *level, int64_t qty_e8)
{
    sim_order *taker = &sim->orders[taker_index];
    sim_symbol *symbol = &sim->symbols[taker->symbol];
    const int64_t price_e8 = level->price_e8;
    level->house_e8 -= qty_e8;
    sim_book_touch(symbol, opposite(taker->side), price_e8);
    if (symbol->consumed_count < SIM_CONSUMED_MAX) {
        symbol->consumed[symbol->consumed_count] =
            (sim_consumed){opposite(taker->side), price_e8, qty_e8};
        symbol->consumed_count++;
    }
    grow(taker, qty_e8);
    sim_settle_house(sim, symbol, taker->side, qty_e8, sim_quote_of(price_e8, qty_e8));
    sim_fill(sim, taker_index, price_e8, qty_e8, false, sim_next_trade_id(sim, symbol));
}

static void take_order(sim_core *sim, uint32_t taker_index, uint32_t maker_index, int64_t qty_e8)
{
    sim_order *taker = &sim->orders[taker_index];
    sim_symbol *symbol = &sim->symbols[taker->symbol];
    const int64_t price_e8 = sim->orders[maker_index].price_e8;
    const cb_side taker_side = taker->side;
    const uint64_t trade_id = sim_next_trade_id(sim, symbol);
    grow(taker, qty_e8);
    if (!sim->config.is_replay) {
        sim_history_print(sim, symbol, price_e8, qty_e8, taker_side, trade_id);
    }
    sim_fill(sim, maker_index, price_e8, qty_e8, true, trade_id);
    sim_fill(sim, taker_index, price_e8, qty_e8, false, trade_id);
    if (!sim->orders[maker_index].is_open) {
        sim_order_forget(sim, maker_index);
    }
}

/* Ends one side of a self-match, and tells it. */
static void prevent(sim_core *sim, uint32_t index, int64_t qty_e8, uint64_t counter, bool is_end)
{
    sim_order *order = &sim->orders[index];
    sim_symbol *symbol = &sim->symbols[order->symbol];
    if (order->is_on_book) {
        sim_level *level = sim_book_find(sim_book_side(symbol, order->side), order->price_e8);
        CB_ASSERT(level != NULL);
        level->orders_e8 -= qty_e8;
    }
    order->prevented_e8 += qty_e8;
    order->prevented_match_id = symbol->prevented_count;
    if (order->locked_e8 > 0) {
        /* The prevented part no longer needs its money. */
        int64_t keep_e8 = sim_order_left(order);
        if (order->side == CB_SIDE_BUY) {
            const bool fits = sim_quote_lock(order->price_e8, keep_e8, &keep_e8);
            CB_ASSERT(fits);
        }
        sim_unlock(sim, order->account, sim_order_asset(sim, order), order->locked_e8 - keep_e8);
        order->locked_e8 = keep_e8;
    }
    if (is_end) {
        sim_order_close(sim, index, SIM_STATUS_EXPIRED_IN_MATCH);
    }
    if (sim->accounts[order->account].has_history) {
        sim_event event = {
            .type = SIM_EVENT_EXECUTION,
            .symbol = order->symbol,
            .account = order->account,
            .order = order,
            .execution = SIM_EXECUTION_TRADE_PREVENTION,
            .last_prevented_e8 = qty_e8,
            .counter_order = counter,
        };
        sim_emit(sim, &event);
    }
}

/* Two orders of one account met: the taker's mode decides who ends. */
static void prevent_self(sim_core *sim, uint32_t taker_index, uint32_t maker_index)
{
    sim_order *taker = &sim->orders[taker_index];
    const sim_order *maker = &sim->orders[maker_index];
    const uint64_t taker_id = taker->id;
    const uint64_t maker_id = maker->id;
    const int64_t taker_left_e8 = taker->quote_qty_e8 > 0 ? 0 : sim_order_left(taker);
    const int64_t maker_left_e8 = sim_order_left(maker);
    const int64_t both_e8 = min_i64(taker_left_e8, maker_left_e8);
    sim->symbols[taker->symbol].prevented_count++;
    switch (taker->stp) {
    case SIM_STP_EXPIRE_TAKER:
        prevent(sim, taker_index, taker_left_e8, maker_id, true);
        break;
    case SIM_STP_EXPIRE_MAKER:
        prevent(sim, maker_index, maker_left_e8, taker_id, true);
        break;
    case SIM_STP_DECREMENT:
        if (taker->quote_qty_e8 == 0) {
            prevent(sim, maker_index, both_e8, taker_id, both_e8 == maker_left_e8);
            prevent(sim, taker_index, both_e8, maker_id, both_e8 == taker_left_e8);
            break;
        }
        /* An order by quote size has no quantity to reduce: both end. */
        prevent(sim, maker_index, maker_left_e8, taker_id, true);
        prevent(sim, taker_index, 0, maker_id, true);
        break;
    case SIM_STP_EXPIRE_BOTH:
        prevent(sim, maker_index, maker_left_e8, taker_id, true);
        prevent(sim, taker_index, taker_left_e8, maker_id, true);
        break;
    case SIM_STP_NONE:
    case SIM_STP_COUNT:
    default:
        CB_ASSERT(false);
    }
    if (!sim->orders[maker_index].is_open) {
        sim_order_forget(sim, maker_index);
    }
}

/* House quantity that stands before the order at index (or all of it when there is no order). */
static int64_t house_before(
    const sim_core *sim, const sim_level *level, uint32_t index, int64_t passed)
{
    if (index == SIM_NONE) {
        return level->house_e8;
    }
    const int64_t ahead_e8 = sim->orders[index].ahead_e8 - passed;
    return ahead_e8 <= 0 ? 0 : min_i64(ahead_e8, level->house_e8);
}

/* Takes from one level. House quantity that was passed no longer stands before its orders. */
static void match_level(sim_core *sim, uint32_t taker_index, int64_t price_e8)
{
    sim_order *taker = &sim->orders[taker_index];
    sim_symbol *symbol = &sim->symbols[taker->symbol];
    sim_side *side = sim_book_side(symbol, opposite(taker->side));
    sim_level *level = sim_book_find(side, price_e8);
    uint32_t index = level->first;
    int64_t passed_e8 = 0;
    for (;;) {
        const int64_t want_e8 = wanted(sim, taker, price_e8);
        level = sim_book_find(side, price_e8);
        if (want_e8 == 0 || level == NULL) {
            break;
        }
        const int64_t before_e8 = house_before(sim, level, index, passed_e8);
        const int64_t house_e8 = floor_step(min_i64(before_e8, want_e8), symbol->spec.step_e8);
        if (house_e8 > 0) {
            take_house(sim, taker_index, level, house_e8);
            passed_e8 += house_e8;
            continue;
        }
        if (index == SIM_NONE) {
            break;
        }
        const uint32_t maker_index = index;
        index = sim->orders[maker_index].level_next;
        if (sim->orders[maker_index].account == taker->account && taker->stp != SIM_STP_NONE) {
            prevent_self(sim, taker_index, maker_index);
            continue;
        }
        take_order(sim,
            taker_index,
            maker_index,
            min_i64(want_e8, sim_order_left(&sim->orders[maker_index])));
    }
    level = sim_book_find(side, price_e8);
    for (index = level == NULL ? SIM_NONE : level->first; index != SIM_NONE && passed_e8 > 0;
         index = sim->orders[index].level_next) {
        const int64_t ahead_e8 = sim->orders[index].ahead_e8 - passed_e8;
        sim->orders[index].ahead_e8 = ahead_e8 < 0 ? 0 : ahead_e8;
    }
    sim_book_drop_empty(side, price_e8);
}

void sim_match(sim_core *sim, uint32_t taker_index)
{
    const sim_order *taker = &sim->orders[taker_index];
    sim_symbol *symbol = &sim->symbols[taker->symbol];
    sim_side *side = sim_book_side(symbol, opposite(taker->side));
    const int64_t limit_e8 = sim_type_is_market(taker->type) ? 0 : taker->price_e8;
    CB_ASSERT(taker->is_open);
    CB_ASSERT(!taker->is_on_book);
    uint32_t at = side->count;
    /* Levels only go away while we walk, and only at or behind the place where we are. */
    while (at > 0 && taker->is_open) {
        const int64_t price_e8 = side->levels[at - 1].price_e8;
        if (!sim_price_crosses(taker->side, limit_e8, price_e8) ||
            wanted(sim, taker, price_e8) == 0) {
            break;
        }
        match_level(sim, taker_index, price_e8);
        at = at - 1 < side->count ? at - 1 : side->count;
    }
}

/* What one level offers to an account. */
static int64_t level_offer(
    const sim_core *sim, const sim_level *level, const sim_new_order *request, int64_t step_e8)
{
    int64_t offer_e8 = floor_step(level->house_e8, step_e8);
    for (uint32_t i = level->first; i != SIM_NONE; i = sim->orders[i].level_next) {
        const sim_order *maker = &sim->orders[i];
        if (maker->account != request->account || request->stp == SIM_STP_NONE) {
            offer_e8 += sim_order_left(maker);
        }
    }
    return offer_e8;
}

sim_reach sim_match_reach(const sim_core *sim, const sim_new_order *request, int64_t limit_e8)
{
    const sim_symbol *symbol = &sim->symbols[request->symbol];
    const sim_side *side = sim_book_side_const(symbol, opposite(request->side));
    const int64_t step_e8 = symbol->spec.step_e8;
    sim_reach reach = {0, 0};
    for (uint32_t at = side->count; at > 0; at--) {
        const sim_level *level = &side->levels[at - 1];
        if (!sim_price_crosses(request->side, limit_e8, level->price_e8)) {
            break;
        }
        int64_t want_e8 = request->qty_e8 - reach.qty_e8;
        if (request->quote_qty_e8 > 0) {
            const int64_t left_e8 = request->quote_qty_e8 - reach.quote_e8;
            if (left_e8 <= 0 ||
                cb_div_e8(left_e8, level->price_e8, CB_ROUND_DOWN, &want_e8, NULL) != CB_OK) {
                break;
            }
            want_e8 = floor_step(want_e8, step_e8);
        }
        const int64_t qty_e8 = min_i64(want_e8, level_offer(sim, level, request, step_e8));
        int64_t quote_e8 = 0;
        if (want_e8 <= 0 || !sim_quote_lock(level->price_e8, qty_e8, &quote_e8)) {
            break;
        }
        reach.qty_e8 += qty_e8;
        reach.quote_e8 += quote_e8;
    }
    return reach;
}
