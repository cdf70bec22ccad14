/* The validator's core: judges every raw market message by the expectations of expectations.def,
 * passes good ones on, quarantines bad ones, and keeps a data-quality score per symbol.
 *
 * What it remembers is what it accepted: last trade, book, ticker, the newest candles. State is a
 * function of the events alone. */
#ifndef VALIDATOR_H
#define VALIDATOR_H

#include "domain/core.h"
#include "domain/param.h"
#include "wire/subjects.h"

#define VALIDATOR_TEXT_MAX 512
#define VALIDATOR_SYMBOLS_MAX 64
#define VALIDATOR_EXPECTATIONS_MAX 32
#define VALIDATOR_BARS_MAX 8192 /* remembered 1m candles per symbol, at most */
#define VALIDATOR_BAR_INTERVAL_S 60U
#define VALIDATOR_WINDOW_S 60 /* length of the score's window, in buckets of one second */

typedef struct validator_config {
    char venue[VALIDATOR_TEXT_MAX];
    char symbols[VALIDATOR_TEXT_MAX]; /* "BTCUSDT,ETHUSDT" */
    int64_t stale_after_ns;
    int64_t warning_weight_e8;    /* share of a failure that a warning costs the score */
    int64_t score_store_ns;       /* a score goes to the table at most this often, and on change */
    int64_t instrument_period_ns; /* how often instruments are said again for late joiners */
    int64_t reset_after_count;    /* refusals in a row after which a kind's memory is dropped */
    int64_t history_keep_count;   /* remembered 1m candles per symbol */
    bool history_trades;          /* trades are stored too */
    int64_t params[VALIDATOR_EXPECTATIONS_MAX][CB_PARAMS_PER_ENTRY_MAX];
} validator_config;

/* Service-local events. */
typedef enum validator_event {
    VALIDATOR_EVENT_BAR = CB_EVENT_LOCAL /* cb_candle: a stored candle, re-fed in order at start */
} validator_event;

/* Indexes into the shell's table list. */
typedef enum validator_table {
    VALIDATOR_TABLE_CANDLE,
    VALIDATOR_TABLE_TRADE,
    VALIDATOR_TABLE_FINDING,
    VALIDATOR_TABLE_SCORE,
    VALIDATOR_TABLE_TICK_QUALITY,
    VALIDATOR_TABLE_QUARANTINE_TRADE, /* + (kind - CB_MSG_TRADE): all are the table quarantine */
    VALIDATOR_TABLE_QUARANTINE_CANDLE,
    VALIDATOR_TABLE_QUARANTINE_BOOK,
    VALIDATOR_TABLE_QUARANTINE_DELTA,
    VALIDATOR_TABLE_QUARANTINE_TICKER,
    VALIDATOR_TABLE_QUARANTINE_INSTRUMENT,
    VALIDATOR_TABLE_COUNT
} validator_table;

/* One accepted 1m candle as it is remembered and answered to history questions. */
typedef struct validator_bar {
    int64_t open_ts_ns;
    int64_t open_e8;
    int64_t high_e8;
    int64_t low_e8;
    int64_t close_e8;
    int64_t volume_e8;
    int64_t quote_volume_e8;
    uint64_t trades_count;
} validator_bar;

/* What /metrics shows; all counts since start. */
typedef struct validator_counts {
    uint64_t checked;
    uint64_t passed;
    uint64_t warned;
    uint64_t quarantined;
    uint64_t repeated; /* candles that came again unchanged */
    uint64_t memory_resets;
    uint64_t by_expectation[VALIDATOR_EXPECTATIONS_MAX];
} validator_counts;

extern const cb_core_ops validator_core;

/** Every value at its default: what an empty configuration means. For tests. */
void validator_config_defaults(validator_config *config);

/** CB_E_CONFIG when the symbol list is empty, too long, or names one twice. */
CB_MUST_USE cb_status validator_config_check(const validator_config *config, cb_err *err);

const validator_counts *validator_counts_of(const void *state);
/** How many symbols are configured. */
uint32_t validator_symbols_count(const void *state);
/** The last score of symbol index; name [out] points into the state. */
void validator_score_of(
    const void *state, uint32_t index, const char **name, cb_ratio *score, bool *is_stale);

/** Names of the registry, in evaluation order; NULL past the end. */
const char *validator_expectation_name(uint32_t index);
/** Parameter table of entry index; count [out]. */
const cb_param *validator_expectation_params(uint32_t index, uint32_t *count);
const char *validator_expectation_help(uint32_t index);

/**
 * The remembered candles of a symbol, oldest first.
 *
 * @return [borrowed until the next step] NULL when the symbol is not configured.
 */
const validator_bar *validator_bars_of(const void *state, const char *symbol, uint32_t *count);
/** A remembered candle as the message it was: venue, symbol, times and prices; empty envelope. */
void validator_bar_to_candle(
    const validator_bar *bar, const char *venue, const char *symbol, cb_candle *out);

#endif /* VALIDATOR_H */
