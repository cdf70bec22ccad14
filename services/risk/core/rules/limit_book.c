/* The rows of the limit book that cover this order (book.h). What is used counts everything in
 * flight in full; the room that other strategies wait for is not this one's (turn.c). A reduction
 * passes: a limit that was lowered below what is held stops new orders and closes nothing. */
#include "base/assert.h"
#include "base/money.h"
#include "services/risk/core/rule.h"

/* What this order adds, in the unit of the limit. */
static int64_t need_of(const risk_facts *facts, risk_limit_kind kind)
{
    const int64_t bought_e8 = facts->is_buy ? facts->notional_e8 : 0;
    switch (kind) {
    case RISK_LIMIT_ORDER_NOTIONAL:
    case RISK_LIMIT_NOTIONAL_PER_MINUTE:
        return facts->notional_e8;
    case RISK_LIMIT_ORDER_QTY:
        return facts->qty_e8;
    case RISK_LIMIT_POSITION_QTY:
        return facts->is_buy ? facts->qty_e8 : 0;
    case RISK_LIMIT_POSITION_NOTIONAL:
    case RISK_LIMIT_GROSS_EXPOSURE:
    case RISK_LIMIT_NET_EXPOSURE:
    case RISK_LIMIT_CONCENTRATION:
        return bought_e8;
    case RISK_LIMIT_ALLOCATION:
        return facts->is_buy ? facts->cost_e8 : 0;
    case RISK_LIMIT_OPEN_ORDERS:
    case RISK_LIMIT_ORDERS_PER_SECOND:
    case RISK_LIMIT_ORDERS_PER_MINUTE:
        return CB_E8;
    case RISK_LIMIT_DAILY_LOSS:
    case RISK_LIMIT_DRAWDOWN:
    case RISK_LIMIT_LOSS_STREAK:
    case RISK_LIMIT_KINDS_COUNT:
        break;
    }
    return 0;
}

static risk_unit unit_of(risk_limit_kind kind)
{
    CB_ASSERT(kind < RISK_LIMIT_KINDS_COUNT);
    switch (risk_kinds[kind].unit[0]) {
    case 'b':
        return RISK_UNIT_BASE;
    case 'c':
        return RISK_UNIT_COUNT;
    default:
        return RISK_UNIT_QUOTE; /* shares have been turned into it */
    }
}

static int64_t after_of(const risk_facts *facts, const risk_book_line *line)
{
    const int64_t need_e8 = need_of(facts, line->kind);
    const int64_t ahead_e8 = need_e8 > 0 ? line->ahead_e8 : 0;
    CB_ASSERT(need_e8 >= 0);
    return risk_add(risk_add(line->used_e8, ahead_e8), need_e8);
}

int64_t risk_book_need(const risk_facts *facts, const risk_book_line *line)
{
    CB_ASSERT(line != NULL);
    return need_of(facts, line->kind);
}

const risk_book_line *risk_book_refusal(const risk_facts *facts)
{
    CB_ASSERT(facts->book_count <= RISK_LIMITS_MAX);
    for (uint32_t i = 0; i < facts->book_count; i++) {
        if (after_of(facts, &facts->book[i]) > facts->book[i].bound_e8) {
            return &facts->book[i];
        }
    }
    return NULL;
}

/* Of the limits that hold, the one with the least left. */
static const risk_book_line *tightest(const risk_facts *facts)
{
    const risk_book_line *least = NULL;
    int64_t least_e8 = INT64_MAX;
    for (uint32_t i = 0; i < facts->book_count; i++) {
        const risk_book_line *line = &facts->book[i];
        const int64_t share_e8 =
            line->bound_e8 == 0
                ? 0
                : risk_ratio_up(risk_sub(line->bound_e8, after_of(facts, line)), line->bound_e8);
        if (least == NULL || share_e8 < least_e8) {
            least = line;
            least_e8 = share_e8;
        }
    }
    return least;
}

static risk_finding check(const risk_facts *facts, const int64_t *params)
{
    CB_ASSERT(facts->book_count <= RISK_LIMITS_MAX);
    CB_MAYBE(params != NULL);
    const risk_book_line *refusal = risk_book_refusal(facts);
    const risk_book_line *line = refusal != NULL ? refusal : tightest(facts);
    if (line == NULL) {
        return (risk_finding){true, 0, 0, RISK_UNIT_COUNT, ""};
    }
    return (risk_finding){.is_pass = refusal == NULL,
        .observed_e8 = after_of(facts, line),
        .limit_e8 = line->bound_e8,
        .unit = unit_of(line->kind),
        .detail = line->label};
}

static int64_t room_of(const risk_facts *facts, const risk_book_line *line)
{
    const int64_t left_e8 = risk_sub(line->bound_e8, risk_add(line->used_e8, line->ahead_e8));
    CB_ASSERT(facts->price_e8 > 0);
    CB_ASSERT(facts->unit_cost_e8 >= facts->price_e8);
    switch (line->kind) {
    case RISK_LIMIT_ORDER_QTY:
    case RISK_LIMIT_POSITION_QTY:
        return left_e8 > 0 ? left_e8 : 0;
    case RISK_LIMIT_ALLOCATION:
        return risk_qty_within(left_e8, facts->unit_cost_e8);
    case RISK_LIMIT_ORDER_NOTIONAL:
    case RISK_LIMIT_NOTIONAL_PER_MINUTE:
    case RISK_LIMIT_POSITION_NOTIONAL:
    case RISK_LIMIT_GROSS_EXPOSURE:
    case RISK_LIMIT_NET_EXPOSURE:
    case RISK_LIMIT_CONCENTRATION:
        return risk_qty_within(left_e8, facts->price_e8);
    case RISK_LIMIT_OPEN_ORDERS:
    case RISK_LIMIT_ORDERS_PER_SECOND:
    case RISK_LIMIT_ORDERS_PER_MINUTE:
    case RISK_LIMIT_DAILY_LOSS:
    case RISK_LIMIT_DRAWDOWN:
    case RISK_LIMIT_LOSS_STREAK:
    case RISK_LIMIT_KINDS_COUNT:
        break;
    }
    return RISK_QTY_UNLIMITED;
}

static int64_t room(const risk_facts *facts, const int64_t *params)
{
    int64_t room_e8 = RISK_QTY_UNLIMITED;
    CB_ASSERT(facts->book_count <= RISK_LIMITS_MAX);
    CB_MAYBE(params != NULL);
    for (uint32_t i = 0; i < facts->book_count; i++) {
        const int64_t this_e8 = room_of(facts, &facts->book[i]);
        room_e8 = this_e8 < room_e8 ? this_e8 : room_e8;
    }
    return room_e8;
}

const risk_rule risk_rule_limit_book = {
    .name = "limit_book",
    .help = "the limits per strategy, symbol, account, venue and in total",
    .check = check,
    .room = room,
};
