/* The size of one order. */
#include "base/assert.h"
#include "base/money.h"
#include "services/risk/core/rule.h"

enum { LIMIT, PARAMS_COUNT };

static const cb_param params_table[PARAMS_COUNT] = {
    [LIMIT] = {"limit",
        CB_PARAM_DECIMAL,
        25000 * CB_E8,
        CB_E8,
        1000000000 * CB_E8,
        "largest notional of one order, quote units"},
};

static risk_finding check(const risk_facts *facts, const int64_t *params)
{
    CB_ASSERT(params[LIMIT] > 0);
    CB_ASSERT(facts->notional_e8 >= 0);
    return (risk_finding){facts->notional_e8 <= params[LIMIT],
        facts->notional_e8,
        params[LIMIT],
        RISK_UNIT_QUOTE,
        ""};
}

static int64_t room(const risk_facts *facts, const int64_t *params)
{
    CB_ASSERT(facts->price_e8 > 0);
    return risk_qty_within(params[LIMIT], facts->price_e8);
}

const risk_rule risk_rule_order_notional_max = {
    .name = "order_notional_max",
    .help = "notional of one order",
    .params = params_table,
    .params_count = PARAMS_COUNT,
    .check = check,
    .room = room,
};
