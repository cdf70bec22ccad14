/* What the orders of a group mean for each other: a stop goes only when its pair's take-profit has
 * ended for certain, and for no more than that one left; what a parent filled is covered before its
 * own end is told; an exit that came to nothing is tried again under a new identity. Also the order
 * that takes another's place, which is a group of two for a moment. */
#include "services/execution/core/exec_internal.h"

#include <string.h>

/* ---- cancels ---- */

static bool group_is_in_lane(const exec_state *state, const exec_order *order)
{
    return state->lane != EXEC_LANE_FREE &&
           (cb_id_equal(state->lane_intent, order->row.intent_id) ||
               cb_id_equal(state->lane_mate, order->row.intent_id));
}

void exec_ask_cancel(exec_state *state, exec_order *order, const char *why, cb_outbox *out)
{
    CB_ASSERT(why != NULL);
    if (order->finished != 0) {
        return;
    }
    if (order->row.state == CB_ORDER_STATE_READY && !group_is_in_lane(state, order)) {
        order->is_dropped = !order->is_exit_wanted;
        exec_emit_order(state, order, CB_ORDER_STATE_NOT_SENT, why, out);
        return;
    }
    order->is_cancel_wanted = true;
}

/* ---- ends ---- */

/* The exit of this pair has begun: its trigger was reached here or at the venue, or someone asked
 * for it. */
static bool stop_is_acting(const exec_state *state, const exec_order *stop)
{
    const bool has_begun =
        stop->row.triggered_ns != 0 || stop->row.cum_qty.e8 > 0 || stop->is_exit_wanted;
    return has_begun && !stop->is_abandoned && !stop->is_dropped &&
           exec_kill_level(state, &stop->row) < 2;
}

/* True for the legs of an OCO that was asked for as such: its owner places it anew. */
static bool leg_is_of_oco(exec_state *state, const exec_order *order)
{
    if (cb_id_equal(order->row.intent_id, order->row.group_id)) {
        return true;
    }
    const exec_order *leader = exec_order_by_intent(state, order->row.group_id);
    return leader != NULL && leader->row.role != CB_ROLE_PARENT;
}

/* The child of a bracket that never came to the venue is made anew, a list that the venue refused
 * as orders that are held here. */
static bool leg_falls_back(exec_state *state, const exec_order *order, cb_order_state next)
{
    const bool is_first = order->row.leg % EXEC_LEGS_PER_PAIR == 0;
    const bool never_came = next == CB_ORDER_STATE_NOT_SENT && !order->is_dropped;
    const bool was_refused = next == CB_ORDER_STATE_REJECTED && is_first;
    return (never_came || was_refused) && order->row.triggered_ns == 0 && !order->is_abandoned &&
           exec_kill_level(state, &order->row) < 2 && !leg_is_of_oco(state, order);
}

/* What a stop is still there for: less what it closed itself, and what the other leg closed since
 * the stop's quantity was last told without it. */
static int64_t stop_left(const exec_order *stop, const exec_order *target)
{
    const int64_t own_e8 = stop->row.qty.e8 - stop->row.cum_qty.e8;
    const int64_t theirs_e8 =
        target == NULL ? 0 : target->row.cum_qty.e8 - stop->row.covered_qty.e8;
    return own_e8 - (theirs_e8 > 0 ? theirs_e8 : 0);
}

static void stop_before_end(
    exec_state *state, exec_order *stop, cb_order_state next, cb_outbox *out)
{
    const exec_order *target = exec_leg_partner(state, stop);
    const bool is_target_alive = target != NULL && target->finished == 0;
    const int64_t left_e8 = stop_left(stop, target);
    if (left_e8 <= 0) {
        return;
    }
    if (leg_falls_back(state, stop, next)) {
        exec_leg_again(state, stop, (cb_qty){left_e8}, false, out);
    } else if (!is_target_alive && stop_is_acting(state, stop)) {
        exec_leg_again(state, stop, (cb_qty){left_e8}, true, out);
    }
}

/* The venue ended the stop when the take-profit began to fill, and now the take-profit too. */
static bool pair_is_left_alone(
    const exec_state *state, const exec_order *target, const exec_order *stop, cb_order_state next)
{
    const bool was_at_venue =
        stop->row.state == CB_ORDER_STATE_EXPIRED || stop->row.state == CB_ORDER_STATE_CANCELED;
    return was_at_venue && (next == CB_ORDER_STATE_CANCELED || next == CB_ORDER_STATE_EXPIRED) &&
           !stop->is_abandoned && !target->is_abandoned && exec_kill_level(state, &target->row) < 2;
}

/* The take-profit ends last: what neither closed is still to be closed when the stop had begun. */
static void target_before_end(
    exec_state *state, exec_order *target, cb_order_state next, cb_outbox *out)
{
    const exec_order *stop = exec_leg_partner(state, target);
    const bool is_stop_waiting = stop != NULL && stop->finished == 0 && stop->row.triggered_ns == 0;
    const int64_t own_e8 = target->row.qty.e8 - target->row.cum_qty.e8;
    if ((stop == NULL || is_stop_waiting) && own_e8 > 0 && leg_falls_back(state, target, next)) {
        exec_leg_again(state, target, (cb_qty){own_e8}, false, out);
        return;
    }
    if (stop == NULL || stop->finished == 0) {
        return;
    }
    const bool is_acting = stop_is_acting(state, stop);
    const int64_t left_e8 = stop_left(stop, target);
    if (left_e8 > 0 && (is_acting || pair_is_left_alone(state, target, stop, next))) {
        exec_leg_again(state, stop, (cb_qty){left_e8}, is_acting, out);
    }
}

void exec_group_before_end(
    exec_state *state, exec_order *order, cb_order_state next, cb_outbox *out)
{
    CB_ASSERT(order->row.role != CB_ROLE_NONE);
    CB_ASSERT(cb_order_is_terminal(next));
    if (order->row.role == CB_ROLE_PARENT) {
        const bool is_made = exec_legs_cover(state, order, out);
        const bool has_rest = !is_made && order->row.cum_qty.e8 > 0 &&
                              order->row.covered_qty.e8 == 0 && !order->is_abandoned;
        if (has_rest) {
            exec_emit_alert("group_dust", order, false, "filled too little to protect", out);
        }
    } else if (order->row.leg > 0 && order->row.role == CB_ROLE_STOP) {
        stop_before_end(state, order, next, out);
    } else if (order->row.leg > 0) {
        target_before_end(state, order, next, out);
    }
}

/* The take-profit is over: the stop is for what it left. */
static void stop_shrink(
    exec_state *state, exec_order *stop, const exec_order *target, cb_outbox *out)
{
    CB_ASSERT(stop->row.state == CB_ORDER_STATE_READY);
    stop->is_dropped = true; /* whatever ends it here, ends it for good */
    const int64_t exact_e8 = stop_left(stop, target);
    const int64_t left_e8 = exec_qty_whole_lots(state, stop->row.symbol, exact_e8).e8;
    if (exact_e8 <= 0) {
        exec_emit_order(
            state, stop, CB_ORDER_STATE_NOT_SENT, "the other leg of its pair was filled", out);
        return;
    }
    if (!exec_qty_is_tradable(state, &stop->row, (cb_qty){left_e8})) {
        exec_emit_order(state, stop, CB_ORDER_STATE_NOT_SENT, "what is left is dust", out);
        return;
    }
    stop->is_dropped = false;
    const bool goes = stop->row.triggered_ns != 0;
    if (!goes && left_e8 == stop->row.qty.e8) {
        return;
    }
    stop->row.qty.e8 = left_e8;
    stop->row.covered_qty = target->row.cum_qty;
    stop->row.is_held = !goes;
    exec_emit_order(state,
        stop,
        CB_ORDER_STATE_READY,
        goes ? "the other leg has ended: it goes" : "the other leg has ended",
        out);
}

/* Both legs traded: more was closed than there was to close. It cannot be by more than one leg. */
static void pair_check(
    exec_state *state, const exec_order *order, const exec_order *partner, cb_outbox *out)
{
    const int64_t most_e8 =
        order->row.qty.e8 > partner->row.qty.e8 ? order->row.qty.e8 : partner->row.qty.e8;
    if (order->row.cum_qty.e8 + partner->row.cum_qty.e8 <= most_e8) {
        return;
    }
    exec_difference row = {.intent_id = order->row.intent_id};
    memcpy(row.symbol, order->row.symbol, sizeof(row.symbol));
    memcpy(row.venue_order_id, order->row.venue_order_id, sizeof(row.venue_order_id));
    cb_textbuf seen = cb_textbuf_over(row.seen, sizeof(row.seen));
    cb_textbuf_add_e8(&seen, order->row.cum_qty.e8 + partner->row.cum_qty.e8);
    cb_textbuf expected = cb_textbuf_over(row.expected, sizeof(row.expected));
    cb_textbuf_add_e8(&expected, most_e8);
    memcpy(row.action, "booked, kill 1", sizeof("booked, kill 1"));
    exec_emit_difference(state, "both_legs_filled", &row, out);
    exec_raise_kill(state, "account", 1, "both legs of a pair were filled", out);
}

void exec_group_after_end(exec_state *state, exec_order *order, cb_outbox *out)
{
    CB_ASSERT(order->finished != 0);
    if (order->row.leg == 0) {
        return;
    }
    exec_order *partner = exec_leg_partner(state, order);
    if (partner == NULL) {
        return;
    }
    if (partner->finished != 0) {
        pair_check(state, order, partner, out);
        return;
    }
    const bool never_was =
        order->row.state == CB_ORDER_STATE_NOT_SENT || order->row.state == CB_ORDER_STATE_REJECTED;
    if (order->row.role == CB_ROLE_TAKE_PROFIT && never_was && partner->row.triggered_ns == 0 &&
        leg_is_of_oco(state, order)) {
        exec_ask_cancel(state, partner, "its OCO did not come about", out);
        return;
    }
    if (order->row.role == CB_ROLE_TAKE_PROFIT) {
        if (partner->row.state == CB_ORDER_STATE_READY && !group_is_in_lane(state, partner)) {
            stop_shrink(state, partner, order, out);
        }
        return;
    }
    const bool is_over =
        order->row.state == CB_ORDER_STATE_FILLED || order->is_abandoned || order->is_exit_wanted;
    if (is_over) {
        exec_ask_cancel(state, partner, "the other leg of its pair has ended", out);
    }
}

/* ---- an order that takes another's place ---- */

static void replace_release(
    exec_state *state, exec_order *order, const exec_order *old, cb_outbox *out)
{
    const int64_t left_e8 = order->row.qty.e8 - old->row.cum_qty.e8;
    const bool is_gone = old->row.state == CB_ORDER_STATE_FILLED || left_e8 <= 0;
    if (is_gone) {
        exec_emit_order(
            state, order, CB_ORDER_STATE_NOT_SENT, "the order it replaces was filled", out);
        return;
    }
    order->row.qty.e8 = left_e8;
    order->row.is_held = false;
    exec_emit_order(
        state, order, CB_ORDER_STATE_READY, "the order it replaces has ended: it goes", out);
}

/* With cancel-replace allowed the venue does both in one request; two outcomes come of it. */
static bool replace_goes_at_once(const exec_state *state, const exec_order *old)
{
    return state->config->is_cancel_replace && (state->caps & CB_VENUE_CAN_REPLACE) != 0 &&
           old->row.state == CB_ORDER_STATE_OPEN && old->row.venue_order_id[0] != '\0' &&
           !old->is_cancel_wanted && old->cancel == EXEC_CANCEL_NONE;
}

static void replace_tick(exec_state *state, exec_order *order, cb_outbox *out)
{
    exec_order *old = exec_order_by_intent(state, order->row.replaces);
    if (old == NULL || old->row.is_external || !cb_text_equal(old->row.symbol, order->row.symbol) ||
        old->row.side != order->row.side) {
        exec_emit_order(
            state, order, CB_ORDER_STATE_NOT_SENT, "there is no such order to replace", out);
        return;
    }
    if (old->finished != 0) {
        replace_release(state, order, old, out);
        return;
    }
    if (replace_goes_at_once(state, old) && exec_is_live(state)) {
        order->is_replacing = true;
        order->row.is_held = false;
        exec_emit_order(state, order, CB_ORDER_STATE_READY, "goes as cancel-replace", out);
        return;
    }
    exec_ask_cancel(state, old, "replaced", out);
}

/* ---- the clock ---- */

/* What a parent filled waits a moment for more of it, so that one pair covers what came together.
 */
static void parent_tick(exec_state *state, exec_order *parent, cb_outbox *out)
{
    const bool is_due = parent->cover_due_ns != 0 && parent->cover_due_ns <= state->now_ns;
    if (!is_due || parent->row.state != CB_ORDER_STATE_PARTIALLY_FILLED) {
        return;
    }
    parent->cover_due_ns = 0;
    if (exec_legs_cover(state, parent, out)) {
        exec_emit_order(
            state, parent, CB_ORDER_STATE_PARTIALLY_FILLED, "what it filled is covered", out);
    }
}

void exec_group_tick(exec_state *state, cb_outbox *out)
{
    uint32_t worked = 0;
    for (uint32_t i = 0; i < state->active_count && worked < EXEC_FIRES_PER_STEP; i++) {
        exec_order *order = exec_active(state, i);
        const cb_order *row = &order->row;
        if (row->role == CB_ROLE_PARENT && order->cover_due_ns != 0) {
            parent_tick(state, order, out);
            worked++;
        }
        const bool waits_for_place =
            row->state == CB_ORDER_STATE_READY && row->is_held && !cb_id_is_none(row->replaces);
        if (order->finished == 0 && waits_for_place && state->is_lease_held) {
            replace_tick(state, order, out);
            worked++;
        }
    }
}

int64_t exec_group_due_ns(exec_state *state)
{
    int64_t due = EXEC_NEVER;
    for (uint32_t i = 0; i < state->active_count; i++) {
        const exec_order *order = exec_active(state, i);
        if (order->cover_due_ns != 0 && order->cover_due_ns < due) {
            due = order->cover_due_ns;
        }
        const bool is_waiting =
            order->row.state == CB_ORDER_STATE_READY && order->not_before_ns > state->now_ns;
        if (is_waiting && order->not_before_ns < due) {
            due = order->not_before_ns;
        }
    }
    return due;
}
