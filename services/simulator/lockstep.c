/* Lockstep: time stands still until the whole chain is done with the last event. A step is
 *   A  the clock moves to t; candles that ended by t are told, one symbol after the other
 *   B  the events at t are played, one symbol after the other
 * and after each of these everything must settle: every service idle, every counter of what was
 * sent equal to what was received on the other side, and two rounds of questions in agreement.
 * Nothing here decides by wall time; the deadline only makes the log name who blocks. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "services/simulator/simulator.h"
#include "wire/codec.h"

#define ASK_TIMEOUT_MS 1000
#define PAUSE_NS (300 * CB_NS_PER_US) /* before each round: asking costs those who work */
#define PAUSE_LATE_NS (5 * CB_NS_PER_MS)
#define LATE_NS (50 * CB_NS_PER_MS)
#define REST_NS (2 * CB_NS_PER_S) /* unchanged for so long after a restart: offsets are taken */

static void ask_all(simulator *self);
static void on_settled(simulator *self);

/* ---- who is in it ---- */

static sim_peer *find_peer(sim_lockstep *step, const char *name)
{
    for (uint32_t i = 0; i < step->peers_count; i++) {
        if (strcmp(step->peers[i].name, name) == 0) {
            return &step->peers[i];
        }
    }
    return NULL;
}

static void add_edge(
    sim_lockstep *step, const char *name, const char *producer, const char *consumer)
{
    CB_ASSERT(step->edges_count < SIM_LOCKSTEP_EDGES_MAX);
    sim_edge *edge = &step->edges[step->edges_count];
    step->edges_count++;
    (void)cb_text_copy(edge->name, sizeof(edge->name), cb_sv_from(name));
    (void)cb_text_copy(edge->producer, sizeof(edge->producer), cb_sv_from(producer));
    (void)cb_text_copy(edge->consumer, sizeof(edge->consumer), cb_sv_from(consumer));
}

/* Beats (KILL_BEAT, HEARTBEAT) go by the wall clock: they are no part of the market's causes. */
static bool is_beat(const cb_subject *row)
{
    return row->shard == CB_SHARD_SERVICE && row->subject_class == CB_CLASS_CORE;
}

static bool is_beat_name(const char *name)
{
    for (uint32_t id = 0; id < CB_SUBJECT_COUNT; id++) {
        const cb_subject *row = cb_subject_get((cb_subject_id)id);
        if (strcmp(row->token, name) == 0) {
            return is_beat(row);
        }
    }
    return false;
}

/* Every row of the bus between two of the services, and the two kinds of WebSocket frames. */
static void find_edges(sim_lockstep *step)
{
    for (uint32_t id = 0; id < CB_SUBJECT_COUNT; id++) {
        const cb_subject *row = cb_subject_get((cb_subject_id)id);
        if (row->subject_class == CB_CLASS_REQUEST || is_beat(row) ||
            strcmp(row->consumers, "*") == 0 || find_peer(step, row->owner) == NULL) {
            continue;
        }
        for (uint32_t i = 0; i < step->peers_count; i++) {
            if (cb_subject_is_consumer(row, step->peers[i].name)) {
                add_edge(step, row->token, row->owner, step->peers[i].name);
            }
        }
    }
    if (find_peer(step, "collector") != NULL) {
        add_edge(step, "ws.market", "simulator", "collector");
    }
    if (find_peer(step, "execution") != NULL) {
        add_edge(step, "ws.user", "simulator", "execution");
    }
}

cb_status sim_lockstep_open(simulator *self, cb_err *err)
{
    sim_lockstep *step = &self->lockstep;
    char name[16];
    if (!sim_pace_is_lockstep(self)) {
        return CB_OK;
    }
    for (size_t i = 0;
         cb_config_list_item(self->settings->lockstep_services, i, name, sizeof(name));
         i++) {
        if (step->peers_count == SIM_LOCKSTEP_SERVICES_MAX) {
            return CB_FAIL(
                err, CB_E_CONFIG, "lockstep.services: more than %d", SIM_LOCKSTEP_SERVICES_MAX);
        }
        (void)cb_text_copy(step->peers[step->peers_count].name, sizeof(name), cb_sv_from(name));
        step->peers_count++;
    }
    find_edges(step);
    return CB_OK;
}

/* ---- judging a round ---- */

static bool find_count(const cb_sync_reply *reply, const char *name, cb_sync_count *out)
{
    *out = (cb_sync_count){0};
    for (uint32_t i = 0; i < reply->counts_count; i++) {
        if (strcmp(reply->counts[i].name, name) == 0) {
            *out = reply->counts[i];
            return true;
        }
    }
    return false;
}

static uint64_t sent_on(simulator *self, const sim_edge *edge)
{
    cb_sync_count count;
    if (strcmp(edge->name, "ws.market") == 0) {
        return self->ws->market_sent_count;
    }
    if (strcmp(edge->name, "ws.user") == 0) {
        return self->ws->user_sent_count;
    }
    const sim_peer *producer = find_peer(&self->lockstep, edge->producer);
    CB_ASSERT(producer != NULL);
    CB_MAYBE(find_count(&producer->reply, edge->name, &count));
    return count.sent_count;
}

static uint64_t received_on(simulator *self, const sim_edge *edge)
{
    cb_sync_count count;
    const sim_peer *consumer = find_peer(&self->lockstep, edge->consumer);
    CB_ASSERT(consumer != NULL);
    CB_MAYBE(find_count(&consumer->reply, edge->name, &count));
    return count.received_count;
}

/* True when any counter of the service is lower than before: it has been started again. */
static bool has_restarted(const sim_peer *peer)
{
    if (!peer->has_last) {
        return false;
    }
    for (uint32_t i = 0; i < peer->last.counts_count; i++) {
        cb_sync_count now;
        CB_MAYBE(find_count(&peer->reply, peer->last.counts[i].name, &now));
        if (is_beat_name(peer->last.counts[i].name)) {
            continue;
        }
        if (now.sent_count < peer->last.counts[i].sent_count ||
            now.received_count < peer->last.counts[i].received_count) {
            return true;
        }
    }
    return peer->reply.env.epoch != peer->last.env.epoch;
}

static bool is_same_round(const sim_peer *peer)
{
    if (!peer->has_last || peer->reply.counts_count != peer->last.counts_count) {
        return false;
    }
    for (uint32_t i = 0; i < peer->reply.counts_count; i++) {
        const cb_sync_count *now = &peer->reply.counts[i];
        const cb_sync_count *before = &peer->last.counts[i];
        if (is_beat_name(now->name)) {
            continue;
        }
        if (strcmp(now->name, before->name) != 0 || now->sent_count != before->sent_count ||
            now->received_count != before->received_count) {
            return false;
        }
    }
    return true;
}

__attribute__((format(printf, 2, 3))) static bool blocked_by(
    sim_lockstep *step, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(step->blocked, sizeof(step->blocked), format, args);
    va_end(args);
    return false;
}

static bool services_are_done(simulator *self)
{
    sim_lockstep *step = &self->lockstep;
    for (uint32_t i = 0; i < step->peers_count; i++) {
        const sim_peer *peer = &step->peers[i];
        if (!peer->is_answered) {
            return blocked_by(step, "%s does not answer", peer->name);
        }
        if (!peer->reply.is_idle) {
            return blocked_by(step, "%s is at work", peer->name);
        }
        if (step->is_first && !peer->reply.is_ready) {
            return blocked_by(step, "%s is not ready", peer->name);
        }
        if (peer->reply.clock_ns != (uint64_t)self->sim->now_ns) {
            return blocked_by(step, "%s has not the clock of this step", peer->name);
        }
    }
    return true;
}

static bool edges_are_even(simulator *self)
{
    sim_lockstep *step = &self->lockstep;
    for (uint32_t i = 0; i < step->edges_count; i++) {
        const sim_edge *edge = &step->edges[i];
        const int64_t sent = (int64_t)sent_on(self, edge);
        const int64_t received = (int64_t)received_on(self, edge);
        const int64_t counted = received + edge->offset;
        if (sent > counted) {
            return blocked_by(step,
                "%s: %s has received %lld of %lld from %s",
                edge->name,
                edge->consumer,
                (long long)counted,
                (long long)sent,
                edge->producer);
        }
    }
    return true;
}

/* After a restart the counters of both sides began at different times: what they differ by when all
 * has been at rest for a while is what they will differ by from now on. */
static bool take_offsets(simulator *self)
{
    sim_lockstep *step = &self->lockstep;
    if (!step->is_restart || cb_mono_ns() - step->stable_mono_ns < REST_NS) {
        return false;
    }
    for (uint32_t i = 0; i < step->edges_count; i++) {
        sim_edge *edge = &step->edges[i];
        const int64_t offset = (int64_t)sent_on(self, edge) - (int64_t)received_on(self, edge);
        if (offset != edge->offset) {
            CB_LOG(self->log,
                CB_LOG_WARN,
                "lockstep_offset",
                CB_KV("edge", edge->name),
                CB_KV("consumer", edge->consumer),
                CB_KI("offset", offset));
        }
        edge->offset = offset;
    }
    step->is_restart = false;
    return true;
}

static void warn_when_late(simulator *self)
{
    sim_lockstep *step = &self->lockstep;
    const int64_t now_ns = cb_mono_ns();
    const int64_t since_ns =
        step->warned_mono_ns > step->began_mono_ns ? step->warned_mono_ns : step->began_mono_ns;
    if (now_ns - since_ns < self->settings->lockstep_timeout_ns) {
        return;
    }
    step->warned_mono_ns = now_ns;
    CB_LOG(self->log,
        CB_LOG_ERROR,
        "lockstep_blocked",
        CB_KV("by", step->blocked),
        CB_KI("step", step->step),
        CB_KI("seconds", (now_ns - step->began_mono_ns) / CB_NS_PER_S));
}

static bool is_round_settled(simulator *self)
{
    sim_lockstep *step = &self->lockstep;
    bool is_stable = true;
    for (uint32_t i = 0; i < step->peers_count; i++) {
        const sim_peer *peer = &step->peers[i];
        if (peer->is_answered && has_restarted(peer)) {
            step->is_restart = true;
            CB_LOG(self->log, CB_LOG_WARN, "lockstep_restart", CB_KV("service", peer->name));
        }
        is_stable = is_stable && peer->is_answered && is_same_round(peer);
    }
    /* Being busy for a moment (a canary, a poll) does not count as movement; a counter does. */
    if (!is_stable || step->stable_mono_ns == 0) {
        step->stable_mono_ns = cb_mono_ns();
    }
    if (!services_are_done(self)) {
        return false;
    }
    if (!is_stable) {
        return blocked_by(step, "counters still move");
    }
    if (take_offsets(self)) {
        return true;
    }
    return edges_are_even(self);
}

/* ---- asking ---- */

static void on_round(simulator *self)
{
    sim_lockstep *step = &self->lockstep;
    step->is_asking = false;
    const bool is_settled = is_round_settled(self);
    for (uint32_t i = 0; i < step->peers_count; i++) {
        sim_peer *peer = &step->peers[i];
        if (peer->is_answered) {
            peer->last = peer->reply;
            peer->has_last = true;
        }
    }
    if (is_settled) {
        step->is_settling = false;
        step->is_first = false;
        step->blocked[0] = '\0';
        on_settled(self);
        return;
    }
    warn_when_late(self);
    const bool is_late = cb_mono_ns() - step->began_mono_ns > LATE_NS;
    cb_timer_reset(step->timer, is_late ? PAUSE_LATE_NS : PAUSE_NS);
}

static void on_reply(simulator *self, uint32_t index, const void *bytes, size_t size)
{
    sim_lockstep *step = &self->lockstep;
    sim_peer *peer = &step->peers[index];
    cb_err err = {0};
    CB_ASSERT(step->missing > 0);
    step->missing--;
    peer->is_heard = true;
    peer->is_answered =
        bytes != NULL &&
        cb_decode(cb_msg_desc(CB_MSG_SYNC_REPLY), bytes, size, &peer->reply, &err) == CB_OK;
    if (err.code != CB_OK) {
        cb_log_err(self->log, CB_LOG_ERROR, "lockstep_bad_reply", &err);
    }
    if (step->missing == 0) {
        on_round(self);
    }
}

/* One function per slot: the runtime gives back only one pointer, and answers come in any order. */
#define REPLY_SLOT(n)                                                                              \
    static void on_reply_##n(void *context, const void *bytes, size_t size)                        \
    {                                                                                              \
        on_reply(context, n, bytes, size);                                                         \
    }
REPLY_SLOT(0)
REPLY_SLOT(1)
REPLY_SLOT(2)
REPLY_SLOT(3)
REPLY_SLOT(4)
REPLY_SLOT(5)
REPLY_SLOT(6)
REPLY_SLOT(7)
REPLY_SLOT(8)
REPLY_SLOT(9)
REPLY_SLOT(10)
REPLY_SLOT(11)
REPLY_SLOT(12)
REPLY_SLOT(13)
REPLY_SLOT(14)
REPLY_SLOT(15)

static void ask_all(simulator *self)
{
    static void (*const slots[SIM_LOCKSTEP_SERVICES_MAX])(void *, const void *, size_t) = {
        on_reply_0,
        on_reply_1,
        on_reply_2,
        on_reply_3,
        on_reply_4,
        on_reply_5,
        on_reply_6,
        on_reply_7,
        on_reply_8,
        on_reply_9,
        on_reply_10,
        on_reply_11,
        on_reply_12,
        on_reply_13,
        on_reply_14,
        on_reply_15};
    sim_lockstep *step = &self->lockstep;
    if (step->is_asking) {
        return;
    }
    step->is_asking = true;
    step->missing = step->peers_count;
    step->round++;
    for (uint32_t i = 0; i < step->peers_count; i++) {
        step->peers[i].is_answered = false;
        step->peers[i].is_heard = false;
    }
    const cb_sync_request request = {.step = step->step, .round = step->round};
    for (uint32_t i = 0; i < step->peers_count; i++) {
        cb_shell_ask(self->shell,
            CB_SUBJECT_SYNC,
            step->peers[i].name,
            &request,
            ASK_TIMEOUT_MS,
            slots[i],
            self);
    }
}

static void on_timer(void *context)
{
    simulator *self = context;
    if (self->lockstep.is_settling) {
        ask_all(self);
    }
}

static void settle(simulator *self)
{
    sim_lockstep *step = &self->lockstep;
    step->is_settling = true;
    step->began_mono_ns = cb_mono_ns();
    step->stable_mono_ns = 0;
    /* From the loop, not from within an answer: a chain of steps must not grow the stack. */
    cb_timer_reset(step->timer, PAUSE_NS);
}

/* ---- the steps ---- */

/* True when closing told something that must settle before the next symbol. */
static bool close_next(simulator *self)
{
    sim_lockstep *step = &self->lockstep;
    while (step->symbol < self->sim->symbols_count) {
        const uint32_t symbol = step->symbol;
        step->symbol++;
        if (sim_next_close_ns(self->sim, symbol) <= self->sim->now_ns) {
            sim_close_candles(self->sim, symbol);
            return true;
        }
    }
    return false;
}

static bool play_next(simulator *self)
{
    sim_lockstep *step = &self->lockstep;
    while (step->symbol < self->sim->symbols_count) {
        const uint32_t symbol = step->symbol;
        step->symbol++;
        if (sim_market_is_due(self, symbol)) {
            sim_market_play(self, symbol);
            sim_market_tell(self, true);
            return true;
        }
    }
    return false;
}

static void finish(simulator *self)
{
    sim_pace_tell(self);
    if (self->settings->on_end == 1) {
        (void)raise(SIGTERM);
    }
}

static void begin_step(simulator *self)
{
    sim_lockstep *step = &self->lockstep;
    if (sim_market_is_over(self)) {
        step->phase = SIM_PHASE_IDLE;
        finish(self);
        return;
    }
    sim_set_now(self->sim, sim_market_next_ns(self));
    sim_faults_advance(self);
    step->step++;
    step->phase = SIM_PHASE_CLOSE;
    step->symbol = 0;
    /* The clock alone first: a service must have set its own before a message of the new time
     * comes. */
    sim_pace_tell(self);
    settle(self);
}

static void on_settled(simulator *self)
{
    sim_lockstep *step = &self->lockstep;
    if (self->progress == SIM_PROGRESS_WAITING) {
        self->progress = SIM_PROGRESS_RUNNING;
        self->started_mono_ns = cb_mono_ns();
        CB_LOG(self->log, CB_LOG_INFO, "market_started", CB_KV("speed", "lockstep"));
    }
    if (step->phase == SIM_PHASE_CLOSE) {
        if (close_next(self)) {
            settle(self);
            return;
        }
        step->phase = SIM_PHASE_EVENT;
        step->symbol = 0;
    }
    if (step->phase == SIM_PHASE_EVENT && play_next(self)) {
        settle(self);
        return;
    }
    begin_step(self);
}

void sim_lockstep_start(simulator *self)
{
    sim_lockstep *step = &self->lockstep;
    step->timer = cb_loop_timer(cb_shell_loop(self->shell), 0, 0, on_timer, self);
    step->phase = SIM_PHASE_IDLE;
    step->is_first = true;
    step->is_restart = true; /* a simulator that starts again meets counters that did not */
    settle(self);
}

void sim_lockstep_close(simulator *self)
{
    cb_timer_remove(self->lockstep.timer);
    self->lockstep.timer = NULL;
}
