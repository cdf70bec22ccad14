/* The venue's own filters, checked before the venue has to: lot, tick, smallest and largest
 * quantity, price and notional. A reduction below the smallest notional is dust and stays. */
#include "base/assert.h"
#include "base/money.h"
#include "services/risk/core/rule.h"

static risk_finding finding(
    bool is_pass, int64_t observed_e8, int64_t limit_e8, risk_unit unit, const char *detail)
{
    return (risk_finding){is_pass, observed_e8, limit_e8, unit, is_pass ? "" : detail};
}

static bool is_market(const risk_facts *facts)
{
    return facts->intent->order_type == CB_ORDER_TYPE_MARKET;
}

static int64_t qty_max(const risk_facts *facts)
{
    const cb_instrument *instrument = facts->instrument;
    int64_t max_e8 = instrument->qty_max.e8 > 0 ? instrument->qty_max.e8 : INT64_MAX;
    const int64_t market_e8 = instrument->market_qty_max.e8;
    if (is_market(facts) && market_e8 > 0 && market_e8 < max_e8) {
        max_e8 = market_e8;
    }
    return max_e8;
}

static risk_finding check_qty(const risk_facts *facts)
{
    const cb_instrument *instrument = facts->instrument;
    const int64_t qty_e8 = facts->qty_e8;
    const int64_t min_e8 = instrument->qty_min.e8 > 0 ? instrument->qty_min.e8 : 1;
    const int64_t lot_e8 = instrument->lot_size.e8;
    CB_ASSERT(qty_e8 >= 0);
    if (qty_e8 < min_e8) {
        return finding(false, qty_e8, min_e8, RISK_UNIT_BASE, "quantity below the smallest");
    }
    if (qty_e8 > qty_max(facts)) {
        return finding(false, qty_e8, qty_max(facts), RISK_UNIT_BASE, "quantity above the largest");
    }
    return finding(lot_e8 > 0 && qty_e8 % lot_e8 == 0,
        qty_e8,
        lot_e8,
        RISK_UNIT_BASE,
        "quantity is no multiple of the lot");
}

/* Market orders have no price of their own. */
static risk_finding check_price(const risk_facts *facts)
{
    const cb_instrument *instrument = facts->instrument;
    const int64_t price_e8 = facts->intent->limit_price.e8;
    if (is_market(facts)) {
        return finding(price_e8 == 0, price_e8, 0, RISK_UNIT_QUOTE, "market order with a price");
    }
    if (price_e8 <= 0 || price_e8 < instrument->price_min.e8) {
        return finding(
            false, price_e8, instrument->price_min.e8, RISK_UNIT_QUOTE, "price below the lowest");
    }
    if (instrument->price_max.e8 > 0 && price_e8 > instrument->price_max.e8) {
        return finding(
            false, price_e8, instrument->price_max.e8, RISK_UNIT_QUOTE, "price above the highest");
    }
    return finding(instrument->tick_size.e8 > 0 && price_e8 % instrument->tick_size.e8 == 0,
        price_e8,
        instrument->tick_size.e8,
        RISK_UNIT_QUOTE,
        "price is no multiple of the tick");
}

/* The smallest notional is held against the price of the decision, not the worst price: the venue
 * compares with a recent average. */
static risk_finding check_notional(const risk_facts *facts)
{
    const cb_instrument *instrument = facts->instrument;
    const int64_t notional_e8 = risk_mul_down(facts->qty_e8, facts->entry_price_e8);
    const int64_t max_e8 = instrument->notional_max.e8;
    CB_ASSERT(notional_e8 >= 0);
    if (max_e8 > 0 && facts->notional_e8 > max_e8) {
        return finding(
            false, facts->notional_e8, max_e8, RISK_UNIT_QUOTE, "notional above the largest");
    }
    return finding(notional_e8 >= instrument->notional_min.e8,
        notional_e8,
        instrument->notional_min.e8,
        RISK_UNIT_QUOTE,
        "notional below the smallest");
}

static risk_finding check(const risk_facts *facts, const int64_t *params)
{
    CB_MAYBE(params != NULL);
    if (facts->instrument == NULL) {
        return finding(false, 0, 0, RISK_UNIT_BASE, "no instrument");
    }
    risk_finding found = check_qty(facts);
    if (found.is_pass) {
        found = check_price(facts);
    }
    if (found.is_pass) {
        found = check_notional(facts);
    }
    CB_ASSERT(found.detail != NULL);
    return found;
}

static int64_t room(const risk_facts *facts, const int64_t *params)
{
    CB_MAYBE(params != NULL);
    if (facts->instrument == NULL) {
        return 0;
    }
    int64_t qty_e8 = qty_max(facts);
    const int64_t notional_max_e8 = facts->instrument->notional_max.e8;
    if (notional_max_e8 > 0 && facts->price_e8 > 0) {
        const int64_t within_e8 = risk_qty_within(notional_max_e8, facts->price_e8);
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
