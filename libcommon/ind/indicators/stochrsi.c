/* Stochastic RSI: where the RSI stands between its own extremes. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct stochrsi_state {
    cb_ind_rsi rsi;
    cb_ind_extreme highest;
    cb_ind_extreme lowest;
    cb_ind_window k;
    cb_ind_window d;
    double values[]; /* candidates of both extremes, then k values, then d values */
} stochrsi_state;

enum stochrsi_param { STOCHRSI_RSI, STOCHRSI_STOCH, STOCHRSI_K, STOCHRSI_D };

static const cb_param params[] = {
    [STOCHRSI_RSI] =
        {"rsi_period", CB_PARAM_COUNT, 14, 1, CB_INDICATOR_PERIOD_MAX, "bars of the RSI"},
    [STOCHRSI_STOCH] = {"stoch_period",
        CB_PARAM_COUNT,
        14,
        1,
        CB_INDICATOR_PERIOD_MAX,
        "RSI values among which the extremes are looked for"},
    [STOCHRSI_K] = {"k_smooth", CB_PARAM_COUNT, 3, 1, 100, "values in the average that is K"},
    [STOCHRSI_D] = {"d_smooth", CB_PARAM_COUNT, 3, 1, 100, "values of K in the average that is D"},
};
static const char *const outputs[] = {"k", "d"};

_Static_assert(sizeof(cb_ind_candidate) == 2 * sizeof(double), "a candidate is two words");

static size_t stochrsi_state_size(const int64_t *values)
{
    const size_t candidates = 2 * (size_t)values[STOCHRSI_STOCH];
    const size_t averages = (size_t)values[STOCHRSI_K] + (size_t)values[STOCHRSI_D];
    return sizeof(stochrsi_state) + candidates * sizeof(cb_ind_candidate) +
           averages * sizeof(double);
}

static uint32_t stochrsi_warmup_bars(const int64_t *values)
{
    /* rsi + 1 closes for the first RSI, and each later window adds its length less one. */
    return (uint32_t)(values[STOCHRSI_RSI] + values[STOCHRSI_STOCH] + values[STOCHRSI_K] +
                      values[STOCHRSI_D] - 2);
}

static void stochrsi_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    stochrsi_state *stoch = state;
    cb_ind_rsi_init(&stoch->rsi, (uint64_t)values[STOCHRSI_RSI]);
    cb_ind_extreme_init(&stoch->highest, (uint64_t)values[STOCHRSI_STOCH], true);
    cb_ind_extreme_init(&stoch->lowest, (uint64_t)values[STOCHRSI_STOCH], false);
    cb_ind_window_init(&stoch->k, (uint64_t)values[STOCHRSI_K]);
    cb_ind_window_init(&stoch->d, (uint64_t)values[STOCHRSI_D]);
    const size_t words = (stochrsi_state_size(values) - sizeof(stochrsi_state)) / sizeof(double);
    for (size_t i = 0; i < words; i++) {
        stoch->values[i] = 0;
    }
}

/* 0 … 100: where rsi stands between the extremes of its window; 50 when they are equal. */
static bool stochastic(stochrsi_state *stoch, double rsi, double *out)
{
    const uint64_t period = stoch->highest.capacity;
    cb_ind_candidate *candidates = (cb_ind_candidate *)(void *)stoch->values;
    const double high = cb_ind_extreme_push(&stoch->highest, candidates, rsi);
    const double low = cb_ind_extreme_push(&stoch->lowest, candidates + period, rsi);
    CB_ASSERT(high >= rsi && rsi >= low);
    *out = high > low ? 100.0 * (rsi - low) / (high - low) : 50.0;
    return stoch->highest.seen >= period;
}

static bool stochrsi_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    stochrsi_state *stoch = state;
    double rsi = 0;
    double raw = 0;
    if (!cb_ind_rsi_push(&stoch->rsi, bar->close, &rsi) || !stochastic(stoch, rsi, &raw)) {
        return false;
    }
    double *k_values = stoch->values + 4 * stoch->highest.capacity;
    double *d_values = k_values + stoch->k.capacity;
    if (!cb_ind_window_push(&stoch->k, k_values, raw, NULL)) {
        return false;
    }
    const double k = stoch->k.sum / cb_ind_f64(stoch->k.capacity);
    if (!cb_ind_window_push(&stoch->d, d_values, k, NULL)) {
        return false;
    }
    out[0] = k;
    out[1] = stoch->d.sum / cb_ind_f64(stoch->d.capacity);
    return true;
}

const cb_indicator_ops cb_indicator_stochrsi = {.name = "stochrsi",
    .summary = "position of the RSI between its extremes, 0 to 100; 50 when they are equal",
    .formula = "k = sma(100 * (rsi - min rsi) / (max rsi - min rsi)); d = sma(k)",
    .source = "T. Chande and S. Kroll, The New Technical Trader, 1994",
    .params = params,
    .params_count = sizeof(params) / sizeof(params[0]),
    .outputs = outputs,
    .outputs_count = sizeof(outputs) / sizeof(outputs[0]),
    .state_size = stochrsi_state_size,
    .warmup_bars = stochrsi_warmup_bars,
    .init = stochrsi_init,
    .update = stochrsi_update,
    .settle_factor = 20};
