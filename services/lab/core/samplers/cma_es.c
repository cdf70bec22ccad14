/* CMA-ES with active updates (negative weights) and restarts with a doubled population. The model
 * lives in the unit cube over the dimensions that are numbers; choices are drawn at random. A
 * generation ends when as many of its trials were told as its population has members; what is told
 * later of it is not used, so any number of workers may ask from one generation. */
#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "services/lab/core/search/eigen.h"
#include "services/lab/core/search/study_internal.h"
#include "stats/normal.h"

#define SIGMA_START (1.0 / 6) /* of the range, as in Optuna */
#define SIGMA_RESTART 0.25
#define SPREAD_MIN 1e-9 /* of the range: the search stands still */
#define SPREAD_MAX 1e7  /* between the longest and the shortest axis */
#define RESAMPLE_MAX 100
#define GROWTH_MAX 16 /* restarts double the population up to this many times */

typedef struct cma_state {
    uint64_t generation; /* from 1: rows of other origin have 0 */
    uint64_t population;
    uint64_t told;
    uint64_t updates; /* since the last restart */
    uint64_t dims;    /* of the model */
    double sigma;
} cma_state;

/* What follows the state. */
typedef struct cma_parts {
    double *mean;
    double *path_sigma;
    double *path_covariance;
    double *lengths; /* of the axes: square roots of eigenvalues */
    double *covariance;
    double *axes; /* columns */
    uint32_t *told;
} cma_parts;

/* Constants of Hansen's tutorial (2016), for one population. */
typedef struct cma_rates {
    double parents_effective;
    double sigma;  /* c_sigma */
    double damp;   /* d_sigma */
    double path;   /* c_c */
    double one;    /* c_1 */
    double many;   /* c_mu */
    double length; /* expected length of a normal vector */
    size_t parents;
    double positive_sum; /* of raw weights */
    double negative_sum;
    double negative_scale;
} cma_rates;

static uint32_t numbers_in(const search_space *space)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < space->count; i++) {
        count += space->dims[i].kind != SEARCH_CATEGORY;
    }
    return count;
}

static size_t population_of(const search_config *config)
{
    const double dims = numbers_in(&config->space);
    return config->population >= 4 ? config->population
                                   : 4 + (size_t)floor(3 * log(dims > 0 ? dims : 1));
}

static size_t told_size(const search_config *config)
{
    return population_of(config) * GROWTH_MAX * sizeof(uint32_t); /* a multiple of 8 */
}

static size_t cma_state_size(const search_config *config)
{
    const size_t dims = numbers_in(&config->space);
    return sizeof(cma_state) + (4 * dims + 2 * dims * dims) * sizeof(double) + told_size(config);
}

static size_t cma_scratch_size(const search_config *config)
{
    const size_t dims = numbers_in(&config->space);
    return (4 * dims + dims * dims) * sizeof(double);
}

static cma_parts parts_of(const search_study *study)
{
    cma_state *state = study->state;
    const size_t dims = state->dims;
    cma_parts parts;
    parts.mean = (double *)(state + 1);
    parts.path_sigma = parts.mean + dims;
    parts.path_covariance = parts.path_sigma + dims;
    parts.lengths = parts.path_covariance + dims;
    parts.covariance = parts.lengths + dims;
    parts.axes = parts.covariance + dims * dims;
    parts.told = (uint32_t *)(parts.axes + dims * dims);
    return parts;
}

/* Begins a run around a mean. */
static void begin_run(search_study *study, double sigma)
{
    cma_state *state = study->state;
    const cma_parts parts = parts_of(study);
    const size_t dims = state->dims;
    state->sigma = sigma;
    state->updates = 0;
    memset(parts.path_sigma, 0, dims * sizeof(double));
    memset(parts.path_covariance, 0, dims * sizeof(double));
    memset(parts.covariance, 0, dims * dims * sizeof(double));
    memset(parts.axes, 0, dims * dims * sizeof(double));
    for (size_t i = 0; i < dims; i++) {
        parts.lengths[i] = 1;
        parts.covariance[i * dims + i] = 1;
        parts.axes[i * dims + i] = 1;
    }
}

static void cma_init(search_study *study)
{
    cma_state *state = study->state;
    const search_config *config = &study->header->config;
    state->generation = 1;
    state->dims = numbers_in(&config->space);
    state->population = population_of(config);
    for (size_t i = 0; i < state->dims; i++) {
        parts_of(study).mean[i] = 0.5;
    }
    begin_run(study, SIGMA_START);
}

/* ---- asking ---- */

/* A point of the model's distribution; true when it is inside the cube. */
static bool draw_point(const search_study *study, double *point, cb_prng *prng)
{
    const cma_state *state = study->state;
    const cma_parts parts = parts_of(study);
    const size_t dims = state->dims;
    bool is_inside = true;
    memcpy(point, parts.mean, dims * sizeof(double));
    for (size_t k = 0; k < dims; k++) {
        const double step = state->sigma * parts.lengths[k] * cb_random_normal(prng);
        for (size_t i = 0; i < dims; i++) {
            point[i] += parts.axes[i * dims + k] * step;
        }
    }
    for (size_t i = 0; i < dims; i++) {
        is_inside = is_inside && point[i] >= 0 && point[i] <= 1;
    }
    return is_inside;
}

static cb_status cma_ask(
    search_study *study, uint64_t number, search_row *row, cb_prng *prng, cb_err *err)
{
    (void)number;
    (void)err;
    const cma_state *state = study->state;
    const search_space *space = &study->header->config.space;
    double *point = study->scratch;
    for (unsigned i = 0; i < RESAMPLE_MAX && !draw_point(study, point, prng); i++) {
        CB_MAYBE(i + 1 == RESAMPLE_MAX); /* then it is moved to the cube's nearest side */
    }
    size_t at = 0;
    for (uint32_t i = 0; i < space->count; i++) {
        if (space->dims[i].kind == SEARCH_CATEGORY) {
            search_row_units(row)[i] = search_snap(&space->dims[i], cb_random_unit(prng));
        } else {
            const double value = point[at++];
            search_row_units(row)[i] = fmin(fmax(value, 0), 1);
        }
    }
    CB_ASSERT(at == state->dims);
    row->generation = (uint32_t)state->generation;
    return CB_OK;
}

/* ---- learning ---- */

static double raw_weight(size_t population, size_t index)
{
    return log(((double)population + 1) / 2) - log((double)index + 1);
}

static cma_rates rates_of(size_t population, double n)
{
    cma_rates rates = {.parents = population / 2};
    double positive_square = 0;
    double negative_square = 0;
    for (size_t i = 0; i < population; i++) {
        const double weight = raw_weight(population, i);
        if (i < rates.parents) {
            rates.positive_sum += weight;
            positive_square += weight * weight;
        } else {
            rates.negative_sum -= weight;
            negative_square += weight * weight;
        }
    }
    const double effective = rates.positive_sum * rates.positive_sum / positive_square;
    const double negative_effective =
        negative_square > 0 ? rates.negative_sum * rates.negative_sum / negative_square : 0;
    rates.parents_effective = effective;
    rates.one = 2 / ((n + 1.3) * (n + 1.3) + effective);
    rates.many = fmin(1 - rates.one - 1e-8,
        2 * (effective - 2 + 1 / effective) / ((n + 2) * (n + 2) + effective));
    rates.sigma = (effective + 2) / (n + effective + 5);
    rates.damp = 1 + 2 * fmax(0, sqrt((effective - 1) / (n + 1)) - 1) + rates.sigma;
    rates.path = (4 + effective / n) / (n + 4 + 2 * effective / n);
    rates.length = sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));
    rates.negative_scale = fmin(1 + rates.one / rates.many,
        fmin(1 + 2 * negative_effective / (effective + 2),
            (1 - rates.one - rates.many) / (n * rates.many)));
    return rates;
}

static double weight_of(const cma_rates *rates, size_t population, size_t index)
{
    const double raw = raw_weight(population, index);
    if (index < rates->parents) {
        return raw / rates->positive_sum;
    }
    return rates->negative_sum > 0 ? rates->negative_scale * raw / rates->negative_sum : 0;
}

/* Best first. */
static void order_told(const search_study *study, uint32_t *told, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const uint32_t moved = told[i];
        const double value = search_row_at(study, moved)->objectives[0];
        size_t at = i;
        while (at > 0 && search_row_at(study, told[at - 1])->objectives[0] > value) {
            told[at] = told[at - 1];
            at--;
        }
        told[at] = moved;
    }
}

/* The step of a trial from the mean, in units of sigma. */
static void step_of(const search_study *study, uint32_t number, const double *mean, double *step)
{
    const cma_state *state = study->state;
    const search_space *space = &study->header->config.space;
    const double *units = search_row_units(search_row_at(study, number));
    size_t at = 0;
    for (uint32_t i = 0; i < space->count; i++) {
        if (space->dims[i].kind != SEARCH_CATEGORY) {
            step[at] = (units[i] - mean[at]) / state->sigma;
            at++;
        }
    }
}

/* out = C^(-1/2) step; returns its squared length. */
static double whiten(const search_study *study, const double *step, double *out)
{
    const cma_state *state = study->state;
    const cma_parts parts = parts_of(study);
    const size_t dims = state->dims;
    double square = 0;
    memset(out, 0, dims * sizeof(double));
    for (size_t k = 0; k < dims; k++) {
        double along = 0;
        for (size_t i = 0; i < dims; i++) {
            along += parts.axes[i * dims + k] * step[i];
        }
        along /= parts.lengths[k];
        square += along * along;
        for (size_t i = 0; i < dims; i++) {
            out[i] += parts.axes[i * dims + k] * along;
        }
    }
    return square;
}

static void add_square(double *covariance, size_t dims, const double *step, double weight)
{
    for (size_t i = 0; i < dims; i++) {
        for (size_t k = 0; k < dims; k++) {
            covariance[i * dims + k] += weight * step[i] * step[k];
        }
    }
}

/* Scratch: mean before, mean step, a step, its whitened form, then a matrix. */
static void learn_shape(
    search_study *study, const cma_rates *rates, const double *old_mean, double hold)
{
    const cma_state *state = study->state;
    const cma_parts parts = parts_of(study);
    const size_t dims = state->dims;
    double *step = (double *)study->scratch + 2 * dims;
    double *white = step + dims;
    double weights = 0;
    for (size_t i = 0; i < state->population; i++) {
        weights += weight_of(rates, state->population, i);
    }
    const double keep = 1 + rates->one * hold - rates->one - rates->many * weights;
    for (size_t i = 0; i < dims * dims; i++) {
        parts.covariance[i] *= keep;
    }
    add_square(parts.covariance, dims, parts.path_covariance, rates->one);
    for (size_t i = 0; i < state->population; i++) {
        double weight = weight_of(rates, state->population, i);
        step_of(study, parts.told[i], old_mean, step);
        if (weight < 0) {
            weight *= (double)dims / (whiten(study, step, white) + 1e-8);
        }
        add_square(parts.covariance, dims, step, rates->many * weight);
    }
}

/* Axes and their lengths from the covariance. */
static void learn_axes(search_study *study)
{
    const cma_state *state = study->state;
    const cma_parts parts = parts_of(study);
    const size_t dims = state->dims;
    double *matrix = (double *)study->scratch + 4 * dims;
    memcpy(matrix, parts.covariance, dims * dims * sizeof(double));
    search_eigen(matrix, parts.axes, dims);
    for (size_t i = 0; i < dims; i++) {
        parts.lengths[i] = sqrt(fmax(matrix[i * dims + i], 1e-20));
    }
}

/* Moves mean, paths and step size; returns 1 - h_sigma times what the path then lacks. */
static double learn_paths(search_study *study, const cma_rates *rates, const double *mean_step)
{
    cma_state *state = study->state;
    const cma_parts parts = parts_of(study);
    const size_t dims = state->dims;
    const double n = (double)dims;
    double *white = (double *)study->scratch + 3 * dims;
    (void)whiten(study, mean_step, white);
    double square = 0;
    const double pull = sqrt(rates->sigma * (2 - rates->sigma) * rates->parents_effective);
    for (size_t i = 0; i < dims; i++) {
        parts.path_sigma[i] = (1 - rates->sigma) * parts.path_sigma[i] + pull * white[i];
        square += parts.path_sigma[i] * parts.path_sigma[i];
    }
    const double length = sqrt(square);
    const double unbiased = 1 - pow(1 - rates->sigma, 2 * ((double)state->updates + 1));
    const bool is_steady = length / sqrt(unbiased) < (1.4 + 2 / (n + 1)) * rates->length;
    const double draw = sqrt(rates->path * (2 - rates->path) * rates->parents_effective);
    for (size_t i = 0; i < dims; i++) {
        parts.path_covariance[i] =
            (1 - rates->path) * parts.path_covariance[i] + (is_steady ? draw * mean_step[i] : 0);
    }
    state->sigma *= exp(fmin(1, rates->sigma / rates->damp * (length / rates->length - 1)));
    return is_steady ? 0 : rates->path * (2 - rates->path);
}

static void learn(search_study *study)
{
    cma_state *state = study->state;
    const cma_parts parts = parts_of(study);
    const size_t dims = state->dims;
    const cma_rates rates = rates_of(state->population, (double)dims);
    double *old_mean = study->scratch;
    double *mean_step = old_mean + dims;
    double *step = mean_step + dims;
    order_told(study, parts.told, state->population);
    memcpy(old_mean, parts.mean, dims * sizeof(double));
    memset(mean_step, 0, dims * sizeof(double));
    for (size_t i = 0; i < rates.parents; i++) {
        const double weight = weight_of(&rates, state->population, i);
        step_of(study, parts.told[i], old_mean, step);
        for (size_t k = 0; k < dims; k++) {
            mean_step[k] += weight * step[k];
        }
    }
    for (size_t k = 0; k < dims; k++) {
        parts.mean[k] = fmin(fmax(old_mean[k] + state->sigma * mean_step[k], 0), 1);
    }
    const double sigma = state->sigma;
    const double hold = learn_paths(study, &rates, mean_step);
    const double next_sigma = state->sigma;
    state->sigma = sigma; /* the steps were made with the old one */
    learn_shape(study, &rates, old_mean, hold);
    state->sigma = next_sigma;
    learn_axes(study);
    state->updates++;
}

static bool stands_still(const search_study *study)
{
    const cma_state *state = study->state;
    const cma_parts parts = parts_of(study);
    double longest = 0;
    double shortest = (double)INFINITY;
    for (size_t i = 0; i < state->dims; i++) {
        longest = fmax(longest, parts.lengths[i]);
        shortest = fmin(shortest, parts.lengths[i]);
    }
    const double best = search_row_at(study, parts.told[0])->objectives[0];
    const double worst = search_row_at(study, parts.told[state->population - 1])->objectives[0];
    return state->sigma * longest < SPREAD_MIN || longest > shortest * SPREAD_MAX || best >= worst;
}

static void restart(search_study *study)
{
    cma_state *state = study->state;
    const search_config *config = &study->header->config;
    cb_prng prng = cb_random_stream(~config->seed, state->generation);
    const size_t bound = population_of(config) * GROWTH_MAX;
    state->population = state->population * 2 <= bound ? state->population * 2 : bound;
    for (size_t i = 0; i < state->dims; i++) {
        parts_of(study).mean[i] = cb_random_unit(&prng);
    }
    begin_run(study, SIGMA_RESTART);
}

static void cma_told(search_study *study, uint64_t number)
{
    cma_state *state = study->state;
    const search_row *row = search_row_at(study, number);
    if (row->state != SEARCH_COMPLETE || row->generation != (uint32_t)state->generation ||
        state->dims == 0) {
        return;
    }
    parts_of(study).told[state->told++] = (uint32_t)number;
    CB_ASSERT(state->told <= state->population);
    if (state->told < state->population) {
        return;
    }
    learn(study);
    if (stands_still(study)) {
        restart(study);
    }
    state->told = 0;
    state->generation++;
}

const search_sampler search_sampler_cma_es = {.name = "cma_es",
    .summary = "learns the shape of the valley; for numbers, not for choices",
    .source = "Hansen 2016 (tutorial); Jastrebski and Arnold 2006; Auger and Hansen 2005",
    .objectives_max = 1,
    .state_size = cma_state_size,
    .scratch_size = cma_scratch_size,
    .init = cma_init,
    .ask = cma_ask,
    .told = cma_told};
