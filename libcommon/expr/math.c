/* Logarithm, exponential and power from additions, multiplications and bit patterns. The library's
 * versions may differ in the last digit from machine to machine, and a rule may not. */
#include <string.h>

#include "expr/scalar.h"
#include "ind/logarithm.h"

/* ln 2 in two parts: the first has 33 bits, so its product with an exponent is exact. */
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10
#define LN2_INVERSE 1.44269504088896338700e+00
#define LIFT 18014398509481984.0 /* 2^54 */
#define LIFT_EXPONENT 54.0
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

/* The indicators' logarithm, which leaves out numbers below the least normal one. */
double expr_log(double value)
{
    CB_ASSERT(value > 0);
    CB_ASSERT(value <= DBL_MAX);
    if (value < DBL_MIN) {
        return cb_ind_log(value * LIFT) - LIFT_EXPONENT * (LN2_HIGH + LN2_LOW);
    }
    return cb_ind_log(value);
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
