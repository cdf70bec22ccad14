/* Commodity channel index. The mean deviation needs the values in order of size: O(log n). */
#include "base/assert.h"
#include "ind/parts.h"
#include "ind/rank.h"

typedef struct cci_state {
    cb_ind_window window;
    cb_ind_rank rank;
    double values[]; /* period typical prices, then the nodes */
} cci_state;

static const cb_param params[] = {CB_IND_PERIOD(20, 2)};
static const char *const outputs[] = {"cci"};

CB_INDICATOR_SIZED(cci, values[0] + CB_IND_RANK_DOUBLES(values[0]))
CB_INDICATOR_WARMUP(cci, values[0])

static cb_ind_rank_node *nodes_of(cci_state *cci)
{
    return (cb_ind_rank_node *)(void *)(cci->values + cci->window.capacity);
}

static void cci_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    cci_state *cci = state;
    cb_ind_window_init(&cci->window, (uint64_t)values[0]);
    cb_ind_clear(cci->values, (uint64_t)values[0]);
    cb_ind_rank_init(&cci->rank, nodes_of(cci), (uint64_t)values[0]);
}

static bool cci_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    cci_state *cci = state;
    const double typical = cb_ind_typical(bar);
    (void)cb_ind_rank_push(&cci->rank, nodes_of(cci), typical);
    if (!cb_ind_window_push(&cci->window, cci->values, typical, NULL)) {
        return false;
    }
    const double mean = cb_ind_window_mean(&cci->window);
    const double deviation = cb_ind_rank_deviation(&cci->rank, nodes_of(cci), mean);
    out[0] = cb_ind_ratio(typical - mean, 0.015 * deviation, 0);
    return true;
}

const cb_indicator_ops cb_indicator_cci = {CB_INDICATOR(cci),
    .summary = "commodity channel index: distance from the average in mean deviations; 0 while "
               "nothing moves",
    .formula = "(typical - sma(typical)) / (0.015 * mean |typical - sma(typical)|)",
    .source = "D. Lambert, Commodities, 1980",
    .settle_factor = 1};
