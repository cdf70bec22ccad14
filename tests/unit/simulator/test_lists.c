/* Order lists and trailing stops at the engine and over the API: one of two is filled, never both;
 * a pair that sells ties up its base asset once; the auditor's sums hold at every step. */
#include "services/simulator/core/lists.h"
#include "tests/unit/simulator/api_fixture.h"

/* Lets one BTC trade at a price between accounts 2 and 3. */
static void trade_at(fixture *fx, int64_t price)
{
    (void)fixture_place(fx, fixture_limit(2, CB_SIDE_SELL, price, 1));
    (void)fixture_place(fx, fixture_limit(3, CB_SIDE_BUY, price, 1));
}

static sim_new_list oco(int64_t limit, int64_t stop, int64_t qty)
{
    sim_new_list list = {.orders_count = 2};
    list.orders[0] = fixture_limit(0, CB_SIDE_SELL, limit, qty);
    list.orders[0].type = CB_ORDER_TYPE_LIMIT_MAKER;
    list.orders[1] = fixture_limit(0, CB_SIDE_SELL, 0, qty);
    list.orders[1].type = CB_ORDER_TYPE_STOP_LOSS;
    list.orders[1].stop_price_e8 = E8(stop);
    return list;
}

static const sim_order *leg(const fixture *fx, uint32_t list, uint32_t which)
{
    return &fx->sim->orders[fx->sim->lists[list].orders[which]];
}

static uint32_t place(fixture *fx, const sim_new_list *request)
{
    uint32_t list = SIM_NONE;
    sim_refusal refusal = {0};
    if (!sim_place_list(fx->sim, request, &list, &refusal)) {
        print_error("refused: %d %s\n", refusal.code, refusal.text);
        fail();
    }
    audit(fx);
    return list;
}

static fixture *market(void)
{
    fixture *fx = fixture_make((sim_config){0}, 4);
    trade_at(fx, 100);
    return fx;
}

static void a_pair_ties_up_its_base_once(void **unused)
{
    (void)unused;
    fixture *fx = market();
    const sim_new_list request = oco(110, 90, 60); /* of 100: twice 60 would not fit */
    const uint32_t list = place(fx, &request);
    assert_int_equal(fixture_locked_e8(fx, 0, "BTC"), E8(60));
    assert_true(fx->sim->lists[list].is_open);
    assert_int_equal(leg(fx, list, 0)->status, SIM_STATUS_NEW);
    assert_int_equal(leg(fx, list, 1)->status, SIM_STATUS_NEW);
    fixture_free(fx);
}

static void a_filled_limit_ends_the_stop(void **unused)
{
    (void)unused;
    fixture *fx = market();
    const sim_new_list request = oco(110, 90, 2);
    const uint32_t list = place(fx, &request);
    (void)fixture_place(fx, fixture_limit(3, CB_SIDE_BUY, 110, 1));
    assert_int_equal(leg(fx, list, 0)->status, SIM_STATUS_PARTIALLY_FILLED);
    assert_int_equal(leg(fx, list, 1)->status, SIM_STATUS_EXPIRED);
    assert_true(fx->sim->lists[list].is_open);
    (void)fixture_place(fx, fixture_limit(3, CB_SIDE_BUY, 110, 1));
    assert_int_equal(leg(fx, list, 0)->status, SIM_STATUS_FILLED);
    assert_false(fx->sim->lists[list].is_open);
    assert_int_equal(fx->sim->lists_open_count, 0);
    audit(fx);
    fixture_free(fx);
}

static void a_triggered_stop_ends_the_limit_and_sells(void **unused)
{
    (void)unused;
    fixture *fx = market();
    const sim_new_list request = oco(110, 90, 2);
    const uint32_t list = place(fx, &request);
    (void)fixture_place(fx, fixture_limit(3, CB_SIDE_BUY, 89, 5));
    trade_at(fx, 90);
    assert_int_equal(leg(fx, list, 0)->status, SIM_STATUS_EXPIRED);
    assert_int_equal(leg(fx, list, 0)->executed_e8, 0);
    assert_int_equal(leg(fx, list, 1)->status, SIM_STATUS_FILLED);
    assert_int_equal(leg(fx, list, 1)->executed_e8, E8(2));
    assert_false(fx->sim->lists[list].is_open);
    audit(fx);
    fixture_free(fx);
}

static void one_cancel_takes_both(void **unused)
{
    (void)unused;
    fixture *fx = market();
    const sim_new_list request = oco(110, 90, 2);
    const uint32_t list = place(fx, &request);
    char id[SIM_CLIENT_ID_SIZE];
    sim_refusal refusal = {0};
    assert_true(sim_cancel(fx->sim, fx->sim->lists[list].orders[1], "", id, &refusal));
    assert_int_equal(leg(fx, list, 0)->status, SIM_STATUS_CANCELED);
    assert_int_equal(leg(fx, list, 1)->status, SIM_STATUS_CANCELED);
    assert_int_equal(fixture_locked_e8(fx, 0, "BTC"), 0);
    assert_false(sim_cancel_list(fx->sim, list, "x", &refusal));
    assert_int_equal(refusal.code, -2011);
    audit(fx);
    fixture_free(fx);
}

static void prices_on_the_wrong_side_are_refused_whole(void **unused)
{
    (void)unused;
    fixture *fx = market();
    const uint64_t hash = sim_state_hash(fx->sim);
    uint32_t list = SIM_NONE;
    sim_refusal refusal = {0};
    const sim_new_list low = oco(99, 90, 2);
    assert_false(sim_place_list(fx->sim, &low, &list, &refusal));
    assert_string_equal(
        refusal.text, "The relationship of the prices for the orders is not correct.");
    const sim_new_list poor = oco(110, 90, 101);
    assert_false(sim_place_list(fx->sim, &poor, &list, &refusal));
    assert_string_equal(refusal.text, "Account has insufficient balance for requested action.");
    assert_true(hash == sim_state_hash(fx->sim));
    assert_int_equal(fx->sim->lists_count, 0);
    fixture_free(fx);
}

static void what_waits_for_the_working_order_begins_when_it_is_filled(void **unused)
{
    (void)unused;
    fixture *fx = market();
    sim_new_list request = oco(110, 90, 2);
    request.orders_count = 3;
    request.has_working = true;
    request.orders[2] = request.orders[1];
    request.orders[1] = request.orders[0];
    request.orders[0] = fixture_limit(0, CB_SIDE_BUY, 95, 2);
    const uint32_t list = place(fx, &request);
    assert_int_equal(leg(fx, list, 0)->status, SIM_STATUS_NEW);
    assert_int_equal(leg(fx, list, 1)->status, SIM_STATUS_PENDING_NEW);
    assert_int_equal(fixture_locked_e8(fx, 0, "BTC"), 0);
    (void)fixture_place(fx, fixture_limit(2, CB_SIDE_SELL, 95, 1));
    assert_int_equal(leg(fx, list, 1)->status, SIM_STATUS_PENDING_NEW);
    (void)fixture_place(fx, fixture_limit(2, CB_SIDE_SELL, 95, 1));
    assert_int_equal(leg(fx, list, 0)->status, SIM_STATUS_FILLED);
    assert_int_equal(leg(fx, list, 1)->status, SIM_STATUS_NEW);
    assert_int_equal(leg(fx, list, 2)->status, SIM_STATUS_NEW);
    assert_int_equal(fixture_locked_e8(fx, 0, "BTC"), E8(2));
    audit(fx);
    fixture_free(fx);
}

static void pending_orders_end_with_their_working_order(void **unused)
{
    (void)unused;
    fixture *fx = market();
    sim_new_list request = {.orders_count = 2, .has_working = true};
    request.orders[0] = fixture_limit(0, CB_SIDE_BUY, 95, 2);
    request.orders[1] = fixture_limit(0, CB_SIDE_SELL, 120, 2);
    const uint32_t list = place(fx, &request);
    char id[SIM_CLIENT_ID_SIZE];
    sim_refusal refusal = {0};
    assert_true(sim_cancel(fx->sim, fx->sim->lists[list].orders[0], "", id, &refusal));
    assert_int_equal(leg(fx, list, 0)->status, SIM_STATUS_CANCELED);
    assert_int_equal(leg(fx, list, 1)->status, SIM_STATUS_CANCELED);
    assert_false(fx->sim->lists[list].is_open);
    audit(fx);
    fixture_free(fx);
}

static void a_trailing_stop_follows_the_last_price_up_only(void **unused)
{
    (void)unused;
    fixture *fx = market();
    sim_new_order stop = fixture_limit(0, CB_SIDE_SELL, 0, 1);
    stop.type = CB_ORDER_TYPE_STOP_LOSS;
    stop.trailing_bips = 1000; /* 10 % */
    const sim_order *order = fixture_place(fx, stop);
    (void)fixture_place(fx, fixture_limit(3, CB_SIDE_BUY, 80, 5));
    trade_at(fx, 120);
    trade_at(fx, 109); /* above 108 */
    assert_true(order->is_waiting);
    trade_at(fx, 108);
    assert_int_equal(order->status, SIM_STATUS_FILLED);
    stop.trailing_bips = 9;
    fixture_expect_refusal(fx, stop, -1013, "Filter failure: TRAILING_DELTA");
    stop.trailing_bips = 2001;
    fixture_expect_refusal(fx, stop, -1013, "Filter failure: TRAILING_DELTA");
    audit(fx);
    fixture_free(fx);
}

/* ---- over the API ---- */

static void the_api_speaks_of_lists_as_binance_does(void **unused)
{
    (void)unused;
    door *d = door_make((sim_config){0});
    sim_new_order maker = fixture_limit(1, CB_SIDE_SELL, 100, 1);
    (void)fixture_place(d->fx, maker);
    maker = fixture_limit(0, CB_SIDE_BUY, 100, 1);
    (void)fixture_place(d->fx, maker);
    const char *params =
        "symbol=BTCUSDT&side=SELL&quantity=1&aboveType=LIMIT_MAKER&abovePrice=110"
        "&aboveClientOrderId=target&belowType=STOP_LOSS_LIMIT&belowStopPrice=90&belowPrice=89"
        "&belowTimeInForce=GTC&belowClientOrderId=stop&newOrderRespType=FULL";
    assert_int_equal(door_signed(d, "POST", "/api/v3/orderList/oco", params, true), 200);
    assert_string_equal(text_of(d->json, "contingencyType"), "OCO");
    assert_string_equal(text_of(d->json, "listStatusType"), "EXEC_STARTED");
    assert_int_equal(json_array_size(json_object_get(d->json, "orderReports")), 2);
    const json_t *first = json_array_get(json_object_get(d->json, "orderReports"), 0);
    assert_int_equal(number_of(first, "orderListId"), 1);
    assert_int_equal(door_signed(d, "GET", "/api/v3/orderList", "orderListId=1", false), 200);
    assert_string_equal(text_of(d->json, "listOrderStatus"), "EXECUTING");
    assert_int_equal(door_signed(d, "GET", "/api/v3/openOrderList", "", false), 200);
    assert_int_equal(json_array_size(d->json), 1);
    assert_int_equal(
        door_signed(d, "DELETE", "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=stop", false),
        200);
    assert_string_equal(text_of(d->json, "listStatusType"), "ALL_DONE");
    assert_int_equal(json_array_size(json_object_get(d->json, "orderReports")), 2);
    assert_int_equal(
        door_signed(d, "DELETE", "/api/v3/orderList", "symbol=BTCUSDT&orderListId=1", false), 400);
    assert_int_equal(number_of(d->json, "code"), -2011);
    assert_int_equal(door_signed(d, "GET", "/api/v3/orderList", "orderListId=9", false), 400);
    assert_int_equal(number_of(d->json, "code"), -2018);
    door_free(d);
}

static void canceling_all_takes_lists_whole(void **unused)
{
    (void)unused;
    door *d = door_make((sim_config){0});
    (void)fixture_place(d->fx, fixture_limit(1, CB_SIDE_SELL, 100, 1));
    (void)fixture_place(d->fx, fixture_limit(0, CB_SIDE_BUY, 100, 1));
    for (int i = 0; i < 2; i++) {
        const sim_new_list request = oco(110, 90, 1);
        (void)place(d->fx, &request);
        (void)fixture_place(d->fx, fixture_limit(0, CB_SIDE_BUY, 50, 1));
    }
    assert_int_equal(door_signed(d, "DELETE", "/api/v3/openOrders", "symbol=BTCUSDT", false), 200);
    assert_int_equal(json_array_size(d->json), 4);
    assert_int_equal(d->sim->accounts[0].open_count, 0);
    assert_int_equal(d->sim->lists_open_count, 0);
    door_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_ties_up_its_base_once),
        cmocka_unit_test(a_filled_limit_ends_the_stop),
        cmocka_unit_test(a_triggered_stop_ends_the_limit_and_sells),
        cmocka_unit_test(one_cancel_takes_both),
        cmocka_unit_test(prices_on_the_wrong_side_are_refused_whole),
        cmocka_unit_test(what_waits_for_the_working_order_begins_when_it_is_filled),
        cmocka_unit_test(pending_orders_end_with_their_working_order),
        cmocka_unit_test(a_trailing_stop_follows_the_last_price_up_only),
        cmocka_unit_test(the_api_speaks_of_lists_as_binance_does),
        cmocka_unit_test(canceling_all_takes_lists_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
