/* The registry of rules and the arithmetic they share. A result that leaves int64 becomes the
 * largest value: what cannot be computed can never look small enough to pass. */
#include "services/risk/core/rule.h"

#include "base/assert.h"
#include "base/money.h"
#include "base/timefmt.h"

const risk_rule *const risk_rules[RISK_RULES_COUNT] = {
#define RISK_RULE(name) &risk_rule_##name,
#include "services/risk/core/rules.def"
#undef RISK_RULE
};

static int64_t clamp(cb_i128 value)
{
    if (value > INT64_MAX) {
        return INT64_MAX;
    }
    return value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

int64_t risk_mul_up(int64_t a_e8, int64_t b_e8)
{
    CB_ASSERT(a_e8 >= 0);
    CB_ASSERT(b_e8 >= 0);
    return clamp(((cb_i128)a_e8 * b_e8 + (CB_E8 - 1)) / CB_E8);
}

int64_t risk_mul_down(int64_t a_e8, int64_t b_e8)
{
    CB_ASSERT(a_e8 >= 0);
    CB_ASSERT(b_e8 >= 0);
    return clamp((cb_i128)a_e8 * b_e8 / CB_E8);
}

int64_t risk_ratio_up(int64_t a_e8, int64_t b_e8)
{
    CB_ASSERT(a_e8 >= 0);
    if (b_e8 <= 0) {
        return INT64_MAX;
    }
    return clamp(((cb_i128)a_e8 * CB_E8 + (b_e8 - 1)) / b_e8);
}

int64_t risk_qty_within(int64_t amount_e8, int64_t price_e8)
{
    CB_ASSERT(price_e8 > 0);
    if (amount_e8 <= 0) {
        return 0;
    }
    return clamp((cb_i128)amount_e8 * CB_E8 / price_e8);
}

int64_t risk_add(int64_t a, int64_t b)
{
    return clamp((cb_i128)a + b);
}

int64_t risk_sub(int64_t a, int64_t b)
{
    return clamp((cb_i128)a - b);
}

int64_t risk_ms_e8(int64_t duration_ns)
{
    return clamp((cb_i128)duration_ns * CB_E8 / CB_NS_PER_MS);
}

int64_t risk_stop_distance(const risk_facts *facts)
{
    const int64_t stop_e8 = facts->intent->stop_loss.e8;
    CB_ASSERT(facts->entry_price_e8 >= 0);
    if (stop_e8 < 0 || stop_e8 >= facts->entry_price_e8) {
        return 0;
    }
    const int64_t distance_e8 = facts->entry_price_e8 - stop_e8;
    CB_ASSERT(distance_e8 > 0);
    return distance_e8;
}
