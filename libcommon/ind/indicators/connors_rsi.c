/* Connors RSI: strength of the price, of its streaks, and rank of the last change. */
#include "base/assert.h"
#include "ind/parts.h"
#include "ind/rank.h"

typedef struct connors_rsi_state {
    cb_ind_rsi price;
    cb_ind_rsi streaks;
    double previous;
    double streak;
    uint64_t has_previous;
    cb_ind_rank rank;
    double values[]; /* nodes */
} connors_rsi_state;

static const cb_param params[] = {
    CB_IND_COUNT("rsi_period", 3, 1, "changes of the RSI of closes"),
    CB_IND_COUNT("streak_period", 2, 1, "changes of the RSI of streaks"),
    CB_IND_COUNT("rank_period", 100, 1, "earlier changes that the last one is ranked among"),
};
static const char *const outputs[] = {"crsi"};

CB_INDICATOR_SIZED(connors_rsi, CB_IND_RANK_DOUBLES(values[2]))

static uint32_t connors_rsi_warmup_bars(const int64_t *values)
{
    int64_t most = values[0] > values[1] ? values[0] : values[1];
    most = values[2] + 1 > most ? values[2] + 1 : most;
    return (uint32_t)most + 1;
}

static void connors_rsi_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    connors_rsi_state *crsi = state;
    *crsi = (connors_rsi_state){.previous = 0};
    cb_ind_rsi_init(&crsi->price, (uint64_t)values[0]);
    cb_ind_rsi_init(&crsi->streaks, (uint64_t)values[1]);
    cb_ind_rank_init(&crsi->rank, (cb_ind_rank_node *)(void *)crsi->values, (uint64_t)values[2]);
}

/* Closes in a row that rose (positive) or fell (negative). */
static double streak_after(double streak, double change)
{
    if (change > 0) {
        return streak > 0 ? streak + 1 : 1;
    }
    if (change < 0) {
        return streak < 0 ? streak - 1 : -1;
    }
    return 0;
}

static bool connors_rsi_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    connors_rsi_state *crsi = state;
    cb_ind_rank_node *nodes = (cb_ind_rank_node *)(void *)crsi->values;
    const bool has_previous = crsi->has_previous != 0;
    const double change = has_previous ? bar->close - crsi->previous : 0;
    const double rate = cb_ind_ratio(change, crsi->previous, 0);
    crsi->previous = bar->close;
    crsi->has_previous = 1;
    crsi->streak = streak_after(crsi->streak, change);
    double price = 0;
    double streaks = 0;
    const bool has_price = cb_ind_rsi_push(&crsi->price, bar->close, &price);
    const bool has_streaks = cb_ind_rsi_push(&crsi->streaks, crsi->streak, &streaks);
    if (!has_previous) {
        return false;
    }
    const bool has_rank = crsi->rank.count == crsi->rank.capacity;
    const uint64_t below = cb_ind_rank_below(&crsi->rank, nodes, rate, false, NULL);
    (void)cb_ind_rank_push(&crsi->rank, nodes, rate);
    if (!has_price || !has_streaks || !has_rank) {
        return false;
    }
    out[0] = (price + streaks + 100 * (double)below / (double)crsi->rank.capacity) / 3;
    return true;
}

const cb_indicator_ops cb_indicator_connors_rsi = {CB_INDICATOR(connors_rsi),
    .summary = "Connors RSI, 0 to 100: short strength, streaks and rank of the last change",
    .formula = "(rsi(close) + rsi(streak) + percent of the earlier changes below the last one) / 3",
    .source = "L. Connors and C. Alvarez, 2012",
    .settle_factor = 15};
