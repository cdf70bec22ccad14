/* Where every WebSocket frame leaves and every message of the WebSocket API comes in: the place
 * where they are lost, doubled, held back, put out of order or changed. REST has its own file
 * (requests.c). */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/textbuf.h"
#include "services/simulator/hold.h"

#define TARGET_SIZE 128

char *sim_frame_room(simulator *self, size_t size)
{
    if (size > self->frame_room_size) {
        free(self->frame_room);
        self->frame_room = malloc(size);
        CB_ASSERT(self->frame_room != NULL);
        self->frame_room_size = size;
    }
    return self->frame_room;
}

sim_link *sim_link_find(const simulator *self, uint64_t conn)
{
    for (uint32_t i = 0; i < SIM_WS_CONNS_MAX; i++) {
        if (self->ws->conns[i].kind == SIM_CONN_FREE) {
            continue;
        }
        sim_link *link = self->ws->conns[i].handle;
        if (cb_ws_conn_id(link->conn) == conn) {
            return link;
        }
    }
    return NULL;
}

/* Lockstep compares what was sent with what was received: what does not leave does not count. */
static void count(simulator *self, sim_frame_class frame_class, int64_t by)
{
    if (frame_class == SIM_FRAME_CLASS_USER) {
        self->ws->user_sent_count += (uint64_t)by;
    } else if (frame_class == SIM_FRAME_CLASS_MARKET) {
        self->ws->market_sent_count += (uint64_t)by;
    }
}

/* ---- sending ---- */

static void write_frame(
    simulator *self, sim_link *link, sim_frame_class frame_class, const char *text, size_t size)
{
    static const char *const names[] = {"market", "out", "out", "user"};
    cb_metric_add(self->frames, 1);
    if (frame_class != SIM_FRAME_CLASS_MARKET || self->settings->journal_market) {
        (void)sim_journal_ws(self, names[frame_class], cb_ws_conn_id(link->conn), text, size);
    }
    (void)cb_ws_conn_send(link->conn, text, size);
}

static void write_held(simulator *self, sim_link *link, sim_held *held)
{
    count(self, held->frame_class, 1);
    if (!held->is_stamped) {
        write_frame(self, link, held->frame_class, held->text, held->size);
        return;
    }
    const size_t room = held->size + 64;
    char *stamped = sim_frame_room(self, room);
    const size_t size =
        sim_restamp((cb_strview){held->text, held->size}, sim_venue_ns(self->sim), stamped, room);
    write_frame(self, link, held->frame_class, stamped, size);
}

/* A frame leaves, and with it those that waited for it to pass. */
static void send_frame(
    simulator *self, sim_link *link, sim_frame_class frame_class, const char *text, size_t size)
{
    write_frame(self, link, frame_class, text, size);
    const uint64_t conn = cb_ws_conn_id(link->conn);
    sim_held *held;
    while (self->held_count > 0 && (held = sim_hold_passed(self, conn, frame_class)) != NULL) {
        write_held(self, link, held);
        sim_held_free(held);
    }
}

static void hold_frame(simulator *self,
    const sim_link *link,
    sim_frame_class frame_class,
    const char *text,
    size_t size,
    const sim_fate *fate,
    int64_t due_ns)
{
    sim_held *held = sim_held_create(SIM_HOLD_FRAME);
    held->conn = cb_ws_conn_id(link->conn);
    held->frame_class = frame_class;
    held->behind = fate->behind_frames;
    held->is_stamped = fate->is_stamped;
    sim_held_set_text(held, text, size);
    sim_hold_add(self, held, due_ns);
    count(self, frame_class, -1);
}

void sim_frame_go_on(simulator *self, sim_held *held)
{
    sim_link *link = sim_link_find(self, held->conn);
    CB_ASSERT(held->stage == SIM_HOLD_FRAME);
    if (link != NULL && !link->is_silent) {
        write_held(self, link, held);
    }
    sim_held_free(held);
}

/* ---- fates of frames ---- */

/* The text after every change that the fate asks for; it may be in the frame room. */
static cb_strview changed(simulator *self, const sim_fate *fate, cb_strview text)
{
    const size_t room = text.size * 2 + 1024;
    if (!fate->mutation.is_set && fate->ids_by == 0 && !fate->is_corrupt) {
        return text;
    }
    char *rooms = sim_frame_room(self, 2 * room);
    char *other = rooms + room;
    if (fate->mutation.is_set) {
        text = (cb_strview){rooms, sim_mutate(&fate->mutation, text, rooms, room)};
    }
    if (fate->ids_by != 0) {
        text = (cb_strview){other, sim_move_ids(text, fate->ids_by, other, room)};
    }
    if (fate->is_corrupt) {
        char *out = text.at == rooms ? other : rooms;
        text = (cb_strview){out, sim_corrupt(text, fate->roll, out, room)};
    }
    return text;
}

static void name_target(const simulator *self, bool is_user, char target[TARGET_SIZE])
{
    const sim_about *about = &self->ws->about;
    cb_textbuf text = cb_textbuf_over(target, TARGET_SIZE);
    if (is_user) {
        cb_textbuf_add(&text, about->event);
        cb_textbuf_add(&text, about->detail[0] == '\0' ? "" : ".");
        cb_textbuf_add(&text, about->detail);
    } else if (about->symbol != SIM_NONE) {
        sim_stream_name(self->sim, about->symbol, (sim_stream)about->stream, target);
    } else {
        cb_textbuf_add(&text, "!miniTicker@arr");
    }
}

static sim_fate decide(simulator *self, const sim_link *link, bool is_user)
{
    char target[TARGET_SIZE];
    const sim_about *about = &self->ws->about;
    name_target(self, is_user, target);
    const sim_subject subject = {
        .place = is_user ? SIM_PLACE_USER : SIM_PLACE_MARKET,
        .target = target,
        .account = is_user ? self->sim->accounts[about->account].name : "",
        .symbol = about->symbol == SIM_NONE ? "" : self->sim->symbols[about->symbol].spec.symbol,
        .client_id = is_user ? about->client_id : "",
    };
    const sim_fate fate = sim_faults_decide(self->faults, &subject, self->sim->now_ns);
    sim_journal_fate(self, &fate, &subject, "conn", cb_ws_conn_id(link->conn));
    return fate;
}

static void pass_frame(simulator *self,
    sim_link *link,
    sim_frame_class frame_class,
    cb_strview text,
    const sim_fate *fate)
{
    const int64_t now_ns = self->sim->now_ns;
    if (fate->is_lost) {
        count(self, frame_class, -1);
        return;
    }
    text = changed(self, fate, text);
    for (uint32_t copy = 0; copy < fate->copies; copy++) {
        count(self, frame_class, copy > 0 ? 1 : 0);
        if (fate->behind_frames > 0) {
            hold_frame(self, link, frame_class, text.at, text.size, fate, now_ns + fate->behind_ns);
            continue;
        }
        /* One connection is one sequence: what comes behind something late is late too. */
        int64_t due_ns = now_ns + fate->delay_ns;
        due_ns = due_ns > link->last_due_ns ? due_ns : link->last_due_ns;
        if (due_ns > now_ns) {
            link->last_due_ns = due_ns;
            hold_frame(self, link, frame_class, text.at, text.size, fate, due_ns);
        } else {
            send_frame(self, link, frame_class, text.at, text.size);
        }
    }
}

/* The last events are kept, for a venue that tells them again. */
static void remember(simulator *self, const char *text, size_t size)
{
    sim_replay *slot = &self->replays[self->replays_count % SIM_REPLAYS_MAX];
    self->replays_count++;
    free(slot->text);
    slot->text = malloc(size + 1);
    CB_ASSERT(slot->text != NULL);
    memcpy(slot->text, text, size);
    slot->text[size] = '\0';
    slot->size = size;
    slot->account = self->ws->about.account;
}

static void answer_ws(simulator *self, sim_link *link, cb_strview text);

void sim_gate_frame(
    void *context, void *handle, sim_frame_class frame_class, const char *text, size_t size)
{
    simulator *self = context;
    sim_link *link = handle;
    const bool is_user = frame_class == SIM_FRAME_CLASS_USER;
    if (link->is_silent) {
        count(self, frame_class, -1);
        return;
    }
    if (is_user) {
        remember(self, text, size);
    }
    if (frame_class == SIM_FRAME_CLASS_ANSWER && self->ws_held != NULL) {
        answer_ws(self, link, (cb_strview){text, size});
        return;
    }
    const bool is_event = is_user || frame_class == SIM_FRAME_CLASS_MARKET;
    sim_fate fate = {.copies = 1};
    if (is_event && sim_faults_any(self->faults, is_user ? SIM_PLACE_USER : SIM_PLACE_MARKET)) {
        fate = decide(self, link, is_user);
    }
    pass_frame(self, link, frame_class, (cb_strview){text, size}, &fate);
}

void sim_gate_replay(simulator *self, uint32_t account, uint64_t frames)
{
    const uint64_t kept =
        self->replays_count < SIM_REPLAYS_MAX ? self->replays_count : SIM_REPLAYS_MAX;
    uint64_t at = self->replays_count - (frames < kept ? frames : kept);
    for (; at < self->replays_count; at++) {
        const sim_replay *replay = &self->replays[at % SIM_REPLAYS_MAX];
        for (uint32_t i = 0; i < SIM_WS_CONNS_MAX; i++) {
            sim_conn *conn = &self->ws->conns[i];
            for (uint32_t s = 0; conn->kind == SIM_CONN_API && s < SIM_WS_USERS_MAX; s++) {
                const bool is_meant = conn->users[s] != SIM_NONE &&
                                      conn->users[s] == replay->account &&
                                      (account == SIM_NONE || account == replay->account);
                sim_link *link = conn->handle;
                if (is_meant && !link->is_silent) {
                    count(self, SIM_FRAME_CLASS_USER, 1);
                    write_frame(self, link, SIM_FRAME_CLASS_USER, replay->text, replay->size);
                }
            }
        }
    }
}

/* ---- messages of the WebSocket API ---- */

static void end_link(sim_link *link, sim_ending ending)
{
    if (ending == SIM_ENDING_RST) {
        cb_ws_conn_reset(link->conn);
    } else {
        cb_ws_conn_close(link->conn, 1001, "going away");
    }
}

/* The venue has answered a message that a rule is about. */
static void answer_ws(simulator *self, sim_link *link, cb_strview text)
{
    sim_held *held = self->ws_held;
    const sim_fate *fate = &held->fate;
    char body[1024];
    char frame[2048];
    const bool is_lost = fate->is_answer_lost || fate->ending_after != SIM_ENDING_NONE;
    if (is_lost || fate->fake.is_set) {
        sim_journal_lost(self, held->number, 0, text.at, text.size);
    }
    if (fate->ending_after != SIM_ENDING_NONE) {
        end_link(link, fate->ending_after);
    }
    if (is_lost) {
        return;
    }
    if (fate->fake.is_set) {
        const size_t size = sim_reply_body(&fate->fake, body, sizeof(body));
        const cb_strview error = {body, size};
        text = (cb_strview){frame,
            sim_ws_api_error(held->id,
                fate->fake.status,
                fate->fake.body == 0 ? error : CB_SV("null"),
                frame,
                sizeof(frame))};
    }
    const sim_fate rest = {
        .copies = 1, .mutation = fate->mutation, .delay_ns = fate->answer_delay_ns};
    pass_frame(self, link, SIM_FRAME_CLASS_ANSWER, text, &rest);
}

static void run_ws(simulator *self, sim_link *link, sim_held *held)
{
    self->api->twist = (sim_twist){
        .gate_ns = held->gate_ns,
        .lag_ns = held->fate.lag_ns,
        .fails_new = held->fate.fails_new,
        .fails_cancel = held->fate.fails_cancel,
    };
    self->ws_held = held;
    sim_ws_message(self->ws, link->slot, (cb_strview){held->text, held->size});
    self->ws_held = NULL;
    self->api->twist = (sim_twist){0};
    sim_held_free(held);
}

static void after_ws_gate(simulator *self, sim_link *link, sim_held *held)
{
    char body[1024];
    char frame[2048];
    if (held->fate.refusal.is_set) {
        const size_t size = sim_reply_body(&held->fate.refusal, body, sizeof(body));
        const size_t used = sim_ws_api_error(held->id,
            held->fate.refusal.status,
            held->fate.refusal.body == 0 ? (cb_strview){body, size} : CB_SV("null"),
            frame,
            sizeof(frame));
        send_frame(self, link, SIM_FRAME_CLASS_ANSWER, frame, used);
        sim_held_free(held);
        return;
    }
    if (held->fate.engine_delay_ns > 0) {
        held->gate_ns = self->sim->now_ns;
        held->stage = SIM_HOLD_WS_ENGINE;
        sim_hold_add(self, held, self->sim->now_ns + held->fate.engine_delay_ns);
        return;
    }
    run_ws(self, link, held);
}

static sim_fate decide_ws(simulator *self, const sim_link *link, sim_held *held)
{
    char method[64];
    char target[TARGET_SIZE];
    sim_ws_api_glance(
        self->ws, (cb_strview){held->text, held->size}, method, held->id, &held->glance);
    cb_textbuf text = cb_textbuf_over(target, sizeof(target));
    cb_textbuf_add(&text, "WS ");
    cb_textbuf_add(&text, method);
    const sim_glance *glance = &held->glance;
    const sim_subject subject = {
        .place = SIM_PLACE_REQUEST,
        .target = target,
        .account = glance->account == SIM_NONE ? "" : self->sim->accounts[glance->account].name,
        .symbol = glance->symbol == SIM_NONE ? "" : self->sim->symbols[glance->symbol].spec.symbol,
        .client_id = glance->client_id,
        .window_end_ns = glance->window_end_ns,
    };
    const sim_fate fate = sim_faults_decide(self->faults, &subject, self->sim->now_ns);
    sim_journal_fate(self, &fate, &subject, "conn", cb_ws_conn_id(link->conn));
    return fate;
}

void sim_gate_message(simulator *self, sim_link *link, const char *text, size_t size)
{
    if (link->is_silent) {
        return;
    }
    if (link->is_market || !sim_faults_any(self->faults, SIM_PLACE_REQUEST)) {
        sim_ws_message(self->ws, link->slot, (cb_strview){text, size});
        return;
    }
    sim_held *held = sim_held_create(SIM_HOLD_WS_GATE);
    held->conn = cb_ws_conn_id(link->conn);
    sim_held_set_text(held, text, size);
    held->fate = decide_ws(self, link, held);
    if (held->fate.ending_before != SIM_ENDING_NONE || held->fate.is_tls_alert) {
        end_link(link, held->fate.ending_before);
        sim_held_free(held);
    } else if (held->fate.is_lost) {
        sim_held_free(held);
    } else if (held->fate.request_delay_ns > 0) {
        sim_hold_add(self, held, self->sim->now_ns + held->fate.request_delay_ns);
    } else {
        after_ws_gate(self, link, held);
    }
}

void sim_message_go_on(simulator *self, sim_held *held)
{
    sim_link *link = sim_link_find(self, held->conn);
    if (link == NULL || link->is_silent) {
        sim_held_free(held);
    } else if (held->stage == SIM_HOLD_WS_GATE) {
        after_ws_gate(self, link, held);
    } else {
        CB_ASSERT(held->stage == SIM_HOLD_WS_ENGINE);
        run_ws(self, link, held);
    }
}

/* ---- connections as a whole ---- */

static bool is_meant(const simulator *self, const sim_conn *conn, bool is_user, const char *account)
{
    if (conn->kind != (is_user ? SIM_CONN_API : SIM_CONN_MARKET)) {
        return false;
    }
    if (!is_user || account[0] == '\0') {
        return true;
    }
    for (uint32_t s = 0; s < SIM_WS_USERS_MAX; s++) {
        if (conn->users[s] != SIM_NONE &&
            sim_pattern_matches(account, self->sim->accounts[conn->users[s]].name)) {
            return true;
        }
    }
    return false;
}

uint32_t sim_gate_cut(simulator *self, bool is_user, const char *account, sim_ending ending)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < SIM_WS_CONNS_MAX; i++) {
        if (is_meant(self, &self->ws->conns[i], is_user, account)) {
            end_link(self->ws->conns[i].handle, ending);
            found++;
        }
    }
    return found;
}

uint32_t sim_gate_silence(simulator *self, bool is_user, const char *account, uint32_t rule)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < SIM_WS_CONNS_MAX; i++) {
        sim_link *link = self->ws->conns[i].handle;
        if (is_meant(self, &self->ws->conns[i], is_user, account) && !link->is_silent) {
            link->is_silent = true;
            link->silent_rule = rule;
            cb_ws_conn_freeze(link->conn);
            found++;
        }
    }
    return found;
}

void sim_gate_end_silence(simulator *self, uint32_t rule)
{
    for (uint32_t i = 0; i < SIM_WS_CONNS_MAX; i++) {
        sim_link *link = self->ws->conns[i].handle;
        if (self->ws->conns[i].kind != SIM_CONN_FREE && link->silent_rule == rule) {
            cb_ws_conn_reset(link->conn);
        }
    }
}
