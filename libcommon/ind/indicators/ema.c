/* Exponential moving average of closes, begun with the simple average of the first n. */
#include "base/assert.h"
#include "ind/parts.h"

static const cb_param params[] = {CB_IND_PERIOD(20, 1)};
static const char *const outputs[] = {"ema"};

static size_t ema_state_size(const int64_t *values)
{
    (void)values;
    return sizeof(cb_ind_ema);
}

static uint32_t ema_warmup_bars(const int64_t *values)
{
    return (uint32_t)values[0];
}

static void ema_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    cb_ind_ema_init(state, (uint64_t)values[0]);
}

static bool ema_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    cb_ind_ema *ema = state;
    if (!cb_ind_ema_push(ema, bar->close)) {
        return false;
    }
    out[0] = ema->value;
    return true;
}

const cb_indicator_ops cb_indicator_ema = {.name = "ema",
    .summary = "exponential moving average of closes",
    .formula = "ema += 2 / (n + 1) * (close - ema); the first is the average of n closes",
    .source = "StockCharts and TA-Lib convention (begun with the simple average)",
    .params = params,
    .params_count = sizeof(params) / sizeof(params[0]),
    .outputs = outputs,
    .outputs_count = sizeof(outputs) / sizeof(outputs[0]),
    .state_size = ema_state_size,
    .warmup_bars = ema_warmup_bars,
    .init = ema_init,
    .update = ema_update,
    .settle_factor = 8};
