/* Tape and candles. Candles of every interval grow with each trade; closed minutes (and seconds)
 * are kept in rings, and longer candles of the past are added up from minutes when asked for.
 * Minutes without trades never set an open, high or low of a longer candle, as at Binance. */
#include "services/simulator/core/history.h"

#include "base/assert.h"
#include "base/timefmt.h"

static sim_candle flat_candle(int64_t open_ns, int64_t price_e8)
{
    return (sim_candle){
        .open_ns = open_ns,
        .open_e8 = price_e8,
        .high_e8 = price_e8,
        .low_e8 = price_e8,
        .close_e8 = price_e8,
    };
}

static void candles_push(sim_candles *candles, const sim_candle *candle)
{
    if (candles->capacity == 0) {
        return;
    }
    candles->ring[candles->count % candles->capacity] = *candle;
    candles->count++;
}

uint64_t sim_candles_kept(const sim_candles *candles)
{
    return candles->count < candles->capacity ? candles->count : candles->capacity;
}

const sim_candle *sim_candles_back(const sim_candles *candles, uint64_t back)
{
    if (back >= sim_candles_kept(candles)) {
        return NULL;
    }
    return &candles->ring[(candles->count - 1 - back) % candles->capacity];
}

/* Ends one candle: keeps it, tells it, and opens the next flat one where that is wanted. */
static void close_one(sim_core *sim, sim_symbol *symbol, sim_interval interval)
{
    sim_candle *live = &symbol->live[interval];
    if (interval == SIM_INTERVAL_1M) {
        candles_push(&symbol->minutes, live);
    } else if (interval == SIM_INTERVAL_1S) {
        candles_push(&symbol->seconds, live);
    }
    sim_event event = {
        .type = SIM_EVENT_CANDLE,
        .symbol = symbol->index,
        .candle = live,
        .interval = interval,
        .is_closed = true,
    };
    sim_emit(sim, &event);
    symbol->live_changed &= ~(UINT32_C(1) << interval);
    const int64_t end_ns = sim_interval_end(interval, live->open_ns);
    const int64_t close_e8 = live->close_e8;
    *live = (sim_candle){0};
    if (symbol->is_candle_auto && interval != SIM_INTERVAL_1S) {
        *live = flat_candle(end_ns, close_e8);
    }
}

void sim_close_candles(sim_core *sim, uint32_t symbol_index)
{
    CB_ASSERT(symbol_index < sim->symbols_count);
    sim_symbol *symbol = &sim->symbols[symbol_index];
    for (uint32_t i = 0; i < SIM_INTERVAL_COUNT; i++) {
        const sim_interval interval = (sim_interval)i;
        while (symbol->live[i].open_ns != 0 &&
               sim_interval_end(interval, symbol->live[i].open_ns) <= sim->now_ns) {
            close_one(sim, symbol, interval);
        }
    }
}

int64_t sim_next_close_ns(const sim_core *sim, uint32_t symbol_index)
{
    CB_ASSERT(symbol_index < sim->symbols_count);
    const sim_symbol *symbol = &sim->symbols[symbol_index];
    int64_t next_ns = INT64_MAX;
    for (uint32_t i = SIM_INTERVAL_1M; i < SIM_INTERVAL_COUNT; i++) {
        if (symbol->live[i].open_ns != 0) {
            const int64_t end_ns = sim_interval_end((sim_interval)i, symbol->live[i].open_ns);
            next_ns = end_ns < next_ns ? end_ns : next_ns;
        }
    }
    return next_ns;
}

static void aggregate_push(sim_core *sim, sim_symbol *symbol)
{
    symbol->aggregates_count++;
    symbol->pending.id = symbol->aggregates_count;
    symbol->aggregates[symbol->aggregates_kept % SIM_TAPE_MAX] = symbol->pending;
    symbol->aggregates_kept++;
    sim_event event = {
        .type = SIM_EVENT_AGGREGATE,
        .symbol = symbol->index,
        .aggregate = &symbol->pending,
    };
    sim_emit(sim, &event);
    symbol->pending = (sim_aggregate){0};
}

void sim_history_end_aggregate(sim_core *sim, sim_symbol *symbol)
{
    if (symbol->pending.qty_e8 > 0) {
        aggregate_push(sim, symbol);
    }
}

static void aggregate_add(sim_core *sim, sim_symbol *symbol, const sim_print *print)
{
    sim_aggregate *pending = &symbol->pending;
    if (pending->qty_e8 > 0 && (pending->price_e8 != print->price_e8 ||
                                   pending->is_buyer_maker != print->is_buyer_maker)) {
        aggregate_push(sim, symbol);
    }
    if (pending->qty_e8 == 0) {
        pending->first_id = print->id;
        pending->price_e8 = print->price_e8;
        pending->is_buyer_maker = print->is_buyer_maker;
        pending->ts_ns = print->ts_ns;
    }
    pending->last_id = print->id;
    pending->qty_e8 += print->qty_e8;
}

void sim_history_print(sim_core *sim,
    sim_symbol *symbol,
    int64_t price_e8,
    int64_t qty_e8,
    cb_side taker_side,
    uint64_t trade_id)
{
    CB_ASSERT(price_e8 > 0);
    CB_ASSERT(qty_e8 > 0);
    sim_close_candles(sim, symbol->index);
    const sim_print print = {
        .id = trade_id,
        .price_e8 = price_e8,
        .qty_e8 = qty_e8,
        .ts_ns = sim->now_ns,
        .is_buyer_maker = taker_side == CB_SIDE_SELL,
    };
    symbol->tape[symbol->tape_count % SIM_TAPE_MAX] = print;
    symbol->tape_count++;
    symbol->last_price_e8 = price_e8;
    symbol->last_qty_e8 = qty_e8;
    int64_t quote_e8 = 0;
    const cb_status status = cb_mul_e8(price_e8, qty_e8, CB_ROUND_DOWN, &quote_e8, NULL);
    CB_ASSERT(status == CB_OK);
    sim_candle part = flat_candle(0, price_e8);
    part.volume_e8 = qty_e8;
    part.quote_volume_e8 = quote_e8;
    part.taker_base_e8 = taker_side == CB_SIDE_BUY ? qty_e8 : 0;
    part.taker_quote_e8 = taker_side == CB_SIDE_BUY ? quote_e8 : 0;
    part.trades_count = 1;
    part.first_id = trade_id;
    part.last_id = trade_id;
    for (uint32_t i = 0; i < SIM_INTERVAL_COUNT; i++) {
        sim_candle *live = &symbol->live[i];
        if (live->open_ns == 0) {
            *live = flat_candle(sim_interval_open((sim_interval)i, sim->now_ns), price_e8);
        }
        sim_candle_join(live, &part);
        symbol->live_changed |= UINT32_C(1) << i;
    }
    sim_event event = {.type = SIM_EVENT_PRINT, .symbol = symbol->index, .print = &print};
    sim_emit(sim, &event);
    aggregate_add(sim, symbol, &print);
}

void sim_history_flat(
    sim_core *sim, uint32_t symbol_index, sim_interval interval, const sim_candle *candle)
{
    CB_ASSERT(symbol_index < sim->symbols_count);
    CB_ASSERT(candle->trades_count == 0);
    sim_symbol *symbol = &sim->symbols[symbol_index];
    sim_close_candles(sim, symbol_index);
    /* Also as a minute, because longer candles of the past are added up from those. */
    const uint32_t first =
        interval < SIM_INTERVAL_1M ? (uint32_t)interval : (uint32_t)SIM_INTERVAL_1M;
    for (uint32_t i = first; i < SIM_INTERVAL_COUNT; i++) {
        sim_candle *live = &symbol->live[i];
        if (live->open_ns != 0) {
            continue;
        }
        *live = *candle;
        live->open_ns = sim_interval_open((sim_interval)i, candle->open_ns);
        symbol->live_changed |= UINT32_C(1) << i;
    }
}

void sim_history_correct(sim_core *sim, uint32_t symbol_index, const sim_candle *difference)
{
    CB_ASSERT(symbol_index < sim->symbols_count);
    sim_symbol *symbol = &sim->symbols[symbol_index];
    for (uint32_t i = SIM_INTERVAL_1M; i < SIM_INTERVAL_COUNT; i++) {
        sim_candle *live = &symbol->live[i];
        if (live->open_ns == 0) {
            continue;
        }
        live->quote_volume_e8 += difference->quote_volume_e8;
        live->taker_base_e8 += difference->taker_base_e8;
        live->taker_quote_e8 += difference->taker_quote_e8;
        live->trades_count += difference->trades_count;
        symbol->live_changed |= UINT32_C(1) << i;
    }
}

void sim_history_preload(sim_core *sim, uint32_t symbol_index, const sim_candle *minute)
{
    CB_ASSERT(symbol_index < sim->symbols_count);
    sim_symbol *symbol = &sim->symbols[symbol_index];
    const sim_candle *newest = sim_candles_back(&symbol->minutes, 0);
    CB_ASSERT(newest == NULL || newest->open_ns < minute->open_ns);
    candles_push(&symbol->minutes, minute);
    for (uint32_t i = SIM_INTERVAL_3M; i < SIM_INTERVAL_COUNT; i++) {
        /* The longer candles that are still open when trading begins hold these minutes too. */
        sim_candle *live = &symbol->live[i];
        const int64_t open_ns = sim_interval_open((sim_interval)i, minute->open_ns);
        if (live->open_ns != open_ns) {
            *live = flat_candle(open_ns, minute->close_e8);
        }
        sim_candle_join(live, minute);
    }
    symbol->last_price_e8 = minute->close_e8;
    symbol->last_qty_e8 = 0;
}

void sim_flush_candles(sim_core *sim, uint32_t symbol_index)
{
    sim_symbol *symbol = &sim->symbols[symbol_index];
    for (uint32_t i = 0; i < SIM_INTERVAL_COUNT && symbol->live_changed != 0; i++) {
        if ((symbol->live_changed & (UINT32_C(1) << i)) == 0) {
            continue;
        }
        symbol->live_changed &= ~(UINT32_C(1) << i);
        if (symbol->live[i].open_ns == 0) {
            continue;
        }
        sim_event event = {
            .type = SIM_EVENT_CANDLE,
            .symbol = symbol_index,
            .candle = &symbol->live[i],
            .interval = (sim_interval)i,
        };
        sim_emit(sim, &event);
    }
}

uint64_t sim_tape_kept(const sim_symbol *symbol)
{
    return symbol->tape_count < SIM_TAPE_MAX ? symbol->tape_count : SIM_TAPE_MAX;
}

const sim_print *sim_tape_at(const sim_symbol *symbol, uint64_t index)
{
    const uint64_t kept = sim_tape_kept(symbol);
    CB_ASSERT(index < kept);
    return &symbol->tape[(symbol->tape_count - kept + index) % SIM_TAPE_MAX];
}

uint64_t sim_aggregates_kept(const sim_symbol *symbol)
{
    return symbol->aggregates_kept < SIM_TAPE_MAX ? symbol->aggregates_kept : SIM_TAPE_MAX;
}

const sim_aggregate *sim_aggregate_at(const sim_symbol *symbol, uint64_t index)
{
    const uint64_t kept = sim_aggregates_kept(symbol);
    CB_ASSERT(index < kept);
    return &symbol->aggregates[(symbol->aggregates_kept - kept + index) % SIM_TAPE_MAX];
}
