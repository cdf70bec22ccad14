/* Force index: change times volume, smoothed. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct force_index_state {
    double previous;
    uint64_t has_previous;
    cb_ind_ema average;
} force_index_state;

static const cb_param params[] = {CB_IND_PERIOD(13, 1)};
static const char *const outputs[] = {"force"};

CB_INDICATOR_FIXED(force_index)
CB_INDICATOR_WARMUP(force_index, values[0] + 1)

static void force_index_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    force_index_state *force = state;
    *force = (force_index_state){.previous = 0};
    cb_ind_ema_init(&force->average, (uint64_t)values[0]);
}

static bool force_index_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    force_index_state *force = state;
    const double value = (bar->close - force->previous) * bar->volume;
    const bool has_previous = force->has_previous != 0;
    force->previous = bar->close;
    force->has_previous = 1;
    if (!has_previous || !cb_ind_ema_push(&force->average, value)) {
        return false;
    }
    out[0] = force->average.value;
    return true;
}

const cb_indicator_ops cb_indicator_force_index = {CB_INDICATOR(force_index),
    .summary = "force index, in quote units",
    .formula = "ema((close - close[1]) * volume, n)",
    .source = "A. Elder, Trading for a Living, 1993; the average begins with a simple one",
    .settle_factor = 8};
