/* A delta continues where the last one ended (Binance: U <= last u + 1). A hole means that some
 * update is missing: the book is not trusted until a whole one comes. */
#include "services/validator/core/expectation.h"

static bool delta_gap(const validator_check *check, validator_finding *finding)
{
    const cb_book_delta *delta = check->body;
    const validator_delta_memory *last = &check->symbol->delta;
    CB_ASSERT(check->kind == CB_MSG_BOOK_DELTA);
    CB_ASSERT(check->symbol != NULL);
    if (!last->is_known || delta->part_index > 0) {
        return true;
    }
    if (delta->first_update_id <= last->last_update_id + 1) {
        return true;
    }
    return validator_fail_bound_u64(
        finding, "first update id", delta->first_update_id, "at most", last->last_update_id + 1);
}

const validator_expectation validator_expectation_delta_gap = {
    .name = "delta_gap",
    .help = "no update is missing between two deltas",
    .kinds = VALIDATOR_ON(CB_MSG_BOOK_DELTA),
    .severity = CB_SEVERITY_WARNING,
    .check = delta_gap,
};
