/* A small exchange for the tests: two instruments, some accounts, the last events, and an auditor
 * that trusts nothing but the public state. */
#ifndef SIM_FIXTURE_H
#define SIM_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services/simulator/core/accounts.h"
#include "services/simulator/core/book.h"
#include "services/simulator/core/history.h"
#include "services/simulator/core/house.h"
#include "services/simulator/core/sim.h"

#define FIXTURE_EVENTS_MAX 4096
#define E8(units) ((int64_t)(units)*CB_E8)
#define MS(count) ((int64_t)(count)*1000000)
#define START_NS INT64_C(1700000000000000000)

typedef struct fixture_event {
    sim_event_type type;
    sim_execution execution;
    sim_status status;
    uint32_t account;
    uint64_t order_id;
    int64_t trade_qty_e8;
    int64_t trade_price_e8;
    int64_t fee_e8;
    bool is_maker;
    bool is_closed;
    sim_interval interval;
    sim_candle candle;
} fixture_event;

typedef struct fixture {
    sim_core *sim;
    void *block;
    fixture_event events[FIXTURE_EVENTS_MAX];
    uint32_t events_count;
    uint64_t events_seen;
} fixture;

static void fixture_sink(void *context, const sim_event *event)
{
    fixture *fx = context;
    fx->events_seen++;
    if (fx->events_count == FIXTURE_EVENTS_MAX) {
        return;
    }
    fixture_event *kept = &fx->events[fx->events_count];
    fx->events_count++;
    *kept = (fixture_event){.type = event->type, .execution = event->execution};
    kept->account = event->account;
    kept->is_closed = event->is_closed;
    kept->interval = event->interval;
    if (event->order != NULL) {
        kept->status = event->order->status;
        kept->order_id = event->order->id;
    }
    if (event->trade != NULL) {
        kept->trade_qty_e8 = event->trade->qty_e8;
        kept->trade_price_e8 = event->trade->price_e8;
        kept->fee_e8 = event->trade->fee_e8;
        kept->is_maker = event->trade->is_maker;
    }
    if (event->candle != NULL) {
        kept->candle = *event->candle;
    }
}

static inline sim_spec fixture_spec(const char *symbol, const char *base)
{
    sim_spec spec = {
        .tick_e8 = 1000000, /* 0.01 */
        .price_min_e8 = 1000000,
        .price_max_e8 = E8(1000000),
        .step_e8 = 1000, /* 0.00001 */
        .qty_min_e8 = 1000,
        .qty_max_e8 = E8(9000),
        .market_qty_max_e8 = E8(500),
        .notional_min_e8 = E8(5),
        .notional_max_e8 = E8(9000000),
        .multiplier_up_e8 = E8(5),
        .multiplier_down_e8 = CB_E8 / 5,
        .average_minutes = 5,
        .orders_max = 200,
        .algo_orders_max = 5,
        .stp_default = SIM_STP_EXPIRE_MAKER,
    };
    strncpy(spec.symbol, symbol, sizeof(spec.symbol) - 1);
    strncpy(spec.base, base, sizeof(spec.base) - 1);
    strncpy(spec.quote, "USDT", sizeof(spec.quote) - 1);
    return spec;
}

/* accounts 0 … count-1 are users, each with 1000000 USDT, 100 BTC and 100 ETH. */
static inline fixture *fixture_make(sim_config config, uint32_t accounts_count)
{
    fixture *fx = calloc(1, sizeof(*fx));
    assert_non_null(fx);
    config.orders_max = config.orders_max == 0 ? 20000 : config.orders_max;
    config.agent_orders_max = 1000;
    config.trades_max = config.trades_max == 0 ? 40000 : config.trades_max;
    config.minutes_max = config.minutes_max == 0 ? 5000 : config.minutes_max;
    config.sink = fixture_sink;
    config.sink_context = fx;
    const size_t size = sim_arena_size(&config, 2);
    fx->block = aligned_alloc(16, (size + 15) / 16 * 16);
    fx->sim = calloc(1, sizeof(*fx->sim));
    assert_non_null(fx->block);
    assert_non_null(fx->sim);
    cb_arena arena;
    cb_arena_init(&arena, fx->block, size);
    sim_init(fx->sim, &config, &arena, 2);
    sim_set_now(fx->sim, START_NS);
    cb_err err = {0};
    const sim_spec btc = fixture_spec("BTCUSDT", "BTC");
    const sim_spec eth = fixture_spec("ETHUSDT", "ETH");
    assert_int_equal(sim_add_symbol(fx->sim, &btc, &arena, &err), CB_OK);
    assert_int_equal(sim_add_symbol(fx->sim, &eth, &arena, &err), CB_OK);
    for (uint32_t i = 0; i < accounts_count; i++) {
        char name[24] = "user00";
        name[4] = (char)('0' + i / 10);
        name[5] = (char)('0' + i % 10);
        uint32_t account = 0;
        assert_int_equal(sim_add_account(fx->sim, name, "", "", true, &account, &err), CB_OK);
        assert_true(sim_transfer(fx->sim, account, sim_asset(fx->sim, "USDT"), E8(1000000)));
        assert_true(sim_transfer(fx->sim, account, sim_asset(fx->sim, "BTC"), E8(100)));
        assert_true(sim_transfer(fx->sim, account, sim_asset(fx->sim, "ETH"), E8(100)));
    }
    fx->events_count = 0;
    return fx;
}

static inline void fixture_free(fixture *fx)
{
    free(fx->block);
    free(fx->sim);
    free(fx);
}

static inline sim_new_order fixture_limit(
    uint32_t account, cb_side side, int64_t price, int64_t qty)
{
    return (sim_new_order){
        .account = account,
        .side = side,
        .type = CB_ORDER_TYPE_LIMIT,
        .tif = CB_TIF_GTC,
        .stp = SIM_STP_EXPIRE_MAKER,
        .price_e8 = E8(price),
        .qty_e8 = E8(qty),
    };
}

/* Places and expects acceptance; returns the order. */
static inline sim_order *fixture_place(fixture *fx, sim_new_order request)
{
    uint32_t index = SIM_NONE;
    sim_refusal refusal = {0};
    if (!sim_place(fx->sim, &request, &index, &refusal)) {
        print_error("refused: %d %s\n", refusal.code, refusal.text);
        fail();
    }
    return &fx->sim->orders[index];
}

static inline void fixture_expect_refusal(
    fixture *fx, sim_new_order request, int32_t code, const char *text)
{
    uint32_t index = SIM_NONE;
    sim_refusal refusal = {0};
    const uint64_t hash = sim_state_hash(fx->sim);
    assert_false(sim_place(fx->sim, &request, &index, &refusal));
    assert_string_equal(refusal.text, text);
    assert_int_equal(refusal.code, code);
    assert_true(hash == sim_state_hash(fx->sim));
}

static inline int64_t fixture_free_e8(const fixture *fx, uint32_t account, const char *asset)
{
    return sim_free(fx->sim, account, sim_find_asset(fx->sim, asset));
}

static inline int64_t fixture_locked_e8(const fixture *fx, uint32_t account, const char *asset)
{
    return fx->sim->accounts[account].balances[sim_find_asset(fx->sim, asset)].locked_e8;
}

/* ---- the auditor ---- */

/* deposits = balances + fees + house, and no balance below zero. */
static inline void audit_money(const sim_core *sim)
{
    for (uint32_t asset = 0; asset < sim->assets_count; asset++) {
        cb_i128 sum = (cb_i128)sim->fees_e8[asset] + sim->house_e8[asset];
        for (uint32_t i = 0; i < sim->accounts_count; i++) {
            assert_true(sim->accounts[i].balances[asset].free_e8 >= 0);
            assert_true(sim->accounts[i].balances[asset].locked_e8 >= 0);
            sum += sim->accounts[i].balances[asset].free_e8;
            sum += sim->accounts[i].balances[asset].locked_e8;
        }
        assert_true(sum == sim->deposits_e8[asset]);
    }
}

/* Locks equal what the open orders hold. */
static inline void audit_locks(const sim_core *sim)
{
    int64_t locked[SIM_ACCOUNTS_MAX][SIM_ASSETS_MAX];
    memset(locked, 0, sizeof(locked));
    for (uint32_t i = 0; i < sim->orders_count; i++) {
        const sim_order *order = &sim->orders[i];
        assert_true(order->is_open || order->locked_e8 == 0);
        locked[order->account][sim_order_asset(sim, order)] += order->locked_e8;
    }
    for (uint32_t i = 0; i < sim->accounts_count; i++) {
        if (!sim->accounts[i].has_history) {
            continue;
        }
        for (uint32_t asset = 0; asset < sim->assets_count; asset++) {
            assert_true(locked[i][asset] == sim->accounts[i].balances[asset].locked_e8);
        }
    }
}

/* Sorted levels, whole queues, never crossed. */
static inline void audit_book(const sim_core *sim, const sim_symbol *symbol)
{
    for (uint32_t which = 0; which < 2; which++) {
        const sim_side *side = which == 0 ? &symbol->bids : &symbol->asks;
        for (uint32_t at = 0; at < side->count; at++) {
            const sim_level *level = &side->levels[at];
            int64_t sum_e8 = 0;
            for (uint32_t i = level->first; i != SIM_NONE; i = sim->orders[i].level_next) {
                assert_true(sim->orders[i].price_e8 == level->price_e8);
                assert_true(sim->orders[i].is_open && sim->orders[i].is_on_book);
                sum_e8 += sim_order_left(&sim->orders[i]);
            }
            assert_true(sum_e8 == level->orders_e8);
            assert_true(sum_e8 + level->house_e8 > 0);
            assert_true(at == 0 || sim_price_is_better(
                                       side->side, level->price_e8, side->levels[at - 1].price_e8));
        }
    }
    if (symbol->bids.count > 0 && symbol->asks.count > 0) {
        assert_true(symbol->bids.levels[symbol->bids.count - 1].price_e8 <
                    symbol->asks.levels[symbol->asks.count - 1].price_e8);
    }
}

/* Each user's trades add up to what their orders say. */
static inline void audit_trades(const sim_core *sim)
{
    for (uint32_t i = 0; i < sim->orders_count; i++) {
        const sim_order *order = &sim->orders[i];
        int64_t qty_e8 = 0;
        int64_t quote_e8 = 0;
        for (uint32_t t = order->trade_first; t != SIM_NONE; t = sim->trades[t].order_next) {
            qty_e8 += sim->trades[t].qty_e8;
            quote_e8 += sim->trades[t].quote_e8;
        }
        assert_true(qty_e8 == order->executed_e8);
        assert_true(quote_e8 == order->cum_quote_e8);
        assert_true(order->executed_e8 + order->prevented_e8 <= order->qty_e8);
    }
}

static inline void audit(const fixture *fx)
{
    audit_money(fx->sim);
    audit_locks(fx->sim);
    for (uint32_t i = 0; i < fx->sim->symbols_count; i++) {
        audit_book(fx->sim, &fx->sim->symbols[i]);
    }
}

#endif /* SIM_FIXTURE_H */
