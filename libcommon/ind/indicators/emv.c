/* Ease of movement. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct emv_state {
    double previous;
    uint64_t has_previous;
    double scale;
    cb_ind_window window;
    double values[]; /* period */
} emv_state;

static const cb_param params[] = {
    CB_IND_PERIOD(14, 1),
    {"scale", CB_PARAM_COUNT, 10000, 1, 1000000000, "volume that counts as one"},
};
static const char *const outputs[] = {"emv"};

CB_INDICATOR_SIZED(emv, values[0])
CB_INDICATOR_WARMUP(emv, values[0] + 1)

static void emv_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    emv_state *emv = state;
    *emv = (emv_state){.scale = (double)values[1]};
    cb_ind_window_init(&emv->window, (uint64_t)values[0]);
    cb_ind_clear(emv->values, (uint64_t)values[0]);
}

static bool emv_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    emv_state *emv = state;
    const double middle = (bar->high + bar->low) / 2;
    const double move = middle - emv->previous;
    const bool has_previous = emv->has_previous != 0;
    emv->previous = middle;
    emv->has_previous = 1;
    const double ease = cb_ind_ratio(move * (bar->high - bar->low) * emv->scale, bar->volume, 0);
    if (!has_previous || !cb_ind_window_push(&emv->window, emv->values, ease, NULL)) {
        return false;
    }
    out[0] = cb_ind_window_mean(&emv->window);
    return true;
}

const cb_indicator_ops cb_indicator_emv = {CB_INDICATOR(emv),
    .summary = "ease of movement: how far the price goes on little volume; 0 without volume",
    .formula = "sma(change of (high + low) / 2 * (high - low) * scale / volume, n)",
    .source = "R. Arms; n = 1 and scale 10000 is Tulip's EMV",
    .settle_factor = 1};
