/* The limit book: scopes, every kind just inside and just outside, changes that hold at once and
 * changes that wait for a second person, sub-accounts, self-trades, turns, and what of it survives
 * a restart. */
#include "tests/unit/risk/fixture.h"

static fixture *book(const char *limits)
{
    risk_config config;
    f_defaults(&config);
    F_TEXT(config.limits, limits);
    assert_string_equal(risk_limits_text_error(config.limits), "");
    *f_param(&config, RISK_RULE_ID_order_notional_max, 0) = E8(1000000);
    *f_param(&config, RISK_RULE_ID_symbol_position_max, 0) = E8(1000000);
    *f_param(&config, RISK_RULE_ID_gross_exposure_max, 0) = CB_E8;
    *f_param(&config, RISK_RULE_ID_trade_risk_max, 0) = CB_E8 / 10;
    fixture *f = f_create_with(&config);
    f_make_ready(f);
    return f;
}

/* A limit buy, so that what it costs is what it says. */
static cb_intent buy(fixture *f, const char *strategy, const char *symbol, int64_t qty_e8)
{
    const int64_t price_e8 = cb_text_equal(symbol, "BTCUSDT") ? E8(40000) : E8(3000);
    cb_intent intent = f_intent(f, symbol, price_e8);
    F_TEXT(intent.strategy, strategy);
    intent.order_type = CB_ORDER_TYPE_LIMIT;
    intent.limit_price.e8 = price_e8;
    intent.qty.e8 = qty_e8;
    intent.data_ts_ns = 0; /* no waiting for a candle */
    return intent;
}

static void denied_by(fixture *f, const cb_intent *intent, const char *limit)
{
    f_expect_denied(f, intent, "limit_book");
    assert_string_equal(f_the_denial(f)->detail, limit);
}

static risk_limit_reply command(fixture *f, const cb_limit_command *body)
{
    risk_limit_request request;
    memset(&request, 0, sizeof(request));
    request.command = *body;
    f_feed(f, RISK_EVENT_LIMIT_COMMAND, &request, sizeof(request));
    for (uint32_t i = 0; i < f->out->actions_count; i++) {
        const cb_action *action = &f->out->actions[i];
        if (action->type == CB_ACTION_REQUEST && action->request == RISK_REQUEST_LIMIT_REPLY) {
            return *(const risk_limit_reply *)action->body;
        }
    }
    fail_msg("a command without an answer");
    return (risk_limit_reply){.number = 0};
}

static risk_limit_reply set(
    fixture *f, const char *kind, const char *scope, int64_t value_e8, const char *actor)
{
    cb_limit_command body = {.action = "set", .value = {value_e8}, .reason = "test"};
    F_TEXT(body.kind, kind);
    F_TEXT(body.scope, scope);
    F_TEXT(body.actor, actor);
    return command(f, &body);
}

static risk_limit_reply decide(fixture *f, const char *action, uint64_t number, const char *actor)
{
    cb_limit_command body = {.number = number, .reason = "test"};
    F_TEXT(body.action, action);
    F_TEXT(body.actor, actor);
    return command(f, &body);
}

/* ---- scopes ---- */

static void a_scope_is_read_and_written_in_one_way(void **unused)
{
    (void)unused;
    risk_scope scope;
    char text[RISK_SCOPE_TEXT_MAX];
    assert_true(risk_scope_parse("symbol:BTCUSDT,strategy:trend", &scope));
    risk_scope_print(&scope, text);
    assert_string_equal(text, "strategy:trend,symbol:BTCUSDT");
    assert_true(risk_scope_parse("*", &scope));
    risk_scope_print(&scope, text);
    assert_string_equal(text, "*");
    static const char *const wrong[] = {"",
        "all",
        "strategy:",
        "strategy:a,strategy:b",
        "strategy:a b",
        "strategy:a,",
        ",",
        "user:x",
        "strategy:abcdefghijklmnopqrstuvwxyz"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(risk_scope_parse(wrong[i], &scope));
    }
}

static void each_scope_limits_what_it_names_and_nothing_else(void **unused)
{
    (void)unused;
    static const struct {
        const char *limit;
        const char *refused; /* as the denial names it; NULL: the second order passes */
    } rows[] = {
        {"gross_exposure@*=4000", "gross_exposure@*"},
        {"gross_exposure@venue:binance=4000", "gross_exposure@venue:binance"},
        {"gross_exposure@venue:kraken=4000", NULL},
        {"gross_exposure@account:main=4000", "gross_exposure@account:main"},
        {"gross_exposure@account:other=4000", NULL},
        {"gross_exposure@strategy:b=4000", NULL},
        {"gross_exposure@strategy:a=4000", "gross_exposure@strategy:a"},
        {"gross_exposure@strategy:*=4000", "gross_exposure@strategy:a"},
        {"gross_exposure@symbol:BTCUSDT=4000", "gross_exposure@symbol:BTCUSDT"},
        {"gross_exposure@symbol:ETHUSDT=4000", NULL},
        {"gross_exposure@strategy:a,symbol:BTCUSDT=4000",
            "gross_exposure@strategy:a,symbol:BTCUSDT"},
        {"gross_exposure@strategy:a,symbol:ETHUSDT=4000", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fixture *f = book(rows[i].limit);
        cb_intent first = buy(f, "a", "BTCUSDT", CB_E8 / 10); /* 4000 */
        (void)f_expect_granted(f, &first);
        cb_intent second = buy(f, "a", "BTCUSDT", CB_E8 / 1000);
        if (rows[i].refused == NULL) {
            (void)f_expect_granted(f, &second);
        } else {
            denied_by(f, &second, rows[i].refused);
        }
        f_destroy(f);
    }
}

/* ---- kinds ---- */

static void one_order_is_bounded_in_notional_and_quantity(void **unused)
{
    (void)unused;
    fixture *f = book("order_notional@strategy:a=4000; order_qty@symbol:ETHUSDT=2");
    cb_intent intent = buy(f, "a", "BTCUSDT", CB_E8 / 10 + 1000);
    denied_by(f, &intent, "order_notional@strategy:a");
    intent = buy(f, "a", "BTCUSDT", CB_E8 / 10);
    (void)f_expect_granted(f, &intent);
    intent = buy(f, "b", "ETHUSDT", E8(2) + 1000);
    denied_by(f, &intent, "order_qty@symbol:ETHUSDT");
    intent = buy(f, "b", "ETHUSDT", E8(2));
    (void)f_expect_granted(f, &intent);
    f_destroy(f);
}

static void an_order_of_unknown_outcome_counts_in_full_until_it_ends(void **unused)
{
    (void)unused;
    fixture *f = book("position_qty@symbol:BTCUSDT=0.1; open_orders@strategy:*=2");
    cb_intent intent = buy(f, "a", "BTCUSDT", CB_E8 / 10);
    const cb_permit permit = f_expect_granted(f, &intent);
    f_order_event(f, &permit, 1, CB_ORDER_STATE_SENDING, 0);
    f_order_event(f, &permit, 2, CB_ORDER_STATE_UNKNOWN, 0);
    cb_intent other = buy(f, "b", "BTCUSDT", CB_E8 / 1000);
    denied_by(f, &other, "position_qty@symbol:BTCUSDT");
    f_fill(f, &permit, 1, CB_E8 / 20, E8(40000)); /* half of it is a position now: the same sum */
    other = buy(f, "b", "BTCUSDT", CB_E8 / 1000);
    denied_by(f, &other, "position_qty@symbol:BTCUSDT");
    f_order_event(f, &permit, 3, CB_ORDER_STATE_CANCELED, CB_E8 / 20);
    f_order_event(f, &permit, 3, CB_ORDER_STATE_CANCELED, CB_E8 / 20);
    f_order_event(f, &permit, 2, CB_ORDER_STATE_UNKNOWN, 0);
    other = buy(f, "b", "BTCUSDT", CB_E8 / 20); /* released once: half, and no more */
    (void)f_expect_granted(f, &other);
    other = buy(f, "b", "BTCUSDT", CB_E8 / 1000);
    denied_by(f, &other, "position_qty@symbol:BTCUSDT");
    f_destroy(f);
}

static void rates_hold_in_every_window_wherever_it_begins(void **unused)
{
    (void)unused;
    fixture *f = book("orders_per_second@*=3");
    for (int i = 0; i < 3; i++) {
        cb_intent intent = buy(f, "a", "ETHUSDT", CB_E8 / 100);
        (void)f_expect_granted(f, &intent);
        f_at(f, f->now_ns + 300 * CB_NS_PER_MS);
    }
    cb_intent intent = buy(f, "a", "ETHUSDT", CB_E8 / 100);
    denied_by(f, &intent, "orders_per_second@*"); /* 0.9 s after the first */
    f_at(f, f->now_ns + 300 * CB_NS_PER_MS);
    intent = buy(f, "a", "ETHUSDT", CB_E8 / 100);
    (void)f_expect_granted(f, &intent);
    f_destroy(f);
    f = book("notional_per_minute@strategy:b=9000");
    intent = buy(f, "b", "ETHUSDT", E8(3)); /* 9000 */
    (void)f_expect_granted(f, &intent);
    f_at(f, f->now_ns + 50 * CB_NS_PER_S);
    f_market(f, E8(40000), E8(3000));
    intent = buy(f, "b", "ETHUSDT", CB_E8 / 100);
    denied_by(f, &intent, "notional_per_minute@strategy:b");
    f_at(f, f->now_ns + 16 * CB_NS_PER_S);
    f_market(f, E8(40000), E8(3000));
    intent = buy(f, "b", "ETHUSDT", CB_E8 / 100);
    (void)f_expect_granted(f, &intent);
    f_destroy(f);
}

static void losses_stop_the_strategy_that_made_them(void **unused)
{
    (void)unused;
    fixture *f =
        book("daily_loss@strategy:*=100; loss_streak@strategy:*=1; drawdown@strategy:c=50");
    cb_intent intent = buy(f, "a", "BTCUSDT", CB_E8 / 10);
    const cb_permit permit = f_expect_granted(f, &intent);
    f_fill_all(f, &permit, 1, E8(40000));
    f_at(f, f->now_ns + CB_NS_PER_S);
    f_market(f, E8(38990), E8(3000)); /* 101 lost */
    intent = buy(f, "a", "ETHUSDT", CB_E8 / 10);
    denied_by(f, &intent, "daily_loss@strategy:a");
    intent = buy(f, "b", "ETHUSDT", CB_E8 / 10);
    (void)f_expect_granted(f, &intent);
    cb_intent out = f_exit(f, "BTCUSDT", E8(38990), CB_E8 / 10); /* getting out always passes */
    F_TEXT(out.strategy, "a");
    const cb_permit exit = f_expect_granted(f, &out);
    f_fill_all(f, &exit, 2, E8(38990));
    const risk_sub_slot *slot = risk_sub_find(f->state, "a", "*");
    assert_non_null(slot);
    assert_int_equal(slot->row.losses, 1);
    assert_true(slot->row.realised.e8 == -E8(101));
    f_at(f, T0 + CB_NS_PER_DAY + CB_NS_PER_S); /* a new day */
    f_market(f, E8(39000), E8(3000));
    intent = buy(f, "a", "ETHUSDT", CB_E8 / 10);
    (void)f_expect_granted(f, &intent);
    f_destroy(f);
}

static void a_strategy_spends_its_allocation_and_what_it_earned(void **unused)
{
    (void)unused;
    fixture *f = book("allocation@strategy:*=5000");
    cb_intent intent = buy(f, "a", "BTCUSDT", CB_E8 / 10); /* 4000 and the fee buffer */
    const cb_permit permit = f_expect_granted(f, &intent);
    f_fill_all(f, &permit, 1, E8(40000));
    cb_intent more = buy(f, "a", "ETHUSDT", CB_E8 / 2); /* 1500 */
    denied_by(f, &more, "allocation@strategy:a");
    cb_intent other = buy(f, "b", "ETHUSDT", CB_E8 / 2);
    (void)f_expect_granted(f, &other);
    cb_intent out = f_exit(f, "BTCUSDT", E8(40000), CB_E8 / 10);
    F_TEXT(out.strategy, "a");
    const cb_permit exit = f_expect_granted(f, &out);
    f_fill_all(f, &exit, 2, E8(40000));
    more = buy(f, "a", "ETHUSDT", CB_E8 / 2);
    (void)f_expect_granted(f, &more);
    f_destroy(f);
}

static void a_size_left_to_risk_shrinks_to_the_room_of_the_book(void **unused)
{
    (void)unused;
    fixture *f = book("position_notional@strategy:*,symbol:*=1005");
    cb_intent intent = f_intent(f, "BTCUSDT", E8(40000)); /* counted at 40200 */
    const cb_permit permit = f_expect_granted(f, &intent);
    assert_true(permit.qty.e8 == CB_E8 / 40);
    f_destroy(f);
}

/* ---- sub-accounts ---- */

static void the_sum_of_sub_accounts_and_the_rest_is_the_account(void **unused)
{
    (void)unused;
    fixture *f = book("");
    static const char *const names[] = {"a", "b", "c"};
    for (uint64_t i = 0; i < 3; i++) {
        cb_intent intent = buy(f, names[i], "BTCUSDT", CB_E8 / 10);
        const cb_permit permit = f_expect_granted(f, &intent);
        cb_fill fill = f_fill_of(&permit, i + 1, permit.qty.e8, E8(40000));
        fill.fee.e8 = i == 0 ? E8(4) : permit.qty.e8 / 1000;
        F_TEXT(fill.fee_asset, i == 0 ? "USDT" : "BTC");
        f_feed(f, CB_MSG_FILL, &fill, sizeof(fill));
    }
    cb_fill outside = {.trade_id = 9,
        .side = CB_SIDE_SELL,
        .price = {E8(40000)},
        .qty = {CB_E8 / 100},
        .quote_qty = {E8(400)}};
    F_TEXT(outside.account, "main");
    F_TEXT(outside.venue, "binance");
    F_TEXT(outside.symbol, "BTCUSDT");
    F_TEXT(outside.base_asset, "BTC");
    F_TEXT(outside.quote_asset, "USDT");
    f_feed(f, CB_MSG_FILL, &outside, sizeof(outside));
    int64_t cash_e8 = 0;
    int64_t qty_e8 = 0;
    for (uint32_t i = 0; i < f->state->subs_count; i++) {
        const risk_subaccount *row = &f->state->subs[i].row;
        const bool is_leaf = !cb_text_equal(row->strategy, "*") && !cb_text_equal(row->symbol, "*");
        cash_e8 += is_leaf ? row->cash.e8 : 0;
        qty_e8 += is_leaf ? row->qty.e8 : 0;
    }
    assert_true(risk_balance_total(f->state, "USDT") - cash_e8 == E8(100000)); /* the deposit */
    assert_true(risk_balance_total(f->state, "BTC") == qty_e8);
    const risk_sub_slot *all = risk_sub_find(f->state, "*", "BTCUSDT");
    int64_t result_e8 = 0;
    assert_non_null(all);
    assert_true(risk_sub_result(f->state, all, &result_e8));
    assert_true(result_e8 == f->state->account.equity.e8 - E8(100000));
    f_destroy(f);
}

static void an_order_never_meets_a_resting_order_of_the_account(void **unused)
{
    (void)unused;
    fixture *f = book("");
    cb_intent intent = buy(f, "a", "BTCUSDT", CB_E8 / 10);
    const cb_permit first = f_expect_granted(f, &intent);
    f_fill_all(f, &first, 1, E8(40000));
    cb_intent rest = f_exit(f, "BTCUSDT", E8(40000), CB_E8 / 10);
    rest.order_type = CB_ORDER_TYPE_LIMIT;
    rest.limit_price.e8 = E8(40100);
    F_TEXT(rest.strategy, "a");
    const cb_permit resting = f_expect_granted(f, &rest);
    f_order_event(f, &resting, 1, CB_ORDER_STATE_OPEN, 0);
    intent = buy(f, "b", "BTCUSDT", CB_E8 / 100);
    intent.limit_price.e8 = E8(40100);
    f_expect_denied(f, &intent, "self_trade");
    intent = buy(f, "b", "BTCUSDT", CB_E8 / 100);
    intent.limit_price.e8 = E8(40100) - CB_E8 / 100;
    (void)f_expect_granted(f, &intent);
    cb_intent market = f_intent(f, "BTCUSDT", E8(40000)); /* may go as far as 40200 */
    F_TEXT(market.strategy, "b");
    f_expect_denied(f, &market, "self_trade");
    f_order_event(f, &resting, 2, CB_ORDER_STATE_CANCELED, 0);
    market = f_intent(f, "BTCUSDT", E8(40000));
    F_TEXT(market.strategy, "b");
    (void)f_expect_granted(f, &market);
    f_destroy(f);
}

/* ---- changes ---- */

static void lowering_holds_at_once_and_closes_nothing(void **unused)
{
    (void)unused;
    fixture *f = book("gross_exposure@*=8000");
    cb_intent intent = buy(f, "a", "BTCUSDT", CB_E8 / 10);
    const cb_permit permit = f_expect_granted(f, &intent);
    f_fill_all(f, &permit, 1, E8(40000));
    const uint64_t before = risk_limits_version(f->state);
    const risk_limit_reply reply = set(f, "gross_exposure", "*", E8(1000), "ann");
    assert_true(reply.is_ok && reply.is_applied);
    assert_true(reply.version == before + 1);
    const cb_limits *said = f_must_publish(f, CB_SUBJECT_LIMITS);
    assert_true(said->version == before + 1);
    assert_string_equal(said->name, "gross_exposure@*");
    assert_null(f_published(f, CB_SUBJECT_PERMIT)); /* nothing is closed */
    intent = buy(f, "a", "BTCUSDT", CB_E8 / 1000);
    denied_by(f, &intent, "gross_exposure@*");
    cb_intent out = f_exit(f, "BTCUSDT", E8(40000), CB_E8 / 10);
    F_TEXT(out.strategy, "a");
    const cb_permit exit = f_expect_granted(f, &out);
    assert_true(exit.limits_version == before + 1);
    f_destroy(f);
}

static void raising_waits_for_another_person(void **unused)
{
    (void)unused;
    fixture *f = book("order_notional@*=1000");
    const uint64_t before = risk_limits_version(f->state);
    const risk_limit_reply asked = set(f, "order_notional", "*", E8(2000), "ann");
    assert_true(asked.is_ok && !asked.is_applied);
    assert_true(asked.number == 1 && risk_limits_version(f->state) == before);
    cb_intent intent = buy(f, "a", "BTCUSDT", CB_E8 / 25); /* 1600 */
    denied_by(f, &intent, "order_notional@*");
    assert_false(decide(f, "approve", 1, "ann").is_ok); /* her own */
    assert_false(decide(f, "approve", 2, "bea").is_ok);
    f_restart(f); /* the request survives */
    f_market(f, E8(40000), E8(3000));
    assert_true(decide(f, "approve", 1, "bea").is_applied);
    assert_true(risk_limits_version(f->state) == before + 1);
    assert_false(decide(f, "approve", 1, "bea").is_ok); /* once */
    intent = buy(f, "a", "BTCUSDT", CB_E8 / 25);
    (void)f_expect_granted(f, &intent);
    f_destroy(f);
}

static void a_change_can_be_denied_and_lapses(void **unused)
{
    (void)unused;
    fixture *f = book("order_notional@*=1000");
    assert_true(set(f, "order_notional", "*", E8(2000), "ann").number == 1);
    assert_true(decide(f, "deny", 1, "ann").is_ok); /* who asked may withdraw */
    cb_limit_command removal = {.action = "remove", .reason = "test"};
    F_TEXT(removal.kind, "order_notional");
    F_TEXT(removal.scope, "*");
    F_TEXT(removal.actor, "ann");
    assert_true(command(f, &removal).number == 2); /* no limit is more than any */
    f_at(f, f->now_ns + f->config.change_ttl_ns);
    assert_false(decide(f, "approve", 2, "bea").is_ok);
    assert_int_equal(f->state->book_count, 1);
    f_destroy(f);
}

static void what_cannot_be_a_limit_is_refused_in_words(void **unused)
{
    (void)unused;
    fixture *f = book("");
    const uint64_t before = risk_limits_version(f->state);
    assert_false(set(f, "no_such_kind", "*", CB_E8, "ann").is_ok);
    assert_false(set(f, "order_qty", "*", CB_E8, "ann").is_ok);         /* of which symbol? */
    assert_false(set(f, "allocation", "*", CB_E8, "ann").is_ok);        /* of which strategy? */
    assert_false(set(f, "open_orders", "*", CB_E8 / 2, "ann").is_ok);   /* half an order */
    assert_false(set(f, "concentration", "*", CB_E8 + 1, "ann").is_ok); /* more than all */
    assert_false(set(f, "order_notional", "x", CB_E8, "ann").is_ok);
    assert_false(set(f, "order_notional", "*", CB_E8, "").is_ok);
    assert_true(risk_limits_version(f->state) == before);
    assert_true(set(f, "order_notional", "*", CB_E8, "ann").is_applied); /* a new limit is lower */
    f_destroy(f);
}

/* ---- turns ---- */

static void room_that_comes_free_is_kept_for_who_waits_longest(void **unused)
{
    (void)unused;
    fixture *f = book("position_qty@symbol:BTCUSDT=0.1");
    cb_intent intent = buy(f, "a", "BTCUSDT", CB_E8 / 10);
    const cb_permit permit = f_expect_granted(f, &intent);
    cb_intent second = buy(f, "b", "BTCUSDT", CB_E8 / 10);
    denied_by(f, &second, "position_qty@symbol:BTCUSDT");
    f_order_event(f, &permit, 1, CB_ORDER_STATE_NOT_SENT, 0); /* free again */
    intent = buy(f, "a", "BTCUSDT", CB_E8 / 10);
    denied_by(f, &intent, "position_qty@symbol:BTCUSDT"); /* b is first in the line */
    f_restart(f);
    f_market(f, E8(40000), E8(3000));
    intent = buy(f, "c", "BTCUSDT", CB_E8 / 10);
    denied_by(f, &intent, "position_qty@symbol:BTCUSDT");
    second = buy(f, "b", "BTCUSDT", CB_E8 / 10);
    (void)f_expect_granted(f, &second);
    f_destroy(f);
}

static void who_does_not_come_back_loses_the_turn(void **unused)
{
    (void)unused;
    fixture *f = book("position_qty@symbol:BTCUSDT=0.1");
    cb_intent intent = buy(f, "a", "BTCUSDT", CB_E8 / 10);
    const cb_permit permit = f_expect_granted(f, &intent);
    cb_intent second = buy(f, "b", "BTCUSDT", CB_E8 / 10);
    denied_by(f, &second, "position_qty@symbol:BTCUSDT");
    f_order_event(f, &permit, 1, CB_ORDER_STATE_NOT_SENT, 0);
    f_at(f, f->now_ns + f->config.turn_ttl_ns);
    f_market(f, E8(40000), E8(3000));
    intent = buy(f, "a", "BTCUSDT", CB_E8 / 10);
    (void)f_expect_granted(f, &intent);
    f_destroy(f);
}

/* ---- caps ---- */

static void nothing_new_passes_until_execution_has_told_its_caps(void **unused)
{
    (void)unused;
    fixture *f = book("");
    f_caps(f, 0);
    cb_intent intent = buy(f, "a", "BTCUSDT", CB_E8 / 10);
    f_expect_denied(f, &intent, "not_ready");
    f_caps(f, 7);
    f_restart(f);
    f_market(f, E8(40000), E8(3000));
    intent = buy(f, "a", "BTCUSDT", CB_E8 / 10);
    const cb_permit permit = f_expect_granted(f, &intent);
    assert_int_equal(permit.caps_hash[0], 7);
    F_TEXT(f->config.caps_approved, "00");
    intent = buy(f, "a", "BTCUSDT", CB_E8 / 10);
    f_expect_denied(f, &intent, "not_ready");
    f_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scope_is_read_and_written_in_one_way),
        cmocka_unit_test(each_scope_limits_what_it_names_and_nothing_else),
        cmocka_unit_test(one_order_is_bounded_in_notional_and_quantity),
        cmocka_unit_test(an_order_of_unknown_outcome_counts_in_full_until_it_ends),
        cmocka_unit_test(rates_hold_in_every_window_wherever_it_begins),
        cmocka_unit_test(losses_stop_the_strategy_that_made_them),
        cmocka_unit_test(a_strategy_spends_its_allocation_and_what_it_earned),
        cmocka_unit_test(a_size_left_to_risk_shrinks_to_the_room_of_the_book),
        cmocka_unit_test(the_sum_of_sub_accounts_and_the_rest_is_the_account),
        cmocka_unit_test(an_order_never_meets_a_resting_order_of_the_account),
        cmocka_unit_test(lowering_holds_at_once_and_closes_nothing),
        cmocka_unit_test(raising_waits_for_another_person),
        cmocka_unit_test(a_change_can_be_denied_and_lapses),
        cmocka_unit_test(what_cannot_be_a_limit_is_refused_in_words),
        cmocka_unit_test(room_that_comes_free_is_kept_for_who_waits_longest),
        cmocka_unit_test(who_does_not_come_back_loses_the_turn),
        cmocka_unit_test(nothing_new_passes_until_execution_has_told_its_caps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
