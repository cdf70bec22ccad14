/* What ends every operation on a symbol. The public functions of place.c stand in sim.h. */
#ifndef SIM_PLACE_H
#define SIM_PLACE_H

#include "services/simulator/core/sim.h"

/** Ends aggregates, runs triggers, tells balances and the best prices. */
void sim_finish(sim_core *sim, sim_symbol *symbol);

#endif /* SIM_PLACE_H */
