/* Metrics: identity, quantiles within their promise, and the exposition's form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "libcommon/testing/alloc_count.h"
#include "rt/metrics.h"

static char text[65536];

static const char *print(const cb_metrics *metrics)
{
    const size_t size = cb_metrics_print(metrics, text, sizeof(text));
    assert_true(size < sizeof(text));
    assert_int_equal(size, strlen(text));
    assert_int_equal(cb_metrics_print(metrics, NULL, 0), size);
    return text;
}

static void metrics_give_the_same_metric_for_the_same_name_and_labels(void **state)
{
    (void)state;
    cb_metrics *metrics = cb_metrics_create("risk");
    cb_metric *a = cb_counter(metrics, "denials_total", "rule=\"x\"", "Denials");
    cb_metric *b = cb_counter(metrics, "denials_total", "rule=\"y\"", "Denials");
    assert_ptr_equal(a, cb_counter(metrics, "denials_total", "rule=\"x\"", "Denials"));
    assert_ptr_not_equal(a, b);
    cb_metric_add(a, 2);
    cb_metric_add(a, 3);
    assert_int_equal(cb_metric_value(a), 5);
    assert_int_equal(cb_metric_value(b), 0);
    cb_metrics_destroy(metrics);
    cb_metrics_destroy(NULL);
}

/* Series of one name stand together although they were made apart. */
static void metrics_print_families_together(void **state)
{
    (void)state;
    cb_metrics *metrics = cb_metrics_create("risk");
    cb_metric_add(cb_counter(metrics, "a_total", "x=\"1\"", "First"), 7);
    cb_metric_set(cb_gauge(metrics, "level", "", "Second"), -4);
    cb_metric_add(cb_counter(metrics, "a_total", "x=\"2\"", "First"), 8);
    assert_string_equal(print(metrics),
        "# HELP cerberus_a_total First\n# TYPE cerberus_a_total counter\n"
        "cerberus_a_total{service=\"risk\",x=\"1\"} 7\n"
        "cerberus_a_total{service=\"risk\",x=\"2\"} 8\n"
        "# HELP cerberus_level Second\n# TYPE cerberus_level gauge\n"
        "cerberus_level{service=\"risk\"} -4\n");
    cb_metrics_destroy(metrics);
}

static void histogram_prints_cumulative_buckets(void **state)
{
    (void)state;
    cb_metrics *metrics = cb_metrics_create("risk");
    cb_metric *times = cb_histogram(metrics, "step_seconds", "", "Steps");
    static const int64_t VALUES[] = {-5, 0, 1023, 1024, 2047, 2048, INT64_C(100000000000)};
    for (size_t i = 0; i < sizeof(VALUES) / sizeof(VALUES[0]); i++) {
        cb_metric_observe_ns(times, VALUES[i]);
    }
    const char *lines = print(metrics);
    assert_non_null(strstr(lines, "_bucket{service=\"risk\",le=\"0.000001024\"} 3\n"));
    assert_non_null(strstr(lines, "_bucket{service=\"risk\",le=\"0.000002048\"} 5\n"));
    assert_non_null(strstr(lines, "_bucket{service=\"risk\",le=\"0.000004096\"} 6\n"));
    assert_non_null(strstr(lines, "_bucket{service=\"risk\",le=\"68.719476736\"} 6\n"));
    assert_non_null(strstr(lines, "_bucket{service=\"risk\",le=\"+Inf\"} 7\n"));
    assert_non_null(strstr(lines, "step_seconds_sum{service=\"risk\"} 100.000006142\n"));
    assert_non_null(strstr(lines, "step_seconds_count{service=\"risk\"} 7\n"));
    assert_int_equal(cb_metric_value(times), 7);
    cb_metrics_destroy(metrics);
}

static int compare(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a;
    const int64_t right = *(const int64_t *)b;
    return left < right ? -1 : left > right ? 1 : 0;
}

/* Within 6 % of the true value, over the whole range that it promises. */
static void histogram_quantiles_keep_their_promise(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    static int64_t values[COUNT];
    cb_metrics *metrics = cb_metrics_create("risk");
    cb_metric *times = cb_histogram(metrics, "x_seconds", "", "X");
    assert_int_equal(cb_metric_quantile_ns(times, 0.5), 0);
    cb_prng prng;
    cb_prng_init(&prng, 1);
    for (size_t i = 0; i < COUNT; i++) {
        const uint64_t scale = cb_prng_below(&prng, 26); /* 1 µs to 60 s, evenly in octaves */
        values[i] =
            (int64_t)((UINT64_C(1000) << scale) + cb_prng_below(&prng, UINT64_C(1000) << scale));
        cb_metric_observe_ns(times, values[i]);
    }
    qsort(values, COUNT, sizeof(values[0]), compare);
    static const double QUANTILES[] = {0.001, 0.1, 0.5, 0.9, 0.99, 0.999};
    for (size_t i = 0; i < 6; i++) {
        const size_t rank = (size_t)(QUANTILES[i] * COUNT);
        const double truth = (double)values[rank > 0 ? rank - 1 : 0];
        const double seen = (double)cb_metric_quantile_ns(times, QUANTILES[i]);
        assert_true(seen > truth * 0.94 && seen < truth * 1.06);
    }
    cb_metrics_destroy(metrics);
}

static void metrics_update_without_allocating(void **state)
{
    (void)state;
    if (!CB_ALLOC_COUNT_WORKS) {
        skip();
    }
    cb_metrics *metrics = cb_metrics_create("risk");
    cb_metric *counter = cb_counter(metrics, "a_total", "", "A");
    cb_metric *times = cb_histogram(metrics, "x_seconds", "", "X");
    const uint64_t before = cb_alloc_count();
    assert_true(before > 0); /* the counter sees what was made above */
    cb_metric_add(counter, 1);
    cb_metric_observe_ns(times, 5);
    assert_int_equal(cb_alloc_count(), before);
    cb_metrics_destroy(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_give_the_same_metric_for_the_same_name_and_labels),
        cmocka_unit_test(metrics_print_families_together),
        cmocka_unit_test(histogram_prints_cumulative_buckets),
        cmocka_unit_test(histogram_quantiles_keep_their_promise),
        cmocka_unit_test(metrics_update_without_allocating),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
