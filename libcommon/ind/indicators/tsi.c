/* True strength index: twice smoothed momentum. */
#include <math.h>

#include "base/assert.h"
#include "ind/parts.h"

typedef struct tsi_state {
    double previous;
    uint64_t has_previous;
    cb_ind_ema move[2];
    cb_ind_ema size[2];
    cb_ind_ema signal;
} tsi_state;

static const cb_param params[] = {
    CB_IND_COUNT("slow", 25, 1, "changes in the first average"),
    CB_IND_COUNT("fast", 13, 1, "values in the second average"),
    CB_IND_COUNT("signal", 7, 1, "values in the signal line's average"),
};
static const char *const outputs[] = {"tsi", "signal"};

CB_INDICATOR_FIXED(tsi)
CB_INDICATOR_WARMUP(tsi, values[0] + values[1] + values[2] - 1)

static void tsi_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    tsi_state *tsi = state;
    *tsi = (tsi_state){.previous = 0};
    for (uint32_t i = 0; i < 2; i++) {
        cb_ind_ema_init(&tsi->move[i], (uint64_t)values[i]);
        cb_ind_ema_init(&tsi->size[i], (uint64_t)values[i]);
    }
    cb_ind_ema_init(&tsi->signal, (uint64_t)values[2]);
}

static bool tsi_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    tsi_state *tsi = state;
    const double change = bar->close - tsi->previous;
    const bool has_previous = tsi->has_previous != 0;
    tsi->previous = bar->close;
    tsi->has_previous = 1;
    if (!has_previous) {
        return false;
    }
    (void)cb_ind_ema_push(&tsi->move[0], change);
    if (!cb_ind_ema_push(&tsi->size[0], fabs(change))) {
        return false;
    }
    (void)cb_ind_ema_push(&tsi->move[1], tsi->move[0].value);
    if (!cb_ind_ema_push(&tsi->size[1], tsi->size[0].value)) {
        return false;
    }
    const double line = 100 * cb_ind_ratio(tsi->move[1].value, tsi->size[1].value, 0);
    if (!cb_ind_ema_push(&tsi->signal, line)) {
        return false;
    }
    out[0] = line;
    out[1] = tsi->signal.value;
    return true;
}

const cb_indicator_ops cb_indicator_tsi = {CB_INDICATOR(tsi),
    .summary = "true strength index, -100 to 100, with its signal line",
    .formula = "100 * ema(ema(change, slow), fast) / ema(ema(|change|, slow), fast)",
    .source = "W. Blau, 1991; averages begin with simple ones",
    .settle_factor = 12};
