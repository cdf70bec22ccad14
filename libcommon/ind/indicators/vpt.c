/* Volume price trend. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct vpt_state {
    double previous;
    uint64_t has_previous;
    double sum;
} vpt_state;

static const char *const outputs[] = {"vpt"};

CB_INDICATOR_FIXED(vpt)
CB_INDICATOR_WARMUP(vpt, 1)

static void vpt_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    (void)values;
    vpt_state *vpt = state;
    *vpt = (vpt_state){.sum = 0};
}

static bool vpt_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    vpt_state *vpt = state;
    vpt->sum += bar->volume * cb_ind_ratio(bar->close - vpt->previous, vpt->previous, 0);
    vpt->previous = bar->close;
    vpt->has_previous = 1;
    out[0] = vpt->sum;
    return true;
}

const cb_indicator_ops cb_indicator_vpt = {CB_INDICATOR_PLAIN(vpt),
    .summary = "volume price trend since the first bar",
    .formula = "sum of volume * (close - close[1]) / close[1], 0 at the first bar",
    .source = "textbook definition",
    .settle_factor = 0};
