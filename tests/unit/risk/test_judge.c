/* From an intent to its permit or denial: size, terms, reservation, waiting, failing closed. */
#include "tests/unit/risk/fixture.h"

static const cb_verdict *verdict_of(const cb_permit *permit, const char *rule)
{
    for (uint32_t i = 0; i < permit->verdicts_count; i++) {
        if (cb_text_equal(permit->verdicts[i].rule, rule)) {
            return &permit->verdicts[i];
        }
    }
    print_error("no verdict of %s\n", rule);
    abort();
}

static void sizes_by_the_loss_at_the_stop(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
    intent.stop_loss.e8 = E8(38000); /* 1 000 / 2 000 = 0.5 BTC = 20 000, within all limits */
    const cb_permit permit = f_expect_granted(f, &intent);
    assert_int_equal(permit.qty.e8, CB_E8 / 2);
    assert_int_equal(verdict_of(&permit, "trade_risk_max")->observed.e8, E8(1000));
    assert_int_equal(verdict_of(&permit, "trade_risk_max")->limit.e8, E8(1000));
    assert_string_equal(verdict_of(&permit, "trade_risk_max")->unit, "usdt");
    assert_string_equal(verdict_of(&permit, "sell_covered")->unit, "btc");
    /* counted at 40 200 (0.5 % slippage), kept with 0.2 % for fees */
    assert_int_equal(verdict_of(&permit, "order_notional_max")->observed.e8, E8(20100));
    assert_int_equal(permit.reserved.e8, E8(201402) / 10);
    f_destroy(f);
}

static void shrinks_to_the_tightest_limit(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const cb_intent intent = f_intent(f, "BTCUSDT", E8(40000)); /* 1.25 BTC wanted */
    const cb_permit permit = f_expect_granted(f, &intent);
    const int64_t lot_e8 = CB_E8 / 100000;
    const int64_t most_e8 = risk_qty_within(E8(25000), E8(40200));
    assert_int_equal(permit.qty.e8, most_e8 - most_e8 % lot_e8);
    const risk_judgement *row = f_row(f, RISK_TABLE_JUDGEMENT, 0);
    assert_int_equal(row->wanted_qty.e8, E8(5) / 4);
    assert_int_equal(row->qty.e8, permit.qty.e8);
    assert_true(row->is_granted);
    f_destroy(f);
}

static void never_shrinks_a_quantity_that_was_asked_for(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
    intent.qty.e8 = CB_E8;
    f_expect_denied(f, &intent, "order_notional_max");
    assert_int_equal(f_the_denial(f)->observed.e8, E8(40200));
    assert_int_equal(f_the_denial(f)->limit.e8, E8(25000));
    f_destroy(f);
}

/* 25 000 more never fit 40 000, so the third order is the rest, and the fourth finds no room. The
 * denial names the rule in the way, at the size that was wanted. */
static void names_the_rule_that_left_no_room(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    int64_t sum_e8 = 0;
    for (int i = 0; i < 2; i++) {
        const cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
        sum_e8 += f_expect_granted(f, &intent).qty.e8;
    }
    assert_true(risk_mul_up(sum_e8, E8(40200)) <= E8(40000));
    const cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
    f_expect_denied(f, &intent, "order_notional_max");
    const cb_verdict *verdicts = f_the_denial(f)->verdicts;
    bool is_position_refused = false;
    for (uint32_t i = 0; i < f_the_denial(f)->verdicts_count; i++) {
        if (cb_text_equal(verdicts[i].rule, "symbol_position_max")) {
            is_position_refused = !verdicts[i].is_pass;
        }
    }
    assert_true(is_position_refused);
    assert_int_equal(f_the_denial(f)->verdicts_count, RISK_RULES_COUNT);
    f_destroy(f);
}

static void permit_carries_the_terms_and_verifies(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
    cb_permit permit = f_expect_granted(f, &intent);
    assert_true(cb_permit_verify(&permit, (const uint8_t *)KEY, strlen(KEY)));
    assert_true(cb_id_equal(permit.intent_id, intent.intent_id));
    assert_true(cb_id_equal(permit.env.causation_id, intent.env.event_id));
    assert_true(cb_id_equal(permit.env.correlation_id, intent.signal_id));
    assert_int_equal(permit.env.origin_ns, intent.env.origin_ns);
    assert_int_equal(permit.expires_ns, f->now_ns + 3 * CB_NS_PER_S);
    assert_int_equal(permit.not_after_ns, intent.not_after_ns);
    assert_int_equal(permit.limits_version, 1);
    assert_int_equal(permit.stop_loss.e8, intent.stop_loss.e8);
    assert_int_equal(permit.take_profit.e8, intent.take_profit.e8);
    assert_int_equal(permit.data_ts_ns, intent.data_ts_ns);
    assert_int_equal(permit.verdicts_count, RISK_RULES_COUNT);
    permit.qty.e8 += 1;
    assert_false(cb_permit_verify(&permit, (const uint8_t *)KEY, strlen(KEY)));
    f_destroy(f);
}

static void permit_never_outlives_the_order(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
    intent.not_after_ns = f->now_ns + 1;
    assert_int_equal(f_expect_granted(f, &intent).expires_ns, intent.not_after_ns);
    intent = f_intent(f, "BTCUSDT", E8(40000));
    intent.not_after_ns = f->now_ns;
    f_expect_denied(f, &intent, "stale_intent");
    assert_int_equal(f_the_denial(f)->verdicts_count, 1);
    f_destroy(f);
}

static void every_permit_has_its_own_id(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const cb_intent first = f_intent(f, "BTCUSDT", E8(40000));
    const cb_id a = f_expect_granted(f, &first).permit_id;
    const cb_intent second = f_intent(f, "ETHUSDT", E8(3000));
    const cb_id b = f_expect_granted(f, &second).permit_id;
    f_restart(f);
    f_market(f, E8(40000), E8(3000));
    const cb_intent third = f_intent(f, "ETHUSDT", E8(3000));
    const cb_id c = f_expect_granted(f, &third).permit_id;
    assert_false(cb_id_equal(a, b));
    assert_false(cb_id_equal(a, c));
    assert_false(cb_id_equal(b, c));
    f_destroy(f);
}

static void an_intent_is_judged_once(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
    (void)f_expect_granted(f, &intent);
    f_send(f, &intent);
    assert_int_equal(f->out->actions_count, 0);
    f_restart(f);
    f_send(f, &intent);
    assert_int_equal(f->out->actions_count, 0);
    assert_int_equal(f->tables[RISK_TABLE_PERMIT].count, 1);
    f_destroy(f);
}

/* ---- failing closed ---- */

static void denies_until_everything_is_known(void **unused)
{
    (void)unused;
    fixture *f = f_create();
    cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
    intent.data_ts_ns = 0; /* waits for nothing */
    f_expect_denied(f, &intent, "not_ready");
    assert_string_equal(f_the_denial(f)->detail, "instrument");
    f_instrument(f, "BTCUSDT", "BTC");
    f_instrument(f, "ETHUSDT", "ETH");
    intent.intent_id = f_id(f, "signals.intent");
    f_expect_denied(f, &intent, "not_ready");
    assert_string_equal(f_the_denial(f)->detail, "balances");
    f_snapshot(f, E8(100000));
    intent.intent_id = f_id(f, "signals.intent");
    f_expect_denied(f, &intent, "not_ready");
    assert_string_equal(f_the_denial(f)->detail, "mark price");
    f_candle(f, "BTCUSDT", E8(40000));
    intent.intent_id = f_id(f, "signals.intent");
    f_expect_denied(f, &intent, "stale_data");
    f_ticker(f, "BTCUSDT", E8(40000), E8(40000));
    intent.intent_id = f_id(f, "signals.intent");
    f_expect_denied(f, &intent, "data_quality");
    f_quality(f, "BTCUSDT", CB_E8);
    intent.intent_id = f_id(f, "signals.intent");
    (void)f_expect_granted(f, &intent);
    f_destroy(f);
}

static void refuses_terms_that_make_no_sense(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    for (int i = 0; i < 12; i++) {
        cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
        switch (i) {
        case 0:
            intent.side = CB_SIDE_NONE;
            break;
        case 1:
            F_TEXT(intent.account, "other");
            break;
        case 2:
            F_TEXT(intent.venue, "kraken");
            break;
        case 3:
            intent.order_type = CB_ORDER_TYPE_NONE;
            break;
        case 4:
            intent.purpose = CB_PURPOSE_NONE;
            break;
        case 5:
            intent.reference_price.e8 = 0;
            break;
        case 6:
            intent.reference_price.e8 = -E8(40000);
            break;
        case 7:
            intent.qty.e8 = -1;
            break;
        case 8:
            intent.limit_price.e8 = E8(40000); /* a market order has none */
            break;
        case 9:
            intent.stop_loss.e8 = -1;
            break;
        case 10:
            intent.strategy[0] = '\0';
            break;
        default:
            F_TEXT(intent.symbol, "DOGEUSDT");
            break;
        }
        f_expect_denied(f, &intent, "not_ready");
        assert_string_equal(f_the_denial(f)->detail,
            i == 11  ? "instrument"
            : i == 8 ? "limit_price does not belong to this order type"
                     : "terms of the intent");
    }
    assert_int_equal(risk_open_orders(f->state), 0);
    f_destroy(f);
}

static void absurd_numbers_are_denied_not_computed(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
    intent.qty.e8 = INT64_MAX;
    f_send(f, &intent);
    assert_non_null(f_denial(f));
    intent = f_intent(f, "BTCUSDT", INT64_MAX);
    intent.stop_loss.e8 = 0;
    f_send(f, &intent);
    assert_non_null(f_denial(f));
    intent = f_intent(f, "BTCUSDT", 1);
    f_send(f, &intent);
    assert_non_null(f_denial(f));
    intent = f_intent(f, "BTCUSDT", E8(40000));
    intent.stop_loss.e8 = E8(41000);
    f_expect_denied(f, &intent, "trade_risk_max");
    assert_string_equal(f_the_denial(f)->detail, "stop is not below the entry");
    f_destroy(f);
}

static void cash_bounds_the_size(void **unused)
{
    (void)unused;
    fixture *f = f_create();
    f_make_ready(f);
    f_snapshot(f, E8(1000)); /* an unexplained loss of 99 000 raises the latch as well */
    f_command_kill(f, "account:main", 0, "test", "tester");
    const cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
    f_expect_denied(f, &intent, "daily_loss_max");
    f_destroy(f);
    risk_config config;
    f_defaults(&config);
    *f_param(&config, RISK_RULE_ID_gross_exposure_max, 0) = CB_E8;
    *f_param(&config, RISK_RULE_ID_trade_risk_max, 0) = CB_E8 / 10;
    f = f_create_with(&config);
    f_instrument(f, "BTCUSDT", "BTC");
    f_instrument(f, "ETHUSDT", "ETH");
    f_snapshot(f, E8(1000));
    f_market(f, E8(40000), E8(3000));
    const cb_intent all = f_intent(f, "BTCUSDT", E8(40000));
    const cb_permit permit = f_expect_granted(f, &all);
    assert_true(permit.reserved.e8 <= E8(1000));
    assert_true(permit.reserved.e8 > E8(999)); /* a lot is 0.40 */
    const cb_intent more = f_intent(f, "ETHUSDT", E8(3000));
    f_send(f, &more);
    assert_non_null(f_denial(f));
    f_destroy(f);
}

/* ---- reducing ---- */

static cb_permit open_position(fixture *f, uint64_t trade_id)
{
    const cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
    const cb_permit permit = f_expect_granted(f, &intent);
    f_fill_all(f, &permit, trade_id, E8(40000));
    return permit;
}

static void an_exit_is_cut_to_what_may_be_sold(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const cb_permit entry = open_position(f, 1);
    cb_intent intent = f_exit(f, "BTCUSDT", E8(40000), E8(100));
    const cb_permit permit = f_expect_granted(f, &intent);
    assert_int_equal(permit.qty.e8, entry.qty.e8);
    assert_int_equal(permit.reserved.e8, 0);
    /* it is all in an open sell now */
    intent = f_exit(f, "BTCUSDT", E8(40000), CB_E8 / 1000);
    f_expect_denied(f, &intent, "sell_covered");
    f_order_event(f, &permit, 1, CB_ORDER_STATE_NOT_SENT, 0);
    intent = f_exit(f, "BTCUSDT", E8(40000), 0); /* everything */
    assert_int_equal(f_expect_granted(f, &intent).qty.e8, entry.qty.e8);
    f_destroy(f);
}

static void an_exit_passes_what_does_not_concern_it(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    (void)open_position(f, 1);
    f_command_kill(f, "*", 1, "test", "tester");
    f_at(f, f->now_ns + 360 * MINUTE); /* all data is old, the price is far from the ticker */
    cb_intent intent = f_exit(f, "BTCUSDT", E8(20000), CB_E8 / 10);
    intent.data_ts_ns = T0;
    const cb_permit permit = f_expect_granted(f, &intent);
    assert_true(verdict_of(&permit, "stale_data")->is_pass);
    assert_true(verdict_of(&permit, "stale_data")->observed.e8 >
                verdict_of(&permit, "stale_data")->limit.e8);
    cb_intent entry = f_intent(f, "BTCUSDT", E8(40000));
    entry.data_ts_ns = T0;
    f_expect_denied(f, &entry, "kill_level");
    f_command_kill(f, "symbol:BTCUSDT", 2, "test", "tester");
    intent = f_exit(f, "BTCUSDT", E8(40000), CB_E8 / 10);
    intent.data_ts_ns = T0;
    f_expect_denied(f, &intent, "kill_level");
    intent = f_exit(f, "BTCUSDT", E8(40000), CB_E8 / 10);
    intent.data_ts_ns = T0;
    intent.purpose = CB_PURPOSE_FLATTEN;
    f_expect_denied(f, &intent, "kill_level");
    f_command_kill(f, "symbol:BTCUSDT", 3, "test", "tester");
    intent = f_exit(f, "BTCUSDT", E8(40000), CB_E8 / 10);
    intent.data_ts_ns = T0;
    intent.purpose = CB_PURPOSE_FLATTEN;
    (void)f_expect_granted(f, &intent);
    f_destroy(f);
}

static void a_sell_never_opens_a_short(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    cb_intent intent = f_exit(f, "BTCUSDT", E8(40000), CB_E8 / 10);
    f_expect_denied(f, &intent, "sell_covered");
    intent = f_exit(f, "BTCUSDT", E8(40000), CB_E8 / 10);
    intent.reduce_only = false;
    f_expect_denied(f, &intent, "sell_covered");
    const cb_permit entry = open_position(f, 1);
    intent = f_exit(f, "BTCUSDT", E8(40000), entry.qty.e8 + CB_E8 / 100000);
    intent.reduce_only = false; /* an exact quantity is not cut */
    f_expect_denied(f, &intent, "sell_covered");
    intent = f_intent(f, "BTCUSDT", E8(40000));
    intent.reduce_only = true;
    f_expect_denied(f, &intent, "sell_covered");
    f_destroy(f);
}

/* A fee in the base asset leaves less to sell than was bought. */
static void a_base_fee_shrinks_the_position(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
    const cb_permit permit = f_expect_granted(f, &intent);
    cb_fill fill = f_fill_of(&permit, 1, permit.qty.e8, E8(40000));
    fill.fee.e8 = permit.qty.e8 / 1000;
    F_TEXT(fill.fee_asset, "BTC");
    f_order_event(f, &permit, 1, CB_ORDER_STATE_READY, 0);
    f_feed(f, CB_MSG_FILL, &fill, sizeof(fill));
    f_order_event(f, &permit, 2, CB_ORDER_STATE_FILLED, permit.qty.e8);
    const cb_intent exit = f_exit(f, "BTCUSDT", E8(40000), 0);
    const cb_permit sold = f_expect_granted(f, &exit);
    const int64_t left_e8 = permit.qty.e8 - fill.fee.e8;
    assert_int_equal(sold.qty.e8, left_e8 - left_e8 % (CB_E8 / 100000));
    f_destroy(f);
}

/* ---- waiting for the candle ---- */

static void an_intent_waits_for_its_candle(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    f_at(f, f->now_ns + MINUTE);
    f_ticker(f, "BTCUSDT", E8(40000), E8(40000));
    const cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
    f_send(f, &intent);
    assert_null(f_permit(f));
    assert_null(f_denial(f));
    assert_int_equal(f->timer_ns, intent.not_after_ns);
    f_candle(f, "ETHUSDT", E8(3000)); /* another symbol's */
    assert_null(f_permit(f));
    f_candle_at(f, "BTCUSDT", E8(40000), f->now_ns - 1); /* an older one */
    assert_null(f_permit(f));
    f_candle(f, "BTCUSDT", E8(40000));
    assert_non_null(f_permit(f));
    /* the cause is the intent, not the candle */
    assert_true(cb_id_equal(f_the_permit(f)->env.causation_id, intent.env.event_id));
    assert_int_equal(f->timer_ns, 0);
    f_destroy(f);
}

static void a_wait_ends_at_the_deadline(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    f_at(f, f->now_ns + MINUTE);
    const cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
    f_send(f, &intent);
    f_at(f, intent.not_after_ns - 1);
    assert_int_equal(f->tables[RISK_TABLE_DENIAL].count, 0);
    f_at(f, intent.not_after_ns);
    assert_int_equal(f->tables[RISK_TABLE_DENIAL].count, 1);
    const cb_denial *denial = f_row(f, RISK_TABLE_DENIAL, 0);
    assert_string_equal(denial->rule, "stale_intent");
    f_candle(f, "BTCUSDT", E8(40000));
    assert_null(f_permit(f));
    f_destroy(f);
}

static void a_reducing_intent_waits_a_moment_only(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    (void)open_position(f, 1);
    f_at(f, f->now_ns + MINUTE);
    const cb_intent intent = f_exit(f, "BTCUSDT", E8(40000), CB_E8 / 10);
    f_send(f, &intent);
    assert_int_equal(f->timer_ns, f->now_ns + CB_NS_PER_S);
    f_at(f, f->now_ns + CB_NS_PER_S);
    assert_int_equal(f->tables[RISK_TABLE_PERMIT].count, 2);
    f_destroy(f);
}

static void waiting_intents_survive_a_restart(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    f_at(f, f->now_ns + MINUTE);
    const cb_intent first = f_intent(f, "BTCUSDT", E8(40000));
    const cb_intent second = f_intent(f, "ETHUSDT", E8(3000));
    f_send(f, &first);
    f_send(f, &second);
    const uint64_t hash_before = f->state->held_count;
    f_restart(f);
    assert_int_equal(f->state->held_count, hash_before);
    assert_int_equal(f->timer_ns, first.not_after_ns);
    f_send(f, &first); /* redelivered: waits once */
    assert_int_equal(f->state->held_count, 2);
    f_market(f, E8(40000), E8(3000));
    assert_int_equal(f->state->held_count, 0);
    assert_int_equal(f->tables[RISK_TABLE_JUDGEMENT].count, 2);
    const risk_held *row = f_row(f, RISK_TABLE_HELD, 0);
    assert_false(row->is_held);
    f_destroy(f);
}

/* The outcome is the same whether the candle or the intent arrives first. */
static void the_order_of_arrival_does_not_matter(void **unused)
{
    (void)unused;
    cb_permit permits[2];
    for (int i = 0; i < 2; i++) {
        fixture *f = f_ready();
        f_at(f, f->now_ns + MINUTE);
        f_ticker(f, "BTCUSDT", E8(41000), E8(41000));
        const cb_intent intent = f_intent(f, "BTCUSDT", E8(41000));
        if (i == 0) {
            f_send(f, &intent);
            f_candle(f, "BTCUSDT", E8(41000));
        } else {
            f_candle(f, "BTCUSDT", E8(41000));
            f_send(f, &intent);
        }
        assert_non_null(f_permit(f));
        permits[i] = *f_the_permit(f);
        f_destroy(f);
    }
    assert_memory_equal(&permits[0], &permits[1], sizeof(cb_permit));
}

static void a_full_waiting_room_judges_at_once(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    f_at(f, f->now_ns + MINUTE);
    for (int i = 0; i < RISK_HELD_MAX; i++) {
        const cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
        f_send(f, &intent);
    }
    assert_int_equal(f->state->held_count, RISK_HELD_MAX);
    const cb_intent one_more = f_intent(f, "BTCUSDT", E8(40000));
    f_send(f, &one_more);
    assert_true(f_permit(f) != NULL || f_denial(f) != NULL);
    /* released together: as many permits as the limits allow, the rest denied */
    f_candle(f, "BTCUSDT", E8(40000));
    assert_int_equal(f->state->held_count, 0);
    assert_int_equal(f->tables[RISK_TABLE_JUDGEMENT].count, RISK_HELD_MAX + 1);
    f_destroy(f);
}

/* ---- versions of the limits ---- */

static void a_changed_limit_is_a_new_version(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    assert_int_equal(f->tables[RISK_TABLE_LIMITS].count, 1);
    f_restart(f);
    assert_int_equal(f->tables[RISK_TABLE_LIMITS].count, 1);
    *f_param(&f->config, RISK_RULE_ID_order_notional_max, 0) = E8(10000);
    f_restart(f);
    assert_int_equal(f->tables[RISK_TABLE_LIMITS].count, 2);
    f_market(f, E8(40000), E8(3000));
    const cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
    const cb_permit permit = f_expect_granted(f, &intent);
    assert_int_equal(permit.limits_version, 2);
    assert_true(risk_mul_up(permit.qty.e8, E8(40200)) <= E8(10000));
    const risk_limits *limits = f_row(f, RISK_TABLE_LIMITS, 1);
    bool is_found = false;
    for (uint32_t i = 0; i < limits->limits_count; i++) {
        if (cb_text_equal(limits->limits[i].name, "order_notional_max.limit")) {
            is_found = limits->limits[i].value.e8 == E8(10000);
        }
    }
    assert_true(is_found);
    f_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_by_the_loss_at_the_stop),
        cmocka_unit_test(shrinks_to_the_tightest_limit),
        cmocka_unit_test(never_shrinks_a_quantity_that_was_asked_for),
        cmocka_unit_test(names_the_rule_that_left_no_room),
        cmocka_unit_test(permit_carries_the_terms_and_verifies),
        cmocka_unit_test(permit_never_outlives_the_order),
        cmocka_unit_test(every_permit_has_its_own_id),
        cmocka_unit_test(an_intent_is_judged_once),
        cmocka_unit_test(denies_until_everything_is_known),
        cmocka_unit_test(refuses_terms_that_make_no_sense),
        cmocka_unit_test(absurd_numbers_are_denied_not_computed),
        cmocka_unit_test(cash_bounds_the_size),
        cmocka_unit_test(an_exit_is_cut_to_what_may_be_sold),
        cmocka_unit_test(an_exit_passes_what_does_not_concern_it),
        cmocka_unit_test(a_sell_never_opens_a_short),
        cmocka_unit_test(a_base_fee_shrinks_the_position),
        cmocka_unit_test(an_intent_waits_for_its_candle),
        cmocka_unit_test(a_wait_ends_at_the_deadline),
        cmocka_unit_test(a_reducing_intent_waits_a_moment_only),
        cmocka_unit_test(waiting_intents_survive_a_restart),
        cmocka_unit_test(the_order_of_arrival_does_not_matter),
        cmocka_unit_test(a_full_waiting_room_judges_at_once),
        cmocka_unit_test(a_changed_limit_is_a_new_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
