/* The order state machine as a table. It decides nothing; it only knows what may follow what. */
#include "domain/order.h"

#include "base/assert.h"
#include "base/strview.h"

#define BIT(state) (UINT32_C(1) << (state))
#define TERMINAL_AT_VENUE                                                                          \
    (BIT(CB_ORDER_STATE_FILLED) | BIT(CB_ORDER_STATE_CANCELED) | BIT(CB_ORDER_STATE_EXPIRED))
#define LIVE_AT_VENUE (BIT(CB_ORDER_STATE_OPEN) | BIT(CB_ORDER_STATE_PARTIALLY_FILLED))
#define STATES_COUNT (CB_ORDER_STATE_NOT_SENT + 1)

/* Row: state now; bits: states that may follow. An order that was seen at the venue can no longer
 * become REJECTED or NOT_SENT: those two promise that the venue never had it. READY follows READY
 * when a held order's trigger is reached, OPEN follows OPEN when its quantity is amended. */
static const uint32_t next_states[STATES_COUNT] = {
    [CB_ORDER_STATE_NONE] = BIT(CB_ORDER_STATE_READY) | LIVE_AT_VENUE | TERMINAL_AT_VENUE,
    [CB_ORDER_STATE_READY] =
        BIT(CB_ORDER_STATE_READY) | BIT(CB_ORDER_STATE_SENDING) | BIT(CB_ORDER_STATE_NOT_SENT),
    [CB_ORDER_STATE_SENDING] = BIT(CB_ORDER_STATE_UNKNOWN) | LIVE_AT_VENUE | TERMINAL_AT_VENUE |
                               BIT(CB_ORDER_STATE_REJECTED) | BIT(CB_ORDER_STATE_NOT_SENT),
    [CB_ORDER_STATE_UNKNOWN] = LIVE_AT_VENUE | TERMINAL_AT_VENUE | BIT(CB_ORDER_STATE_REJECTED) |
                               BIT(CB_ORDER_STATE_NOT_SENT),
    [CB_ORDER_STATE_OPEN] = LIVE_AT_VENUE | TERMINAL_AT_VENUE,
    [CB_ORDER_STATE_PARTIALLY_FILLED] = BIT(CB_ORDER_STATE_PARTIALLY_FILLED) | TERMINAL_AT_VENUE,
    [CB_ORDER_STATE_FILLED] = 0,
    [CB_ORDER_STATE_CANCELED] = 0,
    [CB_ORDER_STATE_EXPIRED] = 0,
    [CB_ORDER_STATE_REJECTED] = 0,
    [CB_ORDER_STATE_NOT_SENT] = 0,
};

static const char *const refusal_names[CB_ORDER_REFUSAL_COUNT] = {
    [CB_ORDER_REFUSAL_NONE] = "none",
    [CB_ORDER_REFUSAL_IDENTITY] = "identity",
    [CB_ORDER_REFUSAL_QTY_RISES] = "qty_rises",
    [CB_ORDER_REFUSAL_VERSION] = "version",
    [CB_ORDER_REFUSAL_TRANSITION] = "transition",
    [CB_ORDER_REFUSAL_CUM_FALLS] = "cum_falls",
    [CB_ORDER_REFUSAL_CUM_ABOVE_QTY] = "cum_above_qty",
    [CB_ORDER_REFUSAL_FILLED_PARTLY] = "filled_partly",
    [CB_ORDER_REFUSAL_PARTIAL_EMPTY] = "partial_empty",
    [CB_ORDER_REFUSAL_UNSENT_FILLED] = "unsent_filled",
};

const char *cb_order_refusal_name(cb_order_refusal refusal)
{
    if ((unsigned)refusal >= CB_ORDER_REFUSAL_COUNT) {
        return "?";
    }
    return refusal_names[refusal];
}

bool cb_order_can_move(cb_order_state from, cb_order_state to)
{
    CB_ASSERT((unsigned)from < STATES_COUNT);
    CB_ASSERT((unsigned)to < STATES_COUNT);
    return (next_states[from] & BIT(to)) != 0;
}

bool cb_order_is_terminal(cb_order_state state)
{
    CB_ASSERT((unsigned)state < STATES_COUNT);
    return next_states[state] == 0;
}

bool cb_order_is_unresolved(cb_order_state state)
{
    CB_ASSERT((unsigned)state < STATES_COUNT);
    return state == CB_ORDER_STATE_SENDING || state == CB_ORDER_STATE_UNKNOWN;
}

bool cb_order_is_at_venue(cb_order_state state)
{
    CB_ASSERT((unsigned)state < STATES_COUNT);
    return (LIVE_AT_VENUE & BIT(state)) != 0;
}

cb_qty cb_order_exposure(cb_order_state state, cb_qty qty, cb_qty cum_qty)
{
    CB_ASSERT(cum_qty.e8 >= 0);
    CB_ASSERT(cum_qty.e8 <= qty.e8);
    if (state == CB_ORDER_STATE_NONE || cb_order_is_terminal(state)) {
        return (cb_qty){0};
    }
    return (cb_qty){qty.e8 - cum_qty.e8};
}

static bool is_same_order(const cb_order *a, const cb_order *b)
{
    return cb_id_equal(a->intent_id, b->intent_id) && cb_text_equal(a->account, b->account) &&
           cb_text_equal(a->venue, b->venue) && cb_text_equal(a->symbol, b->symbol) &&
           a->side == b->side;
}

/* Quantities that contradict the state that is claimed. */
static cb_order_refusal check_quantities(const cb_order *order)
{
    const int64_t cum = order->cum_qty.e8;
    if (cum < 0 || cum > order->qty.e8) {
        return CB_ORDER_REFUSAL_CUM_ABOVE_QTY;
    }
    if (order->state == CB_ORDER_STATE_FILLED && cum != order->qty.e8) {
        return CB_ORDER_REFUSAL_FILLED_PARTLY;
    }
    if (order->state == CB_ORDER_STATE_PARTIALLY_FILLED && (cum == 0 || cum == order->qty.e8)) {
        return CB_ORDER_REFUSAL_PARTIAL_EMPTY;
    }
    const uint32_t without_fills = BIT(CB_ORDER_STATE_READY) | BIT(CB_ORDER_STATE_SENDING) |
                                   BIT(CB_ORDER_STATE_NOT_SENT) | BIT(CB_ORDER_STATE_REJECTED);
    if (cum > 0 && (without_fills & BIT(order->state)) != 0) {
        return CB_ORDER_REFUSAL_UNSENT_FILLED;
    }
    return CB_ORDER_REFUSAL_NONE;
}

cb_order_refusal cb_order_check_move(const cb_order *before, const cb_order *after)
{
    CB_ASSERT(after != NULL);
    CB_ASSERT(before != after);
    if (before != NULL && !is_same_order(before, after)) {
        return CB_ORDER_REFUSAL_IDENTITY;
    }
    if (before != NULL && after->qty.e8 > before->qty.e8) {
        return CB_ORDER_REFUSAL_QTY_RISES;
    }
    if (after->version != (before == NULL ? 1 : before->version + 1)) {
        return CB_ORDER_REFUSAL_VERSION;
    }
    const cb_order_state from = before == NULL ? CB_ORDER_STATE_NONE : before->state;
    if (!cb_order_can_move(from, after->state)) {
        return CB_ORDER_REFUSAL_TRANSITION;
    }
    if (before != NULL && after->cum_qty.e8 < before->cum_qty.e8) {
        return CB_ORDER_REFUSAL_CUM_FALLS;
    }
    return check_quantities(after);
}
