/* The instrument's filters, with Binance's refusals. */
#ifndef SIM_FILTERS_H
#define SIM_FILTERS_H

#include "services/simulator/core/sim.h"

/** Price, quantity, notional and percent filters of one new order; false fills refusal. */
bool sim_filters_check(const sim_core *sim, const sim_new_order *request, sim_refusal *refusal);
/** MAX_NUM_ORDERS and MAX_NUM_ALGO_ORDERS against the account's open orders. */
bool sim_filters_count(const sim_core *sim, const sim_new_order *request, sim_refusal *refusal);

#endif /* SIM_FILTERS_H */
