/* Orders that belong together, as reservations: the two legs of a pair tie up what they close once,
 * and what the parent of a bracket has filled is spoken for until its children are there. So a
 * group never counts twice, and no other sell can take what its exits are for. */
#include <string.h>

#include "base/assert.h"
#include "base/idset.h"
#include "base/strview.h"
#include "domain/order.h"
#include "services/risk/core/state.h"

#define LEGS_PER_PAIR 1000 /* as execution counts them: leg = pair * 1000 + attempt */

bool risk_group_is_ours(const risk_state *state, const cb_order *order)
{
    CB_ASSERT(order != NULL);
    return !order->is_external && order->leg > 0 && !cb_id_is_none(order->group_id) &&
           cb_idset_has(&state->judged_seen, order->group_id);
}

static int64_t child_price(const risk_state *state, const cb_order *order)
{
    if (order->limit_price.e8 > 0 || order->trigger_price.e8 > 0) {
        return order->limit_price.e8 > 0 ? order->limit_price.e8 : order->trigger_price.e8;
    }
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        if (state->symbols[i].has_mark && cb_text_equal(state->symbols[i].name, order->symbol)) {
            return state->symbols[i].mark.price.e8;
        }
    }
    return 1; /* closes what is held: no price decides anything */
}

void risk_group_reserve_child(risk_step_context *step, const cb_order *order)
{
    risk_state *state = step->state;
    CB_ASSERT(risk_group_is_ours(state, order));
    if (cb_order_is_terminal(order->state) || order->qty.e8 <= 0) {
        return;
    }
    if (state->open_count == RISK_RESERVATIONS_MAX) {
        risk_account_doubt(state);
        return;
    }
    risk_reservation *row = risk_reservation_take(state, step->now_ns);
    row->intent_id = order->intent_id;
    row->correlation_id = order->env.correlation_id;
    memcpy(row->venue, order->venue, sizeof(row->venue));
    memcpy(row->symbol, order->symbol, sizeof(row->symbol));
    memcpy(row->strategy, order->strategy, sizeof(row->strategy));
    row->side = order->side;
    row->state = order->state;
    row->qty = order->qty;
    row->remaining = order->qty;
    row->price.e8 = child_price(state, order);
    row->unit_cost.e8 = risk_mul_up(row->price.e8, CB_E8 + state->config->fee_buffer_e8);
    row->version = order->version;
    row->group_id = order->group_id;
    row->role = order->role;
    row->leg = order->leg;
    CB_ASSERT(row->remaining.e8 > 0);
}

void risk_group_on_order(risk_reservation *row, const cb_order *order)
{
    if (order->qty.e8 < row->qty.e8 && order->qty.e8 >= row->cum_qty.e8) {
        row->qty = order->qty; /* amended, or what another leg left */
        row->remaining.e8 = row->qty.e8 - row->cum_qty.e8;
    }
    if (row->role == CB_ROLE_PARENT) {
        const int64_t open_e8 = risk_sub(order->cum_qty.e8, order->covered_qty.e8);
        row->uncovered.e8 = open_e8 > 0 ? open_e8 : 0;
    }
    CB_ASSERT(row->remaining.e8 >= 0);
    CB_ASSERT(row->uncovered.e8 >= 0);
}

void risk_group_on_fill(risk_reservation *row, int64_t filled_e8)
{
    CB_ASSERT(filled_e8 >= 0);
    if (row->role == CB_ROLE_PARENT) {
        row->uncovered.e8 = risk_add(row->uncovered.e8, filled_e8);
    }
}

/* The open take-profit of a stop's pair. */
static const risk_reservation *target_of(const risk_state *state, const risk_reservation *stop)
{
    for (uint32_t i = 0; i < state->open_count; i++) {
        const risk_reservation *row = &state->open[i].row;
        if (row->role == CB_ROLE_TAKE_PROFIT && cb_id_equal(row->group_id, stop->group_id) &&
            row->leg / LEGS_PER_PAIR == stop->leg / LEGS_PER_PAIR) {
            return row;
        }
    }
    return NULL;
}

int64_t risk_group_counted(const risk_state *state, const risk_reservation *row)
{
    if (row->role != CB_ROLE_STOP || cb_id_is_none(row->group_id)) {
        return row->remaining.e8;
    }
    const risk_reservation *target = target_of(state, row);
    const int64_t beyond_e8 =
        target == NULL ? row->remaining.e8 : row->remaining.e8 - target->remaining.e8;
    return beyond_e8 > 0 ? beyond_e8 : 0;
}
