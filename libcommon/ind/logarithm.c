/* ln(m * 2^e) = e ln 2 + 2 atanh((m - 1) / (m + 1)) with m between sqrt(1/2) and sqrt(2): the
 * series of atanh needs ten terms there (the rest is below 2^-56). */
#include "ind/logarithm.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/assert.h"

/* ln 2 in two parts: the first has 33 bits, so its product with an exponent is exact. */
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10
#define SQRT2 1.41421356237309514547
#define SMALLEST_NORMAL 2.2250738585072014e-308

static const double terms[] = {
    2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13, 2.0 / 11, 2.0 / 9, 2.0 / 7, 2.0 / 5, 2.0 / 3};

double cb_ind_log(double value)
{
    if (!(value >= SMALLEST_NORMAL) || !isfinite(value)) {
        return 0;
    }
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    int64_t exponent = (int64_t)(bits >> 52) - 1023;
    bits = (bits & ((UINT64_C(1) << 52) - 1)) | (UINT64_C(1023) << 52);
    double mantissa = 0;
    memcpy(&mantissa, &bits, sizeof mantissa);
    if (mantissa > SQRT2) {
        mantissa *= 0.5;
        exponent++;
    }
    CB_ASSERT(mantissa > 0.7 && mantissa < 1.42);
    const double s = (mantissa - 1.0) / (mantissa + 1.0);
    const double square = s * s;
    double series = 0;
    for (uint32_t i = 0; i < sizeof terms / sizeof terms[0]; i++) {
        series = series * square + terms[i];
    }
    const double scale = (double)exponent;
    return scale * LN2_HIGH + (2.0 * s + (s * square * series + scale * LN2_LOW));
}

double cb_ind_log_return(double value, double before)
{
    return value > 0 && before > 0 ? cb_ind_log(value / before) : 0;
}
