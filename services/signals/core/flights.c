/* Intents on their way. An open one blocks new entries of its symbol until its order has ended,
 * risk has denied it, or nothing was heard of it until long after its own end. Blocks are data
 * times: what happened while a candle was worked on never lets the same candle decide again. */
#include <string.h>

#include "base/strview.h"
#include "base/textbuf.h"
#include "services/signals/core/signals_internal.h"

signals_flight *signals_find_flight(signals_symbol *symbol, cb_id intent_id)
{
    CB_ASSERT(symbol->flights_count <= SIGNALS_FLIGHTS_MAX);
    for (uint32_t i = 0; i < symbol->flights_count; i++) {
        if (cb_id_equal(symbol->flights[i].intent_id, intent_id)) {
            return &symbol->flights[i];
        }
    }
    return NULL;
}

bool signals_has_exit_flight(const signals_symbol *symbol)
{
    CB_ASSERT(symbol->flights_count <= SIGNALS_FLIGHTS_MAX);
    for (uint32_t i = 0; i < symbol->flights_count; i++) {
        if (symbol->flights[i].side == CB_SIDE_SELL) {
            return true;
        }
    }
    return false;
}

void signals_store_flight(const signals_flight *flight, cb_outbox *out)
{
    signals_flight *row = CB_STORE(out, SIGNALS_TABLE_FLIGHT, signals_flight);
    *row = *flight;
}

void signals_add_flight(signals_symbol *symbol, const signals_flight *flight, cb_outbox *out)
{
    CB_ASSERT(symbol->flights_count < SIGNALS_FLIGHTS_MAX);
    CB_ASSERT(!cb_id_is_none(flight->intent_id));
    symbol->flights[symbol->flights_count++] = *flight;
    signals_store_flight(flight, out);
}

static int64_t later(int64_t a_ns, int64_t b_ns)
{
    return a_ns > b_ns ? a_ns : b_ns;
}

/* After an exit, or an entry that came to nothing, the next entry waits; a failed exit is tried
 * again after a moment. */
static void block(
    const signals_config *config, signals_book *book, const signals_flight *flight, bool is_filled)
{
    const int64_t known_ns = later(flight->decided_ns, flight->data_ts_ns);
    if (flight->slot != 0) {
        /* A desk's orders come and go as it wants them; only a refused one makes it wait. */
        const bool is_refused = !is_filled && !flight->is_canceling;
        const int64_t until_ns = is_refused ? known_ns + config->exit_retry_ns : 0;
        book->entry_blocked_ns = later(book->entry_blocked_ns, until_ns);
        return;
    }
    CB_ASSERT(config->entry_cooldown_ns >= 0);
    CB_ASSERT(config->exit_retry_ns >= 0);
    if (flight->side == CB_SIDE_SELL || !is_filled) {
        const int64_t until_ns = later(known_ns, flight->data_ts_ns + config->entry_cooldown_ns);
        book->entry_blocked_ns = later(book->entry_blocked_ns, until_ns);
    }
    if (flight->side == CB_SIDE_SELL && !is_filled) {
        book->exit_blocked_ns = later(book->exit_blocked_ns, known_ns + config->exit_retry_ns);
    }
}

static void close_flight(const signals_config *config,
    signals_symbol *symbol,
    signals_flight *flight,
    bool is_filled,
    const char *reason,
    const char *detail,
    int64_t now_ns,
    cb_outbox *out)
{
    const ptrdiff_t index = flight - symbol->flights;
    CB_ASSERT(index >= 0);
    CB_ASSERT((uint32_t)index < symbol->flights_count);
    cb_textbuf text = cb_textbuf_over(flight->reason, sizeof flight->reason);
    cb_textbuf_add(&text, reason);
    cb_textbuf_add(&text, detail);
    flight->is_closed = true;
    signals_store_flight(flight, out);
    block(config, &symbol->book, flight, is_filled);
    const size_t behind = symbol->flights_count - (size_t)index - 1U;
    memmove(flight, flight + 1, behind * sizeof *flight);
    symbol->flights_count--;
    signals_store_book(symbol, now_ns, out);
}

static bool is_terminal(cb_order_state order_state)
{
    return order_state == CB_ORDER_STATE_FILLED || order_state == CB_ORDER_STATE_CANCELED ||
           order_state == CB_ORDER_STATE_EXPIRED || order_state == CB_ORDER_STATE_REJECTED ||
           order_state == CB_ORDER_STATE_NOT_SENT;
}

void signals_on_order(signals_state *state, const cb_event *event, cb_outbox *out)
{
    const cb_order *order = CB_BODY(event, cb_order);
    signals_symbol *symbol = signals_find(state, order->venue, order->symbol);
    if (symbol == NULL || !cb_text_equal(order->account, state->config->account)) {
        return;
    }
    signals_flight *flight = signals_find_flight(symbol, order->intent_id);
    if (flight == NULL) {
        return; /* not ours, or ended before */
    }
    CB_ASSERT(!flight->is_closed);
    const bool is_first_word = flight->order_state == CB_ORDER_STATE_NONE;
    flight->order_state = order->state;
    if (is_terminal(order->state)) {
        const char *name = CB_NAME(cb_order_state, order->state);
        close_flight(state->config,
            symbol,
            flight,
            order->cum_qty.e8 > 0,
            "order ",
            name,
            event->ts_ns,
            out);
    } else if (is_first_word) {
        signals_store_flight(flight, out);
    }
}

void signals_on_denial(signals_state *state, const cb_event *event, cb_outbox *out)
{
    const cb_denial *denial = CB_BODY(event, cb_denial);
    signals_symbol *symbol = signals_find(state, denial->venue, denial->symbol);
    if (symbol == NULL || !cb_text_equal(denial->account, state->config->account)) {
        return;
    }
    signals_flight *flight = signals_find_flight(symbol, denial->intent_id);
    if (flight == NULL) {
        return;
    }
    CB_ASSERT(!flight->is_closed);
    state->counts.denials++;
    close_flight(
        state->config, symbol, flight, false, "denied by ", denial->rule, event->ts_ns, out);
}

void signals_expire_flights(
    const signals_config *config, signals_symbol *symbol, int64_t now_ns, cb_outbox *out)
{
    CB_ASSERT(config->intent_grace_ns >= 0);
    CB_ASSERT(symbol->flights_count <= SIGNALS_FLIGHTS_MAX);
    for (uint32_t i = symbol->flights_count; i > 0; i--) {
        signals_flight *flight = &symbol->flights[i - 1];
        const bool is_unheard = flight->order_state == CB_ORDER_STATE_NONE;
        if (is_unheard && now_ns > flight->not_after_ns + config->intent_grace_ns) {
            close_flight(config, symbol, flight, false, "no answer", "", now_ns, out);
        }
    }
}
