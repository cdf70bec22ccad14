/* Marubozu: a candle that is all body. */
#include <math.h>

#include "base/assert.h"
#include "ind/parts.h"

typedef struct marubozu_state {
    double ratio;
    uint64_t bars;
} marubozu_state;

static const cb_param params[] = {
    {"body",
        CB_PARAM_DECIMAL,
        95 * CB_E8 / 100,
        CB_E8 / 2,
        CB_E8,
        "least body, as a share of the range"},
};
static const char *const outputs[] = {"marubozu"};

CB_INDICATOR_FIXED(marubozu)
CB_INDICATOR_WARMUP(marubozu, 1)

static void marubozu_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    marubozu_state *marubozu = state;
    *marubozu = (marubozu_state){.ratio = cb_f64_from_e8(values[0])};
}

static bool marubozu_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    marubozu_state *marubozu = state;
    const double body = bar->close - bar->open;
    const double range = bar->high - bar->low;
    marubozu->bars++;
    const bool is_full = range > 0 && fabs(body) >= marubozu->ratio * range;
    out[0] = is_full ? (body > 0 ? 1 : -1) : 0;
    return true;
}

const cb_indicator_ops cb_indicator_marubozu = {CB_INDICATOR(marubozu),
    .summary = "marubozu: 1 rising, -1 falling, when the candle is nearly all body",
    .formula = "|close - open| >= body * (high - low)",
    .source = "S. Nison, Japanese Candlestick Charting Techniques, 1991",
    .settle_factor = 1};
