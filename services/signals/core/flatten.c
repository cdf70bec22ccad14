/* Kill level 3: what is held is closed, slice by slice, on every price that comes. Each slice is a
 * reduce-only limit order that takes what is there down to the collar and leaves nothing behind;
 * the next one follows when it has ended. It passes risk and the order path like any other, and its
 * signal explains it. */
#include <string.h>

#include "base/strview.h"
#include "base/textbuf.h"
#include "domain/instrument.h"
#include "services/signals/core/signals_internal.h"

#define FLATTEN_LEVEL 3

static bool is_due(
    const signals_state *state, const signals_symbol *symbol, const signals_quote *quote)
{
    const signals_book *book = &symbol->book;
    return book->qty.e8 > 0 &&
           signals_kill_level(state, symbol->name, book->strategy) == FLATTEN_LEVEL &&
           quote->at_ns > book->exit_blocked_ns && !signals_has_exit_flight(symbol) &&
           signals_sellable(symbol, quote->price).e8 > 0;
}

static void fill_signal(signals_state *state,
    const signals_symbol *symbol,
    const signals_quote *quote,
    cb_signal *signal)
{
    const signals_book *book = &symbol->book;
    memset(signal, 0, sizeof *signal);
    signal->signal_id = signals_next_signal_id(state);
    signal->env.causation_id = quote->env->event_id;
    signal->env.correlation_id = signal->signal_id;
    signal->env.origin_ns = quote->env->origin_ns;
    memcpy(signal->strategy, book->strategy, sizeof signal->strategy);
    memcpy(signal->venue, book->venue, sizeof signal->venue);
    memcpy(signal->symbol, symbol->name, sizeof signal->symbol);
    signal->interval_s = SIGNALS_BASE_INTERVAL_S;
    signal->side = CB_SIDE_SELL;
    signal->purpose = CB_PURPOSE_FLATTEN;
    signal->price = quote->price;
    signal->score.e8 = -CB_E8;
    signal->confidence.e8 = CB_E8;
    signal->quality = symbol->has_quality ? symbol->quality.score : (cb_ratio){0};
    signal->data_ts_ns = symbol->last_close_ns;
    cb_textbuf text = cb_textbuf_over(signal->reason, sizeof signal->reason);
    cb_textbuf_add(&text, "flatten: kill level 3");
}

cb_qty signals_slice(const signals_config *config, const signals_symbol *symbol, cb_price price)
{
    const cb_qty all = signals_sellable(symbol, price);
    cb_qty slice = {0};
    CB_ASSERT(price.e8 > 0);
    CB_ASSERT(config->flatten_slice_e8 > 0);
    const cb_status status =
        cb_div_e8(config->flatten_slice_e8, price.e8, CB_ROUND_DOWN, &slice.e8, NULL);
    /* A rest that is less than half a slice goes along: it might be too small to go alone. */
    if (status != CB_OK || all.e8 - slice.e8 < slice.e8 / 2 ||
        cb_instrument_round_qty(&symbol->instrument, slice, CB_ROUND_DOWN, &slice, NULL) != CB_OK) {
        return all;
    }
    return slice.e8 >= symbol->instrument.qty_min.e8 ? slice : all;
}

void signals_flatten(signals_state *state,
    signals_symbol *symbol,
    const signals_quote *quote,
    const cb_event *event,
    cb_outbox *out)
{
    CB_ASSERT(quote->env != NULL);
    CB_ASSERT(quote->price.e8 > 0);
    if (signals_kill_level(state, symbol->name, symbol->book.strategy) >= 2) {
        (void)signals_desk_withdraw(state, symbol, quote, event, out);
    }
    if (!is_due(state, symbol, quote)) {
        return;
    }
    cb_signal signal;
    fill_signal(state, symbol, quote, &signal);
    signals_exit_raise(state, symbol, quote, event, CB_PURPOSE_FLATTEN, &signal, out);
}
