/* What one trade may lose when its stop is hit, as a share of equity. It is also what sizes an
 * intent without a quantity: equity * r / |entry - stop|. Without a stop the whole price is at
 * risk; a stop on the wrong side is refused. */
#include "base/assert.h"
#include "base/money.h"
#include "services/risk/core/rule.h"

enum { PER_TRADE, PARAMS_COUNT };

static const cb_param params_table[PARAMS_COUNT] = {
    [PER_TRADE] = {"per_trade",
        CB_PARAM_DECIMAL,
        CB_E8 / 100,
        CB_E8 / 100000,
        CB_E8 / 10,
        "largest loss at the stop, ratio of equity"},
};

static int64_t loss_max(const risk_facts *facts, const int64_t *params)
{
    CB_ASSERT(params[PER_TRADE] > 0);
    const int64_t equity_e8 = facts->equity_e8 > 0 ? facts->equity_e8 : 0;
    return risk_mul_down(equity_e8, params[PER_TRADE]);
}

static risk_finding check(const risk_facts *facts, const int64_t *params)
{
    CB_ASSERT(facts->qty_e8 >= 0);
    const int64_t distance_e8 = risk_stop_distance(facts);
    const int64_t limit_e8 = loss_max(facts, params);
    const int64_t loss_e8 = risk_mul_up(facts->qty_e8, distance_e8);
    CB_ASSERT(loss_e8 >= 0);
    if (!facts->is_buy) {
        return (risk_finding){true, 0, limit_e8, RISK_UNIT_QUOTE, ""};
    }
    return (risk_finding){.is_pass = distance_e8 > 0 && loss_e8 <= limit_e8,
        .observed_e8 = loss_e8,
        .limit_e8 = limit_e8,
        .unit = RISK_UNIT_QUOTE,
        .detail = distance_e8 > 0 ? "" : "stop is not below the entry"};
}

static int64_t room(const risk_facts *facts, const int64_t *params)
{
    const int64_t distance_e8 = risk_stop_distance(facts);
    CB_ASSERT(distance_e8 >= 0);
    return distance_e8 == 0 ? 0 : risk_qty_within(loss_max(facts, params), distance_e8);
}

const risk_rule risk_rule_trade_risk_max = {
    .name = "trade_risk_max",
    .help = "loss of one trade at its stop, share of equity; sizes the order",
    .params = params_table,
    .params_count = PARAMS_COUNT,
    .check = check,
    .room = room,
};
