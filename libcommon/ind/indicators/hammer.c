/* Hammer after a fall, shooting star after a rise. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct hammer_state {
    cb_ind_lag lag;
    double values[]; /* closes */
} hammer_state;

static const cb_param params[] = {
    CB_IND_COUNT("trend", 5, 1, "bars over which the market fell or rose")};
static const char *const outputs[] = {"hammer"};

CB_INDICATOR_SIZED(hammer, values[0])
CB_INDICATOR_WARMUP(hammer, values[0] + 1)

static void hammer_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    hammer_state *hammer = state;
    cb_ind_lag_init(&hammer->lag, (uint64_t)values[0]);
    cb_ind_clear(hammer->values, (uint64_t)values[0]);
}

static bool hammer_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    hammer_state *hammer = state;
    double before = 0;
    if (!cb_ind_lag_push(&hammer->lag, hammer->values, bar->close, &before)) {
        return false;
    }
    const double top = bar->close > bar->open ? bar->close : bar->open;
    const double bottom = bar->close > bar->open ? bar->open : bar->close;
    const double body = top - bottom;
    const double upper = bar->high - top;
    const double lower = bottom - bar->low;
    const bool is_hammer =
        lower > 0 && lower >= 2 * body && upper <= 0.5 * body && bar->low < before && top < before;
    const bool is_star = upper > 0 && upper >= 2 * body && lower <= 0.5 * body &&
                         bar->high > before && bottom > before;
    out[0] = is_hammer ? 1 : is_star ? -1 : 0;
    return true;
}

const cb_indicator_ops cb_indicator_hammer = {CB_INDICATOR(hammer),
    .summary = "1: hammer after a fall; -1: shooting star after a rise",
    .formula = "long shadow >= 2 bodies, other shadow <= half a body, body below (above) the close "
               "trend bars ago",
    .source = "S. Nison, Japanese Candlestick Charting Techniques, 1991",
    .settle_factor = 1};
