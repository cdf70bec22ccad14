/* Correlation of price and volume. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct correlation_state {
    cb_ind_pair pair;
    double values[]; /* period closes, then volumes */
} correlation_state;

static const cb_param params[] = {CB_IND_PERIOD(30, 2)};
static const char *const outputs[] = {"correlation"};

CB_INDICATOR_SIZED(correlation, 2 * values[0])
CB_INDICATOR_WARMUP(correlation, values[0])

static void correlation_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    correlation_state *correlation = state;
    cb_ind_pair_init(&correlation->pair, (uint64_t)values[0]);
    cb_ind_clear(correlation->values, 2 * (uint64_t)values[0]);
}

static bool correlation_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    correlation_state *correlation = state;
    if (!cb_ind_pair_push(&correlation->pair, correlation->values, bar->close, bar->volume)) {
        return false;
    }
    out[0] = cb_ind_pair_correlation(&correlation->pair);
    return true;
}

const cb_indicator_ops cb_indicator_correlation = {CB_INDICATOR(correlation),
    .summary = "correlation of close and volume, -1 to 1; 0 while one of both does not move",
    .formula = "cov(close, volume) / (deviation(close) * deviation(volume))",
    .source = "K. Pearson; TA-Lib CORREL of close and volume",
    .settle_factor = 1};
