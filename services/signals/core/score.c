/* The weighted score of all sources that have lately spoken:
 *
 *   score = sum(side * weight * confidence * quality * decay) / sum(weight)
 *
 * over the active sources, -1 … 1. A source speaks for decay_bars bars of its own timeframe, with a
 * voice that falls evenly to nothing; the divisor has no decay, so a fading opinion also fades when
 * it is alone. All in integers: the same on every machine. */
#include <string.h>

#include "services/signals/core/signals_internal.h"

#define NS_PER_S INT64_C(1000000000)

int64_t signals_decay_e8(int64_t age_ns, int64_t decay_bars, uint32_t interval_s)
{
    CB_ASSERT(decay_bars > 0);
    CB_ASSERT(interval_s > 0);
    const cb_i128 life_ns = (cb_i128)decay_bars * interval_s * NS_PER_S;
    if (age_ns < 0 || age_ns >= life_ns) {
        return 0;
    }
    const int64_t decay_e8 = (int64_t)((life_ns - age_ns) * CB_E8 / life_ns);
    CB_ASSERT(decay_e8 >= 0 && decay_e8 <= CB_E8);
    return decay_e8;
}

static int64_t ratio_mul(int64_t a_e8, int64_t b_e8)
{
    return (int64_t)((cb_i128)a_e8 * b_e8 / CB_E8);
}

/* Unsigned voice of one source before the division by the sum of weights. */
static int64_t voice_e8(const signals_share *share)
{
    int64_t voice = ratio_mul(share->weight.e8, share->confidence.e8);
    voice = ratio_mul(voice, share->quality.e8);
    voice = ratio_mul(voice, share->decay.e8);
    CB_ASSERT(voice >= 0);
    CB_ASSERT(voice <= share->weight.e8);
    return voice;
}

static void collect(const signals_config *config,
    const signals_plan *plan,
    signals_symbol *symbol,
    int64_t data_ts_ns,
    signals_score *out)
{
    for (uint32_t i = 0; i < plan->instances_count; i++) {
        signals_source *source = &symbol->sources[i];
        const signals_instance *instance = &plan->instances[i];
        if (!source->is_active) {
            continue;
        }
        const int64_t decay_e8 = signals_decay_e8(
            data_ts_ns - source->data_ts_ns, config->decay_bars, instance->interval_s);
        if (decay_e8 == 0) {
            source->is_active = false;
            continue;
        }
        CB_ASSERT(out->shares_count < SIGNALS_INSTANCES_MAX);
        out->instances[out->shares_count] = i;
        signals_share *share = &out->shares[out->shares_count++];
        memcpy(share->source, instance->source, sizeof share->source);
        share->signal_id = source->signal_id;
        share->side = source->side;
        share->weight.e8 = instance->weight_e8;
        share->confidence.e8 = source->confidence_e8;
        share->quality.e8 = source->quality_e8;
        share->decay.e8 = decay_e8;
    }
}

void signals_score_sum(const signals_config *config,
    const signals_plan *plan,
    signals_symbol *symbol,
    int64_t data_ts_ns,
    signals_score *out)
{
    CB_ASSERT(plan->instances_count <= SIGNALS_INSTANCES_MAX);
    memset(out, 0, sizeof *out);
    collect(config, plan, symbol, data_ts_ns, out);
    int64_t weights_e8 = 0;
    for (uint32_t i = 0; i < out->shares_count; i++) {
        weights_e8 += out->shares[i].weight.e8;
    }
    for (uint32_t i = 0; i < out->shares_count; i++) {
        signals_share *share = &out->shares[i];
        const int64_t size_e8 = (int64_t)((cb_i128)voice_e8(share) * CB_E8 / weights_e8);
        share->share.e8 = share->side == CB_SIDE_BUY ? size_e8 : -size_e8;
        out->score.e8 += share->share.e8;
    }
    CB_ASSERT(out->score.e8 >= -CB_E8 && out->score.e8 <= CB_E8);
}
