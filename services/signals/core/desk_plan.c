/* Reads `desks` ("rotation@15m:BTCUSDT+ETHUSDT:1000,grid@5m:BNBUSDT:500"): which desk works which
 * symbols on which timeframe with which budget, and where its memory lies. A symbol belongs to one
 * desk. */
#include <string.h>

#include "base/strview.h"
#include "services/signals/core/signals_internal.h"

#define BUDGET_MAX_E8 (INT64_C(1000000000) * CB_E8)
#define RING_SPARE 64U /* bars beyond the history: what comes while others are awaited */

static uint32_t find_desk(cb_strview name)
{
    for (uint32_t i = 0; i < DESKS_COUNT; i++) {
        if (cb_sv_is(name, desk_at(i)->name)) {
            return i;
        }
    }
    return DESKS_COUNT;
}

static bool is_followed(const signals_config *config, cb_strview symbol)
{
    cb_strview rest = cb_sv_from(config->symbols);
    while (rest.size > 0) {
        if (cb_sv_equal(signals_plan_cut(rest, ',', &rest), symbol)) {
            return true;
        }
    }
    return false;
}

static bool is_taken(const signals_plan *plan, const signals_desk_spec *spec, cb_strview symbol)
{
    for (uint32_t i = 0; i < spec->legs_count; i++) {
        if (cb_sv_is(symbol, spec->legs[i])) {
            return true;
        }
    }
    for (uint32_t d = 0; d < plan->desks_count; d++) {
        for (uint32_t i = 0; i < plan->desks[d].legs_count; i++) {
            if (cb_sv_is(symbol, plan->desks[d].legs[i])) {
                return true;
            }
        }
    }
    return false;
}

static cb_status parse_legs(const signals_config *config,
    const signals_plan *plan,
    cb_strview legs,
    signals_desk_spec *out,
    cb_err *err)
{
    while (legs.size > 0) {
        const cb_strview name = signals_plan_cut(legs, '+', &legs);
        if (!is_followed(config, name)) {
            return CB_FAIL(err,
                CB_E_CONFIG,
                "desks: '%.*s' is not among the symbols that are followed",
                (int)name.size,
                name.at);
        }
        if (out->legs_count == DESK_LEGS_MAX || is_taken(plan, out, name)) {
            return CB_FAIL(err,
                CB_E_CONFIG,
                "desks: '%.*s': a symbol belongs to one desk, a desk has at most %u",
                (int)name.size,
                name.at,
                DESK_LEGS_MAX);
        }
        if (!cb_text_copy(out->legs[out->legs_count++], sizeof out->legs[0], name)) {
            return CB_FAIL(err, CB_E_CONFIG, "desks: a symbol's name is longer than 23");
        }
    }
    const desk_ops *ops = desk_at(out->kind);
    if (out->legs_count < ops->legs_min || out->legs_count > ops->legs_max) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "desks: %s works %u to %u symbols",
            ops->name,
            ops->legs_min,
            ops->legs_max);
    }
    return CB_OK;
}

static cb_status parse_item(const signals_config *config,
    const signals_plan *plan,
    cb_strview item,
    signals_desk_spec *out,
    cb_err *err)
{
    cb_strview rest;
    cb_strview budget;
    const cb_strview name = signals_plan_cut(item, '@', &rest);
    const cb_strview interval = signals_plan_cut(rest, ':', &rest);
    const cb_strview legs = signals_plan_cut(rest, ':', &budget);
    *out =
        (signals_desk_spec){.kind = find_desk(name), .interval_s = signals_plan_interval(interval)};
    if (out->kind == DESKS_COUNT) {
        return CB_FAIL(err, CB_E_CONFIG, "desks: no desk '%.*s'", (int)name.size, name.at);
    }
    if (out->interval_s == 0) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "desks: '%.*s': the timeframe is minutes (m) or hours (h) that divide a day",
            (int)item.size,
            item.at);
    }
    const cb_status status = cb_decimal_parse(budget.at, budget.size, &out->budget_e8, err);
    if (status != CB_OK || out->budget_e8 <= 0 || out->budget_e8 > BUDGET_MAX_E8) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "desks: '%.*s': the budget is a decimal above 0, at most a billion",
            (int)item.size,
            item.at);
    }
    return parse_legs(config, plan, legs, out, err);
}

static cb_status add_desk(
    const signals_config *config, signals_plan *plan, cb_strview item, cb_err *err)
{
    signals_desk_spec spec;
    if (plan->desks_count == SIGNALS_DESKS_MAX) {
        return CB_FAIL(err, CB_E_CONFIG, "desks: more than %u", SIGNALS_DESKS_MAX);
    }
    cb_status status = parse_item(config, plan, item, &spec, err);
    status = status == CB_OK ? signals_plan_timeframe(plan, spec.interval_s, err) : status;
    if (status != CB_OK) {
        return status;
    }
    const uint64_t per_bar = spec.interval_s / SIGNALS_BASE_INTERVAL_S;
    CB_ASSERT(per_bar > 0);
    spec.state_size =
        desk_at(spec.kind)->state_size(config->desk_params[spec.kind], spec.legs_count);
    CB_ASSERT(spec.state_size % sizeof(uint64_t) == 0);
    spec.ring_capacity = (uint64_t)config->history_count / per_bar + RING_SPARE;
    spec.offset = plan->desks_size;
    plan->desks_size += spec.state_size + spec.legs_count * spec.ring_capacity * sizeof(cb_bar);
    plan->desks[plan->desks_count++] = spec;
    return CB_OK;
}

cb_status signals_desks_parse(const signals_config *config, signals_plan *plan, cb_err *err)
{
    CB_ASSERT(config != NULL);
    CB_ASSERT(plan != NULL);
    cb_strview rest = cb_sv_from(config->desks);
    while (rest.size > 0) {
        const cb_strview item = signals_plan_cut(rest, ',', &rest);
        const cb_status status = add_desk(config, plan, item, err);
        if (status != CB_OK) {
            return status;
        }
    }
    return CB_OK;
}
