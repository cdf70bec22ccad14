/* A pair as one order list, and an amended order: what is sent, and what an answer means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "venue/binance/binance.h"

#define LEG(client_id, id, type, side)                                                             \
    "{\"symbol\":\"BTCUSDT\",\"orderId\":" id ",\"orderListId\":7,\"clientOrderId\":\"" client_id  \
    "\",\"transactTime\":1700000000595,\"price\":\"61000.00\",\"origQty\":\"0.003\","              \
    "\"executedQty\":\"0\",\"origQuoteOrderQty\":\"0\",\"cummulativeQuoteQty\":\"0\","             \
    "\"status\":\"NEW\",\"timeInForce\":\"GTC\",\"type\":\"" type "\",\"side\":\"" side            \
    "\",\"stopPrice\":\"59000.00\",\"selfTradePreventionMode\":\"NONE\"}"
#define LIST(reports)                                                                              \
    "{\"orderListId\":7,\"contingencyType\":\"OCO\",\"listStatusType\":\"EXEC_STARTED\","          \
    "\"listOrderStatus\":\"EXECUTING\",\"listClientOrderId\":\"x\",\"transactionTime\":"           \
    "1700000000595,\"symbol\":\"BTCUSDT\",\"orders\":[],\"orderReports\":[" reports "]}"
#define STOP LEG("ours-s", "28", "STOP_LOSS", "SELL")
#define TARGET LEG("ours-t", "29", "LIMIT_MAKER", "SELL")

static const cb_venue_keys keys = {.api_key = "key", .api_secret = "secret"};
static const cb_venue_auth auth = {
    .keys = &keys, .sign_ts_ns = INT64_C(1700000000000999999), .window_ms = 3000};
static cb_venue_request request;
static cb_venue_answer answer;

static cb_venue_params pair(void)
{
    return (cb_venue_params){.order = {.symbol = "BTCUSDT",
                                 .client_order_id = "ours-t",
                                 .side = CB_SIDE_SELL,
                                 .order_type = CB_ORDER_TYPE_LIMIT_MAKER,
                                 .qty.e8 = 300000,
                                 .price.e8 = INT64_C(6100000000000)},
        .stop_order = {.symbol = "BTCUSDT",
            .client_order_id = "ours-s",
            .side = CB_SIDE_SELL,
            .order_type = CB_ORDER_TYPE_STOP_LOSS,
            .qty.e8 = 300000,
            .stop_price.e8 = INT64_C(5900000000000)}};
}

static cb_status build(const cb_venue_params *params)
{
    cb_err err;
    memset(&request, 0xA5, sizeof(request));
    return cb_venue_binance.build(CB_VENUE_CALL_PLACE_LIST, params, &auth, &request, &err);
}

static cb_answer_class judge(int status, const char *body)
{
    const cb_venue_params params = pair();
    cb_venue_binance.judge(CB_VENUE_CALL_PLACE_LIST, &params, status, cb_sv_from(body), &answer);
    return answer.answer_class;
}

static void a_selling_pair_has_its_target_above(void **state)
{
    (void)state;
    const cb_venue_params params = pair();
    assert_int_equal(build(&params), CB_OK);
    assert_int_equal(request.method, CB_VENUE_POST);
    assert_non_null(strstr(request.body, "aboveType=LIMIT_MAKER&abovePrice=61000"));
    assert_non_null(strstr(request.body, "belowType=STOP_LOSS&belowStopPrice=59000"));
    assert_non_null(strstr(request.body, "aboveClientOrderId=ours-t"));
    assert_non_null(strstr(request.body, "belowClientOrderId=ours-s"));
}

static void a_buying_pair_has_its_stop_above(void **state)
{
    (void)state;
    cb_venue_params params = pair();
    params.order.side = CB_SIDE_BUY;
    params.stop_order.side = CB_SIDE_BUY;
    assert_int_equal(build(&params), CB_OK);
    assert_non_null(strstr(request.body, "aboveType=STOP_LOSS&aboveStopPrice=59000"));
    assert_non_null(strstr(request.body, "belowType=LIMIT_MAKER&belowPrice=61000"));
}

static void legs_that_are_no_pair_are_not_sent(void **state)
{
    (void)state;
    for (int wrong = 0; wrong < 4; wrong++) {
        cb_venue_params params = pair();
        switch (wrong) {
        case 0:
            params.stop_order.qty.e8 = 200000;
            break;
        case 1:
            params.stop_order.side = CB_SIDE_BUY;
            break;
        case 2:
            memcpy(params.stop_order.symbol, "ETHUSDT", 8);
            break;
        default:
            params.order.order_type = CB_ORDER_TYPE_LIMIT;
            break;
        }
        assert_int_not_equal(build(&params), CB_OK);
    }
}

static void an_echo_of_both_legs_is_accepted(void **state)
{
    (void)state;
    assert_int_equal(judge(200, LIST(STOP "," TARGET)), CB_ANSWER_ACCEPTED);
    assert_true(answer.has_order && answer.has_mate);
    assert_string_equal(answer.order.venue_order_id, "29");
    assert_string_equal(answer.mate.venue_order_id, "28");
}

static void anything_else_is_unknown(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        LIST(STOP),
        LIST(TARGET),
        LIST(STOP "," LEG("ours-t", "29", "LIMIT_MAKER", "BUY")),
        LIST(STOP "," LEG("ours-t", "29", "LIMIT", "SELL")),
        LIST(STOP "," LEG("theirs", "29", "LIMIT_MAKER", "SELL")),
        LIST(""),
        "{}",
        "",
        TARGET,
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        assert_int_equal(judge(200, bodies[i]), CB_ANSWER_UNKNOWN);
    }
    assert_int_equal(judge(502, ""), CB_ANSWER_UNKNOWN);
    assert_int_equal(judge(400, "{\"code\":-9999,\"msg\":\"new words\"}"), CB_ANSWER_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_selling_pair_has_its_target_above),
        cmocka_unit_test(a_buying_pair_has_its_stop_above),
        cmocka_unit_test(legs_that_are_no_pair_are_not_sent),
        cmocka_unit_test(an_echo_of_both_legs_is_accepted),
        cmocka_unit_test(anything_else_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
