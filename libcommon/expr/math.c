/* Logarithm, exponential and power from additions, multiplications and bit patterns. The library's
 * versions may differ in the last digit from machine to machine, and a rule may not. */
#include <string.h>

#include "expr/scalar.h"

/* ln 2 in two parts: the first has 33 bits, so its product with an exponent is exact. */
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10
#define LN2_INVERSE 1.44269504088896338700e+00
#define SQRT2 1.41421356237309514547
#define EXP_MAX 709.79   /* above it exp leaves double */
#define EXP_MIN (-745.2) /* below it exp is 0 */
#define WHOLE_POWER_MAX 1024.0

static double with_exponent(int64_t exponent)
{
    CB_ASSERT(exponent >= -1022);
    CB_ASSERT(exponent <= 1023);
    const uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double value = 0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* value = mantissa * 2^exponent with mantissa from sqrt(1/2) to sqrt(2) */
static double split(double value, int64_t *exponent)
{
    int64_t bias = 1023;
    if (value < DBL_MIN) {
        value *= 18014398509481984.0; /* 2^54: out of the denormals */
        bias += 54;
    }
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    *exponent = (int64_t)(bits >> 52) - bias;
    bits = (bits & ((UINT64_C(1) << 52) - 1)) | (UINT64_C(1023) << 52);
    double mantissa = 0;
    memcpy(&mantissa, &bits, sizeof mantissa);
    if (mantissa > SQRT2) {
        mantissa *= 0.5;
        (*exponent)++;
    }
    return mantissa;
}

/* ln(m * 2^e) = e ln 2 + 2 atanh((m - 1) / (m + 1)), whose series ends below 2^-56 there. */
double expr_log(double value)
{
    static const double terms[] = {2.0 / 21,
        2.0 / 19,
        2.0 / 17,
        2.0 / 15,
        2.0 / 13,
        2.0 / 11,
        2.0 / 9,
        2.0 / 7,
        2.0 / 5,
        2.0 / 3};
    CB_ASSERT(value > 0);
    CB_ASSERT(value <= DBL_MAX);
    int64_t exponent = 0;
    const double mantissa = split(value, &exponent);
    const double s = (mantissa - 1.0) / (mantissa + 1.0);
    const double square = s * s;
    double series = 0;
    for (uint32_t i = 0; i < sizeof terms / sizeof terms[0]; i++) {
        series = series * square + terms[i];
    }
    const double scale = (double)exponent;
    return scale * LN2_HIGH + (2.0 * s + (s * square * series + scale * LN2_LOW));
}

/* exp(x) = 2^k exp(r) with |r| at most ln 2 / 2, by its power series. */
double expr_exp(double value)
{
    if (value > EXP_MAX) {
        return (double)INFINITY;
    }
    if (value < EXP_MIN) {
        return 0;
    }
    const double k = expr_round(value * LN2_INVERSE);
    const double r = (value - k * LN2_HIGH) - k * LN2_LOW;
    CB_ASSERT(fabs(r) < 0.35);
    double sum = 1.0;
    for (uint32_t i = 14; i > 0; i--) {
        sum = 1.0 + sum * r / (double)i;
    }
    const int64_t half = (int64_t)k / 2; /* two steps: 2^k itself may leave double */
    return sum * with_exponent(half) * with_exponent((int64_t)k - half);
}

static double whole_power(double base, double exponent)
{
    double result = 1.0;
    double square = base;
    for (uint64_t left = (uint64_t)fabs(exponent); left > 0; left >>= 1U) {
        result *= (left & 1U) != 0 ? square : 1.0;
        square *= square;
    }
    return exponent < 0 ? 1.0 / result : result;
}

/* Not finite where there is no answer: 0 to a negative power, roots of negative numbers. */
double expr_pow(double base, double exponent)
{
    const bool is_zero = !(fabs(base) > 0);
    if (is_zero && exponent < 0) {
        return expr_none();
    }
    const bool is_whole = !(fabs(exponent - floor(exponent)) > 0);
    if (is_whole && fabs(exponent) <= WHOLE_POWER_MAX) {
        return whole_power(base, exponent);
    }
    if (is_zero) {
        return 0;
    }
    return base > 0 ? expr_exp(exponent * expr_log(base)) : expr_none();
}
