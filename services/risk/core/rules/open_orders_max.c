/* Orders that may be open, sending, unknown or about to be sent at the same time. */
#include "base/assert.h"
#include "base/money.h"
#include "services/risk/core/rule.h"

enum { LIMIT, PARAMS_COUNT };

static const cb_param params_table[PARAMS_COUNT] = {
    [LIMIT] = {"limit", CB_PARAM_COUNT, 20, 1, 1000, "orders not terminal at once"},
};

static int64_t limit_of(const risk_facts *facts, const int64_t *params)
{
    const uint32_t venue_max = facts->instrument == NULL ? 0 : facts->instrument->open_orders_max;
    return venue_max > 0 && venue_max < params[LIMIT] ? venue_max : params[LIMIT];
}

static risk_finding check(const risk_facts *facts, const int64_t *params)
{
    CB_ASSERT(params[LIMIT] > 0);
    const int64_t after = (int64_t)facts->open_orders_count + 1;
    const int64_t limit = limit_of(facts, params);
    CB_ASSERT(limit <= params[LIMIT]);
    return (risk_finding){after <= limit, after * CB_E8, limit * CB_E8, RISK_UNIT_COUNT, ""};
}

const risk_rule risk_rule_open_orders_max = {
    .name = "open_orders_max",
    .help = "orders not terminal at once",
    .params = params_table,
    .params_count = PARAMS_COUNT,
    .check = check,
};
