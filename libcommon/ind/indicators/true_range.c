/* True range of the bar. */
#include "base/assert.h"
#include "ind/parts.h"

typedef cb_ind_range true_range_state;

static const char *const outputs[] = {"true_range"};

CB_INDICATOR_FIXED(true_range)
CB_INDICATOR_WARMUP(true_range, 1)

static void true_range_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    (void)values;
    true_range_state *range = state;
    *range = (true_range_state){.has_previous = 0};
}

static bool true_range_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    out[0] = cb_ind_range_push(state, bar);
    return true;
}

const cb_indicator_ops cb_indicator_true_range = {CB_INDICATOR_PLAIN(true_range),
    .summary = "true range of the bar, in quote units",
    .formula = "max(high - low, |high - close'|, |low - close'|)",
    .source = "J. W. Wilder, 1978; the first is high - low",
    .settle_factor = 2};
