/* The normal distribution, and random numbers from a seed. */
#ifndef CB_STATS_NORMAL_H
#define CB_STATS_NORMAL_H

#include <stddef.h>

#include "base/prng.h"

/** Density of the standard normal at z. */
double cb_normal_density(double z);
/** Probability that a standard normal is at most z. */
double cb_normal_below(double z);
/** The z below which a standard normal lies with that probability; 0 < probability < 1. */
double cb_normal_quantile(double probability);

/** Uniform in [0, 1) with 53 random bits. */
double cb_random_unit(cb_prng *prng);
/** Standard normal (Marsaglia's polar method). */
double cb_random_normal(cb_prng *prng);
/** Puts count values into a random order (Fisher and Yates). */
void cb_random_shuffle(cb_prng *prng, double *values, size_t count);

/**
 * The state of a stream of its own for (seed, stream): streams of neighbouring numbers share
 * nothing that shows.
 */
cb_prng cb_random_stream(uint64_t seed, uint64_t stream);

#endif /* CB_STATS_NORMAL_H */
