/* REST requests: sending what the core asks for, reading the answers into the market module, and
 * telling the core what came of it. */
#include <stdio.h>
#include <string.h>

#include "base/timefmt.h"
#include "services/collector/collector_shell.h"

#define CONNECT_TIMEOUT_MS 5000
#define TOTAL_TIMEOUT_MS 20000

/* ---- answers ---- */

static bool on_instrument(void *context, const cb_instrument *instrument)
{
    collector_shell *self = context;
    if (collector_market_find(&self->market, instrument->symbol) == self->market.symbols_count) {
        return true;
    }
    cb_instrument body = *instrument;
    body.recv_ns = cb_shell_now_ns(self->shell);
    cb_shell_feed(self->shell, COLLECTOR_EVENT_INSTRUMENT, &body, sizeof(body));
    return true;
}

static cb_status read_instruments(collector_shell *self, cb_strview body, cb_err *err)
{
    cb_venue_limits limits;
    uint32_t refused = 0;
    const cb_status status =
        self->venue->parse_instruments(body, &limits, on_instrument, self, &refused, err);
    cb_metric_set(self->metrics.refused_instruments, refused);
    if (status == CB_OK && limits.weight_per_minute > 0) {
        collector_input input = collector_input_now(self);
        input.weight_per_minute = limits.weight_per_minute;
        collector_feed(self, COLLECTOR_EVENT_LIMITS, &input);
    }
    return status;
}

static cb_status read_depth(
    collector_shell *self, const collector_fetch *fetch, cb_strview body, cb_err *err)
{
    const char *name = self->market.symbols[fetch->symbol].name;
    cb_venue_depth depth = {.bids = self->bids,
        .asks = self->asks,
        .bids_capacity = COLLECTOR_DIFF_LEVELS_MAX,
        .asks_capacity = COLLECTOR_DIFF_LEVELS_MAX};
    const cb_status status = self->venue->parse_depth(body, name, &depth, err);
    if (status == CB_OK) {
        collector_market_snapshot(&self->market, fetch->symbol, &depth, &self->sink);
    }
    return status;
}

typedef struct reader {
    collector_shell *self;
    const collector_fetch *fetch;
    uint32_t count;
    int64_t newest_open_ns;
} reader;

static bool on_trade(void *context, const cb_trade *trade)
{
    const reader *at = context;
    cb_trade body = *trade;
    body.recv_ns = at->self->recv_ns;
    body.env.origin_ns = at->self->origin_ns;
    collector_market_repaired_trade(&at->self->market, at->fetch->symbol, &body, &at->self->sink);
    return true;
}

static cb_status read_trades(collector_shell *self,
    const collector_fetch *fetch,
    cb_strview body,
    bool *is_progress,
    cb_err *err)
{
    reader at = {.self = self, .fetch = fetch};
    const collector_trades *trades = &self->market.symbols[fetch->symbol].trades;
    const uint64_t before = trades->repaired_count;
    const cb_status status = self->venue->parse_trades(
        body, self->market.symbols[fetch->symbol].name, on_trade, &at, err);
    if (status != CB_OK) {
        return status;
    }
    *is_progress = trades->repaired_count > before;
    const bool can_retry = *is_progress && fetch->call == CB_VENUE_CALL_TRADES_FROM;
    collector_market_trades_done(&self->market, fetch->symbol, can_retry, &self->sink);
    return CB_OK;
}

static bool on_candle(void *context, const cb_candle *candle)
{
    reader *at = context;
    cb_candle body = *candle;
    body.recv_ns = at->self->recv_ns;
    body.env.origin_ns = at->self->origin_ns;
    at->count++;
    at->newest_open_ns = candle->open_ts_ns;
    collector_market_fetched_candle(
        &at->self->market, at->fetch->symbol, &body, at->fetch->is_forced, &at->self->sink);
    return true;
}

static cb_status read_candles(
    collector_shell *self, const collector_fetch *fetch, cb_strview body, cb_err *err)
{
    reader at = {.self = self, .fetch = fetch};
    const cb_status status = self->venue->parse_candles(body,
        self->market.symbols[fetch->symbol].name,
        COLLECTOR_CANDLE_S,
        self->recv_ns,
        on_candle,
        &at,
        err);
    if (status != CB_OK) {
        return status;
    }
    const bool is_full = fetch->need.from_ns > 0 && at.count >= self->venue->candles_max;
    if (!is_full) {
        collector_market_candles_done(&self->market, fetch->symbol, &self->sink);
        return CB_OK;
    }
    collector_input input = collector_input_now(self);
    input.need = fetch->need;
    input.need.from_ns = at.newest_open_ns + (int64_t)COLLECTOR_CANDLE_S * CB_NS_PER_S;
    input.is_forced = fetch->is_forced;
    collector_feed(self, COLLECTOR_EVENT_NEED, &input);
    return CB_OK;
}

static cb_status read_answer(collector_shell *self,
    const collector_fetch *fetch,
    cb_strview body,
    bool *is_progress,
    cb_err *err)
{
    if (fetch->job == COLLECTOR_JOB_INSTRUMENTS) {
        return read_instruments(self, body, err);
    }
    if (fetch->call == CB_VENUE_CALL_DEPTH) {
        return read_depth(self, fetch, body, err);
    }
    if (fetch->call == CB_VENUE_CALL_CANDLES) {
        return read_candles(self, fetch, body, err);
    }
    return read_trades(self, fetch, body, is_progress, err);
}

static void log_refusal(
    collector_shell *self, const collector_fetch *fetch, int status, const cb_venue_error *error)
{
    CB_LOG(cb_shell_log(self->shell),
        CB_LOG_WARN,
        "request_failed",
        CB_KV("path", fetch->request.url_path),
        CB_KI("status", status),
        CB_KI("code", error->code),
        CB_KV("text", error->text),
        CB_KV("action", cb_venue_action_name(error->action)));
}

static void on_answer(void *context, const cb_http_answer *answer)
{
    collector_fetch_io *io = context;
    collector_shell *self = io->owner;
    const collector_fetch fetch = io->fetch;
    io->is_used = false;
    cb_venue_error error = {.action = CB_VENUE_ACTION_RETRY};
    collector_input input = collector_input_now(self);
    input.job = fetch.job;
    input.retry_after_s = answer->retry_after_s;
    input.used_weight = answer->used_weight_1m;
    self->recv_ns = cb_shell_now_ns(self->shell);
    self->origin_ns = self->recv_ns;
    self->socket_ns = 0;
    const cb_strview body = {.at = answer->body, .size = answer->body_size};
    if (answer->outcome == CB_HTTP_ANSWERED) {
        self->venue->classify(answer->status, body, false, &error);
    } else {
        (void)snprintf(error.text, sizeof(error.text), "%.150s", answer->detail);
    }
    if (answer->used_weight_1m >= 0) {
        cb_metric_set(self->metrics.weight, answer->used_weight_1m);
    }
    if (error.action == CB_VENUE_ACTION_OK) {
        cb_err err;
        if (read_answer(self, &fetch, body, &input.is_progress, &err) != CB_OK) {
            error.action = CB_VENUE_ACTION_RETRY;
            (void)snprintf(error.text, sizeof(error.text), "%.150s", err.text);
        }
    }
    if (error.action != CB_VENUE_ACTION_OK) {
        log_refusal(self, &fetch, answer->status, &error);
    }
    input.action = (uint32_t)error.action;
    collector_feed(self, COLLECTOR_EVENT_ANSWER, &input);
}

/* ---- requests ---- */

void collector_fetch_start(collector_shell *self, const collector_fetch *fetch)
{
    uint32_t index = 0;
    while (index < COLLECTOR_FETCHES_MAX && self->fetches[index].is_used) {
        index++;
    }
    CB_ASSERT(index < COLLECTOR_FETCHES_MAX); /* rest.in_flight_max is not above it */
    collector_fetch_io *io = &self->fetches[index];
    *io = (collector_fetch_io){.owner = self, .is_used = true, .fetch = *fetch};
    char url[CB_VENUE_URL_MAX + CB_CONFIG_TEXT_MAX];
    const bool fits =
        cb_venue_join_url(self->config->rest_url, fetch->request.url_path, url, sizeof(url));
    CB_ASSERT(fits);
    cb_http_request request = {.method = cb_venue_method_name(fetch->request.method),
        .url = url,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .total_timeout_ms = TOTAL_TIMEOUT_MS,
        .lane = ""};
    for (uint32_t i = 0; i < fetch->request.headers_count; i++) {
        request.headers[i].name = io->fetch.request.headers[i][0];
        request.headers[i].value = io->fetch.request.headers[i][1];
    }
    request.headers_count = fetch->request.headers_count;
    cb_metric_add(self->metrics.requests, 1);
    cb_http_start(cb_shell_http(self->shell), &request, on_answer, io);
}

void collector_give_up(collector_shell *self, uint32_t symbol, collector_kind kind)
{
    if (kind == COLLECTOR_KIND_TRADE) {
        collector_market_trades_done(&self->market, symbol, false, &self->sink);
    } else if (kind == COLLECTOR_KIND_CANDLE) {
        collector_market_candles_done(&self->market, symbol, &self->sink);
    }
}
