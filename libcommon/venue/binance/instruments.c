/* exchangeInfo: rate limits, instruments and their filters. An instrument whose numbers cannot be
 * kept exactly is left out and counted, so that one odd symbol does not cost all others. */
#include <string.h>

#include "venue/binance/binance_internal.h"

/* ---- rate limits ---- */

typedef struct limit_row {
    const char *type;
    const char *interval;
    uint64_t count; /* intervals in the window */
    size_t offset;  /* of a uint32_t in cb_venue_limits */
} limit_row;

static const limit_row limit_rows[] = {
    {"REQUEST_WEIGHT", "MINUTE", 1, offsetof(cb_venue_limits, weight_per_minute)},
    {"ORDERS", "SECOND", 10, offsetof(cb_venue_limits, orders_per_10s)},
    {"ORDERS", "DAY", 1, offsetof(cb_venue_limits, orders_per_day)},
    {"RAW_REQUESTS", "MINUTE", 5, offsetof(cb_venue_limits, requests_per_5min)}};

static void keep_limit(cb_venue_limits *limits,
    cb_strview type,
    cb_strview interval,
    uint64_t interval_count,
    uint64_t limit)
{
    for (size_t i = 0; i < sizeof(limit_rows) / sizeof(limit_rows[0]); i++) {
        const limit_row *row = &limit_rows[i];
        if (row->count == interval_count && cb_sv_is(type, row->type) &&
            cb_sv_is(interval, row->interval)) {
            const uint32_t value = limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit;
            memcpy((uint8_t *)limits + row->offset, &value, sizeof(value));
        }
    }
}

static bool read_limits(cb_json *json, cb_venue_limits *limits)
{
    (void)cb_json_enter_array(json);
    while (cb_json_next_item(json)) {
        cb_strview key;
        cb_strview type = {.at = "", .size = 0};
        cb_strview interval = type;
        uint64_t interval_count = 0;
        uint64_t limit = 0;
        (void)cb_json_enter_object(json);
        while (cb_json_next_key(json, &key)) {
            if (cb_sv_is(key, "rateLimitType")) {
                (void)cb_json_word(json, &type);
            } else if (cb_sv_is(key, "interval")) {
                (void)cb_json_word(json, &interval);
            } else if (cb_sv_is(key, "intervalNum")) {
                (void)cb_json_u64(json, &interval_count);
            } else if (cb_sv_is(key, "limit")) {
                (void)cb_json_u64(json, &limit);
            } else {
                (void)cb_json_skip(json);
            }
        }
        keep_limit(limits, type, interval, interval_count, limit);
    }
    return json->status == CB_OK;
}

/* ---- filters ---- */

/* Everything that any filter may hold; a filter uses some of it. */
typedef struct filter_values {
    cb_strview type;
    int64_t values_e8[14];
    uint64_t seen;
    uint64_t orders_max;
} filter_values;

enum {
    MIN_PRICE,
    MAX_PRICE,
    TICK_SIZE,
    MIN_QTY,
    MAX_QTY,
    STEP_SIZE,
    MIN_NOTIONAL,
    MAX_NOTIONAL,
    BID_UP,
    BID_DOWN,
    ASK_UP,
    ASK_DOWN,
    BOTH_UP,
    BOTH_DOWN
};

static const char *const filter_keys[] = {"minPrice",
    "maxPrice",
    "tickSize",
    "minQty",
    "maxQty",
    "stepSize",
    "minNotional",
    "maxNotional",
    "bidMultiplierUp",
    "bidMultiplierDown",
    "askMultiplierUp",
    "askMultiplierDown",
    "multiplierUp",
    "multiplierDown"};

static bool read_filter_member(cb_json *json, cb_strview key, filter_values *filter)
{
    if (cb_sv_is(key, "filterType")) {
        return cb_json_word(json, &filter->type);
    }
    if (cb_sv_is(key, "maxNumOrders") || cb_sv_is(key, "limit")) {
        return cb_json_u64(json, &filter->orders_max);
    }
    for (uint32_t i = 0; i < sizeof(filter_keys) / sizeof(filter_keys[0]); i++) {
        if (cb_sv_is(key, filter_keys[i])) {
            return cb_json_once(json, &filter->seen, i) &&
                   cb_json_decimal(json, &filter->values_e8[i]);
        }
    }
    return cb_json_skip(json);
}

static void apply_percent(cb_instrument *out, const filter_values *filter, bool is_by_side)
{
    const int64_t *values = filter->values_e8;
    out->bid_multiplier_up.e8 = values[is_by_side ? BID_UP : BOTH_UP];
    out->bid_multiplier_down.e8 = values[is_by_side ? BID_DOWN : BOTH_DOWN];
    out->ask_multiplier_up.e8 = values[is_by_side ? ASK_UP : BOTH_UP];
    out->ask_multiplier_down.e8 = values[is_by_side ? ASK_DOWN : BOTH_DOWN];
}

static void apply_filter(cb_instrument *out, const filter_values *filter)
{
    const int64_t *values = filter->values_e8;
    if (cb_sv_is(filter->type, "PRICE_FILTER")) {
        out->price_min.e8 = values[MIN_PRICE];
        out->price_max.e8 = values[MAX_PRICE];
        out->tick_size.e8 = values[TICK_SIZE];
    } else if (cb_sv_is(filter->type, "LOT_SIZE")) {
        out->qty_min.e8 = values[MIN_QTY];
        out->qty_max.e8 = values[MAX_QTY];
        out->lot_size.e8 = values[STEP_SIZE];
    } else if (cb_sv_is(filter->type, "MARKET_LOT_SIZE")) {
        out->market_qty_max.e8 = values[MAX_QTY];
    } else if (cb_sv_is(filter->type, "NOTIONAL") || cb_sv_is(filter->type, "MIN_NOTIONAL")) {
        out->notional_min.e8 = values[MIN_NOTIONAL];
        out->notional_max.e8 = values[MAX_NOTIONAL];
    } else if (cb_sv_is(filter->type, "PERCENT_PRICE_BY_SIDE")) {
        apply_percent(out, filter, true);
    } else if (cb_sv_is(filter->type, "PERCENT_PRICE")) {
        apply_percent(out, filter, false);
    } else if (cb_sv_is(filter->type, "MAX_NUM_ORDERS")) {
        out->open_orders_max =
            filter->orders_max > UINT32_MAX ? UINT32_MAX : (uint32_t)filter->orders_max;
    }
}

static bool read_filters(cb_json *json, cb_instrument *out)
{
    (void)cb_json_enter_array(json);
    while (cb_json_next_item(json)) {
        cb_strview key;
        filter_values filter;
        memset(&filter, 0, sizeof(filter));
        (void)cb_json_enter_object(json);
        while (cb_json_next_key(json, &key)) {
            (void)read_filter_member(json, key, &filter);
        }
        if (json->status == CB_OK) {
            apply_filter(out, &filter);
        }
    }
    return json->status == CB_OK;
}

/* ---- instruments ---- */

/* States that are not ours (PRE_TRADING, AUCTION_MATCH, …) do not trade: HALT. */
static cb_instrument_status status_of(cb_strview word)
{
    static const struct {
        const char *word;
        cb_instrument_status status;
    } rows[] = {{"TRADING", CB_INSTRUMENT_STATUS_TRADING},
        {"BREAK", CB_INSTRUMENT_STATUS_BREAK},
        {"CANCEL_ONLY", CB_INSTRUMENT_STATUS_CANCEL_ONLY},
        {"END_OF_DAY", CB_INSTRUMENT_STATUS_END_OF_DAY}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (cb_sv_is(word, rows[i].word)) {
            return rows[i].status;
        }
    }
    return CB_INSTRUMENT_STATUS_HALT;
}

static cb_status read_instrument(cb_strview text, cb_instrument *out)
{
    cb_json json;
    cb_strview key;
    cb_strview word;
    uint64_t seen = 0;
    bool is_spot = true;
    memset(out, 0, sizeof(*out));
    cb_json_init(&json, text);
    (void)cb_json_enter_object(&json);
    while (cb_json_next_key(&json, &key)) {
        if (cb_sv_is(key, "symbol")) {
            (void)(cb_json_once(&json, &seen, 0) &&
                   cb_json_text(&json, out->symbol, sizeof(out->symbol)));
        } else if (cb_sv_is(key, "status")) {
            if (cb_json_once(&json, &seen, 1) && cb_json_word(&json, &word)) {
                out->status = status_of(word);
            }
        } else if (cb_sv_is(key, "baseAsset")) {
            (void)(cb_json_once(&json, &seen, 2) &&
                   cb_json_text(&json, out->base_asset, sizeof(out->base_asset)));
        } else if (cb_sv_is(key, "quoteAsset")) {
            (void)(cb_json_once(&json, &seen, 3) &&
                   cb_json_text(&json, out->quote_asset, sizeof(out->quote_asset)));
        } else if (cb_sv_is(key, "filters")) {
            (void)(cb_json_once(&json, &seen, 4) && read_filters(&json, out));
        } else if (cb_sv_is(key, "isSpotTradingAllowed")) {
            (void)cb_json_bool(&json, &is_spot);
        } else {
            (void)cb_json_skip(&json);
        }
    }
    (void)cb_json_require(&json, seen, 31, "an instrument lacks a member");
    memcpy(out->venue, BINANCE_NAME, sizeof(BINANCE_NAME));
    if (!is_spot) {
        out->status = CB_INSTRUMENT_STATUS_HALT;
    }
    return cb_json_finish(&json, "instrument", NULL);
}

static bool read_instruments(
    cb_json *json, cb_venue_instrument_fn fn, void *context, uint32_t *refused_count)
{
    bool is_wanted = true;
    (void)cb_json_enter_array(json);
    while (cb_json_next_item(json)) {
        (void)cb_json_peek(json); /* moves to the value's first byte */
        const char *begin = json->at;
        if (!cb_json_skip(json)) {
            break;
        }
        cb_instrument instrument;
        const cb_strview text = {.at = begin, .size = (size_t)(json->at - begin)};
        if (read_instrument(text, &instrument) != CB_OK) {
            (*refused_count)++;
        } else {
            is_wanted = is_wanted && fn(context, &instrument);
        }
    }
    return json->status == CB_OK;
}

cb_status binance_parse_instruments(cb_strview text,
    cb_venue_limits *limits,
    cb_venue_instrument_fn fn,
    void *context,
    uint32_t *refused_count,
    cb_err *err)
{
    CB_ASSERT(limits != NULL && fn != NULL);
    CB_ASSERT(refused_count != NULL);
    cb_json json;
    cb_strview key;
    uint64_t seen = 0;
    memset(limits, 0, sizeof(*limits));
    *refused_count = 0;
    cb_json_init(&json, text);
    (void)cb_json_enter_object(&json);
    while (cb_json_next_key(&json, &key)) {
        if (cb_sv_is(key, "rateLimits")) {
            (void)(cb_json_once(&json, &seen, 0) && read_limits(&json, limits));
        } else if (cb_sv_is(key, "symbols")) {
            (void)(cb_json_once(&json, &seen, 1) &&
                   read_instruments(&json, fn, context, refused_count));
        } else {
            (void)cb_json_skip(&json);
        }
    }
    (void)cb_json_require(&json, seen, 2, "no symbols");
    return cb_json_finish(&json, "exchangeInfo", err);
}
