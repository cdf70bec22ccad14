/* SplitMix64 (Steele, Lea and Flood, 2014): one word of state, passes BigCrush, and any seed,
 * zero included, is a good one. */
#include "base/prng.h"

#include "base/assert.h"
#include "base/money.h"

#define GOLDEN_GAMMA UINT64_C(0x9e3779b97f4a7c15)

void cb_prng_init(cb_prng *prng, uint64_t seed)
{
    CB_ASSERT(prng != NULL);
    prng->state = seed;
}

uint64_t cb_prng_next(cb_prng *prng)
{
    CB_ASSERT(prng != NULL);
    prng->state += GOLDEN_GAMMA;
    uint64_t mixed = prng->state;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

uint64_t cb_prng_below(cb_prng *prng, uint64_t bound)
{
    CB_ASSERT(bound > 0);
    /* Lemire's method: the high word of random * bound is uniform once the first
     * (2^64 mod bound) low words are thrown away. */
    const uint64_t threshold = (0 - bound) % bound;
    for (;;) {
        const cb_u128 product = (cb_u128)cb_prng_next(prng) * bound;
        if ((uint64_t)product >= threshold) {
            return (uint64_t)(product >> 64);
        }
    }
}
