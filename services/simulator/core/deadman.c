/* Countdowns on the exchange's own clock. */
#include "services/simulator/core/deadman.h"

#include "base/assert.h"
#include "services/simulator/core/place.h"

static void find_next(sim_core *sim)
{
    sim->deadman_next_ns = 0;
    for (uint32_t a = 0; a < sim->accounts_count; a++) {
        for (uint32_t s = 0; s < sim->symbols_count; s++) {
            const int64_t due_ns = sim->deadman_due_ns[a][s];
            if (due_ns != 0 && (sim->deadman_next_ns == 0 || due_ns < sim->deadman_next_ns)) {
                sim->deadman_next_ns = due_ns;
            }
        }
    }
}

void sim_deadman_arm(sim_core *sim, uint32_t account, uint32_t symbol, int64_t after_ns)
{
    CB_ASSERT(account < sim->accounts_count);
    CB_ASSERT(symbol < sim->symbols_count);
    CB_ASSERT(after_ns >= 0);
    sim->deadman_due_ns[account][symbol] = after_ns == 0 ? 0 : sim->now_ns + after_ns;
    find_next(sim);
}

static void cancel_all(sim_core *sim, uint32_t account, uint32_t symbol)
{
    uint32_t index = sim->accounts[account].open_first;
    while (index != SIM_NONE) {
        const uint32_t next = sim->orders[index].open_next;
        char cancel_id[SIM_CLIENT_ID_SIZE];
        sim_refusal refusal = {0};
        if (sim->orders[index].symbol == symbol) {
            const bool is_canceled = sim_cancel(sim, index, "", cancel_id, &refusal);
            CB_ASSERT(is_canceled);
        }
        index = next;
    }
}

void sim_deadman_tick(sim_core *sim)
{
    if (sim->deadman_next_ns == 0 || sim->now_ns < sim->deadman_next_ns) {
        return;
    }
    for (uint32_t a = 0; a < sim->accounts_count; a++) {
        for (uint32_t s = 0; s < sim->symbols_count; s++) {
            if (sim->deadman_due_ns[a][s] != 0 && sim->now_ns >= sim->deadman_due_ns[a][s]) {
                sim->deadman_due_ns[a][s] = 0;
                cancel_all(sim, a, s);
            }
        }
    }
    find_next(sim);
}
