/* A candle opens on its interval's grid and ends one interval later. Binance cuts candles short at
 * the moment an outage begins (17 times on BTCUSDT 1m); such a candle is not what its name says. */
#include "base/timefmt.h"
#include "services/validator/core/expectation.h"

#define DAY_S 86400U

static bool candle_grid(const validator_check *check, validator_finding *finding)
{
    const cb_candle *candle = check->body;
    CB_ASSERT(check->kind == CB_MSG_CANDLE);
    const uint32_t interval_s = candle->interval_s;
    if (interval_s == 0 || interval_s > DAY_S || DAY_S % interval_s != 0) {
        return validator_fail_bound_u64(
            finding, "interval s", interval_s, "a divisor of a day, s", DAY_S);
    }
    const int64_t interval_ns = (int64_t)interval_s * CB_NS_PER_S;
    const int64_t off_ns = candle->open_ts_ns % interval_ns;
    CB_ASSERT(off_ns > -interval_ns && off_ns < interval_ns);
    if (off_ns != 0) {
        return validator_fail_time(
            finding, "opens", candle->open_ts_ns, "on the grid", candle->open_ts_ns - off_ns);
    }
    if (candle->close_ts_ns != candle->open_ts_ns + interval_ns) {
        return validator_fail_time(
            finding, "closes", candle->close_ts_ns, "closes", candle->open_ts_ns + interval_ns);
    }
    return true;
}

const validator_expectation validator_expectation_candle_grid = {
    .name = "candle_grid",
    .help = "a candle opens on its interval's grid and lasts exactly one interval",
    .kinds = VALIDATOR_ON(CB_MSG_CANDLE),
    .severity = CB_SEVERITY_CRITICAL,
    .check = candle_grid,
};
