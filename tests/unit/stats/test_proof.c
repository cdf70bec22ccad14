/* Proof statistics: published examples, slow direct computations, and error rates over many seeds.
 * Noise must not pass, a planted edge must, an overfitted family must be caught. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stats/chance.h"
#include "stats/cscv.h"
#include "stats/normal.h"
#include "stats/resample.h"
#include "stats/series.h"
#include "stats/sharpe.h"

#define TRIALS 60
#define PERIODS 600
#define SEEDS 100

static void assert_near(double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance)) {
        fail_msg("%.9g instead of %.9g", got, wanted);
    }
}

/* ---- Sharpe ratios ---- */

/* Bailey and Lopez de Prado 2012, "The Sharpe Ratio Efficient Frontier": 24 monthly returns. */
static void probabilistic_sharpe_of_the_published_example(void **state)
{
    (void)state;
    double out = 0;
    cb_sharpe_moments fund = {
        .sharpe = 0.458, .skewness = -2.448, .kurtosis = 10.164, .count = 24, .has_spread = true};
    assert_true(cb_sharpe_probabilistic(&fund, 0, &out));
    assert_near(out, 0.913, 5e-4);
    fund.skewness = 0;
    fund.kurtosis = 3;
    assert_true(cb_sharpe_probabilistic(&fund, 0, &out));
    assert_near(out, 0.982, 5e-4);
}

/* The same paper's minimum track records for a Sharpe ratio of 2 a year to be above 1: 2.73 years
 * of normal daily returns, 4.99 years of a hedge fund's monthly ones. */
static void record_lengths_of_the_published_example(void **state)
{
    (void)state;
    double out = 0;
    const cb_sharpe_moments daily = {
        .sharpe = 2 / sqrt(250), .kurtosis = 3, .count = 250, .has_spread = true};
    assert_true(cb_sharpe_record_min(&daily, 1 / sqrt(250), 0.95, &out));
    assert_near(out / 250, 2.73, 5e-3);
    const cb_sharpe_moments monthly = {.sharpe = 2 / sqrt(12),
        .skewness = -0.72,
        .kurtosis = 5.78,
        .count = 12,
        .has_spread = true};
    assert_true(cb_sharpe_record_min(&monthly, 1 / sqrt(12), 0.95, &out));
    assert_near(out / 12, 4.99, 5e-3);
    assert_false(cb_sharpe_record_min(&monthly, 1, 0.95, &out));
}

/* Bailey and Lopez de Prado 2014, "The Deflated Sharpe Ratio", section "A numerical example". */
static void deflated_sharpe_of_the_published_example(void **state)
{
    (void)state;
    double out = 0;
    const double variance = 0.5 / 250;
    const cb_sharpe_moments found = {.sharpe = 2.5 / sqrt(250),
        .skewness = -3,
        .kurtosis = 10,
        .count = 1250,
        .has_spread = true};
    assert_near(cb_sharpe_expected_best(variance, 100), 0.1132, 5e-5);
    assert_true(cb_sharpe_deflated(&found, variance, 100, &out));
    assert_near(out, 0.9004, 5e-5);
    assert_true(cb_sharpe_deflated(&found, variance, 46, &out));
    assert_near(out, 0.9505, 5e-5);
    assert_near(cb_sharpe_expected_best(variance, 1), 0, 0);
}

/* Copies of one trial are one trial; independent ones are as many as they are. */
static void correlated_trials_count_for_fewer(void **state)
{
    (void)state;
    enum { T = 4000, K = 20 };
    static double returns[T * K];
    static double scratch[T + 2 * K];
    cb_prng prng = cb_random_stream(31, 0);
    for (size_t i = 0; i < T; i++) {
        const double shared = cb_random_normal(&prng);
        for (size_t k = 0; k < K; k++) {
            returns[i * K + k] =
                k == 0 ? 0 : sqrt(0.6) * shared + sqrt(0.4) * cb_random_normal(&prng);
        }
    }
    assert_near(cb_sharpe_mean_correlation(returns, T, K, scratch), 0.6, 0.02);
    assert_near(cb_sharpe_independent_trials(100, 0.6), 40.6, 1e-12);
    assert_near(cb_sharpe_independent_trials(100, 1), 1, 1e-12);
    assert_near(cb_sharpe_independent_trials(100, -0.2), 100, 1e-12);
}

static void a_constant_series_proves_nothing(void **state)
{
    (void)state;
    const double same[] = {0.01, 0.01, 0.01};
    double out = 0;
    const cb_sharpe_moments moments = cb_sharpe_moments_of(same, 3);
    assert_false(cb_sharpe_probabilistic(&moments, 0, &out));
    assert_false(cb_sharpe_record_min(&moments, 0, 0.95, &out));
}

/* ---- families of trials ---- */

typedef struct family {
    double returns[PERIODS * TRIALS];
    double market[PERIODS];
    double price[PERIODS];     /* logarithm */
    double positions[PERIODS]; /* of the best trial */
    double column[PERIODS];
    double best_psr;
    double best_dsr;
    double independent; /* trials that the family is worth */
    size_t best;
} family;

static family fam;

/* A market without memory, or one whose drift may turn every 60 periods. */
static void make_market(cb_prng *prng, double drift)
{
    double sign = 1;
    for (size_t i = 0; i < PERIODS; i++) {
        sign = i % 60 == 0 ? (cb_prng_below(prng, 2) == 0 ? 1 : -1) : sign;
        fam.market[i] = 0.01 * (cb_random_normal(prng) + drift * sign);
        fam.price[i] = (i > 0 ? fam.price[i - 1] : 0) + fam.market[i];
    }
}

/* Trial k is long or short by whether a fast mean of past prices is above a slow one; only the past
 * counts. */
static double position_of(size_t trial, size_t at)
{
    const size_t fast = 2 + trial % 10 * 2;
    const size_t slow = fast + 5 + trial / 10 * 10;
    double fast_sum = 0;
    double slow_sum = 0;
    if (at < slow) {
        return 0;
    }
    for (size_t i = at - slow; i < at; i++) {
        slow_sum += fam.price[i];
        fast_sum += i + fast >= at ? fam.price[i] : 0;
    }
    return fast_sum / (double)fast > slow_sum / (double)slow ? 1 : -1;
}

static void take_column(size_t trial)
{
    for (size_t i = 0; i < PERIODS; i++) {
        fam.column[i] = fam.returns[i * TRIALS + trial];
    }
}

/* The best trial by its Sharpe ratio, as a search would choose it, and how far it can be believed.
 */
static void choose_best(void)
{
    double sharpes[TRIALS];
    fam.best = 0;
    for (size_t k = 0; k < TRIALS; k++) {
        take_column(k);
        sharpes[k] = cb_sharpe_moments_of(fam.column, PERIODS).sharpe;
        fam.best = sharpes[k] > sharpes[fam.best] ? k : fam.best;
    }
    static double scratch[PERIODS + 2 * TRIALS];
    const double deviation = cb_series_deviation(sharpes, TRIALS, 1);
    fam.independent = cb_sharpe_independent_trials(
        TRIALS, cb_sharpe_mean_correlation(fam.returns, PERIODS, TRIALS, scratch));
    take_column(fam.best);
    const cb_sharpe_moments moments = cb_sharpe_moments_of(fam.column, PERIODS);
    assert_true(cb_sharpe_probabilistic(&moments, 0, &fam.best_psr));
    assert_true(
        cb_sharpe_deflated(&moments, deviation * deviation, fam.independent, &fam.best_dsr));
}

static void make_crossings(uint64_t seed, double drift)
{
    cb_prng prng = cb_random_stream(seed, 1);
    make_market(&prng, drift);
    for (size_t k = 0; k < TRIALS; k++) {
        for (size_t i = 0; i < PERIODS; i++) {
            fam.returns[i * TRIALS + k] = position_of(k, i) * fam.market[i];
        }
    }
    choose_best();
    for (size_t i = 0; i < PERIODS; i++) {
        fam.positions[i] = position_of(fam.best, i);
    }
}

static void make_noise(uint64_t seed)
{
    cb_prng prng = cb_random_stream(seed, 2);
    for (size_t i = 0; i < (size_t)PERIODS * TRIALS; i++) {
        fam.returns[i] = 0.01 * cb_random_normal(&prng);
    }
    choose_best();
}

static cb_cscv_result cscv_of(uint32_t blocks, double *logits)
{
    static double scratch[TRIALS * 64];
    const cb_cscv_input input = {.returns = fam.returns,
        .periods = PERIODS,
        .trials = TRIALS,
        .blocks = blocks,
        .scratch = scratch,
        .logits = logits};
    cb_cscv_result result;
    assert_true(cb_cscv_scratch(TRIALS, blocks) <= sizeof(scratch) / sizeof(scratch[0]));
    assert_true(cb_cscv(&input, &result));
    return result;
}

static double reality_of(uint64_t seed, uint32_t draws)
{
    static double scratch[2 * TRIALS];
    static uint32_t indices[PERIODS];
    const cb_reality_input input = {.excess = fam.returns,
        .periods = PERIODS,
        .trials = TRIALS,
        .block_mean = 5,
        .draws = draws,
        .seed = seed,
        .scratch = scratch,
        .indices = indices};
    cb_reality_result result;
    assert_true(cb_reality_check(&input, &result));
    return result.p_value;
}

static double permutation_of(uint64_t seed)
{
    static uint32_t indices[PERIODS];
    const cb_permutation_input input = {.positions = fam.positions,
        .returns = fam.market,
        .count = PERIODS,
        .block = 1,
        .draws = 200,
        .seed = seed,
        .indices = indices};
    double p_value = 0;
    assert_true(cb_permutation_test(&input, &p_value));
    return p_value;
}

/* ---- error rates ---- */

/* Pure noise: the best of sixty looks proven by itself (that is the trap), and by nothing that
 * knows of the other fifty-nine. */
static void noise_does_not_pass(void **state)
{
    (void)state;
    unsigned fooled = 0;
    unsigned deflated = 0;
    unsigned reality = 0;
    double overfitting = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        make_noise(seed);
        fooled += fam.best_psr > 0.95;
        deflated += fam.best_dsr > 0.95;
        reality += reality_of(seed, 100) < 0.05;
        overfitting += cscv_of(8, NULL).overfitting / SEEDS;
    }
    assert_true(fooled >= 95);
    assert_true(deflated <= 5);
    assert_true(reality <= 10); /* five are expected */
    assert_true(overfitting > 0.4 && overfitting < 0.6);
}

/* Sixty moving-average pairs fitted to a random walk: a deliberately overfitted choice. */
static void an_overfitted_family_is_caught(void **state)
{
    (void)state;
    unsigned tempting = 0;
    unsigned passed_all = 0;
    unsigned deflated = 0;
    unsigned reality = 0;
    double overfitting = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        make_crossings(seed, 0);
        const bool is_deflated = fam.best_dsr > 0.95;
        const bool is_real = reality_of(seed, 100) < 0.05;
        const double pbo = cscv_of(8, NULL).overfitting;
        tempting += fam.best_psr > 0.9;
        deflated += is_deflated;
        reality += is_real;
        passed_all += is_deflated && is_real && pbo < 0.2;
        overfitting += pbo / SEEDS;
    }
    assert_true(tempting >= 50);
    assert_true(deflated <= 5);
    assert_true(reality <= 12);
    assert_true(passed_all <= 2);
    assert_true(overfitting > 0.35);
}

static void a_planted_edge_is_found(void **state)
{
    (void)state;
    unsigned deflated = 0;
    unsigned reality = 0;
    unsigned timing = 0;
    double overfitting = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        make_crossings(seed, 0.6);
        deflated += fam.best_dsr > 0.95;
        reality += reality_of(seed, 100) < 0.05;
        timing += permutation_of(seed) < 0.05;
        overfitting += cscv_of(8, NULL).overfitting / SEEDS;
    }
    assert_true(deflated >= 95);
    assert_true(reality >= 95);
    assert_true(timing >= 95);
    assert_true(overfitting < 0.2);
}

/* A rule that was not chosen: each test is wrong as often as it says, five times in a hundred. */
static void error_rates_are_as_stated(void **state)
{
    (void)state;
    unsigned psr = 0;
    unsigned timing = 0;
    const unsigned rounds = 1000;
    for (uint64_t seed = 0; seed < rounds; seed++) {
        cb_prng prng = cb_random_stream(seed, 3);
        double p = 0;
        for (size_t i = 0; i < 100; i++) {
            fam.market[i] = 0.01 * cb_random_normal(&prng);
            fam.positions[i] = cb_prng_below(&prng, 2) == 0 ? 1 : 0;
        }
        const cb_sharpe_moments moments = cb_sharpe_moments_of(fam.market, 100);
        assert_true(cb_sharpe_probabilistic(&moments, 0, &p));
        psr += p > 0.95;
        uint32_t indices[100];
        const cb_permutation_input input = {.positions = fam.positions,
            .returns = fam.market,
            .count = 100,
            .block = 1,
            .draws = 99,
            .seed = seed,
            .indices = indices};
        assert_true(cb_permutation_test(&input, &p));
        timing += p <= 0.05;
    }
    /* 50 expected, deviation 7 */
    assert_true(psr > 29 && psr < 71);
    assert_true(timing > 29 && timing < 71);
}

/* Being long in a rising market is no timing. */
static void a_rising_market_proves_no_timing(void **state)
{
    (void)state;
    unsigned found = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        cb_prng prng = cb_random_stream(seed, 4);
        for (size_t i = 0; i < PERIODS; i++) {
            fam.market[i] = 0.01 * (cb_random_normal(&prng) + 0.3);
            fam.positions[i] = cb_prng_below(&prng, 10) < 9 ? 1 : 0;
        }
        found += permutation_of(seed) < 0.05;
    }
    assert_true(found <= 12);
    for (size_t i = 0; i < PERIODS; i++) {
        fam.positions[i] = 1;
    }
    assert_near(permutation_of(1), 1, 0); /* every order earns the same */
}

/* ---- slow, direct ---- */

/* Sharpe ratio of a trial over the blocks in mask, from its returns. */
static double slow_sharpe(size_t trial, uint32_t mask, uint32_t blocks)
{
    const size_t size = PERIODS / blocks;
    size_t count = 0;
    for (size_t i = 0; i < size * blocks; i++) {
        if ((mask >> (i / size) & 1) != 0) {
            fam.column[count++] = fam.returns[(PERIODS - size * blocks + i) * TRIALS + trial];
        }
    }
    return cb_sharpe_moments_of(fam.column, count).sharpe;
}

static double slow_logit(uint32_t mask, uint32_t blocks)
{
    const uint32_t all = (1U << blocks) - 1;
    size_t best = 0;
    double best_inside = slow_sharpe(0, mask, blocks);
    for (size_t k = 1; k < TRIALS; k++) {
        const double inside = slow_sharpe(k, mask, blocks);
        if (inside > best_inside) {
            best_inside = inside;
            best = k;
        }
    }
    const double own = slow_sharpe(best, all & ~mask, blocks);
    double rank = 1;
    for (size_t k = 0; k < TRIALS; k++) {
        rank += k != best && slow_sharpe(k, all & ~mask, blocks) < own;
    }
    const double share = rank / (TRIALS + 1);
    return log(share / (1 - share));
}

static void cscv_equals_its_definition(void **state)
{
    (void)state;
    static double logits[256];
    const uint32_t block_counts[] = {2, 4, 7 + 1};
    for (unsigned b = 0; b < 3; b++) {
        const uint32_t blocks = block_counts[b];
        unsigned at = 0;
        unsigned worse = 0;
        make_crossings(70 + b, 0.2);
        const cb_cscv_result result = cscv_of(blocks, logits);
        for (uint32_t mask = 0; mask < 1U << blocks; mask++) {
            if ((uint32_t)__builtin_popcount(mask) != blocks / 2) {
                continue;
            }
            const double wanted = slow_logit(mask, blocks);
            worse += wanted <= 0;
            assert_near(logits[at++], wanted, 1e-9);
        }
        assert_int_equal(at, result.combinations);
        assert_near(result.overfitting, (double)worse / at, 1e-12);
    }
    assert_true(cb_cscv_combinations(16) == 12870);
}

static void cscv_refuses_what_it_cannot_cut(void **state)
{
    (void)state;
    double scratch[100];
    cb_cscv_result result;
    cb_cscv_input input = {
        .returns = fam.returns, .periods = 10, .trials = 2, .blocks = 4, .scratch = scratch};
    assert_true(cb_cscv(&input, &result));
    input.blocks = 5;
    assert_false(cb_cscv(&input, &result));
    input.blocks = 6;
    assert_false(cb_cscv(&input, &result)); /* one period a block */
    input.blocks = 22;
    assert_false(cb_cscv(&input, &result));
    input.blocks = 4;
    input.trials = 1;
    assert_false(cb_cscv(&input, &result));
}

/* White's statistic by hand, with the same draws. */
static void reality_check_equals_its_definition(void **state)
{
    (void)state;
    enum { T = 40, K = 3, DRAWS = 50 };
    double excess[T * K];
    double scratch[2 * K];
    uint32_t indices[T];
    cb_prng prng = cb_random_stream(12, 0);
    for (size_t i = 0; i < (size_t)T * K; i++) {
        excess[i] = cb_random_normal(&prng) + (i % K == 1 ? 0.2 : 0);
    }
    const cb_reality_input input = {.excess = excess,
        .periods = T,
        .trials = K,
        .block_mean = 4,
        .draws = DRAWS,
        .seed = 5,
        .scratch = scratch,
        .indices = indices};
    cb_reality_result result;
    assert_true(cb_reality_check(&input, &result));
    double column[T];
    double means[K];
    double statistic = -1e9;
    for (size_t k = 0; k < K; k++) {
        for (size_t i = 0; i < T; i++) {
            column[i] = excess[i * K + k];
        }
        means[k] = cb_series_mean(column, T);
        statistic = fmax(statistic, sqrt(T) * means[k]);
    }
    unsigned larger = 0;
    for (uint32_t d = 0; d < DRAWS; d++) {
        cb_prng stream = cb_random_stream(5, d);
        double best = -1e9;
        cb_resample_blocks(&stream, 4, indices, T);
        for (size_t k = 0; k < K; k++) {
            for (size_t i = 0; i < T; i++) {
                column[i] = excess[(size_t)indices[i] * K + k];
            }
            best = fmax(best, sqrt(T) * (cb_series_mean(column, T) - means[k]));
        }
        larger += best >= statistic;
    }
    assert_near(result.statistic, statistic, 1e-12);
    assert_near(result.p_value, (1.0 + larger) / (1.0 + DRAWS), 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probabilistic_sharpe_of_the_published_example),
        cmocka_unit_test(record_lengths_of_the_published_example),
        cmocka_unit_test(deflated_sharpe_of_the_published_example),
        cmocka_unit_test(correlated_trials_count_for_fewer),
        cmocka_unit_test(a_constant_series_proves_nothing),
        cmocka_unit_test(noise_does_not_pass),
        cmocka_unit_test(an_overfitted_family_is_caught),
        cmocka_unit_test(a_planted_edge_is_found),
        cmocka_unit_test(error_rates_are_as_stated),
        cmocka_unit_test(a_rising_market_proves_no_timing),
        cmocka_unit_test(cscv_equals_its_definition),
        cmocka_unit_test(cscv_refuses_what_it_cannot_cut),
        cmocka_unit_test(reality_check_equals_its_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
