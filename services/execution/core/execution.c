/* The core's step: every event goes to the file that knows about it, then whatever has become due
 * is done, then the one timer is set to what comes next. */
#include "services/execution/core/exec_internal.h"

#include <string.h>

#include "base/hash.h"
#include "domain/bodyhash.h"

#define EXEC_TIMER_ID UINT64_C(1)

static uint32_t state_orders_max(const exec_config *config)
{
    CB_ASSERT(config->orders_max >= 16);
    CB_ASSERT(config->orders_max <= 65536);
    return (uint32_t)config->orders_max;
}

static size_t exec_state_size(const void *config)
{
    CB_ASSERT(config != NULL);
    return sizeof(exec_state);
}

static void state_add_symbols(exec_state *state, const exec_config *config)
{
    const char *at = config->symbols;
    while (*at != '\0') {
        const char *end = strchr(at, ',');
        const size_t size = end == NULL ? strlen(at) : (size_t)(end - at);
        char symbol[24];
        /* A list that does not fit ends the start in the shell's own check. */
        const bool is_kept = cb_text_copy(symbol, sizeof(symbol), (cb_strview){at, size});
        exec_symbol *entry = is_kept ? exec_symbol_get(state, symbol) : NULL;
        if (entry != NULL) {
            entry->is_allowed = true;
        }
        at += size + (end == NULL ? 0 : 1);
    }
}

/* Abilities that the venue has and the configuration does not hold back. */
static uint32_t state_caps(const exec_config *config)
{
    static const struct {
        const char *name;
        uint32_t cap;
    } names[] = {{"stop", CB_VENUE_CAN_STOP | CB_VENUE_CAN_TRAIL | CB_VENUE_CAN_LIST},
        {"trailing", CB_VENUE_CAN_TRAIL},
        {"oco", CB_VENUE_CAN_LIST},
        {"amend", CB_VENUE_CAN_AMEND}};
    const cb_venue_ops *venue = cb_venue_find(config->venue);
    uint32_t caps = venue == NULL ? 0 : venue->order_caps;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        caps &= strstr(config->emulate, names[i].name) != NULL ? ~names[i].cap : UINT32_MAX;
    }
    return caps;
}

static void exec_init(void *memory, const void *config, cb_arena *arena)
{
    exec_state *state = memory;
    CB_ASSERT(state != NULL);
    CB_ASSERT(config != NULL);
    state->config = config;
    state->caps = state_caps(config);
    state->hard_caps.rules = state->config->caps;
    state->orders_max = state_orders_max(config);
    state->orders = cb_arena_alloc(arena, state->orders_max, sizeof(exec_order));
    state->active = cb_arena_alloc(arena, state->orders_max, sizeof(uint32_t));
    const uint32_t seen_max = (uint32_t)state->config->seen_max;
    exec_seen_init(&state->trades, seen_max, arena);
    exec_seen_init(&state->venue_orders, seen_max, arena);
    exec_seen_init(&state->intents, seen_max, arena);
    state->next_tag = EXEC_TAG_FIRST;
    state->timer_due_ns = EXEC_NEVER;
    state->stale_due_ns = EXEC_NEVER;
    state->light_due_ns = EXEC_NEVER;
    state->deep_due_ns = EXEC_NEVER;
    state_add_symbols(state, state->config);
}

int64_t exec_window_ns(const exec_state *state)
{
    const int64_t window = state->config->window_ns;
    /* A replay's seconds are shorter than ours: what takes 50 ms here may be many of its own. */
    return state->is_replayed && window < EXEC_WINDOW_REPLAYED_NS ? EXEC_WINDOW_REPLAYED_NS
                                                                  : window;
}

/* ---- bus ---- */

static void on_ticker(exec_state *state, const cb_ticker *ticker, cb_outbox *out)
{
    exec_symbol *symbol = exec_symbol_find(state, ticker->symbol);
    if (symbol == NULL || !cb_text_equal(ticker->venue, state->config->venue)) {
        return;
    }
    const bool is_news = exec_is_data_stale(state, symbol) || state->stale_due_ns == EXEC_NEVER;
    state->stale_due_ns = is_news ? state->now_ns : state->stale_due_ns;
    symbol->ticker = *ticker;
    symbol->has_ticker = true;
    exec_trigger_tick(state, symbol, out);
}

static void on_book(exec_state *state, const cb_book *book)
{
    exec_symbol *symbol = exec_symbol_find(state, book->symbol);
    if (symbol == NULL || !cb_text_equal(book->venue, state->config->venue)) {
        return;
    }
    symbol->book = *book;
    symbol->has_book = true;
}

/* What a stored instrument is compared by: everything but when and from whom it came. */
static uint64_t instrument_hash(const cb_instrument *instrument)
{
    cb_instrument bare = *instrument;
    memset(&bare.env, 0, sizeof(bare.env));
    bare.recv_ns = 0;
    return cb_body_hash(CB_HASH_SEED, &cb_instrument_desc, &bare);
}

static void on_instrument(exec_state *state, const cb_instrument *instrument, cb_outbox *out)
{
    exec_symbol *symbol = exec_symbol_find(state, instrument->symbol);
    if (symbol == NULL || !cb_text_equal(instrument->venue, state->config->venue)) {
        return;
    }
    const bool is_same = symbol->has_instrument &&
                         instrument_hash(&symbol->instrument) == instrument_hash(instrument);
    symbol->instrument = *instrument;
    symbol->has_instrument = true;
    memcpy(symbol->base_asset, instrument->base_asset, sizeof(symbol->base_asset));
    memcpy(symbol->quote_asset, instrument->quote_asset, sizeof(symbol->quote_asset));
    if (!is_same) {
        cb_instrument *row = CB_STORE(out, EXEC_TABLE_INSTRUMENTS, cb_instrument);
        *row = *instrument;
    }
}

/* ---- the account's situation ---- */

static void on_lease(exec_state *state, const exec_lease *lease)
{
    CB_ASSERT(lease->epoch >= state->lease_epoch);
    state->lease_epoch = lease->epoch;
    state->is_lease_held = lease->is_held;
    state->is_replayed = lease->is_bus_clock;
}

static void on_stream(exec_state *state, const exec_stream *stream, cb_outbox *out)
{
    state->is_stream_up = stream->is_up;
    state->is_reconciled = false;
    if (stream->is_up) {
        state->job.attempts = 0;
        exec_job_begin(state, EXEC_JOB_START, out);
        return;
    }
    state->job.kind = EXEC_JOB_NONE;
    state->is_retry_awaited = false;
    const void *body = cb_outbox_request(out, EXEC_REQUEST_SUBSCRIBE, sizeof(uint64_t));
    CB_ASSERT(body != NULL);
}

static void on_retry(exec_state *state, cb_outbox *out)
{
    if (!state->is_retry_awaited) {
        return;
    }
    state->is_retry_awaited = false;
    if (state->is_stream_up && !state->is_reconciled && state->job.kind == EXEC_JOB_NONE) {
        exec_job_begin(state, EXEC_JOB_START, out);
    }
}

static void on_orders(exec_state *state, const exec_orders_page *page, cb_outbox *out)
{
    if (page->tag == EXEC_TAG_SWEEP) {
        exec_on_sweep_orders(state, page, out);
        return;
    }
    exec_order *order =
        cb_id_is_none(page->intent_id) ? NULL : exec_order_by_intent(state, page->intent_id);
    if (order != NULL) {
        exec_on_order_list(state, order, page, out);
        return;
    }
    exec_on_job_orders(state, page, out);
}

static void on_trades(exec_state *state, const exec_trades_page *page, cb_outbox *out)
{
    exec_order *order =
        cb_id_is_none(page->intent_id) ? NULL : exec_order_by_intent(state, page->intent_id);
    if (order != NULL) {
        exec_on_order_trades(state, order, page, out);
        return;
    }
    exec_on_job_trades(state, page, out);
}

/* ---- step ---- */

static void step_venue(exec_state *state, const cb_event *event, cb_outbox *out)
{
    switch (event->type) {
    case EXEC_EVENT_PLACED:
        exec_on_placed(state, CB_BODY(event, exec_order_answer), out);
        return;
    case EXEC_EVENT_CANCELED:
        exec_on_canceled(state, CB_BODY(event, exec_order_answer), out);
        return;
    case EXEC_EVENT_AMENDED:
        exec_on_amended(state, CB_BODY(event, exec_order_answer), out);
        return;
    case EXEC_EVENT_CANCELED_ALL:
        exec_on_canceled_all(state, CB_BODY(event, exec_order_answer), out);
        return;
    case EXEC_EVENT_QUERIED:
        exec_on_queried(state, CB_BODY(event, exec_order_answer), out);
        return;
    case EXEC_EVENT_ORDERS:
        on_orders(state, CB_BODY(event, exec_orders_page), out);
        return;
    case EXEC_EVENT_TRADES:
        on_trades(state, CB_BODY(event, exec_trades_page), out);
        return;
    case EXEC_EVENT_ACCOUNT:
        exec_on_account(state, CB_BODY(event, exec_account_answer), out);
        return;
    case EXEC_EVENT_TIME:
        exec_on_time(state, CB_BODY(event, exec_time_answer), out);
        return;
    default:
        return;
    }
}

static void step_local(exec_state *state, const cb_event *event, cb_outbox *out)
{
    switch (event->type) {
    case EXEC_EVENT_LEASE:
        on_lease(state, CB_BODY(event, exec_lease));
        return;
    case EXEC_EVENT_CAPS:
        exec_on_caps(state, CB_BODY(event, exec_caps), out);
        return;
    case EXEC_EVENT_STREAM:
        on_stream(state, CB_BODY(event, exec_stream), out);
        return;
    case EXEC_EVENT_REPORT:
        exec_on_report(state, CB_BODY(event, exec_report), out);
        return;
    case EXEC_EVENT_BALANCES:
        exec_on_balances(state, CB_BODY(event, exec_balances), out);
        return;
    case EXEC_EVENT_CLAIM:
        exec_on_claim(state, CB_BODY(event, exec_claim_result), out);
        return;
    case EXEC_EVENT_SENT:
        exec_on_sent(state, CB_BODY(event, exec_sent), out);
        return;
    case EXEC_EVENT_RETRY:
        on_retry(state, out);
        return;
    case EXEC_EVENT_PACE:
        state->is_paced = true;
        return;
    case EXEC_EVENT_FLAPS:
        CB_ASSERT(CB_BODY(event, exec_flaps)->takeovers_count > 0);
        exec_raise_kill(
            state, "account", 1, "the lease goes back and forth between instances", out);
        return;
    case EXEC_EVENT_REFUSED:
        exec_on_refused(state, CB_BODY(event, exec_refused), out);
        return;
    case EXEC_EVENT_SET_BACK:
        exec_on_set_back(state, out);
        return;
    case EXEC_EVENT_PAGE:
        exec_on_page(state, CB_BODY(event, exec_page), out);
        return;
    case EXEC_EVENT_WATCH:
        exec_on_watch(state, CB_BODY(event, exec_watch), out);
        return;
    default:
        step_venue(state, event, out);
        return;
    }
}

static void step_bus(exec_state *state, const cb_event *event, cb_outbox *out)
{
    switch (event->type) {
    case CB_MSG_PERMIT:
        exec_on_permit(state, CB_BODY(event, cb_permit), out);
        return;
    case CB_MSG_KILL:
        exec_on_kill(state, CB_BODY(event, cb_kill), out);
        return;
    case CB_MSG_LIMITS:
        if (cb_text_equal(CB_BODY(event, cb_limits)->account, state->config->account)) {
            exec_note_limits(state, CB_BODY(event, cb_limits)->version, out);
        }
        return;
    case CB_MSG_TICKER:
        on_ticker(state, CB_BODY(event, cb_ticker), out);
        return;
    case CB_MSG_BOOK:
        on_book(state, CB_BODY(event, cb_book));
        return;
    case CB_MSG_ORDER_COMMAND:
        exec_on_command(state, CB_BODY(event, cb_order_command), out);
        return;
    case CB_MSG_INSTRUMENT:
        on_instrument(state, CB_BODY(event, cb_instrument), out);
        return;
    case CB_EVENT_RECOVERED:
        exec_on_recovered(state, out);
        return;
    case CB_EVENT_TIMER:
        state->timer_due_ns = EXEC_NEVER;
        return;
    default:
        return;
    }
}

/* Everything whose time has come, whichever event brought the clock there. */
static void step_due(exec_state *state, cb_outbox *out)
{
    if (state->park_count > 0 && state->now_ns - state->park_since_ns >= EXEC_PARK_WAIT_NS) {
        exec_park_drain(state, out); /* the answer is late: fills do not wait for it */
    }
    for (uint32_t i = 0; i < state->active_count; i++) {
        exec_order_tick(state, exec_active(state, i), out);
    }
    exec_unknown_watch(state, out);
    exec_held_tick(state, out);
    exec_command_tick(state, out);
    exec_group_tick(state, out);
    exec_alarm_tick(state, out);
    exec_cancel_tick(state, out);
    exec_job_tick(state, out);
    exec_pump(state, out);
}

static int64_t step_orders_due_ns(exec_state *state)
{
    int64_t due = EXEC_NEVER;
    if (state->reads_in_flight >= EXEC_READS_MAX) {
        return due; /* an answer brings us back */
    }
    for (uint32_t i = 0; i < state->active_count; i++) {
        const exec_order *order = exec_active(state, i);
        if (!order->is_read_in_flight && order->due_ns < due) {
            due = order->due_ns;
        }
    }
    return due;
}

static int64_t step_next_due_ns(exec_state *state)
{
    int64_t due = step_orders_due_ns(state);
    const int64_t dues[] = {
        exec_job_due_ns(state),
        exec_ready_due_ns(state),
        exec_group_due_ns(state),
        exec_unknown_due_ns(state),
        exec_alarm_due_ns(state),
        state->is_lease_held ? exec_cancel_due_ns(state) : EXEC_NEVER,
        state->park_count > 0 ? state->park_since_ns + EXEC_PARK_WAIT_NS : EXEC_NEVER,
    };
    for (size_t i = 0; i < sizeof(dues) / sizeof(dues[0]); i++) {
        due = dues[i] < due ? dues[i] : due;
    }
    return due;
}

static void step_schedule(exec_state *state, cb_outbox *out)
{
    int64_t due = step_next_due_ns(state);
    if (due < state->throttled_until_ns && state->now_ns < state->throttled_until_ns) {
        const int64_t ready_due = exec_ready_due_ns(state);
        due = ready_due < state->throttled_until_ns ? ready_due : state->throttled_until_ns;
    }
    if (due == state->timer_due_ns) {
        return;
    }
    state->timer_due_ns = due;
    if (due == EXEC_NEVER) {
        cb_outbox_cancel_timer(out, EXEC_TIMER_ID);
        return;
    }
    cb_outbox_set_timer(out, EXEC_TIMER_ID, due);
}

static void exec_step_event(void *memory, const cb_event *event, cb_outbox *out)
{
    exec_state *state = memory;
    CB_ASSERT(state != NULL && event != NULL);
    CB_ASSERT(out != NULL);
    state->now_seq = event->seq;
    state->now_ns = event->ts_ns;
    if (event->is_recovery) {
        if (event->type == EXEC_EVENT_LEASE) {
            on_lease(state, CB_BODY(event, exec_lease));
            return;
        }
        exec_on_old(state, event);
        return;
    }
    if (event->type >= CB_EVENT_LOCAL) {
        step_local(state, event, out);
    } else {
        step_bus(state, event, out);
    }
    if (state->is_recovered) {
        step_due(state, out);
        step_schedule(state, out);
    }
}

/* ---- looking in ---- */

static uint64_t hash_order(uint64_t hash, const exec_order *order)
{
    hash = cb_body_hash(hash, &cb_order_desc, &order->row);
    const uint64_t flags =
        (uint64_t)order->is_provisional | (uint64_t)order->is_read_in_flight << 1 |
        (uint64_t)order->has_reported << 2 | (uint64_t)order->step << 8 |
        (uint64_t)order->cancel << 16 | (uint64_t)order->venue_state << 24 |
        (uint64_t)order->is_cancel_wanted << 32 | (uint64_t)order->is_abandoned << 33 |
        (uint64_t)order->is_exit_wanted << 34 | (uint64_t)order->is_amending << 35 |
        (uint64_t)order->was_amended << 36 | (uint64_t)order->is_terms_told << 37;
    hash = cb_hash_u64(hash, (uint64_t)order->peak_e8);
    hash = cb_hash_u64(hash, (uint64_t)order->amend_qty.e8);
    hash = cb_hash_u64(hash, (uint64_t)order->not_before_ns);
    hash = cb_hash_u64(hash, flags);
    hash = cb_hash_u64(hash, order->arrival);
    hash = cb_hash_u64(hash, order->finished);
    hash = cb_hash_u64(hash, (uint64_t)order->venue_qty.e8);
    hash = cb_hash_u64(hash, order->not_found_count);
    return cb_hash_u64(hash, (uint64_t)order->due_ns);
}

static uint64_t exec_state_hash(const void *memory)
{
    const exec_state *state = memory;
    CB_ASSERT(state != NULL);
    uint64_t hash = CB_HASH_SEED;
    for (uint32_t i = 0; i < state->orders_max; i++) {
        if (state->orders[i].is_used) {
            hash = hash_order(cb_hash_u64(hash, i), &state->orders[i]);
        }
    }
    for (uint32_t i = 0; i < state->kills_count; i++) {
        hash = cb_body_hash(hash, &exec_kill_row_desc, &state->kills[i]);
    }
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        const exec_symbol *symbol = &state->symbols[i];
        hash = cb_hash_text(hash, symbol->symbol);
        hash = cb_hash_u64(cb_hash_u64(hash, symbol->baseline), symbol->mark);
        hash = cb_hash_u64(cb_hash_u64(hash, symbol->trade_floor), symbol->order_floor);
    }
    hash = cb_hash_u64(hash, state->trades.digest);
    hash = cb_hash_u64(hash, state->venue_orders.digest);
    hash = cb_hash_u64(hash, state->intents.digest);
    for (uint32_t i = 0; i < state->commands_count; i++) {
        hash = cb_body_hash(hash, &exec_command_row_desc, &state->commands[i]);
    }
    const uint64_t flags = (uint64_t)state->is_lease_held | (uint64_t)state->is_stream_up << 1 |
                           (uint64_t)state->is_reconciled << 2 | (uint64_t)state->lane << 8 |
                           (uint64_t)state->job.kind << 16 | (uint64_t)state->job.phase << 24;
    hash = cb_hash_u64(hash, flags);
    hash = cb_hash_u64(hash, state->lease_epoch);
    hash = cb_hash_u64(hash, state->limits_version);
    hash = cb_hash_bytes(hash, state->hard_caps.hash, sizeof(state->hard_caps.hash));
    hash = cb_hash_u64(hash, state->next_tag);
    hash = cb_hash_u64(hash, state->fills_count);
    return cb_hash_u64(hash, (uint64_t)state->timer_due_ns);
}

/* What goes on without the clock's help. Waits for a later time are not in it: in lockstep the
 * clock only moves when everybody is idle. */
static uint32_t view_pending(exec_state *state)
{
    uint32_t pending = state->reads_in_flight + state->cancels_in_flight;
    pending += state->lane != EXEC_LANE_FREE ? 1 : 0;
    pending += state->job.kind != EXEC_JOB_NONE ? 1 : 0;
    pending += state->sweep.is_in_flight ? 1 : 0;
    if (!exec_is_live(state)) {
        return state->is_off ? pending : pending + 1;
    }
    for (uint32_t i = 0; i < state->active_count; i++) {
        const exec_order *order = exec_active(state, i);
        const bool goes = order->row.state == CB_ORDER_STATE_READY && !order->row.is_held &&
                          order->not_before_ns <= state->now_ns;
        pending += goes ? 1 : 0;
    }
    return pending;
}

void exec_look(const exec_state *state, exec_view *out)
{
    CB_ASSERT(state != NULL);
    CB_ASSERT(out != NULL);
    exec_state *mutable_state = (exec_state *)(uintptr_t)state; /* finders hand out pointers */
    *out = (exec_view){
        .is_live = exec_is_live(state),
        .is_stream_up = state->is_stream_up,
        .is_reconciled = state->is_reconciled,
        .is_lease_held = state->is_lease_held,
        .is_off = state->is_off,
        .kill_level = exec_kill_level_account(state),
        .pending_count = view_pending(mutable_state),
        .active_count = state->active_count,
        .unknown_count = exec_unknown_count(mutable_state),
        .orders_count = state->orders_count,
        .fills_count = state->fills_count,
        .refused_count = state->refused_count,
        .differences_count = state->differences_count,
        .external_count = state->external_count,
        .stale_count = state->stale_count,
        .offset_ns = state->offset_ns,
    };
}

const cb_core_ops execution_core = {
    .state_size = exec_state_size,
    .init = exec_init,
    .step = exec_step_event,
    .state_hash = exec_state_hash,
};
