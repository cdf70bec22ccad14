/* Metrics of closed round trips, in the order in which they closed. */
#include <math.h>

#include "base/assert.h"
#include "stats/metrics_internal.h"

/* What one pass over the trades finds. */
typedef struct tally {
    size_t count;
    size_t wins;
    size_t losses;
    size_t losing_streak;
    double won;  /* sum of what was won */
    double lost; /* sum of what was lost, not negative */
    double mae_sum;
    double mae_max;
    double mfe_sum;
    double mfe_max;
    bool has_risk; /* of every trade */
} tally;

static tally count_up(const cb_perf *perf)
{
    tally t = {.count = perf->trades_count, .has_risk = perf->trades_count > 0};
    size_t streak = 0;
    for (size_t i = 0; i < perf->trades_count; i++) {
        const cb_trade_stat *trade = &perf->trades[i];
        CB_ASSERT(trade->mae >= 0 && trade->mfe >= 0);
        t.wins += trade->pnl > 0;
        t.losses += trade->pnl < 0;
        t.won += fmax(trade->pnl, 0);
        t.lost += fmax(-trade->pnl, 0);
        streak = trade->pnl < 0 ? streak + 1 : 0;
        t.losing_streak = streak > t.losing_streak ? streak : t.losing_streak;
        t.mae_sum += trade->mae;
        t.mfe_sum += trade->mfe;
        t.mae_max = fmax(t.mae_max, trade->mae);
        t.mfe_max = fmax(t.mfe_max, trade->mfe);
        t.has_risk = t.has_risk && trade->risk > 0;
    }
    return t;
}

/* Whether there is a trade to speak of. */
static cb_metric_state needs_trades(const cb_perf *perf)
{
    if (perf->trades == NULL) {
        return CB_METRIC_NO_INPUT;
    }
    return perf->trades_count == 0 ? CB_METRIC_TOO_FEW : CB_METRIC_OK;
}

cb_metric_state cb_metric_trades(const cb_perf *perf, double *out)
{
    if (perf->trades == NULL) {
        return CB_METRIC_NO_INPUT;
    }
    *out = (double)perf->trades_count;
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_win_rate(const cb_perf *perf, double *out)
{
    const cb_metric_state state = needs_trades(perf);
    if (state != CB_METRIC_OK) {
        return state;
    }
    const tally t = count_up(perf);
    return cb_metric_divide((double)t.wins, (double)t.count, out);
}

cb_metric_state cb_metric_profit_factor(const cb_perf *perf, double *out)
{
    const cb_metric_state state = needs_trades(perf);
    if (state != CB_METRIC_OK) {
        return state;
    }
    const tally t = count_up(perf);
    return cb_metric_divide(t.won, t.lost, out);
}

cb_metric_state cb_metric_expectancy(const cb_perf *perf, double *out)
{
    const cb_metric_state state = needs_trades(perf);
    if (state != CB_METRIC_OK) {
        return state;
    }
    const tally t = count_up(perf);
    return cb_metric_divide(t.won - t.lost, (double)t.count, out);
}

/* A trade's result as SQN and expectancy per risk see it. */
static double multiple_of(const cb_trade_stat *trade, bool has_risk)
{
    return has_risk ? trade->pnl / trade->risk : trade->pnl;
}

static double multiple_mean(const cb_perf *perf, bool has_risk)
{
    double sum = 0;
    for (size_t i = 0; i < perf->trades_count; i++) {
        sum += multiple_of(&perf->trades[i], has_risk);
    }
    return sum / (double)perf->trades_count;
}

cb_metric_state cb_metric_expectancy_risk(const cb_perf *perf, double *out)
{
    const cb_metric_state state = needs_trades(perf);
    if (state != CB_METRIC_OK) {
        return state;
    }
    if (!count_up(perf).has_risk) {
        return CB_METRIC_NO_INPUT;
    }
    *out = multiple_mean(perf, true);
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_sqn(const cb_perf *perf, double *out)
{
    const cb_metric_state state = needs_trades(perf);
    if (state != CB_METRIC_OK) {
        return state;
    }
    if (perf->trades_count < 2) {
        return CB_METRIC_TOO_FEW;
    }
    const bool has_risk = count_up(perf).has_risk;
    const double mean = multiple_mean(perf, has_risk);
    const double count = (double)perf->trades_count;
    double squares = 0;
    double largest = 0;
    for (size_t i = 0; i < perf->trades_count; i++) {
        const double multiple = multiple_of(&perf->trades[i], has_risk);
        squares += (multiple - mean) * (multiple - mean);
        largest = fmax(largest, fabs(multiple));
    }
    const double deviation = sqrt(squares / (count - 1));
    return cb_metric_divide(sqrt(count) * mean, deviation > largest * 1e-12 ? deviation : 0, out);
}

cb_metric_state cb_metric_average_win(const cb_perf *perf, double *out)
{
    const cb_metric_state state = needs_trades(perf);
    if (state != CB_METRIC_OK) {
        return state;
    }
    const tally t = count_up(perf);
    return t.wins > 0 ? cb_metric_divide(t.won, (double)t.wins, out) : CB_METRIC_TOO_FEW;
}

cb_metric_state cb_metric_average_loss(const cb_perf *perf, double *out)
{
    const cb_metric_state state = needs_trades(perf);
    if (state != CB_METRIC_OK) {
        return state;
    }
    const tally t = count_up(perf);
    return t.losses > 0 ? cb_metric_divide(-t.lost, (double)t.losses, out) : CB_METRIC_TOO_FEW;
}

cb_metric_state cb_metric_payoff_ratio(const cb_perf *perf, double *out)
{
    double win = 0;
    double loss = 0;
    const cb_metric_state state = cb_metric_average_win(perf, &win);
    if (state != CB_METRIC_OK) {
        return state;
    }
    if (cb_metric_average_loss(perf, &loss) != CB_METRIC_OK) {
        return CB_METRIC_NO_RISK;
    }
    return cb_metric_divide(win, -loss, out);
}

cb_metric_state cb_metric_kelly(const cb_perf *perf, double *out)
{
    double payoff = 0;
    const cb_metric_state state = cb_metric_payoff_ratio(perf, &payoff);
    if (state != CB_METRIC_OK) {
        return state;
    }
    const tally t = count_up(perf);
    const double rate = (double)t.wins / (double)t.count;
    *out = rate - (1 - rate) / payoff;
    return CB_METRIC_OK;
}

cb_metric_state cb_metric_longest_losing_streak(const cb_perf *perf, double *out)
{
    const cb_metric_state state = needs_trades(perf);
    if (state == CB_METRIC_OK) {
        *out = (double)count_up(perf).losing_streak;
    }
    return state;
}

cb_metric_state cb_metric_mae_average(const cb_perf *perf, double *out)
{
    const cb_metric_state state = needs_trades(perf);
    if (state == CB_METRIC_OK) {
        *out = count_up(perf).mae_sum / (double)perf->trades_count;
    }
    return state;
}

cb_metric_state cb_metric_mae_max(const cb_perf *perf, double *out)
{
    const cb_metric_state state = needs_trades(perf);
    if (state == CB_METRIC_OK) {
        *out = count_up(perf).mae_max;
    }
    return state;
}

cb_metric_state cb_metric_mfe_average(const cb_perf *perf, double *out)
{
    const cb_metric_state state = needs_trades(perf);
    if (state == CB_METRIC_OK) {
        *out = count_up(perf).mfe_sum / (double)perf->trades_count;
    }
    return state;
}

cb_metric_state cb_metric_mfe_max(const cb_perf *perf, double *out)
{
    const cb_metric_state state = needs_trades(perf);
    if (state == CB_METRIC_OK) {
        *out = count_up(perf).mfe_max;
    }
    return state;
}

cb_metric_state cb_metric_edge_ratio(const cb_perf *perf, double *out)
{
    const cb_metric_state state = needs_trades(perf);
    if (state != CB_METRIC_OK) {
        return state;
    }
    const tally t = count_up(perf);
    return cb_metric_divide(t.mfe_sum, t.mae_sum, out);
}
