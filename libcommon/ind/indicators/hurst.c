/* Hurst exponent from the growth of moves with the time they take. */
#include "base/assert.h"
#include "ind/logarithm.h"
#include "ind/parts.h"

typedef struct hurst_state {
    cb_ind_lag lag;
    cb_ind_window shorts; /* squared moves of one bar */
    cb_ind_window longs;  /* squared moves of scale bars */
    double previous;
    uint64_t has_previous;
    double divisor;  /* 2 ln scale */
    double values[]; /* the lag's, then both windows */
} hurst_state;

static const cb_param params[] = {
    CB_IND_PERIOD(100, 2),
    CB_IND_COUNT("scale", 10, 2, "bars of the long moves"),
};
static const char *const outputs[] = {"hurst"};

CB_INDICATOR_SIZED(hurst, values[1] + 2 * values[0])
CB_INDICATOR_WARMUP(hurst, values[0] + values[1])

static void hurst_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    hurst_state *hurst = state;
    *hurst = (hurst_state){.divisor = 2 * cb_ind_log((double)values[1])};
    cb_ind_lag_init(&hurst->lag, (uint64_t)values[1]);
    cb_ind_window_init(&hurst->shorts, (uint64_t)values[0]);
    cb_ind_window_init(&hurst->longs, (uint64_t)values[0]);
    cb_ind_clear(hurst->values, (uint64_t)(values[1] + 2 * values[0]));
}

static bool hurst_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    hurst_state *hurst = state;
    double *shorts = hurst->values + hurst->lag.capacity;
    double *longs = shorts + hurst->shorts.capacity;
    const double move = cb_ind_log_return(bar->close, hurst->previous);
    const bool has_previous = hurst->has_previous != 0;
    double before = 0;
    hurst->previous = bar->close;
    hurst->has_previous = 1;
    if (has_previous) {
        (void)cb_ind_window_push(&hurst->shorts, shorts, move * move, NULL);
    }
    if (!cb_ind_lag_push(&hurst->lag, hurst->values, bar->close, &before)) {
        return false;
    }
    const double long_move = cb_ind_log_return(bar->close, before);
    if (!cb_ind_window_push(&hurst->longs, longs, long_move * long_move, NULL)) {
        return false;
    }
    const double ratio = cb_ind_ratio(hurst->longs.sum, hurst->shorts.sum, 0);
    const double exponent = ratio > 0 ? cb_ind_log(ratio) / hurst->divisor : 0;
    const bool has_moved = hurst->shorts.sum > 0;
    out[0] = has_moved ? (exponent > 1 ? 1 : exponent) : 0.5;
    out[0] = out[0] < 0 ? 0 : out[0];
    return true;
}

const cb_indicator_ops cb_indicator_hurst = {CB_INDICATOR(hurst),
    .summary =
        "Hurst exponent: 0.5 a random walk (and while nothing moves), more a trend, less a return",
    .formula = "ln(mean ln(close / close[scale])^2 / mean ln(close / close[1])^2) / (2 * ln "
               "scale), within 0 … 1",
    .source = "generalised Hurst exponent of order 2 over two scales (T. Di Matteo, 2007)",
    .settle_factor = 1};
