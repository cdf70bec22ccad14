/* The registry of samplers (samplers.def). */
#ifndef LAB_SAMPLER_H
#define LAB_SAMPLER_H

#include <stdint.h>

typedef struct search_sampler search_sampler;

uint32_t search_samplers_count(void);
/** A row of samplers.def, in its order; NULL past the end. */
const search_sampler *search_sampler_at(uint32_t index);
/** The sampler of that name, or NULL. */
const search_sampler *search_sampler_find(const char *name);
/** "tpe". */
const char *search_sampler_name(const search_sampler *sampler);
/** One line of what it does. */
const char *search_sampler_summary(const search_sampler *sampler);

#endif /* LAB_SAMPLER_H */
