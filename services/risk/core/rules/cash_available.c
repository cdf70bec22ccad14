/* A buy is paid from cash that no other open buy has a claim on, fees included. */
#include "base/assert.h"
#include "services/risk/core/rule.h"

static risk_finding check(const risk_facts *facts, const int64_t *params)
{
    CB_ASSERT(facts->cost_e8 >= 0);
    CB_MAYBE(params != NULL);
    const int64_t needed_e8 = facts->is_buy ? facts->cost_e8 : 0;
    CB_ASSERT(needed_e8 >= 0);
    return (risk_finding){needed_e8 == 0 || needed_e8 <= facts->cash_e8,
        needed_e8,
        facts->cash_e8,
        RISK_UNIT_QUOTE,
        ""};
}

static int64_t room(const risk_facts *facts, const int64_t *params)
{
    CB_ASSERT(facts->unit_cost_e8 > 0);
    CB_MAYBE(params != NULL);
    return risk_qty_within(facts->cash_e8, facts->unit_cost_e8);
}

const risk_rule risk_rule_cash_available = {
    .name = "cash_available",
    .help = "cash less what open buys may still cost",
    .check = check,
    .room = room,
};
