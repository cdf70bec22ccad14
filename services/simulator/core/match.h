/* Taking liquidity: one order against the other side of its book. */
#ifndef SIM_MATCH_H
#define SIM_MATCH_H

#include "services/simulator/core/sim.h"

/** What a sweep would find. */
typedef struct sim_reach {
    int64_t qty_e8;
    int64_t quote_e8; /* rounded up per level */
} sim_reach;

/**
 * Adds up what an order could take now: at most qty_e8 (or quote_qty_e8 when that is > 0), down to
 * limit_e8 (0 = any price), without the account's own orders unless stp is NONE.
 */
sim_reach sim_match_reach(const sim_core *sim, const sim_new_order *request, int64_t limit_e8);

/** Matches an open order until it is filled, prevented or nothing crosses. The order stays open
 *  unless self-trade prevention ended it; the caller decides about the rest. */
void sim_match(sim_core *sim, uint32_t taker);

/** One fill of one order: money, counters, own trade, report. Closes the order when it is full. */
void sim_fill(sim_core *sim,
    uint32_t order_index,
    int64_t price_e8,
    int64_t qty_e8,
    bool is_maker,
    uint64_t trade_id);
/** Id of the next fill: on the public tape, or in the users' range during a replay. */
uint64_t sim_next_trade_id(sim_core *sim, sim_symbol *symbol);

/** Tells what happened to a user's order. */
void sim_report(sim_core *sim, uint32_t order_index, sim_execution execution);

#endif /* SIM_MATCH_H */
