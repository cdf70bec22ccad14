/* Judging a known minute as a whole: for the lab, which leaves out messages that nobody reads. Not
 * used live. tests/unit/lab holds it equal to judging message by message. */
#ifndef VALIDATOR_QUIET_H
#define VALIDATOR_QUIET_H

#include "services/validator/core/validator.h"

/* One minute that is about to happen. */
typedef struct validator_span {
    const cb_candle *candle; /* [borrowed] as it will close */
    int64_t low_e8;          /* of all prices and best bids and asks within it */
    int64_t high_e8;
} validator_span;

/* Messages that were judged at a moment. */
typedef struct validator_count {
    int64_t ts_ns;
    uint32_t checked_count;
} validator_count;

#define VALIDATOR_COUNTS_MAX 8

/* What the newest messages of minutes that were taken as a whole leave behind. */
typedef struct validator_traces {
    uint64_t trade_id;
    int64_t trade_ts_ns;
    uint64_t ticker_update_id;
    int64_t ticker_recv_ns;
    uint64_t book_update_id;
    int64_t book_ts_ns;
    int64_t last_data_ns;
    uint32_t counts_count; /* of the last minute: what the score is taken of */
    validator_count counts[VALIDATOR_COUNTS_MAX];
} validator_traces;

/** True when every message of the minute would pass without a warning. */
bool validator_quiet_may(const void *state, uint32_t symbol, const validator_span *span);
/** Then the candle is remembered as if it had come. */
void validator_quiet_take(void *state, uint32_t symbol, const cb_candle *candle);
/** Before messages are judged one by one again: what the last ones left behind. */
void validator_quiet_end(void *state, uint32_t symbol, const validator_traces *traces);

#endif /* VALIDATOR_QUIET_H */
