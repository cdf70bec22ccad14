/* Independent uniform draws: the baseline that every other sampler must beat. */
#include "services/lab/core/search/study_internal.h"

static cb_status random_ask(
    search_study *study, uint64_t number, search_row *row, cb_prng *prng, cb_err *err)
{
    (void)number;
    (void)err;
    search_draw(study, row, prng);
    return CB_OK;
}

const search_sampler search_sampler_random = {.name = "random",
    .summary = "independent uniform draws",
    .source = "Bergstra and Bengio 2012",
    .objectives_max = SEARCH_OBJECTIVES_MAX,
    .ask = random_ask};
