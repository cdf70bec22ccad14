/* The bus connection: opening, subscribing, publishing, and bringing what was read into the
 * publishers' order. Reconnecting is cnats' own business (bus_link.c takes the new socket). */
#include "rt/bus_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define RECONNECT_WAIT_MS 200
#define RECONNECT_JITTER_MS 100
#define PING_INTERVAL_MS 2000
#define PINGS_OUT_MAX 2
#define ORDER_PREFIX "o."
#define IO_BUFFER_SIZE (256 * 1024)

cb_status bus_fail(cb_err *err, natsStatus status, const char *what)
{
    if (status == NATS_OK) {
        return CB_OK;
    }
    natsStatus last = NATS_OK;
    const char *detail = nats_GetLastError(&last);
    cb_status code = CB_E_IO;
    if (status == NATS_NO_SERVER || status == NATS_TIMEOUT || status == NATS_IO_ERROR ||
        status == NATS_CONNECTION_CLOSED || status == NATS_CONNECTION_DISCONNECTED) {
        code = CB_E_UNAVAILABLE;
    } else if (status == NATS_CONNECTION_AUTH_FAILED || status == NATS_NOT_PERMITTED) {
        code = CB_E_AUTH;
    } else if (status == NATS_MAX_PAYLOAD) {
        code = CB_E_RANGE;
    }
    const bool has_detail = detail != NULL && detail[0] != '\0' && last == status;
    return CB_FAIL(err,
        code,
        "%s: %s%s%s",
        what,
        natsStatus_GetText(status),
        has_detail ? ": " : "",
        has_detail ? detail : "");
}

/* ---- opening ---- */

static natsStatus set_basic_options(natsOptions *to, const cb_bus_options *from)
{
    natsStatus status = natsOptions_SetURL(to, from->url);
    if (status == NATS_OK) {
        status = natsOptions_SetName(to, from->user);
    }
    if (status == NATS_OK && from->password[0] != '\0') {
        status = natsOptions_SetUserInfo(to, from->user, from->password);
    }
    if (status == NATS_OK && from->ca_file[0] != '\0') {
        status = natsOptions_LoadCATrustedCertificates(to, from->ca_file);
    }
    if (status == NATS_OK) {
        status = natsOptions_SetTimeout(to, from->connect_timeout_ms);
    }
    return status;
}

static natsStatus set_tuning(natsOptions *to)
{
    natsStatus status = natsOptions_SetSendAsap(to, true);
    if (status == NATS_OK) {
        status = natsOptions_SetMaxReconnect(to, -1);
    }
    if (status == NATS_OK) {
        status = natsOptions_SetReconnectWait(to, RECONNECT_WAIT_MS);
    }
    if (status == NATS_OK) {
        status = natsOptions_SetReconnectJitter(to, RECONNECT_JITTER_MS, RECONNECT_JITTER_MS);
    }
    if (status == NATS_OK) {
        status = natsOptions_SetPingInterval(to, PING_INTERVAL_MS);
    }
    if (status == NATS_OK) {
        status = natsOptions_SetMaxPingsOut(to, PINGS_OUT_MAX);
    }
    if (status == NATS_OK) {
        status = natsOptions_SetIOBufSize(to, IO_BUFFER_SIZE);
    }
    return status;
}

/* The URL without "user:password@", for messages. */
static void url_for_people(const char *url, char *out, size_t size)
{
    const char *scheme = strstr(url, "://");
    const char *at = strrchr(url, '@');
    if (scheme != NULL && at != NULL && at > scheme) {
        (void)snprintf(out, size, "%.*s%s", (int)(scheme + 3 - url), url, at + 1);
    } else {
        (void)snprintf(out, size, "%s", url);
    }
}

static cb_status connect_now(cb_bus *bus, const cb_bus_options *options, cb_err *err)
{
    natsOptions *to = NULL;
    cb_status result = CB_OK;
    natsStatus status = natsOptions_Create(&to);
    if (status == NATS_OK) {
        status = set_basic_options(to, options);
    }
    if (status == NATS_OK) {
        status = set_tuning(to);
    }
    result = bus_fail(err, status, "NATS options");
    if (result == CB_OK) {
        result = bus_link_options(bus, to, err);
    }
    if (result == CB_OK) {
        result = bus_fail(err, natsConnection_Connect(&bus->nc, to), "NATS");
    }
    if (result != CB_OK) {
        char url[256];
        url_for_people(options->url, url, sizeof(url));
        CB_MAYBE(cb_err_context(err, "connecting to %s as %s", url, options->user) != CB_OK);
    }
    natsOptions_Destroy(to);
    return result;
}

static void on_turn(void *context)
{
    cb_bus_flush(context);
}

/* cnats frees messages in a thread of its own, which each of them wakes: so they are handed over
 * many at a time. */
static void free_used(cb_bus *bus)
{
    for (size_t i = 0; i < bus->used_count; i++) {
        natsMsg_Destroy(bus->used[i]);
    }
    bus->used_count = 0;
}

static void free_later(cb_bus *bus, natsMsg *message)
{
    CB_ASSERT(bus->used_count < BUS_USED_MAX);
    bus->used[bus->used_count++] = message;
    if (bus->used_count == BUS_USED_MAX) {
        free_used(bus);
    }
}

static void bus_free(cb_bus *bus)
{
    CB_MAYBE(pthread_cond_destroy(&bus->shared.closed));
    CB_MAYBE(pthread_mutex_destroy(&bus->shared.mutex));
    free(bus);
}

cb_bus *cb_bus_open(cb_loop *loop, const cb_bus_options *options, cb_err *err)
{
    cb_bus *bus = calloc(1, sizeof(*bus));
    CB_ASSERT(bus != NULL);
    bus->loop = loop;
    bus->fd = -1;
    bus->shared.fd = -1;
    bus->duty_thread = pthread_self();
    /* Numbers of a later process are higher than those of an earlier one, whatever it published. */
    bus->next_order = (uint64_t)cb_wall_ns();
    (void)snprintf(bus->inbox_prefix, sizeof(bus->inbox_prefix), "_INBOX_%.40s.", options->user);
    const int mutex_rc = pthread_mutex_init(&bus->shared.mutex, NULL);
    const int cond_rc = pthread_cond_init(&bus->shared.closed, NULL);
    CB_ASSERT(mutex_rc == 0 && cond_rc == 0);
    if (connect_now(bus, options, err) != CB_OK) {
        bus_link_close(bus);
        bus_free(bus);
        return NULL;
    }
    bus->is_up = true;
    bus->shared.is_up = true;
    bus_link_apply(bus);
    cb_loop_on_turn(loop, on_turn, bus);
    return bus;
}

void cb_bus_close(cb_bus *bus)
{
    if (bus == NULL) {
        return;
    }
    cb_bus_flush(bus);
    free_used(bus);
    for (size_t i = 0; i < bus->subs_count; i++) {
        natsSubscription_Destroy(bus->subs[i].raw);
    }
    cb_bus_flush(bus);
    cb_loop_off_turn(bus->loop, on_turn, bus);
    natsConnection_Close(bus->nc);
    natsConnection_Destroy(bus->nc);
    bus->nc = NULL;
    const bool is_closed = bus_link_await_closed(bus);
    bus_link_close(bus);
    /* Without the last callback the memory stays: a library thread may still use it. */
    if (is_closed) {
        bus_free(bus);
    }
}

/* ---- receiving ---- */

cb_bus_sub *cb_bus_subscribe(
    cb_bus *bus, const char *subject, uint32_t queue_max, cb_bus_fn fn, void *context, cb_err *err)
{
    CB_ASSERT(bus->subs_count < CB_BUS_SUBS_MAX);
    CB_ASSERT(fn != NULL);
    cb_bus_sub *sub = &bus->subs[bus->subs_count];
    *sub = (cb_bus_sub){.bus = bus, .fn = fn, .context = context};
    natsStatus status = natsConnection_SubscribeSync(&sub->raw, bus->nc, subject);
    if (status == NATS_OK) {
        status = natsSubscription_SetPendingLimits(sub->raw, (int)queue_max, -1);
    }
    if (status != NATS_OK) {
        CB_MAYBE(bus_fail(err, status, subject) != CB_OK);
        return NULL;
    }
    bus->subs_count++;
    return sub;
}

static uint64_t parse_order(const char *reply)
{
    const size_t prefix = sizeof(ORDER_PREFIX) - 1;
    if (strncmp(reply, ORDER_PREFIX, prefix) != 0) {
        return 0;
    }
    char *end = NULL;
    const unsigned long long order = strtoull(reply + prefix, &end, 16);
    return end != NULL && *end == '\0' ? (uint64_t)order : 0;
}

static void fill_message(cb_bus *bus, cb_bus_message *message, natsMsg *raw, int64_t now_ns)
{
    const char *reply = natsMsg_GetReply(raw);
    const char *data = natsMsg_GetData(raw);
    message->raw = raw;
    message->bus = bus;
    message->subject = natsMsg_GetSubject(raw);
    message->order = reply != NULL ? parse_order(reply) : 0;
    message->reply = reply != NULL && message->order == 0 ? reply : "";
    message->bytes = (const uint8_t *)(data != NULL ? data : "");
    message->size = (size_t)natsMsg_GetDataLength(raw);
    message->recv_mono_ns = now_ns;
}

/* Takes what one subscription has queued; a full batch leaves the rest for the next round. */
static size_t collect_sub(cb_bus *bus, cb_bus_sub *sub, size_t count, int64_t now_ns)
{
    while (count < BUS_BATCH_MAX) {
        natsMsg *raw = NULL;
        const natsStatus status = natsSubscription_NextMsg(&raw, sub->raw, 0);
        if (status == NATS_SLOW_CONSUMER) {
            continue; /* told once after a drop; the messages that were kept follow */
        }
        if (status != NATS_OK) {
            break;
        }
        fill_message(bus, &bus->batch[count].message, raw, now_ns);
        bus->batch[count].sub = sub;
        count++;
    }
    return count;
}

/* A stable merge sort: messages without a number keep their place among themselves and come first,
 * as answers and acknowledgements do. Batches are small and mostly in order already. */
static void sort_batch(bus_arrival *items, bus_arrival *scratch, size_t count)
{
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t low = 0; low + width < count; low += 2 * width) {
            const size_t middle = low + width;
            const size_t high = middle + width < count ? middle + width : count;
            if (items[middle - 1].message.order <= items[middle].message.order) {
                continue;
            }
            memcpy(scratch + low, items + low, (middle - low) * sizeof(items[0]));
            size_t left = low;
            size_t right = middle;
            for (size_t at = low; left < middle; at++) {
                const bool is_right =
                    right < high && items[right].message.order < scratch[left].message.order;
                items[at] = is_right ? items[right++] : scratch[left++];
            }
        }
    }
}

void bus_drain(cb_bus *bus)
{
    if (bus->is_draining) {
        return;
    }
    bus->is_draining = true;
    size_t count = 0;
    do {
        const int64_t now_ns = cb_mono_ns();
        count = 0;
        for (size_t i = 0; i < bus->subs_count; i++) {
            count = collect_sub(bus, &bus->subs[i], count, now_ns);
        }
        sort_batch(bus->batch, bus->scratch, count);
        bus->stats.received_count += count;
        for (size_t i = 0; i < count; i++) {
            bus->batch[i].sub->fn(bus->batch[i].sub->context, &bus->batch[i].message);
        }
    } while (count == BUS_BATCH_MAX);
    bus->is_draining = false;
}

const char *cb_bus_message_header(const cb_bus_message *message, const char *name)
{
    const char *value = NULL;
    return natsMsgHeader_Get(message->raw, name, &value) == NATS_OK ? value : NULL;
}

void cb_bus_message_free(const cb_bus_message *message)
{
    free_later(message->bus, message->raw);
}

/* ---- publishing ---- */

static cb_status published(cb_bus *bus, natsStatus status, const char *subject, cb_err *err)
{
    if (status == NATS_OK) {
        bus->stats.published_count++;
        return CB_OK;
    }
    return bus_fail(err, status, subject);
}

cb_status cb_bus_publish(cb_bus *bus,
    const char *subject,
    const char *reply,
    const void *bytes,
    size_t size,
    cb_err *err)
{
    CB_ASSERT(size <= INT32_MAX);
    if (!bus->is_up) {
        bus->stats.unsent_count++;
        return CB_FAIL(err, CB_E_UNAVAILABLE, "%s: NATS connection is down", subject);
    }
    char order[32];
    if (reply == NULL) {
        (void)snprintf(order, sizeof(order), ORDER_PREFIX "%" PRIx64, bus->next_order++);
        reply = order;
    }
    const natsStatus status =
        reply[0] == '\0' ? natsConnection_Publish(bus->nc, subject, bytes, (int)size)
                         : natsConnection_PublishRequest(bus->nc, subject, reply, bytes, (int)size);
    return published(bus, status, subject, err);
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
    CB_ASSERT(size <= INT32_MAX);
    if (!bus->is_up) {
        bus->stats.unsent_count++;
        return CB_FAIL(err, CB_E_UNAVAILABLE, "%s: NATS connection is down", subject);
    }
    natsMsg *message = NULL;
    natsStatus status = natsMsg_Create(&message, subject, reply, bytes, (int)size);
    for (size_t i = 0; i < headers_count && status == NATS_OK; i++) {
        status = natsMsgHeader_Set(message, headers[i].name, headers[i].value);
    }
    if (status == NATS_OK) {
        status = natsConnection_PublishMsg(bus->nc, message);
    }
    if (message != NULL) {
        free_later(bus, message);
    }
    return published(bus, status, subject, err);
}

void cb_bus_flush(cb_bus *bus)
{
    if (bus->nc != NULL) {
        bus_link_apply(bus);
    }
}

/* ---- telling ---- */

bool cb_bus_is_up(const cb_bus *bus)
{
    return bus->is_up;
}

const char *cb_bus_inbox_prefix(const cb_bus *bus)
{
    return bus->inbox_prefix;
}

size_t cb_bus_payload_max(const cb_bus *bus)
{
    const int64_t size = natsConnection_GetMaxPayload(bus->nc);
    return size > 0 ? (size_t)size : 0;
}

void cb_bus_stats_get(cb_bus *bus, cb_bus_stats *out)
{
    bus->stats.dropped_count = 0;
    for (size_t i = 0; i < bus->subs_count; i++) {
        int64_t dropped = 0;
        if (natsSubscription_GetDropped(bus->subs[i].raw, &dropped) == NATS_OK && dropped > 0) {
            bus->stats.dropped_count += (uint64_t)dropped;
        }
    }
    *out = bus->stats;
}

void cb_bus_on_state(cb_bus *bus, void (*fn)(void *context, bool is_up), void *context)
{
    bus->on_state = fn;
    bus->on_state_context = context;
}

void cb_bus_on_error(cb_bus *bus, void (*fn)(void *context, const char *text), void *context)
{
    bus->on_error = fn;
    bus->on_error_context = context;
}
