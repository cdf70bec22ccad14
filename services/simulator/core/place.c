/* From a request to an order and its life: checks, placing, working, triggers, cancels. */
#include <string.h>

#include "base/assert.h"
#include "services/simulator/core/accounts.h"
#include "services/simulator/core/book.h"
#include "services/simulator/core/filters.h"
#include "services/simulator/core/history.h"
#include "services/simulator/core/lists.h"
#include "services/simulator/core/house.h"
#include "services/simulator/core/match.h"
#include "services/simulator/core/orders.h"
#include "services/simulator/core/place.h"

#define CODE_REJECTED (-2010)
#define CODE_CANCEL_REJECTED (-2011)
#define CODE_OVERLOADED (-1008)

static bool is_price_crossing_book(const sim_core *sim, const sim_new_order *request)
{
    const cb_side other = request->side == CB_SIDE_BUY ? CB_SIDE_SELL : CB_SIDE_BUY;
    const sim_level *best =
        sim_book_best_const(sim_book_side_const(&sim->symbols[request->symbol], other));
    return best != NULL && sim_price_crosses(request->side, request->price_e8, best->price_e8);
}

/* True when the last price has reached the trigger. BUY stops and SELL take-profits wait above. */
static bool is_triggered(cb_order_type type, cb_side side, int64_t stop_e8, int64_t last_e8)
{
    const bool is_stop_loss =
        type == CB_ORDER_TYPE_STOP_LOSS || type == CB_ORDER_TYPE_STOP_LOSS_LIMIT;
    const bool is_above = is_stop_loss == (side == CB_SIDE_BUY);
    if (last_e8 == 0) {
        return false;
    }
    return is_above ? last_e8 >= stop_e8 : last_e8 <= stop_e8;
}

static bool check_status(const sim_symbol *symbol, sim_refusal *refusal)
{
    if (symbol->status != SIM_SYMBOL_TRADING) {
        return sim_refuse(refusal, CODE_REJECTED, "Market is closed.");
    }
    return true;
}

static bool is_client_id_taken(const sim_core *sim, const sim_new_order *request)
{
    if (request->client_id[0] == '\0' || sim->client_ids == SIM_CLIENT_IDS_NONE) {
        return false;
    }
    const bool is_open_only = sim->client_ids == SIM_CLIENT_IDS_OPEN;
    return sim_find_client(
               sim, request->account, request->symbol, request->client_id, is_open_only) !=
           SIM_NONE;
}

bool sim_check_order(const sim_core *sim, const sim_new_order *request, sim_refusal *refusal)
{
    CB_ASSERT(request->symbol < sim->symbols_count);
    CB_ASSERT(request->account < sim->accounts_count);
    const sim_symbol *symbol = &sim->symbols[request->symbol];
    if (!check_status(symbol, refusal) || !sim_filters_check(sim, request, refusal) ||
        !sim_filters_count(sim, request, refusal)) {
        return false;
    }
    if (is_client_id_taken(sim, request)) {
        return sim_refuse(refusal, CODE_REJECTED, "Duplicate order sent.");
    }
    if (sim_type_is_stop(request->type) && request->trailing_bips == 0 &&
        is_triggered(request->type, request->side, request->stop_price_e8, symbol->last_price_e8)) {
        return sim_refuse(refusal, CODE_REJECTED, "Order would trigger immediately.");
    }
    if (request->type == CB_ORDER_TYPE_LIMIT_MAKER && is_price_crossing_book(sim, request)) {
        return sim_refuse(refusal, CODE_REJECTED, "Order would immediately match and take.");
    }
    return true;
}

/* What the order ties up while it waits; for market orders what it will need at once. */
static bool funds_needed(const sim_core *sim, const sim_new_order *request, int64_t *out_e8)
{
    if (request->type == CB_ORDER_TYPE_MARKET) {
        const sim_reach reach = sim_match_reach(sim, request, 0);
        if (request->side == CB_SIDE_SELL) {
            *out_e8 = request->quote_qty_e8 > 0 ? reach.qty_e8 : request->qty_e8;
        } else {
            *out_e8 = request->quote_qty_e8 > 0 ? request->quote_qty_e8 : reach.quote_e8;
        }
        return true;
    }
    if (request->side == CB_SIDE_SELL) {
        *out_e8 = request->qty_e8;
        return true;
    }
    int64_t price_e8 =
        sim_type_is_market(request->type) ? request->stop_price_e8 : request->price_e8;
    price_e8 = price_e8 == 0 ? sim->symbols[request->symbol].last_price_e8 : price_e8;
    return sim_quote_lock(price_e8, request->qty_e8, out_e8);
}

static bool has_room(const sim_core *sim, const sim_new_order *request, sim_refusal *refusal)
{
    const sim_side *side = sim_book_side_const(&sim->symbols[request->symbol], request->side);
    const bool is_trade_room = sim->trades_count < sim->config.trades_max / 4 * 3;
    if (side->count >= SIM_LEVELS_MAX - 1 || !is_trade_room) {
        return sim_refuse(refusal,
            CODE_OVERLOADED,
            "Server is currently overloaded with other requests. Please try again in a few "
            "minutes.");
    }
    return true;
}

static void expire(sim_core *sim, uint32_t index)
{
    sim_order_close(sim, index, SIM_STATUS_EXPIRED);
    sim_report(sim, index, SIM_EXECUTION_EXPIRED);
}

/* The state in which an order by quote size ends. */
static void end_quote_sized(sim_core *sim, uint32_t index)
{
    sim_order *order = &sim->orders[index];
    const sim_symbol *symbol = &sim->symbols[order->symbol];
    const cb_side other = order->side == CB_SIDE_BUY ? CB_SIDE_SELL : CB_SIDE_BUY;
    const sim_level *best = sim_book_best_const(sim_book_side_const(symbol, other));
    /* Liquidity is left and it did not take it: what remains buys no whole lot. */
    if (order->executed_e8 > 0 && best != NULL) {
        sim_order_close(sim, index, SIM_STATUS_FILLED);
        return;
    }
    expire(sim, index);
}

/* Takes what it can, then rests or expires. The lock has been made before. */
static void work(sim_core *sim, uint32_t index)
{
    sim_order *order = &sim->orders[index];
    CB_ASSERT(order->is_open);
    CB_ASSERT(!order->is_on_book);
    order->working_ns = sim_venue_ns(sim);
    if (order->tif == CB_TIF_FOK) {
        const sim_new_order request = {
            .symbol = order->symbol,
            .account = order->account,
            .side = order->side,
            .stp = order->stp,
            .qty_e8 = order->qty_e8,
        };
        if (sim_match_reach(sim, &request, order->price_e8).qty_e8 < order->qty_e8) {
            expire(sim, index);
            return;
        }
    }
    sim_match(sim, index);
    if (!order->is_open) {
        return;
    }
    if (order->quote_qty_e8 > 0) {
        end_quote_sized(sim, index);
        return;
    }
    if (sim_type_is_market(order->type) || order->tif != CB_TIF_GTC) {
        expire(sim, index);
        return;
    }
    if (!sim_book_add(sim, index)) {
        expire(sim, index);
    }
}

/* Follows the last price; the price at which the order acts now, 0 while it does not follow yet. A
 * stop price beside the distance is where following begins. */
static int64_t trail(sim_core *sim, sim_order *order, int64_t last_e8)
{
    const bool is_stop_loss =
        order->type == CB_ORDER_TYPE_STOP_LOSS || order->type == CB_ORDER_TYPE_STOP_LOSS_LIMIT;
    const bool is_above = is_stop_loss == (order->side == CB_SIDE_BUY);
    if (last_e8 == 0) {
        return 0;
    }
    if (order->trail_e8 == 0) {
        if (order->stop_price_e8 > 0 &&
            !is_triggered(order->type, order->side, order->stop_price_e8, last_e8)) {
            return 0;
        }
        order->trail_e8 = last_e8;
        order->trailing_ns = sim_venue_ns(sim);
    }
    const bool is_better = is_above ? last_e8 < order->trail_e8 : last_e8 > order->trail_e8;
    order->trail_e8 = is_better ? last_e8 : order->trail_e8;
    const int64_t distance_e8 = order->trail_e8 / 10000 * order->trailing_bips;
    return is_above ? order->trail_e8 + distance_e8 : order->trail_e8 - distance_e8;
}

static bool is_due(sim_core *sim, sim_order *order, int64_t last_e8)
{
    if (order->trailing_bips == 0) {
        return is_triggered(order->type, order->side, order->stop_price_e8, last_e8);
    }
    const int64_t level_e8 = trail(sim, order, last_e8);
    return level_e8 > 0 && is_triggered(order->type, order->side, level_e8, last_e8);
}

/* A stop's time has come: from here on it is the order that it hides. */
static void trigger(sim_core *sim, uint32_t index)
{
    sim_order *order = &sim->orders[index];
    sim_stop_remove(sim, index);
    if (!sim_list_before_work(sim, index)) {
        return;
    }
    if (sim_type_is_market(order->type) && order->locked_e8 > 0) {
        sim_unlock(sim, order->account, sim_order_asset(sim, order), order->locked_e8);
        order->locked_e8 = 0;
    }
    order->updated_ns = sim_venue_ns(sim);
    order->working_ns = sim_venue_ns(sim);
    sim_report(sim, index, SIM_EXECUTION_NEW);
    if (sim_type_is_market(order->type) && order->side == CB_SIDE_BUY) {
        const sim_new_order request = {
            .symbol = order->symbol,
            .account = order->account,
            .side = order->side,
            .stp = order->stp,
            .qty_e8 = order->qty_e8,
        };
        const int64_t cost_e8 = sim_match_reach(sim, &request, 0).quote_e8;
        if (cost_e8 > sim_free(sim, order->account, sim_order_asset(sim, order))) {
            expire(sim, index); /* the price ran away from the money that was set aside */
            return;
        }
    }
    work(sim, index);
}

/* Triggers stops until none is left to trigger. Each pass ends one, so it ends. */
static void run_stops(sim_core *sim, sim_symbol *symbol)
{
    uint32_t index = symbol->stop_first;
    while (index != SIM_NONE) {
        sim_order *order = &sim->orders[index];
        if (is_due(sim, order, symbol->last_price_e8)) {
            trigger(sim, index);
            sim_history_end_aggregate(sim, symbol);
            index = symbol->stop_first;
        } else {
            index = order->stop_next;
        }
    }
}

void sim_finish(sim_core *sim, sim_symbol *symbol)
{
    sim_history_end_aggregate(sim, symbol);
    sim_lists_settle(sim, symbol->index);
    run_stops(sim, symbol);
    sim_lists_settle(sim, symbol->index);
    sim_report_accounts(sim);
    if (symbol->fast.counts[0] > SIM_LEVELS_MAX || symbol->fast.counts[1] > SIM_LEVELS_MAX ||
        symbol->slow.counts[0] > SIM_LEVELS_MAX || symbol->slow.counts[1] > SIM_LEVELS_MAX) {
        sim_flush(sim, symbol->index, true); /* the sets of changes must have room for a sweep */
    }
    if (!sim->is_deferred) {
        sim_tell_ticker(sim, symbol);
    }
}

static void fill_in(sim_core *sim, sim_order *order, const sim_new_order *request)
{
    order->symbol = request->symbol;
    order->side = request->side;
    order->type = request->type;
    order->tif = request->tif;
    order->stp = request->stp;
    order->qty_e8 = request->qty_e8;
    order->quote_qty_e8 = request->quote_qty_e8;
    order->price_e8 = request->price_e8;
    order->stop_price_e8 = request->stop_price_e8;
    order->trailing_bips = request->trailing_bips;
    order->status = SIM_STATUS_NEW;
    order->created_ns = sim_venue_ns(sim);
    order->updated_ns = sim_venue_ns(sim);
    if (request->client_id[0] != '\0') {
        memcpy(order->client_id, request->client_id, sizeof(order->client_id));
    } else if (sim->accounts[order->account].has_history) {
        sim_make_client_id(sim, order->client_id);
    }
}

uint32_t sim_make_order(sim_core *sim, const sim_new_order *request)
{
    const uint32_t index = sim_order_alloc(sim, request->account);
    if (index == SIM_NONE) {
        return SIM_NONE;
    }
    fill_in(sim, &sim->orders[index], request);
    sim_order_register(sim, index);
    sim_order_open(sim, index);
    return index;
}

void sim_start_order(sim_core *sim, uint32_t index)
{
    sim_order *order = &sim->orders[index];
    CB_ASSERT(order->is_open);
    if (!sim_type_is_stop(order->type)) {
        work(sim, index);
        return;
    }
    sim_stop_add(sim, index);
    if (order->trailing_bips > 0) {
        (void)trail(sim, order, sim->symbols[order->symbol].last_price_e8);
    }
}

bool sim_place(
    sim_core *sim, const sim_new_order *request, uint32_t *out_order, sim_refusal *refusal)
{
    int64_t funds_e8 = 0;
    CB_ASSERT(request->qty_e8 > 0 || request->quote_qty_e8 > 0);
    if (!sim_check_order(sim, request, refusal) || !has_room(sim, request, refusal)) {
        return false;
    }
    sim_symbol *symbol = &sim->symbols[request->symbol];
    const uint32_t asset = request->side == CB_SIDE_BUY ? symbol->quote_asset : symbol->base_asset;
    if (!funds_needed(sim, request, &funds_e8) ||
        funds_e8 > sim_free(sim, request->account, asset)) {
        return sim_refuse(
            refusal, CODE_REJECTED, "Account has insufficient balance for requested action.");
    }
    const uint32_t index = sim_make_order(sim, request);
    if (index == SIM_NONE) {
        return sim_refuse(refusal,
            CODE_OVERLOADED,
            "Server is currently overloaded with other requests. Please try again in a few "
            "minutes.");
    }
    sim_order *order = &sim->orders[index];
    if (request->type != CB_ORDER_TYPE_MARKET) {
        const bool locked = sim_lock(sim, request->account, asset, funds_e8);
        CB_ASSERT(locked);
        order->locked_e8 = funds_e8;
    }
    *out_order = index;
    order->working_ns = sim_type_is_stop(order->type) ? 0 : sim_venue_ns(sim);
    sim_report(sim, index, SIM_EXECUTION_NEW);
    sim_start_order(sim, index);
    sim_finish(sim, symbol);
    if (!order->is_open) {
        sim_order_forget(sim, index);
    }
    return true;
}

void sim_cancel_leg(sim_core *sim, uint32_t index, const char *cancel_id)
{
    sim_order *order = &sim->orders[index];
    CB_ASSERT(order->is_open);
    sim_order_close(sim, index, SIM_STATUS_CANCELED);
    if (!sim->accounts[order->account].has_history) {
        sim_order_forget(sim, index);
        return;
    }
    sim_event event = {
        .type = SIM_EVENT_EXECUTION,
        .symbol = order->symbol,
        .account = order->account,
        .order = order,
        .execution = SIM_EXECUTION_CANCELED,
        .cancel_id = cancel_id,
    };
    sim_emit(sim, &event);
}

bool sim_cancel(sim_core *sim,
    uint32_t index,
    const char *cancel_id,
    char cancel_id_out[SIM_CLIENT_ID_SIZE],
    sim_refusal *refusal)
{
    if (index == SIM_NONE || !sim->orders[index].is_open) {
        return sim_refuse(refusal, CODE_CANCEL_REJECTED, "Unknown order sent.");
    }
    sim_order *order = &sim->orders[index];
    sim_symbol *symbol = &sim->symbols[order->symbol];
    const uint32_t list = order->list;
    cancel_id_out[0] = '\0';
    if (sim->accounts[order->account].has_history) {
        if (cancel_id[0] == '\0') {
            sim_make_client_id(sim, cancel_id_out);
        } else {
            memcpy(cancel_id_out, cancel_id, strlen(cancel_id) + 1);
        }
    }
    if (list != SIM_NONE) {
        /* One order of a list takes the others with it. */
        return sim_cancel_list(sim, list, cancel_id_out, refusal);
    }
    sim_cancel_leg(sim, index, cancel_id_out);
    sim_finish(sim, symbol);
    return true;
}

bool sim_amend(sim_core *sim, uint32_t index, int64_t qty_e8, sim_refusal *refusal)
{
    if (index == SIM_NONE || !sim->orders[index].is_open) {
        return sim_refuse(refusal, CODE_CANCEL_REJECTED, "Unknown order sent.");
    }
    sim_order *order = &sim->orders[index];
    sim_symbol *symbol = &sim->symbols[order->symbol];
    if (!order->is_on_book || order->list != SIM_NONE ||
        qty_e8 <= order->executed_e8 + order->prevented_e8 || qty_e8 >= order->qty_e8) {
        return sim_refuse(refusal, -2038, "Order amend (quantity increase) is not supported.");
    }
    if (qty_e8 % symbol->shown.step_e8 != 0) {
        return sim_refuse(refusal, -1013, "Filter failure: LOT_SIZE");
    }
    sim_level *level = sim_book_find(sim_book_side(symbol, order->side), order->price_e8);
    CB_ASSERT(level != NULL);
    level->orders_e8 -= order->qty_e8 - qty_e8;
    order->qty_e8 = qty_e8;
    int64_t keep_e8 = sim_order_left(order);
    if (order->side == CB_SIDE_BUY) {
        const bool fits = sim_quote_lock(order->price_e8, keep_e8, &keep_e8);
        CB_ASSERT(fits);
    }
    sim_unlock(sim, order->account, sim_order_asset(sim, order), order->locked_e8 - keep_e8);
    order->locked_e8 = keep_e8;
    order->updated_ns = sim_venue_ns(sim);
    sim_report(sim, index, SIM_EXECUTION_REPLACED);
    sim_book_touch(symbol, order->side, order->price_e8);
    sim_finish(sim, symbol);
    return true;
}
