/* Cancels: of single orders (a kill that concerns them, resting too long), and of everything with
 * the sweep behind it. A cancel's answer is believed like any view of the order; every other
 * outcome is a reason to ask, never a reason to assume. */
#include "services/execution/core/exec_internal.h"

#include <string.h>

/* How long an order may rest: its own bound, or the configured one for plain limits. What waits for
 * a trigger, and what closes a group, rests until something ends it. */
static int64_t cancel_timeout_ns(const exec_state *state, const exec_order *order)
{
    const cb_order *row = &order->row;
    if (row->timeout_ns > 0 || row->is_external) {
        return row->is_external ? 0 : row->timeout_ns;
    }
    const bool is_plain = row->tif == CB_TIF_GTC && row->leg == 0 &&
                          row->order_type != CB_ORDER_TYPE_MARKET &&
                          !cb_order_type_has_trigger(row->order_type);
    return is_plain ? state->config->order_timeout_ns : 0;
}

static bool cancel_is_overdue(const exec_state *state, const exec_order *order)
{
    const int64_t timeout = cancel_timeout_ns(state, order);
    return timeout > 0 && state->now_ns - order->open_since_ns >= timeout;
}

static bool cancel_is_wanted(const exec_state *state, const exec_order *order)
{
    if (order->is_provisional || !cb_order_is_at_venue(order->row.state) ||
        cb_order_is_terminal(order->venue_state)) {
        return false;
    }
    return order->is_cancel_wanted || exec_kill_level(state, &order->row) >= 2 ||
           cancel_is_overdue(state, order);
}

static void cancel_emit(exec_state *state, exec_order *order, cb_outbox *out)
{
    exec_read *request = CB_REQUEST(out, EXEC_REQUEST_CANCEL, exec_read);
    request->tag = exec_tag(state);
    request->intent_id = order->row.intent_id;
    memcpy(request->symbol, order->row.symbol, sizeof(request->symbol));
    memcpy(request->venue_order_id, order->row.venue_order_id, sizeof(request->venue_order_id));
    memcpy(request->client_order_id, order->row.client_order_id, sizeof(request->client_order_id));
    order->cancel = EXEC_CANCEL_IN_FLIGHT;
    state->cancels_in_flight++;
}

static bool amend_is_due(const exec_state *state, const exec_order *order)
{
    return order->amend_qty.e8 > 0 && !order->is_amending &&
           cb_order_is_at_venue(order->row.state) && state->now_ns >= order->amend_due_ns;
}

static void amend_emit(exec_state *state, exec_order *order, cb_outbox *out)
{
    exec_read *request = CB_REQUEST(out, EXEC_REQUEST_AMEND, exec_read);
    request->tag = exec_tag(state);
    request->intent_id = order->row.intent_id;
    memcpy(request->symbol, order->row.symbol, sizeof(request->symbol));
    memcpy(request->venue_order_id, order->row.venue_order_id, sizeof(request->venue_order_id));
    memcpy(request->client_order_id, order->row.client_order_id, sizeof(request->client_order_id));
    request->qty = order->amend_qty;
    order->is_amending = true;
    state->cancels_in_flight++;
}

static void cancel_orders(exec_state *state, cb_outbox *out)
{
    for (uint32_t i = 0; i < state->active_count; i++) {
        exec_order *order = exec_active(state, i);
        if (!cancel_is_wanted(state, order)) {
            if (amend_is_due(state, order) && state->cancels_in_flight < EXEC_CANCELS_MAX) {
                amend_emit(state, order, out);
            }
            continue;
        }
        const bool is_due =
            order->cancel == EXEC_CANCEL_NONE || order->cancel == EXEC_CANCEL_WANTED ||
            (order->cancel == EXEC_CANCEL_ANSWERED && state->now_ns >= order->cancel_due_ns);
        if (is_due && state->cancels_in_flight < EXEC_CANCELS_MAX) {
            cancel_emit(state, order, out);
        }
    }
}

/* One request per symbol takes the whole book away; what it leaves is canceled one by one. */
static void sweep_begin(exec_state *state, cb_outbox *out)
{
    state->sweep = (exec_sweep){.is_on = true, .due_ns = state->now_ns};
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        if (!state->symbols[i].is_allowed) {
            continue;
        }
        exec_read *request = CB_REQUEST(out, EXEC_REQUEST_CANCEL_ALL, exec_read);
        request->tag = exec_tag(state);
        memcpy(request->symbol, state->symbols[i].symbol, sizeof(request->symbol));
        state->cancels_in_flight++;
    }
    for (uint32_t i = 0; i < state->active_count; i++) {
        exec_order *order = exec_active(state, i);
        if (cancel_is_wanted(state, order)) {
            order->cancel = EXEC_CANCEL_ANSWERED;
            order->cancel_due_ns = state->now_ns + EXEC_SWEEP_PERIOD_NS;
        }
    }
    exec_emit_alert("cancel_all", NULL, false, "kill level 2 or more", out);
}

static bool sweep_wants_list(const exec_state *state)
{
    const exec_sweep *sweep = &state->sweep;
    return sweep->is_on && !sweep->is_done && !sweep->is_in_flight && state->cancels_in_flight == 0;
}

static void sweep_tick(exec_state *state, cb_outbox *out)
{
    const bool is_wanted = exec_kill_level_account(state) >= 2;
    if (!is_wanted) {
        state->sweep.is_on = false;
        return;
    }
    if (!state->sweep.is_on) {
        sweep_begin(state, out);
        return;
    }
    if (sweep_wants_list(state) && state->now_ns >= state->sweep.due_ns) {
        exec_read *read = CB_REQUEST(out, EXEC_REQUEST_READ_OPEN, exec_read);
        read->tag = EXEC_TAG_SWEEP;
        state->sweep.is_in_flight = true;
        state->sweep.listed_count = 0;
    }
}

void exec_cancel_tick(exec_state *state, cb_outbox *out)
{
    CB_ASSERT(state->is_recovered);
    if (!state->is_lease_held || state->now_ns < state->throttled_until_ns) {
        return;
    }
    sweep_tick(state, out);
    cancel_orders(state, out);
}

static int64_t cancel_order_due_ns(const exec_state *state, const exec_order *order)
{
    if (cancel_is_wanted(state, order)) {
        return order->cancel == EXEC_CANCEL_ANSWERED ? order->cancel_due_ns : EXEC_NEVER;
    }
    if (order->amend_qty.e8 > 0 && !order->is_amending && cb_order_is_at_venue(order->row.state)) {
        return order->amend_due_ns;
    }
    const int64_t timeout_ns = cancel_timeout_ns(state, order);
    const bool may_be_overdue = timeout_ns > 0 && !order->is_provisional &&
                                cb_order_is_at_venue(order->row.state) &&
                                !cb_order_is_terminal(order->venue_state);
    return may_be_overdue ? order->open_since_ns + timeout_ns : EXEC_NEVER;
}

int64_t exec_cancel_due_ns(exec_state *state)
{
    int64_t due = sweep_wants_list(state) ? state->sweep.due_ns : EXEC_NEVER;
    if (state->cancels_in_flight >= EXEC_CANCELS_MAX) {
        return due; /* an answer brings us back; a due time in the past would only spin */
    }
    for (uint32_t i = 0; i < state->active_count; i++) {
        const int64_t order_due = cancel_order_due_ns(state, exec_active(state, i));
        due = order_due < due ? order_due : due;
    }
    return due;
}

/* ---- answers ---- */

static void cancel_end(exec_state *state)
{
    CB_ASSERT(state->cancels_in_flight > 0);
    state->cancels_in_flight--;
}

void exec_on_canceled(exec_state *state, const exec_order_answer *answer, cb_outbox *out)
{
    cancel_end(state);
    exec_note_throttle(state, answer->retry_after_s);
    exec_order *order = exec_order_by_intent(state, answer->intent_id);
    if (order == NULL || order->finished != 0) {
        return;
    }
    order->cancel = EXEC_CANCEL_ANSWERED;
    order->cancel_due_ns = state->now_ns + EXEC_SWEEP_PERIOD_NS;
    if (answer->answer_class == CB_ANSWER_ACCEPTED && answer->has_order) {
        exec_apply_view(state, order, &answer->order, out);
        return;
    }
    if (!order->is_read_in_flight) {
        order->step = EXEC_STEP_ORDER;
        order->due_ns = state->now_ns;
    }
}

void exec_on_canceled_all(exec_state *state, const exec_order_answer *answer, cb_outbox *out)
{
    cancel_end(state);
    exec_note_throttle(state, answer->retry_after_s);
    /* Which orders it took the list tells, and each one's own report. */
    state->sweep.due_ns = state->now_ns;
    if (answer->answer_class != CB_ANSWER_ACCEPTED) {
        exec_emit_alert("cancel_all_failed", NULL, true, answer->reason, out);
    }
}

static void sweep_take_order(exec_state *state, const cb_venue_order *view, cb_outbox *out)
{
    if (view->symbol[0] == '\0' || view->venue_order_id[0] == '\0') {
        return;
    }
    state->sweep.listed_count++;
    exec_order *order = exec_order_by_venue_id(state, view->symbol, view->venue_order_id);
    if (order == NULL) {
        order = exec_order_by_client_id(state, view->client_order_id);
    }
    if (order == NULL) {
        order = exec_external_open(state, view, (cb_qty){0}, out);
    }
    if (order != NULL && order->finished == 0 && order->cancel == EXEC_CANCEL_ANSWERED) {
        order->cancel = EXEC_CANCEL_WANTED;
    }
}

void exec_on_sweep_orders(exec_state *state, const exec_orders_page *page, cb_outbox *out)
{
    CB_ASSERT(page->tag == EXEC_TAG_SWEEP);
    exec_sweep *sweep = &state->sweep;
    if (!sweep->is_in_flight) {
        return;
    }
    for (uint32_t i = 0; i < page->orders_count; i++) {
        sweep_take_order(state, &page->orders[i], out);
    }
    if (!page->is_last) {
        return;
    }
    sweep->is_in_flight = false;
    sweep->due_ns = state->now_ns + EXEC_SWEEP_PERIOD_NS;
    if (page->answer_class != CB_ANSWER_ACCEPTED) {
        exec_note_throttle(state, page->retry_after_s);
        sweep->empty_count = 0;
        return;
    }
    sweep->empty_count = sweep->listed_count == 0 ? sweep->empty_count + 1 : 0;
    if (sweep->empty_count >= 2) {
        sweep->is_done = true;
        exec_emit_alert("cancel_all_verified", NULL, false, "no open order, asked twice", out);
    }
}

void exec_ghost(exec_state *state, exec_order *order, const cb_venue_order *view, cb_outbox *out)
{
    CB_ASSERT(order->finished != 0);
    exec_difference row = {.intent_id = order->row.intent_id};
    memcpy(row.symbol, order->row.symbol, sizeof(row.symbol));
    memcpy(row.venue_order_id, view->venue_order_id, sizeof(row.venue_order_id));
    cb_textbuf expected = cb_textbuf_over(row.expected, sizeof(row.expected));
    cb_textbuf_add(&expected, cb_enum_name(&cb_order_state_desc, (uint32_t)order->row.state));
    cb_textbuf seen = cb_textbuf_over(row.seen, sizeof(row.seen));
    cb_textbuf_add(&seen, cb_enum_name(&cb_order_state_desc, (uint32_t)view->state));
    memcpy(row.action, "kill 2, cancel", sizeof("kill 2, cancel"));
    exec_emit_difference(state, "ghost_order", &row, out);
    exec_raise_kill(state, "account", 2, "an order that had ended is open at the venue", out);
    if (!cb_order_is_terminal(view->state) && state->cancels_in_flight < EXEC_CANCELS_MAX) {
        cancel_emit(state, order, out);
    }
}
