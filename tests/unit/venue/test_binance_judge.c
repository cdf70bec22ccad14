/* What an answer to an order call means. Wrong towards UNKNOWN is slow; wrong towards REJECTED is a
 * doubled order: so every way to REJECTED is listed here, and everything else is UNKNOWN. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/venue/fixtures.h"
#include "venue/binance/binance.h"

static cb_venue_answer answer;

static cb_venue_params sent_order(void)
{
    return (cb_venue_params){.symbol = "BTCUSDT",
        .client_order_id = "ours-1",
        .order = {.symbol = "BTCUSDT",
            .client_order_id = "ours-1",
            .side = CB_SIDE_BUY,
            .order_type = CB_ORDER_TYPE_LIMIT,
            .qty.e8 = 300000,
            .price.e8 = INT64_C(6100000000000)}};
}

static cb_answer_class judge(
    cb_venue_call call, const cb_venue_params *params, int status, const char *body)
{
    cb_venue_binance.judge(call, params, status, cb_sv_from(body), &answer);
    return answer.answer_class;
}

static cb_answer_class place(int status, const char *body)
{
    const cb_venue_params params = sent_order();
    return judge(CB_VENUE_CALL_PLACE, &params, status, body);
}

static void judge_accepts_an_equal_echo(void **state)
{
    (void)state;
    assert_int_equal(place(200, FIXTURE_ORDER_FULL), CB_ANSWER_ACCEPTED);
    assert_true(answer.has_order);
    assert_int_equal(answer.order.state, CB_ORDER_STATE_PARTIALLY_FILLED);
    assert_int_equal(answer.trades_count, 2);
    assert_true(answer.trades[1].trade_id == 57);
    assert_string_equal(answer.trades[1].symbol, "BTCUSDT");
    assert_string_equal(answer.trades[1].client_order_id, "ours-1");
    assert_int_equal(answer.trades[1].side, CB_SIDE_BUY);
    assert_true(answer.trades[1].quote_qty.e8 == 61 * CB_E8);
    assert_int_equal(answer.error.action, CB_VENUE_ACTION_OK);
}

static void judge_calls_a_differing_echo_unknown(void **state)
{
    (void)state;
    for (int wrong = 0; wrong < 5; wrong++) {
        cb_venue_params params = sent_order();
        switch (wrong) {
        case 0:
            memcpy(params.order.symbol, "ETHUSDT", 8);
            break;
        case 1:
            memcpy(params.order.client_order_id, "ours-2", 7);
            break;
        case 2:
            params.order.side = CB_SIDE_SELL;
            break;
        case 3:
            params.order.qty.e8++;
            break;
        default:
            params.order.order_type = CB_ORDER_TYPE_MARKET;
            break;
        }
        assert_int_equal(
            judge(CB_VENUE_CALL_PLACE, &params, 200, FIXTURE_ORDER_FULL), CB_ANSWER_UNKNOWN);
        assert_true(answer.has_order);
    }
}

static void judge_takes_an_ack_only_when_asked_for(void **state)
{
    (void)state;
    cb_venue_params params = sent_order();
    assert_int_equal(
        judge(CB_VENUE_CALL_PLACE, &params, 200, FIXTURE_ORDER_ACK), CB_ANSWER_UNKNOWN);
    params.order.reply_kind = CB_VENUE_REPLY_ACK;
    assert_int_equal(
        judge(CB_VENUE_CALL_PLACE, &params, 200, FIXTURE_ORDER_ACK), CB_ANSWER_ACCEPTED);
}

static void judge_calls_what_it_cannot_read_unknown(void **state)
{
    (void)state;
    static const char *const bodies[] = {"",
        "{}",
        "[]",
        "null",
        "<html>",
        "{\"symbol\":\"BTCUSDT\"}",
        FIXTURE_ORDER_FULL "x",
        FIXTURE_ERROR};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        assert_int_equal(place(200, bodies[i]), CB_ANSWER_UNKNOWN);
        assert_int_equal(place(0, bodies[i]), CB_ANSWER_UNKNOWN);
    }
    /* No status, however good the body looks: nothing was answered. */
    assert_int_equal(place(0, FIXTURE_ORDER_FULL), CB_ANSWER_UNKNOWN);
    assert_false(answer.has_order);
}

static void error_body(int code, const char *message, char out[256])
{
    (void)snprintf(out, 256, "{\"code\":%d,\"msg\":\"%s\"}", code, message);
}

static void judge_rejects_by_the_definitive_list_only(void **state)
{
    (void)state;
    static const struct {
        int status;
        int code;
        const char *message;
        cb_answer_class wanted;
    } rows[] = {
        {400, -1013, "Filter failure: LOT_SIZE", CB_ANSWER_REJECTED},
        {400,
            -1021,
            "Timestamp for this request is outside of the recvWindow.",
            CB_ANSWER_REJECTED},
        {400, -1022, "Signature for this request is not valid.", CB_ANSWER_REJECTED},
        {401, -2014, "API-key format invalid.", CB_ANSWER_REJECTED},
        {401, -2015, "Invalid API-key, IP, or permissions for action.", CB_ANSWER_REJECTED},
        {400, -1111, "Precision is over the maximum defined for this asset.", CB_ANSWER_REJECTED},
        {400, -1121, "Invalid symbol.", CB_ANSWER_REJECTED},
        {400, -2010, "Account has insufficient balance for requested action.", CB_ANSWER_REJECTED},
        {400, -2010, "Market is closed.", CB_ANSWER_REJECTED},
        {400, -2010, "Order would immediately match and take.", CB_ANSWER_REJECTED},
        {400, -2010, "Order would trigger immediately.", CB_ANSWER_REJECTED},
        {429,
            -1015,
            "Too many new orders; current limit is 100 orders per 10 SECOND.",
            CB_ANSWER_REJECTED},
        {429, -1003, "Too much request weight used; current limit is 6000.", CB_ANSWER_REJECTED},
        {418, -1003, "Way too much request weight used; IP banned until 1.", CB_ANSWER_REJECTED},
        /* and everything else */
        {400, -2010, "Duplicate order sent.", CB_ANSWER_UNKNOWN},
        {400, -2010, "A text that is new.", CB_ANSWER_UNKNOWN},
        {400, -2010, "", CB_ANSWER_UNKNOWN},
        {400, -1000, "An unknown error occurred while processing the request.", CB_ANSWER_UNKNOWN},
        {400, -1001, "Internal error; unable to process your request.", CB_ANSWER_UNKNOWN},
        {400, -1006, "An unexpected response was received.", CB_ANSWER_UNKNOWN},
        {400, -1007, "Timeout waiting for response from backend server.", CB_ANSWER_UNKNOWN},
        {400, -1008, "Server is currently overloaded.", CB_ANSWER_UNKNOWN},
        {429, -1003, "Too many requests queued.", CB_ANSWER_UNKNOWN},
        {400, -9999, "A code that is new.", CB_ANSWER_UNKNOWN},
        {500, -1013, "Filter failure: LOT_SIZE", CB_ANSWER_UNKNOWN},
        {502, -2010, "Account has insufficient balance for requested action.", CB_ANSWER_UNKNOWN},
        {503, -1121, "Invalid symbol.", CB_ANSWER_UNKNOWN},
        {409, -1100, "Illegal characters", CB_ANSWER_UNKNOWN},
        {304, -1013, "Filter failure: LOT_SIZE", CB_ANSWER_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char body[256];
        error_body(rows[i].code, rows[i].message, body);
        if (place(rows[i].status, body) != rows[i].wanted) {
            fail_msg("%d %s became %d", rows[i].status, body, (int)answer.answer_class);
        }
    }
    static const int statuses[] = {400, 403, 404, 408, 429, 500, 502, 503, 504};
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        assert_int_equal(place(statuses[i], "<html>gone</html>"), CB_ANSWER_UNKNOWN);
    }
}

static void judge_of_queries_tells_not_found_and_throttled(void **state)
{
    (void)state;
    const cb_venue_params params = sent_order();
    assert_int_equal(judge(CB_VENUE_CALL_QUERY,
                         &params,
                         400,
                         "{\"code\":-2013,\"msg\":\"Order does not exist.\"}"),
        CB_ANSWER_NOT_FOUND);
    assert_int_equal(answer.error.action, CB_VENUE_ACTION_GONE_OR_NOT_YET_VISIBLE);
    assert_int_equal(judge(CB_VENUE_CALL_QUERY,
                         &params,
                         500,
                         "{\"code\":-2013,\"msg\":\"Order does not exist.\"}"),
        CB_ANSWER_UNKNOWN);
    assert_int_equal(judge(CB_VENUE_CALL_QUERY,
                         &params,
                         429,
                         "{\"code\":-1003,\"msg\":\"Too much request weight used\"}"),
        CB_ANSWER_THROTTLED);
    assert_int_equal(judge(CB_VENUE_CALL_QUERY, &params, 418, "{\"code\":-1003,\"msg\":\"x\"}"),
        CB_ANSWER_THROTTLED);
    assert_int_equal(answer.error.action, CB_VENUE_ACTION_BAN);
    /* The same code to a new order is no proof of absence. */
    assert_int_equal(
        place(400, "{\"code\":-2013,\"msg\":\"Order does not exist.\"}"), CB_ANSWER_UNKNOWN);
}

static void judge_takes_archived_for_no_word_about_the_order(void **state)
{
    (void)state;
    static const char archived[] =
        "{\"code\":-2026,\"msg\":\"Order was canceled or expired with no executed qty over 90 days "
        "ago and has been archived.\"}";
    const cb_venue_params params = sent_order();
    assert_int_equal(judge(CB_VENUE_CALL_QUERY, &params, 400, archived), CB_ANSWER_UNKNOWN);
    assert_int_equal(place(400, archived), CB_ANSWER_UNKNOWN);
}

static void judge_of_queries_checks_who_was_asked_for(void **state)
{
    (void)state;
    cb_venue_params params = sent_order();
    assert_int_equal(
        judge(CB_VENUE_CALL_QUERY, &params, 200, FIXTURE_ORDER_QUERY), CB_ANSWER_ACCEPTED);
    assert_int_equal(answer.order.state, CB_ORDER_STATE_FILLED);
    memcpy(params.client_order_id, "ours-9", 7);
    assert_int_equal(
        judge(CB_VENUE_CALL_QUERY, &params, 200, FIXTURE_ORDER_QUERY), CB_ANSWER_UNKNOWN);
    memcpy(params.venue_order_id, "28", 3);
    assert_int_equal(
        judge(CB_VENUE_CALL_QUERY, &params, 200, FIXTURE_ORDER_QUERY), CB_ANSWER_ACCEPTED);
}

static void judge_of_cancels_tells_gone_orders(void **state)
{
    (void)state;
    const cb_venue_params params = sent_order();
    assert_int_equal(
        judge(CB_VENUE_CALL_CANCEL, &params, 200, FIXTURE_ORDER_CANCELED), CB_ANSWER_ACCEPTED);
    assert_int_equal(answer.order.state, CB_ORDER_STATE_CANCELED);
    assert_int_equal(
        judge(
            CB_VENUE_CALL_CANCEL, &params, 400, "{\"code\":-2011,\"msg\":\"Unknown order sent.\"}"),
        CB_ANSWER_REJECTED);
    assert_int_equal(answer.error.action, CB_VENUE_ACTION_GONE);
}

static void judge_of_cancel_replace_reads_both_halves(void **state)
{
    (void)state;
    const cb_venue_params params = sent_order();
    const cb_venue_call call = CB_VENUE_CALL_CANCEL_REPLACE;
    assert_int_equal(judge(call, &params, 200, FIXTURE_REPLACED), CB_ANSWER_ACCEPTED);
    assert_true(answer.has_cancel_result && answer.is_cancel_done);
    assert_int_equal(answer.trades_count, 2);
    assert_int_equal(judge(call, &params, 409, FIXTURE_HALF_REPLACED), CB_ANSWER_REJECTED);
    assert_true(answer.is_cancel_done);
    assert_true(answer.error.code == -2010);
    assert_int_equal(judge(call,
                         &params,
                         400,
                         "{\"code\":-2022,\"msg\":\"x\",\"data\":{\"cancelResult\":\"FAILURE\","
                         "\"newOrderResult\":\"NOT_ATTEMPTED\",\"cancelResponse\":{\"code\":-2011,"
                         "\"msg\":\"Unknown order sent.\"},\"newOrderResponse\":null}}"),
        CB_ANSWER_REJECTED);
    assert_true(answer.has_cancel_result && !answer.is_cancel_done);
    assert_int_equal(
        judge(call,
            &params,
            409,
            "{\"code\":-2021,\"msg\":\"x\",\"data\":{\"cancelResult\":\"FAILURE\","
            "\"newOrderResult\":\"SUCCESS\",\"cancelResponse\":{\"code\":-2011,\"msg\":"
            "\"x\"},\"newOrderResponse\":" FIXTURE_ORDER_FULL "}}"),
        CB_ANSWER_ACCEPTED);
    assert_false(answer.is_cancel_done);
    assert_int_equal(
        judge(call,
            &params,
            409,
            "{\"code\":-2021,\"msg\":\"x\",\"data\":{\"cancelResult\":\"SUCCESS\","
            "\"newOrderResult\":\"FAILURE\",\"newOrderResponse\":{\"code\":-1007,\"msg\":"
            "\"Timeout\"}}}"),
        CB_ANSWER_UNKNOWN);
    assert_int_equal(judge(call, &params, 500, FIXTURE_HALF_REPLACED), CB_ANSWER_UNKNOWN);
    assert_int_equal(judge(call, &params, 200, "{}"), CB_ANSWER_UNKNOWN);
}

static void judge_cuts_too_many_fills_and_says_so(void **state)
{
    (void)state;
    static char body[64 * 1024];
    size_t used = 0;
    used += (size_t)snprintf(body + used,
        sizeof(body) - used,
        "{\"symbol\":\"BTCUSDT\",\"orderId\":28,\"clientOrderId\":\"ours-1\",\"transactTime\":1,"
        "\"price\":\"1\",\"origQty\":\"0.003\",\"executedQty\":\"0.003\",\"cummulativeQuoteQty\":"
        "\"1\","
        "\"status\":\"FILLED\",\"timeInForce\":\"GTC\",\"type\":\"LIMIT\",\"side\":\"BUY\","
        "\"fills\":[");
    for (int i = 0; i <= CB_VENUE_FILLS_MAX; i++) {
        used += (size_t)snprintf(body + used,
            sizeof(body) - used,
            "%s{\"price\":\"1\",\"qty\":\"0.00001\",\"commission\":\"0\",\"commissionAsset\":"
            "\"BNB\","
            "\"tradeId\":%d}",
            i == 0 ? "" : ",",
            i);
    }
    (void)snprintf(body + used, sizeof(body) - used, "]}");
    assert_int_equal(place(200, body), CB_ANSWER_ACCEPTED);
    assert_int_equal(answer.trades_count, CB_VENUE_FILLS_MAX);
    assert_true(answer.is_trades_cut);
}

static void classify_tells_what_to_do(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        cb_venue_action action;
    } rows[] = {{200, "anything", CB_VENUE_ACTION_OK},
        {0, "", CB_VENUE_ACTION_UNKNOWN_FOR_ORDERS},
        {403, "<html>", CB_VENUE_ACTION_THROTTLE},
        {404, "", CB_VENUE_ACTION_FINAL},
        {429, "", CB_VENUE_ACTION_THROTTLE},
        {418, "", CB_VENUE_ACTION_BAN},
        {503, "", CB_VENUE_ACTION_UNKNOWN_FOR_ORDERS},
        {400, "{\"code\":-1021,\"msg\":\"x\"}", CB_VENUE_ACTION_FIX_CLOCK},
        {400,
            "{\"code\":-2010,\"msg\":\"Duplicate order sent.\"}",
            CB_VENUE_ACTION_QUERY_BY_CLIENT_ID},
        {400, "{\"code\":-2011,\"msg\":\"Unknown order sent.\"}", CB_VENUE_ACTION_GONE},
        {400, "{\"code\":-1128,\"msg\":\"x\"}", CB_VENUE_ACTION_FINAL},
        {400, "{\"code\":-3333,\"msg\":\"x\"}", CB_VENUE_ACTION_UNKNOWN_FOR_ORDERS},
        {400, "{\"code\":\"-1021\",\"msg\":\"x\"}", CB_VENUE_ACTION_UNKNOWN_FOR_ORDERS}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cb_venue_error error;
        cb_venue_binance.classify(rows[i].status, cb_sv_from(rows[i].body), true, &error);
        if (error.action != rows[i].action) {
            fail_msg("%d %s: %s", rows[i].status, rows[i].body, cb_venue_action_name(error.action));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judge_accepts_an_equal_echo),
        cmocka_unit_test(judge_calls_a_differing_echo_unknown),
        cmocka_unit_test(judge_takes_an_ack_only_when_asked_for),
        cmocka_unit_test(judge_calls_what_it_cannot_read_unknown),
        cmocka_unit_test(judge_rejects_by_the_definitive_list_only),
        cmocka_unit_test(judge_of_queries_tells_not_found_and_throttled),
        cmocka_unit_test(judge_takes_archived_for_no_word_about_the_order),
        cmocka_unit_test(judge_of_queries_checks_who_was_asked_for),
        cmocka_unit_test(judge_of_cancels_tells_gone_orders),
        cmocka_unit_test(judge_of_cancel_replace_reads_both_halves),
        cmocka_unit_test(judge_cuts_too_many_fills_and_says_so),
        cmocka_unit_test(classify_tells_what_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
