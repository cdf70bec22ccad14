/* From stored rows back to the state before the crash. An order that was claimed and not answered
 * is UNKNOWN whatever the crash interrupted: the questions of resolve.c find out. */
#include "services/execution/core/exec_internal.h"

#include <string.h>

static void recover_plan(exec_state *state, exec_order *order)
{
    const cb_order_state told = order->row.state;
    if (told == CB_ORDER_STATE_UNKNOWN) {
        order->unknown_since_ns = order->row.env.ts_ns;
    }
    if (told == CB_ORDER_STATE_UNKNOWN) {
        order->step = EXEC_STEP_ORDER;
        order->due_ns = state->now_ns;
    }
    /* What rests at the venue is in the one list that the start reconciliation reads before
     * anything is sent, and is asked for by name when it is not: a thousand orders cost one
     * request. */
    if (cb_order_is_at_venue(told)) {
        order->venue_state = CB_ORDER_STATE_OPEN;
        order->venue_qty = order->row.cum_qty;
        order->has_reported = true;
        order->opened_seq = state->now_seq;
        order->open_since_ns = order->row.answered_ns > 0 ? order->row.answered_ns : state->now_ns;
    }
}

static void recover_order(exec_state *state, const exec_old_order *old)
{
    CB_ASSERT(!cb_id_is_none(old->order.intent_id));
    exec_order *order = exec_order_take(state);
    CB_ASSERT(order != NULL); /* the shell feeds no more than there are places */
    order->row = old->order;
    order->told_qty = old->order.cum_qty;
    order->window_ns = old->window_ns;
    order->before_qty = old->before_qty;
    order->fee_base_e8 = old->fee_base_e8;
    order->is_claim_untold = old->is_claim_untold;
    order->was_amended = true;
    order->is_never_sent = old->is_never_sent;
    if (old->order.role == CB_ROLE_PARENT && old->order.cum_qty.e8 > 0) {
        order->cover_due_ns = state->now_ns;
    }
    exec_seen_add(&state->intents, old->order.intent_id, NULL);
    if (!cb_id_is_none(old->order.permit_id)) {
        exec_seen_add(&state->intents, old->order.permit_id, NULL);
    }
    if (cb_order_is_terminal(order->row.state)) {
        exec_order_finish(state, order);
        return;
    }
    recover_plan(state, order);
}

static void recover_order_id(exec_state *state, const exec_old_order_id *old)
{
    exec_seen_add(&state->intents, old->intent_id, NULL);
    if (!cb_id_is_none(old->permit_id)) {
        exec_seen_add(&state->intents, old->permit_id, NULL);
    }
    if (old->venue_order_id[0] != '\0') {
        exec_venue_order_remember(state, old->symbol, old->venue_order_id);
    }
}

static void recover_floor(exec_state *state, const exec_old_floor *old)
{
    exec_symbol *symbol = exec_symbol_get(state, old->symbol);
    if (symbol == NULL) {
        return;
    }
    symbol->trade_floor =
        old->trade_floor > symbol->trade_floor ? old->trade_floor : symbol->trade_floor;
    symbol->order_floor =
        old->order_floor > symbol->order_floor ? old->order_floor : symbol->order_floor;
}

static void recover_mark(exec_state *state, const exec_mark_row *old)
{
    exec_symbol *symbol = exec_symbol_get(state, old->symbol);
    if (symbol == NULL) {
        return;
    }
    symbol->has_mark = true;
    symbol->baseline = old->baseline;
    symbol->mark = old->mark;
}

static void recover_instrument(exec_state *state, const cb_instrument *old)
{
    exec_symbol *symbol = exec_symbol_get(state, old->symbol);
    if (symbol == NULL) {
        return;
    }
    symbol->instrument = *old;
    symbol->has_instrument = true;
    memcpy(symbol->base_asset, old->base_asset, sizeof(symbol->base_asset));
    memcpy(symbol->quote_asset, old->quote_asset, sizeof(symbol->quote_asset));
}

static void recover_kill(exec_state *state, const exec_kill_row *old)
{
    CB_ASSERT(state->kills_count < EXEC_KILLS_MAX);
    state->kills[state->kills_count++] = *old;
}

static void recover_fill(exec_state *state, const exec_old_fill *old)
{
    if (!exec_trade_is_seen(state, old->symbol, old->trade_id)) {
        exec_trade_remember(state, old->symbol, old->trade_id);
    }
}

static void recover_trail(exec_state *state, const exec_trail_row *old)
{
    exec_order *order = exec_order_by_intent(state, old->intent_id);
    if (order == NULL) {
        return;
    }
    order->peak_e8 = old->peak.e8;
    order->peak_stored_e8 = old->peak.e8;
}

static void recover_counts(exec_state *state, const exec_old_counts *old)
{
    state->orders_count = old->orders_count;
    state->fills_count = old->fills_count;
    state->limits_version = old->limits_version;
}

void exec_on_old(exec_state *state, const cb_event *event)
{
    CB_ASSERT(event->is_recovery);
    CB_ASSERT(!state->is_recovered);
    switch (event->type) {
    case EXEC_EVENT_OLD_ORDER:
        recover_order(state, CB_BODY(event, exec_old_order));
        return;
    case EXEC_EVENT_OLD_ORDER_ID:
        recover_order_id(state, CB_BODY(event, exec_old_order_id));
        return;
    case EXEC_EVENT_OLD_FILL:
        recover_fill(state, CB_BODY(event, exec_old_fill));
        return;
    case EXEC_EVENT_OLD_KILL:
        recover_kill(state, CB_BODY(event, exec_kill_row));
        return;
    case EXEC_EVENT_OLD_MARK:
        recover_mark(state, CB_BODY(event, exec_mark_row));
        return;
    case EXEC_EVENT_OLD_INSTRUMENT:
        recover_instrument(state, CB_BODY(event, cb_instrument));
        return;
    case EXEC_EVENT_OLD_TRAIL:
        recover_trail(state, CB_BODY(event, exec_trail_row));
        return;
    case EXEC_EVENT_OLD_COMMAND:
        exec_command_recover(state, CB_BODY(event, exec_command_row));
        return;
    case EXEC_EVENT_OLD_FLOOR:
        recover_floor(state, CB_BODY(event, exec_old_floor));
        return;
    case EXEC_EVENT_CAPS:
        state->hard_caps = *CB_BODY(event, exec_caps);
        return;
    case EXEC_EVENT_OLD_COUNTS:
        recover_counts(state, CB_BODY(event, exec_old_counts));
        return;
    default:
        return;
    }
}

/* The claim moved the row to SENDING without telling: its version is that of the READY that was. */
static void recover_sending(exec_state *state, exec_order *order, cb_outbox *out)
{
    CB_ASSERT(order->row.state == CB_ORDER_STATE_SENDING);
    if (order->is_claim_untold) {
        order->row.state = CB_ORDER_STATE_READY;
        exec_emit_order(state, order, CB_ORDER_STATE_SENDING, "restarted while sending", out);
    }
    if (order->is_never_sent) {
        const char *reason = "its claim's commit was lost from sight, nothing had left";
        exec_emit_order(state, order, CB_ORDER_STATE_NOT_SENT, reason, out);
        return;
    }
    exec_make_unknown(state, order, "restarted while sending", 0, out);
}

void exec_on_recovered(exec_state *state, cb_outbox *out)
{
    CB_ASSERT(!state->is_recovered);
    CB_ASSERT(state->lane == EXEC_LANE_FREE);
    state->is_recovered = true;
    exec_tell_caps(state, out);
    for (uint32_t i = 0; i < state->active_count;) {
        exec_order *order = exec_active(state, i);
        const uint32_t active_count = state->active_count;
        if (order->row.state == CB_ORDER_STATE_SENDING) {
            recover_sending(state, order, out);
        } else if (order->due_ns != EXEC_NEVER) {
            order->due_ns = state->now_ns;
        }
        i += state->active_count == active_count ? 1 : 0; /* an ended one made room for the next */
    }
    if (exec_kill_level_account(state) >= 4 && state->active_count == 0) {
        return; /* off: the sweep asks the venue once more, and nothing else is begun */
    }
    const void *body = cb_outbox_request(out, EXEC_REQUEST_SUBSCRIBE, sizeof(uint64_t));
    CB_ASSERT(body != NULL);
}
