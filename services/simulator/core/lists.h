/* Order lists: one of two (OCO), one after another (OTO), and one of two after another (OTOCO). */
#ifndef SIM_LISTS_H
#define SIM_LISTS_H

#include "services/simulator/core/sim.h"

typedef struct sim_new_list {
    bool has_working; /* orders[0] works first, the others wait until it is filled */
    uint32_t orders_count;
    sim_new_order orders[SIM_LIST_ORDERS_MAX]; /* of a pair: the limit, then the stop */
    char client_id[SIM_CLIENT_ID_SIZE];        /* "": the engine makes one */
} sim_new_list;

/** Places all orders of a list, or none of them. */
bool sim_place_list(
    sim_core *sim, const sim_new_list *request, uint32_t *out_list, sim_refusal *refusal);
/** Cancels what is open of a list; false with -2011 when nothing is. */
bool sim_cancel_list(sim_core *sim, uint32_t list, const char *cancel_id, sim_refusal *refusal);
/** What fills and ends of its orders mean for each open list of the symbol. */
void sim_lists_settle(sim_core *sim, uint32_t symbol);
/** Before a triggered order works: its pair's other order ends, and what it needs is locked. False
 *  when it cannot be paid: the order has been ended. */
bool sim_list_before_work(sim_core *sim, uint32_t order);
/** Index of the account's list; SIM_NONE when there is none. */
uint32_t sim_find_list(const sim_core *sim, uint32_t account, uint64_t id, const char *client_id);
/** "OCO" or "OTO" (an OTOCO is an OTO too). */
const char *sim_list_kind(const sim_list *list);
uint64_t sim_order_list_id(const sim_core *sim, const sim_order *order); /* 0 = of none */

#endif /* SIM_LISTS_H */
