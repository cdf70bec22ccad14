/* Sums, order, lines and the normal distribution against direct definitions and published values.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stats/normal.h"
#include "stats/series.h"

#define VALUES_MAX 3000

static void assert_near(double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance)) {
        fail_msg("%.17g instead of %.17g", got, wanted);
    }
}

static int compare(const void *left, const void *right)
{
    const double a = *(const double *)left;
    const double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Sorted, reversed, equal, few different values, an organ pipe: what breaks careless quicksorts. */
static double shaped(cb_prng *prng, unsigned shape, size_t i, size_t count)
{
    switch (shape) {
    case 0:
        return cb_random_normal(prng);
    case 1:
        return (double)i;
    case 2:
        return -(double)i;
    case 3:
        return 7;
    case 4:
        return (double)cb_prng_below(prng, 3);
    default:
        return (double)(i < count / 2 ? i : count - i);
    }
}

static void sort_equals_the_library(void **state)
{
    (void)state;
    static double ours[VALUES_MAX];
    static double theirs[VALUES_MAX];
    cb_prng prng = cb_random_stream(1, 0);
    for (unsigned round = 0; round < 600; round++) {
        const size_t count = round < 60 ? round : (size_t)cb_prng_below(&prng, VALUES_MAX);
        for (size_t i = 0; i < count; i++) {
            ours[i] = theirs[i] = shaped(&prng, round % 6, i, count);
        }
        cb_series_sort(ours, count);
        qsort(theirs, count, sizeof(theirs[0]), compare);
        assert_memory_equal(ours, theirs, count * sizeof(ours[0]));
    }
}

static void sums_keep_what_plain_addition_loses(void **state)
{
    (void)state;
    const double values[] = {1e16, 1, 1, -1e16};
    assert_near(cb_series_sum(values, 4), 2, 0);
    assert_near(cb_series_sum(NULL, 0), 0, 0);
}

static void moments_of_known_series(void **state)
{
    (void)state;
    const double values[] = {2, 4, 4, 4, 5, 5, 7, 9};
    assert_near(cb_series_mean(values, 8), 5, 0);
    assert_near(cb_series_deviation(values, 8, 0), 2, 1e-15);
    assert_near(cb_series_skewness(values, 8), 0.65625, 1e-14);
    assert_near(cb_series_kurtosis(values, 8), 2.78125, 1e-14);
    const double constant[] = {0.1, 0.1, 0.1};
    assert_near(cb_series_deviation(constant, 3, 1), 0, 0);
    assert_near(cb_series_kurtosis(constant, 3), 3, 0);
}

static void quantiles_lie_between_neighbours(void **state)
{
    (void)state;
    const double sorted[] = {1, 2, 4, 8};
    assert_near(cb_series_quantile(sorted, 4, 0), 1, 0);
    assert_near(cb_series_quantile(sorted, 4, 1), 8, 0);
    assert_near(cb_series_quantile(sorted, 4, 0.5), 3, 1e-15);
    assert_near(cb_series_quantile(sorted, 4, 0.25), 1.75, 1e-15);
    assert_near(cb_series_quantile(sorted, 1, 0.7), 1, 0);
}

static void a_line_is_found(void **state)
{
    (void)state;
    const double values[] = {3, 5, 7, 9, 11};
    const cb_series_line line = cb_series_fit(values, 5);
    assert_near(line.slope, 2, 1e-15);
    assert_near(line.intercept, 3, 1e-14);
    assert_near(line.r_squared, 1, 1e-15);
    const double left[] = {1, 2, 4, 8};
    const double right[] = {1, 3, 2, 6};
    const cb_series_line fitted = cb_series_regress(left, right, 4);
    assert_near(fitted.slope, 18.0 / 28.75, 1e-14);
    assert_near(fitted.r_squared, 324.0 / (28.75 * 14), 1e-14);
    const double flat[] = {5, 5, 5, 5};
    assert_near(cb_series_fit(flat, 4).r_squared, 0, 0);
    assert_near(cb_series_regress(flat, right, 4).slope, 0, 0);
}

static void normal_values_are_the_published_ones(void **state)
{
    (void)state;
    assert_near(cb_normal_below(0), 0.5, 0);
    assert_near(cb_normal_below(1.96), 0.97500210485177952, 1e-15);
    assert_near(cb_normal_below(-6), 9.8658764503769814e-10, 1e-22);
    assert_near(cb_normal_quantile(0.975), 1.9599639845400542, 1e-14);
    assert_near(cb_normal_quantile(0.5), 0, 1e-16);
    assert_near(cb_normal_quantile(1e-10), -6.3613409024040562, 1e-13);
    for (unsigned i = 1; i < 2000; i++) {
        const double p = i / 2000.0;
        assert_near(cb_normal_below(cb_normal_quantile(p)), p, 2e-15);
    }
}

static void random_normals_have_the_moments_of_the_normal(void **state)
{
    (void)state;
    static double values[200000];
    cb_prng prng = cb_random_stream(42, 7);
    for (size_t i = 0; i < 200000; i++) {
        values[i] = cb_random_normal(&prng);
    }
    assert_near(cb_series_mean(values, 200000), 0, 0.01);
    assert_near(cb_series_deviation(values, 200000, 1), 1, 0.01);
    assert_near(cb_series_skewness(values, 200000), 0, 0.03);
    assert_near(cb_series_kurtosis(values, 200000), 3, 0.05);
}

static void streams_differ_and_repeat(void **state)
{
    (void)state;
    cb_prng a = cb_random_stream(5, 1);
    cb_prng b = cb_random_stream(5, 1);
    cb_prng c = cb_random_stream(5, 2);
    cb_prng d = cb_random_stream(6, 1);
    const uint64_t first = cb_prng_next(&a);
    assert_true(first == cb_prng_next(&b));
    assert_true(first != cb_prng_next(&c));
    assert_true(first != cb_prng_next(&d));
}

static void a_shuffle_keeps_the_values(void **state)
{
    (void)state;
    double values[100];
    unsigned at_home = 0;
    cb_prng prng = cb_random_stream(3, 3);
    for (size_t i = 0; i < 100; i++) {
        values[i] = (double)i;
    }
    cb_random_shuffle(&prng, values, 100);
    for (size_t i = 0; i < 100; i++) {
        at_home += fabs(values[i] - (double)i) < 0.5;
    }
    assert_true(at_home < 10);
    cb_series_sort(values, 100);
    for (size_t i = 0; i < 100; i++) {
        assert_near(values[i], (double)i, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sort_equals_the_library),
        cmocka_unit_test(sums_keep_what_plain_addition_loses),
        cmocka_unit_test(moments_of_known_series),
        cmocka_unit_test(quantiles_lie_between_neighbours),
        cmocka_unit_test(a_line_is_found),
        cmocka_unit_test(normal_values_are_the_published_ones),
        cmocka_unit_test(random_normals_have_the_moments_of_the_normal),
        cmocka_unit_test(streams_differ_and_repeat),
        cmocka_unit_test(a_shuffle_keeps_the_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
