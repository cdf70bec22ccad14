/* Average-cost positions: the identity with the cash flows, to the last unit, on any trades. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/prng.h"
#include "domain/position.h"

static void trade(cb_holding *holding, cb_side side, int64_t qty_e8, int64_t quote_e8)
{
    assert_int_equal(
        cb_holding_trade(holding, side, (cb_qty){qty_e8}, (cb_amount){quote_e8}, NULL), CB_OK);
}

static void buying_averages_and_selling_realises(void **unused)
{
    (void)unused;
    cb_holding holding = {{0}, {0}, {0}};
    trade(&holding, CB_SIDE_BUY, CB_E8, 100 * CB_E8);
    trade(&holding, CB_SIDE_BUY, CB_E8, 110 * CB_E8);
    cb_price average = {0};
    assert_int_equal(cb_holding_average_cost(&holding, &average, NULL), CB_OK);
    assert_int_equal(average.e8, 105 * CB_E8);
    trade(&holding, CB_SIDE_SELL, CB_E8 / 2, 60 * CB_E8); /* half a unit at 120 */
    assert_int_equal(holding.realised.e8, 750000000);     /* 60 - 52.5 */
    assert_int_equal(holding.cost.e8, 15750000000);
    assert_int_equal(holding.qty.e8, 150000000);
    cb_amount unrealised = {0};
    assert_int_equal(
        cb_holding_unrealised(&holding, (cb_price){104 * CB_E8}, &unrealised, NULL), CB_OK);
    assert_int_equal(unrealised.e8, -150000000); /* 1.5 * (104 - 105) */
    trade(&holding, CB_SIDE_SELL, 150000000, 150 * CB_E8);
    assert_int_equal(holding.qty.e8, 0);
    assert_int_equal(holding.cost.e8, 0);
    assert_int_equal(holding.realised.e8, 0); /* 7.5 - 7.5 */
}

static void closing_in_thirds_loses_nothing(void **unused)
{
    (void)unused;
    cb_holding holding = {{0}, {0}, {0}};
    trade(&holding, CB_SIDE_BUY, 3, 100); /* does not divide */
    trade(&holding, CB_SIDE_SELL, 1, 33);
    assert_int_equal(holding.cost.e8, 67); /* 33.3 released, rounded down */
    assert_int_equal(holding.realised.e8, 0);
    trade(&holding, CB_SIDE_SELL, 1, 33);
    assert_int_equal(holding.cost.e8, 34);
    trade(&holding, CB_SIDE_SELL, 1, 34);
    assert_int_equal(holding.cost.e8, 0);
    assert_int_equal(holding.realised.e8, 0);
}

static void crossing_zero_closes_then_opens(void **unused)
{
    (void)unused;
    cb_holding holding = {{0}, {0}, {0}};
    trade(&holding, CB_SIDE_BUY, 2 * CB_E8, 200 * CB_E8);
    trade(&holding, CB_SIDE_SELL, 3 * CB_E8, 330 * CB_E8); /* 3 at 110 */
    assert_int_equal(holding.qty.e8, -CB_E8);
    assert_int_equal(holding.cost.e8, -110 * CB_E8);
    assert_int_equal(holding.realised.e8, 20 * CB_E8);
    trade(&holding, CB_SIDE_BUY, CB_E8, 100 * CB_E8);
    assert_int_equal(holding.qty.e8, 0);
    assert_int_equal(holding.cost.e8, 0);
    assert_int_equal(holding.realised.e8, 30 * CB_E8);
    cb_price average = {5};
    assert_int_equal(cb_holding_average_cost(&holding, &average, NULL), CB_OK);
    assert_int_equal(average.e8, 0);
}

static void short_positions_value_the_other_way(void **unused)
{
    (void)unused;
    cb_holding holding = {{0}, {0}, {0}};
    trade(&holding, CB_SIDE_SELL, 2 * CB_E8, 200 * CB_E8);
    cb_amount unrealised = {0};
    assert_int_equal(
        cb_holding_unrealised(&holding, (cb_price){90 * CB_E8}, &unrealised, NULL), CB_OK);
    assert_int_equal(unrealised.e8, 20 * CB_E8);
    cb_price average = {0};
    assert_int_equal(cb_holding_average_cost(&holding, &average, NULL), CB_OK);
    assert_int_equal(average.e8, 100 * CB_E8);
}

/* realised - cost = sales - purchases after every trade; realised is final when flat. */
static void realised_less_cost_equals_cash_flows_to_the_last_unit(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 21);
    int crossings = 0;
    for (int run = 0; run < 300; run++) {
        cb_holding holding = {{0}, {0}, {0}};
        int64_t cash_e8 = 0;
        int64_t held_e8 = 0;
        for (int step = 0; step < 100; step++) {
            const cb_side side = cb_prng_below(&prng, 2) == 0 ? CB_SIDE_BUY : CB_SIDE_SELL;
            const int64_t qty_e8 =
                (int64_t)cb_prng_below(&prng, 1 + (UINT64_C(1) << (step % 33))) + 1;
            const int64_t quote_e8 = (int64_t)cb_prng_below(&prng, UINT64_C(1) << 40);
            trade(&holding, side, qty_e8, quote_e8);
            const int64_t before_e8 = held_e8;
            held_e8 += side == CB_SIDE_BUY ? qty_e8 : -qty_e8;
            cash_e8 += side == CB_SIDE_BUY ? -quote_e8 : quote_e8;
            crossings += (before_e8 > 0 && held_e8 < 0) || (before_e8 < 0 && held_e8 > 0);
            assert_int_equal(holding.qty.e8, held_e8);
            assert_int_equal(holding.realised.e8 - holding.cost.e8, cash_e8);
            assert_true(held_e8 != 0 || holding.cost.e8 == 0);
            assert_true(held_e8 <= 0 || holding.cost.e8 >= 0);
            assert_true(held_e8 >= 0 || holding.cost.e8 <= 0);
        }
    }
    assert_true(crossings > 100);
}

/* At each close the cost leaves in proportion: never off by a whole unit or more. */
static void released_cost_is_proportional_within_one_unit(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 22);
    for (int round = 0; round < 20000; round++) {
        cb_holding holding = {{0}, {0}, {0}};
        const int64_t held_e8 = (int64_t)cb_prng_below(&prng, UINT64_C(1) << 50) + 1;
        const int64_t cost_e8 = (int64_t)cb_prng_below(&prng, UINT64_C(1) << 60);
        trade(&holding, CB_SIDE_BUY, held_e8, cost_e8);
        const int64_t sold_e8 = (int64_t)cb_prng_below(&prng, (uint64_t)held_e8) + 1;
        trade(&holding, CB_SIDE_SELL, sold_e8, 0);
        const int64_t released_e8 = cost_e8 - holding.cost.e8;
        const cb_i128 error = (cb_i128)cost_e8 * sold_e8 - (cb_i128)released_e8 * held_e8;
        assert_true(error >= 0 && error < held_e8);
    }
}

static void taking_and_putting_keep_the_cost(void **unused)
{
    (void)unused;
    cb_holding holding = {{0}, {0}, {0}};
    trade(&holding, CB_SIDE_BUY, 1000, 999);
    cb_amount fee_cost = {0};
    assert_int_equal(cb_holding_take(&holding, (cb_qty){1}, &fee_cost, NULL), CB_OK);
    assert_int_equal(fee_cost.e8, 0); /* 0.999 rounded down */
    assert_int_equal(cb_holding_take(&holding, (cb_qty){100}, &fee_cost, NULL), CB_OK);
    assert_int_equal(fee_cost.e8, 100); /* 999 * 100 / 999 */
    assert_int_equal(holding.cost.e8, 899);
    assert_int_equal(holding.realised.e8, 0);
    assert_int_equal(cb_holding_put(&holding, (cb_qty){101}, (cb_amount){50}, NULL), CB_OK);
    assert_int_equal(holding.cost.e8, 949);
    assert_int_equal(holding.qty.e8, 1000);
    assert_int_equal(cb_holding_take(&holding, (cb_qty){1000}, &fee_cost, NULL), CB_OK);
    assert_int_equal(fee_cost.e8, 949);
    assert_int_equal(holding.cost.e8, 0);
}

static void what_cannot_be_is_refused_and_changes_nothing(void **unused)
{
    (void)unused;
    cb_holding holding = {{0}, {0}, {0}};
    trade(&holding, CB_SIDE_BUY, 10, 100);
    const cb_holding before = holding;
    cb_amount cost = {0};
    const cb_amount one = {1};
    assert_int_equal(cb_holding_trade(&holding, CB_SIDE_BUY, (cb_qty){0}, one, NULL), CB_E_RANGE);
    assert_int_equal(cb_holding_trade(&holding, CB_SIDE_BUY, (cb_qty){-1}, one, NULL), CB_E_RANGE);
    assert_int_equal(
        cb_holding_trade(&holding, CB_SIDE_SELL, (cb_qty){1}, (cb_amount){-1}, NULL), CB_E_RANGE);
    assert_int_equal(
        cb_holding_trade(&holding, CB_SIDE_BUY, (cb_qty){INT64_MAX}, one, NULL), CB_E_RANGE);
    assert_int_equal(
        cb_holding_trade(&holding, CB_SIDE_BUY, (cb_qty){1}, (cb_amount){INT64_MAX}, NULL),
        CB_E_RANGE);
    assert_int_equal(cb_holding_take(&holding, (cb_qty){11}, &cost, NULL), CB_E_RANGE);
    assert_int_equal(cb_holding_take(&holding, (cb_qty){0}, &cost, NULL), CB_E_RANGE);
    assert_int_equal(cb_holding_put(&holding, (cb_qty){1}, (cb_amount){-1}, NULL), CB_E_RANGE);
    assert_memory_equal(&holding, &before, sizeof(before));
}

static void extremes_never_trap(void **unused)
{
    (void)unused;
    static const int64_t values[] = {1, 2, CB_E8, INT64_MAX / 2, INT64_MAX - 1, INT64_MAX};
    cb_prng prng;
    cb_prng_init(&prng, 23);
    cb_holding holding = {{0}, {0}, {0}};
    int accepted = 0;
    for (int round = 0; round < 20000; round++) {
        const cb_side side = cb_prng_below(&prng, 2) == 0 ? CB_SIDE_BUY : CB_SIDE_SELL;
        const cb_qty qty = {values[cb_prng_below(&prng, 6)]};
        const cb_amount quote = {values[cb_prng_below(&prng, 6)]};
        accepted += cb_holding_trade(&holding, side, qty, quote, NULL) == CB_OK ? 1 : 0;
        if (round % 50 == 0) {
            memset(&holding, 0, sizeof(holding));
        }
    }
    assert_true(accepted > 1000);
}

static void the_hash_sees_every_member(void **unused)
{
    (void)unused;
    const cb_holding a = {{1}, {2}, {3}};
    const cb_holding changed[] = {{{2}, {2}, {3}}, {{1}, {3}, {3}}, {{1}, {2}, {4}}};
    const uint64_t hash = cb_holding_hash(CB_HASH_SEED, &a);
    assert_int_equal(hash, cb_holding_hash(CB_HASH_SEED, &a));
    for (size_t i = 0; i < 3; i++) {
        assert_true(hash != cb_holding_hash(CB_HASH_SEED, &changed[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buying_averages_and_selling_realises),
        cmocka_unit_test(closing_in_thirds_loses_nothing),
        cmocka_unit_test(crossing_zero_closes_then_opens),
        cmocka_unit_test(short_positions_value_the_other_way),
        cmocka_unit_test(realised_less_cost_equals_cash_flows_to_the_last_unit),
        cmocka_unit_test(released_cost_is_proportional_within_one_unit),
        cmocka_unit_test(taking_and_putting_keep_the_cost),
        cmocka_unit_test(what_cannot_be_is_refused_and_changes_nothing),
        cmocka_unit_test(extremes_never_trap),
        cmocka_unit_test(the_hash_sees_every_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
