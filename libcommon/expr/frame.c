/* Longer bars out of shorter ones, by the rules of domain/candle.h: bars without volume do not
 * count unless the whole longer bar had none, and a hole ends a bar when the next part comes. One
 * thing is stricter here: a bar in whose middle the run began is not handed out, so that what a
 * program says does not depend on where its history happens to start. */
#include "expr/expr_internal.h"

static int64_t open_of(const expr_span *span, int64_t ts_ns)
{
    return ts_ns - ts_ns % span->frame_ns;
}

static void begin_bucket(
    expr_bucket *bucket, const expr_span *span, const cb_bar *bar, int64_t volume_e8)
{
    const int64_t open_ns = open_of(span, bar->open_ts_ns);
    bucket->is_partial = span->is_first && bar->open_ts_ns != open_ns ? 1 : 0;
    bucket->is_begun = 1;
    bucket->has_trades = volume_e8 > 0 ? 1 : 0;
    bucket->is_out_of_range = 0;
    bucket->volume_e8 = volume_e8;
    bucket->bar = *bar;
    bucket->bar.open_ts_ns = open_ns;
}

static void extend_bucket(expr_bucket *bucket, const cb_bar *bar, int64_t volume_e8)
{
    cb_bar *whole = &bucket->bar;
    if (volume_e8 <= 0) {
        return;
    }
    if (bucket->has_trades == 0) {
        whole->open = bar->open;
        whole->high = bar->high;
        whole->low = bar->low;
    }
    whole->high = bar->high > whole->high ? bar->high : whole->high;
    whole->low = bar->low < whole->low ? bar->low : whole->low;
    whole->close = bar->close;
    bucket->has_trades = 1;
    if (__builtin_add_overflow(bucket->volume_e8, volume_e8, &bucket->volume_e8)) {
        bucket->is_out_of_range = 1;
    }
}

/* Writes the bar to out unless it is not to be handed out; returns how many were written. */
static uint32_t end_bucket(expr_bucket *bucket, cb_bar *out)
{
    CB_ASSERT(bucket->is_begun != 0);
    bucket->is_begun = 0;
    if (bucket->is_partial != 0 || bucket->is_out_of_range != 0) {
        return 0;
    }
    *out = bucket->bar;
    out->volume = cb_f64_from_e8(bucket->volume_e8);
    return 1;
}

uint32_t expr_bucket_feed(
    expr_bucket *bucket, const expr_span *span, const cb_bar *bar, cb_bar out[2])
{
    CB_ASSERT(span->frame_ns > span->base_ns);
    CB_ASSERT(bar->open_ts_ns >= 0);
    int64_t volume_e8 = 0;
    uint32_t count = 0;
    /* volumes come from e8 and go back exactly; sums of them are sums of integers */
    const bool is_kept = cb_e8_from_f64(bar->volume, &volume_e8, NULL) == CB_OK;
    if (bucket->is_begun != 0 && bucket->bar.open_ts_ns != open_of(span, bar->open_ts_ns)) {
        count += end_bucket(bucket, &out[count]);
    }
    if (bucket->is_begun != 0) {
        extend_bucket(bucket, bar, volume_e8);
    } else {
        begin_bucket(bucket, span, bar, volume_e8);
    }
    bucket->is_out_of_range |= is_kept ? 0U : 1U;
    if (bar->open_ts_ns + span->base_ns >= bucket->bar.open_ts_ns + span->frame_ns) {
        count += end_bucket(bucket, &out[count]);
    }
    CB_ASSERT(count <= 2);
    return count;
}
