/* Minutes out of coarser candles: put together again they are the candles, to the unit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/money.h"
#include "base/prng.h"
#include "base/timefmt.h"
#include "services/lab/core/derive.h"
#include "services/lab/core/refine.h"

#define CANDLES 200
#define MINUTES_MAX 1440
#define START_NS (INT64_C(1672531200) * CB_NS_PER_S)

typedef struct columns {
    int64_t ts[CANDLES * MINUTES_MAX];
    int64_t open[CANDLES * MINUTES_MAX];
    int64_t high[CANDLES * MINUTES_MAX];
    int64_t low[CANDLES * MINUTES_MAX];
    int64_t close[CANDLES * MINUTES_MAX];
    int64_t volume[CANDLES * MINUTES_MAX];
} columns;

static columns *coarse;
static columns *fine;
static columns *again;

static int set_up(void **state)
{
    (void)state;
    coarse = calloc(1, sizeof *coarse);
    fine = calloc(1, sizeof *fine);
    again = calloc(1, sizeof *again);
    return coarse == NULL || fine == NULL || again == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(coarse);
    free(fine);
    free(again);
    return 0;
}

static lab_candles view(const columns *of, uint64_t count, int64_t timeframe_ns)
{
    return (lab_candles){.timeframe_ns = timeframe_ns,
        .count = count,
        .open_ts_ns = of->ts,
        .open_e8 = of->open,
        .high_e8 = of->high,
        .low_e8 = of->low,
        .close_e8 = of->close,
        .volume_e8 = of->volume};
}

static int64_t draw(cb_prng *prng, int64_t step)
{
    return (int64_t)(1000 + cb_prng_below(prng, 1000)) * step;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}
static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void make(uint64_t seed, int64_t minutes, int64_t step)
{
    cb_prng prng;
    cb_prng_init(&prng, seed);
    for (size_t i = 0; i < CANDLES; i++) {
        coarse->ts[i] = START_NS + (int64_t)i * minutes * LAB_REFINED_NS;
        coarse->open[i] = draw(&prng, step);
        coarse->close[i] = i % 7 == 0 ? coarse->open[i] : draw(&prng, step);
        coarse->high[i] = larger(larger(coarse->open[i], coarse->close[i]), draw(&prng, step));
        coarse->low[i] = smaller(smaller(coarse->open[i], coarse->close[i]), draw(&prng, step));
        coarse->volume[i] =
            i % 11 == 0 ? minutes
                        : draw(&prng, 12345); /* a minute without volume is one without a trade */
    }
}

static void assert_same(int64_t minutes)
{
    cb_err err = {0};
    const lab_candles from = view(coarse, CANDLES, minutes * LAB_REFINED_NS);
    assert_true(lab_refine_is_needed(&from));
    assert_int_equal(lab_refined_count(&from), CANDLES * minutes);
    const lab_refined out = {
        fine->ts, fine->open, fine->high, fine->low, fine->close, fine->volume};
    lab_refine(&from, &out);
    const lab_candles minute = view(fine, (uint64_t)(CANDLES * minutes), LAB_REFINED_NS);
    lab_candles_out to = {.capacity = (uint64_t)(CANDLES * minutes),
        .open_ts_ns = again->ts,
        .open_e8 = again->open,
        .high_e8 = again->high,
        .low_e8 = again->low,
        .close_e8 = again->close,
        .volume_e8 = again->volume};
    if (lab_derive_candles(&minute, minutes * LAB_REFINED_NS, &to, &err) != CB_OK) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(to.count, CANDLES);
    for (size_t i = 0; i < CANDLES; i++) {
        assert_int_equal(again->ts[i], coarse->ts[i]);
        assert_int_equal(again->high[i], coarse->high[i]);
        assert_int_equal(again->low[i], coarse->low[i]);
        assert_int_equal(again->close[i], coarse->close[i]);
        assert_int_equal(again->volume[i], coarse->volume[i]);
        assert_int_equal(fine->open[i * (size_t)minutes], coarse->open[i]);
    }
}

static void minutes_give_the_candles_again(void **state)
{
    static const int64_t frames[] = {2, 3, 5, 15, 60, 240, 1440};
    (void)state;
    for (size_t f = 0; f < sizeof frames / sizeof frames[0]; f++) {
        for (uint64_t seed = 1; seed <= 3; seed++) {
            make(seed, frames[f], seed == 1 ? CB_E8 / 100 : seed == 2 ? 1 : 10 * CB_E8);
            assert_same(frames[f]);
        }
    }
}

/* Each minute is a candle that can be: within itself and joined to the one before. */
static void minutes_are_sound_and_keep_to_the_grid(void **state)
{
    const int64_t step = CB_E8 / 100;
    (void)state;
    make(9, 60, step);
    assert_same(60);
    for (size_t i = 0; i < (size_t)CANDLES * 60; i++) {
        assert_true(fine->low[i] <= smaller(fine->open[i], fine->close[i]));
        assert_true(fine->high[i] >= larger(fine->open[i], fine->close[i]));
        assert_int_equal(fine->open[i] % step, 0);
        assert_int_equal(fine->close[i] % step, 0);
        if (i % 60 != 0) {
            assert_int_equal(fine->open[i], fine->close[i - 1]);
        }
    }
}

static void minutes_need_no_refining(void **state)
{
    (void)state;
    const lab_candles minute = view(coarse, 1, LAB_REFINED_NS);
    const lab_candles second = view(coarse, 1, CB_NS_PER_S);
    assert_false(lab_refine_is_needed(&minute));
    assert_false(lab_refine_is_needed(&second));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minutes_give_the_candles_again),
        cmocka_unit_test(minutes_are_sound_and_keep_to_the_grid),
        cmocka_unit_test(minutes_need_no_refining),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
