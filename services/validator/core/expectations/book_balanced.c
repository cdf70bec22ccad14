/* Bid and ask depth of the visible levels stay within a ratio of each other. A book with one side
 * (nearly) empty is usually a broken subscription; a lopsided market exists, so it is a warning. */
#include "services/validator/core/expectation.h"

enum { RATIO_MAX };
static const cb_param params[] = {
    [RATIO_MAX] = {"ratio_max",
        CB_PARAM_DECIMAL,
        50 * CB_E8,
        CB_E8,
        1000000 * CB_E8,
        "largest ratio of one side's quantity to the other's"},
};

static cb_i128 depth_e8(const cb_level *levels, uint32_t count)
{
    cb_i128 sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum += levels[i].qty.e8;
    }
    return sum;
}

/* large <= small * ratio, all in e8. */
static bool is_within(cb_i128 large_e8, cb_i128 small_e8, int64_t ratio_e8)
{
    CB_ASSERT(ratio_e8 >= CB_E8);
    return large_e8 * CB_E8 <= small_e8 * ratio_e8;
}

static int64_t clamp(cb_i128 value)
{
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static bool book_balanced(const validator_check *check, validator_finding *finding)
{
    const cb_book *book = check->body;
    CB_ASSERT(check->kind == CB_MSG_BOOK);
    if (!book->is_valid) {
        return true; /* the collector itself says that it is repairing */
    }
    const cb_i128 bids_e8 = depth_e8(book->bids, book->bids_count);
    const cb_i128 asks_e8 = depth_e8(book->asks, book->asks_count);
    if (bids_e8 <= 0 || asks_e8 <= 0) {
        return validator_fail(
            finding, bids_e8 <= 0 ? "no bids" : "no asks", "both sides of the book");
    }
    const int64_t ratio_e8 = check->params[RATIO_MAX];
    if (is_within(bids_e8, asks_e8, ratio_e8) && is_within(asks_e8, bids_e8, ratio_e8)) {
        return true;
    }
    const cb_i128 larger_e8 = bids_e8 > asks_e8 ? bids_e8 : asks_e8;
    const cb_i128 smaller_e8 = bids_e8 > asks_e8 ? asks_e8 : bids_e8;
    CB_ASSERT(smaller_e8 > 0);
    const int64_t seen_e8 = clamp(larger_e8 * CB_E8 / smaller_e8);
    return validator_fail_bound_e8(
        finding, bids_e8 > asks_e8 ? "bids to asks" : "asks to bids", seen_e8, "at most", ratio_e8);
}

const validator_expectation validator_expectation_book_balanced = {
    .name = "book_balanced",
    .help = "bid and ask depth stay within a ratio of each other",
    .kinds = VALIDATOR_ON(CB_MSG_BOOK),
    .severity = CB_SEVERITY_WARNING,
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .check = book_balanced,
};
