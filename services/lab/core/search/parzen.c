/* Parzen estimators: see the header for the idea. Hot: a trial of ten dimensions asks for some
 * thousands of densities. */
#include "services/lab/core/search/parzen.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "stats/normal.h"

#define PRIOR_MU 0.5
#define PRIOR_WIDTH 1.0
#define WITHIN 6.5 /* widths from an end beyond which nothing of a kernel is cut off */
#define ONE_BY_SQRT_TWO_PI 0.39894228040143267794
#define DRAWS_MAX 200

double parzen_narrowest(size_t count)
{
    const double kernels = (double)count + 1; /* with the prior */
    return 1 / fmin(PARZEN_NARROW_MIN, 1 + kernels);
}

double parzen_inside(double mu, double width)
{
    if (mu - WITHIN * width > 0 && mu + WITHIN * width < 1) {
        return 1;
    }
    return cb_normal_below((1 - mu) / width) - cb_normal_below(-mu / width);
}

static void add_wide(parzen *out, double mu, double width, double weight)
{
    CB_ASSERT(out->wide_count < PARZEN_WIDE_MAX);
    const size_t at = out->wide_count++;
    const double inside = parzen_inside(mu, width);
    out->mu[at] = mu;
    out->width[at] = width;
    out->inverse[at] = 1 / width;
    out->scale[at] = weight / (out->levels > 0 ? inside : inside * width) *
                     (out->levels > 0 ? 1 : ONE_BY_SQRT_TWO_PI);
}

/* Shares a narrow kernel between the two nearest cells of the grid, or gives it to its level. */
static void add_narrow(parzen *out, double mu, double weight)
{
    out->binned++;
    if (out->levels > 0) {
        const double level = floor(mu * (double)out->levels);
        const size_t at = (size_t)fmin(level, (double)(out->levels - 1));
        out->bins[at] += weight;
        return;
    }
    const double place = mu * out->cells;
    const size_t below = (size_t)place;
    const size_t at = below + PARZEN_REACH;
    CB_ASSERT(at + 1 < PARZEN_BINS);
    const double share = place - (double)below;
    out->bins[at] += weight * (1 - share);
    out->bins[at + 1] += weight * share;
}

/* Divides each cell near an end by what of its kernels lies inside. */
static void scale_bins(parzen *out)
{
    const size_t cells = (size_t)ceil(PARZEN_CELLS / out->narrow) + 1;
    const double whole = ONE_BY_SQRT_TWO_PI / out->narrow;
    const size_t near = (size_t)(WITHIN * PARZEN_CELLS) + 1;
    for (size_t i = 0; i <= cells; i++) {
        double *bin = &out->bins[i + PARZEN_REACH];
        if (*bin <= 0) {
            continue;
        }
        double inside = 1;
        if (i < near || i + near > cells) {
            const double mu = fmin((double)i * out->narrow / PARZEN_CELLS, 1);
            inside = parzen_inside(mu, out->narrow);
        }
        *bin *= whole / inside;
    }
    for (size_t i = 0; i <= PARZEN_REACH; i++) {
        out->decay[i] = parzen_exp(-(double)(i * i) / (2.0 * PARZEN_CELLS * PARZEN_CELLS));
    }
}

/* Masses of a narrow kernel at the distance of so many levels; its part inside is divided out per
 * level. */
static void scale_levels(parzen *out)
{
    const double levels = (double)out->levels;
    double before = 0.5;
    for (size_t i = 0; i < out->levels; i++) {
        const double after = cb_normal_below(((double)i + 0.5) / levels / out->narrow);
        out->mass[i] = i == 0 ? 2 * (after - 0.5) : after - before;
        before = after;
        if (out->bins[i] > 0) {
            out->bins[i] /= parzen_inside(((double)i + 0.5) / levels, out->narrow);
        }
    }
}

void parzen_build(
    parzen *out, const search_dim *dim, const double *mus, const double *weights, size_t count)
{
    CB_ASSERT(out != NULL && dim != NULL);
    CB_ASSERT((mus != NULL && weights != NULL) || count == 0);
    const uint64_t levels = dim->is_log != 0 ? 0 : search_levels(dim);
    const bool is_small = count <= PARZEN_WIDE_MAX / 8;
    out->levels = levels <= PARZEN_LEVELS_MAX ? levels : 0;
    out->wide_count = 0;
    out->binned = 0;
    out->total = 1;
    out->narrow = parzen_narrowest(count);
    out->cells = PARZEN_CELLS / out->narrow;
    if (!is_small) {
        memset(out->bins, 0, sizeof(out->bins));
    }
    for (size_t i = 0; i < count; i++) {
        const double width = parzen_width(mus, count, i); /* at most 1 */
        out->total += weights[i];
        if (is_small || (width > out->narrow && out->wide_count + 1 < PARZEN_WIDE_MAX)) {
            add_wide(out, mus[i], width > out->narrow ? width : out->narrow, weights[i]);
        } else {
            add_narrow(out, mus[i], weights[i]);
        }
    }
    add_wide(out, PRIOR_MU, PRIOR_WIDTH, 1);
    if (out->binned > 0 && out->levels > 0) {
        scale_levels(out);
    } else if (out->binned > 0) {
        scale_bins(out);
    }
}

double parzen_draw(const parzen *from, const search_dim *dim, cb_prng *prng)
{
    CB_ASSERT(from != NULL && from->binned == 0);
    CB_ASSERT(from->wide_count > 0);
    const size_t kernel = (size_t)cb_prng_below(prng, from->wide_count);
    for (unsigned i = 0; i < DRAWS_MAX; i++) {
        const double unit = from->mu[kernel] + from->width[kernel] * cb_random_normal(prng);
        if (unit >= 0 && unit <= 1) {
            return search_snap(dim, unit);
        }
    }
    return search_snap(dim, cb_random_unit(prng)); /* about one in 2^100 */
}

static double wide_density(const parzen *from, double unit)
{
    double density = 0;
    for (size_t i = 0; i < from->wide_count; i++) {
        const double z = (unit - from->mu[i]) * from->inverse[i];
        const double power = -0.5 * z * z;
        if (power > -25) {
            density += from->scale[i] * parzen_exp(power);
        }
    }
    return density;
}

/* Kernels of one width on a grid: exp(-(k - d)^2 / 2c^2) is exp(-k^2 / 2c^2), which is a table,
 * times exp(d / c^2)^k, times a constant. */
static double narrow_density(const parzen *from, double unit)
{
    const double place = unit * from->cells;
    const size_t below = (size_t)place;
    const double rest = place - (double)below;
    const double *bins = from->bins + PARZEN_REACH + below;
    const double square = PARZEN_CELLS * PARZEN_CELLS;
    const double up = parzen_exp(rest / square);
    const double down = 1 / up;
    double up_power = 1;
    double down_power = 1;
    double sum = bins[0];
    for (size_t k = 1; k < PARZEN_REACH; k++) {
        up_power *= up;
        down_power *= down;
        sum += from->decay[k] * (up_power * bins[k] + down_power * *(bins - k));
    }
    return sum * parzen_exp(-rest * rest / (2 * square));
}

static double level_mass(const parzen *from, double unit)
{
    const double levels = (double)from->levels;
    const size_t level = (size_t)fmin(floor(unit * levels), levels - 1);
    const double low = (double)level / levels;
    const double high = (double)(level + 1) / levels;
    double mass = 0;
    for (size_t i = 0; i < from->wide_count; i++) {
        mass += from->scale[i] * (cb_normal_below((high - from->mu[i]) / from->width[i]) -
                                     cb_normal_below((low - from->mu[i]) / from->width[i]));
    }
    for (size_t i = 0; from->binned > 0 && i < from->levels; i++) {
        mass += from->bins[i] * from->mass[i > level ? i - level : level - i];
    }
    return mass;
}

double parzen_density(const parzen *from, double unit)
{
    CB_ASSERT(from != NULL);
    CB_ASSERT(unit >= 0 && unit <= 1);
    if (from->levels > 0) {
        return level_mass(from, unit) / from->total;
    }
    const double narrow = from->binned > 0 ? narrow_density(from, unit) : 0;
    return (wide_density(from, unit) + narrow) / from->total;
}
