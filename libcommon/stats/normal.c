/* The normal distribution: erfc for probabilities, Acklam's rational approximation with one step of
 * Halley's method for quantiles (full double precision), the polar method for samples. */
#include "stats/normal.h"

#include <math.h>

#include "base/assert.h"

#define ONE_BY_SQRT_TWO_PI 0.39894228040143267794
#define SQRT_TWO_PI 2.50662827463100050242
#define SQRT_HALF 0.70710678118654752440
#define TAIL 0.02425 /* where Acklam's middle formula gives way to that of the tails */

double cb_normal_density(double z)
{
    return ONE_BY_SQRT_TWO_PI * exp(-0.5 * z * z);
}

double cb_normal_below(double z)
{
    return 0.5 * erfc(-z * SQRT_HALF);
}

static double tail_start(double probability)
{
    const double q = sqrt(-2 * log(probability));
    const double top =
        ((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838e+00) * q -
             2.549732539343734e+00) *
                q +
            4.374664141464968e+00) *
            q +
        2.938163982698783e+00;
    const double bottom =
        (((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996e+00) * q +
            3.754408661907416e+00) *
            q +
        1;
    return top / bottom;
}

static double middle_start(double probability)
{
    const double q = probability - 0.5;
    const double r = q * q;
    const double top =
        (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r - 2.759285104469687e+02) * r +
              1.383577518672690e+02) *
                 r -
             3.066479806614716e+01) *
                r +
            2.506628277459239e+00) *
        q;
    const double bottom =
        ((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r - 1.556989798598866e+02) * r +
             6.680131188771972e+01) *
                r -
            1.328068155288572e+01) *
            r +
        1;
    return top / bottom;
}

double cb_normal_quantile(double probability)
{
    CB_ASSERT(probability > 0);
    CB_ASSERT(probability < 1);
    /* By symmetry only the lower half is computed: there the probability has all its digits. */
    if (probability > 0.5) {
        return -cb_normal_quantile(1 - probability);
    }
    const double start = probability < TAIL ? tail_start(probability) : middle_start(probability);
    const double error = cb_normal_below(start) - probability;
    const double step = error * SQRT_TWO_PI * exp(start * start / 2);
    return start - step / (1 + start * step / 2);
}

double cb_random_unit(cb_prng *prng)
{
    CB_ASSERT(prng != NULL);
    return (double)(cb_prng_next(prng) >> 11) * 0x1.0p-53;
}

double cb_random_normal(cb_prng *prng)
{
    CB_ASSERT(prng != NULL);
    for (;;) {
        const double x = 2 * cb_random_unit(prng) - 1;
        const double y = 2 * cb_random_unit(prng) - 1;
        const double square = x * x + y * y;
        if (square > 0 && square < 1) {
            return x * sqrt(-2 * log(square) / square);
        }
    }
}

void cb_random_shuffle(cb_prng *prng, double *values, size_t count)
{
    CB_ASSERT(prng != NULL);
    CB_ASSERT(values != NULL || count == 0);
    for (size_t i = count; i > 1; i--) {
        const size_t other = (size_t)cb_prng_below(prng, i);
        const double value = values[i - 1];
        values[i - 1] = values[other];
        values[other] = value;
    }
}

cb_prng cb_random_stream(uint64_t seed, uint64_t stream)
{
    cb_prng prng;
    cb_prng_init(&prng, seed);
    const uint64_t first = cb_prng_next(&prng);
    cb_prng_init(&prng, first ^ (stream + 1) * UINT64_C(0xd1342543de82ef95));
    const uint64_t second = cb_prng_next(&prng);
    cb_prng_init(&prng, second);
    return prng;
}
