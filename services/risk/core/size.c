/* How large an order may be. An intent without a quantity is sized by the loss at its stop, then
 * shrunk to the room that every rule leaves; a reducing one to what may be sold. When what is left
 * is less than the venue takes, the order is judged at the size that was wanted, so that the rule
 * which stood in the way names the denial. */
#include "base/assert.h"
#include "domain/instrument.h"
#include "services/risk/core/state.h"

void risk_facts_set_qty(risk_facts *facts, int64_t qty_e8)
{
    CB_ASSERT(qty_e8 >= 0);
    facts->qty_e8 = qty_e8;
    facts->notional_e8 = risk_mul_up(qty_e8, facts->price_e8);
    facts->cost_e8 = risk_mul_up(qty_e8, facts->unit_cost_e8);
    CB_ASSERT(facts->cost_e8 >= facts->notional_e8);
}

static int64_t floor_to_lot(const risk_facts *facts, int64_t qty_e8)
{
    CB_ASSERT(qty_e8 >= 0);
    cb_qty floored = {0};
    if (facts->instrument == NULL ||
        cb_instrument_round_qty(
            facts->instrument, (cb_qty){qty_e8}, CB_ROUND_DOWN, &floored, NULL) != CB_OK) {
        return 0;
    }
    CB_ASSERT(floored.e8 <= qty_e8);
    return floored.e8;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The smallest room that any rule leaves for a buy. */
static int64_t room_of_rules(const risk_state *state, const risk_facts *facts)
{
    int64_t room_e8 = RISK_QTY_UNLIMITED;
    for (uint32_t i = 0; i < RISK_RULES_COUNT; i++) {
        if (risk_rules[i]->room == NULL) {
            continue;
        }
        const int64_t this_e8 = risk_rules[i]->room(facts, state->config->rules[i]);
        CB_ASSERT(this_e8 >= 0);
        room_e8 = least(room_e8, this_e8);
    }
    CB_ASSERT(room_e8 >= 0);
    return room_e8;
}

/* Would the venue take it? Asked of its filters alone. */
static bool is_large_enough(const risk_state *state, risk_facts *facts, int64_t qty_e8)
{
    risk_facts_set_qty(facts, qty_e8);
    const risk_rule_id id = RISK_RULE_ID_filters;
    return qty_e8 > 0 && risk_rules[id]->check(facts, state->config->rules[id]).is_pass;
}

static void size_entry(const risk_state *state, risk_facts *facts)
{
    const int64_t asked_e8 = facts->intent->qty.e8;
    if (asked_e8 != 0 || facts->price_e8 <= 0) {
        facts->wanted_qty_e8 = asked_e8 < 0 ? 0 : asked_e8;
        risk_facts_set_qty(facts, facts->wanted_qty_e8);
        return;
    }
    const risk_rule_id id = RISK_RULE_ID_trade_risk_max;
    const int64_t risk_e8 = risk_rules[id]->room(facts, state->config->rules[id]);
    facts->wanted_qty_e8 = floor_to_lot(facts, risk_e8);
    const int64_t room_e8 = least(facts->wanted_qty_e8, room_of_rules(state, facts));
    const int64_t qty_e8 = floor_to_lot(facts, room_e8);
    CB_ASSERT(qty_e8 <= facts->wanted_qty_e8);
    if (!is_large_enough(state, facts, qty_e8)) {
        risk_facts_set_qty(facts, facts->wanted_qty_e8);
    }
}

static void size_reduction(risk_facts *facts)
{
    const int64_t asked_e8 = facts->intent->qty.e8;
    const int64_t sellable_e8 = floor_to_lot(facts, facts->sellable_qty_e8);
    CB_ASSERT(facts->sellable_qty_e8 >= 0);
    facts->wanted_qty_e8 = asked_e8 > 0 ? asked_e8 : sellable_e8;
    const int64_t qty_e8 = floor_to_lot(facts, least(facts->wanted_qty_e8, sellable_e8));
    facts->is_reducing = qty_e8 > 0;
    risk_facts_set_qty(facts, qty_e8 > 0 ? qty_e8 : facts->wanted_qty_e8);
}

void risk_size_order(const risk_state *state, risk_facts *facts)
{
    CB_ASSERT(facts->intent != NULL);
    facts->is_reducing = false;
    if (facts->intent->reduce_only && !facts->is_buy) {
        size_reduction(facts);
    } else {
        size_entry(state, facts);
    }
    CB_ASSERT(facts->qty_e8 >= 0);
}
