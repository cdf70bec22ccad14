/* Tillson's T3: six exponential averages in a row, mixed so that the lag mostly cancels. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct t3_state {
    double weights[4]; /* of stages 3, 4, 5, 6 */
    cb_ind_ema stages[6];
} t3_state;

static const cb_param params[] = {
    CB_IND_PERIOD(5, 1),
    {"volume_factor",
        CB_PARAM_DECIMAL,
        7 * CB_E8 / 10,
        0,
        CB_E8,
        "0 is the plain average, 1 the fastest"},
};
static const char *const outputs[] = {"t3"};

CB_INDICATOR_FIXED(t3)
CB_INDICATOR_WARMUP(t3, 6 * values[0] - 5)

static void t3_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    t3_state *t3 = state;
    const double v = cb_f64_from_e8(values[1]);
    t3->weights[0] = 1 + 3 * v + 3 * v * v + v * v * v;
    t3->weights[1] = -3 * v - 6 * v * v - 3 * v * v * v;
    t3->weights[2] = 3 * v * v + 3 * v * v * v;
    t3->weights[3] = -v * v * v;
    for (uint32_t i = 0; i < 6; i++) {
        cb_ind_ema_init(&t3->stages[i], (uint64_t)values[0]);
    }
}

static bool t3_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    t3_state *t3 = state;
    double value = bar->close;
    for (uint32_t i = 0; i < 6; i++) {
        if (!cb_ind_ema_push(&t3->stages[i], value)) {
            return false;
        }
        value = t3->stages[i].value;
    }
    out[0] = t3->weights[0] * t3->stages[2].value + t3->weights[1] * t3->stages[3].value +
             t3->weights[2] * t3->stages[4].value + t3->weights[3] * t3->stages[5].value;
    return true;
}

const cb_indicator_ops cb_indicator_t3 = {CB_INDICATOR(t3),
    .summary = "Tillson's T3, a smooth average with little lag",
    .formula = "gd(gd(gd(close))), gd = (1 + v) * ema - v * ema(ema)",
    .source = "T. Tillson, Technical Analysis of Stocks & Commodities, 1998; averages begin with "
              "simple ones",
    .settle_factor = 10};
