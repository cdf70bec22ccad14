/* Wilder's smoothed moving average of closes. */
#include "base/assert.h"
#include "ind/parts.h"

typedef cb_ind_ema smma_state;

static const cb_param params[] = {CB_IND_PERIOD(14, 1)};
static const char *const outputs[] = {"smma"};

CB_INDICATOR_FIXED(smma)
CB_INDICATOR_WARMUP(smma, values[0])

static void smma_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    cb_ind_wilder_init(state, (uint64_t)values[0]);
}

static bool smma_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    smma_state *smma = state;
    if (!cb_ind_ema_push(smma, bar->close)) {
        return false;
    }
    out[0] = smma->value;
    return true;
}

const cb_indicator_ops cb_indicator_smma = {CB_INDICATOR(smma),
    .summary = "smoothed (Wilder's) moving average of closes",
    .formula = "smma += (close - smma) / n; the first is the average of n closes",
    .source = "J. W. Wilder, 1978; Tulip WILDERS",
    .settle_factor = 15};
