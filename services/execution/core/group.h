/* What the files about waiting orders, groups and commands offer each other and the rest of the
 * core: trigger.c, slippage.c, legs.c, group.c, command.c. Included by exec_internal.h. */
#ifndef EXEC_GROUP_H
#define EXEC_GROUP_H

#include "domain/terms.h"

#define EXEC_LEGS_PER_PAIR 1000 /* row.leg = pair * 1000 + attempt */
#define EXEC_ATTEMPTS_MAX 20
#define EXEC_FIRES_PER_STEP 8
#define EXEC_COMMANDS_PER_STEP 8
#define EXEC_HELD_NS CB_TIMEOUT_NS_MAX /* an order that waits has no deadline of its own */
#define EXEC_GROUP_RETRY_NS CB_NS_PER_S
#define EXEC_GROUP_RETRY_MAX_NS (30 * CB_NS_PER_S)

/* ---- trigger.c: orders that wait here ---- */
/** True when the venue itself can wait for the order's trigger. */
bool exec_trigger_is_native(const exec_state *state, const cb_order *row);
/** Looks at every waiting order of a symbol after a valid ticker. */
void exec_trigger_tick(exec_state *state, const exec_symbol *symbol, cb_outbox *out);
/** Stores the decision that a waiting stop acts now; it goes when nothing of its pair is left. */
void exec_trigger_fire(exec_state *state, exec_order *order, const char *why, cb_outbox *out);
/** The ticker is whole, does not cross, and is young. */
bool exec_ticker_is_fresh(const exec_state *state, const exec_symbol *symbol);
/** Ends what waits beyond its time or under a kill level; EXEC_NEVER or when it wants the clock. */
void exec_held_tick(exec_state *state, cb_outbox *out);

/* ---- slippage.c ---- */
/** NULL when the book lets the order through within its bound, otherwise the reason. */
const char *exec_slippage_refusal(
    exec_state *state, const exec_order *order, char text[EXEC_REASON_MAX]);
/** The limit that a market order is sent under; 0 = at market. */
cb_price exec_slippage_bound(exec_state *state, const exec_order *order);

/* ---- legs.c: children of a group ---- */
/** The identity of a child: a function of its group, its role and its place. */
cb_id exec_leg_id(cb_id group_id, cb_role role, uint32_t leg);
/** Makes the stop of an OCO whose first leg has just been made from a permit. */
void exec_legs_of_oco(exec_state *state, exec_order *leader, cb_outbox *out);
/** Makes a pair of children for what a parent has filled and no pair covers yet; true when one was
 *  made. The parent's row says so with its next version. */
bool exec_legs_cover(exec_state *state, exec_order *parent, cb_outbox *out);
/** One more attempt of a leg for what is left, in place of one that ended before its work was done.
 */
void exec_leg_again(
    exec_state *state, const exec_order *ended, cb_qty left, bool is_acting, cb_outbox *out);
/** The other leg of the pair: the living one, else the newest; NULL when there is none. */
exec_order *exec_leg_partner(exec_state *state, const exec_order *order);
/** True when both legs of the pair go to the venue as one order list. */
bool exec_leg_is_listed(exec_state *state, const exec_order *order);
/** A quantity rounded down to the symbol's lots; 0 when its filters are not known. */
cb_qty exec_qty_whole_lots(exec_state *state, const char *symbol, int64_t qty_e8);
/** Smallest quantity that may be sold is within qty, at the symbol's filters. */
bool exec_qty_is_tradable(exec_state *state, const cb_order *row, cb_qty qty);

/* ---- group.c ---- */
/** Before an order of a group ends: what must be there before its end is told. */
void exec_group_before_end(
    exec_state *state, exec_order *order, cb_order_state next, cb_outbox *out);
/** After it has ended: what its end means for the other leg. */
void exec_group_after_end(exec_state *state, exec_order *order, cb_outbox *out);
/** Cancels wherever the order is: not sent yet, on its way, or at the venue. */
void exec_ask_cancel(exec_state *state, exec_order *order, const char *why, cb_outbox *out);
void exec_group_tick(exec_state *state, cb_outbox *out);
int64_t exec_group_due_ns(exec_state *state);

/* ---- command.c ---- */
void exec_on_command(exec_state *state, const cb_order_command *command, cb_outbox *out);
void exec_command_recover(exec_state *state, const exec_command_row *row);
void exec_command_tick(exec_state *state, cb_outbox *out);
void exec_on_amended(exec_state *state, const exec_order_answer *answer, cb_outbox *out);
/** An order's view shows the smaller quantity that was asked for. */
void exec_amend_seen(exec_state *state, exec_order *order, cb_qty qty, cb_outbox *out);

#endif /* EXEC_GROUP_H */
