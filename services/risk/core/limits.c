/* Versions of the limits. The configuration says what they are; a configuration that differs from
 * the newest stored version becomes the next one, and every permit and denial names the version it
 * was judged by. */
#include <string.h>

#include "base/assert.h"
#include "base/mac.h"
#include "base/textbuf.h"
#include "base/timefmt.h"
#include "domain/canonical.h"
#include "services/risk/core/state.h"

#define LIMITS_MAX 64

/* Chained, so that no buffer has to hold them all. */
static void hash_value(risk_limits *limits, const risk_limit_value *value)
{
    cb_canonical bytes = {.size = 0};
    cb_canonical_put_bytes(&bytes, limits->hash, sizeof(limits->hash));
    cb_canonical_put_text(&bytes, value->name);
    cb_canonical_put_i64(&bytes, value->value.e8);
    cb_sha256(bytes.bytes, bytes.size, limits->hash);
}

static void add_value(
    risk_limits *limits, const char *entry, const char *name, const char *kind, int64_t value_e8)
{
    CB_ASSERT(limits->limits_count < LIMITS_MAX);
    risk_limit_value *value = &limits->limits[limits->limits_count++];
    cb_textbuf full_name = cb_textbuf_over(value->name, sizeof(value->name));
    cb_textbuf_add(&full_name, entry);
    cb_textbuf_add(&full_name, ".");
    cb_textbuf_add(&full_name, name);
    cb_textbuf kind_text = cb_textbuf_over(value->kind, sizeof(value->kind));
    cb_textbuf_add(&kind_text, kind);
    value->value.e8 = value_e8;
    CB_ASSERT(full_name.used + 1 < sizeof(value->name));
    hash_value(limits, value);
}

static int64_t seconds_e8(int64_t duration_ns)
{
    return duration_ns / (CB_NS_PER_S / CB_E8);
}

static void add_param(
    risk_limits *limits, const risk_rule *rule, const cb_param *param, int64_t value)
{
    CB_ASSERT(value >= param->min);
    CB_ASSERT(value <= param->max);
    switch (param->kind) {
    case CB_PARAM_DECIMAL:
        add_value(limits, rule->name, param->name, "decimal", value);
        break;
    case CB_PARAM_COUNT:
        add_value(limits, rule->name, param->name, "count", value * CB_E8);
        break;
    case CB_PARAM_DURATION:
        add_value(limits, rule->name, param->name, "duration", seconds_e8(value));
        break;
    }
}

static void collect(const risk_config *config, risk_limits *limits)
{
    for (uint32_t i = 0; i < RISK_RULES_COUNT; i++) {
        const risk_rule *rule = risk_rules[i];
        CB_ASSERT(rule->params_count <= CB_PARAMS_PER_ENTRY_MAX);
        for (uint32_t k = 0; k < rule->params_count; k++) {
            add_param(limits, rule, &rule->params[k], config->rules[i][k]);
        }
    }
    add_value(limits, "permit", "ttl", "duration", seconds_e8(config->permit_ttl_ns));
    add_value(limits, "hold", "reducing_max", "duration", seconds_e8(config->hold_reducing_max_ns));
    add_value(limits, "size", "slippage", "decimal", config->slippage_e8);
    add_value(limits, "size", "fee_buffer", "decimal", config->fee_buffer_e8);
}

void risk_limits_begin(risk_step_context *step)
{
    risk_state *state = step->state;
    risk_limits next = {.version = state->limits.version + 1, .since_ns = step->now_ns};
    collect(state->config, &next);
    const bool is_same =
        state->limits.version > 0 && memcmp(state->limits.hash, next.hash, sizeof(next.hash)) == 0;
    if (is_same) {
        return;
    }
    state->limits = next;
    *CB_STORE(step->out, RISK_TABLE_LIMITS, risk_limits) = next;
    CB_ASSERT(state->limits.version > 0);
    CB_ASSERT(state->limits.limits_count > 0);
}
