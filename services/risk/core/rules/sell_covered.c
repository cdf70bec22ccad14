/* Long only: a sell never exceeds what is held and not yet in another open sell, and a buy never
 * claims to reduce. So no sequence of intents can open a short position. */
#include "base/assert.h"
#include "services/risk/core/rule.h"

static risk_finding check(const risk_facts *facts, const int64_t *params)
{
    CB_ASSERT(facts->qty_e8 >= 0);
    CB_ASSERT(facts->sellable_qty_e8 >= 0);
    CB_MAYBE(params != NULL);
    const bool is_covered = facts->qty_e8 > 0 && facts->qty_e8 <= facts->sellable_qty_e8;
    const bool is_plain_buy = facts->is_buy && !facts->intent->reduce_only;
    return (risk_finding){.is_pass = is_plain_buy || (!facts->is_buy && is_covered),
        .observed_e8 = is_plain_buy ? 0 : facts->qty_e8,
        .limit_e8 = facts->is_buy ? 0 : facts->sellable_qty_e8,
        .unit = RISK_UNIT_BASE,
        .detail = is_plain_buy || is_covered ? "" : "nothing that can be sold"};
}

const risk_rule risk_rule_sell_covered = {
    .name = "sell_covered",
    .help = "a sell is covered by the position less open sells",
    .applies_to_reducing = true,
    .check = check,
};
