/* Keys of the simulated exchange: rights are told, held, and changed; both kinds of signature. */
#include "tests/unit/simulator/api_fixture.h"

#include "base/timefmt.h"
#include "services/simulator/core/keys.h"
#include "venue/binance/binance.h"
#include "venue/form.h"

#define RESTRICTIONS "/sapi/v1/account/apiRestrictions"
#define SEED "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
#define PUBLIC_HALF "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

static int set_up(void **state)
{
    *state = door_make((sim_config){.fee_maker_e8 = 0});
    return 0;
}

static int tear_down(void **state)
{
    door_free(*state);
    return 0;
}

/* secret: HMAC, or ed25519: and the seed. */
static int ask(door *d,
    const char *method,
    const char *path,
    const char *params,
    const char *key,
    const char *secret)
{
    char text[4096];
    char signature[CB_VENUE_SIGNATURE_MAX];
    char encoded[2048];
    cb_form form;
    snprintf(text,
        sizeof(text),
        "%s%stimestamp=%lld",
        params,
        params[0] == '\0' ? "" : "&",
        (long long)(d->sim->now_ns / 1000000));
    assert_int_equal(cb_binance_sign(secret, text, strlen(text), signature, NULL), CB_OK);
    cb_form_init(&form, encoded, sizeof(encoded));
    cb_form_text(&form, "signature", signature);
    const size_t used = strlen(text);
    snprintf(text + used, sizeof(text) - used, "&%.2000s", encoded);
    return door_rest(d, method, path, text, "", key);
}

static bool flag(const door *d, const char *name)
{
    const json_t *value = json_object_get(d->json, name);
    assert_true(json_is_boolean(value));
    return json_is_true(value);
}

static void key_tells_what_it_may_do(void **state)
{
    door *d = *state;
    assert_int_equal(
        sim_add_key(d->sim, 0, "key-c", "secret-c", SIM_MAY_READ | SIM_MAY_WITHDRAW, NULL), CB_OK);
    assert_int_equal(ask(d, "GET", RESTRICTIONS, "", KEY_A, SECRET_A), 200);
    assert_true(flag(d, "enableReading") && flag(d, "enableSpotAndMarginTrading"));
    assert_true(flag(d, "ipRestrict"));
    assert_false(flag(d, "enableWithdrawals") || flag(d, "permitsUniversalTransfer"));
    assert_int_equal(ask(d, "GET", RESTRICTIONS, "", "key-c", "secret-c"), 200);
    assert_true(flag(d, "enableWithdrawals"));
    assert_false(flag(d, "enableSpotAndMarginTrading"));
}

static void key_does_only_what_it_may(void **state)
{
    door *d = *state;
    assert_int_equal(sim_add_key(d->sim, 0, "reader", "secret", SIM_MAY_READ, NULL), CB_OK);
    assert_int_equal(sim_add_key(d->sim, 0, "trader", "secret", SIM_MAY_TRADE, NULL), CB_OK);
    assert_int_equal(ask(d, "GET", "/api/v3/account", "", "reader", "secret"), 200);
    assert_int_equal(
        ask(d, "DELETE", "/api/v3/openOrders", "symbol=BTCUSDT", "reader", "secret"), 401);
    expect_error(d, 401, -2015, "Invalid API-key, IP, or permissions for action.");
    assert_int_equal(ask(d, "GET", "/api/v3/account", "", "trader", "secret"), 401);
    assert_int_equal(
        ask(d, "DELETE", "/api/v3/openOrders", "symbol=BTCUSDT", "trader", "secret"), 400);
    expect_error(d, 400, -2011, "Unknown order sent.");
    assert_true(sim_set_rights(d->sim, "reader", SIM_MAY_TRADE));
    assert_int_equal(ask(d, "GET", "/api/v3/account", "", "reader", "secret"), 401);
    assert_false(sim_set_rights(d->sim, "nobody", SIM_MAY_TRADE));
}

static void key_signs_with_ed25519(void **state)
{
    door *d = *state;
    assert_int_equal(
        sim_add_key(d->sim, 0, "curve", "ed25519:" PUBLIC_HALF, SIM_MAY_READ, NULL), CB_OK);
    assert_int_equal(ask(d, "GET", "/api/v3/account", "", "curve", "ed25519:" SEED), 200);
    assert_int_equal(ask(d, "GET", "/api/v3/account", "", "curve", "ed25519:" PUBLIC_HALF), 400);
    expect_error(d, 400, -1022, "Signature for this request is not valid.");
    assert_int_equal(ask(d, "GET", "/api/v3/account", "", "curve", "hmac"), 400);
}

static void rights_are_words_joined_by_plus(void **state)
{
    (void)state;
    uint32_t rights = 0;
    assert_true(sim_rights_parse("read+trade", &rights));
    assert_int_equal(rights, SIM_MAY_READ | SIM_MAY_TRADE);
    assert_true(sim_rights_parse("anywhere", &rights));
    static const char *const bad[] = {"", "+", "read+", "+read", "read trade", "all"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(sim_rights_parse(bad[i], &rights));
    }
}

#define GUARD "guardian-key"
#define ORDER "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=20000.00"

static uint32_t open_orders(door *d)
{
    assert_int_equal(ask(d, "GET", "/api/v3/openOrders", "", GUARD, "s"), 200);
    return (uint32_t)json_array_size(d->json);
}

static void a_cancel_only_key_cancels_and_places_nothing(void **state)
{
    door *d = *state;
    uint32_t rights = 0;
    assert_true(sim_rights_parse("read+cancel", &rights));
    assert_int_equal(sim_add_key(d->sim, 0, GUARD, "s", rights, NULL), CB_OK);
    assert_int_equal(sim_add_key(d->sim, 0, "trader", "s", SIM_MAY_TRADE, NULL), CB_OK);
    assert_int_equal(ask(d, "POST", "/api/v3/order", ORDER, GUARD, "s"), 401);
    assert_int_equal(json_integer_value(json_object_get(d->json, "code")), -2015);
    assert_int_equal(ask(d, "POST", "/api/v3/order", ORDER, "trader", "s"), 200);
    assert_int_equal(open_orders(d), 1);
    assert_int_equal(ask(d, "DELETE", "/api/v3/openOrders", "symbol=BTCUSDT", GUARD, "s"), 200);
    assert_int_equal(open_orders(d), 0);
}

static void the_countdown_cancels_when_it_is_not_begun_anew(void **state)
{
    door *d = *state;
    static const char path[] = "/api/v3/countdownCancelAll";
    uint32_t rights = SIM_MAY_READ | SIM_MAY_TRADE;
    assert_int_equal(sim_add_key(d->sim, 0, GUARD, "s", rights, NULL), CB_OK);
    assert_int_equal(ask(d, "POST", path, "symbol=BTCUSDT&countdownTime=60000", GUARD, "s"), 404);
    d->sim->config.has_deadman = true;
    assert_int_equal(ask(d, "POST", "/api/v3/order", ORDER, GUARD, "s"), 200);
    assert_int_equal(ask(d, "POST", path, "symbol=BTCUSDT", GUARD, "s"), 400);
    const int64_t begun_ns = d->sim->now_ns;
    assert_int_equal(ask(d, "POST", path, "symbol=BTCUSDT&countdownTime=60000", GUARD, "s"), 200);
    sim_set_now(d->sim, begun_ns + 59 * CB_NS_PER_S);
    assert_int_equal(open_orders(d), 1);
    assert_int_equal(ask(d, "POST", path, "symbol=BTCUSDT&countdownTime=60000", GUARD, "s"), 200);
    sim_set_now(d->sim, begun_ns + 118 * CB_NS_PER_S);
    assert_int_equal(open_orders(d), 1);
    sim_set_now(d->sim, begun_ns + 119 * CB_NS_PER_S);
    assert_int_equal(open_orders(d), 0);
    assert_int_equal(ask(d, "POST", "/api/v3/order", ORDER, GUARD, "s"), 200);
    assert_int_equal(ask(d, "POST", path, "symbol=BTCUSDT&countdownTime=1000", GUARD, "s"), 200);
    assert_int_equal(ask(d, "POST", path, "symbol=BTCUSDT&countdownTime=0", GUARD, "s"), 200);
    sim_set_now(d->sim, begun_ns + 500 * CB_NS_PER_S);
    assert_int_equal(open_orders(d), 1); /* disarmed */
}

static void keys_are_new_and_fit(void **state)
{
    door *d = *state;
    char name[24];
    assert_int_equal(sim_add_key(d->sim, 0, KEY_B, "secret", 1, NULL), CB_E_EXISTS);
    assert_int_equal(sim_add_key(d->sim, 0, "", "secret", 1, NULL), CB_E_RANGE);
    assert_int_equal(sim_add_key(d->sim, 0, "key", "", 1, NULL), CB_E_RANGE);
    for (uint32_t i = 0; i < SIM_KEYS_MAX; i++) {
        snprintf(name, sizeof(name), "key-%u", i);
        assert_int_equal(sim_add_key(d->sim, 0, name, "secret", 1, NULL), CB_OK);
    }
    assert_int_equal(sim_add_key(d->sim, 0, "one-more", "secret", 1, NULL), CB_E_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(key_tells_what_it_may_do, set_up, tear_down),
        cmocka_unit_test_setup_teardown(key_does_only_what_it_may, set_up, tear_down),
        cmocka_unit_test_setup_teardown(key_signs_with_ed25519, set_up, tear_down),
        cmocka_unit_test(rights_are_words_joined_by_plus),
        cmocka_unit_test_setup_teardown(keys_are_new_and_fit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_cancel_only_key_cancels_and_places_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            the_countdown_cancels_when_it_is_not_begun_anew, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
