/* The venue's own filters (domain/instrument.h), applied before the venue has to: lot, tick,
 * smallest and largest quantity, price and notional. They hold for reductions too: what is below
 * the smallest notional is dust, and stays. */
#include "base/assert.h"
#include "base/money.h"
#include "domain/instrument.h"
#include "domain/terms.h"
#include "services/risk/core/rule.h"

static risk_unit unit_of(cb_instrument_refusal refusal)
{
    switch (refusal) {
    case CB_INSTRUMENT_REFUSAL_NO_PRICE:
    case CB_INSTRUMENT_REFUSAL_PRICE_MIN:
    case CB_INSTRUMENT_REFUSAL_PRICE_MAX:
    case CB_INSTRUMENT_REFUSAL_TICK_SIZE:
    case CB_INSTRUMENT_REFUSAL_PERCENT_PRICE:
    case CB_INSTRUMENT_REFUSAL_NOTIONAL_MIN:
    case CB_INSTRUMENT_REFUSAL_NOTIONAL_MAX:
        return RISK_UNIT_QUOTE;
    case CB_INSTRUMENT_REFUSAL_NOT_TRADING:
        return RISK_UNIT_COUNT;
    case CB_INSTRUMENT_REFUSAL_NONE:
    case CB_INSTRUMENT_REFUSAL_QTY_MIN:
    case CB_INSTRUMENT_REFUSAL_QTY_MAX:
    case CB_INSTRUMENT_REFUSAL_LOT_SIZE:
    case CB_INSTRUMENT_REFUSAL_MARKET_QTY_MAX:
    case CB_INSTRUMENT_REFUSAL_COUNT:
        break;
    }
    return RISK_UNIT_BASE;
}

static bool is_type(const risk_facts *facts)
{
    return facts->intent->order_type <= CB_ORDER_TYPE_TAKE_PROFIT_LIMIT;
}

/* Prices that will be sent as they are: of a trigger, and of the exits of a group. */
static const char *price_off_grid(const risk_facts *facts)
{
    const cb_intent *intent = facts->intent;
    const int64_t tick_e8 = facts->instrument->tick_size.e8;
    const bool leads = intent->role != CB_ROLE_NONE;
    const struct {
        const char *detail;
        int64_t price_e8;
    } prices[] = {{"trigger_price off the tick grid", intent->trigger_price.e8},
        {"stop_loss off the tick grid", leads ? intent->stop_loss.e8 : 0},
        {"take_profit off the tick grid", leads ? intent->take_profit.e8 : 0},
        {"stop_limit off the tick grid", intent->stop_limit.e8}};
    for (size_t i = 0; i < sizeof(prices) / sizeof(prices[0]) && tick_e8 > 0; i++) {
        if (prices[i].price_e8 % tick_e8 != 0) {
            return prices[i].detail;
        }
    }
    return NULL;
}

static risk_finding check(const risk_facts *facts, const int64_t *params)
{
    CB_MAYBE(params != NULL);
    CB_ASSERT(facts->qty_e8 >= 0);
    const cb_side side = facts->intent->side;
    if (facts->instrument == NULL || (side != CB_SIDE_BUY && side != CB_SIDE_SELL)) {
        return (risk_finding){false, facts->qty_e8, 0, RISK_UNIT_BASE, "no instrument"};
    }
    const char *off_grid = price_off_grid(facts);
    if (off_grid != NULL) {
        return (risk_finding){
            false, facts->qty_e8, facts->instrument->tick_size.e8, RISK_UNIT_QUOTE, off_grid};
    }
    /* What waits for a trigger is judged as what it becomes, at the price of its trigger. */
    const cb_order_terms terms = {.side = side,
        .order_type = is_type(facts) ? cb_order_type_triggered(facts->intent->order_type)
                                     : facts->intent->order_type,
        .qty = {facts->qty_e8},
        .price = facts->intent->limit_price,
        .reference_price = facts->intent->trigger_price.e8 > 0 ? facts->intent->trigger_price
                                                               : facts->intent->reference_price};
    const cb_instrument_verdict verdict = cb_instrument_check(facts->instrument, &terms);
    if (verdict.refusal == CB_INSTRUMENT_REFUSAL_NONE) {
        return (risk_finding){
            true, facts->qty_e8, facts->instrument->qty_min.e8, RISK_UNIT_BASE, ""};
    }
    return (risk_finding){.is_pass = false,
        .observed_e8 = verdict.observed_e8,
        .limit_e8 = verdict.limit_e8,
        .unit = unit_of(verdict.refusal),
        .detail = cb_instrument_refusal_name(verdict.refusal)};
}

static int64_t smaller_limit(int64_t value_e8, int64_t limit_e8)
{
    return limit_e8 > 0 && limit_e8 < value_e8 ? limit_e8 : value_e8;
}

static int64_t room(const risk_facts *facts, const int64_t *params)
{
    CB_MAYBE(params != NULL);
    const cb_instrument *instrument = facts->instrument;
    if (instrument == NULL) {
        return 0;
    }
    int64_t qty_e8 = smaller_limit(RISK_QTY_UNLIMITED, instrument->qty_max.e8);
    if (facts->intent->limit_price.e8 == 0) {
        qty_e8 = smaller_limit(qty_e8, instrument->market_qty_max.e8);
    }
    if (instrument->notional_max.e8 > 0 && facts->entry_price_e8 > 0) {
        const int64_t within_e8 =
            risk_qty_within(instrument->notional_max.e8, facts->entry_price_e8);
        qty_e8 = within_e8 < qty_e8 ? within_e8 : qty_e8;
    }
    CB_ASSERT(qty_e8 >= 0);
    return qty_e8;
}

const risk_rule risk_rule_filters = {
    .name = "filters",
    .help = "lot, tick, quantity, price and notional filters of the venue",
    .applies_to_reducing = true,
    .check = check,
    .room = room,
};
