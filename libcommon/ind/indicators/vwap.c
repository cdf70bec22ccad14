/* Volume weighted average price over the last n bars. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct vwap_state {
    cb_ind_window value; /* typical price * volume */
    cb_ind_window volume;
    double values[]; /* period values, then period volumes */
} vwap_state;

static const cb_param params[] = {CB_IND_PERIOD(60, 1)};
static const char *const outputs[] = {"vwap"};

static size_t vwap_state_size(const int64_t *values)
{
    return sizeof(vwap_state) + 2 * (size_t)values[0] * sizeof(double);
}

static uint32_t vwap_warmup_bars(const int64_t *values)
{
    return (uint32_t)values[0];
}

static void vwap_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    vwap_state *vwap = state;
    cb_ind_window_init(&vwap->value, (uint64_t)values[0]);
    cb_ind_window_init(&vwap->volume, (uint64_t)values[0]);
    for (int64_t i = 0; i < 2 * values[0]; i++) {
        vwap->values[i] = 0;
    }
}

static bool vwap_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    CB_ASSERT(bar->volume >= 0);
    vwap_state *vwap = state;
    const double typical = cb_ind_typical(bar);
    double *volumes = vwap->values + vwap->value.capacity;
    (void)cb_ind_window_push(&vwap->value, vwap->values, typical * bar->volume, NULL);
    if (!cb_ind_window_push(&vwap->volume, volumes, bar->volume, NULL)) {
        return false;
    }
    out[0] = vwap->volume.sum > 0 ? vwap->value.sum / vwap->volume.sum : typical;
    return true;
}

const cb_indicator_ops cb_indicator_vwap = {.name = "vwap",
    .summary = "volume weighted average price of the last n bars",
    .formula = "sum(typical * volume) / sum(volume), typical = (high + low + close) / 3",
    .source = "textbook definition; the typical price of the bar when no bar had volume",
    .params = params,
    .params_count = sizeof(params) / sizeof(params[0]),
    .outputs = outputs,
    .outputs_count = sizeof(outputs) / sizeof(outputs[0]),
    .state_size = vwap_state_size,
    .warmup_bars = vwap_warmup_bars,
    .init = vwap_init,
    .update = vwap_update,
    .settle_factor = 1};
