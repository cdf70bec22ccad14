/* Speed of the simulator's matching engine alone: orders placed, cancelled and matched per second
 * on a deep book. Prints a table, or JSON with -o json. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "base/prng.h"
#include "services/simulator/core/agents.h"
#include "services/simulator/core/sim.h"

#define ORDERS 1000000
#define OPEN_MAX 2000

typedef struct result {
    const char *name;
    uint64_t count;
    int64_t elapsed_ns;
} result;

static int64_t now_ns(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * INT64_C(1000000000) + at.tv_nsec;
}

static void make(sim_core *sim, void **block)
{
    const sim_config config = {
        .orders_max = 1,
        .agent_orders_max = 100000,
        .trades_max = 4,
        .minutes_max = 20000,
    };
    const size_t size = (sim_arena_size(&config, 1) + 15) / 16 * 16;
    cb_arena arena;
    cb_err err = {0};
    *block = aligned_alloc(16, size);
    CB_ASSERT(*block != NULL);
    cb_arena_init(&arena, *block, size);
    memset(sim, 0, sizeof(*sim));
    sim_init(sim, &config, &arena, 1);
    sim_set_now(sim, INT64_C(1700000000) * 1000000000);
    const sim_spec spec = {
        .symbol = "BTCUSDT",
        .base = "BTC",
        .quote = "USDT",
        .tick_e8 = 1000000,
        .price_min_e8 = 1000000,
        .price_max_e8 = INT64_C(1000000) * CB_E8,
        .step_e8 = 1000,
        .qty_min_e8 = 1000,
        .qty_max_e8 = INT64_C(9000) * CB_E8,
        .stp_default = SIM_STP_NONE,
    };
    CB_ASSERT(sim_add_symbol(sim, &spec, &arena, &err) == CB_OK);
    for (uint32_t i = 0; i < 8; i++) {
        const char name[2] = {(char)('a' + i), '\0'};
        uint32_t account = 0;
        CB_ASSERT(sim_add_account(sim, name, "", "", false, &account, &err) == CB_OK);
        CB_ASSERT(sim_transfer(sim, account, 0, INT64_C(1000000000) * CB_E8));
        CB_ASSERT(sim_transfer(sim, account, 1, INT64_C(1000000000) * CB_E8));
    }
}

/* Limit orders around the middle; the oldest open ones are cancelled to keep the book's size. */
static result bench_flow(sim_core *sim, uint64_t seed)
{
    uint32_t open_slots[OPEN_MAX] = {0};
    uint64_t open_ids[OPEN_MAX] = {0};
    cb_prng prng;
    sim_refusal refusal = {0};
    char cancel_id[SIM_CLIENT_ID_SIZE];
    uint64_t done = 0;
    cb_prng_init(&prng, seed);
    const int64_t began_ns = now_ns();
    for (uint32_t i = 0; i < ORDERS; i++) {
        const uint32_t slot = i % OPEN_MAX;
        const uint32_t old = open_slots[slot];
        if (open_ids[slot] != 0 && sim->orders[old].id == open_ids[slot]) {
            done += sim_cancel(sim, old, "", cancel_id, &refusal) ? 1 : 0;
        }
        const bool is_buy = cb_prng_below(&prng, 2) == 0;
        const int64_t away = (int64_t)cb_prng_below(&prng, 400) - 40;
        const sim_new_order order = {
            .account = (uint32_t)cb_prng_below(&prng, 8),
            .side = is_buy ? CB_SIDE_BUY : CB_SIDE_SELL,
            .type = CB_ORDER_TYPE_LIMIT,
            .tif = CB_TIF_GTC,
            .price_e8 = INT64_C(60000) * CB_E8 + (is_buy ? -away : away) * 1000000,
            .qty_e8 = (int64_t)(1 + cb_prng_below(&prng, 1000)) * 1000,
        };
        uint32_t index = SIM_NONE;
        open_ids[slot] = 0;
        if (sim_place(sim, &order, &index, &refusal)) {
            done++;
            open_slots[slot] = index;
            open_ids[slot] = sim->orders[index].is_open ? sim->orders[index].id : 0;
        }
    }
    return (result){"place, cancel and match", done, now_ns() - began_ns};
}

/* Hours of the agents' market per wall second. */
static result bench_agents(sim_core *sim)
{
    sim_crowd *crowd = calloc(1, sizeof(*crowd));
    cb_err err = {0};
    CB_ASSERT(crowd != NULL);
    CB_ASSERT(sim_crowd_init(crowd, sim, 0, 1, INT64_C(60000) * CB_E8, &err) == CB_OK);
    const int64_t end_ns = sim->now_ns + INT64_C(12 * 3600) * 1000000000;
    const uint64_t before = sim->symbols[0].orders_count;
    const int64_t began_ns = now_ns();
    while (sim_crowd_next_ns(crowd) < end_ns) {
        sim_set_now(sim, sim_crowd_next_ns(crowd));
        sim_close_candles(sim, 0);
        sim_crowd_step(crowd, sim);
    }
    free(crowd);
    return (result){
        "agents, 12 h of one market", sim->symbols[0].orders_count - before, now_ns() - began_ns};
}

static void print(const result *results, size_t count, bool is_json)
{
    if (is_json) {
        (void)printf("[");
    } else {
        (void)printf("%-28s %12s %10s %12s\n", "matching engine", "operations", "ms", "ns each");
    }
    for (size_t i = 0; i < count; i++) {
        const result *one = &results[i];
        const int64_t each = one->count == 0 ? 0 : one->elapsed_ns / (int64_t)one->count;
        if (is_json) {
            (void)printf("%s{\"name\":\"%s\",\"operations\":%" PRIu64 ",\"ns\":%" PRId64
                         ",\"ns_each\":%" PRId64 "}",
                i == 0 ? "" : ",",
                one->name,
                one->count,
                one->elapsed_ns,
                each);
        } else {
            (void)printf("%-28s %12" PRIu64 " %10" PRId64 " %12" PRId64 "\n",
                one->name,
                one->count,
                one->elapsed_ns / 1000000,
                each);
        }
    }
    (void)printf(is_json ? "]\n" : "");
}

int main(int argc, char **argv)
{
    const bool is_json = argc == 3 && strcmp(argv[1], "-o") == 0 && strcmp(argv[2], "json") == 0;
    void *block = NULL;
    sim_core *sim = calloc(1, sizeof(*sim));
    CB_ASSERT(sim != NULL);
    result results[2];
    make(sim, &block);
    results[0] = bench_flow(sim, 1);
    free(block);
    make(sim, &block);
    results[1] = bench_agents(sim);
    free(block);
    free(sim);
    print(results, 2, is_json);
    return 0;
}
