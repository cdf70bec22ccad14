/* The collector's data path: repeats, holes, holding back, and the order in which things go out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/timefmt.h"
#include "services/collector/core/market.h"

#define LEVELS_MAX 64
#define LOG_MAX 8192
#define MINUTE_NS (60 * CB_NS_PER_S)
#define T0 (INT64_C(28333333) * MINUTE_NS)

/* What came out of the sink, in order. */
typedef struct seen {
    char kind; /* t trade, c candle, k ticker, d delta, b book, B flip, n need, o outcome */
    uint64_t id;
} seen;

static collector_market market;
static collector_sink sink;
static void *block;
static seen log_entries[LOG_MAX];
static size_t log_count;
static collector_need last_need;
static collector_outcome last_outcome;

static void note(char kind, uint64_t id)
{
    assert_true(log_count < LOG_MAX);
    log_entries[log_count++] = (seen){.kind = kind, .id = id};
}

static void on_trade(void *context, const cb_trade *trade)
{
    (void)context;
    note('t', trade->trade_id);
}

static void on_candle(void *context, const cb_candle *candle)
{
    (void)context;
    note(candle->is_closed ? 'c' : 'p', (uint64_t)((candle->open_ts_ns - T0) / MINUTE_NS));
}

static void on_ticker(void *context, const cb_ticker *ticker)
{
    (void)context;
    note('k', ticker->update_id);
}

static void on_delta(void *context, uint32_t symbol, const cb_venue_depth *delta, int64_t recv_ns)
{
    (void)context;
    (void)symbol;
    assert_true(recv_ns == 5);
    note('d', delta->last_update_id);
}

static void on_book(void *context, uint32_t symbol, bool is_flip)
{
    (void)context;
    note(is_flip ? (collector_market_is_book_valid(&market, symbol) ? 'V' : 'I') : 'b',
        market.symbols[symbol].book.update_id);
}

static void on_need(void *context, const collector_need *need)
{
    (void)context;
    last_need = *need;
    note('n', (uint64_t)need->kind);
}

static void on_outcome(void *context, const collector_outcome *outcome)
{
    (void)context;
    last_outcome = *outcome;
    note('o', outcome->repaired_count);
}

static int set_up(void **state)
{
    (void)state;
    const size_t size = collector_market_size(2, LEVELS_MAX);
    cb_arena arena;
    block = aligned_alloc(16, size);
    assert_non_null(block);
    cb_arena_init(&arena, block, size);
    collector_market_init(&market, cb_venue_find("binance"), "BTCUSDT,ETHUSDT", LEVELS_MAX, &arena);
    sink = (collector_sink){.trade = on_trade,
        .candle = on_candle,
        .ticker = on_ticker,
        .delta = on_delta,
        .book = on_book,
        .need = on_need,
        .outcome = on_outcome};
    log_count = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(block);
    return 0;
}

/* "t1t2n0" compared with what came out; the log is emptied. */
static void assert_log(const char *expected)
{
    char text[LOG_MAX];
    size_t used = 0;
    for (size_t i = 0; i < log_count; i++) {
        const int size = snprintf(text + used,
            sizeof(text) - used,
            "%c%llu ",
            log_entries[i].kind,
            (unsigned long long)log_entries[i].id);
        assert_true(size > 0 && used + (size_t)size < sizeof(text));
        used += (size_t)size;
    }
    text[used > 0 ? used - 1 : 0] = '\0';
    assert_string_equal(text, expected);
    log_count = 0;
}

static void trade(uint64_t id, bool is_primary)
{
    const cb_trade body = {.trade_id = id};
    collector_market_trade(&market, 0, &body, is_primary, &sink);
}

static void repaired(uint64_t id)
{
    const cb_trade body = {.trade_id = id};
    collector_market_repaired_trade(&market, 0, &body, &sink);
}

/* ---- trades ---- */

static void market_passes_trades_in_sequence(void **state)
{
    (void)state;
    trade(10, true);
    trade(11, true);
    trade(12, true);
    assert_log("t10 t11 t12");
}

static void market_drops_repeated_trades(void **state)
{
    (void)state;
    trade(10, true);
    trade(10, true);
    trade(9, true);
    trade(11, false);
    trade(11, true);
    assert_log("t10 t11");
    assert_true(market.counts.repeats == 3);
}

static void market_holds_trades_back_until_a_hole_is_repaired(void **state)
{
    (void)state;
    trade(10, true);
    trade(13, true);
    assert_log("t10 n0");
    assert_true(last_need.first_id == 11 && last_need.last_id == 12);
    assert_true(last_need.missing_count == 2 && last_need.is_gap);
    trade(14, true);
    assert_log("");
    assert_false(collector_market_is_whole(&market, 0));
    repaired(9); /* the answer may begin earlier and end later */
    repaired(11);
    repaired(12);
    repaired(13);
    repaired(14);
    collector_market_trades_done(&market, 0, true, &sink);
    assert_log("t11 t12 t13 t14 o2");
    assert_true(last_outcome.missing_count == 2 && last_outcome.repaired_count == 2);
    trade(15, true);
    assert_log("t15");
}

static void market_asks_again_while_a_repair_makes_progress(void **state)
{
    (void)state;
    trade(10, true);
    trade(20, true);
    log_count = 0;
    repaired(11);
    repaired(12);
    collector_market_trades_done(&market, 0, true, &sink);
    assert_log("t11 t12 n0");
    assert_true(last_need.first_id == 13 && last_need.last_id == 19);
    assert_true(last_need.missing_count == 7);
    collector_market_trades_done(&market, 0, false, &sink);
    assert_log("t20 o2");
    assert_true(last_outcome.missing_count == 9);
    assert_true(market.counts.trades_lost == 7);
}

static void market_finds_a_second_hole_while_repairing_the_first(void **state)
{
    (void)state;
    trade(10, true);
    trade(12, true);
    trade(15, true); /* 13 and 14 are missing too */
    assert_log("t10 n0");
    repaired(11);
    collector_market_trades_done(&market, 0, true, &sink);
    assert_log("t11 n0");
    assert_true(last_need.first_id == 12);
    repaired(12); /* held: the stream's own goes out */
    repaired(13);
    repaired(14);
    collector_market_trades_done(&market, 0, true, &sink);
    assert_log("t12 t13 t14 t15 o3");
    assert_true(last_outcome.missing_count == 3);
}

static void market_gives_up_a_repair_when_too_much_is_held(void **state)
{
    (void)state;
    trade(1, true);
    trade(3, true);
    for (uint64_t id = 4; id < 3 + COLLECTOR_HELD_TRADES_MAX; id++) {
        trade(id, true);
    }
    assert_log("t1 n0");
    trade(3 + COLLECTOR_HELD_TRADES_MAX, true);
    assert_true(log_count == COLLECTOR_HELD_TRADES_MAX + 2);
    assert_true(last_outcome.repaired_count == 0 && last_outcome.missing_count == 1);
    assert_true(log_entries[log_count - 1].kind == 't');
    for (size_t i = 1; i + 2 < log_count; i++) {
        assert_true(log_entries[i].id == log_entries[i - 1].id + 1);
    }
    collector_market_trades_done(&market, 0, true, &sink); /* the late answer changes nothing */
}

static void market_ignores_the_second_connection_until_it_joins_up(void **state)
{
    (void)state;
    trade(10, true);
    trade(12, false); /* ahead of the first connection: no hole */
    assert_log("t10");
    assert_true(market.counts.ignored == 1 && market.counts.trade_gaps == 0);
    trade(11, true);
    trade(12, true);
    trade(13, false);
    trade(13, true);
    assert_log("t11 t12 t13");
}

static void market_follows_a_venue_that_counts_anew(void **state)
{
    (void)state;
    trade(1000000, true);
    log_count = 0;
    for (uint64_t id = 1; id < COLLECTOR_REPEATS_MAX; id++) {
        trade(id, true);
    }
    assert_log("");
    trade(COLLECTOR_REPEATS_MAX, true);
    trade(COLLECTOR_REPEATS_MAX + 1, true);
    assert_log("t1000 t1001");
}

/* ---- candles ---- */

static cb_candle candle_at(int64_t minute, bool is_closed)
{
    return (cb_candle){.interval_s = 60,
        .open_ts_ns = T0 + minute * MINUTE_NS,
        .close_ts_ns = T0 + (minute + 1) * MINUTE_NS,
        .is_closed = is_closed};
}

static void candle(int64_t minute, bool is_closed, bool is_primary)
{
    const cb_candle body = candle_at(minute, is_closed);
    collector_market_candle(&market, 0, &body, is_primary, &sink);
}

static void fetched(int64_t minute, bool is_forced)
{
    cb_candle body = candle_at(minute, true);
    body.is_backfill = true;
    collector_market_fetched_candle(&market, 0, &body, is_forced, &sink);
}

static void market_passes_candles_and_their_progress(void **state)
{
    (void)state;
    candle(0, false, true);
    candle(0, true, true);
    candle(0, true, false); /* the other connection's */
    candle(0, false, true); /* late progress of a closed one */
    candle(1, false, false);
    candle(1, true, true);
    assert_log("p0 c0 c1");
}

static void market_repairs_holes_between_candles_in_order(void **state)
{
    (void)state;
    candle(0, true, true);
    candle(3, true, true);
    assert_log("c0 n1");
    assert_true(last_need.from_ns == T0 + MINUTE_NS && last_need.to_ns == T0 + 2 * MINUTE_NS);
    assert_true(last_need.missing_count == 2 && last_need.is_gap);
    candle(4, true, true);
    candle(5, false, true);
    assert_log("");
    fetched(1, false);
    fetched(2, false);
    fetched(3, false);
    collector_market_candles_done(&market, 0, &sink);
    assert_log("c1 c2 c3 c4 o2");
}

static void market_closes_holes_that_the_venue_itself_has(void **state)
{
    (void)state;
    candle(0, true, true);
    candle(9, true, true);
    log_count = 0;
    collector_market_candles_done(&market, 0, &sink);
    assert_log("c9 o0");
    assert_true(last_outcome.missing_count == 8);
    assert_true(market.counts.candles_lost == 8);
    candle(10, true, true);
    assert_log("c10");
}

static void market_backfills_before_live_candles(void **state)
{
    (void)state;
    collector_market_begin(&market, 0, true, true, 500, &sink);
    assert_log("n2 n1"); /* a snapshot and the newest candles */
    assert_true(last_need.from_ns == 0 && last_need.missing_count == 500 && !last_need.is_gap);
    candle(7, true, true); /* closes while the answer is on its way */
    assert_log("");
    for (int64_t minute = 4; minute <= 7; minute++) {
        fetched(minute, false);
    }
    collector_market_candles_done(&market, 0, &sink);
    assert_log("c4 c5 c6 c7");
    candle(8, true, true);
    assert_log("c8");
}

static void market_asks_for_candles_since_the_last_after_a_reconnect(void **state)
{
    (void)state;
    candle(5, true, true);
    log_count = 0;
    collector_market_begin(&market, 0, true, false, 500, &sink);
    assert_true(last_need.from_ns == T0 + 6 * MINUTE_NS && last_need.to_ns == 0);
    log_count = 0;
    fetched(6, false);
    fetched(7, false);
    collector_market_candles_done(&market, 0, &sink);
    assert_log("c6 c7");
}

static void market_repeats_candles_only_when_forced(void **state)
{
    (void)state;
    candle(5, true, true);
    log_count = 0;
    collector_market_begin(&market, 0, false, true, 500, &sink);
    assert_log("n1"); /* no new stream: the book goes on */
    fetched(4, false);
    fetched(5, false);
    assert_log("");
    fetched(4, true);
    fetched(5, true);
    collector_market_candles_done(&market, 0, &sink);
    assert_log("c4 c5");
}

/* ---- tickers ---- */

static void market_drops_repeated_tickers(void **state)
{
    (void)state;
    cb_ticker ticker = {.update_id = 5000000};
    collector_market_ticker(&market, 0, &ticker, &sink);
    collector_market_ticker(&market, 0, &ticker, &sink);
    ticker.update_id--;
    collector_market_ticker(&market, 0, &ticker, &sink);
    ticker.update_id = 17; /* the venue began to count anew */
    collector_market_ticker(&market, 0, &ticker, &sink);
    assert_log("k5000000 k17");
}

/* ---- books ---- */

static void delta_with(
    uint64_t first, uint64_t last, int64_t bid_e8, int64_t ask_e8, bool is_primary)
{
    cb_level bid = {.price.e8 = bid_e8, .qty.e8 = 1};
    cb_level ask = {.price.e8 = ask_e8, .qty.e8 = 1};
    const cb_venue_depth delta = {.first_update_id = first,
        .last_update_id = last,
        .venue_ts_ns = 77,
        .bids = &bid,
        .asks = &ask,
        .bids_count = bid_e8 > 0 ? 1 : 0,
        .asks_count = ask_e8 > 0 ? 1 : 0};
    collector_market_delta(&market, 0, &delta, 5, is_primary, &sink);
}

static void delta(uint64_t first, uint64_t last)
{
    delta_with(first, last, 100 + (int64_t)last, 0, true);
}

static void snapshot(uint64_t id)
{
    cb_level bid = {.price.e8 = 90, .qty.e8 = 1};
    cb_level ask = {.price.e8 = 1000, .qty.e8 = 1};
    const cb_venue_depth depth = {.first_update_id = id,
        .last_update_id = id,
        .bids = &bid,
        .asks = &ask,
        .bids_count = 1,
        .asks_count = 1};
    collector_market_snapshot(&market, 0, &depth, &sink);
}

static void begin_book(void)
{
    collector_market_restart_book(&market, 0, &sink);
    assert_log("n2");
}

static void book_buffers_diffs_until_the_snapshot_comes(void **state)
{
    (void)state;
    begin_book();
    delta(5, 6);
    delta(7, 9);
    delta(10, 12);
    assert_log("d6 d9 d12");
    assert_false(collector_market_is_book_valid(&market, 0));
    snapshot(8); /* inside the second */
    assert_log("V12");
    assert_true(collector_market_is_book_valid(&market, 0));
    cb_book top;
    collector_market_top(&market, 0, &top);
    assert_true(top.is_valid && top.update_id == 12);
    assert_string_equal(top.symbol, "BTCUSDT");
    assert_true(top.bids[0].price.e8 == 112 && top.bids[1].price.e8 == 109);
    assert_int_equal(top.bids_count, 3); /* the diff that ended before the snapshot is not in */
    assert_true(top.venue_ts_ns == 77);
    delta(13, 13);
    assert_log("d13 b13");
}

static void book_asks_again_for_a_snapshot_older_than_the_diffs(void **state)
{
    (void)state;
    begin_book();
    delta(10, 12);
    log_count = 0;
    snapshot(8);
    assert_log("n2");
    assert_false(last_need.is_gap);
    snapshot(9); /* ends right before the first diff */
    assert_log("V12");
}

static void book_takes_a_snapshot_when_nothing_has_happened_yet(void **state)
{
    (void)state;
    begin_book();
    snapshot(8);
    assert_log("V8");
    delta(7, 9); /* begins inside the snapshot: right for the first one */
    delta(10, 10);
    assert_log("d9 b9 d10 b10");
}

static void book_starts_over_when_a_diff_is_missing(void **state)
{
    (void)state;
    begin_book();
    snapshot(8);
    delta(9, 9);
    log_count = 0;
    delta(11, 12);
    assert_log("d12 I9 n2");
    assert_true(last_need.is_gap && last_need.first_id == 10);
    assert_true(market.counts.book_resyncs == 1);
    delta(13, 14);
    snapshot(12);
    assert_log("d14 V14 o1");
    assert_int_equal(last_outcome.kind, COLLECTOR_KIND_BOOK);
}

static void book_forgets_buffered_diffs_when_one_is_missing(void **state)
{
    (void)state;
    begin_book();
    delta(5, 6);
    delta(9, 9);
    log_count = 0;
    snapshot(7); /* would fit the first, not the second */
    assert_log("n2");
    snapshot(8);
    assert_log("V9");
}

static void book_starts_over_when_it_crosses(void **state)
{
    (void)state;
    begin_book();
    snapshot(8);
    log_count = 0;
    delta_with(9, 9, 1000, 0, true); /* a bid at the best ask */
    assert_log("d9 I9 n2");
}

static void book_refuses_levels_without_a_price(void **state)
{
    (void)state;
    begin_book();
    snapshot(8);
    log_count = 0;
    cb_level bid = {.price.e8 = 0, .qty.e8 = 1};
    const cb_venue_depth bad = {
        .first_update_id = 9, .last_update_id = 9, .bids = &bid, .bids_count = 1};
    collector_market_delta(&market, 0, &bad, 5, true, &sink);
    assert_log("d9 I8 n2");
}

static void book_drops_repeats_and_ignores_the_second_connections_holes(void **state)
{
    (void)state;
    begin_book();
    snapshot(8);
    log_count = 0;
    delta_with(9, 10, 50, 0, true);
    delta_with(9, 10, 50, 0, false);
    delta_with(13, 14, 51, 0, false); /* ahead */
    delta_with(11, 12, 52, 0, true);
    delta_with(13, 14, 51, 0, true);
    assert_log("d10 b10 d12 b12 d14 b14");
    assert_true(market.counts.repeats == 1 && market.counts.ignored == 1);
}

static void book_survives_more_diffs_than_it_can_buffer(void **state)
{
    (void)state;
    begin_book();
    for (uint64_t id = 1; id <= COLLECTOR_BUFFERED_DELTAS_MAX + 5; id++) {
        delta_with(id, id, 50, 0, true);
    }
    log_count = 0;
    snapshot(2); /* what followed it has been dropped: too old */
    assert_log("n2");
    snapshot(COLLECTOR_BUFFERED_DELTAS_MAX + 2);
    assert_true(collector_market_is_book_valid(&market, 0));
    assert_true(market.symbols[0].book.update_id == COLLECTOR_BUFFERED_DELTAS_MAX + 5);
}

static void book_is_invalid_without_a_connection(void **state)
{
    (void)state;
    begin_book();
    snapshot(8);
    log_count = 0;
    collector_market_stop(&market, &sink);
    assert_log("I8");
    cb_book top;
    collector_market_top(&market, 0, &top);
    assert_false(top.is_valid);
    assert_int_equal(top.bids_count, 0);
    snapshot(9); /* a late answer */
    assert_log("");
    /* A new connection's sequence stands for itself, even when it is lower. */
    collector_market_begin(&market, 0, true, false, 10, &sink);
    snapshot(3);
    log_count = 0;
    delta(4, 4);
    assert_log("d4 b4");
}

static void symbols_are_found_by_name(void **state)
{
    (void)state;
    assert_int_equal(collector_market_find(&market, "BTCUSDT"), 0);
    assert_int_equal(collector_market_find(&market, "ETHUSDT"), 1);
    assert_int_equal(collector_market_find(&market, "ETHUSD"), 2);
    assert_false(collector_market_is_whole(&market, 1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(market_passes_trades_in_sequence),
        TEST(market_drops_repeated_trades),
        TEST(market_holds_trades_back_until_a_hole_is_repaired),
        TEST(market_asks_again_while_a_repair_makes_progress),
        TEST(market_finds_a_second_hole_while_repairing_the_first),
        TEST(market_gives_up_a_repair_when_too_much_is_held),
        TEST(market_ignores_the_second_connection_until_it_joins_up),
        TEST(market_follows_a_venue_that_counts_anew),
        TEST(market_passes_candles_and_their_progress),
        TEST(market_repairs_holes_between_candles_in_order),
        TEST(market_closes_holes_that_the_venue_itself_has),
        TEST(market_backfills_before_live_candles),
        TEST(market_asks_for_candles_since_the_last_after_a_reconnect),
        TEST(market_repeats_candles_only_when_forced),
        TEST(market_drops_repeated_tickers),
        TEST(book_buffers_diffs_until_the_snapshot_comes),
        TEST(book_asks_again_for_a_snapshot_older_than_the_diffs),
        TEST(book_takes_a_snapshot_when_nothing_has_happened_yet),
        TEST(book_starts_over_when_a_diff_is_missing),
        TEST(book_forgets_buffered_diffs_when_one_is_missing),
        TEST(book_starts_over_when_it_crosses),
        TEST(book_refuses_levels_without_a_price),
        TEST(book_drops_repeats_and_ignores_the_second_connections_holes),
        TEST(book_survives_more_diffs_than_it_can_buffer),
        TEST(book_is_invalid_without_a_connection),
        TEST(symbols_are_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
