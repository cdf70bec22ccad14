/* Relative vigor index: where bars close within their ranges, smoothed symmetrically. */
#include "base/assert.h"
#include "ind/parts.h"

#define TAPS_COUNT 4

typedef struct vigor_state {
    uint64_t count;
    double bodies[TAPS_COUNT]; /* newest first */
    double ranges[TAPS_COUNT];
    double lines[TAPS_COUNT];
    uint64_t lines_count;
    cb_ind_window body;
    cb_ind_window range;
    double values[]; /* period of each */
} vigor_state;

static const cb_param params[] = {CB_IND_PERIOD(10, 1)};
static const char *const outputs[] = {"vigor", "signal"};

CB_INDICATOR_SIZED(vigor, 2 * values[0])
CB_INDICATOR_WARMUP(vigor, values[0] + 6)

static void vigor_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    vigor_state *vigor = state;
    *vigor = (vigor_state){.count = 0};
    cb_ind_window_init(&vigor->body, (uint64_t)values[0]);
    cb_ind_window_init(&vigor->range, (uint64_t)values[0]);
    cb_ind_clear(vigor->values, 2 * (uint64_t)values[0]);
}

static void shift_in(double taps[TAPS_COUNT], double value)
{
    taps[3] = taps[2];
    taps[2] = taps[1];
    taps[1] = taps[0];
    taps[0] = value;
}

/* Weights 1, 2, 2, 1. */
static double symmetric(const double taps[TAPS_COUNT])
{
    return (taps[0] + 2 * taps[1] + 2 * taps[2] + taps[3]) / 6;
}

static bool vigor_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    vigor_state *vigor = state;
    shift_in(vigor->bodies, bar->close - bar->open);
    shift_in(vigor->ranges, bar->high - bar->low);
    if (vigor->count < TAPS_COUNT) {
        vigor->count++;
    }
    if (vigor->count < TAPS_COUNT) {
        return false;
    }
    double *ranges = vigor->values + vigor->body.capacity;
    (void)cb_ind_window_push(&vigor->body, vigor->values, symmetric(vigor->bodies), NULL);
    if (!cb_ind_window_push(&vigor->range, ranges, symmetric(vigor->ranges), NULL)) {
        return false;
    }
    shift_in(vigor->lines, cb_ind_ratio(vigor->body.sum, vigor->range.sum, 0));
    if (vigor->lines_count < TAPS_COUNT) {
        vigor->lines_count++;
    }
    if (vigor->lines_count < TAPS_COUNT) {
        return false;
    }
    out[0] = vigor->lines[0];
    out[1] = symmetric(vigor->lines);
    return true;
}

const cb_indicator_ops cb_indicator_vigor = {CB_INDICATOR(vigor),
    .summary = "relative vigor index, -1 to 1, with its signal line",
    .formula = "sma(s(close - open)) / sma(s(high - low)); s and the signal weigh the last four 1, "
               "2, 2, 1 over 6",
    .source = "J. Ehlers, Technical Analysis of Stocks & Commodities, 2002",
    .settle_factor = 1};
