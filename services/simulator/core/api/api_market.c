/* The public endpoints: time, instruments, book, trades, candles, tickers. */
#include <string.h>

#include "base/assert.h"
#include "services/simulator/core/api/api.h"
#include "services/simulator/core/book.h"
#include "services/simulator/core/history.h"
#include "venue/json.h"

#define DEPTH_MAX 5000

bool sim_call_ping(sim_call *call)
{
    sim_json_raw(call->out, CB_SV("{}"));
    return true;
}

bool sim_call_time(sim_call *call)
{
    sim_json_open(call->out, '{');
    sim_json_put_ms(call->out, "serverTime", sim_venue_ns(call->sim));
    sim_json_close(call->out, '}');
    return true;
}

static void write_rate_limit(
    sim_json *out, const char *type, const char *interval, int64_t number, int64_t limit)
{
    sim_json_open(out, '{');
    sim_json_put_text(out, "rateLimitType", type);
    sim_json_put_text(out, "interval", interval);
    sim_json_put_i64(out, "intervalNum", number);
    sim_json_put_i64(out, "limit", limit);
}

void sim_write_rate_limits(sim_json *out, const sim_limits *limits, int64_t weight_used)
{
    sim_json_open(out, '[');
    write_rate_limit(out, "REQUEST_WEIGHT", "MINUTE", 1, limits->config.weight_per_minute);
    if (weight_used >= 0) {
        sim_json_put_i64(out, "count", weight_used);
        sim_json_close(out, '}');
        sim_json_close(out, ']');
        return;
    }
    sim_json_close(out, '}');
    write_rate_limit(out, "ORDERS", "SECOND", 10, limits->config.orders_per_10s);
    sim_json_close(out, '}');
    write_rate_limit(out, "ORDERS", "DAY", 1, limits->config.orders_per_day);
    sim_json_close(out, '}');
    write_rate_limit(out, "RAW_REQUESTS", "MINUTE", 5, 300000);
    sim_json_close(out, '}');
    sim_json_close(out, ']');
}

static void open_filter(sim_json *out, const char *type)
{
    sim_json_open(out, '{');
    sim_json_put_text(out, "filterType", type);
}

static void write_filters(sim_json *out, const sim_spec *spec)
{
    open_filter(out, "PRICE_FILTER");
    sim_json_put_e8(out, "minPrice", spec->price_min_e8);
    sim_json_put_e8(out, "maxPrice", spec->price_max_e8);
    sim_json_put_e8(out, "tickSize", spec->tick_e8);
    sim_json_close(out, '}');
    open_filter(out, "LOT_SIZE");
    sim_json_put_e8(out, "minQty", spec->qty_min_e8);
    sim_json_put_e8(out, "maxQty", spec->qty_max_e8);
    sim_json_put_e8(out, "stepSize", spec->step_e8);
    sim_json_close(out, '}');
    open_filter(out, "MARKET_LOT_SIZE");
    sim_json_put_e8(out, "minQty", 0);
    sim_json_put_e8(out, "maxQty", spec->market_qty_max_e8);
    sim_json_put_e8(out, "stepSize", 0);
    sim_json_close(out, '}');
    open_filter(out, "PERCENT_PRICE_BY_SIDE");
    sim_json_put_e8(out, "bidMultiplierUp", spec->multiplier_up_e8);
    sim_json_put_e8(out, "bidMultiplierDown", spec->multiplier_down_e8);
    sim_json_put_e8(out, "askMultiplierUp", spec->multiplier_up_e8);
    sim_json_put_e8(out, "askMultiplierDown", spec->multiplier_down_e8);
    sim_json_put_u64(out, "avgPriceMins", spec->average_minutes);
    sim_json_close(out, '}');
    open_filter(out, "NOTIONAL");
    sim_json_put_e8(out, "minNotional", spec->notional_min_e8);
    sim_json_put_bool(out, "applyMinToMarket", true);
    sim_json_put_e8(out, "maxNotional", spec->notional_max_e8);
    sim_json_put_bool(out, "applyMaxToMarket", false);
    sim_json_put_u64(out, "avgPriceMins", spec->average_minutes);
    sim_json_close(out, '}');
    open_filter(out, "MAX_NUM_ORDERS");
    sim_json_put_u64(out, "maxNumOrders", spec->orders_max);
    sim_json_close(out, '}');
    open_filter(out, "MAX_NUM_ALGO_ORDERS");
    sim_json_put_u64(out, "maxNumAlgoOrders", spec->algo_orders_max);
    sim_json_close(out, '}');
}

static void write_words(sim_json *out, const char *key, const char *const *words, size_t count)
{
    sim_json_key(out, key);
    sim_json_open(out, '[');
    for (size_t i = 0; i < count; i++) {
        sim_json_text(out, words[i]);
    }
    sim_json_close(out, ']');
}

static void write_symbol(sim_json *out, const sim_symbol *symbol)
{
    static const char *const types[] = {"LIMIT",
        "LIMIT_MAKER",
        "MARKET",
        "STOP_LOSS",
        "STOP_LOSS_LIMIT",
        "TAKE_PROFIT",
        "TAKE_PROFIT_LIMIT"};
    static const char *const modes[] = {
        "NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"};
    const sim_spec *spec = &symbol->shown;
    sim_json_open(out, '{');
    sim_json_put_text(out, "symbol", symbol->spec.symbol);
    sim_json_put_text(out, "status", sim_symbol_status_name(symbol->status));
    sim_json_put_text(out, "baseAsset", spec->base);
    sim_json_put_u64(out, "baseAssetPrecision", 8);
    sim_json_put_text(out, "quoteAsset", spec->quote);
    sim_json_put_u64(out, "quotePrecision", 8);
    sim_json_put_u64(out, "quoteAssetPrecision", 8);
    sim_json_put_u64(out, "baseCommissionPrecision", 8);
    sim_json_put_u64(out, "quoteCommissionPrecision", 8);
    write_words(out, "orderTypes", types, sizeof(types) / sizeof(types[0]));
    sim_json_put_bool(out, "icebergAllowed", false);
    sim_json_put_bool(out, "ocoAllowed", true);
    sim_json_put_bool(out, "otoAllowed", false);
    sim_json_put_bool(out, "opoAllowed", false);
    sim_json_put_bool(out, "quoteOrderQtyMarketAllowed", true);
    sim_json_put_bool(out, "allowTrailingStop", false);
    sim_json_put_bool(out, "cancelReplaceAllowed", true);
    sim_json_put_bool(out, "amendAllowed", true);
    sim_json_put_bool(out, "pegInstructionsAllowed", false);
    sim_json_put_bool(out, "isSpotTradingAllowed", true);
    sim_json_put_bool(out, "isMarginTradingAllowed", false);
    sim_json_key(out, "filters");
    sim_json_open(out, '[');
    write_filters(out, spec);
    sim_json_close(out, ']');
    sim_json_key(out, "permissions");
    sim_json_raw(out, CB_SV("[]"));
    sim_json_key(out, "permissionSets");
    sim_json_raw(out, CB_SV("[[\"SPOT\"]]"));
    sim_json_put_text(out, "defaultSelfTradePreventionMode", sim_stp_name(spec->stp_default));
    write_words(out, "allowedSelfTradePreventionModes", modes, sizeof(modes) / sizeof(modes[0]));
    sim_json_close(out, '}');
}

static bool invalid_symbol(sim_call *call)
{
    return sim_refuse(&call->refusal, -1121, "Invalid symbol.");
}

bool sim_call_symbol(sim_call *call, uint32_t *out)
{
    const char *name = NULL;
    if (!sim_params_text(call->params, "symbol", &name, &call->refusal)) {
        return false;
    }
    *out = sim_find_symbol(call->sim, name);
    return *out != SIM_NONE || invalid_symbol(call);
}

/* Reads ["A","B"] into a mask of symbols. */
static bool read_symbols(sim_call *call, const char *text, uint64_t *mask)
{
    cb_json json;
    char name[24];
    cb_json_init(&json, cb_sv_from(text));
    (void)cb_json_enter_array(&json);
    *mask = 0;
    while (cb_json_next_item(&json)) {
        if (!cb_json_text(&json, name, sizeof(name))) {
            break;
        }
        const uint32_t index = sim_find_symbol(call->sim, name);
        if (index == SIM_NONE) {
            return invalid_symbol(call);
        }
        *mask |= UINT64_C(1) << index;
    }
    if (cb_json_finish(&json, "symbols", NULL) != CB_OK) {
        return sim_params_refuse(
            &call->refusal, -1100, "Illegal characters found in parameter '", "symbols", "'.");
    }
    return true;
}

bool sim_call_symbols(sim_call *call, uint64_t *mask, bool *is_one)
{
    *is_one = sim_params_has(call->params, "symbol");
    if (*is_one) {
        uint32_t index = 0;
        if (!sim_call_symbol(call, &index)) {
            return false;
        }
        CB_ASSERT(index < SIM_SYMBOLS_MAX);
        *mask = UINT64_C(1) << index;
        return true;
    }
    const char *list = sim_params_get(call->params, "symbols");
    if (list != NULL) {
        return read_symbols(call, list, mask);
    }
    *mask = 0;
    for (uint32_t i = 0; i < call->sim->symbols_count; i++) {
        *mask |= call->sim->symbols[i].is_delisted ? 0 : UINT64_C(1) << i;
    }
    return true;
}

bool sim_call_exchange_info(sim_call *call)
{
    uint64_t mask = 0;
    bool is_one = false;
    sim_json *out = call->out;
    if (!sim_call_symbols(call, &mask, &is_one)) {
        return false;
    }
    (void)sim_params_get(call->params, "permissions");
    (void)sim_params_get(call->params, "showPermissionSets");
    const char *status = sim_params_get(call->params, "symbolStatus");
    sim_json_open(out, '{');
    sim_json_put_text(out, "timezone", "UTC");
    sim_json_put_ms(out, "serverTime", sim_venue_ns(call->sim));
    sim_json_key(out, "rateLimits");
    sim_write_rate_limits(out, &call->api->limits, -1);
    sim_json_key(out, "exchangeFilters");
    sim_json_raw(out, CB_SV("[]"));
    sim_json_key(out, "symbols");
    sim_json_open(out, '[');
    for (uint32_t i = 0; i < call->sim->symbols_count; i++) {
        const sim_symbol *symbol = &call->sim->symbols[i];
        if ((mask & (UINT64_C(1) << i)) == 0 ||
            (status != NULL && strcmp(status, sim_symbol_status_name(symbol->status)) != 0)) {
            continue;
        }
        write_symbol(out, symbol);
    }
    sim_json_close(out, ']');
    sim_json_close(out, '}');
    return true;
}

void sim_write_levels(sim_json *out, const sim_symbol *symbol, cb_side side_name, uint32_t limit)
{
    const sim_side *side = sim_book_side_const(symbol, side_name);
    sim_json_open(out, '[');
    uint32_t written = 0;
    for (uint32_t at = side->count; at > 0 && written < limit; at--) {
        const sim_level *level = &side->levels[at - 1];
        const int64_t qty_e8 = sim_book_qty(symbol, side_name, level->price_e8);
        if (qty_e8 == 0) {
            continue; /* only hidden users' orders, in a recorded book */
        }
        sim_json_open(out, '[');
        sim_json_e8(out, level->price_e8);
        sim_json_e8(out, qty_e8);
        sim_json_close(out, ']');
        written++;
    }
    sim_json_close(out, ']');
}

uint32_t sim_weight_depth(const sim_params *params)
{
    int64_t limit = 100;
    for (uint32_t i = 0; i < params->count; i++) {
        uint64_t number = 0;
        if (strcmp(params->items[i].name, "limit") == 0 &&
            cb_u64_parse(cb_sv_from(params->items[i].value), 1000000, &number)) {
            limit = (int64_t)number;
        }
    }
    return limit <= 100 ? 5 : limit <= 500 ? 25 : limit <= 1000 ? 50 : 250;
}

bool sim_call_depth(sim_call *call)
{
    uint32_t index = 0;
    int64_t limit = 100;
    bool is_given = false;
    (void)sim_params_get(call->params, "symbolStatus");
    if (!sim_call_symbol(call, &index) ||
        !sim_params_i64(call->params, "limit", 1, INT64_MAX, &limit, &is_given, &call->refusal)) {
        return false;
    }
    limit = limit > DEPTH_MAX ? DEPTH_MAX : limit;
    const sim_symbol *symbol = &call->sim->symbols[index];
    sim_json_open(call->out, '{');
    sim_json_put_u64(call->out, "lastUpdateId", symbol->update_id);
    sim_json_key(call->out, "bids");
    sim_write_levels(call->out, symbol, CB_SIDE_BUY, (uint32_t)limit);
    sim_json_key(call->out, "asks");
    sim_write_levels(call->out, symbol, CB_SIDE_SELL, (uint32_t)limit);
    sim_json_close(call->out, '}');
    return true;
}

/* limit of list answers: 500 unless told, at most 1000. */
static bool read_limit(sim_call *call, uint64_t *out)
{
    int64_t limit = 500;
    bool is_given = false;
    if (!sim_params_i64(call->params, "limit", 1, INT64_MAX, &limit, &is_given, &call->refusal)) {
        return false;
    }
    *out = limit > SIM_API_LIST_MAX ? SIM_API_LIST_MAX : (uint64_t)limit;
    return true;
}

static void write_print(sim_json *out, const sim_print *print)
{
    int64_t quote_e8 = 0;
    const cb_status status =
        cb_mul_e8(print->price_e8, print->qty_e8, CB_ROUND_DOWN, &quote_e8, NULL);
    CB_ASSERT(status == CB_OK);
    sim_json_open(out, '{');
    sim_json_put_u64(out, "id", print->id);
    sim_json_put_e8(out, "price", print->price_e8);
    sim_json_put_e8(out, "qty", print->qty_e8);
    sim_json_put_e8(out, "quoteQty", quote_e8);
    sim_json_put_ms(out, "time", print->ts_ns);
    sim_json_put_bool(out, "isBuyerMaker", print->is_buyer_maker);
    sim_json_put_bool(out, "isBestMatch", true);
    sim_json_close(out, '}');
}

bool sim_call_trades(sim_call *call)
{
    uint32_t index = 0;
    uint64_t limit = 0;
    int64_t from_id = 0;
    bool is_from = false;
    if (!sim_call_symbol(call, &index) || !read_limit(call, &limit) ||
        !sim_params_i64(call->params, "fromId", 0, INT64_MAX, &from_id, &is_from, &call->refusal)) {
        return false;
    }
    const sim_symbol *symbol = &call->sim->symbols[index];
    const uint64_t kept = sim_tape_kept(symbol);
    uint64_t at = kept > limit ? kept - limit : 0;
    if (is_from) {
        at = 0;
        while (at < kept && sim_tape_at(symbol, at)->id < (uint64_t)from_id) {
            at++;
        }
    }
    sim_json_open(call->out, '[');
    for (uint64_t written = 0; at < kept && written < limit; written++) {
        write_print(call->out, sim_tape_at(symbol, at));
        at++;
    }
    sim_json_close(call->out, ']');
    return true;
}

typedef struct window {
    int64_t start_ns;
    int64_t end_ns;
    bool has_start;
    bool has_end;
} window;

static bool read_window(sim_call *call, window *out)
{
    *out = (window){.start_ns = 0, .end_ns = INT64_MAX};
    return sim_params_time(
               call->params, "startTime", &out->start_ns, &out->has_start, &call->refusal) &&
           sim_params_time(call->params, "endTime", &out->end_ns, &out->has_end, &call->refusal);
}

static void write_aggregate(sim_json *out, const sim_aggregate *aggregate)
{
    sim_json_open(out, '{');
    sim_json_put_u64(out, "a", aggregate->id);
    sim_json_put_e8(out, "p", aggregate->price_e8);
    sim_json_put_e8(out, "q", aggregate->qty_e8);
    sim_json_put_u64(out, "f", aggregate->first_id);
    sim_json_put_u64(out, "l", aggregate->last_id);
    sim_json_put_ms(out, "T", aggregate->ts_ns);
    sim_json_put_bool(out, "m", aggregate->is_buyer_maker);
    sim_json_put_bool(out, "M", true);
    sim_json_close(out, '}');
}

bool sim_call_aggregates(sim_call *call)
{
    uint32_t index = 0;
    uint64_t limit = 0;
    int64_t from_id = 0;
    bool is_from = false;
    window when;
    if (!sim_call_symbol(call, &index) || !read_limit(call, &limit) ||
        !sim_params_i64(call->params, "fromId", 0, INT64_MAX, &from_id, &is_from, &call->refusal) ||
        !read_window(call, &when)) {
        return false;
    }
    const sim_symbol *symbol = &call->sim->symbols[index];
    const uint64_t kept = sim_aggregates_kept(symbol);
    uint64_t end = kept;
    uint64_t at = 0;
    while (end > 0 && sim_aggregate_at(symbol, end - 1)->ts_ns > when.end_ns) {
        end--;
    }
    if (!is_from && !when.has_start) {
        at = end > limit ? end - limit : 0;
    }
    while (at < end && (sim_aggregate_at(symbol, at)->ts_ns < when.start_ns ||
                           sim_aggregate_at(symbol, at)->id < (uint64_t)from_id)) {
        at++;
    }
    sim_json_open(call->out, '[');
    for (uint64_t written = 0; at < end && written < limit; written++) {
        write_aggregate(call->out, sim_aggregate_at(symbol, at));
        at++;
    }
    sim_json_close(call->out, ']');
    return true;
}

static void write_candle(sim_json *out, const sim_candle *candle, sim_interval interval)
{
    sim_json_open(out, '[');
    sim_json_i64(out, candle->open_ns / 1000000);
    sim_json_e8(out, candle->open_e8);
    sim_json_e8(out, candle->high_e8);
    sim_json_e8(out, candle->low_e8);
    sim_json_e8(out, candle->close_e8);
    sim_json_e8(out, candle->volume_e8);
    sim_json_i64(out, sim_interval_end(interval, candle->open_ns) / 1000000 - 1);
    sim_json_e8_wide(out, candle->quote_volume_e8);
    sim_json_u64(out, candle->trades_count);
    sim_json_e8(out, candle->taker_base_e8);
    sim_json_e8_wide(out, candle->taker_quote_e8);
    sim_json_text(out, "0");
    sim_json_close(out, ']');
}

bool sim_call_klines(sim_call *call)
{
    uint32_t index = 0;
    uint64_t limit = 0;
    const char *name = NULL;
    sim_interval interval = SIM_INTERVAL_1M;
    window when;
    const char *zone = sim_params_get(call->params, "timeZone");
    if (!sim_call_symbol(call, &index) ||
        !sim_params_text(call->params, "interval", &name, &call->refusal)) {
        return false;
    }
    if (!sim_interval_parse(name, &interval)) {
        return sim_refuse(&call->refusal, -1120, "Invalid interval.");
    }
    if (zone != NULL && strcmp(zone, "0") != 0 && strcmp(zone, "00:00") != 0) {
        return sim_params_refuse(
            &call->refusal, -1130, "Data sent for parameter '", "timeZone", "' is not valid.");
    }
    if (!read_limit(call, &limit) || !read_window(call, &when)) {
        return false;
    }
    const uint32_t count = sim_history_candles(call->sim,
        index,
        interval,
        when.start_ns,
        when.end_ns,
        !when.has_start,
        call->api->candles,
        (uint32_t)limit);
    sim_json_open(call->out, '[');
    for (uint32_t i = 0; i < count; i++) {
        write_candle(call->out, &call->api->candles[i], interval);
    }
    sim_json_close(call->out, ']');
    return true;
}

bool sim_call_average(sim_call *call)
{
    uint32_t index = 0;
    if (!sim_call_symbol(call, &index)) {
        return false;
    }
    const uint32_t minutes = call->sim->symbols[index].spec.average_minutes;
    sim_json_open(call->out, '{');
    sim_json_put_u64(call->out, "mins", minutes);
    sim_json_put_e8(call->out, "price", sim_history_average(call->sim, index, minutes));
    sim_json_put_ms(call->out, "closeTime", call->sim->now_ns);
    sim_json_close(call->out, '}');
    return true;
}
