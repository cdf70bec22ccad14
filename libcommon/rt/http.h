/* HTTP client (libcurl multi) and HTTP + WebSocket server (libwebsockets) in the duty loop. */
#ifndef CB_HTTP_H
#define CB_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "rt/loop.h"

#define CB_HTTP_BODY_MAX ((size_t)16 * 1024 * 1024) /* response cap; orders use 1 MiB */
#define CB_HTTP_HEADERS_MAX 16

/* ---- client ---- */
typedef struct cb_http cb_http;

typedef struct cb_http_header {
    const char *name;
    const char *value;
} cb_http_header;

typedef struct cb_http_request {
    const char *method; /* "GET", "POST", "DELETE", "PUT" */
    const char *url;
    cb_http_header headers[CB_HTTP_HEADERS_MAX];
    size_t headers_count;
    const char *body; /* NULL for none; copied */
    size_t body_size;
    int64_t connect_timeout_ms; /* 0 = 1 s */
    int64_t total_timeout_ms;   /* from the moment it leaves its lane; 0 = 5 s */
    size_t response_max;        /* bytes; 0 = CB_HTTP_BODY_MAX */
    const char *lane;           /* "" or a name: requests of one lane go one after another */
    /* Asked when the connection stands, immediately before the first byte is written to it; false:
     * nothing leaves, the outcome is NOT_SENT. NULL: not asked. */
    bool (*may_send)(void *context);
    void *may_send_context;
} cb_http_request;

/* How sure we are about what happened. */
typedef enum cb_http_outcome {
    CB_HTTP_ANSWERED, /* status and body are what the peer said */
    CB_HTTP_NOT_SENT, /* nothing left the process: refused, DNS, TLS, 0 bytes written */
    CB_HTTP_UNKNOWN /* something may have left: timeout, reset, curl 65, oversized or cut answer */
} cb_http_outcome;

typedef struct cb_http_answer {
    cb_http_outcome outcome;
    int status;
    const char *body; /* [borrowed] for the callback, NUL-terminated */
    size_t body_size;
    const char *detail; /* library error text, "" when answered */
    int64_t bytes_sent;
    int64_t sent_mono_ns; /* when the request was handed to the socket, 0 if never */
    int64_t first_byte_mono_ns;
    int64_t retry_after_s;  /* -1 = header absent */
    int64_t used_weight_1m; /* X-MBX-USED-WEIGHT-1M, -1 = absent */
} cb_http_answer;
typedef void (*cb_http_fn)(void *context, const cb_http_answer *answer);

cb_http *cb_http_create(cb_loop *loop, cb_err *err);
/** Ends everything in flight without calling back; not from within a callback. */
void cb_http_destroy(cb_http *http);
/**
 * Starts a request, at once when its connection is there; fn is called exactly once from the loop,
 * never within this call. A lane is in use until its answer has come. POST, PUT and DELETE bodies
 * go by read callback without seek over HTTP/1.1, with no Expect, no redirects, no retries: libcurl
 * cannot send them twice (docs/adr). Everything is copied.
 */
void cb_http_start(cb_http *http, const cb_http_request *request, cb_http_fn fn, void *context);
uint32_t cb_http_pending(const cb_http *http);

/* ---- server ---- */
typedef struct cb_server cb_server;
typedef struct cb_exchange cb_exchange; /* one HTTP request being answered */
typedef struct cb_ws_conn cb_ws_conn;   /* one WebSocket client */

typedef struct cb_server_request {
    const char *method;
    const char *path;  /* decoded path without the query */
    const char *query; /* raw text after '?', "" when absent */
    const char *body;  /* NUL-terminated */
    size_t body_size;
    const char *client; /* peer address */
} cb_server_request;

typedef struct cb_server_ops {
    /** Answer now or later with cb_exchange_reply. A declared oversize (> body_max) is refused
     *  with 413 before this is called. */
    void (*on_request)(void *context, cb_exchange *exchange, const cb_server_request *request);
    /** Return false to refuse the upgrade (404). context for the connection is kept with
     * set_context. */
    bool (*on_ws_open)(void *context, cb_ws_conn *conn, const char *path, const char *query);
    void (*on_ws_text)(void *context, cb_ws_conn *conn, const char *text, size_t size);
    void (*on_ws_close)(void *context, cb_ws_conn *conn);
    /** Bytes of HTTP connections as they passed the socket (up to an upgrade); may be NULL. Nothing
     *  of the server may be called from within. */
    void (*on_bytes)(void *context, uint64_t conn, bool is_out, const void *bytes, size_t size);
} cb_server_ops;

typedef struct cb_server_options {
    const char *address; /* "127.0.0.1" or "::" */
    uint16_t port;       /* 0: any free one; ask cb_server_port */
    size_t body_max;     /* bytes of request body; default 64 KiB */
    size_t ws_out_max;   /* bytes queued per WebSocket client before it is closed; default 8 MiB */
    size_t ws_message_max; /* inbound message bytes; default 64 KiB */
    int64_t ws_ping_s;     /* server pings, 0 = none; Binance uses 20 */
} cb_server_options;

cb_server *cb_server_create(cb_loop *loop,
    const cb_server_options *options,
    const cb_server_ops *ops,
    void *context,
    cb_err *err);
/** Closes everything without calling back; not from within a callback of the server, and before its
 *  loop. Exchanges still held may be replied to afterwards. */
void cb_server_destroy(cb_server *server);
uint16_t cb_server_port(const cb_server *server);

/** Value of a request header (lower-case name), "" when absent; valid during on_request. */
const char *cb_exchange_header(cb_exchange *exchange, const char *name);
/** Adds a response header; call before reply. Traps on line ends: values of others are checked
 *  first. */
void cb_exchange_set_header(cb_exchange *exchange, const char *name, const char *value);
/** Sends the answer; may be called later, once. After the client left it does nothing. */
void cb_exchange_reply(
    cb_exchange *exchange, int status, const char *content_type, const void *body, size_t size);
/* Test and fault hooks, for a server that plays a bad one. */
/** Drops the connection without an answer. */
void cb_exchange_abort(cb_exchange *exchange);
/** The same by a reset instead of an orderly close. */
void cb_exchange_reset(cb_exchange *exchange);
/** The head that cb_exchange_reply would send for a body of that size, into out (8 KiB are enough).
 */
size_t cb_exchange_print_head(
    const cb_exchange *exchange, int status, const char *content_type, size_t size, char *out);
/** Sends bytes as they are; the exchange stays open. False when the client has left. */
bool cb_exchange_write(cb_exchange *exchange, const void *bytes, size_t size);
/** Bytes that wait for the client to read them. */
size_t cb_exchange_queued(const cb_exchange *exchange);
bool cb_exchange_is_gone(const cb_exchange *exchange);
/** Ends an exchange that was answered by cb_exchange_write; is_kept: the connection goes on. */
void cb_exchange_finish(cb_exchange *exchange, bool is_kept);
uint64_t cb_exchange_conn_id(const cb_exchange *exchange); /* of its connection, 0 when it left */
/** Stops or starts listening; while it is off connections are refused. CB_E_IO: the port is lost.
 */
CB_MUST_USE cb_status cb_server_listen(cb_server *server, bool is_on, cb_err *err);
/** Ends HTTP connections on which no request is in work. Returns how many. */
uint32_t cb_server_cut_idle(cb_server *server, bool is_reset);
/** Ends a WebSocket connection by a reset; on_ws_close follows from the loop. */
void cb_ws_conn_reset(cb_ws_conn *conn);
/** Half-open from here on: nothing is sent, read or answered, pings included. */
void cb_ws_conn_freeze(cb_ws_conn *conn);

/** Queues one text frame (copied); all frames of one turn of the loop leave in one write. False
 * when the client's queue is full (it is then cut off) or the connection is closing. */
bool cb_ws_conn_send(cb_ws_conn *conn, const char *text, size_t size);
/** Closes after what is queued has left; on_ws_close follows from the loop, as for every end. */
void cb_ws_conn_close(cb_ws_conn *conn, uint16_t code, const char *reason);
void cb_ws_conn_set_context(cb_ws_conn *conn, void *context);
void *cb_ws_conn_context(const cb_ws_conn *conn);
uint64_t cb_ws_conn_id(const cb_ws_conn *conn); /* unique in the server, never reused */
/** Header of the upgrade request (lower-case name), "" when absent; valid during on_ws_open. */
const char *cb_ws_conn_header(const cb_ws_conn *conn, const char *name);
/** Peer address; valid during on_ws_open. */
const char *cb_ws_conn_client(const cb_ws_conn *conn);
size_t cb_ws_conn_queued(const cb_ws_conn *conn);

/** Decodes a query or form text: value of key, percent-decoded; false when absent or too long. */
bool cb_form_get(const char *form, const char *key, char *out, size_t out_size);

/* ---- WebSocket client ---- */
typedef struct cb_ws_client cb_ws_client;
typedef struct cb_ws_client_ops {
    void (*on_open)(void *context);
    /** A whole message (fragments are joined, at most message_max bytes). */
    void (*on_text)(void *context, const char *text, size_t size, int64_t recv_wall_ns);
    /** Called once when the connection could not be made, or ended; why is a short reason. */
    void (*on_close)(void *context, const char *why);
} cb_ws_client_ops;

typedef struct cb_ws_client_options {
    const char *url; /* ws:// or wss:// with path and query */
    size_t message_max;
    int64_t connect_timeout_ms;
    int64_t silence_timeout_ms; /* no frame and no ping for this long closes: "silence" */
} cb_ws_client_options;

/** One connection attempt; reconnecting with back-off is the caller's policy. */
cb_ws_client *cb_ws_client_open(cb_loop *loop,
    const cb_ws_client_options *options,
    const cb_ws_client_ops *ops,
    void *context,
    cb_err *err);
bool cb_ws_client_send(cb_ws_client *client, const char *text, size_t size);
/** Closes and frees; on_close is not called. */
void cb_ws_client_destroy(cb_ws_client *client);

#endif /* CB_HTTP_H */
