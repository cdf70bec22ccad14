/* How far a Sharpe ratio can be believed: the probabilistic Sharpe ratio (short, skewed and
 * fat-tailed series), the deflated one (the best of many trials), and the shortest record that
 * would prove it. All Sharpe ratios here are of one period, not annualised. */
#ifndef CB_STATS_SHARPE_H
#define CB_STATS_SHARPE_H

#include <stdbool.h>
#include <stddef.h>

/* What a series says of its Sharpe ratio. */
typedef struct cb_sharpe_moments {
    double sharpe;   /* mean / sample deviation, of one period; 0 when the deviation is */
    double skewness; /* population */
    double kurtosis; /* population; 3 for the normal */
    size_t count;
    bool has_spread; /* false for a constant series: it has no Sharpe ratio */
} cb_sharpe_moments;

/** Moments of count > 1 returns (in excess of the risk-free return, where there is one). */
cb_sharpe_moments cb_sharpe_moments_of(const double *returns, size_t count);

/**
 * Probability that the true Sharpe ratio is above a benchmark (Bailey and Lopez de Prado, "The
 * Sharpe Ratio Efficient Frontier", 2012).
 *
 * @param out [out] 0 … 1, written only when true is returned.
 * @return false for a constant series, fewer than two values, or moments that no series can have.
 */
bool cb_sharpe_probabilistic(const cb_sharpe_moments *moments, double benchmark, double *out);

/**
 * The Sharpe ratio that the best of many trials without any skill is expected to show (the False
 * Strategy theorem).
 *
 * @param variance of the trials' Sharpe ratios (of one period).
 * @param trials independent ones; one trial expects 0.
 */
double cb_sharpe_expected_best(double variance, double trials);

/**
 * How many independent trials so many correlated ones are worth: rho + (1 - rho) * trials (Bailey
 * and Lopez de Prado 2014, appendix 3), at least 1.
 *
 * @param correlation mean of all pairs; below 0 counts as 0.
 */
double cb_sharpe_independent_trials(double trials, double correlation);
/**
 * Mean correlation of all pairs of trials, from the variance of the sum of their standardised
 * returns.
 *
 * @param returns periods rows of trials columns; constant columns are left out.
 * @param scratch periods + 2 * trials doubles.
 * @return 0 when fewer than two columns vary.
 */
double cb_sharpe_mean_correlation(
    const double *returns, size_t periods, size_t trials, double *scratch);

/**
 * Deflated Sharpe ratio (Bailey and Lopez de Prado 2014): the probabilistic one against
 * cb_sharpe_expected_best.
 *
 * @param out [out] probability that the skill is real; below 0.95 is the usual refusal.
 */
bool cb_sharpe_deflated(
    const cb_sharpe_moments *moments, double variance, double trials, double *out);

/**
 * Shortest track record, in periods, for which the probabilistic Sharpe ratio reaches confidence.
 *
 * @return false when the Sharpe ratio is not above the benchmark: no record would be long enough.
 */
bool cb_sharpe_record_min(
    const cb_sharpe_moments *moments, double benchmark, double confidence, double *out);

#endif /* CB_STATS_SHARPE_H */
