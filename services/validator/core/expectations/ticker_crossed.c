/* Best bid and best ask are positive and not crossed. */
#include "services/validator/core/expectation.h"

static bool ticker_crossed(const validator_check *check, validator_finding *finding)
{
    const cb_ticker *ticker = check->body;
    CB_ASSERT(check->kind == CB_MSG_TICKER);
    CB_ASSERT(ticker != NULL);
    if (ticker->bid.e8 <= 0) {
        return validator_fail_bound_e8(finding, "bid", ticker->bid.e8, "above", 0);
    }
    if (ticker->ask.e8 <= ticker->bid.e8) {
        return validator_fail_bound_e8(
            finding, "ask", ticker->ask.e8, "above the bid", ticker->bid.e8);
    }
    return true;
}

const validator_expectation validator_expectation_ticker_crossed = {
    .name = "ticker_crossed",
    .help = "best bid and ask are positive, bid under ask",
    .kinds = VALIDATOR_ON(CB_MSG_TICKER),
    .severity = CB_SEVERITY_CRITICAL,
    .check = ticker_crossed,
};
