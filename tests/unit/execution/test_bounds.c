/* The worst steps that the bounds allow: they must fit into the outbox, which traps otherwise. */
#include <stdio.h>

#include "tests/unit/execution/rig.h"

static rig bench;

static int setup(void **context)
{
    (void)context;
    rig_live(&bench);
    return 0;
}

static int teardown(void **context)
{
    (void)context;
    rig_stop(&bench);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void larger_bench(uint64_t orders_max)
{
    rig_stop(&bench);
    exec_config config = rig_config();
    config.orders_max = orders_max;
    rig_start(&bench, &config);
    rig_lease(&bench, 1);
    rig_feed(&bench, CB_EVENT_RECOVERED, NULL, 0);
    rig_market(&bench);
    rig_stream(&bench, true);
    rig_reconcile(&bench, 1000000 * CB_E8, 0);
    assert_true(rig_view(&bench).is_live);
}

static cb_venue_order foreign(uint32_t number)
{
    cb_venue_order view = {.side = CB_SIDE_SELL,
        .order_type = CB_ORDER_TYPE_MARKET,
        .state = CB_ORDER_STATE_FILLED,
        .qty = {CB_E8},
        .cum_qty = {CB_E8}};
    memcpy(view.symbol, "BTCUSDT", 8);
    (void)snprintf(view.venue_order_id, sizeof(view.venue_order_id), "%u", 5000 + number);
    (void)snprintf(view.client_order_id, sizeof(view.client_order_id), "web_%u", number);
    return view;
}

static void full_park_of_foreign_fills_is_drained_in_one_step(void **context)
{
    (void)context;
    larger_bench(1024);
    const cb_order order = rig_sending(&bench);
    uint32_t parked = 0;
    for (uint32_t i = 0; i < 200; i++) {
        const cb_venue_order view = foreign(i);
        const cb_venue_trade trade = rig_trade(&bench, &view, 100 + i, CB_E8);
        rig_report(&bench, &view, &trade);
        parked = rig_fills(&bench) == 0 ? parked + 1 : parked;
    }
    assert_true(parked > 100); /* drained when full, and parked again */
    const cb_venue_order view = rig_venue_view(&order, "9", CB_ORDER_STATE_FILLED, CB_E8);
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &view);
    assert_int_equal(rig_view(&bench).fills_count, 200);
}

static void hundreds_of_ready_orders_expire_over_several_steps(void **context)
{
    (void)context;
    larger_bench(1024);
    rig_stream(&bench, false);
    for (uint32_t i = 0; i < 500; i++) {
        const cb_permit permit = rig_permit(&bench);
        rig_give(&bench, &permit);
    }
    assert_int_equal(rig_view(&bench).active_count, 500);
    rig_advance(&bench, 60 * CB_NS_PER_S);
    uint32_t steps = 0;
    while (rig_view(&bench).active_count > 0) {
        assert_true(++steps < 100);
        rig_advance(&bench, 1);
    }
    assert_true(steps > 5);
}

static void kill_with_hundreds_of_open_orders_cancels_them_in_shares(void **context)
{
    (void)context;
    larger_bench(1024);
    static cb_order orders[300];
    for (uint32_t i = 0; i < 300; i++) {
        rig_advance(&bench, 200 * CB_NS_PER_MS);
        rig_market(&bench);
        cb_permit permit = rig_permit(&bench);
        permit.order_type = CB_ORDER_TYPE_LIMIT;
        permit.tif = CB_TIF_GTC;
        permit.limit_price.e8 = 100 * CB_E8;
        orders[i] = rig_sending_as(&bench, &permit);
        char id[24];
        (void)snprintf(id, sizeof(id), "%u", 100 + i);
        const cb_venue_order view = rig_venue_view(&orders[i], id, CB_ORDER_STATE_OPEN, 0);
        rig_placed(&bench, &orders[i], CB_ANSWER_ACCEPTED, &view);
    }
    rig_kill(&bench, "symbol:BTCUSDT", 2, 1, bench.now_ns);
    assert_int_equal(rig_count(&bench, CB_ACTION_REQUEST, EXEC_REQUEST_CANCEL), 16);
    for (uint32_t i = 0; i < 300; i++) {
        char id[24];
        (void)snprintf(id, sizeof(id), "%u", 100 + i);
        const cb_venue_order view = rig_venue_view(&orders[i], id, CB_ORDER_STATE_CANCELED, 0);
        rig_answered(&bench, EXEC_EVENT_CANCELED, &orders[i], CB_ANSWER_ACCEPTED, &view);
        assert_true(rig_count(&bench, CB_ACTION_REQUEST, EXEC_REQUEST_CANCEL) <= 16);
    }
    assert_int_equal(rig_view(&bench).active_count, 0);
}

static void full_pages_of_foreign_trades_fit(void **context)
{
    (void)context;
    larger_bench(1024);
    rig_stream(&bench, true);
    rig_answer_time(&bench, rig_read(&bench, EXEC_REQUEST_READ_TIME).tag);
    rig_answer_account(&bench, rig_read(&bench, EXEC_REQUEST_READ_ACCOUNT).tag, CB_E8, 0);
    exec_read read = rig_read(&bench, EXEC_REQUEST_READ_OPEN);
    static cb_venue_order orders[EXEC_PAGE_MAX];
    for (uint32_t i = 0; i < EXEC_PAGE_MAX; i++) {
        orders[i] = foreign(1000 + i);
        orders[i].state = CB_ORDER_STATE_OPEN;
        orders[i].cum_qty.e8 = 0;
    }
    rig_answer_orders(&bench, &read, orders, EXEC_PAGE_MAX);
    read = rig_read(&bench, EXEC_REQUEST_READ_TRADES);
    static cb_venue_trade trades[EXEC_PAGE_MAX];
    for (uint32_t i = 0; i < EXEC_PAGE_MAX; i++) {
        const cb_venue_order view = foreign(i);
        trades[i] = rig_trade(&bench, &view, 100 + i, CB_E8);
    }
    rig_answer_trades(&bench, &read, trades, EXEC_PAGE_MAX);
    assert_int_equal(rig_view(&bench).active_count, 2 * EXEC_PAGE_MAX);
    /* Questions about them go out in shares too. */
    assert_int_equal(rig_count(&bench, CB_ACTION_REQUEST, EXEC_REQUEST_READ_ORDER), 8);
}

/* When every place is taken by a living order, a permit is refused and nothing is lost. */
static void full_table_refuses_permits_and_keeps_its_orders(void **context)
{
    (void)context;
    larger_bench(16);
    rig_stream(&bench, false);
    for (uint32_t i = 0; i < 16; i++) {
        const cb_permit permit = rig_permit(&bench);
        rig_give(&bench, &permit);
        assert_non_null(rig_last_order(&bench));
    }
    const cb_permit permit = rig_permit(&bench);
    rig_give(&bench, &permit);
    assert_null(rig_last_order(&bench));
    assert_int_equal(rig_count(&bench, CB_ACTION_STORE, EXEC_TABLE_REFUSALS), 1);
    assert_int_equal(rig_view(&bench).active_count, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(full_park_of_foreign_fills_is_drained_in_one_step),
        TEST(hundreds_of_ready_orders_expire_over_several_steps),
        TEST(kill_with_hundreds_of_open_orders_cancels_them_in_shares),
        TEST(full_pages_of_foreign_trades_fit),
        TEST(full_table_refuses_permits_and_keeps_its_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
