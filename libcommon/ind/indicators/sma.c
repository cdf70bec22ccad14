/* Simple moving average of closes. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct sma_state {
    cb_ind_window window;
    double values[]; /* period */
} sma_state;

static const cb_param params[] = {CB_IND_PERIOD(20, 1)};
static const char *const outputs[] = {"sma"};

static size_t sma_state_size(const int64_t *values)
{
    return sizeof(sma_state) + (size_t)values[0] * sizeof(double);
}

static uint32_t sma_warmup_bars(const int64_t *values)
{
    return (uint32_t)values[0];
}

static void sma_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    sma_state *sma = state;
    cb_ind_window_init(&sma->window, (uint64_t)values[0]);
    for (int64_t i = 0; i < values[0]; i++) {
        sma->values[i] = 0;
    }
}

static bool sma_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    sma_state *sma = state;
    if (!cb_ind_window_push(&sma->window, sma->values, bar->close, NULL)) {
        return false;
    }
    out[0] = sma->window.sum / cb_ind_f64(sma->window.capacity);
    return true;
}

const cb_indicator_ops cb_indicator_sma = {.name = "sma",
    .summary = "simple moving average of closes",
    .formula = "sum of the last n closes / n",
    .source = "textbook definition",
    .params = params,
    .params_count = sizeof(params) / sizeof(params[0]),
    .outputs = outputs,
    .outputs_count = sizeof(outputs) / sizeof(outputs[0]),
    .state_size = sma_state_size,
    .warmup_bars = sma_warmup_bars,
    .init = sma_init,
    .update = sma_update,
    .settle_factor = 1};
