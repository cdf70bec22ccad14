/* Filters: just inside and just outside each limit, and rounding to the grid. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "domain/instrument.h"

static cb_instrument btcusdt(void)
{
    cb_instrument instrument;
    memset(&instrument, 0, sizeof(instrument));
    memcpy(instrument.symbol, "BTCUSDT", 8);
    memcpy(instrument.base_asset, "BTC", 4);
    memcpy(instrument.quote_asset, "USDT", 5);
    instrument.status = CB_INSTRUMENT_STATUS_TRADING;
    instrument.tick_size.e8 = 1000000;          /* 0.01 */
    instrument.price_min.e8 = 1000000;          /* 0.01 */
    instrument.price_max.e8 = 1000000 * CB_E8;  /* 1 000 000 */
    instrument.lot_size.e8 = 1000;              /* 0.00001 */
    instrument.qty_min.e8 = 1000;               /* 0.00001 */
    instrument.qty_max.e8 = 9000 * CB_E8;       /* 9000 */
    instrument.market_qty_max.e8 = 100 * CB_E8; /* 100 */
    instrument.notional_min.e8 = 5 * CB_E8;
    instrument.notional_max.e8 = 9000000 * CB_E8;
    instrument.bid_multiplier_up.e8 = 5 * CB_E8;
    instrument.bid_multiplier_down.e8 = CB_E8 / 5;
    instrument.ask_multiplier_up.e8 = 5 * CB_E8;
    instrument.ask_multiplier_down.e8 = CB_E8 / 5;
    return instrument;
}

static cb_order_terms limit_buy(void)
{
    return (cb_order_terms){.side = CB_SIDE_BUY,
        .order_type = CB_ORDER_TYPE_LIMIT,
        .qty = {CB_E8},
        .price = {50000 * CB_E8},
        .reference_price = {50000 * CB_E8}};
}

static void assert_refusal(const cb_order_terms *terms, cb_instrument_refusal wanted)
{
    const cb_instrument instrument = btcusdt();
    const cb_instrument_verdict verdict = cb_instrument_check(&instrument, terms);
    assert_string_equal(
        cb_instrument_refusal_name(verdict.refusal), cb_instrument_refusal_name(wanted));
}

static void price_filters_hold_at_their_edges(void **unused)
{
    (void)unused;
    cb_order_terms terms = limit_buy();
    assert_refusal(&terms, CB_INSTRUMENT_REFUSAL_NONE);
    terms.price.e8 = 0;
    assert_refusal(&terms, CB_INSTRUMENT_REFUSAL_NO_PRICE);
    terms.price.e8 = 999999;
    assert_refusal(&terms, CB_INSTRUMENT_REFUSAL_PRICE_MIN);
    terms.price.e8 = 1000000 * CB_E8 + 1000000;
    assert_refusal(&terms, CB_INSTRUMENT_REFUSAL_PRICE_MAX);
    terms.price.e8 = 50000 * CB_E8 + 1;
    assert_refusal(&terms, CB_INSTRUMENT_REFUSAL_TICK_SIZE);
    terms.price.e8 = 50000 * CB_E8 + 1000000;
    assert_refusal(&terms, CB_INSTRUMENT_REFUSAL_NONE);
}

static void percent_price_is_by_side_and_exact(void **unused)
{
    (void)unused;
    cb_instrument instrument = btcusdt();
    instrument.ask_multiplier_up.e8 = 2 * CB_E8;
    cb_order_terms terms = limit_buy();
    terms.price.e8 = 250000 * CB_E8; /* reference * 5 */
    assert_int_equal(cb_instrument_check(&instrument, &terms).refusal, CB_INSTRUMENT_REFUSAL_NONE);
    terms.price.e8 += 1000000;
    assert_int_equal(
        cb_instrument_check(&instrument, &terms).refusal, CB_INSTRUMENT_REFUSAL_PERCENT_PRICE);
    terms.price.e8 = 10000 * CB_E8; /* reference / 5 */
    assert_int_equal(cb_instrument_check(&instrument, &terms).refusal, CB_INSTRUMENT_REFUSAL_NONE);
    terms.price.e8 -= 1000000;
    assert_int_equal(
        cb_instrument_check(&instrument, &terms).refusal, CB_INSTRUMENT_REFUSAL_PERCENT_PRICE);
    terms.side = CB_SIDE_SELL;
    terms.price.e8 = 100000 * CB_E8; /* reference * 2 */
    assert_int_equal(cb_instrument_check(&instrument, &terms).refusal, CB_INSTRUMENT_REFUSAL_NONE);
    terms.price.e8 += 1000000;
    assert_int_equal(
        cb_instrument_check(&instrument, &terms).refusal, CB_INSTRUMENT_REFUSAL_PERCENT_PRICE);
    terms.reference_price.e8 = 0; /* unknown: the venue decides */
    assert_int_equal(cb_instrument_check(&instrument, &terms).refusal, CB_INSTRUMENT_REFUSAL_NONE);
}

static void quantity_filters_hold_at_their_edges(void **unused)
{
    (void)unused;
    cb_order_terms terms = limit_buy();
    terms.qty.e8 = 0;
    assert_refusal(&terms, CB_INSTRUMENT_REFUSAL_QTY_MIN);
    terms.qty.e8 = 999;
    assert_refusal(&terms, CB_INSTRUMENT_REFUSAL_QTY_MIN);
    terms.qty.e8 = CB_E8 + 1;
    assert_refusal(&terms, CB_INSTRUMENT_REFUSAL_LOT_SIZE);
    terms.price.e8 = 20000 * CB_E8;
    terms.qty.e8 = 9000 * CB_E8 + 1000;
    assert_refusal(&terms, CB_INSTRUMENT_REFUSAL_QTY_MAX);
    terms = limit_buy();
    terms.qty.e8 = 101 * CB_E8;
    assert_refusal(&terms, CB_INSTRUMENT_REFUSAL_NONE);
    terms.order_type = CB_ORDER_TYPE_MARKET;
    assert_refusal(&terms, CB_INSTRUMENT_REFUSAL_MARKET_QTY_MAX);
    terms.qty.e8 = 100 * CB_E8;
    assert_refusal(&terms, CB_INSTRUMENT_REFUSAL_NONE);
}

static void notional_is_compared_exactly(void **unused)
{
    (void)unused;
    cb_order_terms terms = limit_buy();
    terms.qty.e8 = 10000; /* 0.0001 * 50000 = 5 */
    assert_refusal(&terms, CB_INSTRUMENT_REFUSAL_NONE);
    terms.price.e8 -= 1000000;
    assert_refusal(&terms, CB_INSTRUMENT_REFUSAL_NOTIONAL_MIN);
    terms = limit_buy();
    terms.qty.e8 = 180 * CB_E8; /* 9 000 000 */
    assert_refusal(&terms, CB_INSTRUMENT_REFUSAL_NONE);
    terms.qty.e8 += 1000;
    assert_refusal(&terms, CB_INSTRUMENT_REFUSAL_NOTIONAL_MAX);
    /* A market order is judged by the reference, and not at all without one. */
    terms = limit_buy();
    terms.order_type = CB_ORDER_TYPE_MARKET;
    terms.price.e8 = 0;
    terms.qty.e8 = 9000;
    assert_refusal(&terms, CB_INSTRUMENT_REFUSAL_NOTIONAL_MIN);
    terms.qty.e8 = 10000;
    assert_refusal(&terms, CB_INSTRUMENT_REFUSAL_NONE);
    terms.reference_price.e8 = 0;
    assert_refusal(&terms, CB_INSTRUMENT_REFUSAL_NO_PRICE);
}

static void huge_values_are_judged_without_overflow(void **unused)
{
    (void)unused;
    cb_instrument instrument = btcusdt();
    instrument.price_max.e8 = 0;
    instrument.qty_max.e8 = 0;
    instrument.tick_size.e8 = 0;
    instrument.lot_size.e8 = 0;
    instrument.bid_multiplier_up.e8 = 0;
    cb_order_terms terms = limit_buy();
    terms.price.e8 = INT64_MAX;
    terms.qty.e8 = INT64_MAX;
    terms.reference_price.e8 = INT64_MAX;
    const cb_instrument_verdict verdict = cb_instrument_check(&instrument, &terms);
    assert_int_equal(verdict.refusal, CB_INSTRUMENT_REFUSAL_NOTIONAL_MAX);
    assert_int_equal(verdict.observed_e8, INT64_MAX);
    assert_int_equal(verdict.limit_e8, instrument.notional_max.e8);
}

static void only_a_trading_symbol_takes_orders(void **unused)
{
    (void)unused;
    cb_instrument instrument = btcusdt();
    const cb_order_terms terms = limit_buy();
    for (uint32_t status = 0; status < cb_instrument_status_desc.count; status++) {
        instrument.status = (cb_instrument_status)status;
        const cb_instrument_refusal wanted = status == CB_INSTRUMENT_STATUS_TRADING
                                                 ? CB_INSTRUMENT_REFUSAL_NONE
                                                 : CB_INSTRUMENT_REFUSAL_NOT_TRADING;
        assert_int_equal(cb_instrument_check(&instrument, &terms).refusal, wanted);
    }
}

static void limits_of_zero_are_absent(void **unused)
{
    (void)unused;
    cb_instrument instrument;
    memset(&instrument, 0, sizeof(instrument));
    instrument.status = CB_INSTRUMENT_STATUS_TRADING;
    cb_order_terms terms = limit_buy();
    terms.qty.e8 = 1;
    terms.price.e8 = 1;
    assert_int_equal(cb_instrument_check(&instrument, &terms).refusal, CB_INSTRUMENT_REFUSAL_NONE);
}

static void rounding_follows_lot_and_tick(void **unused)
{
    (void)unused;
    cb_instrument instrument = btcusdt();
    cb_qty qty = {0};
    cb_price price = {0};
    assert_int_equal(
        cb_instrument_round_qty(&instrument, (cb_qty){123456789}, CB_ROUND_DOWN, &qty, NULL),
        CB_OK);
    assert_int_equal(qty.e8, 123456000);
    assert_int_equal(
        cb_instrument_round_price(&instrument, (cb_price){1234567}, CB_ROUND_UP, &price, NULL),
        CB_OK);
    assert_int_equal(price.e8, 2000000);
    instrument.lot_size.e8 = 0;
    instrument.tick_size.e8 = 0;
    assert_int_equal(
        cb_instrument_round_qty(&instrument, (cb_qty){7}, CB_ROUND_EXACT, &qty, NULL), CB_OK);
    assert_int_equal(qty.e8, 7);
    assert_int_equal(
        cb_instrument_round_price(&instrument, (cb_price){9}, CB_ROUND_EXACT, &price, NULL), CB_OK);
    assert_int_equal(price.e8, 9);
}

static void unsound_instruments_are_noticed(void **unused)
{
    (void)unused;
    cb_instrument instrument = btcusdt();
    assert_true(cb_instrument_is_sound(&instrument));
    instrument.tick_size.e8 = -1;
    assert_false(cb_instrument_is_sound(&instrument));
    instrument = btcusdt();
    instrument.qty_min.e8 = instrument.qty_max.e8 + 1;
    assert_false(cb_instrument_is_sound(&instrument));
    instrument = btcusdt();
    instrument.qty_max.e8 = 0; /* no upper limit */
    assert_true(cb_instrument_is_sound(&instrument));
    instrument.base_asset[0] = '\0';
    assert_false(cb_instrument_is_sound(&instrument));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(price_filters_hold_at_their_edges),
        cmocka_unit_test(percent_price_is_by_side_and_exact),
        cmocka_unit_test(quantity_filters_hold_at_their_edges),
        cmocka_unit_test(notional_is_compared_exactly),
        cmocka_unit_test(huge_values_are_judged_without_overflow),
        cmocka_unit_test(only_a_trading_symbol_takes_orders),
        cmocka_unit_test(limits_of_zero_are_absent),
        cmocka_unit_test(rounding_follows_lot_and_tick),
        cmocka_unit_test(unsound_instruments_are_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
