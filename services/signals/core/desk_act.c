/* From a desk's plan to intents and cancels. What is wanted and not there is placed, each order
 * with a signal of its own that explains it; what is there and not wanted is asked to be cancelled,
 * and its slot stays closed until that is proven. Quality, kill levels and the instrument are
 * looked at here as for every other intent; everything else is risk's. */
#include <string.h>

#include "base/strview.h"
#include "base/textbuf.h"
#include "domain/instrument.h"
#include "services/signals/core/signals_internal.h"

#define PRICE_TOLERANCE 0.0005 /* a resting order this near to what is wanted stays where it is */
#define QTY_TOLERANCE 0.02

static void view_leg(
    const signals_config *config, const signals_symbol *symbol, int64_t now_ns, desk_leg *leg)
{
    const cb_ticker *ticker = &symbol->ticker;
    memset(leg, 0, sizeof *leg);
    if (symbol->has_ticker && now_ns - ticker->recv_ns <= config->ticker_age_max_ns) {
        leg->bid = cb_f64_from_e8(ticker->bid.e8);
        leg->ask = cb_f64_from_e8(ticker->ask.e8);
        leg->bid_qty = cb_f64_from_e8(ticker->bid_qty.e8);
        leg->ask_qty = cb_f64_from_e8(ticker->ask_qty.e8);
    }
    leg->held = symbol->book.qty.e8 > 0 ? cb_f64_from_e8(symbol->book.qty.e8) : 0;
    leg->cost = cb_f64_from_e8(symbol->book.cost.e8);
    leg->lot = symbol->has_instrument ? cb_f64_from_e8(symbol->instrument.lot_size.e8) : 0;
    leg->notional = symbol->has_instrument ? cb_f64_from_e8(symbol->instrument.notional_min.e8) : 0;
    for (uint32_t i = 0; i < symbol->flights_count; i++) {
        const signals_flight *flight = &symbol->flights[i];
        if (flight->slot == 0 || leg->orders_count == DESK_SLOTS_MAX) {
            continue;
        }
        leg->orders[leg->orders_count++] = (desk_order){.slot = flight->slot - 1,
            .side = flight->side,
            .price = cb_f64_from_e8(flight->limit_price.e8),
            .qty = cb_f64_from_e8(flight->qty.e8),
            .filled = cb_f64_from_e8(flight->filled.e8)};
    }
}

void signals_desk_view(const signals_state *state, uint32_t number, int64_t now_ns, desk_view *view)
{
    const signals_desk_spec *spec = &state->plan.desks[number];
    CB_ASSERT(spec->legs_count <= DESK_LEGS_MAX);
    view->budget = cb_f64_from_e8(spec->budget_e8);
    view->legs_count = spec->legs_count;
    for (uint32_t i = 0; i < spec->legs_count; i++) {
        view_leg(state->config,
            &state->symbols[state->desks[number].symbols[i]],
            now_ns,
            &view->legs[i]);
    }
}

static void ask_cancel(signals_state *state,
    signals_symbol *symbol,
    signals_flight *flight,
    const signals_quote *quote,
    const cb_event *event,
    cb_outbox *out)
{
    CB_ASSERT(flight->slot != 0);
    CB_ASSERT(!flight->is_closed);
    cb_order_command *command =
        CB_PUBLISH(out, CB_SUBJECT_INTENT_COMMAND, CB_TABLE_NONE, cb_order_command);
    command->env.causation_id = quote->env->event_id;
    command->env.correlation_id = flight->signal_id;
    command->env.origin_ns = quote->env->origin_ns;
    command->command_id = signals_next_intent_id(state);
    command->intent_id = flight->intent_id;
    memcpy(command->account, symbol->book.account, sizeof command->account);
    memcpy(command->venue, symbol->book.venue, sizeof command->venue);
    command->kind = CB_COMMAND_CANCEL;
    cb_textbuf text = cb_textbuf_over(command->reason, sizeof command->reason);
    cb_textbuf_add(&text, "desk: not wanted any more");
    memcpy(command->actor, flight->strategy, sizeof flight->strategy);
    command->asked_ns = event->ts_ns;
    flight->is_canceling = true;
    signals_store_flight(flight, out);
}

bool signals_desk_withdraw(signals_state *state,
    signals_symbol *symbol,
    const signals_quote *quote,
    const cb_event *event,
    cb_outbox *out)
{
    bool has_any = false;
    CB_ASSERT(symbol->flights_count <= SIGNALS_FLIGHTS_MAX);
    CB_ASSERT(quote->env != NULL);
    for (uint32_t i = 0; i < symbol->flights_count; i++) {
        signals_flight *flight = &symbol->flights[i];
        if (flight->slot != 0 && !flight->is_canceling) {
            ask_cancel(state, symbol, flight, quote, event, out);
        }
        has_any = has_any || flight->slot != 0;
    }
    return has_any;
}

static bool is_near(double value, double wanted, double tolerance)
{
    const double gap = value > wanted ? value - wanted : wanted - value;
    return gap <= tolerance * wanted;
}

/* The order in a wish's slot; NULL when the slot is free. */
static signals_flight *flight_in(signals_symbol *symbol, uint32_t slot)
{
    for (uint32_t i = 0; i < symbol->flights_count; i++) {
        if (symbol->flights[i].slot == slot + 1) {
            return &symbol->flights[i];
        }
    }
    return NULL;
}

static const desk_wish *wish_of(const desk_plan *plan, uint32_t leg, uint32_t slot)
{
    for (uint32_t i = 0; i < plan->wishes_count; i++) {
        if (plan->wishes[i].leg == leg && plan->wishes[i].slot == slot) {
            return &plan->wishes[i];
        }
    }
    return NULL;
}

/* What is open is what is wanted, or an order at market, which ends by itself. */
static bool is_wanted(const signals_flight *flight, const desk_wish *wish)
{
    if (flight->slot == 1) {
        return true;
    }
    const double left = cb_f64_from_e8(flight->qty.e8 - flight->filled.e8);
    return wish != NULL && wish->side == flight->side &&
           is_near(cb_f64_from_e8(flight->limit_price.e8), wish->price, PRICE_TOLERANCE) &&
           is_near(left, wish->qty, QTY_TOLERANCE);
}

/* Why a wish may not become an order now; NULL when it may. */
static const char *obstacle(const signals_state *state,
    const signals_symbol *symbol,
    const desk_wish *wish,
    const signals_round *round)
{
    const char *name = desk_at(state->plan.desks[symbol->desk - 1].kind)->name;
    const uint32_t level = signals_kill_level(state, symbol->name, name);
    const bool is_buy = wish->side == CB_SIDE_BUY;
    if (level >= 2 || (is_buy && level >= 1)) {
        return "kill";
    }
    if (!symbol->has_instrument || symbol->instrument.status != CB_INSTRUMENT_STATUS_TRADING) {
        return "not_trading";
    }
    if (is_buy && (!symbol->has_quality || symbol->quality.is_stale ||
                      symbol->quality.score.e8 < state->config->quality_min_e8)) {
        return "quality";
    }
    const int64_t blocked_ns =
        is_buy ? symbol->book.entry_blocked_ns : symbol->book.exit_blocked_ns;
    return round->candle->close_ts_ns <= blocked_ns ? "cooldown" : NULL;
}

static void fill_signal(signals_state *state,
    const signals_symbol *symbol,
    const desk_plan *plan,
    const desk_wish *wish,
    const signals_round *round,
    cb_signal *signal)
{
    const signals_desk_spec *spec = &state->plan.desks[symbol->desk - 1];
    memset(signal, 0, sizeof *signal);
    signal->signal_id = signals_next_signal_id(state);
    signal->env.causation_id = round->candle->env.event_id;
    signal->env.correlation_id = signal->signal_id;
    signal->env.origin_ns = round->candle->env.origin_ns;
    const bool fits = cb_text_copy(
        signal->strategy, sizeof signal->strategy, cb_sv_from(desk_at(spec->kind)->name));
    CB_ASSERT(fits);
    memcpy(signal->venue, symbol->book.venue, sizeof signal->venue);
    memcpy(signal->symbol, symbol->name, sizeof signal->symbol);
    signal->interval_s = spec->interval_s;
    signal->side = wish->side;
    signal->purpose = wish->side == CB_SIDE_BUY ? CB_PURPOSE_ENTRY : CB_PURPOSE_EXIT;
    signal->price.e8 = symbol->last_close_e8;
    signal->score.e8 = wish->side == CB_SIDE_BUY ? CB_E8 : -CB_E8;
    signal->confidence.e8 = CB_E8;
    signal->quality = symbol->has_quality ? symbol->quality.score : (cb_ratio){0};
    signal->data_ts_ns = round->candle->close_ts_ns;
    signal->values_count = plan->values_count;
    memcpy(signal->values, plan->values, plan->values_count * sizeof signal->values[0]);
    cb_textbuf text = cb_textbuf_over(signal->reason, sizeof signal->reason);
    cb_textbuf_add(&text, wish->reason);
}

/* Raises the order's signal and its intent; a signal that leads to none says why. */
static void place(signals_state *state,
    signals_symbol *symbol,
    const desk_plan *plan,
    const desk_wish *wish,
    const signals_round *round,
    cb_outbox *out)
{
    cb_signal signal;
    fill_signal(state, symbol, plan, wish, round, &signal);
    const signals_order order = {.purpose = signal.purpose,
        .signal = &signal,
        .score = signal.score,
        .wish = wish,
        .event = round->event,
        .cause = &round->candle->env};
    state->counts.raised++;
    signal.intent_id = signals_intend(state, symbol, &order, out, signal.reason);
    const bool is_decided = !cb_id_is_none(signal.intent_id);
    signal.status = is_decided ? CB_SIGNAL_STATUS_DECIDED : CB_SIGNAL_STATUS_DROPPED;
    state->counts.decided += is_decided ? 1U : 0U;
    state->counts.dropped += is_decided ? 0U : 1U;
    cb_signal *published = CB_PUBLISH(out, CB_SUBJECT_SIGNAL, SIGNALS_TABLE_SIGNAL, cb_signal);
    *published = signal;
}

static void work_leg(signals_state *state,
    signals_symbol *symbol,
    const desk_plan *plan,
    const signals_round *round,
    cb_outbox *out)
{
    const signals_quote quote = {
        {symbol->last_close_e8}, round->candle->close_ts_ns, &round->candle->env};
    for (uint32_t i = 0; i < symbol->flights_count; i++) {
        signals_flight *flight = &symbol->flights[i];
        if (flight->slot != 0 &&
            !is_wanted(flight, wish_of(plan, symbol->desk_leg, flight->slot - 1))) {
            ask_cancel(state, symbol, flight, &quote, round->event, out);
        }
    }
    for (uint32_t i = 0; i < plan->wishes_count; i++) {
        const desk_wish *wish = &plan->wishes[i];
        if (wish->leg != symbol->desk_leg || flight_in(symbol, wish->slot) != NULL ||
            obstacle(state, symbol, wish, round) != NULL) {
            continue;
        }
        place(state, symbol, plan, wish, round, out);
    }
}

void signals_desk_conclude(
    signals_state *state, const signals_symbol *symbol, const signals_round *round, cb_outbox *out)
{
    if (symbol->desk == 0 || !state->desks[symbol->desk - 1].has_plan) {
        return;
    }
    signals_desk *desk = &state->desks[symbol->desk - 1];
    const signals_desk_spec *spec = &state->plan.desks[symbol->desk - 1];
    CB_ASSERT(desk->plan.wishes_count <= DESK_WISHES_MAX);
    CB_ASSERT(round->candle != NULL);
    desk->has_plan = false;
    for (uint32_t i = 0; i < spec->legs_count; i++) {
        signals_symbol *leg = &state->symbols[desk->symbols[i]];
        /* A candle that was acted on is not acted on again after a restart. */
        if (leg->is_ready && leg->last_close_e8 > 0 &&
            round->candle->close_ts_ns > leg->book.decided_data_ns) {
            work_leg(state, leg, &desk->plan, round, out);
            leg->book.decided_data_ns = round->candle->close_ts_ns;
            signals_store_book(leg, round->event->ts_ns, out);
        }
    }
}
