/* Answers to private REST calls: orders in all their forms (ACK, RESULT, FULL, query, cancel, order
 * lists), own trades and balances. */
#include <string.h>

#include "venue/binance/binance_internal.h"

/* bits of the members that were seen */
enum {
    SEEN_SYMBOL,
    SEEN_ORDER_ID,
    SEEN_CLIENT_ID,
    SEEN_ORIGINAL_ID,
    SEEN_PRICE,
    SEEN_QTY,
    SEEN_EXECUTED,
    SEEN_QUOTE,
    SEEN_STATUS,
    SEEN_TIF,
    SEEN_TYPE,
    SEEN_SIDE,
    SEEN_STOP,
    SEEN_TRANSACT,
    SEEN_UPDATE,
    SEEN_FILLS,
    SEEN_QUOTE_QTY,
    SEEN_EXPIRY,
    SEEN_PREVENTED,
    SEEN_TIME
};

#define BIT(name) (UINT64_C(1) << (name))

typedef struct order_reader {
    cb_venue_order *order;
    binance_fills *fills;
    uint64_t seen;
    int64_t time_ns;
} order_reader;

/* ---- one fill of a FULL answer ---- */

static bool read_fill(cb_json *json, cb_venue_trade *trade)
{
    cb_strview key;
    uint64_t seen = 0;
    memset(trade, 0, sizeof(*trade));
    (void)cb_json_enter_object(json);
    while (cb_json_next_key(json, &key)) {
        if (cb_sv_is(key, "price")) {
            (void)(cb_json_once(json, &seen, 0) && cb_json_decimal(json, &trade->price.e8));
        } else if (cb_sv_is(key, "qty")) {
            (void)(cb_json_once(json, &seen, 1) && cb_json_decimal(json, &trade->qty.e8));
        } else if (cb_sv_is(key, "commission")) {
            (void)(cb_json_once(json, &seen, 2) && cb_json_decimal(json, &trade->fee.e8));
        } else if (cb_sv_is(key, "commissionAsset")) {
            (void)(cb_json_once(json, &seen, 3) &&
                   cb_json_text(json, trade->fee_asset, sizeof(trade->fee_asset)));
        } else if (cb_sv_is(key, "tradeId")) {
            (void)(cb_json_once(json, &seen, 4) && cb_json_u64(json, &trade->trade_id));
        } else {
            (void)cb_json_skip(json);
        }
    }
    return cb_json_require(json, seen, 31, "a fill lacks a member");
}

static bool read_fills(cb_json *json, binance_fills *fills)
{
    if (fills == NULL) {
        return cb_json_skip(json);
    }
    (void)cb_json_enter_array(json);
    while (cb_json_next_item(json)) {
        if (fills->count == fills->capacity) {
            fills->is_cut = true;
            (void)cb_json_skip(json);
        } else if (read_fill(json, &fills->trades[fills->count])) {
            fills->count++;
        }
    }
    return json->status == CB_OK;
}

/* A fill inherits what its order says. quote = price * qty is exact or left 0: the venue's own
 * figure comes with the user stream and with own trades. */
static void complete_fills(binance_fills *fills, const cb_venue_order *order)
{
    for (uint32_t i = 0; i < fills->count; i++) {
        cb_venue_trade *trade = &fills->trades[i];
        memcpy(trade->symbol, order->symbol, sizeof(trade->symbol));
        memcpy(trade->venue_order_id, order->venue_order_id, sizeof(trade->venue_order_id));
        memcpy(trade->client_order_id, order->client_order_id, sizeof(trade->client_order_id));
        trade->side = order->side;
        trade->ts_ns = order->update_ts_ns;
        if (cb_notional(trade->price, trade->qty, CB_ROUND_EXACT, &trade->quote_qty, NULL) !=
            CB_OK) {
            trade->quote_qty.e8 = 0;
        }
    }
}

/* ---- one order ---- */

static bool read_order_id(cb_json *json, cb_venue_order *order)
{
    cb_strview text;
    uint64_t unused;
    if (!cb_json_number(json, &text)) {
        return false;
    }
    if (!cb_u64_parse(text, UINT64_MAX, &unused)) {
        return cb_json_fail(json, CB_E_RANGE, "an order id is not an unsigned integer");
    }
    return binance_keep(json, order->venue_order_id, sizeof(order->venue_order_id), text);
}

static bool read_order_word(cb_json *json, order_reader *reader, uint32_t bit)
{
    cb_strview word;
    cb_venue_order *order = reader->order;
    if (!cb_json_once(json, &reader->seen, bit) || !cb_json_word(json, &word)) {
        return false;
    }
    bool is_known = false;
    switch (bit) {
    case SEEN_STATUS:
        is_known = cb_binance_state(word, &order->state);
        if (is_known && cb_sv_is(word, "EXPIRED_IN_MATCH") && order->reason[0] == '\0') {
            (void)cb_text_copy(order->reason, sizeof(order->reason), word);
        }
        break;
    case SEEN_TIF:
        is_known = binance_tif(word, &order->tif);
        break;
    case SEEN_TYPE:
        is_known = binance_order_type(word, &order->order_type);
        break;
    case SEEN_SIDE:
    default:
        is_known = binance_side(word, &order->side);
        break;
    }
    return is_known ? true : cb_json_fail(json, CB_E_SYNTAX, "a word is not one of Binance's");
}

typedef struct member_row {
    const char *key;
    uint32_t bit;
    size_t offset; /* in cb_venue_order, of an int64 e8 */
} member_row;

#define AT(member) offsetof(cb_venue_order, member)

static const member_row decimal_rows[] = {{"price", SEEN_PRICE, AT(price)},
    {"origQty", SEEN_QTY, AT(qty)},
    {"qty", SEEN_QTY, AT(qty)}, /* of an amended order */
    {"executedQty", SEEN_EXECUTED, AT(cum_qty)},
    {"cummulativeQuoteQty", SEEN_QUOTE, AT(cum_quote)},
    {"stopPrice", SEEN_STOP, AT(stop_price)},
    {"origQuoteOrderQty", SEEN_QUOTE_QTY, AT(quote_qty)},
    {"preventedQuantity", SEEN_PREVENTED, AT(prevented_qty)}};
static const member_row word_rows[] = {{"status", SEEN_STATUS, 0},
    {"timeInForce", SEEN_TIF, 0},
    {"type", SEEN_TYPE, 0},
    {"side", SEEN_SIDE, 0}};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool read_order_texts(cb_json *json, cb_strview key, order_reader *reader, bool *is_ours)
{
    cb_venue_order *order = reader->order;
    *is_ours = true;
    if (cb_sv_is(key, "symbol")) {
        return cb_json_once(json, &reader->seen, SEEN_SYMBOL) &&
               cb_json_text(json, order->symbol, sizeof(order->symbol));
    }
    if (cb_sv_is(key, "orderId")) {
        return cb_json_once(json, &reader->seen, SEEN_ORDER_ID) && read_order_id(json, order);
    }
    if (cb_sv_is(key, "clientOrderId")) {
        return cb_json_once(json, &reader->seen, SEEN_CLIENT_ID) &&
               cb_json_text(json, order->request_client_id, sizeof(order->request_client_id));
    }
    if (cb_sv_is(key, "origClientOrderId")) {
        return cb_json_once(json, &reader->seen, SEEN_ORIGINAL_ID) &&
               cb_json_text(json, order->client_order_id, sizeof(order->client_order_id));
    }
    if (cb_sv_is(key, "expiryReason")) {
        return cb_json_once(json, &reader->seen, SEEN_EXPIRY) &&
               cb_json_text_cut(json, order->reason, sizeof(order->reason));
    }
    *is_ours = false;
    return true;
}

static bool read_order_member(cb_json *json, cb_strview key, order_reader *reader)
{
    bool is_ours = false;
    if (!read_order_texts(json, key, reader, &is_ours) || is_ours) {
        return json->status == CB_OK;
    }
    for (size_t i = 0; i < COUNT(decimal_rows); i++) {
        if (cb_sv_is(key, decimal_rows[i].key)) {
            int64_t value_e8 = 0;
            if (!cb_json_once(json, &reader->seen, decimal_rows[i].bit) ||
                !cb_json_decimal(json, &value_e8)) {
                return false;
            }
            memcpy((uint8_t *)reader->order + decimal_rows[i].offset, &value_e8, sizeof(value_e8));
            return true;
        }
    }
    for (size_t i = 0; i < COUNT(word_rows); i++) {
        if (cb_sv_is(key, word_rows[i].key)) {
            return read_order_word(json, reader, word_rows[i].bit);
        }
    }
    if (cb_sv_is(key, "transactTime") || cb_sv_is(key, "updateTime")) {
        return cb_json_once(json, &reader->seen, SEEN_UPDATE) &&
               binance_read_time(json, &reader->order->update_ts_ns);
    }
    if (cb_sv_is(key, "time")) {
        return cb_json_once(json, &reader->seen, SEEN_TIME) &&
               binance_read_time(json, &reader->time_ns);
    }
    if (cb_sv_is(key, "fills")) {
        return cb_json_once(json, &reader->seen, SEEN_FILLS) && read_fills(json, reader->fills);
    }
    return cb_json_skip(json);
}

/* clientOrderId is the order's own, except in answers to a cancel, where origClientOrderId is. */
static void settle_ids(const order_reader *reader)
{
    cb_venue_order *order = reader->order;
    if ((reader->seen & BIT(SEEN_ORIGINAL_ID)) == 0) {
        memcpy(order->client_order_id, order->request_client_id, sizeof(order->client_order_id));
        memset(order->request_client_id, 0, sizeof(order->request_client_id));
    }
}

bool binance_read_order(cb_json *json, cb_venue_order *order, binance_fills *fills)
{
    CB_ASSERT(order != NULL);
    CB_ASSERT(fills == NULL || fills->trades != NULL || fills->capacity == 0);
    cb_strview key;
    order_reader reader = {.order = order, .fills = fills};
    memset(order, 0, sizeof(*order));
    (void)cb_json_enter_object(json);
    while (cb_json_next_key(json, &key)) {
        (void)read_order_member(json, key, &reader);
    }
    const uint64_t ids = BIT(SEEN_SYMBOL) | BIT(SEEN_ORDER_ID) | BIT(SEEN_CLIENT_ID);
    const uint64_t terms =
        BIT(SEEN_QTY) | BIT(SEEN_EXECUTED) | BIT(SEEN_STATUS) | BIT(SEEN_TYPE) | BIT(SEEN_SIDE);
    if (!cb_json_require(json, reader.seen, ids, "an order lacks its ids")) {
        return false;
    }
    order->is_ack = (reader.seen & terms) == 0;
    if (!order->is_ack && !cb_json_require(json, reader.seen, terms, "an order lacks a member")) {
        return false;
    }
    if ((reader.seen & BIT(SEEN_UPDATE)) == 0) {
        order->update_ts_ns = reader.time_ns;
    }
    settle_ids(&reader);
    if (fills != NULL) {
        complete_fills(fills, order);
    }
    return true;
}

cb_status binance_parse_order(cb_strview text, cb_venue_order *out, cb_err *err)
{
    CB_ASSERT(out != NULL);
    cb_json json;
    cb_json_init(&json, text);
    (void)binance_read_order(&json, out, NULL);
    return cb_json_finish(&json, "order", err);
}

/* ---- lists of orders ---- */

typedef struct order_sink {
    cb_venue_order_fn fn;
    void *context;
    bool is_wanted;
} order_sink;

/* An order list (OCO) stands between orders as one object; its orders are in orderReports. */
static bool read_order_list(cb_json *json, order_sink *sink)
{
    cb_strview key;
    uint64_t seen = 0;
    (void)cb_json_enter_object(json);
    while (cb_json_next_key(json, &key)) {
        if (!cb_sv_is(key, "orderReports")) {
            (void)cb_json_skip(json);
            continue;
        }
        (void)(cb_json_once(json, &seen, 0) && cb_json_enter_array(json));
        while (cb_json_next_item(json)) {
            cb_venue_order order;
            if (binance_read_order(json, &order, NULL)) {
                sink->is_wanted = sink->is_wanted && sink->fn(sink->context, &order);
            }
        }
    }
    return cb_json_require(json, seen, 1, "an order list lacks its orders");
}

cb_status binance_parse_list(cb_strview text, cb_venue_order_fn fn, void *context, cb_err *err)
{
    CB_ASSERT(fn != NULL);
    cb_json json;
    order_sink sink = {.fn = fn, .context = context, .is_wanted = true};
    cb_json_init(&json, text);
    (void)read_order_list(&json, &sink);
    return cb_json_finish(&json, "order list", err);
}

/* Looks ahead, on a copy of the scanner, whether this object is an order list. */
static bool is_order_list(const cb_json *json)
{
    cb_json ahead = *json;
    cb_strview key;
    (void)cb_json_enter_object(&ahead);
    while (cb_json_next_key(&ahead, &key)) {
        if (cb_sv_is(key, "orderReports")) {
            return true;
        }
        (void)cb_json_skip(&ahead);
    }
    return false;
}

cb_status binance_parse_orders(cb_strview text, cb_venue_order_fn fn, void *context, cb_err *err)
{
    CB_ASSERT(fn != NULL);
    cb_json json;
    order_sink sink = {.fn = fn, .context = context, .is_wanted = true};
    cb_json_init(&json, text);
    (void)cb_json_enter_array(&json);
    while (cb_json_next_item(&json)) {
        cb_venue_order order;
        if (is_order_list(&json)) {
            (void)read_order_list(&json, &sink);
        } else if (binance_read_order(&json, &order, NULL)) {
            sink.is_wanted = sink.is_wanted && fn(context, &order);
        }
    }
    return cb_json_finish(&json, "orders", err);
}

/* ---- own trades ---- */

static bool read_own_trade_member(
    cb_json *json, cb_strview key, cb_venue_trade *trade, bool *is_buyer, uint64_t *seen)
{
    if (cb_sv_is(key, "symbol")) {
        return cb_json_once(json, seen, 0) &&
               cb_json_text(json, trade->symbol, sizeof(trade->symbol));
    }
    if (cb_sv_is(key, "id")) {
        return cb_json_once(json, seen, 1) && cb_json_u64(json, &trade->trade_id);
    }
    if (cb_sv_is(key, "orderId")) {
        cb_strview text;
        return cb_json_once(json, seen, 2) && cb_json_number(json, &text) &&
               binance_keep(json, trade->venue_order_id, sizeof(trade->venue_order_id), text);
    }
    if (cb_sv_is(key, "price")) {
        return cb_json_once(json, seen, 3) && cb_json_decimal(json, &trade->price.e8);
    }
    if (cb_sv_is(key, "qty")) {
        return cb_json_once(json, seen, 4) && cb_json_decimal(json, &trade->qty.e8);
    }
    if (cb_sv_is(key, "quoteQty")) {
        return cb_json_once(json, seen, 5) && cb_json_decimal(json, &trade->quote_qty.e8);
    }
    if (cb_sv_is(key, "commission")) {
        return cb_json_once(json, seen, 6) && cb_json_decimal(json, &trade->fee.e8);
    }
    if (cb_sv_is(key, "commissionAsset")) {
        return cb_json_once(json, seen, 7) &&
               cb_json_text(json, trade->fee_asset, sizeof(trade->fee_asset));
    }
    if (cb_sv_is(key, "time")) {
        return cb_json_once(json, seen, 8) && binance_read_time(json, &trade->ts_ns);
    }
    if (cb_sv_is(key, "isBuyer")) {
        return cb_json_once(json, seen, 9) && cb_json_bool(json, is_buyer);
    }
    if (cb_sv_is(key, "isMaker")) {
        return cb_json_once(json, seen, 10) && cb_json_bool(json, &trade->is_maker);
    }
    return cb_json_skip(json);
}

cb_status binance_parse_own_trades(
    cb_strview text, cb_venue_own_trade_fn fn, void *context, cb_err *err)
{
    CB_ASSERT(fn != NULL);
    cb_json json;
    bool is_wanted = true;
    cb_json_init(&json, text);
    (void)cb_json_enter_array(&json);
    while (cb_json_next_item(&json)) {
        cb_venue_trade trade;
        cb_strview key;
        uint64_t seen = 0;
        bool is_buyer = false;
        memset(&trade, 0, sizeof(trade));
        (void)cb_json_enter_object(&json);
        while (cb_json_next_key(&json, &key)) {
            (void)read_own_trade_member(&json, key, &trade, &is_buyer, &seen);
        }
        if (!cb_json_require(&json, seen, (UINT64_C(1) << 11) - 1, "a trade lacks a member")) {
            break;
        }
        trade.side = is_buyer ? CB_SIDE_BUY : CB_SIDE_SELL;
        is_wanted = is_wanted && fn(context, &trade);
    }
    return cb_json_finish(&json, "own trades", err);
}

/* ---- balances ---- */

static bool read_balance(cb_json *json, cb_asset_balance *balance, bool *is_ours)
{
    cb_strview key;
    cb_strview asset = {.at = "", .size = 0};
    uint64_t seen = 0;
    memset(balance, 0, sizeof(*balance));
    (void)cb_json_enter_object(json);
    while (cb_json_next_key(json, &key)) {
        if (cb_sv_is(key, "asset")) {
            (void)(cb_json_once(json, &seen, 0) && cb_json_word(json, &asset));
        } else if (cb_sv_is(key, "free")) {
            (void)(cb_json_once(json, &seen, 1) && cb_json_decimal(json, &balance->free.e8));
        } else if (cb_sv_is(key, "locked")) {
            (void)(cb_json_once(json, &seen, 2) && cb_json_decimal(json, &balance->locked.e8));
        } else {
            (void)cb_json_skip(json);
        }
    }
    /* An asset whose name does not fit belongs to no instrument that could be loaded. */
    *is_ours = cb_text_copy(balance->asset, sizeof(balance->asset), asset);
    return cb_json_require(json, seen, 7, "a balance lacks a member");
}

cb_status binance_parse_account(cb_strview text, cb_venue_balance_fn fn, void *context, cb_err *err)
{
    CB_ASSERT(fn != NULL);
    cb_json json;
    cb_strview key;
    uint64_t seen = 0;
    bool is_wanted = true;
    cb_json_init(&json, text);
    (void)cb_json_enter_object(&json);
    while (cb_json_next_key(&json, &key)) {
        if (!cb_sv_is(key, "balances")) {
            (void)cb_json_skip(&json);
            continue;
        }
        (void)(cb_json_once(&json, &seen, 0) && cb_json_enter_array(&json));
        while (cb_json_next_item(&json)) {
            cb_asset_balance balance;
            bool is_ours = false;
            if (read_balance(&json, &balance, &is_ours) && is_ours) {
                is_wanted = is_wanted && fn(context, &balance);
            }
        }
    }
    (void)cb_json_require(&json, seen, 1, "no balances");
    return cb_json_finish(&json, "account", err);
}
