/* The REST API: signing, parameters, refusals word for word, answers, limits. */
#include "tests/unit/simulator/api_fixture.h"

static const sim_config fees = {.fee_maker_e8 = 100000, .fee_taker_e8 = 100000};

static const char buy[] = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=100";

static void api_answers_ping_time_and_unknown_paths(void **state)
{
    (void)state;
    door *d = door_make(fees);
    assert_int_equal(door_rest(d, "GET", "/api/v3/ping", "", "", ""), 200);
    assert_string_equal(d->body, "{}");
    assert_int_equal(door_rest(d, "GET", "/api/v3/time", "", "", ""), 200);
    assert_int_equal(number_of(d->json, "serverTime"), START_NS / 1000000);
    assert_int_equal(door_rest(d, "GET", "/api/v3/nothing", "", "", ""), 404);
    assert_true(number_of(d->json, "code") < 0);
    assert_int_equal(door_rest(d, "POST", "/api/v3/time", "", "", ""), 405);
    door_rest(d, "GET", "/api/v3/time", "what=1", "", "");
    expect_error(d,
        400,
        -1104,
        "Not all sent parameters were read; read '0' parameter(s) but was "
        "sent '1'.");
    door_free(d);
}

static void api_shows_the_published_signature_vector(void **state)
{
    (void)state;
    char hex[65];
    door_sign("NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j",
        "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&"
        "timestamp=1499827319559",
        hex);
    assert_string_equal(hex, "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71");
}

static void api_takes_parameters_from_query_form_or_both(void **state)
{
    (void)state;
    door *d = door_make(fees);
    assert_int_equal(door_signed(d, "POST", "/api/v3/order", buy, false), 200);
    assert_int_equal(number_of(d->json, "orderId"), 1);
    assert_int_equal(door_signed(d, "POST", "/api/v3/order", buy, true), 200);
    assert_int_equal(number_of(d->json, "orderId"), 2);
    /* Both: signed over query and body joined with nothing between. */
    char payload[1024];
    char hex[65];
    char form[256];
    static const char query[] = "symbol=BTCUSDT&side=BUY&type=LIMIT";
    snprintf(form,
        sizeof(form),
        "timeInForce=GTC&quantity=1&price=100&timestamp=%lld",
        (long long)(START_NS / 1000000));
    snprintf(payload, sizeof(payload), "%s%s", query, form);
    door_sign(SECRET_A, payload, hex);
    snprintf(payload, sizeof(payload), "%s&signature=%s", form, hex);
    assert_int_equal(door_rest(d, "POST", "/api/v3/order", query, payload, KEY_A), 200);
    door_free(d);
}

static void api_refuses_bad_keys_signatures_and_clocks(void **state)
{
    (void)state;
    door *d = door_make(fees);
    char text[512];
    char hex[65];
    static const char path[] = "/api/v3/account";
    const long long now_ms = START_NS / 1000000;
    door_rest(d, "GET", path, "timestamp=1&signature=00", "", "");
    expect_error(d, 401, -2014, "API-key format invalid.");
    door_rest(d, "GET", path, "timestamp=1&signature=00", "", "unknown");
    expect_error(d, 401, -2015, "Invalid API-key, IP, or permissions for action.");
    door_rest(d, "GET", path, "timestamp=1&signature=00", "", KEY_A);
    expect_error(d, 400, -1022, "Signature for this request is not valid.");
    door_rest(d, "GET", path, "timestamp=1", "", KEY_A);
    expect_error(d,
        400,
        -1102,
        "Mandatory parameter 'signature' was not sent, was empty/null, or malformed.");
    door_sign(SECRET_A, "", hex);
    snprintf(text, sizeof(text), "signature=%s", hex);
    door_rest(d, "GET", path, text, "", KEY_A);
    expect_error(d,
        400,
        -1102,
        "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.");
    static const struct {
        long long offset_ms;
        const char *window;
        const char *text; /* NULL = accepted */
    } cases[] = {
        {999, "", NULL},
        {1000, "", "Timestamp for this request was 1000ms ahead of the server's time."},
        {-5000, "", NULL},
        {-5001, "", "Timestamp for this request is outside of the recvWindow."},
        {-60000, "recvWindow=60000&", NULL},
        {-11, "recvWindow=10.5&", "Timestamp for this request is outside of the recvWindow."},
        {-10, "recvWindow=10.5&", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(
            text, sizeof(text), "%stimestamp=%lld", cases[i].window, now_ms + cases[i].offset_ms);
        door_sign(SECRET_A, text, hex);
        const size_t used = strlen(text);
        snprintf(text + used, sizeof(text) - used, "&signature=%s", hex);
        door_rest(d, "GET", path, text, "", KEY_A);
        if (cases[i].text == NULL) {
            assert_int_equal(d->answer.status, 200);
        } else {
            expect_error(d, 400, -1021, cases[i].text);
        }
    }
    door_signed(d, "GET", path, "recvWindow=60001", false);
    expect_error(d, 400, -1131, "recvWindow must be less than 60000.");
    /* Upper-case hex is the same signature. */
    snprintf(text, sizeof(text), "timestamp=%lld", now_ms);
    door_sign(SECRET_A, text, hex);
    for (size_t i = 0; i < 64; i++) {
        hex[i] = (char)(hex[i] >= 'a' ? hex[i] - 'a' + 'A' : hex[i]);
    }
    const size_t used = strlen(text);
    snprintf(text + used, sizeof(text) - used, "&signature=%s", hex);
    assert_int_equal(door_rest(d, "GET", path, text, "", KEY_A), 200);
    door_free(d);
}

static void api_refuses_malformed_orders_in_binances_words(void **state)
{
    (void)state;
    static const struct {
        const char *params;
        int code;
        const char *text;
    } cases[] = {
        {"side=BUY",
            -1102,
            "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."},
        {"symbol=NOPE&side=BUY", -1121, "Invalid symbol."},
        {"symbol=BTCUSDT&side=UP&type=LIMIT", -1117, "Invalid side."},
        {"symbol=BTCUSDT&side=BUY&type=LATER", -1116, "Invalid orderType."},
        {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTX", -1115, "Invalid timeInForce."},
        {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1",
            -1102,
            "Mandatory parameter 'price' was not sent, was empty/null, or malformed."},
        {"symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=100",
            -1102,
            "Mandatory parameter 'timeInForce' was not sent, was empty/null, or malformed."},
        {"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&price=100",
            -1106,
            "Parameter 'price' sent when not required."},
        {"symbol=BTCUSDT&side=BUY&type=MARKET",
            -1102,
            "Mandatory parameter 'quantity' was not sent, was empty/null, or malformed."},
        {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=1e2",
            -1100,
            "Illegal characters found in parameter 'price'; legal range is "
            "'^([0-9]{1,20})(\\.[0-9]{1,20})?$'."},
        {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.123456789&price=100",
            -1111,
            "Parameter 'quantity' has too much precision."},
        {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=100.001",
            -1013,
            "Filter failure: PRICE_FILTER"},
        {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=100",
            -1013,
            "Filter failure: NOTIONAL"},
        {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=100&icebergQty=1",
            -2010,
            "Iceberg orders are not supported for this symbol."},
        {"symbol=BTCUSDT&side=BUY&type=STOP_LOSS&quantity=1",
            -1102,
            "Mandatory parameter 'stopPrice' was not sent, was empty/null, or malformed."},
        {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=100&"
         "newClientOrderId=a%20b",
            -1100,
            "Illegal characters found in parameter 'newClientOrderId'; legal range is "
            "'^[a-zA-Z0-9-_]{1,36}$'."},
        {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=100&more=1",
            -1104,
            "Not all sent parameters were read; read '8' parameter(s) but was sent '9'."},
        {"symbol=BTCUSDT&symbol=BTCUSDT", -1101, "Duplicate values for a parameter detected."},
        {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=9000&price=500",
            -2010,
            "Account has insufficient balance for requested action."},
    };
    door *d = door_make(fees);
    const uint64_t hash = sim_state_hash(d->sim);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        door_signed(d, "POST", "/api/v3/order", cases[i].params, i % 2 == 0);
        expect_error(d, 400, cases[i].code, cases[i].text);
    }
    assert_true(hash == sim_state_hash(d->sim));
    door_free(d);
}

static void api_answers_new_orders_as_ack_result_or_full(void **state)
{
    (void)state;
    door *d = door_make(fees);
    (void)fixture_place(d->fx, fixture_limit(1, CB_SIDE_SELL, 100, 1));
    (void)fixture_place(d->fx, fixture_limit(1, CB_SIDE_SELL, 101, 1));
    door_signed(d,
        "POST",
        "/api/v3/order",
        "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1.5&newClientOrderId=my-1",
        true);
    assert_string_equal(text_of(d->json, "status"), "FILLED");
    assert_string_equal(text_of(d->json, "executedQty"), "1.50000000");
    assert_string_equal(text_of(d->json, "cummulativeQuoteQty"), "150.50000000");
    assert_string_equal(text_of(d->json, "clientOrderId"), "my-1");
    assert_string_equal(text_of(d->json, "price"), "0.00000000");
    assert_string_equal(text_of(d->json, "selfTradePreventionMode"), "EXPIRE_MAKER");
    const json_t *fills = json_object_get(d->json, "fills");
    assert_int_equal(json_array_size(fills), 2);
    assert_string_equal(text_of(json_array_get(fills, 0), "price"), "100.00000000");
    assert_string_equal(text_of(json_array_get(fills, 0), "commission"), "0.00100000");
    assert_string_equal(text_of(json_array_get(fills, 0), "commissionAsset"), "BTC");
    assert_int_equal(d->answer.orders_10s, 0); /* the fill gave the order back */
    assert_int_equal(d->answer.weight_used, 0);
    char params[200];
    snprintf(params, sizeof(params), "%s&newOrderRespType=ACK", buy);
    door_signed(d, "POST", "/api/v3/order", params, true);
    assert_int_equal(json_object_size(d->json), 5);
    assert_int_equal(d->answer.orders_10s, 1);
    snprintf(params, sizeof(params), "%s&newOrderRespType=RESULT", buy);
    door_signed(d, "POST", "/api/v3/order", params, true);
    assert_null(json_object_get(d->json, "fills"));
    assert_string_equal(text_of(d->json, "status"), "NEW");
    door_signed(d, "POST", "/api/v3/order/test", buy, true);
    assert_string_equal(d->body, "{}");
    door_free(d);
}

static void api_queries_cancels_and_lists_orders(void **state)
{
    (void)state;
    door *d = door_make(fees);
    char params[200];
    for (int i = 0; i < 3; i++) {
        snprintf(params, sizeof(params), "%s&newClientOrderId=id%d", buy, i);
        door_signed(d, "POST", "/api/v3/order", params, true);
    }
    door_signed(d, "GET", "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=id1", false);
    assert_int_equal(number_of(d->json, "orderId"), 2);
    assert_true(json_is_true(json_object_get(d->json, "isWorking")));
    door_signed(d, "GET", "/api/v3/order", "symbol=BTCUSDT&orderId=99", false);
    expect_error(d, 400, -2013, "Order does not exist.");
    door_signed(d, "GET", "/api/v3/order", "symbol=BTCUSDT", false);
    expect_error(d,
        400,
        -1102,
        "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!");
    door_signed(
        d, "DELETE", "/api/v3/order", "symbol=BTCUSDT&orderId=2&newClientOrderId=bye", false);
    assert_string_equal(text_of(d->json, "status"), "CANCELED");
    assert_string_equal(text_of(d->json, "origClientOrderId"), "id1");
    assert_string_equal(text_of(d->json, "clientOrderId"), "bye");
    door_signed(d, "DELETE", "/api/v3/order", "symbol=BTCUSDT&orderId=2", false);
    expect_error(d, 400, -2011, "Unknown order sent.");
    door_signed(d,
        "DELETE",
        "/api/v3/order",
        "symbol=BTCUSDT&orderId=1&cancelRestrictions=ONLY_PARTIALLY_FILLED",
        false);
    expect_error(d, 400, -2011, "Order was not canceled due to cancel restrictions.");
    door_signed(d, "GET", "/api/v3/openOrders", "symbol=BTCUSDT", false);
    assert_int_equal(json_array_size(d->json), 2);
    assert_int_equal(d->answer.weight_used, 1 * 3 + 4 * 3 + 6 - 3 + 2);
    door_signed(d, "GET", "/api/v3/allOrders", "symbol=BTCUSDT&limit=2", false);
    assert_int_equal(json_array_size(d->json), 2);
    assert_int_equal(number_of(json_array_get(d->json, 0), "orderId"), 2);
    door_signed(d, "GET", "/api/v3/allOrders", "symbol=BTCUSDT&orderId=1&limit=2", false);
    assert_int_equal(number_of(json_array_get(d->json, 0), "orderId"), 1);
    door_signed(d, "DELETE", "/api/v3/openOrders", "symbol=BTCUSDT", false);
    assert_int_equal(json_array_size(d->json), 2);
    door_signed(d, "DELETE", "/api/v3/openOrders", "symbol=BTCUSDT", false);
    expect_error(d, 400, -2011, "Unknown order sent.");
    assert_true(fixture_locked_e8(d->fx, 0, "USDT") == 0);
    door_free(d);
}

static void api_replaces_orders_with_the_three_outcomes(void **state)
{
    (void)state;
    door *d = door_make(fees);
    char params[400];
    door_signed(d, "POST", "/api/v3/order", buy, true);
    snprintf(params, sizeof(params), "%s&cancelReplaceMode=STOP_ON_FAILURE&cancelOrderId=1", buy);
    assert_int_equal(door_signed(d, "POST", "/api/v3/order/cancelReplace", params, true), 200);
    assert_string_equal(text_of(d->json, "cancelResult"), "SUCCESS");
    assert_string_equal(text_of(d->json, "newOrderResult"), "SUCCESS");
    assert_int_equal(number_of(json_object_get(d->json, "newOrderResponse"), "orderId"), 2);
    /* The old one is gone: nothing is attempted. */
    assert_int_equal(door_signed(d, "POST", "/api/v3/order/cancelReplace", params, true), 400);
    assert_int_equal(number_of(d->json, "code"), -2022);
    const json_t *data = json_object_get(d->json, "data");
    assert_string_equal(text_of(data, "newOrderResult"), "NOT_ATTEMPTED");
    assert_int_equal(number_of(json_object_get(data, "cancelResponse"), "code"), -2011);
    /* Half done: the new order is placed although the cancel fails. */
    snprintf(params, sizeof(params), "%s&cancelReplaceMode=ALLOW_FAILURE&cancelOrderId=1", buy);
    assert_int_equal(door_signed(d, "POST", "/api/v3/order/cancelReplace", params, true), 409);
    assert_int_equal(number_of(d->json, "code"), -2021);
    data = json_object_get(d->json, "data");
    assert_string_equal(text_of(data, "cancelResult"), "FAILURE");
    assert_string_equal(text_of(data, "newOrderResult"), "SUCCESS");
    door_free(d);
}

static void api_shows_account_trades_and_commission(void **state)
{
    (void)state;
    door *d = door_make(fees);
    (void)fixture_place(d->fx, fixture_limit(1, CB_SIDE_SELL, 100, 2));
    door_signed(d, "POST", "/api/v3/order", buy, true);
    door_signed(d, "POST", "/api/v3/order", buy, true);
    door_signed(d, "GET", "/api/v3/myTrades", "symbol=BTCUSDT", false);
    assert_int_equal(json_array_size(d->json), 2);
    const json_t *trade = json_array_get(d->json, 1);
    assert_string_equal(text_of(trade, "quoteQty"), "100.00000000");
    assert_true(json_is_true(json_object_get(trade, "isBuyer")));
    assert_true(json_is_false(json_object_get(trade, "isMaker")));
    door_signed(d, "GET", "/api/v3/myTrades", "symbol=BTCUSDT&fromId=2", false);
    assert_int_equal(json_array_size(d->json), 1);
    door_signed(d, "GET", "/api/v3/myTrades", "symbol=BTCUSDT&orderId=2", false);
    assert_int_equal(json_array_size(d->json), 1);
    door_signed(d, "GET", "/api/v3/account", "omitZeroBalances=true", false);
    assert_string_equal(
        text_of(json_object_get(d->json, "commissionRates"), "taker"), "0.00100000");
    const json_t *balance = json_array_get(json_object_get(d->json, "balances"), 0);
    assert_string_equal(text_of(balance, "asset"), "BTC");
    assert_string_equal(text_of(balance, "free"), "101.99800000");
    /* Another account sees nothing of it. */
    char hex[65];
    char text[256];
    snprintf(text,
        sizeof(text),
        "symbol=BTCUSDT&orderId=2&timestamp=%lld",
        (long long)(START_NS / 1000000));
    door_sign(SECRET_B, text, hex);
    const size_t used = strlen(text);
    snprintf(text + used, sizeof(text) - used, "&signature=%s", hex);
    door_rest(d, "GET", "/api/v3/order", text, "", KEY_B);
    expect_error(d, 400, -2013, "Order does not exist.");
    door_free(d);
}

static void api_serves_the_market(void **state)
{
    (void)state;
    door *d = door_make(fees);
    (void)fixture_place(d->fx, fixture_limit(1, CB_SIDE_SELL, 100, 2));
    (void)fixture_place(d->fx, fixture_limit(1, CB_SIDE_SELL, 102, 2));
    (void)fixture_place(d->fx, fixture_limit(0, CB_SIDE_BUY, 100, 1));
    (void)fixture_place(d->fx, fixture_limit(0, CB_SIDE_BUY, 99, 1));
    door_rest(d, "GET", "/api/v3/depth", "symbol=BTCUSDT&limit=1", "", "");
    assert_int_equal(number_of(d->json, "lastUpdateId"), d->sim->symbols[0].update_id);
    assert_int_equal(json_array_size(json_object_get(d->json, "asks")), 1);
    assert_int_equal(d->answer.weight_used, 5);
    door_rest(d, "GET", "/api/v3/depth", "symbol=BTCUSDT&limit=5000", "", "");
    assert_int_equal(json_array_size(json_object_get(d->json, "asks")), 2);
    assert_int_equal(d->answer.weight_used, 255);
    door_rest(d, "GET", "/api/v3/trades", "symbol=BTCUSDT", "", "");
    assert_int_equal(json_array_size(d->json), 1);
    assert_true(json_is_false(json_object_get(json_array_get(d->json, 0), "isBuyerMaker")));
    door_rest(d, "GET", "/api/v3/aggTrades", "symbol=BTCUSDT", "", "");
    assert_int_equal(number_of(json_array_get(d->json, 0), "l"), 1);
    door_rest(d, "GET", "/api/v3/klines", "symbol=BTCUSDT&interval=1m", "", "");
    assert_int_equal(json_array_size(d->json), 1);
    assert_int_equal(json_array_size(json_array_get(d->json, 0)), 12);
    door_rest(d, "GET", "/api/v3/klines", "symbol=BTCUSDT&interval=7m", "", "");
    expect_error(d, 400, -1120, "Invalid interval.");
    door_rest(d, "GET", "/api/v3/ticker/24hr", "symbol=BTCUSDT", "", "");
    assert_string_equal(text_of(d->json, "lastPrice"), "100.00000000");
    door_rest(d, "GET", "/api/v3/ticker/bookTicker", "symbols=%5B%22BTCUSDT%22%5D", "", "");
    assert_string_equal(text_of(json_array_get(d->json, 0), "bidPrice"), "99.00000000");
    door_rest(d, "GET", "/api/v3/ticker/price", "", "", "");
    assert_int_equal(json_array_size(d->json), 2);
    door_rest(d, "GET", "/api/v3/avgPrice", "symbol=BTCUSDT", "", "");
    assert_string_equal(text_of(d->json, "price"), "100.00000000");
    door_rest(d, "GET", "/api/v3/exchangeInfo", "symbol=ETHUSDT", "", "");
    const json_t *symbol = json_array_get(json_object_get(d->json, "symbols"), 0);
    assert_string_equal(text_of(symbol, "baseAsset"), "ETH");
    assert_int_equal(json_array_size(json_object_get(symbol, "filters")), 7);
    assert_int_equal(json_array_size(json_object_get(d->json, "rateLimits")), 4);
    door_free(d);
}

static void api_limits_weights_with_429_then_418(void **state)
{
    (void)state;
    door *d = door_make(fees);
    for (int i = 0; i < 24; i++) {
        assert_int_equal(
            door_rest(d, "GET", "/api/v3/depth", "symbol=BTCUSDT&limit=5000", "", ""), 200);
    }
    assert_int_equal(d->answer.weight_used, 6000);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(door_rest(d, "GET", "/api/v3/ping", "", "", ""), 429);
        assert_int_equal(number_of(d->json, "code"), -1003);
        assert_true(d->answer.retry_after_s > 0 && d->answer.retry_after_s <= 60);
    }
    assert_int_equal(door_rest(d, "GET", "/api/v3/ping", "", "", ""), 418);
    assert_int_equal(d->answer.retry_after_s, 120);
    sim_set_now(d->sim, START_NS + 119 * INT64_C(1000000000));
    assert_int_equal(door_rest(d, "GET", "/api/v3/ping", "", "", ""), 418);
    assert_int_equal(d->answer.retry_after_s, 1);
    sim_set_now(d->sim, START_NS + 120 * INT64_C(1000000000));
    assert_int_equal(door_rest(d, "GET", "/api/v3/ping", "", "", ""), 200);
    door_free(d);
}

static void api_limits_orders_with_1015(void **state)
{
    (void)state;
    door *d = door_make(fees);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(door_signed(d, "POST", "/api/v3/order", buy, true), 200);
    }
    door_signed(d, "POST", "/api/v3/order", buy, true);
    expect_error(d, 429, -1015, "Too many new orders; current limit is 100 orders per 10 SECOND.");
    assert_true(d->answer.retry_after_s >= 1 && d->answer.retry_after_s <= 10);
    sim_set_now(d->sim, START_NS + 10 * INT64_C(1000000000));
    assert_int_equal(door_signed(d, "POST", "/api/v3/order", buy, true), 200);
    assert_int_equal(d->answer.orders_1d, 101);
    door_free(d);
}

static void api_takes_no_order_without_a_journal(void **state)
{
    (void)state;
    door *d = door_make(fees);
    d->api->is_closed = true;
    assert_int_equal(door_signed(d, "POST", "/api/v3/order", buy, true), 503);
    assert_int_equal(number_of(d->json, "code"), -1016);
    assert_int_equal(door_rest(d, "GET", "/api/v3/ping", "", "", ""), 200);
    door_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(api_answers_ping_time_and_unknown_paths),
        cmocka_unit_test(api_shows_the_published_signature_vector),
        cmocka_unit_test(api_takes_parameters_from_query_form_or_both),
        cmocka_unit_test(api_refuses_bad_keys_signatures_and_clocks),
        cmocka_unit_test(api_refuses_malformed_orders_in_binances_words),
        cmocka_unit_test(api_answers_new_orders_as_ack_result_or_full),
        cmocka_unit_test(api_queries_cancels_and_lists_orders),
        cmocka_unit_test(api_replaces_orders_with_the_three_outcomes),
        cmocka_unit_test(api_shows_account_trades_and_commission),
        cmocka_unit_test(api_serves_the_market),
        cmocka_unit_test(api_limits_weights_with_429_then_418),
        cmocka_unit_test(api_limits_orders_with_1015),
        cmocka_unit_test(api_takes_no_order_without_a_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
