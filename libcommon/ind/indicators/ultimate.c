/* Ultimate oscillator: buying pressure over three windows. */
#include "base/assert.h"
#include "ind/parts.h"

#define WINDOWS_COUNT 3

typedef struct ultimate_state {
    double previous;
    uint64_t has_previous;
    cb_ind_window pressure[WINDOWS_COUNT];
    cb_ind_window range[WINDOWS_COUNT];
    double values[]; /* pressure and range of each window */
} ultimate_state;

static const cb_param params[] = {
    CB_IND_COUNT("fast", 7, 1, "changes in the first window"),
    CB_IND_COUNT("middle", 14, 1, "changes in the second window"),
    CB_IND_COUNT("slow", 28, 1, "changes in the third window"),
};
static const char *const outputs[] = {"ultimate"};

CB_INDICATOR_SIZED(ultimate, 2 * (values[0] + values[1] + values[2]))

static uint32_t ultimate_warmup_bars(const int64_t *values)
{
    int64_t most = values[0] > values[1] ? values[0] : values[1];
    most = values[2] > most ? values[2] : most;
    return (uint32_t)most + 1;
}

static void ultimate_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    ultimate_state *ultimate = state;
    *ultimate = (ultimate_state){.previous = 0};
    for (uint32_t i = 0; i < WINDOWS_COUNT; i++) {
        cb_ind_window_init(&ultimate->pressure[i], (uint64_t)values[i]);
        cb_ind_window_init(&ultimate->range[i], (uint64_t)values[i]);
    }
    cb_ind_clear(ultimate->values, 2 * (uint64_t)(values[0] + values[1] + values[2]));
}

static bool ultimate_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    ultimate_state *ultimate = state;
    const double previous = ultimate->previous;
    const bool has_previous = ultimate->has_previous != 0;
    ultimate->previous = bar->close;
    ultimate->has_previous = 1;
    if (!has_previous) {
        return false;
    }
    const double bottom = bar->low < previous ? bar->low : previous;
    const double top = bar->high > previous ? bar->high : previous;
    double *values = ultimate->values;
    double weighted = 0;
    double weight = 4; /* 4, 2, 1 */
    bool is_warm = true;
    for (uint32_t i = 0; i < WINDOWS_COUNT; i++) {
        cb_ind_window *pressure = &ultimate->pressure[i];
        cb_ind_window *range = &ultimate->range[i];
        (void)cb_ind_window_push(pressure, values, bar->close - bottom, NULL);
        is_warm =
            cb_ind_window_push(range, values + pressure->capacity, top - bottom, NULL) && is_warm;
        values += 2 * pressure->capacity;
        weighted += weight * cb_ind_ratio(pressure->sum, range->sum, 0.5);
        weight /= 2;
    }
    if (!is_warm) {
        return false;
    }
    out[0] = 100 * weighted / 7;
    return true;
}

const cb_indicator_ops cb_indicator_ultimate = {CB_INDICATOR(ultimate),
    .summary = "ultimate oscillator, 0 to 100; 50 while nothing moves",
    .formula = "100 * (4 * a + 2 * b + c) / 7, each sum(close - true low) / sum(true range) over "
               "its window",
    .source = "L. Williams, Technical Analysis of Stocks & Commodities, 1985",
    .settle_factor = 1};
