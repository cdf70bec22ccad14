/* Minutes out of coarser candles: four points joined by straight lines, cut into minutes. */
#include "services/lab/core/refine.h"

#include <stddef.h>

#include "base/assert.h"

#define STEP_MAX INT64_C(100000000) /* one whole unit */

/* Values at the minute's ends of one candle. */
typedef struct way {
    int64_t points[4]; /* open, first extreme, second extreme, close */
    uint64_t ends[4];  /* after so many minutes each is reached */
    int64_t step_e8;
} way;

bool lab_refine_is_needed(const lab_candles *candles)
{
    CB_ASSERT(candles != NULL);
    return candles->timeframe_ns > LAB_REFINED_NS && candles->timeframe_ns % LAB_REFINED_NS == 0;
}

uint64_t lab_refined_count(const lab_candles *candles)
{
    CB_ASSERT(candles != NULL);
    CB_ASSERT(lab_refine_is_needed(candles));
    return candles->count * (uint64_t)(candles->timeframe_ns / LAB_REFINED_NS);
}

/* The largest power of ten, at most one unit, that divides all of a column, given that step does.
 */
static int64_t common_step(const int64_t *values, uint64_t count, int64_t step)
{
    for (uint64_t i = 0; i < count; i++) {
        while (step > 1 && values[i] % step != 0) {
            step /= 10;
        }
    }
    return step;
}

static way way_of(const lab_candles *from, uint64_t index, uint64_t minutes, int64_t step_e8)
{
    const bool is_rising = from->close_e8[index] >= from->open_e8[index];
    const int64_t low = from->low_e8[index];
    const int64_t high = from->high_e8[index];
    return (way){.points = {from->open_e8[index],
                     is_rising ? low : high,
                     is_rising ? high : low,
                     from->close_e8[index]},
        .ends = {0, (minutes + 2) / 3, (2 * minutes + 2) / 3, minutes},
        .step_e8 = step_e8};
}

/* Value after so many minutes, on the grid of step. */
static int64_t value_after(const way *path, uint64_t minutes)
{
    if (minutes >= path->ends[3]) {
        return path->points[3];
    }
    uint32_t leg = 1;
    while (leg < 3 && minutes > path->ends[leg]) {
        leg++;
    }
    const int64_t from = path->points[leg - 1];
    const int64_t to = path->points[leg];
    const uint64_t length = path->ends[leg] - path->ends[leg - 1];
    if (length == 0 || minutes >= path->ends[leg]) {
        return to;
    }
    __extension__ const __int128 move =
        (__int128)(to - from) * (int64_t)(minutes - path->ends[leg - 1]);
    return from + (int64_t)(move / (int64_t)length) / path->step_e8 * path->step_e8;
}

static int64_t share(int64_t volume, uint64_t minute, uint64_t minutes)
{
    const int64_t each = volume / (int64_t)minutes;
    return minute + 1 < minutes ? each : volume - each * (int64_t)(minutes - 1);
}

static void cut(const lab_candles *from,
    uint64_t index,
    uint64_t minutes,
    int64_t step_e8,
    const lab_refined *out)
{
    const way path = way_of(from, index, minutes, step_e8);
    int64_t before = path.points[0];
    for (uint64_t m = 0; m < minutes; m++) {
        const uint64_t at = index * minutes + m;
        const int64_t now = value_after(&path, m + 1);
        /* three legs in two minutes: an extreme that no minute ends on is still touched */
        int64_t high = now > before ? now : before;
        int64_t low = now < before ? now : before;
        for (uint32_t k = 1; k < 3; k++) {
            if (path.ends[k] == m + 1) {
                high = path.points[k] > high ? path.points[k] : high;
                low = path.points[k] < low ? path.points[k] : low;
            }
        }
        out->open_ts_ns[at] = from->open_ts_ns[index] + (int64_t)m * LAB_REFINED_NS;
        out->open_e8[at] = before;
        out->high_e8[at] = high;
        out->low_e8[at] = low;
        out->close_e8[at] = now;
        out->volume_e8[at] = share(from->volume_e8[index], m, minutes);
        before = now;
    }
}

void lab_refine(const lab_candles *candles, const lab_refined *out)
{
    CB_ASSERT(candles != NULL && out != NULL);
    CB_ASSERT(lab_refine_is_needed(candles));
    const uint64_t minutes = (uint64_t)(candles->timeframe_ns / LAB_REFINED_NS);
    int64_t step = common_step(candles->open_e8, candles->count, STEP_MAX);
    step = common_step(candles->high_e8, candles->count, step);
    step = common_step(candles->low_e8, candles->count, step);
    step = common_step(candles->close_e8, candles->count, step);
    for (uint64_t i = 0; i < candles->count; i++) {
        cut(candles, i, minutes, step, out);
    }
}
