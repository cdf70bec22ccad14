/* What waits for market time: requests before the gate or the engine, answers and frames on their
 * way, and those that are lost for ever while their line stays open. In order of time, then of
 * arrival, so that equal runs release in equal order. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "services/simulator/hold.h"

#define PARKED_NS                                                                                  \
    (INT64_C(180) * CB_NS_PER_S) /* of wall time; every client has given up by then                \
                                  */

static char *copy_text(const char *text, size_t size)
{
    char *copy = malloc(size + 1);
    CB_ASSERT(copy != NULL);
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

sim_held *sim_held_create(sim_hold_stage stage)
{
    sim_held *held = calloc(1, sizeof(*held));
    CB_ASSERT(held != NULL);
    held->stage = stage;
    held->fate.copies = 1;
    held->fate.cut_bytes = -1;
    return held;
}

sim_held *sim_held_request(const sim_request *request, cb_exchange *exchange, uint64_t number)
{
    sim_held *held = sim_held_create(SIM_HOLD_GATE);
    const char *const texts[] = {request->method,
        request->path,
        request->query,
        request->body,
        request->api_key,
        request->client};
    char *copies[6];
    for (size_t i = 0; i < 6; i++) {
        copies[i] = copy_text(texts[i], strlen(texts[i]));
        held->owned[i] = copies[i];
    }
    held->request = (sim_request){copies[0], copies[1], copies[2], copies[3], copies[4], copies[5]};
    held->exchange = exchange;
    held->number = number;
    return held;
}

void sim_held_set_text(sim_held *held, const char *text, size_t size)
{
    free(held->text);
    held->text = copy_text(text, size);
    held->size = size;
}

void sim_held_free(sim_held *held)
{
    for (size_t i = 0; i < sizeof(held->owned) / sizeof(held->owned[0]); i++) {
        free(held->owned[i]);
    }
    cb_timer_remove(held->timer);
    free(held->text);
    free(held);
}

static bool is_before(const sim_held *a, const sim_held *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->seq < b->seq;
}

void sim_hold_add(simulator *self, sim_held *held, int64_t due_ns)
{
    CB_ASSERT(held->next == NULL);
    held->due_ns = due_ns;
    held->seq = ++self->held_seq;
    sim_held **link = &self->held;
    while (*link != NULL && !is_before(held, *link)) {
        link = &(*link)->next;
    }
    held->next = *link;
    *link = held;
    self->held_count++;
}

sim_held *sim_hold_take(simulator *self, int64_t now_ns)
{
    sim_held *held = self->held;
    if (held == NULL || held->due_ns > now_ns) {
        return NULL;
    }
    self->held = held->next;
    held->next = NULL;
    self->held_count--;
    return held;
}

int64_t sim_hold_next_ns(const simulator *self)
{
    return self->held == NULL ? INT64_MAX : self->held->due_ns;
}

/* One more frame has passed on this connection: what waits behind frames comes nearer. */
sim_held *sim_hold_passed(simulator *self, uint64_t conn, sim_frame_class frame_class)
{
    for (sim_held **link = &self->held; *link != NULL; link = &(*link)->next) {
        sim_held *held = *link;
        const bool is_meant = held->stage == SIM_HOLD_FRAME && held->conn == conn &&
                              held->behind > 0 && held->frame_class == frame_class;
        if (!is_meant) {
            continue;
        }
        held->behind--;
        if (held->behind == 0) {
            *link = held->next;
            held->next = NULL;
            self->held_count--;
            return held;
        }
    }
    return NULL;
}

/* ---- the lost ---- */

void sim_hold_park(simulator *self, cb_exchange *exchange)
{
    sim_held *held = sim_held_create(SIM_HOLD_PARKED);
    held->exchange = exchange;
    held->due_ns = cb_mono_ns() + PARKED_NS;
    held->next = self->parked;
    self->parked = held;
}

void sim_hold_sweep(simulator *self, bool is_all)
{
    const int64_t now_ns = cb_mono_ns();
    for (sim_held **link = &self->parked; *link != NULL;) {
        sim_held *held = *link;
        if (!is_all && held->due_ns > now_ns && !cb_exchange_is_gone(held->exchange)) {
            link = &held->next;
            continue;
        }
        *link = held->next;
        cb_exchange_abort(held->exchange);
        sim_held_free(held);
    }
}

void sim_hold_close(simulator *self)
{
    sim_hold_sweep(self, true);
    while (self->held != NULL) {
        sim_held *held = self->held;
        self->held = held->next;
        if (held->exchange != NULL) {
            cb_exchange_abort(held->exchange);
        }
        sim_held_free(held);
    }
    self->held_count = 0;
    while (self->floods != NULL) {
        sim_held *held = self->floods;
        self->floods = held->next;
        cb_exchange_abort(held->exchange);
        sim_held_free(held);
    }
}
