/* A job made ready to run: its history opened, every service's configuration filled by that
 * service's own table, names for the rows' indexes, and the hashes that tell what a result was made
 * from. */
#ifndef LAB_PLAN_H
#define LAB_PLAN_H

#include "services/lab/data/history.h"
#include "services/lab/job/job.h"
#include "services/lab/setup.h"
#include "services/lab/store/store.h"

/* [owned] large: not for the stack. Never copied: it points into itself. */
typedef struct lab_plan {
    const lab_job *job; /* [borrowed until the plan is closed] */
    lab_setup setup;
    lab_history *histories[LAB_SERIES_MAX];      /* [owned] one per series of the job */
    lab_candles candles[LAB_CHAIN_SYMBOLS_MAX];  /* per symbol; count 0: none */
    lab_candles refined[LAB_CHAIN_SYMBOLS_MAX];  /* minutes out of coarser candles; count 0: none */
    void *refined_memory[LAB_CHAIN_SYMBOLS_MAX]; /* [owned] */
    size_t refined_size[LAB_CHAIN_SYMBOLS_MAX];
    lab_chain_config chain;                 /* without a sink */
    signals_rules rules[SIGNALS_RULES_MAX]; /* texts that signals' rules.files names */
    uint32_t rules_count;
    char folder[LAB_PATH_MAX]; /* what file names are relative to */
    char symbols[LAB_CHAIN_SYMBOLS_MAX][LAB_SYMBOL_SIZE];
    char strategies[LAB_NAMES_MAX][LAB_NAME_SIZE];
    const char *symbol_names[LAB_CHAIN_SYMBOLS_MAX];
    const char *strategy_names[LAB_NAMES_MAX];
    lab_names names; /* over the two above */
    char data_hash[LAB_HASH_SIZE];
    char config_hash[LAB_HASH_SIZE];
    bool is_forced; /* some history is not certified */
} lab_plan;

typedef struct lab_plan_options {
    const char *folder; /* [borrowed] what file names are relative to */
    void (*progress)(void *context, uint64_t done, uint64_t total); /* of imports; may be NULL */
    void *context;
} lab_plan_options;

/**
 * Opens a plan; release it with lab_plan_close also when this failed.
 *
 * @param plan [out] zeroed by the caller.
 * @return CB_OK; CB_E_STATE when data is not certified and the job does not force it; CB_E_CONFIG,
 *         CB_E_NOT_FOUND, CB_E_IO, … with what was wrong and where.
 */
CB_MUST_USE cb_status lab_plan_open(
    lab_plan *plan, const lab_job *job, const lab_plan_options *options, cb_err *err);
/** Fills the configurations anew after the job's settings have changed; the history stays open. */
CB_MUST_USE cb_status lab_plan_configure(lab_plan *plan, cb_err *err);
void lab_plan_close(lab_plan *plan);

#endif /* LAB_PLAN_H */
