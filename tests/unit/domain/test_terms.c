/* The table of order types, written out by hand a second time: every type with every time in force
 * and every field, and the refusal's field by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/strview.h"
#include "domain/terms.h"

#define TYPES (CB_ORDER_TYPE_TAKE_PROFIT_LIMIT + 1)

/* tif: N none, G gtc, I ioc, F fok; then limit, trigger, slippage, timeout: ! must, ? may, - no. */
static const char *const table[TYPES] = {
    [CB_ORDER_TYPE_MARKET] = /*            */ "N... --?-",
    [CB_ORDER_TYPE_LIMIT] = /*             */ "NGIF !--?",
    [CB_ORDER_TYPE_LIMIT_MAKER] = /*       */ "NG.. !--?",
    [CB_ORDER_TYPE_STOP_LOSS] = /*         */ "NG.. -!-?",
    [CB_ORDER_TYPE_STOP_LOSS_LIMIT] = /*   */ "NGIF !!-?",
    [CB_ORDER_TYPE_TAKE_PROFIT] = /*       */ "NG.. -!-?",
    [CB_ORDER_TYPE_TAKE_PROFIT_LIMIT] = /* */ "NGIF !!-?",
};

static cb_terms plain(cb_order_type type)
{
    cb_terms terms = {.side = CB_SIDE_SELL, .order_type = type, .reference_price = {100 * CB_E8}};
    terms.limit_price.e8 = table[type][5] == '!' ? 100 * CB_E8 : 0;
    terms.trigger_price.e8 = table[type][6] == '!' ? 90 * CB_E8 : 0;
    return terms;
}

static void expect_field(const cb_terms *terms, const char *field)
{
    const cb_terms_refusal refusal = cb_terms_check(terms);
    if (field == NULL && refusal.field != NULL) {
        fail_msg("%s: %s", refusal.field, refusal.why);
    }
    if (field != NULL && (refusal.field == NULL || !cb_text_equal(refusal.field, field))) {
        fail_msg("%s expected, not %s", field, refusal.field == NULL ? "none" : refusal.field);
    }
}

static void every_type_with_every_time_in_force(void **unused)
{
    (void)unused;
    for (int type = 1; type < TYPES; type++) {
        for (int tif = 0; tif <= CB_TIF_FOK; tif++) {
            cb_terms terms = plain((cb_order_type)type);
            terms.tif = (cb_tif)tif;
            expect_field(&terms, table[type][tif] == '.' ? "tif" : NULL);
        }
    }
}

static void every_type_with_every_field_given_and_left_out(void **unused)
{
    (void)unused;
    static const char *const fields[] = {
        "limit_price", "trigger_price", "max_slippage", "timeout_ns"};
    for (int type = 1; type < TYPES; type++) {
        for (int i = 0; i < 4; i++) {
            for (int64_t value = -1; value <= 1; value++) {
                cb_terms terms = plain((cb_order_type)type);
                int64_t *const at[] = {&terms.limit_price.e8,
                    &terms.trigger_price.e8,
                    &terms.max_slippage.e8,
                    &terms.timeout_ns};
                *at[i] = value;
                const char rule = table[type][5 + i];
                const bool fits = value == 0 ? rule != '!' : value > 0 && rule != '-';
                expect_field(&terms, fits ? NULL : fields[i]);
            }
        }
    }
}

static void a_trailing_distance_stands_for_the_trigger_price(void **unused)
{
    (void)unused;
    cb_terms terms = plain(CB_ORDER_TYPE_STOP_LOSS);
    terms.trigger_price.e8 = 0;
    expect_field(&terms, "trigger_price");
    terms.trailing_bips = CB_TRAILING_BIPS_MIN;
    expect_field(&terms, NULL);
    terms.trailing_bips = CB_TRAILING_BIPS_MIN - 1;
    expect_field(&terms, "trailing_bips");
    terms.trailing_bips = CB_TRAILING_BIPS_MAX;
    expect_field(&terms, NULL);
    terms.trailing_bips = CB_TRAILING_BIPS_MAX + 1;
    expect_field(&terms, "trailing_bips");
    terms = plain(CB_ORDER_TYPE_LIMIT);
    terms.trailing_bips = 100;
    expect_field(&terms, "trailing_bips");
}

static void a_time_out_needs_an_order_that_rests(void **unused)
{
    (void)unused;
    cb_terms terms = plain(CB_ORDER_TYPE_LIMIT);
    terms.timeout_ns = CB_TIMEOUT_NS_MAX;
    expect_field(&terms, NULL);
    terms.tif = CB_TIF_IOC;
    expect_field(&terms, "timeout_ns");
    terms.tif = CB_TIF_GTC;
    terms.timeout_ns++;
    expect_field(&terms, "timeout_ns");
    terms = plain(CB_ORDER_TYPE_MARKET);
    terms.max_slippage.e8 = CB_E8 - 1;
    expect_field(&terms, NULL);
    terms.max_slippage.e8 = CB_E8;
    expect_field(&terms, "max_slippage");
}

static void words_that_do_not_exist_are_named(void **unused)
{
    (void)unused;
    cb_terms terms = plain(CB_ORDER_TYPE_LIMIT);
    terms.side = CB_SIDE_NONE;
    expect_field(&terms, "side");
    terms = plain(CB_ORDER_TYPE_LIMIT);
    terms.order_type = (cb_order_type)TYPES;
    expect_field(&terms, "order_type");
    terms = plain(CB_ORDER_TYPE_LIMIT);
    terms.order_type = CB_ORDER_TYPE_NONE;
    expect_field(&terms, "order_type");
    terms = plain(CB_ORDER_TYPE_LIMIT);
    terms.role = CB_ROLE_STOP;
    expect_field(&terms, "role");
    terms = plain(CB_ORDER_TYPE_LIMIT);
    terms.trigger_kind = CB_TRIGGER_QUOTE;
    expect_field(&terms, "trigger_kind");
    terms = plain(CB_ORDER_TYPE_LIMIT);
    terms.has_group = true;
    expect_field(&terms, "group_id");
    terms = plain(CB_ORDER_TYPE_LIMIT);
    terms.stop_limit.e8 = 1;
    expect_field(&terms, "stop_limit");
}

static cb_terms bracket(void)
{
    return (cb_terms){.side = CB_SIDE_BUY,
        .order_type = CB_ORDER_TYPE_MARKET,
        .role = CB_ROLE_PARENT,
        .has_group = true,
        .reference_price = {100 * CB_E8},
        .stop_loss = {95 * CB_E8},
        .take_profit = {110 * CB_E8}};
}

static void a_bracket_protects_what_it_opens(void **unused)
{
    (void)unused;
    cb_terms terms = bracket();
    expect_field(&terms, NULL);
    terms.has_group = false;
    expect_field(&terms, "group_id");
    terms = bracket();
    terms.stop_loss.e8 = 100 * CB_E8;
    expect_field(&terms, "stop_loss");
    terms = bracket();
    terms.take_profit.e8 = 100 * CB_E8;
    expect_field(&terms, "take_profit");
    terms = bracket();
    terms.stop_loss.e8 = 0;
    expect_field(&terms, NULL); /* a target alone */
    terms.take_profit.e8 = 0;
    expect_field(&terms, "stop_loss");
    terms.trailing_bips = 100;
    expect_field(&terms, NULL);
    terms = bracket();
    terms.reduce_only = true;
    expect_field(&terms, "reduce_only");
    terms = bracket();
    terms.order_type = CB_ORDER_TYPE_STOP_LOSS;
    terms.trigger_price.e8 = 101 * CB_E8;
    expect_field(&terms, "order_type");
    terms = bracket();
    terms.stop_limit.e8 = 94 * CB_E8;
    expect_field(&terms, NULL);
    terms.stop_limit.e8 = 96 * CB_E8;
    expect_field(&terms, "stop_limit");
    terms = bracket();
    terms.replaces = true;
    expect_field(&terms, "replaces");
}

static void an_oco_is_a_resting_limit_and_a_stop(void **unused)
{
    (void)unused;
    cb_terms terms = {.side = CB_SIDE_SELL,
        .order_type = CB_ORDER_TYPE_LIMIT_MAKER,
        .role = CB_ROLE_TAKE_PROFIT,
        .has_group = true,
        .reduce_only = true,
        .reference_price = {100 * CB_E8},
        .limit_price = {110 * CB_E8},
        .stop_loss = {95 * CB_E8}};
    expect_field(&terms, NULL);
    terms.stop_loss.e8 = 0;
    expect_field(&terms, "stop_loss");
    terms.trailing_bips = 200;
    expect_field(&terms, NULL);
    terms.stop_loss.e8 = 112 * CB_E8;
    expect_field(&terms, "stop_loss");
    terms.stop_loss.e8 = 95 * CB_E8;
    terms.order_type = CB_ORDER_TYPE_LIMIT;
    terms.tif = CB_TIF_IOC;
    expect_field(&terms, "order_type");
}

static void triggers_lie_on_their_side(void **unused)
{
    (void)unused;
    assert_true(cb_order_trigger_is_above(CB_ORDER_TYPE_STOP_LOSS, CB_SIDE_BUY));
    assert_false(cb_order_trigger_is_above(CB_ORDER_TYPE_STOP_LOSS_LIMIT, CB_SIDE_SELL));
    assert_false(cb_order_trigger_is_above(CB_ORDER_TYPE_TAKE_PROFIT, CB_SIDE_BUY));
    assert_true(cb_order_trigger_is_above(CB_ORDER_TYPE_TAKE_PROFIT_LIMIT, CB_SIDE_SELL));
    assert_int_equal(cb_order_type_triggered(CB_ORDER_TYPE_STOP_LOSS), CB_ORDER_TYPE_MARKET);
    assert_int_equal(cb_order_type_triggered(CB_ORDER_TYPE_TAKE_PROFIT_LIMIT), CB_ORDER_TYPE_LIMIT);
    assert_int_equal(cb_order_type_triggered(CB_ORDER_TYPE_LIMIT_MAKER), CB_ORDER_TYPE_LIMIT_MAKER);
}

/* What is read from an intent and from its permit is the same. */
static void an_intent_and_its_permit_have_the_same_terms(void **unused)
{
    (void)unused;
    const cb_intent intent = {.side = CB_SIDE_BUY,
        .order_type = CB_ORDER_TYPE_LIMIT,
        .tif = CB_TIF_GTC,
        .trailing_bips = 1,
        .group_id = {1, 2},
        .role = CB_ROLE_PARENT,
        .stop_limit = {7}};
    const cb_permit permit = {.side = CB_SIDE_BUY,
        .order_type = CB_ORDER_TYPE_LIMIT,
        .tif = CB_TIF_GTC,
        .trailing_bips = 1,
        .group_id = {1, 2},
        .role = CB_ROLE_PARENT,
        .stop_limit = {7}};
    const cb_terms a = cb_terms_of_intent(&intent);
    const cb_terms b = cb_terms_of_permit(&permit);
    assert_true(a.has_group && b.has_group && !a.replaces && !b.replaces);
    assert_int_equal(a.trailing_bips, b.trailing_bips);
    assert_int_equal(a.stop_limit.e8, b.stop_limit.e8);
    assert_int_equal(a.role, b.role);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_with_every_time_in_force),
        cmocka_unit_test(every_type_with_every_field_given_and_left_out),
        cmocka_unit_test(a_trailing_distance_stands_for_the_trigger_price),
        cmocka_unit_test(a_time_out_needs_an_order_that_rests),
        cmocka_unit_test(words_that_do_not_exist_are_named),
        cmocka_unit_test(a_bracket_protects_what_it_opens),
        cmocka_unit_test(an_oco_is_a_resting_limit_and_a_stop),
        cmocka_unit_test(triggers_lie_on_their_side),
        cmocka_unit_test(an_intent_and_its_permit_have_the_same_terms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
