/* Full tables, messages that mean nothing, symbols that went away: what happens at the edges. */
#include "tests/unit/risk/fixture.h"

static const risk_account *account(fixture *f)
{
    return risk_account_of(f->state);
}

static void expect_silence(fixture *f, uint32_t type, const void *body, size_t size)
{
    const uint64_t hash = risk_core_ops.state_hash(f->state);
    f_feed(f, type, body, size);
    assert_int_equal(f->out->actions_count, 0);
    assert_true(risk_core_ops.state_hash(f->state) == hash);
}

static void what_is_no_news_changes_nothing(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const uint32_t count = f->tables[RISK_TABLE_INSTRUMENT].count;
    f_instrument(f, "BTCUSDT", "BTC"); /* said again, by another message */
    assert_int_equal(f->out->actions_count, 0);
    assert_int_equal(f->tables[RISK_TABLE_INSTRUMENT].count, count);
    cb_candle candle = {.close_ts_ns = f->now_ns + 1, .close = {E8(1)}, .is_closed = true};
    F_TEXT(candle.venue, "binance");
    F_TEXT(candle.symbol, "DOGEUSDT");
    expect_silence(f, CB_MSG_CANDLE, &candle, sizeof(candle));
    F_TEXT(candle.symbol, "BTCUSDT");
    candle.is_closed = false;
    expect_silence(f, CB_MSG_CANDLE, &candle, sizeof(candle));
    candle.is_closed = true;
    candle.close.e8 = 0;
    expect_silence(f, CB_MSG_CANDLE, &candle, sizeof(candle));
    cb_ticker ticker = {.bid = {E8(2)}, .ask = {E8(1)}}; /* crossed */
    F_TEXT(ticker.venue, "binance");
    F_TEXT(ticker.symbol, "BTCUSDT");
    expect_silence(f, CB_MSG_TICKER, &ticker, sizeof(ticker));
    cb_quality_score score = {.score = {0}};
    F_TEXT(score.venue, "kraken");
    F_TEXT(score.symbol, "BTCUSDT");
    expect_silence(f, CB_MSG_QUALITY_SCORE, &score, sizeof(score));
    const cb_heartbeat beat = {.uptime_s = 1};
    expect_silence(f, CB_MSG_HEARTBEAT, &beat, sizeof(beat));
    f_destroy(f);
}

static void a_changed_filter_counts_at_once(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    cb_instrument body = f->state->symbols[0].instrument;
    body.status = CB_INSTRUMENT_STATUS_HALT;
    f_feed(f, CB_MSG_INSTRUMENT, &body, sizeof(body));
    const cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
    f_expect_denied(f, &intent, "instrument_status");
    f_destroy(f);
}

static void a_snapshot_ends_what_it_does_not_name(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    cb_balance body;
    f_balance_head(f, &body, CB_BALANCE_REASON_UPDATE);
    f_add_balance(&body, "BNB", E8(3));
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
    assert_int_equal(risk_balance_total(f->state, "BNB"), E8(3));
    f_snapshot(f, E8(100000));
    assert_int_equal(risk_balance_total(f->state, "BNB"), 0);
    f_destroy(f);
}

static void a_rebate_in_the_base_asset_can_be_sold(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
    const cb_permit permit = f_expect_granted(f, &intent);
    cb_fill fill = f_fill_of(&permit, 1, permit.qty.e8, E8(40000));
    fill.fee.e8 = -CB_E8 / 1000;
    F_TEXT(fill.fee_asset, "BTC");
    f_feed(f, CB_MSG_FILL, &fill, sizeof(fill));
    assert_int_equal(f->state->symbols[0].position.qty.e8, permit.qty.e8 + CB_E8 / 1000);
    assert_false(account(f)->is_unsure);
    fill.trade_id = 2;
    fill.side = CB_SIDE_SELL;
    fill.qty.e8 = E8(5); /* sold by hand, more than there was: short */
    f_feed(f, CB_MSG_FILL, &fill, sizeof(fill));
    assert_true(account(f)->is_unsure);
    f_destroy(f);
}

/* ---- full tables ---- */

static void more_assets_than_fit_are_doubt(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    cb_balance body;
    f_balance_head(f, &body, CB_BALANCE_REASON_UPDATE);
    for (int i = 0; i < RISK_BALANCES_MAX; i++) {
        char asset[RISK_ASSET_TEXT_MAX];
        (void)snprintf(asset, sizeof(asset), "A%d", i);
        f_add_balance(&body, asset, CB_E8);
    }
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body)); /* one more with USDT */
    assert_true(account(f)->is_unsure);
    f_balance_head(f, &body, CB_BALANCE_REASON_TRANSFER);
    f_add_balance(&body, "ONEMORE", CB_E8);
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
    assert_int_equal(risk_balance_total(f->state, "ONEMORE"), 0);
    f_destroy(f);
}

static void a_balance_that_leaves_its_type_is_doubt(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    cb_balance body;
    f_balance_head(f, &body, CB_BALANCE_REASON_UPDATE);
    f_add_balance(&body, "USDT", INT64_MAX);
    body.balances[0].locked.e8 = 1;
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
    assert_true(account(f)->is_unsure);
    assert_int_equal(risk_balance_total(f->state, "USDT"), E8(100000));
    f_destroy(f);
}

static void more_symbols_than_fit_are_doubt(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    cb_permit permit;
    memset(&permit, 0, sizeof(permit));
    F_TEXT(permit.account, "main");
    F_TEXT(permit.venue, "binance");
    permit.side = CB_SIDE_BUY;
    for (int i = 0; i < RISK_SYMBOLS_MAX - 1; i++) {
        (void)snprintf(permit.symbol, sizeof(permit.symbol), "S%dUSDT", i);
        f_fill(f, &permit, 1, 1, CB_E8);
    }
    assert_true(account(f)->is_unsure);
    f_destroy(f);
}

/* Every strategy has a limiter; one that finds no room for its own gets nothing new. */
static void a_strategy_without_a_limiter_gets_nothing(void **unused)
{
    (void)unused;
    risk_config config;
    f_defaults(&config);
    *f_param(&config, RISK_RULE_ID_order_rate, 1) = 1000;
    *f_param(&config, RISK_RULE_ID_open_orders_max, 0) = 400;
    fixture *f = f_create_with(&config);
    f_make_ready(f);
    for (int i = 0; i < RISK_COUNTERS_MAX; i++) {
        cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
        intent.qty.e8 = CB_E8 / 1000;
        (void)snprintf(intent.strategy, sizeof(intent.strategy), "s%d", i);
        if (i < RISK_COUNTERS_MAX - 1) {
            const cb_permit permit = f_expect_granted(f, &intent);
            f_fill_all(f, &permit, (uint64_t)i + 1, E8(40000));
        } else {
            f_expect_denied(f, &intent, "order_rate");
        }
    }
    cb_intent exit = f_exit(f, "BTCUSDT", E8(40000), 0); /* closing needs no limiter */
    F_TEXT(exit.strategy, "one_more");
    (void)f_expect_granted(f, &exit);
    assert_int_equal(risk_permits_count(f->state), RISK_COUNTERS_MAX);
    assert_int_equal(risk_denials_count(f->state, RISK_RULE_ID_order_rate), 1);
    f_restart(f);
    assert_int_equal(f->state->counters_count, RISK_COUNTERS_MAX);
    f_destroy(f);
}

/* No room for one more open order: not even for one that reduces, it could not be counted. */
static void a_full_table_of_orders_denies_everything(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const cb_intent first = f_intent(f, "BTCUSDT", E8(40000));
    const cb_permit position = f_expect_granted(f, &first);
    f_fill_all(f, &position, 1, E8(40000));
    cb_permit foreign = position;
    for (uint64_t i = 0; i < RISK_RESERVATIONS_MAX; i++) {
        foreign.intent_id = cb_id_make("foreign", 1, i + 1);
        foreign.limit_price.e8 = 0; /* counted at the mark */
        f_order_event(f, &foreign, 1, CB_ORDER_STATE_OPEN, 0);
    }
    assert_int_equal(risk_open_orders(f->state), RISK_RESERVATIONS_MAX);
    const cb_intent exit = f_exit(f, "BTCUSDT", E8(40000), 0);
    f_expect_denied(f, &exit, "not_ready");
    assert_string_equal(f_the_denial(f)->detail, "room for one more open order");
    foreign.intent_id = cb_id_make("foreign", 2, 1);
    f_order_event(f, &foreign, 1, CB_ORDER_STATE_OPEN, 0); /* and nobody counts this one */
    assert_true(account(f)->is_unsure);
    f_destroy(f);
}

/* ---- orders of others ---- */

static void an_order_that_cannot_be_priced_is_doubt(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    cb_permit foreign;
    memset(&foreign, 0, sizeof(foreign));
    F_TEXT(foreign.account, "main");
    F_TEXT(foreign.venue, "binance");
    F_TEXT(foreign.symbol, "DOGEUSDT");
    foreign.side = CB_SIDE_BUY;
    foreign.intent_id = cb_id_make("foreign", 1, 1);
    f_order_event(f, &foreign, 1, CB_ORDER_STATE_OPEN, 0); /* states no quantity: over soon */
    assert_false(account(f)->is_unsure);
    foreign.qty.e8 = CB_E8;
    f_order_event(f, &foreign, 2, CB_ORDER_STATE_OPEN, 0);
    assert_true(account(f)->is_unsure);
    f_destroy(f);
}

static void an_ended_order_of_others_stays_ended(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    cb_permit foreign;
    memset(&foreign, 0, sizeof(foreign));
    F_TEXT(foreign.account, "main");
    F_TEXT(foreign.venue, "binance");
    F_TEXT(foreign.symbol, "BTCUSDT");
    foreign.side = CB_SIDE_SELL;
    foreign.qty.e8 = CB_E8;
    foreign.limit_price.e8 = E8(50000);
    foreign.intent_id = cb_id_make("foreign", 1, 1);
    f_order_event(f, &foreign, 1, CB_ORDER_STATE_PARTIALLY_FILLED, CB_E8 / 4);
    assert_int_equal(risk_reserved_qty(f->state), CB_E8 * 3 / 4);
    f_order_event(f, &foreign, 2, CB_ORDER_STATE_CANCELED, CB_E8 / 4);
    f_restart(f);
    f_order_event(f, &foreign, 1, CB_ORDER_STATE_PARTIALLY_FILLED, CB_E8 / 4);
    assert_int_equal(risk_open_orders(f->state), 0);
    f_destroy(f);
}

/* ---- configuration that changes ---- */

static void a_symbol_that_went_away_keeps_its_position(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const cb_intent intent = f_intent(f, "ETHUSDT", E8(3000));
    const cb_permit permit = f_expect_granted(f, &intent);
    f_fill_all(f, &permit, 1, E8(3000));
    F_TEXT(f->config.symbols, "BTCUSDT");
    f_restart(f);
    f_market(f, E8(40000), E8(3000));
    assert_int_equal(f->state->symbols[1].position.qty.e8, permit.qty.e8);
    /* what cannot be valued any more leaves no room */
    const cb_intent other = f_intent(f, "BTCUSDT", E8(40000));
    f_send(f, &other);
    assert_non_null(f_denial(f));
    const cb_intent gone = f_exit(f, "ETHUSDT", E8(3000), 0);
    f_expect_denied(f, &gone, "not_ready");
    f_destroy(f);
}

static void readiness_says_what_is_missing(void **unused)
{
    (void)unused;
    fixture *f = f_create();
    assert_string_equal(risk_not_ready_reason(f->state), "balances");
    cb_balance body;
    f_balance_head(f, &body, CB_BALANCE_REASON_SNAPSHOT);
    f_add_balance(&body, "USDT", E8(100));
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
    assert_string_equal(risk_not_ready_reason(f->state), "marks");
    f_instrument(f, "BTCUSDT", "BTC");
    f_instrument(f, "ETHUSDT", "ETH");
    assert_string_equal(risk_not_ready_reason(f->state), "");
    f_destroy(f);
}

/* The candle and the deadline at the same moment: whichever event is first, the answer is no. */
static void a_candle_at_the_deadline_is_too_late(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    f_at(f, f->now_ns + MINUTE);
    const cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
    f_send(f, &intent);
    f->now_ns = intent.not_after_ns; /* the timer is due, but the candle is handed over first */
    f_candle(f, "BTCUSDT", E8(40000));
    assert_string_equal(f_the_denial(f)->rule, "stale_intent");
    assert_int_equal(risk_denials_count(f->state, RISK_RULES_COUNT), 1);
    f_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_news_changes_nothing),
        cmocka_unit_test(a_changed_filter_counts_at_once),
        cmocka_unit_test(a_snapshot_ends_what_it_does_not_name),
        cmocka_unit_test(a_rebate_in_the_base_asset_can_be_sold),
        cmocka_unit_test(more_assets_than_fit_are_doubt),
        cmocka_unit_test(a_balance_that_leaves_its_type_is_doubt),
        cmocka_unit_test(more_symbols_than_fit_are_doubt),
        cmocka_unit_test(a_strategy_without_a_limiter_gets_nothing),
        cmocka_unit_test(a_full_table_of_orders_denies_everything),
        cmocka_unit_test(an_order_that_cannot_be_priced_is_doubt),
        cmocka_unit_test(an_ended_order_of_others_stays_ended),
        cmocka_unit_test(a_symbol_that_went_away_keeps_its_position),
        cmocka_unit_test(readiness_says_what_is_missing),
        cmocka_unit_test(a_candle_at_the_deadline_is_too_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
