/* Kill levels and cancels: who may still trade, what is canceled, and that the book is proved empty
 * twice. */
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

static cb_order open_limit_order(const char *venue_order_id)
{
    cb_permit permit = rig_permit(&bench);
    permit.order_type = CB_ORDER_TYPE_LIMIT;
    permit.tif = CB_TIF_GTC;
    permit.limit_price.e8 = 29000 * CB_E8;
    const cb_order order = rig_sending_as(&bench, &permit);
    const cb_venue_order view = rig_venue_view(&order, venue_order_id, CB_ORDER_STATE_OPEN, 0);
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &view);
    return *rig_last_order(&bench);
}

static bool is_placed(bool reduce_only, cb_purpose purpose)
{
    cb_permit permit = rig_permit(&bench);
    permit.reduce_only = reduce_only;
    permit.purpose = purpose;
    permit.side = reduce_only ? CB_SIDE_SELL : CB_SIDE_BUY;
    rig_sign(&permit);
    rig_give(&bench, &permit);
    const bool has_claim = rig_request(&bench, EXEC_REQUEST_CLAIM) != NULL;
    if (has_claim) {
        rig_claim(&bench, permit.intent_id, EXEC_CLAIM_FAILED);
    }
    return has_claim;
}

static void levels_let_through_what_they_should(void **context)
{
    (void)context;
    struct {
        uint32_t level;
        bool entry;
        bool exit;
        bool flatten;
    } const rows[] = {{0, true, true, true},
        {1, false, true, true},
        {2, false, false, false},
        {3, false, false, true},
        {4, false, false, false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rig_kill(&bench, "symbol:BTCUSDT", rows[i].level, i + 1, bench.now_ns);
        assert_int_equal(is_placed(false, CB_PURPOSE_ENTRY), rows[i].entry);
        assert_int_equal(is_placed(true, CB_PURPOSE_EXIT), rows[i].exit);
        assert_int_equal(is_placed(true, CB_PURPOSE_FLATTEN), rows[i].flatten);
    }
}

static void scopes_hit_what_they_name(void **context)
{
    (void)context;
    const char *const hits[] = {
        "*", "venue:binance", "account:main", "symbol:BTCUSDT", "strategy:trend", "user:somebody"};
    const char *const misses[] = {
        "venue:kraken", "account:other", "symbol:ETHUSDT", "strategy:reversion"};
    uint64_t version = 0;
    for (size_t i = 0; i < sizeof(misses) / sizeof(misses[0]); i++) {
        rig_kill(&bench, misses[i], 1, ++version, bench.now_ns);
        assert_true(is_placed(false, CB_PURPOSE_ENTRY));
    }
    for (size_t i = 0; i < sizeof(hits) / sizeof(hits[0]); i++) {
        rig_kill(&bench, hits[i], 1, ++version, bench.now_ns);
        assert_false(is_placed(false, CB_PURPOSE_ENTRY));
        rig_kill(&bench, hits[i], 0, ++version, bench.now_ns);
        assert_true(is_placed(false, CB_PURPOSE_ENTRY));
    }
}

static void beat_is_stored_only_when_it_brings_news(void **context)
{
    (void)context;
    rig_kill(&bench, "*", 1, 5, bench.now_ns);
    assert_int_equal(rig_count(&bench, CB_ACTION_STORE, EXEC_TABLE_KILL), 1);
    const int64_t raised_ns = bench.now_ns;
    rig_advance(&bench, CB_NS_PER_S);
    rig_kill(&bench, "*", 1, 5, raised_ns);
    assert_int_equal(rig_count(&bench, CB_ACTION_STORE, EXEC_TABLE_KILL), 0);
    rig_kill(&bench, "*", 0, 4, raised_ns); /* an older word, late */
    assert_int_equal(rig_count(&bench, CB_ACTION_STORE, EXEC_TABLE_KILL), 0);
    assert_int_equal(rig_view(&bench).kill_level, 1);
}

/* More orders than cancels may be in flight: their answers bring the rest, no timer does. */
static void many_cancels_wait_for_answers_and_not_for_the_clock(void **context)
{
    (void)context;
    char id[12];
    for (uint32_t i = 0; i < 20; i++) {
        (void)snprintf(id, sizeof(id), "%u", 7000 + i);
        rig_advance(&bench, CB_NS_PER_S);
        rig_market(&bench);
        (void)open_limit_order(id);
    }
    rig_kill(&bench, "account:main", 2, 1, bench.now_ns);
    assert_int_equal(rig_count(&bench, CB_ACTION_REQUEST, EXEC_REQUEST_CANCEL_ALL), 2);
    rig_advance(&bench, CB_NS_PER_S); /* what one request per symbol left goes one by one */
    assert_int_equal(rig_count(&bench, CB_ACTION_REQUEST, EXEC_REQUEST_CANCEL), 14);
    for (int i = 0; i < 5; i++) { /* nothing is answered for a while */
        rig_advance(&bench, CB_NS_PER_S / 10);
        assert_int_equal(rig_count(&bench, CB_ACTION_REQUEST, EXEC_REQUEST_CANCEL), 0);
        assert_true(bench.timer_due_ns == 0 || bench.timer_due_ns > bench.now_ns);
    }
}

static void kill_between_claim_and_send_stops_the_send(void **context)
{
    (void)context;
    const cb_permit permit = rig_permit(&bench);
    rig_give(&bench, &permit);
    rig_kill(&bench, "*", 1, 1, bench.now_ns);
    rig_claim(&bench, permit.intent_id, EXEC_CLAIM_DONE);
    assert_null(rig_request(&bench, EXEC_REQUEST_SEND));
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_NOT_SENT);
}

static void answer_cancel_all(const exec_read *request)
{
    exec_order_answer answer = {
        .tag = request->tag, .answer_class = CB_ANSWER_ACCEPTED, .retry_after_s = -1};
    rig_feed(&bench, EXEC_EVENT_CANCELED_ALL, &answer, sizeof(answer));
}

/* X19 */
static void level_two_cancels_all_and_asks_until_empty_twice(void **context)
{
    (void)context;
    const cb_order first = open_limit_order("101");
    const cb_order second = open_limit_order("102");
    rig_kill(&bench, "*", 2, 1, bench.now_ns);
    assert_int_equal(rig_count(&bench, CB_ACTION_REQUEST, EXEC_REQUEST_CANCEL_ALL), 2);
    const exec_read btc =
        *(const exec_read *)rig_nth(&bench, CB_ACTION_REQUEST, EXEC_REQUEST_CANCEL_ALL, 0);
    const exec_read eth =
        *(const exec_read *)rig_nth(&bench, CB_ACTION_REQUEST, EXEC_REQUEST_CANCEL_ALL, 1);
    assert_null(rig_request(&bench, EXEC_REQUEST_CANCEL));
    answer_cancel_all(&btc);
    assert_null(rig_request(&bench, EXEC_REQUEST_READ_OPEN));
    answer_cancel_all(&eth);
    exec_read list = rig_read(&bench, EXEC_REQUEST_READ_OPEN);
    /* One was left over: it is canceled by name. */
    cb_venue_order view = rig_venue_view(&first, "101", CB_ORDER_STATE_CANCELED, 0);
    rig_report(&bench, &view, NULL);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_CANCELED);
    view = rig_venue_view(&second, "102", CB_ORDER_STATE_OPEN, 0);
    rig_answer_orders(&bench, &list, &view, 1);
    const exec_read cancel = rig_read(&bench, EXEC_REQUEST_CANCEL);
    assert_string_equal(cancel.venue_order_id, "102");
    view = rig_venue_view(&second, "102", CB_ORDER_STATE_CANCELED, 0);
    rig_answered(&bench, EXEC_EVENT_CANCELED, &second, CB_ANSWER_ACCEPTED, &view);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_CANCELED);
    for (int round = 0; round < 2; round++) {
        rig_advance(&bench, CB_NS_PER_S);
        list = rig_read(&bench, EXEC_REQUEST_READ_OPEN);
        rig_answer_orders(&bench, &list, NULL, 0);
    }
    const exec_alert *alert = rig_request(&bench, EXEC_REQUEST_ALERT);
    assert_non_null(alert);
    assert_string_equal(alert->name, "cancel_all_verified");
    rig_advance(&bench, 5 * CB_NS_PER_S);
    assert_null(rig_request(&bench, EXEC_REQUEST_READ_OPEN));
    assert_int_equal(rig_view(&bench).pending_count, 0);
}

static void order_accepted_after_the_kill_is_canceled_at_once(void **context)
{
    (void)context;
    const cb_order order = rig_sending(&bench);
    rig_kill(&bench, "*", 2, 1, bench.now_ns);
    const cb_venue_order view = rig_venue_view(&order, "101", CB_ORDER_STATE_OPEN, 0);
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &view);
    const exec_read cancel = rig_read(&bench, EXEC_REQUEST_CANCEL);
    assert_string_equal(cancel.venue_order_id, "101");
}

static void kill_of_a_symbol_cancels_that_symbol(void **context)
{
    (void)context;
    const cb_order order = open_limit_order("101");
    rig_kill(&bench, "symbol:ETHUSDT", 2, 1, bench.now_ns);
    assert_null(rig_request(&bench, EXEC_REQUEST_CANCEL));
    rig_kill(&bench, "symbol:BTCUSDT", 2, 1, bench.now_ns);
    const exec_read cancel = rig_read(&bench, EXEC_REQUEST_CANCEL);
    assert_true(cb_id_equal(cancel.intent_id, order.intent_id));
    assert_null(rig_request(&bench, EXEC_REQUEST_CANCEL_ALL));
}

/* X18: "unknown order" is no proof of a cancel. */
static void refused_cancel_leads_to_a_question(void **context)
{
    (void)context;
    const cb_answer_class classes[] = {
        CB_ANSWER_REJECTED, CB_ANSWER_UNKNOWN, CB_ANSWER_NOT_FOUND, CB_ANSWER_NOT_SENT};
    char id[] = "201";
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        id[2] = (char)('1' + i);
        const cb_order order = open_limit_order(id);
        rig_kill(&bench, "symbol:BTCUSDT", 2, 2 * i + 1, bench.now_ns);
        assert_non_null(rig_request(&bench, EXEC_REQUEST_CANCEL));
        rig_answered(&bench, EXEC_EVENT_CANCELED, &order, classes[i], NULL);
        assert_null(rig_last_order(&bench));
        const exec_read question = rig_read(&bench, EXEC_REQUEST_READ_ORDER);
        const cb_venue_order view = rig_venue_view(&order, id, CB_ORDER_STATE_FILLED, CB_E8);
        rig_queried(&bench, &question, CB_ANSWER_ACCEPTED, bench.now_ns, &view);
        assert_int_equal(rig_view(&bench).active_count, 1); /* its fill is still to come */
        const cb_venue_trade trade = rig_trade(&bench, &view, 9000 + i, CB_E8);
        rig_report(&bench, &view, &trade);
        assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_FILLED);
        rig_kill(&bench, "symbol:BTCUSDT", 0, 2 * i + 2, bench.now_ns);
    }
}

static void cancel_that_changed_nothing_is_sent_again(void **context)
{
    (void)context;
    const cb_order order = open_limit_order("101");
    rig_kill(&bench, "symbol:BTCUSDT", 2, 1, bench.now_ns);
    for (int round = 0; round < 3; round++) {
        assert_non_null(rig_request(&bench, EXEC_REQUEST_CANCEL));
        rig_answered(&bench, EXEC_EVENT_CANCELED, &order, CB_ANSWER_UNKNOWN, NULL);
        const exec_read question = rig_read(&bench, EXEC_REQUEST_READ_ORDER);
        const cb_venue_order view = rig_venue_view(&order, "101", CB_ORDER_STATE_OPEN, 0);
        rig_queried(&bench, &question, CB_ANSWER_ACCEPTED, bench.now_ns, &view);
        assert_null(rig_request(&bench, EXEC_REQUEST_CANCEL));
        rig_advance(&bench, CB_NS_PER_S);
    }
    assert_non_null(rig_request(&bench, EXEC_REQUEST_CANCEL));
}

static void resting_order_is_canceled_after_its_time(void **context)
{
    (void)context;
    const cb_order order = open_limit_order("101");
    rig_advance(&bench, bench.config.order_timeout_ns - 1);
    assert_null(rig_request(&bench, EXEC_REQUEST_CANCEL));
    rig_advance(&bench, 1);
    const exec_read cancel = rig_read(&bench, EXEC_REQUEST_CANCEL);
    assert_true(cb_id_equal(cancel.intent_id, order.intent_id));
}

static void hand_that_lowers_everything_ends_own_levels_too(void **context)
{
    (void)context;
    for (int i = 0; i < 3; i++) {
        const cb_order order = rig_sending(&bench);
        rig_placed(&bench, &order, CB_ANSWER_UNKNOWN, NULL);
    }
    assert_int_equal(rig_view(&bench).kill_level, 1);
    rig_kill(&bench, "*", 0, 1, bench.now_ns); /* not newer than our own */
    assert_int_equal(rig_view(&bench).kill_level, 1);
    rig_advance(&bench, 1);
    rig_kill(&bench, "*", 0, 2, bench.now_ns);
    /* Lowered and raised again in one step: three orders are still unknown. */
    assert_int_equal(rig_view(&bench).kill_level, 1);
    assert_int_equal(rig_count(&bench, CB_ACTION_STORE, EXEC_TABLE_KILL), 3);
}

static void flapping_lease_stops_new_risk_of_the_account(void **context)
{
    (void)context;
    const exec_flaps flaps = {.takeovers_count = 3};
    rig_feed(&bench, EXEC_EVENT_FLAPS, &flaps, sizeof(flaps));
    const exec_kill_row *row = rig_nth(&bench, CB_ACTION_STORE, EXEC_TABLE_KILL, 0);
    assert_non_null(row);
    assert_string_equal(row->scope, "account:main");
    assert_int_equal(row->level, 1);
    assert_false(is_placed(false, CB_PURPOSE_ENTRY));
    assert_true(is_placed(true, CB_PURPOSE_EXIT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(levels_let_through_what_they_should),
        TEST(scopes_hit_what_they_name),
        TEST(beat_is_stored_only_when_it_brings_news),
        TEST(many_cancels_wait_for_answers_and_not_for_the_clock),
        TEST(kill_between_claim_and_send_stops_the_send),
        TEST(level_two_cancels_all_and_asks_until_empty_twice),
        TEST(order_accepted_after_the_kill_is_canceled_at_once),
        TEST(kill_of_a_symbol_cancels_that_symbol),
        TEST(refused_cancel_leads_to_a_question),
        TEST(cancel_that_changed_nothing_is_sent_again),
        TEST(resting_order_is_canceled_after_its_time),
        TEST(hand_that_lowers_everything_ends_own_levels_too),
        TEST(flapping_lease_stops_new_risk_of_the_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
