/* Percentage volume oscillator. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct pvo_state {
    cb_ind_ema fast;
    cb_ind_ema slow;
    cb_ind_ema signal;
} pvo_state;

static const cb_param params[] = {
    CB_IND_COUNT("fast", 12, 1, "bars of the fast average"),
    CB_IND_COUNT("slow", 26, 1, "bars of the slow average"),
    CB_IND_COUNT("signal", 9, 1, "values in the signal line's average"),
};
static const char *const outputs[] = {"pvo", "signal", "histogram"};

CB_INDICATOR_FIXED(pvo)
CB_INDICATOR_WARMUP(pvo, (values[0] > values[1] ? values[0] : values[1]) + values[2] - 1)

static void pvo_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    pvo_state *pvo = state;
    cb_ind_ema_init(&pvo->fast, (uint64_t)values[0]);
    cb_ind_ema_init(&pvo->slow, (uint64_t)values[1]);
    cb_ind_ema_init(&pvo->signal, (uint64_t)values[2]);
}

static bool pvo_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    pvo_state *pvo = state;
    const bool has_fast = cb_ind_ema_push(&pvo->fast, bar->volume);
    const bool has_slow = cb_ind_ema_push(&pvo->slow, bar->volume);
    if (!has_fast || !has_slow) {
        return false;
    }
    const double line = 100 * cb_ind_ratio(pvo->fast.value - pvo->slow.value, pvo->slow.value, 0);
    if (!cb_ind_ema_push(&pvo->signal, line)) {
        return false;
    }
    out[0] = line;
    out[1] = pvo->signal.value;
    out[2] = line - pvo->signal.value;
    return true;
}

const cb_indicator_ops cb_indicator_pvo = {CB_INDICATOR(pvo),
    .summary = "percentage volume oscillator: MACD of the volume, relative to it; 0 without volume",
    .formula =
        "100 * (ema(volume, fast) - ema(volume, slow)) / ema(volume, slow); signal = ema(pvo)",
    .source = "StockCharts; averages begin with simple ones",
    .settle_factor = 10};
