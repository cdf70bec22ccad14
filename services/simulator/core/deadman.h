/* The venue's dead-man switch: a countdown per account and symbol. */
#ifndef SIM_DEADMAN_H
#define SIM_DEADMAN_H

#include "services/simulator/core/sim.h"

/** Begins a countdown anew; 0 ends it. */
void sim_deadman_arm(sim_core *sim, uint32_t account, uint32_t symbol, int64_t after_ns);
/** Cancels what has run out by now. */
void sim_deadman_tick(sim_core *sim);

#endif /* SIM_DEADMAN_H */
