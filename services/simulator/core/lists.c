/* Order lists. The orders of a list are orders like others; what is special is when they begin,
 * what one's fill or trigger does to the other, and that a sell pair ties up its base asset once (a
 * buy pair ties up both prices: more than Binance does, never less). */
#include "services/simulator/core/lists.h"

#include <string.h>

#include "base/assert.h"
#include "services/simulator/core/accounts.h"
#include "services/simulator/core/match.h"
#include "services/simulator/core/orders.h"
#include "services/simulator/core/place.h"

#define CODE_REJECTED (-2010)

const char *sim_list_kind(const sim_list *list)
{
    return list->has_working ? "OTO" : "OCO";
}

uint64_t sim_order_list_id(const sim_core *sim, const sim_order *order)
{
    return order->list == SIM_NONE ? 0 : sim->lists[order->list].id;
}

uint32_t sim_find_list(const sim_core *sim, uint32_t account, uint64_t id, const char *client_id)
{
    for (uint32_t i = sim->lists_count; i > 0; i--) {
        const sim_list *list = &sim->lists[i - 1];
        const bool is_it = id != 0 ? list->id == id : strcmp(list->client_id, client_id) == 0;
        if (list->account == account && is_it) {
            return i - 1;
        }
    }
    return SIM_NONE;
}

/* ---- checks ---- */

/* The pair's limit and stop on their sides of the last price. */
static bool check_prices(const sim_core *sim,
    const sim_new_order *limit,
    const sim_new_order *stop,
    sim_refusal *refusal)
{
    const int64_t last_e8 = sim->symbols[limit->symbol].last_price_e8;
    const int64_t stop_e8 = stop->stop_price_e8 > 0 ? stop->stop_price_e8 : last_e8;
    const bool is_sell = limit->side == CB_SIDE_SELL;
    const bool is_limit_right = is_sell ? limit->price_e8 > last_e8 : limit->price_e8 < last_e8;
    const bool is_stop_right = is_sell ? stop_e8 <= last_e8 : stop_e8 >= last_e8;
    if (last_e8 != 0 && (!is_limit_right || !is_stop_right)) {
        return sim_refuse(refusal,
            CODE_REJECTED,
            "The relationship of the prices for the orders is not correct.");
    }
    return true;
}

/* What a leg locks when it begins to wait; the stop of a sell pair shares its limit's lock. */
static bool leg_funds(const sim_core *sim, const sim_new_order *leg, int64_t *out_e8)
{
    const sim_symbol *symbol = &sim->symbols[leg->symbol];
    if (leg->side == CB_SIDE_SELL) {
        *out_e8 = sim_type_is_stop(leg->type) ? 0 : leg->qty_e8;
        return true;
    }
    int64_t price_e8 = sim_type_is_market(leg->type) ? leg->stop_price_e8 : leg->price_e8;
    price_e8 = price_e8 == 0 ? symbol->last_price_e8 : price_e8;
    return sim_quote_lock(price_e8, leg->qty_e8, out_e8);
}

static bool check_funds(
    const sim_core *sim, const sim_new_list *request, uint32_t first, sim_refusal *refusal)
{
    int64_t sum_e8 = 0;
    const sim_new_order *any = &request->orders[first];
    const sim_symbol *symbol = &sim->symbols[any->symbol];
    const uint32_t last = request->has_working ? first + 1 : request->orders_count;
    for (uint32_t i = first; i < last; i++) {
        int64_t funds_e8 = 0;
        if (!leg_funds(sim, &request->orders[i], &funds_e8) ||
            __builtin_add_overflow(sum_e8, funds_e8, &sum_e8)) {
            sum_e8 = INT64_MAX;
        }
    }
    const uint32_t asset = any->side == CB_SIDE_BUY ? symbol->quote_asset : symbol->base_asset;
    if (sum_e8 > sim_free(sim, any->account, asset)) {
        return sim_refuse(
            refusal, CODE_REJECTED, "Account has insufficient balance for requested action.");
    }
    return true;
}

static bool check_list(const sim_core *sim, const sim_new_list *request, sim_refusal *refusal)
{
    const uint32_t pair = request->has_working ? 1 : 0;
    const uint32_t checked = request->has_working ? 1 : request->orders_count;
    if (sim->lists_count == SIM_LISTS_MAX || sim->lists_open_count == SIM_LISTS_OPEN_MAX) {
        return sim_refuse(refusal, -1013, "Filter failure: MAX_NUM_ORDER_LISTS");
    }
    for (uint32_t i = 0; i < checked; i++) {
        if (!sim_check_order(sim, &request->orders[i], refusal)) {
            return false;
        }
    }
    if (!request->has_working &&
        !check_prices(sim, &request->orders[pair], &request->orders[pair + 1], refusal)) {
        return false;
    }
    return check_funds(sim, request, 0, refusal);
}

/* ---- telling ---- */

static void tell_list(sim_core *sim, uint32_t index)
{
    const sim_list *list = &sim->lists[index];
    if (!sim->accounts[list->account].has_history) {
        return;
    }
    sim_event event = {
        .type = SIM_EVENT_LIST, .symbol = list->symbol, .account = list->account, .list = list};
    sim_emit(sim, &event);
}

/* ---- beginning ---- */

/* Locks for an order of its own and lets it wait or work; it ends when it cannot be paid. */
static void begin_leg(sim_core *sim, uint32_t index, bool is_pair)
{
    sim_order *order = &sim->orders[index];
    int64_t funds_e8 = 0;
    const bool shares = is_pair && order->side == CB_SIDE_SELL && sim_type_is_stop(order->type);
    const sim_new_order leg = {.symbol = order->symbol,
        .side = order->side,
        .type = order->type,
        .qty_e8 = order->qty_e8,
        .price_e8 = order->price_e8,
        .stop_price_e8 = order->stop_price_e8};
    const bool is_known = leg_funds(sim, &leg, &funds_e8);
    funds_e8 = order->side == CB_SIDE_SELL ? (shares ? 0 : order->qty_e8) : funds_e8;
    if (order->type == CB_ORDER_TYPE_MARKET) {
        funds_e8 = 0; /* it takes what is free */
    }
    order->status = SIM_STATUS_NEW;
    if (!is_known || !sim_lock(sim, order->account, sim_order_asset(sim, order), funds_e8)) {
        sim_order_close(sim, index, SIM_STATUS_EXPIRED);
        sim_report(sim, index, SIM_EXECUTION_EXPIRED);
        return;
    }
    order->locked_e8 = funds_e8;
    order->working_ns = sim_type_is_stop(order->type) ? 0 : sim_venue_ns(sim);
    sim_report(sim, index, SIM_EXECUTION_NEW);
    sim_start_order(sim, index);
}

static uint32_t open_list(sim_core *sim, const sim_new_list *request)
{
    const uint32_t index = sim->lists_count++;
    sim_list *list = &sim->lists[index];
    *list = (sim_list){.id = index + 1,
        .symbol = request->orders[0].symbol,
        .account = request->orders[0].account,
        .has_working = request->has_working,
        .is_open = true,
        .orders_count = request->orders_count,
        .ts_ns = sim_venue_ns(sim)};
    if (request->client_id[0] != '\0') {
        memcpy(list->client_id, request->client_id, sizeof(list->client_id));
    } else {
        sim_make_client_id(sim, list->client_id);
    }
    sim->lists_open[sim->lists_open_count++] = index;
    return index;
}

bool sim_place_list(
    sim_core *sim, const sim_new_list *request, uint32_t *out_list, sim_refusal *refusal)
{
    CB_ASSERT(request->orders_count >= 2 && request->orders_count <= SIM_LIST_ORDERS_MAX);
    if (!check_list(sim, request, refusal)) {
        return false;
    }
    if (sim->orders_count + request->orders_count > sim->config.orders_max) {
        return sim_refuse(refusal, -1008, "Server is currently overloaded with other requests.");
    }
    const uint32_t index = open_list(sim, request);
    sim_list *list = &sim->lists[index];
    for (uint32_t i = 0; i < request->orders_count; i++) {
        list->orders[i] = sim_make_order(sim, &request->orders[i]);
        CB_ASSERT(list->orders[i] != SIM_NONE);
        sim_order *order = &sim->orders[list->orders[i]];
        order->list = index;
        order->status = request->has_working && i > 0 ? SIM_STATUS_PENDING_NEW : SIM_STATUS_NEW;
    }
    tell_list(sim, index);
    for (uint32_t i = 0; i < request->orders_count; i++) {
        if (request->has_working && i > 0) {
            sim_report(sim, list->orders[i], SIM_EXECUTION_NEW);
        } else {
            begin_leg(sim, list->orders[i], !request->has_working);
        }
    }
    *out_list = index;
    sim_finish(sim, &sim->symbols[list->symbol]);
    return true;
}

/* ---- what one order does to the others ---- */

static void expire(sim_core *sim, uint32_t index)
{
    if (sim->orders[index].is_open) {
        sim_order_close(sim, index, SIM_STATUS_EXPIRED);
        sim_report(sim, index, SIM_EXECUTION_EXPIRED);
    }
}

/* The two of a pair: the first of an OCO, the later ones of an OTOCO; false when there is none. */
static bool pair_of(const sim_list *list, uint32_t *limit, uint32_t *stop)
{
    const uint32_t first = list->has_working ? 1 : 0;
    if (list->orders_count - first < 2) {
        return false;
    }
    *limit = list->orders[first];
    *stop = list->orders[first + 1];
    return true;
}

bool sim_list_before_work(sim_core *sim, uint32_t index)
{
    sim_order *order = &sim->orders[index];
    uint32_t limit = SIM_NONE;
    uint32_t stop = SIM_NONE;
    if (order->list == SIM_NONE || !pair_of(&sim->lists[order->list], &limit, &stop) ||
        index != stop) {
        return true;
    }
    expire(sim, limit);
    if (order->side != CB_SIDE_SELL || sim_type_is_market(order->type)) {
        return true;
    }
    const int64_t left_e8 = sim_order_left(order);
    if (!sim_lock(sim, order->account, sim_order_asset(sim, order), left_e8)) {
        expire(sim, index);
        return false;
    }
    order->locked_e8 = left_e8;
    return true;
}

static void settle_pair(sim_core *sim, uint32_t limit, uint32_t stop)
{
    const sim_order *first = &sim->orders[limit];
    const sim_order *second = &sim->orders[stop];
    if (first->status == SIM_STATUS_PENDING_NEW || second->status == SIM_STATUS_PENDING_NEW) {
        return;
    }
    const bool has_traded = first->executed_e8 > 0 || !first->is_open;
    if (has_traded && second->is_open && second->working_ns == 0) {
        expire(sim, stop);
    }
    if (!second->is_open && first->is_open && first->executed_e8 == 0) {
        expire(sim, limit);
    }
}

static void settle_working(sim_core *sim, const sim_list *list)
{
    const sim_order *working = &sim->orders[list->orders[0]];
    if (working->is_open) {
        return;
    }
    for (uint32_t i = 1; i < list->orders_count; i++) {
        sim_order *order = &sim->orders[list->orders[i]];
        if (!order->is_open || order->status != SIM_STATUS_PENDING_NEW) {
            continue;
        }
        if (working->status == SIM_STATUS_FILLED) {
            begin_leg(sim, list->orders[i], list->orders_count > 2);
        } else {
            expire(sim, list->orders[i]);
        }
    }
}

static bool is_over(const sim_core *sim, const sim_list *list)
{
    for (uint32_t i = 0; i < list->orders_count; i++) {
        if (sim->orders[list->orders[i]].is_open) {
            return false;
        }
    }
    return true;
}

void sim_lists_settle(sim_core *sim, uint32_t symbol)
{
    for (uint32_t i = 0; i < sim->lists_open_count;) {
        const uint32_t index = sim->lists_open[i];
        sim_list *list = &sim->lists[index];
        uint32_t limit = SIM_NONE;
        uint32_t stop = SIM_NONE;
        if (list->symbol != symbol) {
            i++;
            continue;
        }
        if (list->has_working) {
            settle_working(sim, list);
        }
        if (pair_of(list, &limit, &stop)) {
            settle_pair(sim, limit, stop);
        }
        if (!is_over(sim, list)) {
            i++;
            continue;
        }
        list->is_open = false;
        list->ts_ns = sim_venue_ns(sim);
        sim->lists_open_count--;
        memmove(&sim->lists_open[i],
            &sim->lists_open[i + 1],
            (sim->lists_open_count - i) * sizeof(sim->lists_open[0]));
        tell_list(sim, index);
    }
}

bool sim_cancel_list(sim_core *sim, uint32_t index, const char *cancel_id, sim_refusal *refusal)
{
    if (index == SIM_NONE || !sim->lists[index].is_open) {
        return sim_refuse(refusal, -2011, "Unknown order list sent.");
    }
    const sim_list *list = &sim->lists[index];
    for (uint32_t i = 0; i < list->orders_count; i++) {
        if (sim->orders[list->orders[i]].is_open) {
            sim_cancel_leg(sim, list->orders[i], cancel_id);
        }
    }
    sim_finish(sim, &sim->symbols[list->symbol]);
    return true;
}
