/* Between the HTTP client's half and the exchange. */
#ifndef DST_VENUE_H
#define DST_VENUE_H

#include "rt/http.h"
#include "services/simulator/core/api/ws.h"
#include "tests/sim/dst_bus.h"

typedef struct dst_transfer {
    dst_process *process;
    uint32_t generation;
    const char *method;
    const char *url;
    const char *body;
    const char *lane;
    const char *key;
    bool (*may_send)(void *context);
    void *may_send_context;
    int64_t timeout_ns;
    int64_t made_ns;
    int64_t sent_ns;
    bool is_finished;
    cb_http_fn fn;
    void *context;
    struct dst_transfer *next;
} dst_transfer;

typedef struct dst_link {
    dst_process *process;
    uint32_t generation;
    cb_ws_client *client;
    const char *path;
    uint32_t slot;
    bool is_open; /* at the exchange */
    bool is_gone; /* the client has left */
    int64_t last_ns;
    struct dst_link *next;
} dst_link;

/* What reached the exchange, for the checker. */
typedef struct dst_post {
    int64_t at_ns; /* the exchange's clock */
    int64_t world_ns;
    int64_t sent_ns; /* the world's */
    const char *client_order_id;
    const char *symbol;
    const char *side;
    int64_t qty_e8;
    int64_t price_e8;
    int64_t sign_ts_ns;
    int64_t market_e8; /* the exchange's price then */
    int status;
    bool is_applied;
    bool is_pair; /* of an order list; the other leg is the next one */
} dst_post;

#define DST_POSTS_MAX 4096
#define DST_SYMBOLS 3 /* as configured; a schedule may trade fewer */

typedef struct dst_venue {
    sim_core core;
    sim_api api;
    sim_ws ws;
    uint32_t account;
    uint8_t *block; /* [owned] tables of the core */
    size_t block_size;
    char *work; /* [owned] of the WebSocket side */
    char *body; /* [owned] one answer */
    dst_link *links;
    dst_post posts[DST_POSTS_MAX];
    uint32_t posts_count;
    uint32_t queued_count; /* order requests that wait in the engine */
    int64_t mid_e8[SIM_SYMBOLS_MAX];
    bool is_shared; /* somebody else trades too */
} dst_venue;

int64_t dst_venue_now_ns(void);
/** Brings the exchange's clock to now. */
void dst_venue_catch_up(void);
void dst_venue_send(dst_transfer *transfer);
void dst_http_finish(dst_transfer *transfer, int64_t at_ns, const cb_http_answer *answer);
dst_link *dst_venue_connect(dst_process *process, cb_ws_client *client, const char *url);
void dst_venue_receive(dst_link *link, const char *text, size_t size);
void dst_venue_disconnect(dst_link *link);
void dst_venue_hang_up(dst_process *process);
void dst_ws_opened(dst_link *link, int64_t at_ns);
void dst_ws_text(dst_link *link, int64_t at_ns, const char *text, size_t size);
void dst_ws_closed(dst_link *link, int64_t at_ns, const char *why);
/** Cuts all user streams. */
void dst_venue_cut(void);
/** Moves a symbol's market; orders that it crosses are filled. */
void dst_venue_set_market(uint32_t symbol, int64_t mid_e8);

extern const char *const dst_symbols[4];
extern const int64_t dst_prices_e8[4];

#endif /* DST_VENUE_H */
