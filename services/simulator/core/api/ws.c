/* Market streams: connections, subscriptions, and the control messages that change them. Events are
 * rendered in ws_events.c, the WebSocket API stands in ws_api.c. */
#include "services/simulator/core/api/ws.h"

#include <string.h>

#include "base/assert.h"
#include "venue/json.h"

static const char *const stream_suffixes[SIM_STREAM_KLINE] = {
    "trade",
    "aggTrade",
    "bookTicker",
    "depth",
    "depth@100ms",
    "depth5",
    "depth5@100ms",
    "depth10",
    "depth10@100ms",
    "depth20",
    "depth20@100ms",
    "miniTicker",
    "ticker",
    "avgPrice",
};
static const char mini_all[] = "!miniTicker@arr";

void sim_ws_init(sim_ws *ws, sim_api *api, char *block, sim_ws_send_fn send, void *send_context)
{
    CB_ASSERT(block != NULL);
    CB_ASSERT(send != NULL);
    ws->api = api;
    ws->text = block;
    ws->text_size = SIM_WS_BLOCK_SIZE / 4;
    ws->answer = block + ws->text_size;
    ws->answer_size = SIM_WS_BLOCK_SIZE / 4;
    ws->frame = ws->answer + ws->answer_size;
    ws->frame_size = SIM_WS_BLOCK_SIZE / 2;
    ws->send = send;
    ws->send_context = send_context;
}

static char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t add_text(char *out, size_t used, const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        out[used] = text[i];
        used++;
    }
    out[used] = '\0';
    return used;
}

void sim_stream_name(const sim_core *sim, uint32_t symbol, sim_stream stream, char *out)
{
    size_t used = add_text(out, 0, sim->symbols[symbol].spec.symbol);
    for (size_t i = 0; i < used; i++) {
        out[i] = to_lower(out[i]);
    }
    used = add_text(out, used, "@");
    if (stream < SIM_STREAM_KLINE) {
        CB_MAYBE(add_text(out, used, stream_suffixes[stream]));
        return;
    }
    used = add_text(out, used, "kline_");
    CB_MAYBE(add_text(out, used, sim_interval_name((sim_interval)(stream - SIM_STREAM_KLINE))));
}

static bool parse_suffix(cb_strview suffix, sim_stream *stream)
{
    for (uint32_t i = 0; i < SIM_STREAM_KLINE; i++) {
        if (cb_sv_is(suffix, stream_suffixes[i])) {
            *stream = (sim_stream)i;
            return true;
        }
    }
    if (cb_sv_is(suffix, "depth@1000ms")) {
        *stream = SIM_STREAM_DEPTH;
        return true;
    }
    char text[8];
    sim_interval interval = SIM_INTERVAL_1S;
    if (!cb_sv_starts_with(suffix, "kline_") ||
        !cb_text_copy(text, sizeof(text), (cb_strview){suffix.at + 6, suffix.size - 6}) ||
        !sim_interval_parse(text, &interval)) {
        return false;
    }
    *stream = (sim_stream)(SIM_STREAM_KLINE + interval);
    return true;
}

bool sim_stream_parse(const sim_core *sim, cb_strview name, uint32_t *symbol, sim_stream *stream)
{
    char upper[24];
    const char *at = name.size == 0 ? NULL : memchr(name.at, '@', name.size);
    const size_t size = at == NULL ? 0 : (size_t)(at - name.at);
    if (size == 0 || size >= sizeof(upper)) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        const char c = name.at[i];
        upper[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    upper[size] = '\0';
    *symbol = sim_find_symbol(sim, upper);
    return parse_suffix((cb_strview){at + 1, name.size - size - 1}, stream);
}

/* Which streams anybody reads: events that nobody reads are not rendered. */
static void count_wanted(sim_ws *ws)
{
    memset(ws->wanted, 0, sizeof(ws->wanted));
    ws->is_mini_all_wanted = false;
    for (uint32_t i = 0; i < SIM_WS_CONNS_MAX; i++) {
        const sim_conn *conn = &ws->conns[i];
        if (conn->kind != SIM_CONN_MARKET) {
            continue;
        }
        ws->is_mini_all_wanted = ws->is_mini_all_wanted || conn->has_mini_all;
        for (uint32_t s = 0; s < SIM_SYMBOLS_MAX; s++) {
            ws->wanted[s] |= conn->streams[s];
        }
    }
}

/* Subscribes or unsubscribes one name. False when the name has no known form. */
static bool change_stream(sim_ws *ws, sim_conn *conn, cb_strview name, bool is_on)
{
    uint32_t symbol = SIM_NONE;
    sim_stream stream = SIM_STREAM_TRADE;
    if (cb_sv_is(name, mini_all)) {
        conn->has_mini_all = is_on;
        return true;
    }
    if (!sim_stream_parse(ws->api->sim, name, &symbol, &stream)) {
        return false;
    }
    if (symbol == SIM_NONE) {
        return true; /* as at Binance: accepted, and nothing ever comes */
    }
    const uint64_t bit = UINT64_C(1) << stream;
    if (is_on) {
        conn->streams[symbol] |= bit;
    } else {
        conn->streams[symbol] &= ~bit;
    }
    return true;
}

/* Subscribes names separated by '/'. Segments that are no stream names are only a path. */
static bool open_streams(sim_ws *ws, sim_conn *conn, cb_strview list, bool is_strict)
{
    size_t start = 0;
    for (size_t i = 0; i <= list.size; i++) {
        if (i < list.size && list.at[i] != '/') {
            continue;
        }
        const cb_strview name = {list.at + start, i - start};
        start = i + 1;
        const bool is_name =
            name.size > 0 && (name.at[0] == '!' || memchr(name.at, '@', name.size) != NULL);
        if (is_name && !change_stream(ws, conn, name, true) && is_strict) {
            return false;
        }
    }
    return true;
}

static bool open_market(sim_ws *ws, sim_conn *conn, const char *path, const char *query)
{
    if (strcmp(path, "/ws") == 0) {
        return true;
    }
    if (strncmp(path, "/ws/", 4) == 0) {
        return open_streams(ws, conn, cb_sv_from(path + 4), false);
    }
    conn->is_combined = true;
    sim_params *params = &ws->api->params;
    sim_refusal refusal = {0};
    sim_params_reset(params);
    if (!sim_params_add_form(params, query, false, &refusal)) {
        return false;
    }
    const char *streams = sim_params_get(params, "streams");
    return streams == NULL || open_streams(ws, conn, cb_sv_from(streams), true);
}

static bool is_market_path(const char *path)
{
    return strcmp(path, "/ws") == 0 || strncmp(path, "/ws/", 4) == 0 ||
           strcmp(path, "/stream") == 0;
}

static bool is_api_path(const char *path)
{
    return strcmp(path, "/ws-api/v3") == 0;
}

uint32_t sim_ws_open(
    sim_ws *ws, void *handle, const char *path, const char *query, const char *client)
{
    if (!is_market_path(path) && !is_api_path(path)) {
        return SIM_NONE;
    }
    uint32_t slot = 0;
    while (slot < SIM_WS_CONNS_MAX && ws->conns[slot].kind != SIM_CONN_FREE) {
        slot++;
    }
    if (slot == SIM_WS_CONNS_MAX) {
        return SIM_NONE;
    }
    sim_conn *conn = &ws->conns[slot];
    *conn = (sim_conn){.kind = SIM_CONN_MARKET, .handle = handle};
    (void)cb_text_copy(conn->client, sizeof(conn->client), cb_sv_from(client));
    for (uint32_t i = 0; i < SIM_WS_USERS_MAX; i++) {
        conn->users[i] = SIM_NONE;
    }
    if (is_api_path(path)) {
        conn->kind = SIM_CONN_API;
        (void)sim_limits_add(&ws->api->limits, client, ws->api->sim->now_ns, 2);
    } else if (!open_market(ws, conn, path, query)) {
        conn->kind = SIM_CONN_FREE;
        return SIM_NONE;
    }
    count_wanted(ws);
    return slot;
}

void sim_ws_close(sim_ws *ws, uint32_t slot)
{
    CB_ASSERT(slot < SIM_WS_CONNS_MAX);
    ws->conns[slot].kind = SIM_CONN_FREE;
    count_wanted(ws);
}

void sim_ws_emit(
    sim_ws *ws, sim_conn *conn, sim_frame_class frame_class, const char *text, size_t size)
{
    if (frame_class == SIM_FRAME_CLASS_USER) {
        ws->user_sent_count++;
    } else if (frame_class == SIM_FRAME_CLASS_MARKET) {
        ws->market_sent_count++;
    }
    ws->send(ws->send_context, conn->handle, frame_class, text, size);
}

/* ---- control messages ---- */

typedef struct control {
    char method[32];
    char id[SIM_WS_ID_MAX]; /* raw JSON, "null" when absent */
    cb_strview params;      /* raw array, empty when absent */
} control;

static cb_strview take_raw(cb_json *json)
{
    (void)cb_json_peek(json);
    const char *start = json->at;
    (void)cb_json_skip(json);
    return (cb_strview){start, (size_t)(json->at - start)};
}

static bool read_control(cb_strview text, control *out)
{
    cb_json json;
    cb_strview key;
    *out = (control){.id = "null"};
    cb_json_init(&json, text);
    (void)cb_json_enter_object(&json);
    while (cb_json_next_key(&json, &key)) {
        if (cb_sv_is(key, "method")) {
            (void)cb_json_text(&json, out->method, sizeof(out->method));
        } else if (cb_sv_is(key, "id")) {
            if (!cb_text_copy(out->id, sizeof(out->id), take_raw(&json))) {
                return false;
            }
        } else if (cb_sv_is(key, "params")) {
            out->params = take_raw(&json);
        } else {
            (void)cb_json_skip(&json);
        }
    }
    return cb_json_finish(&json, "control message", NULL) == CB_OK && out->method[0] != '\0';
}

static void send_control(sim_ws *ws, sim_conn *conn, const sim_json *json)
{
    sim_ws_emit(ws, conn, SIM_FRAME_CLASS_CONTROL, json->out, json->used);
}

static void send_error(sim_ws *ws, sim_conn *conn, const char *id, int64_t code, const char *text)
{
    sim_json json = sim_json_over(ws->text, ws->text_size);
    sim_json_open(&json, '{');
    sim_json_put_i64(&json, "code", code);
    sim_json_put_text(&json, "msg", text);
    if (strcmp(id, "null") != 0) {
        sim_json_key(&json, "id");
        sim_json_raw(&json, cb_sv_from(id));
    }
    sim_json_close(&json, '}');
    send_control(ws, conn, &json);
}

/* {"result":…,"id":…} with the id in the JSON type in which it came. */
static void send_result(sim_ws *ws, sim_conn *conn, const char *id, sim_json *json)
{
    sim_json_key(json, "id");
    sim_json_raw(json, cb_sv_from(id));
    sim_json_close(json, '}');
    send_control(ws, conn, json);
}

static bool change_streams(sim_ws *ws, sim_conn *conn, cb_strview list, bool is_on)
{
    cb_json json;
    char name[96];
    const sim_conn before = *conn;
    uint32_t count = 0;
    bool is_good = true;
    cb_json_init(&json, list);
    (void)cb_json_enter_array(&json);
    while (is_good && cb_json_next_item(&json)) {
        count++;
        is_good = cb_json_text(&json, name, sizeof(name)) && count <= SIM_WS_STREAMS_MAX &&
                  change_stream(ws, conn, cb_sv_from(name), is_on);
    }
    if (!is_good || cb_json_finish(&json, "params", NULL) != CB_OK) {
        *conn = before;
        return false;
    }
    count_wanted(ws);
    return true;
}

static void list_streams(sim_ws *ws, sim_conn *conn, const char *id)
{
    sim_json json = sim_json_over(ws->text, ws->text_size);
    char name[64];
    sim_json_open(&json, '{');
    sim_json_key(&json, "result");
    sim_json_open(&json, '[');
    for (uint32_t s = 0; s < ws->api->sim->symbols_count; s++) {
        for (uint32_t stream = 0; stream < SIM_STREAM_COUNT; stream++) {
            if ((conn->streams[s] & (UINT64_C(1) << stream)) != 0) {
                sim_stream_name(ws->api->sim, s, (sim_stream)stream, name);
                sim_json_text(&json, name);
            }
        }
    }
    if (conn->has_mini_all) {
        sim_json_text(&json, mini_all);
    }
    sim_json_close(&json, ']');
    send_result(ws, conn, id, &json);
}

/* SET_PROPERTY ["combined",true] and GET_PROPERTY ["combined"]. */
static bool change_property(sim_conn *conn, cb_strview params, bool is_set)
{
    cb_json json;
    char name[16];
    bool value = false;
    cb_json_init(&json, params);
    if (!cb_json_enter_array(&json) || !cb_json_next_item(&json) ||
        !cb_json_text(&json, name, sizeof(name)) || strcmp(name, "combined") != 0) {
        return false;
    }
    if (!is_set) {
        return true;
    }
    if (!cb_json_next_item(&json) || !cb_json_bool(&json, &value)) {
        return false;
    }
    conn->is_combined = value;
    return true;
}

static void answer_control(sim_ws *ws, sim_conn *conn, const control *message)
{
    sim_json json = sim_json_over(ws->text, ws->text_size);
    bool is_good = false;
    const bool is_get = strcmp(message->method, "GET_PROPERTY") == 0;
    if (strcmp(message->method, "LIST_SUBSCRIPTIONS") == 0) {
        list_streams(ws, conn, message->id);
        return;
    }
    if (strcmp(message->method, "SUBSCRIBE") == 0) {
        is_good = change_streams(ws, conn, message->params, true);
    } else if (strcmp(message->method, "UNSUBSCRIBE") == 0) {
        is_good = change_streams(ws, conn, message->params, false);
    } else if (is_get || strcmp(message->method, "SET_PROPERTY") == 0) {
        is_good = change_property(conn, message->params, !is_get);
    } else {
        send_error(ws, conn, message->id, 2, "Invalid request: unknown variant");
        return;
    }
    if (!is_good) {
        send_error(ws, conn, message->id, 2, "Invalid request: invalid params");
        return;
    }
    sim_json_open(&json, '{');
    sim_json_key(&json, "result");
    if (is_get) {
        sim_json_bool(&json, conn->is_combined);
    } else {
        sim_json_null(&json);
    }
    send_result(ws, conn, message->id, &json);
}

void sim_ws_message(sim_ws *ws, uint32_t slot, cb_strview text)
{
    CB_ASSERT(slot < SIM_WS_CONNS_MAX);
    sim_conn *conn = &ws->conns[slot];
    control message;
    if (conn->kind == SIM_CONN_API) {
        sim_ws_api_message(ws, slot, text);
        return;
    }
    if (conn->kind != SIM_CONN_MARKET) {
        return;
    }
    if (!read_control(text, &message)) {
        send_error(ws, conn, "null", 3, "Invalid JSON: the message is no request");
        return;
    }
    answer_control(ws, conn, &message);
}
