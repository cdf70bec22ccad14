/* The registry of indicators and the border between fixed and floating point. */
#include "ind/indicator.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/strview.h"

static const cb_indicator_ops *const indicators[] = {
#define INDICATOR(name) &cb_indicator_##name,
#include "ind/indicators.def"
#undef INDICATOR
};
#define INDICATORS_COUNT ((uint32_t)(sizeof(indicators) / sizeof(indicators[0])))

uint32_t cb_indicators_count(void)
{
    return INDICATORS_COUNT;
}

const cb_indicator_ops *cb_indicator_at(uint32_t index)
{
    return index < INDICATORS_COUNT ? indicators[index] : NULL;
}

const cb_indicator_ops *cb_indicator_find(const char *name)
{
    CB_ASSERT(name != NULL);
    for (uint32_t i = 0; i < INDICATORS_COUNT; i++) {
        if (cb_text_equal(indicators[i]->name, name)) {
            return indicators[i];
        }
    }
    return NULL;
}

void cb_indicator_defaults(const cb_indicator_ops *ops, int64_t params[CB_PARAMS_PER_ENTRY_MAX])
{
    CB_ASSERT(ops != NULL && params != NULL);
    CB_ASSERT(ops->params_count <= CB_PARAMS_PER_ENTRY_MAX);
    for (uint32_t i = 0; i < ops->params_count; i++) {
        params[i] = ops->params[i].default_value;
    }
}

bool cb_indicator_accepts(const cb_indicator_ops *ops, const int64_t *params)
{
    CB_ASSERT(ops != NULL);
    CB_ASSERT(params != NULL);
    for (uint32_t i = 0; i < ops->params_count; i++) {
        if (params[i] < ops->params[i].min || params[i] > ops->params[i].max) {
            return false;
        }
    }
    return true;
}

uint64_t cb_indicator_hash(uint64_t hash, const void *state, size_t size)
{
    CB_ASSERT(state != NULL);
    CB_ASSERT(size % sizeof(uint64_t) == 0);
    const uint8_t *at = state;
    for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, at + i, sizeof(word));
        hash = cb_hash_u64(hash, word);
    }
    return hash;
}

double cb_f64_from_e8(int64_t value_e8)
{
    return (double)value_e8 / 1e8;
}

cb_status cb_e8_from_f64(double value, int64_t *out_e8, cb_err *err)
{
    CB_ASSERT(out_e8 != NULL);
    /* 2^63 / 1e8 = 92233720368.54…: the bound is the largest double whose product fits. */
    const double bound = 92233720368.0;
    if (!isfinite(value) || value > bound || value < -bound) {
        return CB_FAIL(err, CB_E_RANGE, "the value leaves int64 e8");
    }
    const double scaled = value * 1e8;
    const double whole = floor(fabs(scaled) + 0.5);
    *out_e8 = scaled < 0 ? -(int64_t)whole : (int64_t)whole;
    return CB_OK;
}

cb_bar cb_bar_from_candle(const cb_candle *candle)
{
    CB_ASSERT(candle != NULL);
    CB_ASSERT(candle->is_closed);
    return (cb_bar){.open_ts_ns = candle->open_ts_ns,
        .open = cb_f64_from_e8(candle->open.e8),
        .high = cb_f64_from_e8(candle->high.e8),
        .low = cb_f64_from_e8(candle->low.e8),
        .close = cb_f64_from_e8(candle->close.e8),
        .volume = cb_f64_from_e8(candle->volume.e8)};
}
