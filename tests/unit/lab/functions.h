/* Functions whose minima are known, as tests/perf/optuna_oracle.py has them. */
#ifndef TESTS_LAB_FUNCTIONS_H
#define TESTS_LAB_FUNCTIONS_H

#include <math.h>
#include <stdint.h>

#include "services/lab/core/search/study.h"

#define PI 3.14159265358979323846

typedef struct known_function {
    const char *name;
    uint32_t dims;
    uint32_t objectives;
    double low;
    double high;
    void (*compute)(const double *x, uint32_t dims, double *out);
} known_function;

static inline void sphere(const double *x, uint32_t dims, double *out)
{
    out[0] = 0;
    for (uint32_t i = 0; i < dims; i++) {
        out[0] += x[i] * x[i];
    }
}

static inline void rosenbrock(const double *x, uint32_t dims, double *out)
{
    out[0] = 0;
    for (uint32_t i = 0; i + 1 < dims; i++) {
        const double bend = x[i + 1] - x[i] * x[i];
        out[0] += 100 * bend * bend + (1 - x[i]) * (1 - x[i]);
    }
}

static inline void rastrigin(const double *x, uint32_t dims, double *out)
{
    out[0] = 0;
    for (uint32_t i = 0; i < dims; i++) {
        out[0] += x[i] * x[i] - 10 * cos(2 * PI * x[i]) + 10;
    }
}

/* Over -5 … 10 and 0 … 15: the second is 5 more. */
static inline void branin(const double *x, uint32_t dims, double *out)
{
    (void)dims;
    const double a = x[0];
    const double b = x[1] + 5;
    const double bend = b - 5.1 / (4 * PI * PI) * a * a + 5 / PI * a - 6;
    out[0] = bend * bend + 10 * (1 - 1 / (8 * PI)) * cos(a) + 10;
}

static inline void hartmann6(const double *x, uint32_t dims, double *out)
{
    static const double a[4][6] = {{10, 3, 17, 3.5, 1.7, 8},
        {0.05, 10, 17, 0.1, 8, 14},
        {3, 3.5, 1.7, 10, 17, 8},
        {17, 8, 0.05, 10, 0.1, 14}};
    static const double p[4][6] = {{0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886},
        {0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991},
        {0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650},
        {0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381}};
    static const double c[4] = {1.0, 1.2, 3.0, 3.2};
    out[0] = 0;
    for (uint32_t i = 0; i < 4; i++) {
        double sum = 0;
        for (uint32_t k = 0; k < dims; k++) {
            sum += a[i][k] * (x[k] - p[i][k]) * (x[k] - p[i][k]);
        }
        out[0] -= c[i] * exp(-sum);
    }
}

static inline double zdt_g(const double *x, uint32_t dims)
{
    double sum = 0;
    for (uint32_t i = 1; i < dims; i++) {
        sum += x[i];
    }
    return 1 + 9 * sum / (double)(dims - 1);
}

static inline void zdt1(const double *x, uint32_t dims, double *out)
{
    const double g = zdt_g(x, dims);
    out[0] = x[0];
    out[1] = g * (1 - sqrt(x[0] / g));
}

static inline void zdt2(const double *x, uint32_t dims, double *out)
{
    const double g = zdt_g(x, dims);
    out[0] = x[0];
    out[1] = g * (1 - x[0] / g * (x[0] / g));
}

static inline void zdt3(const double *x, uint32_t dims, double *out)
{
    const double g = zdt_g(x, dims);
    out[0] = x[0];
    out[1] = g * (1 - sqrt(x[0] / g) - x[0] / g * sin(10 * PI * x[0]));
}

static inline void dtlz2(const double *x, uint32_t dims, double *out)
{
    double g = 0;
    for (uint32_t i = 2; i < dims; i++) {
        g += (x[i] - 0.5) * (x[i] - 0.5);
    }
    out[0] = (1 + g) * cos(x[0] * PI / 2) * cos(x[1] * PI / 2);
    out[1] = (1 + g) * cos(x[0] * PI / 2) * sin(x[1] * PI / 2);
    out[2] = (1 + g) * sin(x[0] * PI / 2);
}

static const known_function known_functions[] = {
    {"sphere", 5, 1, -5.12, 5.12, sphere},
    {"rosenbrock", 5, 1, -2.048, 2.048, rosenbrock},
    {"rastrigin", 5, 1, -5.12, 5.12, rastrigin},
    {"branin", 2, 1, -5, 10, branin},
    {"hartmann6", 6, 1, 0, 1, hartmann6},
    {"zdt1", 30, 2, 0, 1, zdt1},
    {"zdt2", 30, 2, 0, 1, zdt2},
    {"zdt3", 30, 2, 0, 1, zdt3},
    {"dtlz2", 12, 3, 0, 1, dtlz2},
};
#define KNOWN_SINGLE 5
#define KNOWN_ALL 9

static inline search_config config_for(
    const known_function *function, const char *sampler, uint64_t trials, uint64_t seed)
{
    search_config config = {0};
    config.space.count = function->dims;
    for (uint32_t i = 0; i < function->dims; i++) {
        config.space.dims[i] = search_float(function->low, function->high);
    }
    for (size_t i = 0; sampler[i] != '\0' && i + 1 < SEARCH_NAME_MAX; i++) {
        config.sampler[i] = sampler[i];
    }
    config.trials_max = trials;
    config.objectives = function->objectives;
    config.seed = seed;
    search_config_defaults(&config);
    return config;
}

#endif /* TESTS_LAB_FUNCTIONS_H */
