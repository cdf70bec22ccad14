/* What a search may vary: numbers, whole numbers and choices, on linear or logarithmic scales, some
 * of them only under one choice of another. Samplers see every dimension as the unit interval; this
 * is where units become values and back. */
#ifndef LAB_SEARCH_SPACE_H
#define LAB_SEARCH_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define SEARCH_DIMS_MAX 64

typedef enum search_kind {
    SEARCH_FLOAT = 0,
    SEARCH_INT,
    SEARCH_CATEGORY, /* the value is the number of the choice, from 0 */
    SEARCH_KINDS
} search_kind;

/* One dimension. Without pointers, so that it can be stored as bytes. */
typedef struct search_dim {
    uint32_t kind;   /* search_kind */
    uint32_t is_log; /* not for choices, not together with a step of a float */
    double low;
    double high; /* both ends belong to it; for choices 0 … count - 1 */
    double step; /* 0: every value (float); whole numbers: at least 1 */
    uint32_t
        parent_plus_one;    /* 0: always there; else only where that dimension (before this one) */
    uint32_t parent_choice; /* is a choice and has this value */
} search_dim;

typedef struct search_space {
    uint32_t count;
    uint32_t unused;
    search_dim dims[SEARCH_DIMS_MAX];
} search_space;

search_dim search_float(double low, double high);
search_dim search_log(double low, double high);
search_dim search_int(double low, double high, double step);
search_dim search_choice(uint32_t count);

/** CB_E_CONFIG with the number of the dimension and what is wrong with it. */
CB_MUST_USE cb_status search_space_check(const search_space *space, cb_err *err);

/** How many values a dimension has; 0: a continuum. */
uint64_t search_levels(const search_dim *dim);
/** The value at unit (0 … 1, clamped): on its grid, within its bounds. */
double search_value(const search_dim *dim, double unit);
/** The place of a value: the middle of its cell where the dimension has levels. */
double search_unit(const search_dim *dim, double value);
/** search_unit of search_value: where the nearest allowed value lies. */
double search_snap(const search_dim *dim, double unit);
/** True when value is on the grid and within the bounds, but for rounding. */
bool search_accepts(const search_dim *dim, double value);
/** Whether a dimension counts, given the values of those before it. */
bool search_is_active(const search_space *space, const double *values, uint32_t index);

#endif /* LAB_SEARCH_SPACE_H */
