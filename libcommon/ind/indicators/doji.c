/* Doji: a candle without a body. */
#include <math.h>

#include "base/assert.h"
#include "ind/parts.h"

typedef struct doji_state {
    double ratio;
    uint64_t bars;
} doji_state;

static const cb_param params[] = {
    {"body", CB_PARAM_DECIMAL, CB_E8 / 10, 0, CB_E8, "largest body, as a share of the range"},
};
static const char *const outputs[] = {"doji"};

CB_INDICATOR_FIXED(doji)
CB_INDICATOR_WARMUP(doji, 1)

static void doji_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    doji_state *doji = state;
    *doji = (doji_state){.ratio = cb_f64_from_e8(values[0])};
}

static bool doji_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    doji_state *doji = state;
    doji->bars++;
    out[0] = fabs(bar->close - bar->open) <= doji->ratio * (bar->high - bar->low) ? 1 : 0;
    return true;
}

const cb_indicator_ops cb_indicator_doji = {CB_INDICATOR(doji),
    .summary = "doji: 1 when the candle has next to no body",
    .formula = "|close - open| <= body * (high - low)",
    .source = "S. Nison, Japanese Candlestick Charting Techniques, 1991",
    .settle_factor = 1};
