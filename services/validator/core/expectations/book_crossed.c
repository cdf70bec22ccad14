/* The best bid lies under the best ask, and levels are sorted best first without repeats. A crossed
 * book means that a removal was lost: nothing can be read from it. */
#include "services/validator/core/expectation.h"

/* direction 1: prices fall from level to level (bids); -1: they rise (asks). */
static bool is_sorted(const cb_level *levels, uint32_t count, int64_t direction)
{
    CB_ASSERT(direction == 1 || direction == -1);
    for (uint32_t i = 0; i < count; i++) {
        if (levels[i].price.e8 <= 0) {
            return false;
        }
        const bool is_ordered =
            i == 0 || (direction > 0 ? levels[i].price.e8 < levels[i - 1].price.e8
                                     : levels[i].price.e8 > levels[i - 1].price.e8);
        if (!is_ordered) {
            return false;
        }
    }
    return true;
}

static bool book_crossed(const validator_check *check, validator_finding *finding)
{
    const cb_book *book = check->body;
    CB_ASSERT(check->kind == CB_MSG_BOOK);
    CB_ASSERT(book->bids_count <= 20 && book->asks_count <= 20);
    if (!is_sorted(book->bids, book->bids_count, 1)) {
        return validator_fail(finding, "bids out of order", "bids fall from the best, above 0");
    }
    if (!is_sorted(book->asks, book->asks_count, -1)) {
        return validator_fail(finding, "asks out of order", "asks rise from the best, above 0");
    }
    if (book->bids_count == 0 || book->asks_count == 0) {
        return true; /* one side empty: book_balanced tells */
    }
    if (book->bids[0].price.e8 < book->asks[0].price.e8) {
        return true;
    }
    return validator_fail_bound_e8(
        finding, "best bid", book->bids[0].price.e8, "under the best ask", book->asks[0].price.e8);
}

const validator_expectation validator_expectation_book_crossed = {
    .name = "book_crossed",
    .help = "best bid under best ask, levels sorted best first",
    .kinds = VALIDATOR_ON(CB_MSG_BOOK),
    .severity = CB_SEVERITY_CRITICAL,
    .check = book_crossed,
};
