/* Prices must lie in an absolute band, and near the last accepted price while that is fresh. After
 * a silence the market may be anywhere, so an old reference is not used. */
#include "base/timefmt.h"
#include "services/validator/core/expectation.h"

enum { MIN, MAX, MOVE_MAX, REFERENCE_AGE };
static const cb_param params[] = {
    [MIN] = {"min", CB_PARAM_DECIMAL, 1, 1, INT64_MAX, "lowest plausible price, in quote units"},
    [MAX] = {"max",
        CB_PARAM_DECIMAL,
        10000000000 * CB_E8,
        1,
        INT64_MAX,
        "highest plausible price, in quote units"},
    [MOVE_MAX] = {"move_max",
        CB_PARAM_DECIMAL,
        3 * CB_E8 / 10,
        CB_E8 / 1000,
        100 * CB_E8,
        "largest move against the last accepted price, as a ratio"},
    [REFERENCE_AGE] = {"reference_age",
        CB_PARAM_DURATION,
        120 * CB_NS_PER_S,
        CB_NS_PER_S,
        CB_NS_PER_DAY,
        "an older price is no reference"},
};

#define PRICES_MAX 4

typedef struct price_set {
    uint32_t count;
    int64_t e8[PRICES_MAX];
    const char *labels[PRICES_MAX];
    int64_t reference_e8; /* 0: none */
} price_set;

static void add(price_set *set, const char *label, int64_t price_e8)
{
    CB_ASSERT(set->count < PRICES_MAX);
    set->e8[set->count] = price_e8;
    set->labels[set->count] = label;
    set->count++;
}

/* The last price of any kind, when it is not older than the limit. */
static int64_t last_price(const validator_check *check, int64_t at_ns)
{
    const validator_price_memory *price = &check->symbol->price;
    CB_ASSERT(price->price_e8 >= 0);
    const bool is_fresh = at_ns - price->at_ns <= check->params[REFERENCE_AGE];
    return is_fresh ? price->price_e8 : 0;
}

/* A candle follows the candle before it, live or backfilled. */
static int64_t previous_close(const validator_check *check, const cb_candle *candle)
{
    for (uint32_t i = check->bars_count; i > 0; i--) {
        const validator_bar *bar = &check->bars[i - 1];
        if (bar->open_ts_ns < candle->open_ts_ns) {
            const bool is_fresh =
                candle->open_ts_ns - bar->open_ts_ns <= check->params[REFERENCE_AGE];
            return is_fresh ? bar->close_e8 : 0;
        }
    }
    return 0;
}

static void collect(const validator_check *check, price_set *set)
{
    if (check->kind == CB_MSG_TRADE) {
        const cb_trade *trade = check->body;
        add(set, "price", trade->price.e8);
        set->reference_e8 = last_price(check, trade->recv_ns);
    } else if (check->kind == CB_MSG_TICKER) {
        const cb_ticker *ticker = check->body;
        add(set, "bid", ticker->bid.e8);
        add(set, "ask", ticker->ask.e8);
        set->reference_e8 = last_price(check, ticker->recv_ns);
    } else if (check->kind == CB_MSG_CANDLE) {
        const cb_candle *candle = check->body;
        add(set, "open", candle->open.e8);
        add(set, "high", candle->high.e8);
        add(set, "low", candle->low.e8);
        add(set, "close", candle->close.e8);
        set->reference_e8 = previous_close(check, candle);
    } else {
        const cb_book *book = check->body;
        CB_ASSERT(check->kind == CB_MSG_BOOK);
        if (book->bids_count > 0) {
            add(set, "best bid", book->bids[0].price.e8);
        }
        if (book->asks_count > 0) {
            add(set, "best ask", book->asks[0].price.e8);
        }
        set->reference_e8 = last_price(check, book->recv_ns);
    }
}

/* |price - reference| <= reference * move_max, in 128 bits. */
static bool is_near(int64_t price_e8, int64_t reference_e8, int64_t move_max_e8)
{
    CB_ASSERT(reference_e8 > 0);
    cb_i128 distance = (cb_i128)price_e8 - reference_e8;
    distance = distance < 0 ? -distance : distance;
    return distance * CB_E8 <= (cb_i128)reference_e8 * move_max_e8;
}

static bool price_range(const validator_check *check, validator_finding *finding)
{
    price_set set = {0};
    collect(check, &set);
    CB_ASSERT(set.count <= PRICES_MAX);
    for (uint32_t i = 0; i < set.count; i++) {
        const int64_t price_e8 = set.e8[i];
        if (price_e8 < check->params[MIN] || price_e8 > check->params[MAX]) {
            return validator_fail_range_e8(
                finding, set.labels[i], price_e8, check->params[MIN], check->params[MAX]);
        }
        if (set.reference_e8 > 0 && !is_near(price_e8, set.reference_e8, check->params[MOVE_MAX])) {
            return validator_fail_bound_e8(
                finding, set.labels[i], price_e8, "near the last price", set.reference_e8);
        }
    }
    return true;
}

const validator_expectation validator_expectation_price_range = {
    .name = "price_range",
    .help = "prices lie in the absolute band and near the last accepted price",
    .kinds = VALIDATOR_ON(CB_MSG_TRADE) | VALIDATOR_ON(CB_MSG_CANDLE) | VALIDATOR_ON(CB_MSG_BOOK) |
             VALIDATOR_ON(CB_MSG_TICKER),
    .severity = CB_SEVERITY_CRITICAL,
    .is_relative = true,
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .check = price_range,
};
