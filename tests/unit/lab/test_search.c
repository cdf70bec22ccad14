/* Studies: what every sampler must keep to (bounds, seeds, bytes, workers that die), and what some
 * of them promise besides (grid, Sobol, pruners, choices). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "functions.h"
#include "services/lab/core/sampler.h"
#include "services/lab/core/search/eigen.h"
#include "services/lab/core/search/pareto.h"
#include "services/lab/core/search/parzen.h"
#include "stats/normal.h"
#include "stats/series.h"

#define TRIALS 150

typedef struct rig {
    search_study study;
    void *block;
} rig;

static rig begin(const search_config *config)
{
    rig r = {0};
    cb_err err = {0};
    const size_t size = search_size(config);
    r.block = malloc(size);
    assert_non_null(r.block);
    memset(r.block, 0xa5, size); /* nothing of what was there may show */
    if (search_begin(&r.study, config, r.block, size, &err) != CB_OK) {
        fail_msg("%s", err.text);
    }
    return r;
}

static void end(rig *r)
{
    free(r->block);
    r->block = NULL;
}

/* One of each kind: a float, a logarithm, steps, whole numbers, choices, and two that depend on
 * them. */
static search_config mixed(const char *sampler, uint64_t seed)
{
    search_config config = {.trials_max = TRIALS, .seed = seed};
    config.space.count = 7;
    config.space.dims[0] = search_float(-5, 5);
    config.space.dims[1] = search_log(1e-4, 10);
    config.space.dims[2] = search_float(0, 1);
    config.space.dims[2].step = 0.1;
    config.space.dims[3] = search_int(2, 50, 3);
    config.space.dims[4] = search_choice(3);
    config.space.dims[5] = search_int(1, 1000, 1);
    config.space.dims[5].is_log = 1;
    config.space.dims[5].parent_plus_one = 5;
    config.space.dims[5].parent_choice = 1;
    config.space.dims[6] = search_float(1, 2);
    config.space.dims[6].parent_plus_one = 5;
    config.space.dims[6].parent_choice = 2;
    (void)strncpy(config.sampler, sampler, SEARCH_NAME_MAX - 1);
    search_config_defaults(&config);
    return config;
}

static double judge(const search_trial *trial)
{
    const double *v = trial->values;
    double sum =
        (v[0] - 1) * (v[0] - 1) + fabs(log(v[1])) + fabs(v[2] - 0.3) + fabs(v[3] - 20) / 10;
    sum += (trial->active >> 5 & 1) != 0 ? fabs(v[5] - 30) / 100 : 1;
    sum += (trial->active >> 6 & 1) != 0 ? v[6] : 0;
    return sum;
}

static search_trial ask(rig *r)
{
    cb_err err = {0};
    search_trial trial;
    if (search_ask(&r->study, &trial, &err) != CB_OK) {
        fail_msg("%s", err.text);
    }
    return trial;
}

static void tell(rig *r, const search_trial *trial)
{
    cb_err err = {0};
    const double objective = judge(trial);
    assert_int_equal(
        search_tell(&r->study, trial->number, SEARCH_COMPLETE, &objective, &err), CB_OK);
}

typedef void (*for_sampler)(const char *name);

static void for_all(for_sampler test)
{
    assert_true(search_samplers_count() >= 7);
    assert_null(search_sampler_at(search_samplers_count()));
    for (uint32_t i = 0; i < search_samplers_count(); i++) {
        test(search_sampler_name(search_sampler_at(i)));
    }
}

/* ---- what every sampler keeps to ---- */

static void keeps_to_the_space(const char *name)
{
    const search_config config = mixed(name, 3);
    rig r = begin(&config);
    for (unsigned i = 0; i < TRIALS; i++) {
        const search_trial trial = ask(&r);
        assert_int_equal(trial.number, i);
        for (uint32_t d = 0; d < config.space.count; d++) {
            if (!search_accepts(&config.space.dims[d], trial.values[d])) {
                fail_msg("%s: trial %u: value %u is %.17g", name, i, d, trial.values[d]);
            }
        }
        const unsigned choice = (unsigned)(trial.values[4] + 0.5);
        assert_int_equal(trial.active, 0x1f | (choice == 1) << 5 | (choice == 2) << 6);
        tell(&r, &trial);
    }
    cb_err err = {0};
    search_trial trial;
    assert_int_equal(search_ask(&r.study, &trial, &err), CB_E_FULL);
    assert_int_equal(search_count_in(&r.study, SEARCH_COMPLETE), TRIALS);
    end(&r);
}

static void samplers_keep_to_the_space(void **state)
{
    (void)state;
    for_all(keeps_to_the_space);
}

static void repeats(const char *name)
{
    const search_config config = mixed(name, 11);
    const search_config other = mixed(name, 12);
    rig one = begin(&config);
    rig two = begin(&config);
    rig three = begin(&other);
    unsigned same = 0;
    for (unsigned i = 0; i < TRIALS; i++) {
        const search_trial a = ask(&one);
        const search_trial b = ask(&two);
        const search_trial c = ask(&three);
        assert_memory_equal(&a.values, &b.values, sizeof(double) * a.dims);
        same += memcmp(a.values, c.values, sizeof(double) * a.dims) == 0;
        tell(&one, &a);
        tell(&two, &b);
        tell(&three, &c);
    }
    assert_true(strcmp(name, "grid") == 0 ? same == TRIALS : same < 3);
    end(&one);
    end(&two);
    end(&three);
}

static void the_same_seed_gives_the_same_study(void **state)
{
    (void)state;
    for_all(repeats);
}

/* Several workers: eight trials are always under way, told in another order; some workers die. */
typedef struct crowd {
    search_trial running[8];
    cb_prng prng;
} crowd;

static void crowd_step(rig *r, crowd *c)
{
    cb_err err = {0};
    const size_t at = (size_t)cb_prng_below(&c->prng, 8);
    const search_trial done = c->running[at];
    if (cb_prng_below(&c->prng, 10) == 0) {
        assert_int_equal(search_tell(&r->study, done.number, SEARCH_FAILED, NULL, &err), CB_OK);
    } else {
        tell(r, &done);
    }
    c->running[at] = ask(r);
}

static rig copy_of(const rig *from)
{
    cb_err err = {0};
    search_config config;
    rig copy = {0};
    const size_t size = search_saved_size(&from->study);
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    search_save(&from->study, bytes);
    assert_int_equal(search_saved_config(bytes, size, &config, &err), CB_OK);
    copy.block = malloc(search_size(&config));
    assert_non_null(copy.block);
    memset(copy.block, 0x5a, search_size(&config));
    assert_int_equal(
        search_load(&copy.study, bytes, size, copy.block, search_size(&config), &err), CB_OK);
    free(bytes);
    return copy;
}

static void goes_on_after_loading(const char *name)
{
    const search_config config = mixed(name, 21);
    rig r = begin(&config);
    crowd c = {.prng = cb_random_stream(4, 4)};
    for (unsigned i = 0; i < 8; i++) {
        c.running[i] = ask(&r);
    }
    for (unsigned i = 0; i < 70; i++) {
        crowd_step(&r, &c);
    }
    rig loaded = copy_of(&r);
    crowd same = c;
    for (unsigned i = 0; i < 60; i++) {
        crowd_step(&r, &c);
        crowd_step(&loaded, &same);
        assert_memory_equal(&c.running, &same.running, sizeof(c.running));
    }
    const size_t size = search_saved_size(&r.study);
    uint8_t *left = malloc(size);
    uint8_t *right = malloc(size);
    assert_true(left != NULL && right != NULL);
    assert_int_equal(search_saved_size(&loaded.study), size);
    search_save(&r.study, left);
    search_save(&loaded.study, right);
    assert_memory_equal(left, right, size);
    free(left);
    free(right);
    end(&r);
    end(&loaded);
}

static void a_loaded_study_goes_on_as_the_saved_one_would(void **state)
{
    (void)state;
    for_all(goes_on_after_loading);
}

static void altered_bytes_are_refused(void **state)
{
    (void)state;
    cb_err err = {0};
    search_config config = mixed("tpe", 1);
    rig r = begin(&config);
    for (unsigned i = 0; i < 20; i++) {
        const search_trial trial = ask(&r);
        tell(&r, &trial);
    }
    const size_t size = search_saved_size(&r.study);
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    search_save(&r.study, bytes);
    cb_prng prng = cb_random_stream(9, 9);
    for (unsigned i = 0; i < 2000; i++) {
        const size_t at = (size_t)cb_prng_below(&prng, size);
        const uint8_t flip = (uint8_t)(1 << cb_prng_below(&prng, 8));
        bytes[at] ^= flip;
        assert_int_equal(search_saved_config(bytes, size, &config, &err), CB_E_CORRUPT);
        bytes[at] ^= flip;
    }
    for (size_t cut = 0; cut < size; cut += 97) {
        assert_int_equal(search_saved_config(bytes, cut, &config, &err), CB_E_CORRUPT);
    }
    assert_int_equal(search_saved_config(bytes, size, &config, &err), CB_OK);
    free(bytes);
    end(&r);
}

/* A worker that asks while others are at work must not be sent to where they are. */
static void workers_are_not_sent_to_one_place(void **state)
{
    (void)state;
    const char *const names[] = {"tpe", "tpe_multivariate"};
    for (unsigned n = 0; n < 2; n++) {
        const search_config config = config_for(&known_functions[0], names[n], 200, 5);
        rig r = begin(&config);
        cb_err err = {0};
        search_trial trial;
        double value = 0;
        for (unsigned i = 0; i < 60; i++) {
            trial = ask(&r);
            sphere(trial.values, trial.dims, &value);
            assert_int_equal(
                search_tell(&r.study, trial.number, SEARCH_COMPLETE, &value, &err), CB_OK);
        }
        search_trial asked[16];
        for (unsigned i = 0; i < 16; i++) {
            asked[i] = ask(&r);
            for (unsigned k = 0; k < i; k++) {
                assert_memory_not_equal(asked[i].values, asked[k].values, sizeof(double) * 5);
            }
        }
        assert_int_equal(search_count_in(&r.study, SEARCH_RUNNING), 16);
        end(&r);
    }
}

/* ---- telling ---- */

static void a_trial_is_told_once(void **state)
{
    (void)state;
    const search_config config = mixed("random", 1);
    rig r = begin(&config);
    cb_err err = {0};
    uint64_t best = 0;
    const search_trial trial = ask(&r);
    const double nothing = (double)NAN;
    const double value = 4;
    const double better = 1;
    assert_false(search_best(&r.study, &best));
    assert_int_equal(search_tell(&r.study, 7, SEARCH_COMPLETE, &value, &err), CB_E_NOT_FOUND);
    assert_int_equal(search_tell(&r.study, 0, SEARCH_COMPLETE, &nothing, &err), CB_E_RANGE);
    assert_int_equal(search_tell(&r.study, 0, SEARCH_COMPLETE, &value, &err), CB_OK);
    assert_int_equal(search_tell(&r.study, 0, SEARCH_COMPLETE, &better, &err), CB_E_EXISTS);
    assert_int_equal(search_tell(&r.study, 0, SEARCH_FAILED, NULL, &err), CB_E_EXISTS);
    double kept = 0;
    search_trial seen;
    assert_int_equal(search_look(&r.study, 0, &seen, &kept), SEARCH_COMPLETE);
    assert_true(fabs(kept - 4) <= 0);
    assert_memory_equal(seen.values, trial.values, sizeof(double) * trial.dims);
    end(&r);
}

static void maximising_turns_the_order(void **state)
{
    (void)state;
    search_config config = mixed("random", 1);
    config.maximise = 1;
    rig r = begin(&config);
    cb_err err = {0};
    uint64_t best = 9;
    for (unsigned i = 0; i < 5; i++) {
        const double value = i == 3 ? 100 : i;
        const search_trial trial = ask(&r);
        assert_int_equal(search_tell(&r.study, trial.number, SEARCH_COMPLETE, &value, &err), CB_OK);
    }
    assert_true(search_best(&r.study, &best));
    assert_int_equal(best, 3);
    end(&r);
}

static void added_trials_count_like_asked_ones(void **state)
{
    (void)state;
    cb_err err = {0};
    const char *const names[] = {"tpe", "tpe_multivariate", "cma_es", "nsga2", "sobol", "grid"};
    for (unsigned n = 0; n < 6; n++) {
        const search_config config = config_for(&known_functions[0], names[n], 100, 2);
        rig r = begin(&config);
        uint64_t number = 0;
        cb_prng prng = cb_random_stream(1, n);
        for (unsigned i = 0; i < 60; i++) {
            double values[5];
            double value = 0;
            for (unsigned d = 0; d < 5; d++) {
                values[d] = 10 * cb_random_unit(&prng) - 5;
            }
            sphere(values, 5, &value);
            assert_int_equal(search_add(&r.study, values, &value, &number, &err), CB_OK);
            assert_int_equal(number, i);
        }
        double mean = 0;
        for (unsigned i = 0; i < 30; i++) {
            double value = 0;
            const search_trial trial = ask(&r);
            sphere(trial.values, 5, &value);
            mean += value / 30;
        }
        /* both TPEs have learned where it is good; uniform draws have 43.7 on average */
        assert_true(n > 1 || mean < 25);
        const double outside[5] = {0, 0, 0, 0, 6};
        const double value = 1;
        assert_int_equal(search_add(&r.study, outside, &value, &number, &err), CB_E_RANGE);
        end(&r);
    }
}

static void bad_configs_are_refused_with_the_reason(void **state)
{
    (void)state;
    cb_err err = {0};
    search_config config = mixed("tpe", 1);
    config.objectives = 2;
    assert_int_equal(search_config_check(&config, &err), CB_E_CONFIG);
    assert_non_null(strstr(err.text, "tpe searches for 1 objective at most"));
    config = mixed("nothing", 1);
    assert_int_equal(search_config_check(&config, &err), CB_E_CONFIG);
    assert_non_null(strstr(err.text, "no sampler called nothing"));
    config = mixed("tpe", 1);
    config.space.dims[1].low = 0;
    assert_int_equal(search_config_check(&config, &err), CB_E_CONFIG);
    assert_non_null(strstr(err.text, "parameter 2"));
    config = mixed("tpe", 1);
    config.space.dims[5].parent_plus_one = 6;
    assert_int_equal(search_config_check(&config, &err), CB_E_CONFIG);
    config = mixed("tpe", 1);
    config.space.dims[0].high = -6;
    assert_int_equal(search_config_check(&config, &err), CB_E_CONFIG);
    config = mixed("tpe", 1);
    config.space.count = 0;
    assert_int_equal(search_config_check(&config, &err), CB_E_CONFIG);
    config = mixed("tpe", 1);
    config.trials_max = 0;
    assert_int_equal(search_config_check(&config, &err), CB_E_CONFIG);
    config = mixed("nsga2", 1);
    config.objectives = 2;
    config.pruner = SEARCH_PRUNER_MEDIAN;
    assert_int_equal(search_config_check(&config, &err), CB_E_CONFIG);
}

/* ---- spaces ---- */

static void every_level_has_its_share(void **state)
{
    (void)state;
    const search_dim dim = search_int(2, 50, 3);
    unsigned seen[17] = {0};
    assert_int_equal(search_levels(&dim), 17);
    for (unsigned i = 0; i < 17000; i++) {
        const double value = search_value(&dim, (i + 0.5) / 17000);
        seen[(unsigned)((value - 2) / 3 + 0.5)]++;
        assert_true(fabs(search_value(&dim, search_unit(&dim, value)) - value) <= 0);
    }
    for (unsigned i = 0; i < 17; i++) {
        assert_int_equal(seen[i], 1000);
    }
    search_dim tenth = search_float(0, 0.3);
    tenth.step = 0.1;
    assert_int_equal(search_levels(&tenth), 4);
    assert_true(search_value(&tenth, 1) <= 0.3);
    const search_dim log_dim = search_log(1e-3, 10);
    assert_true(fabs(search_value(&log_dim, 0.5) - 0.1) < 1e-12);
    search_dim whole = search_int(1, 1000, 1);
    whole.is_log = 1;
    assert_true(
        fabs(search_value(&whole, 0) - 1) <= 0 && fabs(search_value(&whole, 1) - 1000) <= 0);
    const search_dim fixed = search_float(3, 3);
    assert_true(
        fabs(search_value(&fixed, 0.7) - 3) <= 0 && fabs(search_unit(&fixed, 3) - 0.5) <= 0);
}

/* ---- single samplers ---- */

static void grid_takes_every_combination_once(void **state)
{
    (void)state;
    search_config config = {.trials_max = 1000, .grid_points = 5};
    config.space.count = 3;
    config.space.dims[0] = search_int(1, 4, 1);
    config.space.dims[1] = search_choice(3);
    config.space.dims[2] = search_float(0, 1);
    (void)strncpy(config.sampler, "grid", SEARCH_NAME_MAX - 1);
    search_config_defaults(&config);
    rig r = begin(&config);
    bool seen[4][3][5] = {0};
    for (unsigned i = 0; i < 60; i++) {
        const search_trial trial = ask(&r);
        bool *at = &seen[(unsigned)(trial.values[0] - 0.5)][(unsigned)(trial.values[1] + 0.5)]
                        [(unsigned)(trial.values[2] * 4 + 0.5)];
        assert_false(*at);
        *at = true;
    }
    cb_err err = {0};
    search_trial trial;
    assert_int_equal(search_ask(&r.study, &trial, &err), CB_E_NOT_FOUND);
    assert_int_equal(search_count(&r.study), 60);
    end(&r);
}

static search_config sobol_config(uint32_t dims, uint32_t is_plain, uint64_t seed)
{
    search_config config = {.trials_max = 4096, .is_plain_sobol = is_plain, .seed = seed};
    config.space.count = dims;
    for (uint32_t i = 0; i < dims; i++) {
        config.space.dims[i] = search_float(0, 1);
    }
    (void)strncpy(config.sampler, "sobol", SEARCH_NAME_MAX - 1);
    search_config_defaults(&config);
    return config;
}

static void sobol_points_are_the_published_ones(void **state)
{
    (void)state;
    json_error_t error;
    json_t *points = json_load_file("tests/fixtures/lab/sobol.json", 0, &error);
    assert_non_null(points);
    const search_config config = sobol_config(64, 1, 0);
    rig r = begin(&config);
    for (size_t i = 0; i < 64; i++) {
        const search_trial trial = ask(&r);
        for (size_t d = 0; d < 64; d++) {
            const json_t *wanted = json_array_get(json_array_get(points, i), d);
            assert_true(fabs(trial.values[d] * 64 - json_number_value(wanted)) <= 0);
        }
    }
    json_decref(points);
    end(&r);
}

/* Any 2^k points in a row from the start have one in each of 2^k slices of every dimension. */
static void scrambled_sobol_stays_even(void **state)
{
    (void)state;
    const search_config config = sobol_config(64, 0, 77);
    rig r = begin(&config);
    static unsigned seen[64][256];
    memset(seen, 0, sizeof(seen));
    for (unsigned i = 0; i < 256; i++) {
        const search_trial trial = ask(&r);
        for (unsigned d = 0; d < 64; d++) {
            seen[d][(unsigned)(trial.values[d] * 256)]++;
        }
    }
    for (unsigned d = 0; d < 64; d++) {
        for (unsigned i = 0; i < 256; i++) {
            assert_int_equal(seen[d][i], 1);
        }
    }
    end(&r);
}

static void eigenvectors_make_the_matrix_again(void **state)
{
    (void)state;
    enum { SIZE = 12 };
    cb_prng prng = cb_random_stream(8, 8);
    double matrix[SIZE * SIZE];
    double work[SIZE * SIZE];
    double vectors[SIZE * SIZE];
    for (unsigned i = 0; i < SIZE; i++) {
        for (unsigned k = 0; k <= i; k++) {
            matrix[i * SIZE + k] = matrix[k * SIZE + i] = cb_random_normal(&prng);
        }
    }
    memcpy(work, matrix, sizeof(work));
    search_eigen(work, vectors, SIZE);
    for (unsigned i = 0; i < SIZE; i++) {
        for (unsigned k = 0; k < SIZE; k++) {
            double sum = 0;
            double product = 0;
            for (unsigned e = 0; e < SIZE; e++) {
                sum += vectors[i * SIZE + e] * work[e * SIZE + e] * vectors[k * SIZE + e];
                product += vectors[i * SIZE + e] * vectors[k * SIZE + e];
            }
            assert_true(fabs(sum - matrix[i * SIZE + k]) < 1e-12);
            assert_true(fabs(product - (i == k)) < 1e-12);
        }
    }
}

/* The density on a grid against the sum over all kernels, each cut off at the ends. */
static void binned_densities_equal_sums_over_kernels(void **state)
{
    (void)state;
    enum { COUNT = 600 };
    static parzen estimator;
    static double mus[COUNT];
    static double weights[COUNT];
    const search_dim dim = search_float(0, 1);
    cb_prng prng = cb_random_stream(6, 6);
    for (unsigned i = 0; i < COUNT; i++) {
        const double spread = i % 3 == 0 ? cb_random_unit(&prng) : 0.02 * cb_random_unit(&prng);
        mus[i] = i % 3 == 1 ? 0.7 + spread : spread;
        weights[i] = 0.1 + cb_random_unit(&prng);
    }
    cb_series_sort(mus, COUNT);
    parzen_build(&estimator, &dim, mus, weights, COUNT);
    assert_true(estimator.binned > COUNT / 2);
    for (unsigned i = 0; i <= 200; i++) {
        const double unit = i / 200.0;
        const double prior_inside = cb_normal_below(0.5) - cb_normal_below(-0.5);
        double sum = cb_normal_density(unit - 0.5) / prior_inside;
        double total = 1;
        for (unsigned k = 0; k < COUNT; k++) {
            const double width = fmax(parzen_width(mus, COUNT, k), 0.01);
            const double inside =
                cb_normal_below((1 - mus[k]) / width) - cb_normal_below(-mus[k] / width);
            sum += weights[k] * cb_normal_density((unit - mus[k]) / width) / width / inside;
            total += weights[k];
        }
        assert_true(fabs(parzen_density(&estimator, unit) / (sum / total) - 1) < 0.03);
    }
    for (unsigned i = 0; i < 80; i++) {
        const double x = -0.37 * i;
        assert_true(fabs(parzen_exp(x) / exp(x) - 1) < 1e-7);
    }
}

/* ---- pruners ---- */

static bool report(rig *r, uint64_t number, uint32_t step, double value)
{
    cb_err err = {0};
    bool should_end = false;
    assert_int_equal(search_report(&r->study, number, step, value, &should_end, &err), CB_OK);
    return should_end;
}

static void the_median_prunes_what_is_worse_than_half(void **state)
{
    (void)state;
    search_config config = mixed("random", 1);
    config.steps_max = 10;
    config.pruner = SEARCH_PRUNER_MEDIAN;
    config.pruner_warmup = 2;
    rig r = begin(&config);
    cb_err err = {0};
    for (unsigned i = 0; i < 5; i++) {
        const search_trial trial = ask(&r);
        for (uint32_t step = 0; step < 10; step++) {
            assert_false(report(&r, trial.number, step, 10.0 * i)); /* too few before it */
        }
        tell(&r, &trial);
    }
    const search_trial bad = ask(&r);
    assert_false(report(&r, bad.number, 1, 25)); /* still warming up */
    assert_true(report(&r, bad.number, 2, 25));
    assert_false(report(&r, bad.number, 3, 19)); /* the best so far counts */
    assert_int_equal(search_tell(&r.study, bad.number, SEARCH_PRUNED, NULL, &err), CB_OK);
    bool should_end = false;
    assert_int_equal(search_report(&r.study, bad.number, 4, 1, &should_end, &err), CB_E_STATE);
    const search_trial good = ask(&r);
    assert_false(report(&r, good.number, 2, 15));
    assert_int_equal(search_report(&r.study, good.number, 10, 1, &should_end, &err), CB_E_RANGE);
    end(&r);
}

static void halving_keeps_the_best_quarter_of_a_rung(void **state)
{
    (void)state;
    search_config config = mixed("random", 1);
    config.steps_max = 16;
    config.pruner = SEARCH_PRUNER_HALVING;
    rig r = begin(&config);
    /* rungs end after 1, 4 and 16 steps */
    unsigned went_on = 0;
    for (unsigned i = 0; i < 64; i++) {
        const search_trial trial = ask(&r);
        went_on += !report(&r, trial.number, 0, (double)((i * 37) % 64));
        assert_false(report(&r, trial.number, 1, 1000)); /* no rung */
    }
    assert_true(went_on >= 10 && went_on <= 24);
    const search_trial best = ask(&r);
    const search_trial worst = ask(&r);
    assert_false(report(&r, best.number, 0, -1));
    assert_true(report(&r, worst.number, 0, 63));
    assert_false(report(&r, best.number, 3, -1)); /* the first at its rung */
    end(&r);
}

/* Pruned trials teach TPE too: ranked after complete ones. */
static void pruned_trials_are_learned_from(void **state)
{
    (void)state;
    search_config config = config_for(&known_functions[0], "tpe", 120, 4);
    config.steps_max = 1;
    rig r = begin(&config);
    cb_err err = {0};
    for (unsigned i = 0; i < 80; i++) {
        double value = 0;
        const search_trial trial = ask(&r);
        sphere(trial.values, trial.dims, &value);
        (void)report(&r, trial.number, 0, value);
        assert_int_equal(search_tell(&r.study, trial.number, SEARCH_PRUNED, NULL, &err), CB_OK);
    }
    double mean = 0;
    for (unsigned i = 0; i < 40; i++) {
        double value = 0;
        const search_trial trial = ask(&r);
        sphere(trial.values, trial.dims, &value);
        mean += value / 40;
    }
    assert_true(mean < 25); /* random: 43.7 */
    end(&r);
}

/* ---- several objectives ---- */

static void a_front_is_what_none_dominates(void **state)
{
    (void)state;
    const double points[] = {1, 5, 2, 3, 3, 4, 4, 1, 2, 3, 5, 5};
    uint32_t ranks[6];
    search_rank(points, 6, 2, ranks);
    const uint32_t wanted[6] = {0, 0, 1, 0, 0, 2};
    assert_memory_equal(ranks, wanted, sizeof(wanted));
    search_config config = config_for(&known_functions[5], "random", 10, 1);
    rig r = begin(&config);
    cb_err err = {0};
    for (unsigned i = 0; i < 6; i++) {
        const search_trial trial = ask(&r);
        assert_int_equal(
            search_tell(&r.study, trial.number, SEARCH_COMPLETE, points + (size_t)2 * i, &err),
            CB_OK);
    }
    uint64_t front[6];
    assert_int_equal(search_front(&r.study, front, 6), 3);
    assert_true(front[0] == 0 && front[1] == 1 && front[2] == 3);
    end(&r);
}

static void hypervolumes_of_known_fronts(void **state)
{
    (void)state;
    double scratch[64];
    const double steps[] = {1, 3, 2, 2, 3, 1, 9, 9};
    const double ref[3] = {4, 4, 4};
    assert_true(fabs(search_hypervolume(steps, 4, 2, ref, scratch) - 6) < 1e-12);
    const double corner[] = {1, 1, 1, 2, 2, 2};
    assert_true(fabs(search_hypervolume(corner, 2, 3, ref, scratch) - 27) < 1e-12);
    const double three[] = {1, 2, 3, 3, 1, 2, 2, 3, 1};
    assert_true(fabs(search_hypervolume(three, 3, 3, ref, scratch) - 13) < 1e-12);
    assert_true(fabs(search_hypervolume(NULL, 0, 2, ref, scratch)) <= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samplers_keep_to_the_space),
        cmocka_unit_test(the_same_seed_gives_the_same_study),
        cmocka_unit_test(a_loaded_study_goes_on_as_the_saved_one_would),
        cmocka_unit_test(altered_bytes_are_refused),
        cmocka_unit_test(workers_are_not_sent_to_one_place),
        cmocka_unit_test(a_trial_is_told_once),
        cmocka_unit_test(maximising_turns_the_order),
        cmocka_unit_test(added_trials_count_like_asked_ones),
        cmocka_unit_test(bad_configs_are_refused_with_the_reason),
        cmocka_unit_test(every_level_has_its_share),
        cmocka_unit_test(grid_takes_every_combination_once),
        cmocka_unit_test(sobol_points_are_the_published_ones),
        cmocka_unit_test(scrambled_sobol_stays_even),
        cmocka_unit_test(eigenvectors_make_the_matrix_again),
        cmocka_unit_test(binned_densities_equal_sums_over_kernels),
        cmocka_unit_test(the_median_prunes_what_is_worse_than_half),
        cmocka_unit_test(halving_keeps_the_best_quarter_of_a_rung),
        cmocka_unit_test(pruned_trials_are_learned_from),
        cmocka_unit_test(a_front_is_what_none_dominates),
        cmocka_unit_test(hypervolumes_of_known_fronts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
