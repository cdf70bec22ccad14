/* Supertrend: a stop at a multiple of the average range that only moves with the trend. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct supertrend_state {
    cb_ind_range range;
    cb_ind_ema average;
    double multiplier;
    int64_t direction; /* 0: not begun */
    double upper;
    double lower;
} supertrend_state;

static const cb_param params[] = {
    CB_IND_PERIOD(10, 1),
    {"multiplier",
        CB_PARAM_DECIMAL,
        3 * CB_E8,
        CB_E8 / 10,
        100 * CB_E8,
        "average ranges between middle and stop"},
};
static const char *const outputs[] = {"line", "direction"};

CB_INDICATOR_FIXED(supertrend)
CB_INDICATOR_WARMUP(supertrend, values[0])

static void supertrend_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    supertrend_state *trend = state;
    *trend = (supertrend_state){.multiplier = cb_f64_from_e8(values[1])};
    cb_ind_wilder_init(&trend->average, (uint64_t)values[0]);
}

/* A stop only tightens, until the close before stood beyond it. */
static void move_stops(supertrend_state *trend, const cb_bar *bar, double previous)
{
    const double middle = (bar->high + bar->low) / 2;
    const double width = trend->multiplier * trend->average.value;
    const bool is_first = trend->direction == 0;
    if (is_first || middle + width < trend->upper || previous > trend->upper) {
        trend->upper = middle + width;
    }
    if (is_first || middle - width > trend->lower || previous < trend->lower) {
        trend->lower = middle - width;
    }
    if (is_first) {
        trend->direction = bar->close >= middle ? 1 : -1;
    } else if (trend->direction > 0 && bar->close < trend->lower) {
        trend->direction = -1;
    } else if (trend->direction < 0 && bar->close > trend->upper) {
        trend->direction = 1;
    }
}

static bool supertrend_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    supertrend_state *trend = state;
    const double previous = trend->range.previous_close;
    if (!cb_ind_ema_push(&trend->average, cb_ind_range_push(&trend->range, bar))) {
        return false;
    }
    move_stops(trend, bar, previous);
    out[0] = trend->direction > 0 ? trend->lower : trend->upper;
    out[1] = (double)trend->direction;
    return true;
}

const cb_indicator_ops cb_indicator_supertrend = {CB_INDICATOR(supertrend),
    .summary = "supertrend: a trailing stop; direction is 1 above it, -1 below",
    .formula = "stop = (high + low) / 2 -+ k * atr(n), moved only in the trend's favour; a close "
               "beyond it turns",
    .source = "O. Seban, 2008; Wilder's ATR; the first direction is the close's side of the middle",
    .settle_factor = 60};
