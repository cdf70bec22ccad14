/* What one symbol may weigh: position at the mark, all open buys, and this order. */
#include "base/assert.h"
#include "base/money.h"
#include "services/risk/core/rule.h"

enum { LIMIT, PARAMS_COUNT };

static const cb_param params_table[PARAMS_COUNT] = {
    [LIMIT] = {"limit",
        CB_PARAM_DECIMAL,
        40000 * CB_E8,
        CB_E8,
        1000000000 * CB_E8,
        "largest position of one symbol, quote units"},
};

static risk_finding check(const risk_facts *facts, const int64_t *params)
{
    CB_ASSERT(params[LIMIT] > 0);
    CB_ASSERT(facts->symbol_exposure_e8 >= 0);
    const int64_t after_e8 = facts->is_buy ? risk_add(facts->symbol_exposure_e8, facts->notional_e8)
                                           : facts->symbol_exposure_e8;
    return (risk_finding){after_e8 <= params[LIMIT], after_e8, params[LIMIT], RISK_UNIT_QUOTE, ""};
}

static int64_t room(const risk_facts *facts, const int64_t *params)
{
    CB_ASSERT(facts->price_e8 > 0);
    return risk_qty_within(risk_sub(params[LIMIT], facts->symbol_exposure_e8), facts->price_e8);
}

const risk_rule risk_rule_symbol_position_max = {
    .name = "symbol_position_max",
    .help = "position and open buys of one symbol",
    .params = params_table,
    .params_count = PARAMS_COUNT,
    .check = check,
    .room = room,
};
