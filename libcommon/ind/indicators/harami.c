/* Harami: a small body inside the large opposite one before. */
#include <math.h>

#include "base/assert.h"
#include "ind/parts.h"

typedef struct harami_state {
    uint64_t has_previous;
    double open;
    double close;
} harami_state;

static const char *const outputs[] = {"harami"};

CB_INDICATOR_FIXED(harami)
CB_INDICATOR_WARMUP(harami, 2)

static void harami_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    (void)values;
    harami_state *harami = state;
    *harami = (harami_state){.open = 0};
}

static bool harami_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    harami_state *harami = state;
    const harami_state before = *harami;
    *harami = (harami_state){.has_previous = 1, .open = bar->open, .close = bar->close};
    if (before.has_previous == 0) {
        return false;
    }
    const bool is_small = fabs(bar->close - bar->open) < 0.5 * fabs(before.close - before.open);
    const bool is_rising = before.close < before.open && bar->close > bar->open &&
                           bar->open >= before.close && bar->close <= before.open;
    const bool is_falling = before.close > before.open && bar->close < bar->open &&
                            bar->open <= before.close && bar->close >= before.open;
    out[0] = is_small && is_rising ? 1 : is_small && is_falling ? -1 : 0;
    return true;
}

const cb_indicator_ops cb_indicator_harami = {CB_INDICATOR_PLAIN(harami),
    .summary = "1: a small rising body inside the falling one before; -1: the opposite",
    .formula = "both bodies opposite, the new one inside the old one and smaller than half of it",
    .source = "S. Nison, Japanese Candlestick Charting Techniques, 1991",
    .settle_factor = 1};
