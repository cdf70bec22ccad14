/* Straight line through the last n closes by least squares. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct linreg_state {
    cb_ind_weighted weighted;
    cb_ind_spread spread;
    double values[]; /* period closes for each of both */
} linreg_state;

static const cb_param params[] = {CB_IND_PERIOD(14, 2)};
static const char *const outputs[] = {"value", "slope", "forecast", "r2"};

CB_INDICATOR_SIZED(linreg, 2 * values[0])
CB_INDICATOR_WARMUP(linreg, values[0])

static void linreg_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    linreg_state *line = state;
    cb_ind_weighted_init(&line->weighted, (uint64_t)values[0]);
    cb_ind_spread_init(&line->spread, (uint64_t)values[0]);
    cb_ind_clear(line->values, 2 * (uint64_t)values[0]);
}

static bool linreg_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    linreg_state *line = state;
    const uint64_t period = line->weighted.window.capacity;
    double average = 0;
    (void)cb_ind_weighted_push(&line->weighted, line->values, bar->close, &average);
    if (!cb_ind_spread_push(&line->spread, line->values + period, bar->close)) {
        return false;
    }
    const double count = (double)period;
    const double mean = line->spread.mean;
    const double squares = line->spread.squares;
    const bool is_flat = !(cb_ind_spread_deviation(&line->spread) > 0);
    /* The weighted average of a line of slope s lies s * (n - 1) / 6 above its mean. */
    const double slope = is_flat ? 0 : (average - mean) * 6 / (count - 1);
    const double fit = is_flat ? 0 : slope * slope * count * (count * count - 1) / 12 / squares;
    out[0] = mean + slope * (count - 1) / 2;
    out[1] = slope;
    out[2] = out[0] + slope;
    out[3] = fit < 1 ? fit : 1;
    return true;
}

const cb_indicator_ops cb_indicator_linreg = {CB_INDICATOR(linreg),
    .summary = "least squares line through n closes: its end, slope a bar, next value, and share "
               "explained",
    .formula = "slope = cov(x, close) / var(x), x = 0 … n - 1; value at n - 1; forecast at n; r2 = "
               "correlation^2",
    .source = "textbook definition; TA-Lib LINEARREG, LINEARREG_SLOPE and TSF",
    .settle_factor = 1};
