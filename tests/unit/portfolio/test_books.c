/* The ledger, positions and fees: each event booked once, to the last unit. */
#include "tests/unit/portfolio/fixture.h"

static const portfolio_account *account(fixture *f)
{
    return portfolio_account_of(f->state);
}

static const portfolio_position *position(fixture *f)
{
    return &f->state->symbols[0].position;
}

static int64_t sum_of(fixture *f, const char *ledger_account, const char *asset)
{
    return cb_ledger_balance_of(&f->state->books, ledger_account, asset).e8;
}

/* Holds for an account that began with the quote asset only. */
static void check_identity(fixture *f, int64_t opening_e8)
{
    const portfolio_account *a = account(f);
    assert_true(a->equity.e8 == opening_e8 + a->transfers.e8 + a->realised_pnl.e8 +
                                    a->unrealised_pnl.e8 - a->fees.e8);
}

static void a_fill_moves_both_assets_and_the_fee(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    cb_fill fill = f_fill_of("BTCUSDT", CB_SIDE_BUY, 17, E8(1) / 2, E8(40000));
    fill.fee.e8 = E8(20);
    F_TEXT(fill.fee_asset, "USDT");
    f_send_fill(f, &fill);
    assert_int_equal(portfolio_amount_of(f->state, "BTC"), E8(1) / 2);
    assert_int_equal(portfolio_amount_of(f->state, "USDT"), E8(79980));
    assert_int_equal(sum_of(f, "trading/binance/BTCUSDT", "BTC"), -E8(1) / 2);
    assert_int_equal(sum_of(f, "trading/binance/BTCUSDT", "USDT"), E8(20000));
    assert_int_equal(sum_of(f, "fees/binance", "USDT"), E8(20));
    assert_int_equal(sum_of(f, "opening/binance", "USDT"), -E8(100000));
    assert_true(cb_ledger_is_balanced(&f->state->books));
    assert_int_equal(account(f)->fees.e8, E8(20));
    assert_int_equal(account(f)->exposure.e8, E8(20000));
    assert_int_equal(account(f)->cash.e8, E8(79980));
    check_identity(f, E8(100000));
    const portfolio_entry *entry = f_row(f, PORTFOLIO_TABLE_ENTRY, 1);
    assert_int_equal(entry->postings_count, 6);
    assert_true(cb_id_equal(entry->correlation_id, fill.env.correlation_id));
    assert_true(cb_id_equal(entry->cause_id, fill.env.event_id));
    f_destroy(f);
}

static void telling_again_changes_nothing(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const cb_fill fill = f_fill_of("BTCUSDT", CB_SIDE_BUY, 17, E8(1), E8(40000));
    f_send_fill(f, &fill);
    f_transfer(f, "USDT", E8(5), "t-1");
    const uint64_t hash = portfolio_core_ops.state_hash(f->state);
    cb_fill other_words = fill; /* another message about the same trade */
    other_words.source = CB_FILL_SOURCE_REST;
    other_words.env.event_id = cb_id_make("fill", 2, 1);
    for (int i = 0; i < 3; i++) {
        f_send_fill(f, i == 0 ? &fill : &other_words);
        assert_int_equal(f->out->actions_count, 0);
    }
    f_restart(f);
    f_send_fill(f, &other_words);
    assert_int_equal(f->out->actions_count, 0);
    f_transfer(f, "USDT", E8(5), "t-1");
    assert_true(portfolio_core_ops.state_hash(f->state) == hash);
    /* the same trade id of another symbol is another trade */
    const cb_fill eth = f_fill_of("ETHUSDT", CB_SIDE_BUY, 17, E8(1), E8(3000));
    f_send_fill(f, &eth);
    assert_int_equal(account(f)->fills_count, 2);
    f_destroy(f);
}

static void fees_in_every_asset_keep_the_identity(void **unused)
{
    (void)unused;
    const struct {
        const char *asset;
        int64_t fee_e8;
        int64_t value_e8;
        bool is_valued;
    } rows[] = {
        {"USDT", E8(20), E8(20), true},
        {"USDT", 0, 0, true},
        {"USDT", -E8(3), -E8(3), true},
        {"BTC", CB_E8 / 1000, E8(42), true}, /* at the price of the fill */
        {"BTC", -CB_E8 / 1000, -E8(42), true},
        {"ETH", CB_E8 / 10, E8(300), true}, /* a third asset that a candle prices */
        {"BNB", CB_E8 / 10, 0, false},      /* one that nothing prices */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fixture *f = f_create();
        f_instrument(f, "BTCUSDT", "BTC");
        f_instrument(f, "ETHUSDT", "ETH");
        cb_balance body;
        f_balance_head(f, &body, CB_BALANCE_REASON_SNAPSHOT);
        f_add_balance(&body, "USDT", E8(100000));
        f_add_balance(&body, "ETH", E8(1));
        f_add_balance(&body, "BNB", E8(1));
        f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
        f_candle(f, "BTCUSDT", E8(40000));
        f_candle(f, "ETHUSDT", E8(3000));
        const int64_t before_e8 = account(f)->equity.e8;
        cb_fill fill = f_fill_of("BTCUSDT", CB_SIDE_BUY, 1, E8(1), E8(42000));
        fill.fee.e8 = rows[i].fee_e8;
        F_TEXT(fill.fee_asset, rows[i].asset);
        f_send_fill(f, &fill);
        const portfolio_fill *row = f_row(f, PORTFOLIO_TABLE_FILL, 0);
        assert_int_equal(row->is_fee_valued, rows[i].is_valued);
        assert_int_equal(row->fee_quote.e8, rows[i].value_e8);
        assert_int_equal(account(f)->fees.e8, rows[i].value_e8);
        assert_int_equal(account(f)->fees_unvalued_count, rows[i].is_valued ? 0 : 1);
        check_identity(f, before_e8);
        assert_true(cb_ledger_is_balanced(&f->state->books));
        f_check_rebuild(f);
        f_destroy(f);
    }
}

static void average_cost_is_exact(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    f_trade(f, CB_SIDE_BUY, 1, E8(1), E8(40000));
    f_trade(f, CB_SIDE_BUY, 2, E8(1) / 2, E8(43000));
    assert_int_equal(position(f)->cost.e8, E8(61500));
    f_trade(f, CB_SIDE_SELL, 3, E8(1) / 2, E8(42000)); /* costs 20 500, brings 21 000 */
    assert_int_equal(position(f)->realised.e8, E8(500));
    assert_int_equal(position(f)->cost.e8, E8(41000));
    assert_int_equal(account(f)->realised_pnl.e8, E8(500));
    assert_int_equal(account(f)->unrealised_pnl.e8, -E8(1000));
    const portfolio_fill *row = f_row(f, PORTFOLIO_TABLE_FILL, 2);
    assert_int_equal(row->realised.e8, E8(500));
    f_trade(f, CB_SIDE_SELL, 4, E8(1), E8(41000));
    assert_int_equal(position(f)->qty.e8, 0);
    assert_int_equal(position(f)->cost.e8, 0);
    assert_int_equal(account(f)->equity.e8, E8(100500));
    check_identity(f, E8(100000));
    f_check_rebuild(f);
    f_destroy(f);
}

static void opening_explains_what_was_there_before(void **unused)
{
    (void)unused;
    fixture *f = f_create();
    f_instrument(f, "BTCUSDT", "BTC");
    f_trade(f, CB_SIDE_BUY, 1, E8(1), E8(40000)); /* a fill before the first snapshot */
    assert_int_equal(portfolio_amount_of(f->state, "USDT"), -E8(40000));
    cb_balance body;
    f_balance_head(f, &body, CB_BALANCE_REASON_SNAPSHOT);
    f_add_balance(&body, "USDT", E8(60000));
    f_add_balance(&body, "BTC", E8(3));
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
    assert_true(account(f)->is_open);
    assert_int_equal(sum_of(f, "opening/binance", "USDT"), -E8(100000));
    assert_int_equal(sum_of(f, "opening/binance", "BTC"), -E8(2));
    assert_int_equal(account(f)->differences_count, 0);
    f_check_rebuild(f);
    f_destroy(f);
}

static void a_change_before_the_whole_means_nothing(void **unused)
{
    (void)unused;
    fixture *f = f_create();
    cb_balance body;
    f_balance_head(f, &body, CB_BALANCE_REASON_UPDATE);
    f_add_balance(&body, "USDT", E8(5));
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
    f_transfer(f, "USDT", E8(5), "t-1");
    assert_false(account(f)->is_open);
    assert_int_equal(f_count(f, PORTFOLIO_TABLE_ENTRY), 0);
    f_destroy(f);
}

static void transfers_are_booked_and_are_no_profit(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    f_transfer(f, "USDT", E8(50000), "in-1");
    assert_int_equal(account(f)->equity.e8, E8(150000));
    assert_int_equal(account(f)->day_pnl.e8, 0);
    assert_int_equal(account(f)->drawdown.e8, 0);
    f_transfer(f, "USDT", -E8(80000), "out-1");
    assert_int_equal(account(f)->equity.e8, E8(70000));
    assert_int_equal(account(f)->day_pnl.e8, 0);
    assert_int_equal(account(f)->peak_equity.e8, E8(70000));
    assert_int_equal(account(f)->drawdown.e8, 0);
    assert_int_equal(sum_of(f, "transfers/binance", "USDT"), E8(30000));
    f_transfer(f, "BTC", E8(1), "in-2");
    assert_int_equal(account(f)->transfers.e8, -E8(30000) + E8(40000));
    const portfolio_entry *entry = f_row(f, PORTFOLIO_TABLE_ENTRY, 2);
    assert_int_equal(entry->kind, CB_LEDGER_KIND_WITHDRAWAL);
    f_check_rebuild(f);
    f_destroy(f);
}

static void what_cannot_be_booked_is_counted(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    cb_fill fill = f_fill_of("BTCUSDT", CB_SIDE_BUY, 1, E8(1), E8(40000));
    fill.side = CB_SIDE_NONE;
    f_send_fill(f, &fill);
    fill = f_fill_of("BTCUSDT", CB_SIDE_BUY, 2, E8(1), E8(40000));
    fill.fee.e8 = 1; /* of no asset */
    f_send_fill(f, &fill);
    f_transfer(f, "USDT", 0, "t-0");
    assert_int_equal(account(f)->refused_count, 3);
    assert_int_equal(account(f)->fills_count, 0);
    fill = f_fill_of("BTCUSDT", CB_SIDE_BUY, 3, INT64_MAX, 1);
    f_send_fill(f, &fill);
    fill.trade_id = 4;
    f_send_fill(f, &fill); /* the sum leaves int64: refused whole */
    assert_int_equal(account(f)->refused_count, 4);
    assert_int_equal(account(f)->fills_count, 1);
    assert_true(cb_ledger_is_balanced(&f->state->books));
    f_check_rebuild(f);
    f_destroy(f);
}

static void other_accounts_are_none_of_ours(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const uint64_t hash = portfolio_core_ops.state_hash(f->state);
    cb_fill fill = f_fill_of("BTCUSDT", CB_SIDE_BUY, 1, E8(1), E8(40000));
    F_TEXT(fill.account, "other");
    f_send_fill(f, &fill);
    cb_balance body;
    f_balance_head(f, &body, CB_BALANCE_REASON_SNAPSHOT);
    F_TEXT(body.venue, "kraken");
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
    assert_true(portfolio_core_ops.state_hash(f->state) == hash);
    f_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fill_moves_both_assets_and_the_fee),
        cmocka_unit_test(telling_again_changes_nothing),
        cmocka_unit_test(fees_in_every_asset_keep_the_identity),
        cmocka_unit_test(average_cost_is_exact),
        cmocka_unit_test(opening_explains_what_was_there_before),
        cmocka_unit_test(a_change_before_the_whole_means_nothing),
        cmocka_unit_test(transfers_are_booked_and_are_no_profit),
        cmocka_unit_test(what_cannot_be_booked_is_counted),
        cmocka_unit_test(other_accounts_are_none_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
