/* From settings as text to a chain's configuration, by the services' own configuration tables: the
 * same keys, bounds and defaults as live. */
#ifndef LAB_SETUP_H
#define LAB_SETUP_H

#include "base/err.h"
#include "services/lab/core/chain.h"
#include "services/lab/core/models/model.h"

#define LAB_SETUP_SYMBOLS_MAX LAB_CHAIN_SYMBOLS_MAX
#define LAB_SETUP_TEXT_MAX 512

/* One key of one service. */
typedef struct lab_setup_setting {
    const char *service; /* "validator", "signals", "risk", "execution", "portfolio", "venue" (the
                            simulator's keys), "models" */
    const char *key;
    const char *value;
} lab_setup_setting;

typedef struct lab_setup_request {
    const char (*symbols)[LAB_SYMBOL_SIZE]; /* [borrowed for the call] */
    uint32_t symbols_count;
    const char *account;     /* NULL: "main" */
    const char *quote_asset; /* NULL: what the services take by default */
    const lab_setup_setting *settings;
    size_t settings_count;
    const char *permit_key; /* NULL: one of the lab's own */
    const char *caps_text;  /* a caps file; NULL: wide ones of the lab's own */
    size_t caps_size;
} lab_setup_request;

/* [owned by the caller] large: not for the stack. The chain's config borrows from it. */
typedef struct lab_setup {
    validator_config validator;
    signals_config signals;
    risk_config risk;
    exec_config execution;
    portfolio_config portfolio;
    exec_caps caps;
    lab_chain_venue venue;
    bool has_models; /* any is used */
    lab_models models;
    sim_spec specs[LAB_SETUP_SYMBOLS_MAX];
    uint32_t deposits_count;
    lab_chain_deposit deposits[LAB_CHAIN_DEPOSITS_MAX];
} lab_setup;

/** CB_E_CONFIG and others with service, key and reason. */
CB_MUST_USE cb_status lab_setup_load(
    lab_setup *setup, const lab_setup_request *request, cb_err *err);
/** Enters one account, the validator, the venue and the specs; the caller adds the history. */
void lab_setup_apply(const lab_setup *setup, uint32_t symbols_count, lab_chain_config *config);

#endif /* LAB_SETUP_H */
