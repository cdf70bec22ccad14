/* On-balance volume. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct obv_state {
    double previous;
    uint64_t has_previous;
    double sum;
} obv_state;

static const char *const outputs[] = {"obv"};

CB_INDICATOR_FIXED(obv)
CB_INDICATOR_WARMUP(obv, 1)

static void obv_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    (void)values;
    obv_state *obv = state;
    *obv = (obv_state){.sum = 0};
}

static bool obv_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    obv_state *obv = state;
    if (obv->has_previous != 0 && bar->close > obv->previous) {
        obv->sum += bar->volume;
    } else if (obv->has_previous != 0 && bar->close < obv->previous) {
        obv->sum -= bar->volume;
    }
    obv->previous = bar->close;
    obv->has_previous = 1;
    out[0] = obv->sum;
    return true;
}

const cb_indicator_ops cb_indicator_obv = {CB_INDICATOR_PLAIN(obv),
    .summary = "on-balance volume since the first bar",
    .formula = "sum of volume * sign(close - close[1]), 0 at the first bar",
    .source = "J. Granville, 1963; Tulip OBV",
    .settle_factor = 0};
