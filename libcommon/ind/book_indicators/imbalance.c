/* Order book imbalance: which side has more waiting near the price. */
#include "base/assert.h"
#include "ind/book_indicator.h"

typedef struct imbalance_state {
    int64_t levels;
    double fade; /* weight of a level against the one before it */
} imbalance_state;

static const cb_param params[] = {
    {"levels", CB_PARAM_COUNT, 5, 1, CB_BOOK_LEVELS_MAX, "levels of each side that count"},
    {"fade",
        CB_PARAM_DECIMAL,
        CB_E8,
        CB_E8 / 100,
        CB_E8,
        "weight of a level against the one before it"},
};
static const char *const outputs[] = {"imbalance", "bid_qty", "ask_qty"};

static size_t imbalance_state_size(const int64_t *values)
{
    (void)values;
    return sizeof(imbalance_state);
}

static uint32_t imbalance_warmup(const int64_t *values)
{
    (void)values;
    return 1;
}

static void imbalance_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    imbalance_state *imbalance = state;
    *imbalance = (imbalance_state){.levels = values[0], .fade = cb_f64_from_e8(values[1])};
}

static double side_sum(const imbalance_state *state, const cb_book_level *levels, uint32_t count)
{
    double sum = 0;
    double weight = 1;
    for (uint32_t i = 0; i < count && (int64_t)i < state->levels; i++) {
        sum += weight * levels[i].qty;
        weight *= state->fade;
    }
    return sum;
}

static bool imbalance_update(void *state, const cb_book_view *book, double *out)
{
    CB_ASSERT(state != NULL && out != NULL);
    CB_ASSERT(book != NULL && book->bids_count > 0 && book->asks_count > 0);
    const double bids = side_sum(state, book->bids, book->bids_count);
    const double asks = side_sum(state, book->asks, book->asks_count);
    CB_ASSERT(bids > 0 && asks > 0);
    out[0] = (bids - asks) / (bids + asks);
    out[1] = bids;
    out[2] = asks;
    return true;
}

const cb_book_indicator_ops cb_book_indicator_imbalance = {.name = "imbalance",
    .summary = "which side has more waiting: 1 only bids, -1 only asks",
    .formula = "(B - A) / (B + A); B, A = sum of fade^i * qty over the best levels",
    .source = "R. Cont, A. Kukanov and S. Stoikov, Journal of Financial Econometrics, 2014",
    .params = params,
    .params_count = sizeof(params) / sizeof(params[0]),
    .outputs = outputs,
    .outputs_count = sizeof(outputs) / sizeof(outputs[0]),
    .state_size = imbalance_state_size,
    .warmup = imbalance_warmup,
    .init = imbalance_init,
    .update = imbalance_update};
