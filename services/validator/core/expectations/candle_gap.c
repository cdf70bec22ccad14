/* No minute is missing between two closed 1m candles. Exchanges stop now and then (Binance BTCUSDT
 * has 35 holes in eight years), so the candle after a hole is good: a warning. */
#include "base/timefmt.h"
#include "services/validator/core/expectation.h"

static bool candle_gap(const validator_check *check, validator_finding *finding)
{
    const cb_candle *candle = check->body;
    CB_ASSERT(check->kind == CB_MSG_CANDLE);
    const bool is_bar = candle->is_closed && candle->interval_s == VALIDATOR_BAR_INTERVAL_S;
    if (!is_bar || check->bars_count == 0) {
        return true;
    }
    const int64_t last_ns = check->bars[check->bars_count - 1].open_ts_ns;
    const int64_t next_ns = last_ns + (int64_t)VALIDATOR_BAR_INTERVAL_S * CB_NS_PER_S;
    CB_ASSERT(next_ns > last_ns);
    if (candle->open_ts_ns <= next_ns) {
        return true;
    }
    return validator_fail_time(finding, "opens", candle->open_ts_ns, "next", next_ns);
}

const validator_expectation validator_expectation_candle_gap = {
    .name = "candle_gap",
    .help = "no minute is missing between two closed 1m candles",
    .kinds = VALIDATOR_ON(CB_MSG_CANDLE),
    .severity = CB_SEVERITY_WARNING,
    .check = candle_gap,
};
