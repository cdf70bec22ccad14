/* Messages out: the sink of the market module. Trades, candles, tickers and diffs go to the bus at
 * once; whole books at most once per period and symbol, the newest state winning. */
#include <string.h>

#include "base/timefmt.h"
#include "services/collector/collector_shell.h"

#define PART_LEVELS (sizeof(((cb_book_delta *)NULL)->bids) / sizeof(cb_level))

static void observe(const collector_shell *self)
{
    if (self->socket_ns > 0) {
        cb_metric_observe_ns(self->metrics.publish, cb_wall_ns() - self->socket_ns);
    }
}

static void publish_trade(void *context, const cb_trade *trade)
{
    collector_shell *self = context;
    cb_trade body = *trade;
    cb_shell_publish(self->shell, CB_SUBJECT_MD_RAW_TRADE, &body);
    observe(self);
}

static void publish_candle(void *context, const cb_candle *candle)
{
    collector_shell *self = context;
    cb_candle body = *candle;
    cb_shell_publish(self->shell, CB_SUBJECT_MD_RAW_CANDLE, &body);
    observe(self);
}

static void publish_ticker(void *context, const cb_ticker *ticker)
{
    collector_shell *self = context;
    cb_ticker body = *ticker;
    cb_shell_publish(self->shell, CB_SUBJECT_MD_RAW_TICKER, &body);
    observe(self);
}

/* ---- diffs ---- */

static uint32_t copy_part(const cb_level *from, uint32_t count, uint32_t part, cb_level *to)
{
    const uint32_t begin = part * (uint32_t)PART_LEVELS;
    if (begin >= count) {
        return 0;
    }
    const uint32_t rest = count - begin;
    const uint32_t size = rest < PART_LEVELS ? rest : (uint32_t)PART_LEVELS;
    memcpy(to, from + begin, size * sizeof(cb_level));
    return size;
}

static void publish_delta(
    void *context, uint32_t symbol, const cb_venue_depth *delta, int64_t recv_ns)
{
    collector_shell *self = context;
    const uint32_t most =
        delta->bids_count > delta->asks_count ? delta->bids_count : delta->asks_count;
    const uint32_t parts = most == 0 ? 1 : (most - 1) / (uint32_t)PART_LEVELS + 1;
    for (uint32_t part = 0; part < parts; part++) {
        cb_book_delta body;
        memset(&body, 0, sizeof(body));
        memcpy(body.symbol, self->market.symbols[symbol].name, sizeof(body.symbol));
        (void)cb_text_copy(body.venue, sizeof(body.venue), cb_sv_from(self->venue->name));
        body.first_update_id = delta->first_update_id;
        body.last_update_id = delta->last_update_id;
        body.venue_ts_ns = delta->venue_ts_ns;
        body.recv_ns = recv_ns;
        body.env.origin_ns = self->origin_ns;
        body.part_index = part;
        body.parts_count = parts;
        body.bids_count = copy_part(delta->bids, delta->bids_count, part, body.bids);
        body.asks_count = copy_part(delta->asks, delta->asks_count, part, body.asks);
        cb_shell_publish(self->shell, CB_SUBJECT_MD_RAW_DELTA, &body);
    }
    observe(self);
}

/* ---- books ---- */

static void send_book(collector_book_io *io, int64_t sent_ns)
{
    collector_shell *self = io->owner;
    cb_book body;
    collector_market_top(&self->market, io->symbol, &body);
    body.recv_ns = io->recv_ns;
    body.env.origin_ns = io->origin_ns;
    io->is_dirty = false;
    io->sent_ns = sent_ns;
    cb_shell_publish(self->shell, CB_SUBJECT_MD_RAW_BOOK, &body);
}

static void on_book_due(void *context)
{
    collector_book_io *io = context;
    io->is_armed = false;
    /* Counted from when it was due: when the clock jumps (a replay) the next diff goes out at once
     * instead of waiting behind this one. */
    if (io->is_dirty && !io->owner->is_draining) {
        send_book(io, io->due_ns);
    }
}

static void book_changed(void *context, uint32_t symbol, bool is_flip)
{
    collector_shell *self = context;
    collector_book_io *io = &self->books[symbol];
    const int64_t now_ns = cb_shell_now_ns(self->shell);
    io->is_dirty = true;
    io->recv_ns = self->recv_ns;
    io->origin_ns = self->origin_ns;
    const int64_t due_ns = io->sent_ns + self->config->book_period_ns;
    if (is_flip || now_ns >= due_ns || now_ns < io->sent_ns) {
        send_book(io, now_ns);
        return;
    }
    if (!io->is_armed) {
        io->is_armed = true;
        io->due_ns = due_ns;
        cb_shell_at(self->shell, due_ns, on_book_due, io);
    }
}

/* ---- what the core has to know ---- */

static void on_need(void *context, const collector_need *need)
{
    collector_shell *self = context;
    collector_input input = collector_input_now(self);
    input.need = *need;
    input.is_forced = self->is_forced;
    collector_feed(self, COLLECTOR_EVENT_NEED, &input);
    if (need->is_gap) {
        CB_LOG(cb_shell_log(self->shell),
            CB_LOG_WARN,
            "gap_found",
            CB_KV("symbol", self->market.symbols[need->symbol].name),
            CB_KI("kind", need->kind),
            CB_KI("first_id", need->first_id),
            CB_KI("last_id", need->last_id),
            CB_KI("missing", need->missing_count));
    }
}

static void on_outcome(void *context, const collector_outcome *outcome)
{
    collector_shell *self = context;
    collector_input input = collector_input_now(self);
    input.outcome = *outcome;
    collector_feed(self, COLLECTOR_EVENT_OUTCOME, &input);
    CB_LOG(cb_shell_log(self->shell),
        CB_LOG_INFO,
        "gap_closed",
        CB_KV("symbol", self->market.symbols[outcome->symbol].name),
        CB_KI("kind", outcome->kind),
        CB_KI("missing", outcome->missing_count),
        CB_KI("repaired", outcome->repaired_count));
}

void collector_publish_init(collector_shell *self)
{
    for (uint32_t i = 0; i < self->market.symbols_count; i++) {
        self->books[i] = (collector_book_io){.owner = self, .symbol = i};
    }
    self->sink = (collector_sink){.context = self,
        .trade = publish_trade,
        .candle = publish_candle,
        .ticker = publish_ticker,
        .delta = publish_delta,
        .book = book_changed,
        .need = on_need,
        .outcome = on_outcome};
}
