/* The parameter table of a registry entry (an expectation, a strategy, a risk rule): name, bounds,
 * default and help in one place. Shells turn it into configuration keys (rt/param_fields), cores
 * read plain int64 values by index. */
#ifndef CB_PARAM_H
#define CB_PARAM_H

#include <stdint.h>

#define CB_PARAMS_PER_ENTRY_MAX 8

typedef enum cb_param_kind {
    CB_PARAM_DECIMAL, /* int64 e8: prices, ratios, multiples */
    CB_PARAM_COUNT,   /* plain integer */
    CB_PARAM_DURATION /* ns */
} cb_param_kind;

typedef struct cb_param {
    const char *name; /* "move_max" */
    cb_param_kind kind;
    int64_t default_value; /* within min … max */
    int64_t min;
    int64_t max;
    const char *help; /* one line, with the unit */
} cb_param;

#endif /* CB_PARAM_H */
