/* One closed 1m candle per minute: an accepted one is never rewritten with other content. The same
 * content again is no failure; backfill after a reconnect repeats what the stream already gave. */
#include "services/validator/core/expectation.h"

static bool candle_unique(const validator_check *check, validator_finding *finding)
{
    const cb_candle *candle = check->body;
    CB_ASSERT(check->kind == CB_MSG_CANDLE);
    if (!candle->is_closed || candle->interval_s != VALIDATOR_BAR_INTERVAL_S) {
        return true;
    }
    uint32_t index = 0;
    const validator_place place =
        validator_bar_place(check->bars, check->bars_count, check->bars_count, candle, &index);
    CB_ASSERT(index <= check->bars_count);
    if (place != VALIDATOR_PLACE_DIFFERS) {
        return true;
    }
    return validator_fail_bound_e8(finding,
        "rewritten candle, close",
        candle->close.e8,
        "as accepted, close",
        check->bars[index].close_e8);
}

const validator_expectation validator_expectation_candle_unique = {
    .name = "candle_unique",
    .help = "an accepted 1m candle does not come again with other content",
    .kinds = VALIDATOR_ON(CB_MSG_CANDLE),
    .severity = CB_SEVERITY_CRITICAL,
    .check = candle_unique,
};
