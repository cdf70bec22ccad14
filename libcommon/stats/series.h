/* What statistics are made of: sums, moments, order statistics and a line through points, over
 * plain arrays of finite doubles that the caller owns. Nothing here allocates, and nothing here is
 * money: these are numbers about results. */
#ifndef CB_STATS_SERIES_H
#define CB_STATS_SERIES_H

#include <stdbool.h>
#include <stddef.h>

/** Sum with Neumaier's compensation, so that the order of the values hardly matters. */
double cb_series_sum(const double *values, size_t count);
/** Arithmetic mean; count > 0. */
double cb_series_mean(const double *values, size_t count);
/**
 * Standard deviation around the mean.
 *
 * @param lost degrees of freedom taken from count: 1 for a sample, 0 for a population; count >
 * lost.
 * @return exactly 0 when the spread is no more than rounding (below 1e-12 of the largest value), so
 *         that a constant series has none.
 */
double cb_series_deviation(const double *values, size_t count, size_t lost);
/** Third standardised moment of the population; 0 for a constant series. */
double cb_series_skewness(const double *values, size_t count);
/** Fourth standardised moment of the population (3 for the normal); 3 for a constant series. */
double cb_series_kurtosis(const double *values, size_t count);
/** Sample covariance (count - 1); count > 1. */
double cb_series_covariance(const double *left, const double *right, size_t count);

/** Sorts upwards in place, in O(n log n) always and without further memory. */
void cb_series_sort(double *values, size_t count);
/**
 * The value below which a fraction lies, linear between neighbours (numpy's default, Hyndman and
 * Fan's 7).
 *
 * @param sorted upwards; count > 0.
 * @param fraction 0 … 1.
 */
double cb_series_quantile(const double *sorted, size_t count, double fraction);

/* The least-squares line value = intercept + slope * index. */
typedef struct cb_series_line {
    double slope;
    double intercept;
    double r_squared; /* 0 when the values are constant */
} cb_series_line;

/** Fits a line through count > 1 values at the indices 0, 1, 2 … */
cb_series_line cb_series_fit(const double *values, size_t count);
/** Fits right = intercept + slope * left; count > 1. A constant left has slope 0. */
cb_series_line cb_series_regress(const double *left, const double *right, size_t count);

/** True when every value is finite. */
bool cb_series_is_finite(const double *values, size_t count);

#endif /* CB_STATS_SERIES_H */
