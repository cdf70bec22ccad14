/* What all symbols together may weigh, as a share of equity. */
#include "base/assert.h"
#include "base/money.h"
#include "services/risk/core/rule.h"

enum { LIMIT, PARAMS_COUNT };

static const cb_param params_table[PARAMS_COUNT] = {
    [LIMIT] = {"limit",
        CB_PARAM_DECIMAL,
        8 * CB_E8 / 10,
        CB_E8 / 1000,
        CB_E8,
        "largest sum of all positions and open buys, ratio of equity"},
};

static risk_finding check(const risk_facts *facts, const int64_t *params)
{
    CB_ASSERT(params[LIMIT] > 0);
    CB_ASSERT(facts->exposure_e8 >= 0);
    const int64_t after_e8 =
        facts->is_buy ? risk_add(facts->exposure_e8, facts->notional_e8) : facts->exposure_e8;
    const int64_t ratio_e8 = risk_ratio_up(after_e8, facts->equity_e8);
    return (risk_finding){ratio_e8 <= params[LIMIT], ratio_e8, params[LIMIT], RISK_UNIT_RATIO, ""};
}

static int64_t room(const risk_facts *facts, const int64_t *params)
{
    CB_ASSERT(facts->price_e8 > 0);
    const int64_t equity_e8 = facts->equity_e8 > 0 ? facts->equity_e8 : 0;
    const int64_t most_e8 = risk_mul_down(equity_e8, params[LIMIT]);
    return risk_qty_within(risk_sub(most_e8, facts->exposure_e8), facts->price_e8);
}

const risk_rule risk_rule_gross_exposure_max = {
    .name = "gross_exposure_max",
    .help = "all positions and open buys, share of equity",
    .params = params_table,
    .params_count = PARAMS_COUNT,
    .check = check,
    .room = room,
};
