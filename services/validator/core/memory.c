/* What an accepted message leaves behind for the expectations that compare. Candles are remembered
 * in bars.c; here are trades, books, deltas, tickers, instruments and the last price. */
#include "services/validator/core/expectation.h"
#include "services/validator/core/validator_internal.h"

static void remember_price(validator_symbol *symbol, int64_t price_e8, int64_t recv_ns)
{
    CB_ASSERT(symbol != NULL);
    CB_ASSERT(price_e8 > 0);
    symbol->price = (validator_price_memory){price_e8, recv_ns};
}

static void remember_trade(validator_symbol *symbol, const cb_trade *trade)
{
    symbol->trade = (validator_trade_memory){true, trade->trade_id, trade->venue_ts_ns};
    remember_price(symbol, trade->price.e8, trade->recv_ns);
}

static void remember_book(validator_symbol *symbol, const cb_book *book)
{
    symbol->book =
        (validator_book_memory){true, book->is_valid, book->update_id, book->venue_ts_ns};
}

static void remember_delta(validator_symbol *symbol, const cb_book_delta *delta)
{
    symbol->delta = (validator_delta_memory){
        .is_known = true,
        .first_update_id = delta->first_update_id,
        .last_update_id = delta->last_update_id,
        .part_index = delta->part_index,
        .venue_ts_ns = delta->venue_ts_ns,
    };
}

static void remember_ticker(validator_symbol *symbol, const cb_ticker *ticker)
{
    symbol->ticker = (validator_ticker_memory){true, ticker->update_id, ticker->recv_ns};
    const int64_t half_spread_e8 = (ticker->ask.e8 - ticker->bid.e8) / 2;
    remember_price(symbol, ticker->bid.e8 + half_spread_e8, ticker->recv_ns);
}

void validator_remember(validator_symbol *symbol, cb_msg_id kind, const void *body)
{
    CB_ASSERT(symbol != NULL && body != NULL);
    CB_ASSERT((uint32_t)kind < VALIDATOR_KINDS_COUNT);
    if (kind == CB_MSG_TRADE) {
        remember_trade(symbol, body);
    } else if (kind == CB_MSG_BOOK) {
        remember_book(symbol, body);
    } else if (kind == CB_MSG_BOOK_DELTA) {
        remember_delta(symbol, body);
    } else if (kind == CB_MSG_TICKER) {
        remember_ticker(symbol, body);
    } else if (kind == CB_MSG_INSTRUMENT) {
        symbol->instrument = *(const cb_instrument *)body;
        symbol->has_instrument = true;
    } else if (kind == CB_MSG_CANDLE) {
        const cb_candle *candle = body;
        if (!candle->is_backfill) {
            remember_price(symbol, candle->close.e8, candle->recv_ns);
        }
    }
}

void validator_forget(validator_symbol *symbol, cb_msg_id kind)
{
    CB_ASSERT(symbol != NULL);
    CB_ASSERT((uint32_t)kind < VALIDATOR_KINDS_COUNT);
    symbol->price = (validator_price_memory){0, 0};
    if (kind == CB_MSG_TRADE) {
        symbol->trade = (validator_trade_memory){0};
    } else if (kind == CB_MSG_BOOK) {
        symbol->book = (validator_book_memory){0};
    } else if (kind == CB_MSG_BOOK_DELTA) {
        symbol->delta = (validator_delta_memory){0};
    } else if (kind == CB_MSG_TICKER) {
        symbol->ticker = (validator_ticker_memory){0};
    }
}

int64_t validator_venue_ts(cb_msg_id kind, const void *body)
{
    CB_ASSERT(body != NULL);
    if (kind == CB_MSG_TRADE) {
        return ((const cb_trade *)body)->venue_ts_ns;
    }
    if (kind == CB_MSG_BOOK) {
        return ((const cb_book *)body)->venue_ts_ns;
    }
    if (kind == CB_MSG_BOOK_DELTA) {
        return ((const cb_book_delta *)body)->venue_ts_ns;
    }
    if (kind == CB_MSG_CANDLE) {
        return ((const cb_candle *)body)->open_ts_ns;
    }
    return 0;
}

int64_t validator_recv_ns(cb_msg_id kind, const void *body)
{
    CB_ASSERT(body != NULL);
    if (kind == CB_MSG_TRADE) {
        return ((const cb_trade *)body)->recv_ns;
    }
    if (kind == CB_MSG_BOOK) {
        return ((const cb_book *)body)->recv_ns;
    }
    if (kind == CB_MSG_BOOK_DELTA) {
        return ((const cb_book_delta *)body)->recv_ns;
    }
    if (kind == CB_MSG_CANDLE) {
        return ((const cb_candle *)body)->recv_ns;
    }
    if (kind == CB_MSG_TICKER) {
        return ((const cb_ticker *)body)->recv_ns;
    }
    return ((const cb_instrument *)body)->recv_ns;
}
