/* Ulcer index: depth and duration of falls from the highest close. */
#include <math.h>

#include "base/assert.h"
#include "ind/parts.h"

typedef struct ulcer_state {
    cb_ind_extreme highest;
    cb_ind_window squares;
    double values[]; /* candidates, then squares */
} ulcer_state;

static const cb_param params[] = {CB_IND_PERIOD(14, 1)};
static const char *const outputs[] = {"ulcer"};

CB_INDICATOR_SIZED(ulcer, 3 * values[0])
CB_INDICATOR_WARMUP(ulcer, 2 * values[0] - 1)

static void ulcer_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    ulcer_state *ulcer = state;
    const uint64_t period = (uint64_t)values[0];
    cb_ind_extreme_init(&ulcer->highest, period, true);
    cb_ind_window_init(&ulcer->squares, period);
    cb_ind_clear(ulcer->values, 3 * period);
}

static bool ulcer_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    ulcer_state *ulcer = state;
    const uint64_t period = ulcer->highest.capacity;
    cb_ind_candidate *candidates = (cb_ind_candidate *)(void *)ulcer->values;
    const double high = cb_ind_extreme_push(&ulcer->highest, candidates, bar->close);
    const double fall = 100 * cb_ind_ratio(bar->close - high, high, 0);
    if (ulcer->highest.seen < period ||
        !cb_ind_window_push(&ulcer->squares, ulcer->values + 2 * period, fall * fall, NULL)) {
        return false;
    }
    const double mean = cb_ind_window_mean(&ulcer->squares);
    out[0] = sqrt(mean > 0 ? mean : 0);
    return true;
}

const cb_indicator_ops cb_indicator_ulcer = {CB_INDICATOR(ulcer),
    .summary = "ulcer index: root mean square of the falls from the highest close, in percent",
    .formula = "sqrt(sma((100 * (close - max close) / max close)^2))",
    .source = "P. Martin and B. McCann, 1989; the highest close of n bars",
    .settle_factor = 1};
