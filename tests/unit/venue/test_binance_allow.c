/* What may be signed at Binance: every request that this program builds is recognised for what it
 * could do, and nothing that moves money out is recognised at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "venue/binance/binance.h"

#define ORDER CB_VENUE_USE_ORDER
#define CANCEL CB_VENUE_USE_CANCEL
#define FIND CB_VENUE_USE_FIND
#define READ CB_VENUE_USE_READ
#define TAIL "&recvWindow=3000&timestamp=1700000000000"

static cb_venue_recognized found;
static cb_err err;

static cb_status recognize(const char *payload)
{
    memset(&found, 0xA5, sizeof(found));
    return cb_venue_binance.recognize(cb_sv_from(payload), &found, &err);
}

static const cb_venue_auth auth = {
    .sign_ts_ns = INT64_C(1700000000000999999), .window_ms = 3000, .is_unsigned = true};

static void every_request_that_we_build_is_recognised(void **state)
{
    (void)state;
    static const struct {
        cb_venue_call call;
        uint32_t uses;
    } rows[] = {{CB_VENUE_CALL_PLACE, ORDER},
        {CB_VENUE_CALL_PLACE_TEST, ORDER},
        {CB_VENUE_CALL_CANCEL_REPLACE, ORDER | CANCEL},
        {CB_VENUE_CALL_PLACE_LIST, ORDER},
        {CB_VENUE_CALL_AMEND, ORDER},
        {CB_VENUE_CALL_CANCEL, CANCEL | READ},
        {CB_VENUE_CALL_QUERY, CANCEL | READ},
        {CB_VENUE_CALL_CANCEL_ALL, CANCEL | FIND | READ},
        {CB_VENUE_CALL_OPEN_ORDERS, CANCEL | FIND | READ},
        {CB_VENUE_CALL_ALL_ORDERS, READ},
        {CB_VENUE_CALL_OWN_TRADES, READ},
        {CB_VENUE_CALL_ACCOUNT, FIND | READ},
        {CB_VENUE_CALL_PERMISSIONS, FIND | READ},
        {CB_VENUE_CALL_TRADING_FEE, CANCEL | FIND | READ}};
    const cb_venue_params params = {.symbol = "BTCUSDT",
        .client_order_id = "ours-1",
        .limit = 1000,
        .start_ns = INT64_C(1700000000000000000),
        .order = {.symbol = "BTCUSDT",
            .client_order_id = "ours-1",
            .side = CB_SIDE_BUY,
            .order_type = CB_ORDER_TYPE_LIMIT_MAKER,
            .qty.e8 = 200000,
            .price.e8 = INT64_C(3500000000000)},
        .stop_order = {.symbol = "BTCUSDT",
            .client_order_id = "ours-2",
            .side = CB_SIDE_BUY,
            .order_type = CB_ORDER_TYPE_STOP_LOSS,
            .qty.e8 = 200000,
            .stop_price.e8 = INT64_C(3600000000000)},
        .amend_qty.e8 = 100000};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cb_venue_request request;
        assert_int_equal(
            cb_venue_binance.build(rows[i].call, &params, &auth, &request, &err), CB_OK);
        const cb_strview payload = cb_venue_binance.payload(&request);
        assert_int_equal(cb_venue_binance.recognize(payload, &found, &err), CB_OK);
        assert_int_equal(found.uses, rows[i].uses);
        assert_int_equal(found.sign_ts_ns, INT64_C(1700000000000000000));
        assert_int_equal(found.window_ms, 3000);
    }
}

static void order_lists_and_amendments_are_orders(void **state)
{
    (void)state;
    static const char *const payloads[] = {
        "symbol=BTCUSDT&side=SELL&quantity=1&aboveType=LIMIT_MAKER&abovePrice=9&belowType=STOP_LOSS"
        "&belowStopPrice=7&listClientOrderId=a" TAIL,
        "symbol=BTCUSDT&workingType=LIMIT&workingSide=BUY&workingPrice=1&workingQuantity=1"
        "&workingTimeInForce=GTC&pendingType=MARKET&pendingSide=SELL&pendingQuantity=1" TAIL,
        "symbol=BTCUSDT&workingType=LIMIT&workingSide=BUY&workingPrice=1&workingQuantity=1"
        "&pendingSide=SELL&pendingQuantity=1&pendingAboveType=LIMIT_MAKER&pendingAbovePrice=2"
        "&pendingBelowType=STOP_LOSS&pendingBelowStopPrice=0.5" TAIL,
        ("symbol=BTCUSDT&orderId=1&newQty=0.5" TAIL)};
    for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
        assert_int_equal(recognize(payloads[i]), CB_OK);
        assert_int_equal(found.uses, ORDER);
    }
    assert_int_equal(recognize("symbol=BTCUSDT&orderListId=1" TAIL), CB_OK);
    assert_int_equal(found.uses, CANCEL | READ);
}

/* Parameter sets of the venue's documented ways to move money, and near misses of ours. */
static void nothing_that_moves_money_out_is_recognised(void **state)
{
    (void)state;
    static const char *const payloads[] = {
        "coin=USDT&address=0x1&amount=1" TAIL,             /* capital/withdraw/apply */
        "coin=USDT&network=ETH&address=0x1&amount=1" TAIL, /* the same */
        "type=MAIN_UMFUTURE&asset=USDT&amount=1" TAIL,     /* asset/transfer */
        "asset=USDT&amount=1&type=1" TAIL,                 /* futures/transfer */
        "toEmail=a&asset=USDT&amount=1" TAIL,              /* sub-account transfer */
        "asset=BNB" TAIL,                                  /* asset/dust */
        "fromAsset=BTC&toAsset=USDT&fromAmount=1" TAIL,    /* convert */
        "asset=USDT&isIsolated=FALSE&symbol=BTCUSDT&amount=1&type=BORROW" TAIL,
        ("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&newClientOrderId=a"
         "&sideEffectType=MARGIN_BUY" TAIL),
        "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&newClientOrderId=a&reduceOnly=true" TAIL,
        "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1" TAIL, /* without its client id */
        "symbol=BTCUSDT&orderId=1&amount=1" TAIL,
        "symbol=BTCUSDT&address=x" TAIL,
        "email=a" TAIL,
        "ipAddress=1.2.3.4" TAIL};
    for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
        assert_int_equal(recognize(payloads[i]), CB_E_AUTH);
        assert_int_equal(found.uses, 0);
    }
}

static void malformed_payloads_are_refused(void **state)
{
    (void)state;
    static const char *const payloads[] = {"",
        "&",
        "=",
        "symbol",
        "symbol=BTCUSDT",
        "timestamp=1",
        "recvWindow=1",
        "symbol=BTCUSDT" TAIL "&",
        "symbol=BTCUSDT&symbol=ETHUSDT" TAIL,
        "symbol=BTCUSDT&&orderId=1" TAIL,
        "symbol=BTC=USDT" TAIL,
        "=BTCUSDT" TAIL,
        "symbol=BTCUSDT&recvWindow=60001&timestamp=1",
        "symbol=BTCUSDT&recvWindow=3000&timestamp=-1",
        "symbol=BTCUSDT&recvWindow=3000&timestamp=1700000000000&timestamp=1"};
    for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
        assert_int_equal(recognize(payloads[i]), CB_E_SYNTAX);
    }
    static const char *const values[] = {"symbol=BTC USDT" TAIL,
        "symbol=" TAIL,
        "symbol=BTCUSDT&orderId=1x" TAIL,
        "symbol=BTCUSDT&orderId=-1" TAIL,
        "symbol=BTCUSDT&origClientOrderId=a%26b" TAIL,
        "symbol=BTCUSDT&side=buy&type=MARKET&quantity=1&newClientOrderId=a" TAIL,
        "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1e3&newClientOrderId=a" TAIL,
        "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=.5&newClientOrderId=a" TAIL};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        assert_int_equal(recognize(values[i]), CB_E_AUTH);
    }
}

static void only_the_subscription_may_name_the_key(void **state)
{
    (void)state;
    assert_int_equal(recognize("apiKey=abc-1" TAIL), CB_OK);
    assert_int_equal(found.uses, CB_VENUE_USE_STREAM);
    assert_string_equal(found.api_key, "abc-1");
    assert_int_equal(recognize("apiKey=abc&symbol=BTCUSDT" TAIL), CB_E_AUTH);
    assert_int_equal(recognize("apiKey=abc&symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1"
                               "&newClientOrderId=a" TAIL),
        CB_E_AUTH);
    assert_int_equal(recognize("symbol=BTCUSDT" TAIL), CB_OK);
    assert_string_equal(found.api_key, "");
}

/* A byte of an order changed anywhere: whatever is still recognised may at most place an order. */
static void changed_orders_never_gain_a_use(void **state)
{
    (void)state;
    static const char order[] = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.002"
                                "&price=35000&newClientOrderId=ours-1&newOrderRespType=FULL" TAIL;
    cb_prng prng;
    cb_prng_init(&prng, 7);
    uint32_t accepted = 0;
    for (uint32_t i = 0; i < 20000; i++) {
        char changed[sizeof(order)];
        memcpy(changed, order, sizeof(order));
        changed[cb_prng_below(&prng, sizeof(order) - 1)] = (char)(1 + cb_prng_below(&prng, 126));
        if (recognize(changed) == CB_OK) {
            accepted++;
            assert_int_equal(found.uses, ORDER);
        }
    }
    assert_in_range(accepted, 1, 19999);
}

/* ---- permissions ---- */

#define HARMLESS                                                                                   \
    "\"ipRestrict\":true,\"createTime\":1698645219000,\"enableReading\":true,"                     \
    "\"enableInternalTransfer\":false,\"enableMargin\":false,\"enableFutures\":false,"             \
    "\"permitsUniversalTransfer\":false,\"enableVanillaOptions\":false,"                           \
    "\"enableFixApiTrade\":false,\"enableFixReadOnly\":true,"                                      \
    "\"enablePortfolioMarginTrading\":false"

static cb_venue_permissions rights;

static cb_status parse(const char *text)
{
    memset(&rights, 0, sizeof(rights));
    return cb_venue_binance.parse_permissions(cb_sv_from(text), &rights, &err);
}

static void permissions_are_read(void **state)
{
    (void)state;
    assert_int_equal(
        parse("{" HARMLESS ",\"enableWithdrawals\":false,\"enableSpotAndMarginTrading\":true}"),
        CB_OK);
    assert_true(rights.may_read && rights.may_trade && rights.is_ip_bound);
    assert_false(rights.may_withdraw || rights.may_transfer);
    assert_string_equal(rights.surplus, "");
    assert_int_equal(parse("{" HARMLESS ",\"enableWithdrawals\":true}"), CB_OK);
    assert_true(rights.may_withdraw);
    assert_false(rights.may_trade);
    assert_int_equal(
        parse("{\"enableWithdrawals\":false,\"permitsUniversalTransfer\":true}"), CB_OK);
    assert_true(rights.may_transfer);
    assert_false(rights.is_ip_bound);
}

static void rights_that_nobody_knows_are_too_much(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"enableWithdrawals\":false,\"enableTeleport\":true}"), CB_OK);
    assert_string_equal(rights.surplus, "enableTeleport");
    assert_int_equal(parse("{\"enableWithdrawals\":false,\"enableMargin\":true}"), CB_OK);
    assert_string_equal(rights.surplus, "enableMargin");
}

static void answers_that_leave_doubt_are_refused(void **state)
{
    (void)state;
    static const char *const answers[] = {"",
        "{}",
        "[]",
        "null",
        "{" HARMLESS "}",
        "{\"enableWithdrawals\":null}",
        "{\"enableWithdrawals\":0}",
        "{\"enableWithdrawals\":\"false\"}",
        "{\"enableWithdrawals\":true,\"enableWithdrawals\":false}",
        "{\"enableWithdrawals\":false,\"enableReading\":1}",
        "{\"enableWithdrawals\":false",
        "{\"enableWithdrawals\":false} x"};
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        assert_int_not_equal(parse(answers[i]), CB_OK);
        assert_false(rights.may_read);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_that_we_build_is_recognised),
        cmocka_unit_test(order_lists_and_amendments_are_orders),
        cmocka_unit_test(nothing_that_moves_money_out_is_recognised),
        cmocka_unit_test(malformed_payloads_are_refused),
        cmocka_unit_test(only_the_subscription_may_name_the_key),
        cmocka_unit_test(changed_orders_never_gain_a_use),
        cmocka_unit_test(permissions_are_read),
        cmocka_unit_test(rights_that_nobody_knows_are_too_much),
        cmocka_unit_test(answers_that_leave_doubt_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
