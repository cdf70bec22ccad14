/* The signals service's core: candles into bars of several timeframes, bars into opinions of
 * strategies, opinions through validation and filters into a weighted score, the score into at most
 * one intent; stop-loss and take-profit watched on every price. Each opinion ends in exactly one
 * stored signal that says what became of it and why. */
#ifndef SIGNALS_H
#define SIGNALS_H

#include "base/strview.h"
#include "domain/core.h"
#include "domain/param.h"
#include "services/signals/core/records.h"
#include "wire/subjects.h"

#define SIGNALS_TEXT_MAX 512
#define SIGNALS_SYMBOLS_MAX 64
#define SIGNALS_STRATEGIES_MAX 16 /* entries of strategies.def */
#define SIGNALS_DESK_KINDS_MAX 8  /* entries of desks.def */
#define SIGNALS_HISTORY_CHUNK 256 /* bars per history event */
#define SIGNALS_HISTORY_MAX 5000  /* candles that may be asked for at a start */
#define SIGNALS_RULES_MAX 4       /* files of rules */

typedef struct signals_config {
    char account[SIGNALS_TEXT_MAX];
    char venue[SIGNALS_TEXT_MAX];
    char symbols[SIGNALS_TEXT_MAX];     /* "BTCUSDT,ETHUSDT" */
    char strategies[SIGNALS_TEXT_MAX];  /* "trend@1m:1,trend@5m:1.5" */
    char rules_files[SIGNALS_TEXT_MAX]; /* "a.rules,b.rules": texts for the strategy "rules" */
    char desks[SIGNALS_TEXT_MAX];       /* "rotation@15m:BTCUSDT+ETHUSDT:1000", or nothing */
    int64_t history_count;              /* 1m candles asked for at a start */
    /* validation of opinions */
    int64_t collar_e8;         /* ratio between the candle's close and the ticker */
    int64_t ticker_age_max_ns; /* an older ticker is no reference */
    int64_t quality_min_e8;
    int64_t confidence_min_e8;
    int64_t warmup_factor; /* times the indicators' own warm-up */
    /* duplicate and spam filter */
    int64_t cooldown_bars; /* same strategy, timeframe and side */
    int64_t hourly_max;    /* accepted opinions per symbol */
    /* decision */
    int64_t decay_bars; /* an opinion fades to nothing in so many bars of its timeframe */
    int64_t threshold_e8;
    int64_t exit_threshold_e8;
    int64_t entry_cooldown_ns; /* market time after an exit, a denial or a failed entry */
    int64_t exit_retry_ns;     /* after a denied or failed exit */
    bool has_brackets;         /* entries carry their exits; execution holds them */
    int64_t flatten_slice_e8;  /* quote units that one order of kill level 3 sells */
    int64_t flatten_collar_e8; /* ratio below the bid that it may go down to */
    bool guard_tickers;        /* stop-loss and take-profit on tickers too, not on closes only */
    /* intents */
    uint32_t entry_order_type; /* 0 market, 1 limit */
    uint32_t entry_tif;        /* 0 gtc, 1 ioc, 2 fok; limit orders only */
    int64_t limit_offset_e8;   /* ratio above the close that a limit entry pays */
    int64_t intent_ttl_ns;
    int64_t intent_grace_ns; /* without any word so long after its end an intent is forgotten */
    int64_t params[SIGNALS_STRATEGIES_MAX][CB_PARAMS_PER_ENTRY_MAX];
    int64_t desk_params[SIGNALS_DESK_KINDS_MAX][CB_PARAMS_PER_ENTRY_MAX];
} signals_config;

/* Indexes into the shell's table list. */
typedef enum signals_table {
    SIGNALS_TABLE_SIGNAL,
    SIGNALS_TABLE_INTENT,
    SIGNALS_TABLE_DECISION,
    SIGNALS_TABLE_BOOK, /* what is held and watched, per symbol */
    SIGNALS_TABLE_FLIGHT,
    SIGNALS_TABLE_KILL,
    SIGNALS_TABLE_RULES,     /* every version of every text */
    SIGNALS_TABLE_RULES_NOW, /* the version that runs, per file */
    SIGNALS_TABLE_COUNT
} signals_table;

/* Service-local events. */
typedef enum signals_event {
    SIGNALS_EVENT_HISTORY = CB_EVENT_LOCAL, /* signals_history: part of an answer */
    SIGNALS_EVENT_EPOCH,                    /* signals_epoch: at start, before all others */
    SIGNALS_EVENT_BOOK,                     /* signals_book: stored state at start */
    SIGNALS_EVENT_FLIGHT,                   /* signals_flight: stored and not closed, at start */
    SIGNALS_EVENT_SIGNAL,                   /* cb_signal: a recent accepted one, at start */
    SIGNALS_EVENT_KILL,                     /* cb_kill: stored, at start */
    SIGNALS_EVENT_RULES                     /* signals_rules: a text; stored, at start */
} signals_event;

/* Requests to the shell. */
typedef enum signals_request {
    SIGNALS_REQUEST_HISTORY = 1 /* signals_history_ask */
} signals_request;

typedef struct signals_epoch {
    uint64_t epoch;
} signals_epoch;

typedef struct signals_history_ask {
    char symbol[24];
    uint32_t limit;
} signals_history_ask;

/* A 1m candle of the past: prices and volume only. */
typedef struct signals_bar {
    int64_t open_ts_ns;
    int64_t open_e8;
    int64_t high_e8;
    int64_t low_e8;
    int64_t close_e8;
    int64_t volume_e8;
    int64_t quote_volume_e8;
    uint64_t trades_count;
} signals_bar;

/* An answer comes in chunks, oldest bars first. */
typedef struct signals_history {
    char symbol[24];
    bool is_first;
    bool is_last;
    uint32_t bars_count;
    signals_bar bars[SIGNALS_HISTORY_CHUNK];
} signals_history;

/* What /metrics shows; counts since start. */
typedef struct signals_counts {
    uint64_t candles;
    uint64_t raised; /* opinions */
    uint64_t dropped;
    uint64_t aggregated;
    uint64_t decided;
    uint64_t entries;
    uint64_t exits;
    uint64_t guards; /* stop-loss and take-profit exits */
    uint64_t denials;
    uint64_t history_asks;
    uint64_t rules_taken; /* texts put to work */
    uint64_t rules_refused;
} signals_counts;

extern const cb_core_ops signals_core;

/** Every value at its default, for tests. */
void signals_config_defaults(signals_config *config);
/** CB_E_CONFIG naming what is wrong in venue, account, symbols or strategies. */
CB_MUST_USE cb_status signals_config_check(const signals_config *config, cb_err *err);

const signals_counts *signals_counts_of(const void *state);
/** Symbols whose history has come. */
uint32_t signals_ready_count(const void *state);
uint32_t signals_symbols_count(const void *state);

/**
 * Whether a text of rules may be put to work: it compiles, `rules.files` names its file,
 * `strategies` its timeframe, it fits the memory, and no other file has its timeframe.
 *
 * @param state the core's.
 * @param work, program cb_expr_work_size and cb_expr_program_size bytes; program [out] on CB_OK.
 * @param why [out] for people, when it may not.
 */
CB_MUST_USE cb_status signals_rules_check(const void *state,
    const signals_rules *rules,
    void *work,
    void *program,
    char *why,
    size_t why_size);
/** Item index of a comma list; an empty view past the end. */
cb_strview signals_list_item(const char *list, uint32_t index);

/** The registry, in order; NULL past the end. */
const char *signals_strategy_name(uint32_t index);
const char *signals_strategy_help(uint32_t index);
const cb_param *signals_strategy_params(uint32_t index, uint32_t *count);
/** The same of desks. */
const char *signals_desk_name(uint32_t index);
const char *signals_desk_help(uint32_t index);
const cb_param *signals_desk_params(uint32_t index, uint32_t *count);

#endif /* SIGNALS_H */
