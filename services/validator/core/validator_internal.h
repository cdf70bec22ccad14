/* State of the validator's core; only its own files see it. */
#ifndef VALIDATOR_INTERNAL_H
#define VALIDATOR_INTERNAL_H

#include "services/validator/core/validator.h"

#define VALIDATOR_KINDS_COUNT ((uint32_t)CB_MSG_INSTRUMENT + 1U) /* index 0 is unused */
#define VALIDATOR_TIMER_TICK 1U
/* Bars move to the beginning of their part only when its end is reached, not with each candle. */
#define VALIDATOR_BARS_ROOM 2U

_Static_assert(CB_MSG_TRADE == 1, "market kinds are 1 … 6");
_Static_assert(CB_MSG_INSTRUMENT == 6, "market kinds are 1 … 6");

/* The members that every market message begins with. */
typedef struct validator_head {
    cb_envelope env;
    char venue[12];
    char symbol[24];
} validator_head;

/* ---- what was accepted, per symbol ---- */
typedef struct validator_trade_memory {
    bool is_known;
    uint64_t trade_id;
    int64_t venue_ts_ns;
} validator_trade_memory;

typedef struct validator_book_memory {
    bool is_known;
    bool is_valid; /* the collector calls it whole */
    uint64_t update_id;
    int64_t venue_ts_ns;
} validator_book_memory;

typedef struct validator_delta_memory {
    bool is_known;
    uint64_t first_update_id;
    uint64_t last_update_id;
    uint32_t part_index;
    int64_t venue_ts_ns;
} validator_delta_memory;

typedef struct validator_ticker_memory {
    bool is_known;
    uint64_t update_id;
    int64_t recv_ns;
} validator_ticker_memory;

typedef struct validator_price_memory {
    int64_t price_e8; /* 0: unknown */
    int64_t at_ns;    /* receive time of the message it came with */
} validator_price_memory;

/* One second of the score's window. */
typedef struct validator_bucket {
    int64_t second; /* of the service's clock; older than the window: empty */
    uint32_t checked;
    uint32_t failed;
    uint32_t warned;
} validator_bucket;

typedef struct validator_symbol {
    char name[24];
    validator_trade_memory trade;
    validator_book_memory book;
    validator_delta_memory delta;
    validator_ticker_memory ticker;
    validator_price_memory price;
    bool has_instrument;
    cb_instrument instrument;
    uint32_t bars_first; /* of its part of the bars: what is older has left */
    uint32_t bars_count;
    uint32_t refusals[VALIDATOR_KINDS_COUNT];          /* in a row, by expectations that compare */
    int64_t warned_second[VALIDATOR_EXPECTATIONS_MAX]; /* last second a warning was published */

    validator_bucket buckets[VALIDATOR_WINDOW_S];
    int64_t last_data_ns; /* service clock at the last accepted live message; 0 = none yet */
    bool is_stale;
    bool is_book_valid;
    bool is_score_changed; /* something was counted since the last publication */
    int64_t score_stored_ns;
} validator_symbol;

typedef struct validator_state {
    const validator_config *config;
    validator_counts counts;
    int64_t instruments_said_ns;
    uint32_t symbols_count;
    uint32_t bars_capacity; /* per symbol */
    validator_symbol symbols[VALIDATOR_SYMBOLS_MAX];
    validator_bar bars[]; /* VALIDATOR_BARS_ROOM times bars_capacity per symbol, oldest first */
} validator_state;

/* ---- symbols and bars (bars.c) ---- */
validator_symbol *validator_find(validator_state *state, const char *venue, const char *symbol);
validator_bar *validator_bars(validator_state *state, const validator_symbol *symbol);

typedef enum validator_place {
    VALIDATOR_PLACE_NEWEST,    /* later than all */
    VALIDATOR_PLACE_FILLS_GAP, /* between remembered ones, or before them while there is room */
    VALIDATOR_PLACE_SAME,      /* remembered, equal */
    VALIDATOR_PLACE_DIFFERS,   /* remembered, other content */
    VALIDATOR_PLACE_TOO_OLD    /* before all remembered ones, and no room */
} validator_place;

/** Where a closed 1m candle belongs; index [out] of the equal or the next later bar. */
validator_place validator_bar_place(const validator_bar *bars,
    uint32_t count,
    uint32_t capacity,
    const cb_candle *candle,
    uint32_t *index);
/** Remembers a candle at NEWEST or FILLS_GAP; the oldest leaves when there is no room. */
void validator_bar_insert(
    validator_state *state, validator_symbol *symbol, const cb_candle *candle, uint32_t index);

/* ---- score (score.c) ---- */
typedef enum validator_outcome {
    VALIDATOR_OUTCOME_PASSED,
    VALIDATOR_OUTCOME_WARNED,
    VALIDATOR_OUTCOME_FAILED
} validator_outcome;

void validator_score_count(validator_symbol *symbol, int64_t now_ns, validator_outcome outcome);
/** Sums the window that ends now. 1 when nothing was checked. */
cb_ratio validator_score_sum(const validator_symbol *symbol,
    int64_t warning_weight_e8,
    int64_t now_ns,
    uint64_t *checked,
    uint64_t *failed);
void validator_score_publish(validator_state *state,
    validator_symbol *symbol,
    const cb_event *event,
    bool must_store,
    cb_outbox *out);
/** Live data arrived: ends staleness, and says so before the data itself goes out. */
void validator_score_alive(
    validator_state *state, validator_symbol *symbol, const cb_event *event, cb_outbox *out);
void validator_score_book(validator_state *state,
    validator_symbol *symbol,
    bool is_valid,
    const cb_event *event,
    cb_outbox *out);
/** Each second: staleness, and scores that moved. */
void validator_score_tick(validator_state *state, const cb_event *event, cb_outbox *out);

/* ---- memory (memory.c) ---- */
void validator_remember(validator_symbol *symbol, cb_msg_id kind, const void *body);
/** Drops what is remembered of a kind, so that the next message is judged by itself. */
void validator_forget(validator_symbol *symbol, cb_msg_id kind);

/* ---- judging (engine.c) ---- */
typedef struct validator_judgement {
    uint32_t critical; /* index of the expectation that blocks, or VALIDATOR_EXPECTATIONS_MAX */
    uint32_t warnings; /* bits of the expectations that warn */
} validator_judgement;

void validator_on_market(
    validator_state *state, const cb_event *event, cb_msg_id kind, cb_outbox *out);
/** Copies a raw body into an answer whose envelope names the raw message as its cause. */
void validator_copy_body(void *copy, const void *body, size_t size);

/* ---- refusals (quarantine.c) ---- */
typedef struct validator_refusal {
    cb_msg_id kind;
    const void *body;
    const char *expectation;
    cb_severity severity;
    const char *observed;
    const char *expected;
    int64_t now_ns;
} validator_refusal;

/** Publishes md.bad.quality; a critical one keeps the whole body in the quarantine too. */
void validator_refuse(const validator_refusal *refusal, cb_outbox *out);

#endif /* VALIDATOR_INTERNAL_H */
