/* A candle's high is its highest and its low its lowest price. */
#include "services/validator/core/expectation.h"

static bool candle_ohlc(const validator_check *check, validator_finding *finding)
{
    const cb_candle *candle = check->body;
    CB_ASSERT(check->kind == CB_MSG_CANDLE);
    const int64_t body_high_e8 =
        candle->open.e8 > candle->close.e8 ? candle->open.e8 : candle->close.e8;
    const int64_t body_low_e8 =
        candle->open.e8 < candle->close.e8 ? candle->open.e8 : candle->close.e8;
    CB_ASSERT(body_low_e8 <= body_high_e8);
    if (candle->low.e8 <= 0) {
        return validator_fail_bound_e8(finding, "low", candle->low.e8, "above", 0);
    }
    if (candle->high.e8 < body_high_e8) {
        return validator_fail_bound_e8(
            finding, "high", candle->high.e8, "at least open and close", body_high_e8);
    }
    if (candle->low.e8 > body_low_e8) {
        return validator_fail_bound_e8(
            finding, "low", candle->low.e8, "at most open and close", body_low_e8);
    }
    return true;
}

const validator_expectation validator_expectation_candle_ohlc = {
    .name = "candle_ohlc",
    .help = "low <= open, close <= high, all above 0",
    .kinds = VALIDATOR_ON(CB_MSG_CANDLE),
    .severity = CB_SEVERITY_CRITICAL,
    .check = candle_ohlc,
};
