/* The state hash: everything that later answers depend on, without pointers and padding. */
#include "base/hash.h"
#include "domain/bodyhash.h"
#include "services/signals/core/signals_internal.h"

static uint64_t hash_time(uint64_t hash, int64_t ts_ns)
{
    return cb_hash_u64(hash, (uint64_t)ts_ns);
}

static uint64_t hash_id(uint64_t hash, cb_id id)
{
    return cb_hash_u64(cb_hash_u64(hash, id.hi), id.lo);
}

static uint64_t hash_source(uint64_t hash, const signals_symbol *symbol, uint32_t index)
{
    const signals_source *source = &symbol->sources[index];
    CB_ASSERT(index < SIGNALS_INSTANCES_MAX);
    hash = cb_hash_u64(hash, (uint64_t)source->is_active << 8U | (uint64_t)source->side);
    hash = hash_id(hash, source->signal_id);
    hash = cb_hash_u64(hash, (uint64_t)source->confidence_e8);
    hash = cb_hash_u64(hash, (uint64_t)source->quality_e8);
    hash = hash_time(hash, source->data_ts_ns);
    hash = hash_time(hash, symbol->last[index].buy_ns);
    hash = hash_time(hash, symbol->last[index].sell_ns);
    return cb_hash_u64(hash, symbol->bars_seen[index]);
}

static uint64_t hash_market(uint64_t hash, const signals_symbol *symbol)
{
    hash = cb_hash_u64(hash, symbol->has_instrument);
    hash = cb_body_hash(hash, &cb_instrument_desc, &symbol->instrument);
    hash = cb_hash_u64(hash, symbol->has_ticker);
    hash = cb_body_hash(hash, &cb_ticker_desc, &symbol->ticker);
    hash = cb_hash_u64(hash, symbol->has_quality);
    return cb_body_hash(hash, &cb_quality_score_desc, &symbol->quality);
}

static uint64_t hash_symbol(uint64_t hash, const signals_state *state, uint32_t number)
{
    const signals_symbol *symbol = &state->symbols[number];
    const size_t states_size = state->plan.states_size;
    hash = cb_hash_text(hash, symbol->name);
    hash = cb_hash_u64(hash,
        (uint64_t)symbol->is_ready | (uint64_t)symbol->is_waiting << 1U |
            (uint64_t)symbol->is_stale_history << 2U | (uint64_t)symbol->is_answering << 3U);
    hash = hash_time(hash, symbol->last_close_ns);
    hash = cb_hash_u64(hash, (uint64_t)symbol->last_close_e8);
    for (uint32_t i = 0; i < state->plan.timeframes_count; i++) {
        hash = cb_candle_builder_hash(hash, &symbol->builders[i]);
    }
    for (uint32_t i = 0; i < symbol->pending_count; i++) {
        hash = cb_body_hash(hash, &cb_candle_desc, &symbol->pending[i]);
    }
    hash = hash_market(hash, symbol);
    for (uint32_t i = 0; i < state->plan.instances_count; i++) {
        hash = hash_source(hash, symbol, i);
    }
    for (uint32_t i = 0; i < symbol->accepted_count; i++) {
        hash = hash_time(hash, symbol->accepted_ns[i]);
    }
    hash = cb_body_hash(hash, &signals_book_desc, &symbol->book);
    for (uint32_t i = 0; i < symbol->flights_count; i++) {
        hash = cb_body_hash(hash, &signals_flight_desc, &symbol->flights[i]);
    }
    return cb_indicator_hash(hash, state->strategies + number * states_size, states_size);
}

static uint64_t hash_desk(uint64_t hash, const signals_state *state, uint32_t number)
{
    const signals_desk *desk = &state->desks[number];
    const signals_desk_spec *spec = &state->plan.desks[number];
    CB_ASSERT(spec->legs_count <= DESK_LEGS_MAX);
    hash = hash_time(hash, desk->played_ns);
    for (uint32_t i = 0; i < spec->legs_count; i++) {
        hash = cb_hash_u64(cb_hash_u64(hash, desk->pushed[i]), desk->cursor[i]);
    }
    return cb_indicator_hash(hash, state->desk_memory + spec->offset, spec->state_size);
}

uint64_t signals_hash(const signals_state *state)
{
    CB_ASSERT(state->symbols_count <= SIGNALS_SYMBOLS_MAX);
    uint64_t hash = cb_hash_u64(CB_HASH_SEED, state->epoch);
    hash = cb_hash_u64(hash, state->signals_made);
    hash = cb_hash_u64(hash, state->intents_made);
    for (uint32_t i = 0; i < state->kills_count; i++) {
        hash = cb_hash_text(hash, state->kills[i].scope);
        hash = cb_hash_u64(hash, state->kills[i].level);
    }
    for (uint32_t i = 0; i < SIGNALS_RULES_MAX; i++) {
        hash = cb_hash_u64(hash, state->rules[i].version);
        hash = cb_hash_bytes(hash, state->rules[i].text_hash, sizeof state->rules[i].text_hash);
    }
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        hash = hash_symbol(hash, state, i);
    }
    for (uint32_t i = 0; i < state->plan.desks_count; i++) {
        hash = hash_desk(hash, state, i);
    }
    return hash;
}
