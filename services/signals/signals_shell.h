/* The signals service's shell: configuration table, storage tables, queries, history, hooks. */
#ifndef SIGNALS_SHELL_H
#define SIGNALS_SHELL_H

#include <time.h>

#include "rt/param_fields.h"
#include "rt/service.h"
#include "services/signals/core/signals.h"

#define SIGNALS_STATIC_FIELDS_MAX 32
#define SIGNALS_FIELDS_MAX                                                                         \
    (SIGNALS_STATIC_FIELDS_MAX +                                                                   \
        (SIGNALS_STRATEGIES_MAX + SIGNALS_DESK_KINDS_MAX) * CB_PARAMS_PER_ENTRY_MAX)

/* Configuration fields: the fixed ones and one per parameter of each strategy. */
typedef struct signals_fields {
    size_t count;
    cb_config_field fields[SIGNALS_FIELDS_MAX];
    cb_param_text texts[SIGNALS_FIELDS_MAX];
} signals_fields;

void signals_fields_init(signals_fields *fields);

/* Questions to the validator, one after the other (history.c). A symbol has at most one open. */
typedef struct signals_historian {
    cb_shell *shell;
    cb_timer *retry_timer;
    bool is_asking;
    uint32_t count;
    signals_history_ask asks[SIGNALS_SYMBOLS_MAX]; /* the first is the one asked */
    uint32_t bars_count;                           /* of the pages that have come */
    signals_bar bars[SIGNALS_HISTORY_MAX];         /* filled from the end: newest page first */
    signals_history chunk;                         /* being filled */
} signals_historian;

/* Files of rules (rulebook.c). */
typedef struct signals_rules_file {
    char path[SIGNALS_RULES_FILE_MAX];
    struct timespec changed; /* as it was when looked at last */
    int64_t size;
    uint64_t inode;
    bool is_taken;
    uint8_t hash[32]; /* of the text that was fed last */
} signals_rules_file;

typedef struct signals_rulebook {
    cb_shell *shell;
    cb_timer *timer;
    cb_metric *refused;
    void *work;    /* [owned] the compiler's, and what it makes: for checks before a text is fed */
    void *program; /* [owned] */
    uint32_t count;
    signals_rules_file files[SIGNALS_RULES_MAX];
    signals_rules rules; /* being fed */
} signals_rulebook;

void signals_rulebook_open(signals_rulebook *book, cb_shell *shell);
/** READY: reads all files, and looks every two seconds whether one has changed. */
void signals_rulebook_start(signals_rulebook *book);
/** Reads all files again. */
void signals_rulebook_reload(signals_rulebook *book);
void signals_rulebook_close(signals_rulebook *book);

void signals_historian_open(signals_historian *historian, cb_shell *shell);
void signals_historian_close(signals_historian *historian);
/** Asks until an answer has come: without history nothing is decided, so there is no giving up. */
void signals_historian_ask(signals_historian *historian, const signals_history_ask *ask);

/** Re-feeds epoch, rules, kills, books, open flights and recent accepted signals (recover.c). */
CB_MUST_USE cb_status signals_recover(cb_shell *shell, cb_err *err);

extern const cb_migration signals_migrations[]; /* generated from migrations/ */
extern const size_t signals_migrations_count;
extern const cb_query signals_queries[];
extern const size_t signals_queries_count;

/** The service but for its configuration fields and counts of other files, which main adds. */
extern const cb_service signals_service;

#endif /* SIGNALS_SHELL_H */
