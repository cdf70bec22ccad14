/* Metrics of a series of returns: growth, spread, ratios of the two, shape, tails. */
#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "stats/metrics_internal.h"
#include "stats/normal.h"
#include "stats/series.h"
#include "stats/sharpe.h"

static double equity_at_end(const cb_perf *perf)
{
    double equity = 1;
    for (size_t i = 0; i < perf->count; i++) {
        equity *= 1 + perf->returns[i];
    }
    return equity;
}

/* Copies the returns less a constant to scratch. */
static const double *excess(const cb_perf *perf, double constant)
{
    CB_ASSERT(perf->scratch != NULL);
    for (size_t i = 0; i < perf->count; i++) {
        perf->scratch[i] = perf->returns[i] - constant;
    }
    return perf->scratch;
}

static const double *sorted(const cb_perf *perf)
{
    (void)excess(perf, 0);
    cb_series_sort(perf->scratch, perf->count);
    return perf->scratch;
}

cb_metric_state cb_metric_total_return(const cb_perf *perf, double *out)
{
    if (perf->count == 0) {
        return CB_METRIC_TOO_FEW;
    }
    *out = equity_at_end(perf) - 1;
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_cagr(const cb_perf *perf, double *out)
{
    if (perf->count == 0) {
        return CB_METRIC_TOO_FEW;
    }
    const double end = equity_at_end(perf);
    if (end <= 0) {
        return CB_METRIC_RUINED;
    }
    const double grown = pow(end, perf->periods_per_year / (double)perf->count) - 1;
    if (!isfinite(grown)) {
        return CB_METRIC_TOO_FEW; /* one huge period brought to a year leaves the doubles */
    }
    *out = grown;
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_volatility(const cb_perf *perf, double *out)
{
    if (perf->count < 2) {
        return CB_METRIC_TOO_FEW;
    }
    *out = cb_series_deviation(perf->returns, perf->count, 1) * sqrt(perf->periods_per_year);
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_downside_deviation(const cb_perf *perf, double *out)
{
    if (perf->count == 0) {
        return CB_METRIC_TOO_FEW;
    }
    const double risk_free = cb_perf_risk_free(perf);
    double squares = 0;
    for (size_t i = 0; i < perf->count; i++) {
        const double below = fmin(perf->returns[i] - risk_free, 0);
        squares += below * below;
    }
    *out = sqrt(squares / (double)perf->count) * sqrt(perf->periods_per_year);
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_sharpe(const cb_perf *perf, double *out)
{
    if (perf->count < 2) {
        return CB_METRIC_TOO_FEW;
    }
    const double mean = cb_series_mean(perf->returns, perf->count) - cb_perf_risk_free(perf);
    const double deviation = cb_series_deviation(perf->returns, perf->count, 1);
    return cb_metric_divide(mean * sqrt(perf->periods_per_year), deviation, out);
}

cb_metric_state cb_metric_probabilistic_sharpe(const cb_perf *perf, double *out)
{
    if (perf->count < 2) {
        return CB_METRIC_TOO_FEW;
    }
    const double *over = excess(perf, cb_perf_risk_free(perf));
    const cb_sharpe_moments moments = cb_sharpe_moments_of(over, perf->count);
    return cb_sharpe_probabilistic(&moments, 0, out) ? CB_METRIC_OK : CB_METRIC_NO_RISK;
}

cb_metric_state cb_metric_sortino(const cb_perf *perf, double *out)
{
    double downside = 0;
    if (perf->count < 2) {
        return CB_METRIC_TOO_FEW;
    }
    (void)cb_metric_downside_deviation(perf, &downside);
    const double mean = cb_series_mean(perf->returns, perf->count) - cb_perf_risk_free(perf);
    return cb_metric_divide(mean * perf->periods_per_year, downside, out);
}

cb_metric_state cb_metric_omega(const cb_perf *perf, double *out)
{
    if (perf->count < 2) {
        return CB_METRIC_TOO_FEW;
    }
    const double threshold = cb_perf_risk_free(perf);
    double above = 0;
    double below = 0;
    for (size_t i = 0; i < perf->count; i++) {
        const double over = perf->returns[i] - threshold;
        above += fmax(over, 0);
        below += fmax(-over, 0);
    }
    return cb_metric_divide(above, below, out);
}

cb_metric_state cb_metric_gain_to_pain(const cb_perf *perf, double *out)
{
    if (perf->count == 0) {
        return CB_METRIC_TOO_FEW;
    }
    double pain = 0;
    for (size_t i = 0; i < perf->count; i++) {
        pain += fmax(-perf->returns[i], 0);
    }
    return cb_metric_divide(cb_series_sum(perf->returns, perf->count), pain, out);
}

cb_metric_state cb_metric_stability(const cb_perf *perf, double *out)
{
    if (perf->count < 2) {
        return CB_METRIC_TOO_FEW;
    }
    double grown = 0;
    for (size_t i = 0; i < perf->count; i++) {
        if (perf->returns[i] <= -1) {
            return CB_METRIC_RUINED;
        }
        grown += log1p(perf->returns[i]);
        perf->scratch[i] = grown;
    }
    if (cb_series_deviation(perf->scratch, perf->count, 0) <= 0) {
        return CB_METRIC_NO_RISK;
    }
    *out = cb_series_fit(perf->scratch, perf->count).r_squared;
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_skewness(const cb_perf *perf, double *out)
{
    if (perf->count < 2) {
        return CB_METRIC_TOO_FEW;
    }
    if (cb_series_deviation(perf->returns, perf->count, 0) <= 0) {
        return CB_METRIC_NO_RISK;
    }
    *out = cb_series_skewness(perf->returns, perf->count);
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_kurtosis(const cb_perf *perf, double *out)
{
    if (perf->count < 2) {
        return CB_METRIC_TOO_FEW;
    }
    if (cb_series_deviation(perf->returns, perf->count, 0) <= 0) {
        return CB_METRIC_NO_RISK;
    }
    *out = cb_series_kurtosis(perf->returns, perf->count) - 3;
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_best_period(const cb_perf *perf, double *out)
{
    if (perf->count == 0) {
        return CB_METRIC_TOO_FEW;
    }
    double best = perf->returns[0];
    for (size_t i = 1; i < perf->count; i++) {
        best = fmax(best, perf->returns[i]);
    }
    *out = best;
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_worst_period(const cb_perf *perf, double *out)
{
    if (perf->count == 0) {
        return CB_METRIC_TOO_FEW;
    }
    double worst = perf->returns[0];
    for (size_t i = 1; i < perf->count; i++) {
        worst = fmin(worst, perf->returns[i]);
    }
    *out = worst;
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_positive_periods(const cb_perf *perf, double *out)
{
    if (perf->count == 0) {
        return CB_METRIC_TOO_FEW;
    }
    size_t positive = 0;
    for (size_t i = 0; i < perf->count; i++) {
        positive += perf->returns[i] > 0;
    }
    *out = (double)positive / (double)perf->count;
    return CB_METRIC_OK;
}

/* ---- tails ---- */

cb_metric_state cb_metric_value_at_risk(const cb_perf *perf, double *out)
{
    if (perf->count == 0) {
        return CB_METRIC_TOO_FEW;
    }
    *out = cb_series_quantile(sorted(perf), perf->count, 1 - perf->confidence);
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_conditional_value_at_risk(const cb_perf *perf, double *out)
{
    if (perf->count == 0) {
        return CB_METRIC_TOO_FEW;
    }
    /* 1 - 0.95 is a little more than 0.05; the cutoff is meant in whole ten-thousandths. */
    const double cutoff = floor((1 - perf->confidence) * 1e4 + 0.5) / 1e4;
    const size_t worst = (size_t)floor((double)(perf->count - 1) * cutoff) + 1;
    *out = cb_series_mean(sorted(perf), worst);
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_value_at_risk_normal(const cb_perf *perf, double *out)
{
    if (perf->count < 2) {
        return CB_METRIC_TOO_FEW;
    }
    const double z = cb_normal_quantile(1 - perf->confidence);
    *out = cb_series_mean(perf->returns, perf->count) +
           cb_series_deviation(perf->returns, perf->count, 1) * z;
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_conditional_value_at_risk_normal(const cb_perf *perf, double *out)
{
    if (perf->count < 2) {
        return CB_METRIC_TOO_FEW;
    }
    const double tail = 1 - perf->confidence;
    const double depth = cb_normal_density(cb_normal_quantile(tail)) / tail;
    *out = cb_series_mean(perf->returns, perf->count) -
           cb_series_deviation(perf->returns, perf->count, 1) * depth;
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_tail_ratio(const cb_perf *perf, double *out)
{
    if (perf->count == 0) {
        return CB_METRIC_TOO_FEW;
    }
    const double *order = sorted(perf);
    return cb_metric_divide(fabs(cb_series_quantile(order, perf->count, 0.95)),
        fabs(cb_series_quantile(order, perf->count, 0.05)),
        out);
}

/* ---- beside a benchmark ---- */

static cb_metric_state needs_benchmark(const cb_perf *perf)
{
    if (perf->benchmark == NULL) {
        return CB_METRIC_NO_INPUT;
    }
    return perf->count < 2 ? CB_METRIC_TOO_FEW : CB_METRIC_OK;
}

cb_metric_state cb_metric_beta(const cb_perf *perf, double *out)
{
    const cb_metric_state state = needs_benchmark(perf);
    if (state != CB_METRIC_OK) {
        return state;
    }
    /* A constant risk-free return changes neither covariance nor variance. */
    if (cb_series_deviation(perf->benchmark, perf->count, 1) <= 0) {
        return CB_METRIC_NO_RISK;
    }
    *out = cb_series_regress(perf->benchmark, perf->returns, perf->count).slope;
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_alpha(const cb_perf *perf, double *out)
{
    double beta = 0;
    const cb_metric_state state = cb_metric_beta(perf, &beta);
    if (state != CB_METRIC_OK) {
        return state;
    }
    const double risk_free = cb_perf_risk_free(perf);
    const double mean = cb_series_mean(perf->returns, perf->count) - risk_free -
                        beta * (cb_series_mean(perf->benchmark, perf->count) - risk_free);
    const double grown = mean > -1 ? pow(1 + mean, perf->periods_per_year) - 1 : -1;
    if (!isfinite(grown)) {
        return CB_METRIC_TOO_FEW;
    }
    *out = grown;
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_correlation(const cb_perf *perf, double *out)
{
    const cb_metric_state state = needs_benchmark(perf);
    if (state != CB_METRIC_OK) {
        return state;
    }
    const double spread = cb_series_deviation(perf->returns, perf->count, 1) *
                          cb_series_deviation(perf->benchmark, perf->count, 1);
    return cb_metric_divide(
        cb_series_covariance(perf->returns, perf->benchmark, perf->count), spread, out);
}

static const double *active(const cb_perf *perf)
{
    CB_ASSERT(perf->scratch != NULL);
    for (size_t i = 0; i < perf->count; i++) {
        perf->scratch[i] = perf->returns[i] - perf->benchmark[i];
    }
    return perf->scratch;
}

cb_metric_state cb_metric_tracking_error(const cb_perf *perf, double *out)
{
    const cb_metric_state state = needs_benchmark(perf);
    if (state != CB_METRIC_OK) {
        return state;
    }
    *out = cb_series_deviation(active(perf), perf->count, 1) * sqrt(perf->periods_per_year);
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_information_ratio(const cb_perf *perf, double *out)
{
    const cb_metric_state state = needs_benchmark(perf);
    if (state != CB_METRIC_OK) {
        return state;
    }
    const double *over = active(perf);
    return cb_metric_divide(cb_series_mean(over, perf->count) * sqrt(perf->periods_per_year),
        cb_series_deviation(over, perf->count, 1),
        out);
}

/* ---- what was held and traded ---- */

cb_metric_state cb_metric_exposure(const cb_perf *perf, double *out)
{
    if (perf->exposure == NULL) {
        return CB_METRIC_NO_INPUT;
    }
    if (perf->count == 0) {
        return CB_METRIC_TOO_FEW;
    }
    *out = cb_series_mean(perf->exposure, perf->count);
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_time_in_market(const cb_perf *perf, double *out)
{
    if (perf->exposure == NULL) {
        return CB_METRIC_NO_INPUT;
    }
    if (perf->count == 0) {
        return CB_METRIC_TOO_FEW;
    }
    size_t held = 0;
    for (size_t i = 0; i < perf->count; i++) {
        held += fabs(perf->exposure[i]) > 0;
    }
    *out = (double)held / (double)perf->count;
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_turnover(const cb_perf *perf, double *out)
{
    if (perf->traded == NULL) {
        return CB_METRIC_NO_INPUT;
    }
    if (perf->count == 0) {
        return CB_METRIC_TOO_FEW;
    }
    *out = cb_series_mean(perf->traded, perf->count) * perf->periods_per_year;
    return CB_METRIC_OK;
}
