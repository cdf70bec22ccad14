/* Balances, fills, reservations, equity, the day and the peak, as risk keeps them by itself. */
#include "tests/unit/risk/fixture.h"

static int64_t total(fixture *f, const char *asset)
{
    return risk_balance_total(f->state, asset);
}

static const risk_account *account(fixture *f)
{
    return risk_account_of(f->state);
}

static cb_permit granted(fixture *f)
{
    const cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
    return f_expect_granted(f, &intent);
}

static void an_order_in_flight_counts_in_full(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const cb_permit permit = granted(f);
    const int64_t qty_e8 = permit.qty.e8;
    assert_int_equal(risk_reserved_qty(f->state), qty_e8);
    const cb_order_state states[] = {
        CB_ORDER_STATE_READY, CB_ORDER_STATE_SENDING, CB_ORDER_STATE_UNKNOWN, CB_ORDER_STATE_OPEN};
    for (uint32_t i = 0; i < 4; i++) {
        f_order_event(f, &permit, i + 1, states[i], 0);
        assert_int_equal(risk_reserved_qty(f->state), qty_e8);
    }
    f_fill(f, &permit, 1, qty_e8 / 4, E8(40000));
    assert_int_equal(risk_reserved_qty(f->state), qty_e8 - qty_e8 / 4);
    f_order_event(f, &permit, 5, CB_ORDER_STATE_PARTIALLY_FILLED, qty_e8 / 4);
    assert_int_equal(risk_reserved_qty(f->state), qty_e8 - qty_e8 / 4);
    f_order_event(f, &permit, 6, CB_ORDER_STATE_CANCELED, qty_e8 / 4);
    assert_int_equal(risk_reserved_qty(f->state), 0);
    assert_int_equal(risk_open_orders(f->state), 0);
    const risk_reservation *row = f_row(f, RISK_TABLE_RESERVATION, 0);
    assert_true(row->is_terminal);
    assert_int_equal(row->remaining.e8, 0);
    assert_int_equal(row->cum_qty.e8, qty_e8 / 4);
    f_destroy(f);
}

static void what_was_never_sent_is_released_whole(void **unused)
{
    (void)unused;
    const cb_order_state ends[] = {CB_ORDER_STATE_NOT_SENT, CB_ORDER_STATE_REJECTED};
    for (int i = 0; i < 2; i++) {
        fixture *f = f_ready();
        const cb_permit permit = granted(f);
        f_order_event(f, &permit, 1, CB_ORDER_STATE_READY, 0);
        f_order_event(f, &permit, 2, ends[i], 0);
        assert_int_equal(risk_reserved_qty(f->state), 0);
        f_destroy(f);
    }
}

static void repeats_and_overtaken_versions_change_nothing(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const cb_permit permit = granted(f);
    f_order_event(f, &permit, 3, CB_ORDER_STATE_OPEN, 0);
    const uint64_t hash = risk_core_ops.state_hash(f->state);
    for (uint32_t version = 1; version <= 3; version++) {
        f_order_event(f, &permit, version, CB_ORDER_STATE_REJECTED, 0);
        assert_int_equal(f->out->actions_count, 0);
    }
    assert_int_equal(risk_core_ops.state_hash(f->state), hash);
    f_fill(f, &permit, 1, permit.qty.e8, E8(40000));
    f_fill(f, &permit, 1, permit.qty.e8, E8(40000));
    assert_int_equal(f->out->actions_count, 0);
    assert_int_equal(total(f, "BTC"), permit.qty.e8);
    f_order_event(f, &permit, 4, CB_ORDER_STATE_FILLED, permit.qty.e8);
    f_order_event(f, &permit, 5, CB_ORDER_STATE_OPEN, 0); /* out of order after its end */
    assert_int_equal(risk_open_orders(f->state), 0);
    f_destroy(f);
}

static void the_end_before_the_last_fill_keeps_the_position_right(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const cb_permit permit = granted(f);
    f_order_event(f, &permit, 1, CB_ORDER_STATE_FILLED, permit.qty.e8);
    f_fill(f, &permit, 1, permit.qty.e8, E8(40000));
    assert_int_equal(risk_reserved_qty(f->state), 0);
    assert_int_equal(f->state->symbols[0].position.qty.e8, permit.qty.e8);
    assert_false(account(f)->is_unsure);
    f_destroy(f);
}

static void a_fill_beyond_the_order_puts_the_account_in_doubt(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const cb_permit permit = granted(f);
    f_fill(f, &permit, 1, permit.qty.e8 + 1, E8(40000));
    assert_true(account(f)->is_unsure);
    assert_string_equal(risk_not_ready_reason(f->state), "unsure");
    cb_intent intent = f_intent(f, "ETHUSDT", E8(3000));
    f_expect_denied(f, &intent, "not_ready");
    intent = f_exit(f, "BTCUSDT", E8(40000), 0);
    (void)f_expect_granted(f, &intent); /* closing is still allowed */
    f_command_kill(f, "account:main", 0, "looked into it", "ada");
    assert_false(account(f)->is_unsure);
    f_destroy(f);
}

static void an_order_of_others_is_reserved_for(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    cb_permit foreign;
    memset(&foreign, 0, sizeof(foreign));
    F_TEXT(foreign.account, "main");
    F_TEXT(foreign.venue, "binance");
    F_TEXT(foreign.symbol, "BTCUSDT");
    foreign.side = CB_SIDE_BUY;
    foreign.qty.e8 = CB_E8 / 2;
    foreign.limit_price.e8 = E8(30000);
    cb_order order = f_order(&foreign, 1, CB_ORDER_STATE_OPEN, 0);
    order.is_external = true;
    F_TEXT(order.venue_order_id, "4711");
    f_feed(f, CB_MSG_ORDER, &order, sizeof(order));
    assert_int_equal(risk_reserved_qty(f->state), CB_E8 / 2);
    const cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
    const cb_permit permit = f_expect_granted(f, &intent); /* 40 000 - 15 000 */
    assert_true(risk_mul_up(permit.qty.e8, E8(40200)) <= E8(25000));
    order.version = 2;
    order.state = CB_ORDER_STATE_CANCELED;
    f_feed(f, CB_MSG_ORDER, &order, sizeof(order));
    assert_int_equal(risk_reserved_qty(f->state), permit.qty.e8);
    order.version = 1;
    order.state = CB_ORDER_STATE_OPEN;
    f_feed(f, CB_MSG_ORDER, &order, sizeof(order)); /* again, late */
    assert_int_equal(risk_reserved_qty(f->state), permit.qty.e8);
    f_destroy(f);
}

/* ---- balances ---- */

static void a_fill_and_its_balance_count_once(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const cb_permit permit = granted(f);
    cb_fill fill = f_fill_of(&permit, 1, permit.qty.e8, E8(40000));
    fill.fee.e8 = E8(25);
    F_TEXT(fill.fee_asset, "USDT");
    f_feed(f, CB_MSG_FILL, &fill, sizeof(fill));
    const int64_t cash_e8 = E8(100000) - fill.quote_qty.e8 - E8(25);
    assert_int_equal(total(f, "USDT"), cash_e8);
    assert_int_equal(account(f)->equity.e8, E8(100000) - E8(25));
    cb_balance update;
    f_balance_head(f, &update, CB_BALANCE_REASON_UPDATE);
    f_add_balance(&update, "USDT", cash_e8 - E8(1));
    update.balances[0].locked.e8 = E8(1); /* locked is still ours */
    f_add_balance(&update, "BTC", permit.qty.e8);
    const uint64_t hash = risk_core_ops.state_hash(f->state);
    f_feed(f, CB_MSG_BALANCE, &update, sizeof(update));
    assert_int_equal(risk_core_ops.state_hash(f->state), hash);
    f_destroy(f);
}

static void a_balance_older_than_a_fill_is_skipped(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const cb_permit permit = granted(f);
    cb_balance old;
    f_balance_head(f, &old, CB_BALANCE_REASON_SNAPSHOT); /* taken now, told later */
    f_add_balance(&old, "USDT", E8(100000));
    f_fill(f, &permit, 1, permit.qty.e8, E8(40000));
    const int64_t cash_e8 = total(f, "USDT");
    f_feed(f, CB_MSG_BALANCE, &old, sizeof(old));
    assert_int_equal(total(f, "USDT"), cash_e8);
    assert_int_equal(account(f)->outdated_count, 1);
    f_destroy(f);
}

static void money_from_nowhere_is_not_equity(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    f_snapshot(f, E8(150000));
    assert_int_equal(account(f)->equity.e8, E8(100000));
    assert_int_equal(account(f)->peak_equity.e8, E8(100000));
    f_snapshot(f, E8(100000)); /* gone again: as if nothing had been */
    assert_int_equal(account(f)->equity.e8, E8(100000));
    f_snapshot(f, E8(97000)); /* missing money is a loss */
    assert_int_equal(account(f)->equity.e8, E8(97000));
    assert_int_equal(account(f)->day_start_equity.e8, E8(100000));
    f_destroy(f);
}

static void transfer(fixture *f, int64_t amount_e8)
{
    cb_balance body;
    f_balance_head(f, &body, CB_BALANCE_REASON_TRANSFER);
    f_add_balance(&body, "USDT", amount_e8);
    F_TEXT(body.transfer_id, "t-1");
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
}

/* Whichever comes first, the announcement or the new balance. */
static void a_transfer_is_neither_profit_nor_loss(void **unused)
{
    (void)unused;
    const int64_t amounts[] = {E8(50000), -E8(50000)};
    for (int i = 0; i < 4; i++) {
        fixture *f = f_ready();
        f_candle_at(f, "BTCUSDT", E8(40000), f->now_ns + 1);
        const int64_t amount_e8 = amounts[i % 2];
        const int64_t after_e8 = E8(100000) + amount_e8;
        if (i < 2) {
            transfer(f, amount_e8);
            assert_int_equal(account(f)->equity.e8, after_e8);
            f_snapshot(f, after_e8);
        } else {
            f_snapshot(f, after_e8);
            transfer(f, amount_e8);
        }
        assert_int_equal(account(f)->equity.e8, after_e8);
        assert_int_equal(account(f)->day_start_equity.e8, after_e8);
        assert_int_equal(account(f)->peak_equity.e8, after_e8);
        assert_int_equal(risk_balance_find(f->state, "USDT")->unexplained.e8, 0);
        assert_int_equal(risk_balance_find(f->state, "USDT")->pending.e8, 0);
        f_snapshot(f, after_e8);
        assert_int_equal(account(f)->equity.e8, after_e8);
        f_destroy(f);
    }
}

static void a_transfer_that_a_snapshot_does_not_show_is_undone(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    transfer(f, E8(50000));
    f_snapshot(f, E8(100000));
    assert_int_equal(account(f)->equity.e8, E8(100000));
    assert_int_equal(account(f)->day_start_equity.e8, E8(100000));
    f_destroy(f);
}

static void a_balance_that_runs_ahead_of_its_fill_heals(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const cb_permit permit = granted(f);
    const cb_fill fill = f_fill_of(&permit, 1, permit.qty.e8, E8(40000));
    cb_balance early; /* shows the fill already, counted before it */
    f_balance_head(f, &early, CB_BALANCE_REASON_UPDATE);
    f_add_balance(&early, "USDT", E8(100000) - fill.quote_qty.e8);
    f_add_balance(&early, "BTC", fill.qty.e8);
    f_feed(f, CB_MSG_BALANCE, &early, sizeof(early));
    assert_int_equal(account(f)->equity.e8, E8(100000));
    assert_null(f_published(f, CB_SUBJECT_KILL));
    f_feed(f, CB_MSG_FILL, &fill, sizeof(fill));
    assert_null(f_published(f, CB_SUBJECT_KILL));
    early.fills_count = 1;
    f_feed(f, CB_MSG_BALANCE, &early, sizeof(early));
    assert_int_equal(total(f, "USDT"), E8(100000) - fill.quote_qty.e8);
    assert_int_equal(total(f, "BTC"), fill.qty.e8);
    assert_int_equal(account(f)->equity.e8, E8(100000));
    assert_int_equal(account(f)->day_start_equity.e8, E8(100000));
    f_destroy(f);
}

static void equity_follows_marks_and_keeps_day_and_peak(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const cb_permit permit = granted(f);
    f_fill_all(f, &permit, 1, E8(40000));
    const int64_t qty_e8 = permit.qty.e8;
    f_at(f, T0 + MINUTE);
    f_candle(f, "BTCUSDT", E8(41000));
    const int64_t up_e8 = E8(100000) + risk_mul_down(qty_e8, E8(1000));
    assert_int_equal(account(f)->equity.e8, up_e8);
    assert_int_equal(account(f)->peak_equity.e8, up_e8);
    f_at(f, T0 + 2 * MINUTE);
    f_candle(f, "BTCUSDT", E8(40500));
    assert_int_equal(account(f)->peak_equity.e8, up_e8);
    assert_int_equal(account(f)->day_start_equity.e8, E8(100000));
    /* the first event of the next UTC day starts it with the equity of before */
    const int64_t end_e8 = account(f)->equity.e8;
    f_at(f, T0 + CB_NS_PER_DAY - 1);
    f_ticker(f, "BTCUSDT", E8(40500), E8(40500));
    assert_int_equal(account(f)->day_start_equity.e8, E8(100000));
    f_at(f, T0 + CB_NS_PER_DAY);
    f_candle(f, "BTCUSDT", E8(30000));
    assert_int_equal(account(f)->day_start_equity.e8, end_e8);
    assert_int_equal(account(f)->day_start_ns, T0 + CB_NS_PER_DAY);
    f_destroy(f);
}

static void holdings_without_a_mark_leave_equity_unknown(void **unused)
{
    (void)unused;
    fixture *f = f_create();
    f_instrument(f, "BTCUSDT", "BTC");
    f_instrument(f, "ETHUSDT", "ETH");
    cb_balance body;
    f_balance_head(f, &body, CB_BALANCE_REASON_SNAPSHOT);
    f_add_balance(&body, "USDT", E8(1000));
    f_add_balance(&body, "ETH", E8(1));
    f_add_balance(&body, "BNB", E8(5)); /* no symbol of ours prices it: counts nothing */
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
    f_candle(f, "BTCUSDT", E8(40000));
    assert_false(account(f)->is_valued);
    f_candle(f, "ETHUSDT", E8(3000));
    assert_true(account(f)->is_valued);
    assert_int_equal(account(f)->equity.e8, E8(4000));
    f_destroy(f);
}

static void other_accounts_are_none_of_ours(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const cb_permit permit = granted(f);
    const uint64_t hash = risk_core_ops.state_hash(f->state);
    cb_fill fill = f_fill_of(&permit, 9, permit.qty.e8, E8(40000));
    F_TEXT(fill.account, "other");
    f_feed(f, CB_MSG_FILL, &fill, sizeof(fill));
    cb_order order = f_order(&permit, 9, CB_ORDER_STATE_CANCELED, 0);
    F_TEXT(order.account, "other");
    f_feed(f, CB_MSG_ORDER, &order, sizeof(order));
    cb_balance body;
    f_balance_head(f, &body, CB_BALANCE_REASON_SNAPSHOT);
    F_TEXT(body.account, "other");
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
    assert_int_equal(risk_core_ops.state_hash(f->state), hash);
    f_destroy(f);
}

static void garbage_in_a_fill_is_doubt_not_a_crash(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const cb_permit permit = granted(f);
    cb_fill fill = f_fill_of(&permit, 1, permit.qty.e8, E8(40000));
    fill.qty.e8 = -1;
    f_feed(f, CB_MSG_FILL, &fill, sizeof(fill));
    assert_true(account(f)->is_unsure);
    assert_int_equal(account(f)->fills_count, 0);
    f_destroy(f);
    f = f_ready();
    fill = f_fill_of(&permit, 1, INT64_MAX, 1);
    f_feed(f, CB_MSG_FILL, &fill, sizeof(fill));
    fill.trade_id = 2;
    f_feed(f, CB_MSG_FILL, &fill, sizeof(fill)); /* twice int64: leaves the type */
    assert_true(account(f)->is_unsure);
    f_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_in_flight_counts_in_full),
        cmocka_unit_test(what_was_never_sent_is_released_whole),
        cmocka_unit_test(repeats_and_overtaken_versions_change_nothing),
        cmocka_unit_test(the_end_before_the_last_fill_keeps_the_position_right),
        cmocka_unit_test(a_fill_beyond_the_order_puts_the_account_in_doubt),
        cmocka_unit_test(an_order_of_others_is_reserved_for),
        cmocka_unit_test(a_fill_and_its_balance_count_once),
        cmocka_unit_test(a_balance_older_than_a_fill_is_skipped),
        cmocka_unit_test(money_from_nowhere_is_not_equity),
        cmocka_unit_test(a_transfer_is_neither_profit_nor_loss),
        cmocka_unit_test(a_transfer_that_a_snapshot_does_not_show_is_undone),
        cmocka_unit_test(a_balance_that_runs_ahead_of_its_fill_heals),
        cmocka_unit_test(equity_follows_marks_and_keeps_day_and_peak),
        cmocka_unit_test(holdings_without_a_mark_leave_equity_unknown),
        cmocka_unit_test(other_accounts_are_none_of_ours),
        cmocka_unit_test(garbage_in_a_fill_is_doubt_not_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
