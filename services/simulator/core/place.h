/* What ends every operation on a symbol. The public functions of place.c stand in sim.h. */
#ifndef SIM_PLACE_H
#define SIM_PLACE_H

#include "services/simulator/core/sim.h"

/** Ends aggregates, runs triggers, tells balances and the best prices. */
void sim_finish(sim_core *sim, sim_symbol *symbol);

/** An open order from its request, neither locked for nor started nor told; SIM_NONE: no room. */
uint32_t sim_make_order(sim_core *sim, const sim_new_order *request);
/** Lets an order wait for its trigger, or work at once. Its funds are locked. */
void sim_start_order(sim_core *sim, uint32_t order);
/** Cancels one order of a list without regard to the others. */
void sim_cancel_leg(sim_core *sim, uint32_t order, const char *cancel_id);

#endif /* SIM_PLACE_H */
