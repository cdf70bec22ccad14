/* Average true range in percent of the close. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct natr_state {
    cb_ind_range range;
    cb_ind_ema average;
} natr_state;

static const cb_param params[] = {CB_IND_PERIOD(14, 1)};
static const char *const outputs[] = {"natr"};

CB_INDICATOR_FIXED(natr)
CB_INDICATOR_WARMUP(natr, values[0])

static void natr_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    natr_state *natr = state;
    *natr = (natr_state){.range = {0}};
    cb_ind_wilder_init(&natr->average, (uint64_t)values[0]);
}

static bool natr_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    natr_state *natr = state;
    if (!cb_ind_ema_push(&natr->average, cb_ind_range_push(&natr->range, bar))) {
        return false;
    }
    out[0] = 100 * cb_ind_ratio(natr->average.value, bar->close, 0);
    return true;
}

const cb_indicator_ops cb_indicator_natr = {CB_INDICATOR(natr),
    .summary = "average true range, in percent of the close",
    .formula = "100 * atr(n) / close",
    .source = "J. Forman, Technical Analysis of Stocks & Commodities, 2006",
    .settle_factor = 15};
