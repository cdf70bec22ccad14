/* Questions about single orders: what became of an UNKNOWN one, which fills are missing, and the
 * proof that the venue never had an order. "Not found" is no outcome until the venue's own clock is
 * past everything that could still make it appear; then it takes two such answers in a row and its
 * absence from every list. */
#include "services/execution/core/exec_internal.h"

void exec_note_throttle(exec_state *state, int64_t retry_after_s)
{
    if (retry_after_s < 0) {
        return;
    }
    const int64_t wait_s = retry_after_s > 86400 ? 86400 : retry_after_s;
    const int64_t until_ns = state->now_ns + (wait_s + 1) * CB_NS_PER_S;
    if (until_ns > state->throttled_until_ns) {
        state->throttled_until_ns = until_ns;
    }
}

void exec_order_wait(exec_state *state, exec_order *order)
{
    CB_ASSERT(order->backoff_ns >= EXEC_BACKOFF_MIN_NS);
    order->due_ns = state->now_ns + order->backoff_ns;
    order->backoff_ns *= 2;
    if (order->backoff_ns > EXEC_BACKOFF_MAX_NS) {
        order->backoff_ns = EXEC_BACKOFF_MAX_NS;
    }
}

static exec_request resolve_request(exec_step step)
{
    switch (step) {
    case EXEC_STEP_ORDER:
        return EXEC_REQUEST_READ_ORDER;
    case EXEC_STEP_TRADES:
    case EXEC_STEP_ABSENT_TRADES:
        return EXEC_REQUEST_READ_TRADES;
    case EXEC_STEP_ABSENT_ALL:
        return EXEC_REQUEST_READ_ALL;
    case EXEC_STEP_ABSENT_OPEN:
        return EXEC_REQUEST_READ_OPEN;
    case EXEC_STEP_NONE:
    default:
        CB_ASSERT(false);
        return EXEC_REQUEST_READ_ORDER;
    }
}

void exec_order_tick(exec_state *state, exec_order *order, cb_outbox *out)
{
    CB_ASSERT(order->is_used);
    if (order->is_read_in_flight || order->due_ns > state->now_ns) {
        return;
    }
    if (order->step == EXEC_STEP_NONE || !state->is_lease_held) {
        order->due_ns = EXEC_NEVER;
        return;
    }
    if (state->now_ns < state->throttled_until_ns) {
        order->due_ns = state->throttled_until_ns;
        return;
    }
    if (state->reads_in_flight < EXEC_READS_MAX) {
        exec_emit_order_read(state, order, resolve_request(order->step), out);
    }
}

/* The order whose read this answers; NULL for an answer that nobody waits for any more. */
static exec_order *resolve_answered(exec_state *state, cb_id intent_id, uint64_t tag)
{
    exec_order *order = exec_order_by_intent(state, intent_id);
    if (order == NULL || !order->is_read_in_flight || order->read_tag != tag) {
        return NULL;
    }
    return order;
}

static void resolve_end_read(exec_state *state, exec_order *order)
{
    CB_ASSERT(order->is_read_in_flight);
    CB_ASSERT(state->reads_in_flight > 0);
    order->is_read_in_flight = false;
    state->reads_in_flight--;
}

/* A read that told nothing: the same question again, later. */
static void resolve_failed(exec_state *state, exec_order *order, int64_t retry_after_s)
{
    exec_note_throttle(state, retry_after_s);
    if (order->step != EXEC_STEP_TRADES && !order->is_provisional) {
        order->step = EXEC_STEP_ORDER;
        order->not_found_count = 0;
    }
    exec_order_wait(state, order);
}

/* The moment on the venue's clock after which a request that was never accepted cannot be accepted
 * any more, and one that was accepted cannot still be invisible. */
static int64_t resolve_bound_ns(const exec_state *state, const exec_order *order)
{
    CB_ASSERT(order->row.sign_ts_ns > 0);
    return order->row.sign_ts_ns + order->window_ns + state->config->engine_bound_ns +
           state->config->query_lag_ns;
}

static void resolve_not_found(exec_state *state, exec_order *order, int64_t venue_now_ns)
{
    if (order->row.state != CB_ORDER_STATE_UNKNOWN) {
        /* It was seen at the venue: a query that does not find it lags. */
        exec_order_wait(state, order);
        return;
    }
    const bool is_beyond = venue_now_ns > resolve_bound_ns(state, order);
    order->not_found_count = is_beyond ? order->not_found_count + 1 : 0;
    if (order->not_found_count < 2) {
        exec_order_wait(state, order);
        return;
    }
    order->step = EXEC_STEP_ABSENT_ALL;
    order->is_found_elsewhere = false;
    order->due_ns = state->now_ns;
}

void exec_on_queried(exec_state *state, const exec_order_answer *answer, cb_outbox *out)
{
    exec_order *order = resolve_answered(state, answer->intent_id, answer->tag);
    if (order == NULL) {
        return;
    }
    resolve_end_read(state, order);
    if (order->finished != 0) {
        return;
    }
    if (answer->answer_class == CB_ANSWER_NOT_FOUND) {
        resolve_not_found(state, order, answer->venue_now_ns);
        return;
    }
    if (answer->answer_class != CB_ANSWER_ACCEPTED || !answer->has_order) {
        resolve_failed(state, order, answer->retry_after_s);
        return;
    }
    order->step = EXEC_STEP_NONE;
    order->due_ns = EXEC_NEVER;
    if (order->is_provisional) {
        exec_external_viewed(state, order, &answer->order, out);
        return;
    }
    exec_apply_view(state, order, &answer->order, out);
    if (order->finished == 0 && order->row.state == CB_ORDER_STATE_UNKNOWN) {
        order->step = EXEC_STEP_ORDER; /* the view was of another order (told by apply) */
        exec_order_wait(state, order);
    }
}

/* ---- proof of absence ---- */

static void resolve_absent_next(exec_state *state, exec_order *order, cb_outbox *out)
{
    if (order->row.state != CB_ORDER_STATE_UNKNOWN) {
        return; /* found meanwhile: settling has planned what is next */
    }
    if (order->is_found_elsewhere) {
        order->step = EXEC_STEP_ORDER;
        order->not_found_count = 0;
        exec_order_wait(state, order);
        return;
    }
    if (order->step == EXEC_STEP_ABSENT_TRADES) {
        CB_ASSERT(!order->has_reported);
        exec_emit_order(
            state, order, CB_ORDER_STATE_NOT_SENT, "absent from the venue beyond the bound", out);
        return;
    }
    order->step =
        order->step == EXEC_STEP_ABSENT_ALL ? EXEC_STEP_ABSENT_OPEN : EXEC_STEP_ABSENT_TRADES;
    order->due_ns = state->now_ns;
}

void exec_on_order_list(
    exec_state *state, exec_order *order, const exec_orders_page *page, cb_outbox *out)
{
    CB_ASSERT(page->orders_count <= EXEC_PAGE_MAX);
    if (!order->is_read_in_flight || order->read_tag != page->tag) {
        return;
    }
    for (uint32_t i = 0; i < page->orders_count; i++) {
        const cb_venue_order *view = &page->orders[i];
        if (order->finished == 0 &&
            cb_text_equal(view->client_order_id, order->row.client_order_id)) {
            order->is_found_elsewhere = true;
            exec_apply_view(state, order, view, out);
        }
    }
    if (!page->is_last) {
        return;
    }
    resolve_end_read(state, order);
    if (order->finished != 0) {
        return;
    }
    if (page->answer_class != CB_ANSWER_ACCEPTED || page->is_cut) {
        resolve_failed(state, order, page->retry_after_s);
        return;
    }
    resolve_absent_next(state, order, out);
}

/* ---- trades ---- */

/* A trade of an order that nobody here knows may be a trace of the one that is looked for. */
static void resolve_absent_trade(
    exec_state *state, exec_order *order, const cb_venue_trade *trade, cb_outbox *out)
{
    const exec_symbol *symbol = exec_symbol_find(state, trade->symbol);
    const bool is_before =
        symbol != NULL && symbol->has_mark && trade->trade_id <= symbol->baseline;
    if (is_before || exec_trade_is_seen(state, trade->symbol, trade->trade_id) ||
        exec_venue_order_is_old(state, trade->symbol, trade->venue_order_id)) {
        return;
    }
    const exec_order *owner = exec_order_by_venue_id(state, trade->symbol, trade->venue_order_id);
    if (owner != NULL && !owner->is_provisional) {
        return;
    }
    order->is_found_elsewhere = true;
    exec_external_ask(state, trade->symbol, trade->venue_order_id, out);
}

static void resolve_take_trade(
    exec_state *state, exec_order *order, const cb_venue_trade *trade, cb_outbox *out)
{
    if (order->finished != 0) {
        return;
    }
    if (order->step == EXEC_STEP_ABSENT_TRADES) {
        resolve_absent_trade(state, order, trade, out);
        return;
    }
    if (!cb_text_equal(trade->venue_order_id, order->row.venue_order_id)) {
        return; /* not asked for */
    }
    if (order->row.is_external) {
        exec_external_trade(state, order, trade, out);
        return;
    }
    const bool is_new = exec_record_trade(state, order, trade, CB_FILL_SOURCE_REST, out);
    CB_MAYBE(is_new);
}

static void resolve_trades_done(exec_state *state, exec_order *order, cb_outbox *out)
{
    if (order->row.is_external) {
        exec_external_traded(state, order, out);
        if (!order->is_used) {
            return;
        }
    } else {
        exec_settle(state, order, out);
    }
    if (order->finished == 0 && order->venue_qty.e8 > order->row.cum_qty.e8) {
        order->step = EXEC_STEP_TRADES; /* the venue's list lags behind its own sum */
        exec_order_wait(state, order);
    }
}

void exec_on_order_trades(
    exec_state *state, exec_order *order, const exec_trades_page *page, cb_outbox *out)
{
    CB_ASSERT(page->trades_count <= EXEC_PAGE_MAX);
    if (!order->is_read_in_flight || order->read_tag != page->tag) {
        return;
    }
    if (order->trades_tag != page->tag) {
        order->before_sum.e8 = 0; /* a new reading counts anew */
        order->trades_tag = page->tag;
    }
    for (uint32_t i = 0; i < page->trades_count; i++) {
        resolve_take_trade(state, order, &page->trades[i], out);
    }
    if (!page->is_last) {
        return;
    }
    resolve_end_read(state, order);
    if (order->finished != 0) {
        return;
    }
    if (page->answer_class != CB_ANSWER_ACCEPTED) {
        resolve_failed(state, order, page->retry_after_s);
        return;
    }
    if (order->step == EXEC_STEP_ABSENT_TRADES) {
        order->is_found_elsewhere = order->is_found_elsewhere || page->is_cut;
        resolve_absent_next(state, order, out);
        return;
    }
    resolve_trades_done(state, order, out);
}
