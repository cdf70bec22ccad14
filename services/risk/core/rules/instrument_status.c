/* The venue must be trading the symbol; a halt refuses reductions too, as the venue would. */
#include "base/assert.h"
#include "base/money.h"
#include "services/risk/core/rule.h"

static risk_finding check(const risk_facts *facts, const int64_t *params)
{
    CB_ASSERT(facts->intent != NULL);
    CB_MAYBE(params != NULL);
    const cb_instrument_status status =
        facts->instrument == NULL ? CB_INSTRUMENT_STATUS_NONE : facts->instrument->status;
    const bool is_trading = status == CB_INSTRUMENT_STATUS_TRADING;
    CB_ASSERT(facts->instrument != NULL || !is_trading);
    return (risk_finding){.is_pass = is_trading,
        .observed_e8 = is_trading ? CB_E8 : 0,
        .limit_e8 = CB_E8,
        .unit = RISK_UNIT_COUNT,
        .detail = is_trading ? "" : CB_NAME(cb_instrument_status, status)};
}

const risk_rule risk_rule_instrument_status = {
    .name = "instrument_status",
    .help = "the venue is trading the symbol (1 = trading)",
    .applies_to_reducing = true,
    .check = check,
};
