/* The account against the venue: baseline, missing fills, orders that are not ours, balances, and
 * that a second run adds nothing. */
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

/* A first start at a venue whose newest own trade is baseline (0: none). */
static void fresh(uint64_t baseline)
{
    rig_stop(&bench);
    const exec_config config = rig_config();
    rig_start(&bench, &config);
    rig_lease(&bench, 1);
    rig_feed(&bench, CB_EVENT_RECOVERED, NULL, 0);
    rig_market(&bench);
    rig_stream(&bench, true);
    rig_answer_time(&bench, rig_read(&bench, EXEC_REQUEST_READ_TIME).tag);
    exec_read read = rig_read(&bench, EXEC_REQUEST_READ_TRADES);
    assert_false(read.has_from_id);
    cb_venue_order view = {.side = CB_SIDE_BUY};
    memcpy(view.symbol, "BTCUSDT", 8);
    memcpy(view.venue_order_id, "5", 2);
    const cb_venue_trade trade = rig_trade(&bench, &view, baseline, CB_E8);
    rig_answer_trades(&bench, &read, &trade, baseline == 0 ? 0 : 1);
    const exec_mark_row *mark = rig_nth(&bench, CB_ACTION_STORE, EXEC_TABLE_MARKS, 0);
    assert_non_null(mark);
    assert_int_equal(mark->baseline, baseline);
    read = rig_read(&bench, EXEC_REQUEST_READ_TRADES);
    rig_answer_trades(&bench, &read, NULL, 0);
    rig_answer_account(
        &bench, rig_read(&bench, EXEC_REQUEST_READ_ACCOUNT).tag, 1000 * CB_E8, CB_E8);
    read = rig_read(&bench, EXEC_REQUEST_READ_OPEN);
    rig_answer_orders(&bench, &read, NULL, 0);
    for (int symbols = 0; symbols < 2; symbols++) {
        read = rig_read(&bench, EXEC_REQUEST_READ_TRADES);
        assert_true(read.has_from_id);
        rig_answer_trades(&bench, &read, NULL, 0);
    }
}

/* The first periodic run was planned when the bench went live. */
static void begin_light(void)
{
    rig_advance(&bench, 10 * CB_NS_PER_S);
    assert_non_null(rig_request(&bench, EXEC_REQUEST_READ_TIME));
}

/* Answers the running job up to its first question for trades; the account is given. */
static exec_read job_until_trades(int64_t usdt_e8, int64_t btc_e8)
{
    rig_answer_time(&bench, rig_read(&bench, EXEC_REQUEST_READ_TIME).tag);
    rig_answer_account(&bench, rig_read(&bench, EXEC_REQUEST_READ_ACCOUNT).tag, usdt_e8, btc_e8);
    const exec_read read = rig_read(&bench, EXEC_REQUEST_READ_OPEN);
    rig_answer_orders(&bench, &read, NULL, 0);
    return rig_read(&bench, EXEC_REQUEST_READ_TRADES);
}

static void start_tells_the_balances_once(void **context)
{
    (void)context;
    fresh(0);
    assert_true(rig_view(&bench).is_live);
    const cb_balance *balance = rig_nth(&bench, CB_ACTION_PUBLISH, CB_SUBJECT_BALANCE, 0);
    assert_non_null(balance);
    assert_int_equal(balance->reason, CB_BALANCE_REASON_SNAPSHOT);
    assert_int_equal(balance->balances_count, 2);
    assert_int_equal(balance->fills_count, 0);
    assert_int_equal(rig_fills(&bench), 0);
}

static void trades_before_the_first_start_are_not_booked(void **context)
{
    (void)context;
    fresh(900);
    assert_true(rig_view(&bench).is_live);
    assert_int_equal(rig_view(&bench).fills_count, 0);
    assert_int_equal(rig_view(&bench).active_count, 0);
}

/* A trade that the stream tells of before the baseline is read is in the first balances. */
static void trade_before_the_baseline_is_read_is_not_booked(void **context)
{
    (void)context;
    rig_stop(&bench);
    const exec_config config = rig_config();
    rig_start(&bench, &config);
    rig_lease(&bench, 1);
    rig_feed(&bench, CB_EVENT_RECOVERED, NULL, 0);
    rig_stream(&bench, true);
    const exec_read time = rig_read(&bench, EXEC_REQUEST_READ_TIME);
    cb_venue_order view = {.side = CB_SIDE_BUY,
        .order_type = CB_ORDER_TYPE_MARKET,
        .state = CB_ORDER_STATE_FILLED,
        .qty = {CB_E8},
        .cum_qty = {CB_E8}};
    memcpy(view.symbol, "BTCUSDT", 8);
    memcpy(view.venue_order_id, "5", 2);
    const cb_venue_trade trade = rig_trade(&bench, &view, 77, CB_E8);
    rig_report(&bench, &view, &trade);
    assert_int_equal(rig_fills(&bench), 0);
    assert_null(rig_last_order(&bench));
    rig_answer_time(&bench, time.tag);
    const exec_read read = rig_read(&bench, EXEC_REQUEST_READ_TRADES);
    rig_answer_trades(&bench, &read, NULL, 0); /* the list lags */
    const exec_mark_row *mark = rig_nth(&bench, CB_ACTION_STORE, EXEC_TABLE_MARKS, 0);
    assert_int_equal(mark->baseline, 77);
}

static void start_that_fails_is_tried_again_on_the_wall_clock(void **context)
{
    (void)context;
    rig_stream(&bench, false);
    rig_stream(&bench, true);
    exec_time_answer answer = {.tag = rig_read(&bench, EXEC_REQUEST_READ_TIME).tag,
        .answer_class = CB_ANSWER_UNKNOWN,
        .retry_after_s = -1};
    rig_feed(&bench, EXEC_EVENT_TIME, &answer, sizeof(answer));
    assert_non_null(rig_request(&bench, EXEC_REQUEST_RETRY));
    assert_false(rig_view(&bench).is_live);
    assert_int_equal(rig_view(&bench).pending_count, 1);
    rig_feed(&bench, EXEC_EVENT_RETRY, NULL, 0);
    rig_reconcile(&bench, 1000000 * CB_E8, 0);
    assert_true(rig_view(&bench).is_live);
}

/* S1, S5: the stream lost a fill; the venue's list has it. */
static void missing_fill_is_booked_once_and_recorded(void **context)
{
    (void)context;
    const cb_order order = rig_sending(&bench);
    const cb_venue_order open = rig_venue_view(&order, "101", CB_ORDER_STATE_OPEN, 0);
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &open);
    const cb_venue_order full = rig_venue_view(&order, "101", CB_ORDER_STATE_FILLED, CB_E8);
    const cb_venue_trade trade = rig_trade(&bench, &full, 5001, CB_E8);
    rig_advance(&bench, 3 * CB_NS_PER_S);
    rig_stream(&bench, false);
    for (int run = 0; run < 2; run++) {
        rig_stream(&bench, true);
        exec_read read = job_until_trades(970000 * CB_E8, CB_E8);
        assert_true(read.has_from_id);
        rig_answer_trades(&bench, &read, &trade, 1);
        if (run == 0) {
            assert_int_equal(rig_fills(&bench), 1);
            assert_int_equal(rig_fill(&bench, 0)->source, CB_FILL_SOURCE_RECON);
            assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_FILLED);
            assert_non_null(rig_difference(&bench, "missing_fill"));
        } else {
            assert_int_equal(rig_fills(&bench), 0);
            assert_int_equal(rig_count(&bench, CB_ACTION_STORE, EXEC_TABLE_DIFFERENCES), 0);
        }
        read = rig_read(&bench, EXEC_REQUEST_READ_TRADES);
        rig_answer_trades(&bench, &read, NULL, 0);
        const cb_balance *balance = rig_nth(&bench, CB_ACTION_PUBLISH, CB_SUBJECT_BALANCE, 0);
        assert_non_null(balance);
        assert_int_equal(balance->fills_count, 1);
    }
}

/* The balances hold what the trade moved; told now, its fill would move it again. */
static void start_waits_for_the_order_of_an_unknown_trade(void **context)
{
    (void)context;
    rig_stream(&bench, false);
    rig_stream(&bench, true);
    exec_read read = job_until_trades(970000 * CB_E8, CB_E8);
    cb_venue_order view = {.side = CB_SIDE_BUY};
    memcpy(view.symbol, "BTCUSDT", 8);
    memcpy(view.venue_order_id, "9077", 5);
    const cb_venue_trade trade = rig_trade(&bench, &view, 6001, CB_E8);
    rig_answer_trades(&bench, &read, &trade, 1);
    assert_non_null(rig_request(&bench, EXEC_REQUEST_READ_ORDER)); /* whose it is */
    read = rig_read(&bench, EXEC_REQUEST_READ_TRADES);
    rig_answer_trades(&bench, &read, NULL, 0);
    assert_null(rig_nth(&bench, CB_ACTION_PUBLISH, CB_SUBJECT_BALANCE, 0));
    assert_non_null(rig_request(&bench, EXEC_REQUEST_RETRY));
    assert_false(rig_view(&bench).is_live);
}

static void young_trades_are_left_to_the_stream(void **context)
{
    (void)context;
    const cb_order order = rig_sending(&bench);
    const cb_venue_order open = rig_venue_view(&order, "101", CB_ORDER_STATE_OPEN, 0);
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &open);
    begin_light();
    exec_read read = rig_read(&bench, EXEC_REQUEST_READ_TIME);
    rig_answer_time(&bench, read.tag);
    read = rig_read(&bench, EXEC_REQUEST_READ_ACCOUNT);
    rig_answer_account(&bench, read.tag, 970000 * CB_E8, CB_E8);
    read = rig_read(&bench, EXEC_REQUEST_READ_OPEN);
    rig_answer_orders(&bench, &read, &open, 1);
    read = rig_read(&bench, EXEC_REQUEST_READ_TRADES);
    const cb_venue_order full = rig_venue_view(&order, "101", CB_ORDER_STATE_FILLED, CB_E8);
    cb_venue_trade trade = rig_trade(&bench, &full, 5001, CB_E8);
    trade.ts_ns = bench.now_ns - 2 * CB_NS_PER_S + 1;
    rig_answer_trades(&bench, &read, &trade, 1);
    assert_int_equal(rig_fills(&bench), 0);
    rig_report(&bench, &full, &trade);
    assert_int_equal(rig_fill(&bench, 0)->source, CB_FILL_SOURCE_STREAM);
}

static void order_missing_from_the_open_list_is_asked_for_by_name(void **context)
{
    (void)context;
    const cb_order order = rig_sending(&bench);
    const cb_venue_order open = rig_venue_view(&order, "101", CB_ORDER_STATE_OPEN, 0);
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &open);
    begin_light();
    rig_answer_time(&bench, rig_read(&bench, EXEC_REQUEST_READ_TIME).tag);
    rig_answer_account(&bench, rig_read(&bench, EXEC_REQUEST_READ_ACCOUNT).tag, 1000000 * CB_E8, 0);
    const exec_read read = rig_read(&bench, EXEC_REQUEST_READ_OPEN);
    rig_answer_orders(&bench, &read, NULL, 0);
    const exec_read question = rig_read(&bench, EXEC_REQUEST_READ_ORDER);
    const cb_venue_order gone = rig_venue_view(&order, "101", CB_ORDER_STATE_CANCELED, 0);
    rig_queried(&bench, &question, CB_ANSWER_ACCEPTED, bench.now_ns, &gone);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_CANCELED);
}

static void order_seen_at_the_venue_is_never_given_up(void **context)
{
    (void)context;
    const cb_order order = rig_sending(&bench);
    const cb_venue_order open = rig_venue_view(&order, "101", CB_ORDER_STATE_OPEN, 0);
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &open);
    begin_light();
    rig_answer_time(&bench, rig_read(&bench, EXEC_REQUEST_READ_TIME).tag);
    rig_answer_account(&bench, rig_read(&bench, EXEC_REQUEST_READ_ACCOUNT).tag, 1000000 * CB_E8, 0);
    const exec_read read = rig_read(&bench, EXEC_REQUEST_READ_OPEN);
    rig_answer_orders(&bench, &read, NULL, 0);
    exec_read question = rig_read(&bench, EXEC_REQUEST_READ_ORDER);
    for (int i = 0; i < 20; i++) {
        rig_queried(
            &bench, &question, CB_ANSWER_NOT_FOUND, bench.now_ns + 1000 * CB_NS_PER_S, NULL);
        assert_null(rig_last_order(&bench));
        do {
            rig_advance(&bench, CB_NS_PER_S);
        } while (rig_request(&bench, EXEC_REQUEST_READ_ORDER) == NULL);
        question = rig_read(&bench, EXEC_REQUEST_READ_ORDER);
    }
    assert_int_equal(rig_view(&bench).active_count, 1);
}

/* ---- orders that are not ours ---- */

static cb_venue_order external_view(const char *id, cb_order_state state, int64_t cum_e8)
{
    cb_venue_order view = {.side = CB_SIDE_SELL,
        .order_type = CB_ORDER_TYPE_LIMIT,
        .tif = CB_TIF_GTC,
        .state = state,
        .qty = {CB_E8},
        .price = {31000 * CB_E8},
        .cum_qty = {cum_e8}};
    memcpy(view.symbol, "BTCUSDT", 8);
    memcpy(view.client_order_id, "web_abc", 8);
    strncpy(view.venue_order_id, id, sizeof(view.venue_order_id) - 1);
    return view;
}

/* S9 */
static void external_order_on_the_stream_is_followed_to_its_end(void **context)
{
    (void)context;
    const cb_venue_order open = external_view("900", CB_ORDER_STATE_OPEN, 0);
    rig_report(&bench, &open, NULL);
    const cb_order *order = rig_order(&bench, 0);
    assert_non_null(order);
    assert_true(order->is_external);
    assert_int_equal(order->state, CB_ORDER_STATE_OPEN);
    assert_int_equal(order->version, 1);
    assert_non_null(rig_difference(&bench, "external_order"));
    const cb_id intent_id = order->intent_id;
    const cb_venue_order full = external_view("900", CB_ORDER_STATE_FILLED, CB_E8);
    const cb_venue_trade trade = rig_trade(&bench, &full, 600, CB_E8);
    rig_report(&bench, &full, &trade);
    assert_true(cb_id_equal(rig_fill(&bench, 0)->intent_id, intent_id));
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_FILLED);
    assert_int_equal(rig_last_order(&bench)->version, 2);
}

static void external_market_order_is_known_by_its_first_trade(void **context)
{
    (void)context;
    const cb_venue_order full = external_view("900", CB_ORDER_STATE_FILLED, CB_E8);
    const cb_venue_trade trade = rig_trade(&bench, &full, 600, CB_E8);
    rig_report(&bench, &full, &trade);
    assert_int_equal(rig_order(&bench, 0)->state, CB_ORDER_STATE_OPEN);
    assert_int_equal(rig_fills(&bench), 1);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_FILLED);
    assert_int_equal(rig_view(&bench).kill_level, 0);
}

static void external_order_met_halfway_is_read_first(void **context)
{
    (void)context;
    const cb_venue_order half = external_view("900", CB_ORDER_STATE_PARTIALLY_FILLED, CB_E8 / 2);
    const cb_venue_trade first = rig_trade(&bench, &half, 600, CB_E8 / 4);
    const cb_venue_trade second = rig_trade(&bench, &half, 601, CB_E8 / 4);
    rig_report(&bench, &half, &second);
    assert_null(rig_last_order(&bench));
    assert_int_equal(rig_fills(&bench), 0);
    const exec_read read = rig_read(&bench, EXEC_REQUEST_READ_TRADES);
    assert_string_equal(read.venue_order_id, "900");
    const cb_venue_trade trades[] = {first, second};
    rig_answer_trades(&bench, &read, trades, 2);
    assert_int_equal(rig_fills(&bench), 2);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_PARTIALLY_FILLED);
    assert_int_equal(rig_last_order(&bench)->cum_qty.e8, CB_E8 / 2);
}

static void external_trade_found_by_rest_leads_to_its_order(void **context)
{
    (void)context;
    begin_light();
    const exec_read read = job_until_trades(970000 * CB_E8, CB_E8);
    const cb_venue_order full = external_view("900", CB_ORDER_STATE_FILLED, CB_E8);
    cb_venue_trade trade = rig_trade(&bench, &full, 600, CB_E8);
    trade.client_order_id[0] = '\0';
    rig_answer_trades(&bench, &read, &trade, 1);
    assert_int_equal(rig_fills(&bench), 0);
    const exec_read question = rig_read(&bench, EXEC_REQUEST_READ_ORDER);
    assert_string_equal(question.venue_order_id, "900");
    rig_queried(&bench, &question, CB_ANSWER_ACCEPTED, bench.now_ns, &full);
    const exec_read trades = rig_read(&bench, EXEC_REQUEST_READ_TRADES);
    rig_answer_trades(&bench, &trades, &trade, 1);
    assert_int_equal(rig_fills(&bench), 1);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_FILLED);
    assert_true(rig_last_order(&bench)->is_external);
}

static void external_order_filled_before_the_baseline_is_forgotten(void **context)
{
    (void)context;
    fresh(900);
    const cb_venue_order half = external_view("800", CB_ORDER_STATE_PARTIALLY_FILLED, CB_E8 / 2);
    const cb_venue_order done = external_view("801", CB_ORDER_STATE_FILLED, CB_E8);
    rig_report(&bench, &done, NULL);
    exec_read read = rig_read(&bench, EXEC_REQUEST_READ_TRADES);
    cb_venue_trade trade = rig_trade(&bench, &done, 890, CB_E8);
    rig_answer_trades(&bench, &read, &trade, 1);
    assert_int_equal(rig_fills(&bench), 0);
    assert_null(rig_last_order(&bench));
    assert_int_equal(rig_view(&bench).active_count, 0);
    /* Partly before: what came before counts as done, what comes after is booked. */
    rig_report(&bench, &half, NULL);
    read = rig_read(&bench, EXEC_REQUEST_READ_TRADES);
    trade = rig_trade(&bench, &half, 891, CB_E8 / 2);
    rig_answer_trades(&bench, &read, &trade, 1);
    assert_int_equal(rig_fills(&bench), 0);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_PARTIALLY_FILLED);
    assert_int_equal(rig_last_order(&bench)->cum_qty.e8, CB_E8 / 2);
    const cb_venue_order full = external_view("800", CB_ORDER_STATE_FILLED, CB_E8);
    trade = rig_trade(&bench, &full, 950, CB_E8 / 2);
    rig_report(&bench, &full, &trade);
    assert_int_equal(rig_fills(&bench), 1);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_FILLED);
}

/* ---- balances ---- */

static void stream_balances_are_told_with_the_count_of_fills(void **context)
{
    (void)context;
    exec_balances balances = {.balances_count = 1, .venue_ts_ns = bench.now_ns};
    memcpy(balances.balances[0].asset, "USDT", 5);
    balances.balances[0].free.e8 = 5 * CB_E8;
    rig_feed(&bench, EXEC_EVENT_BALANCES, &balances, sizeof(balances));
    const cb_balance *balance = rig_nth(&bench, CB_ACTION_PUBLISH, CB_SUBJECT_BALANCE, 0);
    assert_non_null(balance);
    assert_int_equal(balance->reason, CB_BALANCE_REASON_UPDATE);
    assert_string_equal(balance->account, "main");
    balances.is_transfer = true;
    rig_feed(&bench, EXEC_EVENT_BALANCES, &balances, sizeof(balances));
    balance = rig_nth(&bench, CB_ACTION_PUBLISH, CB_SUBJECT_BALANCE, 0);
    assert_int_equal(balance->reason, CB_BALANCE_REASON_TRANSFER);
    assert_true(balance->transfer_id[0] != '\0');
}

/* Told again after a reconnect: risk would take the cash of an hour ago for today's loss. */
static void stream_balances_of_the_past_are_not_told(void **context)
{
    (void)context;
    exec_balances balances = {.balances_count = 1, .venue_ts_ns = bench.now_ns};
    memcpy(balances.balances[0].asset, "USDT", 5);
    balances.balances[0].free.e8 = 5 * CB_E8;
    rig_feed(&bench, EXEC_EVENT_BALANCES, &balances, sizeof(balances));
    assert_non_null(rig_nth(&bench, CB_ACTION_PUBLISH, CB_SUBJECT_BALANCE, 0));
    balances.venue_ts_ns -= 1;
    balances.balances[0].free.e8 = 3 * CB_E8;
    rig_feed(&bench, EXEC_EVENT_BALANCES, &balances, sizeof(balances));
    assert_null(rig_nth(&bench, CB_ACTION_PUBLISH, CB_SUBJECT_BALANCE, 0));
    balances.venue_ts_ns += 1;
    balances.balances[0].free.e8 = 5 * CB_E8;
    rig_feed(&bench, EXEC_EVENT_BALANCES, &balances, sizeof(balances));
    assert_non_null(rig_nth(&bench, CB_ACTION_PUBLISH, CB_SUBJECT_BALANCE, 0));
}

static void light_run(int64_t usdt_e8, int64_t btc_e8)
{
    rig_advance(&bench, 10 * CB_NS_PER_S);
    rig_reconcile(&bench, usdt_e8, btc_e8);
}

static void unexplained_balance_counts_when_seen_twice(void **context)
{
    (void)context;
    bench.config.light_ns = 10 * CB_NS_PER_S;
    bench.config.deep_ns = 1000000 * CB_NS_PER_S;
    rig_stream(&bench, true);
    rig_reconcile(&bench, 1000000 * CB_E8, 0);
    light_run(1000000 * CB_E8, 0);
    assert_int_equal(rig_view(&bench).kill_level, 0);
    light_run(999999 * CB_E8, 0);
    assert_null(rig_difference(&bench, "unexplained_balance"));
    assert_int_equal(rig_view(&bench).kill_level, 0);
    light_run(999999 * CB_E8, 0);
    const exec_difference *row = rig_difference(&bench, "unexplained_balance");
    assert_non_null(row);
    assert_string_equal(row->expected, "1000000");
    assert_string_equal(row->seen, "999999");
    assert_int_equal(rig_view(&bench).kill_level, 1);
    const cb_balance *balance = rig_nth(&bench, CB_ACTION_PUBLISH, CB_SUBJECT_BALANCE, 0);
    assert_int_equal(balance->reason, CB_BALANCE_REASON_SNAPSHOT);
    light_run(999999 * CB_E8, 0); /* taken: the third run finds nothing */
    assert_null(rig_difference(&bench, "unexplained_balance"));
}

static void balance_that_was_only_ahead_of_the_stream_is_no_difference(void **context)
{
    (void)context;
    bench.config.light_ns = 10 * CB_NS_PER_S;
    bench.config.deep_ns = 1000000 * CB_NS_PER_S;
    rig_stream(&bench, true);
    rig_reconcile(&bench, 1000000 * CB_E8, 0);
    light_run(999999 * CB_E8, 0);
    exec_balances balances = {.balances_count = 1, .venue_ts_ns = bench.now_ns};
    memcpy(balances.balances[0].asset, "USDT", 5);
    balances.balances[0].free.e8 = 999999 * CB_E8;
    rig_feed(&bench, EXEC_EVENT_BALANCES, &balances, sizeof(balances));
    light_run(999999 * CB_E8, 0);
    assert_null(rig_difference(&bench, "unexplained_balance"));
    assert_int_equal(rig_view(&bench).kill_level, 0);
}

/* An order that ended here and is open there. One listing may be late, two are not. */
static void ghost_is_canceled_and_everything_stops(void **context)
{
    (void)context;
    bench.config.light_ns = 10 * CB_NS_PER_S;
    const cb_order order = rig_sending(&bench);
    const cb_venue_order gone = rig_venue_view(&order, "101", CB_ORDER_STATE_CANCELED, 0);
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &gone);
    rig_stream(&bench, true);
    rig_reconcile(&bench, 1000000 * CB_E8, 0);
    for (int run = 0; run < 2; run++) {
        rig_advance(&bench, 10 * CB_NS_PER_S);
        rig_answer_time(&bench, rig_read(&bench, EXEC_REQUEST_READ_TIME).tag);
        rig_answer_account(
            &bench, rig_read(&bench, EXEC_REQUEST_READ_ACCOUNT).tag, 1000000 * CB_E8, 0);
        exec_read read = rig_read(&bench, EXEC_REQUEST_READ_OPEN);
        const cb_venue_order open = rig_venue_view(&order, "101", CB_ORDER_STATE_OPEN, 0);
        rig_answer_orders(&bench, &read, &open, 1);
        assert_int_equal(rig_view(&bench).kill_level, run == 0 ? 0 : 2);
        if (run == 1) {
            assert_non_null(rig_difference(&bench, "ghost_order"));
            assert_non_null(rig_request(&bench, EXEC_REQUEST_CANCEL));
        }
        read = rig_read(&bench, EXEC_REQUEST_READ_TRADES);
        rig_answer_trades(&bench, &read, NULL, 0);
        read = rig_read(&bench, EXEC_REQUEST_READ_TRADES);
        rig_answer_trades(&bench, &read, NULL, 0);
    }
}

/* A replayed second may be a millisecond of ours. */
static void periodic_runs_of_a_replay_are_paced_by_the_wall_clock(void **context)
{
    (void)context;
    const exec_lease lease = {.epoch = 1, .is_held = true, .is_bus_clock = true};
    rig_recover(&bench, EXEC_EVENT_LEASE, &lease, sizeof(lease));
    bench.config.light_ns = 10 * CB_NS_PER_S;
    for (int i = 0; i < 5; i++) {
        rig_advance(&bench, 40 * CB_NS_PER_S);
        rig_ticker(&bench, "BTCUSDT", 30000 * CB_E8, 30001 * CB_E8);
        assert_null(rig_request(&bench, EXEC_REQUEST_READ_TIME));
    }
    rig_feed(&bench, EXEC_EVENT_PACE, NULL, 0);
    assert_non_null(rig_request(&bench, EXEC_REQUEST_READ_TIME));
    rig_reconcile(&bench, 1000000 * CB_E8, 0);
    /* It found nothing, and says nothing: when it ran must not show. */
    assert_null(rig_nth(&bench, CB_ACTION_PUBLISH, CB_SUBJECT_BALANCE, 0));
    rig_advance(&bench, 60 * CB_NS_PER_S);
    assert_null(rig_request(&bench, EXEC_REQUEST_READ_TIME));
    assert_int_equal(rig_view(&bench).pending_count, 0);
}

static void long_lists_of_trades_are_read_page_by_page(void **context)
{
    (void)context;
    const cb_order order = rig_sending(&bench);
    const cb_venue_order open = rig_venue_view(&order, "101", CB_ORDER_STATE_OPEN, 0);
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &open);
    rig_advance(&bench, 100 * CB_NS_PER_S);
    rig_stream(&bench, true);
    const exec_read read = job_until_trades(1000000 * CB_E8, 0);
    exec_trades_page *page = calloc(1, sizeof(*page));
    page->tag = read.tag;
    page->answer_class = CB_ANSWER_ACCEPTED;
    page->retry_after_s = -1;
    page->is_last = true;
    page->is_cut = true;
    page->trades_count = 2;
    page->trades[0] = rig_trade(&bench, &open, 41, CB_E8 / 4);
    page->trades[1] = rig_trade(&bench, &open, 42, CB_E8 / 4);
    page->trades[0].ts_ns = bench.now_ns - 90 * CB_NS_PER_S;
    page->trades[1].ts_ns = bench.now_ns - 10 * CB_NS_PER_S;
    rig_feed(&bench, EXEC_EVENT_TRADES, page, sizeof(*page));
    assert_int_equal(rig_fills(&bench), 2);
    const exec_read next = rig_read(&bench, EXEC_REQUEST_READ_TRADES);
    assert_int_equal(next.from_id, 43);
    rig_answer_trades(&bench, &next, NULL, 0);
    /* The mark stays behind what is young: lists may still grow holes there. */
    const exec_mark_row *mark = rig_nth(&bench, CB_ACTION_STORE, EXEC_TABLE_MARKS, 0);
    assert_non_null(mark);
    assert_int_equal(mark->mark, 41);
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(start_tells_the_balances_once),
        TEST(trades_before_the_first_start_are_not_booked),
        TEST(trade_before_the_baseline_is_read_is_not_booked),
        TEST(start_that_fails_is_tried_again_on_the_wall_clock),
        TEST(missing_fill_is_booked_once_and_recorded),
        TEST(start_waits_for_the_order_of_an_unknown_trade),
        TEST(young_trades_are_left_to_the_stream),
        TEST(order_missing_from_the_open_list_is_asked_for_by_name),
        TEST(order_seen_at_the_venue_is_never_given_up),
        TEST(external_order_on_the_stream_is_followed_to_its_end),
        TEST(external_market_order_is_known_by_its_first_trade),
        TEST(external_order_met_halfway_is_read_first),
        TEST(external_trade_found_by_rest_leads_to_its_order),
        TEST(external_order_filled_before_the_baseline_is_forgotten),
        TEST(stream_balances_are_told_with_the_count_of_fills),
        TEST(stream_balances_of_the_past_are_not_told),
        TEST(unexplained_balance_counts_when_seen_twice),
        TEST(balance_that_was_only_ahead_of_the_stream_is_no_difference),
        TEST(ghost_is_canceled_and_everything_stops),
        TEST(periodic_runs_of_a_replay_are_paced_by_the_wall_clock),
        TEST(long_lists_of_trades_are_read_page_by_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
