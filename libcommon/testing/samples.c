/* Sorted samples; see samples.h. */
#include "testing/samples.h"

#include <stdlib.h>

#include "base/assert.h"

void cb_samples_init(cb_samples *samples, size_t capacity)
{
    *samples = (cb_samples){calloc(capacity, sizeof(int64_t)), 0, capacity};
    CB_ASSERT(samples->values != NULL);
}

void cb_samples_release(cb_samples *samples)
{
    free(samples->values);
    *samples = (cb_samples){0};
}

void cb_samples_add(cb_samples *samples, int64_t value_ns)
{
    if (samples->count < samples->capacity) {
        samples->values[samples->count++] = value_ns;
    }
}

static int compare(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a;
    const int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

int64_t cb_samples_quantile(cb_samples *samples, double quantile)
{
    if (samples->count == 0) {
        return 0;
    }
    qsort(samples->values, samples->count, sizeof(int64_t), compare);
    const double rank = quantile * (double)(samples->count - 1);
    return samples->values[(size_t)(rank + 0.5)];
}
