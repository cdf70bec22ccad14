/* Vortex indicator: upward and downward movement over the true range. */
#include <math.h>

#include "base/assert.h"
#include "ind/parts.h"

typedef struct vortex_state {
    cb_ind_range range;
    double high;
    double low;
    cb_ind_window plus;
    cb_ind_window minus;
    cb_ind_window ranges;
    double values[]; /* three windows */
} vortex_state;

static const cb_param params[] = {CB_IND_PERIOD(14, 1)};
static const char *const outputs[] = {"plus", "minus"};

CB_INDICATOR_SIZED(vortex, 3 * values[0])
CB_INDICATOR_WARMUP(vortex, values[0] + 1)

static void vortex_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    vortex_state *vortex = state;
    const uint64_t period = (uint64_t)values[0];
    *vortex = (vortex_state){.high = 0};
    cb_ind_window_init(&vortex->plus, period);
    cb_ind_window_init(&vortex->minus, period);
    cb_ind_window_init(&vortex->ranges, period);
    cb_ind_clear(vortex->values, 3 * period);
}

static bool vortex_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    vortex_state *vortex = state;
    const uint64_t period = vortex->plus.capacity;
    const bool has_previous = vortex->range.has_previous != 0;
    const double range = cb_ind_range_push(&vortex->range, bar);
    const double up = fabs(bar->high - vortex->low);
    const double down = fabs(bar->low - vortex->high);
    vortex->high = bar->high;
    vortex->low = bar->low;
    if (!has_previous) {
        return false;
    }
    (void)cb_ind_window_push(&vortex->plus, vortex->values, up, NULL);
    (void)cb_ind_window_push(&vortex->minus, vortex->values + period, down, NULL);
    if (!cb_ind_window_push(&vortex->ranges, vortex->values + 2 * period, range, NULL)) {
        return false;
    }
    out[0] = cb_ind_ratio(vortex->plus.sum, vortex->ranges.sum, 1);
    out[1] = cb_ind_ratio(vortex->minus.sum, vortex->ranges.sum, 1);
    return true;
}

const cb_indicator_ops cb_indicator_vortex = {CB_INDICATOR(vortex),
    .summary = "vortex: upward and downward movement, both 1 when nothing moves",
    .formula = "sum |high - low'| / sum true range; sum |low - high'| / sum true range",
    .source = "E. Botes and D. Siepman, Technical Analysis of Stocks & Commodities, 2010",
    .settle_factor = 1};
