/* Placing, testing, cancelling, replacing and amending orders: the parameters of each order type,
 * and Binance's answers. The engine decides; here it is only asked. */
#include <string.h>

#include "base/assert.h"
#include "services/simulator/core/api/api.h"

#define TRAILING_MAX 100000

/* ---- reading a new order ---- */

typedef struct order_form {
    sim_new_order request;
    sim_response_type response;
    bool has_qty;
    bool has_quote_qty;
    bool has_price;
    bool has_stop;
    bool has_tif;
    bool has_trail;
} order_form;

bool sim_is_client_id(const char *text)
{
    size_t size = 0;
    for (; text[size] != '\0'; size++) {
        const char c = text[size];
        const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!is_word) {
            return false;
        }
    }
    return size >= 1 && size <= 36;
}

/* An optional client id, checked by Binance's pattern. out stays "" when it was not sent. */
static bool read_client_id(sim_call *call, const char *name, char out[SIM_CLIENT_ID_SIZE])
{
    const char *text = sim_params_get(call->params, name);
    out[0] = '\0';
    if (text == NULL) {
        return true;
    }
    if (!sim_is_client_id(text)) {
        return sim_params_refuse(&call->refusal,
            -1100,
            "Illegal characters found in parameter '",
            name,
            "'; legal range is '^[a-zA-Z0-9-_]{1,36}$'.");
    }
    memcpy(out, text, strlen(text) + 1);
    return true;
}

/* strategyId and the like are accepted and have no meaning here. */
static void read_ignored(sim_call *call)
{
    (void)sim_params_get(call->params, "strategyId");
    (void)sim_params_get(call->params, "strategyType");
    (void)sim_params_get(call->params, "computeCommissionRates");
}

static bool read_unsupported(sim_call *call)
{
    if (sim_params_has(call->params, "icebergQty")) {
        return sim_refuse(
            &call->refusal, -2010, "Iceberg orders are not supported for this symbol.");
    }
    return true;
}

static bool read_words(sim_call *call, order_form *form)
{
    const char *side = NULL;
    const char *type = NULL;
    if (!sim_params_text(call->params, "side", &side, &call->refusal) ||
        !sim_params_text(call->params, "type", &type, &call->refusal)) {
        return false;
    }
    if (!sim_side_parse(side, &form->request.side)) {
        return sim_refuse(&call->refusal, -1117, "Invalid side.");
    }
    if (!sim_type_parse(type, &form->request.type)) {
        return sim_refuse(&call->refusal, -1116, "Invalid orderType.");
    }
    const char *tif = sim_params_get(call->params, "timeInForce");
    form->has_tif = tif != NULL;
    form->request.tif = CB_TIF_GTC;
    if (tif != NULL && !sim_tif_parse(tif, &form->request.tif)) {
        return sim_refuse(&call->refusal, -1115, "Invalid timeInForce.");
    }
    const char *mode = sim_params_get(call->params, "selfTradePreventionMode");
    form->request.stp = call->sim->symbols[form->request.symbol].spec.stp_default;
    if (call->api->twist.has_stp) {
        form->request.stp = call->api->twist.stp;
    } else if (mode != NULL && !sim_stp_parse(mode, &form->request.stp)) {
        return sim_params_refuse(&call->refusal,
            -1130,
            "Data sent for parameter '",
            "selfTradePreventionMode",
            "' is not valid.");
    }
    return true;
}

static bool read_response_type(sim_call *call, order_form *form)
{
    const cb_order_type type = form->request.type;
    const char *text = sim_params_get(call->params, "newOrderRespType");
    form->response = type == CB_ORDER_TYPE_LIMIT || type == CB_ORDER_TYPE_MARKET ? SIM_RESPONSE_FULL
                                                                                 : SIM_RESPONSE_ACK;
    if (text == NULL) {
        return true;
    }
    if (strcmp(text, "ACK") == 0) {
        form->response = SIM_RESPONSE_ACK;
    } else if (strcmp(text, "RESULT") == 0) {
        form->response = SIM_RESPONSE_RESULT;
    } else if (strcmp(text, "FULL") == 0) {
        form->response = SIM_RESPONSE_FULL;
    } else {
        return sim_params_refuse(&call->refusal,
            -1130,
            "Data sent for parameter '",
            "newOrderRespType",
            "' is not valid.");
    }
    return true;
}

static bool unwanted(sim_call *call, const char *name, bool is_sent)
{
    return !is_sent || sim_params_refuse(
                           &call->refusal, -1106, "Parameter '", name, "' sent when not required.");
}

static bool needed(sim_call *call, const char *name, bool is_sent)
{
    return is_sent || sim_params_missing(name, &call->refusal);
}

/* What each type must and must not have. */
static bool check_shape(sim_call *call, const order_form *form)
{
    const cb_order_type type = form->request.type;
    const bool is_stop = sim_type_is_stop(type);
    const bool is_market = sim_type_is_market(type);
    const bool wants_tif = !is_market && type != CB_ORDER_TYPE_LIMIT_MAKER;
    if (wants_tif ? !needed(call, "timeInForce", form->has_tif)
                  : !unwanted(call, "timeInForce", form->has_tif)) {
        return false;
    }
    if (type == CB_ORDER_TYPE_MARKET) {
        if (!form->has_qty && !form->has_quote_qty) {
            return sim_params_missing("quantity", &call->refusal);
        }
        if (form->has_qty && form->has_quote_qty) {
            return sim_refuse(&call->refusal, -1128, "Combination of optional parameters invalid.");
        }
    } else if (!needed(call, "quantity", form->has_qty) ||
               !unwanted(call, "quoteOrderQty", form->has_quote_qty)) {
        return false;
    }
    if (is_market ? !unwanted(call, "price", form->has_price)
                  : !needed(call, "price", form->has_price)) {
        return false;
    }
    return is_stop ? needed(call, "stopPrice", form->has_stop || form->has_trail)
                   : unwanted(call, "stopPrice", form->has_stop) &&
                         unwanted(call, "trailingDelta", form->has_trail);
}

static bool check_above_zero(sim_call *call, const order_form *form)
{
    const sim_new_order *request = &form->request;
    if ((form->has_qty && request->qty_e8 == 0) ||
        (form->has_quote_qty && request->quote_qty_e8 == 0)) {
        return sim_refuse(&call->refusal, -1013, "Invalid quantity.");
    }
    if ((form->has_price && request->price_e8 == 0) ||
        (form->has_stop && request->stop_price_e8 == 0)) {
        return sim_refuse(&call->refusal, -1013, "Invalid price.");
    }
    return true;
}

static bool read_form(sim_call *call, order_form *form)
{
    sim_params *params = call->params;
    sim_refusal *refusal = &call->refusal;
    sim_new_order *request = &form->request;
    int64_t bips = 0;
    *form = (order_form){0};
    request->account = call->account;
    read_ignored(call);
    if (!sim_call_symbol(call, &request->symbol) || !read_words(call, form) ||
        !read_unsupported(call) || !read_response_type(call, form) ||
        !sim_params_e8(params, "quantity", &request->qty_e8, &form->has_qty, refusal) ||
        !sim_params_e8(
            params, "quoteOrderQty", &request->quote_qty_e8, &form->has_quote_qty, refusal) ||
        !sim_params_e8(params, "price", &request->price_e8, &form->has_price, refusal) ||
        !sim_params_e8(params, "stopPrice", &request->stop_price_e8, &form->has_stop, refusal) ||
        !sim_params_i64(
            params, "trailingDelta", 0, TRAILING_MAX, &bips, &form->has_trail, refusal) ||
        !read_client_id(call, "newClientOrderId", request->client_id)) {
        return false;
    }
    request->trailing_bips = (uint32_t)bips;
    return check_shape(call, form) && check_above_zero(call, form);
}

/* ---- placing ---- */

bool sim_api_may_place(sim_call *call)
{
    if (call->api->is_closed) {
        call->status = 503;
        return sim_refuse(&call->refusal,
            -1016,
            "This service is no longer available: the journal cannot be written.");
    }
    return true;
}

static bool place(sim_call *call, const order_form *form, uint32_t *order)
{
    if (!sim_api_may_place(call)) {
        return false;
    }
    if (!sim_place(call->sim, &form->request, order, &call->refusal)) {
        call->status = call->refusal.code == -1008 ? 503 : 400;
        return false;
    }
    return true;
}

bool sim_call_order_new(sim_call *call)
{
    order_form form;
    uint32_t order = SIM_NONE;
    if (!read_form(call, &form) || !sim_params_all_read(call->params, &call->refusal) ||
        !place(call, &form, &order)) {
        return false;
    }
    sim_write_new_order(call->out, call->sim, &call->sim->orders[order], form.response);
    return true;
}

bool sim_call_order_test(sim_call *call)
{
    order_form form;
    if (!read_form(call, &form) || !sim_params_all_read(call->params, &call->refusal) ||
        !sim_check_order(call->sim, &form.request, &call->refusal)) {
        return false;
    }
    sim_json_raw(call->out, CB_SV("{}"));
    return true;
}

/* ---- finding an order ---- */

/* By id, by client id, or by both (which must agree). SIM_NONE when there is none. */
static bool find_named(sim_call *call,
    const char *id_name,
    const char *client_name,
    uint32_t symbol,
    bool is_open_only,
    uint32_t *out)
{
    int64_t id = 0;
    bool has_id = false;
    const char *client_id = sim_params_get(call->params, client_name);
    if (!sim_params_i64(call->params, id_name, 0, INT64_MAX, &id, &has_id, &call->refusal)) {
        return false;
    }
    if (!has_id && (client_id == NULL || client_id[0] == '\0')) {
        return sim_params_refuse(&call->refusal,
            -1102,
            "Param '",
            client_name,
            "' or 'orderId' must be sent, but both were empty/null!");
    }
    *out = has_id ? sim_find_order(call->sim, symbol, (uint64_t)id)
                  : sim_find_client(call->sim, call->account, symbol, client_id, is_open_only);
    if (*out == SIM_NONE) {
        return true;
    }
    const sim_order *order = &call->sim->orders[*out];
    const bool is_other = has_id && client_id != NULL && strcmp(order->client_id, client_id) != 0;
    if (order->account != call->account || is_other) {
        *out = SIM_NONE;
    }
    return true;
}

static bool check_restriction(sim_call *call, uint32_t order)
{
    const char *text = sim_params_get(call->params, "cancelRestrictions");
    if (text == NULL) {
        return true;
    }
    const bool is_new = strcmp(text, "ONLY_NEW") == 0;
    if (!is_new && strcmp(text, "ONLY_PARTIALLY_FILLED") != 0) {
        return sim_params_refuse(&call->refusal,
            -1130,
            "Data sent for parameter '",
            "cancelRestrictions",
            "' is not valid.");
    }
    if (order == SIM_NONE || !call->sim->orders[order].is_open) {
        return true; /* the cancel itself will say that it is unknown */
    }
    const sim_status wanted = is_new ? SIM_STATUS_NEW : SIM_STATUS_PARTIALLY_FILLED;
    if (call->sim->orders[order].status != wanted) {
        return sim_refuse(
            &call->refusal, -2011, "Order was not canceled due to cancel restrictions.");
    }
    return true;
}

/* An order of a list is canceled with its list, and the answer is the list. */
static void write_what_was_canceled(sim_call *call, uint32_t order, const char *cancel_id)
{
    const uint32_t list = call->sim->orders[order].list;
    if (list != SIM_NONE) {
        sim_write_canceled_list(call, list, cancel_id);
        return;
    }
    sim_write_canceled(call->out, call->sim, &call->sim->orders[order], cancel_id);
}

bool sim_call_order_cancel(sim_call *call)
{
    uint32_t symbol = 0;
    uint32_t order = SIM_NONE;
    char wanted_id[SIM_CLIENT_ID_SIZE];
    char cancel_id[SIM_CLIENT_ID_SIZE];
    if (!sim_call_symbol(call, &symbol) ||
        !find_named(call, "orderId", "origClientOrderId", symbol, true, &order) ||
        !read_client_id(call, "newClientOrderId", wanted_id) || !check_restriction(call, order) ||
        !sim_params_all_read(call->params, &call->refusal) ||
        !sim_cancel(call->sim, order, wanted_id, cancel_id, &call->refusal)) {
        return false;
    }
    write_what_was_canceled(call, order, cancel_id);
    return true;
}

/* The account's oldest open order of the symbol; cancels of lists take several away at a time. */
static uint32_t oldest_open(const sim_call *call, uint32_t symbol)
{
    uint32_t index = call->sim->accounts[call->account].open_first;
    while (index != SIM_NONE && call->sim->orders[index].symbol != symbol) {
        index = call->sim->orders[index].open_next;
    }
    return index;
}

bool sim_call_open_cancel(sim_call *call)
{
    uint32_t symbol = 0;
    uint32_t canceled = 0;
    if (!sim_call_symbol(call, &symbol) || !sim_params_all_read(call->params, &call->refusal)) {
        return false;
    }
    sim_json_open(call->out, '[');
    uint32_t index = oldest_open(call, symbol);
    while (index != SIM_NONE) {
        char cancel_id[SIM_CLIENT_ID_SIZE];
        const bool is_canceled = sim_cancel(call->sim, index, "", cancel_id, &call->refusal);
        CB_ASSERT(is_canceled);
        write_what_was_canceled(call, index, cancel_id);
        canceled++;
        index = oldest_open(call, symbol);
    }
    sim_json_close(call->out, ']');
    return canceled > 0 || sim_refuse(&call->refusal, -2011, "Unknown order sent.");
}

/* ---- cancel and replace ---- */

typedef struct replacement {
    bool is_canceled;
    bool is_attempted;
    bool is_placed;
    uint32_t old_order;
    uint32_t new_order;
    char cancel_id[SIM_CLIENT_ID_SIZE];
    sim_refusal cancel_refusal;
    sim_refusal new_refusal;
    sim_response_type response;
} replacement;

static void write_replacement(sim_call *call, const replacement *done)
{
    sim_json *out = call->out;
    sim_json_open(out, '{');
    sim_json_put_text(out, "cancelResult", done->is_canceled ? "SUCCESS" : "FAILURE");
    sim_json_put_text(out,
        "newOrderResult",
        !done->is_attempted ? "NOT_ATTEMPTED"
        : done->is_placed   ? "SUCCESS"
                            : "FAILURE");
    sim_json_key(out, "cancelResponse");
    if (done->is_canceled) {
        sim_write_canceled(out, call->sim, &call->sim->orders[done->old_order], done->cancel_id);
    } else {
        sim_write_refusal(out, &done->cancel_refusal);
    }
    sim_json_key(out, "newOrderResponse");
    if (done->is_placed) {
        sim_write_new_order(out, call->sim, &call->sim->orders[done->new_order], done->response);
    } else if (done->is_attempted) {
        sim_write_refusal(out, &done->new_refusal);
    } else {
        sim_json_null(out);
    }
    sim_json_close(out, '}');
}

static bool replacement_failed(sim_call *call, const replacement *done)
{
    const bool is_half = done->is_canceled || done->is_placed;
    call->status = is_half ? 409 : 400;
    call->has_own_body = true;
    (void)sim_refuse(&call->refusal,
        is_half ? -2021 : -2022,
        is_half ? "Order cancel-replace partially failed." : "Order cancel-replace failed.");
    sim_json_open(call->out, '{');
    sim_json_put_i64(call->out, "code", call->refusal.code);
    sim_json_put_text(call->out, "msg", call->refusal.text);
    sim_json_key(call->out, "data");
    write_replacement(call, done);
    sim_json_close(call->out, '}');
    return false;
}

bool sim_call_cancel_replace(sim_call *call)
{
    order_form form;
    replacement done = {.old_order = SIM_NONE, .new_order = SIM_NONE};
    const char *mode = NULL;
    char wanted_id[SIM_CLIENT_ID_SIZE];
    (void)sim_params_get(call->params, "orderRateLimitExceededMode");
    if (!sim_params_text(call->params, "cancelReplaceMode", &mode, &call->refusal) ||
        !read_form(call, &form)) {
        return false;
    }
    const bool is_strict = strcmp(mode, "STOP_ON_FAILURE") == 0;
    if (!is_strict && strcmp(mode, "ALLOW_FAILURE") != 0) {
        return sim_params_refuse(&call->refusal,
            -1130,
            "Data sent for parameter '",
            "cancelReplaceMode",
            "' is not valid.");
    }
    if (!read_client_id(call, "cancelNewClientOrderId", wanted_id) ||
        !find_named(call,
            "cancelOrderId",
            "cancelOrigClientOrderId",
            form.request.symbol,
            true,
            &done.old_order) ||
        !check_restriction(call, done.old_order) ||
        !sim_params_all_read(call->params, &call->refusal)) {
        return false;
    }
    done.response = form.response;
    done.is_canceled =
        call->api->twist.fails_cancel
            ? sim_refuse(&done.cancel_refusal, -2011, "Unknown order sent.")
            : sim_cancel(
                  call->sim, done.old_order, wanted_id, done.cancel_id, &done.cancel_refusal);
    if (done.is_canceled || !is_strict) {
        done.is_attempted = true;
        done.is_placed = call->api->twist.fails_new
                             ? sim_refuse(&call->refusal,
                                   -2010,
                                   "Account has insufficient balance for requested action.")
                             : place(call, &form, &done.new_order);
        done.new_refusal = call->refusal;
    }
    if (!done.is_canceled || !done.is_placed) {
        return replacement_failed(call, &done);
    }
    write_replacement(call, &done);
    return true;
}

bool sim_call_amend(sim_call *call)
{
    uint32_t symbol = 0;
    uint32_t order = SIM_NONE;
    int64_t qty_e8 = 0;
    bool has_qty = false;
    char wanted_id[SIM_CLIENT_ID_SIZE];
    if (!sim_call_symbol(call, &symbol) ||
        !find_named(call, "orderId", "origClientOrderId", symbol, true, &order) ||
        !sim_params_e8(call->params, "newQty", &qty_e8, &has_qty, &call->refusal) ||
        !needed(call, "newQty", has_qty) || !read_client_id(call, "newClientOrderId", wanted_id) ||
        !sim_params_all_read(call->params, &call->refusal) ||
        !sim_amend(call->sim, order, qty_e8, &call->refusal)) {
        return false;
    }
    const sim_order *amended = &call->sim->orders[order];
    sim_json_open(call->out, '{');
    sim_json_put_ms(call->out, "transactTime", amended->updated_ns);
    call->api->executions_count++;
    sim_json_put_u64(call->out, "executionId", call->api->executions_count);
    sim_json_key(call->out, "amendedOrder");
    sim_json_open(call->out, '{');
    sim_json_put_text(call->out, "symbol", call->sim->symbols[symbol].spec.symbol);
    sim_json_put_u64(call->out, "orderId", amended->id);
    sim_json_put_i64(call->out, "orderListId", -1); /* orders of lists are not amended */
    sim_json_put_text(call->out, "origClientOrderId", amended->client_id);
    sim_json_put_text(call->out, "clientOrderId", amended->client_id);
    sim_json_put_e8(call->out, "price", amended->price_e8);
    sim_json_put_e8(call->out, "qty", amended->qty_e8);
    sim_json_put_e8(call->out, "executedQty", amended->executed_e8);
    sim_json_put_e8(call->out, "preventedQty", amended->prevented_e8);
    sim_json_put_e8(call->out, "quoteOrderQty", 0);
    sim_json_put_e8(call->out, "cumulativeQuoteQty", amended->cum_quote_e8);
    sim_json_put_text(call->out, "status", sim_status_name(amended->status));
    sim_json_put_text(call->out, "timeInForce", sim_tif_name(amended->tif));
    sim_json_put_text(call->out, "type", sim_type_name(amended->type));
    sim_json_put_text(call->out, "side", sim_side_name(amended->side));
    sim_json_put_ms(call->out, "workingTime", amended->working_ns);
    sim_json_put_text(call->out, "selfTradePreventionMode", sim_stp_name(amended->stp));
    sim_json_close(call->out, '}');
    sim_json_close(call->out, '}');
    return true;
}
