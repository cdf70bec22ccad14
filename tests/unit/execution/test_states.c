/* Every line of the order's life as the core walks it, and every order in which the answer, the
 * stream and repairs may arrive. */
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

static void assert_state(const cb_order *order, cb_order_state state, uint32_t version)
{
    assert_non_null(order);
    assert_string_equal(CB_NAME(cb_order_state, order->state), CB_NAME(cb_order_state, state));
    assert_int_equal(order->version, version);
}

static void permit_becomes_ready_and_asks_for_its_claim(void **context)
{
    (void)context;
    const cb_permit permit = rig_permit(&bench);
    rig_give(&bench, &permit);
    const cb_order *order = rig_order(&bench, 0);
    assert_state(order, CB_ORDER_STATE_READY, 1);
    assert_true(cb_id_equal(order->env.causation_id, permit.env.event_id));
    assert_true(cb_id_equal(order->env.correlation_id, permit.env.correlation_id));
    const exec_claim *claim = rig_request(&bench, EXEC_REQUEST_CLAIM);
    assert_non_null(claim);
    assert_string_equal(claim->order.client_order_id, order->client_order_id);
    assert_int_equal(strlen(order->client_order_id), 36);
    assert_int_equal(claim->window_ms, 3000);
    assert_null(rig_request(&bench, EXEC_REQUEST_SEND));
}

static void send_is_asked_for_only_after_the_claim(void **context)
{
    (void)context;
    const cb_permit permit = rig_permit(&bench);
    rig_give(&bench, &permit);
    rig_claim(&bench, permit.intent_id, EXEC_CLAIM_DONE);
    const exec_send *send = rig_request(&bench, EXEC_REQUEST_SEND);
    assert_non_null(send);
    assert_true(cb_id_equal(send->intent_id, permit.intent_id));
    assert_int_equal(rig_count(&bench, CB_ACTION_REQUEST, EXEC_REQUEST_SEND), 1);
    assert_null(rig_last_order(&bench)); /* the send does not wait for a transaction */
    rig_sent(&bench, permit.intent_id);
    assert_state(rig_last_order(&bench), CB_ORDER_STATE_SENDING, 2);
    assert_null(rig_request(&bench, EXEC_REQUEST_SEND));
}

static void failed_claims_end_as_not_sent(void **context)
{
    (void)context;
    const exec_claim_outcome outcomes[] = {EXEC_CLAIM_EXPIRED,
        EXEC_CLAIM_KILLED,
        EXEC_CLAIM_NOT_BUILT,
        EXEC_CLAIM_RISK_SILENT,
        EXEC_CLAIM_FAILED};
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
        const cb_permit permit = rig_permit(&bench);
        rig_give(&bench, &permit);
        rig_claim(&bench, permit.intent_id, outcomes[i]);
        assert_state(rig_last_order(&bench), CB_ORDER_STATE_NOT_SENT, 2);
        assert_true(rig_last_order(&bench)->reason[0] != '\0');
        assert_null(rig_request(&bench, EXEC_REQUEST_SEND));
    }
    assert_int_equal(rig_view(&bench).active_count, 0);
}

/* Stopped past its lease: the stream tells what the new holder has sent before the old claim fails.
 */
static void failed_claim_of_an_order_that_another_sent_changes_nothing(void **context)
{
    (void)context;
    const cb_permit permit = rig_permit(&bench);
    rig_give(&bench, &permit);
    const cb_order order = *rig_last_order(&bench);
    const cb_venue_order open = rig_venue_view(&order, "101", CB_ORDER_STATE_OPEN, 0);
    rig_report(&bench, &open, NULL);
    rig_claim(&bench, permit.intent_id, EXEC_CLAIM_FAILED);
    assert_null(rig_last_order(&bench));
    assert_null(rig_request(&bench, EXEC_REQUEST_SEND));
    assert_int_equal(rig_view(&bench).active_count, 1);
}

static void claim_that_comes_back_after_not_after_is_not_sent(void **context)
{
    (void)context;
    const cb_permit permit = rig_permit(&bench);
    rig_give(&bench, &permit);
    bench.now_ns = permit.not_after_ns;
    rig_claim(&bench, permit.intent_id, EXEC_CLAIM_DONE);
    assert_null(rig_request(&bench, EXEC_REQUEST_SEND));
    assert_state(rig_last_order(&bench), CB_ORDER_STATE_NOT_SENT, 2);
}

static void send_refused_by_the_shell_is_not_sent(void **context)
{
    (void)context;
    const cb_permit permit = rig_permit(&bench);
    rig_give(&bench, &permit);
    const cb_order order = *rig_order(&bench, 0);
    rig_claim(&bench, permit.intent_id, EXEC_CLAIM_DONE);
    rig_placed(&bench, &order, CB_ANSWER_NOT_SENT, NULL);
    assert_state(rig_last_order(&bench), CB_ORDER_STATE_NOT_SENT, 2);
}

static void accepted_order_is_open_and_frees_the_lane(void **context)
{
    (void)context;
    const cb_order order = rig_sending(&bench);
    const cb_permit second = rig_permit(&bench);
    rig_give(&bench, &second);
    assert_null(rig_request(&bench, EXEC_REQUEST_CLAIM)); /* one POST at a time */
    const cb_venue_order view = rig_venue_view(&order, "101", CB_ORDER_STATE_OPEN, 0);
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &view);
    assert_state(rig_order(&bench, 0), CB_ORDER_STATE_OPEN, 3);
    assert_string_equal(rig_order(&bench, 0)->venue_order_id, "101");
    const exec_claim *claim = rig_request(&bench, EXEC_REQUEST_CLAIM);
    assert_non_null(claim);
    assert_true(cb_id_equal(claim->order.intent_id, second.intent_id));
}

static void rejected_and_not_sent_answers_are_final(void **context)
{
    (void)context;
    cb_order order = rig_sending(&bench);
    rig_placed(&bench, &order, CB_ANSWER_REJECTED, NULL);
    assert_state(rig_last_order(&bench), CB_ORDER_STATE_REJECTED, 3);
    assert_string_equal(rig_last_order(&bench)->reason, "because");
    order = rig_sending(&bench);
    rig_placed(&bench, &order, CB_ANSWER_NOT_SENT, NULL);
    assert_state(rig_last_order(&bench), CB_ORDER_STATE_NOT_SENT, 3);
    assert_int_equal(rig_view(&bench).active_count, 0);
}

static void everything_else_is_unknown(void **context)
{
    (void)context;
    const cb_answer_class classes[] = {CB_ANSWER_UNKNOWN, CB_ANSWER_NOT_FOUND, CB_ANSWER_THROTTLED};
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        const cb_order order = rig_sending(&bench);
        rig_placed(&bench, &order, classes[i], NULL);
        assert_state(rig_last_order(&bench), CB_ORDER_STATE_UNKNOWN, 3);
    }
    assert_int_equal(rig_view(&bench).unknown_count, 3);
}

static void accepted_answer_with_another_echo_is_unknown(void **context)
{
    (void)context;
    for (int field = 0; field < 4; field++) {
        const cb_order order = rig_sending(&bench);
        cb_venue_order view = rig_venue_view(&order, "101", CB_ORDER_STATE_OPEN, 0);
        switch (field) {
        case 0:
            memcpy(view.symbol, "ETHUSDT", 8);
            break;
        case 1:
            view.side = CB_SIDE_SELL;
            break;
        case 2:
            view.qty.e8++;
            break;
        default:
            view.client_order_id[0] = view.client_order_id[0] == 'f' ? '0' : 'f';
            break;
        }
        rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &view);
        assert_state(rig_last_order(&bench), CB_ORDER_STATE_UNKNOWN, 3);
        if (field == 1) { /* leave no kill behind for the next rounds */
            const cb_venue_order right = rig_venue_view(&order, "9", CB_ORDER_STATE_CANCELED, 0);
            rig_report(&bench, &right, NULL);
        }
    }
}

static void filled_answer_waits_for_the_fills_of_the_stream(void **context)
{
    (void)context;
    const cb_order order = rig_sending(&bench);
    const cb_venue_order view = rig_venue_view(&order, "101", CB_ORDER_STATE_FILLED, CB_E8);
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &view);
    assert_state(rig_last_order(&bench), CB_ORDER_STATE_OPEN, 3);
    assert_int_equal(rig_fills(&bench), 0);
    assert_int_equal(bench.timer_due_ns, bench.now_ns + 2 * CB_NS_PER_S);
    cb_venue_order part = rig_venue_view(&order, "101", CB_ORDER_STATE_PARTIALLY_FILLED, CB_E8 / 4);
    cb_venue_trade trade = rig_trade(&bench, &part, 5001, CB_E8 / 4);
    rig_report(&bench, &part, &trade);
    assert_int_equal(rig_fills(&bench), 1);
    assert_state(rig_last_order(&bench), CB_ORDER_STATE_PARTIALLY_FILLED, 4);
    trade = rig_trade(&bench, &view, 5002, CB_E8 - CB_E8 / 4);
    rig_report(&bench, &view, &trade);
    assert_int_equal(rig_fills(&bench), 1);
    assert_state(rig_last_order(&bench), CB_ORDER_STATE_FILLED, 5);
    assert_int_equal(rig_last_order(&bench)->cum_qty.e8, CB_E8);
    assert_int_equal(rig_last_order(&bench)->cum_quote.e8, 30001 * CB_E8);
    assert_int_equal(rig_view(&bench).fills_count, 2);
}

static void fill_carries_what_the_ledger_needs(void **context)
{
    (void)context;
    const cb_order order = rig_sending(&bench);
    const cb_venue_order view = rig_venue_view(&order, "101", CB_ORDER_STATE_FILLED, CB_E8);
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &view);
    const cb_venue_trade trade = rig_trade(&bench, &view, 5001, CB_E8);
    rig_report(&bench, &view, &trade);
    const cb_fill *fill = rig_fill(&bench, 0);
    assert_non_null(fill);
    assert_true(cb_id_equal(fill->intent_id, order.intent_id));
    assert_true(cb_id_equal(fill->env.correlation_id, order.env.correlation_id));
    assert_string_equal(fill->base_asset, "BTC");
    assert_string_equal(fill->quote_asset, "USDT");
    assert_string_equal(fill->fee_asset, "BTC");
    assert_string_equal(fill->strategy, "trend");
    assert_int_equal(fill->fee.e8, 1000);
    assert_int_equal(fill->trade_id, 5001);
    assert_int_equal(fill->source, CB_FILL_SOURCE_STREAM);
    assert_int_equal(fill->quote_qty.e8, 30001 * CB_E8);
}

/* S3: the stream is faster than the answer. The result must be the same, event for event. */
static void fill_before_the_answer_gives_the_same_events(void **context)
{
    (void)context;
    cb_order order = rig_sending(&bench);
    cb_venue_order view = rig_venue_view(&order, "101", CB_ORDER_STATE_FILLED, CB_E8);
    const cb_venue_order fresh = rig_venue_view(&order, "101", CB_ORDER_STATE_OPEN, 0);
    const cb_venue_trade trade = rig_trade(&bench, &view, 5001, CB_E8);
    rig_report(&bench, &fresh, NULL);
    assert_null(rig_last_order(&bench));
    rig_report(&bench, &view, &trade);
    assert_int_equal(rig_fills(&bench), 0);
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &view);
    assert_state(rig_order(&bench, 0), CB_ORDER_STATE_OPEN, 3);
    assert_int_equal(rig_fills(&bench), 1);
    assert_state(rig_order(&bench, 1), CB_ORDER_STATE_FILLED, 4);
}

static void parked_reports_do_not_wait_for_a_lost_answer(void **context)
{
    (void)context;
    const cb_order order = rig_sending(&bench);
    const cb_venue_order view = rig_venue_view(&order, "101", CB_ORDER_STATE_FILLED, CB_E8);
    const cb_venue_trade trade = rig_trade(&bench, &view, 5001, CB_E8);
    rig_report(&bench, &view, &trade);
    assert_int_equal(rig_fills(&bench), 0);
    rig_advance(&bench, CB_NS_PER_S);
    assert_int_equal(rig_fills(&bench), 1);
    assert_state(rig_last_order(&bench), CB_ORDER_STATE_FILLED, 3);
    /* The timeout's answer finds it settled and changes nothing. */
    rig_placed(&bench, &order, CB_ANSWER_UNKNOWN, NULL);
    assert_null(rig_last_order(&bench));
    assert_int_equal(rig_view(&bench).active_count, 0);
}

static void rejection_against_the_streams_word_is_unknown(void **context)
{
    (void)context;
    const cb_order order = rig_sending(&bench);
    const cb_venue_order view = rig_venue_view(&order, "101", CB_ORDER_STATE_OPEN, 0);
    rig_report(&bench, &view, NULL);
    rig_placed(&bench, &order, CB_ANSWER_REJECTED, NULL);
    assert_state(rig_order(&bench, 0), CB_ORDER_STATE_UNKNOWN, 3);
    assert_state(rig_order(&bench, 1), CB_ORDER_STATE_OPEN, 4);
}

static void duplicate_fills_are_recorded_once(void **context)
{
    (void)context;
    const cb_order order = rig_sending(&bench);
    const cb_venue_order open = rig_venue_view(&order, "101", CB_ORDER_STATE_OPEN, 0);
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &open);
    const cb_venue_order view =
        rig_venue_view(&order, "101", CB_ORDER_STATE_PARTIALLY_FILLED, CB_E8 / 2);
    const cb_venue_trade trade = rig_trade(&bench, &view, 5001, CB_E8 / 2);
    rig_report(&bench, &view, &trade);
    assert_int_equal(rig_fills(&bench), 1);
    rig_report(&bench, &view, &trade);
    assert_int_equal(rig_fills(&bench), 0);
    assert_null(rig_last_order(&bench));
    assert_int_equal(rig_view(&bench).fills_count, 1);
}

static void trade_ids_are_per_symbol(void **context)
{
    (void)context;
    cb_permit permit = rig_permit(&bench);
    const cb_order btc = rig_sending_as(&bench, &permit);
    cb_venue_order view = rig_venue_view(&btc, "101", CB_ORDER_STATE_FILLED, CB_E8);
    rig_placed(&bench, &btc, CB_ANSWER_ACCEPTED, &view);
    cb_venue_trade trade = rig_trade(&bench, &view, 1, CB_E8);
    rig_report(&bench, &view, &trade);
    permit = rig_permit(&bench);
    memcpy(permit.symbol, "ETHUSDT", 8);
    permit.reference_price.e8 = 2000 * CB_E8;
    const cb_order eth = rig_sending_as(&bench, &permit);
    view = rig_venue_view(&eth, "101", CB_ORDER_STATE_FILLED, CB_E8);
    rig_placed(&bench, &eth, CB_ANSWER_ACCEPTED, &view);
    trade = rig_trade(&bench, &view, 1, CB_E8);
    rig_report(&bench, &view, &trade);
    assert_int_equal(rig_fills(&bench), 1);
    assert_int_equal(rig_view(&bench).fills_count, 2);
}

/* S4: PARTIAL after FILLED. */
static void reports_out_of_order_never_go_back(void **context)
{
    (void)context;
    const cb_order order = rig_sending(&bench);
    const cb_venue_order open = rig_venue_view(&order, "101", CB_ORDER_STATE_OPEN, 0);
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &open);
    const cb_venue_order full = rig_venue_view(&order, "101", CB_ORDER_STATE_FILLED, CB_E8);
    const cb_venue_trade second = rig_trade(&bench, &full, 5002, CB_E8 / 2);
    rig_report(&bench, &full, &second);
    assert_state(rig_last_order(&bench), CB_ORDER_STATE_PARTIALLY_FILLED, 4);
    assert_int_equal(rig_last_order(&bench)->cum_qty.e8, CB_E8 / 2);
    const cb_venue_order part =
        rig_venue_view(&order, "101", CB_ORDER_STATE_PARTIALLY_FILLED, CB_E8 / 2);
    const cb_venue_trade first = rig_trade(&bench, &part, 5001, CB_E8 / 2);
    rig_report(&bench, &part, &first);
    assert_state(rig_last_order(&bench), CB_ORDER_STATE_FILLED, 5);
    rig_report(&bench, &open, NULL); /* and a NEW at the very end */
    assert_null(rig_last_order(&bench));
}

/* S1: found two seconds later by the order's own trades. */
static void missing_fill_is_fetched_after_two_seconds(void **context)
{
    (void)context;
    const cb_order order = rig_sending(&bench);
    const cb_venue_order view = rig_venue_view(&order, "101", CB_ORDER_STATE_FILLED, CB_E8);
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &view);
    rig_advance(&bench, 2 * CB_NS_PER_S - 1);
    assert_null(rig_request(&bench, EXEC_REQUEST_READ_TRADES));
    rig_advance(&bench, 1);
    const exec_read read = rig_read(&bench, EXEC_REQUEST_READ_TRADES);
    assert_string_equal(read.venue_order_id, "101");
    const cb_venue_trade trades[] = {rig_trade(&bench, &view, 5001, CB_E8 / 4),
        rig_trade(&bench, &view, 5002, CB_E8 / 4),
        rig_trade(&bench, &view, 5003, CB_E8 / 2)};
    rig_answer_trades(&bench, &read, trades, 2); /* the venue's list lags */
    assert_int_equal(rig_fills(&bench), 2);
    assert_int_equal(rig_fill(&bench, 0)->source, CB_FILL_SOURCE_REST);
    assert_state(rig_last_order(&bench), CB_ORDER_STATE_PARTIALLY_FILLED, 4);
    rig_advance(&bench, CB_NS_PER_S);
    const exec_read again = rig_read(&bench, EXEC_REQUEST_READ_TRADES);
    rig_report(&bench, &view, &trades[2]); /* the stream was only slow */
    assert_state(rig_last_order(&bench), CB_ORDER_STATE_FILLED, 5);
    rig_answer_trades(&bench, &again, trades, 3);
    assert_int_equal(rig_fills(&bench), 0);
    assert_int_equal(rig_view(&bench).pending_count, 0);
}

/* X14 */
static void order_that_expires_at_once_ends_with_what_was_filled(void **context)
{
    (void)context;
    cb_order order = rig_sending(&bench);
    cb_venue_order view = rig_venue_view(&order, "101", CB_ORDER_STATE_EXPIRED, 0);
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &view);
    assert_state(rig_last_order(&bench), CB_ORDER_STATE_EXPIRED, 3);
    order = rig_sending(&bench);
    view = rig_venue_view(&order, "102", CB_ORDER_STATE_EXPIRED, CB_E8 / 4);
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &view);
    assert_state(rig_last_order(&bench), CB_ORDER_STATE_OPEN, 3);
    const cb_venue_trade trade = rig_trade(&bench, &view, 7001, CB_E8 / 4);
    rig_report(&bench, &view, &trade);
    assert_state(rig_last_order(&bench), CB_ORDER_STATE_EXPIRED, 4);
    assert_int_equal(rig_last_order(&bench)->cum_qty.e8, CB_E8 / 4);
}

/* X17: both orders of arrival of a cancel and a fill. */
static void cancel_racing_with_a_fill_gives_one_result(void **context)
{
    (void)context;
    for (int is_fill_first = 0; is_fill_first < 2; is_fill_first++) {
        const cb_order order = rig_sending(&bench);
        const char *id = is_fill_first != 0 ? "301" : "302";
        const cb_venue_order open = rig_venue_view(&order, id, CB_ORDER_STATE_OPEN, 0);
        rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &open);
        const cb_venue_order part =
            rig_venue_view(&order, id, CB_ORDER_STATE_PARTIALLY_FILLED, CB_E8 / 2);
        const cb_venue_order gone = rig_venue_view(&order, id, CB_ORDER_STATE_CANCELED, CB_E8 / 2);
        const cb_venue_trade trade =
            rig_trade(&bench, &part, 8000U + (uint64_t)is_fill_first, CB_E8 / 2);
        if (is_fill_first != 0) {
            rig_report(&bench, &part, &trade);
            rig_report(&bench, &gone, NULL);
        } else {
            rig_report(&bench, &gone, NULL);
            assert_null(rig_last_order(&bench)); /* not before the fills add up */
            rig_report(&bench, &part, &trade);
        }
        const cb_order *last = rig_last_order(&bench);
        assert_non_null(last);
        assert_int_equal(last->state, CB_ORDER_STATE_CANCELED);
        assert_int_equal(last->cum_qty.e8, CB_E8 / 2);
    }
}

static void every_version_and_fill_names_the_permit_as_its_cause(void **context)
{
    (void)context;
    cb_permit permit = rig_permit(&bench);
    permit.env.origin_ns = 77;
    const cb_order order = rig_sending_as(&bench, &permit);
    assert_true(cb_id_equal(order.env.causation_id, permit.env.event_id));
    const cb_venue_order full = rig_venue_view(&order, "101", CB_ORDER_STATE_FILLED, CB_E8);
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &full);
    const cb_venue_trade trade = rig_trade(&bench, &full, 5001, CB_E8);
    rig_report(&bench, &full, &trade);
    const cb_envelope *envs[] = {&rig_fill(&bench, 0)->env, &rig_last_order(&bench)->env};
    for (size_t i = 0; i < 2; i++) {
        assert_true(cb_id_equal(envs[i]->causation_id, permit.env.event_id));
        assert_true(cb_id_equal(envs[i]->correlation_id, permit.env.correlation_id));
        assert_true(cb_id_is_none(envs[i]->event_id)); /* the runtime's to give */
        assert_int_equal(envs[i]->origin_ns, 77);
    }
}

static void more_filled_than_ordered_kills_and_books(void **context)
{
    (void)context;
    const cb_order order = rig_sending(&bench);
    const cb_venue_order open = rig_venue_view(&order, "101", CB_ORDER_STATE_OPEN, 0);
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &open);
    const cb_venue_order full = rig_venue_view(&order, "101", CB_ORDER_STATE_FILLED, CB_E8);
    const cb_venue_trade trade = rig_trade(&bench, &full, 5001, CB_E8 + 1);
    rig_report(&bench, &full, &trade);
    assert_int_equal(rig_fill(&bench, 0)->qty.e8, CB_E8 + 1);
    assert_int_equal(rig_last_order(&bench)->cum_qty.e8, CB_E8);
    assert_int_equal(rig_view(&bench).kill_level, 2);
}

static void second_venue_order_under_one_client_id_kills(void **context)
{
    (void)context;
    const cb_order order = rig_sending(&bench);
    const cb_venue_order first = rig_venue_view(&order, "101", CB_ORDER_STATE_OPEN, 0);
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &first);
    const cb_venue_order second = rig_venue_view(&order, "102", CB_ORDER_STATE_OPEN, 0);
    rig_report(&bench, &second, NULL);
    assert_non_null(rig_difference(&bench, "duplicate_order"));
    assert_int_equal(rig_view(&bench).kill_level, 2);
}

static void the_venue_taking_another_price_cancels_and_stops_new_risk(void **context)
{
    (void)context;
    cb_permit permit = rig_permit(&bench);
    permit.order_type = CB_ORDER_TYPE_LIMIT;
    permit.tif = CB_TIF_GTC;
    permit.limit_price.e8 = 29999 * CB_E8;
    rig_sign(&permit);
    const cb_order order = rig_sending_as(&bench, &permit);
    cb_venue_order view = rig_venue_view(&order, "101", CB_ORDER_STATE_OPEN, 0);
    view.price.e8 = order.limit_price.e8;
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &view);
    assert_null(rig_difference(&bench, "other_terms"));
    view.price.e8 = 30001 * CB_E8;
    rig_report(&bench, &view, NULL);
    assert_non_null(rig_difference(&bench, "other_terms"));
    assert_int_equal(rig_view(&bench).kill_level, 1);
    assert_non_null(rig_request(&bench, EXEC_REQUEST_CANCEL));
    /* Booked is what the venue says: fills and the end count as ever. */
    view.state = CB_ORDER_STATE_CANCELED;
    rig_report(&bench, &view, NULL);
    assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_CANCELED);
}

static void the_venue_taking_more_than_was_sent_is_noticed(void **context)
{
    (void)context;
    const cb_order order = rig_sending(&bench);
    cb_venue_order view = rig_venue_view(&order, "101", CB_ORDER_STATE_OPEN, 0);
    view.qty.e8 = order.qty.e8 + 1;
    rig_placed(&bench, &order, CB_ANSWER_ACCEPTED, &view);
    assert_state(rig_last_order(&bench), CB_ORDER_STATE_UNKNOWN, 3);
    rig_report(&bench, &view, NULL); /* what the answer may have got wrong, the venue says again */
    assert_non_null(rig_difference(&bench, "other_terms"));
    assert_non_null(rig_request(&bench, EXEC_REQUEST_CANCEL));
    assert_int_equal(rig_view(&bench).kill_level, 1);
}

static void ready_orders_wait_until_live_or_expired(void **context)
{
    (void)context;
    rig_stream(&bench, false);
    assert_non_null(rig_request(&bench, EXEC_REQUEST_SUBSCRIBE));
    cb_permit permit = rig_permit(&bench);
    rig_give(&bench, &permit);
    assert_state(rig_last_order(&bench), CB_ORDER_STATE_READY, 1);
    assert_null(rig_request(&bench, EXEC_REQUEST_CLAIM));
    cb_permit longer = rig_permit(&bench);
    longer.not_after_ns += 100 * CB_NS_PER_S;
    rig_sign(&longer);
    rig_give(&bench, &longer);
    rig_advance(&bench, 30 * CB_NS_PER_S);
    assert_state(rig_last_order(&bench), CB_ORDER_STATE_NOT_SENT, 2);
    assert_true(cb_id_equal(rig_last_order(&bench)->intent_id, permit.intent_id));
    rig_market(&bench);
    rig_stream(&bench, true);
    rig_reconcile(&bench, 1000000 * CB_E8, 0);
    const exec_claim *claim = rig_request(&bench, EXEC_REQUEST_CLAIM);
    assert_non_null(claim);
    assert_true(cb_id_equal(claim->order.intent_id, longer.intent_id));
}

static void finished_orders_give_up_their_places(void **context)
{
    (void)context;
    for (uint32_t i = 0; i < 3 * 32; i++) {
        rig_advance(&bench, 3 * CB_NS_PER_S);
        rig_market(&bench);
        const cb_order order = rig_sending(&bench);
        rig_placed(&bench, &order, CB_ANSWER_REJECTED, NULL);
        assert_int_equal(rig_last_order(&bench)->state, CB_ORDER_STATE_REJECTED);
    }
    assert_int_equal(rig_view(&bench).active_count, 0);
    assert_int_equal(rig_view(&bench).orders_count, 3 * 32);
}

static void late_report_of_an_evicted_order_changes_nothing(void **context)
{
    (void)context;
    const cb_order old = rig_sending(&bench);
    const cb_venue_order view = rig_venue_view(&old, "101", CB_ORDER_STATE_FILLED, CB_E8);
    const cb_venue_trade trade = rig_trade(&bench, &view, 5001, CB_E8);
    rig_placed(&bench, &old, CB_ANSWER_ACCEPTED, &view);
    rig_report(&bench, &view, &trade);
    for (uint32_t i = 0; i < 40; i++) {
        rig_advance(&bench, 3 * CB_NS_PER_S);
        rig_market(&bench);
        const cb_order order = rig_sending(&bench);
        rig_placed(&bench, &order, CB_ANSWER_REJECTED, NULL);
    }
    rig_report(&bench, &view, &trade);
    assert_null(rig_last_order(&bench));
    assert_int_equal(rig_fills(&bench), 0);
    assert_int_equal(rig_view(&bench).stale_count, 1);
    assert_int_equal(rig_view(&bench).kill_level, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(permit_becomes_ready_and_asks_for_its_claim),
        TEST(send_is_asked_for_only_after_the_claim),
        TEST(failed_claims_end_as_not_sent),
        TEST(failed_claim_of_an_order_that_another_sent_changes_nothing),
        TEST(claim_that_comes_back_after_not_after_is_not_sent),
        TEST(send_refused_by_the_shell_is_not_sent),
        TEST(accepted_order_is_open_and_frees_the_lane),
        TEST(rejected_and_not_sent_answers_are_final),
        TEST(everything_else_is_unknown),
        TEST(accepted_answer_with_another_echo_is_unknown),
        TEST(filled_answer_waits_for_the_fills_of_the_stream),
        TEST(fill_carries_what_the_ledger_needs),
        TEST(fill_before_the_answer_gives_the_same_events),
        TEST(parked_reports_do_not_wait_for_a_lost_answer),
        TEST(rejection_against_the_streams_word_is_unknown),
        TEST(duplicate_fills_are_recorded_once),
        TEST(trade_ids_are_per_symbol),
        TEST(reports_out_of_order_never_go_back),
        TEST(missing_fill_is_fetched_after_two_seconds),
        TEST(order_that_expires_at_once_ends_with_what_was_filled),
        TEST(cancel_racing_with_a_fill_gives_one_result),
        TEST(every_version_and_fill_names_the_permit_as_its_cause),
        TEST(more_filled_than_ordered_kills_and_books),
        TEST(second_venue_order_under_one_client_id_kills),
        TEST(the_venue_taking_another_price_cancels_and_stops_new_risk),
        TEST(the_venue_taking_more_than_was_sent_is_noticed),
        TEST(ready_orders_wait_until_live_or_expired),
        TEST(finished_orders_give_up_their_places),
        TEST(late_report_of_an_evicted_order_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
