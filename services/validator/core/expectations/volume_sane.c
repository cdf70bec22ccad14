/* Quantities must have the right sign and a plausible size. A trade or a book level of nothing does
 * not exist; a candle without trades does (the venue stood still). */
#include "services/validator/core/expectation.h"

enum { QTY_MAX };
static const cb_param params[] = {
    [QTY_MAX] = {"qty_max",
        CB_PARAM_DECIMAL,
        1000000000 * CB_E8,
        1,
        INT64_MAX,
        "largest plausible quantity of a message, in base units"},
};

static bool is_within(
    validator_finding *finding, const char *label, int64_t qty_e8, int64_t low_e8, int64_t high_e8)
{
    CB_ASSERT(low_e8 <= high_e8);
    if (qty_e8 >= low_e8 && qty_e8 <= high_e8) {
        return true;
    }
    return validator_fail_range_e8(finding, label, qty_e8, low_e8, high_e8);
}

static bool levels_sane(
    validator_finding *finding, const cb_level *levels, uint32_t count, int64_t low_e8, int64_t max)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!is_within(finding, "level qty", levels[i].qty.e8, low_e8, max)) {
            return false;
        }
    }
    return true;
}

static bool candle_sane(validator_finding *finding, const cb_candle *candle, int64_t max_e8)
{
    if (candle->trades_count > (uint64_t)INT64_MAX) { /* no column can hold it */
        return validator_fail_bound_u64(
            finding, "trades", candle->trades_count, "at most", (uint64_t)INT64_MAX);
    }
    return is_within(finding, "volume", candle->volume.e8, 0, max_e8) &&
           is_within(finding, "quote volume", candle->quote_volume.e8, 0, INT64_MAX);
}

static bool volume_sane(const validator_check *check, validator_finding *finding)
{
    const int64_t max_e8 = check->params[QTY_MAX];
    CB_ASSERT(max_e8 > 0);
    if (check->kind == CB_MSG_TRADE) {
        return is_within(finding, "qty", ((const cb_trade *)check->body)->qty.e8, 1, max_e8);
    }
    if (check->kind == CB_MSG_CANDLE) {
        return candle_sane(finding, check->body, max_e8);
    }
    if (check->kind == CB_MSG_TICKER) {
        const cb_ticker *ticker = check->body;
        return is_within(finding, "bid qty", ticker->bid_qty.e8, 0, max_e8) &&
               is_within(finding, "ask qty", ticker->ask_qty.e8, 0, max_e8);
    }
    if (check->kind == CB_MSG_BOOK) {
        const cb_book *book = check->body;
        return levels_sane(finding, book->bids, book->bids_count, 1, max_e8) &&
               levels_sane(finding, book->asks, book->asks_count, 1, max_e8);
    }
    const cb_book_delta *delta = check->body; /* quantity 0 removes a level */
    CB_ASSERT(check->kind == CB_MSG_BOOK_DELTA);
    return levels_sane(finding, delta->bids, delta->bids_count, 0, max_e8) &&
           levels_sane(finding, delta->asks, delta->asks_count, 0, max_e8);
}

const validator_expectation validator_expectation_volume_sane = {
    .name = "volume_sane",
    .help = "quantities are positive (0 where nothing is meant) and of plausible size",
    .kinds = VALIDATOR_ON(CB_MSG_TRADE) | VALIDATOR_ON(CB_MSG_CANDLE) | VALIDATOR_ON(CB_MSG_BOOK) |
             VALIDATOR_ON(CB_MSG_BOOK_DELTA) | VALIDATOR_ON(CB_MSG_TICKER),
    .severity = CB_SEVERITY_CRITICAL,
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .check = volume_sane,
};
