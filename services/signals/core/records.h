/* The signals service's own stored records. */
#ifndef SIGNALS_RECORDS_H
#define SIGNALS_RECORDS_H

#include "domain/messages.h"

#define SIGNALS_INSTANCES_MAX 16
#define SIGNALS_RULES_FILE_MAX 128
#define SIGNALS_RULES_TEXT_MAX 12289 /* CB_EXPR_TEXT_MAX and its NUL */

/* One source's share in a score. */
#define SIGNALS_SHARE_FIELDS(F)                                                                    \
    F##_TEXT(1, source, 32) /* "trend@5m" */                                                       \
        F##_ID(2, signal_id) F##_ENUM(3, side, cb_side) F##_RATIO(4, weight)                       \
            F##_RATIO(5, confidence) F##_RATIO(6, quality) F##_RATIO(7, decay)                     \
                F##_RATIO(8, share) /* signed; the shares add up to the score */
CB_STRUCT(signals_share, SIGNALS_SHARE_FIELDS);

/* How a candle's fresh opinions were judged together: an intent, or why none. */
#define SIGNALS_DECISION_FIELDS(F)                                                                 \
    F##_ID(1, signal_id)     /* the strongest fresh opinion; also the correlation id */            \
        F##_ID(2, intent_id) /* none when there was no intent */                                   \
        F##_ID(3, causation_id) F##_TEXT(4, venue, 12) F##_TEXT(5, symbol, 24)                     \
            F##_ENUM(6, purpose, cb_purpose) /* none when there was no intent */                   \
        F##_RATIO(7, score) F##_RATIO(8, threshold) F##_TEXT(9, reason, 64) F##_PRICE(10, price)   \
            F##_TIME(11, data_ts_ns) F##_TIME(12, decided_ns)                                      \
                F##_REP(13, shares, signals_share, SIGNALS_INSTANCES_MAX)
CB_STRUCT(signals_decision, SIGNALS_DECISION_FIELDS);

/* What is held of a symbol, and until when it may not be traded. */
#define SIGNALS_BOOK_FIELDS(F)                                                                     \
    F##_TEXT(1, account, 16) F##_TEXT(2, venue, 12) F##_TEXT(3, symbol, 24)                        \
        F##_QTY(4, qty)           /* bought less sold less fees taken in the base asset */         \
        F##_TEXT(5, strategy, 24) /* that opened it */                                             \
        F##_ID(6, entry_intent_id) F##_PRICE(7, entry_price) /* reference price of the entry */    \
        F##_PRICE(8, stop_loss)                              /* 0: not watched */                  \
        F##_PRICE(9, take_profit)                                                                  \
            F##_TIME(10, guard_from_ns) /* prices up to here do not trigger an exit */             \
        F##_TIME(11, entry_blocked_ns)  /* no entry on data up to here */                          \
        F##_TIME(12, exit_blocked_ns)   /* no exit on data up to here */                           \
        F##_TIME(13, decided_data_ns)   /* close of the newest candle that was decided on */       \
        F##_U64(14, fills_count) F##_TIME(15, updated_ns)                                          \
            F##_AMOUNT(16, cost) /* quote units paid for what is held */
CB_STRUCT(signals_book, SIGNALS_BOOK_FIELDS);

/* An intent from its birth until its order has ended, was denied, or was never heard of. */
#define SIGNALS_FLIGHT_FIELDS(F)                                                                   \
    F##_ID(1, intent_id) F##_ID(2, signal_id) F##_TEXT(3, venue, 12) F##_TEXT(4, symbol, 24)       \
        F##_TEXT(5, strategy, 24) F##_ENUM(6, side, cb_side) F##_ENUM(7, purpose, cb_purpose)      \
            F##_ENUM(8, order_state, cb_order_state)    /* none: no word of an order yet */        \
        F##_BOOL(9, is_closed) F##_TEXT(10, reason, 64) /* why it closed */                        \
        F##_PRICE(11, reference_price) F##_PRICE(12, stop_loss) F##_PRICE(13, take_profit)         \
            F##_QTY(14, filled) F##_TIME(15, decided_ns) F##_TIME(16, data_ts_ns)                  \
                F##_TIME(17, not_after_ns)                                                         \
                    F##_U32(18, slot) /* of a desk's order, plus 1; 0: an opinion's */             \
        F##_PRICE(19, limit_price) F##_QTY(20, qty)                                                \
            F##_BOOL(21, is_canceling) /* execution was asked to cancel it */
CB_STRUCT(signals_flight, SIGNALS_FLIGHT_FIELDS);

/* A text of rules as it was put to work. */
#define SIGNALS_RULES_FIELDS(F)                                                                    \
    F##_TEXT(1, file, SIGNALS_RULES_FILE_MAX) F##_U64(2, version) /* of the file, from 1 */        \
        F##_TEXT(3, name, 24) F##_U32(4, interval_s) F##_U32(5, warmup_bars)                       \
            F##_BLOB32(6, text_hash) /* SHA-256 */                                                 \
        F##_TIME(7, loaded_ns) F##_TEXT(8, text, SIGNALS_RULES_TEXT_MAX)
CB_STRUCT(signals_rules, SIGNALS_RULES_FIELDS);

#endif /* SIGNALS_RECORDS_H */
