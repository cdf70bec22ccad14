/* Waiting, watching, firing, fired. Whatever is uncertain leads to canceling again: a cancel of
 * nothing costs nothing. */
#include "services/guardian/core/guardian.h"

#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/strview.h"
#include "base/textbuf.h"
#include "base/timefmt.h"
#include "domain/guardbeat.h"

#define LIST_PERIOD_NS CB_NS_PER_S
#define RETRY_NS (2 * CB_NS_PER_S)
#define EMPTY_MIN 2 /* lists in a row without an order */

struct guardian_state {
    const guardian_config *config; /* [borrowed] */
    guardian_phase phase;
    int64_t now_ns;       /* monotonic, of the newest tick */
    int64_t wall_ns;      /* of the newest tick */
    int64_t started_ns;   /* monotonic; 0: no tick yet */
    int64_t heard_ns;     /* monotonic, when the newest good beat came */
    uint64_t lease_epoch; /* of the newest good beat */
    uint64_t number;
    uint32_t orders_count;
    bool is_known; /* a true beat of any age was seen: execution has lived */
    /* firing */
    bool is_page_set;
    bool is_page_asked;
    bool is_raised;
    bool is_raise_asked;
    int64_t page_due_ns;
    int64_t raise_due_ns;
    bool is_list_asked;
    int64_t list_due_ns;
    uint32_t cancels_asked;
    uint32_t empty_count;
    int64_t arm_due_ns;
    uint64_t beats_count;
    uint64_t refused_count;
    uint64_t fired_count;
    uint64_t canceled_count;
};

const char *guardian_phase_name(guardian_phase phase)
{
    static const char *const names[] = {"waiting", "watching", "firing", "fired"};
    return (uint32_t)phase < sizeof(names) / sizeof(names[0]) ? names[phase] : "?";
}

static size_t guardian_state_size(const void *config)
{
    CB_ASSERT(config != NULL);
    return sizeof(guardian_state);
}

static void guardian_init(void *memory, const void *config, cb_arena *arena)
{
    guardian_state *state = memory;
    CB_ASSERT(state != NULL && config != NULL);
    CB_MAYBE(arena != NULL);
    state->config = config;
    CB_ASSERT(state->config->silence_ns > 0);
}

static guardian_note *note(cb_outbox *out, uint32_t request, const char *event, const char *detail)
{
    guardian_note *body = CB_REQUEST(out, request, guardian_note);
    cb_textbuf text = cb_textbuf_over(body->event, sizeof(body->event));
    cb_textbuf_add(&text, event);
    text = cb_textbuf_over(body->detail, sizeof(body->detail));
    cb_textbuf_add(&text, detail);
    return body;
}

static void say(cb_outbox *out, bool is_error, const char *event, const char *detail)
{
    note(out, GUARDIAN_REQUEST_NOTE, event, detail)->is_error = is_error;
}

/* ---- beats ---- */

static bool is_ours(const guardian_state *state, const cb_guard_beat *beat)
{
    const guardian_config *config = state->config;
    return cb_guardbeat_verify(beat, (const uint8_t *)config->beat_key, strlen(config->beat_key)) &&
           cb_text_equal(beat->account, config->account) &&
           cb_text_equal(beat->venue, config->venue);
}

/* A beat that was recorded and is played again says nothing, nor one from another time. */
static bool is_news(const guardian_state *state, const cb_guard_beat *beat)
{
    const bool is_later = beat->lease_epoch > state->lease_epoch ||
                          (beat->lease_epoch == state->lease_epoch && beat->number > state->number);
    const int64_t age_ns = state->wall_ns - beat->at_ns;
    return is_later && age_ns <= state->config->skew_ns && age_ns >= -state->config->skew_ns;
}

/* The same beat comes both ways; the second is neither news nor wrong. */
static bool is_repeated(const guardian_state *state, const cb_guard_beat *beat)
{
    return beat->lease_epoch == state->lease_epoch && beat->number == state->number;
}

static void on_beat(guardian_state *state, const cb_guard_beat *beat, cb_outbox *out)
{
    if (!is_ours(state, beat)) {
        state->refused_count++;
        return;
    }
    state->is_known = true;
    if (state->started_ns == 0 || !is_news(state, beat)) {
        state->refused_count += is_repeated(state, beat) ? 0 : 1;
        return;
    }
    CB_ASSERT(beat->number > 0);
    state->lease_epoch = beat->lease_epoch;
    state->number = beat->number;
    state->orders_count = beat->orders_count;
    state->heard_ns = state->now_ns;
    state->beats_count++;
    if (state->phase == GUARDIAN_WAITING || state->phase == GUARDIAN_FIRED) {
        const bool is_first = state->phase == GUARDIAN_WAITING;
        state->phase = GUARDIAN_WATCHING;
        state->arm_due_ns = state->now_ns;
        say(out,
            false,
            is_first ? "watching" : "execution_back",
            is_first ? "the first beat has come" : "the level stays until two persons lower it");
    }
}

/* ---- firing ---- */

static void fire(guardian_state *state, int64_t silent_ns, cb_outbox *out)
{
    char detail[GUARDIAN_NOTE_MAX];
    cb_textbuf text = cb_textbuf_over(detail, sizeof(detail));
    cb_textbuf_add(&text, "execution is silent on bus and page for ");
    cb_textbuf_add_i64(&text, silent_ns / CB_NS_PER_MS);
    cb_textbuf_add(&text, " ms");
    state->phase = GUARDIAN_FIRING;
    state->fired_count++;
    state->is_page_set = false;
    state->is_raised = false;
    state->page_due_ns = state->now_ns;
    state->raise_due_ns = state->now_ns;
    state->list_due_ns = state->now_ns;
    state->empty_count = 0;
    say(out, true, "fired", detail);
}

/* The page, the bus, the list: each asked again until it has worked; none waits for another. */
static void ask_on(guardian_state *state, cb_outbox *out)
{
    static const char reason[] = "execution is silent";
    if (!state->is_page_set && !state->is_page_asked && state->now_ns >= state->page_due_ns) {
        state->is_page_asked = true;
        CB_MAYBE(note(out, GUARDIAN_REQUEST_SET_PAGE, "flag_page", reason));
    }
    if (!state->is_raised && !state->is_raise_asked && state->now_ns >= state->raise_due_ns) {
        state->is_raise_asked = true;
        CB_MAYBE(note(out, GUARDIAN_REQUEST_RAISE, "kill", reason));
    }
    if (!state->is_list_asked && state->cancels_asked == 0 && state->now_ns >= state->list_due_ns) {
        state->is_list_asked = true;
        const void *body = cb_outbox_request(out, GUARDIAN_REQUEST_LIST, sizeof(uint64_t));
        CB_ASSERT(body != NULL);
    }
}

static void on_verified(guardian_state *state, cb_outbox *out)
{
    const bool is_alive =
        state->now_ns - state->heard_ns < state->config->silence_ns && state->beats_count > 0;
    if (state->phase == GUARDIAN_FIRING) {
        say(out, true, "canceled_all", "no open order is left, asked twice");
    }
    if (is_alive) {
        say(out, false, "execution_back", "the level stays until two persons lower it");
    }
    state->phase = is_alive ? GUARDIAN_WATCHING : GUARDIAN_FIRED;
    state->list_due_ns = state->now_ns + state->config->recheck_ns;
    state->arm_due_ns = state->now_ns;
}

static void cancel_symbols(guardian_state *state, const guardian_listed *listed, cb_outbox *out)
{
    char detail[GUARDIAN_NOTE_MAX];
    cb_textbuf text = cb_textbuf_over(detail, sizeof(detail));
    cb_textbuf_add_u64(&text, listed->orders_count);
    cb_textbuf_add(&text, " open orders of ");
    cb_textbuf_add_u64(&text, listed->symbols_count);
    cb_textbuf_add(&text, " symbols");
    say(out, true, "canceling", detail);
    CB_ASSERT(listed->symbols_count <= GUARDIAN_SYMBOLS_MAX);
    for (uint32_t i = 0; i < listed->symbols_count; i++) {
        guardian_symbol *body = CB_REQUEST(out, GUARDIAN_REQUEST_CANCEL_ALL, guardian_symbol);
        memcpy(body->symbol, listed->symbols[i], sizeof(body->symbol));
        state->cancels_asked++;
    }
    state->canceled_count += listed->orders_count;
}

static void on_listed(guardian_state *state, const guardian_listed *listed, cb_outbox *out)
{
    CB_ASSERT(state->is_list_asked);
    state->is_list_asked = false;
    state->list_due_ns = state->now_ns + LIST_PERIOD_NS;
    if (!listed->is_ok) {
        state->list_due_ns = state->now_ns + RETRY_NS;
        state->empty_count = 0;
        return;
    }
    if (listed->orders_count == 0) {
        state->empty_count++;
        if (state->empty_count >= EMPTY_MIN) {
            on_verified(state, out);
        }
        return;
    }
    state->empty_count = 0;
    /* What comes up after all was verified is one that was on its way when execution fell silent.
     */
    state->phase = GUARDIAN_FIRING;
    cancel_symbols(state, listed, out);
}

static void on_canceled(guardian_state *state)
{
    CB_ASSERT(state->cancels_asked > 0);
    state->cancels_asked--;
    if (state->cancels_asked == 0) {
        state->list_due_ns = state->now_ns; /* whatever they said, the list tells */
    }
}

/* ---- time ---- */

/* The venue's own switch, where it has one, is wound up only while execution lives. */
static void arm(guardian_state *state, cb_outbox *out)
{
    const char *at = state->config->symbols;
    if (state->config->deadman_ns == 0 || state->now_ns < state->arm_due_ns) {
        return;
    }
    state->arm_due_ns = state->now_ns + state->config->deadman_period_ns;
    for (uint32_t i = 0; i < GUARDIAN_SYMBOLS_MAX && *at != '\0'; i++) {
        const char *end = strchr(at, ',');
        const size_t size = end == NULL ? strlen(at) : (size_t)(end - at);
        guardian_symbol *body = CB_REQUEST(out, GUARDIAN_REQUEST_ARM, guardian_symbol);
        const bool fits = cb_text_copy(body->symbol, sizeof(body->symbol), (cb_strview){at, size});
        CB_ASSERT(fits); /* the shell has checked the list */
        at += size + (end == NULL ? 0 : 1);
    }
}

static void on_tick(guardian_state *state, const guardian_tick *tick, cb_outbox *out)
{
    CB_ASSERT(tick->mono_ns >= state->now_ns);
    state->now_ns = tick->mono_ns;
    state->wall_ns = tick->wall_ns;
    state->started_ns = state->started_ns == 0 ? tick->mono_ns : state->started_ns;
    const int64_t own_ns = state->started_ns + state->config->grace_ns - state->config->silence_ns;
    const int64_t since_ns = state->beats_count > 0 ? state->heard_ns : own_ns;
    const int64_t silent_ns = state->now_ns - since_ns;
    const bool is_guarding =
        state->phase == GUARDIAN_WATCHING || (state->phase == GUARDIAN_WAITING && state->is_known);
    if (is_guarding && silent_ns >= state->config->silence_ns) {
        fire(state, silent_ns, out);
    }
    if (state->phase == GUARDIAN_FIRING || state->phase == GUARDIAN_FIRED) {
        ask_on(state, out);
    } else if (state->phase == GUARDIAN_WATCHING) {
        arm(state, out);
    }
}

static void guardian_step(void *memory, const cb_event *event, cb_outbox *out)
{
    guardian_state *state = memory;
    CB_ASSERT(state != NULL);
    CB_ASSERT(out != NULL);
    switch (event->type) {
    case CB_MSG_GUARD_BEAT:
    case GUARDIAN_EVENT_PAGE:
        on_beat(state, CB_BODY(event, cb_guard_beat), out);
        return;
    case GUARDIAN_EVENT_TICK:
        on_tick(state, CB_BODY(event, guardian_tick), out);
        return;
    case GUARDIAN_EVENT_LISTED:
        on_listed(state, CB_BODY(event, guardian_listed), out);
        return;
    case GUARDIAN_EVENT_CANCELED:
        CB_MAYBE(CB_BODY(event, guardian_answer)->is_ok);
        on_canceled(state);
        return;
    case GUARDIAN_EVENT_PAGE_SET:
        state->is_page_asked = false;
        state->is_page_set = CB_BODY(event, guardian_answer)->is_ok;
        state->page_due_ns = state->now_ns + RETRY_NS;
        return;
    case GUARDIAN_EVENT_RAISED:
        state->is_raise_asked = false;
        state->is_raised = CB_BODY(event, guardian_answer)->is_ok;
        state->raise_due_ns = state->now_ns + RETRY_NS;
        if (state->is_raised) {
            say(out, true, "kill_raised", "risk has the level");
        }
        return;
    default:
        return; /* heartbeats and the like */
    }
}

static uint64_t guardian_state_hash(const void *memory)
{
    const guardian_state *state = memory;
    CB_ASSERT(state != NULL);
    uint64_t hash = cb_hash_u64(CB_HASH_SEED, (uint64_t)state->phase);
    hash = cb_hash_u64(cb_hash_u64(hash, state->lease_epoch), state->number);
    hash = cb_hash_u64(cb_hash_u64(hash, (uint64_t)state->heard_ns), state->empty_count);
    hash = cb_hash_u64(cb_hash_u64(hash, state->fired_count), state->canceled_count);
    return cb_hash_u64(hash, state->cancels_asked);
}

void guardian_look(const guardian_state *state, guardian_view *out)
{
    CB_ASSERT(state != NULL);
    CB_ASSERT(out != NULL);
    *out = (guardian_view){.phase = state->phase,
        .silent_ns = state->beats_count == 0 ? 0 : state->now_ns - state->heard_ns,
        .beats_count = state->beats_count,
        .refused_count = state->refused_count,
        .fired_count = state->fired_count,
        .canceled_count = state->canceled_count,
        .orders_count = state->orders_count};
}

const cb_core_ops guardian_core = {
    .state_size = guardian_state_size,
    .init = guardian_init,
    .step = guardian_step,
    .state_hash = guardian_state_hash,
};
