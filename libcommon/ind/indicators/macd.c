/* Moving average convergence divergence. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct macd_state {
    cb_ind_ema fast;
    cb_ind_ema slow;
    cb_ind_ema signal;
} macd_state;

enum macd_param { MACD_FAST, MACD_SLOW, MACD_SIGNAL };

static const cb_param params[] = {
    [MACD_FAST] =
        {"fast", CB_PARAM_COUNT, 12, 1, CB_INDICATOR_PERIOD_MAX, "bars of the fast average"},
    [MACD_SLOW] =
        {"slow", CB_PARAM_COUNT, 26, 1, CB_INDICATOR_PERIOD_MAX, "bars of the slow average"},
    [MACD_SIGNAL] = {"signal",
        CB_PARAM_COUNT,
        9,
        1,
        CB_INDICATOR_PERIOD_MAX,
        "values in the signal line's average"},
};
static const char *const outputs[] = {"macd", "signal", "histogram"};

static size_t macd_state_size(const int64_t *values)
{
    (void)values;
    return sizeof(macd_state);
}

static uint32_t macd_warmup_bars(const int64_t *values)
{
    const int64_t longer =
        values[MACD_SLOW] > values[MACD_FAST] ? values[MACD_SLOW] : values[MACD_FAST];
    return (uint32_t)(longer + values[MACD_SIGNAL] - 1);
}

static void macd_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    macd_state *macd = state;
    cb_ind_ema_init(&macd->fast, (uint64_t)values[MACD_FAST]);
    cb_ind_ema_init(&macd->slow, (uint64_t)values[MACD_SLOW]);
    cb_ind_ema_init(&macd->signal, (uint64_t)values[MACD_SIGNAL]);
}

static bool macd_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    macd_state *macd = state;
    const bool is_fast_warm = cb_ind_ema_push(&macd->fast, bar->close);
    const bool is_slow_warm = cb_ind_ema_push(&macd->slow, bar->close);
    if (!is_fast_warm || !is_slow_warm) {
        return false;
    }
    const double line = macd->fast.value - macd->slow.value;
    if (!cb_ind_ema_push(&macd->signal, line)) {
        return false;
    }
    out[0] = line;
    out[1] = macd->signal.value;
    out[2] = line - macd->signal.value;
    return true;
}

const cb_indicator_ops cb_indicator_macd = {.name = "macd",
    .summary = "difference of two exponential averages, with its signal line",
    .formula = "macd = ema(fast) - ema(slow); signal = ema(macd); histogram = macd - signal",
    .source = "G. Appel; each average begins with its own simple average (StockCharts)",
    .params = params,
    .params_count = sizeof(params) / sizeof(params[0]),
    .outputs = outputs,
    .outputs_count = sizeof(outputs) / sizeof(outputs[0]),
    .state_size = macd_state_size,
    .warmup_bars = macd_warmup_bars,
    .init = macd_init,
    .update = macd_update,
    .settle_factor = 10};
