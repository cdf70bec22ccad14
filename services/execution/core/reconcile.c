/* The account as a whole against the venue: its clock, balances, open orders, own trades since the
 * last ones known, and in the deep run all orders of the last minutes. A run reads one list after
 * the other and ends early when one cannot be had. Every difference becomes a row whose id is a
 * function of what it is about, so that a second run adds nothing. */
#include "services/execution/core/exec_internal.h"

#include <string.h>

static void job_read(exec_state *state, cb_outbox *out);

static bool job_is_mine(const exec_state *state, uint64_t tag)
{
    return state->job.kind != EXEC_JOB_NONE && state->job.tag == tag;
}

/* The next symbol that the phase concerns, from index on; symbols_count when there is none. */
static uint32_t job_symbol_from(const exec_state *state, uint32_t index)
{
    const bool is_baseline = state->job.phase == EXEC_PHASE_BASELINE;
    while (index < state->symbols_count &&
           (!state->symbols[index].is_allowed || (is_baseline && state->symbols[index].has_mark))) {
        index++;
    }
    return index;
}

static void job_plan(exec_state *state, exec_job_kind kind)
{
    state->light_due_ns = state->now_ns + state->config->light_ns;
    if (kind != EXEC_JOB_LIGHT) {
        state->deep_due_ns = state->now_ns + state->config->deep_ns;
    }
}

/* On the wall clock: a simulator's clock may stand still until we are ready. */
static void job_retry(exec_state *state, cb_outbox *out)
{
    CB_ASSERT(state->job.kind == EXEC_JOB_NONE);
    state->is_retry_awaited = true;
    const void *body = cb_outbox_request(out, EXEC_REQUEST_RETRY, sizeof(uint64_t));
    CB_ASSERT(body != NULL);
}

static void job_fail(exec_state *state, int64_t retry_after_s, cb_outbox *out)
{
    CB_ASSERT(state->job.kind != EXEC_JOB_NONE);
    const exec_job_kind kind = state->job.kind;
    exec_note_throttle(state, retry_after_s);
    state->job.kind = EXEC_JOB_NONE;
    if (kind == EXEC_JOB_START) {
        exec_emit_alert("reconcile_failed", NULL, false, "start reconciliation", out);
        job_retry(state, out);
        return;
    }
    job_plan(state, EXEC_JOB_LIGHT);
}

void exec_job_begin(exec_state *state, exec_job_kind kind, cb_outbox *out)
{
    CB_ASSERT(kind != EXEC_JOB_NONE);
    CB_ASSERT(state->is_lease_held);
    const uint32_t attempts = state->job.attempts;
    memset(&state->job, 0, sizeof(state->job));
    state->job.kind = kind;
    state->job.attempts = kind == EXEC_JOB_START ? attempts + 1 : 0;
    state->job.id = ++state->jobs_count;
    state->job.fills_at_start = state->fills_count;
    state->is_retry_awaited = false;
    job_read(state, out);
}

/* Market seconds of a replay may be milliseconds of ours: there the wall clock paces the periodic
 * runs, or a replayed month would consist of little else. They only ever find what is wrong, so
 * when they run decides nothing. */
int64_t exec_job_due_ns(const exec_state *state)
{
    const bool may_run = state->job.kind == EXEC_JOB_NONE && exec_is_live(state) &&
                         (!state->is_replayed || state->is_paced);
    if (!may_run) {
        return EXEC_NEVER;
    }
    return state->light_due_ns < state->deep_due_ns ? state->light_due_ns : state->deep_due_ns;
}

void exec_job_tick(exec_state *state, cb_outbox *out)
{
    if (state->now_ns < exec_job_due_ns(state) || state->now_ns < state->throttled_until_ns) {
        return;
    }
    state->is_paced = false;
    const bool is_deep = state->now_ns >= state->deep_due_ns;
    exec_job_begin(state, is_deep ? EXEC_JOB_DEEP : EXEC_JOB_LIGHT, out);
}

/* ---- the steps ---- */

static void job_read_trades(exec_state *state, exec_read *read)
{
    const exec_symbol *symbol = &state->symbols[state->job.symbol_index];
    memcpy(read->symbol, symbol->symbol, sizeof(read->symbol));
    if (symbol->has_mark) {
        read->has_from_id = true;
        read->from_id =
            (state->job.page_last_id > symbol->mark ? state->job.page_last_id : symbol->mark) + 1;
    }
}

static void job_read_all(exec_state *state, exec_read *read)
{
    const exec_symbol *symbol = &state->symbols[state->job.symbol_index];
    memcpy(read->symbol, symbol->symbol, sizeof(read->symbol));
    read->start_ns = state->job.venue_now_ns - 2 * state->config->deep_ns;
}

static void job_read(exec_state *state, cb_outbox *out)
{
    static const exec_request requests[] = {
        [EXEC_PHASE_TIME] = EXEC_REQUEST_READ_TIME,
        [EXEC_PHASE_BASELINE] = EXEC_REQUEST_READ_TRADES,
        [EXEC_PHASE_ACCOUNT] = EXEC_REQUEST_READ_ACCOUNT,
        [EXEC_PHASE_OPEN] = EXEC_REQUEST_READ_OPEN,
        [EXEC_PHASE_TRADES] = EXEC_REQUEST_READ_TRADES,
        [EXEC_PHASE_ALL] = EXEC_REQUEST_READ_ALL,
    };
    exec_job *job = &state->job;
    CB_ASSERT((unsigned)job->phase < sizeof(requests) / sizeof(requests[0]));
    exec_read *read = CB_REQUEST(out, requests[job->phase], exec_read);
    job->tag = exec_tag(state);
    read->tag = job->tag;
    if (job->phase == EXEC_PHASE_OPEN) {
        job->asked_seq = state->now_seq;
        job->asked_ns = state->now_ns;
    }
    if (job->phase == EXEC_PHASE_TRADES || job->phase == EXEC_PHASE_BASELINE) {
        job_read_trades(state, read);
    }
    if (job->phase == EXEC_PHASE_ALL) {
        job_read_all(state, read);
    }
}

static bool job_has_open_question(exec_state *state)
{
    for (uint32_t i = 0; i < state->active_count; i++) {
        const exec_order *order = exec_active(state, i);
        if (order->is_provisional || cb_order_is_unresolved(order->row.state) ||
            order->venue_qty.e8 > order->row.cum_qty.e8) {
            return true;
        }
    }
    return false;
}

/* Whether the snapshot and the recorded fills are of the same moment. */
static bool job_is_clean(const exec_state *state)
{
    const exec_job *job = &state->job;
    return !job->is_dirty && job->newest_trade_ns < job->venue_now_ns &&
           state->lane == EXEC_LANE_FREE;
}

static void job_finish_start(exec_state *state, cb_outbox *out)
{
    exec_job *job = &state->job;
    if (!job_is_clean(state) && job->attempts < EXEC_START_ATTEMPTS) {
        exec_job_begin(state, EXEC_JOB_START, out);
        return;
    }
    if (job->has_unbooked && job->attempts < EXEC_START_ATTEMPTS) {
        /* Its order is asked for meanwhile. Told now, the balances would hold what that trade
         * moved, and its fill would move it again. */
        job->kind = EXEC_JOB_NONE;
        job_retry(state, out);
        return;
    }
    exec_balances_take(state, job->account, job->account_count, true);
    exec_emit_balance(state,
        CB_BALANCE_REASON_SNAPSHOT,
        job->account,
        job->account_count,
        job->venue_now_ns,
        out);
    state->is_reconciled = true;
    job->kind = EXEC_JOB_NONE;
    job->attempts = 0;
    job_plan(state, EXEC_JOB_START);
}

static void job_finish(exec_state *state, cb_outbox *out)
{
    exec_job *job = &state->job;
    const exec_job_kind kind = job->kind;
    if (kind == EXEC_JOB_START) {
        job_finish_start(state, out);
        return;
    }
    if (job_is_clean(state) && job->fills_at_start == state->fills_count &&
        !job_has_open_question(state)) {
        exec_balances_compare(state, out);
    }
    job->kind = EXEC_JOB_NONE;
    job_plan(state, kind);
}

static void job_next_symbol(exec_state *state, cb_outbox *out)
{
    exec_job *job = &state->job;
    job->page_last_id = 0;
    job->page_old_id = 0;
    job->is_mark_blocked = false;
    job->symbol_index = job_symbol_from(state, job->symbol_index);
    if (job->symbol_index < state->symbols_count) {
        job_read(state, out);
        return;
    }
    if (job->phase == EXEC_PHASE_BASELINE) {
        job->phase = EXEC_PHASE_ACCOUNT;
        job_read(state, out);
        return;
    }
    if (job->phase == EXEC_PHASE_TRADES && job->kind == EXEC_JOB_DEEP) {
        job->phase = EXEC_PHASE_ALL;
        job->symbol_index = 0;
        job_next_symbol(state, out); /* once: ALL is the last phase */
        return;
    }
    job_finish(state, out);
}

void exec_on_time(exec_state *state, const exec_time_answer *answer, cb_outbox *out)
{
    if (!job_is_mine(state, answer->tag)) {
        return;
    }
    if (answer->answer_class != CB_ANSWER_ACCEPTED) {
        job_fail(state, answer->retry_after_s, out);
        return;
    }
    state->offset_ns = answer->offset_ns;
    state->has_offset = true;
    state->job.venue_now_ns = answer->venue_now_ns;
    state->job.phase = EXEC_PHASE_BASELINE;
    state->job.symbol_index = 0;
    job_next_symbol(state, out);
}

void exec_on_account(exec_state *state, const exec_account_answer *answer, cb_outbox *out)
{
    CB_ASSERT(answer->balances_count <= CB_VENUE_BALANCES_MAX);
    if (!job_is_mine(state, answer->tag)) {
        return;
    }
    if (answer->answer_class != CB_ANSWER_ACCEPTED) {
        job_fail(state, answer->retry_after_s, out);
        return;
    }
    exec_job *job = &state->job;
    job->account_count = answer->balances_count;
    memcpy(job->account, answer->balances, answer->balances_count * sizeof(job->account[0]));
    job->phase = EXEC_PHASE_OPEN;
    job_read(state, out);
}

/* ---- orders ---- */

/* Finished here, open there. A list may lag behind the end by the documented bound; after that, two
 * runs that show it open are no accident. An order that never was there needs no second look. */
static void job_ghost(
    exec_state *state, exec_order *order, const cb_venue_order *view, cb_outbox *out)
{
    const bool may_lag = state->job.asked_ns - order->finished_ns <= state->config->query_lag_ns;
    const bool was_never_there =
        order->row.state == CB_ORDER_STATE_NOT_SENT || order->row.state == CB_ORDER_STATE_REJECTED;
    if (cb_order_is_terminal(view->state) || (may_lag && !was_never_there)) {
        return;
    }
    const bool is_second = order->ghost_job != 0 && order->ghost_job != state->job.id;
    if (is_second || was_never_there) {
        exec_ghost(state, order, view, out);
    }
    order->ghost_job = state->job.id;
}

static void job_take_order(exec_state *state, const cb_venue_order *view, cb_outbox *out)
{
    if (view->symbol[0] == '\0' || view->venue_order_id[0] == '\0') {
        return;
    }
    exec_order *order = exec_order_by_venue_id(state, view->symbol, view->venue_order_id);
    if (order == NULL || order->is_provisional) {
        exec_order *by_name = exec_order_by_client_id(state, view->client_order_id);
        order = by_name != NULL ? by_name : order;
    }
    if (order == NULL) {
        const bool is_over = cb_order_is_terminal(view->state) && view->cum_qty.e8 == 0;
        if (!is_over && !exec_venue_order_is_old(state, view->symbol, view->venue_order_id)) {
            const exec_order *opened = exec_external_open(state, view, (cb_qty){0}, out);
            CB_MAYBE(opened != NULL);
        }
        return;
    }
    if (order->finished != 0) {
        job_ghost(state, order, view, out);
        return;
    }
    order->listed_job = state->job.id;
    if (!order->is_provisional && !exec_is_posting(state, order)) {
        exec_apply_view(state, order, view, out);
    }
}

/* Ours that should be in the list and are not: each is asked for by name. */
static void job_ask_unlisted(exec_state *state)
{
    for (uint32_t i = 0; i < state->active_count; i++) {
        exec_order *order = exec_active(state, i);
        const bool is_expected = cb_order_is_at_venue(order->row.state) &&
                                 order->opened_seq < state->job.asked_seq &&
                                 order->listed_job != state->job.id;
        if (is_expected && !order->is_provisional && !order->is_read_in_flight) {
            order->step = EXEC_STEP_ORDER;
            order->due_ns = state->now_ns;
        }
    }
}

void exec_on_job_orders(exec_state *state, const exec_orders_page *page, cb_outbox *out)
{
    CB_ASSERT(page->orders_count <= EXEC_PAGE_MAX);
    if (!job_is_mine(state, page->tag)) {
        return;
    }
    for (uint32_t i = 0; i < page->orders_count; i++) {
        job_take_order(state, &page->orders[i], out);
    }
    if (!page->is_last) {
        return;
    }
    if (page->answer_class != CB_ANSWER_ACCEPTED) {
        job_fail(state, page->retry_after_s, out);
        return;
    }
    exec_job *job = &state->job;
    if (job->phase == EXEC_PHASE_OPEN) {
        job_ask_unlisted(state);
        job->phase = EXEC_PHASE_TRADES;
        job->symbol_index = 0;
    } else {
        job->symbol_index++;
    }
    job_next_symbol(state, out);
}

/* ---- trades ---- */

static void job_missing_fill(
    exec_state *state, const exec_order *order, const cb_venue_trade *trade, cb_outbox *out)
{
    exec_difference row = {.intent_id = order->row.intent_id, .trade_id = trade->trade_id};
    memcpy(row.symbol, order->row.symbol, sizeof(row.symbol));
    memcpy(row.venue_order_id, order->row.venue_order_id, sizeof(row.venue_order_id));
    cb_textbuf seen = cb_textbuf_over(row.seen, sizeof(row.seen));
    cb_textbuf_add_e8(&seen, trade->qty.e8);
    cb_textbuf_add(&seen, " at ");
    cb_textbuf_add_e8(&seen, trade->price.e8);
    memcpy(row.action, "booked", sizeof("booked"));
    exec_emit_difference(state, "missing_fill", &row, out);
}

/* True when the trade needs no further look: known, or booked now. */
static bool job_take_trade(exec_state *state, const cb_venue_trade *trade, cb_outbox *out)
{
    if (exec_trade_is_seen(state, trade->symbol, trade->trade_id)) {
        return true;
    }
    exec_order *order = exec_order_by_venue_id(state, trade->symbol, trade->venue_order_id);
    if (order == NULL && exec_venue_order_is_old(state, trade->symbol, trade->venue_order_id)) {
        exec_old_trade(state, trade, out);
        return true;
    }
    if (order == NULL && state->lane == EXEC_LANE_POST) {
        return false; /* most likely of the order whose answer is awaited */
    }
    if (order == NULL) {
        exec_external_ask(state, trade->symbol, trade->venue_order_id, out);
        return false;
    }
    if (order->is_provisional || exec_is_posting(state, order)) {
        return false;
    }
    /* The stream goes first: only what it did not bring in time is booked from here. */
    const int64_t age_ns = state->job.venue_now_ns - trade->ts_ns;
    if (state->job.kind != EXEC_JOB_START && age_ns < state->config->fills_wait_ns) {
        return false;
    }
    if (!exec_record_trade(state, order, trade, CB_FILL_SOURCE_RECON, out)) {
        return true; /* from before the baseline, or refused with an alert */
    }
    job_missing_fill(state, order, trade, out);
    exec_settle(state, order, out);
    return true;
}

static void job_store_mark(const exec_symbol *symbol, cb_outbox *out)
{
    CB_ASSERT(symbol->has_mark);
    exec_mark_row *row = CB_STORE(out, EXEC_TABLE_MARKS, exec_mark_row);
    memcpy(row->symbol, symbol->symbol, sizeof(row->symbol));
    row->baseline = symbol->baseline;
    row->mark = symbol->mark;
}

/* Trades old enough that the venue's list has no holes before them move the mark. */
static void job_take_page(exec_state *state, const exec_trades_page *page, cb_outbox *out)
{
    exec_job *job = &state->job;
    const exec_symbol *symbol = &state->symbols[job->symbol_index];
    for (uint32_t i = 0; i < page->trades_count; i++) {
        const cb_venue_trade *trade = &page->trades[i];
        if (!cb_text_equal(trade->symbol, symbol->symbol)) {
            continue;
        }
        const bool is_settled = !symbol->has_mark || job_take_trade(state, trade, out);
        job->is_mark_blocked = job->is_mark_blocked || !is_settled;
        job->has_unbooked = job->has_unbooked || !is_settled;
        if (trade->trade_id > job->page_last_id) {
            job->page_last_id = trade->trade_id;
        }
        const bool is_old = job->venue_now_ns - trade->ts_ns > EXEC_MARK_AGE_NS;
        if (is_old && !job->is_mark_blocked && trade->trade_id > job->page_old_id) {
            job->page_old_id = trade->trade_id;
        }
    }
}

/* At the very first start the newest trade is the baseline: everything up to it is part of the
 * balances that are read after it and told first. */
static void job_set_baseline(exec_state *state, exec_symbol *symbol, cb_outbox *out)
{
    const uint64_t listed = state->job.page_last_id;
    symbol->has_mark = true;
    symbol->baseline = listed > symbol->unbooked ? listed : symbol->unbooked;
    symbol->mark = symbol->baseline;
    job_store_mark(symbol, out);
}

static void job_end_symbol(exec_state *state, cb_outbox *out)
{
    exec_job *job = &state->job;
    exec_symbol *symbol = &state->symbols[job->symbol_index];
    if (job->phase == EXEC_PHASE_BASELINE) {
        job_set_baseline(state, symbol, out);
    } else if (job->page_old_id > symbol->mark) {
        symbol->mark = job->page_old_id;
        job_store_mark(symbol, out);
    }
    job->symbol_index++;
    job_next_symbol(state, out);
}

void exec_on_job_trades(exec_state *state, const exec_trades_page *page, cb_outbox *out)
{
    CB_ASSERT(page->trades_count <= EXEC_PAGE_MAX);
    if (!job_is_mine(state, page->tag)) {
        return;
    }
    CB_ASSERT(state->job.symbol_index < state->symbols_count);
    job_take_page(state, page, out);
    if (!page->is_last) {
        return;
    }
    if (page->answer_class != CB_ANSWER_ACCEPTED) {
        job_fail(state, page->retry_after_s, out);
        return;
    }
    if (page->is_cut && state->job.phase == EXEC_PHASE_TRADES) {
        job_read(state, out); /* from the last id on */
        return;
    }
    job_end_symbol(state, out);
}
