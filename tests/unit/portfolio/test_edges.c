/* Full tables, messages that mean nothing, symbols that nobody configured: what happens at the
 * edges. */
#include "tests/unit/portfolio/fixture.h"

static const portfolio_account *account(fixture *f)
{
    return portfolio_account_of(f->state);
}

static void what_is_no_news_changes_nothing(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const uint64_t hash = portfolio_core_ops.state_hash(f->state);
    f_instrument(f, "BTCUSDT", "BTC");
    assert_int_equal(f->out->actions_count, 0);
    f_instrument(f, "DOGEUSDT", "DOGE"); /* not ours */
    assert_int_equal(f->out->actions_count, 0);
    const cb_ticker ticker = {.bid = {1}, .ask = {2}};
    f_feed(f, CB_MSG_TICKER, &ticker, sizeof(ticker));
    assert_int_equal(f->out->actions_count, 0);
    assert_true(portfolio_core_ops.state_hash(f->state) == hash);
    f_destroy(f);
}

static void a_transfer_without_a_name_is_named_by_its_message(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    cb_balance body;
    f_balance_head(f, &body, CB_BALANCE_REASON_TRANSFER);
    f_add_balance(&body, "USDT", E8(5));
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body)); /* the same message again */
    assert_int_equal(portfolio_amount_of(f->state, "USDT"), E8(100005));
    f_balance_head(f, &body, CB_BALANCE_REASON_TRANSFER);
    f_add_balance(&body, "USDT", E8(5));
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body)); /* another one */
    assert_int_equal(portfolio_amount_of(f->state, "USDT"), E8(100010));
    f_check_rebuild(f);
    f_destroy(f);
}

static void a_symbol_that_is_not_configured_is_booked_all_the_same(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    cb_fill fill = f_fill_of("BTCUSDT", CB_SIDE_BUY, 1, E8(10), E8(2));
    F_TEXT(fill.symbol, "DOGEUSDT");
    F_TEXT(fill.base_asset, "DOGE");
    f_send_fill(f, &fill);
    assert_int_equal(portfolio_amount_of(f->state, "DOGE"), E8(10));
    assert_int_equal(account(f)->fills_count, 1);
    f_restart(f);
    f_check_rebuild(f);
    assert_int_equal(portfolio_amount_of(f->state, "DOGE"), E8(10));
    /* no candle prices it, so it counts nothing */
    f_at(f, T0 + MINUTE);
    f_candle(f, "BTCUSDT", E8(40000));
    assert_int_equal(f->published.equity.e8, E8(100000 - 20));
    f_destroy(f);
}

static void a_position_in_another_quote_is_kept_but_not_summed(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    f_trade(f, CB_SIDE_BUY, 1, E8(1), E8(40000));
    cb_fill fill = f_fill_of("BTCUSDT", CB_SIDE_BUY, 2, E8(5), CB_E8 / 10);
    F_TEXT(fill.symbol, "ETHBTC");
    F_TEXT(fill.base_asset, "ETH");
    F_TEXT(fill.quote_asset, "BTC");
    f_send_fill(f, &fill);
    assert_int_equal(portfolio_amount_of(f->state, "BTC"), E8(1) / 2);
    assert_int_equal(portfolio_amount_of(f->state, "ETH"), E8(5));
    assert_int_equal(account(f)->exposure.e8, E8(40000)); /* the position in BTCUSDT */
    assert_int_equal(account(f)->equity.e8, E8(60000 + 20000 + 15000));
    f_check_rebuild(f);
    f_destroy(f);
}

/* The fee of a sale in the base asset, when all of it has been sold: paid from what was there
 * before, which is no position. */
static void a_base_fee_beyond_the_position_is_booked(void **unused)
{
    (void)unused;
    fixture *f = f_create();
    f_instrument(f, "BTCUSDT", "BTC");
    f_instrument(f, "ETHUSDT", "ETH");
    cb_balance body;
    f_balance_head(f, &body, CB_BALANCE_REASON_SNAPSHOT);
    f_add_balance(&body, "USDT", E8(100000));
    f_add_balance(&body, "BTC", E8(1));
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
    f_trade(f, CB_SIDE_BUY, 1, E8(1), E8(40000));
    cb_fill fill = f_fill_of("BTCUSDT", CB_SIDE_SELL, 2, E8(1), E8(41000));
    fill.fee.e8 = CB_E8 / 1000;
    F_TEXT(fill.fee_asset, "BTC");
    f_send_fill(f, &fill);
    assert_int_equal(f->state->symbols[0].position.qty.e8, 0);
    assert_int_equal(portfolio_amount_of(f->state, "BTC"), E8(1) - CB_E8 / 1000);
    assert_int_equal(account(f)->fees.e8, E8(41));
    assert_int_equal(account(f)->refused_count, 0);
    f_check_rebuild(f);
    f_destroy(f);
}

static void more_assets_than_fit_are_counted(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    cb_balance body;
    f_balance_head(f, &body, CB_BALANCE_REASON_UPDATE);
    for (int i = 0; i < PORTFOLIO_BALANCES_MAX; i++) {
        char asset[12];
        (void)snprintf(asset, sizeof(asset), "A%d", i);
        f_add_balance(&body, asset, CB_E8);
    }
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body)); /* one more with USDT */
    assert_int_equal(account(f)->refused_count, 1);
    assert_int_equal(account(f)->differences_count, PORTFOLIO_BALANCES_MAX - 1);
    f_transfer(f, "ONEMORE", CB_E8, "t-9"); /* in the books, though without a row of its own */
    assert_int_equal(portfolio_amount_of(f->state, "ONEMORE"), CB_E8);
    f_check_rebuild(f);
    f_destroy(f);
}

static void more_symbols_than_fit_are_counted(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    for (uint64_t i = 0; i < PORTFOLIO_SYMBOLS_MAX - 1; i++) {
        cb_fill fill = f_fill_of("BTCUSDT", CB_SIDE_BUY, i, 1, CB_E8);
        (void)snprintf(fill.symbol, sizeof(fill.symbol), "S%dUSDT", (int)i);
        f_send_fill(f, &fill);
    }
    assert_int_equal(account(f)->refused_count, 1); /* the last has no position */
    assert_int_equal(account(f)->fills_count, PORTFOLIO_SYMBOLS_MAX - 1);
    assert_int_equal(portfolio_amount_of(f->state, "BTC"), PORTFOLIO_SYMBOLS_MAX - 1);
    f_check_rebuild(f);
    f_destroy(f);
}

/* A few units of dust may carry a cost that no price can express. */
static void dust_has_a_cost_but_no_average(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    cb_fill fill = f_fill_of("BTCUSDT", CB_SIDE_BUY, 1, E8(1), E8(40000));
    fill.qty.e8 = 1;
    fill.quote_qty.e8 = E8(5000);
    f_send_fill(f, &fill);
    f_at(f, f->now_ns + MINUTE);
    assert_int_equal(f->published.positions_count, 1);
    assert_int_equal(f->published.positions[0].average_cost.e8, INT64_MAX);
    assert_int_equal(f->published.realised_pnl.e8, 0);
    f_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_news_changes_nothing),
        cmocka_unit_test(a_transfer_without_a_name_is_named_by_its_message),
        cmocka_unit_test(a_symbol_that_is_not_configured_is_booked_all_the_same),
        cmocka_unit_test(a_position_in_another_quote_is_kept_but_not_summed),
        cmocka_unit_test(a_base_fee_beyond_the_position_is_booked),
        cmocka_unit_test(more_assets_than_fit_are_counted),
        cmocka_unit_test(more_symbols_than_fit_are_counted),
        cmocka_unit_test(dust_has_a_cost_but_no_average),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
