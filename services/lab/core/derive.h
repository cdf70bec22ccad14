/* Coarser candles from finer ones, and candles from trades, exactly as an exchange makes its own:
 * sums to the unit, no rounding anywhere. */
#ifndef LAB_DERIVE_H
#define LAB_DERIVE_H

#include "base/err.h"
#include "services/lab/core/candles.h"

/** Start of the time frame that ts_ns lies in. Weeks begin on Monday, as the exchanges' do. */
int64_t lab_timeframe_floor(int64_t ts_ns, int64_t timeframe_ns);

/* Columns to write to; of candles that are not known to the source the pointers may be NULL. */
typedef struct lab_candles_out {
    uint64_t capacity;
    uint64_t count; /* [out] */
    int64_t *open_ts_ns;
    int64_t *open_e8;
    int64_t *high_e8;
    int64_t *low_e8;
    int64_t *close_e8;
    int64_t *volume_e8;
    int64_t *quote_volume_e8;
    int64_t *taker_volume_e8;
    uint32_t *trades_count;
} lab_candles_out;

/**
 * Builds candles of timeframe_ns, a whole multiple of the source's. A candle without a trade lends
 * its prices to nothing: the exchange's own coarser candle opens with the first trade. Only when no
 * candle of the range has one do the flat prices stand, with volume 0. A range of which the source
 * has only a part gives a candle of that part; ranges without any candle give none.
 *
 * @param out [out] capacity of at least source->count candles is always enough.
 * @return CB_OK; CB_E_CONFIG when the time frame is no multiple; CB_E_FULL; CB_E_RANGE when a sum
 *         leaves int64 (or the count of trades 32 bits).
 */
CB_MUST_USE cb_status lab_derive_candles(
    const lab_candles *source, int64_t timeframe_ns, lab_candles_out *out, cb_err *err);

/**
 * Builds candles from trades; a range without a trade gives none. The quote volume is the sum of
 * price times quantity, each product rounded half away from zero to the unit.
 *
 * @return CB_OK; CB_E_FULL; CB_E_RANGE.
 */
CB_MUST_USE cb_status lab_derive_from_trades(
    const lab_trades *source, int64_t timeframe_ns, lab_candles_out *out, cb_err *err);

#endif /* LAB_DERIVE_H */
