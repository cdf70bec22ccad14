/* Volume weighted moving average of closes. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct vwma_state {
    cb_ind_window value;
    cb_ind_window volume;
    double values[]; /* period products, then period volumes */
} vwma_state;

static const cb_param params[] = {CB_IND_PERIOD(20, 1)};
static const char *const outputs[] = {"vwma"};

CB_INDICATOR_SIZED(vwma, 2 * values[0])
CB_INDICATOR_WARMUP(vwma, values[0])

static void vwma_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    vwma_state *vwma = state;
    cb_ind_window_init(&vwma->value, (uint64_t)values[0]);
    cb_ind_window_init(&vwma->volume, (uint64_t)values[0]);
    cb_ind_clear(vwma->values, 2 * (uint64_t)values[0]);
}

static bool vwma_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    vwma_state *vwma = state;
    double *volumes = vwma->values + vwma->value.capacity;
    (void)cb_ind_window_push(&vwma->value, vwma->values, bar->close * bar->volume, NULL);
    if (!cb_ind_window_push(&vwma->volume, volumes, bar->volume, NULL)) {
        return false;
    }
    out[0] = cb_ind_ratio(vwma->value.sum, vwma->volume.sum, bar->close);
    return true;
}

const cb_indicator_ops cb_indicator_vwma = {CB_INDICATOR(vwma),
    .summary = "volume weighted moving average of closes",
    .formula = "sum(close * volume) / sum(volume)",
    .source = "textbook definition; the close itself while no bar had volume",
    .settle_factor = 1};
