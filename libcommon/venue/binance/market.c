/* Answers to public REST calls: time, instruments, depth, candles, trades, statistics. */
#include <string.h>

#include "venue/binance/binance_internal.h"

cb_status binance_parse_time(cb_strview text, int64_t *out_ns, cb_err *err)
{
    CB_ASSERT(out_ns != NULL);
    cb_json json;
    cb_strview key;
    uint64_t seen = 0;
    int64_t time_ns = 0;
    cb_json_init(&json, text);
    (void)cb_json_enter_object(&json);
    while (cb_json_next_key(&json, &key)) {
        if (cb_sv_is(key, "serverTime")) {
            (void)(cb_json_once(&json, &seen, 0) && binance_read_time(&json, &time_ns));
        } else {
            (void)cb_json_skip(&json);
        }
    }
    (void)cb_json_require(&json, seen, 1, "no serverTime");
    const cb_status status = cb_json_finish(&json, "time", err);
    if (status == CB_OK) {
        *out_ns = time_ns;
    }
    return status;
}

cb_status binance_parse_depth(cb_strview text, const char *symbol, cb_venue_depth *out, cb_err *err)
{
    CB_ASSERT(symbol != NULL);
    CB_ASSERT(out != NULL);
    cb_json json;
    cb_strview key;
    uint64_t seen = 0;
    cb_json_init(&json, text);
    (void)cb_json_enter_object(&json);
    while (cb_json_next_key(&json, &key)) {
        if (cb_sv_is(key, "lastUpdateId")) {
            (void)(cb_json_once(&json, &seen, 0) && cb_json_u64(&json, &out->last_update_id));
        } else if (cb_sv_is(key, "bids")) {
            (void)(cb_json_once(&json, &seen, 1) &&
                   binance_read_levels(&json, out->bids, out->bids_capacity, &out->bids_count));
        } else if (cb_sv_is(key, "asks")) {
            (void)(cb_json_once(&json, &seen, 2) &&
                   binance_read_levels(&json, out->asks, out->asks_capacity, &out->asks_count));
        } else {
            (void)cb_json_skip(&json);
        }
    }
    (void)cb_json_require(&json, seen, 7, "no lastUpdateId, bids or asks");
    (void)(json.status == CB_OK &&
           binance_keep(&json, out->symbol, sizeof(out->symbol), cb_sv_from(symbol)));
    out->first_update_id = out->last_update_id;
    out->venue_ts_ns = 0;
    return cb_json_finish(&json, "depth", err);
}

/* ---- candles ---- */

static bool next_decimal(cb_json *json, int64_t *out_e8)
{
    return cb_json_next_item(json) && cb_json_decimal(json, out_e8);
}

/* [openTime, o, h, l, c, volume, closeTime, quoteVolume, trades, takerBase, takerQuote, "0"] */
static bool read_candle(cb_json *json, cb_candle *candle)
{
    int64_t venue_close_ns = 0;
    if (!cb_json_enter_array(json) || !cb_json_next_item(json) ||
        !binance_read_time(json, &candle->open_ts_ns) || !next_decimal(json, &candle->open.e8) ||
        !next_decimal(json, &candle->high.e8) || !next_decimal(json, &candle->low.e8) ||
        !next_decimal(json, &candle->close.e8) || !next_decimal(json, &candle->volume.e8) ||
        !cb_json_next_item(json) || !binance_read_time(json, &venue_close_ns) ||
        !next_decimal(json, &candle->quote_volume.e8) || !cb_json_next_item(json) ||
        !cb_json_u64(json, &candle->trades_count)) {
        return cb_json_fail(json, CB_E_SYNTAX, "a candle is too short");
    }
    while (cb_json_next_item(json)) {
        (void)cb_json_skip(json);
    }
    return json->status == CB_OK;
}

cb_status binance_parse_candles(cb_strview text,
    const char *symbol,
    uint32_t interval_s,
    int64_t now_ns,
    cb_venue_candle_fn fn,
    void *context,
    cb_err *err)
{
    CB_ASSERT(symbol != NULL && fn != NULL);
    CB_ASSERT(interval_s > 0);
    cb_json json;
    bool is_wanted = true;
    const int64_t length_ns = (int64_t)interval_s * CB_NS_PER_S;
    cb_json_init(&json, text);
    (void)cb_json_enter_array(&json);
    while (cb_json_next_item(&json)) {
        cb_candle candle;
        memset(&candle, 0, sizeof(candle));
        if (!read_candle(&json, &candle) ||
            !binance_keep(&json, candle.symbol, sizeof(candle.symbol), cb_sv_from(symbol))) {
            break;
        }
        if (__builtin_add_overflow(candle.open_ts_ns, length_ns, &candle.close_ts_ns)) {
            (void)cb_json_fail(&json, CB_E_RANGE, "a candle's end is too big");
            break;
        }
        memcpy(candle.venue, BINANCE_NAME, sizeof(BINANCE_NAME));
        candle.interval_s = interval_s;
        candle.is_closed = now_ns >= candle.close_ts_ns;
        candle.is_backfill = true;
        is_wanted = is_wanted && fn(context, &candle);
    }
    return cb_json_finish(&json, "klines", err);
}

/* ---- trades ---- */

enum { TRADE_ID, TRADE_PRICE, TRADE_QTY, TRADE_TIME, TRADE_MAKER };

/* Both forms: {"id","price","qty","time","isBuyerMaker"} of trades and {"a","p","q","T","m"} of
 * aggTrades, whose id is the aggregate's. */
static bool read_trade_member(
    cb_json *json, cb_strview key, cb_trade *trade, bool *is_buyer_maker, uint64_t *seen)
{
    if (cb_sv_is(key, "id") || cb_sv_is(key, "a")) {
        return cb_json_once(json, seen, TRADE_ID) && cb_json_u64(json, &trade->trade_id);
    }
    if (cb_sv_is(key, "price") || cb_sv_is(key, "p")) {
        return cb_json_once(json, seen, TRADE_PRICE) && cb_json_decimal(json, &trade->price.e8);
    }
    if (cb_sv_is(key, "qty") || cb_sv_is(key, "q")) {
        return cb_json_once(json, seen, TRADE_QTY) && cb_json_decimal(json, &trade->qty.e8);
    }
    if (cb_sv_is(key, "time") || cb_sv_is(key, "T")) {
        return cb_json_once(json, seen, TRADE_TIME) && binance_read_time(json, &trade->venue_ts_ns);
    }
    if (cb_sv_is(key, "isBuyerMaker") || cb_sv_is(key, "m")) {
        return cb_json_once(json, seen, TRADE_MAKER) && cb_json_bool(json, is_buyer_maker);
    }
    return cb_json_skip(json);
}

cb_status binance_parse_trades(
    cb_strview text, const char *symbol, cb_venue_trade_fn fn, void *context, cb_err *err)
{
    CB_ASSERT(symbol != NULL);
    CB_ASSERT(fn != NULL);
    cb_json json;
    bool is_wanted = true;
    cb_json_init(&json, text);
    (void)cb_json_enter_array(&json);
    while (cb_json_next_item(&json)) {
        cb_trade trade;
        cb_strview key;
        uint64_t seen = 0;
        bool is_buyer_maker = false;
        memset(&trade, 0, sizeof(trade));
        (void)cb_json_enter_object(&json);
        while (cb_json_next_key(&json, &key)) {
            (void)read_trade_member(&json, key, &trade, &is_buyer_maker, &seen);
        }
        if (!cb_json_require(&json, seen, 31, "a trade lacks a member") ||
            !binance_keep(&json, trade.symbol, sizeof(trade.symbol), cb_sv_from(symbol))) {
            break;
        }
        memcpy(trade.venue, BINANCE_NAME, sizeof(BINANCE_NAME));
        trade.taker_side = is_buyer_maker ? CB_SIDE_SELL : CB_SIDE_BUY;
        is_wanted = is_wanted && fn(context, &trade);
    }
    return cb_json_finish(&json, "trades", err);
}

/* ---- statistics ---- */

typedef struct statistics_row {
    const char *key;
    size_t offset; /* of an int64 e8 */
} statistics_row;

#define AT(member) offsetof(cb_venue_statistics, member)

static const statistics_row decimals[] = {{"openPrice", AT(open)},
    {"highPrice", AT(high)},
    {"lowPrice", AT(low)},
    {"lastPrice", AT(last)},
    {"prevClosePrice", AT(previous_close)},
    {"weightedAvgPrice", AT(average)},
    {"priceChange", AT(change)},
    {"priceChangePercent", AT(change_percent)},
    {"bidPrice", AT(bid)},
    {"bidQty", AT(bid_qty)},
    {"askPrice", AT(ask)},
    {"askQty", AT(ask_qty)},
    {"volume", AT(volume)},
    {"quoteVolume", AT(quote_volume)}};

#define DECIMALS_COUNT (sizeof(decimals) / sizeof(decimals[0]))

static bool read_statistics_member(
    cb_json *json, cb_strview key, cb_venue_statistics *out, uint64_t *seen)
{
    if (cb_sv_is(key, "symbol")) {
        return cb_json_once(json, seen, 0) && cb_json_text(json, out->symbol, sizeof(out->symbol));
    }
    if (cb_sv_is(key, "openTime")) {
        return cb_json_once(json, seen, 1) && binance_read_time(json, &out->open_ts_ns);
    }
    if (cb_sv_is(key, "closeTime")) {
        return cb_json_once(json, seen, 2) && binance_read_time(json, &out->close_ts_ns);
    }
    if (cb_sv_is(key, "count")) {
        return cb_json_once(json, seen, 3) && cb_json_u64(json, &out->trades_count);
    }
    for (uint32_t i = 0; i < DECIMALS_COUNT; i++) {
        if (cb_sv_is(key, decimals[i].key)) {
            int64_t value_e8 = 0;
            if (!cb_json_once(json, seen, 8 + i) || !cb_json_decimal(json, &value_e8)) {
                return false;
            }
            memcpy((uint8_t *)out + decimals[i].offset, &value_e8, sizeof(value_e8));
            return true;
        }
    }
    return cb_json_skip(json);
}

static bool read_statistics(cb_json *json, cb_venue_statistics *out)
{
    cb_strview key;
    uint64_t seen = 0;
    memset(out, 0, sizeof(*out));
    (void)cb_json_enter_object(json);
    while (cb_json_next_key(json, &key)) {
        (void)read_statistics_member(json, key, out, &seen);
    }
    return cb_json_require(json, seen, 1, "statistics lack a symbol");
}

cb_status binance_parse_tickers(
    cb_strview text, cb_venue_statistics_fn fn, void *context, cb_err *err)
{
    CB_ASSERT(fn != NULL);
    cb_json json;
    cb_venue_statistics one;
    cb_json_init(&json, text);
    if (cb_json_peek(&json) == CB_JSON_OBJECT) {
        if (read_statistics(&json, &one)) {
            (void)fn(context, &one);
        }
        return cb_json_finish(&json, "statistics", err);
    }
    bool is_wanted = true;
    (void)cb_json_enter_array(&json);
    while (cb_json_next_item(&json) && read_statistics(&json, &one)) {
        is_wanted = is_wanted && fn(context, &one);
    }
    return cb_json_finish(&json, "statistics", err);
}
