/* Tweezer bottoms and tops. */
#include <math.h>

#include "base/assert.h"
#include "ind/parts.h"

typedef struct tweezer_state {
    double tolerance;
    uint64_t has_previous;
    cb_bar previous;
} tweezer_state;

static const cb_param params[] = {
    {"tolerance",
        CB_PARAM_DECIMAL,
        CB_E8 / 20,
        0,
        CB_E8,
        "largest difference of both lows (highs), in ranges"},
};
static const char *const outputs[] = {"tweezer"};

CB_INDICATOR_FIXED(tweezer)
CB_INDICATOR_WARMUP(tweezer, 2)

static void tweezer_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    tweezer_state *tweezer = state;
    *tweezer = (tweezer_state){.tolerance = cb_f64_from_e8(values[0])};
}

static bool tweezer_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    tweezer_state *tweezer = state;
    const cb_bar before = tweezer->previous;
    const bool has_previous = tweezer->has_previous != 0;
    tweezer->previous = *bar;
    tweezer->has_previous = 1;
    if (!has_previous) {
        return false;
    }
    const double most = tweezer->tolerance * (before.high - before.low);
    const bool is_bottom =
        before.close < before.open && bar->close > bar->open && fabs(bar->low - before.low) <= most;
    const bool is_top = before.close > before.open && bar->close < bar->open &&
                        fabs(bar->high - before.high) <= most;
    out[0] = is_bottom ? 1 : is_top ? -1 : 0;
    return true;
}

const cb_indicator_ops cb_indicator_tweezer = {CB_INDICATOR(tweezer),
    .summary = "1: two opposite bodies with the same low (bottom); -1: with the same high (top)",
    .formula = "|low - low[1]| <= tolerance * range[1] after a falling body; |high - high[1]| "
               "after a rising one",
    .source = "S. Nison, Japanese Candlestick Charting Techniques, 1991",
    .settle_factor = 1};
