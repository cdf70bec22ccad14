/* What the wire shows under each fault of requests: the real simulator as a process, a client that
 * sees bytes, closes and resets, market time that moves only when the test says so. */
#include "venue_process.h"

#define ORDER "/api/v3/order"
#define BUY(id)                                                                                    \
    "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=30000&"                \
    "newClientOrderId=" id

static int setup(void **state)
{
    venue *v = calloc(1, sizeof(*v));
    venue_start(v, "");
    *state = v;
    return 0;
}

static int teardown(void **state)
{
    venue_stop(*state);
    free(*state);
    return 0;
}

/* Each test begins without rules. */
static venue *healed(void **state)
{
    venue *v = *state;
    venue_heal(v);
    return v;
}

static bool is_known(const venue *v, const char *client_id)
{
    char params[128];
    snprintf(params, sizeof(params), "symbol=BTCUSDT&origClientOrderId=%s", client_id);
    reply got = venue_ask(v, "GET", ORDER, params);
    const bool is_found = got.status == 200;
    assert_true(is_found || strstr(got.body, "-2013") != NULL);
    reply_free(&got);
    return is_found;
}

static void expect_reply(reply got, int status, const char *text)
{
    if (got.status != status || strstr(got.text, text) == NULL) {
        print_error("wanted %d with %s, got %s\n", status, text, got.text);
        fail();
    }
    reply_free(&got);
}

static void f1_a_dropped_request_gets_no_answer_and_is_not_applied(void **state)
{
    venue *v = healed(state);
    line on;
    venue_fault(v, "{'kind':'drop_request','target':'POST /api/v3/order','count':1}");
    line_open(&on, v->port);
    venue_say(v, &on, "POST", ORDER, BUY("f1"));
    venue_advance(v, 60000);
    assert_true(line_is_still(&on));
    assert_false(is_known(v, "f1"));
    line_close(&on);
    expect_reply(venue_ask(v, "POST", ORDER, BUY("f1b")), 200, "\"f1b\"");
}

static void f2_a_dropped_answer_belongs_to_an_order_that_exists(void **state)
{
    venue *v = healed(state);
    line on;
    venue_fault(v, "{'kind':'drop_answer','target':'POST *','client_id':'f2*'}");
    line_open(&on, v->port);
    venue_say(v, &on, "POST", ORDER, BUY("f2"));
    venue_advance(v, 1000);
    assert_true(line_is_still(&on));
    assert_true(is_known(v, "f2"));
    venue_heal(v); /* the line ends at last, without an answer */
    line_wait_end(&on);
    assert_int_equal(on.used, 0);
    line_close(&on);
}

static void f3_a_false_answer_hides_what_was_applied(void **state)
{
    static const struct {
        const char *rule;
        const char *id;
        int status;
        const char *text;
    } cases[] = {
        {"{'kind':'fake_answer','status':503,'code':-1007,'count':1}",
            "f3a",
            503,
            "\"code\":-1007"},
        {"{'kind':'fake_answer','status':502,'body':'html','count':1}", "f3b", 502, "text/html"},
        {"{'kind':'fake_answer','status':504,'body':'empty','count':1}",
            "f3c",
            504,
            "Content-Length: 0"},
        {"{'kind':'fake_answer','status':302,'body':'html','count':1}",
            "f3d",
            302,
            "Location: https://"},
    };
    venue *v = healed(state);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char params[256];
        snprintf(params, sizeof(params), BUY("%s"), cases[i].id);
        venue_fault(v, cases[i].rule);
        expect_reply(venue_ask(v, "POST", ORDER, params), cases[i].status, cases[i].text);
        assert_true(is_known(v, cases[i].id));
    }
}

static void f4_connections_end_before_or_after_applying_by_close_or_reset(void **state)
{
    static const struct {
        const char *kind;
        const char *how;
        const char *id;
        bool is_applied;
    } cases[] = {
        {"close_before", "fin", "f4a", false},
        {"close_before", "rst", "f4b", false},
        {"close_after", "fin", "f4c", true},
        {"close_after", "rst", "f4d", true},
    };
    venue *v = healed(state);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char rule[128];
        char params[256];
        line on;
        snprintf(rule,
            sizeof(rule),
            "{'kind':'%s','how':'%s','target':'POST *','count':1}",
            cases[i].kind,
            cases[i].how);
        snprintf(params, sizeof(params), BUY("%s"), cases[i].id);
        line_open(&on, v->port);
        reply first;
        venue_say(v, &on, "GET", ORDER, "symbol=BTCUSDT&orderId=1"); /* a kept connection */
        first = line_reply(&on);
        assert_true(first.status > 0);
        reply_free(&first);
        venue_fault(v, rule);
        venue_say(v, &on, "POST", ORDER, params);
        line_wait_end(&on);
        assert_int_equal(on.used, 0);
        assert_int_equal(on.is_reset, strcmp(cases[i].how, "rst") == 0);
        line_close(&on);
        assert_int_equal(is_known(v, cases[i].id), cases[i].is_applied);
    }
}

static void f5_a_delayed_request_meets_the_gate_at_its_own_time(void **state)
{
    static const struct {
        const char *rule;
        int64_t advance_ms;
        int status;
        const char *text;
    } cases[] = {
        {"{'kind':'delay_request','ms':700,'count':1}", 700, 200, "\"orderId\""},
        {"{'kind':'delay_request','window_ms':0,'count':1}", 3000, 200, "\"orderId\""},
        {"{'kind':'delay_request','window_ms':1,'count':1}", 3001, 400, "\"code\":-1021"},
        {"{'kind':'delay_engine','ms':9000,'count':1}", 9000, 200, "\"orderId\""},
        {"{'kind':'delay_answer','ms':9000,'count':1}", 9000, 200, "\"orderId\""},
    };
    venue *v = healed(state);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char params[256];
        char id[16];
        line on;
        snprintf(id, sizeof(id), "f5-%zu", i);
        snprintf(params, sizeof(params), BUY("%s") "&recvWindow=3000", id);
        venue_fault(v, cases[i].rule);
        line_open(&on, v->port);
        venue_say(v, &on, "POST", ORDER, params);
        venue_advance(v, cases[i].advance_ms - 1);
        assert_true(line_is_still(&on));
        /* Only an answer that is late belongs to an order that is there already. */
        assert_int_equal(is_known(v, id), i == 4);
        venue_advance(v, 1);
        expect_reply(line_reply(&on), cases[i].status, cases[i].text);
        line_close(&on);
    }
}

static void f5_the_gate_refuses_at_once_what_would_wait_for_the_engine(void **state)
{
    venue *v = healed(state);
    venue_fault(v, "{'kind':'delay_engine','ms':9000,'target':'POST *'}");
    venue late = *v;
    late.now_ms -= 6000;
    expect_reply(venue_ask(&late, "POST", ORDER, BUY("f5x")), 400, "\"code\":-1021");
}

static void f6_queries_lag_behind_the_engine(void **state)
{
    venue *v = healed(state);
    venue_fault(v, "{'kind':'query_lag','ms':2000,'target':'GET *'}");
    expect_reply(venue_ask(v, "POST", ORDER, BUY("f6")), 200, "\"f6\"");
    assert_false(is_known(v, "f6"));
    venue_advance(v, 1999);
    assert_false(is_known(v, "f6"));
    venue_advance(v, 1);
    assert_true(is_known(v, "f6"));
}

static void f7_refusals_have_status_code_and_retry_after(void **state)
{
    static const struct {
        const char *rule;
        int status;
        const char *text;
    } cases[] = {
        {"{'kind':'refuse','status':429,'code':-1003,'retry_after':7,'count':1}",
            429,
            "Retry-After: 7"},
        {"{'kind':'refuse','status':418,'code':-1003,'retry_after':60,'count':1}",
            418,
            "Retry-After: 60"},
        {"{'kind':'refuse','status':403,'body':'html','count':1}", 403, "<html>"},
        {"{'kind':'refuse','status':451,'body':'html','count':1}", 451, "<html>"},
        {"{'kind':'refuse','status':401,'code':-2015,'text':'Invalid API-key.','count':1}",
            401,
            "Invalid API-key."},
    };
    venue *v = healed(state);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char params[256];
        char id[16];
        snprintf(id, sizeof(id), "f7-%zu", i);
        snprintf(params, sizeof(params), BUY("%s"), id);
        venue_fault(v, cases[i].rule);
        expect_reply(venue_ask(v, "POST", ORDER, params), cases[i].status, cases[i].text);
        assert_false(is_known(v, id));
    }
    expect_reply(venue_ask(v, "POST", ORDER, BUY("f7old")), 200, "f7old");
    venue_fault(v, "{'kind':'partial_replace','half':'new','count':1}");
    expect_reply(
        venue_ask(v,
            "POST",
            "/api/v3/order/cancelReplace",
            BUY("f7new") "&cancelReplaceMode=STOP_ON_FAILURE&cancelOrigClientOrderId=f7old"),
        409,
        "\"cancelResult\":\"SUCCESS\",\"newOrderResult\":\"FAILURE\"");
    assert_false(is_known(v, "f7new"));
}

static void f10_the_venues_clock_is_off_and_comes_back(void **state)
{
    venue *v = healed(state);
    char wanted[64];
    venue_fault(v, "{'kind':'clock_offset','ms':-2500,'for_ms':1000}");
    snprintf(wanted, sizeof(wanted), "\"serverTime\":%lld}", (long long)v->now_ms - 2500);
    expect_reply(venue_get(v, "/api/v3/time"), 200, wanted);
    expect_reply(venue_ask(v, "POST", ORDER, BUY("f10")), 400, "1000ms ahead of the server's time");
    venue_advance(v, 1000);
    snprintf(wanted, sizeof(wanted), "\"serverTime\":%lld}", (long long)v->now_ms);
    expect_reply(venue_get(v, "/api/v3/time"), 200, wanted);
    venue_fault(v, "{'kind':'clock_drift','ppm':50000}");
    venue_advance(v, 1000);
    snprintf(wanted, sizeof(wanted), "\"serverTime\":%lld}", (long long)v->now_ms + 50);
    expect_reply(venue_get(v, "/api/v3/time"), 200, wanted);
}

static void f11_instruments_change_halt_and_go(void **state)
{
    venue *v = healed(state);
    static const char info[] = "/api/v3/exchangeInfo?symbol=ETHUSDT";
    static const char all[] = "/api/v3/exchangeInfo";
    venue_fault(
        v, "{'kind':'filters','symbol':'ETHUSDT','tick':'0.5','step':'0.01','for_ms':1000}");
    expect_reply(venue_get(v, info), 200, "\"tickSize\":\"0.50000000\"");
    expect_reply(venue_get(v, info), 200, "\"stepSize\":\"0.01000000\"");
    venue_fault(
        v, "{'kind':'symbol_status','symbol':'ETHUSDT','symbol_status':'HALT','for_ms':1000}");
    expect_reply(venue_get(v, info), 200, "\"status\":\"HALT\"");
    venue_advance(v, 1000);
    expect_reply(venue_get(v, info), 200, "\"tickSize\":\"0.01000000\"");
    expect_reply(venue_get(v, info), 200, "\"status\":\"TRADING\"");
    venue_fault(v, "{'kind':'rename','symbol':'ETHUSDT','to':'ETH2USDT','for_ms':1000}");
    expect_reply(venue_get(v, all), 200, "\"symbol\":\"ETH2USDT\"");
    venue_advance(v, 1000);
    venue_fault(v, "{'kind':'delist','symbol':'ETHUSDT','for_ms':1000}");
    expect_reply(venue_get(v, info), 400, "\"code\":-1121");
    venue_advance(v, 1000);
    expect_reply(venue_get(v, info), 200, "\"symbol\":\"ETHUSDT\"");
}

static void f12_strangers_act_on_the_account(void **state)
{
    venue *v = healed(state);
    venue_fault(v,
        "[{'kind':'external_order','symbol':'BTCUSDT','side':'buy','type':'limit','value':'50',"
        "'away_ticks':100000},{'kind':'deposit','asset':'BNB','amount':'3'}]");
    expect_reply(venue_ask(v, "GET", "/api/v3/openOrders", "symbol=BTCUSDT"), 200, "\"web_");
    expect_reply(
        venue_ask(v, "GET", "/api/v3/account", ""), 200, "\"BNB\",\"free\":\"3.00000000\"");
    venue_fault(v, "{'kind':'external_order','symbol':'ETHUSDT','side':'sell','value':'100'}");
    expect_reply(
        venue_ask(v, "GET", "/api/v3/myTrades", "symbol=ETHUSDT"), 200, "\"isBuyer\":false");
    venue_fault(v, "{'kind':'bust'}");
    expect_reply(
        venue_ask(v, "GET", "/api/v3/account", ""), 200, "\"ETH\",\"free\":\"100.00000000\"");
    venue_fault(v, "{'kind':'liquidate','symbol':'ETHUSDT','percent':1}");
    expect_reply(venue_ask(v, "GET", "/api/v3/allOrders", "symbol=ETHUSDT"), 200, "\"autoclose-");
}

static void f13_values_are_mutated(void **state)
{
    venue *v = healed(state);
    venue_fault(v,
        "{'kind':'mutate_answer','mutation':'nan','field':'serverTime','target':'GET /api/v3/time',"
        "'count':1}");
    expect_reply(venue_get(v, "/api/v3/time"), 200, "{\"serverTime\":NaN}");
    venue_fault(v, "{'kind':'mutate_answer','mutation':'other','field':'symbol','count':1}");
    expect_reply(venue_ask(v, "POST", ORDER, BUY("f13")), 200, "\"symbol\":\"BTCUSDU\"");
    venue_fault(v, "{'kind':'mutate_answer','mutation':'garbage','count':1}");
    expect_reply(venue_get(v, "/api/v3/time"), 200, "<not json>");
}

static void f14_bodies_are_slow_cut_and_huge(void **state)
{
    venue *v = healed(state);
    line on;
    venue_fault(v, "{'kind':'slow_body','ms':1000,'count':1}");
    line_open(&on, v->port);
    http_send(&on, "GET", "/api/v3/time", "", "");
    assert_true(line_wait(&on, "\r\n\r\n{"));
    assert_true(line_is_still(&on));
    venue_advance(v, 2000);
    assert_true(line_wait(&on, "\r\n\r\n{\"s"));
    assert_true(line_is_still(&on));
    venue_advance(v, 60000);
    expect_reply(line_reply(&on), 200, "{\"serverTime\":");
    line_close(&on);

    venue_fault(v, "{'kind':'cut_body','bytes':5,'count':1}");
    line_open(&on, v->port);
    http_send(&on, "GET", "/api/v3/time", "", "");
    line_wait_end(&on);
    assert_non_null(strstr(on.in, "Content-Length: 28\r\n"));
    assert_string_equal(strstr(on.in, "\r\n\r\n") + 4, "{\"ser");
    line_close(&on);

    venue_fault(v, "{'kind':'huge_body','mb':100,'count':1}");
    line_open(&on, v->port);
    http_send(&on, "GET", "/api/v3/time", "", "");
    size_t total = 0;
    while (line_read(&on, VENUE_WAIT_S * 1000)) {
        total += on.used;
        on.used = 0;
        if (total >= 100000028) {
            break;
        }
    }
    assert_true(total >= 100000028);
    line_close(&on);
}

static void f15_nobody_listens_lines_end_and_tls_is_broken(void **state)
{
    venue *v = healed(state);
    line on;
    line_open(&on, v->port);
    venue_fault(v, "{'kind':'cut_http','how':'rst'}");
    line_wait_end(&on);
    assert_true(on.is_reset);
    line_close(&on);

    venue_fault(v, "{'kind':'refuse_connect','for_ms':1000}");
    assert_int_equal(venue_connect(v->port), -1);
    assert_int_equal(errno, ECONNREFUSED);
    venue_advance(v, 1000);
    expect_reply(venue_get(v, "/api/v3/ping"), 200, "{}");

    venue_fault(v, "{'kind':'bad_tls','count':1}");
    line_open(&on, v->port);
    http_send(&on, "GET", "/api/v3/time", "", "");
    line_wait_end(&on);
    assert_int_equal(on.used, 7);
    assert_memory_equal(on.in, "\x15\x03\x01\x00\x02\x02\x28", 7);
    line_close(&on);
}

/* A client that checks certificates takes neither; one that does not gets a handshake and no
 * service. */
static void f15_certificates_are_for_another_name_or_expired(void **state)
{
    static const char *const kinds[] = {"wrong_name", "expired"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        venue v;
        char command[512];
        char out[512] = "";
        snprintf(command, sizeof(command), "--tls=%s", kinds[i]);
        venue_start(&v, command);
        char path[128];
        char log[8192];
        snprintf(path, sizeof(path), "%s/log", v.dir);
        FILE *file = fopen(path, "re");
        log[fread(log, 1, sizeof(log) - 1, file)] = '\0';
        fclose(file);
        const int port = venue_log_number(log, "event=tls_listening", " port=");
        assert_true(port > 0);
        for (int blind = 0; blind < 2; blind++) {
            snprintf(command,
                sizeof(command),
                "curl -sS %s --max-time 10 https://127.0.0.1:%d/ 2>&1; echo =$?",
                blind ? "-k" : "",
                port);
            FILE *pipe = popen(command, "re"); /* NOLINT(cert-env33-c) */
            out[fread(out, 1, sizeof(out) - 1, pipe)] = '\0';
            pclose(pipe);
            /* 60: the certificate is refused; 52 or 56: the handshake was taken and nothing came */
            const bool is_right = blind ? strstr(out, "=52") != NULL || strstr(out, "=56") != NULL
                                        : strstr(out, "=60") != NULL;
            if (!is_right) {
                print_error("%s: %s\n", kinds[i], out);
                fail();
            }
        }
        venue_stop(&v);
    }
}

static void f16_an_order_meets_its_own_accounts_other_hand(void **state)
{
    venue *v = healed(state);
    static const char market[] = "symbol=ETHUSDT&side=BUY&type=MARKET&quantity=0.5";
    venue_fault(v, "{'kind':'self_trade','mode':'EXPIRE_TAKER','target':'POST *','count':1}");
    expect_reply(venue_ask(v, "POST", ORDER, market), 200, "\"status\":\"EXPIRED_IN_MATCH\"");
    venue_fault(v, "{'kind':'self_trade','mode':'EXPIRE_MAKER','target':'POST *','count':1}");
    expect_reply(venue_ask(v, "POST", ORDER, market), 200, "\"status\":\"FILLED\"");
    expect_reply(venue_ask(v, "GET", "/api/v3/allOrders", "symbol=ETHUSDT"), 200, "\"hand_");
}

static void f17_client_ids_follow_the_profile_of_the_venue(void **state)
{
    venue *v = healed(state);
    static const char cancel[] = "symbol=BTCUSDT&origClientOrderId=f17";
    expect_reply(venue_ask(v, "POST", ORDER, BUY("f17")), 200, "\"f17\"");
    expect_reply(venue_ask(v, "POST", ORDER, BUY("f17")), 400, "Duplicate order sent.");
    venue_fault(v, "{'kind':'client_ids','unique':'none'}");
    expect_reply(venue_ask(v, "POST", ORDER, BUY("f17")), 200, "\"f17\"");
    venue_heal(v);
    expect_reply(venue_ask(v, "DELETE", ORDER, cancel), 200, "CANCELED");
    expect_reply(venue_ask(v, "DELETE", ORDER, cancel), 200, "CANCELED");
    venue_fault(v, "{'kind':'client_ids','unique':'ever'}");
    expect_reply(venue_ask(v, "POST", ORDER, BUY("f17")), 400, "Duplicate order sent.");
    venue_heal(v);
    expect_reply(venue_ask(v, "POST", ORDER, BUY("f17")), 200, "\"f17\"");
    venue_fault(v, "{'kind':'duplicate_answer','count':1}");
    expect_reply(venue_ask(v, "POST", ORDER, BUY("f17d")), 400, "Duplicate order sent.");
    assert_true(is_known(v, "f17d"));
}

static void control_refuses_bad_input_by_name_and_without_the_token(void **state)
{
    venue *v = healed(state);
    json_t *json = venue_control(v, "POST", "/control/faults", "{'kind':'x'}", 400);
    assert_non_null(strstr(json_string_value(json_object_get(json, "error")), "kind 'x'"));
    json_decref(json);
    static const char *const bad[] = {"/control/plan?seed=x",
        "/control/plan?seed=1&intensity=11",
        "/control/plan?seed=1&for_ms=5",
        "/control/plan?seed=1&only=F99",
        "/control/advance?ms=-1"};
    static const char *const names[] = {"seed:", "intensity:", "for_ms:", "only:", "ms:"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        json = venue_control(v, "POST", bad[i], "", 400);
        const char *why = json_string_value(json_object_get(json, "error"));
        assert_ptr_equal(strstr(why, names[i]), why);
        json_decref(json);
    }
    json_decref(venue_control(v, "GET", "/control/nothing", "", 404));
    json_decref(venue_control(v, "DELETE", "/control/faults?id=77", "", 404));
    line on;
    line_open(&on, v->port);
    http_send(&on, "POST", "/control/faults", "", "{\"kind\":\"drop_request\"}");
    expect_reply(line_reply(&on), 401, "admin token");
    line_close(&on);
}

static void a_plan_ends_and_the_venue_is_whole_again(void **state)
{
    venue *v = healed(state);
    json_decref(
        venue_control(v, "POST", "/control/plan?seed=11&intensity=5&for_ms=60000", "", 200));
    venue_advance(v, 30000);
    venue_advance(v, 30001);
    json_t *json = venue_control(v, "GET", "/control/faults", "", 200);
    assert_true(json_is_true(json_object_get(json_object_get(json, "plan"), "is_over")));
    assert_int_equal(json_integer_value(json_object_get(json, "clock_offset_ms")), 0);
    size_t index;
    json_t *rule;
    json_array_foreach(json_object_get(json, "rules"), index, rule)
    {
        const char *kind = json_string_value(json_object_get(rule, "kind"));
        const char *phase = json_string_value(json_object_get(rule, "phase"));
        const int64_t until_ms = json_integer_value(json_object_get(rule, "until_ms"));
        if (until_ms > v->now_ms) {
            print_error("%s is %s until %lld\n", kind, phase, (long long)until_ms);
            fail();
        }
    }
    json_decref(json);
    expect_reply(venue_ask(v, "POST", ORDER, BUY("plan")), 200, "\"plan\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f1_a_dropped_request_gets_no_answer_and_is_not_applied),
        cmocka_unit_test(f2_a_dropped_answer_belongs_to_an_order_that_exists),
        cmocka_unit_test(f3_a_false_answer_hides_what_was_applied),
        cmocka_unit_test(f4_connections_end_before_or_after_applying_by_close_or_reset),
        cmocka_unit_test(f5_a_delayed_request_meets_the_gate_at_its_own_time),
        cmocka_unit_test(f5_the_gate_refuses_at_once_what_would_wait_for_the_engine),
        cmocka_unit_test(f6_queries_lag_behind_the_engine),
        cmocka_unit_test(f7_refusals_have_status_code_and_retry_after),
        cmocka_unit_test(f10_the_venues_clock_is_off_and_comes_back),
        cmocka_unit_test(f11_instruments_change_halt_and_go),
        cmocka_unit_test(f12_strangers_act_on_the_account),
        cmocka_unit_test(f13_values_are_mutated),
        cmocka_unit_test(f14_bodies_are_slow_cut_and_huge),
        cmocka_unit_test(f15_nobody_listens_lines_end_and_tls_is_broken),
        cmocka_unit_test(f15_certificates_are_for_another_name_or_expired),
        cmocka_unit_test(f16_an_order_meets_its_own_accounts_other_hand),
        cmocka_unit_test(f17_client_ids_follow_the_profile_of_the_venue),
        cmocka_unit_test(control_refuses_bad_input_by_name_and_without_the_token),
        cmocka_unit_test(a_plan_ends_and_the_venue_is_whole_again),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
