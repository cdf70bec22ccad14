/* Requests to Binance: what is sent, how it is signed, and what is refused before it is sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "venue/binance/binance.h"
#include "venue/form.h"

#define SECRET "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
#define API_KEY "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
#define SEED "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"

static const cb_venue_keys keys = {.api_key = API_KEY, .api_secret = SECRET};
static const cb_venue_auth auth = {
    .keys = &keys, .sign_ts_ns = INT64_C(1700000000000999999), .window_ms = 3000};
static cb_venue_request request;
static cb_err err;

static cb_status build(cb_venue_call call, const cb_venue_params *params)
{
    memset(&request, 0xA5, sizeof(request));
    return cb_venue_binance.build(call, params, &auth, &request, &err);
}

static cb_venue_params limit_order(void)
{
    return (cb_venue_params){.order = {.symbol = "BTCUSDT",
                                 .client_order_id = "ours-1",
                                 .side = CB_SIDE_BUY,
                                 .order_type = CB_ORDER_TYPE_LIMIT,
                                 .qty.e8 = 200000,
                                 .price.e8 = INT64_C(3500000000000)}};
}

/* The form up to the signature, which is checked against the bytes before it. */
static void assert_signed(const char *form, const char *expected)
{
    char signature[CB_BINANCE_SIGNATURE_MAX];
    const char *mark = strstr(form, "&signature=");
    assert_non_null(mark);
    char before[CB_VENUE_BODY_MAX];
    const size_t size = (size_t)(mark - form);
    memcpy(before, form, size);
    before[size] = '\0';
    assert_string_equal(before, expected);
    assert_int_equal(cb_binance_sign(SECRET, form, size, signature, NULL), CB_OK);
    assert_string_equal(mark + strlen("&signature="), signature);
}

static void place_puts_everything_in_the_body(void **state)
{
    (void)state;
    const cb_venue_params params = limit_order();
    assert_int_equal(build(CB_VENUE_CALL_PLACE, &params), CB_OK);
    assert_int_equal(request.method, CB_VENUE_POST);
    assert_string_equal(request.url_path, "/api/v3/order");
    assert_true(request.is_order);
    assert_int_equal(request.weight, 1);
    assert_signed(request.body,
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.002&price=35000&"
        "newClientOrderId=ours-1&newOrderRespType=FULL&recvWindow=3000&timestamp=1700000000000");
    assert_int_equal(request.headers_count, 2);
    assert_string_equal(request.headers[0][0], "X-MBX-APIKEY");
    assert_string_equal(request.headers[0][1], API_KEY);
    assert_string_equal(request.headers[1][1], "application/x-www-form-urlencoded");
}

static void place_spells_every_order_type(void **state)
{
    (void)state;
    static const struct {
        cb_order_type type;
        cb_tif tif;
        int64_t price_e8;
        int64_t stop_e8;
        const char *expected;
    } rows[] = {{CB_ORDER_TYPE_MARKET, CB_TIF_GTC, 0, 0, "side=SELL&type=MARKET&quantity=1&new"},
        {CB_ORDER_TYPE_LIMIT,
            CB_TIF_IOC,
            CB_E8,
            0,
            "type=LIMIT&timeInForce=IOC&quantity=1&price=1&new"},
        {CB_ORDER_TYPE_LIMIT, CB_TIF_FOK, CB_E8, 0, "timeInForce=FOK"},
        {CB_ORDER_TYPE_LIMIT_MAKER,
            CB_TIF_GTC,
            CB_E8,
            0,
            "type=LIMIT_MAKER&quantity=1&price=1&new"},
        {CB_ORDER_TYPE_STOP_LOSS,
            CB_TIF_NONE,
            0,
            CB_E8 / 2,
            "type=STOP_LOSS&quantity=1&stopPrice=0.5&new"},
        {CB_ORDER_TYPE_STOP_LOSS_LIMIT,
            CB_TIF_NONE,
            CB_E8,
            CB_E8 / 2,
            "type=STOP_LOSS_LIMIT&timeInForce=GTC&quantity=1&price=1&stopPrice=0.5&new"},
        {CB_ORDER_TYPE_TAKE_PROFIT,
            CB_TIF_NONE,
            0,
            CB_E8 / 2,
            "type=TAKE_PROFIT&quantity=1&stopPrice=0.5&new"},
        {CB_ORDER_TYPE_TAKE_PROFIT_LIMIT,
            CB_TIF_GTC,
            CB_E8,
            CB_E8 / 2,
            "type=TAKE_PROFIT_LIMIT&timeInForce=GTC&quantity=1&price=1&stopPrice=0.5&new"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cb_venue_params params = limit_order();
        params.order.side = CB_SIDE_SELL;
        params.order.order_type = rows[i].type;
        params.order.tif = rows[i].tif;
        params.order.qty.e8 = CB_E8;
        params.order.price.e8 = rows[i].price_e8;
        params.order.stop_price.e8 = rows[i].stop_e8;
        assert_int_equal(build(CB_VENUE_CALL_PLACE, &params), CB_OK);
        if (strstr(request.body, rows[i].expected) == NULL) {
            fail_msg("%s lacks %s", request.body, rows[i].expected);
        }
    }
}

static void place_adds_what_is_asked_for(void **state)
{
    (void)state;
    cb_venue_params params = limit_order();
    params.order.iceberg_qty.e8 = 100000;
    memcpy(params.order.self_trade_prevention, "EXPIRE_TAKER", 13);
    params.order.reply_kind = CB_VENUE_REPLY_ACK;
    assert_int_equal(build(CB_VENUE_CALL_PLACE_TEST, &params), CB_OK);
    assert_string_equal(request.url_path, "/api/v3/order/test");
    assert_false(request.is_order);
    assert_non_null(strstr(request.body, "&icebergQty=0.001&"));
    assert_non_null(strstr(request.body, "&selfTradePreventionMode=EXPIRE_TAKER&"));
    assert_non_null(strstr(request.body, "&newOrderRespType=ACK&"));
    params = limit_order();
    params.order.order_type = CB_ORDER_TYPE_MARKET;
    params.order.price.e8 = 0;
    params.order.qty.e8 = 0;
    params.order.quote_qty.e8 = 100 * CB_E8;
    assert_int_equal(build(CB_VENUE_CALL_PLACE, &params), CB_OK);
    assert_non_null(strstr(request.body, "&quoteOrderQty=100&"));
    assert_null(strstr(request.body, "&quantity="));
    params = limit_order();
    params.order.order_type = CB_ORDER_TYPE_STOP_LOSS_LIMIT;
    params.order.trailing_delta_bips = 150;
    assert_int_equal(build(CB_VENUE_CALL_PLACE, &params), CB_OK);
    assert_non_null(strstr(request.body, "&trailingDelta=150&"));
}

static void place_refuses_what_the_venue_would(void **state)
{
    (void)state;
    for (int wrong = 0; wrong < 16; wrong++) {
        cb_venue_params params = limit_order();
        cb_venue_order_request *order = &params.order;
        switch (wrong) {
        case 0:
            order->symbol[0] = '\0';
            break;
        case 1:
            order->side = CB_SIDE_NONE;
            break;
        case 2:
            order->order_type = CB_ORDER_TYPE_NONE;
            break;
        case 3:
            order->qty.e8 = 0;
            break;
        case 4:
            order->qty.e8 = -1;
            break;
        case 5:
            order->price.e8 = 0;
            break;
        case 6:
            order->price.e8 = -1;
            break;
        case 7:
            order->client_order_id[0] = '\0';
            break;
        case 8:
            memcpy(order->client_order_id, "has space", 10);
            break;
        case 9:
            memset(order->client_order_id, 'x', 37);
            break;
        case 10:
            order->stop_price.e8 = 1;
            break;
        case 11:
            order->quote_qty.e8 = 1;
            break;
        case 12:
            order->order_type = CB_ORDER_TYPE_MARKET;
            break; /* with a price */
        case 13:
            order->order_type = CB_ORDER_TYPE_STOP_LOSS_LIMIT;
            break; /* without a stop */
        case 14:
            order->tif = CB_TIF_IOC;
            order->iceberg_qty.e8 = 1;
            break;
        default:
            order->iceberg_qty.e8 = -1;
            break;
        }
        if (build(CB_VENUE_CALL_PLACE, &params) != CB_E_SYNTAX) {
            fail_msg("case %d was not refused", wrong);
        }
    }
}

static void signed_calls_need_a_key_and_a_time(void **state)
{
    (void)state;
    const cb_venue_params params = limit_order();
    const cb_venue_keys empty = {.api_key = ""};
    cb_venue_auth bad = auth;
    assert_int_equal(
        cb_venue_binance.build(CB_VENUE_CALL_ACCOUNT, &params, NULL, &request, &err), CB_E_AUTH);
    bad.keys = &empty;
    assert_int_equal(
        cb_venue_binance.build(CB_VENUE_CALL_ACCOUNT, &params, &bad, &request, &err), CB_E_AUTH);
    bad = auth;
    bad.sign_ts_ns = 0;
    assert_int_equal(
        cb_venue_binance.build(CB_VENUE_CALL_ACCOUNT, &params, &bad, &request, &err), CB_E_RANGE);
    bad = auth;
    bad.window_ms = 60001;
    assert_int_equal(
        cb_venue_binance.build(CB_VENUE_CALL_ACCOUNT, &params, &bad, &request, &err), CB_E_RANGE);
    bad.window_ms = 60000;
    assert_int_equal(
        cb_venue_binance.build(CB_VENUE_CALL_ACCOUNT, &params, &bad, &request, &err), CB_OK);
    assert_int_equal(
        cb_venue_binance.build(CB_VENUE_CALL_TIME, &params, NULL, &request, &err), CB_OK);
    assert_int_equal(request.headers_count, 0);
}

static void cancel_and_query_name_the_order(void **state)
{
    (void)state;
    cb_venue_params params = {.symbol = "BTCUSDT", .venue_order_id = "123456789"};
    assert_int_equal(build(CB_VENUE_CALL_CANCEL, &params), CB_OK);
    assert_int_equal(request.method, CB_VENUE_DELETE);
    assert_string_equal(request.body, "");
    assert_signed(strchr(request.url_path, '?') + 1,
        "symbol=BTCUSDT&orderId=123456789&recvWindow=3000&timestamp=1700000000000");
    params.venue_order_id[0] = '\0';
    memcpy(params.client_order_id, "ours-1", 7);
    assert_int_equal(build(CB_VENUE_CALL_QUERY, &params), CB_OK);
    assert_int_equal(request.weight, 4);
    assert_false(request.is_order);
    assert_non_null(
        strstr(request.url_path, "/api/v3/order?symbol=BTCUSDT&origClientOrderId=ours-1&"));
    params.client_order_id[0] = '\0';
    assert_int_equal(build(CB_VENUE_CALL_QUERY, &params), CB_E_SYNTAX);
    memcpy(params.venue_order_id, "12x", 4);
    assert_int_equal(build(CB_VENUE_CALL_CANCEL, &params), CB_E_SYNTAX);
    params.symbol[0] = '\0';
    assert_int_equal(build(CB_VENUE_CALL_CANCEL_ALL, &params), CB_E_SYNTAX);
}

static void cancel_replace_names_both(void **state)
{
    (void)state;
    cb_venue_params params = limit_order();
    memcpy(params.venue_order_id, "99", 3);
    assert_int_equal(build(CB_VENUE_CALL_CANCEL_REPLACE, &params), CB_OK);
    assert_string_equal(request.url_path, "/api/v3/order/cancelReplace");
    assert_non_null(strstr(request.body, "&cancelReplaceMode=STOP_ON_FAILURE&cancelOrderId=99&"));
    params.keep_unknown_cancel = true;
    params.venue_order_id[0] = '\0';
    memcpy(params.client_order_id, "old-1", 6);
    assert_int_equal(build(CB_VENUE_CALL_CANCEL_REPLACE, &params), CB_OK);
    assert_non_null(
        strstr(request.body, "&cancelReplaceMode=ALLOW_FAILURE&cancelOrigClientOrderId=old-1&"));
}

static void reads_carry_their_parameters_and_weights(void **state)
{
    (void)state;
    static const char symbols[2][24] = {"BTCUSDT", "ETHUSDT"};
    cb_venue_params params = {.symbol = "BTCUSDT", .limit = 5000};
    assert_int_equal(build(CB_VENUE_CALL_DEPTH, &params), CB_OK);
    assert_string_equal(request.url_path, "/api/v3/depth?symbol=BTCUSDT&limit=5000");
    assert_int_equal(request.weight, 250);
    static const uint32_t limits[] = {0, 100, 101, 500, 501, 1000, 1001};
    static const uint32_t weights[] = {5, 5, 25, 25, 50, 50, 250};
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        params.limit = limits[i];
        assert_int_equal(build(CB_VENUE_CALL_DEPTH, &params), CB_OK);
        assert_int_equal(request.weight, weights[i]);
    }
    params = (cb_venue_params){.symbol = "BTCUSDT",
        .interval_s = 60,
        .limit = 500,
        .start_ns = INT64_C(1700000000000000000)};
    assert_int_equal(build(CB_VENUE_CALL_CANDLES, &params), CB_OK);
    assert_string_equal(request.url_path,
        "/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=1700000000000&limit=500");
    params.interval_s = 61;
    assert_int_equal(build(CB_VENUE_CALL_CANDLES, &params), CB_E_SYNTAX);
    params = (cb_venue_params){.symbol = "BTCUSDT", .from_id = 0, .has_from_id = true};
    assert_int_equal(build(CB_VENUE_CALL_TRADES_FROM, &params), CB_OK);
    assert_string_equal(request.url_path, "/api/v3/historicalTrades?symbol=BTCUSDT&fromId=0");
    params = (cb_venue_params){.symbols = symbols, .symbols_count = 2};
    assert_int_equal(build(CB_VENUE_CALL_INSTRUMENTS, &params), CB_OK);
    assert_string_equal(
        request.url_path, "/api/v3/exchangeInfo?symbols=%5B%22BTCUSDT%22%2C%22ETHUSDT%22%5D");
    params = (cb_venue_params){.symbol = ""};
    assert_int_equal(build(CB_VENUE_CALL_OPEN_ORDERS, &params), CB_OK);
    assert_int_equal(request.weight, 80);
    assert_int_equal(build(CB_VENUE_CALL_TICKERS, &params), CB_OK);
    assert_int_equal(request.weight, 80);
}

static void reads_refuse_what_is_out_of_bounds(void **state)
{
    (void)state;
    cb_venue_params params = {.symbol = "BTCUSDT", .limit = 5001};
    assert_int_equal(build(CB_VENUE_CALL_DEPTH, &params), CB_E_SYNTAX);
    params.limit = 1001;
    assert_int_equal(build(CB_VENUE_CALL_OWN_TRADES, &params), CB_E_SYNTAX);
    params = (cb_venue_params){.symbol = "BTCUSDT", .start_ns = 2, .end_ns = 1};
    assert_int_equal(build(CB_VENUE_CALL_ALL_ORDERS, &params), CB_E_SYNTAX);
    params.start_ns = INT64_C(1700000000000000000);
    params.end_ns = params.start_ns + INT64_C(86400) * 1000000000;
    assert_int_equal(build(CB_VENUE_CALL_ALL_ORDERS, &params), CB_OK);
    params.end_ns++;
    assert_int_equal(build(CB_VENUE_CALL_ALL_ORDERS, &params), CB_E_SYNTAX);
    params.symbol[0] = '\0';
    assert_int_equal(build(CB_VENUE_CALL_ALL_ORDERS, &params), CB_E_SYNTAX);
    assert_int_equal(build(CB_VENUE_CALL_COUNT, &params), CB_E_NOT_FOUND);
    assert_int_equal(build(CB_VENUE_CALL_TRADES, &params), CB_E_SYNTAX);
}

static void signature_matches_the_documented_example(void **state)
{
    (void)state;
    static const char payload[] =
        "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price="
        "0.1&recvWindow=5000&timestamp=1499827319559";
    char out[CB_BINANCE_SIGNATURE_MAX];
    assert_int_equal(cb_binance_sign(SECRET, payload, sizeof(payload) - 1, out, NULL), CB_OK);
    assert_string_equal(out, "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71");
}

static void ed25519_signatures_are_base64(void **state)
{
    (void)state;
    static const char payload[] =
        "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=1&price="
        "0.2&timestamp=1668481559918&recvWindow=5000";
    char out[CB_BINANCE_SIGNATURE_MAX];
    assert_int_equal(
        cb_binance_sign("ed25519:" SEED, payload, sizeof(payload) - 1, out, NULL), CB_OK);
    assert_string_equal(out,
        "XtZirsmmi0noRzUfkqktvkVfxpkq/WtbLg2UOL3QGYdUBZVlqOBEMuEVw8zioY93N54NcKj9UuAXQEa9zgTDBg==");
    assert_int_equal(cb_binance_sign("ed25519:12", payload, 1, out, NULL), CB_E_SYNTAX);
    assert_int_equal(cb_binance_sign("", payload, 1, out, NULL), CB_E_SYNTAX);
    /* In a request the base64 is percent-encoded. */
    const cb_venue_keys ed = {.api_key = API_KEY, .api_secret = "ed25519:" SEED};
    const cb_venue_auth ed_auth = {.keys = &ed, .sign_ts_ns = 1000000};
    const cb_venue_params params = {.symbol = "BTCUSDT"};
    assert_int_equal(
        cb_venue_binance.build(CB_VENUE_CALL_ACCOUNT, &params, &ed_auth, &request, NULL), CB_OK);
    assert_null(strchr(strstr(request.url_path, "&signature=") + 11, '='));
    assert_non_null(strstr(request.url_path, "%3D%3D"));
}

static void payload_is_percent_encoded_before_it_is_signed(void **state)
{
    (void)state;
    cb_venue_params params = limit_order();
    memcpy(params.order.symbol, "\xEF\xBC\x91\xEF\xBC\x92", 7);
    assert_int_equal(build(CB_VENUE_CALL_PLACE, &params), CB_OK);
    assert_non_null(strstr(request.body, "symbol=%EF%BC%91%EF%BC%92&"));
    char out[32];
    cb_form form;
    cb_form_init(&form, out, sizeof(out));
    cb_form_text(&form, "k", "a b&c=~-_.");
    assert_string_equal(out, "k=a%20b%26c%3D~-_.");
    cb_form_text(&form, "too", "long for the rest");
    assert_true(form.is_full);
}

static void ws_payload_is_sorted_and_not_encoded(void **state)
{
    (void)state;
    const cb_binance_pair pairs[] = {
        {"timestamp", "1"}, {"apiKey", "K"}, {"symbol", "\xEF\xBC\x91"}};
    char out[64];
    assert_true(cb_binance_ws_payload(pairs, 3, out, sizeof(out)));
    assert_string_equal(out, "apiKey=K&symbol=\xEF\xBC\x91&timestamp=1");
    assert_false(cb_binance_ws_payload(pairs, 3, out, 20));
}

static void user_subscription_is_signed(void **state)
{
    (void)state;
    char text[CB_VENUE_TEXT_MAX];
    char signature[CB_BINANCE_SIGNATURE_MAX];
    static const char payload[] = "apiKey=" API_KEY "&recvWindow=3000&timestamp=1700000000000";
    assert_int_equal(cb_binance_sign(SECRET, payload, sizeof(payload) - 1, signature, NULL), CB_OK);
    assert_int_equal(cb_venue_binance.user_subscribe_text(&auth, 5, text, NULL), CB_OK);
    char expected[CB_VENUE_TEXT_MAX];
    (void)snprintf(expected,
        sizeof(expected),
        "{\"id\":5,\"method\":\"userDataStream.subscribe.signature\",\"params\":{\"apiKey\":\"%s\","
        "\"recvWindow\":3000,\"timestamp\":1700000000000,\"signature\":\"%s\"}}",
        API_KEY,
        signature);
    assert_string_equal(text, expected);
    const cb_venue_keys odd = {.api_key = "a\"b", .api_secret = SECRET};
    cb_venue_auth bad = auth;
    bad.keys = &odd;
    assert_int_equal(cb_venue_binance.user_subscribe_text(&bad, 5, text, NULL), CB_E_AUTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(place_puts_everything_in_the_body),
        cmocka_unit_test(place_spells_every_order_type),
        cmocka_unit_test(place_adds_what_is_asked_for),
        cmocka_unit_test(place_refuses_what_the_venue_would),
        cmocka_unit_test(signed_calls_need_a_key_and_a_time),
        cmocka_unit_test(cancel_and_query_name_the_order),
        cmocka_unit_test(cancel_replace_names_both),
        cmocka_unit_test(reads_carry_their_parameters_and_weights),
        cmocka_unit_test(reads_refuse_what_is_out_of_bounds),
        cmocka_unit_test(signature_matches_the_documented_example),
        cmocka_unit_test(ed25519_signatures_are_base64),
        cmocka_unit_test(payload_is_percent_encoded_before_it_is_signed),
        cmocka_unit_test(ws_payload_is_sorted_and_not_encoded),
        cmocka_unit_test(user_subscription_is_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
