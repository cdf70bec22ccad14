/* Orders, fills and user events in Binance's words. Prices and quantities are strings with eight
 * decimals, ids and times numbers, times in ms. */
#include "services/simulator/core/api/api.h"

#include "base/assert.h"
#include "services/simulator/core/lists.h"

static const char *asset_name(const sim_core *sim, uint32_t asset)
{
    CB_ASSERT(asset < sim->assets_count);
    return sim->assets[asset];
}

/* -1 for an order of no list, as Binance says it. */
static int64_t list_id(const sim_core *sim, const sim_order *order)
{
    const uint64_t id = sim_order_list_id(sim, order);
    return id == 0 ? -1 : (int64_t)id;
}

/* The quantity as told: an order by quote size has what it has taken. */
static void write_amounts(sim_json *out, const sim_order *order)
{
    sim_json_put_e8(out, "price", order->price_e8);
    sim_json_put_e8(out, "origQty", order->qty_e8);
    sim_json_put_e8(out, "executedQty", order->executed_e8);
    sim_json_put_e8(out, "origQuoteOrderQty", order->quote_qty_e8);
    sim_json_put_e8(out, "cummulativeQuoteQty", order->cum_quote_e8);
    sim_json_put_text(out, "status", sim_status_name(order->status));
    sim_json_put_text(out, "timeInForce", sim_tif_name(order->tif));
    sim_json_put_text(out, "type", sim_type_name(order->type));
    sim_json_put_text(out, "side", sim_side_name(order->side));
    if (order->stop_price_e8 > 0) {
        sim_json_put_e8(out, "stopPrice", order->stop_price_e8);
    }
    if (order->trailing_bips > 0) {
        sim_json_put_i64(out, "trailingDelta", order->trailing_bips);
        sim_json_put_i64(
            out, "trailingTime", order->trailing_ns == 0 ? -1 : order->trailing_ns / 1000000);
    }
}

static void write_prevention(sim_json *out, const sim_order *order)
{
    sim_json_put_text(out, "selfTradePreventionMode", sim_stp_name(order->stp));
    if (order->prevented_e8 > 0 || order->prevented_match_id > 0) {
        sim_json_put_u64(out, "preventedMatchId", order->prevented_match_id);
        sim_json_put_e8(out, "preventedQuantity", order->prevented_e8);
    }
}

static void write_fills(sim_json *out, const sim_core *sim, const sim_order *order)
{
    sim_json_key(out, "fills");
    sim_json_open(out, '[');
    for (uint32_t i = order->trade_first; i != SIM_NONE; i = sim->trades[i].order_next) {
        const sim_trade *trade = &sim->trades[i];
        sim_json_open(out, '{');
        sim_json_put_e8(out, "price", trade->price_e8);
        sim_json_put_e8(out, "qty", trade->qty_e8);
        sim_json_put_e8(out, "commission", trade->fee_e8);
        sim_json_put_text(out, "commissionAsset", asset_name(sim, trade->fee_asset));
        sim_json_put_u64(out, "tradeId", trade->id);
        sim_json_close(out, '}');
    }
    sim_json_close(out, ']');
}

void sim_write_new_order(
    sim_json *out, const sim_core *sim, const sim_order *order, sim_response_type type)
{
    CB_ASSERT(order->id > 0);
    sim_json_open(out, '{');
    sim_json_put_text(out, "symbol", sim->symbols[order->symbol].spec.symbol);
    sim_json_put_u64(out, "orderId", order->id);
    sim_json_put_i64(out, "orderListId", list_id(sim, order));
    sim_json_put_text(out, "clientOrderId", order->client_id);
    sim_json_put_ms(out, "transactTime", order->updated_ns);
    if (type != SIM_RESPONSE_ACK) {
        write_amounts(out, order);
        sim_json_put_i64(
            out, "workingTime", order->working_ns == 0 ? -1 : order->working_ns / 1000000);
        if (type == SIM_RESPONSE_FULL) {
            write_fills(out, sim, order);
        }
        write_prevention(out, order);
    }
    sim_json_close(out, '}');
}

void sim_write_canceled(
    sim_json *out, const sim_core *sim, const sim_order *order, const char *cancel_id)
{
    sim_json_open(out, '{');
    sim_json_put_text(out, "symbol", sim->symbols[order->symbol].spec.symbol);
    sim_json_put_text(out, "origClientOrderId", order->client_id);
    sim_json_put_u64(out, "orderId", order->id);
    sim_json_put_i64(out, "orderListId", list_id(sim, order));
    sim_json_put_text(out, "clientOrderId", cancel_id);
    sim_json_put_ms(out, "transactTime", order->updated_ns);
    write_amounts(out, order);
    write_prevention(out, order);
    sim_json_close(out, '}');
}

void sim_write_order(sim_json *out, const sim_core *sim, const sim_order *order)
{
    sim_json_open(out, '{');
    sim_json_put_text(out, "symbol", sim->symbols[order->symbol].spec.symbol);
    sim_json_put_u64(out, "orderId", order->id);
    sim_json_put_i64(out, "orderListId", list_id(sim, order));
    sim_json_put_text(out, "clientOrderId", order->client_id);
    write_amounts(out, order);
    if (order->stop_price_e8 == 0) {
        sim_json_put_e8(out, "stopPrice", 0);
    }
    sim_json_put_e8(out, "icebergQty", 0);
    sim_json_put_ms(out, "time", order->created_ns);
    sim_json_put_ms(out, "updateTime", order->updated_ns);
    sim_json_put_bool(out, "isWorking", order->working_ns != 0);
    sim_json_put_i64(out, "workingTime", order->working_ns == 0 ? -1 : order->working_ns / 1000000);
    write_prevention(out, order);
    sim_json_close(out, '}');
}

void sim_write_my_trade(sim_json *out, const sim_core *sim, const sim_trade *trade)
{
    const sim_order *order = &sim->orders[trade->order];
    sim_json_open(out, '{');
    sim_json_put_text(out, "symbol", sim->symbols[order->symbol].spec.symbol);
    sim_json_put_u64(out, "id", trade->id);
    sim_json_put_u64(out, "orderId", order->id);
    sim_json_put_i64(out, "orderListId", list_id(sim, order));
    sim_json_put_e8(out, "price", trade->price_e8);
    sim_json_put_e8(out, "qty", trade->qty_e8);
    sim_json_put_e8(out, "quoteQty", trade->quote_e8);
    sim_json_put_e8(out, "commission", trade->fee_e8);
    sim_json_put_text(out, "commissionAsset", asset_name(sim, trade->fee_asset));
    sim_json_put_ms(out, "time", trade->ts_ns);
    sim_json_put_bool(out, "isBuyer", order->side == CB_SIDE_BUY);
    sim_json_put_bool(out, "isMaker", trade->is_maker);
    sim_json_put_bool(out, "isBestMatch", true);
    sim_json_close(out, '}');
}

/* Last fill of an execution: zeros unless it is a trade. */
static void write_execution_trade(sim_json *out, const sim_core *sim, const sim_event *event)
{
    const sim_trade *trade = event->trade;
    sim_json_put_e8(out, "l", trade == NULL ? 0 : trade->qty_e8);
    sim_json_put_e8(out, "z", event->order->executed_e8);
    sim_json_put_e8(out, "L", trade == NULL ? 0 : trade->price_e8);
    if (trade == NULL) {
        sim_json_put_text(out, "n", "0");
        sim_json_key(out, "N");
        sim_json_null(out);
    } else {
        sim_json_put_e8(out, "n", trade->fee_e8);
        sim_json_put_text(out, "N", asset_name(sim, trade->fee_asset));
    }
    sim_json_put_ms(out, "T", event->ts_ns);
    if (trade == NULL) {
        sim_json_put_i64(out, "t", -1);
    } else {
        sim_json_put_u64(out, "t", trade->id);
    }
}

static void write_execution_prevention(sim_json *out, const sim_core *sim, const sim_event *event)
{
    const sim_order *order = event->order;
    if (event->execution != SIM_EXECUTION_TRADE_PREVENTION) {
        return;
    }
    sim_json_put_u64(out, "v", order->prevented_match_id);
    sim_json_put_e8(out, "A", order->prevented_e8);
    sim_json_put_e8(out, "B", event->last_prevented_e8);
    sim_json_put_u64(out, "u", order->prevented_match_id);
    sim_json_put_u64(out, "U", event->counter_order);
    sim_json_put_text(out, "Cs", sim->symbols[order->symbol].spec.symbol);
}

void sim_write_execution(sim_json *out, const sim_core *sim, const sim_event *event, uint64_t id)
{
    const sim_order *order = event->order;
    const bool is_canceled = event->execution == SIM_EXECUTION_CANCELED;
    CB_ASSERT(order != NULL);
    sim_json_open(out, '{');
    sim_json_put_text(out, "e", "executionReport");
    sim_json_put_ms(out, "E", event->ts_ns);
    sim_json_put_text(out, "s", sim->symbols[order->symbol].spec.symbol);
    sim_json_put_text(out, "c", is_canceled ? event->cancel_id : order->client_id);
    sim_json_put_text(out, "S", sim_side_name(order->side));
    sim_json_put_text(out, "o", sim_type_name(order->type));
    sim_json_put_text(out, "f", sim_tif_name(order->tif));
    sim_json_put_e8(out, "q", order->qty_e8);
    sim_json_put_e8(out, "p", order->price_e8);
    sim_json_put_e8(out, "P", order->stop_price_e8);
    if (order->trailing_bips > 0) {
        sim_json_put_i64(out, "d", order->trailing_bips);
        sim_json_put_i64(out, "D", order->trailing_ns == 0 ? -1 : order->trailing_ns / 1000000);
    }
    sim_json_put_e8(out, "F", 0);
    sim_json_put_i64(out, "g", list_id(sim, order));
    sim_json_put_text(out, "C", is_canceled ? order->client_id : "");
    sim_json_put_text(out, "x", sim_execution_name(event->execution));
    sim_json_put_text(out, "X", sim_status_name(order->status));
    sim_json_put_text(out, "r", "NONE");
    sim_json_put_u64(out, "i", order->id);
    write_execution_trade(out, sim, event);
    write_execution_prevention(out, sim, event);
    sim_json_put_u64(out, "I", id);
    sim_json_put_bool(out, "w", order->is_on_book || (order->is_open && order->working_ns != 0));
    sim_json_put_bool(out, "m", event->trade != NULL && event->trade->is_maker);
    sim_json_put_bool(out, "M", event->trade != NULL);
    sim_json_put_ms(out, "O", order->created_ns);
    sim_json_put_e8(out, "Z", order->cum_quote_e8);
    sim_json_put_e8(out, "Y", event->trade == NULL ? 0 : event->trade->quote_e8);
    sim_json_put_e8(out, "Q", order->quote_qty_e8);
    if (order->working_ns != 0) {
        sim_json_put_ms(out, "W", order->working_ns);
    }
    sim_json_put_text(out, "V", sim_stp_name(order->stp));
    if (event->execution == SIM_EXECUTION_EXPIRED && order->list == SIM_NONE) {
        sim_json_put_text(out, "eR", "INSUFFICIENT_LIQUIDITY");
    }
    sim_json_close(out, '}');
}

void sim_write_position(sim_json *out, const sim_core *sim, const sim_event *event)
{
    const sim_account *account = &sim->accounts[event->account];
    sim_json_open(out, '{');
    sim_json_put_text(out, "e", "outboundAccountPosition");
    sim_json_put_ms(out, "E", event->ts_ns);
    sim_json_put_ms(out, "u", account->updated_ns);
    sim_json_key(out, "B");
    sim_json_open(out, '[');
    for (uint32_t asset = 0; asset < sim->assets_count; asset++) {
        if ((event->assets_mask & (UINT64_C(1) << asset)) == 0) {
            continue;
        }
        sim_json_open(out, '{');
        sim_json_put_text(out, "a", asset_name(sim, asset));
        sim_json_put_e8(out, "f", account->balances[asset].free_e8);
        sim_json_put_e8(out, "l", account->balances[asset].locked_e8);
        sim_json_close(out, '}');
    }
    sim_json_close(out, ']');
    sim_json_close(out, '}');
}

void sim_write_transfer(sim_json *out, const sim_core *sim, const sim_event *event)
{
    sim_json_open(out, '{');
    sim_json_put_text(out, "e", "balanceUpdate");
    sim_json_put_ms(out, "E", event->ts_ns);
    sim_json_put_text(out, "a", asset_name(sim, event->asset));
    sim_json_put_e8(out, "d", event->amount_e8);
    sim_json_put_ms(out, "T", event->ts_ns);
    sim_json_close(out, '}');
}

/* ---- order lists ---- */

static void write_members(sim_json *out, const sim_core *sim, const sim_list *list, bool is_short)
{
    sim_json_open(out, '[');
    for (uint32_t i = 0; i < list->orders_count; i++) {
        const sim_order *order = &sim->orders[list->orders[i]];
        sim_json_open(out, '{');
        sim_json_put_text(out, is_short ? "s" : "symbol", sim->symbols[order->symbol].spec.symbol);
        sim_json_put_u64(out, is_short ? "i" : "orderId", order->id);
        sim_json_put_text(out, is_short ? "c" : "clientOrderId", order->client_id);
        sim_json_close(out, '}');
    }
    sim_json_close(out, ']');
}

void sim_write_list_head(sim_json *out, const sim_core *sim, const sim_list *list)
{
    sim_json_put_i64(out, "orderListId", (int64_t)list->id);
    sim_json_put_text(out, "contingencyType", sim_list_kind(list));
    sim_json_put_text(out, "listStatusType", list->is_open ? "EXEC_STARTED" : "ALL_DONE");
    sim_json_put_text(out, "listOrderStatus", list->is_open ? "EXECUTING" : "ALL_DONE");
    sim_json_put_text(out, "listClientOrderId", list->client_id);
    sim_json_put_ms(out, "transactionTime", list->ts_ns);
    sim_json_put_text(out, "symbol", sim->symbols[list->symbol].spec.symbol);
    sim_json_key(out, "orders");
    write_members(out, sim, list, false);
}

void sim_write_list_status(sim_json *out, const sim_core *sim, const sim_event *event)
{
    const sim_list *list = event->list;
    CB_ASSERT(list != NULL);
    sim_json_open(out, '{');
    sim_json_put_text(out, "e", "listStatus");
    sim_json_put_ms(out, "E", event->ts_ns);
    sim_json_put_text(out, "s", sim->symbols[list->symbol].spec.symbol);
    sim_json_put_i64(out, "g", (int64_t)list->id);
    sim_json_put_text(out, "c", sim_list_kind(list));
    sim_json_put_text(out, "l", list->is_open ? "EXEC_STARTED" : "ALL_DONE");
    sim_json_put_text(out, "L", list->is_open ? "EXECUTING" : "ALL_DONE");
    sim_json_put_text(out, "r", "NONE");
    sim_json_put_text(out, "C", list->client_id);
    sim_json_put_ms(out, "T", list->ts_ns);
    sim_json_key(out, "O");
    write_members(out, sim, list, true);
    sim_json_close(out, '}');
}
