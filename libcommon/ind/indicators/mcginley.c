/* McGinley dynamic: an average that speeds up when the price falls away below it. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct mcginley_state {
    uint64_t count;
    uint64_t period;
    double value; /* the sum until warm */
} mcginley_state;

static const cb_param params[] = {CB_IND_PERIOD(14, 1)};
static const char *const outputs[] = {"mcginley"};

CB_INDICATOR_FIXED(mcginley)
CB_INDICATOR_WARMUP(mcginley, values[0])

static void mcginley_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    mcginley_state *line = state;
    *line = (mcginley_state){.period = (uint64_t)values[0]};
}

/* The fourth power explodes far away from the line: a step never goes beyond the close. */
static double step_of(const mcginley_state *line, double close)
{
    const double gap = close - line->value;
    const double ratio = cb_ind_ratio(close, line->value, 1);
    const double square = ratio * ratio;
    const double divisor = 0.6 * (double)line->period * square * square;
    return divisor > 1 ? gap / divisor : gap;
}

static bool mcginley_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    mcginley_state *line = state;
    if (line->count < line->period) {
        line->count++;
        line->value += bar->close;
        if (line->count < line->period) {
            return false;
        }
        line->value /= (double)line->period;
    } else {
        line->value += step_of(line, bar->close);
    }
    out[0] = line->value;
    return true;
}

const cb_indicator_ops cb_indicator_mcginley = {CB_INDICATOR(mcginley),
    .summary = "McGinley dynamic: an average that hurries after falling prices",
    .formula = "md += (close - md) / (0.6 * n * (close / md)^4), at most to the close",
    .source = "J. McGinley, 1990; begins with the simple average",
    .settle_factor = 12};
