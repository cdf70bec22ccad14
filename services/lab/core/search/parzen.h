/* A Parzen estimator of one dimension: a mixture of normals cut off at the ends of the unit
 * interval, one around each observation and a wide one in the middle as a prior (Bergstra and
 * others 2011, with the widths of Optuna). Observations of a crowded dimension all have the
 * smallest width; they are counted on a grid of a quarter of that width, so that a density costs
 * the same for ten observations and for ten thousand (Silverman's linear binning; the error is
 * below one percent, and only the order of ratios is of interest). */
#ifndef LAB_SEARCH_PARZEN_H
#define LAB_SEARCH_PARZEN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/prng.h"
#include "services/lab/core/search/space.h"

#define PARZEN_NARROW_MIN 100 /* the smallest width is 1/100 of the range */
#define PARZEN_CELLS 4        /* of the grid in one smallest width */
#define PARZEN_REACH 22       /* cells to either side of which a kernel is felt: 5.5 widths */
#define PARZEN_BINS (PARZEN_CELLS * PARZEN_NARROW_MIN + 2 + 2 * PARZEN_REACH)
#define PARZEN_WIDE_MAX                                                                            \
    256 /* there cannot be more than 200: their gaps would not fit into the range */
#define PARZEN_LEVELS_MAX                                                                          \
    128 /* dimensions with so many levels have exact masses instead of densities */

typedef struct parzen {
    uint64_t levels; /* 0: a density */
    size_t wide_count;
    double total;  /* of all weights, the prior's among them */
    double narrow; /* the smallest width */
    double cells;  /* of the grid in the range */
    double mu[PARZEN_WIDE_MAX];
    double width[PARZEN_WIDE_MAX];
    double inverse[PARZEN_WIDE_MAX]; /* 1 / width */
    double scale[PARZEN_WIDE_MAX];   /* weight over what of the kernel lies in the interval */
    size_t binned;                   /* how many are in the bins */
    double bins[PARZEN_BINS];
    double decay[PARZEN_REACH + 1];
    double mass[PARZEN_LEVELS_MAX]; /* of a narrow kernel, so many levels away */
} parzen;

/**
 * Builds the estimator. The prior has the weight 1.
 *
 * @param mus observed units, sorted upwards; weights > 0, in the same order.
 */
void parzen_build(
    parzen *out, const search_dim *dim, const double *mus, const double *weights, size_t count);
/** Draws a unit; only of an estimator with at most PARZEN_WIDE_MAX / 2 observations, which has no
 * bins. */
double parzen_draw(const parzen *from, const search_dim *dim, cb_prng *prng);
/** Density at a unit, or mass of its level; > 0. */
double parzen_density(const parzen *from, double unit);

/** Smallest width for so many observations. */
double parzen_narrowest(size_t count);
/** Part of a normal that lies in the unit interval. */
double parzen_inside(double mu, double width);

/* Inline, because these stand in the innermost loops. */

/** Width that an observation has: the larger of the gaps to its neighbours. */
static inline double parzen_width(const double *mus, size_t count, size_t index)
{
    if (count == 1) { /* only then the ends count as neighbours */
        return mus[0] > 0.5 ? mus[0] : 1 - mus[0];
    }
    const double left = index > 0 ? mus[index] - mus[index - 1] : 0;
    const double right = index + 1 < count ? mus[index + 1] - mus[index] : 0;
    return left > right ? left : right;
}

/**
 * exp(x) for x up to 1 to seven digits; 0 below -700. 2^i times a polynomial of the rest: the
 * rounding trick needs the default rounding mode.
 */
static inline double parzen_exp(double x)
{
    const double log2e = 1.44269504088896340736;
    const double ln2 = 0.69314718055994530942;
    const double magic = 6755399441055744.0; /* 1.5 * 2^52: adding it rounds to a whole number */
    const double bound = x < -700 ? -700 : x;
    const double scaled = bound * log2e;
    const double shifted = scaled + magic;
    const double rest = (scaled - (shifted - magic)) * ln2;
    uint64_t bits = 0;
    double power = 0;
    memcpy(&bits, &shifted, sizeof(bits));
    bits = (bits + 1023) << 52;
    memcpy(&power, &bits, sizeof(power));
    const double square = rest * rest;
    const double poly =
        (1 + rest) + square * ((1.0 / 2 + rest * (1.0 / 6)) +
                                  square * ((1.0 / 24 + rest * (1.0 / 120)) +
                                               square * (1.0 / 720 + rest * (1.0 / 5040))));
    return x < -700 ? 0 : power * poly;
}

#endif /* LAB_SEARCH_PARZEN_H */
