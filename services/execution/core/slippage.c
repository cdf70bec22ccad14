/* What a market order may cost at most, beyond the collar: its own bound against the price of the
 * decision. The validated book says what the quantity would cost; an order that would go beyond is
 * refused, or is sent as an immediate limit at the bound, so that the venue holds it too. */
#include "domain/instrument.h"
#include "services/execution/core/exec_internal.h"

static bool slippage_applies(const exec_order *order)
{
    return order->row.order_type == CB_ORDER_TYPE_MARKET && order->row.max_slippage.e8 > 0 &&
           order->reference_price.e8 > 0;
}

/* Reference price and the bound, rounded to the tick on the cautious side; 0: not a price. */
static int64_t slippage_limit(exec_state *state, const exec_order *order)
{
    const exec_symbol *symbol = exec_symbol_find(state, order->row.symbol);
    const bool is_buy = order->row.side == CB_SIDE_BUY;
    int64_t distance_e8 = 0;
    cb_price limit = {0};
    if (symbol == NULL || cb_mul_e8(order->reference_price.e8,
                              order->row.max_slippage.e8,
                              CB_ROUND_DOWN,
                              &distance_e8,
                              NULL) != CB_OK) {
        return 0;
    }
    const int64_t sum_e8 =
        is_buy ? order->reference_price.e8 + distance_e8 : order->reference_price.e8 - distance_e8;
    const cb_status status = cb_instrument_round_price(&symbol->instrument,
        (cb_price){sum_e8},
        is_buy ? CB_ROUND_DOWN : CB_ROUND_UP,
        &limit,
        NULL);
    return status == CB_OK && limit.e8 > 0 ? limit.e8 : 0;
}

static bool book_is_fresh(const exec_state *state, const exec_symbol *symbol)
{
    return symbol != NULL && symbol->has_book && symbol->book.is_valid &&
           state->now_ns - symbol->book.recv_ns <= state->hard_caps.rules.data_age_max_ns;
}

/* The worst price that the quantity reaches in the book; 0 when the book does not hold it. */
static int64_t book_reach(const cb_book *book, cb_side side, cb_qty qty)
{
    const bool is_buy = side == CB_SIDE_BUY;
    const cb_level *levels = is_buy ? book->asks : book->bids;
    const uint32_t count = is_buy ? book->asks_count : book->bids_count;
    int64_t left_e8 = qty.e8;
    for (uint32_t i = 0; i < count; i++) {
        left_e8 -= levels[i].qty.e8;
        if (left_e8 <= 0) {
            return levels[i].price.e8;
        }
    }
    return 0;
}

static const char *slippage_say(char *text, const char *words, int64_t seen_e8, int64_t limit_e8)
{
    cb_textbuf line = cb_textbuf_over(text, EXEC_REASON_MAX);
    cb_textbuf_add(&line, words);
    cb_textbuf_add_e8(&line, seen_e8);
    cb_textbuf_add(&line, " against ");
    cb_textbuf_add_e8(&line, limit_e8);
    return text;
}

const char *exec_slippage_refusal(
    exec_state *state, const exec_order *order, char text[EXEC_REASON_MAX])
{
    CB_ASSERT(text != NULL);
    if (!slippage_applies(order)) {
        return NULL;
    }
    const exec_symbol *symbol = exec_symbol_find(state, order->row.symbol);
    const bool is_buy = order->row.side == CB_SIDE_BUY;
    const int64_t limit_e8 = slippage_limit(state, order);
    if (limit_e8 <= 0) {
        return "max_slippage: no price to hold it against";
    }
    if (state->config->is_slippage_sent) {
        return NULL; /* the venue holds it */
    }
    if (!book_is_fresh(state, symbol)) {
        return "max_slippage: no valid book";
    }
    const int64_t worst_e8 = book_reach(&symbol->book, order->row.side, order->row.qty);
    if (worst_e8 == 0) {
        return "max_slippage: the book does not hold the quantity";
    }
    const bool is_beyond = is_buy ? worst_e8 > limit_e8 : worst_e8 < limit_e8;
    return is_beyond ? slippage_say(text, "max_slippage: would reach ", worst_e8, limit_e8) : NULL;
}

cb_price exec_slippage_bound(exec_state *state, const exec_order *order)
{
    if (!slippage_applies(order) || !state->config->is_slippage_sent) {
        return (cb_price){0};
    }
    const int64_t limit_e8 = slippage_limit(state, order);
    CB_ASSERT(limit_e8 >= 0);
    return (cb_price){limit_e8};
}
