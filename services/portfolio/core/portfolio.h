/* Portfolio: every fill, fee and transfer booked once in a double-entry ledger, and what follows
 * from it: positions, profit, equity, and whether the venue agrees. */
#ifndef PORTFOLIO_H
#define PORTFOLIO_H

#include "domain/core.h"
#include "services/portfolio/core/records.h"

#define PORTFOLIO_CONFIG_TEXT_MAX 512 /* the shell holds it equal to CB_CONFIG_TEXT_MAX */

typedef struct portfolio_config {
    char account[PORTFOLIO_CONFIG_TEXT_MAX];
    char venue[PORTFOLIO_CONFIG_TEXT_MAX];
    char symbols[PORTFOLIO_CONFIG_TEXT_MAX]; /* "BTCUSDT,ETHUSDT" */
    char quote_asset[PORTFOLIO_CONFIG_TEXT_MAX];
    int64_t publish_delay_ns;  /* changes within this time are published together */
    int64_t rebuild_fills_max; /* shell: at start the books are rebuilt and compared up to this */
} portfolio_config;

/* Tables of the service, in the order of the shell's table list. */
typedef enum portfolio_table {
    PORTFOLIO_TABLE_ACCOUNT,
    PORTFOLIO_TABLE_ENTRY,
    PORTFOLIO_TABLE_SUM,
    PORTFOLIO_TABLE_FILL,
    PORTFOLIO_TABLE_POSITION,
    PORTFOLIO_TABLE_MARK,
    PORTFOLIO_TABLE_BALANCE,
    PORTFOLIO_TABLE_DIFFERENCE,
    PORTFOLIO_TABLE_SNAPSHOT, /* cb_portfolio */
    PORTFOLIO_TABLES_COUNT
} portfolio_table;

/* Stored rows, fed back before CB_EVENT_RECOVERED. */
typedef enum portfolio_event {
    PORTFOLIO_EVENT_RECOVER_ACCOUNT = CB_EVENT_LOCAL, /* portfolio_account */
    PORTFOLIO_EVENT_RECOVER_SUM,                      /* portfolio_sum, by number */
    PORTFOLIO_EVENT_RECOVER_POSITION,                 /* portfolio_position */
    PORTFOLIO_EVENT_RECOVER_MARK,                     /* portfolio_mark */
    PORTFOLIO_EVENT_RECOVER_BALANCE,                  /* portfolio_balance */
    PORTFOLIO_EVENT_RECOVER_DIFFERENCE,               /* portfolio_difference with is_open */
    PORTFOLIO_EVENT_RECOVER_ENTRY, /* portfolio_entry, by number; the newest are enough */
    PORTFOLIO_EVENT_END
} portfolio_event;

typedef enum portfolio_timer { PORTFOLIO_TIMER_PUBLISH = 1 } portfolio_timer;

typedef struct portfolio_state portfolio_state;

extern const cb_core_ops portfolio_core_ops;

const portfolio_account *portfolio_account_of(const portfolio_state *state);
/** Amount of an asset that the books say the venue owes us. */
int64_t portfolio_amount_of(const portfolio_state *state, const char *asset);

/* ---- rebuilding ----
 * The same books from the stored rows alone: an initialised state is fed all entries, then all
 * fills, each in the order of their numbers. Its hash then equals that of the live books. */
CB_MUST_USE bool portfolio_rebuild_entry(portfolio_state *state, const portfolio_entry *entry);
CB_MUST_USE bool portfolio_rebuild_fill(portfolio_state *state, const portfolio_fill *fill);
/** Hash of sums, positions, fees and counts: what entries and fills determine. */
uint64_t portfolio_books_hash(const portfolio_state *state);

#endif /* PORTFOLIO_H */
