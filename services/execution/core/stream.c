/* The user stream. While a POST waits for its answer, everything the stream says is parked and
 * taken in right after it, in order: so the same exchange of messages gives the same events
 * whichever of the two connections is faster. */
#include "services/execution/core/exec_internal.h"

#include <string.h>

static bool stream_parks(const exec_state *state)
{
    return state->lane == EXEC_LANE_POST && state->park_count < EXEC_PARK_MAX;
}

static exec_parked *stream_park(exec_state *state)
{
    CB_ASSERT(state->park_count < EXEC_PARK_MAX);
    if (state->park_count == 0) {
        state->park_since_ns = state->now_ns;
    }
    exec_parked *parked = &state->park[state->park_count++];
    parked->is_balances = false;
    return parked;
}

static exec_order *stream_find(exec_state *state, const cb_venue_order *view)
{
    exec_order *by_number = exec_order_by_venue_id(state, view->symbol, view->venue_order_id);
    if (by_number != NULL && !by_number->is_provisional) {
        return by_number;
    }
    exec_order *by_name = exec_order_by_client_id(state, view->client_order_id);
    const bool is_same = by_name != NULL && cb_text_equal(by_name->row.symbol, view->symbol);
    return is_same ? by_name : by_number;
}

void exec_old_trade(exec_state *state, const cb_venue_trade *trade, cb_outbox *out)
{
    state->stale_count++;
    if (exec_trade_is_seen(state, trade->symbol, trade->trade_id)) {
        return;
    }
    exec_difference row = {.trade_id = trade->trade_id};
    memcpy(row.symbol, trade->symbol, sizeof(row.symbol));
    memcpy(row.venue_order_id, trade->venue_order_id, sizeof(row.venue_order_id));
    memcpy(row.action, "not booked, kill 2", sizeof("not booked, kill 2"));
    exec_emit_difference(state, "fill_of_old_order", &row, out);
    exec_raise_kill(state, "account", 2, "fill of an order that ended long ago", out);
}

/* A report of an order that ended so long ago that its place was given away. */
static void stream_stale(exec_state *state, const exec_report *report, cb_outbox *out)
{
    if (report->has_trade) {
        exec_old_trade(state, &report->trade, out);
        return;
    }
    state->stale_count++;
}

static void stream_finished(
    exec_state *state, exec_order *order, const exec_report *report, cb_outbox *out)
{
    if (report->has_trade) {
        const bool is_new =
            exec_record_trade(state, order, &report->trade, CB_FILL_SOURCE_STREAM, out);
        CB_MAYBE(is_new);
    }
    const bool was_never_there =
        order->row.state == CB_ORDER_STATE_NOT_SENT || order->row.state == CB_ORDER_STATE_REJECTED;
    if (was_never_there && report->order.state != CB_ORDER_STATE_REJECTED) {
        exec_ghost(state, order, &report->order, out);
    }
}

/* Before the baseline of its symbol is known, an order that is not ours is part of what was there
 * before us: its trades are in the balances that will be read, its rest in the list of open orders.
 */
static bool stream_is_before_us(exec_state *state, const exec_report *report)
{
    exec_symbol *symbol = exec_symbol_find(state, report->order.symbol);
    if (symbol == NULL || !symbol->is_allowed || symbol->has_mark) {
        return false;
    }
    if (report->has_trade && report->trade.trade_id > symbol->unbooked) {
        symbol->unbooked = report->trade.trade_id;
    }
    return true;
}

static void stream_take_report(exec_state *state, const exec_report *report, cb_outbox *out)
{
    const cb_venue_order *view = &report->order;
    if (view->symbol[0] == '\0' || view->venue_order_id[0] == '\0' || view->cum_qty.e8 < 0) {
        exec_emit_alert("report_refused", NULL, true, "report without symbol, id or sum", out);
        return;
    }
    exec_order *order = stream_find(state, view);
    if (order == NULL && exec_venue_order_is_old(state, view->symbol, view->venue_order_id)) {
        stream_stale(state, report, out);
        return;
    }
    if (order == NULL && stream_is_before_us(state, report)) {
        return;
    }
    if (order == NULL) {
        const cb_qty covered = report->has_trade ? report->trade.qty : (cb_qty){0};
        order = exec_external_open(state, view, covered, out);
    }
    if (order == NULL || order->is_provisional) {
        return; /* its trades are read over REST before anything is told */
    }
    if (order->finished != 0) {
        stream_finished(state, order, report, out);
        return;
    }
    if (report->has_trade) {
        const bool is_new =
            exec_record_trade(state, order, &report->trade, CB_FILL_SOURCE_STREAM, out);
        CB_MAYBE(is_new);
    }
    exec_apply_view(state, order, view, out);
}

static void stream_take_balances(exec_state *state, const exec_balances *balances, cb_outbox *out)
{
    state->job.is_dirty = true;
    if (balances->balances_count == 0) {
        return;
    }
    if (balances->is_transfer) {
        exec_balances_doubt(state, balances->balances[0].asset);
        exec_emit_balance(
            state, CB_BALANCE_REASON_TRANSFER, balances->balances, 1, balances->venue_ts_ns, out);
        return;
    }
    if (balances->venue_ts_ns < state->assets_told_ns) {
        /* Totals of the past, told again after a reconnect or by a clock that went back: nobody may
         * take them for money. The next clean snapshot tells what is there. */
        for (uint32_t i = 0; i < balances->balances_count; i++) {
            exec_balances_doubt(state, balances->balances[i].asset);
        }
        return;
    }
    state->assets_told_ns = balances->venue_ts_ns;
    exec_balances_take(state, balances->balances, balances->balances_count, false);
    if (state->is_reconciled) {
        exec_emit_balance(state,
            CB_BALANCE_REASON_UPDATE,
            balances->balances,
            balances->balances_count,
            balances->venue_ts_ns,
            out);
    }
}

void exec_on_report(exec_state *state, const exec_report *report, cb_outbox *out)
{
    CB_ASSERT(report != NULL);
    if (stream_parks(state)) {
        stream_park(state)->report = *report;
        return;
    }
    exec_park_drain(state, out);
    stream_take_report(state, report, out);
}

void exec_on_balances(exec_state *state, const exec_balances *balances, cb_outbox *out)
{
    CB_ASSERT(balances->balances_count <= CB_VENUE_BALANCES_MAX);
    if (stream_parks(state)) {
        exec_parked *parked = stream_park(state);
        parked->is_balances = true;
        parked->balances = *balances;
        return;
    }
    exec_park_drain(state, out);
    stream_take_balances(state, balances, out);
}

void exec_park_drain(exec_state *state, cb_outbox *out)
{
    const uint32_t count = state->park_count;
    CB_ASSERT(count <= EXEC_PARK_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const exec_parked *parked = &state->park[i];
        if (parked->is_balances) {
            stream_take_balances(state, &parked->balances, out);
        } else {
            stream_take_report(state, &parked->report, out);
        }
    }
    state->park_count = 0;
}
