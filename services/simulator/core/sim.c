/* The exchange's state: memory, names, clock, hash. What it does with orders stands in place.c and
 * match.c, with the recorded market in house.c. */
#include "services/simulator/core/deadman.h"
#include "services/simulator/core/sim.h"

#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/strview.h"

#define ARENA_SLACK 4096 /* alignment of the tables */

static uint32_t buckets_for(const sim_config *config)
{
    uint32_t count = 1024;
    while (count < (config->orders_max + config->agent_orders_max) && count < (1U << 20)) {
        count *= 2;
    }
    return count;
}

size_t sim_arena_size(const sim_config *config, uint32_t symbols_count)
{
    const size_t orders = (size_t)config->orders_max + config->agent_orders_max;
    const size_t levels = 2 * (size_t)SIM_LEVELS_MAX * sizeof(sim_level);
    const size_t changes = 4 * (size_t)SIM_CHANGES_MAX * sizeof(int64_t);
    const size_t tape = (size_t)SIM_TAPE_MAX * (sizeof(sim_print) + sizeof(sim_aggregate));
    const size_t candles = ((size_t)config->minutes_max + SIM_SECONDS_MAX) * sizeof(sim_candle);
    return orders * sizeof(sim_order) + (size_t)config->trades_max * sizeof(sim_trade) +
           2 * (size_t)buckets_for(config) * sizeof(uint32_t) +
           symbols_count * (levels + changes + tape + candles) + ARENA_SLACK;
}

void sim_init(sim_core *sim, const sim_config *config, cb_arena *arena, uint32_t symbols_count)
{
    CB_ASSERT(config->orders_max > 0);
    CB_ASSERT(config->trades_max > 0);
    CB_ASSERT(symbols_count <= SIM_SYMBOLS_MAX);
    const uint32_t buckets = buckets_for(config);
    sim->config = *config;
    sim->agents_free = SIM_NONE;
    sim->fee_asset = SIM_NONE;
    sim->orders = cb_arena_alloc(
        arena, (size_t)config->orders_max + config->agent_orders_max, sizeof(sim_order));
    sim->trades = cb_arena_alloc(arena, config->trades_max, sizeof(sim_trade));
    sim->id_buckets = cb_arena_alloc(arena, buckets, sizeof(uint32_t));
    sim->client_buckets = cb_arena_alloc(arena, buckets, sizeof(uint32_t));
    sim->buckets_mask = buckets - 1;
    for (uint32_t i = 0; i < buckets; i++) {
        sim->id_buckets[i] = SIM_NONE;
        sim->client_buckets[i] = SIM_NONE;
    }
    if (config->fee_asset[0] != '\0') {
        sim->fee_asset = sim_asset(sim, config->fee_asset);
    }
}

/* Bounds that the arithmetic relies on: whole orders and notionals must fit int64 e8. */
static cb_status check_spec(const sim_spec *spec, cb_err *err)
{
    int64_t largest_e8 = 0;
    if (spec->symbol[0] == '\0' || spec->base[0] == '\0' || spec->quote[0] == '\0' ||
        strcmp(spec->base, spec->quote) == 0) {
        return CB_FAIL(err, CB_E_RANGE, "instrument '%s' needs two assets", spec->symbol);
    }
    if (spec->tick_e8 <= 0 || spec->step_e8 <= 0 || spec->qty_min_e8 % spec->step_e8 != 0 ||
        spec->price_min_e8 % spec->tick_e8 != 0) {
        return CB_FAIL(err,
            CB_E_RANGE,
            "instrument %s: tick and step must be above 0 and divide "
            "the lower bounds",
            spec->symbol);
    }
    if (spec->price_max_e8 <= 0 || spec->qty_max_e8 <= 0 ||
        cb_mul_e8(spec->price_max_e8, spec->qty_max_e8, CB_ROUND_UP, &largest_e8, err) != CB_OK) {
        return CB_FAIL(err,
            CB_E_RANGE,
            "instrument %s: largest price times largest quantity leaves int64 e8",
            spec->symbol);
    }
    return CB_OK;
}

static void init_side(sim_side *side, cb_side name, cb_arena *arena)
{
    side->levels = cb_arena_alloc(arena, SIM_LEVELS_MAX, sizeof(sim_level));
    side->count = 0;
    side->side = name;
}

static void init_changes(sim_changes *changes, cb_arena *arena)
{
    changes->prices[0] = cb_arena_alloc(arena, SIM_CHANGES_MAX, sizeof(int64_t));
    changes->prices[1] = cb_arena_alloc(arena, SIM_CHANGES_MAX, sizeof(int64_t));
}

cb_status sim_add_symbol(sim_core *sim, const sim_spec *spec, cb_arena *arena, cb_err *err)
{
    const cb_status status = check_spec(spec, err);
    if (status != CB_OK) {
        return status;
    }
    if (sim_find_symbol(sim, spec->symbol) != SIM_NONE) {
        return CB_FAIL(err, CB_E_EXISTS, "instrument %s is named twice", spec->symbol);
    }
    if (sim->symbols_count == SIM_SYMBOLS_MAX) {
        return CB_FAIL(err, CB_E_FULL, "more than %d instruments", SIM_SYMBOLS_MAX);
    }
    const uint32_t base = sim_asset(sim, spec->base);
    const uint32_t quote = sim_asset(sim, spec->quote);
    if (base == SIM_NONE || quote == SIM_NONE) {
        return CB_FAIL(err, CB_E_FULL, "more than %d assets", SIM_ASSETS_MAX);
    }
    sim_symbol *symbol = &sim->symbols[sim->symbols_count];
    symbol->spec = *spec;
    symbol->shown = *spec;
    memcpy(symbol->listed_name, spec->symbol, sizeof(symbol->listed_name));
    symbol->index = sim->symbols_count;
    symbol->base_asset = base;
    symbol->quote_asset = quote;
    symbol->status = SIM_SYMBOL_TRADING;
    symbol->stop_first = SIM_NONE;
    symbol->is_candle_auto = true;
    init_side(&symbol->bids, CB_SIDE_BUY, arena);
    init_side(&symbol->asks, CB_SIDE_SELL, arena);
    init_changes(&symbol->fast, arena);
    init_changes(&symbol->slow, arena);
    symbol->tape = cb_arena_alloc(arena, SIM_TAPE_MAX, sizeof(sim_print));
    symbol->aggregates = cb_arena_alloc(arena, SIM_TAPE_MAX, sizeof(sim_aggregate));
    symbol->minutes.capacity = sim->config.minutes_max;
    symbol->minutes.ring = cb_arena_alloc(arena, sim->config.minutes_max, sizeof(sim_candle));
    symbol->seconds.capacity = SIM_SECONDS_MAX;
    symbol->seconds.ring = cb_arena_alloc(arena, SIM_SECONDS_MAX, sizeof(sim_candle));
    sim->symbols_count++;
    return CB_OK;
}

cb_status sim_add_account(sim_core *sim,
    const char *name,
    const char *key,
    const char *secret,
    bool has_history,
    uint32_t *out,
    cb_err *err)
{
    if (sim_find_account(sim, name) != SIM_NONE ||
        (key[0] != '\0' && sim_find_key(sim, key) != SIM_NONE)) {
        return CB_FAIL(err, CB_E_EXISTS, "account '%s' or its key exists already", name);
    }
    if (sim->accounts_count == SIM_ACCOUNTS_MAX) {
        return CB_FAIL(err, CB_E_FULL, "more than %d accounts", SIM_ACCOUNTS_MAX);
    }
    sim_account *account = &sim->accounts[sim->accounts_count];
    if (!cb_text_copy(account->name, sizeof(account->name), cb_sv_from(name)) ||
        !cb_text_copy(account->key, sizeof(account->key), cb_sv_from(key)) ||
        !cb_text_copy(account->secret, sizeof(account->secret), cb_sv_from(secret))) {
        return CB_FAIL(err, CB_E_RANGE, "name, key or secret of account '%s' is too long", name);
    }
    account->has_history = has_history;
    account->open_first = SIM_NONE;
    account->open_last = SIM_NONE;
    account->updated_ns = sim_venue_ns(sim);
    *out = sim->accounts_count;
    sim->accounts_count++;
    return CB_OK;
}

uint32_t sim_find_asset(const sim_core *sim, const char *name)
{
    for (uint32_t i = 0; i < sim->assets_count; i++) {
        if (strcmp(sim->assets[i], name) == 0) {
            return i;
        }
    }
    return SIM_NONE;
}

uint32_t sim_asset(sim_core *sim, const char *name)
{
    const uint32_t found = sim_find_asset(sim, name);
    if (found != SIM_NONE || sim->assets_count == SIM_ASSETS_MAX) {
        return found;
    }
    if (!cb_text_copy(sim->assets[sim->assets_count], sizeof(sim->assets[0]), cb_sv_from(name))) {
        return SIM_NONE;
    }
    sim->assets_count++;
    return sim->assets_count - 1;
}

uint32_t sim_find_symbol(const sim_core *sim, const char *name)
{
    for (uint32_t i = 0; i < sim->symbols_count; i++) {
        if (strcmp(sim->symbols[i].spec.symbol, name) == 0 && !sim->symbols[i].is_delisted) {
            return i;
        }
    }
    return SIM_NONE;
}

uint32_t sim_find_account(const sim_core *sim, const char *name)
{
    for (uint32_t i = 0; i < sim->accounts_count; i++) {
        if (strcmp(sim->accounts[i].name, name) == 0) {
            return i;
        }
    }
    return SIM_NONE;
}

void sim_set_now(sim_core *sim, int64_t now_ns)
{
    CB_ASSERT(now_ns >= sim->now_ns);
    sim->now_ns = now_ns;
    sim_deadman_tick(sim);
}

void sim_emit(sim_core *sim, sim_event *event)
{
    if (sim->is_muted || sim->config.sink == NULL) {
        return;
    }
    event->ts_ns = sim_venue_ns(sim);
    sim->config.sink(sim->config.sink_context, event);
}

static uint64_t hash_side(const sim_core *sim, uint64_t hash, const sim_side *side)
{
    for (uint32_t i = 0; i < side->count; i++) {
        const sim_level *level = &side->levels[i];
        hash = cb_hash_u64(hash, (uint64_t)level->price_e8);
        hash = cb_hash_u64(hash, (uint64_t)level->house_e8);
        for (uint32_t at = level->first; at != SIM_NONE; at = sim->orders[at].level_next) {
            hash = cb_hash_u64(hash, sim->orders[at].id);
            hash = cb_hash_u64(hash, (uint64_t)sim_order_left(&sim->orders[at]));
        }
    }
    return hash;
}

uint64_t sim_state_hash(const sim_core *sim)
{
    uint64_t hash = cb_hash_u64(CB_HASH_SEED, (uint64_t)sim->now_ns);
    for (uint32_t i = 0; i < sim->accounts_count; i++) {
        for (uint32_t asset = 0; asset < sim->assets_count; asset++) {
            const sim_balance *balance = &sim->accounts[i].balances[asset];
            hash = cb_hash_u64(hash, (uint64_t)balance->free_e8);
            hash = cb_hash_u64(hash, (uint64_t)balance->locked_e8);
        }
    }
    for (uint32_t i = 0; i < sim->symbols_count; i++) {
        const sim_symbol *symbol = &sim->symbols[i];
        hash = cb_hash_u64(hash, symbol->orders_count);
        hash = cb_hash_u64(hash, symbol->trades_count);
        hash = cb_hash_u64(hash, symbol->user_trades_count);
        hash = cb_hash_u64(hash, (uint64_t)symbol->last_price_e8);
        hash = hash_side(sim, hash, &symbol->bids);
        hash = hash_side(sim, hash, &symbol->asks);
    }
    for (uint32_t i = 0; i < sim->trades_count; i++) {
        hash = cb_hash_u64(hash, sim->trades[i].id);
        hash = cb_hash_u64(hash, (uint64_t)sim->trades[i].qty_e8);
        hash = cb_hash_u64(hash, (uint64_t)sim->trades[i].fee_e8);
    }
    return hash;
}
