/* Kaufman's adaptive average: fast in a trend, slow in noise. */
#include <math.h>

#include "base/assert.h"
#include "ind/parts.h"

typedef struct kama_state {
    cb_ind_lag lag;
    cb_ind_window changes;
    double fast;
    double slow;
    double previous;
    double value;
    uint64_t is_begun;
    double values[]; /* period closes, then period changes */
} kama_state;

static const cb_param params[] = {
    CB_IND_PERIOD(10, 1),
    CB_IND_COUNT("fast", 2, 1, "bars of the fastest average"),
    CB_IND_COUNT("slow", 30, 1, "bars of the slowest average"),
};
static const char *const outputs[] = {"kama"};

CB_INDICATOR_SIZED(kama, 2 * values[0])
CB_INDICATOR_WARMUP(kama, values[0] + 1)

static void kama_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    kama_state *kama = state;
    const uint64_t period = (uint64_t)values[0];
    *kama =
        (kama_state){.fast = 2.0 / ((double)values[1] + 1), .slow = 2.0 / ((double)values[2] + 1)};
    cb_ind_lag_init(&kama->lag, period);
    cb_ind_window_init(&kama->changes, period);
    cb_ind_clear(kama->values, 2 * period);
}

static bool kama_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    kama_state *kama = state;
    const double close = bar->close;
    double before = 0;
    if (kama->is_begun != 0) {
        (void)cb_ind_window_push(
            &kama->changes, kama->values + kama->lag.capacity, fabs(close - kama->previous), NULL);
    }
    const double previous = kama->previous;
    kama->previous = close;
    kama->is_begun = 1;
    if (!cb_ind_lag_push(&kama->lag, kama->values, close, &before)) {
        kama->value = close; /* the average begins with the last close before it */
        return false;
    }
    CB_ASSERT(isfinite(previous));
    const double share = cb_ind_ratio(fabs(close - before), kama->changes.sum, 0);
    const double efficiency = share > 1 ? 1 : share;
    const double root = efficiency * (kama->fast - kama->slow) + kama->slow;
    kama->value += root * root * (close - kama->value);
    out[0] = kama->value;
    return true;
}

const cb_indicator_ops cb_indicator_kama = {CB_INDICATOR(kama),
    .summary = "Kaufman's adaptive moving average",
    .formula = "kama += (er * (fast - slow) + slow)^2 * (close - kama); er = |close - close[n]| / "
               "sum |change|",
    .source = "P. Kaufman, Smarter Trading, 1995; begins with the close before the first value "
              "(TA-Lib, Tulip)",
    .settle_factor = 60};
