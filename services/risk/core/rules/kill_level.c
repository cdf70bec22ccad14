/* The kill latch. Level 1 lets reducing orders pass, level 2 nothing, level 3 only those that
 * flatten, level 4 nothing. Cancels need no permit. */
#include "base/assert.h"
#include "base/money.h"
#include "services/risk/core/rule.h"

static int64_t level_max(const risk_facts *facts)
{
    if (!facts->is_reducing) {
        return 0;
    }
    const bool is_flattening = facts->intent->purpose == CB_PURPOSE_FLATTEN;
    return is_flattening && facts->kill_level == 3 ? 3 : 1;
}

static risk_finding check(const risk_facts *facts, const int64_t *params)
{
    CB_ASSERT(facts->intent != NULL);
    CB_MAYBE(params != NULL);
    const int64_t level = facts->kill_level;
    const int64_t limit = level_max(facts);
    CB_ASSERT(limit <= 3);
    return (risk_finding){.is_pass = level <= limit,
        .observed_e8 = level * CB_E8,
        .limit_e8 = limit * CB_E8,
        .unit = RISK_UNIT_LEVEL,
        .detail = ""};
}

const risk_rule risk_rule_kill_level = {
    .name = "kill_level",
    .help = "the kill latch is low enough for this order",
    .applies_to_reducing = true,
    .check = check,
};
