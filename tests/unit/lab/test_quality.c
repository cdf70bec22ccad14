/* Our samplers against Optuna's on functions whose minima are known: best value after as many
 * trials, over as many seeds (tests/fixtures/lab/optuna.json, made by tests/perf/optuna_oracle.py).
 * "Not worse" is a one-sided Mann-Whitney test at one percent. Seeds are fixed, so a run is like
 * any other. LAB_TABLE=1 prints the table of docs/testing/lab.md. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "functions.h"
#include "services/lab/core/search/pareto.h"
#include "stats/normal.h"
#include "stats/series.h"

#define FIXTURE "tests/fixtures/lab/optuna.json"
#define SEEDS_MAX 100
#define IGD_POINTS 500
#define WORSE 0.01

typedef struct sample {
    double values[SEEDS_MAX];
    size_t count;
} sample;

static json_t *fixture;

static int load(void **state)
{
    (void)state;
    json_error_t error;
    fixture = json_load_file(FIXTURE, 0, &error);
    return fixture == NULL;
}

static int unload(void **state)
{
    (void)state;
    json_decref(fixture);
    return 0;
}

static sample sample_of(const json_t *list)
{
    sample out = {.count = json_array_size(list)};
    assert_true(out.count >= 20 && out.count <= SEEDS_MAX);
    for (size_t i = 0; i < out.count; i++) {
        out.values[i] = json_number_value(json_array_get(list, i));
    }
    return out;
}

static double median(sample of)
{
    cb_series_sort(of.values, of.count);
    return cb_series_quantile(of.values, of.count, 0.5);
}

/* Probability of ours being this large, or larger, when both are alike (normal approximation). */
static double mann_whitney(const sample *ours, const sample *theirs)
{
    double larger = 0;
    for (size_t i = 0; i < ours->count; i++) {
        for (size_t k = 0; k < theirs->count; k++) {
            const double gap = ours->values[i] - theirs->values[k];
            larger += gap > 0 ? 1 : (gap < 0 ? 0 : 0.5);
        }
    }
    const double n = (double)ours->count;
    const double m = (double)theirs->count;
    return cb_normal_below((n * m / 2 - larger) / sqrt(n * m * (n + m + 1) / 12));
}

/* ---- runs ---- */

static search_study begin(const search_config *config, void **block)
{
    search_study study;
    cb_err err = {0};
    const size_t size = search_size(config);
    *block = aligned_alloc(64, (size + 63) / 64 * 64);
    assert_non_null(*block);
    assert_int_equal(search_begin(&study, config, *block, size, &err), CB_OK);
    return study;
}

static void run(search_study *study, const known_function *function, uint64_t trials)
{
    cb_err err = {0};
    search_trial trial;
    double objectives[SEARCH_OBJECTIVES_MAX];
    for (uint64_t i = 0; i < trials; i++) {
        assert_int_equal(search_ask(study, &trial, &err), CB_OK);
        function->compute(trial.values, trial.dims, objectives);
        assert_int_equal(
            search_tell(study, trial.number, SEARCH_COMPLETE, objectives, &err), CB_OK);
    }
}

static double best_of(
    const known_function *function, const char *sampler, uint64_t trials, uint64_t seed)
{
    void *block = NULL;
    uint64_t number = 0;
    search_trial trial;
    double best = 0;
    const search_config config = config_for(function, sampler, trials, seed);
    search_study study = begin(&config, &block);
    run(&study, function, trials);
    assert_true(search_best(&study, &number));
    assert_int_equal(search_look(&study, number, &trial, &best), SEARCH_COMPLETE);
    free(block);
    return best;
}

/* Distance of the true front's points to the nearest found one, on average. */
static double igd(
    const double *found, size_t count, const double *front, size_t points, uint32_t width)
{
    double sum = 0;
    for (size_t i = 0; i < points; i++) {
        double nearest = (double)INFINITY;
        for (size_t k = 0; k < count; k++) {
            double square = 0;
            for (uint32_t d = 0; d < width; d++) {
                const double gap = front[i * width + d] - found[k * width + d];
                square += gap * gap;
            }
            nearest = fmin(nearest, square);
        }
        sum += sqrt(nearest);
    }
    return sum / (double)points;
}

static size_t sphere_front(double *front)
{
    const uint32_t side = 22;
    size_t count = 0;
    for (uint32_t i = 0; i < side; i++) {
        for (uint32_t k = 0; k < side; k++) {
            const double a = (i + 0.5) / side * PI / 2;
            const double b = (k + 0.5) / side * PI / 2;
            front[3 * count] = cos(a) * cos(b);
            front[3 * count + 1] = cos(a) * sin(b);
            front[3 * count++ + 2] = sin(a);
        }
    }
    return count;
}

static size_t true_front(const char *name, double *front)
{
    if (strcmp(name, "dtlz2") == 0) {
        return sphere_front(front);
    }
    size_t count = 0;
    double lowest = (double)INFINITY;
    for (uint32_t i = 0; i < IGD_POINTS; i++) {
        const double f = (i + 0.5) / IGD_POINTS;
        const double wave = strcmp(name, "zdt3") == 0 ? f * sin(10 * PI * f) : 0;
        const double g = strcmp(name, "zdt2") == 0 ? 1 - f * f : 1 - sqrt(f) - wave;
        if (g <= lowest) {
            lowest = g;
            front[2 * count] = f;
            front[2 * count++ + 1] = g;
        }
    }
    return count;
}

/* Minus the hypervolume (so that less is better here too), and the IGD. */
static void front_of(const known_function *function,
    uint64_t trials,
    uint64_t seed,
    double *volume,
    double *distance)
{
    static double found[3000 * 3];
    static double scratch[3000 * 4];
    static double front[IGD_POINTS * 3];
    static uint64_t numbers[3000];
    const double wide[2] = {11, 11};
    const double cube[3] = {2, 2, 2};
    void *block = NULL;
    search_trial trial;
    const uint32_t width = function->objectives;
    const search_config config = config_for(function, "nsga2", trials, seed);
    search_study study = begin(&config, &block);
    assert_true(trials <= 3000);
    run(&study, function, trials);
    const size_t count = search_front(&study, numbers, 3000);
    for (size_t i = 0; i < count; i++) {
        (void)search_look(&study, numbers[i], &trial, found + i * width);
    }
    *volume = -search_hypervolume(found, count, width, width == 2 ? wide : cube, scratch);
    *distance = igd(found, count, front, true_front(function->name, front), width);
    free(block);
}

/* ---- comparisons ---- */

static void compare(const char *name, const char *what, const sample *ours, const sample *theirs)
{
    const double chance = mann_whitney(ours, theirs);
    const double better = mann_whitney(theirs, ours);
    if (getenv("LAB_TABLE") != NULL) {
        printf("| %s | %s | %.5g | %.5g | %.2g |%s |\n",
            name,
            what,
            median(*ours),
            median(*theirs),
            chance,
            better < WORSE ? " better" : "");
    }
    if (chance < WORSE) {
        fail_msg("%s %s: median %.6g, Optuna's %.6g, p = %.2g",
            name,
            what,
            median(*ours),
            median(*theirs),
            chance);
    }
}

static void hold_single(const char *sampler)
{
    const uint64_t trials = (uint64_t)json_integer_value(json_object_get(fixture, "trials"));
    for (size_t i = 0; i < KNOWN_SINGLE; i++) {
        const known_function *function = &known_functions[i];
        const json_t *single = json_object_get(json_object_get(fixture, "single"), function->name);
        const sample theirs = sample_of(json_object_get(single, sampler));
        sample ours = {.count = theirs.count};
        for (size_t seed = 0; seed < ours.count; seed++) {
            ours.values[seed] = best_of(function, sampler, trials, seed);
        }
        compare(function->name, sampler, &ours, &theirs);
    }
}

static void random_is_as_good_as_optunas(void **state)
{
    (void)state;
    hold_single("random");
}

static void tpe_is_as_good_as_optunas(void **state)
{
    (void)state;
    hold_single("tpe");
}

static void multivariate_tpe_is_as_good_as_optunas(void **state)
{
    (void)state;
    hold_single("tpe_multivariate");
}

static void cma_es_is_as_good_as_optunas(void **state)
{
    (void)state;
    hold_single("cma_es");
}

static void nsga2_is_as_good_as_optunas(void **state)
{
    (void)state;
    const uint64_t trials = (uint64_t)json_integer_value(json_object_get(fixture, "multi_trials"));
    for (size_t i = KNOWN_SINGLE; i < KNOWN_ALL; i++) {
        const known_function *function = &known_functions[i];
        const json_t *multi = json_object_get(json_object_get(fixture, "multi"), function->name);
        sample volumes = sample_of(json_object_get(multi, "hypervolume"));
        const sample distances = sample_of(json_object_get(multi, "igd"));
        sample our_volumes = {.count = volumes.count};
        sample our_distances = {.count = volumes.count};
        for (size_t seed = 0; seed < volumes.count; seed++) {
            volumes.values[seed] = -volumes.values[seed];
            front_of(
                function, trials, seed, &our_volumes.values[seed], &our_distances.values[seed]);
        }
        compare(function->name, "nsga2, -hypervolume", &our_volumes, &volumes);
        compare(function->name, "nsga2, IGD", &our_distances, &distances);
    }
}

/* Eight trials are always under way: each is told when seven more have been asked for. */
static double best_of_eight_workers(
    const known_function *function, const char *sampler, uint64_t seed)
{
    enum { WORKERS = 8, ROUNDS = 200 };
    cb_err err = {0};
    void *block = NULL;
    uint64_t number = 0;
    double best = 0;
    search_trial running[WORKERS];
    search_trial seen;
    const search_config config = config_for(function, sampler, ROUNDS + WORKERS, seed);
    search_study study = begin(&config, &block);
    for (size_t i = 0; i < ROUNDS + WORKERS; i++) {
        search_trial *slot = &running[i % WORKERS];
        if (i >= WORKERS) {
            double objective = 0;
            function->compute(slot->values, slot->dims, &objective);
            assert_int_equal(
                search_tell(&study, slot->number, SEARCH_COMPLETE, &objective, &err), CB_OK);
        }
        assert_int_equal(search_ask(&study, slot, &err), CB_OK);
    }
    assert_true(search_best(&study, &number));
    assert_int_equal(search_look(&study, number, &seen, &best), SEARCH_COMPLETE);
    free(block);
    return best;
}

/* With eight workers at once a search must still be a search: far better than random draws. */
static void many_workers_still_learn(void **state)
{
    (void)state;
    const char *const names[] = {"tpe", "tpe_multivariate", "cma_es"};
    sample random = {.count = 20};
    for (uint64_t seed = 0; seed < random.count; seed++) {
        random.values[seed] = best_of(&known_functions[0], "random", 200, seed);
    }
    for (size_t n = 0; n < 3; n++) {
        sample ours = {.count = random.count};
        for (uint64_t seed = 0; seed < ours.count; seed++) {
            ours.values[seed] = best_of_eight_workers(&known_functions[0], names[n], seed);
        }
        if (!(median(ours) < median(random) / 5)) {
            fail_msg("%s: %g beside %g", names[n], median(ours), median(random));
        }
    }
}

/* The minima themselves, so that a mistake in a function on both sides would show. */
static void functions_have_their_known_minima(void **state)
{
    (void)state;
    const double zero[5] = {0};
    const double one[5] = {1, 1, 1, 1, 1};
    const double dip[2] = {PI, 2.275 - 5};
    const double hart[6] = {0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573};
    double out = 1;
    sphere(zero, 5, &out);
    assert_true(fabs(out) < 1e-12);
    rosenbrock(one, 5, &out);
    assert_true(fabs(out) < 1e-12);
    rastrigin(zero, 5, &out);
    assert_true(fabs(out) < 1e-12);
    branin(dip, 2, &out);
    assert_true(fabs(out - 0.397887) < 1e-6);
    hartmann6(hart, 6, &out);
    assert_true(fabs(out + 3.32237) < 1e-5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_have_their_known_minima),
        cmocka_unit_test(random_is_as_good_as_optunas),
        cmocka_unit_test(tpe_is_as_good_as_optunas),
        cmocka_unit_test(multivariate_tpe_is_as_good_as_optunas),
        cmocka_unit_test(cma_es_is_as_good_as_optunas),
        cmocka_unit_test(nsga2_is_as_good_as_optunas),
        cmocka_unit_test(many_workers_still_learn),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
