/* The registry of samplers. */
#include "services/lab/core/sampler.h"

#include "base/assert.h"
#include "base/strview.h"
#include "services/lab/core/search/study_internal.h"

static const search_sampler *const samplers[] = {
#define SAMPLER(name) &search_sampler_##name,
#include "services/lab/core/samplers.def"
#undef SAMPLER
};
#define SAMPLERS_COUNT ((uint32_t)(sizeof(samplers) / sizeof(samplers[0])))

uint32_t search_samplers_count(void)
{
    return SAMPLERS_COUNT;
}

const search_sampler *search_sampler_at(uint32_t index)
{
    return index < SAMPLERS_COUNT ? samplers[index] : NULL;
}

const search_sampler *search_sampler_find(const char *name)
{
    CB_ASSERT(name != NULL);
    for (uint32_t i = 0; i < SAMPLERS_COUNT; i++) {
        if (cb_text_equal(samplers[i]->name, name)) {
            return samplers[i];
        }
    }
    return NULL;
}

const char *search_sampler_name(const search_sampler *sampler)
{
    CB_ASSERT(sampler != NULL);
    return sampler->name;
}

const char *search_sampler_summary(const search_sampler *sampler)
{
    CB_ASSERT(sampler != NULL);
    return sampler->summary;
}
