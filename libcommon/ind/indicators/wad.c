/* Williams accumulation/distribution. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct wad_state {
    double previous;
    uint64_t has_previous;
    double sum;
} wad_state;

static const char *const outputs[] = {"wad"};

CB_INDICATOR_FIXED(wad)
CB_INDICATOR_WARMUP(wad, 2)

static void wad_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    (void)values;
    wad_state *wad = state;
    *wad = (wad_state){.sum = 0};
}

static bool wad_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    wad_state *wad = state;
    const double previous = wad->previous;
    const bool has_previous = wad->has_previous != 0;
    wad->previous = bar->close;
    wad->has_previous = 1;
    if (!has_previous) {
        return false;
    }
    if (bar->close > previous) {
        wad->sum += bar->close - (bar->low < previous ? bar->low : previous);
    } else if (bar->close < previous) {
        wad->sum += bar->close - (bar->high > previous ? bar->high : previous);
    }
    out[0] = wad->sum;
    return true;
}

const cb_indicator_ops cb_indicator_wad = {CB_INDICATOR_PLAIN(wad),
    .summary = "Williams accumulation/distribution since the first bar",
    .formula = "sum of close - true low on rising, close - true high on falling closes",
    .source = "L. Williams; Tulip WAD",
    .settle_factor = 0};
