/* The inside of the chain; only its own files see it.
 *
 *   chain.c         sizes, memory, the start of everything, running
 *   chain_bus.c     envelopes, routing by proto/subjects.def, the queue, timers, steps of cores
 *   chain_play.c    history into the exchange: what happens next, and making it happen
 *   chain_market.c  what the exchange tells as market data, through the collector's sorting
 *   chain_venue.c   what execution asks for, and what the user stream tells
 *   chain_quiet.c   minutes in which nothing can happen, without their messages
 *   chain_models.c  models of what a venue costs, where they have a say
 *   chain_rows.c    results: points, fills, round trips, reasons, hashes */
#ifndef LAB_CHAIN_INTERNAL_H
#define LAB_CHAIN_INTERNAL_H

#include "base/assert.h"
#include "base/timefmt.h"
#include "services/collector/core/market.h"
#include "services/execution/core/describe.h"
#include "services/lab/core/chain.h"
#include "services/lab/core/models/model.h"
#include "services/simulator/core/api/api.h"
#include "services/simulator/core/play.h"
#include "services/validator/core/quiet.h"
#include "wire/subjects.h"

#define CHAIN_TIMERS_MAX 4
#define CHAIN_QUEUE_SIZE ((size_t)4 * 1024 * 1024)
#define CHAIN_TEXT_SIZE ((size_t)1024 * 1024)
#define CHAIN_LEVELS_MAX (2 * SIM_LEVELS_MAX + 64) /* of a diff or snapshot, per side */
#define CHAIN_INTENTS_KEPT 64                      /* reference prices of intents on their way */
#define CHAIN_TRIPS_MAX 64                         /* open round trips: symbols times strategies */
#define CHAIN_COLLECTOR_LEVELS 20000
#define CHAIN_ORDERS_UNDERWAY 32 /* orders that have not reached the venue yet */
#define CHAIN_TURNOVER_DAYS 30

/* ---- services ---- */
typedef enum chain_core {
    CHAIN_VALIDATOR,
    CHAIN_SIGNALS,
    CHAIN_RISK,
    CHAIN_EXECUTION,
    CHAIN_PORTFOLIO,
    CHAIN_CORES
} chain_core;

typedef struct chain_timer {
    bool is_set;
    uint64_t id;
    int64_t due_ns;
} chain_timer;

typedef struct chain_service {
    chain_core core;
    uint32_t account; /* of the config; 0 for the validator */
    const cb_core_ops *ops;
    void *state;
    cb_outbox *out;
    uint64_t events_count;
    uint32_t late; /* symbols, as bits, whose newest quote has not been delivered */
    uint32_t late_book;
    int64_t due_ns; /* the earliest timer, INT64_MAX: none */
    chain_timer timers[CHAIN_TIMERS_MAX];
} chain_service;

/* A sequence of messages: ids are functions of it (rt_envelope_core, rt_out_publish). */
typedef struct chain_series {
    uint64_t id_hi; /* 0: not begun */
    uint64_t count;
} chain_series;

/* ---- the queue ---- */
typedef enum chain_item_kind {
    CHAIN_ITEM_BUS,    /* code: cb_subject_id */
    CHAIN_ITEM_LOCAL,  /* code: event type, for execution or signals */
    CHAIN_ITEM_REQUEST /* code: the core's own request */
} chain_item_kind;

typedef struct chain_item {
    uint32_t kind;
    uint32_t code;
    uint32_t core;
    uint32_t account;
    uint32_t body_size;
    uint32_t padding[3]; /* bodies are aligned to 16 */
} chain_item;

typedef struct chain_queue {
    uint8_t *bytes;
    size_t head;
    size_t tail;
} chain_queue;

/* ---- accounts ---- */

/* Reference prices, until the fills have come. */
typedef struct chain_reference {
    cb_id intent_id;
    int64_t price_e8;
    cb_purpose purpose;
} chain_reference;

/* A round trip that is open. */
typedef struct chain_trip {
    bool is_used;
    char strategy_name[24];
    lab_trade trade;
    int64_t held_e8;
    int64_t bought_quote_e8; /* Σ of entries */
    int64_t bought_qty_e8;
    int64_t sold_quote_e8;
    int64_t sold_qty_e8;
} chain_trip;

typedef struct chain_prepared {
    cb_id intent_id;
    cb_venue_call call;
    cb_venue_params params;
    int64_t begun_ns;
} chain_prepared;

/* An order on its way to the venue. */
typedef struct chain_underway {
    chain_prepared prepared;
    int64_t due_ns;
} chain_underway;

typedef struct chain_account {
    const lab_chain_account *config;
    uint32_t sim_account;
    chain_service services[CHAIN_CORES]; /* CHAIN_VALIDATOR is not used */
    chain_series streams[CB_SUBJECT_COUNT];
    chain_series signals[LAB_CHAIN_SYMBOLS_MAX];
    chain_prepared prepared;
    uint64_t placed_id; /* the order that a model of queues has last been asked about */
    uint32_t underway_count;
    chain_underway underway[CHAIN_ORDERS_UNDERWAY]; /* oldest first */
    int64_t turnover_day;
    int64_t turnovers_e8[CHAIN_TURNOVER_DAYS]; /* by day */
    chain_reference references[CHAIN_INTENTS_KEPT];
    uint64_t references_count;
    chain_trip trips[CHAIN_TRIPS_MAX];
    uint32_t trips_open;
    lab_totals totals;
    uint32_t reasons_count;
    lab_reason reasons[LAB_REASONS_MAX];
    uint32_t strategies_count;
    char strategies[LAB_CHAIN_SYMBOLS_MAX][24]; /* names in order of appearance */
} chain_account;

/* ---- market ---- */
typedef struct chain_book_io {
    bool is_dirty;
    bool is_armed;
    int64_t due_ns;
    int64_t sent_ns;
    int64_t recv_ns;
} chain_book_io;

typedef struct chain_source {
    const lab_chain_symbol *config;
    sim_player player;
    sim_rows_check check;
    uint64_t at; /* next row */
    uint64_t end;
    int64_t next_ns; /* INT64_MAX: over */
    int64_t last_open_ns;
    bool is_candle; /* else trades */
} chain_source;

/* Minutes that were taken as a whole (chain_quiet.c). */
typedef struct chain_quiet {
    bool is_open;        /* one is under way: it closes at candle.close_ts_ns */
    uint64_t bars_count; /* since the exchange was last brought up to date; 0: it is */
    uint64_t trades_count;
    uint64_t first_row;  /* of those bars */
    sim_step last;       /* the newest step of all */
    sim_synthetic shape; /* of the book around it */
    int64_t tick_bid_e8; /* as told last */
    int64_t tick_ask_e8;
    bool
        is_row_due; /* the exchange was brought up to date within it: its minute comes at the end */
    uint64_t row_due;
    uint32_t counts_count; /* messages of its steps */
    validator_count counts[SIM_PATH_MAX];
    bool is_market_late; /* collector and validator have missed them too */
    cb_candle candle;
    cb_ticker ticker;
    cb_quality_score score;
} chain_quiet;

typedef struct chain_symbol {
    chain_source source;
    chain_quiet quiet;
    chain_book_io book;
    chain_series ok[CB_SUBJECT_COUNT]; /* md.ok.… and dq.score */
    int64_t bar_high_e8;               /* of the candle that closed last */
    int64_t bar_low_e8;
    int64_t bar_close_e8;
    int64_t bar_volume_e8;
    int64_t own_qty_e8;       /* filled since the last candle began */
    int64_t shaped_ns;        /* open of the candle that shape is of */
    sim_synthetic shape;      /* of the book around the candle that is played */
    sim_synthetic book_shape; /* with which the exchange's book was made */
} chain_symbol;

struct lab_chain {
    const lab_chain_config *config;
    int64_t now_ns;
    int64_t models_ns; /* when a model wants to be asked; INT64_MAX: never */
    cb_prng prngs[LAB_MODELS_COUNT];
    uint64_t bars_count;
    bool is_over;
    bool is_begun;
    uint32_t symbols_count;
    uint32_t accounts_count;
    const cb_venue_ops *venue;
    chain_service validator;
    uint32_t consumers[CB_SUBJECT_COUNT]; /* cores as bits */
    chain_queue queue;
    sim_core *sim;
    sim_api *api;
    collector_market *collector;
    collector_sink collector_sink;
    cb_level *bids; /* CHAIN_LEVELS_MAX each: the diff that is being told */
    cb_level *asks;
    cb_candle *raw_candle; /* work space for raw messages */
    cb_book_delta *raw_delta;
    cb_book *raw_book;
    signals_history *history;
    sim_candle *candles; /* SIM_API_LIST_MAX */
    char *text;          /* CHAIN_TEXT_SIZE: one answer of the exchange */
    cb_venue_answer *judged;
    chain_symbol symbols[LAB_CHAIN_SYMBOLS_MAX];
    chain_account accounts[LAB_CHAIN_ACCOUNTS_MAX];
};

/* ---- chain_bus.c ---- */
/** One event through one core, and what follows at once; the rest is queued. */
void chain_step(
    lab_chain *chain, chain_service *service, uint32_t type, const void *body, size_t size);
/** The same without regard to quotes that are late. */
void chain_step_now(
    lab_chain *chain, chain_service *service, uint32_t type, const void *body, size_t size);
/** The validator's seconds go on after a pause. */
void chain_bus_wake(lab_chain *chain);
/** The same as recovery: only timers count. */
void chain_recover(
    lab_chain *chain, chain_service *service, uint32_t type, const void *body, size_t size);
void chain_enqueue(lab_chain *chain,
    chain_item_kind kind,
    uint32_t code,
    chain_core core,
    uint32_t account,
    const void *body,
    size_t size);
/** Works off the queue and timers that are due, until nothing is left to do now. */
void chain_settle(lab_chain *chain);
/** Names of subjects become the beginnings of ids. */
void chain_bus_init(lab_chain *chain);
chain_service *chain_service_of(lab_chain *chain, chain_core core, uint32_t account);

/* ---- chain_market.c ---- */
void chain_market_init(lab_chain *chain, cb_arena *arena);
/** Instruments, past candles, snapshots of the books. */
void chain_market_begin(lab_chain *chain);
/** The instruments as the exchange says them. */
void chain_market_instruments(lab_chain *chain);
/** What the exchange says of the market. */
void chain_market_event(lab_chain *chain, const sim_event *event);
/** Books whose turn has come. */
void chain_market_tick(lab_chain *chain);
void chain_market_need(lab_chain *chain, const collector_need *need);
/** The exchange's book as a snapshot, in the chain's work space; and its top as a message. */
void chain_market_depth(lab_chain *chain, uint32_t symbol, cb_venue_depth *out);
void chain_market_book(lab_chain *chain, uint32_t symbol, cb_book *out);

/* ---- chain_venue.c ---- */
void chain_venue_event(lab_chain *chain, const sim_event *event);
void chain_venue_request(
    lab_chain *chain, uint32_t account, uint32_t request, const void *body, size_t size);

/** Orders that have reached the venue by now. */
void chain_venue_arrive(lab_chain *chain);
/** When the next of them does; INT64_MAX: there is none. */
int64_t chain_venue_next_ns(const lab_chain *chain);

/* ---- chain_models.c ---- */
void chain_models_init(lab_chain *chain);
/** The books around the candles that begin. */
void chain_models_candle(lab_chain *chain);
/** Funding and rules whose moment has come. */
void chain_models_moment(lab_chain *chain);
void chain_models_fill(lab_chain *chain, uint32_t account, const portfolio_fill *fill);
int64_t chain_models_latency(lab_chain *chain);
/** An order that has just been placed: what waits before it. */
void chain_models_placed(lab_chain *chain, uint32_t account_index);

/* ---- chain_play.c ---- */
void chain_play_init(lab_chain *chain);
/** When the first row of all is; INT64_MAX: there is none. */
int64_t chain_play_start_ns(const lab_chain_config *config);
sim_candle_row chain_play_row(const lab_candles *from, uint64_t at);
/** Makes the next row of a symbol's history the one that is played. */
void chain_play_advance(lab_chain *chain, uint32_t symbol);
/** Plays one moment; false when there is none. */
bool chain_play_moment(lab_chain *chain);

/* ---- chain_quiet.c ---- */
void chain_quiet_init(lab_chain *chain);
/** Takes the minute that begins now as a whole; false when its messages must be told. */
bool chain_quiet_begin(lab_chain *chain);
/** The last quotes and scores of minutes that end now, to who reads them. */
void chain_quiet_ripen(lab_chain *chain);
/** Closes what chain_quiet_begin took, of one symbol; false when there is nothing to close. */
bool chain_quiet_close(lab_chain *chain, uint32_t symbol);
/** The exchange as if the minutes had been played: before it is asked for anything. */
void chain_quiet_sync_exchange(lab_chain *chain);
/** Everything as if they had been told: before messages are told again. */
void chain_quiet_sync(lab_chain *chain);
/** The newest quotes to a service that has not read them yet: before anything else it gets. */
void chain_quiet_deliver(lab_chain *chain, chain_service *service);
void chain_quiet_deliver_books(lab_chain *chain, chain_service *service);

/* ---- chain_rows.c ---- */
void chain_rows_record(lab_chain *chain, uint32_t account, lab_record kind, const void *body);
void chain_rows_fill(lab_chain *chain, uint32_t account, const portfolio_fill *fill);
void chain_rows_bar(lab_chain *chain);
void chain_rows_finish(lab_chain *chain);
uint64_t chain_rows_hash(const lab_chain *chain, uint32_t account);
uint32_t chain_symbol_index(const lab_chain *chain, const char *name);

#endif /* LAB_CHAIN_INTERNAL_H */
