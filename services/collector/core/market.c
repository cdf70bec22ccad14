/* Trades, candles and tickers: repeats, holes, holding back. Books are in book.c. */
#include "services/collector/core/market.h"

#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"

#define CANDLE_NS ((int64_t)COLLECTOR_CANDLE_S * CB_NS_PER_S)

/* ---- set-up ---- */

static size_t aligned(size_t size)
{
    return (size + 15U) & ~(size_t)15U;
}

size_t collector_market_size(uint32_t symbols_count, uint32_t book_levels_max)
{
    CB_ASSERT(symbols_count <= COLLECTOR_SYMBOLS_MAX);
    CB_ASSERT(book_levels_max > 0);
    const size_t one = aligned(COLLECTOR_QUOTES_MAX * sizeof(collector_quote)) +
                       aligned(COLLECTOR_HELD_TRADES_MAX * sizeof(cb_trade)) +
                       aligned(COLLECTOR_HELD_CANDLES_MAX * sizeof(cb_candle)) +
                       aligned(COLLECTOR_BUFFERED_DELTAS_MAX * sizeof(collector_buffered)) +
                       aligned(COLLECTOR_BUFFERED_LEVELS_MAX * sizeof(cb_level)) +
                       2 * aligned((size_t)book_levels_max * sizeof(cb_level));
    return symbols_count * one;
}

static void symbol_init(collector_symbol *symbol, uint32_t book_levels_max, cb_arena *arena)
{
    symbol->quotes = cb_arena_alloc(arena, COLLECTOR_QUOTES_MAX, sizeof(collector_quote));
    symbol->trades.held = cb_arena_alloc(arena, COLLECTOR_HELD_TRADES_MAX, sizeof(cb_trade));
    symbol->candles.held = cb_arena_alloc(arena, COLLECTOR_HELD_CANDLES_MAX, sizeof(cb_candle));
    symbol->book.buffered =
        cb_arena_alloc(arena, COLLECTOR_BUFFERED_DELTAS_MAX, sizeof(collector_buffered));
    symbol->book.pool = cb_arena_alloc(arena, COLLECTOR_BUFFERED_LEVELS_MAX, sizeof(cb_level));
    cb_order_book_init(&symbol->book.book, arena, book_levels_max);
}

void collector_market_init(collector_market *market,
    const cb_venue_ops *venue,
    const char *symbols,
    uint32_t book_levels_max,
    cb_arena *arena)
{
    CB_ASSERT(market != NULL && venue != NULL);
    CB_ASSERT(symbols != NULL && arena != NULL);
    memset(market, 0, sizeof(*market));
    market->venue = venue;
    market->book_levels_max = book_levels_max;
    const char *at = symbols;
    while (*at != '\0') {
        size_t size = 0;
        while (at[size] != '\0' && at[size] != ',') {
            size++;
        }
        CB_ASSERT(market->symbols_count < COLLECTOR_SYMBOLS_MAX);
        collector_symbol *symbol = &market->symbols[market->symbols_count++];
        const bool fits =
            cb_text_copy(symbol->name, sizeof(symbol->name), (cb_strview){.at = at, .size = size});
        CB_ASSERT(fits);
        symbol_init(symbol, book_levels_max, arena);
        at += at[size] == ',' ? size + 1 : size;
    }
}

uint32_t collector_market_find(const collector_market *market, const char *symbol)
{
    CB_ASSERT(market != NULL);
    CB_ASSERT(symbol != NULL);
    uint32_t index = 0;
    while (index < market->symbols_count && !cb_text_equal(market->symbols[index].name, symbol)) {
        index++;
    }
    return index;
}

static collector_symbol *symbol_at(collector_market *market, uint32_t symbol)
{
    CB_ASSERT(market != NULL);
    CB_ASSERT(symbol < market->symbols_count);
    return &market->symbols[symbol];
}

/* ---- trades ---- */

static void need_trades(uint32_t symbol, const collector_trades *trades, const collector_sink *sink)
{
    CB_ASSERT(trades->held_count > 0);
    CB_ASSERT(trades->next_id < trades->held[0].trade_id || trades->held_count > 1);
    const collector_need need = {.symbol = symbol,
        .kind = COLLECTOR_KIND_TRADE,
        .first_id = trades->next_id,
        .last_id = trades->last_id - 1,
        .missing_count = trades->missing_count - trades->repaired_count,
        .is_gap = true};
    sink->need(sink->context, &need);
}

/* Lets the held trades below limit_id go out. */
static void send_held_trades(
    collector_trades *trades, uint64_t limit_id, const collector_sink *sink)
{
    while (trades->held_sent < trades->held_count &&
           trades->held[trades->held_sent].trade_id < limit_id) {
        const cb_trade *held = &trades->held[trades->held_sent++];
        trades->next_id = held->trade_id + 1;
        sink->trade(sink->context, held);
    }
}

static void close_trade_gap(collector_market *market, uint32_t symbol, const collector_sink *sink)
{
    collector_trades *trades = &market->symbols[symbol].trades;
    CB_ASSERT(trades->is_holding);
    CB_ASSERT(trades->repaired_count <= trades->missing_count);
    const collector_outcome outcome = {.symbol = symbol,
        .kind = COLLECTOR_KIND_TRADE,
        .missing_count = trades->missing_count,
        .repaired_count = trades->repaired_count};
    send_held_trades(trades, UINT64_MAX, sink);
    market->counts.trades_lost += trades->missing_count - trades->repaired_count;
    trades->is_holding = false;
    trades->held_count = 0;
    trades->held_sent = 0;
    sink->outcome(sink->context, &outcome);
}

static void hold_trade(
    collector_market *market, uint32_t symbol, const cb_trade *trade, const collector_sink *sink)
{
    collector_trades *trades = &market->symbols[symbol].trades;
    CB_ASSERT(trades->is_holding);
    if (trades->held_count == COLLECTOR_HELD_TRADES_MAX) {
        close_trade_gap(
            market, symbol, sink); /* the repair takes too long: order before wholeness */
        trades->next_id = trade->trade_id + 1;
        sink->trade(sink->context, trade);
        return;
    }
    trades->held[trades->held_count++] = *trade;
}

static void open_trade_gap(
    collector_market *market, uint32_t symbol, const cb_trade *trade, const collector_sink *sink)
{
    collector_trades *trades = &market->symbols[symbol].trades;
    const uint64_t missing = trade->trade_id - trades->last_id - 1;
    CB_ASSERT(missing > 0);
    const bool was_holding = trades->is_holding;
    market->counts.trade_gaps++;
    if (!was_holding) {
        trades->is_holding = true;
        trades->gap_first = trades->last_id + 1;
        trades->next_id = trades->last_id + 1;
        trades->missing_count = 0;
        trades->repaired_count = 0;
    }
    trades->missing_count += missing;
    trades->last_id = trade->trade_id;
    hold_trade(market, symbol, trade, sink);
    /* A hole that opens while another is repaired is found again when that repair is done. */
    if (!was_holding) {
        need_trades(symbol, trades, sink);
    }
}

void collector_market_trade(collector_market *market,
    uint32_t symbol,
    const cb_trade *trade,
    bool is_primary,
    const collector_sink *sink)
{
    collector_trades *trades = &symbol_at(market, symbol)->trades;
    CB_ASSERT(trade != NULL);
    CB_ASSERT(sink != NULL);
    if (trades->has_last && trade->trade_id <= trades->last_id) {
        market->counts.repeats++;
        trades->repeats_in_row++;
        if (trades->repeats_in_row < COLLECTOR_REPEATS_MAX || trades->is_holding) {
            return;
        }
        trades->has_last = false;
    }
    trades->repeats_in_row = 0;
    const bool is_next = !trades->has_last || !market->venue->has_gapless_trade_ids ||
                         trade->trade_id == trades->last_id + 1;
    if (!is_next && !is_primary) {
        market->counts.ignored++; /* the first connection will bring what lies between */
        return;
    }
    if (!is_next) {
        open_trade_gap(market, symbol, trade, sink);
        return;
    }
    trades->has_last = true;
    trades->last_id = trade->trade_id;
    if (trades->is_holding) {
        hold_trade(market, symbol, trade, sink);
        return;
    }
    trades->next_id = trade->trade_id + 1;
    sink->trade(sink->context, trade);
}

static bool is_held_trade(const collector_trades *trades, uint64_t trade_id)
{
    for (uint32_t i = trades->held_sent; i < trades->held_count; i++) {
        if (trades->held[i].trade_id >= trade_id) {
            return trades->held[i].trade_id == trade_id;
        }
    }
    return false;
}

void collector_market_repaired_trade(
    collector_market *market, uint32_t symbol, const cb_trade *trade, const collector_sink *sink)
{
    collector_trades *trades = &symbol_at(market, symbol)->trades;
    CB_ASSERT(trade != NULL);
    CB_ASSERT(sink != NULL);
    if (!trades->is_holding || trade->trade_id < trades->next_id ||
        trade->trade_id >= trades->last_id) {
        return;
    }
    send_held_trades(trades, trade->trade_id, sink);
    if (trade->trade_id < trades->next_id || is_held_trade(trades, trade->trade_id)) {
        return;
    }
    trades->next_id = trade->trade_id + 1;
    trades->repaired_count++;
    sink->trade(sink->context, trade);
}

/* Is there a hole between what has gone out and the newest held trade? */
static bool has_trade_hole(const collector_trades *trades)
{
    uint64_t next_id = trades->next_id;
    for (uint32_t i = trades->held_sent; i < trades->held_count; i++) {
        if (trades->held[i].trade_id != next_id) {
            return true;
        }
        next_id++;
    }
    return false;
}

void collector_market_trades_done(
    collector_market *market, uint32_t symbol, bool can_retry, const collector_sink *sink)
{
    collector_trades *trades = &symbol_at(market, symbol)->trades;
    CB_ASSERT(sink != NULL);
    if (!trades->is_holding) {
        return;
    }
    if (can_retry && has_trade_hole(trades)) {
        need_trades(symbol, trades, sink);
        return;
    }
    close_trade_gap(market, symbol, sink);
}

/* ---- candles ---- */

static void need_candles(
    uint32_t symbol, const collector_candles *candles, int64_t to_ns, const collector_sink *sink)
{
    const collector_need need = {.symbol = symbol,
        .kind = COLLECTOR_KIND_CANDLE,
        .from_ns = candles->next_open_ns,
        .to_ns = to_ns,
        .missing_count = candles->missing_count,
        .is_gap = candles->is_gap};
    sink->need(sink->context, &need);
}

static void send_held_candles(
    collector_candles *candles, int64_t limit_ns, const collector_sink *sink)
{
    while (candles->held_sent < candles->held_count &&
           candles->held[candles->held_sent].open_ts_ns < limit_ns) {
        const cb_candle *held = &candles->held[candles->held_sent++];
        candles->next_open_ns = held->open_ts_ns + CANDLE_NS;
        sink->candle(sink->context, held);
    }
}

void collector_market_candles_done(
    collector_market *market, uint32_t symbol, const collector_sink *sink)
{
    collector_candles *candles = &symbol_at(market, symbol)->candles;
    CB_ASSERT(sink != NULL);
    if (!candles->is_holding) {
        return;
    }
    send_held_candles(candles, INT64_MAX, sink);
    const collector_outcome outcome = {.symbol = symbol,
        .kind = COLLECTOR_KIND_CANDLE,
        .missing_count = candles->missing_count,
        .repaired_count = candles->repaired_count < candles->missing_count
                              ? candles->repaired_count
                              : candles->missing_count};
    const bool was_gap = candles->is_gap;
    candles->is_holding = false;
    candles->is_gap = false;
    candles->held_count = 0;
    candles->held_sent = 0;
    if (was_gap) {
        market->counts.candles_lost += outcome.missing_count - outcome.repaired_count;
        sink->outcome(sink->context, &outcome);
    }
}

static void hold_candle(
    collector_market *market, uint32_t symbol, const cb_candle *candle, const collector_sink *sink)
{
    collector_candles *candles = &market->symbols[symbol].candles;
    CB_ASSERT(candles->is_holding);
    if (candles->held_count == COLLECTOR_HELD_CANDLES_MAX) {
        collector_market_candles_done(market, symbol, sink);
        candles->next_open_ns = candle->open_ts_ns + CANDLE_NS;
        sink->candle(sink->context, candle);
        return;
    }
    candles->held[candles->held_count++] = *candle;
}

static void open_candle_gap(
    collector_market *market, uint32_t symbol, const cb_candle *candle, const collector_sink *sink)
{
    collector_candles *candles = &market->symbols[symbol].candles;
    const int64_t first_ns = candles->last_open_ns + CANDLE_NS;
    CB_ASSERT(candle->open_ts_ns > first_ns);
    const bool was_holding = candles->is_holding;
    market->counts.candle_gaps++;
    if (!candles->is_gap) {
        candles->missing_count = 0;
        candles->repaired_count = 0;
    }
    candles->is_holding = true;
    candles->is_gap = true;
    candles->missing_count += (uint64_t)((candle->open_ts_ns - first_ns) / CANDLE_NS);
    candles->last_open_ns = candle->open_ts_ns;
    if (!was_holding) {
        candles->next_open_ns = first_ns;
        need_candles(symbol, candles, candle->open_ts_ns - CANDLE_NS, sink);
    }
    hold_candle(market, symbol, candle, sink);
}

void collector_market_candle(collector_market *market,
    uint32_t symbol,
    const cb_candle *candle,
    bool is_primary,
    const collector_sink *sink)
{
    collector_candles *candles = &symbol_at(market, symbol)->candles;
    CB_ASSERT(candle != NULL);
    CB_ASSERT(sink != NULL);
    if (candle->interval_s != COLLECTOR_CANDLE_S) {
        return;
    }
    if (candles->has_last && candle->open_ts_ns <= candles->last_open_ns) {
        market->counts.repeats++;
        return;
    }
    if (!candle->is_closed) {
        if (is_primary && !candles->is_holding) {
            sink->candle(sink->context, candle);
        }
        return;
    }
    const bool is_next =
        !candles->has_last || candle->open_ts_ns == candles->last_open_ns + CANDLE_NS;
    if (!is_next && !is_primary) {
        market->counts.ignored++;
        return;
    }
    if (!is_next) {
        open_candle_gap(market, symbol, candle, sink);
        return;
    }
    candles->has_last = true;
    candles->last_open_ns = candle->open_ts_ns;
    if (candles->is_holding) {
        hold_candle(market, symbol, candle, sink);
        return;
    }
    candles->next_open_ns = candle->open_ts_ns + CANDLE_NS;
    sink->candle(sink->context, candle);
}

void collector_market_fetched_candle(collector_market *market,
    uint32_t symbol,
    const cb_candle *candle,
    bool is_forced,
    const collector_sink *sink)
{
    collector_candles *candles = &symbol_at(market, symbol)->candles;
    CB_ASSERT(candle != NULL);
    CB_ASSERT(sink != NULL);
    if (!candle->is_closed) {
        return;
    }
    const bool is_new = candle->open_ts_ns >= candles->next_open_ns;
    if (!is_new) {
        if (is_forced) {
            sink->candle(sink->context, candle);
        }
        return;
    }
    send_held_candles(candles, candle->open_ts_ns, sink);
    if (candle->open_ts_ns < candles->next_open_ns) {
        return; /* it was held: the stream's own went out */
    }
    const bool is_held = candles->held_sent < candles->held_count &&
                         candles->held[candles->held_sent].open_ts_ns == candle->open_ts_ns;
    if (is_held) {
        return;
    }
    candles->next_open_ns = candle->open_ts_ns + CANDLE_NS;
    candles->repaired_count += candles->is_gap ? 1U : 0U;
    if (!candles->has_last || candle->open_ts_ns > candles->last_open_ns) {
        candles->has_last = true;
        candles->last_open_ns = candle->open_ts_ns;
    }
    sink->candle(sink->context, candle);
}

/* ---- tickers ---- */

void collector_market_ticker(
    collector_market *market, uint32_t symbol, const cb_ticker *ticker, const collector_sink *sink)
{
    collector_symbol *state = symbol_at(market, symbol);
    CB_ASSERT(ticker != NULL);
    CB_ASSERT(sink != NULL);
    /* The venue may start its ids anew (the test network does): a fall by far is no repeat. */
    const bool is_repeat = ticker->update_id <= state->ticker_id &&
                           state->ticker_id - ticker->update_id < UINT64_C(1000000);
    if (is_repeat && ticker->update_id != 0) {
        market->counts.repeats++;
        return;
    }
    state->ticker_id = ticker->update_id;
    state->quotes[state->quotes_count++ % COLLECTOR_QUOTES_MAX] =
        (collector_quote){.update_id = ticker->update_id,
            .bid = {.price = ticker->bid, .qty = ticker->bid_qty},
            .ask = {.price = ticker->ask, .qty = ticker->ask_qty}};
    sink->ticker(sink->context, ticker);
}

/* ---- begin ---- */

void collector_market_begin(collector_market *market,
    uint32_t symbol,
    bool is_new_stream,
    bool is_backfill,
    uint32_t backfill_count,
    const collector_sink *sink)
{
    collector_symbol *state = symbol_at(market, symbol);
    collector_candles *candles = &state->candles;
    CB_ASSERT(sink != NULL);
    CB_ASSERT(backfill_count > 0);
    if (is_new_stream) {
        state->book.delta_last_id = 0; /* another connection: its sequence stands for itself */
        collector_market_restart_book(market, symbol, sink);
    }
    if (candles->is_holding && !is_backfill) {
        return; /* a fetch is on its way and will bring everything up to now */
    }
    if (!candles->is_holding) {
        candles->is_holding = true;
        candles->is_gap = false;
        candles->missing_count = 0;
        candles->repaired_count = 0;
    }
    const bool is_newest = is_backfill || !candles->has_last;
    const collector_need need = {.symbol = symbol,
        .kind = COLLECTOR_KIND_CANDLE,
        .from_ns = is_newest ? 0 : candles->next_open_ns,
        .missing_count = is_newest ? backfill_count : 0,
        .is_gap = candles->is_gap};
    sink->need(sink->context, &need);
}

void collector_market_stop(collector_market *market, const collector_sink *sink)
{
    CB_ASSERT(market != NULL);
    CB_ASSERT(sink != NULL);
    for (uint32_t i = 0; i < market->symbols_count; i++) {
        collector_book *book = &market->symbols[i].book;
        const bool was_valid = book->state == COLLECTOR_BOOK_LIVE;
        book->state = COLLECTOR_BOOK_IDLE;
        if (was_valid) {
            sink->book(sink->context, i, true);
        }
    }
}

bool collector_market_is_whole(const collector_market *market, uint32_t symbol)
{
    CB_ASSERT(market != NULL);
    CB_ASSERT(symbol < market->symbols_count);
    const collector_symbol *state = &market->symbols[symbol];
    return state->book.state == COLLECTOR_BOOK_LIVE && !state->trades.is_holding &&
           !state->candles.is_holding;
}
