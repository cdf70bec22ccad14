/* Fat fingers and bad ticks: the limit price and the price of the decision must lie near the middle
 * of the last valid best bid and ask. */
#include "base/assert.h"
#include "base/money.h"
#include "services/risk/core/rule.h"

enum { LIMIT, PARAMS_COUNT };

static const cb_param params_table[PARAMS_COUNT] = {
    [LIMIT] = {"limit",
        CB_PARAM_DECIMAL,
        2 * CB_E8 / 100,
        CB_E8 / 10000,
        CB_E8 / 2,
        "largest distance from the middle, ratio of it"},
};

/* Distance of price from the middle as a ratio, rounded up; the middle keeps its half unit by
 * doubling both sides. */
static int64_t deviation(int64_t price_e8, int64_t bid_e8, int64_t ask_e8)
{
    const cb_i128 middle2 = (cb_i128)bid_e8 + ask_e8;
    CB_ASSERT(middle2 > 0);
    cb_i128 distance2 = (cb_i128)price_e8 * 2 - middle2;
    distance2 = distance2 < 0 ? -distance2 : distance2;
    const cb_i128 ratio = (distance2 * CB_E8 + middle2 - 1) / middle2;
    return ratio > INT64_MAX ? INT64_MAX : (int64_t)ratio;
}

static risk_finding check(const risk_facts *facts, const int64_t *params)
{
    CB_ASSERT(params[LIMIT] > 0);
    if (facts->bid_e8 <= 0 || facts->ask_e8 < facts->bid_e8) {
        return (risk_finding){false, INT64_MAX, params[LIMIT], RISK_UNIT_RATIO, "no valid ticker"};
    }
    int64_t observed_e8 =
        deviation(facts->intent->reference_price.e8, facts->bid_e8, facts->ask_e8);
    /* What waits for a trigger will meet the market there: its limit must lie near the trigger. */
    const int64_t trigger_e8 = facts->intent->trigger_price.e8;
    const bool is_leg = facts->intent->role == CB_ROLE_TAKE_PROFIT;
    if (facts->intent->limit_price.e8 > 0 && !is_leg) {
        const int64_t limit_e8 =
            trigger_e8 > 0 ? deviation(facts->intent->limit_price.e8, trigger_e8, trigger_e8)
                           : deviation(facts->intent->limit_price.e8, facts->bid_e8, facts->ask_e8);
        observed_e8 = limit_e8 > observed_e8 ? limit_e8 : observed_e8;
    }
    CB_ASSERT(observed_e8 >= 0);
    return (risk_finding){
        observed_e8 <= params[LIMIT], observed_e8, params[LIMIT], RISK_UNIT_RATIO, ""};
}

const risk_rule risk_rule_price_collar = {
    .name = "price_collar",
    .help = "limit and reference price near the middle of bid and ask",
    .params = params_table,
    .params_count = PARAMS_COUNT,
    .check = check,
};
