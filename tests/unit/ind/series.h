/* Whole series of numbers, worked on directly and slowly: every window is looked through anew for
 * every bar. NaN is "not defined yet" and spreads by itself. The references of the indicators are
 * written with these; they share nothing with the incremental code. */
#ifndef TESTS_IND_SERIES_H
#define TESTS_IND_SERIES_H

#include "indicator_runner.h"

/* What a reference reads and writes: the bars, its parameters, its outputs. */
static cb_bar bars[BARS];
static const int64_t *param;
static double outs[CB_INDICATOR_OUTPUTS_MAX][BARS];

#define NONE ((double)NAN)
#define O(i) (bars[i].open)
#define H(i) (bars[i].high)
#define L(i) (bars[i].low)
#define C(i) (bars[i].close)
#define V(i) (bars[i].volume)
/* A series from an expression of i. */
#define LET(name, value)                                                                           \
    static double name[BARS];                                                                      \
    for (size_t i = 0; i < BARS; i++) {                                                            \
        name[i] = (value);                                                                         \
    }
#define OUT(number, value)                                                                         \
    for (size_t i = 0; i < BARS; i++) {                                                            \
        outs[number][i] = (value);                                                                 \
    }

static inline double param_e8(size_t index)
{
    return (double)param[index] / 1e8;
}

static inline double back(const double *x, size_t i, int64_t bars_ago)
{
    return (int64_t)i >= bars_ago ? x[(int64_t)i - bars_ago] : NONE;
}

static inline double close_back(size_t i, int64_t bars_ago)
{
    return (int64_t)i >= bars_ago ? C((int64_t)i - bars_ago) : NONE;
}

/* top / bottom, or otherwise where the bottom is not above 0. */
static inline double over(double top, double bottom, double otherwise)
{
    if (isnan(top) || isnan(bottom)) {
        return NONE;
    }
    return bottom > 0 ? top / bottom : otherwise;
}

typedef double (*window_fn)(const double *first, size_t count);

/* fn over the last n values wherever all of them are defined. */
static inline void roll(const double *x, int64_t n, window_fn fn, double *out)
{
    for (size_t i = 0; i < BARS; i++) {
        bool is_whole = (int64_t)i + 1 >= n;
        for (int64_t k = 0; is_whole && k < n; k++) {
            is_whole = !isnan(x[(int64_t)i - k]);
        }
        out[i] = is_whole ? fn(&x[(int64_t)i + 1 - n], (size_t)n) : NONE;
    }
}

static inline double sum_fn(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += x[i];
    }
    return sum;
}

static inline double mean_fn(const double *x, size_t n)
{
    return sum_fn(x, n) / (double)n;
}

static inline double weighted_fn(const double *x, size_t n)
{
    double sum = 0;
    double weights = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)(i + 1) * x[i];
        weights += (double)(i + 1);
    }
    return sum / weights;
}

static inline double max_fn(const double *x, size_t n)
{
    double best = x[0];
    for (size_t i = 1; i < n; i++) {
        best = x[i] > best ? x[i] : best;
    }
    return best;
}

static inline double min_fn(const double *x, size_t n)
{
    double best = x[0];
    for (size_t i = 1; i < n; i++) {
        best = x[i] < best ? x[i] : best;
    }
    return best;
}

/* Mean of the k-th powers of the distances from the mean. */
static inline double central(const double *x, size_t n, int power)
{
    const double mean = mean_fn(x, n);
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += pow(x[i] - mean, power);
    }
    return sum / (double)n;
}

static inline double deviation_fn(const double *x, size_t n)
{
    return sqrt(central(x, n, 2));
}

static inline double mean_deviation_fn(const double *x, size_t n)
{
    const double mean = mean_fn(x, n);
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += fabs(x[i] - mean);
    }
    return sum / (double)n;
}

static inline void sma(const double *x, int64_t n, double *out)
{
    roll(x, n, mean_fn, out);
}

/* An average that begins with a simple one and then moves by alpha. */
static inline void moving(const double *x, int64_t n, double alpha, double *out)
{
    size_t first = 0;
    while (first < BARS && isnan(x[first])) {
        first++;
    }
    for (size_t i = 0; i < BARS; i++) {
        const size_t begin = first + (size_t)n - 1;
        if (i < begin) {
            out[i] = NONE;
        } else if (i == begin) {
            out[i] = mean_fn(&x[first], (size_t)n);
        } else {
            out[i] = x[i] * alpha + out[i - 1] * (1 - alpha);
        }
    }
}

static inline void ema(const double *x, int64_t n, double *out)
{
    moving(x, n, 2.0 / ((double)n + 1), out);
}

static inline void wilder(const double *x, int64_t n, double *out)
{
    moving(x, n, 1.0 / (double)n, out);
}

/* The range stretched to the close before; first: of the first bar, which has none. */
static inline void true_ranges(double *out, double first)
{
    for (size_t i = 0; i < BARS; i++) {
        const double before = i > 0 ? C(i - 1) : 0;
        out[i] = i > 0 ? fmax(H(i), before) - fmin(L(i), before) : first;
    }
}

static inline void closes(double *out)
{
    for (size_t i = 0; i < BARS; i++) {
        out[i] = C(i);
    }
}

#endif /* TESTS_IND_SERIES_H */
