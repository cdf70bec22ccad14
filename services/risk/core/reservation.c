/* Reservations: what orders may still trade. Made with the permit, consumed by fills, given back
 * only when execution says that the order is over: at every moment their sum is the sum of
 * (qty - cum) over all orders that are not terminal, so an order in flight counts in full.
 *
 * An order that we never permitted (placed by hand, or by another program with the same key) is
 * reserved for as soon as it is heard of, unless it states no quantity: a market order by quote
 * amount is over before anything could be reserved. */
#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/strview.h"
#include "domain/order.h"
#include "services/risk/core/state.h"

risk_reservation_slot *risk_reservation_find(risk_state *state, cb_id intent_id)
{
    CB_ASSERT(state->open_count <= RISK_RESERVATIONS_MAX);
    for (uint32_t i = 0; i < state->open_count; i++) {
        if (cb_id_equal(state->open[i].row.intent_id, intent_id)) {
            return &state->open[i];
        }
    }
    return NULL;
}

risk_reservation *risk_reservation_take(risk_state *state, int64_t now_ns)
{
    CB_ASSERT(state->open_count < RISK_RESERVATIONS_MAX);
    risk_reservation_slot *slot = &state->open[state->open_count++];
    *slot = (risk_reservation_slot){.is_changed = true};
    slot->row.number = ++state->account.reserved_count;
    slot->row.reserved_ns = now_ns;
    slot->row.updated_ns = now_ns;
    memcpy(slot->row.account, state->account.account, sizeof(slot->row.account));
    state->is_account_changed = true;
    CB_ASSERT(slot->row.number > 0);
    return &slot->row;
}

/* Stores the last version and closes the gap, keeping the order of the others. */
static void end_reservation(risk_step_context *step, risk_reservation_slot *slot)
{
    risk_state *state = step->state;
    CB_ASSERT(slot >= state->open && slot < state->open + state->open_count);
    slot->row.is_terminal = true;
    slot->row.remaining.e8 = 0;
    *CB_STORE(step->out, RISK_TABLE_RESERVATION, risk_reservation) = slot->row;
    if (slot->row.is_foreign) {
        (void)cb_idset_add(&state->foreign_ended, slot->row.intent_id);
    }
    const size_t index = (size_t)(slot - state->open);
    memmove(slot, slot + 1, (state->open_count - index - 1) * sizeof(*slot));
    state->open_count--;
}

/* Orders of others may come without an intent: the venue's number names them. */
static cb_id order_identity(const cb_order *order)
{
    if (!cb_id_is_none(order->intent_id)) {
        return order->intent_id;
    }
    uint64_t hash = cb_hash_text(CB_HASH_SEED, order->venue);
    hash = cb_hash_text(cb_hash_u64(hash, 0), order->symbol);
    return cb_id_make("risk.foreign", hash, cb_hash_text(CB_HASH_SEED, order->venue_order_id));
}

static int64_t foreign_price(const risk_state *state, const cb_order *order)
{
    if (order->limit_price.e8 > 0) {
        return order->limit_price.e8;
    }
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        const risk_symbol *symbol = &state->symbols[i];
        if (symbol->has_mark && cb_text_equal(symbol->name, order->symbol)) {
            return risk_mul_up(symbol->mark.price.e8, CB_E8 + state->config->slippage_e8);
        }
    }
    return 0; /* unknown: the account is put in doubt below */
}

static void reserve_foreign(risk_step_context *step, const cb_order *order)
{
    risk_state *state = step->state;
    const cb_id id = order_identity(order);
    const bool is_over = cb_order_is_terminal(order->state);
    if (is_over || order->qty.e8 <= 0 || cb_idset_has(&state->judged_seen, id) ||
        cb_idset_has(&state->foreign_ended, id)) {
        return;
    }
    const int64_t price_e8 = foreign_price(state, order);
    if (state->open_count == RISK_RESERVATIONS_MAX || price_e8 <= 0) {
        risk_account_doubt(state);
        return;
    }
    risk_reservation *row = risk_reservation_take(state, step->now_ns);
    row->intent_id = id;
    row->correlation_id = order->env.correlation_id;
    memcpy(row->venue, order->venue, sizeof(row->venue));
    memcpy(row->symbol, order->symbol, sizeof(row->symbol));
    memcpy(row->strategy, order->strategy, sizeof(row->strategy));
    row->side = order->side;
    row->state = order->state;
    row->is_foreign = true;
    row->qty = order->qty;
    row->cum_qty.e8 = order->cum_qty.e8 < order->qty.e8 ? order->cum_qty.e8 : order->qty.e8;
    row->remaining.e8 = row->qty.e8 - row->cum_qty.e8;
    row->price.e8 = price_e8;
    row->unit_cost.e8 = risk_mul_up(price_e8, CB_E8 + state->config->fee_buffer_e8);
    row->version = order->version;
    row->limit_price = order->limit_price;
}

void risk_reservation_on_order(risk_step_context *step, const cb_order *order)
{
    risk_state *state = step->state;
    CB_ASSERT(order->state <= CB_ORDER_STATE_NOT_SENT);
    if (!cb_text_equal(order->account, state->account.account)) {
        return;
    }
    risk_reservation_slot *slot = risk_reservation_find(state, order_identity(order));
    if (slot == NULL && risk_group_is_ours(state, order)) {
        risk_group_reserve_child(step, order);
        return;
    }
    if (slot == NULL) {
        reserve_foreign(step, order);
        return;
    }
    if (order->version <= slot->row.version) {
        return; /* a repeat, or an older one that was overtaken */
    }
    slot->row.version = order->version;
    slot->row.state = order->state;
    slot->row.updated_ns = step->now_ns;
    slot->is_changed = true;
    risk_group_on_order(&slot->row, order);
    if (cb_order_is_terminal(order->state)) {
        end_reservation(step, slot);
    }
}

void risk_reservation_on_fill(risk_step_context *step, const cb_fill *fill)
{
    risk_reservation_slot *slot = risk_reservation_find(step->state, fill->intent_id);
    if (slot == NULL || cb_id_is_none(fill->intent_id)) {
        return;
    }
    risk_reservation *row = &slot->row;
    int64_t used_e8 = fill->qty.e8;
    if (used_e8 > row->remaining.e8) {
        /* More than was ordered: for an order of ours that cannot be. */
        used_e8 = row->remaining.e8;
        if (!row->is_foreign) {
            risk_account_doubt(step->state);
        }
    }
    row->cum_qty.e8 += used_e8;
    row->remaining.e8 -= used_e8;
    risk_group_on_fill(row, used_e8);
    row->updated_ns = step->now_ns;
    slot->is_changed = true;
    CB_ASSERT(row->remaining.e8 == row->qty.e8 - row->cum_qty.e8);
    CB_ASSERT(row->remaining.e8 >= 0);
}

void risk_reservation_sum(
    const risk_state *state, const char *symbol, cb_id without, risk_reserved *out)
{
    *out = (risk_reserved){.buy_notional_e8 = 0};
    CB_ASSERT(state->open_count <= RISK_RESERVATIONS_MAX);
    for (uint32_t i = 0; i < state->open_count; i++) {
        const risk_reservation *row = &state->open[i].row;
        const bool is_symbol = cb_text_equal(row->symbol, symbol);
        CB_ASSERT(row->remaining.e8 >= 0);
        if (!cb_id_is_none(without) && cb_id_equal(row->intent_id, without)) {
            continue;
        }
        out->symbol_sell_qty_e8 =
            risk_add(out->symbol_sell_qty_e8, is_symbol ? row->uncovered.e8 : 0);
        if (row->side == CB_SIDE_SELL) {
            out->symbol_sell_qty_e8 =
                risk_add(out->symbol_sell_qty_e8, is_symbol ? risk_group_counted(state, row) : 0);
            continue;
        }
        const int64_t notional_e8 = risk_mul_up(row->remaining.e8, row->price.e8);
        const int64_t cost_e8 = risk_mul_up(row->remaining.e8, row->unit_cost.e8);
        out->buy_notional_e8 = risk_add(out->buy_notional_e8, notional_e8);
        out->buy_cost_e8 = risk_add(out->buy_cost_e8, cost_e8);
        out->symbol_buy_notional_e8 =
            risk_add(out->symbol_buy_notional_e8, is_symbol ? notional_e8 : 0);
    }
}
