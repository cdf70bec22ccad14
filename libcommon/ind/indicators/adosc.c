/* Chaikin oscillator: momentum of the accumulation/distribution line. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct adosc_state {
    double sum;
    cb_ind_ema fast;
    cb_ind_ema slow;
} adosc_state;

static const cb_param params[] = {
    CB_IND_COUNT("fast", 3, 1, "bars of the fast average"),
    CB_IND_COUNT("slow", 10, 1, "bars of the slow average"),
};
static const char *const outputs[] = {"adosc"};

CB_INDICATOR_FIXED(adosc)
CB_INDICATOR_WARMUP(adosc, values[0] > values[1] ? values[0] : values[1])

static void adosc_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    adosc_state *adosc = state;
    *adosc = (adosc_state){.sum = 0};
    cb_ind_ema_init(&adosc->fast, (uint64_t)values[0]);
    cb_ind_ema_init(&adosc->slow, (uint64_t)values[1]);
}

static bool adosc_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    adosc_state *adosc = state;
    adosc->sum += bar->volume * cb_ind_close_place(bar);
    const bool has_fast = cb_ind_ema_push(&adosc->fast, adosc->sum);
    if (!cb_ind_ema_push(&adosc->slow, adosc->sum) || !has_fast) {
        return false;
    }
    out[0] = adosc->fast.value - adosc->slow.value;
    return true;
}

const cb_indicator_ops cb_indicator_adosc = {CB_INDICATOR(adosc),
    .summary = "Chaikin oscillator: fast less slow average of the accumulation/distribution line",
    .formula = "ema(ad, fast) - ema(ad, slow)",
    .source = "M. Chaikin; averages begin with simple ones",
    .settle_factor = 12};
