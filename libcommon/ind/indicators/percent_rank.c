/* Rank of the close among those before it. */
#include "base/assert.h"
#include "ind/parts.h"
#include "ind/rank.h"

typedef struct percent_rank_state {
    cb_ind_rank rank;
    double values[]; /* nodes */
} percent_rank_state;

static const cb_param params[] = {CB_IND_PERIOD(100, 1)};
static const char *const outputs[] = {"percent_rank"};

CB_INDICATOR_SIZED(percent_rank, CB_IND_RANK_DOUBLES(values[0]))
CB_INDICATOR_WARMUP(percent_rank, values[0] + 1)

static void percent_rank_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    percent_rank_state *percent = state;
    cb_ind_rank_init(
        &percent->rank, (cb_ind_rank_node *)(void *)percent->values, (uint64_t)values[0]);
}

static bool percent_rank_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    percent_rank_state *percent = state;
    cb_ind_rank_node *nodes = (cb_ind_rank_node *)(void *)percent->values;
    const bool is_full = percent->rank.count == percent->rank.capacity;
    const uint64_t below = cb_ind_rank_below(&percent->rank, nodes, bar->close, true, NULL);
    (void)cb_ind_rank_push(&percent->rank, nodes, bar->close);
    if (!is_full) {
        return false;
    }
    out[0] = 100 * (double)below / (double)percent->rank.capacity;
    return true;
}

const cb_indicator_ops cb_indicator_percent_rank = {CB_INDICATOR(percent_rank),
    .summary = "percent of the n closes before that are not above this one",
    .formula = "100 * count(close[i] <= close) / n, i = 1 … n",
    .source = "textbook definition (TradingView percentrank)",
    .settle_factor = 1};
