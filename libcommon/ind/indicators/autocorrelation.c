/* Correlation of returns with those some bars before. */
#include "base/assert.h"
#include "ind/logarithm.h"
#include "ind/parts.h"

typedef struct autocorrelation_state {
    cb_ind_lag lag;
    cb_ind_pair pair;
    double previous;
    uint64_t has_previous;
    double values[]; /* the lag's, then the pair's */
} autocorrelation_state;

static const cb_param params[] = {
    CB_IND_PERIOD(50, 3),
    CB_IND_COUNT("lag", 1, 1, "bars between the returns"),
};
static const char *const outputs[] = {"autocorrelation"};

CB_INDICATOR_SIZED(autocorrelation, values[1] + 2 * values[0])
CB_INDICATOR_WARMUP(autocorrelation, 1 + values[1] + values[0])

static void autocorrelation_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    autocorrelation_state *correlation = state;
    *correlation = (autocorrelation_state){.previous = 0};
    cb_ind_lag_init(&correlation->lag, (uint64_t)values[1]);
    cb_ind_pair_init(&correlation->pair, (uint64_t)values[0]);
    cb_ind_clear(correlation->values, (uint64_t)(values[1] + 2 * values[0]));
}

static bool autocorrelation_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    autocorrelation_state *correlation = state;
    const double change = cb_ind_log_return(bar->close, correlation->previous);
    const bool has_previous = correlation->has_previous != 0;
    double before = 0;
    correlation->previous = bar->close;
    correlation->has_previous = 1;
    if (!has_previous ||
        !cb_ind_lag_push(&correlation->lag, correlation->values, change, &before)) {
        return false;
    }
    double *pairs = correlation->values + correlation->lag.capacity;
    if (!cb_ind_pair_push(&correlation->pair, pairs, change, before)) {
        return false;
    }
    out[0] = cb_ind_pair_correlation(&correlation->pair);
    return true;
}

const cb_indicator_ops cb_indicator_autocorrelation = {CB_INDICATOR(autocorrelation),
    .summary = "correlation of returns with those some bars before, -1 to 1; 0 while nothing moves",
    .formula = "corr(r, r[lag]) over n pairs, r = ln(close / close[1])",
    .source = "textbook definition (each side around its own mean)",
    .settle_factor = 1};
