/* What risk keeps in PostgreSQL, as field lists (domain/fields.h): the same structs are the core's
 * state, the rows of the tables, and what recovery feeds back. Add fields at the end only. */
#ifndef RISK_RECORDS_H
#define RISK_RECORDS_H

#include "domain/messages.h"

/* One row per account: what is known of it, and the marks against which losses are measured. */
#define RISK_ACCOUNT_FIELDS(F)                                                                     \
    F##_TEXT(1, account, 16) F##_BOOL(2, is_open) /* a snapshot of the balances has been seen */   \
        F##_BOOL(3, is_valued) /* equity has been known once: every held base asset had a mark */  \
        F##_BOOL(                                                                                  \
            4, is_unsure) /* a bound of ours was hit: nothing new until a person has looked */     \
        F##_I64(5, fills_base)     /* execution's count of fills minus ours */                     \
        F##_U64(6, fills_count)    /* fills seen */                                                \
        F##_U64(7, judged_count)   /* intents judged; numbers verdicts and permits */              \
        F##_U64(8, reserved_count) /* reservations made */                                         \
        F##_U64(9, outdated_count) /* balances that were older than the fills, and skipped */      \
        F##_AMOUNT(10, equity)     /* quote units */                                               \
        F##_TIME(11, day_start_ns) /* 00:00 UTC of the day being measured */                       \
        F##_AMOUNT(12, day_start_equity) F##_AMOUNT(13, peak_equity)                               \
            F##_TIME(14, loss_latched_ns) /* day_start_ns for which the latch was raised */        \
        F##_BOOL(15, is_drawdown_latched)                                                          \
            F##_U64(16, kill_version) /* version of the newest change of the latch */              \
        F##_TIME(17, updated_ns) F##_U64(18, held_count) /* intents that had to wait */            \
        F##_TIME(19, loss_canceled_ns)                   /* as loss_latched_ns, for level 2 */     \
        F##_BOOL(20, is_drawdown_canceled) F##_U64(21, requests_count) /* of people, ever */       \
        F##_U64(22, turns_count) F##_U64(23, windows_count) F##_U64(24, changes_count)             \
            F##_BLOB32(25, caps_hash) /* that execution holds orders to; 0: not told yet */        \
        F##_TIME(26, caps_ns)

/* What the account holds of one asset: the venue's word, carried on by the fills since. */
#define RISK_BALANCE_FIELDS(F)                                                                     \
    F##_TEXT(1, account, 16) F##_TEXT(2, asset, 12) F##_AMOUNT(3, total)                           \
        F##_AMOUNT(4, pending)     /* transfers announced, not yet in total */                     \
        F##_AMOUNT(5, unexplained) /* in total, but neither fill nor announced transfer */         \
        F##_TIME(6, updated_ns)

#define RISK_POSITION_FIELDS(F)                                                                    \
    F##_TEXT(1, account, 16) F##_TEXT(2, symbol, 24) F##_QTY(3, qty)                               \
        F##_AMOUNT(4, cost)     /* quote units paid for qty; average cost = cost / qty */          \
        F##_AMOUNT(5, realised) /* quote units, before fees */                                     \
        F##_TIME(6, opened_ns) F##_TIME(7, updated_ns)

/* Close of the newest closed candle. */
#define RISK_MARK_FIELDS(F)                                                                        \
    F##_TEXT(1, venue, 12) F##_TEXT(2, symbol, 24) F##_PRICE(3, price) F##_TIME(4, close_ts_ns)

/* An order that may still fill: remaining = qty - cum_qty until it is terminal, then 0. */
#define RISK_RESERVATION_FIELDS(F)                                                                 \
    F##_ID(1, intent_id) F##_ID(2, correlation_id) F##_TEXT(3, account, 16) F##_TEXT(4, venue, 12) \
        F##_TEXT(5, symbol, 24) F##_TEXT(6, strategy, 24) F##_ENUM(7, side, cb_side)               \
            F##_ENUM(8, state, cb_order_state) F##_BOOL(9, is_terminal) F##_BOOL(                  \
                10, is_foreign) /* an order at the venue that no permit of ours allowed */         \
        F##_QTY(11, qty) F##_QTY(12, cum_qty) /* by fills */                                       \
        F##_QTY(13, remaining)                                                                     \
            F##_PRICE(14, price) /* worst price that is counted, quote per base */                 \
        F##_PRICE(15, unit_cost) /* price and the fee buffer */                                    \
        F##_U32(16, version)     /* of the newest order event */                                   \
        F##_U64(17, number)      /* 1, 2, 3 … in the order of reserving */                       \
        F##_TIME(18, reserved_ns) F##_TIME(19, updated_ns) F##_ID(20, group_id)                    \
            F##_ENUM(21, role, cb_role) F##_U32(22, leg)                                           \
                F##_QTY(23, uncovered) /* of a parent: filled, and not yet in a child's order */   \
        F##_ID(24, replaces)                                                                       \
            F##_PRICE(25, limit_price) /* 0: a market order, which never rests in a book */

/* A fill that has been counted; the key is the venue's identity of the trade. */
#define RISK_FILL_FIELDS(F)                                                                        \
    F##_TEXT(1, account, 16) F##_TEXT(2, venue, 12) F##_TEXT(3, symbol, 24) F##_U64(4, trade_id)   \
        F##_ID(5, intent_id) F##_ENUM(6, side, cb_side) F##_QTY(7, qty) F##_PRICE(8, price)        \
            F##_AMOUNT(9, quote_qty) F##_AMOUNT(10, fee) F##_TEXT(11, fee_asset, 12)               \
                F##_U64(12, number) /* 1, 2, 3 … in the order of arrival */                      \
        F##_TIME(13, ts_ns)

/* One rate limiter: the time at which it would be full of tokens again (GCRA). */
#define RISK_COUNTER_FIELDS(F)                                                                     \
    F##_TEXT(1, name, 40) /* "account:main", "strategy:trend" */                                   \
        F##_TIME(2, full_ns)

#define RISK_LIMIT_VALUE_FIELDS(F)                                                                 \
    F##_TEXT(1, name, 128)    /* "order_notional_max.limit", "open_orders@strategy:*" */           \
        F##_TEXT(2, kind, 12) /* "decimal", "count", "duration"; of the book its unit */           \
        F##_RATIO(3, value)   /* decimals as they are, counts times 1e8, durations in s times 1e8 */
#define RISK_LIMITS_FIELDS(F)                                                                      \
    F##_U64(1, version) F##_BLOB32(2, hash) /* SHA-256 of names and values */                      \
        F##_TIME(3, since_ns) F##_REP(4, limits, risk_limit_value, 144) F##_TEXT(5, actor, 48)     \
            F##_TEXT(6, reason, 96)                                                                \
                F##_I64(7, seed) /* hash of the configured rows that have been taken in */

/* What became of an intent: one row each, for ever. */
#define RISK_JUDGEMENT_FIELDS(F)                                                                   \
    F##_ID(1, intent_id) F##_ID(2, correlation_id)                                                 \
        F##_U64(3, number) /* 1, 2, 3 … in the order of judging */                               \
        F##_TEXT(4, account, 16) F##_TEXT(5, symbol, 24) F##_TEXT(6, strategy, 24)                 \
            F##_BOOL(7, is_granted) F##_TEXT(8, rule, 24) /* that refused, "" when granted */      \
        F##_QTY(9, wanted_qty) F##_QTY(10, qty)           /* granted, or judged */                 \
        F##_AMOUNT(11, equity)                                                                     \
            F##_AMOUNT(12, exposure) /* quote units, positions and open buys before this order */  \
        F##_U64(13, limits_version) F##_TIME(14, judged_ns) F##_REP(15, verdicts, cb_verdict, 24)

/* An intent that waits for the candle it was decided on. */
#define RISK_HELD_FIELDS(F)                                                                        \
    F##_ID(1, intent_id) F##_BOOL(2, is_held)                                                      \
        F##_U64(3, number) /* 1, 2, 3 … in the order of arrival */                               \
        F##_TIME(4, deadline_ns)

/* A lowering of the latch: asked for by one, approved by another. Wall times: market time may run
 * at any speed, and people do not. */
#define RISK_UNKILL_STATUS_LIST(X)                                                                 \
    X(RISK_UNKILL_NONE, "none")                                                                    \
    X(RISK_UNKILL_PENDING, "pending")                                                              \
    X(RISK_UNKILL_APPROVED, "approved")                                                            \
    X(RISK_UNKILL_WITHDRAWN, "withdrawn")                                                          \
    X(RISK_UNKILL_EXPIRED, "expired")
typedef enum risk_unkill_status { RISK_UNKILL_STATUS_LIST(CB_ENUM_CONSTANT) } risk_unkill_status;
extern const cb_enum_desc risk_unkill_status_desc;
#define RISK_UNKILL_FIELDS(F)                                                                      \
    F##_ID(1, request_id) F##_U64(2, number) /* 1, 2, 3 … in the order of asking */              \
        F##_TEXT(3, scope, 48) F##_U32(4, level) F##_TEXT(5, reason, 96) F##_TEXT(6, actor, 48)    \
            F##_ENUM(7, status, risk_unkill_status)                                                \
                F##_U64(8, kill_version) /* of the scope when it was asked, 0 = none */            \
        F##_TIME(9, seen_ns)             /* service clock when it was asked */                     \
        F##_TIME(10, requested_wall_ns) F##_TIME(11, ready_wall_ns) /* the cool-down is over */    \
        F##_TIME(12, expires_wall_ns) F##_TIME(13, decided_wall_ns) F##_TEXT(14, approver, 48)
/* What a person asked for, and what came of it ("" = granted or passed on). */
#define RISK_REQUEST_FIELDS(F)                                                                     \
    F##_ID(1, request_id) F##_I64(2, hash) F##_U64(3, number) F##_TEXT(4, kind, 12)                \
        F##_TEXT(5, actor, 32) F##_TIME(6, at_ns) F##_TEXT(7, outcome, 96)

/* A virtual sub-account, of fills by the strategy of their intent. One row per strategy and symbol,
 * and two sums: "*" as symbol is all of a strategy, "*" as strategy is all of a symbol. The empty
 * strategy is what no strategy of ours did. */
#define RISK_SUBACCOUNT_FIELDS(F)                                                                  \
    F##_TEXT(1, account, 16) F##_TEXT(2, strategy, 24) F##_TEXT(3, symbol, 24) F##_QTY(4, qty)     \
        F##_AMOUNT(5, cost)        /* quote units paid for qty */                                  \
        F##_AMOUNT(6, realised)    /* quote units, before fees */                                  \
        F##_AMOUNT(7, cash)        /* sum of all payments in the quote asset, fees included */     \
        F##_AMOUNT(8, fees)        /* paid in a third asset, at its mark then, quote units */      \
        F##_TIME(9, day_start_ns)  /* 00:00 UTC of the day being measured */                       \
        F##_AMOUNT(10, day_start)  /* result then, quote units */                                  \
        F##_AMOUNT(11, peak)       /* highest result so far, at least 0 */                         \
        F##_U32(12, losses)        /* closing orders in a row that lost, since 00:00 UTC */        \
        F##_U32(13, losses_before) /* the same before the order that closes now */                 \
        F##_ID(14, closing_id)     /* intent that closed last */                                   \
        F##_AMOUNT(15, closing)    /* what it realised so far */                                   \
        F##_U64(16, fills_count) F##_U64(17, number) /* 1, 2, 3 … in the order of making */      \
        F##_TIME(18, updated_ns)

/* Orders or notional let through lately, in slices of a twelfth of the window; thirteen of them
 * cover more than the window, never less. */
#define RISK_WINDOW_SLICE_FIELDS(F) F##_I64(1, slice) F##_I64(2, used)
#define RISK_WINDOW_FIELDS(F)                                                                      \
    F##_TEXT(1, name, 128)  /* "orders_per_second@strategy:trend" */                               \
        F##_U64(2, touched) /* counts all uses of all windows */                                   \
        F##_REP(3, slices, risk_window_slice, 13)

/* A strategy that found a shared limit full waits for its turn (docs/adr/0014). */
#define RISK_TURN_FIELDS(F)                                                                        \
    F##_TEXT(1, strategy, 24) F##_TEXT(2, name, 128) /* of the limit, without "*" */               \
        F##_BOOL(3, is_waiting) F##_U64(4, number)   /* the lowest comes first */                  \
        F##_AMOUNT(5, amount)                        /* kept free for it */                        \
        F##_TIME(6, since_ns) F##_TIME(7, expires_ns)

/* A change of what protects us that a second person has to approve. */
#define RISK_CHANGE_FIELDS(F)                                                                      \
    F##_U64(1, number) F##_TEXT(2, kind, 16) /* "limit" */                                         \
        F##_TEXT(3, subject, 128)            /* what is to change: the limit's name */             \
        F##_RATIO(4, from) F##_RATIO(5, to) F##_BOOL(6, is_removal) F##_TEXT(7, state, 12)         \
            F##_TEXT(8, requested_by, 48) F##_TIME(9, requested_ns) F##_TEXT(10, reason, 96)       \
                F##_TIME(11, expires_ns) F##_TEXT(12, decided_by, 48) F##_TIME(13, decided_ns)     \
                    F##_TEXT(14, decision, 96)

CB_STRUCT(risk_subaccount, RISK_SUBACCOUNT_FIELDS);
CB_STRUCT(risk_window_slice, RISK_WINDOW_SLICE_FIELDS);
CB_STRUCT(risk_window, RISK_WINDOW_FIELDS);
CB_STRUCT(risk_turn, RISK_TURN_FIELDS);
CB_STRUCT(risk_change, RISK_CHANGE_FIELDS);
CB_STRUCT(risk_account, RISK_ACCOUNT_FIELDS);
CB_STRUCT(risk_balance, RISK_BALANCE_FIELDS);
CB_STRUCT(risk_position, RISK_POSITION_FIELDS);
CB_STRUCT(risk_mark, RISK_MARK_FIELDS);
CB_STRUCT(risk_reservation, RISK_RESERVATION_FIELDS);
CB_STRUCT(risk_fill, RISK_FILL_FIELDS);
CB_STRUCT(risk_counter, RISK_COUNTER_FIELDS);
CB_STRUCT(risk_limit_value, RISK_LIMIT_VALUE_FIELDS);
CB_STRUCT(risk_limits, RISK_LIMITS_FIELDS);
CB_STRUCT(risk_judgement, RISK_JUDGEMENT_FIELDS);
CB_STRUCT(risk_held, RISK_HELD_FIELDS);
CB_STRUCT(risk_unkill, RISK_UNKILL_FIELDS);
CB_STRUCT(risk_request_row, RISK_REQUEST_FIELDS);

#endif /* RISK_RECORDS_H */
