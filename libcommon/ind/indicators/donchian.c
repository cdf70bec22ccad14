/* Donchian channel: the highest high and the lowest low of the last n bars, this one included. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct donchian_state {
    cb_ind_extreme highest;
    cb_ind_extreme lowest;
    cb_ind_candidate candidates[]; /* period for the highest, then period for the lowest */
} donchian_state;

static const cb_param params[] = {CB_IND_PERIOD(20, 1)};
static const char *const outputs[] = {"upper", "lower", "middle"};

static size_t donchian_state_size(const int64_t *values)
{
    return sizeof(donchian_state) + 2 * (size_t)values[0] * sizeof(cb_ind_candidate);
}

static uint32_t donchian_warmup_bars(const int64_t *values)
{
    return (uint32_t)values[0];
}

static void donchian_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    donchian_state *channel = state;
    cb_ind_extreme_init(&channel->highest, (uint64_t)values[0], true);
    cb_ind_extreme_init(&channel->lowest, (uint64_t)values[0], false);
    for (int64_t i = 0; i < 2 * values[0]; i++) {
        channel->candidates[i] = (cb_ind_candidate){0, 0};
    }
}

static bool donchian_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    donchian_state *channel = state;
    const uint64_t period = channel->highest.capacity;
    const double upper = cb_ind_extreme_push(&channel->highest, channel->candidates, bar->high);
    const double lower =
        cb_ind_extreme_push(&channel->lowest, channel->candidates + period, bar->low);
    CB_ASSERT(upper >= lower);
    if (channel->highest.seen < period) {
        return false;
    }
    out[0] = upper;
    out[1] = lower;
    out[2] = lower + (upper - lower) / 2;
    return true;
}

const cb_indicator_ops cb_indicator_donchian = {.name = "donchian",
    .summary = "highest high and lowest low of the last n bars, this one included",
    .formula = "upper = max(high), lower = min(low), middle = their mean",
    .source = "R. Donchian; a breakout compares a close with the channel one bar earlier",
    .params = params,
    .params_count = sizeof(params) / sizeof(params[0]),
    .outputs = outputs,
    .outputs_count = sizeof(outputs) / sizeof(outputs[0]),
    .state_size = donchian_state_size,
    .warmup_bars = donchian_warmup_bars,
    .init = donchian_init,
    .update = donchian_update,
    .settle_factor = 1};
