/* Alligator: three smoothed averages of the middle price, shifted into the present. */
#include "base/assert.h"
#include "ind/parts.h"

#define LINES_COUNT 3

typedef struct alligator_state {
    cb_ind_ema averages[LINES_COUNT];
    cb_ind_lag lags[LINES_COUNT];
    double values[]; /* the lags' */
} alligator_state;

enum alligator_param { JAW, TEETH, LIPS, JAW_SHIFT, TEETH_SHIFT, LIPS_SHIFT };
static const cb_param params[] = {
    [JAW] = CB_IND_COUNT("jaw", 13, 1, "bars of the slowest line"),
    [TEETH] = CB_IND_COUNT("teeth", 8, 1, "bars of the middle line"),
    [LIPS] = CB_IND_COUNT("lips", 5, 1, "bars of the fastest line"),
    [JAW_SHIFT] = CB_IND_COUNT("jaw_shift", 8, 1, "bars that the slowest line is drawn ahead"),
    [TEETH_SHIFT] = CB_IND_COUNT("teeth_shift", 5, 1, "bars that the middle line is drawn ahead"),
    [LIPS_SHIFT] = CB_IND_COUNT("lips_shift", 3, 1, "bars that the fastest line is drawn ahead"),
};
static const char *const outputs[] = {"jaw", "teeth", "lips"};

CB_INDICATOR_SIZED(alligator, values[JAW_SHIFT] + values[TEETH_SHIFT] + values[LIPS_SHIFT])

static uint32_t alligator_warmup_bars(const int64_t *values)
{
    int64_t most = 0;
    for (uint32_t i = 0; i < LINES_COUNT; i++) {
        const int64_t bars = values[JAW + i] + values[JAW_SHIFT + i];
        most = bars > most ? bars : most;
    }
    return (uint32_t)most;
}

static void alligator_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    alligator_state *lines = state;
    for (uint32_t i = 0; i < LINES_COUNT; i++) {
        cb_ind_wilder_init(&lines->averages[i], (uint64_t)values[JAW + i]);
        cb_ind_lag_init(&lines->lags[i], (uint64_t)values[JAW_SHIFT + i]);
    }
    cb_ind_clear(lines->values, (alligator_state_size(values) - sizeof *lines) / sizeof(double));
}

static bool alligator_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    alligator_state *lines = state;
    const double middle = (bar->high + bar->low) / 2;
    double *values = lines->values;
    double shifted[LINES_COUNT] = {0};
    bool is_warm = true;
    for (uint32_t i = 0; i < LINES_COUNT; i++) {
        is_warm = cb_ind_ema_push(&lines->averages[i], middle) &&
                  cb_ind_lag_push(&lines->lags[i], values, lines->averages[i].value, &shifted[i]) &&
                  is_warm;
        values += lines->lags[i].capacity;
    }
    if (!is_warm) {
        return false;
    }
    out[0] = shifted[0];
    out[1] = shifted[1];
    out[2] = shifted[2];
    return true;
}

const cb_indicator_ops cb_indicator_alligator = {CB_INDICATOR(alligator),
    .summary =
        "Alligator: three smoothed averages of the middle price as drawn over the present bar",
    .formula = "smma((high + low) / 2, n) of shift bars ago",
    .source = "B. Williams, Trading Chaos, 1995",
    .settle_factor = 15};
