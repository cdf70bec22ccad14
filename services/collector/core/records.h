/* What the collector stores besides instruments: connections, and every hole in the data with what
 * became of it. */
#ifndef COLLECTOR_RECORDS_H
#define COLLECTOR_RECORDS_H

#include "domain/messages.h"

#define COLLECTOR_SESSION_FIELDS(F)                                                                \
    F##_ID(1, session_id) F##_TEXT(2, venue, 12) F##_U64(3, epoch) F##_U32(4, slot)                \
        F##_TIME(5, opened_ns) F##_TIME(6, live_ns) /* subscribed; 0: never */                     \
        F##_TIME(7, closed_ns)                      /* 0: open */                                  \
        F##_TEXT(8, reason, 64)
CB_STRUCT(collector_session, COLLECTOR_SESSION_FIELDS);

/* kind: trade, candle, book. state: open, repaired, partly (some could not be had), lost (none). */
#define COLLECTOR_GAP_FIELDS(F)                                                                    \
    F##_ID(1, gap_id) F##_TEXT(2, venue, 12) F##_TEXT(3, symbol, 24) F##_TEXT(4, kind, 12)         \
        F##_U64(5, first_id) /* trades, books: first missing id; candles: 0 */                     \
        F##_U64(6, last_id)                                                                        \
            F##_TIME(7, from_ns) /* candles: opening time of the first missing one */              \
        F##_TIME(8, to_ns) F##_TIME(9, found_ns) F##_TIME(10, closed_ns)                           \
            F##_U64(11, missing_count) F##_U64(12, repaired_count) F##_TEXT(13, state, 12)
CB_STRUCT(collector_gap, COLLECTOR_GAP_FIELDS);

#endif /* COLLECTOR_RECORDS_H */
