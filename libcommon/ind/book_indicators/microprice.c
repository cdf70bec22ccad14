/* Microprice: the middle of the best quotes, drawn to the side that will be used up sooner. */
#include "base/assert.h"
#include "ind/book_indicator.h"

typedef struct microprice_state {
    uint64_t books;
} microprice_state;

static const char *const outputs[] = {"microprice", "middle"};

static size_t microprice_state_size(const int64_t *values)
{
    (void)values;
    return sizeof(microprice_state);
}

static uint32_t microprice_warmup(const int64_t *values)
{
    (void)values;
    return 1;
}

static void microprice_init(void *state, const int64_t *values)
{
    (void)values;
    CB_ASSERT(state != NULL);
    microprice_state *micro = state;
    *micro = (microprice_state){.books = 0};
}

static bool microprice_update(void *state, const cb_book_view *book, double *out)
{
    CB_ASSERT(state != NULL && out != NULL);
    CB_ASSERT(book != NULL && book->bids_count > 0 && book->asks_count > 0);
    microprice_state *micro = state;
    const cb_book_level bid = book->bids[0];
    const cb_book_level ask = book->asks[0];
    micro->books++;
    /* From the bid, so that rounding never leaves the spread. */
    out[0] = bid.price + (ask.price - bid.price) * (bid.qty / (bid.qty + ask.qty));
    out[1] = bid.price + (ask.price - bid.price) / 2;
    return true;
}

const cb_book_indicator_ops cb_book_indicator_microprice = {.name = "microprice",
    .summary = "price between the best quotes, nearer to the side with less waiting",
    .formula = "(bid * ask_qty + ask * bid_qty) / (bid_qty + ask_qty); middle = (bid + ask) / 2",
    .source = "J. Gatheral and R. Oomen, 2010 (weighted mid); first order of S. Stoikov, 2018",
    .params = NULL,
    .params_count = 0,
    .outputs = outputs,
    .outputs_count = sizeof(outputs) / sizeof(outputs[0]),
    .state_size = microprice_state_size,
    .warmup = microprice_warmup,
    .init = microprice_init,
    .update = microprice_update};
