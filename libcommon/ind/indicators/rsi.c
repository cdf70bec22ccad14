/* Relative strength index with Wilder's smoothing. */
#include "base/assert.h"
#include "ind/parts.h"

static const cb_param params[] = {CB_IND_PERIOD(14, 1)};
static const char *const outputs[] = {"rsi"};

static size_t rsi_state_size(const int64_t *values)
{
    (void)values;
    return sizeof(cb_ind_rsi);
}

static uint32_t rsi_warmup_bars(const int64_t *values)
{
    return (uint32_t)values[0] + 1; /* n changes need n + 1 closes */
}

static void rsi_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    cb_ind_rsi_init(state, (uint64_t)values[0]);
}

static bool rsi_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    const bool is_warm = cb_ind_rsi_push(state, bar->close, out);
    CB_ASSERT(!is_warm || (out[0] >= 0 && out[0] <= 100));
    return is_warm;
}

const cb_indicator_ops cb_indicator_rsi = {.name = "rsi",
    .summary = "relative strength index, 0 to 100; 50 when the price never moved",
    .formula = "100 * gain / (gain + loss); both Wilder averages of the closes' changes",
    .source = "J. W. Wilder, New Concepts in Technical Trading Systems, 1978",
    .params = params,
    .params_count = sizeof(params) / sizeof(params[0]),
    .outputs = outputs,
    .outputs_count = sizeof(outputs) / sizeof(outputs[0]),
    .state_size = rsi_state_size,
    .warmup_bars = rsi_warmup_bars,
    .init = rsi_init,
    .update = rsi_update,
    .settle_factor = 15};
