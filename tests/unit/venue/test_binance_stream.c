/* Binance's market streams: what each message becomes, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/venue/fixtures.h"
#include "venue/venue.h"

#define LEVELS_MAX 4

static cb_level bids[LEVELS_MAX];
static cb_level asks[LEVELS_MAX];
static cb_venue_event event;

static cb_status parse(const char *text)
{
    memset(&event, 0xA5, sizeof(event)); /* what is not written must not be relied on */
    event.depth = (cb_venue_depth){
        .bids = bids, .asks = asks, .bids_capacity = LEVELS_MAX, .asks_capacity = LEVELS_MAX};
    return cb_venue_find("binance")->parse_stream(cb_sv_from(text), &event, NULL);
}

static void stream_reads_trades(void **state)
{
    (void)state;
    assert_int_equal(parse(FIXTURE_TRADE), CB_OK);
    assert_int_equal(event.type, CB_VENUE_EVENT_TRADE);
    assert_true(event.is_data);
    assert_string_equal(event.trade.venue, "binance");
    assert_string_equal(event.trade.symbol, "BTCUSDT");
    assert_true(event.trade.trade_id == 3735683259);
    assert_true(event.trade.price.e8 == INT64_C(6183763000000));
    assert_true(event.trade.qty.e8 == 2000000);
    assert_int_equal(event.trade.taker_side, CB_SIDE_SELL); /* m: the buyer was the maker */
    assert_true(event.trade.venue_ts_ns == INT64_C(1700000000122000000));
    assert_true(event.venue_ts_ns == INT64_C(1700000000123000000));
    assert_true(event.trade.recv_ns == 0);
}

static void stream_reads_aggregate_trades(void **state)
{
    (void)state;
    assert_int_equal(parse(FIXTURE_AGG_TRADE), CB_OK);
    assert_int_equal(event.type, CB_VENUE_EVENT_AGG_TRADE);
    assert_true(event.trade.trade_id == 26129);
    assert_true(event.first_id == 27781 && event.last_id == 27785);
    assert_int_equal(event.trade.taker_side, CB_SIDE_BUY);
}

static void stream_reads_klines(void **state)
{
    (void)state;
    assert_int_equal(parse(FIXTURE_KLINE), CB_OK);
    assert_int_equal(event.type, CB_VENUE_EVENT_CANDLE);
    const cb_candle *candle = &event.candle;
    assert_string_equal(candle->symbol, "BTCUSDT");
    assert_int_equal(candle->interval_s, 60);
    assert_true(candle->open_ts_ns == INT64_C(1700000000000000000));
    assert_true(candle->close_ts_ns == INT64_C(1700000060000000000)); /* exclusive end */
    assert_true(candle->open.e8 == INT64_C(6100010000000));
    assert_true(candle->high.e8 == INT64_C(6101000000000));
    assert_true(candle->low.e8 == INT64_C(6099000000000));
    assert_true(candle->close.e8 == INT64_C(6100220000000));
    assert_true(candle->volume.e8 == 1250000000);
    assert_true(candle->quote_volume.e8 == INT64_C(76252750000000));
    assert_true(candle->trades_count == 101);
    assert_true(candle->is_closed);
    assert_false(candle->is_backfill);
}

static void stream_reads_book_tickers(void **state)
{
    (void)state;
    assert_int_equal(parse(FIXTURE_BOOK_TICKER), CB_OK);
    assert_int_equal(event.type, CB_VENUE_EVENT_TICKER);
    assert_true(event.ticker.update_id == 50093239212);
    assert_true(event.ticker.bid.e8 == INT64_C(6183763000000));
    assert_true(event.ticker.ask_qty.e8 == 154698000);
}

static void stream_reads_depth_updates(void **state)
{
    (void)state;
    assert_int_equal(parse(FIXTURE_DEPTH), CB_OK);
    assert_int_equal(event.type, CB_VENUE_EVENT_DELTA);
    assert_string_equal(event.depth.symbol, "BTCUSDT");
    assert_true(event.depth.first_update_id == 157 && event.depth.last_update_id == 160);
    assert_int_equal(event.depth.bids_count, 2);
    assert_int_equal(event.depth.asks_count, 1);
    assert_true(bids[0].qty.e8 == 0);
    assert_true(bids[1].price.e8 == INT64_C(6173017000000));
    assert_true(event.depth.venue_ts_ns == INT64_C(1700000000208000000));
}

static void stream_takes_a_partial_books_symbol_from_the_stream(void **state)
{
    (void)state;
    assert_int_equal(parse(FIXTURE_PARTIAL), CB_OK);
    assert_int_equal(event.type, CB_VENUE_EVENT_SNAPSHOT);
    assert_string_equal(event.depth.symbol, "BTCUSDT");
    assert_true(event.depth.last_update_id == 160);
    assert_int_equal(event.depth.asks_count, 2);
}

static void stream_reads_raw_messages_and_any_order_of_keys(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"M\":true,\"m\":false,\"T\":1,\"q\":\"2\",\"p\":\"3\",\"t\":4,\"s\":"
                           "\"X\",\"E\":5,\"new\":{\"a\":[1]},\"e\":\"trade\"}"),
        CB_OK);
    assert_int_equal(event.type, CB_VENUE_EVENT_TRADE);
    assert_string_equal(event.trade.symbol, "X");
    assert_int_equal(parse("{\"data\":{\"asks\":[],\"bids\":[],\"lastUpdateId\":9},\"stream\":"
                           "\"ethusdt@depth20\"}"),
        CB_OK);
    assert_string_equal(event.depth.symbol, "ETHUSDT");
}

static void stream_reads_answers_and_shutdown(void **state)
{
    (void)state;
    assert_int_equal(parse(FIXTURE_SUBSCRIBED), CB_OK);
    assert_int_equal(event.type, CB_VENUE_EVENT_REPLY);
    assert_true(event.reply.id == 7 && event.reply.is_ok);
    assert_false(event.is_data);
    assert_int_equal(parse(FIXTURE_STREAM_ERROR), CB_OK);
    assert_int_equal(event.type, CB_VENUE_EVENT_REPLY);
    assert_true(event.reply.id == 7 && !event.reply.is_ok);
    assert_true(event.reply.error.code == 2);
    assert_string_equal(event.reply.error.text, "Invalid request: unknown variant");
    assert_int_equal(parse("{\"code\":1,\"msg\":\"x\",\"id\":\"8\"}"), CB_OK);
    assert_true(event.reply.id == 8 && !event.reply.is_ok);
    assert_int_equal(parse(FIXTURE_SHUTDOWN), CB_OK);
    assert_int_equal(event.type, CB_VENUE_EVENT_SHUTDOWN);
    assert_false(event.is_data);
}

static void stream_skips_kinds_it_does_not_know(void **state)
{
    (void)state;
    static const char *const texts[] = {"{\"e\":\"24hrTicker\",\"E\":1,\"s\":\"X\",\"p\":\"1\"}",
        "{\"stream\":\"!miniTicker@arr\",\"data\":[{\"e\":\"24hrMiniTicker\"}]}",
        "{\"stream\":\"x@new\",\"data\":{\"z\":1}}",
        ("{\"e\":\"kline\",\"E\":1,\"s\":\"X\",\"k\":{\"t\":1,\"i\":\"1M\",\"o\":\"1\",\"h\":\"1\","
         "\"l\":\"1\",\"c\":\"1\",\"v\":\"1\",\"q\":\"1\",\"n\":1,\"x\":true}}")};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(parse(texts[i]), CB_OK);
        assert_int_equal(event.type, CB_VENUE_EVENT_NONE);
        assert_true(event.is_data);
    }
}

static void stream_refuses_wrong_types_and_missing_members(void **state)
{
    (void)state;
    static const char *const texts[] = {/* a text where a number is due, and the reverse */
        "{\"e\":\"trade\",\"E\":1,\"s\":\"X\",\"t\":\"4\",\"p\":\"3\",\"q\":\"2\",\"T\":1,\"m\":"
        "true}",
        "{\"e\":\"trade\",\"E\":1,\"s\":5,\"t\":4,\"p\":\"3\",\"q\":\"2\",\"T\":1,\"m\":true}",
        "{\"e\":\"trade\",\"E\":1,\"s\":\"X\",\"t\":4,\"p\":\"3\",\"q\":\"2\",\"T\":1,\"m\":"
        "\"no\"}",
        "{\"e\":\"trade\",\"E\":1,\"s\":\"X\",\"t\":4,\"p\":{},\"q\":\"2\",\"T\":1,\"m\":true}",
        "{\"e\":\"trade\",\"E\":\"1\",\"s\":\"X\",\"t\":4,\"p\":\"3\",\"q\":\"2\",\"T\":1,\"m\":"
        "true}",
        /* missing, twice, negative, too fine */
        "{\"e\":\"trade\",\"E\":1,\"s\":\"X\",\"t\":4,\"q\":\"2\",\"T\":1,\"m\":true}",
        "{\"e\":\"trade\",\"E\":1,\"s\":\"X\",\"s\":\"X\",\"t\":4,\"p\":\"3\",\"q\":\"2\",\"T\":1,"
        "\"m\":true}",
        "{\"e\":\"trade\",\"E\":1,\"s\":\"X\",\"t\":-4,\"p\":\"3\",\"q\":\"2\",\"T\":1,\"m\":true}",
        "{\"e\":\"trade\",\"E\":1,\"s\":\"\",\"t\":4,\"p\":\"3\",\"q\":\"2\",\"T\":1,\"m\":true}",
        "{\"e\":\"trade\",\"E\":1,\"s\":\"X\",\"t\":4,\"p\":\"0.000000001\",\"q\":\"2\",\"T\":1,"
        "\"m\":"
        "true}",
        "{\"e\":\"trade\",\"E\":1,\"s\":\"X\",\"t\":4,\"p\":\"3\",\"q\":\"2\",\"T\":"
        "99999999999999999,"
        "\"m\":true}",
        "{\"e\":\"depthUpdate\",\"E\":1,\"s\":\"X\",\"U\":5,\"u\":4,\"b\":[],\"a\":[]}",
        "{\"e\":\"depthUpdate\",\"E\":1,\"s\":\"X\",\"U\":1,\"u\":4,\"b\":[[\"1\"]],\"a\":[]}",
        "{\"e\":\"depthUpdate\",\"E\":1,\"s\":\"X\",\"U\":1,\"u\":4,\"b\":[[\"-1\",\"1\"]],\"a\":[]"
        "}",
        "{\"e\":\"depthUpdate\",\"E\":1,\"s\":\"X\",\"U\":1,\"u\":4,\"b\":\"x\",\"a\":[]}",
        "{\"e\":\"kline\",\"E\":1,\"s\":\"X\",\"k\":{\"t\":1}}",
        "{\"e\":\"kline\",\"E\":1,\"s\":\"X\"}",
        "{\"stream\":\"btcusdt@depth5\",\"data\":{\"lastUpdateId\":1,\"bids\":[]}}",
        /* neither an event nor an answer; not an object at all */
        "{}",
        "{\"id\":1}",
        "[]",
        "1",
        "",
        "{\"e\":\"trade\"}x",
        "{\"e\":\"trade\",\"E\":1,\"s\":\"A_SYMBOL_LONGER_THAN_ITS_FIELD\",\"t\":4,\"p\":\"3\","
        "\"q\":"
        "\"2\",\"T\":1,\"m\":true}"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (parse(texts[i]) == CB_OK) {
            fail_msg("accepted: %s", texts[i]);
        }
    }
}

static void stream_refuses_more_levels_than_there_is_room_for(void **state)
{
    (void)state;
    const char *fits =
        "{\"e\":\"depthUpdate\",\"E\":1,\"s\":\"X\",\"U\":1,\"u\":4,\"b\":[[\"1\",\"1\"],["
        "\"2\",\"1\"],[\"3\",\"1\"],[\"4\",\"1\",[]]],\"a\":[]}";
    const char *too_many =
        "{\"e\":\"depthUpdate\",\"E\":1,\"s\":\"X\",\"U\":1,\"u\":4,\"b\":[[\"1\","
        "\"1\"],[\"2\",\"1\"],[\"3\",\"1\"],[\"4\",\"1\"],[\"5\",\"1\"]],\"a\":[]}";
    assert_int_equal(parse(fits), CB_OK);
    assert_int_equal(event.depth.bids_count, LEVELS_MAX);
    assert_int_equal(parse(too_many), CB_E_FULL);
}

static void subscribe_names_all_streams_in_one_message(void **state)
{
    (void)state;
    static const char symbols[2][24] = {"BTCUSDT", "ETHUSDT"};
    const cb_venue_ops *venue = cb_venue_find("binance");
    char text[CB_VENUE_TEXT_MAX];
    assert_int_equal(
        venue->subscribe_text(true, symbols, 2, venue->channels, 7, text, NULL), CB_OK);
    assert_string_equal(text,
        "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@trade\",\"btcusdt@kline_1m\","
        "\"btcusdt@depth@100ms\",\"btcusdt@bookTicker\",\"ethusdt@trade\",\"ethusdt@kline_1m\","
        "\"ethusdt@depth@100ms\",\"ethusdt@bookTicker\"],\"id\":7}");
    assert_int_equal(
        venue->subscribe_text(false, symbols, 1, CB_VENUE_CHANNEL_TRADES, 8, text, NULL), CB_OK);
    assert_string_equal(
        text, "{\"method\":\"UNSUBSCRIBE\",\"params\":[\"btcusdt@trade\"],\"id\":8}");
    assert_int_equal(
        venue->subscribe_text(true, symbols, 0, venue->channels, 9, text, NULL), CB_E_FULL);
    static char many[64][24];
    for (size_t i = 0; i < 64; i++) {
        memcpy(many[i], "ABCDEFGHIJKLMNOPQRSTUVW", 24);
    }
    assert_int_equal(
        venue->subscribe_text(true, (const char(*)[24])many, 64, venue->channels, 9, text, NULL),
        CB_E_FULL);
}

static void sync_follows_binances_rules(void **state)
{
    (void)state;
    const cb_venue_ops *venue = cb_venue_find("binance");
    const struct {
        uint64_t book;
        bool is_first;
        uint64_t first;
        uint64_t last;
        cb_venue_sync verdict;
    } rows[] = {{100, true, 90, 100, CB_VENUE_SYNC_SKIP},
        {100, true, 95, 101, CB_VENUE_SYNC_APPLY},
        {100, true, 101, 105, CB_VENUE_SYNC_APPLY},
        {100, true, 102, 105, CB_VENUE_SYNC_GAP},
        {100, false, 101, 105, CB_VENUE_SYNC_APPLY},
        {100, false, 102, 105, CB_VENUE_SYNC_GAP},
        {100, false, 100, 105, CB_VENUE_SYNC_GAP},
        {100, false, 50, 100, CB_VENUE_SYNC_SKIP}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const cb_venue_depth delta = {
            .first_update_id = rows[i].first, .last_update_id = rows[i].last};
        assert_int_equal(
            venue->sync_delta(rows[i].book, rows[i].is_first, &delta), rows[i].verdict);
    }
    const cb_venue_depth first = {.first_update_id = 101, .last_update_id = 105};
    assert_true(venue->sync_snapshot(100, &first));
    assert_true(venue->sync_snapshot(103, &first));
    assert_false(venue->sync_snapshot(99, &first));
}

static void registry_finds_venues_by_name(void **state)
{
    (void)state;
    assert_non_null(cb_venue_find("binance"));
    assert_null(cb_venue_find("Binance"));
    assert_null(cb_venue_find(""));
    assert_ptr_equal(cb_venue_at(0), cb_venue_find("binance"));
    assert_null(cb_venue_at(1000));
    assert_string_equal(
        cb_venue_action_name(CB_VENUE_ACTION_UNKNOWN_FOR_ORDERS), "unknown-for-orders");
    assert_string_equal(cb_venue_action_name(CB_VENUE_ACTION_OK_NO_CHANGE), "ok-no-change");
}

static void urls_get_a_path_unless_they_have_one(void **state)
{
    (void)state;
    static const struct {
        const char *base;
        const char *url;
    } rows[] = {{"ws://h:1", "ws://h:1/stream"},
        {"ws://h:1/", "ws://h:1/stream"},
        {"ws://h:1/stream", "ws://h:1/stream"},
        {"wss://h/other/", "wss://h/other"}};
    char out[64];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(cb_venue_join_url(rows[i].base, "/stream", out, sizeof(out)));
        assert_string_equal(out, rows[i].url);
    }
    assert_false(cb_venue_join_url("ws://host", "/stream", out, 12));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_reads_trades),
        cmocka_unit_test(stream_reads_aggregate_trades),
        cmocka_unit_test(stream_reads_klines),
        cmocka_unit_test(stream_reads_book_tickers),
        cmocka_unit_test(stream_reads_depth_updates),
        cmocka_unit_test(stream_takes_a_partial_books_symbol_from_the_stream),
        cmocka_unit_test(stream_reads_raw_messages_and_any_order_of_keys),
        cmocka_unit_test(stream_reads_answers_and_shutdown),
        cmocka_unit_test(stream_skips_kinds_it_does_not_know),
        cmocka_unit_test(stream_refuses_wrong_types_and_missing_members),
        cmocka_unit_test(stream_refuses_more_levels_than_there_is_room_for),
        cmocka_unit_test(subscribe_names_all_streams_in_one_message),
        cmocka_unit_test(sync_follows_binances_rules),
        cmocka_unit_test(registry_finds_venues_by_name),
        cmocka_unit_test(urls_get_a_path_unless_they_have_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
