/* Bollinger bands: the simple average of closes and multiples of their deviation around it.
 *
 * The sum of squared deviations follows the window by Welford's update (subtracting large squares
 * would lose all digits of a small deviation) and is built anew each time the window goes round. */
#include <math.h>

#include "base/assert.h"
#include "ind/parts.h"

#define WIDTH_RATIO_MIN 1e-12

typedef struct bollinger_state {
    cb_ind_window window;
    double multiplier;
    double squares; /* sum of (close - mean)^2, valid while the window is full */
    double mean;
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
    cb_ind_window_init(&bands->window, (uint64_t)values[BOLLINGER_PERIOD]);
    for (int64_t i = 0; i < values[BOLLINGER_PERIOD]; i++) {
        bands->values[i] = 0;
    }
}

static double squares_of(const bollinger_state *bands)
{
    double squares = 0;
    for (uint64_t i = 0; i < bands->window.capacity; i++) {
        const double deviation = bands->values[i] - bands->mean;
        squares += deviation * deviation;
    }
    return squares;
}

/* Follows the window: one value came, one left. Built anew when the window has gone round, and when
 * what left outweighs what remains (ten of 53 bits would be lost). */
static void update_squares(bollinger_state *bands, double close, double dropped, double mean_before)
{
    const double change = (close - dropped) * (close - bands->mean + dropped - mean_before);
    bands->squares += change;
    if (bands->window.next == 0 || fabs(change) > 1024.0 * fabs(bands->squares)) {
        bands->squares = squares_of(bands);
    }
}

/* A width below the rounding of the average itself is none: the bands touch. */
static void write_bands(const bollinger_state *bands, double close, double *out)
{
    const double variance = bands->squares / cb_ind_f64(bands->window.capacity);
    double width = bands->multiplier * sqrt(variance > 0 ? variance : 0);
    if (width <= WIDTH_RATIO_MIN * fabs(bands->mean)) {
        width = 0;
    }
    out[0] = bands->mean;
    out[1] = bands->mean + width;
    out[2] = bands->mean - width;
    out[3] = width > 0 ? (close - out[2]) / (2 * width) : 0.5;
}

static bool bollinger_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    bollinger_state *bands = state;
    double dropped = 0;
    if (!cb_ind_window_push(&bands->window, bands->values, bar->close, &dropped)) {
        return false;
    }
    const double mean_before = bands->mean;
    bands->mean = bands->window.sum / cb_ind_f64(bands->window.capacity);
    update_squares(bands, bar->close, dropped, mean_before);
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
    .update = bollinger_update};
