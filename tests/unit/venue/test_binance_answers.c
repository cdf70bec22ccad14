/* Answers to REST calls and user data: what they become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "tests/unit/venue/fixtures.h"
#include "venue/binance/binance.h"

#define ITEMS_MAX 8
#define MUTATIONS 400

static const cb_venue_ops *venue = &cb_venue_binance;

typedef struct collected {
    uint32_t count;
    uint32_t stop_after; /* 0: never */
    cb_instrument instruments[ITEMS_MAX];
    cb_candle candles[ITEMS_MAX];
    cb_trade trades[ITEMS_MAX];
    cb_venue_order orders[ITEMS_MAX];
    cb_venue_trade own_trades[ITEMS_MAX];
    cb_asset_balance balances[ITEMS_MAX];
    cb_venue_statistics statistics[ITEMS_MAX];
} collected;

static collected items;

#define COLLECT(name, type, list)                                                                  \
    static bool name(void *context, const type *item)                                              \
    {                                                                                              \
        collected *into = context;                                                                 \
        if (into->count < ITEMS_MAX) {                                                             \
            into->list[into->count] = *item;                                                       \
        }                                                                                          \
        into->count++;                                                                             \
        return into->stop_after == 0 || into->count < into->stop_after;                            \
    }
COLLECT(on_instrument, cb_instrument, instruments)
COLLECT(on_candle, cb_candle, candles)
COLLECT(on_trade, cb_trade, trades)
COLLECT(on_order, cb_venue_order, orders)
COLLECT(on_own_trade, cb_venue_trade, own_trades)
COLLECT(on_balance, cb_asset_balance, balances)
COLLECT(on_statistics, cb_venue_statistics, statistics)

static void reset(void)
{
    memset(&items, 0, sizeof(items));
}

static void time_is_read(void **state)
{
    (void)state;
    int64_t time_ns = 0;
    assert_int_equal(venue->parse_time(cb_sv_from(FIXTURE_TIME), &time_ns, NULL), CB_OK);
    assert_true(time_ns == INT64_C(1700000000123000000));
    assert_int_equal(venue->parse_time(CB_SV("{}"), &time_ns, NULL), CB_E_SYNTAX);
    assert_int_equal(
        venue->parse_time(CB_SV("{\"serverTime\":\"1\"}"), &time_ns, NULL), CB_E_SYNTAX);
}

static void instruments_are_read_with_their_filters(void **state)
{
    (void)state;
    cb_venue_limits limits;
    uint32_t refused = 0;
    reset();
    assert_int_equal(
        venue->parse_instruments(
            cb_sv_from(FIXTURE_INSTRUMENTS), &limits, on_instrument, &items, &refused, NULL),
        CB_OK);
    assert_int_equal(limits.weight_per_minute, 6000);
    assert_int_equal(limits.orders_per_10s, 100);
    assert_int_equal(limits.orders_per_day, 200000);
    assert_int_equal(limits.requests_per_5min, 61000);
    assert_int_equal(items.count, 2);
    assert_int_equal(refused, 1); /* lots finer than 1e-8 cannot be kept */
    const cb_instrument *btc = &items.instruments[0];
    assert_string_equal(btc->venue, "binance");
    assert_string_equal(btc->symbol, "BTCUSDT");
    assert_string_equal(btc->base_asset, "BTC");
    assert_string_equal(btc->quote_asset, "USDT");
    assert_int_equal(btc->status, CB_INSTRUMENT_STATUS_TRADING);
    assert_true(btc->tick_size.e8 == 1000000);
    assert_true(btc->price_max.e8 == INT64_C(100000000000000));
    assert_true(btc->lot_size.e8 == 1000);
    assert_true(btc->qty_max.e8 == INT64_C(900000000000));
    assert_true(btc->market_qty_max.e8 == INT64_C(12050000000));
    assert_true(btc->notional_min.e8 == 5 * CB_E8);
    assert_true(btc->notional_max.e8 == 9000000 * CB_E8);
    assert_true(btc->bid_multiplier_up.e8 == 5 * CB_E8);
    assert_true(btc->bid_multiplier_down.e8 == CB_E8 / 5);
    assert_true(btc->ask_multiplier_up.e8 == 550000000);
    assert_true(btc->ask_multiplier_down.e8 == 25000000);
    assert_int_equal(btc->open_orders_max, 200);
    const cb_instrument *old = &items.instruments[1];
    assert_int_equal(old->status, CB_INSTRUMENT_STATUS_BREAK);
    assert_true(old->notional_min.e8 == 10000);
    assert_true(old->ask_multiplier_down.e8 == CB_E8 / 5);
}

static void depth_snapshots_are_read(void **state)
{
    (void)state;
    cb_level bids[2];
    cb_level asks[2];
    cb_venue_depth depth = {.bids = bids, .asks = asks, .bids_capacity = 2, .asks_capacity = 2};
    assert_int_equal(
        venue->parse_depth(cb_sv_from(FIXTURE_SNAPSHOT), "BTCUSDT", &depth, NULL), CB_OK);
    assert_string_equal(depth.symbol, "BTCUSDT");
    assert_true(depth.last_update_id == 158 && depth.first_update_id == 158);
    assert_int_equal(depth.bids_count, 2);
    assert_true(asks[0].price.e8 == INT64_C(6183764000000));
    depth.bids_capacity = 1;
    assert_int_equal(
        venue->parse_depth(cb_sv_from(FIXTURE_SNAPSHOT), "BTCUSDT", &depth, NULL), CB_E_FULL);
}

static void candles_are_closed_by_the_venues_clock(void **state)
{
    (void)state;
    reset();
    const int64_t now_ns = INT64_C(1700000119999000000);
    assert_int_equal(
        venue->parse_candles(
            cb_sv_from(FIXTURE_KLINES), "BTCUSDT", 60, now_ns, on_candle, &items, NULL),
        CB_OK);
    assert_int_equal(items.count, 2);
    assert_true(items.candles[0].is_closed && items.candles[0].is_backfill);
    assert_false(items.candles[1].is_closed); /* ends a millisecond later */
    assert_true(items.candles[0].close_ts_ns == items.candles[1].open_ts_ns);
    assert_true(items.candles[0].trades_count == 101);
    reset();
    items.stop_after = 1;
    assert_int_equal(
        venue->parse_candles(
            cb_sv_from(FIXTURE_KLINES), "BTCUSDT", 60, now_ns, on_candle, &items, NULL),
        CB_OK);
    assert_int_equal(items.count, 1);
}

static void trades_are_read_in_both_forms(void **state)
{
    (void)state;
    reset();
    assert_int_equal(
        venue->parse_trades(cb_sv_from(FIXTURE_TRADES), "BNBBTC", on_trade, &items, NULL), CB_OK);
    assert_int_equal(items.count, 2);
    assert_true(items.trades[0].trade_id == 28457);
    assert_int_equal(items.trades[0].taker_side, CB_SIDE_SELL);
    assert_int_equal(items.trades[1].taker_side, CB_SIDE_BUY);
    assert_true(items.trades[1].venue_ts_ns == INT64_C(1499865549591000000));
    reset();
    assert_int_equal(
        venue->parse_trades(CB_SV("[{\"a\":1,\"p\":\"2\",\"q\":\"3\",\"f\":1,\"l\":1,\"T\":"
                                  "4,\"m\":true,\"M\":true}]"),
            "X",
            on_trade,
            &items,
            NULL),
        CB_OK);
    assert_true(items.trades[0].price.e8 == 2 * CB_E8);
}

static void statistics_are_read_one_or_many(void **state)
{
    (void)state;
    reset();
    assert_int_equal(
        venue->parse_tickers(cb_sv_from(FIXTURE_STATISTICS), on_statistics, &items, NULL), CB_OK);
    assert_int_equal(items.count, 1);
    assert_true(items.statistics[0].change.e8 == -1331000000);
    assert_true(items.statistics[0].quote_volume.e8 == INT64_C(212816938787592900));
    reset();
    assert_int_equal(
        venue->parse_tickers(
            CB_SV("[" FIXTURE_STATISTICS "," FIXTURE_STATISTICS "]"), on_statistics, &items, NULL),
        CB_OK);
    assert_int_equal(items.count, 2);
}

static void orders_are_read_in_all_forms(void **state)
{
    (void)state;
    cb_venue_order order;
    assert_int_equal(venue->parse_order(cb_sv_from(FIXTURE_ORDER_FULL), &order, NULL), CB_OK);
    assert_string_equal(order.symbol, "BTCUSDT");
    assert_string_equal(order.venue_order_id, "28");
    assert_string_equal(order.client_order_id, "ours-1");
    assert_string_equal(order.request_client_id, "");
    assert_int_equal(order.side, CB_SIDE_BUY);
    assert_int_equal(order.order_type, CB_ORDER_TYPE_LIMIT);
    assert_int_equal(order.tif, CB_TIF_GTC);
    assert_int_equal(order.state, CB_ORDER_STATE_PARTIALLY_FILLED);
    assert_true(order.qty.e8 == 300000 && order.cum_qty.e8 == 200000);
    assert_true(order.cum_quote.e8 == INT64_C(12150000000));
    assert_true(order.update_ts_ns == INT64_C(1700000000595000000));
    assert_false(order.is_ack);
    assert_int_equal(venue->parse_order(cb_sv_from(FIXTURE_ORDER_ACK), &order, NULL), CB_OK);
    assert_true(order.is_ack);
    assert_int_equal(order.state, CB_ORDER_STATE_NONE);
    assert_int_equal(venue->parse_order(cb_sv_from(FIXTURE_ORDER_QUERY), &order, NULL), CB_OK);
    assert_true(order.stop_price.e8 == INT64_C(6150000000000));
    assert_int_equal(order.state, CB_ORDER_STATE_FILLED);
    assert_true(order.update_ts_ns == INT64_C(1700000000900000000));
    assert_int_equal(venue->parse_order(cb_sv_from(FIXTURE_ORDER_CANCELED), &order, NULL), CB_OK);
    assert_string_equal(order.client_order_id, "ours-1"); /* the order's, not the cancel's */
    assert_string_equal(order.request_client_id, "the-cancel");
    assert_int_equal(order.state, CB_ORDER_STATE_CANCELED);
}

static void order_states_map_as_documented(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        cb_order_state state;
    } rows[] = {{"NEW", CB_ORDER_STATE_OPEN},
        {"PENDING_NEW", CB_ORDER_STATE_OPEN},
        {"PARTIALLY_FILLED", CB_ORDER_STATE_PARTIALLY_FILLED},
        {"FILLED", CB_ORDER_STATE_FILLED},
        {"CANCELED", CB_ORDER_STATE_CANCELED},
        {"PENDING_CANCEL", CB_ORDER_STATE_OPEN},
        {"REJECTED", CB_ORDER_STATE_REJECTED},
        {"EXPIRED", CB_ORDER_STATE_EXPIRED},
        {"EXPIRED_IN_MATCH", CB_ORDER_STATE_EXPIRED}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cb_order_state given = CB_ORDER_STATE_NONE;
        assert_true(cb_binance_state(cb_sv_from(rows[i].word), &given));
        assert_int_equal(given, rows[i].state);
    }
    cb_order_state given = CB_ORDER_STATE_NONE;
    assert_false(cb_binance_state(CB_SV("NEWER"), &given));
    assert_false(cb_binance_state(CB_SV(""), &given));
}

static void order_lists_give_their_orders(void **state)
{
    (void)state;
    reset();
    assert_int_equal(
        venue->parse_orders(cb_sv_from(FIXTURE_ORDERS), on_order, &items, NULL), CB_OK);
    assert_int_equal(items.count, 2);
    assert_int_equal(items.orders[0].state, CB_ORDER_STATE_CANCELED);
    assert_int_equal(items.orders[1].order_type, CB_ORDER_TYPE_STOP_LOSS_LIMIT);
    reset();
    assert_int_equal(venue->parse_orders(CB_SV("[]"), on_order, &items, NULL), CB_OK);
    assert_int_equal(items.count, 0);
    assert_int_equal(venue->parse_orders(CB_SV("[{}]"), on_order, &items, NULL), CB_E_SYNTAX);
}

static void own_trades_are_read(void **state)
{
    (void)state;
    reset();
    assert_int_equal(
        venue->parse_own_trades(cb_sv_from(FIXTURE_OWN_TRADES), on_own_trade, &items, NULL), CB_OK);
    const cb_venue_trade *trade = &items.own_trades[0];
    assert_true(trade->trade_id == 28457);
    assert_string_equal(trade->venue_order_id, "100234");
    assert_string_equal(trade->client_order_id, "");
    assert_int_equal(trade->side, CB_SIDE_BUY);
    assert_true(trade->quote_qty.e8 == INT64_C(4800001200));
    assert_true(trade->fee.e8 == 1010000000);
    assert_string_equal(trade->fee_asset, "BNB");
    assert_false(trade->is_maker);
}

static void balances_leave_out_names_that_do_not_fit(void **state)
{
    (void)state;
    reset();
    assert_int_equal(
        venue->parse_account(cb_sv_from(FIXTURE_ACCOUNT), on_balance, &items, NULL), CB_OK);
    assert_int_equal(items.count, 2);
    assert_string_equal(items.balances[0].asset, "BTC");
    assert_true(items.balances[0].free.e8 == INT64_C(472384689208129));
    assert_true(items.balances[0].locked.e8 == 50000000);
    assert_string_equal(items.balances[1].asset, "USDT");
}

/* ---- user data ---- */

static cb_venue_user_event event;

static cb_status parse_user(const char *text)
{
    memset(&event, 0xA5, sizeof(event));
    return venue->parse_user(cb_sv_from(text), &event, NULL);
}

static void reports_become_orders(void **state)
{
    (void)state;
    assert_int_equal(parse_user(FIXTURE_REPORT_NEW), CB_OK);
    assert_int_equal(event.type, CB_VENUE_USER_ORDER);
    assert_true(event.subscription_id == 0);
    assert_false(event.has_trade);
    assert_string_equal(event.order.symbol, "ETHBTC");
    assert_string_equal(event.order.client_order_id, "ours-1");
    assert_string_equal(event.order.venue_order_id, "4293153");
    assert_int_equal(event.order.state, CB_ORDER_STATE_OPEN);
    assert_true(event.order.price.e8 == 10264410);
    assert_string_equal(event.order.reason, "");
    assert_int_equal(parse_user(FIXTURE_REPORT_CANCELED), CB_OK);
    assert_string_equal(event.order.client_order_id, "ours-1");
    assert_string_equal(event.order.request_client_id, "the-cancel");
    assert_true(event.order.cum_qty.e8 == 70000000);
    assert_int_equal(parse_user(FIXTURE_REPORT_EXPIRED), CB_OK);
    assert_int_equal(event.order.state, CB_ORDER_STATE_EXPIRED);
    assert_string_equal(event.order.reason, "INSUFFICIENT_LIQUIDITY");
    assert_true(event.subscription_id == -1);
}

static void reports_of_fills_carry_the_trade(void **state)
{
    (void)state;
    assert_int_equal(parse_user(FIXTURE_REPORT_TRADE), CB_OK);
    assert_true(event.has_trade);
    assert_int_equal(event.order.state, CB_ORDER_STATE_PARTIALLY_FILLED);
    const cb_venue_trade *trade = &event.trade;
    assert_true(trade->trade_id == 98765432);
    assert_string_equal(trade->symbol, "ETHUSDT");
    assert_string_equal(trade->venue_order_id, "12345678");
    assert_string_equal(trade->client_order_id, "ours-1");
    assert_int_equal(trade->side, CB_SIDE_SELL);
    assert_true(trade->qty.e8 == 40000000);
    assert_true(trade->price.e8 == INT64_C(250000000000));
    assert_true(trade->quote_qty.e8 == INT64_C(100000000000));
    assert_true(trade->fee.e8 == 100000);
    assert_string_equal(trade->fee_asset, "BNB");
    assert_true(trade->is_maker);
    assert_true(trade->ts_ns == INT64_C(1700000001000000000));
}

static void account_events_become_balances(void **state)
{
    (void)state;
    assert_int_equal(parse_user(FIXTURE_POSITION), CB_OK);
    assert_int_equal(event.type, CB_VENUE_USER_BALANCES);
    assert_true(event.subscription_id == 3);
    assert_int_equal(event.balances_count, 2);
    assert_string_equal(event.balances[1].asset, "ETH");
    assert_true(event.balances[0].locked.e8 == 2500 * CB_E8);
    assert_int_equal(parse_user(FIXTURE_TRANSFER), CB_OK);
    assert_int_equal(event.type, CB_VENUE_USER_TRANSFER);
    assert_string_equal(event.balances[0].asset, "BTC");
    assert_true(event.balances[0].free.e8 == -10050000000);
    assert_true(event.venue_ts_ns == INT64_C(1700000000068000000));
}

static void user_stream_replies_and_ends(void **state)
{
    (void)state;
    assert_int_equal(parse_user(FIXTURE_WS_OK), CB_OK);
    assert_int_equal(event.type, CB_VENUE_USER_REPLY);
    assert_true(event.reply.is_ok && event.reply.id == 9 && event.reply.subscription_id == 4);
    assert_int_equal(parse_user(FIXTURE_WS_ERROR), CB_OK);
    assert_false(event.reply.is_ok);
    assert_true(event.reply.id == 9);
    assert_int_equal(event.reply.error.action, CB_VENUE_ACTION_AUTH);
    assert_int_equal(parse_user(FIXTURE_TERMINATED), CB_OK);
    assert_int_equal(event.type, CB_VENUE_USER_ENDED);
    assert_int_equal(
        parse_user("{\"e\":\"listStatus\",\"E\":1,\"s\":\"X\",\"O\":[{\"i\":1}]}"), CB_OK);
    assert_int_equal(event.type, CB_VENUE_USER_NONE);
    assert_int_equal(parse_user("{\"hello\":1}"), CB_E_SYNTAX);
}

static void user_events_with_gaps_are_refused(void **state)
{
    (void)state;
    /* Each member of a fill's report that is needed, renamed: none may be guessed. */
    static const char needed[] = "sScofqpPxXizZTtlLnNm";
    for (size_t i = 0; i < sizeof(needed) - 1; i++) {
        char text[1024];
        char name[6] = {'"', needed[i], '"', ':', '\0', '\0'};
        memcpy(text, FIXTURE_REPORT_TRADE, sizeof(FIXTURE_REPORT_TRADE));
        char *at = strstr(text, name);
        assert_non_null(at);
        at[1] = '?';
        if (parse_user(text) == CB_OK) {
            fail_msg("accepted without %s", name);
        }
    }
}

/* ---- broken input ---- */

static cb_level bids[64];
static cb_level asks[64];
static cb_venue_event market;
static cb_venue_answer answer;

/* How many parsers accept it. */
static uint32_t parse_with_all(cb_strview text)
{
    static const cb_venue_params params = {.symbol = "BTCUSDT", .client_order_id = "ours-1"};
    cb_venue_limits limits;
    cb_venue_order order;
    cb_venue_error error;
    uint32_t refused = 0;
    int64_t time_ns = 0;
    uint32_t accepted = 0;
    market.depth =
        (cb_venue_depth){.bids = bids, .asks = asks, .bids_capacity = 64, .asks_capacity = 64};
    reset();
    accepted += venue->parse_stream(text, &market, NULL) == CB_OK;
    accepted += venue->parse_user(text, &event, NULL) == CB_OK;
    accepted += venue->parse_time(text, &time_ns, NULL) == CB_OK;
    accepted +=
        venue->parse_instruments(text, &limits, on_instrument, &items, &refused, NULL) == CB_OK;
    accepted += venue->parse_depth(text, "BTCUSDT", &market.depth, NULL) == CB_OK;
    accepted += venue->parse_candles(text, "BTCUSDT", 60, 0, on_candle, &items, NULL) == CB_OK;
    accepted += venue->parse_trades(text, "BTCUSDT", on_trade, &items, NULL) == CB_OK;
    accepted += venue->parse_order(text, &order, NULL) == CB_OK;
    accepted += venue->parse_orders(text, on_order, &items, NULL) == CB_OK;
    accepted += venue->parse_own_trades(text, on_own_trade, &items, NULL) == CB_OK;
    accepted += venue->parse_account(text, on_balance, &items, NULL) == CB_OK;
    accepted += venue->parse_tickers(text, on_statistics, &items, NULL) == CB_OK;
    venue->classify(400, text, true, &error);
    venue->judge(CB_VENUE_CALL_QUERY, &params, 200, text, &answer);
    accepted += answer.answer_class == CB_ANSWER_ACCEPTED;
    venue->judge(CB_VENUE_CALL_CANCEL_REPLACE, &params, 409, text, &answer);
    return accepted;
}

static const char *const fixtures[] = {FIXTURES_ALL};
#define FIXTURES_COUNT (sizeof(fixtures) / sizeof(fixtures[0]))

static void no_parser_accepts_a_message_cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < FIXTURES_COUNT; i++) {
        const size_t size = strlen(fixtures[i]);
        for (size_t cut = 0; cut < size; cut++) {
            char *copy = malloc(cut + (cut == 0 ? 1 : 0)); /* a sanitizer sees a byte too much */
            assert_non_null(copy);
            memcpy(copy, fixtures[i], cut);
            const uint32_t accepted = parse_with_all((cb_strview){.at = copy, .size = cut});
            free(copy);
            if (accepted != 0) {
                fail_msg("accepted the first %zu bytes of %s", cut, fixtures[i]);
            }
        }
    }
}

static void every_fixture_is_understood_by_a_parser(void **state)
{
    (void)state;
    for (size_t i = 0; i < FIXTURES_COUNT; i++) {
        const bool is_error = strcmp(fixtures[i], FIXTURE_ERROR) == 0 ||
                              strcmp(fixtures[i], FIXTURE_HALF_REPLACED) == 0 ||
                              strcmp(fixtures[i], FIXTURE_REPLACED) == 0;
        const uint32_t accepted = parse_with_all(cb_sv_from(fixtures[i]));
        if (accepted == 0 && !is_error) {
            fail_msg("nobody reads %s", fixtures[i]);
        }
    }
}

static void no_mutation_breaks_a_parser(void **state)
{
    (void)state;
    cb_prng prng;
    cb_prng_init(&prng, 42);
    uint64_t accepted = 0;
    for (size_t i = 0; i < FIXTURES_COUNT; i++) {
        const size_t size = strlen(fixtures[i]);
        for (int round = 0; round < MUTATIONS; round++) {
            char *copy = malloc(size);
            assert_non_null(copy);
            memcpy(copy, fixtures[i], size);
            const uint64_t edits = 1 + cb_prng_below(&prng, 3);
            for (uint64_t edit = 0; edit < edits; edit++) {
                static const char bytes[] = "{}[]\":,0123456789.-eabtxXuUBA\\\x80\x01 ";
                copy[cb_prng_below(&prng, size)] = bytes[cb_prng_below(&prng, sizeof(bytes) - 1)];
            }
            accepted += parse_with_all((cb_strview){.at = copy, .size = size});
            free(copy);
        }
    }
    assert_true(accepted > 0); /* digits change without harm to the form */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_is_read),
        cmocka_unit_test(instruments_are_read_with_their_filters),
        cmocka_unit_test(depth_snapshots_are_read),
        cmocka_unit_test(candles_are_closed_by_the_venues_clock),
        cmocka_unit_test(trades_are_read_in_both_forms),
        cmocka_unit_test(statistics_are_read_one_or_many),
        cmocka_unit_test(orders_are_read_in_all_forms),
        cmocka_unit_test(order_states_map_as_documented),
        cmocka_unit_test(order_lists_give_their_orders),
        cmocka_unit_test(own_trades_are_read),
        cmocka_unit_test(balances_leave_out_names_that_do_not_fit),
        cmocka_unit_test(reports_become_orders),
        cmocka_unit_test(reports_of_fills_carry_the_trade),
        cmocka_unit_test(account_events_become_balances),
        cmocka_unit_test(user_stream_replies_and_ends),
        cmocka_unit_test(user_events_with_gaps_are_refused),
        cmocka_unit_test(no_parser_accepts_a_message_cut_anywhere),
        cmocka_unit_test(every_fixture_is_understood_by_a_parser),
        cmocka_unit_test(no_mutation_breaks_a_parser),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
