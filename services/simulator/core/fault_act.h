/* What faults do to the exchange itself: its clock, its instruments, and what strangers and the
 * venue do on an account. */
#ifndef SIM_FAULT_ACT_H
#define SIM_FAULT_ACT_H

#include "services/simulator/core/fault.h"
#include "services/simulator/core/sim.h"

/* What became of one act, for the journal. */
typedef struct sim_deed {
    bool is_done; /* false: it was not possible, and what says why */
    char what[128];
} sim_deed;

/**
 * Makes instruments, the rule of client ids and the clock what the rules in force say. Called after
 * every turn of a STATE rule; undoes what is no longer in force. Symbols that are newly delisted
 * lose their users' open orders (EXPIRED).
 */
void sim_faults_shape(const sim_faults *faults, sim_core *sim);
/** An ACT rule's moment has come. False when the kind is none of the exchange's own (the shell's).
 */
bool sim_faults_act(const sim_rule *rule, sim_core *sim, sim_deed *deed);
/**
 * The other hand of an account's own trade: before the client's order (taker: a resting order is
 * put in its way) or after it (maker: a market order takes it).
 */
bool sim_faults_self_trade(const sim_fate *fate,
    sim_core *sim,
    uint32_t account,
    uint32_t symbol,
    cb_side client_side,
    int64_t client_qty_e8,
    sim_deed *deed);

#endif /* SIM_FAULT_ACT_H */
