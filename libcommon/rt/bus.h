/* NATS in the duty loop: cnats in its event-loop mode, one socket, no delivery threads.
 *
 * Messages come out in the order in which their publisher sent them, over all subscriptions: each
 * message published without a reply subject carries its publication number as the reply subject
 * ("o.<hex>"), and a batch read from the socket is merged by it. (cnats queues by subscription and
 * would otherwise mix up the order of different subjects.)
 *
 * Nothing here blocks after cb_bus_open. JetStream is spoken in plain messages by the callers. */
#ifndef CB_BUS_H
#define CB_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "rt/loop.h"

#define CB_BUS_SUBJECT_MAX 256
#define CB_BUS_SUBS_MAX 48

typedef struct cb_bus cb_bus;
typedef struct cb_bus_sub cb_bus_sub;

typedef struct cb_bus_options {
    const char *url;
    const char *user;     /* also the connection's name and the inbox prefix "_INBOX_<user>." */
    const char *password; /* "" for none; never printed */
    const char *ca_file;  /* "" for the system's certificates; used by tls:// URLs */
    int64_t connect_timeout_ms;
} cb_bus_options;

/* One received message. The receiver owns it and frees it once, at once or later. */
typedef struct cb_bus_message {
    void *raw;          /* the library's message, [owned] */
    struct cb_bus *bus; /* [borrowed] that it came from */
    const char *subject;
    const char *reply; /* "" when there is none; a publication number is not shown here */
    const uint8_t *bytes;
    size_t size;
    uint64_t order; /* publication number, 0 when the publisher gave none */
    int64_t recv_mono_ns;
} cb_bus_message;

/** message->raw is handed over [owned]. */
typedef void (*cb_bus_fn)(void *context, const cb_bus_message *message);

typedef struct cb_bus_header {
    const char *name;
    const char *value;
} cb_bus_header;

typedef struct cb_bus_stats {
    uint64_t received_count;
    uint64_t published_count;
    uint64_t dropped_count;    /* messages that a full subscription queue refused */
    uint64_t unsent_count;     /* publications refused because the connection was down */
    uint64_t reconnects_count; /* connections made after the first */
    uint64_t errors_count;     /* asynchronous errors, permission violations among them */
} cb_bus_stats;

/**
 * Connects, blocking for at most the connect timeout. Afterwards lost connections are made again
 * for ever.
 *
 * @return NULL with CB_E_UNAVAILABLE when nobody answers, CB_E_AUTH when the user is refused; the
 *         text names the URL without credentials.
 */
cb_bus *cb_bus_open(cb_loop *loop, const cb_bus_options *options, cb_err *err);
void cb_bus_close(cb_bus *bus);

/** queue_max: messages that may wait between two reads; the surplus is dropped and counted. */
cb_bus_sub *cb_bus_subscribe(
    cb_bus *bus, const char *subject, uint32_t queue_max, cb_bus_fn fn, void *context, cb_err *err);

/**
 * Hands bytes to the socket (sent when the loop turns, or by cb_bus_flush).
 *
 * @param reply [borrowed] "" for none; NULL: the publication number is sent in its place.
 * @return CB_OK; CB_E_UNAVAILABLE while the connection is down (nothing is kept for later);
 *         CB_E_RANGE when the server's payload limit is exceeded.
 */
CB_MUST_USE cb_status cb_bus_publish(cb_bus *bus,
    const char *subject,
    const char *reply,
    const void *bytes,
    size_t size,
    cb_err *err);
/** The same with NATS headers. */
CB_MUST_USE cb_status cb_bus_publish_headers(cb_bus *bus,
    const char *subject,
    const char *reply,
    const cb_bus_header *headers,
    size_t headers_count,
    const void *bytes,
    size_t size,
    cb_err *err);
/** Writes what was published to the socket now. */
void cb_bus_flush(cb_bus *bus);

/** Value of a header, NULL when absent; valid until the message is freed. */
const char *cb_bus_message_header(const cb_bus_message *message, const char *name);
void cb_bus_message_free(const cb_bus_message *message);

bool cb_bus_is_up(const cb_bus *bus);
/** "_INBOX_<user>." */
const char *cb_bus_inbox_prefix(const cb_bus *bus);
/** The server's limit in bytes. */
size_t cb_bus_payload_max(const cb_bus *bus);
void cb_bus_stats_get(cb_bus *bus, cb_bus_stats *out);

/** fn runs in the loop when the connection goes up or down. */
void cb_bus_on_state(cb_bus *bus, void (*fn)(void *context, bool is_up), void *context);
/** fn runs in the loop for each asynchronous error; the text names the subject of a violation. */
void cb_bus_on_error(cb_bus *bus, void (*fn)(void *context, const char *text), void *context);

#endif /* CB_BUS_H */
