/* A small seeded generator (SplitMix64). Not for secrets. The state lives inside the core that
 * uses it, so the same seed gives the same run. */
#ifndef CB_PRNG_H
#define CB_PRNG_H

#include <stdint.h>

typedef struct cb_prng {
    uint64_t state;
} cb_prng;

void cb_prng_init(cb_prng *prng, uint64_t seed);
uint64_t cb_prng_next(cb_prng *prng);
/** Uniform in [0, bound), bound > 0, without modulo bias. */
uint64_t cb_prng_below(cb_prng *prng, uint64_t bound);

#endif /* CB_PRNG_H */
