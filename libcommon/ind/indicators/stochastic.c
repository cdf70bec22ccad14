/* Stochastic oscillator. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct stochastic_state {
    cb_ind_channel channel;
    cb_ind_window k;
    cb_ind_window d;
    double values[]; /* candidates, k values, d values */
} stochastic_state;

static const cb_param params[] = {
    CB_IND_PERIOD(14, 1),
    {"k_smooth", CB_PARAM_COUNT, 3, 1, 100, "values in the average that is K"},
    {"d_smooth", CB_PARAM_COUNT, 3, 1, 100, "values of K in the average that is D"},
};
static const char *const outputs[] = {"k", "d"};

CB_INDICATOR_SIZED(stochastic, CB_IND_CHANNEL_DOUBLES(values[0]) + values[1] + values[2])
CB_INDICATOR_WARMUP(stochastic, values[0] + values[1] + values[2] - 2)

static void stochastic_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    stochastic_state *stoch = state;
    cb_ind_channel_init(&stoch->channel, (uint64_t)values[0]);
    cb_ind_window_init(&stoch->k, (uint64_t)values[1]);
    cb_ind_window_init(&stoch->d, (uint64_t)values[2]);
    cb_ind_clear(stoch->values, (stochastic_state_size(values) - sizeof *stoch) / sizeof(double));
}

static bool stochastic_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    stochastic_state *stoch = state;
    double high = 0;
    double low = 0;
    if (!cb_ind_channel_push(&stoch->channel, stoch->values, bar->high, bar->low, &high, &low)) {
        return false;
    }
    const double raw = high > low ? 100 * (bar->close - low) / (high - low) : 50;
    double *k_values = stoch->values + CB_IND_CHANNEL_DOUBLES(stoch->channel.highest.capacity);
    double *d_values = k_values + stoch->k.capacity;
    if (!cb_ind_window_push(&stoch->k, k_values, raw, NULL)) {
        return false;
    }
    const double k = cb_ind_window_mean(&stoch->k);
    if (!cb_ind_window_push(&stoch->d, d_values, k, NULL)) {
        return false;
    }
    out[0] = k;
    out[1] = cb_ind_window_mean(&stoch->d);
    return true;
}

const cb_indicator_ops cb_indicator_stochastic = {CB_INDICATOR(stochastic),
    .summary = "stochastic oscillator, 0 to 100; 50 while nothing moves",
    .formula = "k = sma(100 * (close - min low) / (max high - min low)); d = sma(k)",
    .source = "G. Lane; TA-Lib STOCH with simple averages",
    .settle_factor = 1};
