/* What the tests of the expression language share: a compiled text with its state, and bars. */
#ifndef TESTS_EXPR_BENCH_H
#define TESTS_EXPR_BENCH_H

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
#include "expr/rules.h"

#define MINUTE_NS (60 * CB_NS_PER_S)
/* 2022-01-03 00:00:00 UTC, a Monday */
#define START_NS (INT64_C(1641168000) * CB_NS_PER_S)

typedef struct bench {
    cb_expr_work *work;
    cb_expr_program *program;
    cb_expr_error error;
    void *state;
} bench;

static inline bench bench_open(void)
{
    bench b = {.work = malloc(cb_expr_work_size()), .program = malloc(cb_expr_program_size())};
    assert_non_null(b.work);
    assert_non_null(b.program);
    return b;
}

static inline void bench_close(bench *b)
{
    free(b->work);
    free(b->program);
    free(b->state);
}

static inline cb_status bench_compile(
    bench *b, const char *text, const cb_expr_catalogue *catalogue)
{
    static const cb_expr_catalogue plain = {.interval_s = 60};
    free(b->state);
    b->state = NULL;
    return cb_expr_compile(
        cb_sv_from(text), catalogue == NULL ? &plain : catalogue, b->work, b->program, &b->error);
}

static inline void bench_start(bench *b)
{
    const size_t size = cb_expr_describe(b->program)->state_size;
    free(b->state);
    b->state = malloc(size);
    assert_non_null(b->state);
    memset(b->state, 0xa5, size); /* nothing of it may show afterwards */
    cb_expr_init(b->program, b->state);
}

/* Compiles a text that must be good, and begins a run. */
static inline void bench_run(bench *b, const char *text)
{
    if (bench_compile(b, text, NULL) != CB_OK) {
        char shown[1024];
        (void)cb_expr_error_print(&b->error, cb_sv_from(text), text, shown, sizeof shown);
        fail_msg("%s", shown);
    }
    bench_start(b);
}

static inline cb_bar bar_of(int64_t minute, double close)
{
    return (cb_bar){START_NS + minute * MINUTE_NS, close - 1, close + 2, close - 3, close, 10};
}

static inline cb_expr_value bench_step(bench *b, int64_t minute, double close)
{
    const cb_bar bar = bar_of(minute, close);
    (void)cb_expr_step(b->program, b->state, &bar);
    return cb_expr_output(b->program, b->state, 0);
}

/* A random walk with bars without trades and with holes; volumes are multiples of 1e-8. */
static inline void random_bars(cb_prng *prng, cb_bar *bars, size_t count)
{
    int64_t price_e8 = 10000 * CB_E8;
    int64_t minute = (int64_t)cb_prng_below(prng, 3000);
    for (size_t i = 0; i < count; i++) {
        const int64_t open_e8 = price_e8;
        price_e8 += ((int64_t)cb_prng_below(prng, 2001) - 1000) * (CB_E8 / 100);
        price_e8 = price_e8 < CB_E8 ? CB_E8 : price_e8;
        const int64_t top_e8 = open_e8 > price_e8 ? open_e8 : price_e8;
        const int64_t bottom_e8 = open_e8 < price_e8 ? open_e8 : price_e8;
        const bool is_quiet = cb_prng_below(prng, 10) == 0;
        if (is_quiet) {
            price_e8 = open_e8;
        }
        const int64_t wick_e8 = is_quiet ? 0 : (int64_t)cb_prng_below(prng, CB_E8 / 2);
        bars[i] = (cb_bar){START_NS + minute * MINUTE_NS,
            cb_f64_from_e8(open_e8),
            cb_f64_from_e8((is_quiet ? open_e8 : top_e8) + wick_e8),
            cb_f64_from_e8((is_quiet ? open_e8 : bottom_e8) - wick_e8),
            cb_f64_from_e8(price_e8),
            is_quiet ? 0 : cb_f64_from_e8(1 + (int64_t)cb_prng_below(prng, 50 * CB_E8))};
        minute += cb_prng_below(prng, 40) == 0 ? 1 + (int64_t)cb_prng_below(prng, 200) : 1;
    }
}

#endif /* TESTS_EXPR_BENCH_H */
