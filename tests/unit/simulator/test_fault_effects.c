/* What faults do to texts and to the exchange itself. */
#include "tests/unit/simulator/fault_fixture.h"

static const sim_config fees = {.fee_maker_e8 = 100000, .fee_taker_e8 = 100000};

/* ---- texts (F13, F9) ---- */

static uint32_t mutation_named(const char *name)
{
    for (uint32_t i = 0;; i++) {
        const cb_strview word = sim_param_word(SIM_PARAM_MUTATION, i);
        assert_true(word.size > 0);
        if (cb_sv_is(word, name)) {
            return i;
        }
    }
}

static void each_mutation_makes_what_its_name_says(void **state)
{
    (void)state;
    static const char text[] = "{\"id\":5,\"p\":\"1.50\",\"T\":1700000000000}";
    static const struct {
        const char *how;
        const char *field;
        const char *wanted;
    } cases[] = {
        {"zero", "p", "{\"id\":5,\"p\":\"0\",\"T\":1700000000000}"},
        {"negative", "p", "{\"id\":5,\"p\":\"-1.50\",\"T\":1700000000000}"},
        {"minus_zero", "p", "{\"id\":5,\"p\":\"-0.00000000\",\"T\":1700000000000}"},
        {"nan", "id", "{\"id\":NaN,\"p\":\"1.50\",\"T\":1700000000000}"},
        {"infinity", "id", "{\"id\":Infinity,\"p\":\"1.50\",\"T\":1700000000000}"},
        {"exponent", "p", "{\"id\":5,\"p\":\"1e999\",\"T\":1700000000000}"},
        {"hex", "p", "{\"id\":5,\"p\":\"0x10\",\"T\":1700000000000}"},
        {"comma", "p", "{\"id\":5,\"p\":\"1,50\",\"T\":1700000000000}"},
        {"fullwidth", "id", "{\"id\":\xef\xbc\x95,\"p\":\"1.50\",\"T\":1700000000000}"},
        {"places", "p", "{\"id\":5,\"p\":\"1.5000000000001\",\"T\":1700000000000}"},
        {"ten_times", "p", "{\"id\":5,\"p\":\"15.00\",\"T\":1700000000000}"},
        {"ten_times", "id", "{\"id\":50,\"p\":\"1.50\",\"T\":1700000000000}"},
        {"id_huge", "id", "{\"id\":9007199254740993,\"p\":\"1.50\",\"T\":1700000000000}"},
        {"time_zero", "T", "{\"id\":5,\"p\":\"1.50\",\"T\":0}"},
        {"time_negative", "T", "{\"id\":5,\"p\":\"1.50\",\"T\":-1700000000000}"},
        {"time_micro", "T", "{\"id\":5,\"p\":\"1.50\",\"T\":1700000000000000}"},
        {"time_2106", "T", "{\"id\":5,\"p\":\"1.50\",\"T\":4294967296000}"},
        {"other", "p", "{\"id\":5,\"p\":\"1.51\",\"T\":1700000000000}"},
        {"null", "p", "{\"id\":5,\"p\":null,\"T\":1700000000000}"},
        {"text", "id", "{\"id\":\"a word\",\"p\":\"1.50\",\"T\":1700000000000}"},
        {"missing", "p", "{\"id\":5,\"x_p\":\"1.50\",\"T\":1700000000000}"},
        {"twice", "p", "{\"id\":5,\"p\":\"1.50\",\"p\":\"1.50\",\"T\":1700000000000}"},
        {"extra",
            "id",
            "{\"x_unheard_of\":{\"a\":[1,{}]},\"id\":5,\"p\":\"1.50\",\"T\":1700000000000}"},
        {"no_body", "", ""},
        {"zero", "absent", text},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char out[512];
        sim_mutation mutation = {.is_set = true, .how = mutation_named(cases[i].how), .roll = 1};
        strncpy(mutation.field, cases[i].field, sizeof(mutation.field) - 1);
        const size_t size = sim_mutate(&mutation, CB_SV(text), out, sizeof(out));
        assert_string_equal(out, cases[i].wanted);
        assert_int_equal(size, strlen(cases[i].wanted));
    }
}

static void mutations_never_leave_their_buffer(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":\"1.5\",\"b\":[{\"c\":7,\"d\":\"\\\"x\"}],\"e\":-1,\"f\":tr";
    for (uint32_t how = 0; sim_param_word(SIM_PARAM_MUTATION, how).size > 0; how++) {
        for (size_t cut = 0; cut < sizeof(text); cut++) {
            for (size_t room = 1; room < 80; room += 13) {
                char *in = malloc(cut + 1); /* exactly sized: a sanitizer sees each step beyond */
                char *out = malloc(room);
                memcpy(in, text, cut);
                in[cut] = '\0';
                const sim_mutation mutation = {.is_set = true, .how = how, .roll = cut * 7 + room};
                const size_t size = sim_mutate(&mutation, (cb_strview){in, cut}, out, room);
                assert_true(size < room && out[size] == '\0');
                free(in);
                free(out);
            }
        }
    }
}

static void sequences_move_times_are_stamped_and_digits_change(void **state)
{
    (void)state;
    char out[512];
    (void)sim_move_ids(
        CB_SV("{\"e\":\"depthUpdate\",\"E\":9,\"U\":100,\"u\":105,\"b\":[]}"), -50, out, 512);
    assert_string_equal(out, "{\"e\":\"depthUpdate\",\"E\":9,\"U\":50,\"u\":55,\"b\":[]}");
    (void)sim_move_ids(CB_SV("{\"e\":\"kline\",\"k\":{\"t\":100}}"), -50, out, 512);
    assert_string_equal(out, "{\"e\":\"kline\",\"k\":{\"t\":100}}");
    (void)sim_restamp(CB_SV("{\"e\":\"trade\",\"E\":9,\"t\":1}"), MS(77), out, 512);
    assert_string_equal(out, "{\"e\":\"trade\",\"E\":77,\"t\":1}");
    (void)sim_corrupt(CB_SV("{\"b\":[[\"1.0\",\"2.0\"]],\"a\":[]}"), 3, out, 512);
    assert_string_equal(out, "{\"b\":[[\"1.0\",\"3.0\"]],\"a\":[]}");
}

static void bodies_are_json_html_or_empty(void **state)
{
    (void)state;
    char out[1024];
    sim_reply_form form = {.is_set = true, .status = 503, .code = -1007};
    (void)sim_reply_body(&form, out, sizeof(out));
    assert_ptr_equal(strstr(out, "{\"code\":-1007,\"msg\":\"Timeout"), out);
    form.body = 1;
    (void)sim_reply_body(&form, out, sizeof(out));
    assert_ptr_equal(strstr(out, "<html>"), out);
    form.body = 2;
    assert_int_equal(sim_reply_body(&form, out, sizeof(out)), 0);
}

/* ---- the exchange itself ---- */

static void turn_all(rules *r, sim_core *sim, sim_deed *deed)
{
    sim_rule *rule = NULL;
    sim_turn_what what;
    while ((what = sim_faults_turn(r->faults, sim->now_ns, &rule)) != SIM_TURN_NONE) {
        if (what == SIM_TURN_ACT) {
            assert_true(sim_faults_act(rule, sim, deed));
        } else {
            sim_faults_shape(r->faults, sim);
        }
    }
}

static void a_venue_clock_that_is_off_moves_gate_and_stamps(void **state) /* F10 */
{
    (void)state;
    door *d = door_make(fees);
    rules r = rules_make(1);
    sim_deed deed;
    (void)add(&r, "{'kind':'clock_offset','ms':-1500,'for_ms':1000}");
    turn_all(&r, d->sim, &deed);
    assert_int_equal(door_rest(d, "GET", "/api/v3/time", "", "", ""), 200);
    assert_int_equal(number_of(d->json, "serverTime"), START_NS / 1000000 - 1500);
    assert_int_equal(door_signed(d, "GET", "/api/v3/account", "", false), 400);
    expect_error(
        d, 400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.");
    const sim_order *order = fixture_place(d->fx, fixture_limit(0, CB_SIDE_BUY, 100, 1));
    assert_int_equal(order->created_ns, START_NS - MS(1500));
    sim_set_now(d->sim, START_NS + MS(1000));
    turn_all(&r, d->sim, &deed);
    assert_int_equal(door_signed(d, "GET", "/api/v3/account", "", false), 200);
    rules_free(&r);
    door_free(d);
}

static void filters_status_names_and_delisting_come_and_go(void **state) /* F11 */
{
    (void)state;
    door *d = door_make(fees);
    rules r = rules_make(1);
    sim_deed deed;
    static const char info[] = "symbol=BTCUSDT";
    static const char order[] =
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=";
    char text[256];
    snprintf(text, sizeof(text), "%s100.05", order);
    (void)add(
        &r, "{'kind':'filters','symbol':'BTCUSDT','tick':'0.1','notional_min':'50','for_ms':10}");
    turn_all(&r, d->sim, &deed);
    assert_int_equal(door_signed(d, "POST", "/api/v3/order", text, true), 400);
    expect_error(d, 400, -1013, "Filter failure: PRICE_FILTER");
    assert_int_equal(door_rest(d, "GET", "/api/v3/exchangeInfo", info, "", ""), 200);
    assert_non_null(strstr(d->body, "\"tickSize\":\"0.10000000\""));
    sim_set_now(d->sim, d->sim->now_ns + MS(10));
    turn_all(&r, d->sim, &deed);
    assert_int_equal(door_signed(d, "POST", "/api/v3/order", text, true), 200);

    (void)add(&r, "{'kind':'symbol_status','symbol':'BTCUSDT','symbol_status':'HALT','for_ms':20}");
    turn_all(&r, d->sim, &deed);
    assert_int_equal(door_signed(d, "POST", "/api/v3/order", text, true), 400);
    expect_error(d, 400, -2010, "Market is closed.");
    sim_set_now(d->sim, d->sim->now_ns + MS(20));
    turn_all(&r, d->sim, &deed);

    (void)add(&r, "{'kind':'rename','symbol':'BTCUSDT','to':'XBTUSDT','for_ms':40}");
    turn_all(&r, d->sim, &deed);
    assert_int_equal(door_rest(d, "GET", "/api/v3/exchangeInfo", info, "", ""), 400);
    assert_int_equal(door_rest(d, "GET", "/api/v3/exchangeInfo", "symbol=XBTUSDT", "", ""), 200);
    sim_set_now(d->sim, d->sim->now_ns + MS(40));
    turn_all(&r, d->sim, &deed);

    assert_int_equal(d->sim->accounts[0].open_count, 1);
    (void)add(&r, "{'kind':'delist','symbol':'BTCUSDT','for_ms':90}");
    turn_all(&r, d->sim, &deed);
    assert_int_equal(d->sim->accounts[0].open_count, 0);
    assert_int_equal(d->sim->orders[0].status, SIM_STATUS_EXPIRED);
    assert_int_equal(door_rest(d, "GET", "/api/v3/exchangeInfo", info, "", ""), 400);
    sim_set_now(d->sim, d->sim->now_ns + MS(90));
    turn_all(&r, d->sim, &deed);
    assert_int_equal(door_signed(d, "POST", "/api/v3/order", text, true), 200);
    audit(d->fx);
    rules_free(&r);
    door_free(d);
}

/* A book for account 0 to trade with: account 1 on both sides. */
static void make_book(fixture *fx)
{
    (void)fixture_place(fx, fixture_limit(1, CB_SIDE_BUY, 99, 50));
    (void)fixture_place(fx, fixture_limit(1, CB_SIDE_SELL, 101, 50));
}

static void strangers_order_cancel_and_move_money(void **state) /* F12 */
{
    (void)state;
    fixture *fx = fixture_make(fees, 2);
    rules r = rules_make(1);
    sim_deed deed = {0};
    make_book(fx);
    memcpy(fx->sim->accounts[0].name, "main", 5);
    (void)add(&r, "{'kind':'external_order','symbol':'BTCUSDT','side':'buy','value':'202'}");
    turn_all(&r, fx->sim, &deed);
    assert_true(deed.is_done);
    assert_int_equal(fixture_free_e8(fx, 0, "BTC"), E8(102) - E8(2) / 1000);
    const sim_order *own = fixture_place(fx, fixture_limit(0, CB_SIDE_BUY, 90, 1));
    (void)add(&r, "{'kind':'external_cancel'}");
    turn_all(&r, fx->sim, &deed);
    assert_int_equal(own->status, SIM_STATUS_CANCELED);
    (void)add(&r, "{'kind':'deposit','asset':'USDT','amount':'5'}");
    const int64_t before_e8 = fixture_free_e8(fx, 0, "USDT");
    turn_all(&r, fx->sim, &deed);
    assert_int_equal(fixture_free_e8(fx, 0, "USDT"), before_e8 + E8(5));
    (void)add(&r, "{'kind':'withdraw','asset':'USDT','amount':'1000000'}");
    turn_all(&r, fx->sim, &deed);
    assert_int_equal(fixture_free_e8(fx, 0, "USDT"), 0);
    (void)add(&r, "{'kind':'liquidate','symbol':'BTCUSDT','percent':10}");
    turn_all(&r, fx->sim, &deed);
    assert_true(deed.is_done);
    assert_true(fixture_free_e8(fx, 0, "BTC") < E8(92));
    (void)add(&r, "{'kind':'withdraw','asset':'DOGE','amount':'1'}");
    turn_all(&r, fx->sim, &deed);
    assert_false(deed.is_done);
    audit(fx);
    rules_free(&r);
    fixture_free(fx);
}

static void busts_and_corrections_move_exactly_a_trades_money(void **state) /* F12 */
{
    (void)state;
    fixture *fx = fixture_make(fees, 2);
    rules r = rules_make(1);
    sim_deed deed = {0};
    make_book(fx);
    memcpy(fx->sim->accounts[0].name, "main", 5);
    const int64_t base_e8 = fixture_free_e8(fx, 0, "BTC");
    const int64_t quote_e8 = fixture_free_e8(fx, 0, "USDT");
    (void)fixture_place(fx, fixture_limit(0, CB_SIDE_BUY, 101, 2));
    (void)add(&r, "{'kind':'correct','percent':10}");
    turn_all(&r, fx->sim, &deed);
    assert_true(deed.is_done);
    assert_int_equal(fixture_free_e8(fx, 0, "USDT"), quote_e8 - E8(202) - E8(202) / 10);
    audit(fx);
    (void)add(&r, "{'kind':'bust'}");
    turn_all(&r, fx->sim, &deed);
    assert_true(deed.is_done);
    assert_int_equal(fixture_free_e8(fx, 0, "BTC"), base_e8);
    assert_int_equal(fixture_free_e8(fx, 0, "USDT"), quote_e8);
    audit(fx);
    (void)add(&r, "{'kind':'bust'}");
    turn_all(&r, fx->sim, &deed);
    assert_false(deed.is_done);
    rules_free(&r);
    fixture_free(fx);
}

static void the_other_hand_makes_each_self_trade_outcome(void **state) /* F16 */
{
    (void)state;
    static const struct {
        sim_stp mode;
        sim_status taker;
        sim_status maker;
    } cases[] = {
        {SIM_STP_EXPIRE_TAKER, SIM_STATUS_EXPIRED_IN_MATCH, SIM_STATUS_NEW},
        {SIM_STP_EXPIRE_MAKER, SIM_STATUS_FILLED, SIM_STATUS_EXPIRED_IN_MATCH},
        {SIM_STP_EXPIRE_BOTH, SIM_STATUS_EXPIRED_IN_MATCH, SIM_STATUS_EXPIRED_IN_MATCH},
        {SIM_STP_DECREMENT, SIM_STATUS_EXPIRED_IN_MATCH, SIM_STATUS_EXPIRED_IN_MATCH},
        {SIM_STP_NONE, SIM_STATUS_FILLED, SIM_STATUS_FILLED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture *fx = fixture_make(fees, 2);
        sim_deed deed = {0};
        make_book(fx);
        const sim_fate fate = {
            .has_self_trade = true, .self_trade_mode = cases[i].mode, .self_trade_percent = 100};
        assert_true(sim_faults_self_trade(&fate, fx->sim, 0, 0, CB_SIDE_BUY, E8(1), &deed));
        assert_true(deed.is_done);
        sim_new_order request = fixture_limit(0, CB_SIDE_BUY, 101, 1);
        request.stp = cases[i].mode;
        const sim_order *taker = fixture_place(fx, request);
        const sim_order *maker = taker - 1; /* the hand came just before */
        assert_int_equal(taker->status, cases[i].taker);
        assert_int_equal(maker->status, cases[i].maker);
        audit(fx);
        fixture_free(fx);
    }
}

static void client_ids_follow_the_venues_rule(void **state) /* F17 */
{
    (void)state;
    fixture *fx = fixture_make(fees, 1);
    rules r = rules_make(1);
    sim_deed deed;
    sim_new_order request = fixture_limit(0, CB_SIDE_BUY, 90, 1);
    memcpy(request.client_id, "same", 5);
    char cancel_id[SIM_CLIENT_ID_SIZE];
    sim_refusal refusal = {0};
    (void)fixture_place(fx, request);
    fixture_expect_refusal(fx, request, -2010, "Duplicate order sent.");
    assert_true(sim_cancel(fx->sim, 0, "", cancel_id, &refusal));
    (void)fixture_place(fx, request); /* open only: free again */
    assert_true(sim_cancel(fx->sim, 1, "", cancel_id, &refusal));
    (void)add(&r, "{'kind':'client_ids','unique':'ever','for_ms':10}");
    turn_all(&r, fx->sim, &deed);
    fixture_expect_refusal(fx, request, -2010, "Duplicate order sent.");
    sim_set_now(fx->sim, NOW + MS(10));
    turn_all(&r, fx->sim, &deed);
    (void)fixture_place(fx, request);
    (void)add(&r, "{'kind':'client_ids','unique':'none'}");
    turn_all(&r, fx->sim, &deed);
    (void)fixture_place(fx, request);
    audit(fx);
    rules_free(&r);
    fixture_free(fx);
}

static void a_lagging_query_does_not_find_what_the_engine_has(void **state) /* F6 */
{
    (void)state;
    door *d = door_make(fees);
    static const char query[] = "symbol=BTCUSDT&origClientOrderId=mine";
    sim_new_order request = fixture_limit(0, CB_SIDE_BUY, 100, 1);
    memcpy(request.client_id, "mine", 5);
    (void)fixture_place(d->fx, request);
    d->api->twist.lag_ns = MS(100);
    sim_set_now(d->sim, START_NS + MS(99));
    assert_int_equal(door_signed(d, "GET", "/api/v3/order", query, false), 400);
    expect_error(d, 400, -2013, "Order does not exist.");
    assert_int_equal(door_signed(d, "GET", "/api/v3/openOrders", "symbol=BTCUSDT", false), 200);
    assert_int_equal(json_array_size(d->json), 0);
    sim_set_now(d->sim, START_NS + MS(100));
    assert_int_equal(door_signed(d, "GET", "/api/v3/order", query, false), 200);
    assert_int_equal(door_signed(d, "GET", "/api/v3/openOrders", "symbol=BTCUSDT", false), 200);
    assert_int_equal(json_array_size(d->json), 1);
    door_free(d);
}

static void half_of_a_replacement_fails_as_409(void **state) /* F7 */
{
    (void)state;
    static const char replace[] =
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=90&"
        "cancelReplaceMode=ALLOW_FAILURE&cancelOrigClientOrderId=old";
    for (int half = 0; half < 2; half++) {
        door *d = door_make(fees);
        sim_new_order request = fixture_limit(0, CB_SIDE_BUY, 100, 1);
        memcpy(request.client_id, "old", 4);
        (void)fixture_place(d->fx, request);
        d->api->twist.fails_new = half == 0;
        d->api->twist.fails_cancel = half == 1;
        assert_int_equal(door_signed(d, "POST", "/api/v3/order/cancelReplace", replace, true), 409);
        assert_int_equal(number_of(d->json, "code"), -2021);
        assert_int_equal(d->sim->orders[0].is_open, half == 1);
        assert_int_equal(d->sim->orders_count, half == 0 ? 1 : 2);
        door_free(d);
    }
}

static void the_gates_clock_is_that_of_the_arrival(void **state) /* F5 */
{
    (void)state;
    door *d = door_make(fees);
    char text[256];
    snprintf(text, sizeof(text), "recvWindow=3000&timestamp=%lld", (long long)(START_NS / 1000000));
    char hex[65];
    door_sign(SECRET_A, text, hex);
    const size_t used = strlen(text);
    snprintf(text + used, sizeof(text) - used, "&signature=%s", hex);
    const sim_request request = {
        .method = "GET",
        .path = "/api/v3/account",
        .query = text,
        .body = "",
        .api_key = KEY_A,
        .client = "127.0.0.1",
    };
    sim_glance glance;
    sim_api_glance(d->api, &request, &glance);
    assert_int_equal(glance.window_end_ns, START_NS + MS(3000));
    sim_set_now(d->sim, START_NS + MS(3000)); /* its last instant */
    assert_true(sim_api_gate(d->api, &request));
    assert_int_equal(door_rest(d, "GET", request.path, text, "", KEY_A), 200);
    sim_set_now(d->sim, START_NS + MS(3001));
    assert_false(sim_api_gate(d->api, &request));
    assert_int_equal(door_rest(d, "GET", request.path, text, "", KEY_A), 400);
    d->api->twist.gate_ns = START_NS + MS(2999); /* it had passed before the engine was slow */
    assert_int_equal(door_rest(d, "GET", request.path, text, "", KEY_A), 200);
    door_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mutation_makes_what_its_name_says),
        cmocka_unit_test(mutations_never_leave_their_buffer),
        cmocka_unit_test(sequences_move_times_are_stamped_and_digits_change),
        cmocka_unit_test(bodies_are_json_html_or_empty),
        cmocka_unit_test(a_venue_clock_that_is_off_moves_gate_and_stamps),
        cmocka_unit_test(filters_status_names_and_delisting_come_and_go),
        cmocka_unit_test(strangers_order_cancel_and_move_money),
        cmocka_unit_test(busts_and_corrections_move_exactly_a_trades_money),
        cmocka_unit_test(the_other_hand_makes_each_self_trade_outcome),
        cmocka_unit_test(client_ids_follow_the_venues_rule),
        cmocka_unit_test(a_lagging_query_does_not_find_what_the_engine_has),
        cmocka_unit_test(half_of_a_replacement_fails_as_409),
        cmocka_unit_test(the_gates_clock_is_that_of_the_arrival),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
