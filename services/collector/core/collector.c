/* Connections: opening with back-off, subscribing in shares, rolling over with overlap; and the
 * collector's events, timers and stored rows. Requests are in rest.c. */
#include "services/collector/core/collector.h"

#include <string.h>

#include "base/hash.h"
#include "base/timefmt.h"
#include "domain/bodyhash.h"
#include "wire/subjects.h"

/* A connection that lived this long is not blamed for ending. */
#define STABLE_NS (60 * CB_NS_PER_S)

static collector_command *command(cb_outbox *out, collector_request request)
{
    return CB_REQUEST(out, request, collector_command);
}

/* ---- rows ---- */

static void keep_venue(const collector_state *state, char venue[12])
{
    const bool fits = cb_text_copy(venue, 12, cb_sv_from(state->venue->name));
    CB_ASSERT(fits);
}

static void store_session(const collector_session *session, cb_outbox *out)
{
    collector_session *row = CB_STORE(out, COLLECTOR_TABLE_SESSIONS, collector_session);
    *row = *session;
}

static void store_gap(const collector_gap *gap, cb_outbox *out)
{
    CB_ASSERT(gap->repaired_count <= gap->missing_count);
    collector_gap *row = CB_STORE(out, COLLECTOR_TABLE_GAPS, collector_gap);
    *row = *gap;
}

/* ---- connections ---- */

static uint32_t other(uint32_t slot)
{
    CB_ASSERT(slot < COLLECTOR_SLOTS);
    return 1U - slot;
}

static void open_slot(collector_state *state, uint32_t slot, cb_outbox *out)
{
    CB_ASSERT(slot < COLLECTOR_SLOTS);
    state->slots[slot].link = COLLECTOR_LINK_OPENING;
    command(out, COLLECTOR_REQUEST_OPEN)->slot = slot;
}

/* Exponential back-off, the upper half of it by chance, so that many clients do not come back at
 * once. */
static void open_later(collector_state *state, uint32_t slot, int64_t mono_ns)
{
    collector_slot *at = &state->slots[slot];
    const collector_config *config = state->config;
    const uint32_t shift = at->attempts < 16 ? at->attempts : 16;
    int64_t wait_ns = config->backoff_max_ns;
    if (config->backoff_min_ns <= config->backoff_max_ns >> shift) {
        wait_ns = config->backoff_min_ns << shift;
    }
    CB_ASSERT(wait_ns > 0);
    at->attempts++;
    at->link = COLLECTOR_LINK_WAITING;
    at->open_at_ns =
        mono_ns + wait_ns / 2 + (int64_t)cb_prng_below(&state->prng, (uint64_t)(wait_ns / 2 + 1));
}

static void set_primary(collector_state *state, uint32_t slot, cb_outbox *out)
{
    CB_ASSERT(slot <= COLLECTOR_SLOTS);
    if (state->primary == slot) {
        return;
    }
    state->primary = slot;
    command(out, COLLECTOR_REQUEST_PRIMARY)->slot = slot;
}

static void close_session(
    collector_state *state, uint32_t slot, int64_t now_ns, const char *why, cb_outbox *out)
{
    collector_slot *at = &state->slots[slot];
    const bool was_open = at->session.opened_ns != 0 && at->session.closed_ns == 0;
    if (!was_open) {
        return;
    }
    at->session.closed_ns = now_ns;
    if (!cb_text_copy(at->session.reason, sizeof(at->session.reason), cb_sv_from(why))) {
        (void)cb_text_copy(at->session.reason, sizeof(at->session.reason), CB_SV("closed"));
    }
    store_session(&at->session, out);
}

/* Ends a connection on our own account. */
static void drop_slot(
    collector_state *state, uint32_t slot, int64_t now_ns, const char *why, cb_outbox *out)
{
    close_session(state, slot, now_ns, why, out);
    state->slots[slot].link = COLLECTOR_LINK_IDLE;
    command(out, COLLECTOR_REQUEST_CLOSE)->slot = slot;
}

static void begin_all(
    const collector_state *state, bool is_new_stream, bool is_backfill, cb_outbox *out)
{
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        collector_command *begin = command(out, COLLECTOR_REQUEST_BEGIN);
        begin->symbol = i;
        begin->is_new_stream = is_new_stream;
        begin->is_backfill = is_backfill;
    }
}

static void arm_rollover(const collector_state *state, int64_t now_ns, cb_outbox *out)
{
    if (state->config->rollover_after_ns > 0) {
        cb_outbox_set_timer(
            out, COLLECTOR_TIMER_ROLLOVER, now_ns + state->config->rollover_after_ns);
    }
}

/* A connection has ended. When it was the primary, the other takes over if it is live. What is not
 * in the making already is opened again after a wait. */
static void ended(
    collector_state *state, uint32_t slot, int64_t now_ns, int64_t mono_ns, cb_outbox *out)
{
    const uint32_t rest = other(slot);
    const collector_link rest_link = state->slots[rest].link;
    state->slots[slot].link = COLLECTOR_LINK_IDLE;
    if (state->primary != slot) {
        open_later(state, slot, mono_ns); /* the one being joined, or the only one, failed */
        return;
    }
    cb_outbox_cancel_timer(out, COLLECTOR_TIMER_OVERLAP);
    if (rest_link == COLLECTOR_LINK_LIVE) {
        set_primary(state, rest, out);
        arm_rollover(state, now_ns, out);
        return;
    }
    set_primary(state, COLLECTOR_SLOTS, out);
    if (rest_link == COLLECTOR_LINK_IDLE) {
        open_later(state, slot, mono_ns);
    }
}

static void on_closed(
    collector_state *state, const cb_event *event, const collector_input *input, cb_outbox *out)
{
    CB_ASSERT(input->slot < COLLECTOR_SLOTS);
    collector_slot *at = &state->slots[input->slot];
    const bool was_live = at->link == COLLECTOR_LINK_LIVE;
    if (at->link == COLLECTOR_LINK_IDLE || at->link == COLLECTOR_LINK_WAITING) {
        return; /* we closed it ourselves */
    }
    close_session(state, input->slot, event->ts_ns, input->text, out);
    if (was_live && input->mono_ns - at->live_mono_ns >= STABLE_NS) {
        at->attempts = 0;
    }
    ended(state, input->slot, event->ts_ns, input->mono_ns, out);
}

static void on_opened(
    collector_state *state, const cb_event *event, const collector_input *input, cb_outbox *out)
{
    collector_slot *at = &state->slots[input->slot];
    CB_ASSERT(at->link == COLLECTOR_LINK_OPENING);
    at->link = COLLECTOR_LINK_SUBSCRIBING;
    at->session = (collector_session){
        .session_id = cb_id_make("collector.session", state->epoch, ++state->sessions_made),
        .epoch = state->epoch,
        .slot = input->slot,
        .opened_ns = event->ts_ns};
    keep_venue(state, at->session.venue);
    store_session(&at->session, out);
    command(out, COLLECTOR_REQUEST_SUBSCRIBE)->slot = input->slot;
}

static void on_live(
    collector_state *state, uint32_t slot, int64_t now_ns, int64_t mono_ns, cb_outbox *out)
{
    collector_slot *at = &state->slots[slot];
    at->link = COLLECTOR_LINK_LIVE;
    at->live_mono_ns = mono_ns;
    at->session.live_ns = now_ns;
    store_session(&at->session, out);
    if (state->primary != COLLECTOR_SLOTS && state->primary != slot) {
        cb_outbox_set_timer(
            out, COLLECTOR_TIMER_OVERLAP, now_ns + state->config->rollover_overlap_ns);
        return;
    }
    set_primary(state, slot, out);
    begin_all(state, true, !state->has_backfilled, out);
    state->has_backfilled = true;
    arm_rollover(state, now_ns, out);
}

static void on_reply(
    collector_state *state, const cb_event *event, const collector_input *input, cb_outbox *out)
{
    collector_slot *at = &state->slots[input->slot];
    if (at->link != COLLECTOR_LINK_SUBSCRIBING) {
        return;
    }
    if (!input->is_ok) {
        drop_slot(state, input->slot, event->ts_ns, "subscription refused", out);
        ended(state, input->slot, event->ts_ns, input->mono_ns, out);
        return;
    }
    if (input->next_symbol < state->symbols_count) {
        collector_command *more = command(out, COLLECTOR_REQUEST_SUBSCRIBE);
        more->slot = input->slot;
        more->symbol = input->next_symbol;
        return;
    }
    on_live(state, input->slot, event->ts_ns, input->mono_ns, out);
}

/* Starts a second connection beside the primary, to take over from it. */
static void roll_over(collector_state *state, cb_outbox *out)
{
    if (state->primary == COLLECTOR_SLOTS) {
        return;
    }
    const uint32_t next = other(state->primary);
    if (state->slots[next].link == COLLECTOR_LINK_IDLE) {
        open_slot(state, next, out);
    }
}

static void end_overlap(collector_state *state, int64_t now_ns, cb_outbox *out)
{
    if (state->primary == COLLECTOR_SLOTS) {
        return;
    }
    const uint32_t old = state->primary;
    const uint32_t next = other(old);
    if (state->slots[next].link != COLLECTOR_LINK_LIVE) {
        return;
    }
    set_primary(state, next, out);
    drop_slot(state, old, now_ns, "rollover", out);
    arm_rollover(state, now_ns, out);
}

static void on_silent(
    collector_state *state, const cb_event *event, const collector_input *input, cb_outbox *out)
{
    const uint32_t slot = input->slot;
    CB_ASSERT(slot < COLLECTOR_SLOTS);
    if (state->slots[slot].link != COLLECTOR_LINK_LIVE) {
        return;
    }
    drop_slot(state, slot, event->ts_ns, "silence", out);
    ended(state, slot, event->ts_ns, input->mono_ns, out);
}

/* ---- beginning ---- */

static void want_instruments(collector_state *state)
{
    const collector_need need = {.symbol = state->symbols_count};
    collector_rest_want(state, COLLECTOR_JOB_INSTRUMENTS, &need, false);
}

static void begin(collector_state *state, int64_t now_ns, cb_outbox *out)
{
    CB_ASSERT(!state->is_begun);
    state->is_begun = true;
    want_instruments(state);
    cb_outbox_set_timer(
        out, COLLECTOR_TIMER_INSTRUMENTS, now_ns + state->config->instruments_period_ns);
    open_slot(state, 0, out);
}

static void publish_instrument(
    const collector_state *state, uint32_t symbol, uint32_t table, cb_outbox *out)
{
    cb_instrument *body = CB_PUBLISH(out, CB_SUBJECT_MD_RAW_INSTRUMENT, table, cb_instrument);
    *body = state->instruments[symbol];
}

/* The validator came back: it may have missed what was said while it was away. */
static void on_consumer(collector_state *state, const cb_event *event, cb_outbox *out)
{
    if (!state->is_begun) {
        begin(state, event->ts_ns, out);
        return;
    }
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        if (state->has_instrument[i]) {
            publish_instrument(state, i, CB_TABLE_NONE, out);
        }
    }
    if (state->has_backfilled) {
        begin_all(state, false, true, out);
    }
}

static void on_started(
    collector_state *state, const cb_event *event, const collector_input *input, cb_outbox *out)
{
    CB_ASSERT(!state->is_started);
    state->is_started = true;
    state->epoch = input->epoch;
    cb_prng_init(&state->prng, state->config->seed + input->epoch);
    collector_rest_init(state, input->mono_ns);
    state->begin_by_ns = input->mono_ns + state->config->consumer_wait_ns;
    if (state->config->consumer_wait_ns == 0) {
        begin(state, event->ts_ns, out);
    }
}

static void on_wake(
    collector_state *state, const cb_event *event, const collector_input *input, cb_outbox *out)
{
    state->wake_at_ns = 0;
    if (!state->is_begun && input->mono_ns >= state->begin_by_ns) {
        begin(state, event->ts_ns, out);
    }
    for (uint32_t slot = 0; slot < COLLECTOR_SLOTS; slot++) {
        const collector_slot *at = &state->slots[slot];
        if (at->link == COLLECTOR_LINK_WAITING && at->open_at_ns <= input->mono_ns) {
            open_slot(state, slot, out);
        }
    }
}

/* ---- needs and what became of them ---- */

static const char *kind_name(collector_kind kind)
{
    static const char *const names[] = {"trade", "candle", "book"};
    _Static_assert(sizeof(names) / sizeof(names[0]) == COLLECTOR_KIND_COUNT, "one name each");
    CB_ASSERT(kind < COLLECTOR_KIND_COUNT);
    return names[kind];
}

static void note_gap(
    collector_state *state, const cb_event *event, const collector_need *need, cb_outbox *out)
{
    collector_gap *gap = &state->gaps[need->symbol][need->kind];
    if (state->has_gap[need->symbol][need->kind]) {
        return; /* the same hole, asked for again */
    }
    state->has_gap[need->symbol][need->kind] = true;
    *gap = (collector_gap){.gap_id = cb_id_make("collector.gap", state->epoch, ++state->gaps_made),
        .first_id = need->first_id,
        .last_id = need->last_id,
        .from_ns = need->from_ns,
        .to_ns = need->to_ns,
        .found_ns = event->ts_ns,
        .missing_count = need->missing_count};
    keep_venue(state, gap->venue);
    memcpy(gap->symbol, state->names[need->symbol], sizeof(gap->symbol));
    (void)cb_text_copy(gap->kind, sizeof(gap->kind), cb_sv_from(kind_name(need->kind)));
    (void)cb_text_copy(gap->state, sizeof(gap->state), CB_SV("open"));
    store_gap(gap, out);
}

static void on_need(
    collector_state *state, const cb_event *event, const collector_input *input, cb_outbox *out)
{
    const collector_need *need = &input->need;
    CB_ASSERT(need->symbol < state->symbols_count);
    CB_ASSERT(need->kind < COLLECTOR_KIND_COUNT);
    if (need->is_gap) {
        note_gap(state, event, need, out);
    }
    const uint32_t index = collector_job_of(need->symbol, need->kind);
    collector_job *job = &state->jobs[index];
    const bool is_endless = job->rounds >= COLLECTOR_REPAIR_ROUNDS_MAX;
    if (is_endless && need->kind == COLLECTOR_KIND_TRADE) {
        collector_command *stop = command(out, COLLECTOR_REQUEST_GIVE_UP);
        stop->symbol = need->symbol;
        stop->kind = need->kind;
        job->rounds = 0;
        return;
    }
    collector_rest_want(state, index, need, input->is_forced);
}

static void on_outcome(
    collector_state *state, const cb_event *event, const collector_input *input, cb_outbox *out)
{
    const collector_outcome *outcome = &input->outcome;
    CB_ASSERT(outcome->symbol < state->symbols_count);
    CB_ASSERT(outcome->repaired_count <= outcome->missing_count);
    if (!state->has_gap[outcome->symbol][outcome->kind]) {
        return;
    }
    collector_gap *gap = &state->gaps[outcome->symbol][outcome->kind];
    state->has_gap[outcome->symbol][outcome->kind] = false;
    gap->closed_ns = event->ts_ns;
    gap->missing_count = outcome->missing_count;
    gap->repaired_count = outcome->repaired_count;
    const char *word = outcome->repaired_count == outcome->missing_count ? "repaired"
                       : outcome->repaired_count == 0                    ? "lost"
                                                                         : "partly";
    (void)cb_text_copy(gap->state, sizeof(gap->state), cb_sv_from(word));
    store_gap(gap, out);
}

/* Equal but for when and how it came. */
static bool is_same_instrument(const cb_instrument *a, const cb_instrument *b)
{
    cb_instrument left = *a;
    cb_instrument right = *b;
    memset(&left.env, 0, sizeof(left.env));
    memset(&right.env, 0, sizeof(right.env));
    left.recv_ns = 0;
    right.recv_ns = 0;
    return cb_body_hash(CB_HASH_SEED, &cb_instrument_desc, &left) ==
           cb_body_hash(CB_HASH_SEED, &cb_instrument_desc, &right);
}

static void on_instrument(collector_state *state, const cb_event *event, cb_outbox *out)
{
    const cb_instrument *instrument = CB_BODY(event, cb_instrument);
    uint32_t symbol = 0;
    while (
        symbol < state->symbols_count && !cb_text_equal(state->names[symbol], instrument->symbol)) {
        symbol++;
    }
    if (symbol == state->symbols_count) {
        return;
    }
    const bool is_known = state->has_instrument[symbol] &&
                          is_same_instrument(&state->instruments[symbol], instrument);
    state->instruments[symbol] = *instrument;
    state->has_instrument[symbol] = true;
    publish_instrument(
        state, symbol, is_known ? CB_TABLE_NONE : (uint32_t)COLLECTOR_TABLE_INSTRUMENTS, out);
}

/* ---- the core ---- */

static void on_timer(collector_state *state, const cb_event *event, cb_outbox *out)
{
    const cb_timer_event *timer = CB_BODY(event, cb_timer_event);
    switch (timer->timer_id) {
    case COLLECTOR_TIMER_INSTRUMENTS:
        want_instruments(state);
        cb_outbox_set_timer(
            out, COLLECTOR_TIMER_INSTRUMENTS, event->ts_ns + state->config->instruments_period_ns);
        break;
    case COLLECTOR_TIMER_ROLLOVER:
        roll_over(state, out);
        break;
    case COLLECTOR_TIMER_OVERLAP:
        end_overlap(state, event->ts_ns, out);
        break;
    default:
        CB_ASSERT(false);
    }
}

static void dispatch(
    collector_state *state, const cb_event *event, const collector_input *input, cb_outbox *out)
{
    switch (event->type) {
    case COLLECTOR_EVENT_STARTED:
        on_started(state, event, input, out);
        break;
    case COLLECTOR_EVENT_WAKE:
        on_wake(state, event, input, out);
        break;
    case COLLECTOR_EVENT_CONSUMER:
        on_consumer(state, event, out);
        break;
    case COLLECTOR_EVENT_OPENED:
        on_opened(state, event, input, out);
        break;
    case COLLECTOR_EVENT_CLOSED:
        on_closed(state, event, input, out);
        break;
    case COLLECTOR_EVENT_REPLY:
        on_reply(state, event, input, out);
        break;
    case COLLECTOR_EVENT_SHUTDOWN:
        roll_over(state, out);
        break;
    case COLLECTOR_EVENT_SILENT:
        on_silent(state, event, input, out);
        break;
    case COLLECTOR_EVENT_ANSWER:
        collector_rest_answer(state, input, out);
        break;
    case COLLECTOR_EVENT_LIMITS:
        collector_rest_limit(state, input->weight_per_minute);
        break;
    case COLLECTOR_EVENT_NEED:
        on_need(state, event, input, out);
        break;
    case COLLECTOR_EVENT_OUTCOME:
        on_outcome(state, event, input, out);
        break;
    default:
        break;
    }
}

/* Asks to be woken for whatever comes first. */
static void schedule(collector_state *state, int64_t mono_ns, cb_outbox *out)
{
    int64_t at_ns = collector_rest_next_ns(state, mono_ns);
    if (state->is_started && !state->is_begun && state->begin_by_ns < at_ns) {
        at_ns = state->begin_by_ns;
    }
    for (uint32_t slot = 0; slot < COLLECTOR_SLOTS; slot++) {
        const collector_slot *candidate = &state->slots[slot];
        if (candidate->link == COLLECTOR_LINK_WAITING && candidate->open_at_ns < at_ns) {
            at_ns = candidate->open_at_ns;
        }
    }
    if (at_ns != INT64_MAX && (state->wake_at_ns == 0 || at_ns < state->wake_at_ns)) {
        state->wake_at_ns = at_ns;
        command(out, COLLECTOR_REQUEST_WAKE)->wake_mono_ns = at_ns;
    }
}

static void collector_step(void *opaque, const cb_event *event, cb_outbox *out)
{
    collector_state *state = opaque;
    CB_ASSERT(state != NULL);
    CB_ASSERT(event != NULL && out != NULL);
    if (event->type == CB_EVENT_TIMER) {
        /* A timer knows no monotonic time: what it wants is sent by the wake that follows. */
        on_timer(state, event, out);
        if (state->jobs[COLLECTOR_JOB_INSTRUMENTS].state == COLLECTOR_JOB_WANTED) {
            command(out, COLLECTOR_REQUEST_WAKE)->wake_mono_ns = 0;
        }
        return;
    }
    if (event->type == (uint32_t)COLLECTOR_EVENT_INSTRUMENT) {
        on_instrument(state, event, out);
        return;
    }
    if (event->type < (uint32_t)CB_EVENT_LOCAL) {
        return;
    }
    const collector_input *input = CB_BODY(event, collector_input);
    dispatch(state, event, input, out);
    collector_rest_pump(state, input->mono_ns, out);
    schedule(state, input->mono_ns, out);
}

static size_t collector_state_size(const void *config)
{
    CB_ASSERT(config != NULL);
    return sizeof(collector_state);
}

static void collector_init(void *opaque, const void *config, cb_arena *arena)
{
    collector_state *state = opaque;
    CB_ASSERT(state != NULL && config != NULL);
    (void)arena;
    state->config = config;
    state->venue = cb_venue_find(state->config->venue);
    CB_ASSERT(state->venue != NULL);
    state->primary = COLLECTOR_SLOTS;
    const char *at = state->config->symbols;
    while (*at != '\0') {
        size_t size = 0;
        while (at[size] != '\0' && at[size] != ',') {
            size++;
        }
        CB_ASSERT(state->symbols_count < COLLECTOR_SYMBOLS_MAX);
        const bool fits = cb_text_copy(
            state->names[state->symbols_count++], 24, (cb_strview){.at = at, .size = size});
        CB_ASSERT(fits);
        at += at[size] == ',' ? size + 1 : size;
    }
    CB_ASSERT(state->symbols_count > 0);
}

static uint64_t collector_state_hash(const void *opaque)
{
    const collector_state *state = opaque;
    uint64_t hash = CB_HASH_SEED;
    CB_ASSERT(state != NULL);
    hash = cb_hash_u64(hash, state->epoch);
    hash = cb_hash_u64(hash, state->sessions_made);
    hash = cb_hash_u64(hash, state->gaps_made);
    hash = cb_hash_u64(hash, state->prng.state);
    hash = cb_hash_u64(hash, state->primary);
    hash = cb_hash_u64(hash, state->in_flight);
    hash = cb_hash_u64(hash, (uint64_t)state->tokens_e6);
    hash = cb_hash_u64(hash, (uint64_t)state->blocked_until_ns);
    for (uint32_t i = 0; i < COLLECTOR_SLOTS; i++) {
        hash = cb_hash_u64(hash, (uint64_t)state->slots[i].link);
        hash = cb_hash_u64(hash, state->slots[i].attempts);
        hash = cb_hash_u64(hash, (uint64_t)state->slots[i].open_at_ns);
    }
    for (uint32_t i = 0; i < COLLECTOR_JOBS_MAX; i++) {
        hash = cb_hash_u64(hash, (uint64_t)state->jobs[i].state);
        hash = cb_hash_u64(hash, state->jobs[i].attempts);
    }
    return hash;
}

const cb_core_ops collector_core = {.state_size = collector_state_size,
    .init = collector_init,
    .step = collector_step,
    .state_hash = collector_state_hash};

uint32_t collector_pending(const collector_state *state)
{
    CB_ASSERT(state != NULL);
    uint32_t pending =
        state->in_flight + (state->is_begun ? 0U : 1U) + collector_rest_waiting(state);
    for (uint32_t i = 0; i < COLLECTOR_SLOTS; i++) {
        const collector_link link = state->slots[i].link;
        pending += link != COLLECTOR_LINK_IDLE && link != COLLECTOR_LINK_LIVE ? 1U : 0U;
    }
    return pending;
}

bool collector_why_not(const collector_state *state, char *why, size_t why_size)
{
    CB_ASSERT(state != NULL);
    CB_ASSERT(why != NULL && why_size > 0);
    const char *text = NULL;
    if (!state->is_begun) {
        text = "waits for the validator";
    } else if (state->is_banned) {
        text = "banned by the venue (418)";
    } else if (state->primary == COLLECTOR_SLOTS) {
        text = "no connection to the market stream";
    }
    if (text != NULL) {
        (void)cb_text_copy(why, why_size, cb_sv_from(text));
    }
    return text != NULL;
}

void collector_config_defaults(collector_config *config)
{
    CB_ASSERT(config != NULL);
    *config = (collector_config){.venue = "binance",
        .symbols = "BTCUSDT,ETHUSDT",
        .backfill_candles = 500,
        .depth_limit = 5000,
        .book_levels_max = 20000,
        .book_period_ns = 100 * CB_NS_PER_MS,
        .instruments_period_ns = 60 * CB_NS_PER_S,
        .backoff_min_ns = CB_NS_PER_S,
        .backoff_max_ns = 60 * CB_NS_PER_S,
        .rollover_after_ns = 85800 * CB_NS_PER_S,
        .rollover_overlap_ns = 5 * CB_NS_PER_S,
        .silence_ns = 30 * CB_NS_PER_S,
        .consumer_wait_ns = 20 * CB_NS_PER_S,
        .rest_in_flight_max = 4,
        .weight_per_minute = 6000,
        .seed = 1};
}
