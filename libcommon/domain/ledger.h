/* Double entry in exact integers. An entry is a few postings that sum to zero for every asset: what
 * one ledger account gains another gives, so value can neither appear nor vanish.
 *
 * Ledger accounts are texts: "assets/<venue>/<account>" is what the venue owes us; the others are
 * where it came from or went: "trading/<venue>/<symbol>", "fees/<venue>", "transfers/<venue>",
 * "opening/<venue>", "differences/<venue>". Positive amounts are additions (debits). */
#ifndef CB_LEDGER_H
#define CB_LEDGER_H

#include "base/arena.h"
#include "domain/messages.h"

#define CB_LEDGER_ACCOUNT_MAX 48
#define CB_LEDGER_POSTINGS_MAX 8

#define CB_LEDGER_KIND_LIST(X)                                                                     \
    X(CB_LEDGER_KIND_NONE, "none")                                                                 \
    X(CB_LEDGER_KIND_FILL, "fill")                                                                 \
    X(CB_LEDGER_KIND_DEPOSIT, "deposit")                                                           \
    X(CB_LEDGER_KIND_WITHDRAWAL, "withdrawal")                                                     \
    X(CB_LEDGER_KIND_OPENING, "opening")                                                           \
    X(CB_LEDGER_KIND_CORRECTION, "correction")
CB_ENUM_DECLARE(CB_LEDGER_KIND_LIST, cb_ledger_kind, "ledger_kind")

#define CB_POSTING_FIELDS(F)                                                                       \
    F##_TEXT(1, ledger_account, CB_LEDGER_ACCOUNT_MAX) F##_TEXT(2, asset, 12) F##_AMOUNT(3, amount)
CB_STRUCT(cb_posting, CB_POSTING_FIELDS);

#define CB_LEDGER_ENTRY_FIELDS(F)                                                                  \
    F##_ID(1, entry_id) /* function of what it books, so booking twice is noticed */               \
        F##_ENUM(2, kind, cb_ledger_kind)                                                          \
            F##_ID(3, cause_id)    /* event_id of the fill or balance message */                   \
        F##_TEXT(4, reference, 96) /* "binance:main:BTCUSDT:17" */                                 \
        F##_TIME(5, booked_ns)     /* the venue's time of the event */                             \
        F##_REP(6, postings, cb_posting, CB_LEDGER_POSTINGS_MAX)
CB_STRUCT(cb_ledger_entry, CB_LEDGER_ENTRY_FIELDS);

/**
 * Judges an entry: at least two postings, named accounts and assets, no zero amounts, and a sum of
 * zero for every asset.
 *
 * @return CB_OK, or CB_E_CORRUPT naming the asset and its sum.
 */
CB_MUST_USE cb_status cb_ledger_check(const cb_ledger_entry *entry, cb_err *err);

/**
 * The entry of a fill: base and quote change hands with "trading/…", the fee goes to "fees/…"
 * (a negative fee is a rebate and comes from there).
 *
 * @param out [out] written only on CB_OK.
 * @return CB_OK; CB_E_RANGE for a quantity that is not positive, a negative amount, a fee
 *         without its asset or a missing side, asset or name.
 */
CB_MUST_USE cb_status cb_ledger_from_fill(const cb_fill *fill, cb_ledger_entry *out, cb_err *err);

/* What is known of a movement that is no trade. */
typedef struct cb_ledger_movement {
    const char *venue;     /* [borrowed] */
    const char *account;   /* [borrowed] */
    const char *asset;     /* [borrowed] */
    cb_amount amount;      /* signed: positive comes in */
    const char *reference; /* [borrowed] unique per venue, account, asset and kind */
    cb_id cause_id;
    int64_t booked_ns;
} cb_ledger_movement;

/** A deposit (amount > 0) or withdrawal (< 0). CB_E_RANGE for 0 or an empty or too long text. */
CB_MUST_USE cb_status cb_ledger_from_transfer(
    const cb_ledger_movement *movement, cb_ledger_entry *out, cb_err *err);
/** What was there when the books were opened. */
CB_MUST_USE cb_status cb_ledger_from_opening(
    const cb_ledger_movement *movement, cb_ledger_entry *out, cb_err *err);
/** Brings the books to the venue's balance and keeps the difference visible. */
CB_MUST_USE cb_status cb_ledger_from_difference(
    const cb_ledger_movement *movement, cb_ledger_entry *out, cb_err *err);

/** Writes "assets/<venue>/<account>". False when it does not fit. */
bool cb_ledger_assets_account(
    const char *venue, const char *account, char out[CB_LEDGER_ACCOUNT_MAX]);

/* ---- balances: the sums of all postings ---- */
typedef struct cb_ledger_balance {
    char ledger_account[CB_LEDGER_ACCOUNT_MAX];
    char asset[12];
    cb_amount amount;
} cb_ledger_balance;

/* Rows stay in the order in which they first appeared. */
typedef struct cb_ledger_books {
    cb_ledger_balance *rows;
    uint32_t count;
    uint32_t capacity;
} cb_ledger_books;

/** Takes capacity rows from the arena. */
void cb_ledger_books_init(cb_ledger_books *books, cb_arena *arena, uint32_t capacity);

/**
 * Adds all postings of an entry, or none.
 *
 * @return CB_OK; CB_E_CORRUPT for an entry that cb_ledger_check refuses; CB_E_RANGE when a balance
 *         would leave int64; CB_E_FULL when there is no room for a new row.
 */
CB_MUST_USE cb_status cb_ledger_post(
    cb_ledger_books *books, const cb_ledger_entry *entry, cb_err *err);

/** Balance of one ledger account in one asset; 0 when it has none. */
cb_amount cb_ledger_balance_of(
    const cb_ledger_books *books, const char *ledger_account, const char *asset);
/** True when the balances of every asset sum to zero: it always does, or there is a bug. */
bool cb_ledger_is_balanced(const cb_ledger_books *books);
/** Continues a state hash with all rows. */
uint64_t cb_ledger_books_hash(uint64_t hash, const cb_ledger_books *books);

#endif /* CB_LEDGER_H */
