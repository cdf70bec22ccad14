/* Walk-forward windows and purged folds. */
#include "stats/splits.h"

#include <math.h>

#include "base/assert.h"

cb_status cb_walk_plan_make(size_t count,
    size_t windows,
    double ratio,
    size_t purge,
    size_t embargo,
    bool is_anchored,
    cb_walk_plan *out,
    cb_err *err)
{
    CB_ASSERT(out != NULL);
    if (windows == 0 || !isfinite(ratio) || ratio <= 0 || ratio > 1e6) {
        return CB_FAIL(err, CB_E_RANGE, "a walk-forward needs windows and a ratio above zero");
    }
    if (purge > count || embargo > count || purge + embargo >= count) {
        return CB_FAIL(err, CB_E_RANGE, "purge and embargo leave nothing of %zu periods", count);
    }
    const size_t usable = count - purge - embargo;
    const size_t test = (size_t)floor((double)usable / ((double)windows + ratio));
    if (test == 0 || usable - windows * test == 0) {
        return CB_FAIL(
            err, CB_E_RANGE, "%zu periods are too short for %zu windows", count, windows);
    }
    *out = (cb_walk_plan){.count = count,
        .windows = windows,
        .train = usable - windows * test,
        .test = test,
        .purge = purge,
        .embargo = embargo,
        .is_anchored = is_anchored};
    return CB_OK;
}

cb_walk_window cb_walk_window_at(const cb_walk_plan *plan, size_t index)
{
    CB_ASSERT(plan != NULL);
    CB_ASSERT(index < plan->windows);
    const size_t gap = plan->purge + plan->embargo;
    const size_t begin = plan->train + gap + index * plan->test;
    const cb_walk_window window = {
        .train = {.begin = plan->is_anchored ? 0 : index * plan->test, .end = begin - gap},
        .test = {.begin = begin, .end = begin + plan->test}};
    CB_ASSERT(window.test.end <= plan->count);
    CB_ASSERT(window.train.begin < window.train.end);
    return window;
}

cb_fold cb_fold_at(size_t count, size_t folds, size_t index, size_t purge, size_t embargo)
{
    CB_ASSERT(folds > 0 && folds <= count);
    CB_ASSERT(index < folds);
    /* whole-number bounds that differ by at most one period, without overflow */
    const size_t size = count / folds;
    const size_t longer = count % folds;
    const size_t begin = index * size + (index < longer ? index : longer);
    const size_t end = begin + size + (index < longer ? 1 : 0);
    const size_t left = count - end;
    const size_t gap = purge < left && embargo < left - purge ? purge + embargo : left;
    return (cb_fold){.test = {.begin = begin, .end = end},
        .before = {.begin = 0, .end = begin > purge ? begin - purge : 0},
        .after = {.begin = end + gap, .end = count}};
}
