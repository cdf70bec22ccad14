/* How far equity may fall from its highest. Beyond it the kill latch of the account goes to
 * level 1. */
#include "base/assert.h"
#include "base/money.h"
#include "services/risk/core/rule.h"

enum { LIMIT, PARAMS_COUNT };

static const cb_param params_table[PARAMS_COUNT] = {
    [LIMIT] = {"limit",
        CB_PARAM_DECIMAL,
        20 * CB_E8 / 100,
        CB_E8 / 1000,
        CB_E8,
        "largest fall from the highest equity, ratio of it"},
};

static risk_finding check(const risk_facts *facts, const int64_t *params)
{
    CB_ASSERT(params[LIMIT] > 0);
    const int64_t fall_e8 = risk_sub(facts->peak_equity_e8, facts->equity_e8);
    const int64_t ratio_e8 = risk_ratio_up(fall_e8 > 0 ? fall_e8 : 0, facts->peak_equity_e8);
    CB_ASSERT(ratio_e8 >= 0);
    return (risk_finding){ratio_e8 <= params[LIMIT], ratio_e8, params[LIMIT], RISK_UNIT_RATIO, ""};
}

const risk_rule risk_rule_drawdown_max = {
    .name = "drawdown_max",
    .help = "fall from the highest equity",
    .params = params_table,
    .params_count = PARAMS_COUNT,
    .check = check,
};
