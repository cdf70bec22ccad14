/* Standard deviation of closes. */
#include <math.h>

#include "base/assert.h"
#include "ind/parts.h"

typedef struct stddev_state {
    cb_ind_spread spread;
    double values[]; /* period */
} stddev_state;

static const cb_param params[] = {CB_IND_PERIOD(20, 2)};
static const char *const outputs[] = {"stddev", "mean"};

CB_INDICATOR_SIZED(stddev, values[0])
CB_INDICATOR_WARMUP(stddev, values[0])

static void stddev_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    stddev_state *stddev = state;
    cb_ind_spread_init(&stddev->spread, (uint64_t)values[0]);
    cb_ind_clear(stddev->values, (uint64_t)values[0]);
}

static bool stddev_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    stddev_state *stddev = state;
    if (!cb_ind_spread_push(&stddev->spread, stddev->values, bar->close)) {
        return false;
    }
    out[0] = cb_ind_spread_deviation(&stddev->spread);
    out[1] = stddev->spread.mean;
    return true;
}

const cb_indicator_ops cb_indicator_stddev = {CB_INDICATOR(stddev),
    .summary = "standard deviation of the last n closes, and their mean",
    .formula = "sqrt(sum (close - mean)^2 / n)",
    .source = "textbook definition (population, as TA-Lib STDDEV)",
    .settle_factor = 1};
