/* Variable index dynamic average: exponential, with a factor that follows the momentum. */
#include <math.h>

#include "base/assert.h"
#include "ind/parts.h"

typedef struct vidya_state {
    cb_ind_window ups;
    cb_ind_window downs;
    double alpha;
    double previous;
    double value;
    uint64_t has_previous;
    double values[]; /* cmo ups, then downs */
} vidya_state;

static const cb_param params[] = {
    CB_IND_PERIOD(20, 1),
    CB_IND_COUNT("cmo", 9, 1, "changes in the momentum that drives the factor"),
};
static const char *const outputs[] = {"vidya"};

CB_INDICATOR_SIZED(vidya, 2 * values[1])
CB_INDICATOR_WARMUP(vidya, values[1] + 1)

static void vidya_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    vidya_state *vidya = state;
    *vidya = (vidya_state){.alpha = 2.0 / ((double)values[0] + 1)};
    cb_ind_window_init(&vidya->ups, (uint64_t)values[1]);
    cb_ind_window_init(&vidya->downs, (uint64_t)values[1]);
    cb_ind_clear(vidya->values, 2 * (uint64_t)values[1]);
}

static bool vidya_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    vidya_state *vidya = state;
    const double change = bar->close - vidya->previous;
    const bool has_previous = vidya->has_previous != 0;
    vidya->previous = bar->close;
    vidya->has_previous = 1;
    if (!has_previous) {
        vidya->value = bar->close;
        return false;
    }
    double *downs = vidya->values + vidya->ups.capacity;
    (void)cb_ind_window_push(&vidya->ups, vidya->values, change > 0 ? change : 0, NULL);
    if (!cb_ind_window_push(&vidya->downs, downs, change < 0 ? -change : 0, NULL)) {
        vidya->value = bar->close; /* the average begins with the last close before it */
        return false;
    }
    const double whole = vidya->ups.sum + vidya->downs.sum;
    const double share = cb_ind_ratio(fabs(vidya->ups.sum - vidya->downs.sum), whole, 0);
    vidya->value += vidya->alpha * (share > 1 ? 1 : share) * (bar->close - vidya->value);
    out[0] = vidya->value;
    return true;
}

const cb_indicator_ops cb_indicator_vidya = {CB_INDICATOR(vidya),
    .summary = "variable index dynamic average: fast when the momentum is one-sided",
    .formula = "vidya += 2 / (n + 1) * |cmo| / 100 * (close - vidya)",
    .source = "T. Chande, Technical Analysis of Stocks & Commodities, 1992 (the CMO form)",
    .settle_factor = 120};
