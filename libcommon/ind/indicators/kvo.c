/* Klinger volume oscillator. */
#include <math.h>

#include "base/assert.h"
#include "ind/parts.h"

typedef struct kvo_state {
    double previous; /* high + low + close of the bar before */
    double range;    /* high - low of the bar before */
    double cumulated;
    int64_t trend; /* 0: not known yet */
    uint64_t has_previous;
    cb_ind_ema fast;
    cb_ind_ema slow;
    cb_ind_ema signal;
} kvo_state;

static const cb_param params[] = {
    CB_IND_COUNT("fast", 34, 1, "bars of the fast average"),
    CB_IND_COUNT("slow", 55, 1, "bars of the slow average"),
    CB_IND_COUNT("signal", 13, 1, "values in the signal line's average"),
};
static const char *const outputs[] = {"kvo", "signal"};

CB_INDICATOR_FIXED(kvo)
CB_INDICATOR_WARMUP(kvo, (values[0] > values[1] ? values[0] : values[1]) + values[2])

static void kvo_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    kvo_state *kvo = state;
    *kvo = (kvo_state){.previous = 0};
    cb_ind_ema_init(&kvo->fast, (uint64_t)values[0]);
    cb_ind_ema_init(&kvo->slow, (uint64_t)values[1]);
    cb_ind_ema_init(&kvo->signal, (uint64_t)values[2]);
}

/* The volume, signed by the trend, and the greater the more this range is of the trend's own. */
static double volume_force(kvo_state *kvo, const cb_bar *bar)
{
    const double sum = bar->high + bar->low + bar->close;
    const double range = bar->high - bar->low;
    int64_t trend = kvo->trend;
    if (sum > kvo->previous) {
        trend = 1;
    } else if (sum < kvo->previous) {
        trend = -1;
    }
    kvo->cumulated = trend == kvo->trend ? kvo->cumulated + range : kvo->range + range;
    kvo->trend = trend;
    const double share = 2 * cb_ind_ratio(range, kvo->cumulated, 0.5) - 1;
    return 100 * bar->volume * fabs(share) * (double)trend;
}

static bool kvo_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    kvo_state *kvo = state;
    const bool has_previous = kvo->has_previous != 0;
    const double force = has_previous ? volume_force(kvo, bar) : 0;
    kvo->previous = bar->high + bar->low + bar->close;
    kvo->range = bar->high - bar->low;
    kvo->has_previous = 1;
    if (!has_previous) {
        return false;
    }
    const bool has_fast = cb_ind_ema_push(&kvo->fast, force);
    if (!cb_ind_ema_push(&kvo->slow, force) || !has_fast) {
        return false;
    }
    const double line = kvo->fast.value - kvo->slow.value;
    if (!cb_ind_ema_push(&kvo->signal, line)) {
        return false;
    }
    out[0] = line;
    out[1] = kvo->signal.value;
    return true;
}

const cb_indicator_ops cb_indicator_kvo = {CB_INDICATOR(kvo),
    .summary = "Klinger volume oscillator, with its signal line",
    .formula = "ema(force, fast) - ema(force, slow); force = 100 * volume * |2 * range / cumulated "
               "range - 1| * trend",
    .source = "S. Klinger, Technical Analysis of Stocks & Commodities, 1997; averages begin with "
              "simple ones",
    .settle_factor = 12};
