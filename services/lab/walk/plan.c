/* Windows over the days of a job's data. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "services/lab/walk/walk.h"

#define TRAIN_RATIO 3.0 /* times a test, when the job does not say */

/* First and last moment that all symbols have, within the job's range. */
static void find_range(const lab_backtest *self, int64_t *from_ns, int64_t *to_ns)
{
    *from_ns = self->job.from_ns;
    *to_ns = self->job.to_ns == 0 ? INT64_MAX : self->job.to_ns;
    for (uint32_t i = 0; i < self->plan.chain.symbols_count; i++) {
        const lab_candles *candles = &self->plan.candles[i];
        if (candles->count == 0) {
            continue;
        }
        const int64_t first = candles->open_ts_ns[0];
        const int64_t end = candles->open_ts_ns[candles->count - 1] + candles->timeframe_ns;
        *from_ns = first > *from_ns ? first : *from_ns;
        *to_ns = end < *to_ns ? end : *to_ns;
    }
}

static size_t days(int64_t span_ns)
{
    return (size_t)((span_ns + CB_NS_PER_DAY - 1) / CB_NS_PER_DAY);
}

/* Windows of the lengths that the job gives, the last one ending with the data. */
static cb_status plan_given(
    const lab_walkforward *from, size_t count, cb_walk_plan *out, cb_err *err)
{
    *out = (cb_walk_plan){.count = count,
        .windows = (size_t)from->windows,
        .train = days(from->train_ns),
        .test = days(from->test_ns),
        .purge = days(from->purge_ns),
        .embargo = days(from->embargo_ns),
        .is_anchored = from->is_anchored};
    const size_t needed = out->train + out->purge + out->embargo + out->windows * out->test;
    return needed <= count ? CB_OK
                           : CB_FAIL(err,
                                 CB_E_RANGE,
                                 "walkforward: %zu windows need %zu days, there are %zu",
                                 out->windows,
                                 needed,
                                 count);
}

cb_status lab_walk_plan(lab_walk *walk, lab_backtest *self, cb_err *err)
{
    int64_t from_ns = 0;
    int64_t to_ns = 0;
    CB_ASSERT(walk != NULL && self != NULL);
    *walk = (lab_walk){.self = self, .factor = 1};
    const lab_walkforward *wanted = &self->job.walkforward;
    if (wanted->windows == 0 || wanted->windows > LAB_WALK_MAX) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "%s: the job has no 'walkforward' of 1 to %d windows",
            self->job.path,
            LAB_WALK_MAX);
    }
    find_range(self, &from_ns, &to_ns);
    walk->first_ns = (from_ns + CB_NS_PER_DAY - 1) / CB_NS_PER_DAY * CB_NS_PER_DAY;
    const size_t count =
        to_ns > walk->first_ns ? (size_t)((to_ns - walk->first_ns) / CB_NS_PER_DAY) : 0;
    const bool is_given = wanted->train_ns > 0 && wanted->test_ns > 0;
    const cb_status status = is_given ? plan_given(wanted, count, &walk->plan, err)
                                      : cb_walk_plan_make(count,
                                            (size_t)wanted->windows,
                                            TRAIN_RATIO,
                                            days(wanted->purge_ns),
                                            days(wanted->embargo_ns),
                                            wanted->is_anchored,
                                            &walk->plan,
                                            err);
    if (status != CB_OK) {
        return cb_err_context(err, "%s", self->job.path);
    }
    walk->rows = calloc(walk->plan.windows, sizeof *walk->rows);
    return walk->rows == NULL ? CB_FAIL(err, CB_E_FULL, "no memory for the windows") : CB_OK;
}

void lab_walk_release(lab_walk *walk)
{
    CB_ASSERT(walk != NULL);
    free(walk->rows);
    lab_result_release(&walk->result);
    *walk = (lab_walk){0};
}
