/* Mean absolute deviation of closes. */
#include "base/assert.h"
#include "ind/parts.h"
#include "ind/rank.h"

typedef struct mean_deviation_state {
    cb_ind_window window;
    cb_ind_rank rank;
    double values[]; /* period closes, then nodes */
} mean_deviation_state;

static const cb_param params[] = {CB_IND_PERIOD(20, 1)};
static const char *const outputs[] = {"mean_deviation"};

CB_INDICATOR_SIZED(mean_deviation, values[0] + CB_IND_RANK_DOUBLES(values[0]))
CB_INDICATOR_WARMUP(mean_deviation, values[0])

static cb_ind_rank_node *nodes_of(mean_deviation_state *deviation)
{
    return (cb_ind_rank_node *)(void *)(deviation->values + deviation->window.capacity);
}

static void mean_deviation_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    mean_deviation_state *deviation = state;
    cb_ind_window_init(&deviation->window, (uint64_t)values[0]);
    cb_ind_clear(deviation->values, (uint64_t)values[0]);
    cb_ind_rank_init(&deviation->rank, nodes_of(deviation), (uint64_t)values[0]);
}

static bool mean_deviation_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    mean_deviation_state *deviation = state;
    (void)cb_ind_rank_push(&deviation->rank, nodes_of(deviation), bar->close);
    if (!cb_ind_window_push(&deviation->window, deviation->values, bar->close, NULL)) {
        return false;
    }
    out[0] = cb_ind_rank_deviation(
        &deviation->rank, nodes_of(deviation), cb_ind_window_mean(&deviation->window));
    return true;
}

const cb_indicator_ops cb_indicator_mean_deviation = {CB_INDICATOR(mean_deviation),
    .summary = "mean absolute deviation of the last n closes from their mean",
    .formula = "sum |close - mean| / n",
    .source = "textbook definition; Tulip MD",
    .settle_factor = 1};
