/* Each type of order through the core: what is sent at once, what waits and why it goes, what a
 * crash at each step leaves, and which commands it obeys. */
#include "tests/unit/execution/rig.h"

#include "services/execution/core/exec_internal.h"

#define FEE_E8 1000 /* of each trade of the rig, in the base asset */

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

static cb_permit sell(cb_order_type type)
{
    cb_permit permit = rig_permit(&bench);
    permit.side = CB_SIDE_SELL;
    permit.reduce_only = true;
    permit.purpose = CB_PURPOSE_EXIT;
    permit.order_type = type;
    return permit;
}

static void give(cb_permit *permit)
{
    rig_sign(permit);
    rig_give(&bench, permit);
}

static void tick(int64_t bid)
{
    bench.now_ns += CB_NS_PER_MS;
    rig_ticker(&bench, "BTCUSDT", bid * CB_E8, (bid + 1) * CB_E8);
}

static exec_claim claim(void)
{
    const exec_claim *request = rig_request(&bench, EXEC_REQUEST_CLAIM);
    assert_non_null(request);
    return *request;
}

/* From the claim in hand to OPEN at the venue. */
static cb_order open_claimed(const char *venue_id)
{
    const exec_claim request = claim();
    rig_claim(&bench, request.order.intent_id, EXEC_CLAIM_DONE);
    assert_non_null(rig_request(&bench, EXEC_REQUEST_SEND));
    rig_sent(&bench, request.order.intent_id);
    const cb_venue_order view = rig_venue_view(&request.order, venue_id, CB_ORDER_STATE_OPEN, 0);
    rig_placed(&bench, &request.order, CB_ANSWER_ACCEPTED, &view);
    return request.order;
}

static void report(
    const cb_order *order, const char *venue_id, cb_order_state state, int64_t cum_e8)
{
    exec_report report = {.order = rig_venue_view(order, venue_id, state, cum_e8)};
    rig_feed(&bench, EXEC_EVENT_REPORT, &report, sizeof(report));
}

static void fill(const cb_order *order, const char *venue_id, int64_t qty_e8, int64_t cum_e8)
{
    const bool is_full = cum_e8 == order->qty.e8;
    exec_report report = {.has_trade = true,
        .order = rig_venue_view(order,
            venue_id,
            is_full ? CB_ORDER_STATE_FILLED : CB_ORDER_STATE_PARTIALLY_FILLED,
            cum_e8)};
    report.trade = rig_trade(&bench, &report.order, ++bench.trades, qty_e8);
    rig_feed(&bench, EXEC_EVENT_REPORT, &report, sizeof(report));
}

static void command(cb_id intent_id, cb_command kind, int64_t qty_e8)
{
    static uint64_t number;
    cb_order_command body = {.command_id = cb_id_make("test.command", 0, ++number),
        .intent_id = intent_id,
        .kind = kind,
        .qty = {qty_e8}};
    strncpy(body.account, "main", sizeof(body.account) - 1);
    strncpy(body.venue, "binance", sizeof(body.venue) - 1);
    rig_feed(&bench, CB_MSG_ORDER_COMMAND, &body, sizeof(body));
}

/* A new process that finds these rows. */
static void restart_with(const cb_order *rows, uint32_t count, bool is_claim_untold)
{
    rig_stop(&bench);
    const exec_config config = rig_config();
    rig_start(&bench, &config);
    rig_lease(&bench, 2);
    for (uint32_t i = 0; i < count; i++) {
        const exec_old_order old = {
            .order = rows[i], .window_ns = CB_NS_PER_S, .is_claim_untold = is_claim_untold};
        rig_recover(&bench, EXEC_EVENT_OLD_ORDER, &old, sizeof(old));
    }
    rig_feed(&bench, CB_EVENT_RECOVERED, NULL, 0);
}

/* A claim whose commit nobody saw, by a process that knew that nothing had left: certain at once,
 * and the next order in memory is not skipped over. */
static void a_claim_that_was_never_sent_ends_without_a_question(void **unused)
{
    (void)unused;
    cb_permit permit = sell(CB_ORDER_TYPE_MARKET);
    give(&permit);
    cb_order row = *rig_last_order(&bench);
    row.sign_ts_ns = bench.now_ns;
    row.state = CB_ORDER_STATE_SENDING;
    rig_stop(&bench);
    const exec_config config = rig_config();
    rig_start(&bench, &config);
    rig_lease(&bench, 2);
    exec_old_order old = {
        .order = row, .window_ns = CB_NS_PER_S, .is_claim_untold = true, .is_never_sent = true};
    rig_recover(&bench, EXEC_EVENT_OLD_ORDER, &old, sizeof(old));
    old.order.intent_id.lo++;
    old.order.permit_id.lo++;
    old.order.client_order_id[0] = 'f';
    old.is_never_sent = false;
    rig_recover(&bench, EXEC_EVENT_OLD_ORDER, &old, sizeof(old));
    rig_feed(&bench, CB_EVENT_RECOVERED, NULL, 0);
    assert_int_equal(rig_order(&bench, 0)->state, CB_ORDER_STATE_SENDING);
    assert_int_equal(rig_order(&bench, 1)->state, CB_ORDER_STATE_NOT_SENT);
    assert_int_equal(rig_order(&bench, 1)->version, row.version + 2);
    assert_int_equal(rig_order(&bench, 3)->state, CB_ORDER_STATE_UNKNOWN);
}

static void live_again(void)
{
    rig_market(&bench);
    rig_stream(&bench, true);
    rig_reconcile(&bench, 1000000 * CB_E8, 0);
}

/* ---- waiting ---- */

static void a_stop_held_here_goes_when_the_bid_falls_to_it(void **unused)
{
    (void)unused;
    cb_permit permit = sell(CB_ORDER_TYPE_STOP_LOSS);
    permit.trigger_price.e8 = 29000 * CB_E8;
    permit.trigger_kind = CB_TRIGGER_QUOTE;
    give(&permit);
    assert_true(rig_last_order(&bench)->is_held);
    assert_null(rig_request(&bench, EXEC_REQUEST_CLAIM));
    tick(29001);
    assert_null(rig_last_order(&bench));
    tick(29000);
    assert_int_equal(rig_order(&bench, 0)->state, CB_ORDER_STATE_READY);
    assert_int_equal(rig_order(&bench, 0)->version, 2);
    assert_true(rig_order(&bench, 0)->triggered_ns > 0);
    const exec_claim request = claim(); /* asked for after the decision is stored */
    assert_true(request.order.triggered_ns > 0);
    assert_false(request.order.is_held);
}

static void a_stop_for_the_venue_is_sent_at_once(void **unused)
{
    (void)unused;
    cb_permit permit = sell(CB_ORDER_TYPE_STOP_LOSS);
    permit.trigger_price.e8 = 29000 * CB_E8;
    give(&permit);
    const exec_claim request = claim();
    assert_int_equal(request.order.triggered_ns, 0);
    assert_int_equal(request.order.trigger_price.e8, 29000 * CB_E8);
}

static void a_take_profit_held_here_waits_above(void **unused)
{
    (void)unused;
    cb_permit permit = sell(CB_ORDER_TYPE_TAKE_PROFIT);
    permit.trigger_price.e8 = 31000 * CB_E8;
    permit.trigger_kind = CB_TRIGGER_QUOTE;
    give(&permit);
    tick(30999);
    assert_null(rig_request(&bench, EXEC_REQUEST_CLAIM));
    tick(31000);
    assert_non_null(rig_request(&bench, EXEC_REQUEST_CLAIM));
}

static void a_trailing_stop_follows_up_and_remembers(void **unused)
{
    (void)unused;
    cb_permit permit = sell(CB_ORDER_TYPE_STOP_LOSS);
    permit.trailing_bips = 100;
    permit.trigger_kind = CB_TRIGGER_QUOTE;
    give(&permit);
    const cb_order held = *rig_last_order(&bench);
    tick(30000);
    tick(32000);
    const exec_trail_row *stored = rig_nth(&bench, CB_ACTION_STORE, EXEC_TABLE_TRAILS, 0);
    assert_non_null(stored);
    const exec_trail_row trail = *stored;
    assert_int_equal(trail.peak.e8, 32000 * CB_E8);
    restart_with(&held, 0, false);
    rig_stop(&bench);
    const exec_config config = rig_config();
    rig_start(&bench, &config);
    rig_lease(&bench, 3);
    const exec_old_order old = {.order = held};
    rig_recover(&bench, EXEC_EVENT_OLD_ORDER, &old, sizeof(old));
    rig_recover(&bench, EXEC_EVENT_OLD_TRAIL, &trail, sizeof(trail));
    rig_feed(&bench, CB_EVENT_RECOVERED, NULL, 0);
    live_again(); /* the market stands at 30000, below 1 % under the peak */
    assert_int_equal(rig_view(&bench).pending_count, 2);
}

static void a_decided_trigger_survives_a_crash_and_an_undecided_one_waits(void **unused)
{
    (void)unused;
    cb_permit permit = sell(CB_ORDER_TYPE_STOP_LOSS);
    permit.trigger_price.e8 = 25000 * CB_E8;
    permit.trigger_kind = CB_TRIGGER_QUOTE;
    give(&permit);
    cb_order row = *rig_last_order(&bench);
    restart_with(&row, 1, false);
    live_again();
    assert_int_equal(rig_view(&bench).pending_count, 0); /* still waits */
    row.version = 2;
    row.triggered_ns = bench.now_ns;
    row.is_held = false;
    restart_with(&row, 1, false);
    live_again();
    assert_int_equal(rig_view(&bench).pending_count, 2); /* it is on its way */
    /* Claimed, and dead before a word of it: unknown, asked about, never sent again. */
    row.state = CB_ORDER_STATE_SENDING;
    row.sign_ts_ns = bench.now_ns;
    restart_with(&row, 1, true);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_UNKNOWN);
    live_again();
    assert_null(rig_request(&bench, EXEC_REQUEST_CLAIM));
}

static void a_waiting_order_ends_at_its_time_out(void **unused)
{
    (void)unused;
    cb_permit permit = sell(CB_ORDER_TYPE_STOP_LOSS);
    permit.trigger_price.e8 = 25000 * CB_E8;
    permit.trigger_kind = CB_TRIGGER_QUOTE;
    permit.timeout_ns = 60 * CB_NS_PER_S;
    give(&permit);
    rig_advance(&bench, 59 * CB_NS_PER_S);
    assert_int_equal(rig_view(&bench).active_count, 1);
    rig_advance(&bench, 2 * CB_NS_PER_S);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_NOT_SENT);
    assert_string_equal(rig_last_order(&bench)->reason, "timed out while it waited");
}

static void terms_that_do_not_fit_are_refused_by_field(void **unused)
{
    (void)unused;
    cb_permit permit = sell(CB_ORDER_TYPE_STOP_LOSS);
    give(&permit);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_NOT_SENT);
    assert_string_equal(
        rig_last_order(&bench)->reason, "trigger_price is required for this order type");
}

/* ---- slippage ---- */

static void book(int64_t best, int64_t next)
{
    cb_book body = {.asks_count = 2, .is_valid = true, .recv_ns = bench.now_ns};
    strncpy(body.venue, "binance", sizeof(body.venue) - 1);
    strncpy(body.symbol, "BTCUSDT", sizeof(body.symbol) - 1);
    body.asks[0] = (cb_level){{best * CB_E8}, {CB_E8 / 2}};
    body.asks[1] = (cb_level){{next * CB_E8}, {CB_E8}};
    rig_feed(&bench, CB_MSG_BOOK, &body, sizeof(body));
}

static void a_market_order_keeps_its_bound_by_the_book(void **unused)
{
    (void)unused;
    cb_permit permit = rig_permit(&bench);
    permit.max_slippage.e8 = CB_E8 / 1000; /* 30030 */
    give(&permit);
    assert_string_equal(rig_last_order(&bench)->reason, "max_slippage: no valid book");
    book(30001, 30031);
    permit = rig_permit(&bench);
    permit.max_slippage.e8 = CB_E8 / 1000;
    give(&permit);
    assert_string_equal(
        rig_last_order(&bench)->reason, "max_slippage: would reach 30031 against 30030");
    book(30001, 30030);
    permit = rig_permit(&bench);
    permit.max_slippage.e8 = CB_E8 / 1000;
    give(&permit);
    assert_int_equal(claim().bound.e8, 0);
}

static void or_goes_as_a_limit_at_the_bound(void **unused)
{
    (void)unused;
    bench.config.is_slippage_sent = true;
    cb_permit permit = rig_permit(&bench);
    permit.max_slippage.e8 = CB_E8 / 1000;
    give(&permit);
    assert_int_equal(claim().bound.e8, 30030 * CB_E8);
}

/* ---- groups ---- */

static cb_permit bracket(cb_trigger kind)
{
    cb_permit permit = rig_permit(&bench);
    permit.role = CB_ROLE_PARENT;
    permit.group_id = permit.intent_id;
    permit.stop_loss.e8 = 29000 * CB_E8;
    permit.take_profit.e8 = 31000 * CB_E8;
    permit.trigger_kind = kind;
    return permit;
}

static void children_are_sized_to_what_the_parent_filled(void **unused)
{
    (void)unused;
    cb_permit permit = bracket(CB_TRIGGER_QUOTE);
    give(&permit);
    const cb_order parent = open_claimed("1");
    fill(&parent, "1", CB_E8 / 4, CB_E8 / 4);
    assert_int_equal(rig_view(&bench).active_count, 1); /* more may come with it */
    rig_advance(&bench, 2 * CB_NS_PER_S);
    const cb_order *target = rig_order(&bench, 0);
    const cb_order *stop = rig_order(&bench, 1);
    assert_int_equal(target->role, CB_ROLE_TAKE_PROFIT);
    assert_int_equal(target->qty.e8, CB_E8 / 4 - FEE_E8); /* a fee in the base asset is gone */
    assert_int_equal(stop->role, CB_ROLE_STOP);
    assert_true(stop->is_held);
    assert_int_equal(target->side, CB_SIDE_SELL);
    assert_true(
        cb_id_equal(target->intent_id, exec_leg_id(parent.intent_id, CB_ROLE_TAKE_PROFIT, 1000)));
    (void)open_claimed("2");
    report(&parent, "1", CB_ORDER_STATE_CANCELED, CB_E8 / 4);
    assert_int_equal(rig_view(&bench).active_count, 2); /* nothing more to cover */
}

static void a_stop_goes_only_when_its_take_profit_has_ended(void **unused)
{
    (void)unused;
    cb_permit permit = bracket(CB_TRIGGER_QUOTE);
    give(&permit);
    const cb_order parent = open_claimed("1");
    fill(&parent, "1", CB_E8, CB_E8);
    const cb_order target = open_claimed("2");
    fill(&target, "2", CB_E8 / 4, CB_E8 / 4);
    tick(29000);
    assert_non_null(rig_request(&bench, EXEC_REQUEST_CANCEL));
    assert_null(rig_request(&bench, EXEC_REQUEST_CLAIM));
    assert_true(rig_last_order(&bench)->is_held);
    report(&target, "2", CB_ORDER_STATE_CANCELED, CB_E8 / 4);
    const exec_claim request = claim();
    assert_int_equal(request.order.role, CB_ROLE_STOP);
    assert_int_equal(request.order.qty.e8, CB_E8 - FEE_E8 - CB_E8 / 4);
}

static void a_filled_take_profit_ends_the_stop(void **unused)
{
    (void)unused;
    cb_permit permit = bracket(CB_TRIGGER_QUOTE);
    give(&permit);
    const cb_order parent = open_claimed("1");
    fill(&parent, "1", CB_E8, CB_E8);
    const cb_order target = open_claimed("2");
    fill(&target, "2", target.qty.e8, target.qty.e8);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_NOT_SENT);
    assert_int_equal(rig_view(&bench).active_count, 0);
    tick(28000);
    assert_null(rig_last_order(&bench));
}

static void a_pair_goes_to_the_venue_as_one_list(void **unused)
{
    (void)unused;
    cb_permit permit = bracket(CB_TRIGGER_NONE);
    give(&permit);
    const cb_order parent = open_claimed("1");
    fill(&parent, "1", CB_E8, CB_E8);
    const exec_claim request = claim();
    assert_true(request.has_mate);
    assert_int_equal(request.order.order_type, CB_ORDER_TYPE_LIMIT_MAKER);
    assert_int_equal(request.mate.role, CB_ROLE_STOP);
    rig_claim(&bench, request.order.intent_id, EXEC_CLAIM_DONE);
    rig_sent(&bench, request.order.intent_id);
    assert_int_equal(rig_count(&bench, CB_ACTION_PUBLISH, CB_SUBJECT_ORDER), 2);
    /* Refused by the venue: both are held here instead. */
    rig_placed(&bench, &request.order, CB_ANSWER_REJECTED, NULL);
    assert_int_equal(rig_view(&bench).active_count, 2);
    tick(29000);
    tick(29000);
    assert_true(rig_view(&bench).active_count >= 1);
}

static void an_unknown_list_is_asked_about_leg_by_leg(void **unused)
{
    (void)unused;
    cb_permit permit = bracket(CB_TRIGGER_NONE);
    give(&permit);
    const cb_order parent = open_claimed("1");
    fill(&parent, "1", CB_E8, CB_E8);
    const exec_claim request = claim();
    rig_claim(&bench, request.order.intent_id, EXEC_CLAIM_DONE);
    rig_sent(&bench, request.order.intent_id);
    rig_placed(&bench, &request.order, CB_ANSWER_UNKNOWN, NULL);
    assert_int_equal(rig_view(&bench).unknown_count, 2);
    rig_advance(&bench, 2 * CB_NS_PER_S);
    assert_int_equal(rig_count(&bench, CB_ACTION_REQUEST, EXEC_REQUEST_READ_ORDER), 2);
    assert_null(rig_request(&bench, EXEC_REQUEST_CLAIM));
}

/* Stopped between claim and request: the database has the signature of both. */
static void a_pair_that_is_stopped_ends_with_its_signature(void **unused)
{
    (void)unused;
    cb_permit permit = bracket(CB_TRIGGER_NONE);
    give(&permit);
    const cb_order parent = open_claimed("1");
    fill(&parent, "1", CB_E8, CB_E8);
    const exec_claim request = claim();
    assert_true(request.has_mate);
    command(permit.intent_id, CB_COMMAND_CANCEL, 0);
    rig_claim(&bench, request.order.intent_id, EXEC_CLAIM_DONE);
    assert_int_equal(rig_count(&bench, CB_ACTION_PUBLISH, CB_SUBJECT_ORDER), 2);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(rig_order(&bench, i)->state, CB_ORDER_STATE_NOT_SENT);
        assert_true(rig_order(&bench, i)->sign_ts_ns > 0);
    }
}

/* ---- commands ---- */

static void a_cancel_ends_what_waits_and_what_rests(void **unused)
{
    (void)unused;
    cb_permit permit = bracket(CB_TRIGGER_QUOTE);
    give(&permit);
    const cb_order parent = open_claimed("1");
    fill(&parent, "1", CB_E8, CB_E8);
    const cb_order target = open_claimed("2");
    command(permit.intent_id, CB_COMMAND_CANCEL, 0);
    assert_int_equal(rig_order(&bench, 0)->state, CB_ORDER_STATE_NOT_SENT); /* the stop */
    assert_non_null(rig_request(&bench, EXEC_REQUEST_CANCEL));
    report(&target, "2", CB_ORDER_STATE_CANCELED, 0);
    assert_int_equal(rig_view(&bench).active_count, 0);
    const exec_command_row *row = rig_nth(&bench, CB_ACTION_STORE, EXEC_TABLE_COMMANDS, 0);
    assert_non_null(row);
    assert_false(row->is_open);
}

static void an_amend_asks_the_venue_and_believes_the_order(void **unused)
{
    (void)unused;
    cb_permit permit = rig_permit(&bench);
    permit.order_type = CB_ORDER_TYPE_LIMIT;
    permit.tif = CB_TIF_GTC;
    permit.limit_price.e8 = 29900 * CB_E8;
    give(&permit);
    const cb_order order = open_claimed("1");
    command(permit.intent_id, CB_COMMAND_AMEND, CB_E8 / 2);
    const exec_read request = rig_read(&bench, EXEC_REQUEST_AMEND);
    assert_int_equal(request.qty.e8, CB_E8 / 2);
    /* No answer; the stream tells. */
    cb_order amended = order;
    amended.qty.e8 = CB_E8 / 2;
    report(&amended, "1", CB_ORDER_STATE_OPEN, 0);
    assert_int_equal(rig_last_order(&bench)->qty.e8, CB_E8 / 2);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_OPEN);
    fill(&amended, "1", CB_E8 / 2, CB_E8 / 2);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_FILLED);
}

static void a_replacement_goes_when_the_old_one_has_ended(void **unused)
{
    (void)unused;
    cb_permit first = rig_permit(&bench);
    first.order_type = CB_ORDER_TYPE_LIMIT;
    first.tif = CB_TIF_GTC;
    first.limit_price.e8 = 29900 * CB_E8;
    give(&first);
    const cb_order old = open_claimed("1");
    cb_permit second = first;
    second.permit_id.lo += 100;
    second.intent_id.lo += 100;
    second.limit_price.e8 = 29800 * CB_E8;
    second.replaces = first.intent_id;
    give(&second);
    assert_null(rig_request(&bench, EXEC_REQUEST_CLAIM));
    assert_non_null(rig_request(&bench, EXEC_REQUEST_CANCEL));
    fill(&old, "1", CB_E8 / 4, CB_E8 / 4); /* meanwhile */
    report(&old, "1", CB_ORDER_STATE_CANCELED, CB_E8 / 4);
    const exec_claim request = claim();
    assert_true(cb_id_equal(request.order.intent_id, second.intent_id));
    assert_int_equal(request.order.qty.e8, CB_E8 - CB_E8 / 4);
}

static void a_command_taken_before_a_crash_is_carried_out_after_it(void **unused)
{
    (void)unused;
    cb_permit permit = sell(CB_ORDER_TYPE_STOP_LOSS);
    permit.trigger_price.e8 = 25000 * CB_E8;
    permit.trigger_kind = CB_TRIGGER_QUOTE;
    give(&permit);
    const cb_order row = *rig_last_order(&bench);
    rig_stop(&bench);
    const exec_config config = rig_config();
    rig_start(&bench, &config);
    rig_lease(&bench, 2);
    const exec_old_order old = {.order = row};
    rig_recover(&bench, EXEC_EVENT_OLD_ORDER, &old, sizeof(old));
    const exec_command_row open = {.command_id = {1, 2},
        .intent_id = row.intent_id,
        .kind = CB_COMMAND_CANCEL,
        .is_open = true};
    rig_recover(&bench, EXEC_EVENT_OLD_COMMAND, &open, sizeof(open));
    rig_feed(&bench, CB_EVENT_RECOVERED, NULL, 0);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_NOT_SENT);
    const exec_command_row *ended = rig_nth(&bench, CB_ACTION_STORE, EXEC_TABLE_COMMANDS, 0);
    assert_non_null(ended);
    assert_string_equal(ended->outcome, "not_sent");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_claim_that_was_never_sent_ends_without_a_question),
        TEST(a_stop_held_here_goes_when_the_bid_falls_to_it),
        TEST(a_stop_for_the_venue_is_sent_at_once),
        TEST(a_take_profit_held_here_waits_above),
        TEST(a_trailing_stop_follows_up_and_remembers),
        TEST(a_decided_trigger_survives_a_crash_and_an_undecided_one_waits),
        TEST(a_waiting_order_ends_at_its_time_out),
        TEST(terms_that_do_not_fit_are_refused_by_field),
        TEST(a_market_order_keeps_its_bound_by_the_book),
        TEST(or_goes_as_a_limit_at_the_bound),
        TEST(children_are_sized_to_what_the_parent_filled),
        TEST(a_stop_goes_only_when_its_take_profit_has_ended),
        TEST(a_filled_take_profit_ends_the_stop),
        TEST(a_pair_goes_to_the_venue_as_one_list),
        TEST(an_unknown_list_is_asked_about_leg_by_leg),
        TEST(a_pair_that_is_stopped_ends_with_its_signature),
        TEST(a_cancel_ends_what_waits_and_what_rests),
        TEST(an_amend_asks_the_venue_and_believes_the_order),
        TEST(a_replacement_goes_when_the_old_one_has_ended),
        TEST(a_command_taken_before_a_crash_is_carried_out_after_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
