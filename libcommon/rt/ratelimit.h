/* Token bucket over the service's clock: capacity tokens, refilled evenly. Pure. */
#ifndef CB_RATELIMIT_H
#define CB_RATELIMIT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct cb_bucket {
    int64_t capacity_e8;
    int64_t tokens_e8;
    int64_t refill_e8_per_s;
    int64_t last_ns;
} cb_bucket;

void cb_bucket_init(cb_bucket *bucket, uint64_t capacity, uint64_t refill_per_s, int64_t now_ns);
/** Takes count tokens, or none and returns false. Time running backwards refills nothing. */
bool cb_bucket_take(cb_bucket *bucket, uint64_t count, int64_t now_ns);
/** Nanoseconds until count tokens are there; 0 = now, INT64_MAX = never. */
int64_t cb_bucket_wait_ns(const cb_bucket *bucket, uint64_t count, int64_t now_ns);

#endif /* CB_RATELIMIT_H */
