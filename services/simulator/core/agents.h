/* A small population that trades on the same engine as everyone: market makers, noise traders and
 * momentum traders around a hidden value. Deterministic by seed; whole numbers only. */
#ifndef SIM_AGENTS_H
#define SIM_AGENTS_H

#include "base/prng.h"
#include "services/simulator/core/sim.h"

#define SIM_AGENTS_PER_SYMBOL 9
#define SIM_AGENT_QUOTES_MAX 12

typedef enum sim_agent_kind { SIM_AGENT_MAKER, SIM_AGENT_NOISE, SIM_AGENT_MOMENTUM } sim_agent_kind;

/* How the hidden value moves for some minutes. */
typedef enum sim_regime {
    SIM_REGIME_RANGE, /* pulled back to its anchor */
    SIM_REGIME_UP,
    SIM_REGIME_DOWN,
    SIM_REGIME_COUNT
} sim_regime;

typedef struct sim_agent {
    sim_agent_kind kind;
    uint32_t account;
    int64_t next_ns;
    int64_t seen_price_e8; /* momentum: the price some time ago */
    uint32_t quotes_count;
    uint32_t quotes[SIM_AGENT_QUOTES_MAX];    /* order slots … */
    uint64_t quote_ids[SIM_AGENT_QUOTES_MAX]; /* … and the ids they had */
} sim_agent;

/* One instrument's market. */
typedef struct sim_crowd {
    cb_prng prng;
    uint64_t seed;
    uint32_t symbol;
    int64_t start_e8; /* where the hidden value began */
    int64_t value_e8;
    int64_t anchor_e8;
    sim_regime regime;
    int64_t drift_ppb; /* per second */
    int64_t regime_end_ns;
    int64_t value_next_ns;
    int64_t base_unit_e8; /* typical order size */
    sim_agent agents[SIM_AGENTS_PER_SYMBOL];
} sim_crowd;

/**
 * Makes the accounts of one symbol's agents and lets them begin at sim->now_ns.
 *
 * @param start_price_e8 first hidden value; rounded to the tick.
 */
CB_MUST_USE cb_status sim_crowd_init(sim_crowd *crowd,
    sim_core *sim,
    uint32_t symbol,
    uint64_t seed,
    int64_t start_price_e8,
    cb_err *err);
/** When this crowd wants to act next. */
int64_t sim_crowd_next_ns(const sim_crowd *crowd);
/** Lets everyone act who is due at sim->now_ns. */
void sim_crowd_step(sim_crowd *crowd, sim_core *sim);

#endif /* SIM_AGENTS_H */
