/* Candle aggregation. Prices are only compared and volumes only added, so it is exact. */
#include "domain/candle.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/timefmt.h"

void cb_candle_builder_init(
    cb_candle_builder *builder, uint32_t from_interval_s, uint32_t to_interval_s)
{
    CB_ASSERT(builder != NULL);
    CB_ASSERT(from_interval_s > 0 && to_interval_s % from_interval_s == 0);
    CB_ASSERT(to_interval_s > 0);
    *builder =
        (cb_candle_builder){.from_interval_s = from_interval_s, .to_interval_s = to_interval_s};
}

static int64_t bucket_open(const cb_candle_builder *builder, int64_t ts_ns)
{
    const int64_t length_ns = (int64_t)builder->to_interval_s * CB_NS_PER_S;
    return ts_ns - ts_ns % length_ns;
}

static bool had_trades(const cb_candle *candle)
{
    return candle->trades_count > 0 || candle->volume.e8 > 0;
}

/* Begins a bucket with its first part: a copy, stretched to the bucket's length. */
static void begin_bucket(cb_candle_builder *builder, const cb_candle *part)
{
    builder->is_begun = true;
    builder->has_trades = had_trades(part);
    builder->is_out_of_range = false;
    builder->candle = *part;
    builder->candle.interval_s = builder->to_interval_s;
    builder->candle.open_ts_ns = bucket_open(builder, part->open_ts_ns);
    builder->candle.close_ts_ns =
        builder->candle.open_ts_ns + (int64_t)builder->to_interval_s * CB_NS_PER_S;
}

static void add_prices(cb_candle_builder *builder, const cb_candle *part)
{
    cb_candle *whole = &builder->candle;
    if (!builder->has_trades) {
        whole->open = part->open;
        whole->high = part->high;
        whole->low = part->low;
    }
    if (part->high.e8 > whole->high.e8) {
        whole->high = part->high;
    }
    if (part->low.e8 < whole->low.e8) {
        whole->low = part->low;
    }
    whole->close = part->close;
    builder->has_trades = true;
}

static void add_volumes(cb_candle_builder *builder, const cb_candle *part)
{
    cb_candle *whole = &builder->candle;
    const bool is_volume_lost =
        __builtin_add_overflow(whole->volume.e8, part->volume.e8, &whole->volume.e8);
    const bool is_quote_lost = __builtin_add_overflow(
        whole->quote_volume.e8, part->quote_volume.e8, &whole->quote_volume.e8);
    builder->is_out_of_range = builder->is_out_of_range || is_volume_lost || is_quote_lost;
    whole->trades_count += part->trades_count;
}

static void extend_bucket(cb_candle_builder *builder, const cb_candle *part)
{
    if (had_trades(part)) {
        add_prices(builder, part);
        add_volumes(builder, part);
    }
    builder->candle.env = part->env;
    builder->candle.recv_ns = part->recv_ns;
    builder->candle.is_backfill = builder->candle.is_backfill || part->is_backfill;
}

/* Ends the bucket; returns how many candles were written to out (0 when it is out of range). */
static uint32_t end_bucket(cb_candle_builder *builder, cb_candle *out)
{
    CB_ASSERT(builder->is_begun);
    builder->is_begun = false;
    if (builder->is_out_of_range) {
        builder->refused_count++;
        return 0;
    }
    builder->candle.is_closed = true;
    *out = builder->candle;
    return 1;
}

uint32_t cb_candle_builder_feed(
    cb_candle_builder *builder, const cb_candle *part, cb_candle out[CB_CANDLES_PER_FEED_MAX])
{
    CB_ASSERT(builder != NULL && part != NULL && out != NULL);
    CB_ASSERT(part->interval_s == builder->from_interval_s);
    if (!part->is_closed || part->open_ts_ns < 0) {
        return 0;
    }
    if (part->open_ts_ns <= builder->newest_open_ns && builder->newest_open_ns != 0) {
        builder->late_count++;
        return 0;
    }
    builder->newest_open_ns = part->open_ts_ns;
    uint32_t count = 0;
    const int64_t open_ns = bucket_open(builder, part->open_ts_ns);
    if (builder->is_begun && builder->candle.open_ts_ns != open_ns) {
        count += end_bucket(builder, &out[count]);
    }
    if (builder->is_begun) {
        extend_bucket(builder, part);
    } else {
        begin_bucket(builder, part);
    }
    const int64_t part_end_ns = part->open_ts_ns + (int64_t)builder->from_interval_s * CB_NS_PER_S;
    if (part_end_ns >= builder->candle.close_ts_ns) {
        count += end_bucket(builder, &out[count]);
    }
    CB_ASSERT(count <= CB_CANDLES_PER_FEED_MAX);
    return count;
}

bool cb_candle_builder_flush(cb_candle_builder *builder, int64_t now_ns, cb_candle *out)
{
    CB_ASSERT(builder != NULL);
    CB_ASSERT(out != NULL);
    if (!builder->is_begun || now_ns < builder->candle.close_ts_ns) {
        return false;
    }
    /* Parts of this bucket that come later are late: it has been handed out. */
    const int64_t last_part_ns =
        builder->candle.close_ts_ns - (int64_t)builder->from_interval_s * CB_NS_PER_S;
    if (last_part_ns > builder->newest_open_ns) {
        builder->newest_open_ns = last_part_ns;
    }
    return end_bucket(builder, out) == 1;
}

uint64_t cb_candle_builder_hash(uint64_t hash, const cb_candle_builder *builder)
{
    CB_ASSERT(builder != NULL);
    const cb_candle *candle = &builder->candle;
    hash = cb_hash_u64(hash, ((uint64_t)builder->from_interval_s << 32) | builder->to_interval_s);
    hash = cb_hash_u64(hash, (uint64_t)builder->newest_open_ns);
    hash = cb_hash_u64(hash, builder->is_begun ? 1 : 0);
    if (!builder->is_begun) {
        return hash;
    }
    const int64_t values[] = {candle->open_ts_ns,
        candle->open.e8,
        candle->high.e8,
        candle->low.e8,
        candle->close.e8,
        candle->volume.e8,
        candle->quote_volume.e8,
        (int64_t)candle->trades_count,
        builder->has_trades ? 1 : 0,
        builder->is_out_of_range ? 1 : 0};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        hash = cb_hash_u64(hash, (uint64_t)values[i]);
    }
    return hash;
}
