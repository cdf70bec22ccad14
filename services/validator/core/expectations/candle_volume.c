/* A candle's figures agree with each other: quote volume lies between low and high times the
 * volume, and trades are counted exactly when there is volume. */
#include "services/validator/core/expectation.h"

enum { TOLERANCE };
static const cb_param params[] = {
    [TOLERANCE] = {"tolerance",
        CB_PARAM_DECIMAL,
        CB_E8 / 1000,
        0,
        CB_E8,
        "relative slack of the quote volume's bounds"},
};

/* price * volume * factor in e8, cut to int64. */
static int64_t bound_e8(int64_t price_e8, int64_t volume_e8, int64_t factor_e8)
{
    CB_ASSERT(price_e8 >= 0 && volume_e8 >= 0);
    const cb_i128 quote = (cb_i128)price_e8 * volume_e8 / CB_E8;
    const cb_i128 scaled = quote * factor_e8 / CB_E8;
    return scaled > INT64_MAX ? INT64_MAX : (int64_t)scaled;
}

static bool candle_volume(const validator_check *check, validator_finding *finding)
{
    const cb_candle *candle = check->body;
    CB_ASSERT(check->kind == CB_MSG_CANDLE);
    CB_ASSERT(check->params[TOLERANCE] >= 0);
    if ((candle->trades_count == 0) != (candle->volume.e8 == 0)) {
        return validator_fail_bound_u64(finding,
            "trades",
            candle->trades_count,
            candle->volume.e8 == 0 ? "none without volume:" : "some with volume, at least",
            candle->volume.e8 == 0 ? 0 : 1);
    }
    if (candle->quote_volume.e8 == 0) {
        return true; /* not every source has it */
    }
    const int64_t low_e8 =
        bound_e8(candle->low.e8, candle->volume.e8, CB_E8 - check->params[TOLERANCE]);
    const int64_t high_e8 =
        bound_e8(candle->high.e8, candle->volume.e8, CB_E8 + check->params[TOLERANCE]);
    if (candle->quote_volume.e8 >= low_e8 && candle->quote_volume.e8 <= high_e8) {
        return true;
    }
    return validator_fail_range_e8(
        finding, "quote volume", candle->quote_volume.e8, low_e8, high_e8);
}

const validator_expectation validator_expectation_candle_volume = {
    .name = "candle_volume",
    .help = "quote volume and number of trades agree with volume and prices",
    .kinds = VALIDATOR_ON(CB_MSG_CANDLE),
    .severity = CB_SEVERITY_WARNING,
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .check = candle_volume,
};
