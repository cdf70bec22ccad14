/* The registry of strategies as a table, and small helpers for them. */
#include "base/strview.h"
#include "services/signals/core/strategy.h"

static const strategy_ops *const strategies[] = {
#define STRATEGY(x) &strategy_##x,
#include "services/signals/core/strategies.def"
#undef STRATEGY
};
_Static_assert(STRATEGIES_COUNT <= SIGNALS_STRATEGIES_MAX, "the config has room for all");

const strategy_ops *strategy_at(uint32_t index)
{
    CB_ASSERT(index < STRATEGIES_COUNT);
    const strategy_ops *ops = strategies[index];
    CB_ASSERT(ops->params_count <= CB_PARAMS_PER_ENTRY_MAX);
    return ops;
}

const char *signals_strategy_name(uint32_t index)
{
    return index < STRATEGIES_COUNT ? strategies[index]->name : NULL;
}

const char *signals_strategy_help(uint32_t index)
{
    return strategy_at(index)->help;
}

const cb_param *signals_strategy_params(uint32_t index, uint32_t *count)
{
    CB_ASSERT(count != NULL);
    const strategy_ops *ops = strategy_at(index);
    *count = ops->params_count;
    return ops->params;
}

void strategy_value(strategy_opinion *opinion, const char *name, double value)
{
    CB_ASSERT(opinion->values_count < STRATEGY_VALUES_MAX);
    cb_named_value *slot = &opinion->values[opinion->values_count++];
    const bool fits = cb_text_copy(slot->name, sizeof slot->name, cb_sv_from(name));
    CB_ASSERT(fits);
    slot->value = value;
}

void strategy_copy_params(int64_t out[CB_PARAMS_PER_ENTRY_MAX], const int64_t *values)
{
    CB_ASSERT(out != NULL);
    CB_ASSERT(values != NULL);
    for (uint32_t i = 0; i < CB_PARAMS_PER_ENTRY_MAX; i++) {
        out[i] = values[i];
    }
}

double strategy_unit(double value)
{
    if (value < 0) {
        return 0;
    }
    return value > 1 ? 1 : value;
}
