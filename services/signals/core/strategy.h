/* What a strategy is: one file core/strategies/x.c exporting strategy_x, and one line in
 * strategies.def. A strategy sees closed bars of one symbol and timeframe, one after the other, and
 * may hold an opinion after each. It knows nothing of positions, money or other strategies. */
#ifndef SIGNALS_STRATEGY_H
#define SIGNALS_STRATEGY_H

#include "base/assert.h"
#include "ind/indicator.h"
#include "services/signals/core/signals.h"

#define STRATEGY_VALUES_MAX 14 /* the signal has two more, for the price it was checked against */

typedef struct strategy_opinion {
    cb_side side;           /* NONE: no opinion about this bar */
    double confidence;      /* 0 … 1 */
    double stop_distance;   /* quote units below an entry, > 0 */
    double profit_distance; /* quote units above an entry, > 0 */
    uint32_t values_count;
    cb_named_value values[STRATEGY_VALUES_MAX]; /* every indicator value that was looked at */
} strategy_opinion;

typedef struct strategy_ops {
    const char *name; /* at most 23 characters */
    const char *help;
    const cb_param *params;
    uint32_t params_count;
    /** Bytes of state, a multiple of 8: plain memory of 8-byte members without pointers. */
    size_t (*state_size)(const int64_t *params);
    /** Bars until the first opinion is possible. */
    uint32_t (*warmup_bars)(const int64_t *params);
    void (*init)(void *state, const int64_t *params);
    /**
     * Takes the next closed bar; opinion is zeroed.
     *
     * @return true once warm; opinion.side may still be NONE.
     */
    bool (*step)(void *state, const cb_bar *bar, strategy_opinion *opinion);
} strategy_ops;

#define STRATEGY(x) extern const strategy_ops strategy_##x;
#include "services/signals/core/strategies.def"
#undef STRATEGY

enum {
#define STRATEGY(x) STRATEGY_##x,
#include "services/signals/core/strategies.def"
#undef STRATEGY
    STRATEGIES_COUNT
};

const strategy_ops *strategy_at(uint32_t index);

/** Adds a named value to an opinion. */
void strategy_value(strategy_opinion *opinion, const char *name, double value);
/** Copies a strategy's parameters into its state. */
void strategy_copy_params(int64_t out[CB_PARAMS_PER_ENTRY_MAX], const int64_t *values);
/** value cut to 0 … 1. */
double strategy_unit(double value);

#endif /* SIGNALS_STRATEGY_H */
