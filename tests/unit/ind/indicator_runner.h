/* What the tests of indicators share: an indicator with its state, and bars to feed it with. */
#ifndef TESTS_INDICATOR_RUNNER_H
#define TESTS_INDICATOR_RUNNER_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/prng.h"
#include "base/timefmt.h"
#include "ind/indicator.h"

#define BARS 700
#define MINUTE_NS (60 * CB_NS_PER_S)
#define START_NS (INT64_C(1641168000) * CB_NS_PER_S)

typedef struct runner {
    const cb_indicator_ops *ops;
    int64_t params[CB_PARAMS_PER_ENTRY_MAX];
    void *state;
    size_t size;
} runner;

/* fill is what the memory holds before init: nothing of it may show afterwards. */
static inline runner start_with(const char *name, const int64_t *params, int fill)
{
    runner r = {.ops = cb_indicator_find(name)};
    assert_non_null(r.ops);
    cb_indicator_defaults(r.ops, r.params);
    for (uint32_t i = 0; params != NULL && i < r.ops->params_count; i++) {
        r.params[i] = params[i];
    }
    assert_true(cb_indicator_accepts(r.ops, r.params));
    r.size = r.ops->state_size(r.params);
    r.state = malloc(r.size);
    assert_non_null(r.state);
    memset(r.state, fill, r.size);
    r.ops->init(r.state, r.params);
    return r;
}

static inline runner start(const char *name, const int64_t *params)
{
    return start_with(name, params, 0xa5);
}

static inline void stop(runner *r)
{
    free(r->state);
    r->state = NULL;
}

static inline cb_bar flat_bar(int64_t index, double price, double volume)
{
    return (cb_bar){.open_ts_ns = START_NS + index * MINUTE_NS,
        .open = price,
        .high = price,
        .low = price,
        .close = price,
        .volume = volume};
}

static inline double random_unit(cb_prng *prng)
{
    return (double)cb_prng_below(prng, 1000001) / 1e6;
}

/* A random walk with gaps, quiet stretches and bars without volume. */
static inline void random_bars(cb_prng *prng, cb_bar *bars, size_t count)
{
    double price = 100;
    for (size_t i = 0; i < count; i++) {
        const bool is_quiet = cb_prng_below(prng, 10) == 0;
        const double move = is_quiet ? 0 : random_unit(prng) * 4 - 2;
        const double open = price;
        price = price + move > 1 ? price + move : 1 + random_unit(prng);
        const double top = open > price ? open : price;
        const double bottom = open > price ? price : open;
        bars[i] = (cb_bar){.open_ts_ns = START_NS + (int64_t)i * MINUTE_NS,
            .open = open,
            .high = top + (is_quiet ? 0 : random_unit(prng)),
            .low = bottom - (is_quiet ? 0 : random_unit(prng) * 0.5),
            .close = price,
            .volume = is_quiet ? 0 : random_unit(prng) * 50};
    }
}

static inline void assert_near(double value, double wanted, double tolerance)
{
    const double scale = fabs(wanted) > 1 ? fabs(wanted) : 1;
    if (!(fabs(value - wanted) <= tolerance * scale)) {
        fail_msg("%.12g instead of %.12g", value, wanted);
    }
}

#endif /* TESTS_INDICATOR_RUNNER_H */
