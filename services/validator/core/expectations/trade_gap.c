/* Binance numbers the trades of a symbol without holes, so a hole means that we missed some. The
 * trade itself is good: a warning. */
#include "services/validator/core/expectation.h"

static bool trade_gap(const validator_check *check, validator_finding *finding)
{
    const cb_trade *trade = check->body;
    const validator_trade_memory *last = &check->symbol->trade;
    CB_ASSERT(check->kind == CB_MSG_TRADE);
    CB_ASSERT(check->symbol != NULL);
    if (!last->is_known || trade->trade_id <= last->trade_id + 1) {
        return true;
    }
    return validator_fail_bound_u64(
        finding, "trade id", trade->trade_id, "next id", last->trade_id + 1);
}

const validator_expectation validator_expectation_trade_gap = {
    .name = "trade_gap",
    .help = "no trade is missing between two that came",
    .kinds = VALIDATOR_ON(CB_MSG_TRADE),
    .severity = CB_SEVERITY_WARNING,
    .check = trade_gap,
};
