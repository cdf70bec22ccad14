/* How a recorded market and users' orders meet. History never changes: a recorded trade fills the
 * users' orders that stood in its way in addition to what it did then, and what users take from the
 * display comes back with the next recorded event. */
#include "services/simulator/core/house.h"

#include "base/assert.h"
#include "services/simulator/core/accounts.h"
#include "services/simulator/core/book.h"
#include "services/simulator/core/history.h"
#include "services/simulator/core/match.h"
#include "services/simulator/core/orders.h"
#include "services/simulator/core/place.h"

static cb_side opposite(cb_side side)
{
    return side == CB_SIDE_BUY ? CB_SIDE_SELL : CB_SIDE_BUY;
}

static int64_t floor_step(int64_t qty_e8, int64_t step_e8)
{
    return qty_e8 - qty_e8 % step_e8;
}

/* A waiting user's order trades with the recorded market at its own price. */
static void fill_maker(sim_core *sim, uint32_t index, int64_t qty_e8)
{
    const sim_order *order = &sim->orders[index];
    sim_symbol *symbol = &sim->symbols[order->symbol];
    const int64_t price_e8 = order->price_e8;
    sim_settle_house(sim, symbol, order->side, qty_e8, sim_quote_of(price_e8, qty_e8));
    sim_fill(sim, index, price_e8, qty_e8, true, sim_next_trade_id(sim, symbol));
    if (!order->is_open) {
        sim_order_forget(sim, index);
    }
}

/* The recorded trade walks one level's queue. House quantity before an order goes first; it is not
 * limited by the display, because the recording shows what really traded. Returns what is left. */
static int64_t walk_level(sim_core *sim,
    sim_symbol *symbol,
    sim_side *side,
    int64_t price_e8,
    int64_t qty_e8,
    bool is_through)
{
    const sim_level *level = sim_book_find(side, price_e8);
    uint32_t index = level == NULL ? SIM_NONE : level->first;
    int64_t passed_e8 = 0;
    while (index != SIM_NONE && qty_e8 > 0) {
        const uint32_t next = sim->orders[index].level_next;
        int64_t ahead_e8 = is_through ? 0 : sim->orders[index].ahead_e8 - passed_e8;
        ahead_e8 = ahead_e8 < 0 ? 0 : ahead_e8;
        const int64_t house_e8 = ahead_e8 < qty_e8 ? ahead_e8 : qty_e8;
        passed_e8 += house_e8;
        qty_e8 -= house_e8;
        const int64_t left_e8 = sim_order_left(&sim->orders[index]);
        const int64_t take_e8 =
            floor_step(left_e8 < qty_e8 ? left_e8 : qty_e8, symbol->spec.step_e8);
        if (take_e8 > 0) {
            qty_e8 -= take_e8;
            fill_maker(sim, index, take_e8);
        } else if (qty_e8 < symbol->spec.step_e8) {
            break;
        }
        index = next;
    }
    if (!is_through && qty_e8 > 0) {
        passed_e8 += qty_e8; /* the rest of the trade went through the house's queue */
    }
    level = sim_book_find(side, price_e8);
    for (index = level == NULL ? SIM_NONE : level->first; index != SIM_NONE && passed_e8 > 0;
         index = sim->orders[index].level_next) {
        const int64_t ahead_e8 = sim->orders[index].ahead_e8 - passed_e8;
        sim->orders[index].ahead_e8 = ahead_e8 < 0 ? 0 : ahead_e8;
    }
    sim_book_drop_empty(side, price_e8);
    return qty_e8;
}

/* Price of the best waiting order of a side, 0 = none. House quantity is not an order. */
static int64_t best_order_price(const sim_side *side)
{
    for (uint32_t at = side->count; at > 0; at--) {
        if (side->levels[at - 1].first != SIM_NONE) {
            return side->levels[at - 1].price_e8;
        }
    }
    return 0;
}

/* Fills waiting orders that a recorded trade met: better prices first, then its own price. */
static void meet_orders(
    sim_core *sim, sim_symbol *symbol, int64_t price_e8, int64_t qty_e8, cb_side taker_side)
{
    sim_side *side = sim_book_side(symbol, opposite(taker_side));
    while (qty_e8 >= symbol->spec.step_e8) {
        const int64_t best_e8 = best_order_price(side);
        if (best_e8 == 0 || sim_price_is_better(side->side, price_e8, best_e8)) {
            return;
        }
        const int64_t before_e8 = qty_e8;
        const bool is_through = best_e8 != price_e8;
        qty_e8 = walk_level(sim, symbol, side, best_e8, qty_e8, is_through);
        if (!is_through || qty_e8 == before_e8) {
            return;
        }
    }
}

void sim_replay_trade(sim_core *sim,
    uint32_t symbol_index,
    int64_t price_e8,
    int64_t qty_e8,
    cb_side taker_side,
    uint64_t trade_id)
{
    CB_ASSERT(symbol_index < sim->symbols_count);
    CB_ASSERT(sim->config.is_replay);
    sim_symbol *symbol = &sim->symbols[symbol_index];
    if (trade_id == 0) {
        trade_id = symbol->trades_count + 1;
    }
    symbol->trades_count = trade_id > symbol->trades_count ? trade_id : symbol->trades_count;
    sim_house_restore(sim, symbol_index);
    meet_orders(sim, symbol, price_e8, qty_e8, taker_side);
    sim_history_print(sim, symbol, price_e8, qty_e8, taker_side, trade_id);
    sim_finish(sim, symbol);
}

/* House quantity that comes to a price first meets waiting orders of the other side. Returns what
 * is left to be shown. */
static int64_t sweep_orders(
    sim_core *sim, sim_symbol *symbol, cb_side side, int64_t price_e8, int64_t qty_e8)
{
    sim_side *other = sim_book_side(symbol, opposite(side));
    while (qty_e8 >= symbol->spec.step_e8) {
        const int64_t best_e8 = best_order_price(other);
        if (best_e8 == 0 || !sim_price_crosses(side, price_e8, best_e8)) {
            break;
        }
        const int64_t before_e8 = qty_e8;
        qty_e8 = walk_level(sim, symbol, other, best_e8, qty_e8, true);
        if (qty_e8 == before_e8) {
            break;
        }
    }
    return qty_e8;
}

void sim_house_set(
    sim_core *sim, uint32_t symbol_index, cb_side side_name, int64_t price_e8, int64_t qty_e8)
{
    CB_ASSERT(symbol_index < sim->symbols_count);
    CB_ASSERT(qty_e8 >= 0);
    sim_symbol *symbol = &sim->symbols[symbol_index];
    sim_side *side = sim_book_side(symbol, side_name);
    qty_e8 = floor_step(qty_e8, symbol->spec.step_e8);
    const int64_t left_e8 = sweep_orders(sim, symbol, side_name, price_e8, qty_e8);
    sim_level *level =
        left_e8 == 0 ? sim_book_find(side, price_e8) : sim_book_level(side, price_e8);
    if (level == NULL || level->house_e8 == left_e8) {
        return;
    }
    level->house_e8 = left_e8;
    if (symbol->is_house_fixed) {
        /* A real book: what stands before an order can only be what is there. */
        for (uint32_t i = level->first; i != SIM_NONE; i = sim->orders[i].level_next) {
            sim_order *order = &sim->orders[i];
            order->ahead_e8 = order->ahead_e8 > left_e8 ? left_e8 : order->ahead_e8;
        }
    }
    sim_book_touch(symbol, side_name, price_e8);
    sim_book_drop_empty(side, price_e8);
}

void sim_house_restore(sim_core *sim, uint32_t symbol_index)
{
    CB_ASSERT(symbol_index < sim->symbols_count);
    sim_symbol *symbol = &sim->symbols[symbol_index];
    const uint32_t count = symbol->consumed_count;
    symbol->consumed_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const sim_consumed *consumed = &symbol->consumed[i];
        const sim_level *level =
            sim_book_find(sim_book_side(symbol, consumed->side), consumed->price_e8);
        const int64_t shown_e8 = level == NULL ? 0 : level->house_e8;
        sim_house_set(
            sim, symbol_index, consumed->side, consumed->price_e8, shown_e8 + consumed->qty_e8);
    }
}

static void clear_side(sim_core *sim, sim_symbol *symbol, cb_side side_name)
{
    sim_side *side = sim_book_side(symbol, side_name);
    uint32_t at = side->count;
    while (at > 0) {
        at--;
        const int64_t price_e8 = side->levels[at].price_e8;
        if (side->levels[at].house_e8 != 0) {
            sim_house_set(sim, symbol->index, side_name, price_e8, 0);
        }
    }
}

void sim_house_clear(sim_core *sim, uint32_t symbol_index)
{
    CB_ASSERT(symbol_index < sim->symbols_count);
    sim_symbol *symbol = &sim->symbols[symbol_index];
    symbol->consumed_count = 0;
    clear_side(sim, symbol, CB_SIDE_BUY);
    clear_side(sim, symbol, CB_SIDE_SELL);
}

/* Whether a price is one of count levels from best on; then it keeps its place. */
static bool is_in_ladder(
    cb_side side, int64_t price_e8, int64_t best_e8, int64_t gap_e8, uint32_t count)
{
    const int64_t away_e8 = side == CB_SIDE_BUY ? best_e8 - price_e8 : price_e8 - best_e8;
    return away_e8 >= 0 && away_e8 % gap_e8 == 0 && away_e8 / gap_e8 < (int64_t)count;
}

/* Takes away what does not belong to the new ladder, so that the new levels never cross old ones.
 */
static void prune_side(sim_core *sim,
    sim_symbol *symbol,
    cb_side side_name,
    int64_t best_e8,
    int64_t gap_e8,
    uint32_t count)
{
    sim_side *side = sim_book_side(symbol, side_name);
    uint32_t at = side->count;
    while (at > 0) {
        at--;
        const sim_level *level = &side->levels[at];
        if (level->house_e8 != 0 &&
            !is_in_ladder(side_name, level->price_e8, best_e8, gap_e8, count)) {
            sim_house_set(sim, symbol->index, side_name, level->price_e8, 0);
        }
    }
}

static void build_side(sim_core *sim,
    sim_symbol *symbol,
    cb_side side,
    int64_t best_e8,
    int64_t gap_e8,
    const sim_synthetic *shape)
{
    for (uint32_t i = 0; i < shape->levels; i++) {
        const int64_t away_e8 = (int64_t)i * gap_e8;
        const int64_t price_e8 = side == CB_SIDE_BUY ? best_e8 - away_e8 : best_e8 + away_e8;
        int64_t qty_e8 = 0;
        if (price_e8 <= 0 ||
            cb_div_e8(shape->depth_quote_e8, price_e8, CB_ROUND_DOWN, &qty_e8, NULL) != CB_OK) {
            return;
        }
        qty_e8 = floor_step(qty_e8, symbol->spec.step_e8);
        sim_house_set(
            sim, symbol->index, side, price_e8, qty_e8 == 0 ? symbol->spec.step_e8 : qty_e8);
    }
}

void sim_house_synthetic(sim_core *sim,
    uint32_t symbol_index,
    const sim_synthetic *shape,
    int64_t price_e8,
    cb_side taker_side)
{
    CB_ASSERT(symbol_index < sim->symbols_count);
    CB_ASSERT(shape->levels <= SIM_SYNTHETIC_LEVELS_MAX);
    sim_symbol *symbol = &sim->symbols[symbol_index];
    const int64_t tick_e8 = symbol->spec.tick_e8;
    const int64_t spread_e8 = (int64_t)shape->spread_ticks * tick_e8;
    const int64_t gap_e8 = (int64_t)shape->gap_ticks * tick_e8;
    const int64_t bid_e8 = taker_side == CB_SIDE_SELL ? price_e8 : price_e8 - spread_e8;
    const int64_t ask_e8 = taker_side == CB_SIDE_SELL ? price_e8 + spread_e8 : price_e8;
    symbol->consumed_count = 0;
    prune_side(sim, symbol, CB_SIDE_BUY, bid_e8, gap_e8, shape->levels);
    prune_side(sim, symbol, CB_SIDE_SELL, ask_e8, gap_e8, shape->levels);
    build_side(sim, symbol, CB_SIDE_BUY, bid_e8, gap_e8, shape);
    build_side(sim, symbol, CB_SIDE_SELL, ask_e8, gap_e8, shape);
    sim_finish(sim, symbol);
}

void sim_tell_ticker(sim_core *sim, sim_symbol *symbol)
{
    const sim_level *bid = sim_book_best_const(&symbol->bids);
    const sim_level *ask = sim_book_best_const(&symbol->asks);
    if (symbol->is_house_fixed) {
        return; /* the recorded frames tell it */
    }
    const int64_t now_e8[4] = {
        bid == NULL ? 0 : bid->price_e8,
        bid == NULL ? 0 : bid->house_e8 + bid->orders_e8,
        ask == NULL ? 0 : ask->price_e8,
        ask == NULL ? 0 : ask->house_e8 + ask->orders_e8,
    };
    bool is_same = true;
    for (uint32_t i = 0; i < 4; i++) {
        is_same = is_same && now_e8[i] == symbol->ticker_e8[i];
        symbol->ticker_e8[i] = now_e8[i];
    }
    if (is_same || bid == NULL || ask == NULL) {
        return;
    }
    symbol->ticker_update_id = symbol->update_id;
    sim_event event = {.type = SIM_EVENT_TICKER, .symbol = symbol->index};
    sim_emit(sim, &event);
}

static void flush_set(sim_core *sim, sim_symbol *symbol, sim_changes *changes, bool is_slow)
{
    if (changes->update_first == 0) {
        return;
    }
    sim_event event = {
        .type = SIM_EVENT_DEPTH,
        .symbol = symbol->index,
        .is_slow = is_slow,
        .update_first = changes->update_first,
        .update_last = symbol->update_id,
    };
    sim_emit(sim, &event);
    changes->update_first = 0;
    changes->counts[0] = 0;
    changes->counts[1] = 0;
}

void sim_flush(sim_core *sim, uint32_t symbol_index, bool is_slow)
{
    CB_ASSERT(symbol_index < sim->symbols_count);
    sim_symbol *symbol = &sim->symbols[symbol_index];
    sim_tell_ticker(sim, symbol);
    flush_set(sim, symbol, &symbol->fast, false);
    if (is_slow) {
        flush_set(sim, symbol, &symbol->slow, true);
    }
}
