/* The order book of a symbol: buffering diffs until a snapshot has come, applying them by the
 * venue's rules of sequence, and starting over when something is missing. */
#include <string.h>

#include "base/assert.h"
#include "services/collector/core/market.h"

static collector_book *book_at(collector_market *market, uint32_t symbol)
{
    CB_ASSERT(market != NULL);
    CB_ASSERT(symbol < market->symbols_count);
    return &market->symbols[symbol].book;
}

static void need_snapshot(uint32_t symbol, const collector_book *book, const collector_sink *sink)
{
    const collector_need need = {.symbol = symbol,
        .kind = COLLECTOR_KIND_BOOK,
        .first_id = book->is_gap ? book->update_id + 1 : 0,
        .last_id = book->is_gap ? book->delta_last_id : 0,
        .missing_count = 1,
        .is_gap = book->is_gap};
    sink->need(sink->context, &need);
}

static void forget_buffered(collector_book *book)
{
    book->buffered_count = 0;
    book->pool_used = 0;
}

void collector_market_restart_book(
    collector_market *market, uint32_t symbol, const collector_sink *sink)
{
    collector_book *book = book_at(market, symbol);
    CB_ASSERT(sink != NULL);
    const bool was_valid = book->state == COLLECTOR_BOOK_LIVE;
    book->state = COLLECTOR_BOOK_BUFFERING;
    book->is_gap = false;
    forget_buffered(book);
    if (was_valid) {
        sink->book(sink->context, symbol, true);
    }
    need_snapshot(symbol, book, sink);
}

/* A diff in the middle of the stream went missing, or the book contradicts itself. */
static void resync(collector_market *market, uint32_t symbol, const collector_sink *sink)
{
    collector_book *book = book_at(market, symbol);
    const bool was_valid = book->state == COLLECTOR_BOOK_LIVE;
    market->counts.book_resyncs++;
    book->state = COLLECTOR_BOOK_BUFFERING;
    book->is_gap = true;
    forget_buffered(book);
    if (was_valid) {
        sink->book(sink->context, symbol, true);
    }
    need_snapshot(symbol, book, sink);
}

static cb_venue_depth buffered_at(const collector_book *book, uint32_t index)
{
    CB_ASSERT(index < book->buffered_count);
    const collector_buffered *entry = &book->buffered[index];
    return (cb_venue_depth){.first_update_id = entry->first_update_id,
        .last_update_id = entry->last_update_id,
        .venue_ts_ns = entry->venue_ts_ns,
        .bids = book->pool + entry->levels_at,
        .asks = book->pool + entry->levels_at + entry->bids_count,
        .bids_capacity = entry->bids_count,
        .asks_capacity = entry->asks_count,
        .bids_count = entry->bids_count,
        .asks_count = entry->asks_count};
}

/* Buffered diffs must follow each other; when they do not, the older ones are worthless: a snapshot
 * that reaches the new one makes them superfluous, and an older snapshot could not use the new. */
static void buffer_delta(
    const cb_venue_ops *venue, collector_book *book, const cb_venue_depth *delta)
{
    if (book->buffered_count > 0) {
        const uint64_t last_id = book->buffered[book->buffered_count - 1].last_update_id;
        const cb_venue_sync verdict = venue->sync_delta(last_id, false, delta);
        if (verdict == CB_VENUE_SYNC_SKIP) {
            return;
        }
        if (verdict == CB_VENUE_SYNC_GAP) {
            forget_buffered(book);
        }
    }
    const uint32_t levels = delta->bids_count + delta->asks_count;
    const bool has_room = book->buffered_count < COLLECTOR_BUFFERED_DELTAS_MAX &&
                          levels <= COLLECTOR_BUFFERED_LEVELS_MAX - book->pool_used;
    if (!has_room) {
        forget_buffered(book);
        if (levels > COLLECTOR_BUFFERED_LEVELS_MAX) {
            return;
        }
    }
    book->buffered[book->buffered_count++] =
        (collector_buffered){.first_update_id = delta->first_update_id,
            .last_update_id = delta->last_update_id,
            .venue_ts_ns = delta->venue_ts_ns,
            .levels_at = book->pool_used,
            .bids_count = delta->bids_count,
            .asks_count = delta->asks_count};
    cb_level *to = book->pool + book->pool_used;
    if (delta->bids_count > 0) {
        memcpy(to, delta->bids, delta->bids_count * sizeof(cb_level));
    }
    if (delta->asks_count > 0) {
        memcpy(to + delta->bids_count, delta->asks, delta->asks_count * sizeof(cb_level));
    }
    book->pool_used += levels;
}

/* False when the levels contradict the book. */
static bool apply(collector_book *book, const cb_venue_depth *delta)
{
    if (cb_order_book_apply(&book->book, CB_SIDE_BUY, delta->bids, delta->bids_count, NULL) !=
            CB_OK ||
        cb_order_book_apply(&book->book, CB_SIDE_SELL, delta->asks, delta->asks_count, NULL) !=
            CB_OK) {
        return false;
    }
    book->update_id = delta->last_update_id;
    book->venue_ts_ns = delta->venue_ts_ns != 0 ? delta->venue_ts_ns : book->venue_ts_ns;
    return !cb_order_book_is_crossed(&book->book);
}

static bool is_same_level(cb_level a, cb_level b)
{
    return a.price.e8 == b.price.e8 && a.qty.e8 == b.qty.e8;
}

/* Compares the book with the newest quote that is not newer than it. Quotes come at once and diffs
 * in batches, so the right one may lie some way back. Live, this watches our own bookkeeping; on a
 * recorded session every comparison must be equal. */
static void compare_quote(collector_market *market, uint32_t symbol)
{
    collector_symbol *state = &market->symbols[symbol];
    const uint64_t kept =
        state->quotes_count < COLLECTOR_QUOTES_MAX ? state->quotes_count : COLLECTOR_QUOTES_MAX;
    cb_level bid;
    cb_level ask;
    uint64_t back = 1;
    while (back <= kept &&
           state->quotes[(state->quotes_count - back) % COLLECTOR_QUOTES_MAX].update_id >
               state->book.update_id) {
        back++;
    }
    if (back > kept || !cb_order_book_best(&state->book.book, CB_SIDE_BUY, &bid) ||
        !cb_order_book_best(&state->book.book, CB_SIDE_SELL, &ask)) {
        return;
    }
    const collector_quote *quote =
        &state->quotes[(state->quotes_count - back) % COLLECTOR_QUOTES_MAX];
    market->counts.books_compared++;
    if (is_same_level(bid, quote->bid) && is_same_level(ask, quote->ask)) {
        market->counts.books_equal++;
    } else if (state->unequal_id == 0) {
        state->unequal_id = state->book.update_id;
    }
}

static void apply_live(collector_market *market,
    uint32_t symbol,
    const cb_venue_depth *delta,
    bool is_primary,
    const collector_sink *sink)
{
    collector_book *book = book_at(market, symbol);
    CB_ASSERT(book->state == COLLECTOR_BOOK_LIVE);
    const cb_venue_sync verdict = market->venue->sync_delta(book->update_id, book->is_first, delta);
    if (verdict == CB_VENUE_SYNC_SKIP) {
        return;
    }
    if (verdict == CB_VENUE_SYNC_GAP) {
        if (is_primary) {
            resync(market, symbol, sink);
            buffer_delta(market->venue, book, delta);
        }
        return;
    }
    book->is_first = false;
    if (!apply(book, delta)) {
        resync(market, symbol, sink);
        return;
    }
    compare_quote(market, symbol);
    sink->book(sink->context, symbol, false);
}

void collector_market_delta(collector_market *market,
    uint32_t symbol,
    const cb_venue_depth *delta,
    int64_t recv_ns,
    bool is_primary,
    const collector_sink *sink)
{
    collector_book *book = book_at(market, symbol);
    CB_ASSERT(delta != NULL && sink != NULL);
    CB_ASSERT(delta->first_update_id <= delta->last_update_id);
    if (delta->last_update_id <= book->delta_last_id) {
        market->counts.repeats++;
        return;
    }
    const bool is_next =
        book->delta_last_id == 0 ||
        market->venue->sync_delta(book->delta_last_id, false, delta) == CB_VENUE_SYNC_APPLY;
    if (!is_next && !is_primary) {
        market->counts.ignored++;
        return;
    }
    book->delta_last_id = delta->last_update_id;
    sink->delta(sink->context, symbol, delta, recv_ns);
    if (book->state == COLLECTOR_BOOK_LIVE) {
        apply_live(market, symbol, delta, is_primary, sink);
    } else if (book->state == COLLECTOR_BOOK_BUFFERING) {
        buffer_delta(market->venue, book, delta);
    }
}

/* Loads the snapshot and what was buffered since; false when something does not fit. */
static bool load(const cb_venue_ops *venue, collector_book *book, const cb_venue_depth *snapshot)
{
    cb_order_book_reset(&book->book);
    book->is_first = true;
    book->venue_ts_ns = 0;
    if (!apply(book, snapshot)) {
        return false;
    }
    for (uint32_t i = 0; i < book->buffered_count; i++) {
        const cb_venue_depth delta = buffered_at(book, i);
        const cb_venue_sync verdict = venue->sync_delta(book->update_id, book->is_first, &delta);
        if (verdict == CB_VENUE_SYNC_GAP) {
            return false;
        }
        if (verdict == CB_VENUE_SYNC_APPLY) {
            book->is_first = false;
            if (!apply(book, &delta)) {
                return false;
            }
        }
    }
    return true;
}

void collector_market_snapshot(collector_market *market,
    uint32_t symbol,
    const cb_venue_depth *snapshot,
    const collector_sink *sink)
{
    collector_book *book = book_at(market, symbol);
    CB_ASSERT(snapshot != NULL);
    CB_ASSERT(sink != NULL);
    if (book->state != COLLECTOR_BOOK_BUFFERING) {
        return;
    }
    if (book->buffered_count > 0) {
        const cb_venue_depth first = buffered_at(book, 0);
        if (!market->venue->sync_snapshot(snapshot->last_update_id, &first)) {
            need_snapshot(symbol, book, sink); /* older than the diffs: the buffer stays */
            return;
        }
    }
    if (!load(market->venue, book, snapshot)) {
        resync(market, symbol, sink);
        return;
    }
    forget_buffered(book);
    book->state = COLLECTOR_BOOK_LIVE;
    sink->book(sink->context, symbol, true);
    if (book->is_gap) {
        const collector_outcome outcome = {
            .symbol = symbol, .kind = COLLECTOR_KIND_BOOK, .missing_count = 1, .repaired_count = 1};
        book->is_gap = false;
        sink->outcome(sink->context, &outcome);
    }
}

bool collector_market_is_book_valid(const collector_market *market, uint32_t symbol)
{
    CB_ASSERT(market != NULL);
    CB_ASSERT(symbol < market->symbols_count);
    return market->symbols[symbol].book.state == COLLECTOR_BOOK_LIVE;
}

void collector_market_top(const collector_market *market, uint32_t symbol, cb_book *out)
{
    CB_ASSERT(market != NULL && out != NULL);
    CB_ASSERT(symbol < market->symbols_count);
    const collector_symbol *state = &market->symbols[symbol];
    memset(out, 0, sizeof(*out));
    const bool fits =
        cb_text_copy(out->venue, sizeof(out->venue), cb_sv_from(market->venue->name)) &&
        cb_text_copy(out->symbol, sizeof(out->symbol), cb_sv_from(state->name));
    CB_ASSERT(fits);
    const uint32_t max = sizeof(out->bids) / sizeof(out->bids[0]);
    out->update_id = state->book.update_id;
    out->venue_ts_ns = state->book.venue_ts_ns;
    out->is_valid = state->book.state == COLLECTOR_BOOK_LIVE;
    if (out->is_valid) {
        out->bids_count = cb_order_book_top(&state->book.book, CB_SIDE_BUY, max, out->bids);
        out->asks_count = cb_order_book_top(&state->book.book, CB_SIDE_SELL, max, out->asks);
    }
}
