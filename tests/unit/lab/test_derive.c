/* Coarser candles from finer ones: what sums, what the first trade opens, what nothing tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/money.h"
#include "base/timefmt.h"
#include "services/lab/core/derive.h"

#define MINUTE_NS (60 * CB_NS_PER_S)
#define HOUR_NS (3600 * CB_NS_PER_S)
#define START_NS (1640995200 * CB_NS_PER_S) /* 2022-01-01, a Saturday */
#define ROWS 8

typedef struct columns {
    int64_t ts[ROWS], open[ROWS], high[ROWS], low[ROWS], close[ROWS], volume[ROWS], quote[ROWS],
        taker[ROWS];
    uint32_t trades[ROWS];
} columns;

static lab_candles view(const columns *of, uint64_t count)
{
    return (lab_candles){.timeframe_ns = MINUTE_NS,
        .count = count,
        .open_ts_ns = of->ts,
        .open_e8 = of->open,
        .high_e8 = of->high,
        .low_e8 = of->low,
        .close_e8 = of->close,
        .volume_e8 = of->volume,
        .quote_volume_e8 = of->quote,
        .taker_volume_e8 = of->taker,
        .trades_count = of->trades};
}

static lab_candles_out room(columns *to)
{
    return (lab_candles_out){.capacity = ROWS,
        .open_ts_ns = to->ts,
        .open_e8 = to->open,
        .high_e8 = to->high,
        .low_e8 = to->low,
        .close_e8 = to->close,
        .volume_e8 = to->volume,
        .quote_volume_e8 = to->quote,
        .taker_volume_e8 = to->taker,
        .trades_count = to->trades};
}

static void set(columns *of, int row, int minute, const int64_t prices[4], int64_t volume)
{
    of->ts[row] = START_NS + minute * MINUTE_NS;
    of->open[row] = prices[0];
    of->high[row] = prices[1];
    of->low[row] = prices[2];
    of->close[row] = prices[3];
    of->volume[row] = volume;
    of->quote[row] = volume * 2;
    of->taker[row] = volume / 2;
    of->trades[row] = volume > 0 ? 3 : 0;
}

static void sums_and_extremes_are_exact(void **state)
{
    columns in = {0};
    columns to = {0};
    (void)state;
    set(&in, 0, 0, (int64_t[]){100, 110, 90, 105}, INT64_C(4000000000000000001));
    set(&in, 1, 1, (int64_t[]){105, 120, 95, 96}, 2);
    set(&in, 2, 60, (int64_t[]){96, 97, 80, 81}, 10);
    in.quote[0] = 7;
    const lab_candles source = view(&in, 3);
    lab_candles_out out = room(&to);
    assert_int_equal(lab_derive_candles(&source, HOUR_NS, &out, NULL), CB_OK);
    assert_int_equal(out.count, 2);
    assert_int_equal(to.ts[0], START_NS);
    assert_int_equal(to.ts[1], START_NS + HOUR_NS);
    assert_int_equal(to.open[0], 100);
    assert_int_equal(to.high[0], 120);
    assert_int_equal(to.low[0], 90);
    assert_int_equal(to.close[0], 96);
    assert_int_equal(to.volume[0], INT64_C(4000000000000000003));
    assert_int_equal(to.quote[0], 11);
    assert_int_equal(to.trades[0], 6);
    assert_int_equal(to.low[1], 80);
}

/* Binance fills an empty minute with the last price, but its hour opens with the first trade. */
static void minutes_without_trades_lend_no_price(void **state)
{
    columns in = {0};
    columns to = {0};
    (void)state;
    set(&in, 0, 0, (int64_t[]){500, 500, 500, 500}, 0);
    set(&in, 1, 1, (int64_t[]){100, 110, 90, 105}, 4);
    set(&in, 2, 2, (int64_t[]){1, 1, 1, 1}, 0);
    const lab_candles source = view(&in, 3);
    lab_candles_out out = room(&to);
    assert_int_equal(lab_derive_candles(&source, HOUR_NS, &out, NULL), CB_OK);
    assert_int_equal(out.count, 1);
    assert_int_equal(to.open[0], 100);
    assert_int_equal(to.high[0], 110);
    assert_int_equal(to.low[0], 90);
    assert_int_equal(to.close[0], 105);
}

static void an_hour_without_trades_stays_flat(void **state)
{
    columns in = {0};
    columns to = {0};
    (void)state;
    set(&in, 0, 0, (int64_t[]){500, 500, 500, 500}, 0);
    set(&in, 1, 1, (int64_t[]){500, 500, 500, 500}, 0);
    const lab_candles source = view(&in, 2);
    lab_candles_out out = room(&to);
    assert_int_equal(lab_derive_candles(&source, HOUR_NS, &out, NULL), CB_OK);
    assert_int_equal(out.count, 1);
    assert_int_equal(to.open[0], 500);
    assert_int_equal(to.close[0], 500);
    assert_int_equal(to.volume[0], 0);
}

static void what_does_not_fit_is_refused(void **state)
{
    columns in = {0};
    columns to = {0};
    cb_err err = {0};
    (void)state;
    set(&in, 0, 0, (int64_t[]){1, 1, 1, 1}, INT64_MAX / 2);
    set(&in, 1, 1, (int64_t[]){1, 1, 1, 1}, 1);
    const lab_candles source = view(&in, 2);
    lab_candles_out out = room(&to);
    assert_int_equal(lab_derive_candles(&source, 90 * CB_NS_PER_S, &out, &err), CB_E_CONFIG);
    in.quote[1] = INT64_MAX;
    assert_int_equal(lab_derive_candles(&source, HOUR_NS, &out, &err), CB_E_RANGE);
    out.capacity = 0;
    assert_int_equal(lab_derive_candles(&source, HOUR_NS, &out, &err), CB_E_FULL);
}

static void weeks_begin_on_monday(void **state)
{
    const int64_t week_ns = 7 * CB_NS_PER_DAY;
    (void)state;
    /* 2021-12-27 was the Monday before */
    assert_int_equal(lab_timeframe_floor(START_NS, week_ns), START_NS - 5 * CB_NS_PER_DAY);
    assert_int_equal(
        lab_timeframe_floor(START_NS - 5 * CB_NS_PER_DAY, week_ns), START_NS - 5 * CB_NS_PER_DAY);
    assert_int_equal(lab_timeframe_floor(START_NS + 1, MINUTE_NS), START_NS);
}

static void trades_make_candles(void **state)
{
    const int64_t ts[] = {START_NS, START_NS + 5, START_NS + 2 * MINUTE_NS};
    const uint64_t id[] = {1, 2, 3};
    const int64_t price[] = {100 * CB_E8, 3 * CB_E8 / 2, 7 * CB_E8};
    const int64_t qty[] = {CB_E8, 3, CB_E8};
    const uint8_t maker[] = {1, 0, 0};
    const lab_trades source = {.count = 3,
        .ts_ns = ts,
        .id = id,
        .price_e8 = price,
        .qty_e8 = qty,
        .is_buyer_maker = maker};
    columns to = {0};
    lab_candles_out out = room(&to);
    (void)state;
    assert_int_equal(lab_derive_from_trades(&source, MINUTE_NS, &out, NULL), CB_OK);
    assert_int_equal(out.count, 2); /* the minute without a trade has no candle */
    assert_int_equal(to.open[0], 100 * CB_E8);
    assert_int_equal(to.low[0], 3 * CB_E8 / 2);
    assert_int_equal(to.volume[0], CB_E8 + 3);
    assert_int_equal(to.quote[0], 100 * CB_E8 + 5); /* 4.5 units, halves away from zero */
    assert_int_equal(to.taker[0], 3);
    assert_int_equal(to.trades[0], 2);
    assert_int_equal(to.ts[1], START_NS + 2 * MINUTE_NS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_and_extremes_are_exact),
        cmocka_unit_test(minutes_without_trades_lend_no_price),
        cmocka_unit_test(an_hour_without_trades_stays_flat),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(weeks_begin_on_monday),
        cmocka_unit_test(trades_make_candles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
