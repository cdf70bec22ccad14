/* The decisions of the fault core: which rule acts when and what it makes of requests and frames,
 * and the plans. No sockets, no clock. */
#include "tests/unit/simulator/fault_fixture.h"

static void expect_refused(const char *text, const char *why)
{
    char json[4096];
    uint32_t first = 0;
    uint32_t count = 0;
    size_t i = 0;
    rules r = rules_make(1);
    for (; text[i] != '\0'; i++) {
        json[i] = text[i] == '\'' ? '"' : text[i];
    }
    assert_int_not_equal(
        sim_faults_read(r.faults, (cb_strview){json, i}, NOW, &first, &count, &r.err), CB_OK);
    if (strstr(r.err.text, why) == NULL) {
        print_error("%s: said '%s', not '%s'\n", text, r.err.text, why);
        fail();
    }
    assert_int_equal(r.faults->rules_count, 0);
    rules_free(&r);
}

static sim_fate decide(rules *r, sim_fault_place place, const char *target, int64_t now_ns)
{
    const sim_subject subject = {
        .place = place,
        .target = target,
        .account = "main",
        .symbol = "BTCUSDT",
        .client_id = "abc-1",
        .window_end_ns = NOW + MS(3000),
    };
    return sim_faults_decide(r->faults, &subject, now_ns);
}

static sim_fate order_fate(rules *r)
{
    return decide(r, SIM_PLACE_REQUEST, "POST /api/v3/order", NOW);
}

/* ---- rules ---- */

static void rules_refuse_bad_input_by_name(void **state)
{
    (void)state;
    expect_refused("{'ms':1}", "kind is missing");
    expect_refused("{'kind':'nonsense'}", "kind 'nonsense' is not known");
    expect_refused("{'kind':'drop_request','ms':5}", "drop_request has no parameter 'ms'");
    expect_refused("{'kind':'delay_answer','ms':-1}", "ms: -1 is outside 0 … 3600000");
    expect_refused("{'kind':'delay_answer','ms':'1'}", "ms is no whole number");
    expect_refused("{'kind':'delay_answer','ms':1,'ms':2}", "ms stands there twice");
    expect_refused("{'kind':'close_after','how':'loud'}", "how: 'loud' is none of its words");
    expect_refused("{'kind':'drop_request','probability':1.5}", "probability");
    expect_refused("{'kind':'drop_request','nth':0}", "nth: 0 is outside");
    expect_refused("{'kind':'deposit','amount':'1'}", "asset is missing");
    expect_refused(
        "{'kind':'deposit','asset':'USDT','amount':'-1'}", "amount is no decimal within");
    expect_refused("{'kind':'delist'}", "symbol: delist needs one by name");
    expect_refused("{'kind':'drop_request','from_ms':5,'until_ms':4}", "until_ms");
    expect_refused("[{'kind':'drop_request'},{'kind':'x'}]", "rule 1: kind 'x' is not known");
    expect_refused("[]", "empty");
    expect_refused("{'kind':'drop_request'", "rule");
    expect_refused("{'kind':'drop_request'} x", "rule");
}

static void rules_match_target_account_symbol_and_client_id(void **state)
{
    (void)state;
    rules r = rules_make(1);
    (void)add(&r,
        "[{'kind':'delay_answer','ms':1,'target':'POST /api/v3/order*'},"
        "{'kind':'delay_answer','ms':10,'account':'other'},"
        "{'kind':'delay_answer','ms':100,'symbol':'*USDT'},"
        "{'kind':'delay_answer','ms':1000,'client_id':'abc-*'},"
        "{'kind':'delay_answer','ms':10000,'client_id':'b*'}]");
    assert_int_equal(order_fate(&r).answer_delay_ns, MS(1101));
    rules_free(&r);
    assert_true(sim_pattern_matches("*a*b", "xaxxb"));
    assert_false(sim_pattern_matches("*a*b", "xaxxbc"));
    assert_true(sim_pattern_matches("", "anything"));
    assert_false(sim_pattern_matches("a", ""));
}

static void rules_count_nth_every_and_hits(void **state)
{
    (void)state;
    rules r = rules_make(1);
    (void)add(&r, "{'kind':'drop_answer','nth':3,'every':2,'count':2}");
    for (int i = 1; i <= 9; i++) {
        assert_int_equal(order_fate(&r).is_answer_lost, i == 3 || i == 5);
    }
    rules_free(&r);
}

static void rules_hold_from_their_begin_until_before_their_end(void **state)
{
    (void)state;
    rules r = rules_make(1);
    (void)add(&r, "{'kind':'drop_answer','after_ms':1000,'for_ms':500}");
    static const struct {
        int64_t after_ms;
        bool is_hit;
    } cases[] = {{999, false}, {1000, true}, {1499, true}, {1500, false}, {1600, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const sim_fate fate = decide(&r, SIM_PLACE_REQUEST, "GET /", NOW + MS(cases[i].after_ms));
        assert_int_equal(fate.is_answer_lost, cases[i].is_hit);
    }
    rules_free(&r);
}

static void a_coin_falls_as_often_as_asked_and_the_same_by_seed(void **state)
{
    (void)state;
    uint64_t patterns[3] = {0};
    uint32_t hits = 0;
    for (uint32_t pass = 0; pass < 3; pass++) {
        rules r = rules_make(pass == 2 ? 8 : 7);
        (void)add(&r, "{'kind':'drop_answer','probability':0.25}");
        for (int i = 0; i < 4000; i++) {
            const bool is_hit = order_fate(&r).is_answer_lost;
            hits += pass == 0 && is_hit ? 1 : 0;
            patterns[pass] = patterns[pass] * 31 + (is_hit ? 1 : 0);
        }
        rules_free(&r);
    }
    assert_in_range(hits, 900, 1100);
    assert_true(patterns[0] == patterns[1]);
    assert_true(patterns[0] != patterns[2]);
}

static void another_rule_does_not_move_the_coin_of_the_first(void **state)
{
    (void)state;
    rules alone = rules_make(7);
    rules both = rules_make(7);
    (void)add(&alone, "{'kind':'drop_answer','probability':0.5}");
    (void)add(&both, "{'kind':'drop_answer','probability':0.5}");
    (void)add(&both, "{'kind':'close_before','probability':0.5}");
    for (int i = 0; i < 200; i++) {
        assert_int_equal(order_fate(&alone).is_answer_lost, order_fate(&both).is_answer_lost);
    }
    rules_free(&alone);
    rules_free(&both);
}

static void lockstep_refuses_what_makes_a_client_wait(void **state)
{
    (void)state;
    rules r = rules_make(1);
    r.faults->is_lockstep = true;
    uint32_t id = 0;
    sim_rule rule = sim_rule_of(SIM_FAULT_DELAY_ANSWER, NOW);
    assert_int_equal(sim_faults_add(r.faults, &rule, &id, &r.err), CB_E_STATE);
    assert_non_null(strstr(r.err.text, "delay_answer"));
    rule = sim_rule_of(SIM_FAULT_USER_LOSE, NOW);
    assert_int_equal(sim_faults_add(r.faults, &rule, &id, &r.err), CB_OK);
    rules_free(&r);
}

/* ---- one fate for each kind ---- */

static void requests_have_the_fate_that_each_kind_promises(void **state)
{
    (void)state;
    rules r = rules_make(1);
    sim_fate fate;
#define FATE(text) (rules_free(&r), r = rules_make(1), (void)add(&r, text), order_fate(&r))
    fate = FATE("{'kind':'drop_request'}"); /* F1 */
    assert_true(fate.is_lost);
    fate = FATE("{'kind':'drop_answer'}"); /* F2 */
    assert_true(fate.is_answer_lost && !fate.is_lost);
    fate = FATE("{'kind':'fake_answer','status':502,'code':-1006,'body':'html'}"); /* F3 */
    assert_true(fate.fake.is_set && fate.fake.status == 502 && fate.fake.code == -1006);
    assert_int_equal(fate.fake.body, 1);
    fate = FATE("{'kind':'close_before','how':'rst'}"); /* F4 */
    assert_int_equal(fate.ending_before, SIM_ENDING_RST);
    fate = FATE("{'kind':'close_after','how':'fin'}");
    assert_int_equal(fate.ending_after, SIM_ENDING_FIN);
    fate = FATE("{'kind':'delay_request','ms':70}"); /* F5 */
    assert_int_equal(fate.request_delay_ns, MS(70));
    fate = FATE("{'kind':'delay_request','window_ms':1}");
    assert_int_equal(fate.request_delay_ns, MS(3001));
    fate = FATE("{'kind':'delay_engine','ms':80}");
    assert_int_equal(fate.engine_delay_ns, MS(80));
    fate = FATE("{'kind':'query_lag','ms':90}"); /* F6 */
    assert_int_equal(fate.lag_ns, MS(90));
    fate = FATE("{'kind':'refuse','status':418,'code':-1003,'retry_after':30}"); /* F7 */
    assert_true(fate.refusal.is_set && fate.refusal.status == 418);
    assert_int_equal(fate.refusal.retry_after_s, 30);
    fate = FATE("{'kind':'partial_replace','half':'cancel'}");
    assert_true(fate.fails_cancel && !fate.fails_new);
    fate = FATE("{'kind':'mutate_answer','mutation':'nan','field':'price'}"); /* F13 */
    assert_true(fate.mutation.is_set);
    assert_string_equal(fate.mutation.field, "price");
    fate = FATE("{'kind':'slow_body','ms':3}"); /* F14 */
    assert_int_equal(fate.slow_byte_ns, MS(3));
    fate = FATE("{'kind':'cut_body','bytes':5}");
    assert_int_equal(fate.cut_bytes, 5);
    fate = FATE("{'kind':'huge_body','mb':100}");
    assert_int_equal(fate.huge_bytes, 100000000);
    fate = FATE("{'kind':'self_trade','mode':'DECREMENT','role':'maker'}"); /* F16 */
    assert_true(fate.has_self_trade && fate.is_self_trade_maker);
    assert_int_equal(fate.self_trade_mode, SIM_STP_DECREMENT);
    fate = FATE("{'kind':'duplicate_answer'}"); /* F17 */
    assert_int_equal(fate.fake.code, -2010);
    assert_string_equal(fate.fake.text, "Duplicate order sent.");
#undef FATE
    rules_free(&r);
}

static void frames_have_the_fate_that_each_kind_promises(void **state)
{
    (void)state;
    static const struct {
        sim_fault_place place;
        const char *text;
        bool is_lost;
        uint32_t copies;
        uint32_t behind;
        int64_t delay_ns;
        int64_t ids_by;
        bool is_corrupt;
    } cases[] = {
        {SIM_PLACE_USER, "{'kind':'user_lose'}", true, 1, 0, 0, 0, false},
        {SIM_PLACE_USER, "{'kind':'user_duplicate','copies':3}", false, 3, 0, 0, 0, false},
        {SIM_PLACE_USER, "{'kind':'user_reorder','frames':2}", false, 1, 2, 0, 0, false},
        {SIM_PLACE_USER, "{'kind':'user_delay','ms':9}", false, 1, 0, MS(9), 0, false},
        {SIM_PLACE_MARKET, "{'kind':'market_lose'}", true, 1, 0, 0, 0, false},
        {SIM_PLACE_MARKET, "{'kind':'market_duplicate'}", false, 2, 0, 0, 0, false},
        {SIM_PLACE_MARKET, "{'kind':'market_reorder','frames':4}", false, 1, 4, 0, 0, false},
        {SIM_PLACE_MARKET, "{'kind':'market_delay','ms':7}", false, 1, 0, MS(7), 0, false},
        {SIM_PLACE_MARKET, "{'kind':'market_reset','by':-5}", false, 1, 0, 0, -5, false},
        {SIM_PLACE_MARKET, "{'kind':'market_corrupt'}", false, 1, 0, 0, 0, true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        rules r = rules_make(1);
        (void)add(&r, cases[i].text);
        const sim_fate fate = decide(&r, cases[i].place, "x", NOW);
        assert_int_equal(fate.hits_count, 1);
        assert_int_equal(fate.is_lost, cases[i].is_lost);
        assert_int_equal(fate.copies, cases[i].copies);
        assert_int_equal(fate.behind_frames, cases[i].behind);
        assert_int_equal(fate.delay_ns, cases[i].delay_ns);
        assert_int_equal(fate.ids_by, cases[i].ids_by);
        assert_int_equal(fate.is_corrupt, cases[i].is_corrupt);
        /* of the other place nothing is said */
        assert_int_equal(
            decide(
                &r, cases[i].place == SIM_PLACE_USER ? SIM_PLACE_MARKET : SIM_PLACE_USER, "x", NOW)
                .hits_count,
            0);
        rules_free(&r);
    }
}

static void a_heavy_tail_doubles_a_delay_within_its_bound(void **state)
{
    (void)state;
    rules r = rules_make(3);
    uint32_t seen[5] = {0};
    (void)add(&r, "{'kind':'delay_answer','ms':10,'tail':4}");
    for (int i = 0; i < 2000; i++) {
        const int64_t delay_ns = order_fate(&r).answer_delay_ns;
        uint32_t doublings = 0;
        while (doublings < 4 && delay_ns != MS(10) << doublings) {
            doublings++;
        }
        assert_true(delay_ns == MS(10) << doublings);
        seen[doublings]++;
    }
    assert_in_range(seen[0], 900, 1100);
    assert_in_range(seen[1], 400, 600);
    assert_in_range(seen[4], 80, 180);
    rules_free(&r);
}

/* ---- moments and states ---- */

static void states_begin_and_end_and_acts_repeat(void **state)
{
    (void)state;
    rules r = rules_make(1);
    sim_rule *rule = NULL;
    (void)add(&r,
        "[{'kind':'clock_offset','ms':1500,'after_ms':10,'for_ms':20},"
        "{'kind':'user_end','after_ms':5,'every_ms':10,'count':3}]");
    assert_int_equal(sim_faults_next_ns(r.faults), NOW + MS(5));
    assert_int_equal(sim_faults_turn(r.faults, NOW + MS(4), &rule), SIM_TURN_NONE);
    assert_int_equal(sim_faults_turn(r.faults, NOW + MS(5), &rule), SIM_TURN_ACT);
    assert_int_equal(rule->kind, SIM_FAULT_USER_END);
    assert_int_equal(sim_faults_clock_offset(r.faults, NOW + MS(5)), 0);
    assert_int_equal(sim_faults_turn(r.faults, NOW + MS(10), &rule), SIM_TURN_BEGIN);
    assert_int_equal(sim_faults_turn(r.faults, NOW + MS(10), &rule), SIM_TURN_NONE);
    assert_int_equal(sim_faults_clock_offset(r.faults, NOW + MS(10)), MS(1500));
    assert_int_equal(sim_faults_turn(r.faults, NOW + MS(30), &rule), SIM_TURN_END);
    assert_int_equal(sim_faults_turn(r.faults, NOW + MS(30), &rule), SIM_TURN_ACT);
    assert_int_equal(sim_faults_turn(r.faults, NOW + MS(30), &rule), SIM_TURN_ACT);
    assert_int_equal(sim_faults_turn(r.faults, NOW + MS(90), &rule), SIM_TURN_NONE);
    assert_int_equal(sim_faults_next_ns(r.faults), INT64_MAX);
    rules_free(&r);
}

static void a_deleted_state_is_put_back(void **state)
{
    (void)state;
    rules r = rules_make(1);
    sim_rule *rule = NULL;
    const uint32_t id = add(&r, "{'kind':'clock_drift','ppm':1000}");
    assert_int_equal(sim_faults_turn(r.faults, NOW, &rule), SIM_TURN_BEGIN);
    assert_int_equal(sim_faults_clock_offset(r.faults, NOW + MS(10000)), MS(10));
    assert_true(sim_faults_end(r.faults, id, NOW + MS(10000)));
    assert_int_equal(sim_faults_turn(r.faults, NOW + MS(10000), &rule), SIM_TURN_END);
    assert_int_equal(sim_faults_clock_offset(r.faults, NOW + MS(10000)), 0);
    assert_false(sim_faults_end(r.faults, id, NOW + MS(10001)));
    rules_free(&r);
}

/* ---- plans ---- */

static sim_plan plan_of(uint64_t seed, uint64_t intensity)
{
    return (sim_plan){
        .seed = seed,
        .intensity = intensity,
        .begin_ns = NOW,
        .end_ns = NOW + MS(60000),
        .only = "",
        .without = "",
        .symbols = {"BTCUSDT", "ETHUSDT"},
        .symbols_count = 2,
        .account = "main",
    };
}

static void a_plan_is_the_same_by_seed_and_over_by_its_end(void **state)
{
    (void)state;
    char *texts[3];
    for (uint32_t i = 0; i < 3; i++) {
        rules r = rules_make(1);
        const sim_plan plan = plan_of(i == 2 ? 5 : 4, 3);
        uint32_t count = 0;
        assert_int_equal(sim_faults_plan(r.faults, &plan, &count, &r.err), CB_OK);
        assert_int_equal(count, 17 * 3);
        assert_int_equal(r.faults->rules_count, count);
        for (uint32_t n = 0; n < count; n++) {
            assert_true(r.faults->rules[n].from_ns >= plan.begin_ns);
            assert_true(r.faults->rules[n].until_ns < plan.end_ns);
        }
        texts[i] = malloc(1U << 20);
        sim_json out = sim_json_over(texts[i], 1U << 20);
        sim_faults_write(r.faults, NOW, &out);
        assert_false(out.is_full);
        rules_free(&r);
    }
    assert_string_equal(texts[0], texts[1]);
    assert_string_not_equal(texts[0], texts[2]);
    for (uint32_t i = 0; i < 3; i++) {
        free(texts[i]);
    }
}

static void a_plan_draws_every_kind_sooner_or_later(void **state)
{
    (void)state;
    bool is_seen[SIM_FAULT_COUNT] = {false};
    for (uint64_t seed = 1; seed <= 60; seed++) {
        rules r = rules_make(1);
        const sim_plan plan = plan_of(seed, 2);
        uint32_t count = 0;
        assert_int_equal(sim_faults_plan(r.faults, &plan, &count, &r.err), CB_OK);
        for (uint32_t n = 0; n < count; n++) {
            is_seen[r.faults->rules[n].kind] = true;
        }
        rules_free(&r);
    }
    for (uint32_t i = 0; i < SIM_FAULT_COUNT; i++) {
        if (!is_seen[i]) {
            print_error("never drawn: %s\n", sim_fault_spec_of((sim_fault_kind)i)->name);
            fail();
        }
    }
}

static void a_plan_keeps_to_what_it_is_asked_for(void **state)
{
    (void)state;
    rules r = rules_make(1);
    sim_plan plan = plan_of(1, 10);
    uint32_t count = 0;
    plan.only = "F2,F8";
    plan.without = "user_cut";
    assert_int_equal(sim_faults_plan(r.faults, &plan, &count, &r.err), CB_OK);
    assert_int_equal(count, 20);
    for (uint32_t n = 0; n < count; n++) {
        const char *family = sim_fault_spec_of(r.faults->rules[n].kind)->family;
        assert_true(strcmp(family, "F2") == 0 || strcmp(family, "F8") == 0);
        assert_int_not_equal(r.faults->rules[n].kind, SIM_FAULT_USER_CUT);
    }
    plan.only = "F99";
    assert_int_equal(sim_faults_plan(r.faults, &plan, &count, &r.err), CB_E_SYNTAX);
    assert_non_null(strstr(r.err.text, "only: 'F99'"));
    rules_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_refuse_bad_input_by_name),
        cmocka_unit_test(rules_match_target_account_symbol_and_client_id),
        cmocka_unit_test(rules_count_nth_every_and_hits),
        cmocka_unit_test(rules_hold_from_their_begin_until_before_their_end),
        cmocka_unit_test(a_coin_falls_as_often_as_asked_and_the_same_by_seed),
        cmocka_unit_test(another_rule_does_not_move_the_coin_of_the_first),
        cmocka_unit_test(lockstep_refuses_what_makes_a_client_wait),
        cmocka_unit_test(requests_have_the_fate_that_each_kind_promises),
        cmocka_unit_test(frames_have_the_fate_that_each_kind_promises),
        cmocka_unit_test(a_heavy_tail_doubles_a_delay_within_its_bound),
        cmocka_unit_test(states_begin_and_end_and_acts_repeat),
        cmocka_unit_test(a_deleted_state_is_put_back),
        cmocka_unit_test(a_plan_is_the_same_by_seed_and_over_by_its_end),
        cmocka_unit_test(a_plan_draws_every_kind_sooner_or_later),
        cmocka_unit_test(a_plan_keeps_to_what_it_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
