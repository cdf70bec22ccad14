/* Mass index: ranges that widen and narrow again announce a turn. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct mass_state {
    cb_ind_ema single;
    cb_ind_ema twice;
    cb_ind_window ratios;
    double values[]; /* period */
} mass_state;

static const cb_param params[] = {
    CB_IND_PERIOD(25, 1),
    CB_IND_COUNT("smooth", 9, 1, "bars of the averages of the range"),
};
static const char *const outputs[] = {"mass"};

CB_INDICATOR_SIZED(mass, values[0])
CB_INDICATOR_WARMUP(mass, 2 * values[1] - 2 + values[0])

static void mass_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    mass_state *mass = state;
    cb_ind_ema_init(&mass->single, (uint64_t)values[1]);
    cb_ind_ema_init(&mass->twice, (uint64_t)values[1]);
    cb_ind_window_init(&mass->ratios, (uint64_t)values[0]);
    cb_ind_clear(mass->values, (uint64_t)values[0]);
}

static bool mass_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    mass_state *mass = state;
    if (!cb_ind_ema_push(&mass->single, bar->high - bar->low) ||
        !cb_ind_ema_push(&mass->twice, mass->single.value)) {
        return false;
    }
    const double ratio = cb_ind_ratio(mass->single.value, mass->twice.value, 1);
    if (!cb_ind_window_push(&mass->ratios, mass->values, ratio, NULL)) {
        return false;
    }
    out[0] = mass->ratios.sum;
    return true;
}

const cb_indicator_ops cb_indicator_mass = {CB_INDICATOR(mass),
    .summary = "mass index: swelling of the range",
    .formula = "sum over n of ema(high - low) / ema(ema(high - low))",
    .source = "D. Dorsey, Technical Analysis of Stocks & Commodities, 1992; a ratio is 1 while "
              "nothing moves",
    .settle_factor = 8};
