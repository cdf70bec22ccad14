/* Every expectation by tables: messages just inside and just outside each bound, judged against a
 * memory that the row sets up. A row names the expectation, so a new one cannot be left out
 * unnoticed: the last test counts them. */
#include "fixture.h"

typedef union message {
    cb_trade trade;
    cb_candle candle;
    cb_book book;
    cb_book_delta delta;
    cb_ticker ticker;
    cb_instrument instrument;
} message;

typedef struct scene {
    validator_symbol symbol;
    validator_bar bars[4];
    uint32_t bars_count;
    message body;
    int64_t now_ns;
} scene;

typedef struct row {
    uint32_t expectation;
    cb_msg_id kind;
    const char *what;
    void (*change)(scene *s);
    bool is_pass;
} row;

#define ROW(expectation, kind, change, is_pass)                                                    \
    {                                                                                              \
        VALIDATOR_EXPECTATION_##expectation, CB_MSG_##kind, #change, change, is_pass               \
    }

static void scene_init(scene *s, cb_msg_id kind)
{
    memset(s, 0, sizeof *s);
    s->now_ns = T0;
    if (kind == CB_MSG_TRADE) {
        s->body.trade = good_trade();
    } else if (kind == CB_MSG_CANDLE) {
        s->body.candle = good_candle(10);
    } else if (kind == CB_MSG_BOOK) {
        s->body.book = good_book();
    } else if (kind == CB_MSG_BOOK_DELTA) {
        s->body.delta = good_delta();
    } else if (kind == CB_MSG_TICKER) {
        s->body.ticker = good_ticker();
    } else {
        s->body.instrument = good_instrument();
    }
}

static void add_bar(scene *s, int64_t minute, int64_t close_e8)
{
    const cb_candle candle = good_candle(minute);
    s->bars[s->bars_count++] = (validator_bar){
        .open_ts_ns = candle.open_ts_ns,
        .open_e8 = candle.open.e8,
        .high_e8 = candle.high.e8,
        .low_e8 = candle.low.e8,
        .close_e8 = close_e8,
        .volume_e8 = candle.volume.e8,
    };
}

static void unchanged(scene *s)
{
    (void)s;
}

/* A change of one statement. */
#define CHANGE(name, statement)                                                                    \
    static void name(scene *s)                                                                     \
    {                                                                                              \
        statement;                                                                                 \
    }

/* ---- time_sane: future_max is 10 min by default ---- */
CHANGE(trade_at_future_limit, s->body.trade.venue_ts_ns = T0 + 10 * MINUTE)
CHANGE(trade_past_future_limit, s->body.trade.venue_ts_ns = T0 + 10 * MINUTE + 1)
CHANGE(trade_in_ms, s->body.trade.venue_ts_ns = T0 / 1000000)
CHANGE(trade_in_us_read_as_ms, s->body.trade.venue_ts_ns = INT64_MAX - 1)
CHANGE(trade_without_time, s->body.trade.venue_ts_ns = 0)
CHANGE(trade_recv_future, s->body.trade.recv_ns = T0 + 11 * MINUTE)
CHANGE(ticker_without_recv, s->body.ticker.recv_ns = 0)
CHANGE(book_without_venue_time, s->body.book.venue_ts_ns = 0)
static void trade_far_future_no_clock(scene *s)
{
    s->now_ns = 0;
    s->body.trade.venue_ts_ns = T0 + 100 * MINUTE;
}
CHANGE(candle_closing_in_future, s->body.candle = good_candle(70))
static void candle_progress_closing_in_future(scene *s)
{
    s->body.candle = good_candle(70);
    s->body.candle.is_closed = false;
}

/* ---- price_range: move_max 0.3, reference_age 120 s, band 1e-8 … 1e10 ---- */
static void reference(scene *s, int64_t age_ns)
{
    s->symbol.price = (validator_price_memory){40000 * CB_E8, T0 - age_ns};
}
static void trade_at_move_limit(scene *s)
{
    reference(s, SECOND);
    s->body.trade.price.e8 = 52000 * CB_E8;
}
static void trade_past_move_limit(scene *s)
{
    reference(s, SECOND);
    s->body.trade.price.e8 = 52000 * CB_E8 + 1;
}
static void trade_at_lower_move_limit(scene *s)
{
    reference(s, SECOND);
    s->body.trade.price.e8 = 28000 * CB_E8;
}
static void trade_past_lower_move_limit(scene *s)
{
    reference(s, SECOND);
    s->body.trade.price.e8 = 28000 * CB_E8 - 1;
}
static void trade_jump_fresh_reference(scene *s)
{
    reference(s, 120 * SECOND);
    s->body.trade.price.e8 = 80000 * CB_E8;
}
static void trade_jump_old_reference(scene *s)
{
    reference(s, 120 * SECOND + 1);
    s->body.trade.price.e8 = 80000 * CB_E8;
}
CHANGE(trade_price_zero, s->body.trade.price.e8 = 0)
CHANGE(trade_price_smallest, s->body.trade.price.e8 = 1)
CHANGE(trade_price_above_band, s->body.trade.price.e8 = 10000000000 * CB_E8 + 1)
static void candle_wick_past_limit(scene *s)
{
    add_bar(s, 9, 46000 * CB_E8);
    s->body.candle.low.e8 = 46000 * CB_E8 * 7 / 10 - 1;
}
static void candle_wick_at_limit(scene *s)
{
    add_bar(s, 9, 46000 * CB_E8);
    s->body.candle.low.e8 = 46000 * CB_E8 / 10 * 7;
}
CHANGE(candle_jump_after_hole, add_bar(s, 1, 20000 * CB_E8))
CHANGE(candle_jump_next_minute, add_bar(s, 9, 20000 * CB_E8))
static void ticker_ask_past_limit(scene *s)
{
    reference(s, SECOND);
    s->body.ticker.ask.e8 = 52001 * CB_E8;
}
static void book_bid_past_limit(scene *s)
{
    reference(s, SECOND);
    s->body.book.bids[0].price.e8 = 27999 * CB_E8;
}
static void book_empty(scene *s)
{
    s->body.book.bids_count = 0;
    s->body.book.asks_count = 0;
}

/* ---- volume_sane: qty_max 1e9 ---- */
CHANGE(trade_qty_zero, s->body.trade.qty.e8 = 0)
CHANGE(trade_qty_smallest, s->body.trade.qty.e8 = 1)
CHANGE(trade_qty_at_max, s->body.trade.qty.e8 = 1000000000 * CB_E8)
CHANGE(trade_qty_past_max, s->body.trade.qty.e8 = 1000000000 * CB_E8 + 1)
static void candle_volume_zero(scene *s)
{
    s->body.candle.volume.e8 = 0;
    s->body.candle.quote_volume.e8 = 0;
    s->body.candle.trades_count = 0;
}
CHANGE(candle_volume_negative, s->body.candle.volume.e8 = -1)
CHANGE(candle_quote_volume_negative, s->body.candle.quote_volume.e8 = -1)
CHANGE(candle_trades_too_many, s->body.candle.trades_count = (uint64_t)INT64_MAX + 1)
CHANGE(book_level_empty, s->body.book.asks[1].qty.e8 = 0)
CHANGE(delta_removes_level, s->body.delta.bids[0].qty.e8 = 0)
CHANGE(delta_level_negative, s->body.delta.bids[0].qty.e8 = -1)
CHANGE(ticker_qty_negative, s->body.ticker.bid_qty.e8 = -1)

/* ---- candle_ohlc ---- */
CHANGE(candle_high_at_close, s->body.candle.high.e8 = s->body.candle.close.e8)
CHANGE(candle_high_under_close, s->body.candle.high.e8 = s->body.candle.close.e8 - 1)
CHANGE(candle_low_at_open, s->body.candle.low.e8 = s->body.candle.open.e8)
CHANGE(candle_low_over_open, s->body.candle.low.e8 = s->body.candle.open.e8 + 1)
CHANGE(candle_low_zero, s->body.candle.low.e8 = 0)

/* ---- candle_grid ---- */
static void candle_off_grid(scene *s)
{
    s->body.candle.open_ts_ns += 1;
    s->body.candle.close_ts_ns += 1;
}
CHANGE(candle_cut_short,
    s->body.candle.close_ts_ns = s->body.candle.open_ts_ns + 14838 * SECOND / 1000)
CHANGE(candle_interval_zero, s->body.candle.interval_s = 0)
CHANGE(candle_interval_seven, s->body.candle.interval_s = 7)
static void candle_hour(scene *s)
{
    s->body.candle = good_candle(0);
    s->body.candle.interval_s = 3600;
    s->body.candle.close_ts_ns = s->body.candle.open_ts_ns + 60 * MINUTE;
}
static void candle_hour_off_grid(scene *s)
{
    s->body.candle.interval_s = 3600;
    s->body.candle.close_ts_ns = s->body.candle.open_ts_ns + 60 * MINUTE;
}

/* ---- candle_unique ---- */
CHANGE(candle_again_same, add_bar(s, 10, s->body.candle.close.e8))
CHANGE(candle_again_differs, add_bar(s, 10, s->body.candle.close.e8 + 1))
static void candle_again_in_progress(scene *s)
{
    candle_again_differs(s);
    s->body.candle.is_closed = false;
}
static void candle_fills_gap(scene *s)
{
    add_bar(s, 9, 46000 * CB_E8);
    add_bar(s, 11, 46000 * CB_E8);
}

/* ---- time_order ---- */
static void trade_same_time(scene *s)
{
    s->symbol.trade = (validator_trade_memory){true, 99, T0};
}
static void trade_before_last(scene *s)
{
    s->symbol.trade = (validator_trade_memory){true, 99, T0 + 1};
}
static void book_before_last(scene *s)
{
    s->symbol.book = (validator_book_memory){true, true, 499, T0 + 1};
}
static void book_last_without_time(scene *s)
{
    s->symbol.book = (validator_book_memory){true, true, 499, 0};
}
static void delta_before_last(scene *s)
{
    s->symbol.delta = (validator_delta_memory){true, 1, 500, 0, T0 + 1};
}
static void ticker_before_last(scene *s)
{
    s->symbol.ticker = (validator_ticker_memory){true, 499, T0 + 1};
}
static void progress_after_last_close(scene *s)
{
    add_bar(s, 9, 46000 * CB_E8);
    s->body.candle.is_closed = false;
}
static void progress_of_closed_minute(scene *s)
{
    add_bar(s, 10, 46000 * CB_E8);
    s->body.candle.is_closed = false;
}

/* ---- trade_id, trade_gap ---- */
static void trade_next(scene *s)
{
    s->symbol.trade = (validator_trade_memory){true, 99, T0};
}
static void trade_repeated(scene *s)
{
    s->symbol.trade = (validator_trade_memory){true, 100, T0};
}
static void trade_old(scene *s)
{
    s->symbol.trade = (validator_trade_memory){true, 101, T0};
}
static void trade_skips_one(scene *s)
{
    s->symbol.trade = (validator_trade_memory){true, 98, T0};
}
CHANGE(trade_id_huge, s->body.trade.trade_id = (uint64_t)INT64_MAX + 1)

/* ---- books ---- */
CHANGE(book_locked, s->body.book.bids[0].price.e8 = s->body.book.asks[0].price.e8)
CHANGE(book_touching, s->body.book.bids[0].price.e8 = s->body.book.asks[0].price.e8 - 1)
CHANGE(book_bids_repeated, s->body.book.bids[1].price = s->body.book.bids[0].price)
CHANGE(book_asks_fall, s->body.book.asks[1].price.e8 = s->body.book.asks[0].price.e8 - 1)
CHANGE(book_price_zero, s->body.book.bids[1].price.e8 = 0)
static void book_at_ratio(scene *s)
{
    s->body.book.bids[0].qty.e8 = 148 * CB_E8; /* 150 : 3 */
}
CHANGE(book_past_ratio, s->body.book.bids[0].qty.e8 = 148 * CB_E8 + 50)
CHANGE(book_past_ratio_asks, s->body.book.asks[0].qty.e8 = 148 * CB_E8 + 50)
CHANGE(book_no_asks, s->body.book.asks_count = 0)
static void book_no_asks_repairing(scene *s)
{
    s->body.book.asks_count = 0;
    s->body.book.is_valid = false;
}
static void book_same_update(scene *s)
{
    s->symbol.book = (validator_book_memory){true, true, 500, T0};
}
static void book_older_update(scene *s)
{
    s->symbol.book = (validator_book_memory){true, true, 501, T0};
}
static void book_older_update_after_repair(scene *s)
{
    s->symbol.book = (validator_book_memory){true, false, 501, T0};
}
static void delta_continues(scene *s)
{
    s->symbol.delta = (validator_delta_memory){true, 490, 500, 0, T0};
}
static void delta_overlaps(scene *s)
{
    s->symbol.delta = (validator_delta_memory){true, 490, 505, 0, T0};
}
static void delta_old(scene *s)
{
    s->symbol.delta = (validator_delta_memory){true, 501, 510, 0, T0};
}
static void delta_hole(scene *s)
{
    s->symbol.delta = (validator_delta_memory){true, 490, 499, 0, T0};
}
static void delta_next_part(scene *s)
{
    s->symbol.delta = (validator_delta_memory){true, 501, 510, 0, T0};
    s->body.delta.part_index = 1;
}
static void delta_skipped_part(scene *s)
{
    s->symbol.delta = (validator_delta_memory){true, 501, 510, 0, T0};
    s->body.delta.part_index = 2;
}
CHANGE(delta_turned, s->body.delta.last_update_id = 500)
static void ticker_same_update(scene *s)
{
    s->symbol.ticker = (validator_ticker_memory){true, 500, T0};
}
static void ticker_older_update(scene *s)
{
    s->symbol.ticker = (validator_ticker_memory){true, 501, T0};
}
static void ticker_unnumbered(scene *s)
{
    s->symbol.ticker = (validator_ticker_memory){true, 501, T0};
    s->body.ticker.update_id = 0;
}
CHANGE(ticker_locked, s->body.ticker.ask = s->body.ticker.bid)
CHANGE(ticker_tight, s->body.ticker.ask.e8 = s->body.ticker.bid.e8 + 1)
CHANGE(ticker_bid_zero, s->body.ticker.bid.e8 = 0)

/* ---- instrument_filters ---- */
CHANGE(instrument_tick_zero, s->body.instrument.tick_size.e8 = 0)
CHANGE(instrument_lot_zero, s->body.instrument.lot_size.e8 = 0)
CHANGE(instrument_price_equal, s->body.instrument.price_min = s->body.instrument.price_max)
CHANGE(
    instrument_price_turned, s->body.instrument.price_min.e8 = s->body.instrument.price_max.e8 + 1)
CHANGE(instrument_price_max_off, s->body.instrument.price_max.e8 = 0)
CHANGE(instrument_qty_turned, s->body.instrument.qty_min.e8 = s->body.instrument.qty_max.e8 + 1)
CHANGE(instrument_notional_turned,
    s->body.instrument.notional_min.e8 = s->body.instrument.notional_max.e8 + 1)
CHANGE(instrument_multiplier_turned,
    s->body.instrument.bid_multiplier_down.e8 = s->body.instrument.bid_multiplier_up.e8 + 1)
static void instrument_one_asset(scene *s)
{
    memcpy(s->body.instrument.quote_asset, "BTC", 4);
}
CHANGE(instrument_no_base, s->body.instrument.base_asset[0] = '\0')
CHANGE(instrument_no_status, s->body.instrument.status = CB_INSTRUMENT_STATUS_NONE)
CHANGE(instrument_market_qty_negative, s->body.instrument.market_qty_max.e8 = -1)

/* ---- candle_gap, candle_volume ---- */
CHANGE(candle_follows, add_bar(s, 9, 46000 * CB_E8))
CHANGE(candle_after_hole, add_bar(s, 8, 46000 * CB_E8))
static void candle_trades_without_volume(scene *s)
{
    s->body.candle.volume.e8 = 0;
    s->body.candle.quote_volume.e8 = 0;
}
CHANGE(candle_volume_without_trades, s->body.candle.trades_count = 0)
static void candle_quote_at_high(scene *s)
{
    s->body.candle.quote_volume.e8 = 460100 * CB_E8 + 46010 * CB_E8 / 100; /* + 0.1 % */
}
CHANGE(candle_quote_past_high,
    s->body.candle.quote_volume.e8 = 460100 * CB_E8 + 46010 * CB_E8 / 100 + 1)
CHANGE(candle_quote_under_low,
    s->body.candle.quote_volume.e8 = 459900 * CB_E8 - 45990 * CB_E8 / 100 - 1)
CHANGE(candle_quote_unknown, s->body.candle.quote_volume.e8 = 0)

static const row rows[] = {
    ROW(time_sane, TRADE, unchanged, true),
    ROW(time_sane, CANDLE, unchanged, true),
    ROW(time_sane, INSTRUMENT, unchanged, true),
    ROW(time_sane, TRADE, trade_at_future_limit, true),
    ROW(time_sane, TRADE, trade_past_future_limit, false),
    ROW(time_sane, TRADE, trade_in_ms, false),
    ROW(time_sane, TRADE, trade_in_us_read_as_ms, false),
    ROW(time_sane, TRADE, trade_without_time, false),
    ROW(time_sane, TRADE, trade_recv_future, false),
    ROW(time_sane, TICKER, unchanged, true),
    ROW(time_sane, TICKER, ticker_without_recv, false),
    ROW(time_sane, BOOK, book_without_venue_time, true),
    ROW(time_sane, TRADE, trade_far_future_no_clock, true),
    ROW(time_sane, CANDLE, candle_closing_in_future, false),
    ROW(time_sane, CANDLE, candle_progress_closing_in_future, true),

    ROW(price_range, TRADE, unchanged, true),
    ROW(price_range, TRADE, trade_at_move_limit, true),
    ROW(price_range, TRADE, trade_past_move_limit, false),
    ROW(price_range, TRADE, trade_at_lower_move_limit, true),
    ROW(price_range, TRADE, trade_past_lower_move_limit, false),
    ROW(price_range, TRADE, trade_jump_fresh_reference, false),
    ROW(price_range, TRADE, trade_jump_old_reference, true),
    ROW(price_range, TRADE, trade_price_zero, false),
    ROW(price_range, TRADE, trade_price_smallest, true),
    ROW(price_range, TRADE, trade_price_above_band, false),
    ROW(price_range, CANDLE, candle_wick_at_limit, true),
    ROW(price_range, CANDLE, candle_wick_past_limit, false),
    ROW(price_range, CANDLE, candle_jump_after_hole, true),
    ROW(price_range, CANDLE, candle_jump_next_minute, false),
    ROW(price_range, TICKER, ticker_ask_past_limit, false),
    ROW(price_range, BOOK, book_bid_past_limit, false),
    ROW(price_range, BOOK, book_empty, true),

    ROW(volume_sane, TRADE, trade_qty_smallest, true),
    ROW(volume_sane, TRADE, trade_qty_zero, false),
    ROW(volume_sane, TRADE, trade_qty_at_max, true),
    ROW(volume_sane, TRADE, trade_qty_past_max, false),
    ROW(volume_sane, CANDLE, candle_volume_zero, true),
    ROW(volume_sane, CANDLE, candle_volume_negative, false),
    ROW(volume_sane, CANDLE, candle_quote_volume_negative, false),
    ROW(volume_sane, CANDLE, candle_trades_too_many, false),
    ROW(volume_sane, BOOK, unchanged, true),
    ROW(volume_sane, BOOK, book_level_empty, false),
    ROW(volume_sane, BOOK_DELTA, delta_removes_level, true),
    ROW(volume_sane, BOOK_DELTA, delta_level_negative, false),
    ROW(volume_sane, TICKER, ticker_qty_negative, false),

    ROW(candle_ohlc, CANDLE, unchanged, true),
    ROW(candle_ohlc, CANDLE, candle_high_at_close, true),
    ROW(candle_ohlc, CANDLE, candle_high_under_close, false),
    ROW(candle_ohlc, CANDLE, candle_low_at_open, true),
    ROW(candle_ohlc, CANDLE, candle_low_over_open, false),
    ROW(candle_ohlc, CANDLE, candle_low_zero, false),

    ROW(candle_grid, CANDLE, unchanged, true),
    ROW(candle_grid, CANDLE, candle_off_grid, false),
    ROW(candle_grid, CANDLE, candle_cut_short, false),
    ROW(candle_grid, CANDLE, candle_interval_zero, false),
    ROW(candle_grid, CANDLE, candle_interval_seven, false),
    ROW(candle_grid, CANDLE, candle_hour, true),
    ROW(candle_grid, CANDLE, candle_hour_off_grid, false),

    ROW(candle_unique, CANDLE, unchanged, true),
    ROW(candle_unique, CANDLE, candle_again_same, true),
    ROW(candle_unique, CANDLE, candle_again_differs, false),
    ROW(candle_unique, CANDLE, candle_again_in_progress, true),
    ROW(candle_unique, CANDLE, candle_fills_gap, true),

    ROW(time_order, TRADE, unchanged, true),
    ROW(time_order, TRADE, trade_same_time, true),
    ROW(time_order, TRADE, trade_before_last, false),
    ROW(time_order, BOOK, book_before_last, false),
    ROW(time_order, BOOK, book_last_without_time, true),
    ROW(time_order, BOOK_DELTA, delta_before_last, false),
    ROW(time_order, TICKER, ticker_before_last, false),
    ROW(time_order, CANDLE, progress_after_last_close, true),
    ROW(time_order, CANDLE, progress_of_closed_minute, false),

    ROW(trade_id, TRADE, unchanged, true),
    ROW(trade_id, TRADE, trade_next, true),
    ROW(trade_id, TRADE, trade_repeated, false),
    ROW(trade_id, TRADE, trade_old, false),
    ROW(trade_id, TRADE, trade_id_huge, false),

    ROW(trade_gap, TRADE, unchanged, true),
    ROW(trade_gap, TRADE, trade_next, true),
    ROW(trade_gap, TRADE, trade_skips_one, false),

    ROW(book_crossed, BOOK, unchanged, true),
    ROW(book_crossed, BOOK, book_touching, true),
    ROW(book_crossed, BOOK, book_locked, false),
    ROW(book_crossed, BOOK, book_bids_repeated, false),
    ROW(book_crossed, BOOK, book_asks_fall, false),
    ROW(book_crossed, BOOK, book_price_zero, false),
    ROW(book_crossed, BOOK, book_empty, true),

    ROW(book_balanced, BOOK, unchanged, true),
    ROW(book_balanced, BOOK, book_at_ratio, true),
    ROW(book_balanced, BOOK, book_past_ratio, false),
    ROW(book_balanced, BOOK, book_past_ratio_asks, false),
    ROW(book_balanced, BOOK, book_no_asks, false),
    ROW(book_balanced, BOOK, book_no_asks_repairing, true),

    ROW(book_order, BOOK, unchanged, true),
    ROW(book_order, BOOK, book_same_update, true),
    ROW(book_order, BOOK, book_older_update, false),
    ROW(book_order, BOOK, book_older_update_after_repair, true),
    ROW(book_order, BOOK_DELTA, unchanged, true),
    ROW(book_order, BOOK_DELTA, delta_continues, true),
    ROW(book_order, BOOK_DELTA, delta_overlaps, true),
    ROW(book_order, BOOK_DELTA, delta_old, false),
    ROW(book_order, BOOK_DELTA, delta_next_part, true),
    ROW(book_order, BOOK_DELTA, delta_skipped_part, false),
    ROW(book_order, BOOK_DELTA, delta_turned, false),
    ROW(book_order, TICKER, ticker_same_update, true),
    ROW(book_order, TICKER, ticker_older_update, false),
    ROW(book_order, TICKER, ticker_unnumbered, true),

    ROW(delta_gap, BOOK_DELTA, unchanged, true),
    ROW(delta_gap, BOOK_DELTA, delta_continues, true),
    ROW(delta_gap, BOOK_DELTA, delta_hole, false),
    ROW(delta_gap, BOOK_DELTA, delta_next_part, true),

    ROW(ticker_crossed, TICKER, unchanged, true),
    ROW(ticker_crossed, TICKER, ticker_tight, true),
    ROW(ticker_crossed, TICKER, ticker_locked, false),
    ROW(ticker_crossed, TICKER, ticker_bid_zero, false),

    ROW(instrument_filters, INSTRUMENT, unchanged, true),
    ROW(instrument_filters, INSTRUMENT, instrument_tick_zero, false),
    ROW(instrument_filters, INSTRUMENT, instrument_lot_zero, false),
    ROW(instrument_filters, INSTRUMENT, instrument_price_equal, true),
    ROW(instrument_filters, INSTRUMENT, instrument_price_turned, false),
    ROW(instrument_filters, INSTRUMENT, instrument_price_max_off, true),
    ROW(instrument_filters, INSTRUMENT, instrument_qty_turned, false),
    ROW(instrument_filters, INSTRUMENT, instrument_notional_turned, false),
    ROW(instrument_filters, INSTRUMENT, instrument_multiplier_turned, false),
    ROW(instrument_filters, INSTRUMENT, instrument_one_asset, false),
    ROW(instrument_filters, INSTRUMENT, instrument_no_base, false),
    ROW(instrument_filters, INSTRUMENT, instrument_no_status, false),
    ROW(instrument_filters, INSTRUMENT, instrument_market_qty_negative, false),

    ROW(candle_gap, CANDLE, unchanged, true),
    ROW(candle_gap, CANDLE, candle_follows, true),
    ROW(candle_gap, CANDLE, candle_after_hole, false),
    ROW(candle_gap, CANDLE, candle_fills_gap, true),

    ROW(candle_volume, CANDLE, unchanged, true),
    ROW(candle_volume, CANDLE, candle_volume_zero, true),
    ROW(candle_volume, CANDLE, candle_trades_without_volume, false),
    ROW(candle_volume, CANDLE, candle_volume_without_trades, false),
    ROW(candle_volume, CANDLE, candle_quote_at_high, true),
    ROW(candle_volume, CANDLE, candle_quote_past_high, false),
    ROW(candle_volume, CANDLE, candle_quote_under_low, false),
    ROW(candle_volume, CANDLE, candle_quote_unknown, true),
};

#define ROWS_COUNT (sizeof rows / sizeof rows[0])

static void run_row(const row *r, const validator_config *config)
{
    static scene s; /* cb_book_delta is too large for a frame of every row */
    scene_init(&s, r->kind);
    r->change(&s);
    const validator_check check = {
        .kind = r->kind,
        .body = &s.body,
        .symbol = &s.symbol,
        .bars = s.bars,
        .bars_count = s.bars_count,
        .params = config->params[r->expectation],
        .now_ns = s.now_ns,
    };
    const validator_expectation *entry = validator_expectation_at(r->expectation);
    if ((entry->kinds & VALIDATOR_ON(r->kind)) == 0) {
        fail_msg("%s does not look at kind %d", entry->name, (int)r->kind);
    }
    validator_finding finding = {{0}, {0}};
    const bool is_pass = entry->check(&check, &finding);
    if (is_pass != r->is_pass) {
        fail_msg("%s, %s: %s (%s; expected %s)",
            entry->name,
            r->what,
            is_pass ? "passed" : "failed",
            finding.observed,
            finding.expected);
    }
    if (!is_pass && (finding.observed[0] == '\0' || finding.expected[0] == '\0')) {
        fail_msg("%s, %s: refused without words", entry->name, r->what);
    }
}

static void expectations_judge_every_row(void **unused)
{
    (void)unused;
    validator_config config;
    validator_config_defaults(&config);
    for (size_t i = 0; i < ROWS_COUNT; i++) {
        run_row(&rows[i], &config);
    }
}

static void expectations_all_have_rows_inside_and_outside(void **unused)
{
    (void)unused;
    for (uint32_t e = 0; e < VALIDATOR_EXPECTATIONS_COUNT; e++) {
        uint32_t inside = 0;
        uint32_t outside = 0;
        for (size_t i = 0; i < ROWS_COUNT; i++) {
            inside += rows[i].expectation == e && rows[i].is_pass ? 1U : 0U;
            outside += rows[i].expectation == e && !rows[i].is_pass ? 1U : 0U;
        }
        if (inside == 0 || outside == 0) {
            fail_msg(
                "%s: %u rows inside, %u outside", validator_expectation_name(e), inside, outside);
        }
    }
}

static void expectations_have_sound_tables(void **unused)
{
    (void)unused;
    for (uint32_t e = 0; e < VALIDATOR_EXPECTATIONS_COUNT; e++) {
        const validator_expectation *entry = validator_expectation_at(e);
        assert_true(strlen(entry->name) < 32);
        assert_true(strlen(validator_expectation_help(e)) > 0);
        assert_string_equal(validator_expectation_name(e), entry->name);
        uint32_t count = 0;
        assert_ptr_equal(validator_expectation_params(e, &count), entry->params);
        assert_int_equal(count, entry->params_count);
        assert_true(entry->kinds != 0);
        assert_true((entry->kinds & ~VALIDATOR_ON_ALL) == 0);
        assert_true(
            entry->severity == CB_SEVERITY_CRITICAL || entry->severity == CB_SEVERITY_WARNING);
        for (uint32_t p = 0; p < entry->params_count; p++) {
            const cb_param *param = &entry->params[p];
            assert_true(param->min <= param->default_value);
            assert_true(param->default_value <= param->max);
            assert_true(strlen(param->help) > 0);
        }
    }
    assert_null(validator_expectation_name(VALIDATOR_EXPECTATIONS_COUNT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expectations_judge_every_row),
        cmocka_unit_test(expectations_all_have_rows_inside_and_outside),
        cmocka_unit_test(expectations_have_sound_tables),
    };
    return cmocka_run_group_tests_name("validator_expectations", tests, NULL, NULL);
}
