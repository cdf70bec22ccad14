/* Every registered strategy under the checker of look-ahead and recursion, and the rules of the
 * strategies told by a second look at the same bars. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/prng.h"
#include "services/signals/core/strategy_check.h"

#define MINUTE (60 * INT64_C(1000000000))
#define BARS_MAX 12000U

static cb_bar bars[BARS_MAX];
static cb_bar other[BARS_MAX];
static double rows[2 * BARS_MAX * STRATEGY_CHECK_WIDTH];
static const cb_check_room room = {.rows = rows, .bars = other, .seed = 11};

static double unit(cb_prng *prng)
{
    return (double)cb_prng_below(prng, 1000001) / 1e6;
}

/* A walk whose steps are small for some hundred bars and large for the next. */
static void walk(uint64_t seed, size_t count)
{
    cb_prng prng;
    double price = 1000;
    cb_prng_init(&prng, seed);
    for (size_t i = 0; i < count; i++) {
        const double scale = (i / 300) % 3 == 0 ? 0.3 : (i / 300) % 3 == 1 ? 2 : 6;
        const double open = price;
        price += (unit(&prng) - 0.5 + 0.05 * sin((double)i / 60)) * 2 * scale;
        price = price > 50 ? price : 50;
        bars[i] = (cb_bar){.open_ts_ns = INT64_C(1641168000000000000) + (int64_t)i * MINUTE,
            .open = open,
            .high = fmax(open, price) + unit(&prng) * scale,
            .low = fmin(open, price) - unit(&prng) * scale,
            .close = price,
            .volume = 1 + 9 * unit(&prng)};
    }
}

typedef struct runner {
    strategy_check check;
    cb_check_subject subject;
    int64_t params[CB_PARAMS_PER_ENTRY_MAX];
} runner;

static void open_runner(runner *r, const strategy_ops *ops)
{
    *r = (runner){.check = {.ops = ops}};
    for (uint32_t i = 0; i < ops->params_count; i++) {
        r->params[i] = ops->params[i].default_value;
    }
    r->check.params = r->params;
    r->check.state = malloc(ops->state_size(r->params));
    assert_non_null(r->check.state);
    strategy_check_subject(&r->check, &r->subject);
}

static void close_runner(runner *r)
{
    free(r->check.state);
}

static void no_strategy_looks_ahead(void **unused)
{
    (void)unused;
    walk(21, 1500);
    for (uint32_t n = 0; n < STRATEGIES_COUNT; n++) {
        runner r;
        cb_check_finding finding;
        open_runner(&r, strategy_at(n));
        cb_check_look_ahead(&r.subject, bars, 1500, 101, &room, &finding);
        if (!finding.is_clean) {
            fail_msg("%s looks ahead: bar %llu changes with what comes after bar %llu",
                strategy_at(n)->name,
                (unsigned long long)finding.bar,
                (unsigned long long)finding.boundary);
        }
        close_runner(&r);
    }
}

/* Begun later, a strategy must come to say the same: at most one row in 200 may differ by more than
 * a thousandth (an age counted since a cross that one of both has not seen), once twenty warm-ups
 * have passed. */
static void every_strategy_forgets_its_beginning(void **unused)
{
    (void)unused;
    walk(22, BARS_MAX);
    for (uint32_t n = 0; n < STRATEGIES_COUNT; n++) {
        runner r;
        cb_check_finding finding;
        open_runner(&r, strategy_at(n));
        const uint32_t warmup = strategy_at(n)->warmup_bars(r.params);
        const cb_check_memory memory = {
            .begin = 333, .settle_bars = 20 * (size_t)warmup, .bound = 1e-3};
        assert_true(memory.begin + memory.settle_bars + 4000 < BARS_MAX);
        cb_check_recursion(&r.subject, bars, BARS_MAX, &memory, &room, &finding);
        if (finding.different * 200 > finding.compared) {
            fail_msg("%s remembers: %llu of %llu rows differ, column %u of bar %llu: %g, %g",
                strategy_at(n)->name,
                (unsigned long long)finding.different,
                (unsigned long long)finding.compared,
                finding.column,
                (unsigned long long)finding.bar,
                finding.wanted,
                finding.found);
        }
        close_runner(&r);
    }
}

/* ---- rules, seen from outside ---- */

/* Rows of a strategy with its defaults; the first half of rows. */
static void run(const strategy_ops *ops, size_t count)
{
    runner r;
    open_runner(&r, ops);
    r.subject.run(r.subject.context, bars, count, rows);
    close_runner(&r);
}

static const double *row_at(size_t i)
{
    return rows + i * STRATEGY_CHECK_WIDTH;
}

static double value_at(size_t i, uint32_t value)
{
    return row_at(i)[STRATEGY_CHECK_COLUMNS + value];
}

static double highest_before(size_t i, size_t count)
{
    double most = 0;
    for (size_t k = i - count; k < i; k++) {
        most = fmax(most, bars[k].high);
    }
    return most;
}

static double lowest_before(size_t i, size_t count)
{
    double least = 1e300;
    for (size_t k = i - count; k < i; k++) {
        least = fmin(least, bars[k].low);
    }
    return least;
}

static void breakout_buys_beyond_the_channel_and_leaves_below_the_exit(void **unused)
{
    (void)unused;
    uint32_t bought = 0;
    uint32_t left = 0;
    walk(23, 6000);
    run(&strategy_breakout, 6000);
    for (size_t i = 100; i < 6000; i++) {
        const double atr = value_at(i, 3);
        const double upper = highest_before(i, 40);
        const double exit = lowest_before(i, 20);
        const bool is_traded = value_at(i, 4) >= 15 && value_at(i, 5) >= 1;
        const bool is_up = bars[i].close > upper + 0.1 * atr && is_traded;
        assert_int_equal(row_at(i)[0] > 0, is_up);
        if (bars[i].close < exit) {
            assert_true(row_at(i)[0] < 0);
            left++;
        }
        if (is_up) {
            assert_true(fabs(row_at(i)[2] - 2 * atr) < 1e-9);
            assert_true(fabs(row_at(i)[3] - 4 * atr) < 1e-9);
            bought++;
        }
    }
    assert_true(bought > 20);
    assert_true(left > 20);
}

static void stochrsi_ema_buys_low_above_the_average_only(void **unused)
{
    (void)unused;
    uint32_t spoken = 0;
    walk(24, 6000);
    run(&strategy_stochrsi_ema, 6000);
    for (size_t i = 200; i < 6000; i++) {
        const double average = value_at(i, 0);
        const double k = value_at(i, 1);
        const double d = value_at(i, 2);
        const double k_before = value_at(i - 1, 1);
        const double d_before = value_at(i - 1, 2);
        const bool is_up = k_before <= d_before && k > d && k_before < 30;
        const bool is_down = k_before >= d_before && k < d && k_before > 70;
        const bool is_buy = is_up && bars[i].close > average;
        const bool is_sell = is_down && bars[i].close < average;
        assert_int_equal(row_at(i)[0] > 0, is_buy);
        assert_int_equal(row_at(i)[0] < 0, is_sell);
        spoken += is_buy || is_sell ? 1U : 0U;
    }
    assert_true(spoken > 50);
}

static void regime_buys_nothing_in_a_wild_market_and_widens_stops(void **unused)
{
    (void)unused;
    uint32_t seen[3] = {0};
    walk(25, BARS_MAX);
    run(&strategy_regime, BARS_MAX);
    for (size_t i = 300; i < BARS_MAX; i++) {
        const double rank = value_at(i, 0);
        const size_t kind = (size_t)value_at(i, 1);
        const double zscore = value_at(i, 4);
        const double atr = value_at(i, 5);
        assert_int_equal(kind, rank >= 95 ? 2 : rank <= 40 ? 0 : 1);
        if (!(fabs(row_at(i)[0]) > 0)) {
            continue;
        }
        seen[kind]++;
        const double width = kind == 0 ? 0.75 : kind == 1 ? 1 : 1.5;
        assert_true(fabs(row_at(i)[2] - 2 * width * atr) < 1e-9);
        assert_false(kind == 2 && row_at(i)[0] > 0);
        if (kind == 0) {
            assert_true(row_at(i)[0] > 0 ? zscore <= -2 : zscore >= 2);
        } else {
            const double spread = value_at(i, 2) - value_at(i, 3);
            assert_true(row_at(i)[0] > 0 ? spread > 0 : spread < 0);
        }
    }
    assert_true(seen[0] > 20 && seen[1] > 20 && seen[2] > 0);
}

/* A market that rises for good: those who say buy earn merit and weigh more, and the vote is to
 * buy. */
static void ensemble_gives_weight_to_those_who_were_right(void **unused)
{
    (void)unused;
    double heaviest = 0;
    uint32_t bought = 0;
    uint32_t sold = 0;
    for (size_t i = 0; i < 3000; i++) {
        const double price = 100 + (double)i + ((i / 7) % 2 == 0 ? 2 : 0);
        bars[i] = (cb_bar){.open_ts_ns = (int64_t)i * MINUTE,
            .open = price,
            .high = price + 1,
            .low = price - 1,
            .close = price + 0.5,
            .volume = 5};
    }
    run(&strategy_ensemble, 3000);
    for (size_t i = 500; i < 3000; i++) {
        bought += row_at(i)[0] > 0 ? 1U : 0U;
        sold += row_at(i)[0] < 0 ? 1U : 0U;
        for (uint32_t m = 0; m < 5; m++) {
            heaviest = fmax(heaviest, value_at(i, 2 + m));
        }
    }
    assert_true(bought > 100);
    assert_int_equal(sold, 0);
    assert_true(heaviest > 1.5 && heaviest <= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_strategy_looks_ahead),
        cmocka_unit_test(every_strategy_forgets_its_beginning),
        cmocka_unit_test(breakout_buys_beyond_the_channel_and_leaves_below_the_exit),
        cmocka_unit_test(stochrsi_ema_buys_low_above_the_average_only),
        cmocka_unit_test(regime_buys_nothing_in_a_wild_market_and_widens_stops),
        cmocka_unit_test(ensemble_gives_weight_to_those_who_were_right),
    };
    return cmocka_run_group_tests_name("signals_strategy_check", tests, NULL, NULL);
}
