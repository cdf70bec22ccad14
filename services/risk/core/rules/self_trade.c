/* Strategies share one account: an order of one must not meet a resting order of another. Only
 * limit orders rest, so two market orders never meet. Getting out matters more: a reduction passes,
 * and the venue's self-trade prevention is what is left then. */
#include "base/assert.h"
#include "services/risk/core/rule.h"

/* observed: our price; limit: the best resting price of the other side. */
static risk_finding check(const risk_facts *facts, const int64_t *params)
{
    const int64_t price_e8 = facts->intent->limit_price.e8;
    const int64_t rest_e8 = facts->is_buy ? facts->resting_sell_e8 : facts->resting_buy_e8;
    CB_ASSERT(rest_e8 >= 0);
    CB_MAYBE(params != NULL);
    /* A market order goes as far as it is counted at; a sell, which is counted where it was
     * decided, half a percent below. */
    const bool is_market = price_e8 <= 0;
    const int64_t far_e8 =
        facts->is_buy ? facts->price_e8 : facts->price_e8 - facts->price_e8 / 200;
    const int64_t reach_e8 = is_market ? far_e8 : price_e8;
    const bool is_crossing = facts->is_buy ? reach_e8 >= rest_e8 : reach_e8 <= rest_e8;
    const bool meets = rest_e8 > 0 && is_crossing;
    CB_ASSERT(!meets || rest_e8 > 0);
    return (risk_finding){.is_pass = !meets,
        .observed_e8 = reach_e8,
        .limit_e8 = rest_e8,
        .unit = RISK_UNIT_QUOTE,
        .detail = meets ? "would meet a resting order of this account" : ""};
}

const risk_rule risk_rule_self_trade = {
    .name = "self_trade",
    .help = "no order meets a resting order of the same account",
    .check = check,
};
