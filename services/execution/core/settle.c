/* The venue's word becomes state and fills, whatever the order in which it arrives: views (answers,
 * queries, reports) only ever raise what is known of an order, trades are recorded once each, and
 * an order ends when the recorded fills add up to the quantity that the venue says it executed. */
#include "services/execution/core/exec_internal.h"

#include <string.h>

/* Later in an order's life is never overwritten by earlier. */
static uint32_t settle_rank(cb_order_state state)
{
    if (state == CB_ORDER_STATE_NONE) {
        return 0;
    }
    if (cb_order_is_terminal(state)) {
        return 3;
    }
    return state == CB_ORDER_STATE_PARTIALLY_FILLED ? 2 : 1;
}

static bool settle_take_venue_id(
    exec_state *state, exec_order *order, const char *venue_order_id, cb_outbox *out)
{
    char *known = order->row.venue_order_id;
    if (known[0] == '\0') {
        const bool is_kept =
            cb_text_copy(known, sizeof(order->row.venue_order_id), cb_sv_from(venue_order_id));
        CB_ASSERT(is_kept);
        return true;
    }
    if (venue_order_id[0] == '\0' || cb_text_equal(known, venue_order_id)) {
        return true;
    }
    /* Two orders at the venue under one client id: the one thing that must never happen. */
    exec_difference row = {.intent_id = order->row.intent_id};
    memcpy(row.symbol, order->row.symbol, sizeof(row.symbol));
    memcpy(row.expected, known, strlen(known));
    memcpy(row.seen, venue_order_id, strlen(venue_order_id));
    memcpy(row.action, "kill 2", sizeof("kill 2"));
    exec_emit_difference(state, "duplicate_order", &row, out);
    exec_raise_kill(state, "account", 2, "two venue orders under one client id", out);
    return false;
}

/* What the venue says it took, against what was sent. Quantities that were amended are the
 * amendment's matter; of what waited for a trigger or was bounded, the price is not the order's. */
static bool settle_is_as_sent(const exec_order *order, const cb_venue_order *view)
{
    const cb_order *row = &order->row;
    const bool is_limit =
        row->order_type == CB_ORDER_TYPE_LIMIT || row->order_type == CB_ORDER_TYPE_LIMIT_MAKER;
    const bool is_side_other = view->side != CB_SIDE_NONE && view->side != row->side;
    const bool is_qty_other = !order->was_amended && view->qty.e8 > 0 && view->quote_qty.e8 == 0 &&
                              view->qty.e8 != row->qty.e8;
    const bool is_price_other = is_limit && row->limit_price.e8 > 0 && view->price.e8 > 0 &&
                                view->price.e8 != row->limit_price.e8;
    return !is_side_other && !is_qty_other && !is_price_other;
}

/* Booked is what the venue says; what is left of such an order is canceled, and no new risk is
 * taken until people have looked. */
static void settle_check_terms(
    exec_state *state, exec_order *order, const cb_venue_order *view, cb_outbox *out)
{
    if (view->is_ack || order->row.is_external || order->is_terms_told ||
        settle_is_as_sent(order, view)) {
        return;
    }
    order->is_terms_told = true;
    order->is_cancel_wanted = true;
    exec_difference row = {.intent_id = order->row.intent_id};
    memcpy(row.symbol, order->row.symbol, sizeof(row.symbol));
    memcpy(row.venue_order_id, order->row.venue_order_id, sizeof(row.venue_order_id));
    cb_textbuf expected = cb_textbuf_over(row.expected, sizeof(row.expected));
    cb_textbuf_add_e8(&expected, order->row.qty.e8);
    cb_textbuf_add(&expected, " at ");
    cb_textbuf_add_e8(&expected, order->row.limit_price.e8);
    cb_textbuf seen = cb_textbuf_over(row.seen, sizeof(row.seen));
    cb_textbuf_add_e8(&seen, view->qty.e8);
    cb_textbuf_add(&seen, " at ");
    cb_textbuf_add_e8(&seen, view->price.e8);
    memcpy(row.action, "canceled, kill 1", sizeof("canceled, kill 1"));
    exec_emit_difference(state, "other_terms", &row, out);
    exec_raise_kill(state, "account", 1, "the venue took other terms than were sent", out);
}

void exec_apply_view(
    exec_state *state, exec_order *order, const cb_venue_order *view, cb_outbox *out)
{
    CB_ASSERT(order->is_used);
    CB_ASSERT(view->cum_qty.e8 >= 0);
    if (!settle_take_venue_id(state, order, view->venue_order_id, out)) {
        return;
    }
    order->has_reported = true;
    order->not_found_count = 0;
    if (settle_rank(view->state) > settle_rank(order->venue_state)) {
        order->venue_state = view->state;
        memcpy(order->venue_reason, view->reason, sizeof(order->venue_reason));
    }
    if (view->cum_qty.e8 > order->venue_qty.e8) {
        order->venue_qty = view->cum_qty;
    }
    settle_check_terms(state, order, view, out);
    if (order->amend_qty.e8 > 0 && order->finished == 0) {
        exec_amend_seen(state, order, view->qty, out);
    }
    exec_settle(state, order, out);
}

/* ---- trades ---- */

static void settle_fill_body(
    const exec_order *order, const cb_venue_trade *trade, cb_fill_source source, cb_fill *fill)
{
    const cb_order *row = &order->row;
    fill->env.causation_id = row->env.causation_id;
    fill->env.correlation_id = row->env.correlation_id;
    fill->env.origin_ns = row->env.origin_ns;
    memcpy(fill->account, row->account, sizeof(fill->account));
    memcpy(fill->venue, row->venue, sizeof(fill->venue));
    memcpy(fill->symbol, row->symbol, sizeof(fill->symbol));
    fill->trade_id = trade->trade_id;
    memcpy(fill->venue_order_id, row->venue_order_id, sizeof(fill->venue_order_id));
    fill->intent_id = row->intent_id;
    memcpy(fill->client_order_id, row->client_order_id, sizeof(fill->client_order_id));
    memcpy(fill->strategy, row->strategy, sizeof(fill->strategy));
    fill->side = row->side;
    fill->purpose = row->purpose;
    fill->price = trade->price;
    fill->qty = trade->qty;
    fill->quote_qty = trade->quote_qty;
    fill->fee = trade->fee;
    memcpy(fill->fee_asset, trade->fee_asset, sizeof(fill->fee_asset));
    fill->is_maker = trade->is_maker;
    fill->source = source;
    fill->venue_ts_ns = trade->ts_ns;
}

static void settle_add_quantity(
    exec_state *state, exec_order *order, const cb_venue_trade *trade, cb_outbox *out)
{
    cb_order *row = &order->row;
    int64_t cum = 0;
    int64_t quote = 0;
    const bool is_lost = __builtin_add_overflow(row->cum_qty.e8, trade->qty.e8, &cum) ||
                         __builtin_add_overflow(row->cum_quote.e8, trade->quote_qty.e8, &quote);
    if (is_lost || cum > row->qty.e8) {
        if (!row->is_external) {
            exec_raise_kill(state, "account", 2, "venue filled more than was ordered", out);
        }
        cum = row->qty.e8;
        quote = is_lost ? row->cum_quote.e8 : quote;
    }
    row->cum_qty.e8 = cum;
    row->cum_quote.e8 = quote;
    if (row->cum_qty.e8 > order->venue_qty.e8) {
        order->venue_qty = row->cum_qty;
    }
}

/* A trade of an order that we took for finished contradicts what the venue said before. It is
 * booked, because the ledger follows the venue, and everything stops. */
static void settle_late_trade(
    exec_state *state, const exec_order *order, const cb_venue_trade *trade, cb_outbox *out)
{
    exec_difference row = {.intent_id = order->row.intent_id, .trade_id = trade->trade_id};
    memcpy(row.symbol, order->row.symbol, sizeof(row.symbol));
    memcpy(row.venue_order_id, order->row.venue_order_id, sizeof(row.venue_order_id));
    memcpy(row.action, "booked, kill 2", sizeof("booked, kill 2"));
    exec_emit_difference(state, "fill_after_end", &row, out);
    exec_raise_kill(state, "account", 2, "fill of an order that had ended", out);
}

bool exec_record_trade(exec_state *state,
    exec_order *order,
    const cb_venue_trade *trade,
    cb_fill_source source,
    cb_outbox *out)
{
    CB_ASSERT(order->is_used && !order->is_provisional);
    CB_ASSERT(source != CB_FILL_SOURCE_NONE);
    exec_symbol *symbol = exec_symbol_get(state, order->row.symbol);
    const bool is_before =
        symbol != NULL && symbol->has_mark && trade->trade_id <= symbol->baseline;
    if (is_before || exec_trade_is_seen(state, order->row.symbol, trade->trade_id)) {
        return false;
    }
    if (trade->qty.e8 <= 0 || trade->price.e8 <= 0 || trade->quote_qty.e8 < 0) {
        exec_emit_alert("trade_refused", order, true, "trade without quantity or price", out);
        return false;
    }
    exec_trade_remember(state, order->row.symbol, trade->trade_id);
    const bool is_id_equal = settle_take_venue_id(state, order, trade->venue_order_id, out);
    CB_MAYBE(is_id_equal);
    order->has_reported = true;
    state->fills_count++;
    if (trade->ts_ns > state->job.newest_trade_ns) {
        state->job.newest_trade_ns = trade->ts_ns;
    }
    cb_fill *fill = CB_PUBLISH(out, CB_SUBJECT_FILL, EXEC_TABLE_FILLS, cb_fill);
    settle_fill_body(order, trade, source, fill);
    if (symbol != NULL) {
        memcpy(fill->base_asset, symbol->base_asset, sizeof(fill->base_asset));
        memcpy(fill->quote_asset, symbol->quote_asset, sizeof(fill->quote_asset));
    }
    if (source != CB_FILL_SOURCE_STREAM) {
        exec_balances_doubt(state, fill->base_asset);
        exec_balances_doubt(state, fill->quote_asset);
        exec_balances_doubt(state, fill->fee_asset);
    }
    if (order->finished != 0) {
        settle_late_trade(state, order, trade, out);
        return true;
    }
    settle_add_quantity(state, order, trade, out);
    if (cb_text_equal(fill->fee_asset, fill->base_asset)) {
        order->fee_base_e8 += trade->fee.e8;
    }
    if (order->row.role == CB_ROLE_PARENT) {
        order->cover_due_ns = state->now_ns + EXEC_COVER_WAIT_NS;
    }
    return true;
}

/* ---- state ---- */

/* What the order's end is called. An order that reached the venue cannot be REJECTED any more, and
 * FILLED means the whole quantity: a venue that ends it short of that has let the rest expire. */
static cb_order_state settle_end(const exec_order *order)
{
    const cb_order *row = &order->row;
    const bool was_at_venue = cb_order_is_at_venue(row->state) || row->cum_qty.e8 > 0;
    if (order->venue_state == CB_ORDER_STATE_REJECTED && was_at_venue) {
        return CB_ORDER_STATE_CANCELED;
    }
    return order->venue_state == CB_ORDER_STATE_FILLED ? CB_ORDER_STATE_EXPIRED
                                                       : order->venue_state;
}

static cb_order_state settle_target(const exec_order *order)
{
    const cb_order *row = &order->row;
    if (row->cum_qty.e8 == row->qty.e8) {
        return CB_ORDER_STATE_FILLED;
    }
    const bool has_ended = cb_order_is_terminal(order->venue_state);
    if (has_ended && row->cum_qty.e8 >= order->venue_qty.e8) {
        return settle_end(order);
    }
    if (row->cum_qty.e8 > 0) {
        return CB_ORDER_STATE_PARTIALLY_FILLED;
    }
    return order->venue_state == CB_ORDER_STATE_NONE ? row->state : CB_ORDER_STATE_OPEN;
}

/* When to look at a living order again. */
static void settle_plan(exec_state *state, exec_order *order)
{
    const bool is_missing = order->venue_qty.e8 > order->row.cum_qty.e8;
    if (!is_missing) {
        order->due_ns = EXEC_NEVER;
        order->step = order->is_read_in_flight ? order->step : EXEC_STEP_NONE;
        return;
    }
    if (order->is_read_in_flight ||
        (order->step == EXEC_STEP_TRADES && order->due_ns != EXEC_NEVER)) {
        return;
    }
    /* The stream brings fills in a moment; only what does not come is asked for. */
    order->step = EXEC_STEP_TRADES;
    order->due_ns = state->now_ns + state->config->fills_wait_ns;
    order->backoff_ns = EXEC_BACKOFF_MIN_NS;
}

void exec_settle(exec_state *state, exec_order *order, cb_outbox *out)
{
    CB_ASSERT(order->is_used);
    if (order->is_provisional || order->finished != 0) {
        return;
    }
    if (order->row.state == CB_ORDER_STATE_READY) {
        /* Known at the venue although its POST was not yet told of. */
        exec_emit_order(state, order, CB_ORDER_STATE_SENDING, "", out);
    }
    const cb_order_state next = settle_target(order);
    const bool is_changed = next != order->row.state || order->row.cum_qty.e8 != order->told_qty.e8;
    if (is_changed) {
        exec_emit_order(state, order, next, order->venue_reason, out);
    }
    if (order->finished != 0) {
        return;
    }
    if (cb_order_is_at_venue(order->row.state)) {
        order->unknown_since_ns = 0;
        if (order->opened_seq == 0) {
            order->opened_seq = state->now_seq;
            order->open_since_ns = state->now_ns;
        }
        settle_plan(state, order);
    }
}
