/* UNKNOWN orders: what resolves them, and that absence counts only beyond the bound, twice, and
 * everywhere. */
#include "tests/unit/execution/rig.h"

static rig bench;
static cb_order order;

static int setup(void **context)
{
    (void)context;
    rig_live(&bench);
    order = rig_sending(&bench);
    rig_placed(&bench, &order, CB_ANSWER_UNKNOWN, NULL);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_UNKNOWN);
    return 0;
}

static int teardown(void **context)
{
    (void)context;
    rig_stop(&bench);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static int64_t bound_ns(void)
{
    return order.sign_ts_ns + bench.config.window_ns + bench.config.engine_bound_ns +
           bench.config.query_lag_ns;
}

/* Lets the back-off pass and returns the question that is asked then. */
static exec_read next_query(void)
{
    for (int i = 0; i < 20; i++) {
        rig_advance(&bench, CB_NS_PER_S);
        if (rig_request(&bench, EXEC_REQUEST_READ_ORDER) != NULL) {
            return rig_read(&bench, EXEC_REQUEST_READ_ORDER);
        }
    }
    fail_msg("no question within 20 s");
    return (exec_read){0};
}

static void first_question_comes_after_one_second_and_backs_off_to_ten(void **context)
{
    (void)context;
    const int64_t waits_s[] = {1, 1, 2, 4, 8, 10, 10, 10};
    for (size_t i = 0; i < sizeof(waits_s) / sizeof(waits_s[0]); i++) {
        rig_advance(&bench, waits_s[i] * CB_NS_PER_S - 1);
        assert_null(rig_request(&bench, EXEC_REQUEST_READ_ORDER));
        rig_advance(&bench, 1);
        const exec_read read = rig_read(&bench, EXEC_REQUEST_READ_ORDER);
        assert_string_equal(read.client_order_id, order.client_order_id);
        rig_queried(&bench, &read, CB_ANSWER_UNKNOWN, 0, NULL);
    }
}

static void found_order_is_adopted(void **context)
{
    (void)context;
    const exec_read read = next_query();
    const cb_venue_order view = rig_venue_view(&order, "77", CB_ORDER_STATE_OPEN, 0);
    rig_queried(&bench, &read, CB_ANSWER_ACCEPTED, bench.now_ns, &view);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_OPEN);
    assert_string_equal(rig_last_order(&bench)->venue_order_id, "77");
    assert_int_equal(rig_last_order(&bench)->version, 4);
    assert_int_equal(rig_view(&bench).unknown_count, 0);
}

static void found_filled_order_ends_only_with_its_trades(void **context)
{
    (void)context;
    const exec_read read = next_query();
    const cb_venue_order view = rig_venue_view(&order, "77", CB_ORDER_STATE_FILLED, CB_E8);
    rig_queried(&bench, &read, CB_ANSWER_ACCEPTED, bench.now_ns, &view);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_OPEN);
    rig_advance(&bench, 2 * CB_NS_PER_S);
    const exec_read trades = rig_read(&bench, EXEC_REQUEST_READ_TRADES);
    const cb_venue_trade trade = rig_trade(&bench, &view, 9, CB_E8);
    rig_answer_trades(&bench, &trades, &trade, 1);
    assert_int_equal(rig_fills(&bench), 1);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_FILLED);
}

static void stream_report_resolves_it_too(void **context)
{
    (void)context;
    const cb_venue_order view = rig_venue_view(&order, "77", CB_ORDER_STATE_FILLED, CB_E8);
    const cb_venue_trade trade = rig_trade(&bench, &view, 9, CB_E8);
    rig_report(&bench, &view, &trade);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_FILLED);
    rig_advance(&bench, 100 * CB_NS_PER_S);
    assert_null(rig_request(&bench, EXEC_REQUEST_READ_ORDER));
}

static void not_found_within_the_bound_proves_nothing(void **context)
{
    (void)context;
    for (int i = 0; i < 6; i++) {
        const exec_read read = next_query();
        rig_queried(&bench, &read, CB_ANSWER_NOT_FOUND, bound_ns(), NULL); /* not beyond: at it */
        assert_null(rig_last_order(&bench));
        assert_null(rig_request(&bench, EXEC_REQUEST_READ_ALL));
    }
    assert_int_equal(rig_view(&bench).unknown_count, 1);
}

static void unknown_venue_time_proves_nothing(void **context)
{
    (void)context;
    for (int i = 0; i < 6; i++) {
        const exec_read read = next_query();
        rig_queried(&bench, &read, CB_ANSWER_NOT_FOUND, 0, NULL);
        assert_null(rig_request(&bench, EXEC_REQUEST_READ_ALL));
    }
}

static void one_not_found_beyond_the_bound_is_not_enough(void **context)
{
    (void)context;
    exec_read read = next_query();
    rig_queried(&bench, &read, CB_ANSWER_NOT_FOUND, bound_ns() + 1, NULL);
    assert_null(rig_request(&bench, EXEC_REQUEST_READ_ALL));
    read = next_query();
    rig_queried(&bench, &read, CB_ANSWER_UNKNOWN, 0, NULL); /* breaks the row */
    read = next_query();
    rig_queried(&bench, &read, CB_ANSWER_NOT_FOUND, bound_ns() + 1, NULL);
    assert_null(rig_request(&bench, EXEC_REQUEST_READ_ALL));
    read = next_query();
    rig_queried(&bench, &read, CB_ANSWER_NOT_FOUND, bound_ns(), NULL); /* and so does this */
    read = next_query();
    rig_queried(&bench, &read, CB_ANSWER_NOT_FOUND, bound_ns() + 1, NULL);
    assert_null(rig_request(&bench, EXEC_REQUEST_READ_ALL));
    assert_int_equal(rig_view(&bench).unknown_count, 1);
}

/* Two answers just beyond the bound: what remains is its absence from the lists. */
static exec_read not_found_twice(void)
{
    exec_read read = next_query();
    rig_queried(&bench, &read, CB_ANSWER_NOT_FOUND, bound_ns() + 1, NULL);
    read = next_query();
    rig_queried(&bench, &read, CB_ANSWER_NOT_FOUND, bound_ns() + 1, NULL);
    return rig_read(&bench, EXEC_REQUEST_READ_ALL);
}

static void absence_everywhere_beyond_the_bound_is_not_sent(void **context)
{
    (void)context;
    exec_read read = not_found_twice();
    assert_int_equal(read.start_ns, order.sign_ts_ns - 60 * CB_NS_PER_S);
    rig_answer_orders(&bench, &read, NULL, 0);
    assert_null(rig_last_order(&bench));
    read = rig_read(&bench, EXEC_REQUEST_READ_OPEN);
    rig_answer_orders(&bench, &read, NULL, 0);
    assert_null(rig_last_order(&bench));
    read = rig_read(&bench, EXEC_REQUEST_READ_TRADES);
    assert_string_equal(read.venue_order_id, "");
    rig_answer_trades(&bench, &read, NULL, 0);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_NOT_SENT);
    assert_int_equal(rig_last_order(&bench)->version, 4);
    assert_int_equal(rig_view(&bench).active_count, 0);
}

static void trace_in_all_orders_keeps_it_alive(void **context)
{
    (void)context;
    const exec_read read = not_found_twice();
    const cb_venue_order view = rig_venue_view(&order, "77", CB_ORDER_STATE_OPEN, 0);
    rig_answer_orders(&bench, &read, &view, 1);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_OPEN);
    assert_null(rig_request(&bench, EXEC_REQUEST_READ_OPEN));
}

static void trace_in_open_orders_keeps_it_alive(void **context)
{
    (void)context;
    exec_read read = not_found_twice();
    rig_answer_orders(&bench, &read, NULL, 0);
    read = rig_read(&bench, EXEC_REQUEST_READ_OPEN);
    const cb_venue_order view = rig_venue_view(&order, "77", CB_ORDER_STATE_OPEN, 0);
    rig_answer_orders(&bench, &read, &view, 1);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_OPEN);
    assert_null(rig_request(&bench, EXEC_REQUEST_READ_TRADES));
}

static void trade_of_a_stranger_is_looked_into_first(void **context)
{
    (void)context;
    exec_read read = not_found_twice();
    rig_answer_orders(&bench, &read, NULL, 0);
    read = rig_read(&bench, EXEC_REQUEST_READ_OPEN);
    rig_answer_orders(&bench, &read, NULL, 0);
    read = rig_read(&bench, EXEC_REQUEST_READ_TRADES);
    const cb_venue_order view = rig_venue_view(&order, "77", CB_ORDER_STATE_FILLED, CB_E8);
    const cb_venue_trade trade = rig_trade(&bench, &view, 9, CB_E8);
    rig_answer_trades(&bench, &read, &trade, 1);
    assert_null(rig_last_order(&bench));
    assert_int_equal(rig_view(&bench).unknown_count, 1);
    const exec_read question = rig_read(&bench, EXEC_REQUEST_READ_ORDER);
    assert_string_equal(question.venue_order_id, "77");
    rig_queried(&bench, &question, CB_ANSWER_ACCEPTED, bench.now_ns, &view);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_OPEN);
    assert_true(cb_id_equal(rig_last_order(&bench)->intent_id, order.intent_id));
    rig_advance(&bench, 2 * CB_NS_PER_S);
    const exec_read trades = rig_read(&bench, EXEC_REQUEST_READ_TRADES);
    rig_answer_trades(&bench, &trades, &trade, 1);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_FILLED);
}

static void failing_list_starts_the_proof_anew(void **context)
{
    (void)context;
    const exec_read read = not_found_twice();
    exec_orders_page *page = calloc(1, sizeof(*page));
    page->tag = read.tag;
    page->intent_id = read.intent_id;
    page->answer_class = CB_ANSWER_UNKNOWN;
    page->retry_after_s = -1;
    page->is_last = true;
    rig_feed(&bench, EXEC_EVENT_ORDERS, page, sizeof(*page));
    assert_int_equal(rig_view(&bench).unknown_count, 1);
    const exec_read query = next_query();
    rig_queried(&bench, &query, CB_ANSWER_NOT_FOUND, bound_ns() + 1, NULL);
    assert_null(rig_request(&bench, EXEC_REQUEST_READ_ALL));
    page->answer_class = CB_ANSWER_ACCEPTED;
    page->is_cut = true; /* a list that was cut off proves no absence either */
    const exec_read second = next_query();
    rig_queried(&bench, &second, CB_ANSWER_NOT_FOUND, bound_ns() + 1, NULL);
    page->tag = rig_read(&bench, EXEC_REQUEST_READ_ALL).tag;
    rig_feed(&bench, EXEC_EVENT_ORDERS, page, sizeof(*page));
    assert_null(rig_request(&bench, EXEC_REQUEST_READ_OPEN));
    assert_int_equal(rig_view(&bench).unknown_count, 1);
    free(page);
}

static void throttled_query_waits_as_told(void **context)
{
    (void)context;
    const exec_read read = next_query();
    exec_order_answer answer = {.tag = read.tag,
        .intent_id = read.intent_id,
        .answer_class = CB_ANSWER_THROTTLED,
        .retry_after_s = 30};
    rig_feed(&bench, EXEC_EVENT_QUERIED, &answer, sizeof(answer));
    for (int i = 0; i < 30; i++) {
        rig_advance(&bench, CB_NS_PER_S);
        assert_null(rig_request(&bench, EXEC_REQUEST_READ_ORDER));
    }
    rig_advance(&bench, CB_NS_PER_S);
    assert_non_null(rig_request(&bench, EXEC_REQUEST_READ_ORDER));
}

static void an_archived_order_keeps_its_state_and_is_asked_about_again(void **context)
{
    (void)context;
    const exec_read read = next_query();
    const exec_order_answer answer = {.tag = read.tag,
        .intent_id = read.intent_id,
        .answer_class = CB_ANSWER_UNKNOWN,
        .retry_after_s = -1};
    rig_feed(&bench, EXEC_EVENT_QUERIED, &answer, sizeof(answer));
    assert_null(rig_last_order(&bench)); /* no state is invented */
    rig_advance(&bench, 20 * CB_NS_PER_S);
    assert_true(cb_id_equal(rig_read(&bench, EXEC_REQUEST_READ_ORDER).intent_id, read.intent_id));
}

static void nothing_is_placed_while_the_venue_asks_us_to_wait(void **context)
{
    (void)context;
    const cb_order second = rig_sending(&bench);
    exec_order_answer answer = {
        .intent_id = second.intent_id, .answer_class = CB_ANSWER_THROTTLED, .retry_after_s = 5};
    rig_feed(&bench, EXEC_EVENT_PLACED, &answer, sizeof(answer));
    const cb_permit permit = rig_permit(&bench);
    rig_give(&bench, &permit);
    assert_null(rig_request(&bench, EXEC_REQUEST_CLAIM));
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_NOT_SENT);
}

static void answers_nobody_waits_for_are_ignored(void **context)
{
    (void)context;
    exec_read read = next_query();
    const cb_venue_order view = rig_venue_view(&order, "77", CB_ORDER_STATE_OPEN, 0);
    read.tag += 1000;
    rig_queried(&bench, &read, CB_ANSWER_ACCEPTED, bench.now_ns, &view);
    assert_null(rig_last_order(&bench));
    assert_int_equal(rig_view(&bench).pending_count, 1);
}

static void sixty_seconds_of_not_knowing_kill_new_risk(void **context)
{
    (void)context;
    for (int i = 0; i < 60; i++) {
        rig_advance(&bench, CB_NS_PER_S);
        if (rig_request(&bench, EXEC_REQUEST_READ_ORDER) != NULL) {
            const exec_read read = rig_read(&bench, EXEC_REQUEST_READ_ORDER);
            rig_queried(&bench, &read, CB_ANSWER_UNKNOWN, 0, NULL);
        }
        assert_int_equal(rig_view(&bench).kill_level, 0);
    }
    rig_advance(&bench, CB_NS_PER_S);
    assert_int_equal(rig_view(&bench).kill_level, 1);
}

static void three_unknown_orders_kill_new_risk_but_not_exits(void **context)
{
    (void)context;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(rig_view(&bench).kill_level, 0);
        const cb_order next = rig_sending(&bench);
        rig_placed(&bench, &next, CB_ANSWER_UNKNOWN, NULL);
    }
    const exec_kill_row *row = rig_nth(&bench, CB_ACTION_STORE, EXEC_TABLE_KILL, 0);
    assert_non_null(row);
    assert_string_equal(row->scope, "venue:binance");
    assert_string_equal(row->source, "execution");
    assert_int_equal(row->level, 1);
    assert_non_null(rig_request(&bench, EXEC_REQUEST_ALERT));
    cb_permit permit = rig_permit(&bench);
    rig_give(&bench, &permit);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_NOT_SENT);
    permit = rig_permit(&bench);
    permit.side = CB_SIDE_SELL;
    permit.reduce_only = true;
    rig_sign(&permit);
    rig_give(&bench, &permit);
    assert_non_null(rig_request(&bench, EXEC_REQUEST_CLAIM));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(first_question_comes_after_one_second_and_backs_off_to_ten),
        TEST(found_order_is_adopted),
        TEST(found_filled_order_ends_only_with_its_trades),
        TEST(stream_report_resolves_it_too),
        TEST(not_found_within_the_bound_proves_nothing),
        TEST(unknown_venue_time_proves_nothing),
        TEST(one_not_found_beyond_the_bound_is_not_enough),
        TEST(absence_everywhere_beyond_the_bound_is_not_sent),
        TEST(trace_in_all_orders_keeps_it_alive),
        TEST(trace_in_open_orders_keeps_it_alive),
        TEST(trade_of_a_stranger_is_looked_into_first),
        TEST(failing_list_starts_the_proof_anew),
        TEST(throttled_query_waits_as_told),
        TEST(an_archived_order_keeps_its_state_and_is_asked_about_again),
        TEST(nothing_is_placed_while_the_venue_asks_us_to_wait),
        TEST(answers_nobody_waits_for_are_ignored),
        TEST(sixty_seconds_of_not_knowing_kill_new_risk),
        TEST(three_unknown_orders_kill_new_risk_but_not_exits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
