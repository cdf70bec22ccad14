/* Bollinger bands: the simple average of closes and multiples of their deviation around it. */
#include <math.h>

#include "base/assert.h"
#include "ind/parts.h"

#define WIDTH_RATIO_MIN 1e-12

typedef struct bollinger_state {
    cb_ind_spread spread;
    double multiplier;
    double values[]; /* period */
} bollinger_state;

enum bollinger_param { BOLLINGER_PERIOD, BOLLINGER_MULTIPLIER };

static const cb_param params[] = {
    [BOLLINGER_PERIOD] = CB_IND_PERIOD(20, 2),
    [BOLLINGER_MULTIPLIER] = {"multiplier",
        CB_PARAM_DECIMAL,
        2 * CB_E8,
        CB_E8 / 10,
        10 * CB_E8,
        "standard deviations between the middle and a band"},
};
static const char *const outputs[] = {"middle", "upper", "lower", "percent_b"};

static size_t bollinger_state_size(const int64_t *values)
{
    return sizeof(bollinger_state) + (size_t)values[BOLLINGER_PERIOD] * sizeof(double);
}

static uint32_t bollinger_warmup_bars(const int64_t *values)
{
    return (uint32_t)values[BOLLINGER_PERIOD];
}

static void bollinger_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    bollinger_state *bands = state;
    *bands = (bollinger_state){.multiplier = cb_f64_from_e8(values[BOLLINGER_MULTIPLIER])};
    cb_ind_spread_init(&bands->spread, (uint64_t)values[BOLLINGER_PERIOD]);
    cb_ind_clear(bands->values, (uint64_t)values[BOLLINGER_PERIOD]);
}

/* A width below the rounding of the average itself is none: the bands touch. */
static void write_bands(const bollinger_state *bands, double close, double *out)
{
    const double mean = bands->spread.mean;
    double width = bands->multiplier * cb_ind_spread_deviation(&bands->spread);
    if (width <= WIDTH_RATIO_MIN * fabs(mean)) {
        width = 0;
    }
    out[0] = mean;
    out[1] = mean + width;
    out[2] = mean - width;
    out[3] = width > 0 ? (close - out[2]) / (2 * width) : 0.5;
}

static bool bollinger_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    bollinger_state *bands = state;
    if (!cb_ind_spread_push(&bands->spread, bands->values, bar->close)) {
        return false;
    }
    write_bands(bands, bar->close, out);
    CB_ASSERT(out[1] >= out[2]);
    return true;
}

const cb_indicator_ops cb_indicator_bollinger = {.name = "bollinger",
    .summary = "bands around the simple average; percent_b is 0 at the lower, 1 at the upper band",
    .formula = "middle = sma(n); upper, lower = middle +- k * population deviation",
    .source = "J. Bollinger; percent_b is 0.5 while the bands touch",
    .params = params,
    .params_count = sizeof(params) / sizeof(params[0]),
    .outputs = outputs,
    .outputs_count = sizeof(outputs) / sizeof(outputs[0]),
    .state_size = bollinger_state_size,
    .warmup_bars = bollinger_warmup_bars,
    .init = bollinger_init,
    .update = bollinger_update,
    .settle_factor = 1};
