/* What leaves the core: order versions, differences, alerts, reads, balances. Event ids of orders
 * and fills are functions of what they tell of (intent and version, symbol and trade), so that the
 * same history gives the same ids however its parts were interleaved. */
#include "services/execution/core/exec_internal.h"

#include <string.h>

static void emit_copy(char *out, size_t size, const char *text)
{
    cb_textbuf cut = cb_textbuf_over(out, size);
    cb_textbuf_add(&cut, text);
}

void exec_emit_order(
    exec_state *state, exec_order *order, cb_order_state next, const char *reason, cb_outbox *out)
{
    CB_ASSERT(order->is_used);
    CB_ASSERT(!order->is_provisional);
    const bool is_end = cb_order_is_terminal(next);
    if (is_end && order->row.role != CB_ROLE_NONE) {
        exec_group_before_end(state, order, next, out);
    }
    const cb_order before = order->row;
    cb_order *row = &order->row;
    row->version++;
    row->state = next;
    row->lease_epoch = state->lease_epoch;
    emit_copy(row->reason, sizeof(row->reason), reason);
    const cb_order_refusal refusal = cb_order_check_move(before.version == 0 ? NULL : &before, row);
    CB_ASSERT(refusal == CB_ORDER_REFUSAL_NONE);
    /* Who, when and in which place: the runtime's to fill for each version. */
    row->env = (cb_envelope){.causation_id = before.env.causation_id,
        .correlation_id = before.env.correlation_id,
        .origin_ns = before.env.origin_ns};
    cb_order *body = CB_PUBLISH(out, CB_SUBJECT_ORDER, EXEC_TABLE_ORDERS, cb_order);
    *body = *row;
    order->told_qty = row->cum_qty;
    if (is_end) {
        exec_order_finish(state, order);
        if (row->role != CB_ROLE_NONE) {
            exec_group_after_end(state, order, out);
        }
    }
}

void exec_emit_difference(
    exec_state *state, const char *kind, const exec_difference *filled, cb_outbox *out)
{
    CB_ASSERT(kind[0] != '\0');
    exec_difference *row = CB_STORE(out, EXEC_TABLE_DIFFERENCES, exec_difference);
    *row = *filled;
    emit_copy(row->kind, sizeof(row->kind), kind);
    row->at_ns = state->now_ns;
    char source[160];
    cb_textbuf text = cb_textbuf_over(source, sizeof(source));
    char intent[CB_ID_TEXT_MAX];
    cb_id_print(filled->intent_id, intent);
    const char *const parts[] = {"execution.difference.",
        kind,
        ".",
        filled->symbol,
        ".",
        filled->venue_order_id,
        ".",
        intent};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        cb_textbuf_add(&text, parts[i]);
    }
    row->difference_id = cb_id_make(source, 0, filled->trade_id);
    state->differences_count++;
}

void exec_emit_alert(
    const char *name, const exec_order *order, bool is_error, const char *detail, cb_outbox *out)
{
    CB_ASSERT(name != NULL);
    CB_ASSERT(detail != NULL);
    exec_alert *alert = CB_REQUEST(out, EXEC_REQUEST_ALERT, exec_alert);
    emit_copy(alert->name, sizeof(alert->name), name);
    emit_copy(alert->detail, sizeof(alert->detail), detail);
    alert->is_error = is_error;
    if (order != NULL) {
        alert->intent_id = order->row.intent_id;
        alert->correlation_id = order->row.env.correlation_id;
    }
}

uint64_t exec_tag(exec_state *state)
{
    CB_ASSERT(state->next_tag >= EXEC_TAG_FIRST);
    return state->next_tag++;
}

void exec_emit_order_read(
    exec_state *state, exec_order *order, exec_request request, cb_outbox *out)
{
    CB_ASSERT(!order->is_read_in_flight);
    CB_ASSERT(order->step != EXEC_STEP_NONE);
    exec_read *read = CB_REQUEST(out, request, exec_read);
    order->is_read_in_flight = true;
    order->read_tag = exec_tag(state);
    state->reads_in_flight++;
    read->tag = order->read_tag;
    read->intent_id = order->row.intent_id;
    memcpy(read->symbol, order->row.symbol, sizeof(read->symbol));
    memcpy(read->client_order_id, order->row.client_order_id, sizeof(read->client_order_id));
    memcpy(read->venue_order_id, order->row.venue_order_id, sizeof(read->venue_order_id));
    /* A minute before the signature: no clock of ours or of the venue's is that far off. */
    read->start_ns = order->row.sign_ts_ns == 0 ? 0 : order->row.sign_ts_ns - 60 * CB_NS_PER_S;
}

void exec_emit_balance(exec_state *state,
    cb_balance_reason reason,
    const cb_asset_balance *balances,
    uint32_t count,
    int64_t venue_ts_ns,
    cb_outbox *out)
{
    CB_ASSERT(count <= CB_VENUE_BALANCES_MAX);
    CB_ASSERT(reason != CB_BALANCE_REASON_NONE);
    cb_balance *body = CB_PUBLISH(out, CB_SUBJECT_BALANCE, EXEC_TABLE_BALANCES, cb_balance);
    emit_copy(body->account, sizeof(body->account), state->config->account);
    emit_copy(body->venue, sizeof(body->venue), state->config->venue);
    body->reason = reason;
    body->balances_count = count;
    memcpy(body->balances, balances, count * sizeof(*balances));
    body->venue_ts_ns = venue_ts_ns;
    body->fills_count = state->fills_count;
    if (reason == CB_BALANCE_REASON_TRANSFER) {
        cb_textbuf text = cb_textbuf_over(body->transfer_id, sizeof(body->transfer_id));
        cb_textbuf_add(&text, balances[0].asset);
        cb_textbuf_add(&text, ":");
        cb_textbuf_add_i64(&text, venue_ts_ns);
        cb_textbuf_add(&text, ":");
        cb_textbuf_add_e8(&text, balances[0].free.e8);
    }
}
