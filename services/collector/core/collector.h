/* The collector's core: connections and requests. It decides when to connect, subscribe, ask for
 * what is missing, roll a connection over, wait, and what to store; the shell owns the sockets and
 * hands each message of the streams to market.h directly.
 *
 * Two clocks come in with the events. The service's clock (event.ts_ns) rules what belongs to the
 * market: refreshing instruments, rolling over. The monotonic clock (mono_ns) paces the network:
 * back-off, Retry-After, rate limits; in a lockstep replay the service's clock stands still while
 * the network still has to be waited for.
 *
 * One connection is primary: its messages count. During a rollover a second one is joined; when it
 * has been live for a while the first is closed and the second becomes primary. */
#ifndef COLLECTOR_H
#define COLLECTOR_H

#include "base/prng.h"
#include "domain/core.h"
#include "services/collector/core/market.h"
#include "services/collector/core/records.h"

#define COLLECTOR_TEXT_MAX 512
#define COLLECTOR_SLOTS 2
#define COLLECTOR_JOBS_MAX (1 + COLLECTOR_SYMBOLS_MAX * COLLECTOR_KIND_COUNT)
#define COLLECTOR_REST_ATTEMPTS_MAX 5U
#define COLLECTOR_REPAIR_ROUNDS_MAX 20U

typedef struct collector_config {
    char venue[COLLECTOR_TEXT_MAX];
    char symbols[COLLECTOR_TEXT_MAX];
    char rest_url[COLLECTOR_TEXT_MAX];
    char ws_url[COLLECTOR_TEXT_MAX];
    uint64_t backfill_candles;
    uint64_t depth_limit;
    uint64_t book_levels_max;
    int64_t book_period_ns;
    int64_t instruments_period_ns;
    int64_t backoff_min_ns;
    int64_t backoff_max_ns;
    int64_t rollover_after_ns;
    int64_t rollover_overlap_ns;
    int64_t silence_ns;
    int64_t consumer_wait_ns;
    uint64_t rest_in_flight_max;
    uint64_t weight_per_minute;
    uint64_t seed;
} collector_config;

/* Service-local events; the body of all is collector_input, but of INSTRUMENT a cb_instrument. */
typedef enum collector_event {
    COLLECTOR_EVENT_STARTED = CB_EVENT_LOCAL, /* epoch */
    COLLECTOR_EVENT_WAKE,
    COLLECTOR_EVENT_CONSUMER, /* the validator is there, for the first time or anew */
    COLLECTOR_EVENT_OPENED,   /* slot */
    COLLECTOR_EVENT_CLOSED,   /* slot, text */
    COLLECTOR_EVENT_REPLY,    /* slot, is_ok, next_symbol */
    COLLECTOR_EVENT_SHUTDOWN, /* slot: the venue asks us to reconnect */
    COLLECTOR_EVENT_SILENT,   /* slot: no data for too long */
    COLLECTOR_EVENT_ANSWER,   /* job, action, retry_after_s, used_weight, is_progress */
    COLLECTOR_EVENT_LIMITS,   /* weight_per_minute */
    COLLECTOR_EVENT_NEED,     /* need, is_forced */
    COLLECTOR_EVENT_OUTCOME,  /* outcome */
    COLLECTOR_EVENT_INSTRUMENT
} collector_event;

typedef struct collector_input {
    int64_t mono_ns;
    uint64_t epoch;
    uint32_t slot;
    uint32_t next_symbol;
    uint32_t job;
    uint32_t action; /* cb_venue_action; what the venue's answer means */
    bool is_ok;
    bool is_forced;        /* candles: also those that went out before */
    bool is_progress;      /* a repair brought something new */
    int64_t retry_after_s; /* -1: not stated */
    int64_t used_weight;   /* in this minute, -1: not stated */
    uint64_t weight_per_minute;
    collector_need need;
    collector_outcome outcome;
    char text[64];
} collector_input;

/* What the shell is asked to do; the body is collector_command, of FETCH collector_fetch. */
typedef enum collector_request {
    COLLECTOR_REQUEST_OPEN,      /* slot */
    COLLECTOR_REQUEST_CLOSE,     /* slot */
    COLLECTOR_REQUEST_SUBSCRIBE, /* slot, symbol: from this one on, as many as fit; then REPLY */
    COLLECTOR_REQUEST_PRIMARY,   /* slot; COLLECTOR_SLOTS = none */
    COLLECTOR_REQUEST_BEGIN,     /* symbol, is_new_stream, is_backfill: collector_market_begin */
    COLLECTOR_REQUEST_FETCH,
    COLLECTOR_REQUEST_GIVE_UP, /* symbol, kind: the repair failed */
    COLLECTOR_REQUEST_WAKE     /* wake_mono_ns */
} collector_request;

typedef struct collector_command {
    uint32_t slot;
    uint32_t symbol;
    collector_kind kind;
    bool is_new_stream;
    bool is_backfill;
    int64_t wake_mono_ns;
} collector_command;

typedef struct collector_fetch {
    uint32_t job;
    uint32_t symbol; /* symbols_count for instruments */
    cb_venue_call call;
    bool is_forced; /* candles: publish also what went out before */
    collector_need need;
    cb_venue_request request;
} collector_fetch;

/* Indexes into the shell's table list. */
typedef enum collector_table {
    COLLECTOR_TABLE_INSTRUMENTS,
    COLLECTOR_TABLE_SESSIONS,
    COLLECTOR_TABLE_GAPS,
    COLLECTOR_TABLE_COUNT
} collector_table;

enum { COLLECTOR_TIMER_INSTRUMENTS = 1, COLLECTOR_TIMER_ROLLOVER, COLLECTOR_TIMER_OVERLAP };

typedef enum collector_link {
    COLLECTOR_LINK_IDLE,
    COLLECTOR_LINK_WAITING, /* for open_at_ns */
    COLLECTOR_LINK_OPENING,
    COLLECTOR_LINK_SUBSCRIBING,
    COLLECTOR_LINK_LIVE
} collector_link;

typedef struct collector_slot {
    collector_link link;
    uint32_t attempts;  /* failed ones in a row */
    int64_t open_at_ns; /* monotonic */
    int64_t live_mono_ns;
    collector_session session;
} collector_slot;

typedef enum collector_job_state {
    COLLECTOR_JOB_NONE,
    COLLECTOR_JOB_WANTED,
    COLLECTOR_JOB_IN_FLIGHT
} collector_job_state;

typedef struct collector_job {
    collector_job_state state;
    bool is_again; /* wanted once more while in flight */
    bool is_forced;
    bool is_fallback; /* the first way was refused: ask differently */
    uint32_t attempts;
    uint32_t rounds;
    int64_t not_before_ns; /* monotonic */
    collector_need need;
} collector_job;

typedef struct collector_state {
    const collector_config *config;
    const cb_venue_ops *venue;
    uint32_t symbols_count;
    char names[COLLECTOR_SYMBOLS_MAX][24];
    cb_prng prng;
    uint64_t epoch;
    uint64_t sessions_made;
    uint64_t gaps_made;
    bool is_started;
    bool is_begun;       /* the consumer was there, or the wait for it is over */
    bool has_backfilled; /* the first connection has been live */
    int64_t begin_by_ns; /* monotonic */
    int64_t wake_at_ns;  /* monotonic, 0: none asked for */
    uint32_t primary;    /* COLLECTOR_SLOTS: none */
    collector_slot slots[COLLECTOR_SLOTS];
    /* REST */
    uint32_t in_flight;
    int64_t blocked_until_ns; /* monotonic */
    bool is_banned;
    uint64_t weight_per_minute;
    int64_t tokens_e6;
    int64_t tokens_at_ns;
    collector_job jobs[COLLECTOR_JOBS_MAX];
    /* stored */
    bool has_instrument[COLLECTOR_SYMBOLS_MAX];
    cb_instrument instruments[COLLECTOR_SYMBOLS_MAX];
    bool has_gap[COLLECTOR_SYMBOLS_MAX][COLLECTOR_KIND_COUNT];
    collector_gap gaps[COLLECTOR_SYMBOLS_MAX][COLLECTOR_KIND_COUNT];
} collector_state;

extern const cb_core_ops collector_core;

/** Fills every value with its default. For tests. */
void collector_config_defaults(collector_config *config);
/** Work that is under way: requests, connections being made, waits. Part of "idle". */
uint32_t collector_pending(const collector_state *state);
/** Why the streams do not run; false when they do. */
bool collector_why_not(const collector_state *state, char *why, size_t why_size);

/* ---- inside the core ---- */
void collector_rest_init(collector_state *state, int64_t mono_ns);
void collector_rest_want(
    collector_state *state, uint32_t job, const collector_need *need, bool is_forced);
/** The venue states its limit; 0: it did not. */
void collector_rest_limit(collector_state *state, uint64_t weight_per_minute);
void collector_rest_answer(collector_state *state, const collector_input *input, cb_outbox *out);
/** Sends what may be sent now. */
void collector_rest_pump(collector_state *state, int64_t mono_ns, cb_outbox *out);
/** Jobs that wait to be sent; those of symbols that the venue does not have do not count. */
uint32_t collector_rest_waiting(const collector_state *state);
/** Earliest monotonic time at which pump could do more; INT64_MAX: none. */
int64_t collector_rest_next_ns(const collector_state *state, int64_t mono_ns);
uint32_t collector_job_of(uint32_t symbol, collector_kind kind);
#define COLLECTOR_JOB_INSTRUMENTS 0U

#endif /* COLLECTOR_H */
