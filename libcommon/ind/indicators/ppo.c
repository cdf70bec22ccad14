/* Percentage price oscillator. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct ppo_state {
    cb_ind_ema fast;
    cb_ind_ema slow;
    cb_ind_ema signal;
} ppo_state;

static const cb_param params[] = {
    CB_IND_COUNT("fast", 12, 1, "bars of the fast average"),
    CB_IND_COUNT("slow", 26, 1, "bars of the slow average"),
    CB_IND_COUNT("signal", 9, 1, "values in the signal line's average"),
};
static const char *const outputs[] = {"ppo", "signal", "histogram"};

CB_INDICATOR_FIXED(ppo)
CB_INDICATOR_WARMUP(ppo, (values[0] > values[1] ? values[0] : values[1]) + values[2] - 1)

static void ppo_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    ppo_state *ppo = state;
    cb_ind_ema_init(&ppo->fast, (uint64_t)values[0]);
    cb_ind_ema_init(&ppo->slow, (uint64_t)values[1]);
    cb_ind_ema_init(&ppo->signal, (uint64_t)values[2]);
}

static bool ppo_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    ppo_state *ppo = state;
    const bool has_fast = cb_ind_ema_push(&ppo->fast, bar->close);
    const bool has_slow = cb_ind_ema_push(&ppo->slow, bar->close);
    if (!has_fast || !has_slow) {
        return false;
    }
    const double line = 100 * cb_ind_ratio(ppo->fast.value - ppo->slow.value, ppo->slow.value, 0);
    if (!cb_ind_ema_push(&ppo->signal, line)) {
        return false;
    }
    out[0] = line;
    out[1] = ppo->signal.value;
    out[2] = line - ppo->signal.value;
    return true;
}

const cb_indicator_ops cb_indicator_ppo = {CB_INDICATOR(ppo),
    .summary = "percentage price oscillator: MACD relative to the price",
    .formula = "100 * (ema(fast) - ema(slow)) / ema(slow); signal = ema(ppo)",
    .source = "G. Appel; averages begin with simple ones",
    .settle_factor = 10};
