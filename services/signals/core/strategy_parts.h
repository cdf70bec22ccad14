/* The indicators of a strategy, one behind the other in its state. Where each begins is worked out
 * once, so that a step does no more than feed them. */
#ifndef SIGNALS_STRATEGY_PARTS_H
#define SIGNALS_STRATEGY_PARTS_H

#include "services/signals/core/strategy.h"

#define STRATEGY_PARTS_MAX 8

/* Which indicators with which parameters; made anew wherever it is needed outside of a step. */
typedef struct strategy_parts {
    uint32_t count;
    const cb_indicator_ops *ops[STRATEGY_PARTS_MAX];
    int64_t params[STRATEGY_PARTS_MAX][CB_PARAMS_PER_ENTRY_MAX];
} strategy_parts;

/* Of a strategy's state: only 8-byte members. */
typedef struct strategy_offsets {
    uint64_t at[STRATEGY_PARTS_MAX]; /* bytes from the first indicator's state */
} strategy_offsets;

typedef double strategy_readings[STRATEGY_PARTS_MAX][CB_INDICATOR_OUTPUTS_MAX];

/** Adds an indicator with its defaults; returns its parameters, to be changed within their bounds.
 */
int64_t *strategy_parts_add(strategy_parts *parts, const cb_indicator_ops *ops);
/** Bytes of all states. */
size_t strategy_parts_size(const strategy_parts *parts);
/** The longest warm-up. */
uint32_t strategy_parts_warmup(const strategy_parts *parts);
/** memory: strategy_parts_size bytes. */
void strategy_parts_init(const strategy_parts *parts, strategy_offsets *offsets, void *memory);
/** Feeds count indicators, warm or not; true when all are warm. */
bool strategy_parts_update(const cb_indicator_ops *const *ops,
    uint32_t count,
    const strategy_offsets *offsets,
    void *memory,
    const cb_bar *bar,
    strategy_readings readings);

#endif /* SIGNALS_STRATEGY_PARTS_H */
