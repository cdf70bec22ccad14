/* Token buckets: never more than capacity at once, never more than the rate over time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prng.h"
#include "base/timefmt.h"
#include "rt/ratelimit.h"

#define T0 (INT64_C(1700000000) * CB_NS_PER_S)

static void bucket_starts_full_and_refuses_beyond(void **state)
{
    (void)state;
    cb_bucket bucket;
    cb_bucket_init(&bucket, 10, 5, T0);
    assert_false(cb_bucket_take(&bucket, 11, T0));
    assert_true(cb_bucket_take(&bucket, 10, T0));
    assert_false(cb_bucket_take(&bucket, 1, T0));
    assert_true(cb_bucket_take(&bucket, 0, T0));
}

static void bucket_refills_evenly(void **state)
{
    (void)state;
    cb_bucket bucket;
    cb_bucket_init(&bucket, 10, 5, T0);
    assert_true(cb_bucket_take(&bucket, 10, T0));
    assert_int_equal(cb_bucket_wait_ns(&bucket, 1, T0), CB_NS_PER_S / 5);
    assert_false(cb_bucket_take(&bucket, 1, T0 + CB_NS_PER_S / 5 - 1));
    assert_true(cb_bucket_take(&bucket, 1, T0 + CB_NS_PER_S / 5));
    assert_false(cb_bucket_take(&bucket, 6, T0 + CB_NS_PER_S));
    assert_true(cb_bucket_take(&bucket, 4, T0 + CB_NS_PER_S));
    /* A long pause fills it up and no further. */
    assert_false(cb_bucket_take(&bucket, 11, T0 + 3600 * CB_NS_PER_S));
    assert_true(cb_bucket_take(&bucket, 10, T0 + 3600 * CB_NS_PER_S));
}

static void bucket_ignores_time_that_runs_back(void **state)
{
    (void)state;
    cb_bucket bucket;
    cb_bucket_init(&bucket, 2, 1, T0);
    assert_true(cb_bucket_take(&bucket, 2, T0));
    assert_false(cb_bucket_take(&bucket, 1, T0 - 100 * CB_NS_PER_S));
    assert_false(cb_bucket_take(&bucket, 1, T0 + CB_NS_PER_S - 1));
    assert_true(cb_bucket_take(&bucket, 1, T0 + CB_NS_PER_S));
}

static void bucket_without_refill_never_fills(void **state)
{
    (void)state;
    cb_bucket bucket;
    cb_bucket_init(&bucket, 1, 0, T0);
    assert_true(cb_bucket_take(&bucket, 1, T0));
    assert_false(cb_bucket_take(&bucket, 1, INT64_MAX));
    assert_int_equal(cb_bucket_wait_ns(&bucket, 1, T0), INT64_MAX);
    assert_int_equal(cb_bucket_wait_ns(&bucket, 2, T0), INT64_MAX);
    assert_int_equal(cb_bucket_wait_ns(&bucket, 0, T0), 0);
}

/* Waiting as long as it says is enough, one nanosecond less is not; and over any pattern of asking
 * no more tokens go out than capacity + rate * time. */
static void bucket_keeps_the_rate_over_random_asking(void **state)
{
    (void)state;
    cb_prng prng;
    cb_prng_init(&prng, 3);
    for (int round = 0; round < 200; round++) {
        const uint64_t capacity = 1 + cb_prng_below(&prng, 50);
        const uint64_t rate = 1 + cb_prng_below(&prng, 1000);
        cb_bucket bucket;
        int64_t now_ns = T0;
        uint64_t taken = 0;
        cb_bucket_init(&bucket, capacity, rate, now_ns);
        for (int i = 0; i < 300; i++) {
            now_ns += (int64_t)cb_prng_below(&prng, 20 * CB_NS_PER_MS);
            const uint64_t count = 1 + cb_prng_below(&prng, capacity);
            const int64_t wait_ns = cb_bucket_wait_ns(&bucket, count, now_ns);
            cb_bucket early = bucket;
            assert_int_equal(cb_bucket_take(&bucket, count, now_ns), wait_ns == 0);
            taken += wait_ns == 0 ? count : 0;
            if (wait_ns > 0) {
                assert_false(cb_bucket_take(&early, count, now_ns + wait_ns - 1));
                assert_true(cb_bucket_take(&early, count, now_ns + wait_ns));
            }
        }
        const uint64_t allowed = rate * (uint64_t)(now_ns - T0) / 1000000000U + capacity;
        assert_true(taken <= allowed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bucket_starts_full_and_refuses_beyond),
        cmocka_unit_test(bucket_refills_evenly),
        cmocka_unit_test(bucket_ignores_time_that_runs_back),
        cmocka_unit_test(bucket_without_refill_never_fills),
        cmocka_unit_test(bucket_keeps_the_rate_over_random_asking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
