/* Linearly weighted moving average of closes. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct wma_state {
    cb_ind_weighted weighted;
    double values[]; /* period */
} wma_state;

static const cb_param params[] = {CB_IND_PERIOD(20, 1)};
static const char *const outputs[] = {"wma"};

CB_INDICATOR_SIZED(wma, values[0])
CB_INDICATOR_WARMUP(wma, values[0])

static void wma_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    wma_state *wma = state;
    cb_ind_weighted_init(&wma->weighted, (uint64_t)values[0]);
    cb_ind_clear(wma->values, (uint64_t)values[0]);
}

static bool wma_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    wma_state *wma = state;
    return cb_ind_weighted_push(&wma->weighted, wma->values, bar->close, out);
}

const cb_indicator_ops cb_indicator_wma = {CB_INDICATOR(wma),
    .summary = "linearly weighted moving average of closes",
    .formula = "sum(w * close) / (n * (n + 1) / 2); the newest close weighs n, the oldest 1",
    .source = "textbook definition; TA-Lib and Tulip WMA",
    .settle_factor = 1};
