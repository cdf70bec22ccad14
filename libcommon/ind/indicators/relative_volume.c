/* Volume against its average. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct relative_volume_state {
    cb_ind_window window;
    double values[]; /* period */
} relative_volume_state;

static const cb_param params[] = {CB_IND_PERIOD(20, 1)};
static const char *const outputs[] = {"relative_volume"};

CB_INDICATOR_SIZED(relative_volume, values[0])
CB_INDICATOR_WARMUP(relative_volume, values[0])

static void relative_volume_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    relative_volume_state *relative = state;
    cb_ind_window_init(&relative->window, (uint64_t)values[0]);
    cb_ind_clear(relative->values, (uint64_t)values[0]);
}

static bool relative_volume_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    relative_volume_state *relative = state;
    if (!cb_ind_window_push(&relative->window, relative->values, bar->volume, NULL)) {
        return false;
    }
    out[0] = cb_ind_ratio(bar->volume, cb_ind_window_mean(&relative->window), 1);
    return true;
}

const cb_indicator_ops cb_indicator_relative_volume = {CB_INDICATOR(relative_volume),
    .summary = "volume against its average of n bars, this one included; 1 without any",
    .formula = "volume / sma(volume, n)",
    .source = "textbook definition",
    .settle_factor = 1};
