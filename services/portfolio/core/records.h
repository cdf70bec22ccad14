/* What the portfolio keeps in PostgreSQL, as field lists (domain/fields.h): the same structs are
 * the core's state, the rows of the tables, and what recovery feeds back. Add fields at the end
 * only. All money of an account is counted in its quote asset. */
#ifndef PORTFOLIO_RECORDS_H
#define PORTFOLIO_RECORDS_H

#include "domain/ledger.h"
#include "domain/messages.h"

/* One row per account: its figures as of the newest change, and the counters of its books. */
#define PORTFOLIO_ACCOUNT_FIELDS(F)                                                                \
    F##_TEXT(1, account, 16) F##_TEXT(2, venue, 12) F##_TEXT(3, quote_asset, 12)                   \
        F##_BOOL(4, is_open)   /* the books have been opened with a snapshot of the venue */       \
        F##_BOOL(5, is_valued) /* equity has been known once: every held base asset had a mark */  \
        F##_I64(6, fills_base) /* execution's count of fills minus ours */                         \
        F##_U64(7, fills_count) F##_U64(8, entries_count)                                          \
            F##_U64(9, differences_total) /* differences ever seen; numbers them */                \
        F##_U32(10, differences_count)    /* that are open */                                      \
        F##_U64(11, refused_count)        /* fills and transfers that could not be booked */       \
        F##_U64(12, outdated_count)       /* balances older than the books, not compared */        \
        F##_AMOUNT(13, fees)              /* in quote units; rebates are negative */               \
        F##_U64(14, fees_unvalued_count)  /* fees in assets that nothing prices */                 \
        F##_AMOUNT(15, transfers)         /* net value of deposits and withdrawals */              \
        F##_AMOUNT(16, equity) F##_AMOUNT(17, cash) F##_AMOUNT(18, exposure)                       \
            F##_AMOUNT(19, realised_pnl) /* before fees */                                         \
        F##_AMOUNT(20, unrealised_pnl) F##_AMOUNT(21, day_pnl) F##_AMOUNT(22, peak_equity)         \
            F##_RATIO(23, drawdown) F##_TIME(24, day_start_ns) /* 00:00 UTC */                     \
        F##_AMOUNT(25, day_start_equity)                                                           \
            F##_TIME(26, snapshot_ns) /* minute of the newest stored snapshot */                   \
        F##_TIME(27, updated_ns)

/* One entry of the ledger: immutable, its postings sum to zero for each asset. */
#define PORTFOLIO_ENTRY_FIELDS(F)                                                                   \
    F##_ID(1, entry_id)                               /* function of what is booked */              \
        F##_ID(2, correlation_id) F##_ID(3, cause_id) /* event_id of the fill or balance */         \
        F##_TEXT(4, account, 16) F##_TEXT(5, venue, 12) F##_ENUM(6, kind, cb_ledger_kind)           \
            F##_TEXT(7, reference, 96) F##_U64(8, number) /* 1, 2, 3 … in the order of booking */ \
        F##_TIME(9, venue_ts_ns) F##_TIME(10, booked_ns)                                            \
            F##_REP(11, postings, cb_posting, CB_LEDGER_POSTINGS_MAX)

/* The sum of all postings to one ledger account in one asset. */
#define PORTFOLIO_SUM_FIELDS(F)                                                                    \
    F##_TEXT(1, ledger_account, CB_LEDGER_ACCOUNT_MAX) F##_TEXT(2, asset, 12)                      \
        F##_AMOUNT(3, amount) F##_U32(4, number) /* 1, 2, 3 … in the order of appearance */

#define PORTFOLIO_FILL_FIELDS(F)                                                                   \
    F##_TEXT(1, account, 16) F##_TEXT(2, venue, 12) F##_TEXT(3, symbol, 24) F##_U64(4, trade_id)   \
        F##_ID(5, entry_id) F##_ID(6, event_id) /* of the fill */                                  \
        F##_ID(7, correlation_id) F##_ID(8, intent_id) F##_TEXT(9, venue_order_id, 24) F##_TEXT(   \
            10, client_order_id, 40) F##_TEXT(11, strategy, 24) F##_ENUM(12, side, cb_side)        \
            F##_ENUM(13, purpose, cb_purpose) F##_PRICE(14, price) F##_QTY(15, qty)                \
                F##_AMOUNT(16, quote_qty) F##_AMOUNT(17, fee) F##_TEXT(18, fee_asset, 12)          \
                    F##_AMOUNT(19, fee_quote) /* value of the fee in the account's quote asset */  \
        F##_BOOL(20, is_fee_valued) F##_TEXT(21, base_asset, 12) F##_TEXT(22, quote_asset, 12)     \
            F##_BOOL(23, is_maker) F##_AMOUNT(                                                     \
                24, realised) /* what this fill added to the position's realised profit */         \
        F##_U64(25, number)   /* 1, 2, 3 … in the order of arrival */                            \
        F##_TIME(26, venue_ts_ns) F##_TIME(27, booked_ns)

#define PORTFOLIO_POSITION_FIELDS(F)                                                               \
    F##_TEXT(1, account, 16) F##_TEXT(2, symbol, 24) F##_TEXT(3, base_asset, 12)                   \
        F##_TEXT(4, quote_asset, 12) F##_QTY(5, qty) F##_AMOUNT(6, cost) F##_AMOUNT(7, realised)   \
            F##_TIME(8, opened_ns) F##_TIME(9, updated_ns)

/* What prices an asset: the close of its symbol's newest candle. */
#define PORTFOLIO_MARK_FIELDS(F)                                                                   \
    F##_TEXT(1, venue, 12) F##_TEXT(2, symbol, 24)                                                 \
        F##_TEXT(3, base_asset, 12)                      /* "" until the instrument is known */    \
        F##_TEXT(4, quote_asset, 12) F##_PRICE(5, price) /* 0 until a candle has closed */         \
        F##_TIME(6, close_ts_ns)

/* One asset of the account: our books beside what the venue said last. */
#define PORTFOLIO_BALANCE_FIELDS(F)                                                                \
    F##_TEXT(1, account, 16) F##_TEXT(2, asset, 12) F##_AMOUNT(3, amount) /* by the ledger */      \
        F##_AMOUNT(4, venue_free) F##_AMOUNT(5, venue_locked)                                      \
            F##_TIME(6, venue_ts_ns) /* of the venue's word, 0 = none yet */                       \
        F##_ID(7, difference_id)     /* of the open difference, none when they agree */            \
        F##_TIME(8, updated_ns)

/* A disagreement between the books and the venue at the same number of fills. */
#define PORTFOLIO_DIFFERENCE_FIELDS(F)                                                             \
    F##_ID(1, difference_id) F##_U64(2, number) F##_TEXT(3, account, 16) F##_TEXT(4, venue, 12)    \
        F##_TEXT(5, asset, 12) F##_AMOUNT(6, expected) /* by the ledger */                         \
        F##_AMOUNT(7, seen)                            /* by the venue */                          \
        F##_AMOUNT(8, amount)                          /* seen - expected */                       \
        F##_U64(9, fills_count) F##_BOOL(10, is_open)                                              \
            F##_TEXT(11, resolved_by, 24) /* "" while it is open */                                \
        F##_TIME(12, first_ns) F##_TIME(13, last_ns) F##_TIME(14, resolved_ns)

CB_STRUCT(portfolio_account, PORTFOLIO_ACCOUNT_FIELDS);
CB_STRUCT(portfolio_entry, PORTFOLIO_ENTRY_FIELDS);
CB_STRUCT(portfolio_sum, PORTFOLIO_SUM_FIELDS);
CB_STRUCT(portfolio_fill, PORTFOLIO_FILL_FIELDS);
CB_STRUCT(portfolio_position, PORTFOLIO_POSITION_FIELDS);
CB_STRUCT(portfolio_mark, PORTFOLIO_MARK_FIELDS);
CB_STRUCT(portfolio_balance, PORTFOLIO_BALANCE_FIELDS);
CB_STRUCT(portfolio_difference, PORTFOLIO_DIFFERENCE_FIELDS);

#endif /* PORTFOLIO_RECORDS_H */
