/* The life of one REST request under faults: arrival, gate, engine, answer, each at its time.
 * Without rules for requests all of it happens at once and nothing is copied. What is to happen was
 * decided in the core (fault.c); here it is done. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/textbuf.h"
#include "base/timefmt.h"
#include "services/simulator/core/fault_act.h"
#include "services/simulator/hold.h"

#define JSON_TYPE "application/json;charset=UTF-8"
#define HTML_TYPE "text/html"
#define FLOOD_CHUNK ((size_t)256 * 1024)
#define FLOOD_NS CB_NS_PER_MS

static void after_gate(simulator *self, sim_held *held);
static void answer(simulator *self, sim_held *held);

/* ---- headers ---- */

static void set_number(cb_exchange *exchange, const char *name, int64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%lld", (long long)value);
    cb_exchange_set_header(exchange, name, text);
}

static void set_headers(cb_exchange *exchange, const sim_answer *made)
{
    set_number(exchange, "x-mbx-used-weight", made->weight_used);
    set_number(exchange, "x-mbx-used-weight-1m", made->weight_used);
    if (made->orders_10s >= 0) {
        set_number(exchange, "x-mbx-order-count-10s", made->orders_10s);
        set_number(exchange, "x-mbx-order-count-1d", made->orders_1d);
    }
    if (made->retry_after_s >= 0) {
        set_number(exchange, "Retry-After", made->retry_after_s);
    }
    if (made->status >= 300 && made->status < 400) {
        cb_exchange_set_header(exchange, "Location", "https://elsewhere.invalid/");
    }
}

/* ---- leaving ---- */

static void end_exchange(sim_held *held, sim_ending ending)
{
    if (ending == SIM_ENDING_RST) {
        cb_exchange_reset(held->exchange);
    } else {
        cb_exchange_abort(held->exchange);
    }
    sim_held_free(held);
}

static void send_head(sim_held *held, size_t size)
{
    char head[8192];
    set_headers(held->exchange, &held->answer);
    const size_t used =
        cb_exchange_print_head(held->exchange, held->answer.status, held->content_type, size, head);
    (void)cb_exchange_write(held->exchange, head, used);
}

static void send_cut(sim_held *held)
{
    const size_t cut = (size_t)held->fate.cut_bytes;
    send_head(held, held->size);
    if (cut > 0 && held->size > 0) {
        (void)cb_exchange_write(held->exchange, held->text, cut < held->size ? cut : held->size);
    }
    if (held->fate.cut_ending == SIM_ENDING_RST) {
        cb_exchange_reset(held->exchange);
    } else {
        cb_exchange_finish(held->exchange, false);
    }
    sim_held_free(held);
}

/* One byte, and again after its time; the connection goes on when all have left. */
static void send_byte(simulator *self, sim_held *held)
{
    const bool is_left = held->sent < held->size;
    if (!is_left || !cb_exchange_write(held->exchange, held->text + held->sent, 1)) {
        cb_exchange_finish(held->exchange, true);
        sim_held_free(held);
        return;
    }
    held->sent++;
    sim_hold_add(self, held, self->sim->now_ns + held->fate.slow_byte_ns);
}

static void leave_floods(simulator *self, const sim_held *held)
{
    sim_held **link = &self->floods;
    while (*link != held) {
        CB_ASSERT(*link != NULL);
        link = &(*link)->next;
    }
    *link = held->next;
}

/* Blanks as fast as the client reads them. */
static void on_flood(void *context)
{
    sim_held *held = context;
    simulator *self = held->self;
    const int64_t left = held->fate.huge_bytes;
    if (left > 0 && !cb_exchange_is_gone(held->exchange)) {
        if (cb_exchange_queued(held->exchange) == 0) {
            const size_t size = left < (int64_t)FLOOD_CHUNK ? (size_t)left : FLOOD_CHUNK;
            held->fate.huge_bytes -= (int64_t)size;
            (void)cb_exchange_write(held->exchange, held->text, size);
        }
        return;
    }
    leave_floods(self, held);
    cb_exchange_finish(held->exchange, true);
    sim_held_free(held);
}

static void send_huge(simulator *self, sim_held *held)
{
    send_head(held, held->size + (size_t)held->fate.huge_bytes);
    if (held->size > 0) {
        (void)cb_exchange_write(held->exchange, held->text, held->size);
    }
    char *blanks = malloc(FLOOD_CHUNK);
    CB_ASSERT(blanks != NULL);
    memset(blanks, ' ', FLOOD_CHUNK);
    free(held->text);
    held->text = blanks;
    held->self = self;
    held->next = self->floods;
    self->floods = held;
    held->timer = cb_loop_timer(cb_shell_loop(self->shell), FLOOD_NS, FLOOD_NS, on_flood, held);
}

/* The answer is made and its time has come. */
static void send_answer(simulator *self, sim_held *held)
{
    if (held->fate.mutation.is_set) {
        const size_t room = held->size + 1024;
        char *changed = sim_frame_room(self, room);
        const size_t size =
            sim_mutate(&held->fate.mutation, (cb_strview){held->text, held->size}, changed, room);
        sim_held_set_text(held, changed, size);
    }
    sim_journal_answer(self, held->number, held->answer.status, held->text, held->size);
    if (held->fate.cut_bytes >= 0) {
        send_cut(held);
    } else if (held->fate.slow_byte_ns > 0) {
        send_head(held, held->size);
        held->stage = SIM_HOLD_BYTES;
        send_byte(self, held);
    } else if (held->fate.huge_bytes > 0) {
        send_huge(self, held);
    } else {
        set_headers(held->exchange, &held->answer);
        cb_exchange_reply(
            held->exchange, held->answer.status, held->content_type, held->text, held->size);
        sim_held_free(held);
    }
}

/* ---- the exchange's own part ---- */

/* Another answer than the venue's own: of a proxy before it, or a limit that it never had. */
static void replace_answer(sim_held *held, const sim_reply_form *form)
{
    char body[1024];
    const size_t size = sim_reply_body(form, body, sizeof(body));
    held->answer.status = form->status;
    held->answer.retry_after_s = form->retry_after_s;
    held->content_type = form->body == 1 ? HTML_TYPE : JSON_TYPE;
    sim_held_set_text(held, body, size);
}

static void trade_with_self(simulator *self, sim_held *held)
{
    sim_deed deed;
    (void)sim_faults_self_trade(&held->fate,
        self->sim,
        held->glance.account,
        held->glance.symbol,
        held->glance.has_side ? held->glance.side : CB_SIDE_NONE,
        held->glance.qty_e8,
        &deed);
    sim_journal_deed(self, "self_trade", &deed);
}

static void run(simulator *self, sim_held *held)
{
    const sim_fate *fate = &held->fate;
    sim_json body = sim_json_over(self->body, SIM_BODY_SIZE);
    if (fate->has_self_trade && !fate->is_self_trade_maker) {
        trade_with_self(self, held);
    }
    self->api->twist = (sim_twist){
        .gate_ns = held->gate_ns,
        .lag_ns = fate->lag_ns,
        .fails_new = fate->fails_new,
        .fails_cancel = fate->fails_cancel,
        .has_stp = fate->has_self_trade,
        .stp = fate->self_trade_mode,
    };
    held->answer = sim_api_rest(self->api, &held->request, &body);
    self->api->twist = (sim_twist){0};
    CB_ASSERT(!body.is_full);
    held->content_type = JSON_TYPE;
    sim_held_set_text(held, body.out, body.used);
    if (fate->has_self_trade && fate->is_self_trade_maker && held->answer.status == 200) {
        trade_with_self(self, held);
    }
    answer(self, held);
}

/* The venue has answered; whether anybody hears it is another matter. */
static void answer(simulator *self, sim_held *held)
{
    const sim_fate *fate = &held->fate;
    const bool is_lost = fate->is_answer_lost || fate->ending_after != SIM_ENDING_NONE;
    if (is_lost || fate->fake.is_set) {
        sim_journal_lost(self, held->number, held->answer.status, held->text, held->size);
    }
    if (fate->is_answer_lost) {
        sim_hold_park(self, held->exchange);
        sim_held_free(held);
        return;
    }
    if (fate->ending_after != SIM_ENDING_NONE) {
        end_exchange(held, fate->ending_after);
        return;
    }
    if (fate->fake.is_set) {
        replace_answer(held, &fate->fake);
    }
    if (fate->answer_delay_ns > 0) {
        held->stage = SIM_HOLD_ANSWER;
        sim_hold_add(self, held, self->sim->now_ns + fate->answer_delay_ns);
        return;
    }
    send_answer(self, held);
}

/* What a TLS peer says that does not like the handshake. */
static void send_alert(sim_held *held)
{
    static const char alert[] = {0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x28};
    (void)cb_exchange_write(held->exchange, alert, sizeof(alert));
    cb_exchange_finish(held->exchange, false);
    sim_held_free(held);
}

static void after_gate(simulator *self, sim_held *held)
{
    const sim_fate *fate = &held->fate;
    if (fate->is_tls_alert) {
        send_alert(held);
        return;
    }
    if (fate->refusal.is_set) {
        held->answer = (sim_answer){.orders_10s = -1, .orders_1d = -1};
        replace_answer(held, &fate->refusal);
        held->fate.fake.is_set = false;
        answer(self, held);
        return;
    }
    /* What the gate refuses is refused at once; only what passes waits for the engine. */
    if (fate->engine_delay_ns > 0 && sim_api_gate(self->api, &held->request)) {
        held->gate_ns = self->sim->now_ns;
        held->stage = SIM_HOLD_ENGINE;
        sim_hold_add(self, held, self->sim->now_ns + fate->engine_delay_ns);
        return;
    }
    run(self, held);
}

/* ---- arrival ---- */

static void answer_at_once(
    simulator *self, cb_exchange *exchange, uint64_t number, const sim_request *request)
{
    sim_json body = sim_json_over(self->body, SIM_BODY_SIZE);
    const sim_answer made = sim_api_rest(self->api, request, &body);
    CB_ASSERT(!body.is_full);
    set_headers(exchange, &made);
    sim_journal_answer(self, number, made.status, body.out, body.used);
    cb_exchange_reply(exchange, made.status, JSON_TYPE, body.out, body.used);
}

static void name_target(const sim_request *request, char *out, size_t size)
{
    cb_textbuf text = cb_textbuf_over(out, size);
    cb_textbuf_add(&text, request->method);
    cb_textbuf_add(&text, " ");
    cb_textbuf_add(&text, request->path);
}

static sim_fate decide(
    simulator *self, const sim_request *request, uint64_t number, sim_glance *out)
{
    char target[160];
    name_target(request, target, sizeof(target));
    sim_api_glance(self->api, request, out);
    const sim_subject subject = {
        .place = SIM_PLACE_REQUEST,
        .target = target,
        .account = out->account == SIM_NONE ? "" : self->sim->accounts[out->account].name,
        .symbol = out->symbol == SIM_NONE ? "" : self->sim->symbols[out->symbol].spec.symbol,
        .client_id = out->client_id,
        .window_end_ns = out->window_end_ns,
    };
    const sim_fate fate = sim_faults_decide(self->faults, &subject, self->sim->now_ns);
    sim_journal_fate(self, &fate, &subject, "number", number);
    return fate;
}

void sim_request_arrive(
    simulator *self, cb_exchange *exchange, uint64_t number, const sim_request *request)
{
    if (!sim_faults_any(self->faults, SIM_PLACE_REQUEST)) {
        answer_at_once(self, exchange, number, request);
        return;
    }
    sim_glance glance;
    const sim_fate fate = decide(self, request, number, &glance);
    if (fate.hits_count == 0) {
        answer_at_once(self, exchange, number, request);
        return;
    }
    sim_held *held = sim_held_request(request, exchange, number);
    held->fate = fate;
    held->glance = glance;
    if (fate.ending_before != SIM_ENDING_NONE) {
        end_exchange(held, fate.ending_before);
    } else if (fate.is_lost) {
        sim_hold_park(self, exchange);
        sim_held_free(held);
    } else if (fate.request_delay_ns > 0) {
        sim_hold_add(self, held, self->sim->now_ns + fate.request_delay_ns);
    } else {
        after_gate(self, held);
    }
}

void sim_request_go_on(simulator *self, sim_held *held)
{
    switch (held->stage) {
    case SIM_HOLD_GATE:
        after_gate(self, held);
        break;
    case SIM_HOLD_ENGINE:
        run(self, held);
        break;
    case SIM_HOLD_ANSWER:
        send_answer(self, held);
        break;
    case SIM_HOLD_BYTES:
        send_byte(self, held);
        break;
    case SIM_HOLD_FRAME:
    case SIM_HOLD_WS_GATE:
    case SIM_HOLD_WS_ENGINE:
    case SIM_HOLD_PARKED:
    default:
        CB_ASSERT(false);
    }
}
