/* Token bucket in e8 fixed point over a clock that the caller hands in. Pure: a service's core may
 * not include it (it lives in rt), but its tests need no time and no I/O. */
#include "rt/ratelimit.h"

#include "base/assert.h"
#include "base/money.h"
#include "base/timefmt.h"

void cb_bucket_init(cb_bucket *bucket, uint64_t capacity, uint64_t refill_per_s, int64_t now_ns)
{
    CB_ASSERT(capacity <= (uint64_t)(INT64_MAX / CB_E8));
    CB_ASSERT(refill_per_s <= (uint64_t)(INT64_MAX / CB_E8));
    bucket->capacity_e8 = (int64_t)capacity * CB_E8;
    bucket->tokens_e8 = bucket->capacity_e8;
    bucket->refill_e8_per_s = (int64_t)refill_per_s * CB_E8;
    bucket->last_ns = now_ns;
}

/* What the bucket would hold at now_ns, and up to when its refill is then accounted for. The time
 * charged is rounded up, so that asking often never yields more than the rate. */
static cb_bucket bucket_at(const cb_bucket *bucket, int64_t now_ns)
{
    cb_bucket next = *bucket;
    if (now_ns <= bucket->last_ns || bucket->refill_e8_per_s == 0) {
        return next;
    }
    const cb_i128 elapsed_ns = (cb_i128)now_ns - bucket->last_ns;
    const cb_i128 added_e8 = elapsed_ns * bucket->refill_e8_per_s / CB_NS_PER_S;
    if (added_e8 >= bucket->capacity_e8 - bucket->tokens_e8) {
        next.tokens_e8 = bucket->capacity_e8;
        next.last_ns = now_ns;
        return next;
    }
    const cb_i128 rate = bucket->refill_e8_per_s;
    next.tokens_e8 += (int64_t)added_e8;
    next.last_ns += (int64_t)((added_e8 * CB_NS_PER_S + rate - 1) / rate);
    CB_ASSERT(next.last_ns <= now_ns);
    return next;
}

bool cb_bucket_take(cb_bucket *bucket, uint64_t count, int64_t now_ns)
{
    cb_bucket next = bucket_at(bucket, now_ns);
    if (count > (uint64_t)(next.tokens_e8 / CB_E8)) {
        return false; /* unchanged: asking in vain costs nothing */
    }
    next.tokens_e8 -= (int64_t)count * CB_E8;
    *bucket = next;
    return true;
}

int64_t cb_bucket_wait_ns(const cb_bucket *bucket, uint64_t count, int64_t now_ns)
{
    if (count > (uint64_t)(bucket->capacity_e8 / CB_E8)) {
        return INT64_MAX;
    }
    const int64_t missing_e8 = (int64_t)count * CB_E8 - bucket->tokens_e8;
    if (missing_e8 <= 0) {
        return 0;
    }
    if (bucket->refill_e8_per_s == 0) {
        return INT64_MAX;
    }
    /* Counted from last_ns: the time since then is not yet turned into tokens. */
    const cb_i128 rate = bucket->refill_e8_per_s;
    const cb_i128 needed_ns = ((cb_i128)missing_e8 * CB_NS_PER_S + rate - 1) / rate;
    const cb_i128 left_ns = bucket->last_ns + needed_ns - now_ns;
    if (left_ns <= 0) {
        return 0;
    }
    return left_ns > INT64_MAX ? INT64_MAX : (int64_t)left_ns;
}
