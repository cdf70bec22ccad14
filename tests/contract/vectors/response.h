/* Response vectors: an answer goes through our parser, and what it gives is written in ccxt's words
 * and compared with what ccxt made of it. Fields that our types hold are all compared; so are those
 * that follow from them (remaining, average, cost). Not compared, because nothing here has them: a
 * ticker's `average` (half of open plus last, cut to the market's digits). */
#ifndef VECTORS_RESPONSE_H
#define VECTORS_RESPONSE_H

#include "tests/contract/vectors/common.h"

#define LEVELS_MAX 5000

/* ---- comparing ---- */

static const char *compare_json(json_t *expected, json_t *given, const json_t *skip);

static const char *differs(const char *what, const json_t *expected, const json_t *given)
{
    static char why[WHY_MAX];
    char *a = json_dumps(expected, JSON_COMPACT | JSON_ENCODE_ANY);
    char *b = json_dumps(given, JSON_COMPACT | JSON_ENCODE_ANY);
    (void)snprintf(why,
        sizeof(why),
        "%s is %.120s, not %.120s",
        what,
        b == NULL ? "missing" : b,
        a == NULL ? "missing" : a);
    free(a);
    free(b);
    return why;
}

/* A member that is missing on one side may be zero or empty on the other. */
static bool is_nothing(const json_t *value)
{
    return value == NULL || json_is_null(value) ||
           (json_is_number(value) && is_same_number(json_number_value(value), 0)) ||
           (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_object(value) && json_object_size(value) == 0) ||
           (json_is_string(value) && json_string_length(value) == 0);
}

static const char *compare_objects(json_t *expected, json_t *given, const json_t *skip)
{
    json_t *sides[2] = {expected, given};
    for (size_t side = 0; side < 2; side++) {
        const char *key = NULL;
        json_t *unused = NULL;
        json_object_foreach(sides[side], key, unused)
        {
            if (is_in(skip, key)) {
                continue;
            }
            json_t *a = json_object_get(expected, key);
            json_t *b = json_object_get(given, key);
            if (is_nothing(a) && is_nothing(b)) {
                continue;
            }
            if (a == NULL || b == NULL) {
                return differs(key, a, b);
            }
            const char *why = compare_json(a, b, skip);
            if (why != NULL) {
                return why;
            }
        }
    }
    return NULL;
}

static const char *compare_json(json_t *expected, json_t *given, const json_t *skip)
{
    if (json_is_number(expected) && json_is_number(given)) {
        return is_same_number(json_number_value(expected), json_number_value(given))
                   ? NULL
                   : differs("number", expected, given);
    }
    if (json_is_object(expected) && json_is_object(given)) {
        return compare_objects(expected, given, skip);
    }
    if (json_is_array(expected) && json_is_array(given)) {
        if (json_array_size(expected) != json_array_size(given)) {
            return differs("list", expected, given);
        }
        for (size_t i = 0; i < json_array_size(expected); i++) {
            const char *why =
                compare_json(json_array_get(expected, i), json_array_get(given, i), skip);
            if (why != NULL) {
                return why;
            }
        }
        return NULL;
    }
    return json_equal(expected, given) != 0 ? NULL : differs("value", expected, given);
}

/* ---- our types in ccxt's words ---- */

static json_t *side_json(cb_side side)
{
    return json_string(side == CB_SIDE_BUY ? "buy" : "sell");
}

static json_t *fee_json(const char *asset, int64_t cost_e8)
{
    json_t *fee = json_object();
    json_object_set_new(fee, "currency", json_string(asset));
    json_object_set_new(fee, "cost", json_e8(cost_e8));
    return fee;
}

static json_t *u64_text(uint64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%" PRIu64, value);
    return json_string(text);
}

static json_t *status_json(cb_order_state state)
{
    switch (state) {
    case CB_ORDER_STATE_OPEN:
    case CB_ORDER_STATE_PARTIALLY_FILLED:
        return json_string("open");
    case CB_ORDER_STATE_FILLED:
        return json_string("closed");
    case CB_ORDER_STATE_CANCELED:
        return json_string("canceled");
    case CB_ORDER_STATE_EXPIRED:
        return json_string("expired");
    case CB_ORDER_STATE_REJECTED:
        return json_string("rejected");
    case CB_ORDER_STATE_NONE:
    case CB_ORDER_STATE_READY:
    case CB_ORDER_STATE_SENDING:
    case CB_ORDER_STATE_UNKNOWN:
    case CB_ORDER_STATE_NOT_SENT:
    default:
        return NULL;
    }
}

static json_t *fill_json(const char *unified, const cb_venue_trade *trade)
{
    json_t *fill = json_object();
    json_object_set_new(fill, "symbol", json_string(unified));
    json_object_set_new(fill, "id", u64_text(trade->trade_id));
    json_object_set_new(fill, "price", json_e8(trade->price.e8));
    json_object_set_new(fill, "amount", json_e8(trade->qty.e8));
    json_object_set_new(fill, "cost", json_product(trade->price.e8, trade->qty.e8));
    json_t *fee = fee_json(trade->fee_asset, trade->fee.e8);
    json_object_set_new(fill, "fees", json_pack("[O]", fee));
    json_object_set_new(fill, "fee", fee);
    return fill;
}

static void add_fills(
    json_t *into, const char *unified, const cb_venue_trade *trades, uint32_t count)
{
    json_t *list = json_array();
    int64_t fee_e8 = 0;
    bool is_one_asset = true;
    for (uint32_t i = 0; i < count; i++) {
        json_array_append_new(list, fill_json(unified, &trades[i]));
        fee_e8 += trades[i].fee.e8;
        is_one_asset = is_one_asset && strcmp(trades[i].fee_asset, trades[0].fee_asset) == 0;
    }
    json_object_set_new(into, "trades", list);
    if (count > 0 && is_one_asset) {
        json_t *fee = fee_json(trades[0].fee_asset, fee_e8);
        json_object_set_new(into, "fees", json_pack("[O]", fee));
        json_object_set_new(into, "fee", fee);
    }
}

static void add_order_figures(json_t *into, const cb_venue_order *order)
{
    const bool is_market = order->order_type == CB_ORDER_TYPE_MARKET;
    const int64_t filled_e8 = order->cum_qty.e8;
    json_object_set_new(into, "amount", json_e8(order->qty.e8));
    json_object_set_new(into, "filled", json_e8(filled_e8));
    json_object_set_new(into, "remaining", json_e8(order->qty.e8 - filled_e8));
    json_object_set_new(into, "cost", json_e8(order->cum_quote.e8));
    if (filled_e8 > 0) {
        json_t *average = json_quotient(order->cum_quote.e8, filled_e8);
        if (is_market && order->price.e8 == 0) {
            json_object_set(into, "price", average);
        }
        json_object_set_new(into, "average", average);
        json_object_set_new(
            into, "lastTradeTimestamp", json_integer(order->update_ts_ns / CB_NS_PER_MS));
    }
    if (order->price.e8 != 0) {
        json_object_set_new(into, "price", json_e8(order->price.e8));
    }
    if (order->stop_price.e8 != 0) {
        json_object_set_new(into, "triggerPrice", json_e8(order->stop_price.e8));
        json_object_set_new(into, "stopPrice", json_e8(order->stop_price.e8));
    }
}

static json_t *order_json(const char *unified,
    const cb_venue_order *order,
    const cb_venue_trade *trades,
    uint32_t trades_count)
{
    json_t *into = json_object();
    const bool is_maker = order->order_type == CB_ORDER_TYPE_LIMIT_MAKER;
    /* ccxt's clientOrderId is that of the request: of a cancel, the cancel's own. */
    const char *client_id =
        order->request_client_id[0] != '\0' ? order->request_client_id : order->client_order_id;
    json_object_set_new(into, "id", json_string(order->venue_order_id));
    json_object_set_new(into, "clientOrderId", json_string(client_id));
    json_object_set_new(into, "symbol", json_string(unified));
    json_object_set_new(
        into, "lastUpdateTimestamp", json_integer(order->update_ts_ns / CB_NS_PER_MS));
    if (order->is_ack) {
        return into;
    }
    json_object_set_new(
        into, "type", json_string(is_maker ? "limit" : CB_NAME(cb_order_type, order->order_type)));
    char tif[8];
    const char *name = order->tif == CB_TIF_NONE ? "" : CB_NAME(cb_tif, order->tif);
    size_t size = 0;
    for (; name[size] != '\0' && size < sizeof(tif) - 1; size++) {
        tif[size] = (char)(name[size] - 'a' + 'A');
    }
    tif[size] = '\0';
    json_object_set_new(into, "timeInForce", json_string(tif));
    json_object_set_new(into, "postOnly", json_boolean(is_maker));
    json_object_set_new(into, "side", side_json(order->side));
    json_object_set_new(into, "status", status_json(order->state));
    add_order_figures(into, order);
    add_fills(into, unified, trades, trades_count);
    return into;
}

/* ---- sinks ---- */

typedef struct sink {
    json_t *list; /* owned by the caller */
    const char *unified;
    char symbol[24];
} sink;

static bool sink_order(void *context, const cb_venue_order *order)
{
    const sink *to = context;
    if (strcmp(order->symbol, to->symbol) == 0) {
        json_array_append_new(to->list, order_json(to->unified, order, NULL, 0));
    }
    return true;
}

static bool sink_trade(void *context, const cb_trade *trade)
{
    const sink *to = context;
    json_t *into = json_object();
    json_object_set_new(into, "id", u64_text(trade->trade_id));
    json_object_set_new(into, "symbol", json_string(to->unified));
    json_object_set_new(into, "side", side_json(trade->taker_side));
    json_object_set_new(into, "price", json_e8(trade->price.e8));
    json_object_set_new(into, "amount", json_e8(trade->qty.e8));
    json_object_set_new(into, "cost", json_product(trade->price.e8, trade->qty.e8));
    json_array_append_new(to->list, into);
    return true;
}

static bool sink_own_trade(void *context, const cb_venue_trade *trade)
{
    const sink *to = context;
    json_t *into = fill_json(to->unified, trade);
    json_object_set_new(into, "cost", json_e8(trade->quote_qty.e8));
    json_object_set_new(into, "order", json_string(trade->venue_order_id));
    json_object_set_new(into, "side", side_json(trade->side));
    json_object_set_new(into, "takerOrMaker", json_string(trade->is_maker ? "maker" : "taker"));
    json_array_append_new(to->list, into);
    return true;
}

static bool sink_candle(void *context, const cb_candle *candle)
{
    const sink *to = context;
    json_t *row = json_array();
    json_array_append_new(row, json_integer(candle->open_ts_ns / CB_NS_PER_MS));
    json_array_append_new(row, json_e8(candle->open.e8));
    json_array_append_new(row, json_e8(candle->high.e8));
    json_array_append_new(row, json_e8(candle->low.e8));
    json_array_append_new(row, json_e8(candle->close.e8));
    json_array_append_new(row, json_e8(candle->volume.e8));
    json_array_append_new(to->list, row);
    return true;
}

static bool sink_balance(void *context, const cb_asset_balance *balance)
{
    const sink *to = context;
    json_t *all = to->list; /* an object */
    const int64_t total_e8 = balance->free.e8 + balance->locked.e8;
    const struct {
        const char *name;
        int64_t value_e8;
    } parts[] = {{"free", balance->free.e8}, {"used", balance->locked.e8}, {"total", total_e8}};
    json_t *one = json_object();
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        json_object_set_new(one, parts[i].name, json_e8(parts[i].value_e8));
        json_t *map = json_object_get(all, parts[i].name);
        if (map == NULL) {
            json_object_set_new(all, parts[i].name, json_object());
            map = json_object_get(all, parts[i].name);
        }
        json_object_set_new(map, balance->asset, json_e8(parts[i].value_e8));
    }
    json_object_set_new(all, balance->asset, one);
    return true;
}

static bool sink_statistics(void *context, const cb_venue_statistics *stats)
{
    const sink *to = context;
    const struct {
        const char *name;
        int64_t value_e8;
    } rows[] = {{"high", stats->high.e8},
        {"low", stats->low.e8},
        {"bid", stats->bid.e8},
        {"bidVolume", stats->bid_qty.e8},
        {"ask", stats->ask.e8},
        {"askVolume", stats->ask_qty.e8},
        {"vwap", stats->average.e8},
        {"open", stats->open.e8},
        {"close", stats->last.e8},
        {"last", stats->last.e8},
        {"previousClose", stats->previous_close.e8},
        {"change", stats->change.e8},
        {"percentage", stats->change_percent.e8},
        {"baseVolume", stats->volume.e8},
        {"quoteVolume", stats->quote_volume.e8}};
    json_t *into = json_object();
    json_object_set_new(into, "symbol", json_string(to->unified));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_object_set_new(into, rows[i].name, json_e8(rows[i].value_e8));
    }
    json_array_append_new(to->list, into);
    return true;
}

/* ---- methods ---- */

static json_t *levels_json(const cb_level *levels, uint32_t count)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++) {
        json_t *row = json_array();
        json_array_append_new(row, json_e8(levels[i].price.e8));
        json_array_append_new(row, json_e8(levels[i].qty.e8));
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *parse_book(const cb_venue_ops *venue, cb_strview body, const sink *to, cb_err *err)
{
    static cb_level bids[LEVELS_MAX];
    static cb_level asks[LEVELS_MAX];
    cb_venue_depth depth = {
        .bids = bids, .asks = asks, .bids_capacity = LEVELS_MAX, .asks_capacity = LEVELS_MAX};
    if (venue->parse_depth(body, to->symbol, &depth, err) != CB_OK) {
        return NULL;
    }
    json_t *book = json_object();
    json_object_set_new(book, "symbol", json_string(to->unified));
    json_object_set_new(book, "bids", levels_json(depth.bids, depth.bids_count));
    json_object_set_new(book, "asks", levels_json(depth.asks, depth.asks_count));
    json_object_set_new(book, "nonce", json_integer((json_int_t)depth.last_update_id));
    return book;
}

static json_t *parse_one_order(
    const cb_venue_ops *venue, const char *method, cb_strview body, const sink *to, cb_err *err)
{
    static cb_venue_answer answer;
    cb_venue_order order;
    if (venue->parse_order(body, &order, err) != CB_OK) {
        return NULL;
    }
    /* The judge reads the fills; it is told to expect what the answer says. */
    cb_venue_params params;
    memset(&params, 0, sizeof(params));
    const bool is_new = strcmp(method, "createOrder") == 0;
    memcpy(params.symbol, order.symbol, sizeof(params.symbol));
    memcpy(params.venue_order_id, order.venue_order_id, sizeof(params.venue_order_id));
    memcpy(params.order.symbol, order.symbol, sizeof(params.order.symbol));
    memcpy(
        params.order.client_order_id, order.client_order_id, sizeof(params.order.client_order_id));
    params.order.side = order.side;
    params.order.order_type = order.order_type;
    params.order.qty = order.qty;
    params.order.reply_kind = order.is_ack ? CB_VENUE_REPLY_ACK : CB_VENUE_REPLY_FULL;
    venue->judge(is_new ? CB_VENUE_CALL_PLACE : CB_VENUE_CALL_QUERY, &params, 200, body, &answer);
    if (answer.answer_class != CB_ANSWER_ACCEPTED) {
        (void)CB_FAIL(
            err, CB_E_STATE, "judged as %d: %s", (int)answer.answer_class, answer.error.text);
        return NULL;
    }
    return order_json(to->unified, &answer.order, answer.trades, answer.trades_count);
}

static json_t *parse_list(const cb_venue_ops *venue,
    const char *method,
    cb_strview body,
    const json_t *input,
    sink *to,
    cb_err *err)
{
    cb_status status = CB_E_NOT_FOUND;
    (void)input;
    to->list = json_array();
    if (strcmp(method, "fetchTrades") == 0) {
        status = venue->parse_trades(body, to->symbol, sink_trade, to, err);
    } else if (strcmp(method, "fetchOHLCV") == 0) {
        status = venue->parse_candles(body, to->symbol, 60, 0, sink_candle, to, err);
    } else if (strcmp(method, "fetchMyTrades") == 0 || strcmp(method, "fetchOrderTrades") == 0) {
        status = venue->parse_own_trades(body, sink_own_trade, to, err);
    } else if (strcmp(method, "fetchOpenOrders") == 0 || strcmp(method, "fetchOrders") == 0 ||
               strcmp(method, "fetchClosedOrders") == 0 || strcmp(method, "cancelAllOrders") == 0) {
        status = venue->parse_orders(body, sink_order, to, err);
    } else {
        (void)CB_FAIL(err, CB_E_NOT_FOUND, "the method has no counterpart here");
    }
    if (status != CB_OK) {
        json_decref(to->list);
        return NULL;
    }
    return to->list;
}

static json_t *parse_answer(const cb_venue_ops *venue,
    const char *method,
    cb_strview body,
    const json_t *input,
    sink *to,
    cb_err *err)
{
    if (strcmp(method, "fetchTime") == 0) {
        int64_t time_ns = 0;
        return venue->parse_time(body, &time_ns, err) == CB_OK
                   ? json_integer(time_ns / CB_NS_PER_MS)
                   : NULL;
    }
    if (strcmp(method, "fetchOrderBook") == 0) {
        return parse_book(venue, body, to, err);
    }
    if (strcmp(method, "createOrder") == 0 || strcmp(method, "cancelOrder") == 0 ||
        strcmp(method, "fetchOrder") == 0) {
        return parse_one_order(venue, method, body, to, err);
    }
    if (strcmp(method, "fetchBalance") == 0) {
        to->list = json_object();
        return venue->parse_account(body, sink_balance, to, err) == CB_OK ? to->list : NULL;
    }
    if (strcmp(method, "fetchTicker") == 0) {
        to->list = json_array();
        return venue->parse_tickers(body, sink_statistics, to, err) == CB_OK
                   ? json_incref(json_array_get(to->list, 0))
                   : NULL;
    }
    return parse_list(venue, method, body, input, to, err);
}

/* Answers to a cancel-all may hold order lists; ccxt passes those on unread, as objects without an
 * id, and we give their orders. Both are taken out before comparing, the orders after being found
 * in the answer. */
static const char *settle_order_lists(json_t *expected, json_t *given, const json_t *answer)
{
    size_t reports = 0;
    for (size_t i = json_array_size(expected); i > 0; i--) {
        if (json_object_get(json_array_get(expected, i - 1), "id") == NULL) {
            json_array_remove(expected, i - 1);
        }
    }
    size_t index = 0;
    const json_t *item = NULL;
    json_array_foreach(answer, index, item)
    {
        reports += json_array_size(json_object_get(item, "orderReports"));
    }
    if (json_array_size(given) != json_array_size(expected) + reports) {
        return "not all orders were read";
    }
    for (size_t i = json_array_size(given); i > json_array_size(expected); i--) {
        json_array_remove(given, i - 1);
    }
    return NULL;
}

static const char *run_response(const cb_venue_ops *venue, const json_t *vector, const json_t *skip)
{
    static char why[WHY_MAX];
    const char *method = text_of(vector, "method");
    const json_t *input = json_object_get(vector, "input");
    const json_t *answer = json_object_get(vector, "httpResponse");
    json_t *expected = json_deep_copy(json_object_get(vector, "parsedResponse"));
    sink to = {.unified = ""};
    /* The symbol stands first, after the id of an order, or not at all. */
    for (size_t i = 0; i < 2; i++) {
        const char *text = json_string_value(json_array_get(input, i));
        if (text != NULL && strchr(text, '/') != NULL) {
            to.unified = text;
        }
    }
    join_symbol(to.unified, to.symbol);
    char *body = json_dumps(answer, JSON_COMPACT | JSON_ENCODE_ANY);
    cb_err err = {.text = ""};
    json_t *given = parse_answer(venue, method, cb_sv_from(body), input, &to, &err);
    const char *result = NULL;
    if (given == NULL) {
        (void)snprintf(why, sizeof(why), "%.300s", err.text);
        result = why;
    } else if (strcmp(method, "cancelAllOrders") == 0) {
        result = settle_order_lists(expected, given, answer);
    } else if (strcmp(method, "fetchTicker") == 0) {
        json_object_del(expected, "average"); /* see above */
    }
    if (result == NULL) {
        result = compare_json(expected, given, skip);
    }
    free(body);
    json_decref(given);
    json_decref(expected);
    return result;
}

static void run_responses(tally *all, const cb_venue_ops *venue, const json_t *file)
{
    const char *method = NULL;
    json_t *cases = NULL;
    json_object_foreach((json_t *)json_object_get(file, "methods"), method, cases)
    {
        size_t index = 0;
        const json_t *vector = NULL;
        json_array_foreach(cases, index, vector)
        {
            char name[200];
            (void)snprintf(name, sizeof(name), "%s: %s", method, text_of(vector, "description"));
            count_case(all,
                "response",
                name,
                run_response(venue, vector, json_object_get(file, "skipKeys")));
        }
    }
}

#endif /* VECTORS_RESPONSE_H */
