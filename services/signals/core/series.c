/* From 1m candles to bars of every timeframe, one after the other without a hole that could be
 * filled. Whenever the sequence breaks (start, lost message, backfill behind the newest candle) the
 * validator is asked for its candles; until the answer has come live candles wait, and nothing is
 * decided. The answer rebuilds all bars and strategies from the beginning, so what a strategy knows
 * is a function of the candles alone. */
#include <string.h>

#include "base/strview.h"
#include "services/signals/core/rules.h"

#define NS_PER_S INT64_C(1000000000)
#define BASE_NS ((int64_t)SIGNALS_BASE_INTERVAL_S * NS_PER_S)

/* Longer candles that one 1m candle completed, per timeframe of the plan. */
typedef struct series_completed {
    uint32_t count[SIGNALS_TIMEFRAMES_MAX];
    cb_candle candles[SIGNALS_TIMEFRAMES_MAX][CB_CANDLES_PER_FEED_MAX];
} series_completed;

void signals_init_instance(signals_state *state, signals_symbol *symbol, uint32_t index)
{
    CB_ASSERT(index < state->plan.instances_count);
    const signals_instance *instance = &state->plan.instances[index];
    const signals_rules_slot *slot = signals_rules_of(state, symbol, instance);
    void *memory = signals_strategy_state(state, symbol, instance);
    strategy_at(instance->strategy)->init(memory, state->config->params[instance->strategy]);
    if (slot != NULL) {
        cb_expr_init(signals_rules_program(state, slot), memory);
    }
    symbol->bars_seen[index] = 0;
}

void signals_init_symbol(signals_state *state, signals_symbol *symbol)
{
    CB_ASSERT(state->plan.timeframes_count <= SIGNALS_TIMEFRAMES_MAX);
    CB_ASSERT(state->plan.instances_count <= SIGNALS_INSTANCES_MAX);
    for (uint32_t i = 0; i < state->plan.timeframes_count; i++) {
        memset(&symbol->builders[i], 0, sizeof symbol->builders[i]);
        cb_candle_builder_init(
            &symbol->builders[i], SIGNALS_BASE_INTERVAL_S, state->plan.timeframes_s[i]);
    }
    for (uint32_t i = 0; i < state->plan.instances_count; i++) {
        signals_init_instance(state, symbol, i);
    }
    symbol->last_close_ns = 0;
    symbol->last_close_e8 = 0;
    signals_desk_reset(state, symbol);
}

static void step_instance(signals_state *state,
    signals_symbol *symbol,
    uint32_t index,
    const cb_candle *candle,
    signals_round *round)
{
    const signals_instance *instance = &state->plan.instances[index];
    strategy_opinion opinion;
    memset(&opinion, 0, sizeof opinion);
    const cb_bar bar = cb_bar_from_candle(candle);
    symbol->bars_seen[index]++;
    void *memory = signals_strategy_state(state, symbol, instance);
    const signals_rules_slot *slot = signals_rules_of(state, symbol, instance);
    const bool is_warm =
        slot == NULL
            ? strategy_at(instance->strategy)->step(memory, &bar, &opinion)
            : strategy_rules_step(slot, signals_rules_program(state, slot), memory, &bar, &opinion);
    CB_ASSERT(is_warm || opinion.side == CB_SIDE_NONE);
    const bool is_now = round != NULL && candle->close_ts_ns == round->candle->close_ts_ns;
    if (is_now && opinion.side != CB_SIDE_NONE) {
        signals_raise(state, symbol, round, index, &opinion);
    }
}

static void step_strategies(signals_state *state,
    signals_symbol *symbol,
    const cb_candle *candle,
    const series_completed *completed,
    signals_round *round)
{
    const signals_plan *plan = &state->plan;
    for (uint32_t i = 0; i < plan->instances_count; i++) {
        if (plan->instances[i].interval_s == SIGNALS_BASE_INTERVAL_S) {
            step_instance(state, symbol, i, candle, round);
            continue;
        }
        uint32_t frame = 0;
        while (frame < plan->timeframes_count &&
               plan->timeframes_s[frame] != plan->instances[i].interval_s) {
            frame++;
        }
        CB_ASSERT(frame < plan->timeframes_count);
        for (uint32_t k = 0; k < completed->count[frame]; k++) {
            step_instance(state, symbol, i, &completed->candles[frame][k], round);
        }
    }
}

/* The desk's bars: the 1m candle itself, or what it completed of the desk's timeframe. */
static void step_desk(signals_state *state,
    const signals_symbol *symbol,
    const cb_candle *candle,
    const series_completed *completed,
    const signals_round *round)
{
    if (symbol->desk == 0) {
        return;
    }
    const uint32_t interval_s = state->plan.desks[symbol->desk - 1].interval_s;
    if (interval_s == SIGNALS_BASE_INTERVAL_S) {
        signals_desk_take(state, symbol, candle, round);
    }
    for (uint32_t i = 0; i < state->plan.timeframes_count; i++) {
        for (uint32_t k = 0; state->plan.timeframes_s[i] == interval_s && k < completed->count[i];
             k++) {
            signals_desk_take(state, symbol, &completed->candles[i][k], round);
        }
    }
}

/* One more 1m candle of the series. round is NULL for candles of the past. */
static void append(
    signals_state *state, signals_symbol *symbol, const cb_candle *candle, signals_round *round)
{
    series_completed completed;
    memset(completed.count, 0, sizeof(completed.count)); /* candles are read up to their count */
    CB_ASSERT(candle->is_closed && candle->interval_s == SIGNALS_BASE_INTERVAL_S);
    CB_ASSERT(candle->open_ts_ns >= symbol->last_close_ns);
    for (uint32_t i = 0; i < state->plan.timeframes_count; i++) {
        completed.count[i] =
            cb_candle_builder_feed(&symbol->builders[i], candle, completed.candles[i]);
    }
    step_strategies(state, symbol, candle, &completed, round);
    step_desk(state, symbol, candle, &completed, round);
    symbol->last_close_ns = candle->close_ts_ns;
    symbol->last_close_e8 = candle->close.e8;
}

/* A candle of the stream in its place. Decisions are made on live ones that are not older than one
 * interval: what was late, or waited too long for history, only adds to the series. */
static void take(signals_state *state,
    signals_symbol *symbol,
    const cb_candle *candle,
    const cb_event *event,
    cb_outbox *out)
{
    const bool is_live = event->ts_ns - candle->close_ts_ns < BASE_NS;
    CB_ASSERT(!candle->is_backfill);
    if (!is_live) {
        append(state, symbol, candle, NULL);
        return;
    }
    signals_round round; /* fresh opinions are zeroed as they are raised */
    round.event = event;
    round.candle = candle;
    round.fresh_count = 0;
    append(state, symbol, candle, &round);
    signals_expire_flights(state->config, symbol, event->ts_ns, out);
    const signals_quote quote = {candle->close, candle->close_ts_ns, &candle->env};
    signals_guard(state, symbol, &quote, event, out);
    signals_flatten(state, symbol, &quote, event, out);
    signals_conclude(state, symbol, &round, out);
    signals_desk_conclude(state, symbol, &round, out);
}

/* Keeps a live candle until history has come. When one does not fit any more the answer will have a
 * hole before the kept ones, so there will be another question. */
static void pend(signals_symbol *symbol, const cb_candle *candle)
{
    CB_ASSERT(symbol->pending_count <= SIGNALS_PENDING_MAX);
    const uint32_t count = symbol->pending_count;
    if (count > 0 && symbol->pending[count - 1].close_ts_ns >= candle->close_ts_ns) {
        return;
    }
    if (count == SIGNALS_PENDING_MAX) {
        memmove(symbol->pending, symbol->pending + 1, (count - 1U) * sizeof symbol->pending[0]);
        symbol->pending_count--;
        symbol->is_stale_history = true;
    }
    symbol->pending[symbol->pending_count++] = *candle;
}

void signals_ask_history(signals_state *state, signals_symbol *symbol, cb_outbox *out)
{
    CB_ASSERT(!symbol->is_waiting);
    symbol->is_waiting = true;
    symbol->is_stale_history = false;
    state->counts.history_asks++;
    signals_history_ask *ask = CB_REQUEST(out, SIGNALS_REQUEST_HISTORY, signals_history_ask);
    memcpy(ask->symbol, symbol->name, sizeof ask->symbol);
    CB_ASSERT(state->config->history_count <= SIGNALS_HISTORY_MAX);
    ask->limit = (uint32_t)state->config->history_count;
}

/* Backfill either follows what is there, or is a hint that the validator knows more than we do: the
 * next live candle asks. */
static void on_backfill(signals_state *state, signals_symbol *symbol, const cb_candle *candle)
{
    CB_ASSERT(candle->is_backfill);
    CB_ASSERT(symbol->pending_count == 0 || symbol->is_waiting);
    const bool is_in_order = symbol->is_ready && !symbol->is_waiting && !symbol->is_stale_history;
    if (is_in_order && candle->open_ts_ns == symbol->last_close_ns) {
        append(state, symbol, candle, NULL);
        return;
    }
    symbol->is_stale_history = true;
}

void signals_on_candle(signals_state *state, const cb_event *event, cb_outbox *out)
{
    const cb_candle *candle = CB_BODY(event, cb_candle);
    signals_symbol *symbol = signals_find(state, candle->venue, candle->symbol);
    if (symbol == NULL || !candle->is_closed || candle->interval_s != SIGNALS_BASE_INTERVAL_S) {
        return;
    }
    CB_ASSERT(candle->close_ts_ns == candle->open_ts_ns + BASE_NS);
    state->counts.candles++;
    if (candle->is_backfill) {
        on_backfill(state, symbol, candle);
        return;
    }
    if (symbol->is_waiting) {
        pend(symbol, candle);
        return;
    }
    if (symbol->is_ready && candle->close_ts_ns <= symbol->last_close_ns) {
        symbol->is_stale_history = true; /* a gap behind us was filled */
        return;
    }
    const bool follows = candle->open_ts_ns == symbol->last_close_ns;
    if (symbol->is_ready && !symbol->is_stale_history && follows) {
        take(state, symbol, candle, event, out);
        return;
    }
    pend(symbol, candle);
    signals_ask_history(state, symbol, out);
}

static void bar_to_candle(const signals_config *config,
    const signals_symbol *symbol,
    const signals_bar *bar,
    cb_candle *out)
{
    *out = (cb_candle){
        .interval_s = SIGNALS_BASE_INTERVAL_S,
        .open_ts_ns = bar->open_ts_ns,
        .close_ts_ns = bar->open_ts_ns + BASE_NS,
        .open.e8 = bar->open_e8,
        .high.e8 = bar->high_e8,
        .low.e8 = bar->low_e8,
        .close.e8 = bar->close_e8,
        .volume.e8 = bar->volume_e8,
        .quote_volume.e8 = bar->quote_volume_e8,
        .trades_count = bar->trades_count,
        .is_closed = true,
        .is_backfill = true,
    };
    const bool fits = cb_text_copy(out->venue, sizeof out->venue, cb_sv_from(config->venue));
    CB_ASSERT(fits);
    memcpy(out->symbol, symbol->name, sizeof out->symbol);
}

/* The bars before the first waiting live candle; that one and those after it come from the stream,
 * so that they can be decided on. */
static void append_history(
    signals_state *state, signals_symbol *symbol, const signals_history *history)
{
    CB_ASSERT(history->bars_count <= SIGNALS_HISTORY_CHUNK);
    const int64_t end_ns = symbol->pending_count > 0 ? symbol->pending[0].open_ts_ns : INT64_MAX;
    for (uint32_t i = 0; i < history->bars_count; i++) {
        cb_candle candle;
        bar_to_candle(state->config, symbol, &history->bars[i], &candle);
        const bool is_next = candle.open_ts_ns >= symbol->last_close_ns;
        if (is_next && candle.open_ts_ns < end_ns) {
            append(state, symbol, &candle, NULL);
        }
    }
}

static void finish_history(
    signals_state *state, signals_symbol *symbol, const cb_event *event, cb_outbox *out)
{
    symbol->is_waiting = false;
    symbol->is_ready = true;
    const uint32_t count = symbol->pending_count;
    symbol->pending_count = 0;
    CB_ASSERT(count <= SIGNALS_PENDING_MAX);
    for (uint32_t i = 0; i < count; i++) {
        /* A hole that is still there is the venue's own: the series goes on after it. */
        if (symbol->pending[i].open_ts_ns >= symbol->last_close_ns) {
            take(state, symbol, &symbol->pending[i], event, out);
        }
    }
}

void signals_on_history(signals_state *state, const cb_event *event, cb_outbox *out)
{
    const signals_history *history = CB_BODY(event, signals_history);
    signals_symbol *symbol = signals_find(state, state->config->venue, history->symbol);
    CB_ASSERT(symbol != NULL); /* the shell answers what this core asked */
    if (history->is_first) {
        signals_init_symbol(state, symbol);
    }
    append_history(state, symbol, history);
    symbol->is_answering = !history->is_last;
    if (history->is_last) {
        finish_history(state, symbol, event, out);
    }
}
