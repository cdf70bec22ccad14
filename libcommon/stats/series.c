/* Sums, moments, order statistics. Two passes and compensated sums, because one-pass formulas lose
 * the digits that a Sharpe ratio of small returns is made of. */
#include "stats/series.h"

#include <math.h>

#include "base/assert.h"

#define ROUNDING 1e-12 /* a spread below this share of the largest value is rounding */

typedef struct compensated {
    double sum;
    double lost;
} compensated;

static void add(compensated *total, double value)
{
    const double sum = total->sum + value;
    if (fabs(total->sum) >= fabs(value)) {
        total->lost += (total->sum - sum) + value;
    } else {
        total->lost += (value - sum) + total->sum;
    }
    total->sum = sum;
}

double cb_series_sum(const double *values, size_t count)
{
    CB_ASSERT(values != NULL || count == 0);
    compensated total = {0};
    for (size_t i = 0; i < count; i++) {
        add(&total, values[i]);
    }
    return total.sum + total.lost;
}

double cb_series_mean(const double *values, size_t count)
{
    CB_ASSERT(count > 0);
    return cb_series_sum(values, count) / (double)count;
}

/* Sum of (value - mean)^power. */
static double central_sum(const double *values, size_t count, double mean, unsigned power)
{
    compensated total = {0};
    for (size_t i = 0; i < count; i++) {
        const double gap = values[i] - mean;
        double term = gap * gap;
        for (unsigned k = 2; k < power; k++) {
            term *= gap;
        }
        add(&total, term);
    }
    return total.sum + total.lost;
}

double cb_series_deviation(const double *values, size_t count, size_t lost)
{
    CB_ASSERT(values != NULL);
    CB_ASSERT(count > lost);
    const double mean = cb_series_mean(values, count);
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs(values[i]));
    }
    const double deviation = sqrt(central_sum(values, count, mean, 2) / (double)(count - lost));
    return deviation <= largest * ROUNDING ? 0 : deviation;
}

double cb_series_skewness(const double *values, size_t count)
{
    CB_ASSERT(count > 0);
    const double deviation = cb_series_deviation(values, count, 0);
    if (deviation <= 0) {
        return 0;
    }
    const double third =
        central_sum(values, count, cb_series_mean(values, count), 3) / (double)count;
    return third / (deviation * deviation * deviation);
}

double cb_series_kurtosis(const double *values, size_t count)
{
    CB_ASSERT(count > 0);
    const double deviation = cb_series_deviation(values, count, 0);
    if (deviation <= 0) {
        return 3;
    }
    const double fourth =
        central_sum(values, count, cb_series_mean(values, count), 4) / (double)count;
    return fourth / (deviation * deviation * deviation * deviation);
}

double cb_series_covariance(const double *left, const double *right, size_t count)
{
    CB_ASSERT(left != NULL && right != NULL);
    CB_ASSERT(count > 1);
    const double left_mean = cb_series_mean(left, count);
    const double right_mean = cb_series_mean(right, count);
    compensated total = {0};
    for (size_t i = 0; i < count; i++) {
        add(&total, (left[i] - left_mean) * (right[i] - right_mean));
    }
    return (total.sum + total.lost) / (double)(count - 1);
}

/* ---- order ---- */

static void sink(double *values, size_t root, size_t count)
{
    const double value = values[root];
    for (;;) {
        size_t child = root * 2 + 1;
        if (child >= count) {
            break;
        }
        if (child + 1 < count && values[child + 1] > values[child]) {
            child++;
        }
        if (values[child] <= value) {
            break;
        }
        values[root] = values[child];
        root = child;
    }
    values[root] = value;
}

static void heap_sort(double *values, size_t count)
{
    for (size_t i = count / 2; i-- > 0;) {
        sink(values, i, count);
    }
    for (size_t end = count; end-- > 1;) {
        const double top = values[0];
        values[0] = values[end];
        values[end] = top;
        sink(values, 0, end);
    }
}

static void insertion_sort(double *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const double value = values[i];
        size_t at = i;
        while (at > 0 && values[at - 1] > value) {
            values[at] = values[at - 1];
            at--;
        }
        values[at] = value;
    }
}

static double middle_of(double a, double b, double c)
{
    return fmax(fmin(a, b), fmin(fmax(a, b), c));
}

/* Hoare's partition around a pivot that is one of the values; both sides are non-empty. */
static size_t partition(double *values, size_t count, double pivot)
{
    size_t low = 0;
    size_t high = count - 1;
    for (;;) {
        while (values[low] < pivot) {
            low++;
        }
        while (values[high] > pivot) {
            high--;
        }
        if (low >= high) {
            return high + 1 < count ? high + 1 : high;
        }
        const double swapped = values[low];
        values[low++] = values[high];
        values[high--] = swapped;
    }
}

void cb_series_sort(double *values, size_t count)
{
    CB_ASSERT(values != NULL || count == 0);
    /* Quicksort that hands what is still long after 64 rounds to heapsort: no recursion of the
     * longer side, so the stack of pending pieces stays below the bits of a size. */
    struct {
        double *at;
        size_t count;
    } pending[64];
    size_t depth = 0;
    size_t rounds = 0;
    pending[depth].at = values;
    pending[depth++].count = count;
    while (depth > 0) {
        double *at = pending[--depth].at;
        size_t left = pending[depth].count;
        while (left > 24 && rounds < 4 * count) {
            const double pivot = middle_of(at[0], at[left / 2], at[left - 1]);
            const size_t cut = partition(at, left, pivot);
            rounds += left / 16;
            const bool is_lower_long = cut > left - cut;
            CB_ASSERT(depth < 64);
            pending[depth].at = is_lower_long ? at : at + cut;
            pending[depth++].count = is_lower_long ? cut : left - cut;
            at = is_lower_long ? at + cut : at;
            left = is_lower_long ? left - cut : cut;
        }
        if (left > 24) {
            heap_sort(at, left);
        } else {
            insertion_sort(at, left);
        }
    }
}

double cb_series_quantile(const double *sorted, size_t count, double fraction)
{
    CB_ASSERT(sorted != NULL && count > 0);
    CB_ASSERT(fraction >= 0 && fraction <= 1);
    const double place = fraction * (double)(count - 1);
    const size_t below = (size_t)floor(place);
    if (below + 1 >= count) {
        return sorted[count - 1];
    }
    return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}

/* ---- lines ---- */

cb_series_line cb_series_fit(const double *values, size_t count)
{
    CB_ASSERT(values != NULL && count > 1);
    const double index_mean = (double)(count - 1) / 2;
    const double mean = cb_series_mean(values, count);
    const double n = (double)count;
    const double index_square = n * (n * n - 1) / 12;
    compensated product = {0};
    for (size_t i = 0; i < count; i++) {
        add(&product, ((double)i - index_mean) * (values[i] - mean));
    }
    const double covered = product.sum + product.lost;
    const double deviation = cb_series_deviation(values, count, 0);
    const double square = deviation * deviation * n;
    const double slope = covered / index_square;
    return (cb_series_line){.slope = slope,
        .intercept = mean - slope * index_mean,
        .r_squared = square > 0 ? covered * covered / (index_square * square) : 0};
}

cb_series_line cb_series_regress(const double *left, const double *right, size_t count)
{
    CB_ASSERT(left != NULL && right != NULL);
    CB_ASSERT(count > 1);
    const double left_deviation = cb_series_deviation(left, count, 1);
    const double right_deviation = cb_series_deviation(right, count, 1);
    const double covariance = cb_series_covariance(left, right, count);
    const double variance = left_deviation * left_deviation;
    const double slope = variance > 0 ? covariance / variance : 0;
    const double square = variance * right_deviation * right_deviation;
    return (cb_series_line){.slope = slope,
        .intercept = cb_series_mean(right, count) - slope * cb_series_mean(left, count),
        .r_squared = square > 0 ? covariance * covariance / square : 0};
}

bool cb_series_is_finite(const double *values, size_t count)
{
    CB_ASSERT(values != NULL || count == 0);
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) {
            return false;
        }
    }
    return true;
}
