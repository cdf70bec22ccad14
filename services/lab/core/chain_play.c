/* History into the exchange: which moment is next, and what happens in it, as a lockstep replay
 * does it: the clock alone first, then the candles that ended, symbol by symbol, then the events of
 * one symbol after the other; and after each of these everything settles. */
#include <string.h>

#include "services/lab/core/chain_internal.h"
#include "services/simulator/core/history.h"

#define MINUTE_NS (60 * CB_NS_PER_S)

/* ---- rows ---- */

sim_candle_row chain_play_row(const lab_candles *from, uint64_t at)
{
    sim_candle_row row = {.open_ns = from->open_ts_ns[at],
        .open_e8 = from->open_e8[at],
        .high_e8 = from->high_e8[at],
        .low_e8 = from->low_e8[at],
        .close_e8 = from->close_e8[at],
        .volume_e8 = from->volume_e8[at]};
    row.has_totals = from->quote_volume_e8 != NULL && from->trades_count != NULL;
    if (row.has_totals) {
        row.quote_volume_e8 = from->quote_volume_e8[at];
        row.trades_count = from->trades_count[at];
    }
    return row;
}

static sim_trade_row trade_row(const lab_trades *from, uint64_t at)
{
    return (sim_trade_row){.ts_ns = from->ts_ns[at],
        .price_e8 = from->price_e8[at],
        .qty_e8 = from->qty_e8[at],
        .taker_side = from->is_buyer_maker[at] != 0 ? CB_SIDE_SELL : CB_SIDE_BUY,
        .id = from->id[at]};
}

static bool is_sound(const sim_candle_row *row)
{
    return row->low_e8 > 0 && row->volume_e8 >= 0 && row->quote_volume_e8 >= 0;
}

static void find(lab_chain *chain, uint32_t symbol, const lab_finding *finding)
{
    const lab_chain_sink *sink = &chain->config->sink;
    if (sink->finding != NULL) {
        sink->finding(sink->context, symbol, finding);
    }
}

/* A missing minute is told; the exchange has none either, and nobody trades on what is old. */
static void note_gap(lab_chain *chain, uint32_t symbol, int64_t open_ns)
{
    chain_source *source = &chain->symbols[symbol].source;
    const int64_t step_ns = source->player.interval_ns;
    const int64_t wanted_ns = source->last_open_ns + step_ns;
    if (source->last_open_ns > 0 && open_ns > wanted_ns) {
        find(chain,
            symbol,
            &(lab_finding){.kind = LAB_FINDING_GAP,
                .from_ns = wanted_ns,
                .to_ns = open_ns,
                .count = (uint64_t)((open_ns - wanted_ns) / step_ns)});
    }
    source->last_open_ns = open_ns;
}

/* Goes to the next good candle; false when there is none. A bad one is left out, as a replay with
 * replay.on_bad = skip does, and told. */
static bool take_candle(lab_chain *chain, uint32_t symbol)
{
    chain_source *source = &chain->symbols[symbol].source;
    const lab_candles *from = source->config->candles;
    while (source->at < source->end) {
        const uint64_t at = source->at++;
        const sim_candle_row row = chain_play_row(from, at);
        cb_err err = {0};
        if (is_sound(&row) && sim_rows_check_candle(&source->check, &row, &err) == CB_OK) {
            note_gap(chain, symbol, row.open_ns);
            source->player.candle = row;
            return true;
        }
        find(chain,
            symbol,
            &(lab_finding){.kind = LAB_FINDING_BAD_CANDLE,
                .from_ns = row.open_ns,
                .to_ns = row.open_ns + source->player.interval_ns,
                .count = 1,
                .line = at + 1});
    }
    return false;
}

void chain_play_advance(lab_chain *chain, uint32_t symbol)
{
    chain_source *source = &chain->symbols[symbol].source;
    if (source->is_candle) {
        source->next_ns =
            take_candle(chain, symbol) ? sim_player_begin(&source->player) : INT64_MAX;
        return;
    }
    source->next_ns =
        source->at < source->end ? source->config->trades->ts_ns[source->at] : INT64_MAX;
}

/* ---- the range ---- */

/* First row at or after ts_ns. */
static uint64_t lower_bound(const int64_t *times, uint64_t count, int64_t ts_ns)
{
    uint64_t low = 0;
    uint64_t high = count;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (times[middle] < ts_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static const int64_t *times_of(const lab_chain_symbol *symbol, uint64_t *count)
{
    if (symbol->trades != NULL) {
        *count = symbol->trades->count;
        return symbol->trades->ts_ns;
    }
    *count = symbol->candles->count;
    return symbol->candles->open_ts_ns;
}

int64_t chain_play_start_ns(const lab_chain_config *config)
{
    int64_t start_ns = INT64_MAX;
    for (uint32_t i = 0; i < config->symbols_count; i++) {
        uint64_t count = 0;
        const int64_t *times = times_of(&config->symbols[i], &count);
        const uint64_t at = lower_bound(times, count, config->from_ns);
        if (at < count && times[at] < start_ns) {
            start_ns = times[at];
        }
    }
    return start_ns;
}

/* Candles before the range are the exchange's past. */
static void preload(lab_chain *chain, uint32_t symbol, uint64_t first)
{
    chain_source *source = &chain->symbols[symbol].source;
    const uint64_t wanted = chain->config->warmup_count;
    uint64_t at = first > wanted ? first - wanted : 0;
    sim_candle minute = {0};
    for (; at < first; at++) {
        const sim_candle_row row = chain_play_row(source->config->candles, at);
        cb_err err = {0};
        if (!is_sound(&row) || sim_rows_check_candle(&source->check, &row, &err) != CB_OK) {
            continue;
        }
        const sim_candle part = sim_candle_of_row(&row);
        const int64_t open_ns = sim_interval_open(SIM_INTERVAL_1M, part.open_ns);
        if (minute.open_ns == open_ns) {
            sim_candle_join(&minute, &part);
            continue;
        }
        if (minute.open_ns != 0) {
            sim_history_preload(chain->sim, symbol, &minute);
        }
        minute = part;
        minute.open_ns = open_ns;
    }
    if (minute.open_ns != 0) {
        sim_history_preload(chain->sim, symbol, &minute);
    }
}

static void begin_source(lab_chain *chain, uint32_t symbol)
{
    const lab_chain_config *config = chain->config;
    chain_source *source = &chain->symbols[symbol].source;
    uint64_t count = 0;
    source->config = &config->symbols[symbol];
    source->is_candle = source->config->trades == NULL;
    const int64_t *times = times_of(source->config, &count);
    source->at = lower_bound(times, count, config->from_ns);
    source->end = config->to_ns > 0 ? lower_bound(times, count, config->to_ns) : count;
    source->player.symbol = symbol;
    source->player.interval_ns =
        source->is_candle ? source->config->candles->timeframe_ns : MINUTE_NS;
    source->player.interval = sim_interval_of_ns(source->player.interval_ns);
    source->player.step_e8 = source->config->spec.step_e8;
    sim_rows_check_init(&source->check, source->player.interval_ns);
    chain->sim->symbols[symbol].is_candle_auto = !source->is_candle;
    if (source->is_candle && config->warmup_count > 0) {
        preload(chain, symbol, source->at);
    }
    chain_play_advance(chain, symbol);
    if (source->next_ns == INT64_MAX) {
        return;
    }
    /* A book is there before the first trade, around its price. */
    const int64_t price_e8 = source->is_candle ? source->player.candle.open_e8
                                               : source->config->trades->price_e8[source->at];
    chain_symbol *at = &chain->symbols[symbol];
    sim_house_synthetic(chain->sim, symbol, &at->book_shape, price_e8, CB_SIDE_BUY);
}

void chain_play_init(lab_chain *chain)
{
    for (uint32_t i = 0; i < chain->symbols_count; i++) {
        begin_source(chain, i);
    }
}

/* ---- playing ---- */

static void play_trades(lab_chain *chain, uint32_t symbol)
{
    chain_source *source = &chain->symbols[symbol].source;
    const sim_synthetic *shape = &chain->symbols[symbol].shape;
    const int64_t now_ns = source->next_ns;
    while (source->next_ns == now_ns) {
        const sim_trade_row row = trade_row(source->config->trades, source->at);
        cb_err err = {0};
        source->at++;
        if (row.price_e8 > 0 && row.qty_e8 > 0 &&
            sim_rows_check_trade(&source->check, &row, &err) == CB_OK) {
            sim_replay_trade(chain->sim, symbol, row.price_e8, row.qty_e8, row.taker_side, row.id);
            sim_house_synthetic(chain->sim, symbol, shape, row.price_e8, row.taker_side);
        }
        chain_play_advance(chain, symbol);
    }
}

static void play(lab_chain *chain, uint32_t symbol)
{
    chain_source *source = &chain->symbols[symbol].source;
    chain->symbols[symbol].book_shape = chain->symbols[symbol].shape;
    if (!source->is_candle) {
        play_trades(chain, symbol);
        return;
    }
    const int64_t now_ns = source->next_ns;
    while (source->next_ns == now_ns) {
        if (!sim_player_step(
                &source->player, chain->sim, &chain->symbols[symbol].shape, &source->next_ns)) {
            chain_play_advance(chain, symbol);
        }
    }
}

/* After the last row its own candle still ends; flat minutes do not follow for ever. */
static bool is_close_wanted(const lab_chain *chain, uint32_t symbol)
{
    const chain_source *source = &chain->symbols[symbol].source;
    const sim_symbol *at = &chain->sim->symbols[symbol];
    if (source->next_ns != INT64_MAX) {
        return true;
    }
    return source->is_candle ? at->live[source->player.interval].open_ns != 0
                             : at->live[SIM_INTERVAL_1M].first_id != 0;
}

static int64_t next_ns(const lab_chain *chain)
{
    int64_t next = INT64_MAX;
    for (uint32_t i = 0; i < chain->symbols_count; i++) {
        const int64_t event_ns = chain->symbols[i].source.next_ns;
        next = event_ns < next ? event_ns : next;
        const chain_quiet *quiet = &chain->symbols[i].quiet;
        if (quiet->is_open) {
            next = quiet->candle.close_ts_ns < next ? quiet->candle.close_ts_ns : next;
            continue; /* the exchange does not know of this minute */
        }
        const int64_t close_ns = sim_next_close_ns(chain->sim, i);
        if (close_ns < next && is_close_wanted(chain, i)) {
            next = close_ns;
        }
    }
    const int64_t arrival_ns = chain_venue_next_ns(chain);
    next = arrival_ns < next ? arrival_ns : next;
    if (next != INT64_MAX && chain->models_ns < next) {
        next = chain->models_ns;
    }
    return next < chain->now_ns ? chain->now_ns : next;
}

static void close_candles(lab_chain *chain)
{
    const uint64_t bars_count = chain->bars_count;
    chain_quiet_ripen(chain);
    for (uint32_t i = 0; i < chain->symbols_count; i++) {
        if (chain_quiet_close(chain, i)) {
            chain_settle(chain);
        } else if (sim_next_close_ns(chain->sim, i) <= chain->now_ns) {
            sim_close_candles(chain->sim, i);
            chain_settle(chain);
        }
    }
    if (chain->bars_count > bars_count) {
        chain_rows_bar(chain);
    }
}

bool chain_play_moment(lab_chain *chain)
{
    const int64_t ns = next_ns(chain);
    if (ns == INT64_MAX) {
        return false;
    }
    sim_set_now(chain->sim, ns);
    chain->now_ns = ns;
    chain_market_tick(chain);
    chain_settle(chain);
    chain_venue_arrive(chain);
    close_candles(chain);
    chain_models_moment(chain);
    chain_models_candle(chain);
    if (chain->config->is_conflated) {
        if (chain_quiet_begin(chain)) {
            return true;
        }
        chain_quiet_sync(chain);
    }
    for (uint32_t i = 0; i < chain->symbols_count; i++) {
        if (chain->symbols[i].source.next_ns <= ns) {
            play(chain, i);
            for (uint32_t k = 0; k < chain->symbols_count; k++) {
                sim_flush(chain->sim, k, true);
                sim_flush_candles(chain->sim, k);
            }
            chain_settle(chain);
        }
    }
    return true;
}
