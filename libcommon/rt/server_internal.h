/* What the files of the HTTP and WebSocket server share; not for services.
 *
 * HTTP/1.1 is ours, on the loop's descriptors: libwebsockets' own HTTP server decodes and splits
 * the query, and a request's signature is over its raw bytes. A WebSocket upgrade that has been
 * accepted here is handed to libwebsockets, which does the handshake and the framing. */
#ifndef CB_SERVER_INTERNAL_H
#define CB_SERVER_INTERNAL_H

#include "rt/http.h"
#include "rt/http_parse.h"

#define SERVER_CONNS_MAX 4096
#define SERVER_CLIENT_TEXT_MAX 64
#define SERVER_REPLY_HEADERS_MAX 4096 /* bytes of headers added to one reply */

struct lws;
struct lws_vhost;

typedef struct http_conn http_conn;

typedef enum http_phase {
    HTTP_PHASE_HEAD,   /* reading a request's head, or idle between requests */
    HTTP_PHASE_BODY,   /* head parsed, its body is coming */
    HTTP_PHASE_ANSWER, /* the exchange is with the application */
    HTTP_PHASE_DRAIN   /* answered for the last time: what still comes is thrown away */
} http_phase;

struct http_conn {
    cb_server *server;
    cb_watch *watch;
    http_conn *prev;
    http_conn *next;
    uint64_t id;
    int fd;
    http_phase phase;
    bool is_dead;    /* closed; freed when the loop turns */
    bool is_eof;     /* the client sends no more; it may still read */
    bool is_ready;   /* has input to look at when the loop turns */
    bool closes;     /* after what is in out has been sent */
    bool wants_read; /* what the watch is set to */
    bool wants_write;
    int64_t deadline_ns; /* monotonic; INT64_MAX while the application has the exchange */
    cb_exchange *exchange;
    char *in;
    size_t in_used;
    size_t in_capacity;
    char *out;
    size_t out_begin;
    size_t out_end;
    size_t out_capacity;
    bool is_dispatching; /* inside on_request */
    char *head_text;     /* of the request being read or answered */
    size_t head_capacity;
    cb_http_head head; /* points into head_text */
    char client[SERVER_CLIENT_TEXT_MAX];
};

struct cb_exchange {
    cb_server *server; /* NULL after the server is gone */
    http_conn *conn;   /* NULL after the client left */
    cb_exchange *prev;
    cb_exchange *next;
    bool is_keep_alive;
    bool is_head; /* answered without a body */
    bool is_in_request;
    size_t headers_used;
    char headers[SERVER_REPLY_HEADERS_MAX];
};

struct cb_ws_conn {
    cb_server *server;
    struct lws *wsi;
    cb_ws_conn *prev;
    cb_ws_conn *next;
    const cb_http_head *head; /* during on_ws_open only */
    const char *client;       /* during on_ws_open only */
    void *context;
    uint64_t id;
    int fd;
    bool is_open;      /* the handshake is done */
    bool is_announced; /* on_ws_open returned true: on_ws_close is owed */
    bool is_dirty;     /* has output that the next turn sends */
    bool is_closing;
    bool is_broken; /* a write failed */
    bool is_frozen; /* half-open: a fault hook */
    uint16_t close_code;
    char close_reason[64];
    int64_t close_due_ns; /* when patience with the close ends */
    int64_t ping_due_ns;
    uint32_t pings_unanswered;
    char *message; /* inbound, being joined */
    size_t message_used;
    size_t message_capacity;
    char *out; /* framed; OUT_HEAD bytes before out_begin are free for libwebsockets */
    size_t out_begin;
    size_t out_end;
    size_t out_capacity;
};

/* Outlives the server, because a loop's hooks cannot be taken back. */
typedef struct server_hook {
    cb_server *server; /* NULL when it is destroyed */
} server_hook;

struct cb_server {
    cb_loop *loop;
    cb_server_ops ops;
    void *context;
    cb_server_options options;
    int listen_fd;
    uint16_t port;
    cb_watch *listen_watch;
    cb_timer *tick;
    server_hook *hook;
    http_conn *conns;
    http_conn *dead;
    size_t conns_count;
    bool has_ready;
    bool is_accept_paused;
    bool is_destroying;
    cb_exchange *exchanges; /* in use */
    cb_exchange *spare;     /* to be used again */
    struct lws_vhost *vhost;
    const char *vhost_name; /* kept by the libwebsockets context */
    cb_ws_conn *ws_conns;
    bool has_dirty_ws;
    uint64_t ws_ids;
    uint64_t http_ids;
    size_t ws_count;
};

/* server_conn.c */
void cb_http_conn_accept(cb_server *server, int fd, const char *client);
void cb_http_conn_close(http_conn *conn);
void cb_http_conn_process(http_conn *conn);
void cb_http_conn_reply(http_conn *conn,
    const char *head,
    size_t head_size,
    const void *body,
    size_t body_size,
    bool is_keep_alive);
/** Gives the descriptor away and frees the rest; bytes read beyond the head are at in + head_size.
 */
int cb_http_conn_release_fd(http_conn *conn);
/** Sends bytes, or keeps what the socket does not take; the connection may be closed after it. */
void cb_http_conn_write(http_conn *conn, const void *bytes, size_t size);
void cb_http_conns_turn(cb_server *server);
void cb_http_conns_tick(cb_server *server, int64_t now_ns);

/* server.c */
cb_exchange *cb_exchange_take(cb_server *server, http_conn *conn);
void cb_exchange_give_back(cb_exchange *exchange);
void cb_server_pause_accepting(cb_server *server);
void cb_server_on_listen(void *context, int fd, uint32_t events);
/** The answer that the server itself gives: a problem document, then the connection ends. */
void cb_server_refuse(http_conn *conn, int status);

/* server_ws.c */
/** Asks the application about an upgrade and hands the connection over, or refuses it. */
void cb_server_upgrade(http_conn *conn);
void cb_server_ws_turn(cb_server *server);
void cb_server_ws_tick(cb_server *server, int64_t now_ns);
void cb_server_ws_destroy(cb_server *server);

#endif /* CB_SERVER_INTERNAL_H */
