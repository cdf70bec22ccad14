/* What a run of the lab yields: the contract between the engine, the statistics and the reports.
 * Money and prices are whole numbers of 1e-8; statistics are computed from these rows elsewhere. */
#ifndef LAB_RESULT_H
#define LAB_RESULT_H

#include "base/id.h"
#include "domain/messages.h"
#include "services/lab/core/candles.h"

#define LAB_NAME_SIZE 32
#define LAB_ASSET_SIZE 16
#define LAB_VERSION_SIZE 64

/* Everything that the same bytes depend on. */
typedef struct lab_provenance {
    char code_version[LAB_VERSION_SIZE];
    char data_hash[LAB_HASH_SIZE];   /* over the data hashes of all series, in the job's order */
    char config_hash[LAB_HASH_SIZE]; /* of the job in its canonical form */
    uint64_t seed;
    bool is_forced; /* data that the validator does not certify was used all the same */
} lab_provenance;

/* The account after a bar: one row per closed bar of the smallest timeframe. */
typedef struct lab_point {
    int64_t ts_ns;
    int64_t equity_e8;   /* cash + positions at the last close */
    int64_t cash_e8;     /* of the quote asset */
    int64_t exposure_e8; /* Σ |position| at the last close */
} lab_point;

typedef struct lab_fill {
    int64_t ts_ns;
    uint32_t symbol;   /* index into the job's symbols */
    uint32_t strategy; /* index into the job's strategies */
    cb_side side;
    bool is_maker;
    int64_t price_e8;
    int64_t qty_e8;
    int64_t fee_e8; /* in units of fee_asset */
    char fee_asset[LAB_ASSET_SIZE];
    int64_t fee_quote_e8; /* the same in the quote asset at that moment */
    int64_t
        reference_e8; /* mid or last price when the order was decided: slippage = price − this */
    cb_id order_id;
    cb_id intent_id;
} lab_fill;

/* A round trip: from flat to flat of one symbol and strategy. */
typedef struct lab_trade {
    uint32_t symbol;
    uint32_t strategy;
    cb_side side; /* of the entry */
    bool is_open; /* the data ended first; exit_* are the last close */
    int64_t entry_ts_ns;
    int64_t exit_ts_ns;
    int64_t entry_price_e8; /* averages over its fills */
    int64_t exit_price_e8;
    int64_t qty_e8; /* largest held */
    int64_t pnl_e8; /* quote units, after fees */
    int64_t fees_e8;
    int64_t mae_e8; /* most adverse excursion: lowest unrealised P&L, ≤ 0 */
    int64_t mfe_e8; /* most favourable, ≥ 0 */
    uint64_t bars_held;
    char exit_reason[LAB_NAME_SIZE];
} lab_trade;

/* What was refused, by whom, how often: every signal has one terminal reason. */
typedef struct lab_reason {
    char stage[LAB_NAME_SIZE];  /* "signals", "risk", "execution", "venue" */
    char reason[LAB_NAME_SIZE]; /* "cooldown", "order_notional_max", … */
    uint64_t count;
} lab_reason;

#define LAB_REASONS_MAX 64
#define LAB_ASSETS_MAX 32

typedef struct lab_totals {
    uint64_t bars;
    uint64_t signals;
    uint64_t intents;
    uint64_t permits;
    uint64_t denials;
    uint64_t orders;
    uint64_t fills;
    uint64_t trades;
    int64_t start_equity_e8;
    int64_t end_equity_e8;
    int64_t fees_e8;      /* quote units */
    int64_t funding_e8;   /* quote units paid (> 0) or received */
    int64_t turnover_e8;  /* Σ price × qty of all fills */
    uint64_t state_hash;  /* of all cores at the end: the run's fingerprint */
    uint64_t output_hash; /* of all intents, verdicts, fills and ledger entries, in order */
} lab_totals;

/* [owned] by who made it; arrays are freed with it. */
typedef struct lab_result {
    lab_provenance provenance;
    lab_totals totals;
    lab_point *points;
    uint64_t points_count;
    lab_fill *fills;
    uint64_t fills_count;
    lab_trade *trades;
    uint64_t trades_count;
    lab_finding *findings;
    uint64_t findings_count;
    lab_reason reasons[LAB_REASONS_MAX];
    uint32_t reasons_count;
    bool is_partial; /* ended before the data did (Ctrl-C): never shown as whole */
} lab_result;

#endif /* LAB_RESULT_H */
