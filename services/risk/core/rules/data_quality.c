/* Data trust as an interlock: a low score, a stale feed or an invalid book stops new risk on the
 * symbol, and so does hearing nothing from the validator. */
#include "base/assert.h"
#include "base/money.h"
#include "base/timefmt.h"
#include "services/risk/core/rule.h"

enum { SCORE_MIN, AGE_MAX, PARAMS_COUNT };

static const cb_param params_table[PARAMS_COUNT] = {
    [SCORE_MIN] = {"score_min",
        CB_PARAM_DECIMAL,
        9 * CB_E8 / 10,
        0,
        CB_E8,
        "smallest share of expectations that held"},
    [AGE_MAX] = {"age_max",
        CB_PARAM_DURATION,
        120 * CB_NS_PER_S,
        CB_NS_PER_S,
        CB_NS_PER_DAY,
        "largest age of the score"},
};

static risk_finding score_finding(
    const risk_facts *facts, const int64_t *params, bool is_pass, const char *detail)
{
    return (risk_finding){.is_pass = is_pass,
        .observed_e8 = facts->has_quality ? facts->quality_score_e8 : 0,
        .limit_e8 = params[SCORE_MIN],
        .unit = RISK_UNIT_RATIO,
        .detail = detail};
}

static risk_finding check(const risk_facts *facts, const int64_t *params)
{
    CB_ASSERT(params[SCORE_MIN] >= 0);
    CB_ASSERT(params[AGE_MAX] > 0);
    if (!facts->has_quality) {
        return score_finding(facts, params, false, "no score");
    }
    if (facts->quality_age_ns > params[AGE_MAX]) {
        return (risk_finding){false,
            risk_ms_e8(facts->quality_age_ns),
            risk_ms_e8(params[AGE_MAX]),
            RISK_UNIT_MS,
            "score is old"};
    }
    if (facts->is_data_stale) {
        return score_finding(facts, params, false, "feed is stale");
    }
    if (!facts->is_book_valid) {
        return score_finding(facts, params, false, "book is invalid");
    }
    return score_finding(facts, params, facts->quality_score_e8 >= params[SCORE_MIN], "");
}

const risk_rule risk_rule_data_quality = {
    .name = "data_quality",
    .help = "score, freshness and book of the validator",
    .params = params_table,
    .params_count = PARAMS_COUNT,
    .check = check,
};
