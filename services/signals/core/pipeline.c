/* The way of an opinion: raised by a strategy, validated, filtered, weighed with the other sources,
 * decided on. Whatever happens, it ends as one stored signal with one reason. */
#include <string.h>

#include "base/strview.h"
#include "services/signals/core/signals_internal.h"

cb_id signals_next_signal_id(signals_state *state)
{
    CB_ASSERT(state->epoch > 0); /* ids would repeat over restarts */
    return cb_id_make("signals.signal", state->epoch, ++state->signals_made);
}

cb_id signals_next_intent_id(signals_state *state)
{
    CB_ASSERT(state->epoch > 0);
    return cb_id_make("signals.intent", state->epoch, ++state->intents_made);
}

/* A number that a strategy gives, as e8; -1 when it is none: validation refuses that. */
static int64_t e8_or_refused(double value)
{
    int64_t value_e8 = 0;
    return cb_e8_from_f64(value, &value_e8, NULL) == CB_OK ? value_e8 : -1;
}

static void add_value(cb_signal *signal, const char *name, int64_t value_e8)
{
    CB_ASSERT(signal->values_count < sizeof signal->values / sizeof signal->values[0]);
    cb_named_value *slot = &signal->values[signal->values_count++];
    const bool fits = cb_text_copy(slot->name, sizeof slot->name, cb_sv_from(name));
    CB_ASSERT(fits);
    slot->value = cb_f64_from_e8(value_e8);
}

static void fill_signal(signals_state *state,
    const signals_symbol *symbol,
    const signals_round *round,
    const signals_instance *instance,
    cb_signal *signal)
{
    const cb_candle *candle = round->candle;
    signal->signal_id = signals_next_signal_id(state);
    signal->env.causation_id = candle->env.event_id;
    signal->env.correlation_id = signal->signal_id;
    signal->env.origin_ns = candle->env.origin_ns;
    const char *strategy = strategy_at(instance->strategy)->name;
    const bool fits = cb_text_copy(signal->strategy, sizeof signal->strategy, cb_sv_from(strategy));
    CB_ASSERT(fits);
    memcpy(signal->venue, candle->venue, sizeof signal->venue);
    memcpy(signal->symbol, symbol->name, sizeof signal->symbol);
    signal->interval_s = instance->interval_s;
    signal->price = candle->close;
    signal->status = CB_SIGNAL_STATUS_RAW;
    signal->data_ts_ns = candle->close_ts_ns;
    signal->quality = symbol->has_quality ? symbol->quality.score : (cb_ratio){0};
}

void signals_raise(signals_state *state,
    signals_symbol *symbol,
    signals_round *round,
    uint32_t instance,
    const strategy_opinion *opinion)
{
    CB_ASSERT(opinion->side == CB_SIDE_BUY || opinion->side == CB_SIDE_SELL);
    CB_ASSERT(round->fresh_count < SIGNALS_INSTANCES_MAX);
    signals_fresh *fresh = &round->fresh[round->fresh_count++];
    memset(fresh, 0, sizeof *fresh);
    fresh->instance = instance;
    fresh->stop_distance_e8 = e8_or_refused(opinion->stop_distance);
    fresh->profit_distance_e8 = e8_or_refused(opinion->profit_distance);
    cb_signal *signal = &fresh->signal;
    fill_signal(state, symbol, round, &state->plan.instances[instance], signal);
    signal->side = opinion->side;
    signal->purpose = opinion->side == CB_SIDE_BUY ? CB_PURPOSE_ENTRY : CB_PURPOSE_EXIT;
    signal->confidence.e8 = e8_or_refused(opinion->confidence);
    CB_ASSERT(opinion->values_count <= STRATEGY_VALUES_MAX);
    signal->values_count = opinion->values_count;
    memcpy(signal->values, opinion->values, opinion->values_count * sizeof signal->values[0]);
    if (symbol->has_ticker) {
        add_value(signal, "ticker_bid", symbol->ticker.bid.e8);
        add_value(signal, "ticker_ask", symbol->ticker.ask.e8);
    }
    state->counts.raised++;
}

/* Validation, then the filter. True: the opinion counts from now on. */
static bool admit(
    signals_state *state, signals_symbol *symbol, const signals_round *round, signals_fresh *fresh)
{
    const signals_instance *instance = &state->plan.instances[fresh->instance];
    const uint64_t warmup = signals_warmup_bars(state, symbol, instance);
    const signals_facts facts = {
        .config = state->config,
        .signal = &fresh->signal,
        .now_ns = round->event->ts_ns,
        .candle_volume = round->candle->volume,
        .ticker = symbol->has_ticker ? &symbol->ticker : NULL,
        .quality = symbol->has_quality ? &symbol->quality : NULL,
        .bars_seen = symbol->bars_seen[fresh->instance],
        .bars_needed = warmup * (uint64_t)state->config->warmup_factor,
    };
    char *reason = fresh->signal.reason;
    if (!signals_validate(&facts, reason) ||
        !signals_filter(state->config, symbol, fresh->instance, &fresh->signal, reason)) {
        fresh->signal.status = CB_SIGNAL_STATUS_DROPPED;
        state->counts.dropped++;
        return false;
    }
    signals_filter_accept(symbol, fresh->instance, &fresh->signal);
    symbol->sources[fresh->instance] = (signals_source){
        .is_active = true,
        .side = fresh->signal.side,
        .signal_id = fresh->signal.signal_id,
        .confidence_e8 = fresh->signal.confidence.e8,
        .quality_e8 = fresh->signal.quality.e8,
        .data_ts_ns = fresh->signal.data_ts_ns,
    };
    return true;
}

/* The share of an instance in the score; every admitted opinion has one. */
static int64_t share_of(const signals_score *score, uint32_t instance)
{
    for (uint32_t i = 0; i < score->shares_count; i++) {
        if (score->instances[i] == instance) {
            return score->shares[i].share.e8;
        }
    }
    CB_ASSERT(false);
    return 0;
}

/* The strongest admitted opinion on the score's side; or the strongest of all, when none is. */
static signals_fresh *find_leader(signals_round *round, int64_t score_e8)
{
    signals_fresh *leader = NULL;
    int64_t best_e8 = INT64_MIN;
    for (uint32_t i = 0; i < round->fresh_count; i++) {
        signals_fresh *fresh = &round->fresh[i];
        if (fresh->signal.status == CB_SIGNAL_STATUS_DROPPED) {
            continue;
        }
        const int64_t share_e8 = fresh->signal.score.e8;
        const bool is_on_side = (share_e8 >= 0) == (score_e8 >= 0);
        const int64_t size_e8 = share_e8 < 0 ? -share_e8 : share_e8;
        const int64_t rank_e8 = is_on_side ? CB_E8 + size_e8 : size_e8;
        if (rank_e8 > best_e8) {
            best_e8 = rank_e8;
            leader = fresh;
        }
    }
    CB_ASSERT(leader != NULL);
    return leader;
}

static void judge(const signals_state *state,
    const signals_symbol *symbol,
    const signals_fresh *leader,
    cb_ratio score,
    signals_verdict *verdict)
{
    const cb_signal *signal = &leader->signal;
    const bool is_on_side = (signal->side == CB_SIDE_BUY) == (score.e8 >= 0);
    const signals_situation situation = {
        .config = state->config,
        .instrument = symbol->has_instrument ? &symbol->instrument : NULL,
        .score = score,
        .is_desk = symbol->desk != 0,
        .fresh_side = is_on_side ? signal->side : CB_SIDE_NONE,
        .has_position = signals_sellable(symbol, signal->price).e8 > 0,
        .flights_count = symbol->flights_count,
        .has_exit_flight = signals_has_exit_flight(symbol),
        .kill_level = signals_kill_level(state, symbol->name, signal->strategy),
        .data_ts_ns = signal->data_ts_ns,
        .decided_data_ns = symbol->book.decided_data_ns,
        .entry_blocked_ns = symbol->book.entry_blocked_ns,
        .exit_blocked_ns = symbol->book.exit_blocked_ns,
    };
    signals_decide(&situation, verdict);
}

static void store_decision(const signals_round *round,
    const cb_signal *signal,
    const signals_score *score,
    const signals_verdict *verdict,
    cb_outbox *out)
{
    signals_decision *row = CB_STORE(out, SIGNALS_TABLE_DECISION, signals_decision);
    row->signal_id = signal->signal_id;
    row->intent_id = signal->intent_id;
    row->causation_id = round->candle->env.event_id;
    memcpy(row->venue, signal->venue, sizeof row->venue);
    memcpy(row->symbol, signal->symbol, sizeof row->symbol);
    row->purpose = verdict->purpose;
    row->score = score->score;
    row->threshold = verdict->threshold;
    memcpy(row->reason, verdict->reason, sizeof row->reason);
    row->price = signal->price;
    row->data_ts_ns = signal->data_ts_ns;
    row->decided_ns = round->event->ts_ns;
    CB_ASSERT(score->shares_count <= SIGNALS_INSTANCES_MAX);
    row->shares_count = score->shares_count;
    memcpy(row->shares, score->shares, score->shares_count * sizeof row->shares[0]);
}

static void decide(signals_state *state,
    signals_symbol *symbol,
    signals_round *round,
    const signals_score *score,
    cb_outbox *out)
{
    signals_verdict verdict;
    signals_fresh *leader = find_leader(round, score->score.e8);
    judge(state, symbol, leader, score->score, &verdict);
    if (verdict.purpose != CB_PURPOSE_NONE) {
        const signals_order order = {
            .purpose = verdict.purpose,
            .signal = &leader->signal,
            .score = score->score,
            .stop_distance_e8 = leader->stop_distance_e8,
            .profit_distance_e8 = leader->profit_distance_e8,
            .event = round->event,
            .cause = &round->candle->env,
        };
        leader->signal.intent_id = signals_intend(state, symbol, &order, out, verdict.reason);
    }
    if (cb_id_is_none(leader->signal.intent_id)) {
        verdict.purpose = CB_PURPOSE_NONE;
    }
    if (symbol->desk == 0) {
        symbol->book.decided_data_ns = round->candle->close_ts_ns; /* else it is the desk's */
    }
    store_decision(round, &leader->signal, score, &verdict, out);
    for (uint32_t i = 0; i < round->fresh_count; i++) {
        cb_signal *signal = &round->fresh[i].signal;
        if (signal->status == CB_SIGNAL_STATUS_DROPPED) {
            continue;
        }
        const bool is_decided =
            signal == &leader->signal && !cb_id_is_none(leader->signal.intent_id);
        signal->status = is_decided ? CB_SIGNAL_STATUS_DECIDED : CB_SIGNAL_STATUS_AGGREGATED;
        state->counts.decided += is_decided ? 1U : 0U;
        state->counts.aggregated += is_decided ? 0U : 1U;
        memcpy(signal->reason, verdict.reason, sizeof signal->reason);
        CB_ASSERT(signal->reason[0] != '\0');
    }
    signals_store_book(symbol, round->event->ts_ns, out);
}

void signals_conclude(
    signals_state *state, signals_symbol *symbol, signals_round *round, cb_outbox *out)
{
    CB_ASSERT(round->fresh_count <= SIGNALS_INSTANCES_MAX);
    CB_ASSERT(round->candle != NULL);
    uint32_t admitted = 0;
    for (uint32_t i = 0; i < round->fresh_count; i++) {
        admitted += admit(state, symbol, round, &round->fresh[i]) ? 1U : 0U;
    }
    if (admitted > 0) {
        signals_score score;
        signals_score_sum(state->config, &state->plan, symbol, round->candle->close_ts_ns, &score);
        for (uint32_t i = 0; i < round->fresh_count; i++) {
            signals_fresh *fresh = &round->fresh[i];
            if (fresh->signal.status != CB_SIGNAL_STATUS_DROPPED) {
                fresh->signal.score.e8 = share_of(&score, fresh->instance);
            }
        }
        decide(state, symbol, round, &score, out);
    }
    for (uint32_t i = 0; i < round->fresh_count; i++) {
        cb_signal *signal = CB_PUBLISH(out, CB_SUBJECT_SIGNAL, SIGNALS_TABLE_SIGNAL, cb_signal);
        *signal = round->fresh[i].signal;
    }
}
