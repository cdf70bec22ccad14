/* The life of an order: which states exist, which moves are allowed, and what still counts as
 * exposure. What makes an order move (answers, reports, absence) is the execution core's matter. */
#ifndef CB_DOMAIN_ORDER_H
#define CB_DOMAIN_ORDER_H

#include "domain/messages.h"

/* Why a version of an order may not follow another; NONE = it may. */
typedef enum cb_order_refusal {
    CB_ORDER_REFUSAL_NONE,
    CB_ORDER_REFUSAL_IDENTITY,      /* intent, account, venue, symbol or side differ */
    CB_ORDER_REFUSAL_QTY_RISES,     /* a quantity may be amended down, never up */
    CB_ORDER_REFUSAL_VERSION,       /* not the next version */
    CB_ORDER_REFUSAL_TRANSITION,    /* the state may not follow */
    CB_ORDER_REFUSAL_CUM_FALLS,     /* cumulative quantity smaller than before */
    CB_ORDER_REFUSAL_CUM_ABOVE_QTY, /* more filled than ordered */
    CB_ORDER_REFUSAL_FILLED_PARTLY, /* FILLED with cum_qty != qty */
    CB_ORDER_REFUSAL_PARTIAL_EMPTY, /* PARTIALLY_FILLED with cum_qty 0 or qty */
    CB_ORDER_REFUSAL_UNSENT_FILLED, /* NOT_SENT, REJECTED, READY or SENDING with fills */
    CB_ORDER_REFUSAL_COUNT
} cb_order_refusal;

/** Stable name of a refusal ("transition"), "?" when out of range. */
const char *cb_order_refusal_name(cb_order_refusal refusal);

/** True when an order in state from may next be in state to. NONE is the state before the first
 *  version: our orders begin READY, external ones with the state that the venue reports. */
bool cb_order_can_move(cb_order_state from, cb_order_state to);
/** FILLED, CANCELED, EXPIRED, REJECTED, NOT_SENT. */
bool cb_order_is_terminal(cb_order_state state);
/** SENDING or UNKNOWN: whether the venue has it is not known. */
bool cb_order_is_unresolved(cb_order_state state);
/** OPEN or PARTIALLY_FILLED: it rests at the venue. */
bool cb_order_is_at_venue(cb_order_state state);

/**
 * What an order may still trade, and what risk therefore reserves: qty - cum_qty while it is not
 * terminal (its whole quantity as long as nothing is recorded, so also in SENDING and UNKNOWN).
 */
cb_qty cb_order_exposure(cb_order_state state, cb_qty qty, cb_qty cum_qty);

/**
 * Judges a new version of an order.
 *
 * @param before [borrowed] the version before, or NULL when there is none.
 */
cb_order_refusal cb_order_check_move(const cb_order *before, const cb_order *after);

#endif /* CB_DOMAIN_ORDER_H */
