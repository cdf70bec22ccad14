/* Reservations of groups, and requests of people: an OCO ties up what it closes once, a bracket's
 * children only what its parent filled, a stop that waits counts in full, and a request is one
 * request however often it is made. */
#include "tests/unit/risk/fixture.h"

#define BTC(units) E8(units)

static void hold_btc(fixture *f, int64_t qty_e8)
{
    cb_intent entry = f_intent(f, "BTCUSDT", E8(40000));
    entry.qty.e8 = qty_e8;
    const cb_permit permit = f_expect_granted(f, &entry);
    f_fill_all(f, &permit, 1, E8(40000));
}

static cb_intent oco(fixture *f, int64_t qty_e8)
{
    cb_intent intent = f_exit(f, "BTCUSDT", E8(40000), qty_e8);
    intent.order_type = CB_ORDER_TYPE_LIMIT_MAKER;
    intent.role = CB_ROLE_TAKE_PROFIT;
    intent.group_id = intent.intent_id;
    intent.limit_price.e8 = E8(42000);
    intent.stop_loss.e8 = E8(38000);
    return intent;
}

static cb_order child(const cb_permit *leader, cb_role role, int64_t qty_e8, uint64_t number)
{
    cb_order order = f_order(leader, 1, CB_ORDER_STATE_READY, 0);
    order.intent_id = cb_id_make("test.child", 0, number);
    order.permit_id = (cb_id){0, 0};
    order.group_id = leader->intent_id;
    order.role = role;
    order.leg = RISK_LEG_FIRST;
    order.side = CB_SIDE_SELL;
    order.qty.e8 = qty_e8;
    order.cum_qty.e8 = 0;
    return order;
}

static void tell(fixture *f, cb_order *order, cb_order_state state)
{
    order->state = state;
    f_feed(f, CB_MSG_ORDER, order, sizeof(*order));
    order->version++;
}

/* What another sell may still have. */
static void expect_sellable(fixture *f, int64_t qty_e8)
{
    cb_intent exit = f_exit(f, "BTCUSDT", E8(40000), BTC(1));
    if (qty_e8 == 0) {
        f_expect_denied(f, &exit, "sell_covered");
        return;
    }
    const cb_permit permit = f_expect_granted(f, &exit);
    assert_int_equal(permit.qty.e8, qty_e8);
    cb_order order = f_order(&permit, 1, CB_ORDER_STATE_NOT_SENT, 0);
    f_feed(f, CB_MSG_ORDER, &order, sizeof(order));
}

static void an_oco_reserves_what_it_closes_once(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    hold_btc(f, BTC(1) / 2);
    cb_intent intent = oco(f, BTC(1) / 5);
    const cb_permit permit = f_expect_granted(f, &intent);
    assert_int_equal(permit.role, CB_ROLE_TAKE_PROFIT);
    cb_order target = f_order(&permit, 1, CB_ORDER_STATE_READY, 0);
    target.leg = RISK_LEG_FIRST;
    tell(f, &target, CB_ORDER_STATE_READY);
    cb_order stop = child(&permit, CB_ROLE_STOP, BTC(1) / 5, 1);
    tell(f, &stop, CB_ORDER_STATE_READY);
    assert_int_equal(risk_open_orders(f->state), 2);
    expect_sellable(f, BTC(3) / 10);
    /* The take-profit is gone: the stop still ties up the whole. */
    tell(f, &target, CB_ORDER_STATE_SENDING);
    tell(f, &target, CB_ORDER_STATE_CANCELED);
    expect_sellable(f, BTC(3) / 10);
    tell(f, &stop, CB_ORDER_STATE_NOT_SENT);
    assert_int_equal(risk_open_orders(f->state), 0);
    expect_sellable(f, BTC(1) / 2);
    f_destroy(f);
}

static void what_a_parent_filled_is_spoken_for(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    cb_intent intent = f_intent(f, "BTCUSDT", E8(40000));
    intent.qty.e8 = BTC(1) / 2;
    intent.role = CB_ROLE_PARENT;
    intent.group_id = intent.intent_id;
    const cb_permit permit = f_expect_granted(f, &intent);
    cb_order parent = f_order(&permit, 1, CB_ORDER_STATE_READY, 0);
    parent.role = CB_ROLE_PARENT;
    parent.group_id = permit.intent_id;
    tell(f, &parent, CB_ORDER_STATE_READY);
    tell(f, &parent, CB_ORDER_STATE_SENDING);
    f_fill(f, &permit, 1, BTC(1) / 2, E8(40000));
    expect_sellable(f, 0); /* before any child is there */
    cb_order target = child(&permit, CB_ROLE_TAKE_PROFIT, BTC(1) / 2, 1);
    cb_order stop = child(&permit, CB_ROLE_STOP, BTC(1) / 2, 2);
    tell(f, &target, CB_ORDER_STATE_READY);
    tell(f, &stop, CB_ORDER_STATE_READY);
    expect_sellable(f, 0);
    parent.cum_qty.e8 = BTC(1) / 2;
    parent.covered_qty.e8 = BTC(1) / 2;
    tell(f, &parent, CB_ORDER_STATE_FILLED);
    assert_int_equal(risk_open_orders(f->state), 2);
    expect_sellable(f, 0);
    tell(f, &target, CB_ORDER_STATE_NOT_SENT);
    expect_sellable(f, 0);
    tell(f, &stop, CB_ORDER_STATE_NOT_SENT);
    expect_sellable(f, BTC(1) / 2);
    f_destroy(f);
}

static void a_stop_that_waits_counts_in_full(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    hold_btc(f, BTC(1) / 2);
    cb_intent intent = f_exit(f, "BTCUSDT", E8(40000), BTC(1) / 2);
    intent.order_type = CB_ORDER_TYPE_STOP_LOSS;
    intent.trigger_price.e8 = E8(30000); /* far away: the collar is for what goes now */
    (void)f_expect_granted(f, &intent);
    expect_sellable(f, 0);
    f_destroy(f);
}

static void a_trigger_off_the_grid_is_named(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    hold_btc(f, BTC(1) / 2);
    cb_intent intent = f_exit(f, "BTCUSDT", E8(40000), BTC(1) / 2);
    intent.order_type = CB_ORDER_TYPE_STOP_LOSS;
    intent.trigger_price.e8 = E8(30000) + 1;
    f_expect_denied(f, &intent, "filters");
    assert_string_equal(f_the_denial(f)->detail, "trigger_price off the tick grid");
    intent = f_exit(f, "BTCUSDT", E8(40000), BTC(1) / 2);
    intent.order_type = CB_ORDER_TYPE_STOP_LOSS;
    f_expect_denied(f, &intent, "not_ready");
    assert_string_equal(f_the_denial(f)->detail, "trigger_price is required for this order type");
    f_destroy(f);
}

/* ---- requests ---- */

static risk_order_request place_request(fixture *f)
{
    risk_order_request request = {.is_place = true};
    request.intent.intent_id = f_id(f, "client.key");
    F_TEXT(request.intent.symbol, "BTCUSDT");
    request.intent.side = CB_SIDE_BUY;
    request.intent.order_type = CB_ORDER_TYPE_LIMIT;
    request.intent.tif = CB_TIF_GTC;
    request.intent.qty.e8 = BTC(1) / 100;
    request.intent.limit_price.e8 = E8(39900);
    F_TEXT(request.intent.actor, "alice");
    F_TEXT(request.reply_to, "inbox.1");
    return request;
}

static risk_order_reply ask(fixture *f, const risk_order_request *request)
{
    f_feed(f, RISK_EVENT_ORDER_REQUEST, request, sizeof(*request));
    for (uint32_t i = 0; i < f->out->actions_count; i++) {
        const cb_action *action = &f->out->actions[i];
        if (action->type == CB_ACTION_REQUEST && action->request == RISK_REQUEST_ORDER_REPLY) {
            return *(const risk_order_reply *)action->body;
        }
    }
    print_error("nobody was answered\n");
    abort();
}

static void the_same_request_is_judged_once(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    risk_order_request request = place_request(f);
    risk_order_reply reply = ask(f, &request);
    assert_true(reply.is_ok);
    assert_false(reply.is_repeat);
    assert_int_equal(reply.qty.e8, BTC(1) / 100);
    assert_non_null(f_permit(f));
    assert_string_equal(f_permit(f)->strategy, "manual");
    assert_int_equal(f_permit(f)->purpose, CB_PURPOSE_MANUAL);
    assert_true(cb_id_equal(f_permit(f)->intent_id, request.intent.intent_id));
    reply = ask(f, &request);
    assert_true(reply.is_ok);
    assert_true(reply.is_repeat);
    assert_null(f_permit(f));
    request.intent.qty.e8 *= 2;
    reply = ask(f, &request);
    assert_false(reply.is_ok);
    assert_string_equal(reply.code, "conflict");
    assert_null(f_permit(f));
    assert_int_equal(risk_open_orders(f->state), 1);
    f_destroy(f);
}

static void a_denied_request_says_why_each_time(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    risk_order_request request = place_request(f);
    request.intent.limit_price.e8 = 0;
    for (int i = 0; i < 2; i++) {
        const risk_order_reply reply = ask(f, &request);
        assert_false(reply.is_ok);
        assert_string_equal(reply.code, "denied");
        assert_string_equal(reply.error, "not_ready: limit_price is required for this order type");
        assert_int_equal(reply.is_repeat, i == 1);
    }
    f_destroy(f);
}

static void commands_are_for_orders_that_are_open(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    const risk_order_request place = place_request(f);
    risk_order_request request = {.command = {.kind = CB_COMMAND_CANCEL}};
    request.command.command_id = f_id(f, "client.command");
    request.command.intent_id = place.intent.intent_id;
    risk_order_reply reply = ask(f, &request);
    assert_string_equal(reply.code, "unknown");
    (void)ask(f, &place);
    reply = ask(f, &request);
    assert_true(reply.is_ok);
    const cb_order_command *passed = f_must_publish(f, CB_SUBJECT_PERMIT_COMMAND);
    assert_true(cb_id_equal(passed->intent_id, place.intent.intent_id));
    assert_true(cb_id_equal(passed->env.correlation_id, place.intent.intent_id));
    assert_string_equal(passed->account, "main");
    reply = ask(f, &request);
    assert_true(reply.is_ok && reply.is_repeat);
    assert_null(f_published(f, CB_SUBJECT_PERMIT_COMMAND));
    request.command.command_id = f_id(f, "client.command");
    request.command.kind = CB_COMMAND_AMEND;
    request.command.qty.e8 = BTC(1) / 100;
    reply = ask(f, &request);
    assert_string_equal(reply.code, "denied");
    f_destroy(f);
}

/* While it waits for the end of the old one, the replacement is judged as if that were gone. */
static void a_replacement_does_not_count_what_it_replaces(void **unused)
{
    (void)unused;
    fixture *f = f_ready();
    hold_btc(f, BTC(1) / 2);
    cb_intent first = f_exit(f, "BTCUSDT", E8(40000), BTC(1) / 2);
    first.order_type = CB_ORDER_TYPE_LIMIT;
    first.tif = CB_TIF_GTC;
    first.limit_price.e8 = E8(40100);
    (void)f_expect_granted(f, &first);
    cb_intent second = f_exit(f, "BTCUSDT", E8(40000), BTC(1) / 2);
    second.order_type = CB_ORDER_TYPE_LIMIT;
    second.tif = CB_TIF_GTC;
    second.limit_price.e8 = E8(40200);
    f_expect_denied(f, &second, "sell_covered");
    second.intent_id = f_id(f, "signals.intent");
    second.replaces = first.intent_id;
    const cb_permit permit = f_expect_granted(f, &second);
    assert_true(cb_id_equal(permit.replaces, first.intent_id));
    f_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_oco_reserves_what_it_closes_once),
        cmocka_unit_test(what_a_parent_filled_is_spoken_for),
        cmocka_unit_test(a_stop_that_waits_counts_in_full),
        cmocka_unit_test(a_trigger_off_the_grid_is_named),
        cmocka_unit_test(the_same_request_is_judged_once),
        cmocka_unit_test(a_denied_request_says_why_each_time),
        cmocka_unit_test(commands_are_for_orders_that_are_open),
        cmocka_unit_test(a_replacement_does_not_count_what_it_replaces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
