/* Orders that are not ours: placed by hand or by another program with the same account. They are
 * told of and their fills booked like ours, so that the portfolio stays exact; nothing else is done
 * with them, except that a kill of level 2 cancels them too. Trades from before our first start are
 * part of the first balance snapshot and must not be booked again. */
#include "services/execution/core/exec_internal.h"

#include <string.h>

#include "base/hash.h"

cb_id exec_external_id(const exec_state *state, const char *symbol, const char *venue_order_id)
{
    char source[640];
    cb_textbuf text = cb_textbuf_over(source, sizeof(source));
    const char *const parts[] = {
        "execution.external.", state->config->venue, ".", state->config->account, ".", symbol};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        cb_textbuf_add(&text, parts[i]);
    }
    uint64_t number = 0;
    if (!cb_u64_parse(cb_sv_from(venue_order_id), UINT64_MAX, &number)) {
        number = cb_hash_text(CB_HASH_SEED, venue_order_id);
    }
    return cb_id_make(source, 0, number);
}

static void external_fill_row(exec_state *state, const cb_venue_order *view, cb_order *row)
{
    cb_textbuf account = cb_textbuf_over(row->account, sizeof(row->account));
    cb_textbuf_add(&account, state->config->account);
    cb_textbuf venue = cb_textbuf_over(row->venue, sizeof(row->venue));
    cb_textbuf_add(&venue, state->config->venue);
    row->intent_id = exec_external_id(state, view->symbol, view->venue_order_id);
    row->env.correlation_id = row->intent_id; /* its own chain begins here */
    memcpy(row->symbol, view->symbol, sizeof(row->symbol));
    memcpy(row->client_order_id, view->client_order_id, sizeof(row->client_order_id));
    memcpy(row->venue_order_id, view->venue_order_id, sizeof(row->venue_order_id));
    row->side = view->side;
    row->purpose = CB_PURPOSE_MANUAL;
    row->order_type = view->order_type;
    row->tif = view->tif;
    /* Orders by quote amount may state no quantity before they are done. */
    row->qty = view->qty.e8 >= view->cum_qty.e8 ? view->qty : view->cum_qty;
    row->limit_price = view->price;
    row->is_external = true;
}

static void external_look_again(exec_state *state, exec_order *order, exec_step step)
{
    if (!order->is_read_in_flight) {
        order->step = step;
        order->due_ns = state->now_ns;
    }
}

static void external_publish(exec_state *state, exec_order *order, cb_outbox *out)
{
    CB_ASSERT(order->is_provisional);
    order->is_provisional = false;
    order->row.cum_qty = order->before_qty;
    state->external_count++;
    exec_difference row = {.intent_id = order->row.intent_id};
    memcpy(row.symbol, order->row.symbol, sizeof(row.symbol));
    memcpy(row.venue_order_id, order->row.venue_order_id, sizeof(row.venue_order_id));
    memcpy(row.seen, order->row.client_order_id, sizeof(order->row.client_order_id));
    memcpy(row.action, "followed", sizeof("followed"));
    exec_emit_difference(state, "external_order", &row, out);
    const cb_order_state next =
        order->before_qty.e8 > 0 ? CB_ORDER_STATE_PARTIALLY_FILLED : CB_ORDER_STATE_OPEN;
    exec_emit_order(state, order, next, "external", out);
    exec_emit_alert("external_order", order, false, order->row.venue_order_id, out);
    order->opened_seq = state->now_seq;
    order->open_since_ns = state->now_ns;
    order->has_reported = true;
}

static exec_order *external_take(exec_state *state, cb_outbox *out)
{
    exec_order *order = exec_order_take(state);
    if (order == NULL) {
        /* The trade stays unrecorded and is met again by the next reconciliation. */
        exec_emit_alert("orders_full", NULL, true, "no place for an external order", out);
        return NULL;
    }
    order->is_provisional = true;
    return order;
}

static void external_note_view(exec_order *order, const cb_venue_order *view)
{
    order->venue_state = view->state;
    order->venue_qty = view->cum_qty;
    memcpy(order->venue_reason, view->reason, sizeof(order->venue_reason));
}

exec_order *exec_external_open(
    exec_state *state, const cb_venue_order *view, cb_qty covered, cb_outbox *out)
{
    CB_ASSERT(view->venue_order_id[0] != '\0');
    CB_ASSERT(covered.e8 >= 0);
    const bool is_empty = view->qty.e8 <= 0 && view->cum_qty.e8 <= 0;
    if (is_empty || view->side == CB_SIDE_NONE || view->order_type == CB_ORDER_TYPE_NONE) {
        return NULL;
    }
    exec_order *order = external_take(state, out);
    if (order == NULL) {
        return NULL;
    }
    external_fill_row(state, view, &order->row);
    external_note_view(order, view);
    if (view->cum_qty.e8 == covered.e8) {
        external_publish(state, order, out);
        return order;
    }
    external_look_again(state, order, EXEC_STEP_TRADES);
    return order;
}

void exec_external_ask(
    exec_state *state, const char *symbol, const char *venue_order_id, cb_outbox *out)
{
    CB_ASSERT(venue_order_id[0] != '\0');
    if (exec_order_by_venue_id(state, symbol, venue_order_id) != NULL) {
        return;
    }
    exec_order *order = external_take(state, out);
    if (order == NULL) {
        return;
    }
    cb_venue_order view = {.side = CB_SIDE_NONE};
    memcpy(view.symbol, symbol, strlen(symbol) + 1);
    memcpy(view.venue_order_id, venue_order_id, strlen(venue_order_id) + 1);
    external_fill_row(state, &view, &order->row);
    external_look_again(state, order, EXEC_STEP_ORDER);
}

/* What the venue said of an order that was only known by its number: it may well be ours. */
void exec_external_viewed(
    exec_state *state, exec_order *order, const cb_venue_order *view, cb_outbox *out)
{
    CB_ASSERT(order->is_provisional);
    exec_order *ours = exec_order_by_client_id(state, view->client_order_id);
    const bool is_ours = ours != NULL && ours != order && !ours->row.is_external;
    const bool was_never_there = is_ours && (ours->row.state == CB_ORDER_STATE_NOT_SENT ||
                                                ours->row.state == CB_ORDER_STATE_REJECTED);
    if (is_ours && !was_never_there) {
        exec_order_drop(state, order);
        if (ours->finished == 0) {
            exec_apply_view(state, ours, view, out);
        }
        return;
    }
    if (was_never_there) {
        /* What it traded is booked as an external order's; that it traded at all stops us. */
        exec_ghost(state, ours, view, out);
    }
    if (view->side == CB_SIDE_NONE || (view->qty.e8 <= 0 && view->cum_qty.e8 <= 0)) {
        exec_order_wait(state, order);
        return;
    }
    external_fill_row(state, view, &order->row);
    external_note_view(order, view);
    if (view->cum_qty.e8 == 0) {
        external_publish(state, order, out);
        exec_settle(state, order, out);
        return;
    }
    external_look_again(state, order, EXEC_STEP_TRADES);
}

/* Oldest first. Those from before the baseline only count towards the order's quantity. */
void exec_external_trade(
    exec_state *state, exec_order *order, const cb_venue_trade *trade, cb_outbox *out)
{
    const exec_symbol *symbol = exec_symbol_find(state, order->row.symbol);
    const bool is_before =
        symbol != NULL && symbol->has_mark && trade->trade_id <= symbol->baseline;
    const int64_t sum = order->before_sum.e8 + (trade->qty.e8 > 0 ? trade->qty.e8 : 0);
    if (is_before) {
        order->before_sum.e8 = sum <= order->row.qty.e8 ? sum : order->row.qty.e8;
        return;
    }
    if (order->is_provisional) {
        order->before_qty = order->before_sum;
        order->row.qty.e8 = sum > order->row.qty.e8 ? sum : order->row.qty.e8;
        external_publish(state, order, out);
    }
    const bool is_new = exec_record_trade(state, order, trade, CB_FILL_SOURCE_REST, out);
    CB_MAYBE(is_new);
}

/* A list that lagged may have shown the order emptier than it was: what it had traded before our
 * baseline is added now, without fills. */
static void external_add_before(exec_order *order)
{
    const int64_t added = order->before_sum.e8 - order->before_qty.e8;
    if (added <= 0) {
        return;
    }
    const int64_t cum = order->row.cum_qty.e8 + added;
    order->row.cum_qty.e8 = cum <= order->row.qty.e8 ? cum : order->row.qty.e8;
    order->before_qty = order->before_sum;
}

void exec_external_traded(exec_state *state, exec_order *order, cb_outbox *out)
{
    if (!order->is_provisional) {
        external_add_before(order);
        exec_settle(state, order, out);
        return;
    }
    order->before_qty = order->before_sum;
    const bool has_ended =
        cb_order_is_terminal(order->venue_state) && order->before_qty.e8 >= order->venue_qty.e8;
    if (has_ended || order->before_qty.e8 >= order->row.qty.e8) {
        exec_venue_order_remember(state, order->row.symbol, order->row.venue_order_id);
        exec_order_drop(state, order);
        return;
    }
    external_publish(state, order, out);
    exec_settle(state, order, out);
}
