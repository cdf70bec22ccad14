/* Probabilistic and deflated Sharpe ratio, and minimum track record length. */
#include "stats/sharpe.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "stats/normal.h"
#include "stats/series.h"

#define EULER_MASCHERONI 0.57721566490153286061
#define E 2.71828182845904523536

cb_sharpe_moments cb_sharpe_moments_of(const double *returns, size_t count)
{
    CB_ASSERT(returns != NULL);
    CB_ASSERT(count > 1);
    const double deviation = cb_series_deviation(returns, count, 1);
    return (cb_sharpe_moments){
        .sharpe = deviation > 0 ? cb_series_mean(returns, count) / deviation : 0,
        .skewness = cb_series_skewness(returns, count),
        .kurtosis = cb_series_kurtosis(returns, count),
        .count = count,
        .has_spread = deviation > 0};
}

/* Variance of the estimate, times count - 1. */
static double estimate_variance(const cb_sharpe_moments *moments)
{
    const double s = moments->sharpe;
    return 1 - moments->skewness * s + (moments->kurtosis - 1) / 4 * s * s;
}

bool cb_sharpe_probabilistic(const cb_sharpe_moments *moments, double benchmark, double *out)
{
    CB_ASSERT(moments != NULL);
    CB_ASSERT(out != NULL);
    const double variance = estimate_variance(moments);
    if (!moments->has_spread || moments->count < 2 || variance <= 0) {
        return false;
    }
    const double z =
        (moments->sharpe - benchmark) * sqrt((double)(moments->count - 1)) / sqrt(variance);
    *out = cb_normal_below(z);
    return true;
}

double cb_sharpe_expected_best(double variance, double trials)
{
    CB_ASSERT(variance >= 0);
    CB_ASSERT(trials >= 1);
    if (trials <= 1) {
        return 0;
    }
    return sqrt(variance) * ((1 - EULER_MASCHERONI) * cb_normal_quantile(1 - 1 / trials) +
                                EULER_MASCHERONI * cb_normal_quantile(1 - 1 / (trials * E)));
}

double cb_sharpe_independent_trials(double trials, double correlation)
{
    CB_ASSERT(trials >= 1);
    CB_ASSERT(correlation <= 1 + 1e-9);
    const double shared = fmin(fmax(correlation, 0), 1);
    return fmax(shared + (1 - shared) * trials, 1);
}

/* Means and deviations (population) of the columns, in two passes. */
static void measure(
    const double *returns, size_t periods, size_t trials, double *means, double *deviations)
{
    memset(means, 0, trials * sizeof(*means));
    memset(deviations, 0, trials * sizeof(*deviations));
    for (size_t i = 0; i < periods; i++) {
        for (size_t k = 0; k < trials; k++) {
            means[k] += returns[i * trials + k] / (double)periods;
        }
    }
    for (size_t i = 0; i < periods; i++) {
        for (size_t k = 0; k < trials; k++) {
            const double gap = returns[i * trials + k] - means[k];
            deviations[k] += gap * gap / (double)periods;
        }
    }
    for (size_t k = 0; k < trials; k++) {
        deviations[k] = sqrt(deviations[k]);
    }
}

double cb_sharpe_mean_correlation(
    const double *returns, size_t periods, size_t trials, double *scratch)
{
    CB_ASSERT(returns != NULL && scratch != NULL);
    double *sums = scratch;
    double *means = sums + periods;
    double *deviations = means + trials;
    double varying = 0;
    measure(returns, periods, trials, means, deviations);
    for (size_t k = 0; k < trials; k++) {
        varying += deviations[k] > 1e-12 * fabs(means[k]) ? 1 : 0;
    }
    double square = 0;
    for (size_t i = 0; i < periods; i++) {
        sums[i] = 0;
        for (size_t k = 0; k < trials; k++) {
            if (deviations[k] > 1e-12 * fabs(means[k])) {
                sums[i] += (returns[i * trials + k] - means[k]) / deviations[k];
            }
        }
        square += sums[i] * sums[i] / (double)periods;
    }
    return varying < 2 ? 0 : (square / varying - 1) / (varying - 1);
}

bool cb_sharpe_deflated(
    const cb_sharpe_moments *moments, double variance, double trials, double *out)
{
    return cb_sharpe_probabilistic(moments, cb_sharpe_expected_best(variance, trials), out);
}

bool cb_sharpe_record_min(
    const cb_sharpe_moments *moments, double benchmark, double confidence, double *out)
{
    CB_ASSERT(moments != NULL && out != NULL);
    CB_ASSERT(confidence > 0 && confidence < 1);
    const double over = moments->sharpe - benchmark;
    const double variance = estimate_variance(moments);
    if (!moments->has_spread || over <= 0 || variance <= 0) {
        return false;
    }
    const double z = cb_normal_quantile(confidence) / over;
    *out = 1 + variance * z * z;
    return true;
}
