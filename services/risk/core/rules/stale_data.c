/* No new risk on old prices. Ages are measured on the service's clock. */
#include "base/assert.h"
#include "base/timefmt.h"
#include "services/risk/core/rule.h"

enum { TICKER_MAX, CANDLE_MAX, PARAMS_COUNT };

static const cb_param params_table[PARAMS_COUNT] = {
    [TICKER_MAX] = {"ticker_max",
        CB_PARAM_DURATION,
        60 * CB_NS_PER_S,
        100 * CB_NS_PER_MS,
        3600 * CB_NS_PER_S,
        "largest age of the best bid and ask"},
    [CANDLE_MAX] = {"candle_max",
        CB_PARAM_DURATION,
        180 * CB_NS_PER_S,
        CB_NS_PER_S,
        CB_NS_PER_DAY,
        "largest age of the newest closed candle's end"},
};

static risk_finding age_finding(int64_t age_ns, int64_t max_ns, const char *detail)
{
    CB_ASSERT(max_ns > 0);
    return (risk_finding){.is_pass = age_ns <= max_ns,
        .observed_e8 = risk_ms_e8(age_ns),
        .limit_e8 = risk_ms_e8(max_ns),
        .unit = RISK_UNIT_MS,
        .detail = detail};
}

static risk_finding check(const risk_facts *facts, const int64_t *params)
{
    CB_ASSERT(params[TICKER_MAX] > 0);
    CB_ASSERT(params[CANDLE_MAX] > 0);
    const risk_finding candle = age_finding(facts->candle_age_ns, params[CANDLE_MAX], "candle");
    return candle.is_pass ? age_finding(facts->ticker_age_ns, params[TICKER_MAX], "ticker")
                          : candle;
}

const risk_rule risk_rule_stale_data = {
    .name = "stale_data",
    .help = "age of the ticker and of the newest candle",
    .params = params_table,
    .params_count = PARAMS_COUNT,
    .check = check,
};
