/* The recorded market as liquidity, and the telling of book changes. */
#ifndef SIM_HOUSE_H
#define SIM_HOUSE_H

#include "services/simulator/core/sim.h"

/* The book that is shown around a replayed price when the recording has none. */
typedef struct sim_synthetic {
    uint32_t spread_ticks;  /* between best bid and best ask, at least 1 */
    uint32_t gap_ticks;     /* between levels, at least 1 */
    uint32_t levels;        /* per side, at most SIM_SYNTHETIC_LEVELS_MAX */
    int64_t depth_quote_e8; /* value of each level in quote units */
} sim_synthetic;
#define SIM_SYNTHETIC_LEVELS_MAX 100

/**
 * Rebuilds the synthetic book around a trade: a taker's buy was at the ask, a sell at the bid. What
 * crosses users' waiting orders trades with them at their price first.
 */
void sim_house_synthetic(sim_core *sim,
    uint32_t symbol,
    const sim_synthetic *shape,
    int64_t price_e8,
    cb_side taker_side);

/** Tells the best prices when they changed. */
void sim_tell_ticker(sim_core *sim, sim_symbol *symbol);

#endif /* SIM_HOUSE_H */
