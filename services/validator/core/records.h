/* The validator's own stored records: quarantined messages with their whole body, and the data
 * quality behind each signal. */
#ifndef VALIDATOR_RECORDS_H
#define VALIDATOR_RECORDS_H

#include "domain/messages.h"

/* One list for six records that differ in the body's type only; all go into table quarantine. */
#define VALIDATOR_QUARANTINE_FIELDS(F, type)                                                       \
    F##_ID(1, causation_id) /* event_id of the refused message */                                  \
        F##_TEXT(2, venue, 12) F##_TEXT(3, symbol, 24) F##_TEXT(4, subject_kind, 24)               \
            F##_TEXT(5, expectation, 32) F##_TEXT(6, observed, 64) F##_TEXT(7, expected, 64)       \
                F##_ENUM(8, severity, cb_severity) F##_TIME(9, quarantined_ns)                     \
                    F##_MSG(10, body, type)

#define VALIDATOR_QUARANTINE_TRADE_FIELDS(F) VALIDATOR_QUARANTINE_FIELDS(F, cb_trade)
#define VALIDATOR_QUARANTINE_CANDLE_FIELDS(F) VALIDATOR_QUARANTINE_FIELDS(F, cb_candle)
#define VALIDATOR_QUARANTINE_BOOK_FIELDS(F) VALIDATOR_QUARANTINE_FIELDS(F, cb_book)
#define VALIDATOR_QUARANTINE_DELTA_FIELDS(F) VALIDATOR_QUARANTINE_FIELDS(F, cb_book_delta)
#define VALIDATOR_QUARANTINE_TICKER_FIELDS(F) VALIDATOR_QUARANTINE_FIELDS(F, cb_ticker)
#define VALIDATOR_QUARANTINE_INSTRUMENT_FIELDS(F) VALIDATOR_QUARANTINE_FIELDS(F, cb_instrument)

CB_STRUCT(validator_quarantine_trade, VALIDATOR_QUARANTINE_TRADE_FIELDS);
CB_STRUCT(validator_quarantine_candle, VALIDATOR_QUARANTINE_CANDLE_FIELDS);
CB_STRUCT(validator_quarantine_book, VALIDATOR_QUARANTINE_BOOK_FIELDS);
CB_STRUCT(validator_quarantine_delta, VALIDATOR_QUARANTINE_DELTA_FIELDS);
CB_STRUCT(validator_quarantine_ticker, VALIDATOR_QUARANTINE_TICKER_FIELDS);
CB_STRUCT(validator_quarantine_instrument, VALIDATOR_QUARANTINE_INSTRUMENT_FIELDS);

#define VALIDATOR_TICK_QUALITY_FIELDS(F)                                                           \
    F##_ID(1, signal_id)                                                                           \
        F##_ID(2, causation_id) /* event_id of the accepted message behind the signal */           \
        F##_ID(3, correlation_id) F##_TEXT(4, venue, 12) F##_TEXT(5, symbol, 24)                   \
            F##_TIME(6, data_ts_ns) F##_TIME(7, noted_ns) F##_RATIO(8, score)                      \
                F##_U64(9, checked_count) F##_U64(10, failed_count) F##_BOOL(11, is_stale)         \
                    F##_BOOL(12, is_book_valid) F##_TIME(13, last_data_ns)
CB_STRUCT(validator_tick_quality, VALIDATOR_TICK_QUALITY_FIELDS);

#endif /* VALIDATOR_RECORDS_H */
