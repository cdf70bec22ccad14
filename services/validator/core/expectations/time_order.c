/* Time does not go backwards within one kind of message. Equal times are fine: many trades share a
 * millisecond. Closed candles have their own rule (candle_unique and the backfill rule). */
#include "base/timefmt.h"
#include "services/validator/core/expectation.h"

enum { BACK_MAX };
static const cb_param params[] = {
    [BACK_MAX] = {"back_max",
        CB_PARAM_DURATION,
        0,
        0,
        60 * CB_NS_PER_S,
        "how far back a message's time may go"},
};

/* The time of the last accepted message of this kind; 0 when there is none to compare with. */
static int64_t last_time(const validator_check *check)
{
    const validator_symbol *symbol = check->symbol;
    if (check->kind == CB_MSG_TRADE) {
        return symbol->trade.is_known ? symbol->trade.venue_ts_ns : 0;
    }
    if (check->kind == CB_MSG_BOOK) {
        return symbol->book.is_known ? symbol->book.venue_ts_ns : 0;
    }
    if (check->kind == CB_MSG_BOOK_DELTA) {
        return symbol->delta.is_known ? symbol->delta.venue_ts_ns : 0;
    }
    CB_ASSERT(check->kind == CB_MSG_TICKER);
    return symbol->ticker.is_known ? symbol->ticker.recv_ns : 0;
}

/* A candle in progress belongs to a minute that has not been closed yet. */
static bool progress_in_order(const validator_check *check, validator_finding *finding)
{
    const cb_candle *candle = check->body;
    if (candle->is_closed || check->bars_count == 0 ||
        candle->interval_s != VALIDATOR_BAR_INTERVAL_S) {
        return true;
    }
    const int64_t open_ts_ns = check->bars[check->bars_count - 1].open_ts_ns;
    if (candle->open_ts_ns > open_ts_ns) {
        return true;
    }
    return validator_fail_time(finding, "opens", candle->open_ts_ns, "after", open_ts_ns);
}

static bool time_order(const validator_check *check, validator_finding *finding)
{
    CB_ASSERT(check->symbol != NULL);
    if (check->kind == CB_MSG_CANDLE) {
        return progress_in_order(check, finding);
    }
    const int64_t ts_ns = check->kind == CB_MSG_TICKER
                              ? validator_recv_ns(check->kind, check->body)
                              : validator_venue_ts(check->kind, check->body);
    const int64_t last_ns = last_time(check);
    CB_ASSERT(check->params[BACK_MAX] >= 0);
    if (ts_ns == 0 || last_ns == 0 || ts_ns >= last_ns - check->params[BACK_MAX]) {
        return true;
    }
    return validator_fail_time(finding, "time", ts_ns, "not before", last_ns);
}

const validator_expectation validator_expectation_time_order = {
    .name = "time_order",
    .help = "times of one kind do not go backwards",
    .kinds = VALIDATOR_ON(CB_MSG_TRADE) | VALIDATOR_ON(CB_MSG_CANDLE) | VALIDATOR_ON(CB_MSG_BOOK) |
             VALIDATOR_ON(CB_MSG_BOOK_DELTA) | VALIDATOR_ON(CB_MSG_TICKER),
    .severity = CB_SEVERITY_CRITICAL,
    .is_relative = true,
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .check = time_order,
};
