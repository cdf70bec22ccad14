/* The registry of desks as a table, and small helpers for them. */
#include "base/strview.h"
#include "services/signals/core/desk.h"

static const desk_ops *const desks[] = {
#define DESK(x) &desk_##x,
#include "services/signals/core/desks.def"
#undef DESK
};
_Static_assert(DESKS_COUNT <= SIGNALS_DESK_KINDS_MAX, "the config has room for all");

const desk_ops *desk_at(uint32_t index)
{
    CB_ASSERT(index < DESKS_COUNT);
    const desk_ops *ops = desks[index];
    CB_ASSERT(ops->params_count <= CB_PARAMS_PER_ENTRY_MAX);
    return ops;
}

const char *signals_desk_name(uint32_t index)
{
    return index < DESKS_COUNT ? desks[index]->name : NULL;
}

const char *signals_desk_help(uint32_t index)
{
    return desk_at(index)->help;
}

const cb_param *signals_desk_params(uint32_t index, uint32_t *count)
{
    CB_ASSERT(count != NULL);
    const desk_ops *ops = desk_at(index);
    *count = ops->params_count;
    return ops->params;
}

void desk_want(desk_plan *plan, const desk_wish *wish)
{
    CB_ASSERT(wish->leg < DESK_LEGS_MAX && wish->slot < DESK_SLOTS_MAX);
    CB_ASSERT(wish->side == CB_SIDE_BUY || wish->side == CB_SIDE_SELL);
    if (!(wish->qty > 0) || plan->wishes_count == DESK_WISHES_MAX) {
        return;
    }
    plan->wishes[plan->wishes_count++] = *wish;
}

void desk_want_target(desk_plan *plan,
    const desk_view *view,
    uint32_t leg,
    double target,
    double stop_price,
    const char *reason)
{
    CB_ASSERT(leg < view->legs_count);
    CB_ASSERT(target >= 0);
    const desk_leg *at = &view->legs[leg];
    const double gap = target - at->held;
    const double size = gap < 0 ? -gap : gap;
    if (size * at->bar.close < at->notional || size < at->lot) {
        return;
    }
    const desk_wish wish = {.leg = leg,
        .side = gap > 0 ? CB_SIDE_BUY : CB_SIDE_SELL,
        .qty = size,
        .stop_price = stop_price,
        .reason = reason};
    desk_want(plan, &wish);
}

void desk_value(desk_plan *plan, const char *name, double value)
{
    CB_ASSERT(plan->values_count < DESK_VALUES_MAX);
    cb_named_value *slot = &plan->values[plan->values_count++];
    const bool fits = cb_text_copy(slot->name, sizeof slot->name, cb_sv_from(name));
    CB_ASSERT(fits);
    slot->value = value;
}
