/* Excess kurtosis of returns. */
#include "base/assert.h"
#include "ind/logarithm.h"
#include "ind/parts.h"

typedef struct kurtosis_state {
    cb_ind_moments moments;
    double previous;
    uint64_t has_previous;
    double values[]; /* period */
} kurtosis_state;

static const cb_param params[] = {CB_IND_PERIOD(50, 4)};
static const char *const outputs[] = {"kurtosis"};

CB_INDICATOR_SIZED(kurtosis, values[0])
CB_INDICATOR_WARMUP(kurtosis, values[0] + 1)

static void kurtosis_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    kurtosis_state *kurtosis = state;
    *kurtosis = (kurtosis_state){.previous = 0};
    cb_ind_moments_init(&kurtosis->moments, (uint64_t)values[0]);
    cb_ind_clear(kurtosis->values, (uint64_t)values[0]);
}

static bool kurtosis_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    kurtosis_state *kurtosis = state;
    const double change = cb_ind_log_return(bar->close, kurtosis->previous);
    const bool has_previous = kurtosis->has_previous != 0;
    kurtosis->previous = bar->close;
    kurtosis->has_previous = 1;
    if (!has_previous || !cb_ind_moments_push(&kurtosis->moments, kurtosis->values, change)) {
        return false;
    }
    double central[3];
    cb_ind_moments_central(&kurtosis->moments, central);
    out[0] = central[0] > 0 ? central[2] / (central[0] * central[0]) - 3 : 0;
    return true;
}

const cb_indicator_ops cb_indicator_kurtosis = {CB_INDICATOR(kurtosis),
    .summary = "excess kurtosis of logarithmic returns: 0 for a normal distribution, and while "
               "nothing moves",
    .formula = "m4 / m2^2 - 3, central moments with divisor n",
    .source = "textbook definition (as scipy.stats.kurtosis)",
    .settle_factor = 1};
