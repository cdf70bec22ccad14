/* The WebSocket side: market streams with SUBSCRIBE and friends, the WebSocket API, and user data
 * events. Connections are the shell's; here they are numbered slots and frames go out through one
 * function. */
#ifndef SIM_WS_H
#define SIM_WS_H

#include "services/simulator/core/api/api.h"

#define SIM_WS_CONNS_MAX 256
#define SIM_WS_USERS_MAX 8 /* user data subscriptions of one connection */
#define SIM_WS_ID_MAX 64   /* raw JSON text of a request id */
#define SIM_WS_STREAMS_MAX 1024
#define SIM_WS_BLOCK_SIZE ((size_t)8 * 1024 * 1024)

/* Stream kinds of one symbol; klines follow one per interval. */
typedef enum sim_stream {
    SIM_STREAM_TRADE,
    SIM_STREAM_AGGREGATE,
    SIM_STREAM_TICKER_BOOK,
    SIM_STREAM_DEPTH,
    SIM_STREAM_DEPTH_100MS,
    SIM_STREAM_DEPTH5,
    SIM_STREAM_DEPTH5_100MS,
    SIM_STREAM_DEPTH10,
    SIM_STREAM_DEPTH10_100MS,
    SIM_STREAM_DEPTH20,
    SIM_STREAM_DEPTH20_100MS,
    SIM_STREAM_MINI,
    SIM_STREAM_DAY,
    SIM_STREAM_AVERAGE,
    SIM_STREAM_KLINE, /* + sim_interval */
    SIM_STREAM_COUNT = SIM_STREAM_KLINE + SIM_INTERVAL_COUNT
} sim_stream;
_Static_assert(SIM_STREAM_COUNT <= 64, "a mask of 64 bits holds them");

typedef enum sim_conn_kind { SIM_CONN_FREE, SIM_CONN_MARKET, SIM_CONN_API } sim_conn_kind;

typedef struct sim_conn {
    sim_conn_kind kind;
    void *handle;      /* the shell's */
    bool is_combined;  /* frames are wrapped with their stream's name */
    bool has_mini_all; /* !miniTicker@arr */
    char client[SIM_CLIENT_ADDRESS_MAX];
    uint64_t streams[SIM_SYMBOLS_MAX];
    uint32_t users[SIM_WS_USERS_MAX];    /* account or SIM_NONE, by slot */
    uint32_t user_ids[SIM_WS_USERS_MAX]; /* subscription ids */
    uint32_t user_next;
} sim_conn;

/* What kind of frame leaves, for counters and for whoever stands at the gate. */
typedef enum sim_frame_class {
    SIM_FRAME_CLASS_MARKET,  /* a market stream's event */
    SIM_FRAME_CLASS_CONTROL, /* an answer on a market stream connection */
    SIM_FRAME_CLASS_ANSWER,  /* an answer of the WebSocket API */
    SIM_FRAME_CLASS_USER     /* a user data event */
} sim_frame_class;

/* What the frame that is being sent is about, for whoever stands at the gate. */
typedef struct sim_about {
    uint32_t symbol;       /* SIM_NONE: of none */
    uint32_t stream;       /* of market frames */
    uint32_t account;      /* of user events */
    const char *event;     /* of user events: "executionReport", … */
    const char *detail;    /* "TRADE", or "" */
    const char *client_id; /* or "" */
} sim_about;

typedef void (*sim_ws_send_fn)(
    void *context, void *handle, sim_frame_class frame_class, const char *text, size_t size);

typedef struct sim_ws {
    sim_api *api;
    sim_ws_send_fn send;
    void *send_context;
    sim_conn conns[SIM_WS_CONNS_MAX];
    sim_about about;
    cb_strview recorded_print;        /* of the print that is being told; at NULL: rendered here */
    uint64_t wanted[SIM_SYMBOLS_MAX]; /* streams that anybody reads */
    bool is_mini_all_wanted;
    uint64_t market_sent_count; /* events on market connections, without control answers */
    uint64_t user_sent_count;
    char *text; /* one event */
    size_t text_size;
    char *answer; /* one result of the WebSocket API: events are told while it is written */
    size_t answer_size;
    char *frame; /* one frame around either */
    size_t frame_size;
} sim_ws;

/** block is work space [borrowed as long as ws is used]; SIM_WS_BLOCK_SIZE bytes. */
void sim_ws_init(sim_ws *ws, sim_api *api, char *block, sim_ws_send_fn send, void *send_context);

/**
 * A connection was opened. Streams named in path or query are subscribed at once.
 *
 * @return slot, or SIM_NONE: unknown path, bad stream name, or no free slot.
 */
uint32_t sim_ws_open(
    sim_ws *ws, void *handle, const char *path, const char *query, const char *client);
void sim_ws_close(sim_ws *ws, uint32_t conn);
/** One text frame from the client; its answer goes out through send. */
void sim_ws_message(sim_ws *ws, uint32_t conn, cb_strview text);

/** Everything the exchange tells: the sink of the core. */
void sim_ws_event(sim_ws *ws, const sim_event *event);
/** The statistics streams, once per market second. */
void sim_ws_second(sim_ws *ws, uint32_t symbol);
/** A recorded frame, sent on as it is. */
void sim_ws_recorded(sim_ws *ws, uint32_t symbol, sim_stream stream, cb_strview data);
/** The partial books of a recorded symbol, after a recorded change. */
void sim_ws_partial(sim_ws *ws, uint32_t symbol, bool is_slow);
/** Ends the user data subscriptions of an account (SIM_NONE: of all) with eventStreamTerminated;
 *  returns how many there were. */
uint32_t sim_ws_end_users(sim_ws *ws, uint32_t account);
/** What a message of the WebSocket API is about, without judging it. method holds 64 bytes and is
 * "" when it cannot be read; id holds SIM_WS_ID_MAX bytes of JSON. */
void sim_ws_api_glance(sim_ws *ws, cb_strview text, char *method, char *id, sim_glance *out);
/** An error answer of the WebSocket API, into out; returns its length. */
size_t sim_ws_api_error(const char *id, int status, cb_strview error, char *out, size_t size);
/** Tells all market connections that the server goes down. */
void sim_ws_shutdown(sim_ws *ws);

/** "btcusdt@kline_1m"; out holds 64 bytes. */
void sim_stream_name(const sim_core *sim, uint32_t symbol, sim_stream stream, char *out);
/** Reads a stream name; false when it has no known form. *symbol is SIM_NONE for unknown symbols.
 */
bool sim_stream_parse(const sim_core *sim, cb_strview name, uint32_t *symbol, sim_stream *stream);

/* ---- between ws.c and ws_api.c ---- */
void sim_ws_api_message(sim_ws *ws, uint32_t conn, cb_strview text);
void sim_ws_emit(
    sim_ws *ws, sim_conn *conn, sim_frame_class frame_class, const char *text, size_t size);

#endif /* SIM_WS_H */
