/* How many orders may be let through, per account and per strategy, so that a strategy gone wild
 * stops itself and leaves room for the others. A limiter keeps one number, the time at which its
 * bucket would be full again (GCRA): each order moves it on by one interval, and it may run ahead
 * of the clock by burst intervals at most. Judging takes no token; granting does. */
#include "base/assert.h"
#include "base/money.h"
#include "base/timefmt.h"
#include "services/risk/core/order_rate.h"
#include "services/risk/core/rule.h"

enum { ACCOUNT_PER_MINUTE, ACCOUNT_BURST, STRATEGY_PER_MINUTE, STRATEGY_BURST, PARAMS_COUNT };

static const cb_param params_table[PARAMS_COUNT] = {
    [ACCOUNT_PER_MINUTE] =
        {"account_per_minute", CB_PARAM_COUNT, 120, 1, 60000, "orders of the account, per minute"},
    [ACCOUNT_BURST] =
        {"account_burst", CB_PARAM_COUNT, 20, 1, 10000, "orders of the account at once"},
    [STRATEGY_PER_MINUTE] =
        {"strategy_per_minute", CB_PARAM_COUNT, 60, 1, 60000, "orders of a strategy, per minute"},
    [STRATEGY_BURST] =
        {"strategy_burst", CB_PARAM_COUNT, 10, 1, 10000, "orders of a strategy at once"},
};

static int64_t interval_of(int64_t per_minute)
{
    CB_ASSERT(per_minute > 0);
    return 60 * CB_NS_PER_S / per_minute;
}

int64_t risk_order_rate_take(int64_t full_ns, int64_t now_ns, int64_t per_minute)
{
    const int64_t from_ns = full_ns > now_ns ? full_ns : now_ns;
    CB_ASSERT(from_ns >= now_ns);
    return risk_add(from_ns, interval_of(per_minute));
}

int64_t risk_order_rate_account(const int64_t *params)
{
    return params[ACCOUNT_PER_MINUTE];
}

int64_t risk_order_rate_strategy(const int64_t *params)
{
    return params[STRATEGY_PER_MINUTE];
}

/* Tokens in use, this order included, against the burst. */
static risk_finding limiter_finding(
    int64_t full_ns, int64_t now_ns, int64_t per_minute, int64_t burst, const char *detail)
{
    CB_ASSERT(burst > 0);
    const int64_t ahead_ns = risk_sub(full_ns, now_ns);
    const int64_t used_e8 = risk_ratio_up(ahead_ns > 0 ? ahead_ns : 0, interval_of(per_minute));
    const int64_t observed_e8 = risk_add(used_e8, CB_E8);
    return (risk_finding){.is_pass = observed_e8 <= burst * CB_E8,
        .observed_e8 = observed_e8,
        .limit_e8 = burst * CB_E8,
        .unit = RISK_UNIT_COUNT,
        .detail = detail};
}

static risk_finding check(const risk_facts *facts, const int64_t *params)
{
    CB_ASSERT(params[ACCOUNT_BURST] > 0);
    CB_ASSERT(params[STRATEGY_BURST] > 0);
    const risk_finding strategy = limiter_finding(facts->strategy_full_ns,
        facts->now_ns,
        params[STRATEGY_PER_MINUTE],
        params[STRATEGY_BURST],
        "strategy");
    const risk_finding account = limiter_finding(facts->account_full_ns,
        facts->now_ns,
        params[ACCOUNT_PER_MINUTE],
        params[ACCOUNT_BURST],
        "account");
    return strategy.is_pass ? account : strategy;
}

const risk_rule risk_rule_order_rate = {
    .name = "order_rate",
    .help = "orders at once and per minute, of the strategy and of the account",
    .params = params_table,
    .params_count = PARAMS_COUNT,
    .check = check,
};
