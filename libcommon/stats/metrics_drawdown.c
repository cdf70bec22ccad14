/* Metrics of the way down: how deep, how long, how painful. Equity is 1 before the first period,
 * and that start counts as a peak. */
#include <math.h>

#include "base/assert.h"
#include "stats/metrics_internal.h"

/* What one walk along the equity finds. */
typedef struct walk {
    double lowest;     /* most negative drawdown */
    double squares;    /* of all drawdowns */
    double lowest_sum; /* of the lowest of each run */
    size_t runs;
    size_t longest;
} walk;

static void close_run(walk *w, double lowest, size_t length)
{
    if (length > 0) {
        w->runs++;
        w->lowest_sum += lowest;
        w->longest = length > w->longest ? length : w->longest;
    }
}

static walk walk_along(const cb_perf *perf)
{
    walk w = {0};
    double equity = 1;
    double peak = 1;
    double lowest = 0;
    size_t length = 0;
    for (size_t i = 0; i < perf->count; i++) {
        equity *= 1 + perf->returns[i];
        if (equity >= peak) {
            close_run(&w, lowest, length);
            peak = equity;
            lowest = 0;
            length = 0;
            continue;
        }
        const double drawdown = equity / peak - 1;
        lowest = fmin(lowest, drawdown);
        w.lowest = fmin(w.lowest, drawdown);
        w.squares += drawdown * drawdown;
        length++;
    }
    close_run(&w, lowest, length);
    return w;
}

cb_metric_state cb_metric_max_drawdown(const cb_perf *perf, double *out)
{
    if (perf->count == 0) {
        return CB_METRIC_TOO_FEW;
    }
    *out = walk_along(perf).lowest;
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_max_drawdown_duration(const cb_perf *perf, double *out)
{
    if (perf->count == 0) {
        return CB_METRIC_TOO_FEW;
    }
    *out = (double)walk_along(perf).longest;
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_average_drawdown(const cb_perf *perf, double *out)
{
    if (perf->count == 0) {
        return CB_METRIC_TOO_FEW;
    }
    const walk w = walk_along(perf);
    *out = w.runs > 0 ? w.lowest_sum / (double)w.runs : 0;
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_ulcer_index(const cb_perf *perf, double *out)
{
    if (perf->count == 0) {
        return CB_METRIC_TOO_FEW;
    }
    *out = sqrt(walk_along(perf).squares / (double)perf->count);
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_ulcer_performance(const cb_perf *perf, double *out)
{
    double grown = 0;
    double ulcer = 0;
    const cb_metric_state state = cb_metric_cagr(perf, &grown);
    if (state != CB_METRIC_OK) {
        return state;
    }
    (void)cb_metric_ulcer_index(perf, &ulcer);
    return cb_metric_divide(grown - perf->risk_free, ulcer, out);
}

cb_metric_state cb_metric_calmar(const cb_perf *perf, double *out)
{
    double grown = 0;
    const cb_metric_state state = cb_metric_cagr(perf, &grown);
    if (state != CB_METRIC_OK) {
        return state;
    }
    return cb_metric_divide(grown, fabs(walk_along(perf).lowest), out);
}

cb_metric_state cb_metric_recovery_factor(const cb_perf *perf, double *out)
{
    double total = 0;
    const cb_metric_state state = cb_metric_total_return(perf, &total);
    if (state != CB_METRIC_OK) {
        return state;
    }
    return cb_metric_divide(total, fabs(walk_along(perf).lowest), out);
}
