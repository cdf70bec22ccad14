/* What a sampler costs: asks and tells of 1 000 trials in 10 dimensions of an objective that costs
 * nothing. Prints a line per sampler, or JSON with -o json; tests/perf/sampler_bench.sh puts
 * Optuna's beside it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "services/lab/core/sampler.h"
#include "services/lab/core/search/study.h"

#define DIMS 10
#define TRIALS 1000
#define ROUNDS 7

static int64_t now_ns(void)
{
    struct timespec at;
    /* the process's own time: what else the machine does changes it least */
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (int64_t)at.tv_sec * INT64_C(1000000000) + at.tv_nsec;
}

static double sphere(const double *x)
{
    double sum = 0;
    for (uint32_t i = 0; i < DIMS; i++) {
        sum += x[i] * x[i];
    }
    return sum;
}

static double run(const search_config *config, void *block, size_t size, double *best)
{
    search_study study;
    search_trial trial;
    cb_err err = {0};
    uint64_t number = 0;
    CB_ASSERT(search_begin(&study, config, block, size, &err) == CB_OK);
    const int64_t began_ns = now_ns();
    for (uint32_t i = 0; i < TRIALS; i++) {
        CB_ASSERT(search_ask(&study, &trial, &err) == CB_OK);
        const double value = sphere(trial.values);
        CB_ASSERT(search_tell(&study, trial.number, SEARCH_COMPLETE, &value, &err) == CB_OK);
    }
    const double elapsed_us = (double)(now_ns() - began_ns) / 1e3;
    CB_ASSERT(search_best(&study, &number));
    (void)search_look(&study, number, &trial, best);
    return elapsed_us / TRIALS;
}

static int compare(const void *left, const void *right)
{
    const double a = *(const double *)left;
    const double b = *(const double *)right;
    return (a > b) - (a < b);
}

int main(int count, char **words)
{
    const bool is_json = count > 2 && strcmp(words[1], "-o") == 0 && strcmp(words[2], "json") == 0;
    for (uint32_t s = 0; s < search_samplers_count(); s++) {
        const char *name = search_sampler_name(search_sampler_at(s));
        search_config config = {.trials_max = TRIALS, .seed = 1};
        config.space.count = DIMS;
        for (uint32_t i = 0; i < DIMS; i++) {
            config.space.dims[i] = search_float(-5.12, 5.12);
        }
        (void)strncpy(config.sampler, name, SEARCH_NAME_MAX - 1);
        search_config_defaults(&config);
        const size_t size = search_size(&config);
        void *block = aligned_alloc(64, (size + 63) / 64 * 64);
        CB_ASSERT(block != NULL);
        double costs_us[ROUNDS];
        double best = 0;
        for (uint32_t i = 0; i < ROUNDS; i++) {
            costs_us[i] = run(&config, block, size, &best);
        }
        qsort(costs_us, ROUNDS, sizeof(costs_us[0]), compare);
        printf(is_json
                   ? "{\"sampler\":\"%s\",\"us_per_trial\":%.3f,\"best\":%.6g,\"memory_kb\":%zu}\n"
                   : "%-18s %9.3f us a trial, best %.4g, %zu kB\n",
            name,
            costs_us[ROUNDS / 2],
            best,
            size / 1024);
        free(block);
    }
    return 0;
}
