/* The indicators of a strategy, laid out one behind the other. */
#include "services/signals/core/strategy_parts.h"

int64_t *strategy_parts_add(strategy_parts *parts, const cb_indicator_ops *ops)
{
    CB_ASSERT(parts != NULL && ops != NULL);
    CB_ASSERT(parts->count < STRATEGY_PARTS_MAX);
    parts->ops[parts->count] = ops;
    cb_indicator_defaults(ops, parts->params[parts->count]);
    return parts->params[parts->count++];
}

size_t strategy_parts_size(const strategy_parts *parts)
{
    size_t size = 0;
    CB_ASSERT(parts != NULL);
    CB_ASSERT(parts->count <= STRATEGY_PARTS_MAX);
    for (uint32_t i = 0; i < parts->count; i++) {
        size += parts->ops[i]->state_size(parts->params[i]);
    }
    return size;
}

uint32_t strategy_parts_warmup(const strategy_parts *parts)
{
    uint32_t most = 0;
    CB_ASSERT(parts != NULL);
    CB_ASSERT(parts->count <= STRATEGY_PARTS_MAX);
    for (uint32_t i = 0; i < parts->count; i++) {
        const uint32_t bars = parts->ops[i]->warmup_bars(parts->params[i]);
        most = bars > most ? bars : most;
    }
    return most;
}

void strategy_parts_init(const strategy_parts *parts, strategy_offsets *offsets, void *memory)
{
    uint64_t at = 0;
    CB_ASSERT(parts != NULL && offsets != NULL);
    CB_ASSERT(memory != NULL);
    *offsets = (strategy_offsets){.at = {0}};
    for (uint32_t i = 0; i < parts->count; i++) {
        CB_ASSERT(cb_indicator_accepts(parts->ops[i], parts->params[i]));
        offsets->at[i] = at;
        parts->ops[i]->init((uint8_t *)memory + at, parts->params[i]);
        at += parts->ops[i]->state_size(parts->params[i]);
    }
}

bool strategy_parts_update(const cb_indicator_ops *const *ops,
    uint32_t count,
    const strategy_offsets *offsets,
    void *memory,
    const cb_bar *bar,
    strategy_readings readings)
{
    bool is_warm = true;
    CB_ASSERT(ops != NULL && offsets != NULL);
    CB_ASSERT(memory != NULL && bar != NULL);
    for (uint32_t i = 0; i < count; i++) {
        is_warm = ops[i]->update((uint8_t *)memory + offsets->at[i], bar, readings[i]) && is_warm;
    }
    return is_warm;
}
