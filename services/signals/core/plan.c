/* Reads `strategies` ("trend@1m:1,meanrev@15m:0.7") into instances: which strategy runs on which
 * timeframe with which weight, and where its state lies. */
#include <string.h>

#include "base/strview.h"
#include "base/textbuf.h"
#include "services/signals/core/signals_internal.h"

#define DAY_S 86400U
#define WEIGHT_MAX_E8 (100 * CB_E8)

cb_strview signals_plan_cut(cb_strview text, char at, cb_strview *rest)
{
    const char *found = text.size > 0 ? memchr(text.at, at, text.size) : NULL;
    if (found == NULL) {
        *rest = (cb_strview){text.at + text.size, 0};
        return text;
    }
    const size_t size = (size_t)(found - text.at);
    *rest = (cb_strview){found + 1, text.size - size - 1};
    return (cb_strview){text.at, size};
}

uint32_t signals_plan_interval(cb_strview text)
{
    uint64_t number = 0;
    if (text.size < 2 || !cb_u64_parse((cb_strview){text.at, text.size - 1}, 1440, &number)) {
        return 0;
    }
    const char unit = text.at[text.size - 1];
    const uint32_t unit_s = unit == 'm' ? 60U : unit == 'h' ? 3600U : 0U;
    const uint32_t interval_s = (uint32_t)number * unit_s;
    return interval_s > 0 && interval_s <= DAY_S && DAY_S % interval_s == 0 ? interval_s : 0;
}

static uint32_t find_strategy(cb_strview name)
{
    for (uint32_t i = 0; i < STRATEGIES_COUNT; i++) {
        if (cb_sv_is(name, strategy_at(i)->name)) {
            return i;
        }
    }
    return STRATEGIES_COUNT;
}

cb_status signals_plan_timeframe(signals_plan *plan, uint32_t interval_s, cb_err *err)
{
    if (interval_s == SIGNALS_BASE_INTERVAL_S) {
        return CB_OK;
    }
    for (uint32_t i = 0; i < plan->timeframes_count; i++) {
        if (plan->timeframes_s[i] == interval_s) {
            return CB_OK;
        }
    }
    if (plan->timeframes_count == SIGNALS_TIMEFRAMES_MAX) {
        return CB_FAIL(
            err, CB_E_CONFIG, "strategies: more than %u timeframes", SIGNALS_TIMEFRAMES_MAX);
    }
    plan->timeframes_s[plan->timeframes_count++] = interval_s;
    return CB_OK;
}

static void name_source(signals_instance *instance)
{
    cb_textbuf text = cb_textbuf_over(instance->source, sizeof instance->source);
    cb_textbuf_add(&text, strategy_at(instance->strategy)->name);
    cb_textbuf_add(&text, "@");
    const bool is_hours = instance->interval_s % 3600U == 0;
    cb_textbuf_add_u64(&text, instance->interval_s / (is_hours ? 3600U : 60U));
    cb_textbuf_add(&text, is_hours ? "h" : "m");
}

static bool is_repeated(const signals_plan *plan, const signals_instance *instance)
{
    for (uint32_t i = 0; i < plan->instances_count; i++) {
        if (plan->instances[i].strategy == instance->strategy &&
            plan->instances[i].interval_s == instance->interval_s) {
            return true;
        }
    }
    return false;
}

static cb_status parse_item(cb_strview item, signals_instance *out, cb_err *err)
{
    cb_strview rest;
    cb_strview weight;
    const cb_strview name = signals_plan_cut(item, '@', &rest);
    const cb_strview interval = signals_plan_cut(rest, ':', &weight);
    *out = (signals_instance){.strategy = find_strategy(name), .weight_e8 = CB_E8};
    if (out->strategy == STRATEGIES_COUNT) {
        return CB_FAIL(err, CB_E_CONFIG, "strategies: no strategy '%.*s'", (int)name.size, name.at);
    }
    out->interval_s = signals_plan_interval(interval);
    if (out->interval_s == 0) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "strategies: '%.*s': the timeframe is minutes (m) or hours (h) that divide a day",
            (int)item.size,
            item.at);
    }
    if (weight.size == 0) {
        return CB_OK;
    }
    const cb_status status = cb_decimal_parse(weight.at, weight.size, &out->weight_e8, err);
    if (status != CB_OK || out->weight_e8 <= 0 || out->weight_e8 > WEIGHT_MAX_E8) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "strategies: '%.*s': the weight is a decimal above 0, at most 100",
            (int)item.size,
            item.at);
    }
    return CB_OK;
}

static cb_status add_instance(
    const signals_config *config, signals_plan *plan, cb_strview item, cb_err *err)
{
    signals_instance instance;
    cb_status status = parse_item(item, &instance, err);
    if (status != CB_OK) {
        return status;
    }
    if (plan->instances_count == SIGNALS_INSTANCES_MAX) {
        return CB_FAIL(err, CB_E_CONFIG, "strategies: more than %d", SIGNALS_INSTANCES_MAX);
    }
    if (is_repeated(plan, &instance)) {
        return CB_FAIL(
            err, CB_E_CONFIG, "strategies: '%.*s' stands twice", (int)item.size, item.at);
    }
    status = signals_plan_timeframe(plan, instance.interval_s, err);
    if (status != CB_OK) {
        return status;
    }
    name_source(&instance);
    instance.state_size =
        strategy_at(instance.strategy)->state_size(config->params[instance.strategy]);
    CB_ASSERT(instance.state_size % sizeof(uint64_t) == 0);
    instance.offset = plan->states_size;
    plan->states_size += instance.state_size;
    plan->instances[plan->instances_count++] = instance;
    return CB_OK;
}

cb_status signals_plan_parse(const signals_config *config, signals_plan *plan, cb_err *err)
{
    CB_ASSERT(config != NULL);
    CB_ASSERT(plan != NULL);
    *plan = (signals_plan){0};
    cb_strview rest = cb_sv_from(config->strategies);
    while (rest.size > 0) {
        const cb_strview item = signals_plan_cut(rest, ',', &rest);
        const cb_status status = add_instance(config, plan, item, err);
        if (status != CB_OK) {
            return status;
        }
    }
    if (plan->instances_count == 0) {
        return CB_FAIL(err, CB_E_CONFIG, "strategies: none given");
    }
    return signals_desks_parse(config, plan, err);
}
