/* The chain: the cores that trade live (validator, signals, risk, execution, portfolio) and the
 * simulator's exchange, linked in one process and driven through history in virtual time. Nothing
 * is decided here: what the shells and the bus do between the cores live is done by small adapters,
 * in the order of a lockstep replay, so that the same history gives the same intents, verdicts,
 * fills and ledger entries byte for byte (docs/adr/0004-lockstep.md).
 *
 * Use: fill a config, lab_chain_size, memory from anywhere, lab_chain_create, then
 * lab_chain_run until it is over. Nothing is allocated after create. One chain, one thread; any
 * number of chains side by side. */
#ifndef LAB_CHAIN_H
#define LAB_CHAIN_H

#include "base/arena.h"
#include "services/execution/core/execution.h"
#include "services/lab/core/result.h"
#include "services/portfolio/core/portfolio.h"
#include "services/risk/core/risk.h"
#include "services/signals/core/signals.h"
#include "services/simulator/core/api/limits.h"
#include "services/simulator/core/house.h"
#include "services/validator/core/validator.h"

#define LAB_CHAIN_SYMBOLS_MAX 16
#define LAB_CHAIN_ACCOUNTS_MAX 8
#define LAB_CHAIN_DEPOSITS_MAX 8

struct lab_models;

/* One instrument and its history. */
typedef struct lab_chain_symbol {
    sim_spec spec;              /* its rules; lab_chain_fit makes the grid as fine as the data */
    const lab_candles *candles; /* [borrowed] of the smallest timeframe (one minute or less) */
    const lab_trades *trades;   /* [borrowed] instead of candles, or NULL */
    const lab_depth *depth;     /* [borrowed] the recorded book beside trades, or NULL */
} lab_chain_symbol;

typedef struct lab_chain_deposit {
    char asset[LAB_ASSET_SIZE];
    int64_t amount_e8;
} lab_chain_deposit;

/* One account: its own signals, risk, execution and portfolio. The configurations are the
 * services' own structs, filled by their own tables (services/X/config.c); all must name the same
 * account, the venue "binance" and the chain's symbols. */
typedef struct lab_chain_account {
    const signals_config *signals; /* [borrowed], as all four */
    const risk_config *risk;       /* permit_key equals execution's */
    const exec_config *execution;
    const portfolio_config *portfolio;
    const signals_rules *rules; /* [borrowed] texts of the files that signals' rules.files names */
    uint32_t rules_count;
    exec_caps caps; /* as a signed file would say them */
    uint32_t deposits_count;
    lab_chain_deposit deposits[LAB_CHAIN_DEPOSITS_MAX];
} lab_chain_account;

/* What the exchange is like; lab_chain_venue_defaults fills in the simulator's own. */
typedef struct lab_chain_venue {
    int64_t fee_maker_e8; /* ratio */
    int64_t fee_taker_e8;
    char fee_asset[LAB_ASSET_SIZE]; /* "" or a third asset that pays fees while it lasts */
    int64_t fee_asset_price_e8;
    int64_t fee_asset_factor_e8;
    sim_synthetic book; /* where the history has no book: spread, levels, depth */
    sim_limits_config limits;
    uint32_t orders_max; /* ever, of all accounts */
    uint32_t trades_max;
} lab_chain_venue;

/* What an observer may be told of. The bodies are those of the bus and the stores. */
typedef enum lab_record {
    LAB_RECORD_SIGNAL, /* cb_signal */
    LAB_RECORD_INTENT, /* cb_intent */
    LAB_RECORD_PERMIT, /* cb_permit */
    LAB_RECORD_DENIAL, /* cb_denial */
    LAB_RECORD_ORDER,  /* cb_order: each version */
    LAB_RECORD_FILL,   /* cb_fill */
    LAB_RECORD_ENTRY,  /* portfolio_entry: of the ledger */
    LAB_RECORD_KILL,   /* cb_kill: a level of the latch */
    LAB_RECORD_QUALITY /* cb_quality: a message that the validator refused or warned of */
} lab_record;

/* Where results go. Each function may be NULL; bodies are [borrowed for the call]. account is an
 * index into the config's accounts. */
typedef struct lab_chain_sink {
    void *context;
    void (*record)(void *context, lab_record kind, uint32_t account, const void *body);
    /** After each closed candle of the first symbol, when all symbols' candles are in. */
    void (*point)(void *context, uint32_t account, const lab_point *point);
    void (*fill)(void *context, uint32_t account, const lab_fill *fill);
    /** A round trip is over; at the end of the data also those that are still open. */
    void (*trade)(void *context, uint32_t account, const lab_trade *trade);
    void (*finding)(void *context, uint32_t symbol, const lab_finding *finding);
} lab_chain_sink;

typedef struct lab_chain_config {
    uint32_t symbols_count;
    lab_chain_symbol symbols[LAB_CHAIN_SYMBOLS_MAX];
    const validator_config *validator; /* [borrowed] */
    uint32_t accounts_count;
    lab_chain_account accounts[LAB_CHAIN_ACCOUNTS_MAX];
    lab_chain_venue venue;
    const struct lab_models *models; /* [borrowed] models/model.h; NULL: the simulator's own */
    int64_t from_ns;                 /* first candle that is played; 0: the first there is */
    int64_t to_ns;                   /* exclusive; 0: to the end */
    uint32_t warmup_count;           /* candles before from_ns that are history at the start */
    bool is_conflated;               /* market messages that nobody reads are left out: the same
                                        intents, verdicts, fills and entries, sooner */
    lab_chain_sink sink;
} lab_chain_config;

typedef struct lab_chain lab_chain;

/** The simulator's defaults: 0.1 % fees, a tick of spread, 20 levels of 50 000. */
void lab_chain_venue_defaults(lab_chain_venue *venue);
/** Makes tick and lot of a spec as fine as the data of symbol needs, as a replay does. */
void lab_chain_fit(lab_chain_symbol *symbol);
/** CB_E_CONFIG or CB_E_RANGE with what is wrong: no data, accounts that differ, bad specs … */
CB_MUST_USE cb_status lab_chain_check(const lab_chain_config *config, cb_err *err);
/** Bytes of memory that lab_chain_create takes. */
size_t lab_chain_size(const lab_chain_config *config);
/**
 * Builds the chain in memory and brings it to the moment before the first candle.
 *
 * @param config [borrowed until the chain is no longer used] checked by lab_chain_check.
 * @param memory lab_chain_size bytes of zeroes (fresh pages), aligned to 16 [borrowed likewise].
 */
lab_chain *lab_chain_create(const lab_chain_config *config, void *memory, size_t size);
/**
 * Plays until bars_max more candles of the first symbol have closed or the data is over.
 *
 * @return true when there is more to play. For a progress bar and Ctrl-C call it in shares.
 */
bool lab_chain_run(lab_chain *chain, uint64_t bars_max);
/** Ends open round trips, and gives the totals of an account; may be called before the end. */
void lab_chain_finish(lab_chain *chain);
void lab_chain_totals(const lab_chain *chain, uint32_t account, lab_totals *out);
/** What was refused, by whom, how often; returns how many rows. */
uint32_t lab_chain_reasons(
    const lab_chain *chain, uint32_t account, lab_reason out[LAB_REASONS_MAX]);
/** Texts of rules that an account's signals refused: what they ask for is not configured. */
uint64_t lab_chain_rules_refused(const lab_chain *chain, uint32_t account);
/** Name of strategy index of an account's fills and round trips; NULL past the last one. */
const char *lab_chain_strategy(const lab_chain *chain, uint32_t account, uint32_t index);
/** Market time (ns UTC) and candles of the first symbol so far. */
int64_t lab_chain_now_ns(const lab_chain *chain);
uint64_t lab_chain_bars(const lab_chain *chain);

#endif /* LAB_CHAIN_H */
