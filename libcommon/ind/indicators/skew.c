/* Skewness of returns. */
#include <math.h>

#include "base/assert.h"
#include "ind/logarithm.h"
#include "ind/parts.h"

typedef struct skew_state {
    cb_ind_moments moments;
    double previous;
    uint64_t has_previous;
    double values[]; /* period */
} skew_state;

static const cb_param params[] = {CB_IND_PERIOD(50, 3)};
static const char *const outputs[] = {"skew"};

CB_INDICATOR_SIZED(skew, values[0])
CB_INDICATOR_WARMUP(skew, values[0] + 1)

static void skew_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    skew_state *skew = state;
    *skew = (skew_state){.previous = 0};
    cb_ind_moments_init(&skew->moments, (uint64_t)values[0]);
    cb_ind_clear(skew->values, (uint64_t)values[0]);
}

static bool skew_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    skew_state *skew = state;
    const double change = cb_ind_log_return(bar->close, skew->previous);
    const bool has_previous = skew->has_previous != 0;
    skew->previous = bar->close;
    skew->has_previous = 1;
    if (!has_previous || !cb_ind_moments_push(&skew->moments, skew->values, change)) {
        return false;
    }
    double central[3];
    cb_ind_moments_central(&skew->moments, central);
    out[0] = cb_ind_ratio(central[1], central[0] * sqrt(central[0]), 0);
    return true;
}

const cb_indicator_ops cb_indicator_skew = {CB_INDICATOR(skew),
    .summary = "skewness of logarithmic returns; 0 while nothing moves",
    .formula = "m3 / m2^1.5, central moments with divisor n",
    .source = "textbook definition (as scipy.stats.skew)",
    .settle_factor = 1};
