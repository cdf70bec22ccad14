/* Order lists over the API: OCO, OTO and OTOCO with Binance's parameter names, and the questions
 * and cancels about them. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "services/simulator/core/api/api.h"
#include "services/simulator/core/lists.h"
#include "services/simulator/core/orders.h"

#define TRAILING_MAX 100000
#define LISTS_DEFAULT 500

static bool refuse_name(sim_call *call, int32_t code, const char *before, const char *name)
{
    return sim_params_refuse(&call->refusal, code, before, name, "' is not valid.");
}

/* "above" + "Price"; names live as long as the call. */
static const char *named(char out[48], const char *prefix, const char *name)
{
    (void)snprintf(out, 48, "%s%s", prefix, name);
    return out;
}

static bool read_type(sim_call *call, const char *prefix, sim_new_order *order)
{
    char name[48];
    const char *text = NULL;
    if (!sim_params_text(call->params, named(name, prefix, "Type"), &text, &call->refusal)) {
        return false;
    }
    return sim_type_parse(text, &order->type) ||
           sim_refuse(&call->refusal, -1116, "Invalid orderType.");
}

static bool read_tif(sim_call *call, const char *prefix, sim_new_order *order)
{
    char name[48];
    const char *text = sim_params_get(call->params, named(name, prefix, "TimeInForce"));
    order->tif = CB_TIF_GTC;
    if (text != NULL && !sim_tif_parse(text, &order->tif)) {
        return sim_refuse(&call->refusal, -1115, "Invalid timeInForce.");
    }
    const bool wants = order->type == CB_ORDER_TYPE_LIMIT ||
                       order->type == CB_ORDER_TYPE_STOP_LOSS_LIMIT ||
                       order->type == CB_ORDER_TYPE_TAKE_PROFIT_LIMIT;
    return !wants || text != NULL ||
           sim_params_missing(named(name, prefix, "TimeInForce"), &call->refusal);
}

static bool read_client_id(sim_call *call, const char *name, char out[SIM_CLIENT_ID_SIZE])
{
    const char *text = sim_params_get(call->params, name);
    out[0] = '\0';
    if (text == NULL) {
        return true;
    }
    if (!sim_is_client_id(text)) {
        return refuse_name(call, -1100, "Illegal characters found in parameter '", name);
    }
    memcpy(out, text, strlen(text) + 1);
    return true;
}

/* What a leg must and must not have, as for single orders. */
static bool check_leg(sim_call *call, const char *prefix, const sim_new_order *order)
{
    char name[48];
    const bool is_stop = sim_type_is_stop(order->type);
    if (!sim_type_is_market(order->type) && order->price_e8 == 0) {
        return sim_params_missing(named(name, prefix, "Price"), &call->refusal);
    }
    if (is_stop && order->stop_price_e8 == 0 && order->trailing_bips == 0) {
        return sim_params_missing(named(name, prefix, "StopPrice"), &call->refusal);
    }
    if (!is_stop && (order->stop_price_e8 != 0 || order->trailing_bips != 0)) {
        return sim_params_refuse(&call->refusal,
            -1106,
            "Parameter '",
            named(name, prefix, "StopPrice"),
            "' sent when not required.");
    }
    return true;
}

static bool read_leg(sim_call *call, const char *prefix, sim_new_order *order)
{
    char name[48];
    bool is_given = false;
    int64_t bips = 0;
    sim_params *params = call->params;
    order->account = call->account;
    order->stp = call->sim->symbols[order->symbol].spec.stp_default;
    (void)sim_params_get(params, named(name, prefix, "StrategyId"));
    (void)sim_params_get(params, named(name, prefix, "StrategyType"));
    if (!read_type(call, prefix, order) || !read_tif(call, prefix, order) ||
        !sim_params_e8(
            params, named(name, prefix, "Price"), &order->price_e8, &is_given, &call->refusal) ||
        !sim_params_e8(params,
            named(name, prefix, "StopPrice"),
            &order->stop_price_e8,
            &is_given,
            &call->refusal) ||
        !sim_params_i64(params,
            named(name, prefix, "TrailingDelta"),
            0,
            TRAILING_MAX,
            &bips,
            &is_given,
            &call->refusal) ||
        !read_client_id(call, named(name, prefix, "ClientOrderId"), order->client_id)) {
        return false;
    }
    order->trailing_bips = (uint32_t)bips;
    return check_leg(call, prefix, order);
}

static bool read_side_and_qty(
    sim_call *call, const char *side_name, const char *qty_name, sim_new_order *order)
{
    const char *side = NULL;
    bool is_given = false;
    if (!sim_params_text(call->params, side_name, &side, &call->refusal)) {
        return false;
    }
    if (!sim_side_parse(side, &order->side)) {
        return sim_refuse(&call->refusal, -1117, "Invalid side.");
    }
    if (!sim_params_e8(call->params, qty_name, &order->qty_e8, &is_given, &call->refusal)) {
        return false;
    }
    return order->qty_e8 > 0 || sim_params_missing(qty_name, &call->refusal);
}

/* Above and below as the limit and the stop of a pair. */
static bool read_pair(sim_call *call,
    const char *above,
    const char *below,
    const sim_new_order *common,
    sim_new_order out[2])
{
    sim_new_order upper = *common;
    sim_new_order lower = *common;
    if (!read_leg(call, above, &upper) || !read_leg(call, below, &lower)) {
        return false;
    }
    const bool is_sell = common->side == CB_SIDE_SELL;
    out[0] = is_sell ? upper : lower;
    out[1] = is_sell ? lower : upper;
    const bool is_stop =
        out[1].type == CB_ORDER_TYPE_STOP_LOSS || out[1].type == CB_ORDER_TYPE_STOP_LOSS_LIMIT;
    const bool is_other = out[0].type == CB_ORDER_TYPE_LIMIT_MAKER;
    return (is_stop && is_other) ||
           sim_refuse(&call->refusal, -1158, "Order list orders' types are not supported.");
}

static void write_list(
    sim_call *call, const sim_list *list, bool is_canceled, const char *cancel_id)
{
    sim_json *out = call->out;
    sim_json_open(out, '{');
    sim_write_list_head(out, call->sim, list);
    sim_json_key(out, "orderReports");
    sim_json_open(out, '[');
    for (uint32_t i = 0; i < list->orders_count; i++) {
        const sim_order *order = &call->sim->orders[list->orders[i]];
        if (is_canceled) {
            sim_write_canceled(out, call->sim, order, cancel_id);
        } else {
            sim_write_new_order(out, call->sim, order, SIM_RESPONSE_RESULT);
        }
    }
    sim_json_close(out, ']');
    sim_json_close(out, '}');
}

void sim_write_canceled_list(sim_call *call, uint32_t list, const char *cancel_id)
{
    CB_ASSERT(list < call->sim->lists_count);
    write_list(call, &call->sim->lists[list], true, cancel_id);
}

static bool place_list(sim_call *call, sim_new_list *request)
{
    uint32_t list = SIM_NONE;
    (void)sim_params_get(call->params, "newOrderRespType");
    (void)sim_params_get(call->params, "selfTradePreventionMode");
    if (!read_client_id(call, "listClientOrderId", request->client_id) ||
        !sim_params_all_read(call->params, &call->refusal) || !sim_api_may_place(call) ||
        !sim_place_list(call->sim, request, &list, &call->refusal)) {
        return false;
    }
    write_list(call, &call->sim->lists[list], false, "");
    return true;
}

bool sim_call_list_oco(sim_call *call)
{
    sim_new_list request = {.orders_count = 2};
    sim_new_order common = {0};
    return sim_call_symbol(call, &common.symbol) &&
           read_side_and_qty(call, "side", "quantity", &common) &&
           read_pair(call, "above", "below", &common, request.orders) && place_list(call, &request);
}

static bool read_working(sim_call *call, sim_new_list *request)
{
    sim_new_order *working = &request->orders[0];
    request->has_working = true;
    if (!sim_call_symbol(call, &working->symbol) ||
        !read_side_and_qty(call, "workingSide", "workingQuantity", working) ||
        !read_leg(call, "working", working)) {
        return false;
    }
    const bool is_limit =
        working->type == CB_ORDER_TYPE_LIMIT || working->type == CB_ORDER_TYPE_LIMIT_MAKER;
    return is_limit ||
           sim_refuse(&call->refusal, -1158, "Order list orders' types are not supported.");
}

bool sim_call_list_oto(sim_call *call)
{
    sim_new_list request = {.orders_count = 2};
    sim_new_order *pending = &request.orders[1];
    if (!read_working(call, &request)) {
        return false;
    }
    pending->symbol = request.orders[0].symbol;
    return read_side_and_qty(call, "pendingSide", "pendingQuantity", pending) &&
           read_leg(call, "pending", pending) && place_list(call, &request);
}

bool sim_call_list_otoco(sim_call *call)
{
    sim_new_list request = {.orders_count = 3};
    sim_new_order common = {0};
    if (!read_working(call, &request)) {
        return false;
    }
    common.symbol = request.orders[0].symbol;
    return read_side_and_qty(call, "pendingSide", "pendingQuantity", &common) &&
           read_pair(call, "pendingAbove", "pendingBelow", &common, &request.orders[1]) &&
           place_list(call, &request);
}

/* ---- questions and cancels ---- */

static bool find_list(sim_call *call, const char *client_name, uint32_t *out)
{
    int64_t id = 0;
    bool has_id = false;
    const char *client_id = sim_params_get(call->params, client_name);
    if (!sim_params_i64(call->params, "orderListId", 1, INT64_MAX, &id, &has_id, &call->refusal)) {
        return false;
    }
    if (!has_id && client_id == NULL) {
        return sim_params_missing("orderListId", &call->refusal);
    }
    *out = sim_find_list(call->sim, call->account, (uint64_t)id, client_id);
    return true;
}

bool sim_call_list_cancel(sim_call *call)
{
    uint32_t symbol = 0;
    uint32_t list = SIM_NONE;
    char cancel_id[SIM_CLIENT_ID_SIZE];
    if (!sim_call_symbol(call, &symbol) || !find_list(call, "listClientOrderId", &list) ||
        !read_client_id(call, "newClientOrderId", cancel_id) ||
        !sim_params_all_read(call->params, &call->refusal)) {
        return false;
    }
    const bool is_there = list != SIM_NONE && call->sim->lists[list].symbol == symbol;
    if (cancel_id[0] == '\0') {
        sim_make_client_id(call->sim, cancel_id);
    }
    if (!sim_cancel_list(call->sim, is_there ? list : SIM_NONE, cancel_id, &call->refusal)) {
        return false;
    }
    sim_write_canceled_list(call, list, cancel_id);
    return true;
}

static void write_short(sim_call *call, const sim_list *list)
{
    sim_json_open(call->out, '{');
    sim_write_list_head(call->out, call->sim, list);
    sim_json_close(call->out, '}');
}

bool sim_call_list_status(sim_call *call)
{
    uint32_t list = SIM_NONE;
    if (!find_list(call, "origClientOrderId", &list) ||
        !sim_params_all_read(call->params, &call->refusal)) {
        return false;
    }
    if (list == SIM_NONE) {
        return sim_refuse(&call->refusal, -2018, "Order list does not exist.");
    }
    write_short(call, &call->sim->lists[list]);
    return true;
}

static bool write_lists(sim_call *call, bool is_open_only)
{
    uint32_t count = 0;
    if (!sim_params_all_read(call->params, &call->refusal)) {
        return false;
    }
    sim_json_open(call->out, '[');
    for (uint32_t i = 0; i < call->sim->lists_count && count < LISTS_DEFAULT; i++) {
        const sim_list *list = &call->sim->lists[i];
        if (list->account == call->account && (list->is_open || !is_open_only)) {
            write_short(call, list);
            count++;
        }
    }
    sim_json_close(call->out, ']');
    return true;
}

bool sim_call_list_open(sim_call *call)
{
    return write_lists(call, true);
}

bool sim_call_list_all(sim_call *call)
{
    return write_lists(call, false);
}
