/* Keltner channel. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct keltner_state {
    cb_ind_range range;
    cb_ind_ema middle;
    cb_ind_ema average;
    double multiplier;
} keltner_state;

static const cb_param params[] = {
    CB_IND_PERIOD(20, 1),
    CB_IND_COUNT("atr", 10, 1, "bars of the average true range"),
    {"multiplier",
        CB_PARAM_DECIMAL,
        2 * CB_E8,
        CB_E8 / 10,
        100 * CB_E8,
        "average ranges between middle and band"},
};
static const char *const outputs[] = {"middle", "upper", "lower"};

CB_INDICATOR_FIXED(keltner)
CB_INDICATOR_WARMUP(keltner, values[0] > values[1] ? values[0] : values[1])

static void keltner_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    keltner_state *keltner = state;
    *keltner = (keltner_state){.multiplier = cb_f64_from_e8(values[2])};
    cb_ind_ema_init(&keltner->middle, (uint64_t)values[0]);
    cb_ind_wilder_init(&keltner->average, (uint64_t)values[1]);
}

static bool keltner_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    keltner_state *keltner = state;
    const bool has_range =
        cb_ind_ema_push(&keltner->average, cb_ind_range_push(&keltner->range, bar));
    if (!cb_ind_ema_push(&keltner->middle, bar->close) || !has_range) {
        return false;
    }
    const double width = keltner->multiplier * keltner->average.value;
    out[0] = keltner->middle.value;
    out[1] = keltner->middle.value + width;
    out[2] = keltner->middle.value - width;
    return true;
}

const cb_indicator_ops cb_indicator_keltner = {CB_INDICATOR(keltner),
    .summary = "Keltner channel: multiples of the average range around an exponential average",
    .formula = "ema(close, n) +- k * atr",
    .source = "C. Keltner, 1960, in L. Raschke's form; Wilder's ATR",
    .settle_factor = 15};
