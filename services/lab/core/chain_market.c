/* What the exchange tells of the market, as the collector would have heard it: the same structs
 * that its parser makes of the frames, through the collector's own sorting, to the validator. */
#include <string.h>

#include "base/strview.h"
#include "base/textbuf.h"
#include "services/lab/core/chain_internal.h"
#include "services/simulator/core/book.h"
#include "services/simulator/core/history.h"

#define BOOK_PERIOD_NS (100 * CB_NS_PER_MS) /* collector's book.period */
#define BACKFILL_CANDLES 500U               /* collector's backfill.candles */
#define DEPTH_LEVELS 5000U                  /* collector's depth.limit */
#define PART_LEVELS (sizeof(((cb_book_delta *)NULL)->bids) / sizeof(cb_level))
#define MINUTE_NS (60 * CB_NS_PER_S)

static int64_t floor_ms(int64_t ts_ns)
{
    return ts_ns / CB_NS_PER_MS * CB_NS_PER_MS;
}

static void put_names(const lab_chain *chain, uint32_t symbol, char venue[12], char name[24])
{
    const char *venue_name = chain->venue->name;
    memcpy(venue, venue_name, strlen(venue_name) + 1);
    memcpy(name, chain->config->symbols[symbol].spec.symbol, 24);
}

/* ---- to the validator ---- */

static void raw(lab_chain *chain, cb_msg_id msg, const void *body, size_t size)
{
    chain_step(chain, &chain->validator, (uint32_t)msg, body, size);
}

static void send_trade(void *context, const cb_trade *trade)
{
    raw(context, CB_MSG_TRADE, trade, sizeof(*trade));
}

static void send_candle(void *context, const cb_candle *candle)
{
    raw(context, CB_MSG_CANDLE, candle, sizeof(*candle));
}

static void send_ticker(void *context, const cb_ticker *ticker)
{
    raw(context, CB_MSG_TICKER, ticker, sizeof(*ticker));
}

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

static void send_delta(void *context, uint32_t symbol, const cb_venue_depth *delta, int64_t recv_ns)
{
    lab_chain *chain = context;
    cb_book_delta *body = chain->raw_delta;
    const uint32_t most =
        delta->bids_count > delta->asks_count ? delta->bids_count : delta->asks_count;
    const uint32_t parts = most == 0 ? 1 : (most - 1) / (uint32_t)PART_LEVELS + 1;
    for (uint32_t part = 0; part < parts; part++) {
        put_names(chain, symbol, body->venue, body->symbol);
        body->env = (cb_envelope){.origin_ns = recv_ns};
        body->first_update_id = delta->first_update_id;
        body->last_update_id = delta->last_update_id;
        body->venue_ts_ns = delta->venue_ts_ns;
        body->recv_ns = recv_ns;
        body->part_index = part;
        body->parts_count = parts;
        body->bids_count = copy_part(delta->bids, delta->bids_count, part, body->bids);
        body->asks_count = copy_part(delta->asks, delta->asks_count, part, body->asks);
        raw(chain, CB_MSG_BOOK_DELTA, body, sizeof(*body));
    }
}

static void send_book(lab_chain *chain, uint32_t symbol, int64_t sent_ns)
{
    chain_book_io *io = &chain->symbols[symbol].book;
    collector_market_top(chain->collector, symbol, chain->raw_book);
    chain->raw_book->recv_ns = io->recv_ns;
    chain->raw_book->env.origin_ns = io->recv_ns;
    io->is_dirty = false;
    io->sent_ns = sent_ns;
    raw(chain, CB_MSG_BOOK, chain->raw_book, sizeof(*chain->raw_book));
}

/* Whole books go out at most once per period, the newest state winning. */
static void book_changed(void *context, uint32_t symbol, bool is_flip)
{
    lab_chain *chain = context;
    chain_book_io *io = &chain->symbols[symbol].book;
    io->is_dirty = true;
    io->recv_ns = chain->now_ns;
    const int64_t due_ns = io->sent_ns + BOOK_PERIOD_NS;
    if (is_flip || chain->now_ns >= due_ns || chain->now_ns < io->sent_ns) {
        send_book(chain, symbol, chain->now_ns);
        return;
    }
    if (!io->is_armed) {
        io->is_armed = true;
        io->due_ns = due_ns;
    }
}

void chain_market_tick(lab_chain *chain)
{
    for (uint32_t i = 0; i < chain->symbols_count; i++) {
        chain_book_io *io = &chain->symbols[i].book;
        if (!io->is_armed || io->due_ns > chain->now_ns) {
            continue;
        }
        io->is_armed = false;
        if (io->is_dirty) {
            send_book(chain, i, io->due_ns);
        }
    }
}

/* ---- what the collector asks for ---- */

/* Live it asks over REST and is answered later; here when the exchange is done with its event. */
static void ask(void *context, const collector_need *need)
{
    lab_chain *chain = context;
    chain_enqueue(chain, CHAIN_ITEM_REQUEST, 0, CHAIN_VALIDATOR, 0, need, sizeof(*need));
}

static void closed(void *context, const collector_outcome *outcome)
{
    CB_MAYBE(context != NULL);
    CB_MAYBE(outcome != NULL);
}

static int64_t clamp(cb_i128 value)
{
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static void to_candle(const lab_chain *chain,
    uint32_t symbol,
    const sim_candle *from,
    sim_interval interval,
    cb_candle *out)
{
    memset(out, 0, sizeof(*out));
    put_names(chain, symbol, out->venue, out->symbol);
    out->env.origin_ns = chain->now_ns;
    out->open_ts_ns = from->open_ns;
    out->close_ts_ns = sim_interval_end(interval, from->open_ns);
    out->interval_s = (uint32_t)((out->close_ts_ns - out->open_ts_ns) / CB_NS_PER_S);
    out->open.e8 = from->open_e8;
    out->high.e8 = from->high_e8;
    out->low.e8 = from->low_e8;
    out->close.e8 = from->close_e8;
    out->volume.e8 = from->volume_e8;
    out->quote_volume.e8 = clamp(from->quote_volume_e8);
    out->trades_count = from->trades_count;
    out->recv_ns = chain->now_ns;
}

static void fetch_candles(lab_chain *chain, const collector_need *need)
{
    const int64_t to_ns = need->to_ns > 0 ? need->to_ns : chain->now_ns;
    const uint32_t limit = need->from_ns > 0 ? SIM_API_LIST_MAX : (uint32_t)need->missing_count;
    const uint32_t count = sim_history_candles(chain->sim,
        need->symbol,
        SIM_INTERVAL_1M,
        need->from_ns,
        to_ns,
        need->from_ns == 0,
        chain->candles,
        limit < SIM_API_LIST_MAX ? limit : SIM_API_LIST_MAX);
    for (uint32_t i = 0; i < count; i++) {
        cb_candle candle;
        to_candle(chain, need->symbol, &chain->candles[i], SIM_INTERVAL_1M, &candle);
        candle.is_backfill = true;
        candle.is_closed = candle.close_ts_ns <= chain->now_ns;
        collector_market_fetched_candle(
            chain->collector, need->symbol, &candle, false, &chain->collector_sink);
    }
    collector_market_candles_done(chain->collector, need->symbol, &chain->collector_sink);
}

static uint32_t copy_side(const sim_symbol *symbol, cb_side side, uint32_t limit, cb_level *out)
{
    const sim_side *levels = side == CB_SIDE_BUY ? &symbol->bids : &symbol->asks;
    uint32_t count = 0;
    for (uint32_t at = levels->count; at > 0 && count < limit; at--) {
        const sim_level *level = &levels->levels[at - 1];
        const int64_t qty_e8 = sim_book_qty(symbol, side, level->price_e8);
        if (qty_e8 > 0) {
            out[count++] = (cb_level){.price = {level->price_e8}, .qty = {qty_e8}};
        }
    }
    return count;
}

void chain_market_depth(lab_chain *chain, uint32_t symbol_index, cb_venue_depth *out)
{
    const sim_symbol *symbol = &chain->sim->symbols[symbol_index];
    *out = (cb_venue_depth){.first_update_id = symbol->update_id,
        .last_update_id = symbol->update_id,
        .bids = chain->bids,
        .asks = chain->asks,
        .bids_capacity = CHAIN_LEVELS_MAX,
        .asks_capacity = CHAIN_LEVELS_MAX};
    out->bids_count = copy_side(symbol, CB_SIDE_BUY, DEPTH_LEVELS, chain->bids);
    out->asks_count = copy_side(symbol, CB_SIDE_SELL, DEPTH_LEVELS, chain->asks);
    memcpy(out->symbol, symbol->spec.symbol, sizeof(out->symbol));
}

void chain_market_book(lab_chain *chain, uint32_t symbol_index, cb_book *out)
{
    const sim_symbol *symbol = &chain->sim->symbols[symbol_index];
    const uint32_t levels = sizeof(out->bids) / sizeof(out->bids[0]);
    memset(out, 0, sizeof(*out));
    put_names(chain, symbol_index, out->venue, out->symbol);
    out->update_id = symbol->update_id;
    out->is_valid = true;
    out->bids_count = copy_side(symbol, CB_SIDE_BUY, levels, out->bids);
    out->asks_count = copy_side(symbol, CB_SIDE_SELL, levels, out->asks);
}

static void fetch_book(lab_chain *chain, uint32_t symbol)
{
    cb_venue_depth depth;
    chain_market_depth(chain, symbol, &depth);
    collector_market_snapshot(chain->collector, symbol, &depth, &chain->collector_sink);
}

void chain_market_need(lab_chain *chain, const collector_need *need)
{
    CB_ASSERT(need->symbol < chain->symbols_count);
    switch (need->kind) {
    case COLLECTOR_KIND_CANDLE:
        fetch_candles(chain, need);
        return;
    case COLLECTOR_KIND_BOOK:
        fetch_book(chain, need->symbol);
        return;
    case COLLECTOR_KIND_TRADE:
    case COLLECTOR_KIND_COUNT:
    default:
        /* What the recording does not have cannot be had: the gap stays. */
        collector_market_trades_done(chain->collector, need->symbol, false, &chain->collector_sink);
        return;
    }
}

/* ---- what the exchange tells ---- */

static void tell_print(lab_chain *chain, const sim_event *event)
{
    const sim_print *print = event->print;
    cb_trade trade;
    memset(&trade, 0, sizeof(trade));
    put_names(chain, event->symbol, trade.venue, trade.symbol);
    trade.env.origin_ns = chain->now_ns;
    trade.trade_id = print->id;
    trade.price.e8 = print->price_e8;
    trade.qty.e8 = print->qty_e8;
    trade.taker_side = print->is_buyer_maker ? CB_SIDE_SELL : CB_SIDE_BUY;
    trade.venue_ts_ns = floor_ms(print->ts_ns);
    trade.recv_ns = chain->now_ns;
    collector_market_trade(chain->collector, event->symbol, &trade, true, &chain->collector_sink);
}

static void tell_candle(lab_chain *chain, const sim_event *event)
{
    if (event->interval != SIM_INTERVAL_1M) {
        return; /* nobody reads the other streams */
    }
    cb_candle candle;
    to_candle(chain, event->symbol, event->candle, event->interval, &candle);
    candle.is_closed = event->is_closed;
    if (event->is_closed) {
        chain_symbol *symbol = &chain->symbols[event->symbol];
        symbol->bar_high_e8 = event->candle->high_e8;
        symbol->bar_low_e8 = event->candle->low_e8;
        symbol->bar_close_e8 = event->candle->close_e8;
        symbol->bar_volume_e8 = event->candle->volume_e8;
        chain->bars_count += event->symbol == 0 ? 1U : 0U;
    }
    collector_market_candle(chain->collector, event->symbol, &candle, true, &chain->collector_sink);
}

static void tell_ticker(lab_chain *chain, const sim_event *event)
{
    const sim_symbol *symbol = &chain->sim->symbols[event->symbol];
    cb_ticker ticker;
    memset(&ticker, 0, sizeof(ticker));
    put_names(chain, event->symbol, ticker.venue, ticker.symbol);
    ticker.env.origin_ns = chain->now_ns;
    ticker.update_id = symbol->ticker_update_id;
    ticker.bid.e8 = symbol->ticker_e8[0];
    ticker.bid_qty.e8 = symbol->ticker_e8[1];
    ticker.ask.e8 = symbol->ticker_e8[2];
    ticker.ask_qty.e8 = symbol->ticker_e8[3];
    ticker.recv_ns = chain->now_ns;
    collector_market_ticker(chain->collector, event->symbol, &ticker, &chain->collector_sink);
}

/* Best first, as frames have them. */
static uint32_t changed_levels(
    const sim_symbol *symbol, cb_side side, const int64_t *prices, uint32_t count, cb_level *out)
{
    CB_ASSERT(count <= CHAIN_LEVELS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const int64_t price_e8 = side == CB_SIDE_BUY ? prices[count - 1 - i] : prices[i];
        out[i] = (cb_level){.price = {price_e8}, .qty = {sim_book_qty(symbol, side, price_e8)}};
    }
    return count;
}

static void tell_depth(lab_chain *chain, const sim_event *event)
{
    if (event->is_slow) {
        return; /* the collector reads the fast stream */
    }
    const sim_symbol *symbol = &chain->sim->symbols[event->symbol];
    const sim_changes *changes = &symbol->fast;
    cb_venue_depth depth = {.first_update_id = event->update_first,
        .last_update_id = event->update_last,
        .venue_ts_ns = floor_ms(event->ts_ns),
        .bids = chain->bids,
        .asks = chain->asks,
        .bids_capacity = CHAIN_LEVELS_MAX,
        .asks_capacity = CHAIN_LEVELS_MAX};
    memcpy(depth.symbol, symbol->spec.symbol, sizeof(depth.symbol));
    depth.bids_count =
        changed_levels(symbol, CB_SIDE_BUY, changes->prices[0], changes->counts[0], chain->bids);
    depth.asks_count =
        changed_levels(symbol, CB_SIDE_SELL, changes->prices[1], changes->counts[1], chain->asks);
    collector_market_delta(
        chain->collector, event->symbol, &depth, chain->now_ns, true, &chain->collector_sink);
}

void chain_market_event(lab_chain *chain, const sim_event *event)
{
    switch (event->type) {
    case SIM_EVENT_PRINT:
        tell_print(chain, event);
        break;
    case SIM_EVENT_CANDLE:
        tell_candle(chain, event);
        break;
    case SIM_EVENT_TICKER:
        tell_ticker(chain, event);
        break;
    case SIM_EVENT_DEPTH:
        tell_depth(chain, event);
        break;
    case SIM_EVENT_AGGREGATE:
    case SIM_EVENT_EXECUTION:
    case SIM_EVENT_ACCOUNT:
    case SIM_EVENT_TRANSFER:
    case SIM_EVENT_LIST:
    default:
        break;
    }
}

/* ---- the beginning ---- */

void chain_market_init(lab_chain *chain, cb_arena *arena)
{
    char names[LAB_CHAIN_SYMBOLS_MAX * 24];
    cb_textbuf text = cb_textbuf_over(names, sizeof(names));
    for (uint32_t i = 0; i < chain->symbols_count; i++) {
        cb_textbuf_add(&text, i > 0 ? "," : "");
        cb_textbuf_add(&text, chain->config->symbols[i].spec.symbol);
    }
    collector_market_init(chain->collector, chain->venue, names, CHAIN_COLLECTOR_LEVELS, arena);
    chain->collector_sink = (collector_sink){.context = chain,
        .trade = send_trade,
        .candle = send_candle,
        .ticker = send_ticker,
        .delta = send_delta,
        .book = book_changed,
        .need = ask,
        .outcome = closed};
}

static bool take_instrument(void *context, const cb_instrument *instrument)
{
    lab_chain *chain = context;
    cb_instrument body = *instrument;
    body.recv_ns = chain->now_ns;
    body.env.origin_ns = chain->now_ns;
    raw(chain, CB_MSG_INSTRUMENT, &body, sizeof(body));
    return true;
}

/* The exchange's own words about its instruments, read by the venue's parser. */
void chain_market_instruments(lab_chain *chain)
{
    sim_json out = sim_json_over(chain->text, CHAIN_TEXT_SIZE);
    sim_call call = {.api = chain->api,
        .sim = chain->sim,
        .params = &chain->api->params,
        .account = SIM_NONE,
        .out = &out,
        .status = 400};
    sim_params_reset(call.params);
    const bool is_done = sim_call_exchange_info(&call);
    CB_ASSERT(is_done && !out.is_full);
    cb_venue_limits limits;
    uint32_t refused_count = 0;
    const cb_status status = chain->venue->parse_instruments(
        (cb_strview){out.out, out.used}, &limits, take_instrument, chain, &refused_count, NULL);
    CB_ASSERT(status == CB_OK && refused_count == 0);
}

void chain_market_begin(lab_chain *chain)
{
    chain_market_instruments(chain);
    for (uint32_t i = 0; i < chain->symbols_count; i++) {
        collector_market_begin(
            chain->collector, i, true, true, BACKFILL_CANDLES, &chain->collector_sink);
    }
}
