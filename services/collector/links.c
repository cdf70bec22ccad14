/* Connections to the market stream: sockets, subscriptions, and each message on its fast path:
 * decode, sort out (market.h), publish. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/timefmt.h"
#include "rt/failpoint.h"
#include "services/collector/collector_shell.h"

#define CONNECT_TIMEOUT_MS 10000
/* Nothing at all, not even the venue's pings (every 20 s): the connection is dead. */
#define DEAD_MS 60000

/* ---- messages ---- */

static void stamp(collector_shell *self, int64_t recv_wall_ns)
{
    self->socket_ns = recv_wall_ns;
    self->recv_ns = cb_shell_now_ns(self->shell);
    self->origin_ns = cb_shell_is_bus_clock(self->shell) ? self->recv_ns : recv_wall_ns;
}

static void on_reply(collector_shell *self, uint32_t slot, const cb_venue_reply *reply)
{
    const collector_link_io *link = &self->links[slot];
    if (reply->id != link->subscribe_id) {
        return;
    }
    if (!reply->is_ok) {
        CB_LOG(cb_shell_log(self->shell),
            CB_LOG_ERROR,
            "subscription_refused",
            CB_KI("code", reply->error.code),
            CB_KV("text", reply->error.text));
    }
    collector_input input = collector_input_now(self);
    input.slot = slot;
    input.is_ok = reply->is_ok;
    input.next_symbol = link->next_symbol;
    collector_feed(self, COLLECTOR_EVENT_REPLY, &input);
}

/* Index of the symbol that the event is of; symbols_count when it is not one of ours. */
static uint32_t symbol_of(const collector_shell *self, const cb_venue_event *event)
{
    switch (event->type) {
    case CB_VENUE_EVENT_TRADE:
        return collector_market_find(&self->market, event->trade.symbol);
    case CB_VENUE_EVENT_CANDLE:
        return collector_market_find(&self->market, event->candle.symbol);
    case CB_VENUE_EVENT_TICKER:
        return collector_market_find(&self->market, event->ticker.symbol);
    case CB_VENUE_EVENT_DELTA:
        return collector_market_find(&self->market, event->depth.symbol);
    case CB_VENUE_EVENT_NONE:
    case CB_VENUE_EVENT_AGG_TRADE:
    case CB_VENUE_EVENT_SNAPSHOT:
    case CB_VENUE_EVENT_REPLY:
    case CB_VENUE_EVENT_SHUTDOWN:
    default:
        return self->market.symbols_count;
    }
}

static void on_data(collector_shell *self, uint32_t slot, cb_venue_event *event)
{
    const uint32_t symbol = symbol_of(self, event);
    if (symbol == self->market.symbols_count) {
        return;
    }
    /* Until a connection has been made primary, the only one there is counts. */
    const bool is_primary = self->primary == slot || self->primary == COLLECTOR_SLOTS;
    if (event->type == CB_VENUE_EVENT_TRADE) {
        event->trade.recv_ns = self->recv_ns;
        event->trade.env.origin_ns = self->origin_ns;
        collector_market_trade(&self->market, symbol, &event->trade, is_primary, &self->sink);
    } else if (event->type == CB_VENUE_EVENT_CANDLE) {
        event->candle.recv_ns = self->recv_ns;
        event->candle.env.origin_ns = self->origin_ns;
        collector_market_candle(&self->market, symbol, &event->candle, is_primary, &self->sink);
    } else if (event->type == CB_VENUE_EVENT_TICKER) {
        event->ticker.recv_ns = self->recv_ns;
        event->ticker.env.origin_ns = self->origin_ns;
        collector_market_ticker(&self->market, symbol, &event->ticker, &self->sink);
    } else if (event->type == CB_VENUE_EVENT_DELTA) {
        collector_market_delta(
            &self->market, symbol, &event->depth, self->recv_ns, is_primary, &self->sink);
    }
}

static void unreadable(collector_shell *self, const cb_err *err, const char *text, size_t size)
{
    char begin[81];
    const size_t shown = size < sizeof(begin) - 1 ? size : sizeof(begin) - 1;
    for (size_t i = 0; i < shown; i++) {
        begin[i] = text[i] >= 0x20 && text[i] < 0x7F ? text[i] : '?';
    }
    begin[shown] = '\0';
    cb_metric_add(self->metrics.unreadable, 1);
    CB_LOG(cb_shell_log(self->shell),
        CB_LOG_WARN,
        "message_unreadable",
        CB_KV("why", err->text),
        CB_KI("bytes", size),
        CB_KV("begin", begin));
}

static void on_text(void *context, const char *text, size_t size, int64_t recv_wall_ns)
{
    const collector_conn_io *conn = context;
    collector_shell *self = conn->owner;
    cb_venue_event *event = &self->event;
    cb_err err;
    if (conn->is_dead || FP("collector.frame")) {
        return;
    }
    stamp(self, recv_wall_ns);
    self->links[conn->slot].data_mono_ns = cb_mono_ns();
    const cb_status status =
        self->venue->parse_stream((cb_strview){.at = text, .size = size}, event, &err);
    if (status != CB_OK) {
        self->data_count++;
        unreadable(self, &err, text, size);
        return;
    }
    if (event->type == CB_VENUE_EVENT_REPLY) {
        on_reply(self, conn->slot, &event->reply);
        return;
    }
    if (event->type == CB_VENUE_EVENT_SHUTDOWN) {
        collector_input input = collector_input_now(self);
        input.slot = conn->slot;
        collector_feed(self, COLLECTOR_EVENT_SHUTDOWN, &input);
        return;
    }
    self->data_count++;
    cb_metric_add(self->metrics.messages, 1);
    on_data(self, conn->slot, event);
}

/* ---- opening and closing ---- */

static void feed_closed(collector_shell *self, uint32_t slot, const char *why)
{
    collector_input input = collector_input_now(self);
    input.slot = slot;
    (void)snprintf(input.text, sizeof(input.text), "%.60s", why);
    collector_feed(self, COLLECTOR_EVENT_CLOSED, &input);
}

static void on_open(void *context)
{
    const collector_conn_io *conn = context;
    collector_shell *self = conn->owner;
    if (conn->is_dead) {
        return;
    }
    collector_input input = collector_input_now(self);
    input.slot = conn->slot;
    self->links[conn->slot].data_mono_ns = cb_mono_ns();
    cb_metric_add(self->metrics.connects, 1);
    CB_LOG(cb_shell_log(self->shell), CB_LOG_INFO, "stream_opened", CB_KI("slot", conn->slot));
    collector_feed(self, COLLECTOR_EVENT_OPENED, &input);
}

static void on_close(void *context, const char *why)
{
    collector_conn_io *conn = context;
    collector_shell *self = conn->owner;
    if (conn->is_dead) {
        return;
    }
    CB_LOG(cb_shell_log(self->shell),
        CB_LOG_WARN,
        "stream_closed",
        CB_KI("slot", conn->slot),
        CB_KV("why", why));
    collector_link_close(self, conn->slot);
    feed_closed(self, conn->slot, why);
}

static const cb_ws_client_ops ws_ops = {
    .on_open = on_open, .on_text = on_text, .on_close = on_close};

static collector_conn_io *free_conn(collector_shell *self)
{
    for (uint32_t i = 0; i < COLLECTOR_CONNS_MAX; i++) {
        if (self->conns[i].client == NULL) {
            return &self->conns[i];
        }
    }
    return NULL;
}

void collector_link_open(collector_shell *self, uint32_t slot)
{
    char url[CB_VENUE_URL_MAX];
    cb_err err = {.text = "no place for another connection"};
    collector_link_close(self, slot);
    if (!cb_venue_join_url(self->config->ws_url, self->venue->market_path, url, sizeof(url))) {
        feed_closed(self, slot, "the URL is too long");
        return;
    }
    const cb_ws_client_options options = {.url = url,
        .message_max = COLLECTOR_MESSAGE_MAX,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .silence_timeout_ms = DEAD_MS};
    collector_conn_io *conn = free_conn(self);
    if (conn != NULL) {
        *conn = (collector_conn_io){.owner = self, .slot = slot};
        conn->client = cb_ws_client_open(cb_shell_loop(self->shell), &options, &ws_ops, conn, &err);
    }
    if (conn == NULL || conn->client == NULL) {
        cb_log_err(cb_shell_log(self->shell), CB_LOG_WARN, "stream_not_opened", &err);
        feed_closed(self, slot, err.text);
        return;
    }
    self->links[slot].conn = conn;
}

void collector_link_close(collector_shell *self, uint32_t slot)
{
    collector_link_io *link = &self->links[slot];
    if (link->conn != NULL) {
        link->conn->is_dead = true;
        link->conn = NULL;
    }
}

void collector_link_bury(collector_shell *self)
{
    for (uint32_t i = 0; i < COLLECTOR_CONNS_MAX; i++) {
        collector_conn_io *conn = &self->conns[i];
        if (conn->is_dead && conn->client != NULL) {
            cb_ws_client *client = conn->client;
            conn->client = NULL;
            cb_ws_client_destroy(client);
        }
    }
}

void collector_link_subscribe(collector_shell *self, uint32_t slot, uint32_t first_symbol)
{
    collector_link_io *link = &self->links[slot];
    const uint32_t rest = self->market.symbols_count - first_symbol;
    char names[COLLECTOR_SYMBOLS_MAX][24];
    char text[CB_VENUE_TEXT_MAX];
    cb_err err;
    if (link->conn == NULL) {
        return; /* it closed in the meantime; the core has been told */
    }
    for (uint32_t i = 0; i < rest; i++) {
        memcpy(names[i], self->market.symbols[first_symbol + i].name, sizeof(names[i]));
    }
    uint32_t count = rest;
    link->subscribe_id = ++self->subscribe_ids;
    cb_status status = CB_E_FULL;
    while (count > 0 && status == CB_E_FULL) {
        status = self->venue->subscribe_text(true,
            (const char(*)[24])names,
            count,
            self->venue->channels,
            link->subscribe_id,
            text,
            &err);
        count -= status == CB_E_FULL ? 1U : 0U;
    }
    link->next_symbol = first_symbol + count;
    if (status != CB_OK || !cb_ws_client_send(link->conn->client, text, strlen(text))) {
        collector_input input = collector_input_now(self);
        input.slot = slot;
        collector_feed(self, COLLECTOR_EVENT_REPLY, &input);
    }
}

void collector_link_watch(collector_shell *self)
{
    if (cb_shell_is_bus_clock(self->shell) || self->config->silence_ns == 0) {
        return; /* in a replay the market's time has nothing to do with the wall's */
    }
    const collector_state *state = cb_shell_state(self->shell);
    for (uint32_t slot = 0; slot < COLLECTOR_SLOTS; slot++) {
        collector_link_io *link = &self->links[slot];
        const bool is_live = state->slots[slot].link == COLLECTOR_LINK_LIVE;
        if (is_live && cb_mono_ns() - link->data_mono_ns > self->config->silence_ns) {
            collector_input input = collector_input_now(self);
            input.slot = slot;
            CB_LOG(cb_shell_log(self->shell), CB_LOG_WARN, "stream_silent", CB_KI("slot", slot));
            link->data_mono_ns = cb_mono_ns();
            collector_feed(self, COLLECTOR_EVENT_SILENT, &input);
        }
    }
}
