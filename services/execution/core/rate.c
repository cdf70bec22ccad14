/* A budget over a sliding window, kept in slices. Unlike a token bucket it can be asked how much of
 * the budget is used, which is what a refusal tells. */
#include "services/execution/core/exec_internal.h"

static int64_t rate_slice(int64_t span_ns, int64_t now_ns)
{
    CB_ASSERT(span_ns >= EXEC_RATE_WINDOWS);
    return now_ns / (span_ns / EXEC_RATE_WINDOWS);
}

/* Saturates: a budget that is exceeded stays exceeded. */
static int64_t rate_sum(int64_t a, int64_t b)
{
    int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

int64_t exec_rate_used(const exec_rate *rate, int64_t span_ns, int64_t now_ns)
{
    CB_ASSERT(rate != NULL);
    const int64_t now_slice = rate_slice(span_ns, now_ns);
    int64_t used = 0;
    for (uint32_t i = 0; i < EXEC_RATE_WINDOWS; i++) {
        /* A slice of the future belongs to a clock that was set back: it still counts. */
        if (rate->slice_ns[i] > now_slice - EXEC_RATE_WINDOWS) {
            used = rate_sum(used, rate->used[i]);
        }
    }
    return used;
}

void exec_rate_add(exec_rate *rate, int64_t amount, int64_t span_ns, int64_t now_ns)
{
    CB_ASSERT(amount >= 0);
    const int64_t now_slice = rate_slice(span_ns, now_ns);
    const uint32_t place = (uint32_t)((uint64_t)now_slice % EXEC_RATE_WINDOWS);
    if (rate->slice_ns[place] != now_slice) {
        rate->slice_ns[place] = now_slice;
        rate->used[place] = 0;
    }
    rate->used[place] = rate_sum(rate->used[place], amount);
}
