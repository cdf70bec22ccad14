/* What is held of a symbol, from fills alone: bought less sold, less fees that the venue took in
 * the base asset (so what is held can really be sold). Every fill of the account counts, whoever
 * placed its order. Accounting proper is the portfolio's. */
#include <string.h>

#include "base/strview.h"
#include "services/signals/core/signals_internal.h"

void signals_store_book(signals_symbol *symbol, int64_t now_ns, cb_outbox *out)
{
    CB_ASSERT(symbol != NULL);
    CB_ASSERT(symbol->book.symbol[0] != '\0');
    symbol->book.updated_ns = now_ns;
    signals_book *row = CB_STORE(out, SIGNALS_TABLE_BOOK, signals_book);
    *row = symbol->book;
}

static void open_guard(signals_book *book, const signals_flight *flight)
{
    if (cb_id_equal(book->entry_intent_id, flight->intent_id)) {
        return; /* a further part of the same entry */
    }
    CB_ASSERT(flight->purpose == CB_PURPOSE_ENTRY);
    memcpy(book->strategy, flight->strategy, sizeof book->strategy);
    book->entry_intent_id = flight->intent_id;
    book->entry_price = flight->reference_price;
    book->stop_loss = flight->stop_loss;
    book->take_profit = flight->take_profit;
    /* Prices of the moment of decision are not judged: in a lockstep replay they may be worked on
     * before or after this fill, and must give the same answer. */
    book->guard_from_ns =
        flight->decided_ns > flight->data_ts_ns ? flight->decided_ns : flight->data_ts_ns;
}

static void close_guard(signals_book *book)
{
    memset(book->strategy, 0, sizeof book->strategy);
    book->entry_intent_id = (cb_id){0, 0};
    book->entry_price = (cb_price){0};
    book->stop_loss = (cb_price){0};
    book->take_profit = (cb_price){0};
    book->guard_from_ns = 0;
    book->cost = (cb_amount){0};
}

/* What is left is less than the venue would take: dust. */
static bool is_flat(const signals_symbol *symbol, cb_price price)
{
    if (symbol->book.qty.e8 <= 0) {
        return true;
    }
    return symbol->has_instrument && signals_sellable(symbol, price).e8 == 0;
}

/* What was paid for what is held: more with a purchase, less in proportion with a sale. */
static void follow_cost(signals_book *book, const cb_fill *fill, int64_t qty_before_e8)
{
    int64_t value_e8 = 0;
    CB_ASSERT(fill->qty.e8 >= 0);
    CB_ASSERT(fill->price.e8 >= 0);
    if (fill->side == CB_SIDE_BUY) {
        const cb_status status =
            cb_mul_e8(fill->qty.e8, fill->price.e8, CB_ROUND_UP, &value_e8, NULL);
        const bool has_overflow =
            status != CB_OK || __builtin_add_overflow(book->cost.e8, value_e8, &book->cost.e8);
        CB_ASSERT(!has_overflow);
        return;
    }
    const int64_t left_e8 = book->qty.e8 > 0 ? book->qty.e8 : 0;
    book->cost.e8 = qty_before_e8 > left_e8
                        ? (int64_t)((cb_i128)book->cost.e8 * left_e8 / qty_before_e8)
                        : book->cost.e8;
}

void signals_on_fill(signals_state *state, const cb_event *event, cb_outbox *out)
{
    const cb_fill *fill = CB_BODY(event, cb_fill);
    signals_symbol *symbol = signals_find(state, fill->venue, fill->symbol);
    if (symbol == NULL || !cb_text_equal(fill->account, state->config->account)) {
        return;
    }
    signals_book *book = &symbol->book;
    const bool is_buy = fill->side == CB_SIDE_BUY;
    const bool is_fee_in_base = cb_text_equal(fill->fee_asset, fill->base_asset);
    int64_t change_e8 = is_buy ? fill->qty.e8 : -fill->qty.e8;
    change_e8 -= is_fee_in_base ? fill->fee.e8 : 0;
    const int64_t qty_before_e8 = book->qty.e8;
    const bool has_overflow = __builtin_add_overflow(book->qty.e8, change_e8, &book->qty.e8);
    CB_ASSERT(!has_overflow);
    follow_cost(book, fill, qty_before_e8);
    book->fills_count++;
    signals_flight *flight = signals_find_flight(symbol, fill->intent_id);
    if (flight != NULL) {
        flight->filled.e8 += fill->qty.e8;
        if (is_buy && flight->purpose == CB_PURPOSE_ENTRY) {
            open_guard(book, flight);
        }
        signals_store_flight(flight, out);
    }
    if (!is_buy && is_flat(symbol, fill->price)) {
        if (flight == NULL && signals_is_bracket(book)) {
            /* The bracket has closed itself: no intent of ours blocks the next entry. */
            const int64_t until_ns = event->ts_ns + state->config->entry_cooldown_ns;
            book->entry_blocked_ns =
                until_ns > book->entry_blocked_ns ? until_ns : book->entry_blocked_ns;
        }
        close_guard(book);
    }
    signals_store_book(symbol, event->ts_ns, out);
}
