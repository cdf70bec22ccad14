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

/* ---- REST ---- */

static void on_bytes(void *context, uint64_t conn, bool is_out, const void *bytes, size_t size)
{
    sim_journal_bytes(context, conn, is_out, bytes, size);
}

static void on_request(void *context, cb_exchange *exchange, const cb_server_request *request)
{
    simulator *self = context;
    const char *key = cb_exchange_header(exchange, "x-mbx-apikey");
    sim_pace_catch_up(self);
    if (sim_control(self, exchange, 0, request)) {
        return;
    }
    const uint64_t number = ++self->requests_count;
    cb_metric_add(self->requests, 1);
    (void)sim_journal_request(self, number, request, key);
    const sim_request ask = {
        .method = request->method,
        .path = request->path,
        .query = request->query,
        .body = request->body,
        .api_key = key,
        .client = request->client,
    };
    sim_request_arrive(self, exchange, number, &ask);
}

/* ---- WebSocket ---- */

static bool on_ws_open(void *context, cb_ws_conn *conn, const char *path, const char *query)
{
    simulator *self = context;
    sim_link *wire = calloc(1, sizeof(*wire));
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
static bool is_too_fast(const simulator *self, sim_link *wire)
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
    sim_link *wire = cb_ws_conn_context(conn);
    if (wire == NULL) {
        return;
    }
    sim_pace_catch_up(self);
    if (is_too_fast(self, wire)) {
        cb_ws_conn_close(conn, 1008, "Too many requests");
        return;
    }
    (void)sim_journal_ws(self, "in", cb_ws_conn_id(conn), text, size);
    sim_gate_message(self, wire, text, size);
}

static void on_ws_close(void *context, cb_ws_conn *conn)
{
    simulator *self = context;
    sim_link *wire = cb_ws_conn_context(conn);
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
        .on_ws_close = on_ws_close,
        .on_bytes = on_bytes};
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
