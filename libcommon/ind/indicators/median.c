/* Median of closes. */
#include "base/assert.h"
#include "ind/parts.h"
#include "ind/rank.h"

typedef struct median_state {
    cb_ind_rank rank;
    double values[]; /* nodes */
} median_state;

static const cb_param params[] = {CB_IND_PERIOD(20, 1)};
static const char *const outputs[] = {"median"};

CB_INDICATOR_SIZED(median, CB_IND_RANK_DOUBLES(values[0]))
CB_INDICATOR_WARMUP(median, values[0])

static void median_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    median_state *median = state;
    cb_ind_rank_init(
        &median->rank, (cb_ind_rank_node *)(void *)median->values, (uint64_t)values[0]);
}

static bool median_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    median_state *median = state;
    cb_ind_rank_node *nodes = (cb_ind_rank_node *)(void *)median->values;
    if (!cb_ind_rank_push(&median->rank, nodes, bar->close)) {
        return false;
    }
    out[0] = cb_ind_rank_quantile(&median->rank, nodes, 0.5);
    return true;
}

const cb_indicator_ops cb_indicator_median = {CB_INDICATOR(median),
    .summary = "median of the last n closes",
    .formula = "the middle of the sorted closes, or the mean of both middles",
    .source = "textbook definition",
    .settle_factor = 1};
