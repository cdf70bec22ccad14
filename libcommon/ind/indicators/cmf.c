/* Chaikin money flow. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct cmf_state {
    cb_ind_window flow;
    cb_ind_window volume;
    double values[]; /* period of each */
} cmf_state;

static const cb_param params[] = {CB_IND_PERIOD(20, 1)};
static const char *const outputs[] = {"cmf"};

CB_INDICATOR_SIZED(cmf, 2 * values[0])
CB_INDICATOR_WARMUP(cmf, values[0])

static void cmf_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    cmf_state *cmf = state;
    cb_ind_window_init(&cmf->flow, (uint64_t)values[0]);
    cb_ind_window_init(&cmf->volume, (uint64_t)values[0]);
    cb_ind_clear(cmf->values, 2 * (uint64_t)values[0]);
}

static bool cmf_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    cmf_state *cmf = state;
    double *volumes = cmf->values + cmf->flow.capacity;
    (void)cb_ind_window_push(&cmf->flow, cmf->values, bar->volume * cb_ind_close_place(bar), NULL);
    if (!cb_ind_window_push(&cmf->volume, volumes, bar->volume, NULL)) {
        return false;
    }
    out[0] = cb_ind_ratio(cmf->flow.sum, cmf->volume.sum, 0);
    return true;
}

const cb_indicator_ops cb_indicator_cmf = {CB_INDICATOR(cmf),
    .summary = "Chaikin money flow, -1 to 1; 0 without volume",
    .formula = "sum(volume * ((close - low) - (high - close)) / (high - low)) / sum(volume)",
    .source = "M. Chaikin",
    .settle_factor = 1};
