/* The state of the core, open to the files of this folder only. Rows that changed are marked and
 * stored once at the end of the step. */
#ifndef PORTFOLIO_STATE_H
#define PORTFOLIO_STATE_H

#include "base/idset.h"
#include "services/portfolio/core/portfolio.h"
#include "wire/subjects.h"

#define PORTFOLIO_SYMBOLS_MAX 32
#define PORTFOLIO_BALANCES_MAX 64
#define PORTFOLIO_SUMS_MAX 256
#ifndef PORTFOLIO_ENTRIES_REMEMBERED /* the simulation is built with less */
#define PORTFOLIO_ENTRIES_REMEMBERED 65536
#endif
#define PORTFOLIO_SYMBOL_TEXT_MAX 24

typedef struct portfolio_symbol {
    char name[PORTFOLIO_SYMBOL_TEXT_MAX];
    bool is_configured;
    bool is_mark_changed;
    bool is_position_changed;
    portfolio_mark mark;
    portfolio_position position; /* symbol "" until the first fill */
} portfolio_symbol;

typedef struct portfolio_balance_slot {
    portfolio_balance row;
    portfolio_difference difference; /* the open one; none id when there is none */
    bool is_changed;
    bool is_difference_changed;
} portfolio_balance_slot;

struct portfolio_state {
    const portfolio_config *config; /* [borrowed] */
    bool is_recovered;
    bool is_account_changed;
    bool is_publish_armed; /* PORTFOLIO_TIMER_PUBLISH is set */
    portfolio_account account;
    cb_ledger_books books; /* rows are sums[] */
    cb_ledger_balance sums[PORTFOLIO_SUMS_MAX];
    bool is_sum_changed[PORTFOLIO_SUMS_MAX];
    uint32_t symbols_count;
    portfolio_symbol symbols[PORTFOLIO_SYMBOLS_MAX];
    uint32_t balances_count;
    portfolio_balance_slot balances[PORTFOLIO_BALANCES_MAX];
    cb_idset entries_seen;
    cb_idset_slot entries_slots[PORTFOLIO_ENTRIES_REMEMBERED];
    char assets_account[CB_LEDGER_ACCOUNT_MAX]; /* "assets/binance/main" */
};

/* What a step works on. */
typedef struct portfolio_step_context {
    portfolio_state *state;
    int64_t now_ns;
    const cb_envelope *cause; /* [borrowed] NULL for timers */
    cb_outbox *out;
} portfolio_step_context;

/* ---- market.c ---- */
portfolio_symbol *portfolio_symbol_find(portfolio_state *state, const char *name);
/** Finds or makes one; NULL when the table is full. */
portfolio_symbol *portfolio_symbol_take(portfolio_state *state, const char *name);
/** Price of an asset in the account's quote asset; false when nothing prices it. */
bool portfolio_price_of(const portfolio_state *state, const char *asset, int64_t *price_e8);
/** amount * price, rounded half away from zero and clamped to int64. */
int64_t portfolio_value_at(int64_t amount_e8, int64_t price_e8);
void portfolio_market_on_candle(portfolio_step_context *step, const cb_candle *candle);
void portfolio_market_on_instrument(portfolio_step_context *step, const cb_instrument *instrument);

/* ---- books.c ---- */
/** Books an entry once: false when it was booked before, or cannot be (counted as refused). */
bool portfolio_book(
    portfolio_step_context *step, const cb_ledger_entry *entry, const cb_envelope *cause);
void portfolio_books_on_transfer(portfolio_step_context *step, const cb_balance *balance);
/** Opens the books: what the venue holds and the entries so far do not explain. */
void portfolio_books_open(portfolio_step_context *step, const cb_balance *balance);
/** Adds the postings of an entry to the sums; false when they cannot hold it. */
bool portfolio_books_post(portfolio_state *state, const cb_ledger_entry *entry);

/* ---- fills.c ---- */
void portfolio_fills_on_fill(portfolio_step_context *step, const cb_fill *fill);

/* ---- compare.c ---- */
void portfolio_compare_on_balance(portfolio_step_context *step, const cb_balance *balance);
/** The balance row of an asset, made when it is new; NULL when the table is full. */
portfolio_balance_slot *portfolio_balance_take(portfolio_state *state, const char *asset);

/* ---- value.c ---- */
/** Rolls the day when it is over, before the event of the step is applied. */
void portfolio_value_roll(portfolio_step_context *step);
/** Computes all figures of the account anew. */
void portfolio_value_update(portfolio_step_context *step);
/** Moves what the day and the drawdown are measured against: money came or went. */
void portfolio_value_shift(portfolio_step_context *step, int64_t value_e8);

/* ---- publish.c ---- */
/** Says the account's figures now. */
void portfolio_publish_now(portfolio_step_context *step);
/** Says them within publish_delay_ns, with whatever else changes until then. */
void portfolio_publish_soon(portfolio_step_context *step);

/* ---- recover.c ---- */
void portfolio_recover_row(portfolio_state *state, const cb_event *event);

/* ---- arithmetic that clamps ---- */
int64_t portfolio_add(int64_t a, int64_t b);
int64_t portfolio_sub(int64_t a, int64_t b);

#endif /* PORTFOLIO_STATE_H */
