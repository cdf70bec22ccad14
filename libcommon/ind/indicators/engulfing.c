/* Engulfing pattern: a body that swallows the opposite one before. */
#include <math.h>

#include "base/assert.h"
#include "ind/parts.h"

typedef struct engulfing_state {
    uint64_t has_previous;
    double open;
    double close;
} engulfing_state;

static const char *const outputs[] = {"engulfing"};

CB_INDICATOR_FIXED(engulfing)
CB_INDICATOR_WARMUP(engulfing, 2)

static void engulfing_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    (void)values;
    engulfing_state *engulfing = state;
    *engulfing = (engulfing_state){.open = 0};
}

static bool engulfing_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    engulfing_state *engulfing = state;
    const engulfing_state before = *engulfing;
    *engulfing = (engulfing_state){.has_previous = 1, .open = bar->open, .close = bar->close};
    if (before.has_previous == 0) {
        return false;
    }
    const bool is_larger = fabs(bar->close - bar->open) > fabs(before.close - before.open);
    const bool is_rising = before.close < before.open && bar->close > bar->open &&
                           bar->close >= before.open && bar->open <= before.close;
    const bool is_falling = before.close > before.open && bar->close < bar->open &&
                            bar->close <= before.open && bar->open >= before.close;
    out[0] = is_larger && is_rising ? 1 : is_larger && is_falling ? -1 : 0;
    return true;
}

const cb_indicator_ops cb_indicator_engulfing = {CB_INDICATOR_PLAIN(engulfing),
    .summary = "1: a rising body swallows the falling one before; -1: the opposite",
    .formula = "both bodies opposite, the new one covers the old one and is larger",
    .source = "S. Nison, Japanese Candlestick Charting Techniques, 1991",
    .settle_factor = 1};
