/* Latency samples in nanoseconds and their quantiles, for benchmarks. */
#ifndef CB_SAMPLES_H
#define CB_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

typedef struct cb_samples {
    int64_t *values; /* [owned] */
    size_t count;
    size_t capacity;
} cb_samples;

void cb_samples_init(cb_samples *samples, size_t capacity);
void cb_samples_release(cb_samples *samples);
/** Ignored when full. */
void cb_samples_add(cb_samples *samples, int64_t value_ns);
/** Nearest-rank quantile (0 … 1) of a copy that is sorted; 0 when empty. */
int64_t cb_samples_quantile(cb_samples *samples, double quantile);

#endif /* CB_SAMPLES_H */
