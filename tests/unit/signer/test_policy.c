/* The signer's rules: purposes, caps, and what the venue says about a key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/timefmt.h"
#include "services/signer/core/policy.h"

#define ORDER CB_VENUE_USE_ORDER
#define CANCEL CB_VENUE_USE_CANCEL
#define FIND CB_VENUE_USE_FIND
#define READ CB_VENUE_USE_READ
#define STREAM CB_VENUE_USE_STREAM
#define USES_ALL (ORDER | CANCEL | FIND | READ | STREAM)

static void purposes_allow_what_they_are_for(void **state)
{
    (void)state;
    static const struct {
        uint32_t uses;
        bool trade;
        bool read;
        bool cancel;
    } rows[] = {{0, false, false, false},
        {ORDER, true, false, false},
        {ORDER | CANCEL, true, false, false},
        {CANCEL | READ, true, true, true},
        {CANCEL | FIND | READ, true, true, true},
        {FIND | READ, true, true, true},
        {READ, true, true, false},
        {STREAM, true, true, false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(signer_may(CB_KEY_TRADE, rows[i].uses), rows[i].trade);
        assert_int_equal(signer_may(CB_KEY_READ, rows[i].uses), rows[i].read);
        assert_int_equal(signer_may(CB_KEY_CANCEL, rows[i].uses), rows[i].cancel);
    }
}

static void only_trade_ever_signs_what_could_be_an_order(void **state)
{
    (void)state;
    for (uint32_t uses = 0; uses <= USES_ALL; uses++) {
        if ((uses & ORDER) != 0) {
            assert_false(signer_may(CB_KEY_READ, uses));
            assert_false(signer_may(CB_KEY_CANCEL, uses));
        }
        assert_false(signer_may((cb_key_purpose)0, uses));
        assert_false(signer_may((cb_key_purpose)4, uses));
    }
}

/* ---- permissions ---- */

static bool is_unfit(cb_key_purpose purpose, cb_venue_permissions rights, const char *reason)
{
    char why[SIGNER_WHY_MAX];
    const bool unfit = signer_is_unfit(purpose, &rights, true, why);
    assert_int_equal(unfit, why[0] != '\0');
    if (reason != NULL) {
        assert_non_null(strstr(why, reason));
    }
    return unfit;
}

static void keys_for_trading_are_fit_for_trading_only(void **state)
{
    (void)state;
    const cb_venue_permissions trader = {.may_read = true, .may_trade = true, .is_ip_bound = true};
    const cb_venue_permissions reader = {.may_read = true, .is_ip_bound = true};
    assert_false(is_unfit(CB_KEY_TRADE, trader, NULL));
    assert_false(is_unfit(CB_KEY_CANCEL, trader, NULL));
    assert_true(is_unfit(CB_KEY_READ, trader, "reading"));
    assert_false(is_unfit(CB_KEY_READ, reader, NULL));
    assert_true(is_unfit(CB_KEY_TRADE, reader, "may not trade"));
    assert_true(is_unfit(CB_KEY_CANCEL, reader, "may not trade"));
}

static void keys_that_may_too_much_are_refused_and_named(void **state)
{
    (void)state;
    const cb_venue_permissions trader = {.may_read = true, .may_trade = true, .is_ip_bound = true};
    for (uint32_t purpose = CB_KEY_TRADE; purpose <= CB_KEY_CANCEL; purpose++) {
        cb_venue_permissions rights = trader;
        rights.may_withdraw = true;
        assert_true(is_unfit((cb_key_purpose)purpose, rights, "may withdraw"));
        rights = trader;
        rights.may_transfer = true;
        assert_true(is_unfit((cb_key_purpose)purpose, rights, "may transfer"));
        rights = trader;
        memcpy(rights.surplus, "enableFutures", sizeof("enableFutures"));
        assert_true(is_unfit((cb_key_purpose)purpose, rights, "enableFutures"));
    }
    cb_venue_permissions rights = trader;
    rights.is_ip_bound = false;
    assert_true(is_unfit(CB_KEY_TRADE, rights, "any address"));
    char why[SIGNER_WHY_MAX];
    assert_false(signer_is_unfit(CB_KEY_TRADE, &rights, false, why));
    rights = trader;
    rights.may_read = false;
    assert_true(is_unfit(CB_KEY_TRADE, rights, "may not read"));
}

/* ---- caps ---- */

static void cap_gives_a_minutes_worth_and_not_one_more(void **state)
{
    (void)state;
    signer_cap cap;
    const int64_t now_ns = INT64_C(5000) * CB_NS_PER_S;
    signer_cap_init(&cap, 600);
    for (uint32_t i = 0; i < 600; i++) {
        assert_true(signer_cap_take(&cap, now_ns));
    }
    assert_false(signer_cap_take(&cap, now_ns));
    assert_false(signer_cap_take(&cap, now_ns + 100 * CB_NS_PER_MS - 1));
    assert_true(signer_cap_take(&cap, now_ns + 100 * CB_NS_PER_MS));
    assert_false(signer_cap_take(&cap, now_ns + 100 * CB_NS_PER_MS));
}

static void cap_fills_up_and_not_beyond(void **state)
{
    (void)state;
    signer_cap cap;
    signer_cap_init(&cap, 2);
    const int64_t late_ns = INT64_C(100000) * CB_NS_PER_S;
    assert_true(signer_cap_take(&cap, CB_NS_PER_S));
    assert_true(signer_cap_take(&cap, late_ns));
    assert_true(signer_cap_take(&cap, late_ns));
    assert_false(signer_cap_take(&cap, late_ns));
}

static void cap_never_gives_more_than_twice_in_two_minutes(void **state)
{
    (void)state;
    signer_cap cap;
    signer_cap_init(&cap, 7);
    uint32_t given = 0;
    for (int64_t at_ns = 0; at_ns < 60 * CB_NS_PER_S; at_ns += CB_NS_PER_MS) {
        given += signer_cap_take(&cap, at_ns) ? 1 : 0;
    }
    assert_in_range(given, 7, 14);
}

static void mask_shows_four_characters_at_most(void **state)
{
    (void)state;
    char out[8];
    signer_mask("abcdefgh", out);
    assert_string_equal(out, "...efgh");
    signer_mask("abcdefg", out);
    assert_string_equal(out, ".......");
    signer_mask("", out);
    assert_string_equal(out, ".......");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(purposes_allow_what_they_are_for),
        cmocka_unit_test(only_trade_ever_signs_what_could_be_an_order),
        cmocka_unit_test(keys_for_trading_are_fit_for_trading_only),
        cmocka_unit_test(keys_that_may_too_much_are_refused_and_named),
        cmocka_unit_test(cap_gives_a_minutes_worth_and_not_one_more),
        cmocka_unit_test(cap_fills_up_and_not_beyond),
        cmocka_unit_test(cap_never_gives_more_than_twice_in_two_minutes),
        cmocka_unit_test(mask_shows_four_characters_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
