/* Hull moving average: a weighted average of twice the short less the long weighted average. */
#include <math.h>

#include "base/assert.h"
#include "ind/parts.h"

typedef struct hma_state {
    cb_ind_weighted half;
    cb_ind_weighted full;
    cb_ind_weighted smooth;
    double values[]; /* period / 2, period, root of period */
} hma_state;

static const cb_param params[] = {CB_IND_PERIOD(16, 2)};
static const char *const outputs[] = {"hma"};

static uint64_t root_of(int64_t period)
{
    return (uint64_t)sqrt((double)period);
}

CB_INDICATOR_SIZED(hma, values[0] / 2 + values[0] + (int64_t)root_of(values[0]))
CB_INDICATOR_WARMUP(hma, values[0] + (int64_t)root_of(values[0]) - 1)

static void hma_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    hma_state *hma = state;
    const uint64_t period = (uint64_t)values[0];
    cb_ind_weighted_init(&hma->half, period / 2);
    cb_ind_weighted_init(&hma->full, period);
    cb_ind_weighted_init(&hma->smooth, root_of(values[0]));
    cb_ind_clear(hma->values, period / 2 + period + root_of(values[0]));
}

static bool hma_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    hma_state *hma = state;
    double *full_values = hma->values + hma->half.window.capacity;
    double half = 0;
    double full = 0;
    (void)cb_ind_weighted_push(&hma->half, hma->values, bar->close, &half);
    if (!cb_ind_weighted_push(&hma->full, full_values, bar->close, &full)) {
        return false;
    }
    double *smooth_values = full_values + hma->full.window.capacity;
    return cb_ind_weighted_push(&hma->smooth, smooth_values, 2 * half - full, out);
}

const cb_indicator_ops cb_indicator_hma = {CB_INDICATOR(hma),
    .summary = "Hull moving average: smooth with little lag",
    .formula =
        "wma(2 * wma(close, n / 2) - wma(close, n), sqrt(n)); n / 2 and sqrt(n) rounded down",
    .source = "A. Hull, 2005; rounding as in Tulip",
    .settle_factor = 1};
