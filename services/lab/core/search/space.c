/* Units to values and back. A dimension with n levels is cut into n equal cells (whole numbers on a
 * logarithmic scale: cells from k - 1/2 to k + 1/2), so every level has the share of the interval
 * that a uniform draw should give it. */
#include "services/lab/core/search/space.h"

#include <math.h>

#include "base/assert.h"

#define LEVELS_MAX 1e15 /* beyond it doubles no longer hold every whole number */
#define GRID_SLACK 1e-6 /* of a step: how far a value given from outside may be off the grid */

search_dim search_float(double low, double high)
{
    return (search_dim){.kind = SEARCH_FLOAT, .low = low, .high = high};
}

search_dim search_log(double low, double high)
{
    return (search_dim){.kind = SEARCH_FLOAT, .is_log = 1, .low = low, .high = high};
}

search_dim search_int(double low, double high, double step)
{
    return (search_dim){.kind = SEARCH_INT, .low = low, .high = high, .step = step};
}

search_dim search_choice(uint32_t count)
{
    return (search_dim){.kind = SEARCH_CATEGORY, .low = 0, .high = (double)count - 1, .step = 1};
}

static bool is_whole(double value)
{
    return fabs(value - floor(value)) <= 0;
}

static const char *fault_of(const search_dim *dim)
{
    if (dim->kind >= SEARCH_KINDS) {
        return "is of no known kind";
    }
    if (!isfinite(dim->low) || !isfinite(dim->high) || !isfinite(dim->step) || dim->step < 0) {
        return "has bounds or a step that are no numbers";
    }
    if (dim->low > dim->high) {
        return "has its low end above its high end";
    }
    if (dim->is_log != 0 && (dim->low <= 0 || dim->kind == SEARCH_CATEGORY)) {
        return "cannot be logarithmic: it is a choice or reaches zero";
    }
    if (dim->is_log != 0 && dim->step > (dim->kind == SEARCH_INT ? 1 : 0)) {
        return "cannot have both a step and a logarithmic scale";
    }
    if (dim->kind != SEARCH_FLOAT &&
        (!is_whole(dim->low) || !is_whole(dim->high) || !is_whole(dim->step) || dim->step < 1)) {
        return "needs whole numbers for its ends and its step";
    }
    if (dim->step > 0 && (dim->high - dim->low) / dim->step > LEVELS_MAX) {
        return "has too many levels";
    }
    return NULL;
}

static bool is_parent_right(const search_space *space, uint32_t index)
{
    const search_dim *dim = &space->dims[index];
    if (dim->parent_plus_one == 0) {
        return true;
    }
    if (dim->parent_plus_one > index) {
        return false;
    }
    const search_dim *parent = &space->dims[dim->parent_plus_one - 1];
    return parent->kind == SEARCH_CATEGORY && (double)dim->parent_choice <= parent->high;
}

cb_status search_space_check(const search_space *space, cb_err *err)
{
    CB_ASSERT(space != NULL);
    if (space->count == 0 || space->count > SEARCH_DIMS_MAX) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "a search varies 1 to %d parameters, not %u",
            SEARCH_DIMS_MAX,
            space->count);
    }
    for (uint32_t i = 0; i < space->count; i++) {
        const char *fault = fault_of(&space->dims[i]);
        if (fault != NULL) {
            return CB_FAIL(err, CB_E_CONFIG, "parameter %u of the search %s", i + 1, fault);
        }
        if (!is_parent_right(space, i)) {
            return CB_FAIL(err,
                CB_E_CONFIG,
                "parameter %u of the search depends on what is no choice before it",
                i + 1);
        }
    }
    return CB_OK;
}

uint64_t search_levels(const search_dim *dim)
{
    CB_ASSERT(dim != NULL);
    if (dim->step <= 0) {
        return 0;
    }
    /* 0.3 / 0.1 is a little less than 3: half a millionth of a step is rounding. */
    return (uint64_t)floor((dim->high - dim->low) / dim->step + GRID_SLACK) + 1;
}

static double clamp(double value, double low, double high)
{
    return value < low ? low : (value > high ? high : value);
}

/* The ends of the logarithmic scale; whole numbers own half a step to either side. */
static void log_ends(const search_dim *dim, double *low, double *high)
{
    const double margin = dim->kind == SEARCH_INT ? 0.5 : 0;
    *low = log(dim->low - margin);
    *high = log(dim->high + margin);
}

double search_value(const search_dim *dim, double unit)
{
    CB_ASSERT(dim != NULL);
    const double inside = clamp(unit, 0, 1);
    double value = 0;
    if (dim->is_log != 0) {
        double low = 0;
        double high = 0;
        log_ends(dim, &low, &high);
        value = exp(low + inside * (high - low));
        value = dim->kind == SEARCH_INT ? floor(value + 0.5) : value;
    } else if (dim->step > 0) {
        const double levels = (double)search_levels(dim);
        const double level = clamp(floor(inside * levels), 0, levels - 1);
        value = dim->low + level * dim->step;
    } else {
        value = dim->low + inside * (dim->high - dim->low);
    }
    return clamp(value, dim->low, dim->high);
}

double search_unit(const search_dim *dim, double value)
{
    CB_ASSERT(dim != NULL);
    if (dim->high <= dim->low) {
        return 0.5;
    }
    const double inside = clamp(value, dim->low, dim->high);
    if (dim->is_log != 0) {
        double low = 0;
        double high = 0;
        log_ends(dim, &low, &high);
        return clamp((log(inside) - low) / (high - low), 0, 1);
    }
    if (dim->step > 0) {
        const double levels = (double)search_levels(dim);
        const double level = floor((inside - dim->low) / dim->step + 0.5);
        return (clamp(level, 0, levels - 1) + 0.5) / levels;
    }
    return (inside - dim->low) / (dim->high - dim->low);
}

double search_snap(const search_dim *dim, double unit)
{
    CB_ASSERT(dim != NULL);
    return dim->step > 0 ? search_unit(dim, search_value(dim, unit)) : clamp(unit, 0, 1);
}

bool search_accepts(const search_dim *dim, double value)
{
    CB_ASSERT(dim != NULL);
    if (!isfinite(value) || value < dim->low || value > dim->high) {
        return false;
    }
    if (dim->step <= 0) {
        return true;
    }
    const double level = (value - dim->low) / dim->step;
    return fabs(level - floor(level + 0.5)) <= GRID_SLACK;
}

bool search_is_active(const search_space *space, const double *values, uint32_t index)
{
    CB_ASSERT(space != NULL && values != NULL);
    CB_ASSERT(index < space->count);
    const search_dim *dim = &space->dims[index];
    if (dim->parent_plus_one == 0) {
        return true;
    }
    const uint32_t parent = dim->parent_plus_one - 1;
    CB_ASSERT(parent < index);
    return search_is_active(space, values, parent) &&
           (uint32_t)(values[parent] + 0.5) == dim->parent_choice;
}
