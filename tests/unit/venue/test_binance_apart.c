/* Signatures that are made apart from the request: what is sent in the end is byte for byte what
 * one process would have sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "venue/binance/binance.h"

#define SECRET "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
#define API_KEY "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
#define SEED "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"

static const cb_venue_keys keys = {.api_key = API_KEY, .api_secret = SECRET};
static const cb_venue_keys ed25519_keys = {.api_key = API_KEY, .api_secret = "ed25519:" SEED};
static const cb_venue_keys public_half = {.api_key = API_KEY};
static cb_venue_request whole;
static cb_venue_request apart;
static cb_err err;

static cb_venue_auth auth_of(const cb_venue_keys *of, bool is_unsigned)
{
    return (cb_venue_auth){.keys = of,
        .sign_ts_ns = INT64_C(1700000000000999999),
        .window_ms = 3000,
        .is_unsigned = is_unsigned};
}

static const cb_venue_params params = {.symbol = "BTCUSDT",
    .client_order_id = "ours-1",
    .order = {.symbol = "BTCUSDT",
        .client_order_id = "ours-1",
        .side = CB_SIDE_BUY,
        .order_type = CB_ORDER_TYPE_LIMIT,
        .qty.e8 = 200000,
        .price.e8 = INT64_C(3500000000000)}};

static bool has_header(const cb_venue_request *request, const char *name, const char *value)
{
    for (uint32_t i = 0; i < request->headers_count; i++) {
        if (strcmp(request->headers[i][0], name) == 0 &&
            strcmp(request->headers[i][1], value) == 0) {
            return true;
        }
    }
    return false;
}

static void sign_apart(const char *secret)
{
    char signature[CB_VENUE_SIGNATURE_MAX];
    const cb_strview payload = cb_venue_binance.payload(&apart);
    assert_int_equal(
        cb_venue_binance.sign(secret, payload.at, payload.size, signature, &err), CB_OK);
    assert_int_equal(cb_venue_binance.attach(&apart, API_KEY, signature, &err), CB_OK);
}

static void compare(cb_venue_call call, const cb_venue_keys *secret)
{
    const cb_venue_auth together = auth_of(secret, false);
    const cb_venue_auth unsigned_auth = auth_of(NULL, true);
    assert_int_equal(cb_venue_binance.build(call, &params, &together, &whole, &err), CB_OK);
    assert_int_equal(cb_venue_binance.build(call, &params, &unsigned_auth, &apart, &err), CB_OK);
    assert_true(apart.needs_signature);
    assert_null(strstr(apart.body, "signature"));
    assert_null(strstr(apart.url_path, "signature"));
    assert_false(has_header(&apart, "X-MBX-APIKEY", API_KEY));
    sign_apart(secret->api_secret);
    assert_false(apart.needs_signature);
    assert_string_equal(apart.url_path, whole.url_path);
    assert_string_equal(apart.body, whole.body);
    assert_int_equal(apart.headers_count, whole.headers_count);
    assert_true(has_header(&apart, "X-MBX-APIKEY", API_KEY));
}

static void signed_apart_is_signed_the_same(void **state)
{
    (void)state;
    static const cb_venue_call calls[] = {CB_VENUE_CALL_PLACE,
        CB_VENUE_CALL_CANCEL,
        CB_VENUE_CALL_CANCEL_ALL,
        CB_VENUE_CALL_CANCEL_REPLACE,
        CB_VENUE_CALL_QUERY,
        CB_VENUE_CALL_OPEN_ORDERS,
        CB_VENUE_CALL_ALL_ORDERS,
        CB_VENUE_CALL_OWN_TRADES,
        CB_VENUE_CALL_ACCOUNT};
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        compare(calls[i], &keys);
        compare(calls[i], &ed25519_keys);
    }
}

static void public_calls_need_no_signature(void **state)
{
    (void)state;
    const cb_venue_auth auth = auth_of(NULL, true);
    assert_int_equal(
        cb_venue_binance.build(CB_VENUE_CALL_TIME, &params, &auth, &apart, &err), CB_OK);
    assert_false(apart.needs_signature);
}

static void what_does_not_fit_is_left_as_it_is(void **state)
{
    (void)state;
    const cb_venue_auth auth = auth_of(NULL, true);
    char long_key[300];
    memset(long_key, 'k', sizeof(long_key) - 1);
    long_key[sizeof(long_key) - 1] = '\0';
    assert_int_equal(
        cb_venue_binance.build(CB_VENUE_CALL_PLACE, &params, &auth, &apart, &err), CB_OK);
    whole = apart;
    assert_int_equal(cb_venue_binance.attach(&apart, long_key, "00", &err), CB_E_FULL);
    assert_int_equal(cb_venue_binance.attach(&apart, "", "00", &err), CB_E_FULL);
    assert_string_equal(apart.body, whole.body);
    assert_true(apart.needs_signature);
}

static void subscription_signed_apart_is_the_same(void **state)
{
    (void)state;
    char together[CB_VENUE_TEXT_MAX];
    char text[CB_VENUE_TEXT_MAX];
    char payload[CB_VENUE_TEXT_MAX];
    char signature[CB_VENUE_SIGNATURE_MAX];
    cb_venue_auth auth = auth_of(&keys, false);
    assert_int_equal(cb_venue_binance.user_subscribe_text(&auth, 5, together, &err), CB_OK);
    auth = auth_of(&public_half, true);
    assert_int_equal(cb_venue_binance.user_subscribe_payload(&auth, payload, &err), CB_OK);
    assert_string_equal(payload, "apiKey=" API_KEY "&recvWindow=3000&timestamp=1700000000000");
    assert_int_equal(
        cb_venue_binance.sign(SECRET, payload, strlen(payload), signature, &err), CB_OK);
    auth.signature = signature;
    assert_int_equal(cb_venue_binance.user_subscribe_text(&auth, 5, text, &err), CB_OK);
    assert_string_equal(text, together);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signed_apart_is_signed_the_same),
        cmocka_unit_test(public_calls_need_no_signature),
        cmocka_unit_test(what_does_not_fit_is_left_as_it_is),
        cmocka_unit_test(subscription_signed_apart_is_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
