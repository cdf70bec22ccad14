/* Tree-structured Parzen estimator over all dimensions at once: each good trial is one kernel in
 * the whole space, so that parameters that only work together are drawn together. */
#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "services/lab/core/search/history.h"
#include "services/lab/core/search/parzen.h"
#include "services/lab/core/search/study_internal.h"
#include "stats/normal.h"

#define LEVEL_WIDTH 0.3 /* of a cell: the narrowest kernel of a dimension with levels */

/* A mixture: per dimension (rows of `capacity`) where each kernel is and 1 / its width. The prior
 * is the last kernel. */
typedef struct mixture {
    size_t count;
    size_t capacity;
    double *mu;
    double *inverse;
    double *scale; /* of each kernel: its weight over its volume */
    double *sums;  /* scratch: squared distances */
} mixture;

typedef struct scratch_head {
    search_history *history;
    double *units;
    double *weights;
    uint32_t *numbers;
    uint32_t *kernels; /* by number: which kernel of the rest */
    mixture below;
    mixture above;
} scratch_head;

static size_t head_size(void)
{
    return (sizeof(scratch_head) + 7) / 8 * 8;
}

static size_t mixture_size(const search_config *config, size_t capacity)
{
    return sizeof(double) * capacity * (2 * (size_t)config->space.count + 2);
}

static size_t tpe_scratch_size(const search_config *config)
{
    const size_t trials = config->trials_max + 1;
    return head_size() + 2 * sizeof(double) * trials + 2 * sizeof(uint32_t) * trials +
           mixture_size(config, SEARCH_BELOW_MAX + 1) + mixture_size(config, trials) +
           search_history_size(config);
}

static double *lay_mixture(const search_config *config, mixture *out, size_t capacity, double *at)
{
    out->capacity = capacity;
    out->mu = at;
    out->inverse = out->mu + capacity * config->space.count;
    out->scale = out->inverse + capacity * config->space.count;
    out->sums = out->scale + capacity;
    return out->sums + capacity;
}

static void tpe_attach(search_study *study)
{
    const search_config *config = &study->header->config;
    const size_t trials = config->trials_max + 1;
    scratch_head *head = study->scratch;
    double *at = (double *)(void *)((uint8_t *)study->scratch + head_size());
    head->units = at;
    head->weights = at + trials;
    at = lay_mixture(config, &head->below, SEARCH_BELOW_MAX + 1, at + 2 * trials);
    at = lay_mixture(config, &head->above, trials, at);
    head->numbers = (uint32_t *)at;
    head->kernels = head->numbers + trials;
    head->history = search_history_make(study, head->kernels + trials, true);
}

/* ---- building ---- */

/* Puts the observations' places and widths in a dimension; the prior's too, which is the last
 * kernel. */
static void set_dim(mixture *out,
    uint32_t index,
    const search_dim *dim,
    const double *units,
    const uint32_t *kernels,
    size_t count)
{
    const uint64_t levels = dim->is_log != 0 ? 0 : search_levels(dim);
    const double least = levels > 0 ? LEVEL_WIDTH / (double)levels : 0;
    const double narrowest = parzen_narrowest(count);
    const double narrow = least > narrowest ? least : narrowest;
    const bool is_choice = dim->kind == SEARCH_CATEGORY;
    double *mu = out->mu + index * out->capacity;
    double *inverse = out->inverse + index * out->capacity;
    const double narrow_inverse = 1 / narrow;
    for (size_t i = 0; i < count; i++) {
        const size_t kernel = kernels[i];
        const double gap = parzen_width(units, count, i);
        const double width = gap > narrow ? gap : narrow;
        mu[kernel] = units[i];
        inverse[kernel] = gap > narrow ? 1 / width : narrow_inverse;
        if (!is_choice) {
            out->scale[kernel] *= inverse[kernel];
            if (units[i] < 6.5 * width || units[i] > 1 - 6.5 * width) {
                out->scale[kernel] /= parzen_inside(units[i], width);
            }
        }
    }
    mu[count] = 0.5;
    inverse[count] = 1;
    out->scale[count] /= is_choice ? 1 : parzen_inside(0.5, 1);
}

static void build_below(const search_study *study)
{
    scratch_head *head = study->scratch;
    const search_space *space = &study->header->config.space;
    double units[SEARCH_BELOW_MAX];
    uint32_t kernels[SEARCH_BELOW_MAX];
    head->below.count = (size_t)head->history->below_count + 1;
    for (size_t i = 0; i < head->below.count; i++) {
        head->below.scale[i] = 1;
    }
    for (uint32_t i = 0; i < space->count; i++) {
        const size_t count = search_history_below(head->history, study, i, units, kernels);
        set_dim(&head->below, i, &space->dims[i], units, kernels, count);
    }
}

static void build_above(const search_study *study)
{
    scratch_head *head = study->scratch;
    const search_space *space = &study->header->config.space;
    size_t kernels = 0;
    for (uint64_t i = 0; i < study->header->count; i++) {
        if (head->history->weights[i] > 0) {
            head->above.scale[kernels] = head->history->weights[i];
            head->kernels[i] = (uint32_t)kernels++;
        }
    }
    head->above.scale[kernels] = 1;
    head->above.count = kernels + 1;
    for (uint32_t i = 0; i < space->count; i++) {
        const size_t count =
            search_history_above(head->history, i, head->units, head->weights, head->numbers);
        CB_ASSERT(count == kernels);
        for (size_t k = 0; k < count; k++) {
            head->numbers[k] = head->kernels[head->numbers[k]];
        }
        set_dim(&head->above, i, &space->dims[i], head->units, head->numbers, count);
    }
}

/* ---- density ---- */

/* A kernel gives its own choice this chance, and every other choice the second; the prior all the
 * same. */
static void choice_chances(const mixture *from, double choices, double *own, double *other)
{
    const double prior = 1 / (double)from->count;
    *other = prior / (1 + choices * prior);
    *own = (prior + 1) / (1 + choices * prior);
}

static void add_choice(const mixture *from, uint32_t index, const search_dim *dim, double unit)
{
    const double choices = (double)search_levels(dim);
    const double *mu = from->mu + index * from->capacity;
    double own = 0;
    double other = 0;
    choice_chances(from, choices, &own, &other);
    const double near = -2 * log(own);
    const double far = -2 * log(other);
    for (size_t k = 0; k + 1 < from->count; k++) {
        from->sums[k] += fabs(mu[k] - unit) < 0.5 / choices ? near : far;
    }
    from->sums[from->count - 1] += 2 * log(choices);
}

/* Adds the squared distances of a dimension, in widths. */
static void add_one(const mixture *from, uint32_t index, double unit)
{
    const double *restrict mu = from->mu + index * from->capacity;
    const double *restrict inverse = from->inverse + index * from->capacity;
    double *restrict sums = from->sums;
    for (size_t k = 0; k < from->count; k++) {
        const double z = (unit - mu[k]) * inverse[k];
        sums[k] += z * z;
    }
}

/* The same for two neighbours at once: half the traffic with the sums. */
static void add_two(const mixture *from, uint32_t index, const double *units)
{
    const double *restrict mu = from->mu + index * from->capacity;
    const double *restrict inverse = from->inverse + index * from->capacity;
    const double *restrict next_mu = mu + from->capacity;
    const double *restrict next_inverse = inverse + from->capacity;
    double *restrict sums = from->sums;
    const double unit = units[0];
    const double next_unit = units[1];
    for (size_t k = 0; k < from->count; k++) {
        const double z = (unit - mu[k]) * inverse[k];
        const double next_z = (next_unit - next_mu[k]) * next_inverse[k];
        sums[k] += z * z + next_z * next_z;
    }
}

/* Density of the mixture at a point, up to a constant that all mixtures share. */
static double density(const search_space *space, const mixture *from, const double *point)
{
    const size_t count = from->count;
    memset(from->sums, 0, count * sizeof(*from->sums));
    for (uint32_t i = 0; i < space->count; i++) {
        if (space->dims[i].kind == SEARCH_CATEGORY) {
            add_choice(from, i, &space->dims[i], point[i]);
        } else if (i + 1 < space->count && space->dims[i + 1].kind != SEARCH_CATEGORY) {
            add_two(from, i, point + i);
            i++;
        } else {
            add_one(from, i, point[i]);
        }
    }
    double sum = 0;
    for (size_t k = 0; k < count; k++) {
        /* most kernels are too far away to be felt; the prior, the last one, always is */
        if (from->sums[k] < 60 || k + 1 == count) {
            sum += from->scale[k] * parzen_exp(-0.5 * from->sums[k]);
        }
    }
    return sum;
}

/* ---- asking ---- */

static double draw_number(double mu, double width, cb_prng *prng)
{
    for (unsigned i = 0; i < 200; i++) {
        const double unit = mu + width * cb_random_normal(prng);
        if (unit >= 0 && unit <= 1) {
            return unit;
        }
    }
    return cb_random_unit(prng);
}

static void draw_point(const search_space *space, const mixture *from, double *point, cb_prng *prng)
{
    const size_t kernel = (size_t)cb_prng_below(prng, from->count);
    const bool is_prior = kernel + 1 == from->count;
    for (uint32_t i = 0; i < space->count; i++) {
        const search_dim *dim = &space->dims[i];
        const size_t at = i * from->capacity + kernel;
        double unit = 0;
        if (dim->kind == SEARCH_CATEGORY) {
            const double choices = (double)search_levels(dim);
            const bool is_own =
                !is_prior && cb_random_unit(prng) < 1 / (1 + choices / (double)from->count);
            unit = is_own ? from->mu[at] : cb_random_unit(prng);
        } else {
            unit = draw_number(from->mu[at], 1 / from->inverse[at], prng);
        }
        point[i] = search_snap(dim, unit);
    }
}

static cb_status tpe_ask(
    search_study *study, uint64_t number, search_row *row, cb_prng *prng, cb_err *err)
{
    (void)number;
    (void)err;
    const search_config *config = &study->header->config;
    scratch_head *head = study->scratch;
    if (head->history->ranked_count < config->startup_trials) {
        search_draw(study, row, prng);
        return CB_OK;
    }
    search_history_split(head->history, study, SEARCH_DIMS_MAX);
    build_below(study);
    build_above(study);
    /* the ratio of two sums of weights that do not add up to the same: only their order matters */
    double best_ratio = -1;
    for (uint32_t i = 0; i < config->candidates; i++) {
        double point[SEARCH_DIMS_MAX];
        draw_point(&config->space, &head->below, point, prng);
        const double ratio = density(&config->space, &head->below, point) /
                             density(&config->space, &head->above, point);
        if (ratio > best_ratio) {
            best_ratio = ratio;
            memcpy(search_row_units(row), point, config->space.count * sizeof(double));
        }
    }
    return CB_OK;
}

static void tpe_asked(search_study *study, uint64_t number)
{
    search_history_asked(((scratch_head *)study->scratch)->history, study, number);
}

static void tpe_told(search_study *study, uint64_t number)
{
    search_history_told(((scratch_head *)study->scratch)->history, study, number);
}

const search_sampler search_sampler_tpe_multivariate = {.name = "tpe_multivariate",
    .summary = "draws where good trials are dense and others are not, all parameters together",
    .source = "Falkner, Klein and Hutter 2018; widths and defaults as Optuna's",
    .objectives_max = 1,
    .scratch_size = tpe_scratch_size,
    .attach = tpe_attach,
    .ask = tpe_ask,
    .asked = tpe_asked,
    .told = tpe_told};
