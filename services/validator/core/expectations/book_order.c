/* The venue's update ids do not go back. Deltas are consumed once, so theirs rise; whole books and
 * tickers may repeat the id of a state that has not changed. A long delta travels in parts that
 * share their ids and count up. */
#include "services/validator/core/expectation.h"

static bool delta_in_order(const validator_check *check, validator_finding *finding)
{
    const cb_book_delta *delta = check->body;
    const validator_delta_memory *last = &check->symbol->delta;
    if (delta->last_update_id < delta->first_update_id) {
        return validator_fail_bound_u64(finding,
            "last update id",
            delta->last_update_id,
            "at least the first",
            delta->first_update_id);
    }
    if (!last->is_known) {
        return true;
    }
    const bool is_next_part = delta->part_index > 0 && delta->part_index == last->part_index + 1 &&
                              delta->last_update_id == last->last_update_id;
    if (is_next_part || (delta->part_index == 0 && delta->last_update_id > last->last_update_id)) {
        return true;
    }
    if (delta->part_index > 0) {
        return validator_fail_bound_u64(
            finding, "part", delta->part_index, "part of the same delta", last->part_index + 1U);
    }
    return validator_fail_bound_u64(
        finding, "update id", delta->last_update_id, "above", last->last_update_id);
}

static bool not_back(validator_finding *finding, uint64_t update_id, uint64_t last_update_id)
{
    if (update_id >= last_update_id) {
        return true;
    }
    return validator_fail_bound_u64(finding, "update id", update_id, "at least", last_update_id);
}

static bool book_order(const validator_check *check, validator_finding *finding)
{
    CB_ASSERT(check->symbol != NULL);
    if (check->kind == CB_MSG_BOOK_DELTA) {
        return delta_in_order(check, finding);
    }
    if (check->kind == CB_MSG_BOOK) {
        const cb_book *book = check->body;
        const validator_book_memory *last = &check->symbol->book;
        const bool is_comparable = last->is_known && book->is_valid && last->is_valid;
        return !is_comparable || not_back(finding, book->update_id, last->update_id);
    }
    const cb_ticker *ticker = check->body;
    CB_ASSERT(check->kind == CB_MSG_TICKER);
    const bool is_numbered = check->symbol->ticker.is_known && ticker->update_id != 0;
    return !is_numbered || not_back(finding, ticker->update_id, check->symbol->ticker.update_id);
}

const validator_expectation validator_expectation_book_order = {
    .name = "book_order",
    .help = "update ids of books, deltas and tickers do not go back",
    .kinds =
        VALIDATOR_ON(CB_MSG_BOOK) | VALIDATOR_ON(CB_MSG_BOOK_DELTA) | VALIDATOR_ON(CB_MSG_TICKER),
    .severity = CB_SEVERITY_CRITICAL,
    .is_relative = true,
    .check = book_order,
};
