/* What the collector's shell files share: shell.c (hooks, the feeding of the core), links.c (market
 * stream connections), fetch.c (REST), publish.c (messages out), config.c, capture_file.c. */
#ifndef COLLECTOR_SHELL_H
#define COLLECTOR_SHELL_H

#include "rt/service.h"
#include "services/collector/core/collector.h"

#define COLLECTOR_QUEUE_MAX 2048
#define COLLECTOR_FETCHES_MAX 16
#define COLLECTOR_DIFF_LEVELS_MAX 10000
#define COLLECTOR_MESSAGE_MAX ((size_t)1024 * 1024)

typedef struct collector_shell collector_shell;

/* One event that waits for its turn: events that arise while the core's requests are carried out.
 */
typedef struct collector_queued {
    uint32_t type;
    collector_input input;
} collector_queued;

/* One connection. A connection that was given up is destroyed at the loop's next turn, never inside
 * one of its own callbacks. */
typedef struct collector_conn_io {
    collector_shell *owner; /* [borrowed] */
    cb_ws_client *client;   /* [owned] NULL: this place is free */
    uint32_t slot;
    bool is_dead;
} collector_conn_io;

#define COLLECTOR_CONNS_MAX 8

typedef struct collector_link_io {
    collector_conn_io *conn; /* [borrowed] NULL: none */
    uint64_t subscribe_id;
    uint32_t next_symbol; /* first one that the last subscription did not hold */
    int64_t data_mono_ns; /* when the last message came */
} collector_link_io;

typedef struct collector_fetch_io {
    collector_shell *owner; /* [borrowed] */
    bool is_used;
    collector_fetch fetch;
} collector_fetch_io;

/* Conflation of one symbol's book. */
typedef struct collector_book_io {
    collector_shell *owner; /* [borrowed] */
    uint32_t symbol;
    bool is_dirty;
    bool is_armed;
    int64_t sent_ns; /* service's clock */
    int64_t due_ns;
    int64_t recv_ns; /* of the newest diff in it */
    int64_t origin_ns;
} collector_book_io;

typedef struct collector_metrics {
    cb_metric *messages;
    cb_metric *unreadable;
    cb_metric *repeats;
    cb_metric *gaps;
    cb_metric *lost;
    cb_metric *resyncs;
    cb_metric *compared;
    cb_metric *equal;
    cb_metric *connects;
    cb_metric *requests;
    cb_metric *refused_instruments;
    cb_metric *weight;
    cb_metric *publish; /* received from the socket → handed to the bus */
    cb_metric *whole;
} collector_metrics;

struct collector_shell {
    cb_shell *shell; /* [borrowed] */
    const collector_config *config;
    int64_t market_began_ns; /* first time on the simulator's clock; 0 before */
    const cb_venue_ops *venue;
    collector_market market;
    collector_sink sink;
    cb_arena arena;
    void *arena_block; /* [owned] */
    cb_level *bids;    /* [owned] room for one message's levels */
    cb_level *asks;    /* [owned] */
    cb_venue_event event;
    collector_queued *queue; /* [owned] ring */
    uint32_t queue_head;
    uint32_t queue_count;
    uint32_t nesting; /* requests being carried out */
    uint32_t primary; /* slot, COLLECTOR_SLOTS: none yet */
    collector_link_io links[COLLECTOR_SLOTS];
    collector_conn_io conns[COLLECTOR_CONNS_MAX];
    collector_fetch_io fetches[COLLECTOR_FETCHES_MAX];
    collector_book_io books[COLLECTOR_SYMBOLS_MAX];
    int64_t recv_ns;   /* of the message at hand: service's clock */
    int64_t socket_ns; /* … wall time of the socket's read; 0: it came by REST */
    int64_t origin_ns; /* … for latency: the socket's time, or the service's clock in a replay */
    bool is_forced;    /* needs that arise now are forced backfills */
    uint64_t data_count; /* stream messages received: "ws.market" */
    uint64_t subscribe_ids;
    uint64_t consumer_epoch; /* 0: not heard yet */
    cb_timer *wake;
    cb_timer *watch;
    bool is_draining;
    collector_metrics metrics;
};

extern const cb_config_field collector_fields[];
extern const size_t collector_fields_count;
extern const cb_table collector_tables[COLLECTOR_TABLE_COUNT];
extern const cb_query collector_queries[];
extern const size_t collector_queries_count;

/* shell.c */
/** Feeds the core; queued while one of its requests is being carried out. */
void collector_feed(collector_shell *self, uint32_t type, const collector_input *input);
/** An input with the clocks filled in. */
collector_input collector_input_now(collector_shell *self);

/* links.c */
void collector_link_open(collector_shell *self, uint32_t slot);
void collector_link_close(collector_shell *self, uint32_t slot);
void collector_link_subscribe(collector_shell *self, uint32_t slot, uint32_t first_symbol);
/** Destroys connections that were given up. */
void collector_link_bury(collector_shell *self);
/** Looks for connections without data; wall time, live markets only. */
void collector_link_watch(collector_shell *self);

/* fetch.c */
void collector_fetch_start(collector_shell *self, const collector_fetch *fetch);
void collector_give_up(collector_shell *self, uint32_t symbol, collector_kind kind);

/* publish.c */
void collector_publish_init(collector_shell *self);

/* capture_file.c */
int collector_capture_main(const char *path);

#endif /* COLLECTOR_SHELL_H */
