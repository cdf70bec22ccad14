/* rt/bus.h: core NATS in virtual time. A message goes to everybody who subscribed when it was sent;
 * on the way it may be lost, come twice or come late. Connections break and come back. */
#include "tests/sim/dst_bus.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "tests/sim/dst_traffic.h"

#define LATENCY_MIN_NS (40 * DST_US)
#define LATENCY_MAX_NS (400 * DST_US)

const char *dst_text(const char *text)
{
    return sql_copy_text(&dst->memory, text, strlen(text));
}

dst_packet *dst_packet_new(const char *subject, const char *reply, const void *bytes, size_t size)
{
    dst_packet *packet = dst_alloc(sizeof(*packet));
    *packet = (dst_packet){.subject = dst_text(subject),
        .reply = dst_text(reply != NULL ? reply : ""),
        .bytes = (const uint8_t *)sql_copy_text(&dst->memory, bytes != NULL ? bytes : "", size),
        .size = size};
    return packet;
}

/* ---- delivery ---- */

typedef struct delivery {
    cb_bus *bus;
    uint32_t sub;
    const dst_packet *packet;
} delivery;

static void on_delivery(void *context, void *argument)
{
    const delivery *self = context;
    (void)argument;
    struct cb_bus_sub *sub = &self->bus->subs[self->sub];
    const dst_packet *packet = self->packet;
    if (!self->bus->is_up || !sub->is_used) {
        return;
    }
    self->bus->stats.received_count++;
    const cb_bus_message message = {.raw = (void *)(uintptr_t)packet,
        .subject = packet->subject,
        .reply = packet->reply,
        .bytes = packet->bytes,
        .size = packet->size,
        .recv_mono_ns = cb_mono_ns()};
    sub->fn(sub->context, &message);
}

static void deliver(cb_bus *bus, uint32_t sub, const dst_packet *packet, bool is_lossy)
{
    if (is_lossy && dst_chance(dst->plan.bus_lose_ppm)) {
        return;
    }
    const uint32_t copies = is_lossy && dst_chance(dst->plan.bus_repeat_ppm) ? 2 : 1;
    for (uint32_t i = 0; i < copies; i++) {
        delivery *made = dst_alloc(sizeof(*made));
        *made = (delivery){bus, sub, packet};
        int64_t at_ns = dst->now_ns + dst_between(LATENCY_MIN_NS, LATENCY_MAX_NS);
        if (is_lossy && dst_chance(dst->plan.bus_late_ppm)) {
            at_ns += dst_between(0, dst->plan.bus_late_max_ns);
        }
        dst_deliver(bus->process, at_ns, on_delivery, made, NULL);
    }
}

static bool is_match(const struct cb_bus_sub *sub, const char *subject)
{
    if (!sub->is_used) {
        return false;
    }
    return sub->prefix_size > 0 ? strncmp(sub->pattern, subject, sub->prefix_size) == 0
                                : strcmp(sub->pattern, subject) == 0;
}

void dst_bus_route(const char *target, const dst_packet *packet, bool is_lossy)
{
    const bool is_market = strncmp(target, "md.", 3) == 0 || strncmp(target, "dq.", 3) == 0;
    for (uint32_t i = 0; i < dst->processes_count; i++) {
        cb_bus *bus = dst->processes[i]->bus;
        if (is_market && dst->processes[i]->is_deaf) {
            continue;
        }
        if (!dst->processes[i]->is_alive || bus == NULL || !bus->is_up) {
            continue;
        }
        for (uint32_t k = 0; k < bus->subs_count; k++) {
            if (is_match(&bus->subs[k], target)) {
                deliver(bus, k, packet, is_lossy);
            }
        }
    }
}

static void route(const dst_packet *packet, cb_bus *from)
{
    if (strncmp(packet->subject, "history.ask.", 12) == 0) {
        if (!dst_chance(dst->plan.bus_lose_ppm)) {
            dst_candles_asked(packet);
        }
        return;
    }
    if (strncmp(packet->subject, "$JS.", 4) == 0) {
        (void)dst_stream_request(packet, from);
        return;
    }
    cb_subject_id id = CB_SUBJECT_COUNT;
    if (cb_subject_match(packet->subject, &id) &&
        cb_subject_get(id)->subject_class == CB_CLASS_STREAM) {
        dst_stream_publish(packet, from);
    }
    /* What a service sends to itself is as lossy as the rest. */
    dst_bus_route(packet->subject, packet, true);
}

void dst_bus_inject(const char *subject, const char *reply, const void *bytes, size_t size)
{
    dst_hash(1, bytes, size);
    route(dst_packet_new(subject, reply, bytes, size), NULL);
}

/* ---- the interface ---- */

cb_bus *cb_bus_open(cb_loop *loop, const cb_bus_options *options, cb_err *err)
{
    (void)loop;
    (void)err;
    cb_bus *bus = dst_process_alloc(sizeof(*bus), true);
    bus->process = dst->running;
    bus->is_up = true;
    (void)snprintf(bus->user, sizeof(bus->user), "%s", options->user);
    (void)snprintf(bus->inbox, sizeof(bus->inbox), "_INBOX_%s.", options->user);
    dst->running->bus = bus;
    return bus;
}

void cb_bus_close(cb_bus *bus)
{
    if (bus != NULL) {
        bus->is_up = false;
    }
}

cb_bus_sub *cb_bus_subscribe(
    cb_bus *bus, const char *subject, uint32_t queue_max, cb_bus_fn fn, void *context, cb_err *err)
{
    (void)queue_max;
    (void)err;
    CB_ASSERT(bus->subs_count < CB_BUS_SUBS_MAX);
    struct cb_bus_sub *sub = &bus->subs[bus->subs_count++];
    const size_t size = strlen(subject);
    CB_ASSERT(size < sizeof(sub->pattern));
    memcpy(sub->pattern, subject, size + 1);
    sub->prefix_size = subject[size - 1] == '>' ? size - 1 : 0;
    sub->fn = fn;
    sub->context = context;
    sub->is_used = true;
    return sub;
}

cb_status cb_bus_publish_headers(cb_bus *bus,
    const char *subject,
    const char *reply,
    const cb_bus_header *headers,
    size_t headers_count,
    const void *bytes,
    size_t size,
    cb_err *err)
{
    dst_point("publish");
    if (!bus->is_up) {
        bus->stats.unsent_count++;
        return CB_FAIL(err, CB_E_UNAVAILABLE, "the connection is down");
    }
    dst_packet *packet = dst_packet_new(subject, reply, bytes, size);
    CB_ASSERT(headers_count <= DST_HEADERS_MAX);
    for (size_t i = 0; i < headers_count; i++) {
        packet->headers[i] = (cb_bus_header){dst_text(headers[i].name), dst_text(headers[i].value)};
    }
    packet->headers_count = (uint32_t)headers_count;
    bus->stats.published_count++;
    dst_hash(2, packet->bytes, size);
    route(packet, bus);
    return CB_OK;
}

cb_status cb_bus_publish(cb_bus *bus,
    const char *subject,
    const char *reply,
    const void *bytes,
    size_t size,
    cb_err *err)
{
    return cb_bus_publish_headers(bus, subject, reply, NULL, 0, bytes, size, err);
}

void cb_bus_flush(cb_bus *bus)
{
    (void)bus;
}

const char *cb_bus_message_header(const cb_bus_message *message, const char *name)
{
    const dst_packet *packet = message->raw;
    for (uint32_t i = 0; i < packet->headers_count; i++) {
        if (strcmp(packet->headers[i].name, name) == 0) {
            return packet->headers[i].value;
        }
    }
    return NULL;
}

void cb_bus_message_free(const cb_bus_message *message)
{
    (void)message; /* messages live as long as the schedule */
}

bool cb_bus_is_up(const cb_bus *bus)
{
    return bus->is_up;
}

const char *cb_bus_inbox_prefix(const cb_bus *bus)
{
    return bus->inbox;
}

size_t cb_bus_payload_max(const cb_bus *bus)
{
    (void)bus;
    return (size_t)64 * 1024;
}

void cb_bus_stats_get(cb_bus *bus, cb_bus_stats *out)
{
    *out = bus->stats;
}

void cb_bus_on_state(cb_bus *bus, void (*fn)(void *context, bool is_up), void *context)
{
    bus->state_fn = fn;
    bus->state_context = context;
}

void cb_bus_on_error(cb_bus *bus, void (*fn)(void *context, const char *text), void *context)
{
    (void)bus;
    (void)fn;
    (void)context;
}

/* ---- faults ---- */

static void on_state(void *context, void *argument)
{
    cb_bus *bus = context;
    bus->is_up = argument != NULL;
    if (bus->state_fn != NULL) {
        bus->state_fn(bus->state_context, bus->is_up);
    }
}

void dst_bus_cut(dst_process *process, int64_t duration_ns)
{
    if (!process->is_alive || process->bus == NULL || !process->bus->is_up) {
        return;
    }
    dst_say("%s loses the bus for %.3f s", process->name, (double)duration_ns / 1e9);
    process->bus->is_up = false;
    dst_deliver(process, dst->now_ns, on_state, process->bus, NULL);
    dst_deliver(process, dst->now_ns + duration_ns, on_state, process->bus, dst);
}

void dst_bus_close_of(dst_process *process)
{
    process->bus = NULL;
}
