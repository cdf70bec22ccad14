/* The exchange's sockets. Bytes become requests of the API and its answers become bytes; the market
 * is brought to the present moment before each of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "services/simulator/simulator.h"

#define BODY_MAX ((size_t)64 * 1024)
#define PING_SECONDS 20 /* as Binance */

/* What a WebSocket connection needs to know of itself. */
typedef struct link {
    cb_ws_conn *conn;
    uint32_t slot;
    bool is_market;
    int64_t second; /* of the wall clock; client messages are counted in it */
    uint64_t messages_count;
} link;

uint64_t sim_server_conn_id(void *handle)
{
    const link *wire = handle;
    return cb_ws_conn_id(wire->conn);
}

bool sim_server_send(void *handle, const char *text, size_t size)
{
    link *wire = handle;
    return cb_ws_conn_send(wire->conn, text, size);
}

/* ---- REST ---- */

static void set_number(cb_exchange *exchange, const char *name, int64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%lld", (long long)value);
    cb_exchange_set_header(exchange, name, text);
}

static void set_headers(cb_exchange *exchange, const sim_answer *answer)
{
    set_number(exchange, "x-mbx-used-weight", answer->weight_used);
    set_number(exchange, "x-mbx-used-weight-1m", answer->weight_used);
    if (answer->orders_10s >= 0) {
        set_number(exchange, "x-mbx-order-count-10s", answer->orders_10s);
        set_number(exchange, "x-mbx-order-count-1d", answer->orders_1d);
    }
    if (answer->retry_after_s >= 0) {
        set_number(exchange, "Retry-After", answer->retry_after_s);
    }
}

static void on_request(void *context, cb_exchange *exchange, const cb_server_request *request)
{
    simulator *self = context;
    const char *key = cb_exchange_header(exchange, "x-mbx-apikey");
    const uint64_t number = ++self->requests_count;
    cb_metric_add(self->requests, 1);
    sim_pace_catch_up(self);
    (void)sim_journal_request(self, number, request, key);
    if (sim_control(self, exchange, number, request)) {
        return;
    }
    const sim_request ask = {
        .method = request->method,
        .path = request->path,
        .query = request->query,
        .body = request->body,
        .api_key = key,
        .client = request->client,
    };
    sim_json body = sim_json_over(self->body, SIM_BODY_SIZE);
    const sim_answer answer = sim_api_rest(self->api, &ask, &body);
    CB_ASSERT(!body.is_full);
    set_headers(exchange, &answer);
    sim_gate_answer(self, exchange, number, answer.status, body.out, body.used);
}

/* ---- WebSocket ---- */

static bool on_ws_open(void *context, cb_ws_conn *conn, const char *path, const char *query)
{
    simulator *self = context;
    link *wire = calloc(1, sizeof(*wire));
    CB_ASSERT(wire != NULL);
    sim_pace_catch_up(self);
    wire->conn = conn;
    wire->slot = sim_ws_open(self->ws, wire, path, query, cb_ws_conn_client(conn));
    if (wire->slot == SIM_NONE) {
        free(wire);
        return false;
    }
    wire->is_market = self->ws->conns[wire->slot].kind == SIM_CONN_MARKET;
    cb_ws_conn_set_context(conn, wire);
    (void)sim_journal_ws(self, "open", cb_ws_conn_id(conn), path, strlen(path));
    return true;
}

/* Binance allows 5 messages a second on stream connections, by the wall clock. */
static bool is_too_fast(const simulator *self, link *wire)
{
    const int64_t second = cb_mono_ns() / CB_NS_PER_S;
    if (wire->second != second) {
        wire->second = second;
        wire->messages_count = 0;
    }
    wire->messages_count++;
    return wire->is_market && wire->messages_count > self->settings->ws_messages_per_s;
}

static void on_ws_text(void *context, cb_ws_conn *conn, const char *text, size_t size)
{
    simulator *self = context;
    link *wire = cb_ws_conn_context(conn);
    if (wire == NULL) {
        return;
    }
    sim_pace_catch_up(self);
    if (is_too_fast(self, wire)) {
        cb_ws_conn_close(conn, 1008, "Too many requests");
        return;
    }
    (void)sim_journal_ws(self, "in", cb_ws_conn_id(conn), text, size);
    sim_ws_message(self->ws, wire->slot, (cb_strview){text, size});
}

static void on_ws_close(void *context, cb_ws_conn *conn)
{
    simulator *self = context;
    link *wire = cb_ws_conn_context(conn);
    if (wire == NULL) {
        return;
    }
    sim_ws_close(self->ws, wire->slot);
    (void)sim_journal_ws(self, "close", cb_ws_conn_id(conn), "", 0);
    cb_ws_conn_set_context(conn, NULL);
    free(wire);
}

cb_status sim_server_open(simulator *self, cb_err *err)
{
    static const cb_server_ops ops = {.on_request = on_request,
        .on_ws_open = on_ws_open,
        .on_ws_text = on_ws_text,
        .on_ws_close = on_ws_close};
    const cb_server_options options = {
        .address = self->settings->address,
        .port = (uint16_t)self->settings->port,
        .body_max = BODY_MAX,
        .ws_ping_s = PING_SECONDS,
        .ws_out_max = (size_t)64 * 1024 * 1024,
    };
    self->server = cb_server_create(cb_shell_loop(self->shell), &options, &ops, self, err);
    if (self->server == NULL) {
        return err->code != CB_OK ? cb_err_context(err, "market.port") : CB_E_IO;
    }
    CB_LOG(self->log,
        CB_LOG_INFO,
        "market_listening",
        CB_KV("address", self->settings->address),
        CB_KI("port", cb_server_port(self->server)));
    return CB_OK;
}

void sim_server_close(simulator *self)
{
    cb_server_destroy(self->server);
    self->server = NULL;
    if (self->ws == NULL) {
        return;
    }
    /* The server does not tell of connections that it ends itself. */
    for (uint32_t i = 0; i < SIM_WS_CONNS_MAX; i++) {
        if (self->ws->conns[i].kind != SIM_CONN_FREE) {
            free(self->ws->conns[i].handle);
            self->ws->conns[i].kind = SIM_CONN_FREE;
        }
    }
}
