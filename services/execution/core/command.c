/* Commands about orders that are there: cancel, amend, exit. A command is stored when it is taken
 * and stays open until its outcome is known, so that a crash forgets none: an open one is applied
 * again after a restart, which changes nothing where it was applied before. */
#include "services/execution/core/exec_internal.h"

#include <string.h>

typedef struct command_match {
    uint32_t known_count;
    uint32_t living_count;
} command_match;

static void command_store(const exec_command_row *row, cb_outbox *out)
{
    exec_command_row *body = CB_STORE(out, EXEC_TABLE_COMMANDS, exec_command_row);
    *body = *row;
}

static void command_end(
    exec_state *state, exec_command_row *row, const char *outcome, cb_outbox *out)
{
    CB_ASSERT(row->is_open);
    row->is_open = false;
    row->ended_ns = state->now_ns;
    cb_textbuf text = cb_textbuf_over(row->outcome, sizeof(row->outcome));
    cb_textbuf_add(&text, outcome);
    command_store(row, out);
}

/* The order itself, all of the group that it leads, or the pair that it is a leg of. */
static bool command_concerns(
    const exec_command_row *row, const exec_order *named, const exec_order *order)
{
    if (cb_id_equal(order->row.intent_id, row->intent_id)) {
        return true;
    }
    if (cb_id_is_none(order->row.group_id)) {
        return false;
    }
    if (cb_id_equal(order->row.group_id, row->intent_id)) {
        return true;
    }
    return named != NULL && named->row.leg > 0 &&
           cb_id_equal(order->row.group_id, named->row.group_id) &&
           order->row.leg / EXEC_LEGS_PER_PAIR == named->row.leg / EXEC_LEGS_PER_PAIR;
}

static void command_cancel(exec_state *state, exec_order *order, cb_outbox *out)
{
    order->is_abandoned = true; /* nothing takes its place */
    if (order->finished == 0) {
        exec_ask_cancel(state, order, "canceled by command", out);
    }
}

static void command_exit(exec_state *state, exec_order *order, cb_outbox *out)
{
    if (order->is_exit_wanted) {
        return;
    }
    order->is_exit_wanted = true;
    if (order->finished != 0) {
        return;
    }
    const bool waits = order->row.role == CB_ROLE_STOP &&
                       order->row.state == CB_ORDER_STATE_READY && order->row.is_held;
    if (waits && order->row.triggered_ns == 0) {
        exec_trigger_fire(state, order, "triggered by command", out);
        return;
    }
    const bool is_listed_stop =
        order->row.role == CB_ROLE_STOP && order->row.triggered_ns == 0 && order->row.leg > 0;
    if (order->row.role == CB_ROLE_PARENT || is_listed_stop) {
        exec_ask_cancel(state, order, "its group exits", out);
    }
}

static void command_amend(
    exec_state *state, exec_command_row *row, exec_order *order, cb_outbox *out)
{
    if (row->qty.e8 <= order->row.cum_qty.e8 || row->qty.e8 > order->row.qty.e8) {
        command_end(
            state, row, "refused: an amended quantity is smaller, but above the filled", out);
        return;
    }
    if (row->qty.e8 == order->row.qty.e8) {
        command_end(state, row, "done", out);
        return;
    }
    if (order->row.role != CB_ROLE_NONE) {
        command_end(state, row, "refused: an order of a group is not amended", out);
        return;
    }
    if (order->row.state == CB_ORDER_STATE_READY && order->row.is_held) {
        order->row.qty = row->qty;
        exec_emit_order(state, order, CB_ORDER_STATE_READY, "amended", out);
        command_end(state, row, "done", out);
        return;
    }
    if ((state->caps & CB_VENUE_CAN_AMEND) == 0) {
        command_end(state, row, "refused: the venue cannot amend; place a replacement", out);
        return;
    }
    order->amend_qty = row->qty;
    order->was_amended = true;
}

static void command_apply(
    exec_state *state, exec_command_row *row, command_match *match, cb_outbox *out)
{
    exec_order *named = exec_order_by_intent(state, row->intent_id);
    for (uint32_t i = 0; i < state->orders_max && row->is_open; i++) {
        exec_order *order = &state->orders[i];
        if (!order->is_used || order->row.is_external || !command_concerns(row, named, order)) {
            continue;
        }
        match->known_count++;
        const bool is_named = cb_id_equal(order->row.intent_id, row->intent_id);
        if (row->kind == CB_COMMAND_CANCEL) {
            command_cancel(state, order, out);
        } else if (row->kind == CB_COMMAND_EXIT) {
            command_exit(state, order, out);
        } else if (is_named && order->finished == 0) {
            command_amend(state, row, order, out);
        }
        match->living_count += order->finished == 0 ? 1 : 0;
    }
}

/* Applied anew at each step while it is open: what was in the lane may be at the venue by now. */
static void command_work(exec_state *state, exec_command_row *row, cb_outbox *out)
{
    command_match match = {0};
    command_apply(state, row, &match, out);
    if (!row->is_open) {
        return;
    }
    if (match.known_count == 0) {
        const bool is_old = exec_seen_has(&state->intents, row->intent_id);
        command_end(state, row, is_old ? "too late: it had ended" : "refused: no such order", out);
        return;
    }
    if (match.living_count == 0) {
        const exec_order *named = exec_order_by_intent(state, row->intent_id);
        command_end(state,
            row,
            named == NULL ? "done" : cb_enum_name(&cb_order_state_desc, (uint32_t)named->row.state),
            out);
    }
}

void exec_command_recover(exec_state *state, const exec_command_row *row)
{
    CB_ASSERT(row->is_open);
    if (state->commands_count < EXEC_COMMANDS_MAX) {
        state->commands[state->commands_count++] = *row;
    }
}

static void command_forget(exec_state *state, uint32_t index)
{
    CB_ASSERT(index < state->commands_count);
    state->commands_count--;
    memmove(&state->commands[index],
        &state->commands[index + 1],
        (state->commands_count - index) * sizeof(state->commands[0]));
}

void exec_command_tick(exec_state *state, cb_outbox *out)
{
    if (!state->is_lease_held) {
        return;
    }
    uint32_t worked = 0;
    for (uint32_t i = 0; i < state->commands_count && worked < EXEC_COMMANDS_PER_STEP; worked++) {
        command_work(state, &state->commands[i], out);
        if (state->commands[i].is_open) {
            i++;
        } else {
            command_forget(state, i);
        }
    }
}

void exec_on_command(exec_state *state, const cb_order_command *command, cb_outbox *out)
{
    CB_ASSERT(state->is_recovered);
    exec_command_row row = {.command_id = command->command_id,
        .correlation_id = command->env.correlation_id,
        .intent_id = command->intent_id,
        .kind = command->kind,
        .qty = command->qty,
        .is_open = true,
        .taken_ns = state->now_ns};
    memcpy(row.actor, command->actor, sizeof(row.actor));
    memcpy(row.reason, command->reason, sizeof(row.reason));
    const bool is_ours = cb_text_equal(command->account, state->config->account) &&
                         cb_text_equal(command->venue, state->config->venue);
    if (cb_id_is_none(command->command_id) || command->kind == CB_COMMAND_NONE || !is_ours) {
        exec_emit_alert(
            "command_refused", NULL, true, "a command without id, kind or account", out);
        return;
    }
    for (uint32_t i = 0; i < state->commands_count; i++) {
        if (cb_id_equal(state->commands[i].command_id, row.command_id)) {
            return;
        }
    }
    if (state->commands_count == EXEC_COMMANDS_MAX) {
        command_end(state, &row, "refused: too many open commands", out);
        return;
    }
    state->commands[state->commands_count++] = row;
    command_store(&row, out); /* the step's end applies it */
}

/* ---- amending ---- */

static exec_command_row *amend_of(exec_state *state, const exec_order *order)
{
    for (uint32_t i = 0; i < state->commands_count; i++) {
        exec_command_row *row = &state->commands[i];
        if (row->kind == CB_COMMAND_AMEND && row->is_open &&
            cb_id_equal(row->intent_id, order->row.intent_id)) {
            return row;
        }
    }
    return NULL;
}

void exec_amend_seen(exec_state *state, exec_order *order, cb_qty qty, cb_outbox *out)
{
    CB_ASSERT(order->amend_qty.e8 > 0);
    if (qty.e8 != order->amend_qty.e8 || qty.e8 < order->row.cum_qty.e8 ||
        !cb_order_is_at_venue(order->row.state)) {
        return;
    }
    exec_command_row *command = amend_of(state, order);
    order->amend_qty.e8 = 0;
    order->row.qty = qty;
    if (order->row.cum_qty.e8 < qty.e8) {
        exec_emit_order(state, order, order->row.state, "amended", out);
    }
    if (command != NULL) {
        command_end(state, command, "done", out);
    }
}

void exec_on_amended(exec_state *state, const exec_order_answer *answer, cb_outbox *out)
{
    CB_ASSERT(state->cancels_in_flight > 0);
    state->cancels_in_flight--;
    exec_note_throttle(state, answer->retry_after_s);
    exec_order *order = exec_order_by_intent(state, answer->intent_id);
    if (order == NULL || order->finished != 0) {
        return;
    }
    order->is_amending = false;
    if (order->amend_qty.e8 == 0) {
        return; /* the stream was faster */
    }
    if (answer->answer_class == CB_ANSWER_ACCEPTED && answer->has_order) {
        exec_apply_view(state, order, &answer->order, out);
        return;
    }
    if (answer->answer_class == CB_ANSWER_REJECTED) {
        exec_command_row *command = amend_of(state, order);
        order->amend_qty.e8 = 0;
        if (command != NULL) {
            char text[EXEC_REASON_MAX];
            cb_textbuf why = cb_textbuf_over(text, sizeof(text));
            cb_textbuf_add(&why, "refused by the venue: ");
            cb_textbuf_add(&why, answer->reason);
            command_end(state, command, text, out);
        }
    }
    /* Whatever happened, the order itself knows; asking for the same quantity again is harmless. */
    order->amend_due_ns = state->now_ns + EXEC_SWEEP_PERIOD_NS;
    if (!order->is_read_in_flight) {
        order->step = EXEC_STEP_ORDER;
        order->due_ns = state->now_ns;
    }
}
