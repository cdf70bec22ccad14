/* Vertical horizontal filter: trend or sideways. */
#include <math.h>

#include "base/assert.h"
#include "ind/parts.h"

typedef struct vhf_state {
    cb_ind_channel channel;
    cb_ind_window changes;
    double previous;
    uint64_t has_previous;
    double values[]; /* candidates, then period changes */
} vhf_state;

static const cb_param params[] = {CB_IND_PERIOD(28, 1)};
static const char *const outputs[] = {"vhf"};

CB_INDICATOR_SIZED(vhf, CB_IND_CHANNEL_DOUBLES(values[0]) + values[0])
CB_INDICATOR_WARMUP(vhf, values[0] + 1)

static void vhf_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    vhf_state *vhf = state;
    const uint64_t period = (uint64_t)values[0];
    *vhf = (vhf_state){.previous = 0};
    cb_ind_channel_init(&vhf->channel, period);
    cb_ind_window_init(&vhf->changes, period);
    cb_ind_clear(vhf->values, CB_IND_CHANNEL_DOUBLES(period) + period);
}

static bool vhf_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    vhf_state *vhf = state;
    double high = 0;
    double low = 0;
    (void)cb_ind_channel_push(&vhf->channel, vhf->values, bar->close, bar->close, &high, &low);
    const bool has_previous = vhf->has_previous != 0;
    const double change = fabs(bar->close - vhf->previous);
    vhf->previous = bar->close;
    vhf->has_previous = 1;
    double *changes = vhf->values + CB_IND_CHANNEL_DOUBLES(vhf->changes.capacity);
    if (!has_previous || !cb_ind_window_push(&vhf->changes, changes, change, NULL)) {
        return false;
    }
    out[0] = cb_ind_ratio(high - low, vhf->changes.sum, 0);
    return true;
}

const cb_indicator_ops cb_indicator_vhf = {CB_INDICATOR(vhf),
    .summary = "vertical horizontal filter: high in a trend, low in a range",
    .formula = "(max(close, n) - min(close, n)) / sum |change| over n",
    .source = "A. White, Futures Magazine, 1991; Tulip VHF",
    .settle_factor = 1};
