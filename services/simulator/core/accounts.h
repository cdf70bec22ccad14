/* Balances, locks, settlement of fills, fees. */
#ifndef SIM_ACCOUNTS_H
#define SIM_ACCOUNTS_H

#include "services/simulator/core/sim.h"

/** Asset that an order gives: quote for BUY, base for SELL. */
uint32_t sim_order_asset(const sim_core *sim, const sim_order *order);
int64_t sim_free(const sim_core *sim, uint32_t account, uint32_t asset);
/** Moves free to locked; false when free is not enough. */
bool sim_lock(sim_core *sim, uint32_t account, uint32_t asset, int64_t amount_e8);
void sim_unlock(sim_core *sim, uint32_t account, uint32_t asset, int64_t amount_e8);

/** price × qty in quote units, rounded down: what both sides of a fill exchange. */
int64_t sim_quote_of(int64_t price_e8, int64_t qty_e8);
/** The same rounded up: what is locked for a buy. False when it leaves int64. */
bool sim_quote_lock(int64_t price_e8, int64_t qty_e8, int64_t *out_e8);

/* What one fill did to one order's account. */
typedef struct sim_settlement {
    int64_t quote_e8;
    int64_t fee_e8;
    uint32_t fee_asset;
} sim_settlement;

/**
 * Moves the money of one side of a fill: from the order's lock (or free balance, for orders without
 * one), to the account, the fee to the venue. The caller does the other side.
 */
sim_settlement sim_settle(
    sim_core *sim, sim_order *order, int64_t price_e8, int64_t qty_e8, bool is_maker);
/** The house's side of a fill against an order of order_side. */
void sim_settle_house(
    sim_core *sim, const sim_symbol *symbol, cb_side order_side, int64_t qty_e8, int64_t quote_e8);

/** Tells the balances that one operation changed, account by account. */
void sim_report_accounts(sim_core *sim);

#endif /* SIM_ACCOUNTS_H */
