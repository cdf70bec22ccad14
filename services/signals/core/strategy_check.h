/* A strategy as a subject of the checks of look-ahead and recursion (ind/check.h): a row is what it
 * said about a bar. */
#ifndef SIGNALS_STRATEGY_CHECK_H
#define SIGNALS_STRATEGY_CHECK_H

#include "ind/check.h"
#include "services/signals/core/strategy.h"

/* Side (1, -1, 0), confidence, stop distance, profit distance; then the values it looked at. */
#define STRATEGY_CHECK_COLUMNS 4U
#define STRATEGY_CHECK_WIDTH (STRATEGY_CHECK_COLUMNS + STRATEGY_VALUES_MAX)

typedef struct strategy_check {
    const strategy_ops *ops;
    const int64_t *params; /* CB_PARAMS_PER_ENTRY_MAX */
    void *state;           /* ops->state_size(params) bytes */
} strategy_check;

/** subject borrows check. */
void strategy_check_subject(const strategy_check *check, cb_check_subject *subject);

#endif /* SIGNALS_STRATEGY_CHECK_H */
