/* What is held, message by message: fills, stop-loss and take-profit, exits, kills, recovery. */
#include "fixture.h"

static const signals_symbol *symbol_of(const bench *b)
{
    return &b->state->symbols[0];
}

static const cb_signal *signal_of(const bench *b)
{
    return bench_published(b, CB_SUBJECT_SIGNAL, 0);
}

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* ---- position and guard ---- */

static void fills_add_up_less_fees_in_base(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    const cb_intent intent = bench_until_entry(&b);
    bench_fill(&b, &intent, CB_E8 / 2, CB_E8 / 2000);
    assert_int_equal(symbol_of(&b)->book.qty.e8, CB_E8 / 2 - CB_E8 / 2000);
    assert_int_equal(symbol_of(&b)->book.stop_loss.e8, intent.stop_loss.e8);
    assert_non_null(bench_stored(&b, SIGNALS_TABLE_BOOK, 0));
    bench_fill(&b, &intent, CB_E8 / 2, CB_E8 / 2000);
    assert_int_equal(symbol_of(&b)->book.qty.e8, CB_E8 - CB_E8 / 1000);
    bench_order(&b, &intent, CB_ORDER_STATE_FILLED, CB_E8);
    assert_int_equal(symbol_of(&b)->flights_count, 0);
    /* sellable: down to the lot */
    assert_int_equal(
        signals_sellable(symbol_of(&b), intent.reference_price).e8, CB_E8 - CB_E8 / 1000);
    bench_close(&b);
}

static void fees_in_other_assets_leave_the_position(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    const cb_intent intent = bench_until_entry(&b);
    cb_fill fill = {.account = "main",
        .intent_id = intent.intent_id,
        .side = CB_SIDE_BUY,
        .price = intent.reference_price,
        .qty.e8 = CB_E8,
        .fee.e8 = CB_E8,
        .fee_asset = "BNB",
        .base_asset = "BTC"};
    name_it(fill.venue, fill.symbol);
    FEED(&b, CB_MSG_FILL, fill);
    assert_int_equal(symbol_of(&b)->book.qty.e8, CB_E8);
    memcpy(fill.account, "other", 6);
    FEED(&b, CB_MSG_FILL, fill);
    assert_int_equal(b.out->actions_count, 0); /* not our account */
    assert_int_equal(symbol_of(&b)->book.qty.e8, CB_E8);
    bench_close(&b);
}

static void sellable_is_rounded_capped_and_worth_selling(void **unused)
{
    (void)unused;
    static const struct {
        int64_t qty_e8;
        int64_t sellable_e8;
    } rows[] = {
        {0, 0},
        {-CB_E8, 0},
        {999, 0},                       /* under a lot */
        {1999, 0},                      /* a lot, but under the least notional */
        {50000, 50000},                 /* 5 USDT at 10000 */
        {49999, 0},                     /* just under it */
        {50999, 50000},                 /* lots */
        {100 * CB_E8, 100 * CB_E8},     /* at the market maximum */
        {100 * CB_E8 + 1, 100 * CB_E8}, /* capped */
    };
    bench b;
    bench_open(&b);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        b.state->symbols[0].book.qty.e8 = rows[i].qty_e8;
        assert_int_equal(
            signals_sellable(symbol_of(&b), (cb_price){10000 * CB_E8}).e8, rows[i].sellable_e8);
    }
    bench_close(&b);
}

static void the_stop_is_watched_on_tickers(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    const cb_intent entry = bench_hold(&b);
    b.now_ns += SECOND;
    bench_ticker_at(&b, entry.stop_loss.e8 + 1);
    assert_null(bench_intent(&b));
    bench_ticker_at(&b, entry.stop_loss.e8);
    const cb_intent *exit = bench_intent(&b);
    assert_non_null(exit);
    assert_int_equal(exit->purpose, CB_PURPOSE_STOP_LOSS);
    assert_int_equal(exit->side, CB_SIDE_SELL);
    assert_true(exit->reduce_only);
    assert_int_equal(exit->qty.e8, CB_E8 - CB_E8 / 1000);
    assert_int_equal(exit->reference_price.e8, entry.stop_loss.e8);
    assert_int_equal(exit->data_ts_ns, symbol_of(&b)->last_close_ns);
    assert_string_equal(exit->strategy, "trend");
    const cb_signal *signal = signal_of(&b);
    assert_int_equal(signal->status, CB_SIGNAL_STATUS_DECIDED);
    assert_true(begins_with(signal->reason, "stop_loss: "));
    bench_ticker_at(&b, entry.stop_loss.e8 - CB_E8);
    assert_null(bench_intent(&b)); /* under way */
    bench_close(&b);
}

static void the_target_is_watched_on_tickers_and_closes(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    const cb_intent entry = bench_hold(&b);
    b.now_ns += SECOND;
    bench_ticker_at(&b, entry.take_profit.e8 - 1);
    assert_null(bench_intent(&b));
    bench_next(&b, entry.take_profit.e8 - b.price_e8);
    const cb_intent *exit = bench_intent(&b);
    assert_non_null(exit);
    assert_int_equal(exit->purpose, CB_PURPOSE_TAKE_PROFIT);
    bench_close(&b);
}

/* In a lockstep step the fill may come before or after the next price of the same moment. */
static void prices_of_the_moment_of_decision_do_not_trigger(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    const cb_intent entry = bench_hold(&b);
    bench_ticker_at(&b, entry.stop_loss.e8 - CB_E8);
    assert_null(bench_intent(&b));
    b.now_ns += 1;
    bench_ticker_at(&b, entry.stop_loss.e8 - CB_E8);
    assert_non_null(bench_intent(&b));
    bench_close(&b);
}

static void tickers_can_be_left_out_of_the_guard(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    b.config.guard_tickers = false;
    const cb_intent entry = bench_hold(&b);
    b.now_ns += SECOND;
    bench_ticker_at(&b, entry.stop_loss.e8 - CB_E8);
    assert_null(bench_intent(&b));
    bench_next(&b, entry.stop_loss.e8 - b.price_e8);
    assert_non_null(bench_intent(&b));
    bench_close(&b);
}

static void after_the_exit_the_position_is_flat_and_cools_down(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    b.config.cooldown_bars = 0;
    const cb_intent entry = bench_hold(&b);
    b.now_ns += SECOND;
    bench_ticker_at(&b, entry.take_profit.e8);
    const cb_intent exit = *bench_intent(&b);
    bench_fill(&b, &exit, exit.qty.e8, 0);
    assert_int_equal(symbol_of(&b)->book.qty.e8, 0);
    assert_int_equal(symbol_of(&b)->book.stop_loss.e8, 0);
    bench_order(&b, &exit, CB_ORDER_STATE_FILLED, exit.qty.e8);
    assert_int_equal(symbol_of(&b)->flights_count, 0);
    bench_next(&b, CB_E8);
    assert_null(bench_intent(&b));
    assert_true(begins_with(signal_of(&b)->reason, "cooldown"));
    bench_next(&b, CB_E8);
    assert_null(bench_intent(&b));
    bench_next(&b, CB_E8);
    assert_non_null(bench_intent(&b));
    bench_close(&b);
}

/* Execution holds the exits of a bracket: nothing is watched here, and leaving early is a command.
 */
static void a_bracket_is_not_guarded_here(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    b.config.has_brackets = true;
    const cb_intent entry = bench_hold(&b);
    assert_int_equal(entry.role, CB_ROLE_PARENT);
    assert_true(cb_id_equal(entry.group_id, entry.intent_id));
    assert_true(entry.stop_loss.e8 > 0 && entry.take_profit.e8 > 0);
    b.now_ns += SECOND;
    bench_ticker_at(&b, entry.stop_loss.e8);
    assert_null(bench_intent(&b));
    const cb_order_command *command = NULL;
    for (int i = 0; i < 60 && command == NULL; i++) {
        bench_next(&b, -CB_E8 * 3);
        assert_null(bench_intent(&b));
        command = bench_published(&b, CB_SUBJECT_INTENT_COMMAND, 0);
    }
    assert_non_null(command);
    assert_int_equal(command->kind, CB_COMMAND_EXIT);
    assert_true(cb_id_equal(command->intent_id, entry.intent_id));
    cb_fill fill = {.account = "main",
        .intent_id = {9, 9}, /* a child's */
        .side = CB_SIDE_SELL,
        .price = entry.reference_price,
        .qty = symbol_of(&b)->book.qty,
        .fee_asset = "USDT",
        .base_asset = "BTC"};
    name_it(fill.venue, fill.symbol);
    FEED(&b, CB_MSG_FILL, fill);
    assert_int_equal(symbol_of(&b)->book.qty.e8, 0);
    assert_true(cb_id_is_none(symbol_of(&b)->book.entry_intent_id));
    assert_true(symbol_of(&b)->book.entry_blocked_ns > b.now_ns);
    bench_close(&b);
}

static void dust_counts_as_flat(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    const cb_intent entry = bench_until_entry(&b);
    bench_fill(&b, &entry, CB_E8, 1234); /* 0.99998766: 0.00000766 cannot be sold */
    bench_order(&b, &entry, CB_ORDER_STATE_FILLED, CB_E8);
    b.now_ns += SECOND;
    bench_ticker_at(&b, entry.stop_loss.e8);
    const cb_intent exit = *bench_intent(&b);
    assert_int_equal(exit.qty.e8, CB_E8 - 2000);
    bench_fill(&b, &exit, exit.qty.e8, 0);
    assert_int_equal(symbol_of(&b)->book.qty.e8, 766);
    assert_int_equal(symbol_of(&b)->book.stop_loss.e8, 0);
    bench_close(&b);
}

static void a_denied_exit_is_tried_again_after_a_moment(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    const cb_intent entry = bench_hold(&b);
    b.now_ns += SECOND;
    bench_ticker_at(&b, entry.stop_loss.e8);
    const cb_intent exit = *bench_intent(&b);
    bench_deny(&b, &exit);
    b.now_ns += 30 * SECOND;
    bench_ticker_at(&b, entry.stop_loss.e8);
    assert_null(bench_intent(&b));
    b.now_ns += 1;
    bench_ticker_at(&b, entry.stop_loss.e8);
    assert_non_null(bench_intent(&b));
    bench_close(&b);
}

/* An exit that cannot be made is told once, not with every price. */
static void an_impossible_exit_is_told_and_waits(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    const cb_intent entry = bench_hold(&b);
    signals_symbol *symbol = &b.state->symbols[0];
    for (uint32_t i = 0; i < SIGNALS_FLIGHTS_MAX; i++) {
        symbol->flights[symbol->flights_count++] =
            (signals_flight){.intent_id = {9, i + 1}, .side = CB_SIDE_BUY};
    }
    b.now_ns += SECOND;
    bench_ticker_at(&b, entry.stop_loss.e8);
    assert_null(bench_intent(&b));
    assert_non_null(signal_of(&b));
    assert_int_equal(signal_of(&b)->status, CB_SIGNAL_STATUS_DROPPED);
    assert_true(begins_with(signal_of(&b)->reason, "in_flight: too many"));
    b.now_ns += 30 * SECOND;
    bench_ticker_at(&b, entry.stop_loss.e8);
    assert_null(signal_of(&b));
    symbol->flights_count = 0;
    b.now_ns += 1;
    bench_ticker_at(&b, entry.stop_loss.e8);
    assert_non_null(bench_intent(&b));
    bench_close(&b);
}

static void a_falling_market_ends_in_an_exit(void **unused)
{
    (void)unused;
    bench c = {0};
    bench_open(&c);
    (void)bench_hold(&c);
    c.state->symbols[0].book.stop_loss.e8 = 1;
    c.state->symbols[0].book.take_profit.e8 = INT64_MAX;
    for (int i = 0; i < 60; i++) {
        bench_next(&c, -CB_E8);
        const cb_intent *exit = bench_intent(&c);
        if (exit != NULL) {
            assert_int_equal(exit->purpose, CB_PURPOSE_EXIT);
            assert_int_equal(exit->qty.e8, CB_E8 - CB_E8 / 1000);
            assert_true(exit->score.e8 <= -c.config.exit_threshold_e8);
            bench_close(&c);
            return;
        }
    }
    fail_msg("a steady fall led to no exit");
}

/* ---- kill ---- */

static void a_kill_stops_entries_but_not_exits(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    const cb_intent entry = bench_hold(&b);
    cb_kill kill = {.scope = "*", .level = 1, .reason = "drill"};
    FEED(&b, CB_MSG_KILL, kill);
    assert_non_null(bench_stored(&b, SIGNALS_TABLE_KILL, 0));
    b.now_ns += SECOND;
    bench_ticker_at(&b, entry.stop_loss.e8);
    const cb_intent exit = *bench_intent(&b);
    bench_fill(&b, &exit, exit.qty.e8, 0);
    bench_order(&b, &exit, CB_ORDER_STATE_FILLED, exit.qty.e8);
    for (int i = 0; i < 60; i++) {
        bench_next(&b, CB_E8);
        assert_null(bench_intent(&b));
    }
    kill.level = 0;
    FEED(&b, CB_MSG_KILL, kill);
    for (int i = 0; i < 60; i++) {
        bench_next(&b, -CB_E8);
    }
    (void)bench_until_entry(&b);
    bench_close(&b);
}

static void level_two_stops_exits_too(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    const cb_intent entry = bench_hold(&b);
    const cb_kill kill = {.scope = "symbol:BTCUSDT", .level = 2};
    FEED(&b, CB_MSG_KILL, kill);
    b.now_ns += SECOND;
    bench_ticker_at(&b, entry.stop_loss.e8);
    assert_null(bench_intent(&b));
    bench_close(&b);
}

static void level_three_sells_what_is_held_slice_by_slice(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    const cb_intent entry = bench_hold(&b);
    const int64_t price_e8 = entry.reference_price.e8;
    const cb_qty held = symbol_of(&b)->book.qty;
    b.config.flatten_slice_e8 = 0;
    assert_int_equal(
        cb_mul_e8(price_e8, held.e8 / 3, CB_ROUND_UP, &b.config.flatten_slice_e8, NULL), CB_OK);
    const cb_kill kill = {.scope = "*", .level = 3, .reason = "drill"};
    FEED(&b, CB_MSG_KILL, kill);
    assert_null(bench_intent(&b)); /* a price is needed */
    uint32_t slices = 0;
    for (; symbol_of(&b)->book.qty.e8 > 0 && slices < 10; slices++) {
        b.now_ns += SECOND;
        bench_ticker_at(&b, price_e8);
        const cb_intent slice = *bench_intent(&b);
        assert_int_equal(slice.purpose, CB_PURPOSE_FLATTEN);
        assert_true(slice.reduce_only);
        assert_int_equal(slice.order_type, CB_ORDER_TYPE_LIMIT);
        assert_int_equal(slice.tif, CB_TIF_IOC);
        assert_true(slice.limit_price.e8 < price_e8);
        assert_true(slice.limit_price.e8 >= price_e8 - price_e8 / 100);
        assert_true(slice.qty.e8 <= held.e8 / 2);
        assert_true(begins_with(signal_of(&b)->reason, "flatten: kill level 3"));
        b.now_ns += SECOND;
        bench_ticker_at(&b, price_e8);
        assert_null(bench_intent(&b)); /* one at a time */
        bench_fill(&b, &slice, slice.qty.e8, 0);
        bench_order(&b, &slice, CB_ORDER_STATE_FILLED, slice.qty.e8);
    }
    assert_int_equal(symbol_of(&b)->book.qty.e8, 0);
    assert_int_equal(slices, 3);
    bench_close(&b);
}

static void a_slice_that_found_no_bid_is_tried_again_later(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    const cb_intent entry = bench_hold(&b);
    const cb_kill kill = {.scope = "strategy:trend", .level = 3};
    FEED(&b, CB_MSG_KILL, kill);
    b.now_ns += SECOND;
    bench_ticker_at(&b, entry.reference_price.e8);
    const cb_intent slice = *bench_intent(&b);
    bench_order(&b, &slice, CB_ORDER_STATE_EXPIRED, 0);
    b.now_ns += SECOND;
    bench_ticker_at(&b, entry.reference_price.e8);
    assert_null(bench_intent(&b));
    b.now_ns += b.config.exit_retry_ns;
    bench_ticker_at(&b, entry.reference_price.e8);
    assert_non_null(bench_intent(&b));
    bench_close(&b);
}

static void level_four_and_other_scopes_sell_nothing(void **unused)
{
    (void)unused;
    const cb_kill kills[] = {{.scope = "*", .level = 4},
        {.scope = "symbol:ETHUSDT", .level = 3},
        {.scope = "account:other", .level = 3}};
    for (size_t i = 0; i < sizeof(kills) / sizeof(kills[0]); i++) {
        bench b;
        bench_open(&b);
        const cb_intent entry = bench_hold(&b);
        FEED(&b, CB_MSG_KILL, kills[i]);
        b.now_ns += SECOND;
        bench_ticker_at(&b, entry.reference_price.e8);
        assert_null(bench_intent(&b));
        bench_close(&b);
    }
}

/* ---- recovery ---- */

static void stored_state_continues_after_a_restart(void **unused)
{
    (void)unused;
    bench a;
    bench_open(&a);
    a.config.cooldown_bars = 0;
    const cb_intent entry = bench_until_entry(&a);
    const signals_book book = a.state->symbols[0].book;
    const signals_flight flight = a.state->symbols[0].flights[0];
    const cb_signal signal = *signal_of(&a);

    bench b = {.config = a.config, .minute = a.minute, .price_e8 = a.price_e8, .now_ns = a.now_ns};
    bench_alloc(&b);
    const signals_epoch epoch = {2};
    FEED(&b, SIGNALS_EVENT_EPOCH, epoch);
    FEED(&b, SIGNALS_EVENT_BOOK, book);
    FEED(&b, SIGNALS_EVENT_FLIGHT, flight);
    FEED(&b, SIGNALS_EVENT_SIGNAL, signal);
    const cb_kill kill = {.scope = "symbol:ETHUSDT", .level = 1};
    FEED(&b, SIGNALS_EVENT_KILL, kill);
    assert_int_equal(b.out->actions_count, 0);
    assert_int_equal(signals_kill_level(b.state, "ETHUSDT", "trend"), 1);
    bench_feed(&b, CB_EVENT_RECOVERED, NULL, 0);
    bench_history(&b, 100, CB_E8);
    bench_instrument(&b);
    bench_quality(&b, CB_E8, false);
    assert_int_equal(symbol_of(&b)->flights_count, 1);
    assert_true(symbol_of(&b)->sources[0].is_active);
    bench_next(&b, CB_E8);
    assert_null(bench_intent(&b)); /* the intent of before the crash is still on its way */
    bench_fill(&b, &entry, CB_E8, 0);
    bench_order(&b, &entry, CB_ORDER_STATE_FILLED, CB_E8);
    assert_int_equal(symbol_of(&b)->book.stop_loss.e8, entry.stop_loss.e8);
    b.now_ns += SECOND;
    bench_ticker_at(&b, entry.stop_loss.e8);
    const cb_intent *exit = bench_intent(&b);
    assert_non_null(exit);
    assert_true(cb_id_equal(exit->intent_id, cb_id_make("signals.intent", 2, 1)));
    bench_close(&a);
    bench_close(&b);
}

/* The candle that was decided on comes again after a restart: it decides nothing. */
static void a_candle_is_never_decided_on_twice(void **unused)
{
    (void)unused;
    bench a;
    bench_open(&a);
    a.config.cooldown_bars = 0;
    const cb_intent entry = bench_until_entry(&a);
    const signals_book book = a.state->symbols[0].book;
    bench b = {.config = a.config};
    b.minute = a.minute - 1;
    b.price_e8 = a.price_e8 - CB_E8;
    b.now_ns = a.now_ns;
    bench_alloc(&b);
    const signals_epoch epoch = {2};
    FEED(&b, SIGNALS_EVENT_EPOCH, epoch);
    FEED(&b, SIGNALS_EVENT_BOOK, book);
    bench_feed(&b, CB_EVENT_RECOVERED, NULL, 0);
    const int64_t rise = b.minute - 100;
    const int64_t minute = b.minute;
    const int64_t price_e8 = b.price_e8;
    /* the same past: a fall of 100, then the rise */
    b.minute = 100;
    b.price_e8 = 10000 * CB_E8;
    bench_history(&b, 100, -CB_E8);
    for (int64_t i = 0; i < rise; i++) {
        cb_candle candle = bench_candle(&b, b.minute++, CB_E8);
        candle.is_backfill = true;
        b.price_e8 = candle.close.e8;
        FEED(&b, CB_MSG_CANDLE, candle);
    }
    assert_int_equal(b.minute, minute);
    assert_int_equal(b.price_e8, price_e8);
    bench_instrument(&b);
    bench_quality(&b, CB_E8, false);
    bench_next(&b, CB_E8);
    assert_null(bench_intent(&b));
    assert_non_null(signal_of(&b));
    assert_true(begins_with(signal_of(&b)->reason, "decided"));
    assert_int_equal(entry.data_ts_ns, signal_of(&b)->data_ts_ns);
    bench_close(&a);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_add_up_less_fees_in_base),
        cmocka_unit_test(fees_in_other_assets_leave_the_position),
        cmocka_unit_test(sellable_is_rounded_capped_and_worth_selling),
        cmocka_unit_test(the_stop_is_watched_on_tickers),
        cmocka_unit_test(the_target_is_watched_on_tickers_and_closes),
        cmocka_unit_test(prices_of_the_moment_of_decision_do_not_trigger),
        cmocka_unit_test(tickers_can_be_left_out_of_the_guard),
        cmocka_unit_test(after_the_exit_the_position_is_flat_and_cools_down),
        cmocka_unit_test(a_bracket_is_not_guarded_here),
        cmocka_unit_test(dust_counts_as_flat),
        cmocka_unit_test(a_denied_exit_is_tried_again_after_a_moment),
        cmocka_unit_test(an_impossible_exit_is_told_and_waits),
        cmocka_unit_test(a_falling_market_ends_in_an_exit),
        cmocka_unit_test(a_kill_stops_entries_but_not_exits),
        cmocka_unit_test(level_two_stops_exits_too),
        cmocka_unit_test(level_three_sells_what_is_held_slice_by_slice),
        cmocka_unit_test(a_slice_that_found_no_bid_is_tried_again_later),
        cmocka_unit_test(level_four_and_other_scopes_sell_nothing),
        cmocka_unit_test(stored_state_continues_after_a_restart),
        cmocka_unit_test(a_candle_is_never_decided_on_twice),
    };
    return cmocka_run_group_tests_name("signals_position", tests, NULL, NULL);
}
