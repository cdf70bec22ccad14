/* Order flow imbalance: what came to and left the best quotes over the last snapshots. */
#include "base/assert.h"
#include "ind/book_indicator.h"
#include "ind/parts.h"

typedef struct order_flow_state {
    uint64_t has_previous;
    cb_book_level bid;
    cb_book_level ask;
    cb_ind_window flow;
    cb_ind_window size;
    double values[]; /* period flows, then their sizes */
} order_flow_state;

static const cb_param params[] = {CB_IND_PERIOD(50, 1)};
static const char *const outputs[] = {"flow", "share"};

static size_t order_flow_state_size(const int64_t *values)
{
    return sizeof(order_flow_state) + 2 * (size_t)values[0] * sizeof(double);
}

static uint32_t order_flow_warmup(const int64_t *values)
{
    return (uint32_t)values[0] + 1;
}

static void order_flow_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    order_flow_state *flow = state;
    *flow = (order_flow_state){.has_previous = 0};
    cb_ind_window_init(&flow->flow, (uint64_t)values[0]);
    cb_ind_window_init(&flow->size, (uint64_t)values[0]);
    cb_ind_clear(flow->values, 2 * (uint64_t)values[0]);
}

/* A better or equal price brings its quantity, a worse or equal one takes the old quantity away.
 * sign: 1 for bids (higher is better), -1 for asks. */
static double arrived(cb_book_level now, cb_book_level before, double sign)
{
    const double better = sign * (now.price - before.price);
    return (better >= 0 ? now.qty : 0) - (better <= 0 ? before.qty : 0);
}

static bool order_flow_update(void *state, const cb_book_view *book, double *out)
{
    CB_ASSERT(state != NULL && out != NULL);
    CB_ASSERT(book != NULL && book->bids_count > 0 && book->asks_count > 0);
    order_flow_state *flow = state;
    const double bids = arrived(book->bids[0], flow->bid, 1);
    const double asks = arrived(book->asks[0], flow->ask, -1);
    const bool has_previous = flow->has_previous != 0;
    flow->bid = book->bids[0];
    flow->ask = book->asks[0];
    flow->has_previous = 1;
    if (!has_previous) {
        return false;
    }
    double *sizes = flow->values + flow->flow.capacity;
    (void)cb_ind_window_push(&flow->flow, flow->values, bids - asks, NULL);
    if (!cb_ind_window_push(&flow->size, sizes, fabs(bids) + fabs(asks), NULL)) {
        return false;
    }
    out[0] = flow->flow.sum;
    out[1] = cb_ind_ratio(flow->flow.sum, flow->size.sum, 0);
    return true;
}

const cb_book_indicator_ops cb_book_indicator_order_flow = {.name = "order_flow",
    .summary = "what came to the best bid less what came to the best ask, and as a share of both",
    .formula = "sum of e; e = [b >= b'] q - [b <= b'] q' - [a <= a'] r + [a >= a'] r'",
    .source = "R. Cont, A. Kukanov and S. Stoikov, The price impact of order book events, 2014",
    .params = params,
    .params_count = sizeof(params) / sizeof(params[0]),
    .outputs = outputs,
    .outputs_count = sizeof(outputs) / sizeof(outputs[0]),
    .state_size = order_flow_state_size,
    .warmup = order_flow_warmup,
    .init = order_flow_init,
    .update = order_flow_update};
