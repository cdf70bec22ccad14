/* Trade ids rise: the same id again is the same trade, a lower one is an old trade. */
#include "services/validator/core/expectation.h"

static bool trade_id(const validator_check *check, validator_finding *finding)
{
    const cb_trade *trade = check->body;
    const validator_trade_memory *last = &check->symbol->trade;
    CB_ASSERT(check->kind == CB_MSG_TRADE);
    CB_ASSERT(check->symbol != NULL);
    if (trade->trade_id > (uint64_t)INT64_MAX) { /* no column can hold it */
        return validator_fail_bound_u64(
            finding, "trade id", trade->trade_id, "at most", (uint64_t)INT64_MAX);
    }
    if (!last->is_known || trade->trade_id > last->trade_id) {
        return true;
    }
    return validator_fail_bound_u64(finding, "trade id", trade->trade_id, "above", last->trade_id);
}

const validator_expectation validator_expectation_trade_id = {
    .name = "trade_id",
    .help = "trade ids rise: no duplicate, no old trade",
    .kinds = VALIDATOR_ON(CB_MSG_TRADE),
    .severity = CB_SEVERITY_CRITICAL,
    .is_relative = true,
    .check = trade_id,
};
