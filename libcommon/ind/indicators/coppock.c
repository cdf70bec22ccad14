/* Coppock curve. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct coppock_state {
    cb_ind_lag long_lag;
    cb_ind_lag short_lag;
    cb_ind_weighted average;
    double values[]; /* both lags, then the average */
} coppock_state;

static const cb_param params[] = {
    CB_IND_COUNT("long", 14, 1, "bars of the long rate of change"),
    CB_IND_COUNT("short", 11, 1, "bars of the short rate of change"),
    CB_IND_COUNT("smooth", 10, 1, "values in the weighted average"),
};
static const char *const outputs[] = {"coppock"};

CB_INDICATOR_SIZED(coppock, values[0] + values[1] + values[2])
CB_INDICATOR_WARMUP(coppock, (values[0] > values[1] ? values[0] : values[1]) + values[2])

static void coppock_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    coppock_state *curve = state;
    cb_ind_lag_init(&curve->long_lag, (uint64_t)values[0]);
    cb_ind_lag_init(&curve->short_lag, (uint64_t)values[1]);
    cb_ind_weighted_init(&curve->average, (uint64_t)values[2]);
    cb_ind_clear(curve->values, (uint64_t)(values[0] + values[1] + values[2]));
}

static bool coppock_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    coppock_state *curve = state;
    double *short_values = curve->values + curve->long_lag.capacity;
    double long_before = 0;
    double short_before = 0;
    const bool has_long =
        cb_ind_lag_push(&curve->long_lag, curve->values, bar->close, &long_before);
    const bool has_short =
        cb_ind_lag_push(&curve->short_lag, short_values, bar->close, &short_before);
    if (!has_long || !has_short) {
        return false;
    }
    const double rates = cb_ind_ratio(bar->close - long_before, long_before, 0) +
                         cb_ind_ratio(bar->close - short_before, short_before, 0);
    double *averaged = short_values + curve->short_lag.capacity;
    return cb_ind_weighted_push(&curve->average, averaged, 100 * rates, out);
}

const cb_indicator_ops cb_indicator_coppock = {CB_INDICATOR(coppock),
    .summary = "Coppock curve: long-term momentum, in percent",
    .formula = "wma(roc(close, long) + roc(close, short), smooth)",
    .source = "E. Coppock, Barron's, 1962",
    .settle_factor = 1};
