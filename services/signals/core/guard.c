/* Stop-loss and take-profit: every bid of the ticker and every candle's close is held against the
 * levels of the position. A hit leaves as a reduce-only exit with its own signal, so that it can be
 * explained like any other decision. */
#include <string.h>

#include "base/strview.h"
#include "base/textbuf.h"
#include "services/signals/core/signals_internal.h"

/* Which level a price has reached; NONE otherwise. */
static cb_purpose level_hit(const signals_book *book, cb_price price)
{
    CB_ASSERT(price.e8 > 0);
    if (book->stop_loss.e8 > 0 && price.e8 <= book->stop_loss.e8) {
        return CB_PURPOSE_STOP_LOSS;
    }
    if (book->take_profit.e8 > 0 && price.e8 >= book->take_profit.e8) {
        return CB_PURPOSE_TAKE_PROFIT;
    }
    return CB_PURPOSE_NONE;
}

static bool may_exit(
    const signals_state *state, const signals_symbol *symbol, const signals_quote *quote)
{
    const signals_book *book = &symbol->book;
    return quote->at_ns > book->guard_from_ns && quote->at_ns > book->exit_blocked_ns &&
           !signals_has_exit_flight(symbol) && signals_sellable(symbol, quote->price).e8 > 0 &&
           signals_kill_level(state, symbol->name, book->strategy) < 2;
}

static void add_value(cb_signal *signal, const char *name, int64_t value_e8)
{
    cb_named_value *slot = &signal->values[signal->values_count++];
    const bool fits = cb_text_copy(slot->name, sizeof slot->name, cb_sv_from(name));
    CB_ASSERT(fits);
    slot->value = cb_f64_from_e8(value_e8);
}

static void say_hit(cb_signal *signal, const signals_book *book)
{
    const bool is_stop = signal->purpose == CB_PURPOSE_STOP_LOSS;
    cb_textbuf text = cb_textbuf_over(signal->reason, sizeof signal->reason);
    cb_textbuf_add(&text, is_stop ? "stop_loss: " : "take_profit: ");
    cb_textbuf_add_e8(&text, signal->price.e8);
    cb_textbuf_add(&text, is_stop ? " <= " : " >= ");
    cb_textbuf_add_e8(&text, is_stop ? book->stop_loss.e8 : book->take_profit.e8);
}

static void fill_signal(signals_state *state,
    const signals_symbol *symbol,
    const signals_quote *quote,
    cb_purpose purpose,
    cb_signal *signal)
{
    const signals_book *book = &symbol->book;
    signal->signal_id = signals_next_signal_id(state);
    signal->env.causation_id = quote->env->event_id;
    signal->env.correlation_id = signal->signal_id;
    signal->env.origin_ns = quote->env->origin_ns;
    memcpy(signal->strategy, book->strategy, sizeof signal->strategy);
    memcpy(signal->venue, book->venue, sizeof signal->venue);
    memcpy(signal->symbol, symbol->name, sizeof signal->symbol);
    signal->interval_s = SIGNALS_BASE_INTERVAL_S;
    signal->side = CB_SIDE_SELL;
    signal->purpose = purpose;
    signal->price = quote->price;
    signal->score.e8 = -CB_E8;
    signal->confidence.e8 = CB_E8;
    signal->quality = symbol->has_quality ? symbol->quality.score : (cb_ratio){0};
    signal->data_ts_ns = symbol->last_close_ns;
    add_value(signal, "stop_loss", book->stop_loss.e8);
    add_value(signal, "take_profit", book->take_profit.e8);
    add_value(signal, "entry_price", book->entry_price.e8);
    add_value(signal, "position_qty", book->qty.e8);
    say_hit(signal, book);
}

void signals_exit_raise(signals_state *state,
    signals_symbol *symbol,
    const signals_quote *quote,
    const cb_event *event,
    cb_purpose purpose,
    cb_signal *signal,
    cb_outbox *out)
{
    CB_ASSERT(quote->env != NULL);
    CB_ASSERT(purpose != CB_PURPOSE_NONE);
    const signals_order order = {
        .purpose = purpose,
        .signal = signal,
        .score = signal->score,
        .event = event,
        .cause = quote->env,
    };
    state->counts.raised++;
    signal->intent_id = signals_intend(state, symbol, &order, out, signal->reason);
    const bool is_decided = !cb_id_is_none(signal->intent_id);
    signal->status = is_decided ? CB_SIGNAL_STATUS_DECIDED : CB_SIGNAL_STATUS_DROPPED;
    state->counts.decided += is_decided ? 1U : 0U;
    state->counts.dropped += is_decided ? 0U : 1U;
    if (!is_decided) {
        symbol->book.exit_blocked_ns = quote->at_ns + state->config->exit_retry_ns;
    }
    cb_signal *published = CB_PUBLISH(out, CB_SUBJECT_SIGNAL, SIGNALS_TABLE_SIGNAL, cb_signal);
    *published = *signal;
}

void signals_guard(signals_state *state,
    signals_symbol *symbol,
    const signals_quote *quote,
    const cb_event *event,
    cb_outbox *out)
{
    CB_ASSERT(quote->env != NULL);
    CB_ASSERT(quote->price.e8 > 0);
    const cb_purpose purpose = level_hit(&symbol->book, quote->price);
    if (purpose == CB_PURPOSE_NONE) {
        return;
    }
    (void)signals_desk_withdraw(
        state, symbol, quote, event, out); /* they would claim what is held */
    if (!may_exit(state, symbol, quote)) {
        return;
    }
    cb_signal signal;
    memset(&signal, 0, sizeof signal);
    fill_signal(state, symbol, quote, purpose, &signal);
    signals_exit_raise(state, symbol, quote, event, purpose, &signal, out);
}
