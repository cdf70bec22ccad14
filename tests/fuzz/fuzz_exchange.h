/* A small exchange for fuzzers: the simulator's own core and API with one account and two symbols,
 * made anew for each input. */
#ifndef FUZZ_EXCHANGE_H
#define FUZZ_EXCHANGE_H

#include <stdlib.h>
#include <string.h>

#include "services/simulator/core/api/ws.h"
#include "services/simulator/core/house.h"

#define FUZZ_NOW_NS (INT64_C(1767225600) * 1000000000)
#define FUZZ_ORDERS 64

typedef struct fuzz_exchange {
    sim_core core;
    sim_api api;
    sim_ws ws;
    uint32_t account;
    uint8_t *block;
    char *work;
} fuzz_exchange;

static inline void fuzz_on_event(void *context, const sim_event *event)
{
    sim_ws_event(context, event);
}

static inline void fuzz_add_symbol(fuzz_exchange *to, cb_arena *arena, const char *name)
{
    sim_spec spec = {.tick_e8 = 1000000,
        .price_min_e8 = 1000000,
        .price_max_e8 = INT64_C(1000000) * CB_E8,
        .step_e8 = 1000,
        .qty_min_e8 = 1000,
        .qty_max_e8 = INT64_C(9000) * CB_E8,
        .market_qty_max_e8 = INT64_C(9000) * CB_E8,
        .notional_min_e8 = 5 * CB_E8,
        .notional_max_e8 = INT64_C(9000000) * CB_E8,
        .multiplier_up_e8 = 5 * CB_E8,
        .multiplier_down_e8 = CB_E8 / 5,
        .average_minutes = 5,
        .orders_max = 20,
        .algo_orders_max = 5,
        .stp_default = SIM_STP_EXPIRE_MAKER};
    cb_err err = {0};
    memcpy(spec.symbol, name, strlen(name) + 1);
    memcpy(spec.base, name, strlen(name) - 4);
    memcpy(spec.quote, "USDT", 5);
    if (sim_add_symbol(&to->core, &spec, arena, &err) != CB_OK) {
        abort();
    }
}

/* The market of symbol 0 stands at 100, that of symbol 1 at 10. */
static inline void fuzz_exchange_reset(
    fuzz_exchange *to, int64_t now_ns, sim_ws_send_fn send, void *context)
{
    static const sim_limits_config limits = {
        .weight_per_minute = 6000, .orders_per_10s = 100, .orders_per_day = 1000, .ban_ns = 1000};
    const sim_config config = {.orders_max = FUZZ_ORDERS,
        .agent_orders_max = 16,
        .trades_max = 64,
        .minutes_max = 16,
        .fee_maker_e8 = CB_E8 / 1000,
        .fee_taker_e8 = CB_E8 / 1000,
        .is_replay = true,
        .sink = fuzz_on_event,
        .sink_context = &to->ws};
    const size_t size = sim_arena_size(&config, 2);
    if (to->block == NULL) {
        to->block = aligned_alloc(64, (size + 63) & ~(size_t)63);
        to->work = malloc(SIM_WS_BLOCK_SIZE);
    }
    if (to->block == NULL || to->work == NULL) {
        abort();
    }
    cb_arena arena;
    cb_err err = {0};
    memset(&to->core, 0, sizeof(to->core));
    memset(&to->api, 0, sizeof(to->api));
    to->ws = (sim_ws){.api = NULL};
    cb_arena_init(&arena, to->block, size);
    sim_init(&to->core, &config, &arena, 2);
    sim_set_now(&to->core, now_ns);
    fuzz_add_symbol(to, &arena, "BTCUSDT");
    fuzz_add_symbol(to, &arena, "ETHUSDT");
    if (sim_add_account(&to->core, "main", "key", "secret", true, &to->account, &err) != CB_OK) {
        abort();
    }
    sim_api_init(&to->api, &to->core, &limits);
    sim_ws_init(&to->ws, &to->api, to->work, send, context);
    (void)sim_transfer(
        &to->core, to->account, sim_asset(&to->core, "USDT"), INT64_C(10000) * CB_E8);
    for (uint32_t i = 0; i < 2; i++) {
        const int64_t mid_e8 = i == 0 ? 100 * CB_E8 : 10 * CB_E8;
        sim_house_set(&to->core, i, CB_SIDE_BUY, mid_e8 - CB_E8 / 10, 5 * CB_E8);
        sim_house_set(&to->core, i, CB_SIDE_SELL, mid_e8 + CB_E8 / 10, 5 * CB_E8);
        sim_flush(&to->core, i, true);
    }
}

#endif /* FUZZ_EXCHANGE_H */
