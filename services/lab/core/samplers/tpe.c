/* Tree-structured Parzen estimator, one dimension at a time: good trials and the rest each give a
 * density; of 24 places drawn from the good ones' the one with the highest ratio is taken. Defaults
 * as Optuna's. */
#include <math.h>

#include "base/assert.h"
#include "services/lab/core/search/history.h"
#include "services/lab/core/search/parzen.h"
#include "services/lab/core/search/study_internal.h"
#include "stats/normal.h"

/* Scratch: this, then two rows of trials_max doubles, then the history. */
typedef struct tpe_scratch {
    search_history *history;
    double *units;
    double *weights;
    parzen below;
    parzen above;
} tpe_scratch;

static size_t head_size(void)
{
    return (sizeof(tpe_scratch) + 7) / 8 * 8;
}

static size_t tpe_scratch_size(const search_config *config)
{
    return head_size() + 2 * sizeof(double) * (config->trials_max + 1) +
           search_history_size(config);
}

static void tpe_attach(search_study *study)
{
    const size_t trials = study->header->config.trials_max + 1;
    tpe_scratch *scratch = study->scratch;
    scratch->units = (double *)(void *)((uint8_t *)study->scratch + head_size());
    scratch->weights = scratch->units + trials;
    scratch->history = search_history_make(study, scratch->weights + trials, false);
}

static double number_of(const search_study *study, uint32_t dim, cb_prng *prng)
{
    tpe_scratch *scratch = study->scratch;
    const search_config *config = &study->header->config;
    const search_dim *shape = &config->space.dims[dim];
    double ones[SEARCH_BELOW_MAX];
    double units[SEARCH_BELOW_MAX];
    uint32_t numbers[SEARCH_BELOW_MAX];
    const size_t below = search_history_below(scratch->history, study, dim, units, numbers);
    for (size_t i = 0; i < below; i++) {
        ones[i] = 1;
    }
    const size_t above =
        search_history_above(scratch->history, dim, scratch->units, scratch->weights, NULL);
    parzen_build(&scratch->below, shape, units, ones, below);
    parzen_build(&scratch->above, shape, scratch->units, scratch->weights, above);
    double best = 0.5;
    double best_ratio = -1;
    for (uint32_t i = 0; i < config->candidates; i++) {
        const double unit = parzen_draw(&scratch->below, shape, prng);
        const double ratio =
            parzen_density(&scratch->below, unit) / parzen_density(&scratch->above, unit);
        if (ratio > best_ratio) {
            best_ratio = ratio;
            best = unit;
        }
    }
    return best;
}

/* Weights of the choices in one of the two groups: each observation leaves a share of the prior's
 * weight to the other choices. */
static double choice_weight(double observed, double total, double kernels, double choices)
{
    const double prior = 1 / kernels;
    return (total * prior + observed) / (1 + choices * prior) + 1 / choices;
}

/* For choices the densities are tables; the ratio is taken of drawn ones, as with numbers. */
static double choice_of(const search_study *study, uint32_t dim, cb_prng *prng)
{
    tpe_scratch *scratch = study->scratch;
    const search_history *history = scratch->history;
    const search_config *config = &study->header->config;
    const search_dim *shape = &config->space.dims[dim];
    const double choices = (double)search_levels(shape);
    double good[SEARCH_BELOW_MAX];
    uint32_t numbers[SEARCH_BELOW_MAX];
    const size_t below = search_history_below(history, study, dim, good, numbers);
    const size_t above = search_history_above(history, dim, scratch->units, scratch->weights, NULL);
    double best = search_snap(shape, cb_random_unit(prng));
    double best_ratio = -1;
    double total = 0;
    for (size_t i = 0; i < above; i++) {
        total += scratch->weights[i];
    }
    for (uint32_t i = 0; i < config->candidates; i++) {
        /* a good trial's choice, or any: with the chances of the good ones' table */
        const double kernels = (double)below + 1;
        const uint64_t kernel = cb_prng_below(prng, below + 1);
        const bool is_own = kernel < below && cb_random_unit(prng) < 1 / (1 + choices / kernels);
        const double unit = is_own ? good[kernel] : search_snap(shape, cb_random_unit(prng));
        double good_weight = 0;
        double rest_weight = 0;
        for (size_t k = 0; k < below; k++) {
            good_weight += fabs(good[k] - unit) < 0.5 / choices ? 1 : 0;
        }
        for (size_t k = 0; k < above; k++) {
            rest_weight += fabs(scratch->units[k] - unit) < 0.5 / choices ? scratch->weights[k] : 0;
        }
        const double ratio = choice_weight(good_weight, (double)below, kernels, choices) /
                             choice_weight(rest_weight, total, (double)above + 1, choices);
        if (ratio > best_ratio) {
            best_ratio = ratio;
            best = unit;
        }
    }
    return best;
}

static cb_status tpe_ask(
    search_study *study, uint64_t number, search_row *row, cb_prng *prng, cb_err *err)
{
    (void)number;
    (void)err;
    const search_config *config = &study->header->config;
    tpe_scratch *scratch = study->scratch;
    if (scratch->history->ranked_count < config->startup_trials) {
        search_draw(study, row, prng);
        return CB_OK;
    }
    bool is_whole = false; /* the last split was over all trials */
    for (uint32_t i = 0; i < config->space.count; i++) {
        const search_dim *dim = &config->space.dims[i];
        const bool is_partial = dim->parent_plus_one > 0;
        if (is_partial || !is_whole) {
            search_history_split(scratch->history, study, is_partial ? i : SEARCH_DIMS_MAX);
            is_whole = !is_partial;
        }
        search_row_units(row)[i] =
            dim->kind == SEARCH_CATEGORY ? choice_of(study, i, prng) : number_of(study, i, prng);
    }
    return CB_OK;
}

static void tpe_asked(search_study *study, uint64_t number)
{
    search_history_asked(((tpe_scratch *)study->scratch)->history, study, number);
}

static void tpe_told(search_study *study, uint64_t number)
{
    search_history_told(((tpe_scratch *)study->scratch)->history, study, number);
}

const search_sampler search_sampler_tpe = {.name = "tpe",
    .summary = "draws where good trials are dense and others are not, one parameter at a time",
    .source = "Bergstra, Bardenet, Bengio and Kegl 2011; widths and defaults as Optuna's",
    .objectives_max = 1,
    .scratch_size = tpe_scratch_size,
    .attach = tpe_attach,
    .ask = tpe_ask,
    .asked = tpe_asked,
    .told = tpe_told};
