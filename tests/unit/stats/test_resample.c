/* Resampled histories, Monte Carlo fans, walk-forward windows, parameter stability. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stats/normal.h"
#include "stats/resample.h"
#include "stats/series.h"
#include "stats/splits.h"
#include "stats/stability.h"

#define COUNT 200

static void assert_near(double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance)) {
        fail_msg("%.9g instead of %.9g", got, wanted);
    }
}

/* ---- indices ---- */

static void an_order_has_every_index_once(void **state)
{
    (void)state;
    uint32_t order[COUNT];
    unsigned firsts[8] = {0};
    cb_prng prng = cb_random_stream(1, 1);
    for (unsigned round = 0; round < 50; round++) {
        bool seen[COUNT] = {false};
        cb_resample_order(&prng, order, COUNT);
        for (size_t i = 0; i < COUNT; i++) {
            assert_true(order[i] < COUNT && !seen[order[i]]);
            seen[order[i]] = true;
        }
    }
    for (unsigned round = 0; round < 8000; round++) {
        cb_resample_order(&prng, order, 8);
        firsts[order[0]]++;
    }
    for (unsigned i = 0; i < 8; i++) {
        assert_true(firsts[i] > 850 && firsts[i] < 1150);
    }
}

static void blocks_have_the_asked_length_on_average(void **state)
{
    (void)state;
    static uint32_t indices[100000];
    cb_prng prng = cb_random_stream(2, 2);
    size_t breaks = 0;
    cb_resample_blocks(&prng, 10, indices, 100000);
    for (size_t i = 1; i < 100000; i++) {
        assert_true(indices[i] < 100000);
        breaks += indices[i] != (indices[i - 1] + 1) % 100000;
    }
    assert_true(breaks > 9600 && breaks < 10400);
}

/* ---- candles ---- */

typedef struct candles {
    double open[COUNT];
    double high[COUNT];
    double low[COUNT];
    double close[COUNT];
    cb_candle_columns columns;
} candles;

static void lay(candles *c)
{
    c->columns = (cb_candle_columns){
        .open = c->open, .high = c->high, .low = c->low, .close = c->close, .count = COUNT};
}

static void make_candles(candles *c, uint64_t seed)
{
    cb_prng prng = cb_random_stream(seed, 5);
    double price = 100;
    for (size_t i = 0; i < COUNT; i++) {
        c->open[i] = price * (1 + 0.002 * cb_random_normal(&prng));
        c->close[i] = c->open[i] * (1 + 0.01 * cb_random_normal(&prng));
        c->high[i] = fmax(c->open[i], c->close[i]) * (1 + 0.005 * cb_random_unit(&prng));
        c->low[i] = fmin(c->open[i], c->close[i]) * (1 - 0.005 * cb_random_unit(&prng));
        price = c->close[i];
    }
    lay(c);
}

/* Puts gap 0 first: the first candle has no close before it. */
static void order_of(cb_prng *prng, uint32_t *order, bool is_gaps)
{
    cb_resample_order(prng, order, COUNT);
    for (size_t i = 0; is_gaps && i < COUNT; i++) {
        if (order[i] == 0) {
            order[i] = order[0];
            order[0] = 0;
        }
    }
}

static void permuted_candles_keep_ends_and_moves(void **state)
{
    (void)state;
    static candles in;
    static candles out;
    uint32_t gaps[COUNT];
    uint32_t bars[COUNT];
    double before[COUNT];
    double after[COUNT];
    cb_prng prng = cb_random_stream(3, 3);
    make_candles(&in, 9);
    lay(&out);
    order_of(&prng, gaps, true);
    order_of(&prng, bars, false);
    cb_candles_rebuild(&in.columns, gaps, bars, &out.columns);
    assert_near(out.open[0], in.open[0], 1e-9);
    assert_near(out.close[COUNT - 1], in.close[COUNT - 1], 1e-8);
    size_t same = 0;
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(out.low[i] <= fmin(out.open[i], out.close[i]) + 1e-9);
        assert_true(out.high[i] >= fmax(out.open[i], out.close[i]) - 1e-9);
        before[i] = in.close[i] / in.open[i];
        after[i] = out.close[i] / out.open[i];
        same += fabs(before[i] - after[i]) < 1e-12;
    }
    assert_true(same < 10);
    cb_series_sort(before, COUNT);
    cb_series_sort(after, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        assert_near(after[i], before[i], 1e-12);
    }
}

static void candles_in_their_own_order_are_the_same(void **state)
{
    (void)state;
    static candles in;
    static candles out;
    uint32_t own[COUNT];
    make_candles(&in, 4);
    lay(&out);
    for (uint32_t i = 0; i < COUNT; i++) {
        own[i] = i;
    }
    cb_candles_rebuild(&in.columns, own, own, &out.columns);
    for (size_t i = 0; i < COUNT; i++) {
        assert_near(out.open[i], in.open[i], 1e-9);
        assert_near(out.high[i], in.high[i], 1e-9);
        assert_near(out.low[i], in.low[i], 1e-9);
        assert_near(out.close[i], in.close[i], 1e-9);
    }
}

/* ---- Monte Carlo ---- */

typedef struct monte {
    double values[COUNT];
    double scratch[2000 * 52];
    uint32_t indices[COUNT];
    double fan[50 * CB_MONTE_BANDS];
    cb_monte_input input;
} monte;

static monte mc;

static void set_up(cb_monte_kind kind)
{
    cb_prng prng = cb_random_stream(7, 7);
    for (size_t i = 0; i < COUNT; i++) {
        mc.values[i] = 0.001 + 0.02 * cb_random_normal(&prng);
    }
    mc.input = (cb_monte_input){.values = mc.values,
        .count = COUNT,
        .kind = kind,
        .block_mean = 1,
        .paths = 2000,
        .points = 50,
        .drawdown_limit = 0.2,
        .seed = 3,
        .scratch = mc.scratch,
        .indices = mc.indices};
    assert_true(cb_monte_scratch(2000, 50) == sizeof(mc.scratch) / sizeof(mc.scratch[0]));
}

static void another_order_changes_the_way_but_not_the_end(void **state)
{
    (void)state;
    cb_monte_result result;
    double end = 1;
    set_up(CB_MONTE_ORDER);
    assert_true(cb_monte_carlo(&mc.input, &result, mc.fan));
    for (size_t i = 0; i < COUNT; i++) {
        end *= 1 + mc.values[i];
    }
    for (size_t b = 0; b < CB_MONTE_BANDS; b++) {
        assert_near(result.end[b], end, 1e-9);
        assert_near(mc.fan[(size_t)49 * CB_MONTE_BANDS + b], end, 1e-9);
    }
    assert_true(result.drawdown[0] < result.drawdown[2] && result.drawdown[2] < result.drawdown[4]);
    assert_true(result.drawdown[4] < 0 && result.drawdown[0] > -1);
    assert_true(mc.fan[(size_t)25 * CB_MONTE_BANDS] < mc.fan[(size_t)25 * CB_MONTE_BANDS + 4]);
}

/* Plain bootstrap of n values: log growth is nearly normal with n times the mean and variance. */
static void a_bootstrap_fan_has_the_width_of_theory(void **state)
{
    (void)state;
    cb_monte_result result;
    double logs[COUNT];
    set_up(CB_MONTE_BLOCKS);
    assert_true(cb_monte_carlo(&mc.input, &result, mc.fan));
    for (size_t i = 0; i < COUNT; i++) {
        logs[i] = log(1 + mc.values[i]);
    }
    const double centre = COUNT * cb_series_mean(logs, COUNT);
    const double width = sqrt(COUNT) * cb_series_deviation(logs, COUNT, 0);
    assert_near(log(result.end[2]), centre, 0.03);
    assert_near(log(result.end[0]), centre - 1.645 * width, 0.05);
    assert_near(log(result.end[4]), centre + 1.645 * width, 0.05);
    assert_near(result.loss, cb_normal_below(-centre / width), 0.03);
    cb_monte_result again;
    assert_true(cb_monte_carlo(&mc.input, &again, mc.fan));
    assert_memory_equal(&result, &again, sizeof(result));
}

static void fixed_sizes_add_up(void **state)
{
    (void)state;
    cb_monte_result result;
    set_up(CB_MONTE_ORDER);
    mc.input.is_additive = true;
    mc.input.points = 1;
    assert_true(cb_monte_carlo(&mc.input, &result, mc.fan));
    assert_near(result.end[2], 1 + cb_series_sum(mc.values, COUNT), 1e-9);
    assert_near(mc.fan[0], result.end[2], 1e-9);
}

static void nothing_to_run_is_refused(void **state)
{
    (void)state;
    cb_monte_result result;
    set_up(CB_MONTE_ORDER);
    mc.input.points = COUNT + 1;
    assert_false(cb_monte_carlo(&mc.input, &result, mc.fan));
    set_up(CB_MONTE_ORDER);
    mc.input.paths = 0;
    assert_false(cb_monte_carlo(&mc.input, &result, mc.fan));
    set_up(CB_MONTE_ORDER);
    mc.input.count = 0;
    assert_false(cb_monte_carlo(&mc.input, &result, mc.fan));
}

/* ---- walk-forward ---- */

/* Nothing trained on is in the test or within the gap before it; tests follow each other to the
 * end. */
static void check_plan(const cb_walk_plan *plan, double ratio)
{
    const size_t gap = plan->purge + plan->embargo;
    size_t next = plan->train + gap;
    assert_true((double)plan->train >= ratio * (double)plan->test - 1e-9);
    for (size_t i = 0; i < plan->windows; i++) {
        const cb_walk_window w = cb_walk_window_at(plan, i);
        assert_int_equal(w.test.begin, next);
        assert_int_equal(w.test.end - w.test.begin, plan->test);
        assert_int_equal(w.train.end + gap, w.test.begin);
        assert_int_equal(w.train.begin, plan->is_anchored ? 0 : i * plan->test);
        assert_true(plan->is_anchored || w.train.end - w.train.begin == plan->train);
        next = w.test.end;
    }
    assert_int_equal(next, plan->count);
}

static void windows_do_not_leak(void **state)
{
    (void)state;
    cb_err err = {0};
    cb_prng prng = cb_random_stream(1, 9);
    unsigned made = 0;
    for (unsigned i = 0; i < 5000; i++) {
        cb_walk_plan plan;
        const size_t count = 20 + (size_t)cb_prng_below(&prng, 3000);
        const size_t windows = CB_SPLIT_WINDOWS + (size_t)cb_prng_below(&prng, 30);
        const double ratio = 0.5 + 8 * cb_random_unit(&prng);
        const cb_status status = cb_walk_plan_make(count,
            windows,
            ratio,
            (size_t)cb_prng_below(&prng, 20),
            (size_t)cb_prng_below(&prng, 20),
            cb_prng_below(&prng, 2) == 0,
            &plan,
            &err);
        if (status == CB_OK) {
            check_plan(&plan, ratio);
            made++;
        }
    }
    assert_true(made > 4000);
}

static void histories_that_are_too_short_are_refused(void **state)
{
    (void)state;
    cb_err err = {0};
    cb_walk_plan plan;
    assert_int_equal(cb_walk_plan_make(13, 12, 1, 0, 0, false, &plan, &err), CB_OK);
    assert_int_equal(cb_walk_plan_make(12, 12, 1, 0, 0, false, &plan, &err), CB_E_RANGE);
    assert_int_equal(cb_walk_plan_make(13, 12, 1, 1, 0, false, &plan, &err), CB_E_RANGE);
    assert_int_equal(cb_walk_plan_make(100, 0, 1, 0, 0, false, &plan, &err), CB_E_RANGE);
    assert_int_equal(cb_walk_plan_make(100, 12, 0, 0, 0, false, &plan, &err), CB_E_RANGE);
    assert_int_equal(cb_walk_plan_make(100, 12, 1, SIZE_MAX, 5, false, &plan, &err), CB_E_RANGE);
    assert_int_equal(cb_walk_plan_make(100, SIZE_MAX, 1, 0, 0, false, &plan, &err), CB_E_RANGE);
}

static void folds_cover_and_do_not_leak(void **state)
{
    (void)state;
    for (size_t folds = 1; folds <= 12; folds++) {
        size_t next = 0;
        for (size_t i = 0; i < folds; i++) {
            const cb_fold fold = cb_fold_at(101, folds, i, 3, 4);
            assert_int_equal(fold.test.begin, next);
            next = fold.test.end;
            assert_true(fold.before.end + 3 <= fold.test.begin || fold.before.end == 0);
            assert_true(fold.after.begin >= fold.test.end + 7 || fold.after.begin == 101);
            assert_int_equal(fold.after.end, 101);
        }
        assert_int_equal(next, 101);
    }
}

/* ---- stability ---- */

/* A grid of 21 x 21: a hill that the best is on top of, or a needle besides it. */
static void a_plateau_is_stable_and_a_needle_is_not(void **state)
{
    (void)state;
    static double places[441 * 2];
    static double scores[441];
    static double scratch[441];
    for (size_t i = 0; i < 441; i++) {
        const double x = (double)(i % 21) / 20;
        const size_t row = i / 21;
        const double y = (double)row / 20;
        places[2 * i] = x;
        places[2 * i + 1] = y;
        scores[i] = exp(-8 * ((x - 0.5) * (x - 0.5) + (y - 0.4) * (y - 0.4)));
    }
    cb_stability_input input = {.places = places,
        .scores = scores,
        .count = 441,
        .dims = 2,
        .radius = 0.1,
        .scratch = scratch};
    cb_stability_result result;
    assert_true(cb_stability(&input, &result));
    assert_true(result.score > 0.85 && result.neighbours == 24);
    assert_int_equal(result.best_index, 8 * 21 + 10);
    scores[2 * 21 + 18] = 3; /* far from the hill */
    assert_true(cb_stability(&input, &result));
    assert_true(result.score < 0.05);
    assert_int_equal(result.best_index, 2 * 21 + 18);
    input.radius = 0.01;
    assert_false(cb_stability(&input, &result)); /* no neighbour */
    input.radius = 0.1;
    for (size_t i = 0; i < 441; i++) {
        scores[i] = 2;
    }
    assert_false(cb_stability(&input, &result));
    input.count = 2;
    assert_false(cb_stability(&input, &result));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_has_every_index_once),
        cmocka_unit_test(blocks_have_the_asked_length_on_average),
        cmocka_unit_test(permuted_candles_keep_ends_and_moves),
        cmocka_unit_test(candles_in_their_own_order_are_the_same),
        cmocka_unit_test(another_order_changes_the_way_but_not_the_end),
        cmocka_unit_test(a_bootstrap_fan_has_the_width_of_theory),
        cmocka_unit_test(fixed_sizes_add_up),
        cmocka_unit_test(nothing_to_run_is_refused),
        cmocka_unit_test(windows_do_not_leak),
        cmocka_unit_test(histories_that_are_too_short_are_refused),
        cmocka_unit_test(folds_cover_and_do_not_leak),
        cmocka_unit_test(a_plateau_is_stable_and_a_needle_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
