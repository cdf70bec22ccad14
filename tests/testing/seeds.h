/* Which seeds a random test runs: its own default, or what `make sim SEED=… RUNS=…` asks for. */
#ifndef TESTS_TESTING_SEEDS_H
#define TESTS_TESTING_SEEDS_H

#include <stdint.h>
#include <stdlib.h>

#include "base/strview.h"

static inline uint64_t seeds_from(const char *name, uint64_t fallback)
{
    uint64_t value = 0;
    const char *text = getenv(name);
    const bool is_told = text != NULL && cb_u64_parse(cb_sv_from(text), UINT32_MAX, &value);
    return is_told && value > 0 ? value : fallback;
}

static inline uint64_t seeds_first(void)
{
    return seeds_from("SIM_SEED", 1);
}

static inline uint64_t seeds_count(uint64_t fallback)
{
    return seeds_from("SIM_RUNS", fallback);
}

#endif /* TESTS_TESTING_SEEDS_H */
