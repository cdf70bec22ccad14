/* A minute of quotes at once: for the lab, which leaves out tickers that nothing hangs on. */
#ifndef SIGNALS_QUIET_H
#define SIGNALS_QUIET_H

#include "services/signals/core/signals.h"

/**
 * True when no quote between bid_low and bid_high (e8) would lead to anything, and the candle that
 * opens at open_ns would simply follow the last one.
 */
bool signals_quiet_may(
    const void *state, uint32_t symbol, int64_t open_ns, int64_t bid_low_e8, int64_t bid_high_e8);
/** The last quote and score of a minute for which signals_quiet_may was true. */
void signals_quiet_take(
    void *state, uint32_t symbol, const cb_ticker *ticker, const cb_quality_score *quality);

#endif /* SIGNALS_QUIET_H */
