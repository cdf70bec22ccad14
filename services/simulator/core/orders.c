/* Order slots and their indexes. Users' orders are kept for ever, in order of creation, at the
 * front of the table; orders of accounts without history use recycled slots behind them. */
#include "services/simulator/core/orders.h"

#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "services/simulator/core/accounts.h"
#include "services/simulator/core/book.h"

static uint32_t id_bucket(const sim_core *sim, uint32_t symbol, uint64_t id)
{
    const uint64_t hash = cb_hash_u64(cb_hash_u64(CB_HASH_SEED, symbol), id);
    return (uint32_t)hash & sim->buckets_mask;
}

static uint32_t client_bucket(const sim_core *sim, uint32_t account, const char *client_id)
{
    const uint64_t hash = cb_hash_text(cb_hash_u64(CB_HASH_SEED, account), client_id);
    return (uint32_t)hash & sim->buckets_mask;
}

uint32_t sim_order_alloc(sim_core *sim, uint32_t account)
{
    uint32_t index = SIM_NONE;
    CB_ASSERT(account < sim->accounts_count);
    if (sim->accounts[account].has_history) {
        if (sim->orders_count == sim->config.orders_max) {
            return SIM_NONE;
        }
        index = sim->orders_count;
        sim->orders_count++;
    } else if (sim->agents_free != SIM_NONE) {
        index = sim->agents_free;
        sim->agents_free = sim->orders[index].id_next;
    } else {
        if (sim->agents_used == sim->config.agent_orders_max) {
            return SIM_NONE;
        }
        index = sim->config.orders_max + sim->agents_used;
        sim->agents_used++;
    }
    sim_order *order = &sim->orders[index];
    *order = (sim_order){
        .account = account,
        .level_prev = SIM_NONE,
        .level_next = SIM_NONE,
        .open_prev = SIM_NONE,
        .open_next = SIM_NONE,
        .id_next = SIM_NONE,
        .client_next = SIM_NONE,
        .list = SIM_NONE,
        .stop_next = SIM_NONE,
        .trade_first = SIM_NONE,
        .trade_last = SIM_NONE,
    };
    return index;
}

void sim_order_register(sim_core *sim, uint32_t order_index)
{
    sim_order *order = &sim->orders[order_index];
    sim_symbol *symbol = &sim->symbols[order->symbol];
    symbol->orders_count++;
    order->id = symbol->orders_count;
    uint32_t *bucket = &sim->id_buckets[id_bucket(sim, order->symbol, order->id)];
    order->id_next = *bucket;
    *bucket = order_index;
    if (sim->accounts[order->account].has_history) {
        bucket = &sim->client_buckets[client_bucket(sim, order->account, order->client_id)];
        order->client_next = *bucket;
        *bucket = order_index;
    }
}

void sim_order_open(sim_core *sim, uint32_t order_index)
{
    sim_order *order = &sim->orders[order_index];
    sim_account *account = &sim->accounts[order->account];
    CB_ASSERT(!order->is_open);
    order->is_open = true;
    order->open_prev = account->open_last;
    order->open_next = SIM_NONE;
    if (account->open_last == SIM_NONE) {
        account->open_first = order_index;
    } else {
        sim->orders[account->open_last].open_next = order_index;
    }
    account->open_last = order_index;
    account->open_count++;
}

static void leave_open_list(sim_core *sim, sim_order *order)
{
    sim_account *account = &sim->accounts[order->account];
    if (order->open_prev == SIM_NONE) {
        account->open_first = order->open_next;
    } else {
        sim->orders[order->open_prev].open_next = order->open_next;
    }
    if (order->open_next == SIM_NONE) {
        account->open_last = order->open_prev;
    } else {
        sim->orders[order->open_next].open_prev = order->open_prev;
    }
    CB_ASSERT(account->open_count > 0);
    account->open_count--;
    order->open_prev = SIM_NONE;
    order->open_next = SIM_NONE;
}

void sim_order_close(sim_core *sim, uint32_t order_index, sim_status status)
{
    sim_order *order = &sim->orders[order_index];
    CB_ASSERT(order->is_open);
    if (order->is_on_book) {
        sim_book_remove(sim, order_index);
    }
    if (order->is_waiting) {
        sim_stop_remove(sim, order_index);
    }
    if (order->locked_e8 > 0) {
        sim_unlock(sim, order->account, sim_order_asset(sim, order), order->locked_e8);
        order->locked_e8 = 0;
    }
    leave_open_list(sim, order);
    order->is_open = false;
    order->status = status;
    order->updated_ns = sim_venue_ns(sim);
}

void sim_order_forget(sim_core *sim, uint32_t order_index)
{
    sim_order *order = &sim->orders[order_index];
    CB_ASSERT(!order->is_open);
    if (sim->accounts[order->account].has_history) {
        return;
    }
    uint32_t *link = &sim->id_buckets[id_bucket(sim, order->symbol, order->id)];
    while (*link != order_index) {
        CB_ASSERT(*link != SIM_NONE);
        link = &sim->orders[*link].id_next;
    }
    *link = order->id_next;
    order->id = 0;
    order->id_next = sim->agents_free;
    sim->agents_free = order_index;
}

uint32_t sim_find_order(const sim_core *sim, uint32_t symbol, uint64_t id)
{
    uint32_t index = sim->id_buckets[id_bucket(sim, symbol, id)];
    while (index != SIM_NONE) {
        const sim_order *order = &sim->orders[index];
        if (order->symbol == symbol && order->id == id) {
            return index;
        }
        index = order->id_next;
    }
    return SIM_NONE;
}

uint32_t sim_find_client(const sim_core *sim,
    uint32_t account,
    uint32_t symbol,
    const char *client_id,
    bool is_open_only)
{
    uint32_t index = sim->client_buckets[client_bucket(sim, account, client_id)];
    while (index != SIM_NONE) {
        const sim_order *order = &sim->orders[index];
        if (order->account == account && order->symbol == symbol &&
            (order->is_open || !is_open_only) && strcmp(order->client_id, client_id) == 0) {
            return index;
        }
        index = order->client_next;
    }
    return SIM_NONE;
}

uint32_t sim_trade_add(sim_core *sim, uint32_t order_index, const sim_trade *trade)
{
    sim_order *order = &sim->orders[order_index];
    CB_ASSERT(sim->accounts[order->account].has_history);
    if (sim->trades_count == sim->config.trades_max) {
        return SIM_NONE;
    }
    const uint32_t index = sim->trades_count;
    sim->trades_count++;
    sim->trades[index] = *trade;
    sim->trades[index].order = order_index;
    sim->trades[index].order_next = SIM_NONE;
    if (order->trade_last == SIM_NONE) {
        order->trade_first = index;
    } else {
        sim->trades[order->trade_last].order_next = index;
    }
    order->trade_last = index;
    return index;
}

void sim_stop_add(sim_core *sim, uint32_t order_index)
{
    sim_order *order = &sim->orders[order_index];
    uint32_t *link = &sim->symbols[order->symbol].stop_first;
    while (*link != SIM_NONE) {
        link = &sim->orders[*link].stop_next;
    }
    *link = order_index;
    order->stop_next = SIM_NONE;
    order->is_waiting = true;
}

void sim_stop_remove(sim_core *sim, uint32_t order_index)
{
    sim_order *order = &sim->orders[order_index];
    uint32_t *link = &sim->symbols[order->symbol].stop_first;
    CB_ASSERT(order->is_waiting);
    while (*link != order_index) {
        CB_ASSERT(*link != SIM_NONE);
        link = &sim->orders[*link].stop_next;
    }
    *link = order->stop_next;
    order->stop_next = SIM_NONE;
    order->is_waiting = false;
}

void sim_make_client_id(sim_core *sim, char out[SIM_CLIENT_ID_SIZE])
{
    static const char prefix[] = "sim";
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    sim->generated_ids++;
    uint64_t number = sim->generated_ids;
    memcpy(out, prefix, sizeof(prefix) - 1);
    for (size_t i = 22; i > sizeof(prefix) - 1; i--) {
        out[i - 1] = digits[number % 36];
        number /= 36;
    }
    out[22] = '\0';
}
