/* What a desk is: a strategy that works one or several symbols as a whole and says which orders it
 * wants, where a candle strategy (strategy.h) only has an opinion on one symbol. One file
 * core/desks/x.c exporting desk_x, and one line in desks.def.
 *
 * A desk sees closed bars of all its symbols at once, the best quotes, what is held and what of its
 * own orders is open. After each such round it lists every order that it wants to have: the core
 * places what is missing, leaves what is there, and asks execution to cancel what is not wanted any
 * more. Risk and execution treat these intents like all others. */
#ifndef SIGNALS_DESK_H
#define SIGNALS_DESK_H

#include "base/assert.h"
#include "ind/indicator.h"
#include "services/signals/core/signals.h"

#define DESK_LEGS_MAX 8U
#define DESK_SLOTS_MAX 8U /* orders of a leg: slot 0 at market, the others rest */
#define DESK_WISHES_MAX 32U
#define DESK_VALUES_MAX 12U

/* An order of the desk that has not ended. */
typedef struct desk_order {
    uint32_t slot;
    cb_side side;
    double price; /* 0 at market */
    double qty;
    double filled;
} desk_order;

/* A symbol as the desk sees it. */
typedef struct desk_leg {
    cb_bar bar; /* the one that has just closed; the same times for all legs */
    double bid; /* 0: no fresh quote */
    double ask;
    double bid_qty;
    double ask_qty;
    double held;     /* base units */
    double cost;     /* quote units that were paid for what is held */
    double lot;      /* smallest step of a quantity; 0: not known */
    double notional; /* least value of an order */
    uint32_t orders_count;
    desk_order orders[DESK_SLOTS_MAX];
} desk_leg;

typedef struct desk_view {
    double budget; /* quote units that all legs together may use */
    uint32_t legs_count;
    desk_leg legs[DESK_LEGS_MAX];
} desk_view;

/* An order that is to be there. */
typedef struct desk_wish {
    uint32_t leg;
    uint32_t slot; /* 0: at market, now; 1 … DESK_SLOTS_MAX - 1: a limit order that rests */
    cb_side side;
    double qty;        /* base units, above 0; rounded down to lots */
    double price;      /* limit of a resting order, rounded away from the market */
    double stop_price; /* buys: where a loss ends, above 0 and below the price */
    bool is_maker;     /* resting: refused rather than taking */
    const char *reason;
} desk_wish;

typedef struct desk_plan {
    uint32_t wishes_count;
    desk_wish wishes[DESK_WISHES_MAX];
    uint32_t values_count;
    cb_named_value values[DESK_VALUES_MAX]; /* what was looked at */
} desk_plan;

typedef struct desk_ops {
    const char *name; /* at most 23 characters; none of a strategy's */
    const char *help;
    const cb_param *params;
    uint32_t params_count;
    uint32_t legs_min;
    uint32_t legs_max;
    /** Bytes of state, a multiple of 8: plain memory of 8-byte members without pointers. */
    size_t (*state_size)(const int64_t *params, uint32_t legs_count);
    /** Rounds until the first wish is possible. */
    uint32_t (*warmup_bars)(const int64_t *params);
    void (*init)(void *state, const int64_t *params, uint32_t legs_count);
    /**
     * Takes the next round; plan is empty. The state may follow from the bars alone: after a
     * restart it is rebuilt from them, and what is held and ordered is read from the view.
     *
     * @return true once warm. A plan without wishes means: no order of this desk is wanted.
     */
    bool (*step)(void *state, const desk_view *view, desk_plan *plan);
} desk_ops;

#define DESK(x) extern const desk_ops desk_##x;
#include "services/signals/core/desks.def"
#undef DESK

enum {
#define DESK(x) DESK_##x,
#include "services/signals/core/desks.def"
#undef DESK
    DESKS_COUNT
};

const desk_ops *desk_at(uint32_t index);
/** Adds a wish; one whose quantity is not above 0 is none. */
void desk_want(desk_plan *plan, const desk_wish *wish);
/** Wants a leg to hold target base units: at market, nothing when the difference is too small. */
void desk_want_target(desk_plan *plan,
    const desk_view *view,
    uint32_t leg,
    double target,
    double stop_price,
    const char *reason);
void desk_value(desk_plan *plan, const char *name, double value);

#endif /* SIGNALS_DESK_H */
