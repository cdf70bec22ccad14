/* Triple exponential moving average. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct tema_state {
    cb_ind_ema stages[3];
} tema_state;

static const cb_param params[] = {CB_IND_PERIOD(20, 1)};
static const char *const outputs[] = {"tema"};

CB_INDICATOR_FIXED(tema)
CB_INDICATOR_WARMUP(tema, 3 * values[0] - 2)

static void tema_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    tema_state *tema = state;
    for (uint32_t i = 0; i < 3; i++) {
        cb_ind_ema_init(&tema->stages[i], (uint64_t)values[0]);
    }
}

static bool tema_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    tema_state *tema = state;
    double value = bar->close;
    for (uint32_t i = 0; i < 3; i++) {
        if (!cb_ind_ema_push(&tema->stages[i], value)) {
            return false;
        }
        value = tema->stages[i].value;
    }
    out[0] = 3 * tema->stages[0].value - 3 * tema->stages[1].value + tema->stages[2].value;
    return true;
}

const cb_indicator_ops cb_indicator_tema = {CB_INDICATOR(tema),
    .summary = "triple exponential moving average: less lag still than the double one",
    .formula = "3 * ema - 3 * ema(ema) + ema(ema(ema))",
    .source = "P. Mulloy, Technical Analysis of Stocks & Commodities, 1994; averages begin with "
              "simple ones",
    .settle_factor = 8};
