/* Equity, the day, the drawdown; differences with the venue; when and what is said. */
#include "tests/unit/portfolio/fixture.h"

static const portfolio_account *account(fixture *f)
{
    return portfolio_account_of(f->state);
}

static void buy_one(fixture *f)
{
    f_trade(f, CB_SIDE_BUY, 1, E8(1), E8(40000));
}

/* ---- value ---- */

static void equity_follows_the_marks(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    buy_one(f);
    f_at(f, T0 + MINUTE);
    f_candle(f, "BTCUSDT", E8(44000));
    assert_int_equal(account(f)->equity.e8, E8(104000));
    assert_int_equal(account(f)->unrealised_pnl.e8, E8(4000));
    assert_int_equal(account(f)->exposure.e8, E8(44000));
    assert_int_equal(account(f)->day_pnl.e8, E8(4000));
    assert_int_equal(account(f)->peak_equity.e8, E8(104000));
    f_at(f, T0 + 2 * MINUTE);
    f_candle(f, "BTCUSDT", E8(33600));
    assert_int_equal(account(f)->equity.e8, E8(93600));
    assert_int_equal(account(f)->drawdown.e8, CB_E8 / 10);
    assert_int_equal(account(f)->peak_equity.e8, E8(104000));
    f_destroy(f);
}

static void an_older_or_open_candle_is_no_mark(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    buy_one(f);
    cb_candle body = {.interval_s = 60, .close_ts_ns = T0 - 1, .close = {E8(1)}, .is_closed = true};
    F_TEXT(body.venue, "binance");
    F_TEXT(body.symbol, "BTCUSDT");
    f_feed(f, CB_MSG_CANDLE, &body, sizeof(body));
    body.close_ts_ns = T0 + MINUTE;
    body.is_closed = false;
    f_feed(f, CB_MSG_CANDLE, &body, sizeof(body));
    assert_int_equal(account(f)->equity.e8, E8(100000));
    f_destroy(f);
}

static void the_day_starts_with_the_equity_before_midnight(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    buy_one(f);
    f_at(f, T0 + CB_NS_PER_DAY - 1);
    f_candle(f, "BTCUSDT", E8(41000));
    assert_int_equal(account(f)->day_pnl.e8, E8(1000));
    f_at(f, T0 + CB_NS_PER_DAY);
    f_candle(f, "BTCUSDT", E8(41500));
    assert_int_equal(account(f)->day_start_equity.e8, E8(101000));
    assert_int_equal(account(f)->day_pnl.e8, E8(500));
    f_destroy(f);
}

static void figures_that_are_not_known_are_not_said(void **unused)
{
    (void)unused;
    fixture *f = f_create();
    f_instrument(f, "BTCUSDT", "BTC");
    cb_balance body;
    f_balance_head(f, &body, CB_BALANCE_REASON_SNAPSHOT);
    f_add_balance(&body, "USDT", E8(1000));
    f_add_balance(&body, "ETH", E8(1));
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
    f_candle(f, "BTCUSDT", E8(40000));
    assert_int_equal(f->published_count, 0); /* ETH may be priced by a symbol not known yet */
    f_instrument(f, "ETHUSDT", "ETH");
    assert_false(account(f)->is_valued);
    f_candle(f, "ETHUSDT", E8(3000));
    assert_true(account(f)->is_valued);
    assert_int_equal(f->published_count, 1);
    assert_int_equal(f->published.equity.e8, E8(4000));
    f_destroy(f);
}

/* ---- publishing ---- */

static void changes_are_said_together_and_candles_at_once(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    f_at(f, T0 + 10 * CB_NS_PER_S);
    const uint32_t before = f->published_count;
    for (uint64_t i = 1; i <= 5; i++) {
        f_trade(f, CB_SIDE_BUY, i, E8(1) / 10, E8(40000));
    }
    assert_int_equal(f->published_count, before);
    f_at(f, T0 + 11 * CB_NS_PER_S - 1);
    assert_int_equal(f->published_count, before);
    f_at(f, T0 + 11 * CB_NS_PER_S);
    assert_int_equal(f->published_count, before + 1);
    assert_int_equal(f->published.fills_count, 5);
    f_at(f, T0 + 30 * CB_NS_PER_S);
    assert_int_equal(f->published_count, before + 1); /* nothing new, nothing said */
    f_trade(f, CB_SIDE_BUY, 6, E8(1) / 10, E8(40000));
    f_candle(f, "BTCUSDT", E8(40000));
    assert_int_equal(f->published_count, before + 2); /* the candle says it all */
    f_at(f, T0 + 50 * CB_NS_PER_S);
    assert_int_equal(f->published_count, before + 2);
    f_destroy(f);
}

static void one_snapshot_a_minute_is_kept(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    for (int i = 1; i <= 30; i++) {
        f_at(f, T0 + (int64_t)i * 10 * CB_NS_PER_S);
        f_candle(f, "BTCUSDT", E8(40000 + i));
    }
    assert_int_equal(f_count(f, PORTFOLIO_TABLE_SNAPSHOT), 6);
    f_restart(f);
    f_candle(f, "ETHUSDT", E8(3000));
    f_at(f, T0 + 355 * CB_NS_PER_S);
    f_candle(f, "BTCUSDT", E8(40000));
    assert_int_equal(f_count(f, PORTFOLIO_TABLE_SNAPSHOT), 6); /* the sixth minute has its own */
    f_destroy(f);
}

static void the_snapshot_holds_positions_and_balances(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    buy_one(f);
    cb_balance body;
    f_balance_head(f, &body, CB_BALANCE_REASON_UPDATE);
    f_add_balance(&body, "USDT", E8(59000));
    body.balances[0].locked.e8 = E8(1000);
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
    f_at(f, T0 + MINUTE);
    f_candle(f, "BTCUSDT", E8(41000));
    const cb_portfolio *said = &f->published;
    assert_int_equal(said->positions_count, 1);
    assert_string_equal(said->positions[0].symbol, "BTCUSDT");
    assert_int_equal(said->positions[0].average_cost.e8, E8(40000));
    assert_int_equal(said->positions[0].mark_price.e8, E8(41000));
    assert_int_equal(said->positions[0].notional.e8, E8(41000));
    assert_int_equal(said->positions[0].unrealised_pnl.e8, E8(1000));
    assert_int_equal(said->balances_count, 2);
    assert_int_equal(said->balances[0].free.e8, E8(59000));
    assert_int_equal(said->balances[0].locked.e8, E8(1000));
    assert_int_equal(said->equity.e8, E8(101000));
    assert_int_equal(said->fills_count, 1);
    f_destroy(f);
}

/* ---- differences ---- */

static void hear(fixture *f, int64_t usdt_e8, int64_t fills_ahead)
{
    cb_balance body;
    f_balance_head(f, &body, CB_BALANCE_REASON_SNAPSHOT);
    f_add_balance(&body, "USDT", usdt_e8);
    body.fills_count = (uint64_t)((int64_t)body.fills_count + fills_ahead);
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
}

static void a_difference_is_a_row_until_the_venue_agrees(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    hear(f, E8(100000) + 1, 0);
    assert_int_equal(account(f)->differences_count, 1);
    assert_int_equal(account(f)->equity.e8, E8(100000)); /* nothing is corrected */
    f_at(f, f->now_ns + MINUTE);
    hear(f, E8(100000) + 3, 0);
    assert_int_equal(f_count(f, PORTFOLIO_TABLE_DIFFERENCE), 1); /* still the same one */
    const portfolio_difference *row = f_row(f, PORTFOLIO_TABLE_DIFFERENCE, 0);
    assert_int_equal(row->amount.e8, 3);
    assert_int_equal(row->first_ns, T0);
    assert_int_equal(row->last_ns, T0 + MINUTE);
    f_restart(f);
    assert_int_equal(account(f)->differences_count, 1);
    f_at(f, f->now_ns + MINUTE);
    assert_int_equal(f->published.differences_count, 1);
    hear(f, E8(100000), 0);
    row = f_row(f, PORTFOLIO_TABLE_DIFFERENCE, 0);
    assert_false(row->is_open);
    assert_string_equal(row->resolved_by, "venue agrees");
    assert_int_equal(account(f)->differences_count, 0);
    hear(f, E8(100000) - 1, 0); /* another one */
    assert_int_equal(f_count(f, PORTFOLIO_TABLE_DIFFERENCE), 2);
    f_check_rebuild(f);
    f_destroy(f);
}

static void only_equal_numbers_of_fills_are_compared(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    buy_one(f);
    hear(f, E8(100000), -1); /* taken before the fill */
    hear(f, E8(1), 1);       /* after one that we have not heard of */
    assert_int_equal(account(f)->differences_count, 0);
    assert_int_equal(account(f)->outdated_count, 2);
    hear(f, E8(60000), 0); /* equal for USDT, but BTC is missing at the venue */
    assert_int_equal(account(f)->differences_count, 1);
    const portfolio_difference *row = f_row(f, PORTFOLIO_TABLE_DIFFERENCE, 0);
    assert_string_equal(row->asset, "BTC");
    assert_int_equal(row->expected.e8, E8(1));
    assert_int_equal(row->seen.e8, 0);
    f_destroy(f);
}

static void an_update_compares_what_it_names(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    buy_one(f);
    cb_balance body;
    f_balance_head(f, &body, CB_BALANCE_REASON_UPDATE);
    f_add_balance(&body, "USDT", E8(60000));
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
    assert_int_equal(account(f)->differences_count, 0);
    f_balance_head(f, &body, CB_BALANCE_REASON_UPDATE);
    f_add_balance(&body, "DOGE", E8(7)); /* nobody booked it */
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
    assert_int_equal(account(f)->differences_count, 1);
    f_destroy(f);
}

static void a_transfer_told_after_its_balance_resolves_it(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    hear(f, E8(150000), 0);
    assert_int_equal(account(f)->differences_count, 1);
    f_transfer(f, "USDT", E8(50000), "in-1");
    hear(f, E8(150000), 0);
    assert_int_equal(account(f)->differences_count, 0);
    assert_int_equal(account(f)->equity.e8, E8(150000));
    assert_int_equal(account(f)->day_pnl.e8, 0);
    f_destroy(f);
}

/* The books may begin when execution has a history of fills already. */
static void the_count_of_fills_is_taken_from_the_opening(void **unused)
{
    (void)unused;
    fixture *f = f_create();
    f_instrument(f, "BTCUSDT", "BTC");
    cb_balance body;
    f_balance_head(f, &body, CB_BALANCE_REASON_SNAPSHOT);
    f_add_balance(&body, "USDT", E8(100000));
    body.fills_count = 12;
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
    buy_one(f);
    f_balance_head(f, &body, CB_BALANCE_REASON_SNAPSHOT);
    f_add_balance(&body, "USDT", E8(60000));
    f_add_balance(&body, "BTC", E8(1));
    body.fills_count = 13;
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
    assert_int_equal(account(f)->differences_count, 0);
    assert_int_equal(account(f)->outdated_count, 0);
    body.balances[0].free.e8 += 1;
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
    assert_int_equal(account(f)->differences_count, 1);
    f_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equity_follows_the_marks),
        cmocka_unit_test(an_older_or_open_candle_is_no_mark),
        cmocka_unit_test(the_day_starts_with_the_equity_before_midnight),
        cmocka_unit_test(figures_that_are_not_known_are_not_said),
        cmocka_unit_test(changes_are_said_together_and_candles_at_once),
        cmocka_unit_test(one_snapshot_a_minute_is_kept),
        cmocka_unit_test(the_snapshot_holds_positions_and_balances),
        cmocka_unit_test(a_difference_is_a_row_until_the_venue_agrees),
        cmocka_unit_test(only_equal_numbers_of_fills_are_compared),
        cmocka_unit_test(an_update_compares_what_it_names),
        cmocka_unit_test(a_transfer_told_after_its_balance_resolves_it),
        cmocka_unit_test(the_count_of_fills_is_taken_from_the_opening),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
