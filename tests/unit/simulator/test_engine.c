/* The rules of matching, one test each. */
#include "tests/unit/simulator/fixture.h"

static const sim_config fees = {.fee_maker_e8 = 100000, .fee_taker_e8 = 100000}; /* 0.1 % */

static void engine_rests_a_limit_order_and_locks_its_money(void **state)
{
    (void)state;
    fixture *fx = fixture_make(fees, 2);
    const sim_order *order = fixture_place(fx, fixture_limit(0, CB_SIDE_BUY, 100, 2));
    assert_int_equal(order->status, SIM_STATUS_NEW);
    assert_true(order->is_on_book);
    assert_true(fixture_locked_e8(fx, 0, "USDT") == E8(200));
    assert_true(fixture_free_e8(fx, 0, "USDT") == E8(1000000 - 200));
    audit(fx);
    fixture_free(fx);
}

static void engine_fills_at_the_makers_price_and_takes_fees_in_the_received_asset(void **state)
{
    (void)state;
    fixture *fx = fixture_make(fees, 2);
    const sim_order *maker = fixture_place(fx, fixture_limit(0, CB_SIDE_SELL, 100, 2));
    const sim_order *taker = fixture_place(fx, fixture_limit(1, CB_SIDE_BUY, 110, 1));
    assert_int_equal(maker->status, SIM_STATUS_PARTIALLY_FILLED);
    assert_int_equal(taker->status, SIM_STATUS_FILLED);
    assert_true(taker->cum_quote_e8 == E8(100));
    /* The buyer pays 100, not 110, and its fee is 0.1 % of the bought BTC. */
    assert_true(fixture_free_e8(fx, 1, "USDT") == E8(1000000 - 100));
    assert_true(fixture_locked_e8(fx, 1, "USDT") == 0);
    assert_true(fixture_free_e8(fx, 1, "BTC") == E8(101) - CB_E8 / 1000);
    assert_true(fixture_free_e8(fx, 0, "USDT") == E8(1000100) - CB_E8 / 10);
    assert_true(fixture_locked_e8(fx, 0, "BTC") == E8(1));
    audit(fx);
    fixture_free(fx);
}

static void engine_keeps_price_then_time_priority(void **state)
{
    (void)state;
    fixture *fx = fixture_make((sim_config){0}, 4);
    const sim_order *late_cheap = NULL;
    const sim_order *first = fixture_place(fx, fixture_limit(0, CB_SIDE_SELL, 101, 1));
    const sim_order *second = fixture_place(fx, fixture_limit(1, CB_SIDE_SELL, 101, 1));
    late_cheap = fixture_place(fx, fixture_limit(2, CB_SIDE_SELL, 100, 1));
    const sim_order *taker = fixture_place(fx, fixture_limit(3, CB_SIDE_BUY, 101, 2));
    assert_int_equal(late_cheap->status, SIM_STATUS_FILLED);
    assert_int_equal(first->status, SIM_STATUS_FILLED);
    assert_int_equal(second->status, SIM_STATUS_NEW);
    assert_int_equal(taker->status, SIM_STATUS_FILLED);
    assert_true(taker->cum_quote_e8 == E8(201));
    audit(fx);
    fixture_free(fx);
}

static void engine_ends_the_rest_of_market_and_ioc_orders(void **state)
{
    (void)state;
    fixture *fx = fixture_make((sim_config){0}, 3);
    (void)fixture_place(fx, fixture_limit(0, CB_SIDE_SELL, 100, 1));
    sim_new_order market = fixture_limit(1, CB_SIDE_BUY, 0, 3);
    market.type = CB_ORDER_TYPE_MARKET;
    const sim_order *order = fixture_place(fx, market);
    assert_int_equal(order->status, SIM_STATUS_EXPIRED);
    assert_true(order->executed_e8 == E8(1));
    (void)fixture_place(fx, fixture_limit(0, CB_SIDE_SELL, 100, 1));
    sim_new_order ioc = fixture_limit(1, CB_SIDE_BUY, 100, 3);
    ioc.tif = CB_TIF_IOC;
    order = fixture_place(fx, ioc);
    assert_int_equal(order->status, SIM_STATUS_EXPIRED);
    assert_true(order->executed_e8 == E8(1));
    assert_true(fixture_locked_e8(fx, 1, "USDT") == 0);
    audit(fx);
    fixture_free(fx);
}

static void engine_fills_fok_whole_or_not_at_all(void **state)
{
    (void)state;
    fixture *fx = fixture_make((sim_config){0}, 3);
    (void)fixture_place(fx, fixture_limit(0, CB_SIDE_SELL, 100, 1));
    (void)fixture_place(fx, fixture_limit(1, CB_SIDE_SELL, 101, 1));
    sim_new_order fok = fixture_limit(2, CB_SIDE_BUY, 100, 2);
    fok.tif = CB_TIF_FOK;
    const sim_order *order = fixture_place(fx, fok);
    assert_int_equal(order->status, SIM_STATUS_EXPIRED);
    assert_true(order->executed_e8 == 0);
    fok.price_e8 = E8(101);
    order = fixture_place(fx, fok);
    assert_int_equal(order->status, SIM_STATUS_FILLED);
    audit(fx);
    fixture_free(fx);
}

static void engine_spends_a_quote_sized_market_order_in_whole_lots(void **state)
{
    (void)state;
    fixture *fx = fixture_make((sim_config){0}, 3);
    sim_new_order ask = fixture_limit(0, CB_SIDE_SELL, 0, 2);
    ask.price_e8 = 3333000000; /* 33.33 */
    (void)fixture_place(fx, ask);
    sim_new_order market = {
        .account = 1,
        .side = CB_SIDE_BUY,
        .type = CB_ORDER_TYPE_MARKET,
        .tif = CB_TIF_GTC,
        .quote_qty_e8 = E8(10),
    };
    const sim_order *order = fixture_place(fx, market);
    /* 10 / 33.33 = 0.300030003 → 0.30003 */
    assert_int_equal(order->status, SIM_STATUS_FILLED);
    assert_true(order->executed_e8 == 30003000);
    assert_true(order->qty_e8 == 30003000);
    assert_true(order->cum_quote_e8 == 999999990); /* 9.9999999 */
    market.quote_qty_e8 = E8(1000);
    order = fixture_place(fx, market);
    assert_int_equal(order->status, SIM_STATUS_EXPIRED); /* the book ran out */
    audit(fx);
    fixture_free(fx);
}

static void engine_refuses_a_limit_maker_that_would_take(void **state)
{
    (void)state;
    fixture *fx = fixture_make((sim_config){0}, 2);
    (void)fixture_place(fx, fixture_limit(0, CB_SIDE_SELL, 100, 1));
    sim_new_order maker = fixture_limit(1, CB_SIDE_BUY, 100, 1);
    maker.type = CB_ORDER_TYPE_LIMIT_MAKER;
    fixture_expect_refusal(fx, maker, -2010, "Order would immediately match and take.");
    maker.price_e8 = E8(100) - 1000000;
    assert_true(fixture_place(fx, maker)->is_on_book);
    fixture_free(fx);
}

static void engine_refuses_what_the_account_cannot_pay(void **state)
{
    (void)state;
    fixture *fx = fixture_make((sim_config){0}, 2);
    static const char text[] = "Account has insufficient balance for requested action.";
    fixture_expect_refusal(fx, fixture_limit(0, CB_SIDE_BUY, 10001, 100), -2010, text);
    assert_true(fixture_place(fx, fixture_limit(0, CB_SIDE_BUY, 10000, 100))->is_open);
    fixture_expect_refusal(fx, fixture_limit(0, CB_SIDE_SELL, 20000, 101), -2010, text);
    /* A market buy costs what the book asks. */
    (void)fixture_place(fx, fixture_limit(0, CB_SIDE_SELL, 20000, 51));
    sim_new_order market = fixture_limit(1, CB_SIDE_BUY, 0, 51);
    market.type = CB_ORDER_TYPE_MARKET;
    fixture_expect_refusal(fx, market, -2010, text);
    market.qty_e8 = E8(50);
    assert_int_equal(fixture_place(fx, market)->status, SIM_STATUS_FILLED);
    assert_true(fixture_free_e8(fx, 1, "USDT") == 0);
    audit(fx);
    fixture_free(fx);
}

static void engine_refuses_by_each_filter_just_outside_its_bound(void **state)
{
    (void)state;
    static const struct {
        int64_t price_e8;
        int64_t qty_e8;
        const char *text; /* NULL = accepted */
    } cases[] = {
        {E8(100), E8(1), NULL},
        {E8(100) + 1, E8(1), "Filter failure: PRICE_FILTER"},
        {E8(1000000) + 1000000, E8(1), "Filter failure: PRICE_FILTER"},
        {E8(100), E8(1) + 1, "Filter failure: LOT_SIZE"},
        {E8(100), 999, "Filter failure: LOT_SIZE"},
        {E8(100), E8(9000) + 1000, "Filter failure: LOT_SIZE"},
        {E8(100), 5000000, NULL}, /* 5.00 */
        {E8(100), 4999000, "Filter failure: NOTIONAL"},
        {E8(500), E8(1), NULL},
        {E8(500) + 1000000, E8(1), "Filter failure: PERCENT_PRICE_BY_SIDE"},
        {E8(20), E8(1), NULL},
        {E8(20) - 1000000, E8(1), "Filter failure: PERCENT_PRICE_BY_SIDE"},
    };
    fixture *fx = fixture_make((sim_config){0}, 3);
    /* The average price is 100. */
    (void)fixture_place(fx, fixture_limit(1, CB_SIDE_SELL, 100, 1));
    (void)fixture_place(fx, fixture_limit(2, CB_SIDE_BUY, 100, 1));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sim_new_order order = fixture_limit(0, CB_SIDE_BUY, 0, 0);
        order.price_e8 = cases[i].price_e8;
        order.qty_e8 = cases[i].qty_e8;
        if (cases[i].text != NULL) {
            fixture_expect_refusal(fx, order, -1013, cases[i].text);
        } else {
            (void)fixture_place(fx, order);
        }
    }
    sim_new_order market = fixture_limit(0, CB_SIDE_SELL, 0, 501);
    market.type = CB_ORDER_TYPE_MARKET;
    fixture_expect_refusal(fx, market, -1013, "Filter failure: MARKET_LOT_SIZE");
    fixture_free(fx);
}

static void engine_bounds_the_number_of_open_orders(void **state)
{
    (void)state;
    fixture *fx = fixture_make((sim_config){0}, 1);
    for (uint32_t i = 0; i < 195; i++) {
        (void)fixture_place(fx, fixture_limit(0, CB_SIDE_BUY, 100, 1));
    }
    sim_new_order stop = fixture_limit(0, CB_SIDE_SELL, 90, 1);
    stop.type = CB_ORDER_TYPE_STOP_LOSS_LIMIT;
    stop.stop_price_e8 = E8(95);
    for (uint32_t i = 0; i < 5; i++) {
        if (i == 4) {
            (void)fixture_place(fx, stop);
            fixture_expect_refusal(fx, stop, -1013, "Filter failure: MAX_NUM_ORDERS");
            break;
        }
        (void)fixture_place(fx, stop);
    }
    char cancel_id[SIM_CLIENT_ID_SIZE];
    sim_refusal refusal = {0};
    assert_true(sim_cancel(fx->sim, 0, "", cancel_id, &refusal));
    fixture_expect_refusal(fx, stop, -1013, "Filter failure: MAX_NUM_ALGO_ORDERS");
    (void)fixture_place(fx, fixture_limit(0, CB_SIDE_BUY, 100, 1));
    audit(fx);
    fixture_free(fx);
}

static void engine_wants_client_ids_unique_among_open_orders_only(void **state)
{
    (void)state;
    fixture *fx = fixture_make((sim_config){0}, 2);
    sim_new_order order = fixture_limit(0, CB_SIDE_BUY, 100, 1);
    memcpy(order.client_id, "mine", 5);
    (void)fixture_place(fx, order);
    fixture_expect_refusal(fx, order, -2010, "Duplicate order sent.");
    order.account = 1;
    (void)fixture_place(fx, order); /* another account's name */
    order.account = 0;
    char cancel_id[SIM_CLIENT_ID_SIZE];
    sim_refusal refusal = {0};
    const uint32_t index = sim_find_client(fx->sim, 0, 0, "mine", true);
    assert_true(sim_cancel(fx->sim, index, "bye", cancel_id, &refusal));
    assert_string_equal(cancel_id, "bye");
    assert_false(sim_cancel(fx->sim, index, "bye", cancel_id, &refusal));
    assert_int_equal(refusal.code, -2011);
    const sim_order *again = fixture_place(fx, order);
    assert_ptr_equal(again, &fx->sim->orders[sim_find_client(fx->sim, 0, 0, "mine", false)]);
    assert_true(again->id > fx->sim->orders[index].id);
    fixture_free(fx);
}

/* Account 0 has a sell of 2 at 100, then buys 3 at 100 with each mode. */
static void engine_prevents_self_trades_by_the_takers_mode(void **state)
{
    (void)state;
    static const struct {
        sim_stp stp;
        sim_status maker;
        sim_status taker;
        int64_t taker_executed;
        int64_t maker_prevented;
    } cases[] = {
        {SIM_STP_NONE, SIM_STATUS_FILLED, SIM_STATUS_FILLED, 3, 0},
        {SIM_STP_EXPIRE_TAKER, SIM_STATUS_NEW, SIM_STATUS_EXPIRED_IN_MATCH, 0, 0},
        {SIM_STP_EXPIRE_MAKER, SIM_STATUS_EXPIRED_IN_MATCH, SIM_STATUS_FILLED, 3, 2},
        {SIM_STP_EXPIRE_BOTH, SIM_STATUS_EXPIRED_IN_MATCH, SIM_STATUS_EXPIRED_IN_MATCH, 0, 2},
        {SIM_STP_DECREMENT, SIM_STATUS_EXPIRED_IN_MATCH, SIM_STATUS_PARTIALLY_FILLED, 1, 2},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture *fx = fixture_make(fees, 2);
        const sim_order *maker = fixture_place(fx, fixture_limit(0, CB_SIDE_SELL, 100, 2));
        (void)fixture_place(fx, fixture_limit(1, CB_SIDE_SELL, 100, 3));
        sim_new_order buy = fixture_limit(0, CB_SIDE_BUY, 100, 3);
        buy.stp = cases[i].stp;
        const sim_order *taker = fixture_place(fx, buy);
        if (cases[i].stp == SIM_STP_DECREMENT) {
            assert_int_equal(taker->status, SIM_STATUS_FILLED);
            assert_true(taker->prevented_e8 == E8(2));
        } else {
            assert_int_equal(taker->status, cases[i].taker);
        }
        assert_int_equal(maker->status, cases[i].maker);
        assert_true(taker->executed_e8 == E8(cases[i].taker_executed));
        assert_true(maker->prevented_e8 == E8(cases[i].maker_prevented));
        audit(fx);
        audit_trades(fx->sim);
        fixture_free(fx);
    }
}

static void trade_at(fixture *fx, int64_t price)
{
    (void)fixture_place(fx, fixture_limit(2, CB_SIDE_SELL, price, 1));
    (void)fixture_place(fx, fixture_limit(3, CB_SIDE_BUY, price, 1));
}

static void engine_triggers_stops_when_the_last_price_reaches_them(void **state)
{
    (void)state;
    static const struct {
        cb_order_type type;
        cb_side side;
        int64_t stop;
        int64_t price;
        int64_t waits_at; /* last price that does not trigger */
        int64_t fires_at;
    } cases[] = {
        {CB_ORDER_TYPE_STOP_LOSS_LIMIT, CB_SIDE_SELL, 95, 90, 96, 95},
        {CB_ORDER_TYPE_STOP_LOSS_LIMIT, CB_SIDE_BUY, 105, 110, 104, 105},
        {CB_ORDER_TYPE_TAKE_PROFIT_LIMIT, CB_SIDE_SELL, 105, 105, 104, 106},
        {CB_ORDER_TYPE_TAKE_PROFIT_LIMIT, CB_SIDE_BUY, 95, 95, 96, 94},
        {CB_ORDER_TYPE_STOP_LOSS, CB_SIDE_SELL, 95, 0, 96, 94},
        {CB_ORDER_TYPE_TAKE_PROFIT, CB_SIDE_BUY, 95, 0, 96, 95},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture *fx = fixture_make(fees, 4);
        trade_at(fx, 100);
        sim_new_order stop = fixture_limit(0, cases[i].side, cases[i].price, 1);
        stop.type = cases[i].type;
        stop.stop_price_e8 = E8(cases[i].stop);
        const sim_order *order = fixture_place(fx, stop);
        assert_true(order->is_waiting);
        assert_true(order->working_ns == 0);
        trade_at(fx, cases[i].waits_at);
        assert_true(order->is_waiting);
        trade_at(fx, cases[i].fires_at);
        assert_false(order->is_waiting);
        assert_true(order->working_ns != 0);
        /* Limit forms rest now; market forms found an empty book and ended. */
        assert_int_equal(order->is_on_book, !sim_type_is_market(cases[i].type));
        audit(fx);
        fixture_free(fx);
    }
}

static void engine_refuses_a_stop_that_would_trigger_at_once(void **state)
{
    (void)state;
    fixture *fx = fixture_make((sim_config){0}, 4);
    trade_at(fx, 100);
    sim_new_order stop = fixture_limit(0, CB_SIDE_SELL, 90, 1);
    stop.type = CB_ORDER_TYPE_STOP_LOSS_LIMIT;
    stop.stop_price_e8 = E8(100);
    fixture_expect_refusal(fx, stop, -2010, "Order would trigger immediately.");
    stop.stop_price_e8 = E8(100) - 1000000;
    assert_true(fixture_place(fx, stop)->is_waiting);
    fixture_free(fx);
}

static void engine_runs_a_cascade_of_stops_to_its_end(void **state)
{
    (void)state;
    fixture *fx = fixture_make((sim_config){0}, 6);
    trade_at(fx, 100);
    for (int64_t i = 0; i < 3; i++) {
        (void)fixture_place(fx, fixture_limit(4, CB_SIDE_BUY, 98 - i, 1));
        sim_new_order stop = fixture_limit((uint32_t)i, CB_SIDE_SELL, 50, 1);
        stop.type = CB_ORDER_TYPE_STOP_LOSS_LIMIT;
        stop.stop_price_e8 = E8(99 - i);
        (void)fixture_place(fx, stop);
    }
    trade_at(fx, 99); /* meets the first stop, whose sale at 98 meets the next … */
    assert_true(fx->sim->symbols[0].last_price_e8 == E8(96));
    assert_int_equal(fx->sim->symbols[0].stop_first, SIM_NONE);
    audit(fx);
    fixture_free(fx);
}

static void engine_takes_the_fee_in_a_third_asset_while_it_lasts(void **state)
{
    (void)state;
    sim_config config = fees;
    memcpy(config.fee_asset, "BNB", 4);
    config.fee_asset_price_e8 = E8(300);
    config.fee_asset_factor_e8 = 75000000;
    fixture *fx = fixture_make(config, 2);
    const uint32_t bnb = sim_asset(fx->sim, "BNB");
    assert_true(sim_transfer(fx->sim, 1, bnb, 50000)); /* 0.0005 BNB */
    (void)fixture_place(fx, fixture_limit(0, CB_SIDE_SELL, 100, 4));
    /* 100 USDT · 0.1 % · 0.75 / 300 = 0.00025 BNB: two fit, the third pays in BTC. */
    for (int i = 0; i < 3; i++) {
        (void)fixture_place(fx, fixture_limit(1, CB_SIDE_BUY, 100, 1));
    }
    assert_true(fixture_free_e8(fx, 1, "BNB") == 0);
    assert_true(fixture_free_e8(fx, 1, "BTC") == E8(103) - CB_E8 / 1000);
    assert_true(fx->sim->fees_e8[bnb] == 50000);
    audit(fx);
    fixture_free(fx);
}

static void engine_amends_down_without_losing_the_place(void **state)
{
    (void)state;
    fixture *fx = fixture_make((sim_config){0}, 3);
    const sim_order *first = fixture_place(fx, fixture_limit(0, CB_SIDE_SELL, 100, 3));
    const sim_order *second = fixture_place(fx, fixture_limit(1, CB_SIDE_SELL, 100, 3));
    sim_refusal refusal = {0};
    assert_false(sim_amend(fx->sim, 0, E8(3), &refusal));
    assert_true(sim_amend(fx->sim, 0, E8(1), &refusal));
    assert_true(fixture_locked_e8(fx, 0, "BTC") == E8(1));
    (void)fixture_place(fx, fixture_limit(2, CB_SIDE_BUY, 100, 2));
    assert_int_equal(first->status, SIM_STATUS_FILLED);
    assert_true(second->executed_e8 == E8(1));
    audit(fx);
    fixture_free(fx);
}

static void engine_tells_new_then_trades_then_balances(void **state)
{
    (void)state;
    fixture *fx = fixture_make(fees, 2);
    (void)fixture_place(fx, fixture_limit(0, CB_SIDE_SELL, 100, 1));
    fx->events_count = 0;
    (void)fixture_place(fx, fixture_limit(1, CB_SIDE_BUY, 100, 1));
    static const sim_event_type types[] = {
        SIM_EVENT_EXECUTION, /* taker NEW */
        SIM_EVENT_PRINT,
        SIM_EVENT_EXECUTION, /* maker TRADE */
        SIM_EVENT_EXECUTION, /* taker TRADE */
        SIM_EVENT_AGGREGATE,
        SIM_EVENT_ACCOUNT,
        SIM_EVENT_ACCOUNT,
    };
    assert_int_equal(fx->events_count, sizeof(types) / sizeof(types[0]));
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        assert_int_equal(fx->events[i].type, types[i]);
    }
    assert_int_equal(fx->events[0].execution, SIM_EXECUTION_NEW);
    assert_int_equal(fx->events[2].status, SIM_STATUS_FILLED);
    assert_true(fx->events[2].is_maker);
    assert_false(fx->events[3].is_maker);
    fixture_free(fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(engine_rests_a_limit_order_and_locks_its_money),
        cmocka_unit_test(engine_fills_at_the_makers_price_and_takes_fees_in_the_received_asset),
        cmocka_unit_test(engine_keeps_price_then_time_priority),
        cmocka_unit_test(engine_ends_the_rest_of_market_and_ioc_orders),
        cmocka_unit_test(engine_fills_fok_whole_or_not_at_all),
        cmocka_unit_test(engine_spends_a_quote_sized_market_order_in_whole_lots),
        cmocka_unit_test(engine_refuses_a_limit_maker_that_would_take),
        cmocka_unit_test(engine_refuses_what_the_account_cannot_pay),
        cmocka_unit_test(engine_refuses_by_each_filter_just_outside_its_bound),
        cmocka_unit_test(engine_bounds_the_number_of_open_orders),
        cmocka_unit_test(engine_wants_client_ids_unique_among_open_orders_only),
        cmocka_unit_test(engine_prevents_self_trades_by_the_takers_mode),
        cmocka_unit_test(engine_triggers_stops_when_the_last_price_reaches_them),
        cmocka_unit_test(engine_refuses_a_stop_that_would_trigger_at_once),
        cmocka_unit_test(engine_runs_a_cascade_of_stops_to_its_end),
        cmocka_unit_test(engine_takes_the_fee_in_a_third_asset_while_it_lasts),
        cmocka_unit_test(engine_amends_down_without_losing_the_place),
        cmocka_unit_test(engine_tells_new_then_trades_then_balances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
