/* Times must be plausible market times in nanoseconds, and not in the future. A wrong unit (ms read
 * as ns, us read as ms: Binance's archives changed theirs on 2025-01-01) leaves the plausible range
 * by a factor of a thousand, so it cannot hide here. The default for the future is wide: it is
 * meant for wrong dates and zones. In a fast replay the clock and the data come on different ways,
 * and some wall milliseconds between them are minutes of the market. */
#include "base/timefmt.h"
#include "services/validator/core/expectation.h"

enum { FUTURE_MAX };
static const cb_param params[] = {
    [FUTURE_MAX] = {"future_max",
        CB_PARAM_DURATION,
        600 * CB_NS_PER_S,
        CB_NS_PER_MS,
        7 * CB_NS_PER_DAY,
        "how far a message's time may lie ahead of our clock"},
};

static bool is_optional(cb_msg_id kind)
{
    return kind != CB_MSG_TRADE && kind != CB_MSG_CANDLE;
}

/* The latest moment that the message claims to know of. */
static int64_t latest_of(const validator_check *check, int64_t venue_ts_ns)
{
    if (check->kind != CB_MSG_CANDLE) {
        return venue_ts_ns;
    }
    const cb_candle *candle = check->body;
    return candle->is_closed ? candle->close_ts_ns : venue_ts_ns;
}

static bool time_sane(const validator_check *check, validator_finding *finding)
{
    const int64_t venue_ts_ns = validator_venue_ts(check->kind, check->body);
    const int64_t recv_ns = validator_recv_ns(check->kind, check->body);
    CB_ASSERT(check->params[FUTURE_MAX] > 0);
    if (!cb_time_is_sane(recv_ns)) {
        return validator_fail_time(finding, "recv_ns", recv_ns, "a time after", 0);
    }
    const bool is_absent = venue_ts_ns == 0 && is_optional(check->kind);
    if (!is_absent && !cb_time_is_sane(venue_ts_ns)) {
        return validator_fail(finding, "venue time is no time in ns", "2009 to 2100");
    }
    if (!cb_time_is_sane(check->now_ns)) {
        return true; /* no clock yet to compare with */
    }
    const int64_t limit_ns = check->now_ns + check->params[FUTURE_MAX];
    const int64_t latest_ns = latest_of(check, venue_ts_ns);
    CB_ASSERT(limit_ns > check->now_ns);
    if (latest_ns > limit_ns) {
        return validator_fail_time(finding, "venue time", latest_ns, "not after", limit_ns);
    }
    if (recv_ns > limit_ns) {
        return validator_fail_time(finding, "recv_ns", recv_ns, "not after", limit_ns);
    }
    return true;
}

const validator_expectation validator_expectation_time_sane = {
    .name = "time_sane",
    .help = "times are nanoseconds between 2009 and 2100 and not in the future",
    .kinds = VALIDATOR_ON_ALL,
    .severity = CB_SEVERITY_CRITICAL,
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .check = time_sane,
};
