/* Piercing line and dark cloud cover. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct piercing_state {
    uint64_t has_previous;
    double open;
    double close;
} piercing_state;

static const char *const outputs[] = {"piercing"};

CB_INDICATOR_FIXED(piercing)
CB_INDICATOR_WARMUP(piercing, 2)

static void piercing_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    (void)values;
    piercing_state *piercing = state;
    *piercing = (piercing_state){.open = 0};
}

static bool piercing_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    piercing_state *piercing = state;
    const piercing_state before = *piercing;
    *piercing = (piercing_state){.has_previous = 1, .open = bar->open, .close = bar->close};
    if (before.has_previous == 0) {
        return false;
    }
    const double middle = (before.open + before.close) / 2;
    const bool is_rising = before.close < before.open && bar->open <= before.close &&
                           bar->close > middle && bar->close < before.open;
    const bool is_falling = before.close > before.open && bar->open >= before.close &&
                            bar->close < middle && bar->close > before.open;
    out[0] = is_rising ? 1 : is_falling ? -1 : 0;
    return true;
}

const cb_indicator_ops cb_indicator_piercing = {CB_INDICATOR_PLAIN(piercing),
    .summary = "1: piercing line; -1: dark cloud cover",
    .formula =
        "opens at or beyond the close before, closes beyond the middle of that body but inside it",
    .source = "S. Nison, 1991; a market without gaps opens at the close before, which counts",
    .settle_factor = 1};
