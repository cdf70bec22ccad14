/* Fails closed: as long as anything is unknown that a judgement rests on, the answer is no. A
 * reducing order needs no more than sane terms, the filters of its symbol and room to reserve it.
 */
#include "base/assert.h"
#include "base/money.h"
#include "services/risk/core/rule.h"

static const char *const missing_names[] = {
    [RISK_MISSING_NOTHING] = "",
    [RISK_MISSING_TERMS] = "terms of the intent",
    [RISK_MISSING_INSTRUMENT] = "instrument",
    [RISK_MISSING_ROOM] = "room for one more open order",
    [RISK_MISSING_BALANCES] = "balances",
    [RISK_MISSING_MARK] = "mark price",
    [RISK_MISSING_LIMITS] = "limits",
    [RISK_MISSING_CAPS] = "execution's caps, or they are not approved",
    [RISK_MISSING_CERTAINTY] = "certainty about the account",
};
_Static_assert(sizeof(missing_names) / sizeof(missing_names[0]) == RISK_MISSING_COUNT,
    "each missing thing has a name");

static risk_finding check(const risk_facts *facts, const int64_t *params)
{
    CB_ASSERT(facts->missing < RISK_MISSING_COUNT);
    CB_ASSERT((facts->missing == RISK_MISSING_NOTHING) == (facts->missing_count == 0));
    CB_MAYBE(params != NULL);
    /* The first missing thing is named; those that a reduction needs come first. */
    const bool is_tolerable = facts->is_reducing && facts->missing >= RISK_MISSING_BALANCES;
    return (risk_finding){.is_pass = facts->missing_count == 0 || is_tolerable,
        .observed_e8 = facts->missing_count * CB_E8,
        .limit_e8 = 0,
        .unit = RISK_UNIT_COUNT,
        .detail = facts->missing == RISK_MISSING_TERMS && facts->terms_detail[0] != '\0'
                      ? facts->terms_detail
                      : missing_names[facts->missing]};
}

const risk_rule risk_rule_not_ready = {
    .name = "not_ready",
    .help = "nothing is unknown that the judgement rests on",
    .applies_to_reducing = true,
    .check = check,
};
