/* Inside and outside bars. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct inside_bar_state {
    uint64_t has_previous;
    double high;
    double low;
} inside_bar_state;

static const char *const outputs[] = {"inside_bar"};

CB_INDICATOR_FIXED(inside_bar)
CB_INDICATOR_WARMUP(inside_bar, 2)

static void inside_bar_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    (void)values;
    inside_bar_state *inside = state;
    *inside = (inside_bar_state){.high = 0};
}

static bool inside_bar_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    inside_bar_state *inside = state;
    const inside_bar_state before = *inside;
    *inside = (inside_bar_state){.has_previous = 1, .high = bar->high, .low = bar->low};
    if (before.has_previous == 0) {
        return false;
    }
    const bool is_inside = bar->high < before.high && bar->low > before.low;
    const bool is_outside = bar->high > before.high && bar->low < before.low;
    out[0] = is_inside ? 1 : is_outside ? -1 : 0;
    return true;
}

const cb_indicator_ops cb_indicator_inside_bar = {CB_INDICATOR_PLAIN(inside_bar),
    .summary = "1: the range lies inside the one before; -1: it goes beyond it on both sides",
    .formula = "high < high[1] and low > low[1]; high > high[1] and low < low[1]",
    .source = "textbook definition",
    .settle_factor = 1};
