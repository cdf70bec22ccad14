/* A quantile of closes. */
#include "base/assert.h"
#include "ind/parts.h"
#include "ind/rank.h"

typedef struct quantile_state {
    cb_ind_rank rank;
    double share;
    double values[]; /* nodes */
} quantile_state;

static const cb_param params[] = {
    CB_IND_PERIOD(100, 1),
    {"share",
        CB_PARAM_DECIMAL,
        9 * CB_E8 / 10,
        0,
        CB_E8,
        "part of the closes below: 0.5 is the median"},
};
static const char *const outputs[] = {"quantile"};

CB_INDICATOR_SIZED(quantile, CB_IND_RANK_DOUBLES(values[0]))
CB_INDICATOR_WARMUP(quantile, values[0])

static void quantile_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    quantile_state *quantile = state;
    quantile->share = cb_f64_from_e8(values[1]);
    cb_ind_rank_init(
        &quantile->rank, (cb_ind_rank_node *)(void *)quantile->values, (uint64_t)values[0]);
}

static bool quantile_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    quantile_state *quantile = state;
    cb_ind_rank_node *nodes = (cb_ind_rank_node *)(void *)quantile->values;
    if (!cb_ind_rank_push(&quantile->rank, nodes, bar->close)) {
        return false;
    }
    out[0] = cb_ind_rank_quantile(&quantile->rank, nodes, quantile->share);
    return true;
}

const cb_indicator_ops cb_indicator_quantile = {CB_INDICATOR(quantile),
    .summary = "a quantile of the last n closes",
    .formula = "between the two nearest of the sorted closes, linearly",
    .source = "R. Hyndman and Y. Fan, 1996, type 7 (numpy's default)",
    .settle_factor = 1};
