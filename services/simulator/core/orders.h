/* The order table: slots, lookup by id and client id, the list of an account's open orders, and
 * the fills of users' orders. */
#ifndef SIM_ORDERS_H
#define SIM_ORDERS_H

#include "services/simulator/core/sim.h"

/** A zeroed slot with links cleared, not yet known to any index. SIM_NONE when the table is full.
 */
uint32_t sim_order_alloc(sim_core *sim, uint32_t account);
/** Gives the order its id and makes it findable. */
void sim_order_register(sim_core *sim, uint32_t order_index);
/** Adds to and removes from the account's open orders. */
void sim_order_open(sim_core *sim, uint32_t order_index);
/** Ends an order: off the book, lock released, out of the open list. Slots of accounts without
 *  history are free again after sim_order_forget. */
void sim_order_close(sim_core *sim, uint32_t order_index, sim_status status);
void sim_order_forget(sim_core *sim, uint32_t order_index);

/** Keeps a fill of a user's order. SIM_NONE when the table is full. */
uint32_t sim_trade_add(sim_core *sim, uint32_t order_index, const sim_trade *trade);

/** Stops waiting in the symbol's list. */
void sim_stop_add(sim_core *sim, uint32_t order_index);
void sim_stop_remove(sim_core *sim, uint32_t order_index);

/** Writes a client id that no user made: "sim" and a number. */
void sim_make_client_id(sim_core *sim, char out[SIM_CLIENT_ID_SIZE]);

#endif /* SIM_ORDERS_H */
