/* Describes REST calls: path, parameters, signature, weight. What the venue would refuse for its
 * form alone is refused here, before anything is sent; filters of a symbol (tick, lot, notional)
 * are risk's and execution's business. Reads put everything in the query, orders in the form body,
 * which libcurl cannot send twice by itself. */
#include <string.h>

#include "venue/binance/binance_internal.h"
#include "venue/form.h"

typedef struct call_row {
    cb_venue_method method;
    const char *path;
    uint32_t weight;
    bool is_signed;
    bool is_order;
} call_row;

/* Weights of rest-api.md at 2026-07-21. Order calls that succeed cost 0; 1 is the bound. */
static const call_row calls[CB_VENUE_CALL_COUNT] = {
    [CB_VENUE_CALL_PING] = {CB_VENUE_GET, "/api/v3/ping", 1, false, false},
    [CB_VENUE_CALL_TIME] = {CB_VENUE_GET, "/api/v3/time", 1, false, false},
    [CB_VENUE_CALL_INSTRUMENTS] = {CB_VENUE_GET, "/api/v3/exchangeInfo", 20, false, false},
    [CB_VENUE_CALL_DEPTH] = {CB_VENUE_GET, "/api/v3/depth", 5, false, false},
    [CB_VENUE_CALL_TRADES] = {CB_VENUE_GET, "/api/v3/trades", 25, false, false},
    [CB_VENUE_CALL_TRADES_FROM] = {CB_VENUE_GET, "/api/v3/historicalTrades", 25, false, false},
    [CB_VENUE_CALL_AGG_TRADES] = {CB_VENUE_GET, "/api/v3/aggTrades", 4, false, false},
    [CB_VENUE_CALL_CANDLES] = {CB_VENUE_GET, "/api/v3/klines", 2, false, false},
    [CB_VENUE_CALL_TICKERS] = {CB_VENUE_GET, "/api/v3/ticker/24hr", 2, false, false},
    [CB_VENUE_CALL_BOOK_TICKERS] = {CB_VENUE_GET, "/api/v3/ticker/bookTicker", 2, false, false},
    [CB_VENUE_CALL_PLACE] = {CB_VENUE_POST, "/api/v3/order", 1, true, true},
    [CB_VENUE_CALL_PLACE_TEST] = {CB_VENUE_POST, "/api/v3/order/test", 1, true, false},
    [CB_VENUE_CALL_CANCEL] = {CB_VENUE_DELETE, "/api/v3/order", 1, true, true},
    [CB_VENUE_CALL_CANCEL_ALL] = {CB_VENUE_DELETE, "/api/v3/openOrders", 1, true, true},
    [CB_VENUE_CALL_CANCEL_REPLACE] = {CB_VENUE_POST, "/api/v3/order/cancelReplace", 1, true, true},
    [CB_VENUE_CALL_PLACE_LIST] = {CB_VENUE_POST, "/api/v3/orderList/oco", 1, true, true},
    [CB_VENUE_CALL_AMEND] = {CB_VENUE_PUT, "/api/v3/order/amend/keepPriority", 4, true, true},
    [CB_VENUE_CALL_QUERY] = {CB_VENUE_GET, "/api/v3/order", 4, true, false},
    [CB_VENUE_CALL_OPEN_ORDERS] = {CB_VENUE_GET, "/api/v3/openOrders", 6, true, false},
    [CB_VENUE_CALL_ALL_ORDERS] = {CB_VENUE_GET, "/api/v3/allOrders", 20, true, false},
    [CB_VENUE_CALL_OWN_TRADES] = {CB_VENUE_GET, "/api/v3/myTrades", 20, true, false},
    [CB_VENUE_CALL_ACCOUNT] = {CB_VENUE_GET, "/api/v3/account", 20, true, false},
    [CB_VENUE_CALL_PRICES] = {CB_VENUE_GET, "/api/v3/ticker/price", 2, false, false},
    /* Binance has it for futures only; spot simulators offer it under the same parameters. */
    [CB_VENUE_CALL_DEADMAN] = {CB_VENUE_POST, "/api/v3/countdownCancelAll", 1, true, false},
    [CB_VENUE_CALL_TRADING_FEE] = {CB_VENUE_GET, "/sapi/v1/asset/tradeFee", 1, true, false},
    [CB_VENUE_CALL_PERMISSIONS] =
        {CB_VENUE_GET, "/sapi/v1/account/apiRestrictions", 1, true, false},
};

/* A refusal's text; NULL: all is well. Kept as values so that every check is one line. */
typedef const char *refusal;

static void add_symbols(cb_form *form, const cb_venue_params *params)
{
    /* symbols=["A","B"]; 32 names of 23 bytes fit. */
    char list[1024];
    size_t used = 0;
    bool fits = cb_text_append(list, sizeof(list), &used, "[");
    for (uint32_t i = 0; fits && i < params->symbols_count; i++) {
        fits = cb_text_append(list, sizeof(list), &used, i == 0 ? "\"" : ",\"") &&
               cb_text_append(list, sizeof(list), &used, params->symbols[i]) &&
               cb_text_append(list, sizeof(list), &used, "\"");
    }
    fits = fits && cb_text_append(list, sizeof(list), &used, "]");
    form->is_full = form->is_full || !fits;
    cb_form_text(form, "symbols", list);
}

static void add_limit(cb_form *form, const cb_venue_params *params)
{
    if (params->limit > 0) {
        cb_form_u64(form, "limit", params->limit);
    }
}

static void add_range(cb_form *form, const cb_venue_params *params)
{
    if (params->start_ns > 0) {
        cb_form_u64(form, "startTime", (uint64_t)(params->start_ns / CB_NS_PER_MS));
    }
    if (params->end_ns > 0) {
        cb_form_u64(form, "endTime", (uint64_t)(params->end_ns / CB_NS_PER_MS));
    }
}

static refusal check_range(const cb_venue_params *params, uint32_t limit_max, int64_t span_ns_max)
{
    if (params->limit > limit_max) {
        return "limit is above what the venue allows";
    }
    if (params->start_ns < 0 || params->end_ns < 0) {
        return "a time is negative";
    }
    const bool has_both = params->start_ns > 0 && params->end_ns > 0;
    if (has_both && params->end_ns < params->start_ns) {
        return "the end lies before the start";
    }
    if (has_both && span_ns_max > 0 && params->end_ns - params->start_ns > span_ns_max) {
        return "start and end are more than 24 hours apart";
    }
    return NULL;
}

/* ---- orders ---- */

static bool needs_price(cb_order_type type)
{
    return type == CB_ORDER_TYPE_LIMIT || type == CB_ORDER_TYPE_LIMIT_MAKER ||
           type == CB_ORDER_TYPE_STOP_LOSS_LIMIT || type == CB_ORDER_TYPE_TAKE_PROFIT_LIMIT;
}

static bool needs_tif(cb_order_type type)
{
    return type == CB_ORDER_TYPE_LIMIT || type == CB_ORDER_TYPE_STOP_LOSS_LIMIT ||
           type == CB_ORDER_TYPE_TAKE_PROFIT_LIMIT;
}

static bool needs_stop(cb_order_type type)
{
    return type == CB_ORDER_TYPE_STOP_LOSS || type == CB_ORDER_TYPE_STOP_LOSS_LIMIT ||
           type == CB_ORDER_TYPE_TAKE_PROFIT || type == CB_ORDER_TYPE_TAKE_PROFIT_LIMIT;
}

static refusal check_quantity(const cb_venue_order_request *order)
{
    if (order->qty.e8 < 0 || order->quote_qty.e8 < 0 || order->price.e8 < 0 ||
        order->stop_price.e8 < 0 || order->iceberg_qty.e8 < 0) {
        return "a price or quantity is negative";
    }
    if (order->quote_qty.e8 > 0) {
        return order->order_type != CB_ORDER_TYPE_MARKET ? "only MARKET takes a quote amount"
               : order->qty.e8 > 0 ? "quantity and quote amount exclude each other"
                                   : NULL;
    }
    return order->qty.e8 > 0 ? NULL : "quantity is missing";
}

const char *binance_check_order(const cb_venue_order_request *order)
{
    const cb_order_type type = order->order_type;
    if (order->symbol[0] == '\0') {
        return "symbol is missing";
    }
    if (cb_binance_side_word(order->side) == NULL || cb_binance_type_word(type) == NULL) {
        return "side or type is missing";
    }
    if (!cb_binance_is_client_id(order->client_order_id)) {
        return "client order id does not match ^[a-zA-Z0-9-_]{1,36}$";
    }
    if (needs_price(type) ? order->price.e8 <= 0 : order->price.e8 != 0) {
        return "price is missing, or given for a type without one";
    }
    const bool has_stop = order->stop_price.e8 > 0 || order->trailing_delta_bips > 0;
    if (needs_stop(type) != has_stop) {
        return "stop price is missing, or given for a type without one";
    }
    if (needs_tif(type) && order->tif != CB_TIF_NONE && cb_binance_tif_word(order->tif) == NULL) {
        return "time in force is unknown";
    }
    const bool is_gtc = order->tif == CB_TIF_NONE || order->tif == CB_TIF_GTC;
    if (order->iceberg_qty.e8 > 0 && (!needs_price(type) || !is_gtc)) {
        return "an iceberg needs a price and GTC";
    }
    return check_quantity(order);
}

static void add_order_extras(cb_form *form, const cb_venue_order_request *order)
{
    if (order->stop_price.e8 > 0) {
        cb_form_decimal(form, "stopPrice", order->stop_price.e8);
    }
    if (order->trailing_delta_bips > 0) {
        cb_form_u64(form, "trailingDelta", order->trailing_delta_bips);
    }
    if (order->iceberg_qty.e8 > 0) {
        cb_form_decimal(form, "icebergQty", order->iceberg_qty.e8);
    }
    if (order->self_trade_prevention[0] != '\0') {
        cb_form_text(form, "selfTradePreventionMode", order->self_trade_prevention);
    }
}

static refusal add_order(cb_form *form, const cb_venue_order_request *order)
{
    const refusal why = binance_check_order(order);
    if (why != NULL) {
        return why;
    }
    static const char *const replies[] = {"FULL", "RESULT", "ACK"};
    CB_ASSERT((uint32_t)order->reply_kind < sizeof(replies) / sizeof(replies[0]));
    cb_form_text(form, "symbol", order->symbol);
    cb_form_text(form, "side", cb_binance_side_word(order->side));
    cb_form_text(form, "type", cb_binance_type_word(order->order_type));
    if (needs_tif(order->order_type)) {
        const cb_tif tif = order->tif == CB_TIF_NONE ? CB_TIF_GTC : order->tif;
        cb_form_text(form, "timeInForce", cb_binance_tif_word(tif));
    }
    if (order->quote_qty.e8 > 0) {
        cb_form_decimal(form, "quoteOrderQty", order->quote_qty.e8);
    } else {
        cb_form_decimal(form, "quantity", order->qty.e8);
    }
    if (needs_price(order->order_type)) {
        cb_form_decimal(form, "price", order->price.e8);
    }
    add_order_extras(form, order);
    cb_form_text(form, "newClientOrderId", order->client_order_id);
    cb_form_text(form, "newOrderRespType", replies[order->reply_kind]);
    return NULL;
}

/* Which order: the venue's id when known, else the client's. */
static refusal add_which(
    cb_form *form, const cb_venue_params *params, const char *id_key, const char *client_key)
{
    if (params->venue_order_id[0] != '\0') {
        if (!binance_is_digits(params->venue_order_id)) {
            return "the venue's order id is not a number";
        }
        cb_form_text(form, id_key, params->venue_order_id);
        return NULL;
    }
    if (!cb_binance_is_client_id(params->client_order_id)) {
        return "neither a venue's nor a valid client order id";
    }
    cb_form_text(form, client_key, params->client_order_id);
    return NULL;
}

static refusal add_cancel_replace(cb_form *form, const cb_venue_params *params)
{
    const refusal why = add_order(form, &params->order);
    if (why != NULL) {
        return why;
    }
    cb_form_text(form,
        "cancelReplaceMode",
        params->keep_unknown_cancel ? "ALLOW_FAILURE" : "STOP_ON_FAILURE");
    return add_which(form, params, "cancelOrderId", "cancelOrigClientOrderId");
}

static refusal add_amend(cb_form *form, const cb_venue_params *params)
{
    if (params->amend_qty.e8 <= 0) {
        return "the new quantity is missing";
    }
    cb_form_text(form, "symbol", params->symbol);
    cb_form_decimal(form, "newQty", params->amend_qty.e8);
    return add_which(form, params, "orderId", "origClientOrderId");
}

/* ---- reads ---- */

static uint32_t depth_weight(uint32_t limit)
{
    if (limit <= 100) {
        return 5;
    }
    if (limit <= 500) {
        return 25;
    }
    return limit <= 1000 ? 50 : 250;
}

static uint32_t tickers_weight(cb_venue_call call, const cb_venue_params *params)
{
    if (params->symbol[0] != '\0') {
        return 2;
    }
    if (call != CB_VENUE_CALL_TICKERS) {
        return 4;
    }
    if (params->symbols_count == 0 || params->symbols_count > 100) {
        return 80;
    }
    return params->symbols_count <= 20 ? 2 : 40;
}

static refusal add_market_read(
    cb_form *form, cb_venue_call call, const cb_venue_params *params, uint32_t *weight)
{
    const bool is_depth = call == CB_VENUE_CALL_DEPTH;
    refusal why = check_range(params, is_depth ? 5000 : 1000, 0);
    cb_form_text(form, "symbol", params->symbol);
    if (call == CB_VENUE_CALL_CANDLES) {
        const char *interval = cb_binance_interval_word(params->interval_s);
        if (interval == NULL) {
            return "the venue has no candles of that length";
        }
        cb_form_text(form, "interval", interval);
    }
    if (params->has_from_id &&
        (call == CB_VENUE_CALL_TRADES_FROM || call == CB_VENUE_CALL_AGG_TRADES)) {
        cb_form_u64(form, "fromId", params->from_id);
    } else if (call == CB_VENUE_CALL_TRADES_FROM) {
        return "the first trade id is missing";
    }
    if (call == CB_VENUE_CALL_CANDLES || call == CB_VENUE_CALL_AGG_TRADES) {
        add_range(form, params);
    }
    add_limit(form, params);
    if (is_depth) {
        *weight = depth_weight(params->limit);
    }
    return why;
}

static refusal add_account_read(
    cb_form *form, cb_venue_call call, const cb_venue_params *params, uint32_t *weight)
{
    const refusal why = check_range(params, 1000, CB_NS_PER_DAY);
    cb_form_text(form, "symbol", params->symbol);
    const bool is_trades = call == CB_VENUE_CALL_OWN_TRADES;
    if (is_trades && params->venue_order_id[0] != '\0') {
        if (!binance_is_digits(params->venue_order_id)) {
            return "the venue's order id is not a number";
        }
        cb_form_text(form, "orderId", params->venue_order_id);
        *weight = 5;
    }
    if (params->has_from_id) {
        cb_form_u64(form, is_trades ? "fromId" : "orderId", params->from_id);
    }
    add_range(form, params);
    add_limit(form, params);
    return why;
}

static bool needs_symbol(cb_venue_call call)
{
    switch (call) {
    case CB_VENUE_CALL_DEPTH:
    case CB_VENUE_CALL_TRADES:
    case CB_VENUE_CALL_TRADES_FROM:
    case CB_VENUE_CALL_AGG_TRADES:
    case CB_VENUE_CALL_CANDLES:
    case CB_VENUE_CALL_AMEND:
    case CB_VENUE_CALL_CANCEL:
    case CB_VENUE_CALL_CANCEL_ALL:
    case CB_VENUE_CALL_DEADMAN:
    case CB_VENUE_CALL_QUERY:
    case CB_VENUE_CALL_ALL_ORDERS:
    case CB_VENUE_CALL_OWN_TRADES:
        return true;
    case CB_VENUE_CALL_PING:
    case CB_VENUE_CALL_TIME:
    case CB_VENUE_CALL_INSTRUMENTS:
    case CB_VENUE_CALL_TICKERS:
    case CB_VENUE_CALL_BOOK_TICKERS:
    case CB_VENUE_CALL_PRICES:
    case CB_VENUE_CALL_PLACE:
    case CB_VENUE_CALL_PLACE_TEST:
    case CB_VENUE_CALL_PLACE_LIST:
    case CB_VENUE_CALL_CANCEL_REPLACE:
    case CB_VENUE_CALL_OPEN_ORDERS:
    case CB_VENUE_CALL_ACCOUNT:
    case CB_VENUE_CALL_TRADING_FEE:
    case CB_VENUE_CALL_PERMISSIONS:
    case CB_VENUE_CALL_COUNT:
    default:
        return false;
    }
}

static refusal add_symbol_or_symbols(cb_form *form, const cb_venue_params *params)
{
    if (params->symbol[0] != '\0') {
        cb_form_text(form, "symbol", params->symbol);
    } else if (params->symbols_count > 0) {
        CB_ASSERT(params->symbols != NULL);
        add_symbols(form, params);
    }
    return NULL;
}

static refusal add_params(
    cb_form *form, cb_venue_call call, const cb_venue_params *params, uint32_t *weight)
{
    refusal why;
    switch (call) {
    case CB_VENUE_CALL_PLACE:
    case CB_VENUE_CALL_PLACE_TEST:
        return add_order(form, &params->order);
    case CB_VENUE_CALL_PLACE_LIST:
        return binance_add_list(form, params);
    case CB_VENUE_CALL_AMEND:
        return add_amend(form, params);
    case CB_VENUE_CALL_CANCEL_REPLACE:
        return add_cancel_replace(form, params);
    case CB_VENUE_CALL_CANCEL:
    case CB_VENUE_CALL_QUERY:
        cb_form_text(form, "symbol", params->symbol);
        return add_which(form, params, "orderId", "origClientOrderId");
    case CB_VENUE_CALL_CANCEL_ALL:
        cb_form_text(form, "symbol", params->symbol);
        return NULL;
    case CB_VENUE_CALL_DEADMAN:
        cb_form_text(form, "symbol", params->symbol);
        cb_form_u64(form, "countdownTime", (uint64_t)params->countdown_ms);
        return params->countdown_ms < 0 ? "the countdown is negative" : NULL;
    case CB_VENUE_CALL_DEPTH:
    case CB_VENUE_CALL_TRADES:
    case CB_VENUE_CALL_TRADES_FROM:
    case CB_VENUE_CALL_AGG_TRADES:
    case CB_VENUE_CALL_CANDLES:
        return add_market_read(form, call, params, weight);
    case CB_VENUE_CALL_ALL_ORDERS:
    case CB_VENUE_CALL_OWN_TRADES:
        return add_account_read(form, call, params, weight);
    case CB_VENUE_CALL_TICKERS:
    case CB_VENUE_CALL_BOOK_TICKERS:
    case CB_VENUE_CALL_PRICES:
        *weight = tickers_weight(call, params);
        return add_symbol_or_symbols(form, params);
    case CB_VENUE_CALL_OPEN_ORDERS:
        *weight = params->symbol[0] == '\0' ? 80 : 6;
        why = params->symbols_count > 0 ? "open orders are asked for one symbol or for all" : NULL;
        return why != NULL ? why : add_symbol_or_symbols(form, params);
    case CB_VENUE_CALL_INSTRUMENTS:
    case CB_VENUE_CALL_TRADING_FEE:
        return add_symbol_or_symbols(form, params);
    case CB_VENUE_CALL_PING:
    case CB_VENUE_CALL_TIME:
    case CB_VENUE_CALL_ACCOUNT:
    case CB_VENUE_CALL_PERMISSIONS:
        return NULL;
    case CB_VENUE_CALL_COUNT:
    default:
        return "no such call";
    }
}

/* ---- signing and assembling ---- */

static void set_header(cb_venue_request *out, const char *name, const char *value)
{
    CB_ASSERT(out->headers_count < CB_VENUE_HEADERS_MAX);
    char(*row)[256] = out->headers[out->headers_count];
    const bool fits = cb_text_copy(row[0], sizeof(row[0]), cb_sv_from(name)) &&
                      cb_text_copy(row[1], sizeof(row[1]), cb_sv_from(value));
    CB_ASSERT(fits);
    out->headers_count++;
}

/* Time and window are part of what is signed; signature and key follow here, or from attach when
 * another process holds the secret. */
static cb_status add_signature(
    cb_form *form, const cb_venue_auth *auth, cb_venue_request *out, cb_err *err)
{
    const bool is_unsigned = auth != NULL && auth->is_unsigned;
    const bool has_key = auth != NULL && auth->keys != NULL && auth->keys->api_key[0] != '\0';
    if (!has_key && !is_unsigned) {
        return CB_FAIL(err, CB_E_AUTH, "a signed call needs an API key");
    }
    if (auth->sign_ts_ns <= 0 || auth->window_ms < 0 || auth->window_ms > BINANCE_WINDOW_MS_MAX) {
        return CB_FAIL(err, CB_E_RANGE, "recvWindow or timestamp is out of bounds");
    }
    const int64_t window_ms = auth->window_ms == 0 ? BINANCE_WINDOW_MS_DEFAULT : auth->window_ms;
    cb_form_u64(form, "recvWindow", (uint64_t)window_ms);
    cb_form_u64(form, "timestamp", (uint64_t)(auth->sign_ts_ns / CB_NS_PER_MS));
    if (is_unsigned) {
        out->needs_signature = true;
        return CB_OK;
    }
    char signature[CB_BINANCE_SIGNATURE_MAX];
    const cb_status status =
        cb_binance_sign(auth->keys->api_secret, form->out, form->used, signature, err);
    if (status != CB_OK) {
        return status;
    }
    cb_form_text(form, "signature", signature);
    set_header(out, "X-MBX-APIKEY", auth->keys->api_key);
    return CB_OK;
}

static bool join_query(cb_venue_request *out, const char *path, const char *form)
{
    size_t used = 0;
    out->url_path[0] = '\0';
    return cb_text_append(out->url_path, sizeof(out->url_path), &used, path) &&
           (form[0] == '\0' || cb_text_append(out->url_path, sizeof(out->url_path), &used, "?")) &&
           cb_text_append(out->url_path, sizeof(out->url_path), &used, form);
}

cb_status binance_build(cb_venue_call call,
    const cb_venue_params *params,
    const cb_venue_auth *auth,
    cb_venue_request *out,
    cb_err *err)
{
    CB_ASSERT(params != NULL);
    CB_ASSERT(out != NULL);
    if ((uint32_t)call >= CB_VENUE_CALL_COUNT) {
        return CB_FAIL(err, CB_E_NOT_FOUND, "Binance has no such call");
    }
    const call_row *row = &calls[call];
    memset(out, 0, sizeof(*out));
    if (needs_symbol(call) && params->symbol[0] == '\0') {
        return CB_FAIL(err, CB_E_SYNTAX, "%s: symbol is missing", row->path);
    }
    const bool has_body = row->method == CB_VENUE_POST || row->method == CB_VENUE_PUT;
    char query[CB_VENUE_URL_MAX];
    cb_form form;
    cb_form_init(&form, has_body ? out->body : query, has_body ? sizeof(out->body) : sizeof(query));
    out->method = row->method;
    out->weight = row->weight;
    out->is_order = row->is_order;
    const refusal why = add_params(&form, call, params, &out->weight);
    if (why != NULL) {
        return CB_FAIL(err, CB_E_SYNTAX, "%s: %s", row->path, why);
    }
    if (row->is_signed) {
        const cb_status status = add_signature(&form, auth, out, err);
        if (status != CB_OK) {
            return status;
        }
    }
    if (has_body) {
        set_header(out, "Content-Type", "application/x-www-form-urlencoded");
    }
    if (form.is_full || !join_query(out, row->path, has_body ? "" : query)) {
        return CB_FAIL(err, CB_E_FULL, "%s: the parameters do not fit", row->path);
    }
    return CB_OK;
}
