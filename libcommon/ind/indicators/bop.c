/* Balance of power. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct bop_state {
    cb_ind_window window;
    double values[]; /* period */
} bop_state;

static const cb_param params[] = {CB_IND_PERIOD(14, 1)};
static const char *const outputs[] = {"bop"};

CB_INDICATOR_SIZED(bop, values[0])
CB_INDICATOR_WARMUP(bop, values[0])

static void bop_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    bop_state *bop = state;
    cb_ind_window_init(&bop->window, (uint64_t)values[0]);
    cb_ind_clear(bop->values, (uint64_t)values[0]);
}

static bool bop_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    bop_state *bop = state;
    const double balance = cb_ind_ratio(bar->close - bar->open, bar->high - bar->low, 0);
    if (!cb_ind_window_push(&bop->window, bop->values, balance, NULL)) {
        return false;
    }
    out[0] = cb_ind_window_mean(&bop->window);
    return true;
}

const cb_indicator_ops cb_indicator_bop = {CB_INDICATOR(bop),
    .summary = "balance of power, -1 to 1: body over range, averaged",
    .formula = "sma((close - open) / (high - low), n)",
    .source = "I. Livshin, Technical Analysis of Stocks & Commodities, 2001; n = 1 is TA-Lib's BOP",
    .settle_factor = 1};
