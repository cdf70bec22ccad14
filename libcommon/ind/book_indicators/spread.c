/* Spread of the best quotes, now and on average. */
#include "base/assert.h"
#include "ind/book_indicator.h"
#include "ind/parts.h"

typedef struct spread_state {
    cb_ind_window window;
    double values[]; /* period */
} spread_state;

static const cb_param params[] = {CB_IND_PERIOD(50, 1)};
static const char *const outputs[] = {"bips", "average"};

static size_t spread_state_size(const int64_t *values)
{
    return sizeof(spread_state) + (size_t)values[0] * sizeof(double);
}

static uint32_t spread_warmup(const int64_t *values)
{
    return (uint32_t)values[0];
}

static void spread_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    spread_state *spread = state;
    cb_ind_window_init(&spread->window, (uint64_t)values[0]);
    cb_ind_clear(spread->values, (uint64_t)values[0]);
}

static bool spread_update(void *state, const cb_book_view *book, double *out)
{
    CB_ASSERT(state != NULL && out != NULL);
    CB_ASSERT(book != NULL && book->bids_count > 0 && book->asks_count > 0);
    spread_state *spread = state;
    const double bid = book->bids[0].price;
    const double ask = book->asks[0].price;
    const double bips = 20000 * cb_ind_ratio(ask - bid, ask + bid, 0);
    if (!cb_ind_window_push(&spread->window, spread->values, bips, NULL)) {
        return false;
    }
    out[0] = bips;
    out[1] = cb_ind_window_mean(&spread->window);
    return true;
}

const cb_book_indicator_ops cb_book_indicator_spread = {.name = "spread",
    .summary = "spread of the best quotes in 1/10000 of their middle, now and on average",
    .formula = "10000 * (ask - bid) / ((ask + bid) / 2); average over n snapshots",
    .source = "textbook definition",
    .params = params,
    .params_count = sizeof(params) / sizeof(params[0]),
    .outputs = outputs,
    .outputs_count = sizeof(outputs) / sizeof(outputs[0]),
    .state_size = spread_state_size,
    .warmup = spread_warmup,
    .init = spread_init,
    .update = spread_update};
