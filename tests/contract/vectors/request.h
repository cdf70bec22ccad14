/* Request vectors: a ccxt method with its arguments becomes a call of ours; the request that we
 * build must be the one that ccxt built. What ccxt does to the arguments on the way (cutting
 * quantities to the lot, rounding prices to the tick, choosing the order type) is done here,
 * because in Cerberus it is the strategy's and risk's part and not the adapter's. */
#ifndef VECTORS_REQUEST_H
#define VECTORS_REQUEST_H

#include "base/mac.h"
#include "domain/instrument.h"
#include "tests/contract/vectors/common.h"

#define MARKETS_MAX 64
#define OUR_CLIENT_ID "cerberus-vector-1"

typedef struct market {
    cb_instrument instrument;
    char unified[48];
    const json_t *raw; /* borrowed */
} market;

typedef struct markets {
    market all[MARKETS_MAX];
    size_t count;
    json_t *root; /* owned */
} markets;

/* What a case comes to. */
typedef struct mapped {
    cb_venue_call call;
    cb_venue_params params;
    char symbols[32][24];
    const char *refusal; /* refused before the adapter */
    bool is_unmapped;    /* no such method here */
} mapped;

static bool keep_market(void *context, const cb_instrument *instrument)
{
    markets *all = context;
    if (all->count < MARKETS_MAX) {
        market *at = &all->all[all->count++];
        at->instrument = *instrument;
        (void)snprintf(at->unified,
            sizeof(at->unified),
            "%s/%s",
            instrument->base_asset,
            instrument->quote_asset);
    }
    return true;
}

static const market *find_market(const markets *all, const char *unified)
{
    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(all->all[i].unified, unified) == 0 ||
            strcmp(all->all[i].instrument.symbol, unified) == 0) {
            return &all->all[i];
        }
    }
    return NULL;
}

static bool load_markets(const cb_venue_ops *venue, const char *path, markets *out)
{
    memset(out, 0, sizeof(*out));
    out->root = json_load_file(path, 0, NULL);
    if (out->root == NULL) {
        return false;
    }
    const json_t *response = json_object_get(out->root, "response");
    char *text = json_dumps(response, JSON_COMPACT);
    cb_venue_limits limits;
    uint32_t refused = 0;
    const cb_status status =
        venue->parse_instruments(cb_sv_from(text), &limits, keep_market, out, &refused, NULL);
    free(text);
    const json_t *symbols = json_object_get(response, "symbols");
    for (size_t i = 0; i < out->count; i++) {
        size_t index = 0;
        const json_t *raw = NULL;
        json_array_foreach(symbols, index, raw)
        {
            if (strcmp(text_of(raw, "symbol"), out->all[i].instrument.symbol) == 0) {
                out->all[i].raw = raw;
            }
        }
    }
    return status == CB_OK && refused == 0;
}

/* ---- arguments ---- */

static const json_t *argument(const json_t *input, size_t index)
{
    const json_t *value = json_array_get(input, index);
    return json_is_null(value) ? NULL : value;
}

/* The trailing object of extra parameters; an empty one when there is none. */
static const json_t *extras_of(const json_t *input)
{
    const size_t count = json_array_size(input);
    const json_t *last = count == 0 ? NULL : json_array_get(input, count - 1);
    return json_is_object(last) ? last : NULL;
}

static const json_t *extra(const json_t *extras, const char *key)
{
    const json_t *value = json_object_get(extras, key);
    return json_is_null(value) ? NULL : value;
}

static const char *refuse(mapped *to, const char *why)
{
    to->refusal = why;
    return why;
}

static bool set_symbol_argument(mapped *to, const markets *all, const json_t *value)
{
    const market *found = json_is_string(value) ? find_market(all, json_string_value(value)) : NULL;
    if (found == NULL) {
        (void)refuse(to, json_is_string(value) ? "there is no such symbol" : "symbol is missing");
        return false;
    }
    memcpy(to->params.symbol, found->instrument.symbol, sizeof(to->params.symbol));
    return true;
}

static int64_t ms_argument(const json_t *value)
{
    const json_int_t time_ms = json_is_integer(value) ? json_integer_value(value) : 0;
    return time_ms > 0 && time_ms < INT64_MAX / CB_NS_PER_MS ? time_ms * CB_NS_PER_MS : 0;
}

static void set_range(mapped *to, const json_t *since, const json_t *limit, const json_t *extras)
{
    to->params.start_ns = ms_argument(since);
    to->params.end_ns = ms_argument(extra(extras, "until"));
    if (json_is_integer(limit)) {
        to->params.limit = (uint32_t)json_integer_value(limit);
    }
}

static const char *client_id_of(const json_t *extras)
{
    static const char *const names[] = {"clientOrderId", "origClientOrderId", "newClientOrderId"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const json_t *value = extra(extras, names[i]);
        if (json_is_string(value)) {
            return json_string_value(value);
        }
    }
    return NULL;
}

static bool copy_text(char *out, size_t out_size, const char *text)
{
    return cb_text_copy(out, out_size, cb_sv_from(text));
}

static void set_order_id(mapped *to, const json_t *id, const json_t *extras)
{
    const char *client_id = client_id_of(extras);
    if (client_id != NULL) {
        (void)copy_text(to->params.client_order_id, sizeof(to->params.client_order_id), client_id);
        return;
    }
    if (json_is_string(id)) {
        (void)copy_text(
            to->params.venue_order_id, sizeof(to->params.venue_order_id), json_string_value(id));
    } else if (json_is_integer(id)) {
        (void)snprintf(to->params.venue_order_id,
            sizeof(to->params.venue_order_id),
            "%" JSON_INTEGER_FORMAT,
            json_integer_value(id));
    }
}

/* ---- orders ---- */

static const json_t *first_extra(const json_t *extras, const char *a, const char *b)
{
    const json_t *value = extra(extras, a);
    return value != NULL ? value : extra(extras, b);
}

/* ccxt's choice of Binance's type from "limit"/"market" and the extra parameters. */
static bool choose_type(mapped *to, const char *type, const json_t *extras)
{
    cb_venue_order_request *order = &to->params.order;
    const json_t *stop_loss = first_extra(extras, "stopLossPrice", "triggerPrice");
    stop_loss = stop_loss != NULL ? stop_loss : extra(extras, "stopPrice");
    const json_t *take_profit = extra(extras, "takeProfitPrice");
    const bool has_trailing =
        extra(extras, "trailingDelta") != NULL || extra(extras, "trailingPercent") != NULL;
    const bool is_post_only = json_is_true(extra(extras, "postOnly")) ||
                              strcmp(text_of(extras, "timeInForce"), "PO") == 0;
    char lower[32];
    size_t size = 0;
    for (; type[size] != '\0' && size < sizeof(lower) - 1; size++) {
        const char byte = type[size];
        lower[size] = byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
    }
    lower[size] = '\0';
    uint32_t value = 0;
    if (!cb_enum_parse(&cb_order_type_desc, lower, size, &value)) {
        (void)refuse(to, "there is no such order type");
        return false;
    }
    order->order_type = (cb_order_type)value;
    const bool is_market = order->order_type == CB_ORDER_TYPE_MARKET;
    if (!is_market && order->order_type != CB_ORDER_TYPE_LIMIT) {
        return true; /* Binance's own name was given */
    }
    if (is_post_only) {
        if (is_market) {
            (void)refuse(to, "a market order cannot be post-only");
            return false;
        }
        order->order_type = CB_ORDER_TYPE_LIMIT_MAKER;
    } else if (take_profit != NULL) {
        order->order_type = is_market ? CB_ORDER_TYPE_TAKE_PROFIT : CB_ORDER_TYPE_TAKE_PROFIT_LIMIT;
    } else if (stop_loss != NULL || has_trailing) {
        order->order_type = is_market ? CB_ORDER_TYPE_STOP_LOSS : CB_ORDER_TYPE_STOP_LOSS_LIMIT;
    }
    return true;
}

/* Rounds as ccxt does: quantities are cut, prices rounded. False: not a number. */
static bool rounded(const json_t *value, int64_t step_e8, cb_rounding rounding, int64_t *out_e8)
{
    int64_t exact_e8 = 0;
    *out_e8 = 0;
    if (value == NULL) {
        return true;
    }
    if (!e8_of(value, &exact_e8)) {
        return false;
    }
    if (step_e8 == 0) {
        *out_e8 = exact_e8;
        return true;
    }
    return cb_round_to_step(exact_e8, step_e8, rounding, out_e8, NULL) == CB_OK;
}

static bool is_type_allowed(const market *on, cb_order_type type)
{
    char word[32];
    const char *name = CB_NAME(cb_order_type, type);
    size_t size = 0;
    for (; name[size] != '\0' && size < sizeof(word) - 1; size++) {
        word[size] =
            name[size] >= 'a' && name[size] <= 'z' ? (char)(name[size] - 'a' + 'A') : name[size];
    }
    word[size] = '\0';
    return is_in(json_object_get(on->raw, "orderTypes"), word);
}

static void set_order_flags(cb_venue_order_request *order, const json_t *extras)
{
    const char *client_id = client_id_of(extras);
    (void)copy_text(order->client_order_id,
        sizeof(order->client_order_id),
        client_id == NULL ? OUR_CLIENT_ID : client_id);
    const json_t *prevention =
        first_extra(extras, "selfTradePrevention", "selfTradePreventionMode");
    if (json_is_string(prevention)) {
        (void)copy_text(order->self_trade_prevention,
            sizeof(order->self_trade_prevention),
            json_string_value(prevention));
    }
    const char *tif = text_of(extras, "timeInForce");
    order->tif = strcmp(tif, "IOC") == 0   ? CB_TIF_IOC
                 : strcmp(tif, "FOK") == 0 ? CB_TIF_FOK
                                           : CB_TIF_NONE;
    int64_t delta_e8 = 0;
    if (e8_of(extra(extras, "trailingDelta"), &delta_e8)) {
        order->trailing_delta_bips = (uint32_t)(delta_e8 / CB_E8);
    } else if (e8_of(extra(extras, "trailingPercent"), &delta_e8)) {
        order->trailing_delta_bips = (uint32_t)(delta_e8 * 100 / CB_E8);
    }
    const char *reply = text_of(extras, "newOrderRespType");
    order->reply_kind = strcmp(reply, "ACK") == 0      ? CB_VENUE_REPLY_ACK
                        : strcmp(reply, "RESULT") == 0 ? CB_VENUE_REPLY_RESULT
                                                       : CB_VENUE_REPLY_FULL;
}

/* A market order by cost, or (ccxt's rule) by amount times price when a price is given. */
static bool set_quote_amount(
    mapped *to, const market *on, const json_t *amount, const json_t *price, const json_t *extras)
{
    cb_venue_order_request *order = &to->params.order;
    const json_t *cost = first_extra(extras, "cost", "quoteOrderQty");
    int64_t amount_e8 = 0;
    int64_t price_e8 = 0;
    if (cost != NULL) {
        return rounded(cost, on->instrument.tick_size.e8, CB_ROUND_DOWN, &order->quote_qty.e8);
    }
    if (price != NULL && e8_of(amount, &amount_e8) && e8_of(price, &price_e8)) {
        int64_t exact_e8 = 0;
        return cb_mul_e8(amount_e8, price_e8, CB_ROUND_DOWN, &exact_e8, NULL) == CB_OK &&
               cb_round_to_step(exact_e8,
                   on->instrument.tick_size.e8,
                   CB_ROUND_DOWN,
                   &order->quote_qty.e8,
                   NULL) == CB_OK;
    }
    return true;
}

static const char *map_order(mapped *to,
    const markets *all,
    const json_t *symbol,
    const json_t *type,
    const json_t *side,
    const json_t *amount,
    const json_t *price,
    const json_t *extras)
{
    cb_venue_order_request *order = &to->params.order;
    if (!set_symbol_argument(to, all, symbol)) {
        return to->refusal;
    }
    const market *on = find_market(all, json_string_value(symbol));
    memcpy(order->symbol, on->instrument.symbol, sizeof(order->symbol));
    if (!json_is_string(type) || !choose_type(to, json_string_value(type), extras)) {
        return to->refusal != NULL ? to->refusal : refuse(to, "type is missing");
    }
    if (!is_type_allowed(on, order->order_type)) {
        return refuse(to, "the symbol does not take this order type");
    }
    const char *side_text = json_is_string(side) ? json_string_value(side) : "";
    order->side = strcmp(side_text, "buy") == 0    ? CB_SIDE_BUY
                  : strcmp(side_text, "sell") == 0 ? CB_SIDE_SELL
                                                   : CB_SIDE_NONE;
    set_order_flags(order, extras);
    const bool is_market = order->order_type == CB_ORDER_TYPE_MARKET;
    const bool has_price = order->order_type != CB_ORDER_TYPE_STOP_LOSS &&
                           order->order_type != CB_ORDER_TYPE_TAKE_PROFIT && !is_market;
    const json_t *stop = first_extra(extras, "takeProfitPrice", "stopLossPrice");
    stop = stop != NULL ? stop : first_extra(extras, "triggerPrice", "stopPrice");
    const cb_instrument *grid = &on->instrument;
    if (!rounded(stop, grid->tick_size.e8, CB_ROUND_HALF_UP, &order->stop_price.e8) ||
        !rounded(
            has_price ? price : NULL, grid->tick_size.e8, CB_ROUND_HALF_UP, &order->price.e8) ||
        !rounded(extra(extras, "icebergQty"),
            grid->lot_size.e8,
            CB_ROUND_DOWN,
            &order->iceberg_qty.e8) ||
        (is_market && !set_quote_amount(to, on, amount, price, extras)) ||
        (order->quote_qty.e8 == 0 &&
            !rounded(amount, grid->lot_size.e8, CB_ROUND_DOWN, &order->qty.e8))) {
        return refuse(to, "a number is not one");
    }
    return NULL;
}

/* ---- methods ---- */

static bool map_market_read(
    mapped *to, const markets *all, const char *method, const json_t *input, const json_t *extras)
{
    if (strcmp(method, "fetchTime") == 0) {
        to->call = CB_VENUE_CALL_TIME;
    } else if (strcmp(method, "fetchMarkets") == 0) {
        to->call = CB_VENUE_CALL_INSTRUMENTS;
    } else if (strcmp(method, "fetchOrderBook") == 0) {
        to->call = CB_VENUE_CALL_DEPTH;
        (void)set_symbol_argument(to, all, argument(input, 0));
        set_range(to, NULL, argument(input, 1), NULL);
    } else if (strcmp(method, "fetchTrades") == 0) {
        to->call = CB_VENUE_CALL_AGG_TRADES;
        (void)set_symbol_argument(to, all, argument(input, 0));
        set_range(to, argument(input, 1), argument(input, 2), extras);
        if (to->params.start_ns > 0 && to->params.end_ns == 0) {
            to->params.end_ns = to->params.start_ns + 3600 * CB_NS_PER_S; /* ccxt's hour */
        }
    } else if (strcmp(method, "fetchOHLCV") == 0) {
        static const struct {
            const char *name;
            uint32_t seconds;
        } frames[] = {{"1s", 1},
            {"1m", 60},
            {"3m", 180},
            {"5m", 300},
            {"15m", 900},
            {"30m", 1800},
            {"1h", 3600},
            {"2h", 7200},
            {"4h", 14400},
            {"6h", 21600},
            {"8h", 28800},
            {"12h", 43200},
            {"1d", 86400},
            {"3d", 259200},
            {"1w", 604800}};
        const char *frame = json_string_value(argument(input, 1));
        to->call = CB_VENUE_CALL_CANDLES;
        (void)set_symbol_argument(to, all, argument(input, 0));
        set_range(to, argument(input, 2), argument(input, 3), extras);
        to->params.limit = to->params.limit == 0 ? 500 : to->params.limit;
        for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
            if (strcmp(frame == NULL ? "1m" : frame, frames[i].name) == 0) {
                to->params.interval_s = frames[i].seconds;
            }
        }
    } else {
        return false;
    }
    return true;
}

static bool map_tickers(mapped *to, const markets *all, const char *method, const json_t *input)
{
    static const struct {
        const char *method;
        cb_venue_call call;
    } rows[] = {{"fetchTicker", CB_VENUE_CALL_TICKERS},
        {"fetchTickers", CB_VENUE_CALL_TICKERS},
        {"fetchBidsAsks", CB_VENUE_CALL_BOOK_TICKERS},
        {"fetchLastPrices", CB_VENUE_CALL_PRICES}};
    size_t row = 0;
    while (row < sizeof(rows) / sizeof(rows[0]) && strcmp(method, rows[row].method) != 0) {
        row++;
    }
    if (row == sizeof(rows) / sizeof(rows[0])) {
        return false;
    }
    to->call = rows[row].call;
    const json_t *first = argument(input, 0);
    if (strcmp(method, "fetchTicker") == 0) {
        (void)set_symbol_argument(to, all, first);
        return true;
    }
    for (size_t i = 0; i < json_array_size(first) && i < 32; i++) {
        const market *found = find_market(all, json_string_value(json_array_get(first, i)));
        if (found == NULL) {
            (void)refuse(to, "there is no such symbol");
            return true;
        }
        memcpy(to->symbols[i], found->instrument.symbol, sizeof(to->symbols[i]));
        to->params.symbols_count++;
    }
    to->params.symbols = (const char(*)[24])to->symbols;
    return true;
}

static bool map_account_read(
    mapped *to, const markets *all, const char *method, const json_t *input, const json_t *extras)
{
    static const struct {
        const char *method;
        cb_venue_call call;
    } lists[] = {{"fetchClosedOrders", CB_VENUE_CALL_ALL_ORDERS},
        {"fetchCanceledOrders", CB_VENUE_CALL_ALL_ORDERS},
        {"fetchCanceledAndClosedOrders", CB_VENUE_CALL_ALL_ORDERS},
        {"fetchOrders", CB_VENUE_CALL_ALL_ORDERS},
        {"fetchMyTrades", CB_VENUE_CALL_OWN_TRADES}};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (strcmp(method, lists[i].method) == 0) {
            to->call = lists[i].call;
            (void)set_symbol_argument(to, all, argument(input, 0));
            set_range(to, argument(input, 1), argument(input, 2), extras);
            const char *order_id = text_of(extras, "orderId");
            (void)copy_text(to->params.venue_order_id, sizeof(to->params.venue_order_id), order_id);
            return true;
        }
    }
    if (strcmp(method, "fetchOrderTrades") == 0) {
        to->call = CB_VENUE_CALL_OWN_TRADES;
        (void)set_symbol_argument(to, all, argument(input, 1));
        set_range(to, argument(input, 2), argument(input, 3), extras);
        set_order_id(to, argument(input, 0), NULL);
    } else if (strcmp(method, "fetchOpenOrders") == 0) {
        /* Without a symbol it costs 80: the caller has to say that he wants all. */
        to->call = CB_VENUE_CALL_OPEN_ORDERS;
        (void)set_symbol_argument(to, all, argument(input, 0));
    } else if (strcmp(method, "fetchBalance") == 0) {
        to->call = CB_VENUE_CALL_ACCOUNT;
    } else if (strcmp(method, "fetchTradingFee") == 0) {
        to->call = CB_VENUE_CALL_TRADING_FEE;
        (void)set_symbol_argument(to, all, argument(input, 0));
    } else if (strcmp(method, "fetchTradingFees") == 0) {
        to->call = CB_VENUE_CALL_TRADING_FEE;
    } else if (strcmp(method, "fetchOrder") == 0) {
        to->call = CB_VENUE_CALL_QUERY;
        (void)set_symbol_argument(to, all, argument(input, 1));
        set_order_id(to, argument(input, 0), extras);
    } else {
        return false;
    }
    return true;
}

static bool map_cost_order(
    mapped *to, const markets *all, const char *method, const json_t *input, const json_t *extras)
{
    const bool is_sell = strcmp(method, "createMarketSellOrderWithCost") == 0;
    const bool is_buy = strcmp(method, "createMarketBuyOrderWithCost") == 0;
    if (!is_sell && !is_buy && strcmp(method, "createMarketOrderWithCost") != 0) {
        return false;
    }
    const bool has_side = !is_sell && !is_buy;
    json_t *with_cost = extras == NULL ? json_object() : json_deep_copy(extras);
    json_t *type = json_string("market");
    json_t *side =
        has_side ? json_incref(json_array_get(input, 1)) : json_string(is_sell ? "sell" : "buy");
    json_object_set(with_cost, "cost", json_array_get(input, has_side ? 2 : 1));
    to->call = CB_VENUE_CALL_PLACE;
    (void)map_order(to, all, argument(input, 0), type, side, NULL, NULL, with_cost);
    json_decref(with_cost);
    json_decref(type);
    json_decref(side);
    return true;
}

static bool map_order_call(
    mapped *to, const markets *all, const char *method, const json_t *input, const json_t *extras)
{
    if (strcmp(method, "createOrder") == 0) {
        to->call =
            json_is_true(extra(extras, "test")) ? CB_VENUE_CALL_PLACE_TEST : CB_VENUE_CALL_PLACE;
        const json_t *price = argument(input, 4);
        (void)map_order(to,
            all,
            argument(input, 0),
            argument(input, 1),
            argument(input, 2),
            argument(input, 3),
            json_is_object(price) ? NULL : price,
            extras);
    } else if (strcmp(method, "editOrder") == 0) {
        to->call = CB_VENUE_CALL_CANCEL_REPLACE;
        const json_t *price = argument(input, 5);
        set_order_id(to, argument(input, 0), NULL);
        to->params.keep_unknown_cancel =
            strcmp(text_of(extras, "cancelReplaceMode"), "ALLOW_FAILURE") == 0;
        (void)map_order(to,
            all,
            argument(input, 1),
            argument(input, 2),
            argument(input, 3),
            argument(input, 4),
            json_is_object(price) ? NULL : price,
            extras);
    } else if (strcmp(method, "cancelOrder") == 0) {
        to->call = CB_VENUE_CALL_CANCEL;
        (void)set_symbol_argument(to, all, argument(input, 1));
        set_order_id(to, argument(input, 0), extras);
    } else if (strcmp(method, "cancelAllOrders") == 0) {
        to->call = CB_VENUE_CALL_CANCEL_ALL;
        (void)set_symbol_argument(to, all, argument(input, 0));
    } else {
        return map_cost_order(to, all, method, input, extras);
    }
    return true;
}

static void map_case(mapped *to, const markets *all, const json_t *vector)
{
    const char *method = text_of(vector, "method");
    const json_t *input = json_object_get(vector, "input");
    const json_t *extras = extras_of(input);
    memset(to, 0, sizeof(*to));
    to->is_unmapped = !map_market_read(to, all, method, input, extras) &&
                      !map_tickers(to, all, method, input) &&
                      !map_account_read(to, all, method, input, extras) &&
                      !map_order_call(to, all, method, input, extras);
}

/* ---- comparing ---- */

/* 1: same host and path, then the pairs of query and body; skipped keys are left out on both sides.
 */
static const char *compare_pairs(const char *expected_url,
    const json_t *output,
    const cb_venue_request *ours,
    const char *base,
    const json_t *skip)
{
    static char why[WHY_MAX];
    char url[CB_VENUE_URL_MAX + 256];
    json_t *expected = json_object();
    json_t *given = json_object();
    const char *result = NULL;
    (void)snprintf(url, sizeof(url), "%s%s", base, ours->url_path);
    const size_t path_size = strcspn(url, "?");
    if (strcspn(expected_url, "?") != path_size || strncmp(expected_url, url, path_size) != 0) {
        (void)snprintf(why, sizeof(why), "url %.150s", url);
        result = why;
    }
    add_form(expected, strchr(expected_url, '?') == NULL ? NULL : strchr(expected_url, '?') + 1);
    add_form(expected, json_string_value(output));
    add_form(given, url[path_size] == '?' ? url + path_size + 1 : NULL);
    add_form(given, ours->body);
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(expected, key, value)
    {
        const char *mine = json_string_value(json_object_get(given, key));
        if (result == NULL && !is_in(skip, key) &&
            (mine == NULL || !is_same_value(mine, json_string_value(value)))) {
            (void)snprintf(why,
                sizeof(why),
                "%s is %s, not %s",
                key,
                mine == NULL ? "missing" : mine,
                json_string_value(value));
            result = why;
        }
    }
    json_object_foreach(given, key, value)
    {
        if (result == NULL && !is_in(skip, key) && json_object_get(expected, key) == NULL) {
            (void)snprintf(why, sizeof(why), "%s=%s is too much", key, json_string_value(value));
            result = why;
        }
    }
    json_decref(expected);
    json_decref(given);
    return result;
}

static const char *our_header(const cb_venue_request *ours, const char *name)
{
    for (uint32_t i = 0; i < ours->headers_count; i++) {
        if (strcmp(ours->headers[i][0], name) == 0) {
            return ours->headers[i][1];
        }
    }
    return NULL;
}

static const char *compare_headers(const json_t *expected, const cb_venue_request *ours)
{
    static const char *const names[] = {"X-MBX-APIKEY", "Content-Type"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *wanted = json_string_value(json_object_get(expected, names[i]));
        const char *given = our_header(ours, names[i]);
        if ((wanted == NULL) != (given == NULL)) {
            return names[i];
        }
        if (wanted != NULL && strcmp(wanted, given) != 0) {
            return names[i];
        }
    }
    return NULL;
}

/* The signature is last, and right for the very bytes that are sent. */
static const char *check_signature(const cb_venue_request *ours, const char *secret)
{
    char payload[CB_VENUE_URL_MAX + CB_VENUE_BODY_MAX];
    const char *query = strchr(ours->url_path, '?');
    (void)snprintf(payload, sizeof(payload), "%s%s", query == NULL ? "" : query + 1, ours->body);
    char *mark = strstr(payload, "&signature=");
    if (mark == NULL) {
        return our_header(ours, "X-MBX-APIKEY") == NULL ? NULL : "no signature";
    }
    *mark = '\0';
    uint8_t mac[CB_SHA256_SIZE];
    char hex[2 * CB_SHA256_SIZE + 1];
    cb_hmac_sha256(secret, strlen(secret), payload, strlen(payload), mac);
    cb_hex_print(mac, sizeof(mac), hex);
    return strcmp(mark + strlen("&signature="), hex) == 0 ? NULL : "the signature is wrong";
}

static const char *run_request(
    const cb_venue_ops *venue, const markets *all, const json_t *vector, const json_t *head)
{
    static char why[WHY_MAX];
    static mapped to;
    cb_venue_request ours;
    cb_venue_keys keys;
    cb_err err;
    const json_t *credentials = json_object_get(head, "credentials");
    const char *secret = text_of(credentials, "secret");
    memset(&keys, 0, sizeof(keys));
    (void)copy_text(keys.api_key, sizeof(keys.api_key), text_of(credentials, "apiKey"));
    (void)copy_text(keys.api_secret, sizeof(keys.api_secret), secret);
    const cb_venue_auth auth = {.keys = &keys,
        .sign_ts_ns = json_integer_value(json_object_get(head, "frozenTimeMs")) * CB_NS_PER_MS,
        .window_ms = 10000};
    map_case(&to, all, vector);
    if (to.is_unmapped) {
        return "the method has no counterpart here";
    }
    const bool is_refused =
        to.refusal != NULL || venue->build(to.call, &to.params, &auth, &ours, &err) != CB_OK;
    const bool must_refuse = json_object_get(vector, "raises") != NULL;
    if (is_refused != must_refuse) {
        (void)snprintf(why,
            sizeof(why),
            "%.300s",
            must_refuse          ? "should have been refused"
            : to.refusal != NULL ? to.refusal
                                 : err.text);
        return why;
    }
    if (must_refuse) {
        return NULL;
    }
    if (strcmp(text_of(vector, "httpMethod"), cb_venue_method_name(ours.method)) != 0) {
        return "another HTTP method";
    }
    const char *expected_url = text_of(vector, "url");
    char base[128];
    const char *host_end = strchr(strstr(expected_url, "://") + 3, '/');
    (void)snprintf(base, sizeof(base), "%.*s", (int)(host_end - expected_url), expected_url);
    const char *found = compare_pairs(expected_url,
        json_object_get(vector, "output"),
        &ours,
        base,
        json_object_get(head, "skipKeys"));
    if (found == NULL) {
        found = compare_headers(json_object_get(vector, "headers"), &ours);
    }
    return found != NULL ? found : check_signature(&ours, secret);
}

static void run_requests(
    tally *all, const cb_venue_ops *venue, const json_t *file, const markets *known)
{
    const char *method = NULL;
    json_t *cases = NULL;
    json_object_foreach(json_object_get(file, "methods"), method, cases)
    {
        size_t index = 0;
        const json_t *vector = NULL;
        json_array_foreach(cases, index, vector)
        {
            char name[200];
            (void)snprintf(name, sizeof(name), "%s: %s", method, text_of(vector, "description"));
            count_case(all, "request", name, run_request(venue, known, vector, file));
        }
    }
}

#endif /* VECTORS_REQUEST_H */
