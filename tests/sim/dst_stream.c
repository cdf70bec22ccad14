/* JetStream as the services use it: streams with limits retention, durable pull consumers with
 * explicit acknowledgement, redelivery after the wait, dedupe by message id. It never fsyncs before
 * it acknowledges, so a restart of the server may forget the newest messages and acknowledgements.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "tests/sim/dst_bus.h"
#include "tests/sim/dst_check.h"

#define STORED_MAX 4096
#define CONSUMERS_MAX 48
#define PULLS_MAX 8
#define ACK_WAIT_NS (5 * DST_S) /* as provisioned */
#define LATENCY_NS (60 * DST_US)
#define FORGET_NS (2 * DST_S) /* written so recently that a power cut may lose it */

typedef struct stored {
    const dst_packet *packet;
    const char *id; /* Nats-Msg-Id, NULL */
    int64_t at_ns;
} stored;

typedef struct stream {
    stored *items; /* [owned] */
    uint32_t count;
} stream;

typedef struct pull {
    const char *reply;
    int64_t batch;
    int64_t expires_ns;
} pull;

typedef struct consumer {
    cb_subject_id row;
    char service[24];
    uint32_t next;         /* not yet delivered, from here */
    uint8_t *is_acked;     /* [owned] by place in the stream */
    int64_t *delivered_ns; /* [owned] when last; 0 = never */
    uint32_t floor;        /* all before it are acknowledged */
    pull pulls[PULLS_MAX];
    uint32_t pulls_count;
    bool is_due; /* a serving event is on its way */
} consumer;

static stream streams[CB_SUBJECT_COUNT];
static consumer consumers[CONSUMERS_MAX];
static uint32_t consumers_count;

void dst_stream_reset(void)
{
    for (uint32_t i = 0; i < CB_SUBJECT_COUNT; i++) {
        streams[i].count = 0;
    }
    consumers_count = 0; /* their arrays are kept */
}

static consumer *get_consumer(cb_subject_id row, const char *service)
{
    for (uint32_t i = 0; i < consumers_count; i++) {
        if (consumers[i].row == row && strcmp(consumers[i].service, service) == 0) {
            return &consumers[i];
        }
    }
    CB_ASSERT(consumers_count < CONSUMERS_MAX);
    consumer *self = &consumers[consumers_count++];
    *self = (consumer){.row = row, .is_acked = self->is_acked, .delivered_ns = self->delivered_ns};
    (void)snprintf(self->service, sizeof(self->service), "%s", service);
    if (self->is_acked == NULL) {
        self->is_acked = calloc(STORED_MAX, 1);
        self->delivered_ns = calloc(STORED_MAX, sizeof(int64_t));
        CB_ASSERT(self->is_acked != NULL && self->delivered_ns != NULL);
    }
    memset(self->is_acked, 0, streams[row].count);
    memset(self->delivered_ns, 0, streams[row].count * sizeof(int64_t));
    return self;
}

static const char *header_of(const dst_packet *packet, const char *name)
{
    for (uint32_t i = 0; i < packet->headers_count; i++) {
        if (strcmp(packet->headers[i].name, name) == 0) {
            return packet->headers[i].value;
        }
    }
    return NULL;
}

/* ---- serving ---- */

static void serve(void *context, void *argument);

static void serve_at(consumer *self, int64_t at_ns)
{
    if (!self->is_due) {
        self->is_due = true;
        dst_at(at_ns, serve, self, NULL);
    }
}

static void send_one(consumer *self, uint32_t place, const char *target)
{
    const stored *item = &streams[self->row].items[place];
    dst_packet *packet = dst_alloc(sizeof(*packet));
    *packet = *item->packet;
    /* Who acknowledges names the message that it got: after a torn file the place may be another's,
     * and the server cannot tell. */
    char reply[140];
    const char *hop = header_of(packet, "Cb-Hop");
    (void)snprintf(reply,
        sizeof(reply),
        "$JS.ACK.%s.%s.1.%" PRIu32 ".%.48s",
        cb_subject_get(self->row)->token,
        self->service,
        place,
        hop != NULL ? hop : "");
    packet->reply = dst_text(reply);
    self->delivered_ns[place] = dst->now_ns;
    dst_bus_route(target, packet, true);
}

/* The next place to deliver: one that was never delivered, or whose acknowledgement is late. */
static bool find_place(consumer *self, uint32_t *out, int64_t *retry_ns)
{
    const uint32_t count = streams[self->row].count;
    *retry_ns = INT64_MAX;
    while (self->floor < self->next && self->is_acked[self->floor]) {
        self->floor++;
    }
    for (uint32_t place = self->floor; place < self->next; place++) {
        if (self->is_acked[place]) {
            continue;
        }
        const int64_t due_ns = self->delivered_ns[place] + ACK_WAIT_NS;
        if (due_ns <= dst->now_ns) {
            *out = place;
            return true;
        }
        *retry_ns = due_ns < *retry_ns ? due_ns : *retry_ns;
    }
    if (self->next < count) {
        *out = self->next++;
        return true;
    }
    return false;
}

static void drop_pull(consumer *self)
{
    self->pulls_count--;
    memmove(self->pulls, self->pulls + 1, self->pulls_count * sizeof(self->pulls[0]));
}

/* 408 with what was not used */
static void expire_pull(consumer *self)
{
    char unused[24];
    (void)snprintf(unused, sizeof(unused), "%" PRId64, self->pulls[0].batch);
    dst_packet *packet = dst_packet_new(self->pulls[0].reply, "", "", 0);
    packet->headers[0] = (cb_bus_header){"Status", "408"};
    packet->headers[1] = (cb_bus_header){"Nats-Pending-Messages", dst_text(unused)};
    packet->headers_count = 2;
    dst_bus_route(self->pulls[0].reply, packet, true);
    drop_pull(self);
}

static void serve(void *context, void *argument)
{
    consumer *self = context;
    (void)argument;
    self->is_due = false;
    uint32_t place = 0;
    int64_t retry_ns = INT64_MAX;
    while (self->pulls_count > 0) {
        if (self->pulls[0].expires_ns <= dst->now_ns) {
            expire_pull(self);
            continue;
        }
        if (!find_place(self, &place, &retry_ns)) {
            break;
        }
        send_one(self, place, self->pulls[0].reply);
        if (--self->pulls[0].batch == 0) {
            drop_pull(self);
        }
    }
    if (self->pulls_count > 0) {
        const int64_t expires_ns = self->pulls[0].expires_ns;
        /* A new message or acknowledgement does not wait for this. */
        dst_at(retry_ns < expires_ns ? retry_ns : expires_ns, serve, self, NULL);
    }
}

/* ---- requests ---- */

static int64_t json_number(const char *json, const char *name)
{
    const char *at = strstr(json, name);
    return at != NULL ? strtoll(at + strlen(name) + 2, NULL, 10) : 0;
}

static bool find_row(const char *token, size_t size, cb_subject_id *out)
{
    for (uint32_t id = 0; id < CB_SUBJECT_COUNT; id++) {
        const char *own = cb_subject_get((cb_subject_id)id)->token;
        if (strlen(own) == size && memcmp(own, token, size) == 0) {
            *out = (cb_subject_id)id;
            return true;
        }
    }
    return false;
}

static void on_ack(const char *rest)
{
    /* TOKEN.service.1.place */
    cb_subject_id row = CB_SUBJECT_COUNT;
    char service[24];
    const size_t token_size = strcspn(rest, ".");
    if (!find_row(rest, token_size, &row)) {
        return;
    }
    const char *at = rest + token_size + 1;
    const size_t service_size = strcspn(at, ".");
    (void)snprintf(service, sizeof(service), "%.*s", (int)service_size, at);
    char *hop = NULL;
    const uint64_t place = strtoull(at + service_size + 3, &hop, 10);
    consumer *self = get_consumer(row, service);
    if (hop[0] == '.' && hop[1] != '\0') {
        dst_note_ack(service, hop + 1);
    }
    if (place < self->next) {
        self->is_acked[place] = 1;
    }
}

static void on_pull(const char *rest, const dst_packet *packet)
{
    cb_subject_id row = CB_SUBJECT_COUNT;
    const size_t token_size = strcspn(rest, ".");
    if (!find_row(rest, token_size, &row)) {
        return;
    }
    consumer *self = get_consumer(row, rest + token_size + 1);
    const char *json = (const char *)packet->bytes;
    if (self->pulls_count == PULLS_MAX) {
        drop_pull(self);
    }
    self->pulls[self->pulls_count++] = (pull){
        packet->reply, json_number(json, "batch"), dst->now_ns + json_number(json, "expires")};
    serve_at(self, dst->now_ns + LATENCY_NS);
}

bool dst_stream_request(const dst_packet *packet, cb_bus *from)
{
    static const char ACK[] = "$JS.ACK.";
    static const char NEXT[] = "$JS.API.CONSUMER.MSG.NEXT.";
    (void)from;
    if (dst_chance(dst->plan.bus_lose_ppm)) {
        return true;
    }
    if (strncmp(packet->subject, ACK, sizeof(ACK) - 1) == 0) {
        on_ack(packet->subject + sizeof(ACK) - 1);
    } else if (strncmp(packet->subject, NEXT, sizeof(NEXT) - 1) == 0) {
        on_pull(packet->subject + sizeof(NEXT) - 1, packet);
    }
    return true;
}

/* ---- publishing ---- */

static bool is_known(const stream *to, const char *id)
{
    for (uint32_t i = to->count; id != NULL && i-- > 0;) {
        if (to->items[i].id != NULL && strcmp(to->items[i].id, id) == 0) {
            return true;
        }
    }
    return false;
}

static void store(void *context, void *argument)
{
    const dst_packet *packet = context;
    (void)argument;
    cb_subject_id row = CB_SUBJECT_COUNT;
    CB_MAYBE(cb_subject_match(packet->subject, &row));
    stream *to = &streams[row];
    if (to->items == NULL) {
        to->items = calloc(STORED_MAX, sizeof(to->items[0]));
        CB_ASSERT(to->items != NULL);
    }
    const char *id = header_of(packet, "Nats-Msg-Id");
    if (!is_known(to, id)) {
        if (to->count == STORED_MAX) {
            dst_trouble("a stream is full: messages go round");
            return;
        }
        for (uint32_t i = 0; i < consumers_count; i++) {
            if (consumers[i].row == row) {
                consumers[i].is_acked[to->count] = 0;
                consumers[i].delivered_ns[to->count] = 0;
                serve_at(&consumers[i], dst->now_ns + LATENCY_NS);
            }
        }
        to->items[to->count++] = (stored){packet, id, dst->now_ns};
    }
    if (packet->reply[0] != '\0') {
        static const char ANSWER[] = "{\"stream\":\"S\",\"seq\":1}";
        dst_bus_route(
            packet->reply, dst_packet_new(packet->reply, "", ANSWER, sizeof(ANSWER) - 1), true);
    }
}

void dst_stream_publish(const dst_packet *packet, cb_bus *from)
{
    (void)from;
    if (dst_chance(dst->plan.bus_lose_ppm)) {
        return;
    }
    int64_t at_ns = dst->now_ns + LATENCY_NS;
    if (dst_chance(dst->plan.bus_late_ppm)) {
        at_ns += dst_between(0, dst->plan.bus_late_max_ns);
    }
    dst_at(at_ns, store, (void *)(uintptr_t)packet, NULL);
    if (dst_chance(dst->plan.bus_repeat_ppm)) {
        dst_at(at_ns + dst_between(0, 50 * DST_MS), store, (void *)(uintptr_t)packet, NULL);
    }
}

/* The server dies: the newest messages may be gone, and acknowledgements too; everybody's
 * connection breaks for a moment. */
void dst_stream_restart(void)
{
    dst_say("the bus restarts");
    for (uint32_t row = 0; row < CB_SUBJECT_COUNT; row++) {
        stream *self = &streams[row];
        const bool is_torn = dst_chance(dst->plan.stream_forget_ppm);
        while (is_torn && self->count > 0 &&
               self->items[self->count - 1].at_ns > dst->now_ns - FORGET_NS) {
            self->count--;
        }
    }
    for (uint32_t i = 0; i < consumers_count; i++) {
        consumer *self = &consumers[i];
        const uint32_t count = streams[self->row].count;
        self->pulls_count = 0;
        self->next = self->next > count ? count : self->next;
        self->floor = self->floor > self->next ? self->next : self->floor;
        for (uint32_t place = 0; place < self->next; place++) {
            if (self->delivered_ns[place] > dst->now_ns - FORGET_NS) {
                self->is_acked[place] = 0;
                self->floor = place < self->floor ? place : self->floor;
            }
        }
    }
    for (uint32_t i = 0; i < dst->processes_count; i++) {
        dst_bus_cut(dst->processes[i], dst_between(50 * DST_MS, 2 * DST_S));
    }
}
