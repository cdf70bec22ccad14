/* Longer candles from shorter ones, exactly as the exchange makes them: minutes without a trade do
 * not count (an exchange fills them with the last price, but its longer candle opens with the first
 * trade); only when a whole bucket had none is it flat. */
#ifndef CB_CANDLE_H
#define CB_CANDLE_H

#include "domain/messages.h"

#define CB_CANDLES_PER_FEED_MAX 2

/* Builds one longer timeframe of one symbol. Zeroed but for the intervals = nothing begun. */
typedef struct cb_candle_builder {
    uint32_t from_interval_s;
    uint32_t to_interval_s;
    bool is_begun;          /* candle holds a bucket that is not complete */
    bool has_trades;        /* a part of the bucket had trades */
    bool is_out_of_range;   /* a sum left int64: the bucket will not be handed out */
    int64_t newest_open_ns; /* of the parts fed so far */
    uint64_t late_count;    /* parts refused: not newer than the newest */
    uint64_t refused_count; /* buckets refused: a sum left int64 */
    cb_candle candle;
} cb_candle_builder;

/** Both > 0, and to a multiple of from. Buckets are aligned to 1970. */
void cb_candle_builder_init(
    cb_candle_builder *builder, uint32_t from_interval_s, uint32_t to_interval_s);

/**
 * Feeds the next closed candle of the shorter timeframe. A bucket is complete when its last part
 * has come, or (after a hole) when a part of a later bucket comes; so one part can complete two.
 * Open, late and repeated candles are left out.
 *
 * @param out [out] the completed candles, oldest first.
 * @return how many, 0 … 2.
 */
uint32_t cb_candle_builder_feed(
    cb_candle_builder *builder, const cb_candle *part, cb_candle out[CB_CANDLES_PER_FEED_MAX]);

/** Hands out a bucket whose end is not after now_ns although parts are missing. */
bool cb_candle_builder_flush(cb_candle_builder *builder, int64_t now_ns, cb_candle *out);

/** Continues a state hash. */
uint64_t cb_candle_builder_hash(uint64_t hash, const cb_candle_builder *builder);

#endif /* CB_CANDLE_H */
