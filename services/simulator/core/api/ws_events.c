/* What the exchange tells, as frames: rendered once, sent to everyone who reads the stream. */
#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "services/simulator/core/api/ws.h"
#include "services/simulator/core/book.h"
#include "services/simulator/core/history.h"

static bool is_wanted(const sim_ws *ws, uint32_t symbol, uint32_t stream)
{
    return (ws->wanted[symbol] & (UINT64_C(1) << stream)) != 0 &&
           !ws->api->sim->symbols[symbol].is_delisted;
}

/* {"stream":"…","data":…} */
static size_t wrap(sim_ws *ws, const char *name, cb_strview data)
{
    sim_json frame = sim_json_over(ws->frame, ws->frame_size);
    sim_json_open(&frame, '{');
    sim_json_put_text(&frame, "stream", name);
    sim_json_key(&frame, "data");
    sim_json_raw(&frame, data);
    sim_json_close(&frame, '}');
    CB_ASSERT(!frame.is_full);
    return frame.used;
}

/* Sends one event of one stream to its readers, raw or wrapped. */
static void publish(sim_ws *ws, uint32_t symbol, sim_stream stream, cb_strview data)
{
    char name[64];
    size_t wrapped = 0;
    ws->about = (sim_about){.symbol = symbol, .stream = stream, .account = SIM_NONE};
    for (uint32_t i = 0; i < SIM_WS_CONNS_MAX; i++) {
        sim_conn *conn = &ws->conns[i];
        if (conn->kind != SIM_CONN_MARKET ||
            (conn->streams[symbol] & (UINT64_C(1) << stream)) == 0) {
            continue;
        }
        if (!conn->is_combined) {
            sim_ws_emit(ws, conn, SIM_FRAME_CLASS_MARKET, data.at, data.size);
            continue;
        }
        if (wrapped == 0) {
            sim_stream_name(ws->api->sim, symbol, stream, name);
            wrapped = wrap(ws, name, data);
        }
        sim_ws_emit(ws, conn, SIM_FRAME_CLASS_MARKET, ws->frame, wrapped);
    }
}

static void publish_json(sim_ws *ws, uint32_t symbol, sim_stream stream, const sim_json *json)
{
    CB_ASSERT(!json->is_full);
    publish(ws, symbol, stream, (cb_strview){json->out, json->used});
}

static sim_json begin(sim_ws *ws, const char *kind, int64_t ts_ns, uint32_t symbol)
{
    sim_json json = sim_json_over(ws->text, ws->text_size);
    sim_json_open(&json, '{');
    sim_json_put_text(&json, "e", kind);
    sim_json_put_ms(&json, "E", ts_ns);
    sim_json_put_text(&json, "s", ws->api->sim->symbols[symbol].spec.symbol);
    return json;
}

static void tell_print(sim_ws *ws, const sim_event *event)
{
    const sim_print *print = event->print;
    if (!is_wanted(ws, event->symbol, SIM_STREAM_TRADE)) {
        return;
    }
    if (ws->recorded_print.at != NULL) {
        publish(ws, event->symbol, SIM_STREAM_TRADE, ws->recorded_print);
        return;
    }
    sim_json json = begin(ws, "trade", event->ts_ns, event->symbol);
    sim_json_put_u64(&json, "t", print->id);
    sim_json_put_e8(&json, "p", print->price_e8);
    sim_json_put_e8(&json, "q", print->qty_e8);
    sim_json_put_ms(&json, "T", print->ts_ns);
    sim_json_put_bool(&json, "m", print->is_buyer_maker);
    sim_json_put_bool(&json, "M", true);
    sim_json_close(&json, '}');
    publish_json(ws, event->symbol, SIM_STREAM_TRADE, &json);
}

static void tell_aggregate(sim_ws *ws, const sim_event *event)
{
    const sim_aggregate *aggregate = event->aggregate;
    if (!is_wanted(ws, event->symbol, SIM_STREAM_AGGREGATE)) {
        return;
    }
    sim_json json = begin(ws, "aggTrade", event->ts_ns, event->symbol);
    sim_json_put_u64(&json, "a", aggregate->id);
    sim_json_put_e8(&json, "p", aggregate->price_e8);
    sim_json_put_e8(&json, "q", aggregate->qty_e8);
    sim_json_put_u64(&json, "f", aggregate->first_id);
    sim_json_put_u64(&json, "l", aggregate->last_id);
    sim_json_put_ms(&json, "T", aggregate->ts_ns);
    sim_json_put_bool(&json, "m", aggregate->is_buyer_maker);
    sim_json_put_bool(&json, "M", true);
    sim_json_close(&json, '}');
    publish_json(ws, event->symbol, SIM_STREAM_AGGREGATE, &json);
}

static void write_kline(sim_json *json, const sim_core *sim, const sim_event *event)
{
    const sim_candle *candle = event->candle;
    const bool is_silent = candle->first_id == 0;
    sim_json_open(json, '{');
    sim_json_put_ms(json, "t", candle->open_ns);
    sim_json_put_i64(json, "T", sim_interval_end(event->interval, candle->open_ns) / 1000000 - 1);
    sim_json_put_text(json, "s", sim->symbols[event->symbol].spec.symbol);
    sim_json_put_text(json, "i", sim_interval_name(event->interval));
    sim_json_put_i64(json, "f", is_silent ? -1 : (int64_t)candle->first_id);
    sim_json_put_i64(json, "L", is_silent ? -1 : (int64_t)candle->last_id);
    sim_json_put_e8(json, "o", candle->open_e8);
    sim_json_put_e8(json, "c", candle->close_e8);
    sim_json_put_e8(json, "h", candle->high_e8);
    sim_json_put_e8(json, "l", candle->low_e8);
    sim_json_put_e8(json, "v", candle->volume_e8);
    sim_json_put_u64(json, "n", candle->trades_count);
    sim_json_put_bool(json, "x", event->is_closed);
    sim_json_key(json, "q");
    sim_json_e8_wide(json, candle->quote_volume_e8);
    sim_json_put_e8(json, "V", candle->taker_base_e8);
    sim_json_key(json, "Q");
    sim_json_e8_wide(json, candle->taker_quote_e8);
    sim_json_put_text(json, "B", "0");
    sim_json_close(json, '}');
}

static void tell_candle(sim_ws *ws, const sim_event *event)
{
    const uint32_t stream = (uint32_t)SIM_STREAM_KLINE + event->interval;
    if (!is_wanted(ws, event->symbol, stream)) {
        return;
    }
    sim_json json = begin(ws, "kline", event->ts_ns, event->symbol);
    sim_json_key(&json, "k");
    write_kline(&json, ws->api->sim, event);
    sim_json_close(&json, '}');
    publish_json(ws, event->symbol, (sim_stream)stream, &json);
}

static void tell_ticker(sim_ws *ws, const sim_event *event)
{
    const sim_symbol *symbol = &ws->api->sim->symbols[event->symbol];
    if (!is_wanted(ws, event->symbol, SIM_STREAM_TICKER_BOOK)) {
        return;
    }
    sim_json json = sim_json_over(ws->text, ws->text_size);
    sim_json_open(&json, '{');
    sim_json_put_u64(&json, "u", symbol->ticker_update_id);
    sim_json_put_text(&json, "s", symbol->spec.symbol);
    sim_json_put_e8(&json, "b", symbol->ticker_e8[0]);
    sim_json_put_e8(&json, "B", symbol->ticker_e8[1]);
    sim_json_put_e8(&json, "a", symbol->ticker_e8[2]);
    sim_json_put_e8(&json, "A", symbol->ticker_e8[3]);
    sim_json_close(&json, '}');
    publish_json(ws, event->symbol, SIM_STREAM_TICKER_BOOK, &json);
}

static void write_changes(
    sim_json *json, const sim_symbol *symbol, cb_side side, const int64_t *prices, uint32_t count)
{
    sim_json_open(json, '[');
    for (uint32_t i = 0; i < count; i++) {
        /* Best first, as in a snapshot. */
        const int64_t price_e8 = side == CB_SIDE_BUY ? prices[count - 1 - i] : prices[i];
        sim_json_open(json, '[');
        sim_json_e8(json, price_e8);
        sim_json_e8(json, sim_book_qty(symbol, side, price_e8));
        sim_json_close(json, ']');
    }
    sim_json_close(json, ']');
}

void sim_ws_partial(sim_ws *ws, uint32_t symbol_index, bool is_slow)
{
    static const struct {
        sim_stream slow;
        sim_stream fast;
        uint32_t levels;
    } sizes[] = {
        {SIM_STREAM_DEPTH5, SIM_STREAM_DEPTH5_100MS, 5},
        {SIM_STREAM_DEPTH10, SIM_STREAM_DEPTH10_100MS, 10},
        {SIM_STREAM_DEPTH20, SIM_STREAM_DEPTH20_100MS, 20},
    };
    const sim_symbol *symbol = &ws->api->sim->symbols[symbol_index];
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const sim_stream stream = is_slow ? sizes[i].slow : sizes[i].fast;
        if (!is_wanted(ws, symbol_index, stream)) {
            continue;
        }
        sim_json json = sim_json_over(ws->text, ws->text_size);
        sim_json_open(&json, '{');
        sim_json_put_u64(&json, "lastUpdateId", symbol->update_id);
        sim_json_key(&json, "bids");
        sim_write_levels(&json, symbol, CB_SIDE_BUY, sizes[i].levels);
        sim_json_key(&json, "asks");
        sim_write_levels(&json, symbol, CB_SIDE_SELL, sizes[i].levels);
        sim_json_close(&json, '}');
        publish_json(ws, symbol_index, stream, &json);
    }
}

static void tell_depth(sim_ws *ws, const sim_event *event)
{
    const sim_symbol *symbol = &ws->api->sim->symbols[event->symbol];
    const sim_changes *changes = event->is_slow ? &symbol->slow : &symbol->fast;
    const sim_stream stream = event->is_slow ? SIM_STREAM_DEPTH : SIM_STREAM_DEPTH_100MS;
    if (is_wanted(ws, event->symbol, stream)) {
        sim_json json = begin(ws, "depthUpdate", event->ts_ns, event->symbol);
        sim_json_put_u64(&json, "U", event->update_first);
        sim_json_put_u64(&json, "u", event->update_last);
        sim_json_key(&json, "b");
        write_changes(&json, symbol, CB_SIDE_BUY, changes->prices[0], changes->counts[0]);
        sim_json_key(&json, "a");
        write_changes(&json, symbol, CB_SIDE_SELL, changes->prices[1], changes->counts[1]);
        sim_json_close(&json, '}');
        publish_json(ws, event->symbol, stream, &json);
    }
    sim_ws_partial(ws, event->symbol, event->is_slow);
}

/* ---- user data ---- */

static void tell_user(sim_ws *ws, uint32_t account, const sim_json *json)
{
    CB_ASSERT(!json->is_full);
    CB_ASSERT(ws->about.event != NULL);
    ws->about.account = account;
    for (uint32_t i = 0; i < SIM_WS_CONNS_MAX; i++) {
        sim_conn *conn = &ws->conns[i];
        for (uint32_t s = 0; conn->kind == SIM_CONN_API && s < SIM_WS_USERS_MAX; s++) {
            if (conn->users[s] != account) {
                continue;
            }
            sim_json frame = sim_json_over(ws->frame, ws->frame_size);
            sim_json_open(&frame, '{');
            sim_json_put_u64(&frame, "subscriptionId", conn->user_ids[s]);
            sim_json_key(&frame, "event");
            sim_json_raw(&frame, (cb_strview){json->out, json->used});
            sim_json_close(&frame, '}');
            sim_ws_emit(ws, conn, SIM_FRAME_CLASS_USER, frame.out, frame.used);
        }
    }
}

static void tell_execution(sim_ws *ws, const sim_event *event)
{
    sim_json json = sim_json_over(ws->text, ws->text_size);
    ws->api->executions_count++;
    if (event->trade != NULL && event->trade->qty_e8 == event->order->executed_e8) {
        sim_limits_order_filled(&ws->api->limits, event->account); /* the first fill */
    }
    sim_write_execution(&json, ws->api->sim, event, ws->api->executions_count);
    ws->about = (sim_about){.symbol = event->symbol,
        .event = "executionReport",
        .detail = sim_execution_name(event->execution),
        .client_id = event->order->client_id};
    tell_user(ws, event->account, &json);
}

static sim_about about_account(const char *event)
{
    return (sim_about){.symbol = SIM_NONE, .event = event, .detail = "", .client_id = ""};
}

uint32_t sim_ws_end_users(sim_ws *ws, uint32_t account)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < SIM_WS_CONNS_MAX; i++) {
        sim_conn *conn = &ws->conns[i];
        for (uint32_t s = 0; conn->kind == SIM_CONN_API && s < SIM_WS_USERS_MAX; s++) {
            if (conn->users[s] == SIM_NONE || (account != SIM_NONE && conn->users[s] != account)) {
                continue;
            }
            sim_json frame = sim_json_over(ws->frame, ws->frame_size);
            sim_json_open(&frame, '{');
            sim_json_put_u64(&frame, "subscriptionId", conn->user_ids[s]);
            sim_json_key(&frame, "event");
            sim_json_open(&frame, '{');
            sim_json_put_text(&frame, "e", "eventStreamTerminated");
            sim_json_put_ms(&frame, "E", sim_venue_ns(ws->api->sim));
            sim_json_close(&frame, '}');
            sim_json_close(&frame, '}');
            ws->about = about_account("eventStreamTerminated");
            ws->about.account = conn->users[s];
            conn->users[s] = SIM_NONE;
            sim_ws_emit(ws, conn, SIM_FRAME_CLASS_USER, frame.out, frame.used);
            count++;
        }
    }
    return count;
}

void sim_ws_event(sim_ws *ws, const sim_event *event)
{
    sim_json json;
    switch (event->type) {
    case SIM_EVENT_PRINT:
        tell_print(ws, event);
        break;
    case SIM_EVENT_AGGREGATE:
        tell_aggregate(ws, event);
        break;
    case SIM_EVENT_CANDLE:
        tell_candle(ws, event);
        break;
    case SIM_EVENT_EXECUTION:
        tell_execution(ws, event);
        break;
    case SIM_EVENT_ACCOUNT:
        json = sim_json_over(ws->text, ws->text_size);
        sim_write_position(&json, ws->api->sim, event);
        ws->about = about_account("outboundAccountPosition");
        tell_user(ws, event->account, &json);
        break;
    case SIM_EVENT_TRANSFER:
        json = sim_json_over(ws->text, ws->text_size);
        sim_write_transfer(&json, ws->api->sim, event);
        ws->about = about_account("balanceUpdate");
        tell_user(ws, event->account, &json);
        break;
    case SIM_EVENT_LIST:
        json = sim_json_over(ws->text, ws->text_size);
        sim_write_list_status(&json, ws->api->sim, event);
        ws->about = about_account("listStatus");
        tell_user(ws, event->account, &json);
        break;
    case SIM_EVENT_TICKER:
        tell_ticker(ws, event);
        break;
    case SIM_EVENT_DEPTH:
        tell_depth(ws, event);
        break;
    default:
        CB_ASSERT(false);
    }
}

/* ---- statistics ---- */

static void write_mini(sim_json *json, const sim_symbol *symbol, const sim_day *day, int64_t ts_ns)
{
    sim_json_open(json, '{');
    sim_json_put_text(json, "e", "24hrMiniTicker");
    sim_json_put_ms(json, "E", ts_ns);
    sim_json_put_text(json, "s", symbol->spec.symbol);
    sim_json_put_e8(json, "c", symbol->last_price_e8);
    sim_json_put_e8(json, "o", day->candle.open_e8);
    sim_json_put_e8(json, "h", day->candle.high_e8);
    sim_json_put_e8(json, "l", day->candle.low_e8);
    sim_json_put_e8(json, "v", day->candle.volume_e8);
    sim_json_key(json, "q");
    sim_json_e8_wide(json, day->candle.quote_volume_e8);
    sim_json_close(json, '}');
}

static void write_day(sim_json *json, const sim_symbol *symbol, const sim_day *day, int64_t ts_ns)
{
    const sim_level *bid = sim_book_shown(symbol, CB_SIDE_BUY);
    const sim_level *ask = sim_book_shown(symbol, CB_SIDE_SELL);
    const bool is_silent = day->candle.trades_count == 0;
    sim_json_put_e8(json, "p", day->change_e8);
    sim_json_key(json, "P");
    sim_json_places(json, day->change_percent_e3, 3);
    sim_json_put_e8(json, "w", day->average_e8);
    sim_json_put_e8(json, "x", day->previous_close_e8);
    sim_json_put_e8(json, "c", symbol->last_price_e8);
    sim_json_put_e8(json, "Q", symbol->last_qty_e8);
    sim_json_put_e8(json, "b", bid == NULL ? 0 : bid->price_e8);
    sim_json_put_e8(json, "B", bid == NULL ? 0 : sim_book_qty(symbol, CB_SIDE_BUY, bid->price_e8));
    sim_json_put_e8(json, "a", ask == NULL ? 0 : ask->price_e8);
    sim_json_put_e8(json, "A", ask == NULL ? 0 : sim_book_qty(symbol, CB_SIDE_SELL, ask->price_e8));
    sim_json_put_e8(json, "o", day->candle.open_e8);
    sim_json_put_e8(json, "h", day->candle.high_e8);
    sim_json_put_e8(json, "l", day->candle.low_e8);
    sim_json_put_e8(json, "v", day->candle.volume_e8);
    sim_json_key(json, "q");
    sim_json_e8_wide(json, day->candle.quote_volume_e8);
    sim_json_put_ms(json, "O", ts_ns - CB_NS_PER_DAY);
    sim_json_put_ms(json, "C", ts_ns);
    sim_json_put_i64(json, "F", is_silent ? -1 : (int64_t)day->candle.first_id);
    sim_json_put_i64(json, "L", is_silent ? -1 : (int64_t)day->candle.last_id);
    sim_json_put_u64(json, "n", day->candle.trades_count);
    sim_json_close(json, '}');
}

static void tell_average(sim_ws *ws, uint32_t symbol_index)
{
    const sim_core *sim = ws->api->sim;
    sim_json json = begin(ws, "avgPrice", sim_venue_ns(sim), symbol_index);
    sim_json_put_text(&json, "i", "5m");
    sim_json_put_e8(&json,
        "w",
        sim_history_average(sim, symbol_index, sim->symbols[symbol_index].spec.average_minutes));
    sim_json_put_ms(&json, "T", sim->now_ns);
    sim_json_close(&json, '}');
    publish_json(ws, symbol_index, SIM_STREAM_AVERAGE, &json);
}

static void tell_mini_all(sim_ws *ws, const sim_json *one)
{
    ws->about = (sim_about){.symbol = SIM_NONE, .stream = SIM_STREAM_MINI, .account = SIM_NONE};
    static const char name[] = "!miniTicker@arr";
    char *list = ws->frame + ws->frame_size / 2;
    sim_json json = sim_json_over(list, ws->frame_size / 2);
    sim_json_open(&json, '[');
    sim_json_raw(&json, (cb_strview){one->out, one->used});
    sim_json_close(&json, ']');
    for (uint32_t i = 0; i < SIM_WS_CONNS_MAX; i++) {
        sim_conn *conn = &ws->conns[i];
        if (conn->kind != SIM_CONN_MARKET || !conn->has_mini_all) {
            continue;
        }
        if (conn->is_combined) {
            sim_json frame = sim_json_over(ws->frame, ws->frame_size / 2);
            sim_json_open(&frame, '{');
            sim_json_put_text(&frame, "stream", name);
            sim_json_key(&frame, "data");
            sim_json_raw(&frame, (cb_strview){json.out, json.used});
            sim_json_close(&frame, '}');
            sim_ws_emit(ws, conn, SIM_FRAME_CLASS_MARKET, frame.out, frame.used);
        } else {
            sim_ws_emit(ws, conn, SIM_FRAME_CLASS_MARKET, json.out, json.used);
        }
    }
}

void sim_ws_second(sim_ws *ws, uint32_t symbol_index)
{
    const sim_core *sim = ws->api->sim;
    const sim_symbol *symbol = &sim->symbols[symbol_index];
    const bool is_mini = is_wanted(ws, symbol_index, SIM_STREAM_MINI) || ws->is_mini_all_wanted;
    sim_day day;
    if (symbol->last_price_e8 == 0) {
        return;
    }
    if (is_wanted(ws, symbol_index, SIM_STREAM_AVERAGE)) {
        tell_average(ws, symbol_index);
    }
    if (!is_mini && !is_wanted(ws, symbol_index, SIM_STREAM_DAY)) {
        return;
    }
    sim_history_day(sim, symbol_index, &day);
    if (is_mini) {
        sim_json json = sim_json_over(ws->text, ws->text_size);
        write_mini(&json, symbol, &day, sim_venue_ns(sim));
        publish_json(ws, symbol_index, SIM_STREAM_MINI, &json);
        if (ws->is_mini_all_wanted) {
            tell_mini_all(ws, &json);
        }
    }
    if (is_wanted(ws, symbol_index, SIM_STREAM_DAY)) {
        sim_json json = begin(ws, "24hrTicker", sim_venue_ns(sim), symbol_index);
        write_day(&json, symbol, &day, sim->now_ns);
        publish_json(ws, symbol_index, SIM_STREAM_DAY, &json);
    }
}

void sim_ws_recorded(sim_ws *ws, uint32_t symbol, sim_stream stream, cb_strview data)
{
    publish(ws, symbol, stream, data);
}

void sim_ws_shutdown(sim_ws *ws)
{
    sim_json json = sim_json_over(ws->text, ws->text_size);
    sim_json_open(&json, '{');
    sim_json_put_text(&json, "e", "serverShutdown");
    sim_json_put_ms(&json, "E", ws->api->sim->now_ns);
    sim_json_close(&json, '}');
    for (uint32_t i = 0; i < SIM_WS_CONNS_MAX; i++) {
        sim_conn *conn = &ws->conns[i];
        if (conn->kind != SIM_CONN_MARKET) {
            continue;
        }
        if (conn->is_combined) {
            const size_t size = wrap(ws, "!serverShutdown", (cb_strview){json.out, json.used});
            sim_ws_emit(ws, conn, SIM_FRAME_CLASS_CONTROL, ws->frame, size);
        } else {
            sim_ws_emit(ws, conn, SIM_FRAME_CLASS_CONTROL, json.out, json.used);
        }
    }
}
