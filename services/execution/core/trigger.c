/* Orders that wait here for their trigger, because the venue cannot wait for it or because the
 * order says so. They are READY and held: nothing of them is at the venue. The decision that a
 * trigger was reached is a version of the order, stored before anything is sent; after a crash it
 * is either there, and the order goes, or not, and the next valid ticker decides. */
#include "services/execution/core/exec_internal.h"

bool exec_trigger_is_native(const exec_state *state, const cb_order *row)
{
    CB_ASSERT(cb_order_type_has_trigger(row->order_type));
    const bool is_trailing = row->trailing_bips > 0;
    uint32_t needed = CB_VENUE_CAN_STOP;
    needed |= is_trailing ? CB_VENUE_CAN_TRAIL : 0;
    /* A trailing stop with a floor under it is more than venues know. */
    const bool is_plain = !is_trailing || row->trigger_price.e8 == 0;
    return row->trigger_kind != CB_TRIGGER_QUOTE && is_plain && (state->caps & needed) == needed;
}

bool exec_ticker_is_fresh(const exec_state *state, const exec_symbol *symbol)
{
    if (symbol == NULL || !symbol->has_ticker) {
        return false;
    }
    const cb_ticker *ticker = &symbol->ticker;
    if (ticker->bid.e8 <= 0 || ticker->ask.e8 < ticker->bid.e8) {
        return false;
    }
    return state->now_ns - ticker->recv_ns <= state->hard_caps.rules.data_age_max_ns;
}

/* How far a trailing trigger may be from what was stored of it: a twentieth of its distance. */
static void trail_store(exec_state *state, exec_order *order, int64_t distance_e8, cb_outbox *out)
{
    const int64_t moved_e8 = order->peak_e8 - order->peak_stored_e8;
    const int64_t size_e8 = moved_e8 < 0 ? -moved_e8 : moved_e8;
    if (order->peak_stored_e8 != 0 && size_e8 < distance_e8 / 20) {
        return;
    }
    order->peak_stored_e8 = order->peak_e8;
    exec_trail_row *row = CB_STORE(out, EXEC_TABLE_TRAILS, exec_trail_row);
    row->intent_id = order->row.intent_id;
    row->peak.e8 = order->peak_e8;
    row->at_ns = state->now_ns;
}

/* The price at which the order acts now; with a floor and a trail the nearer of the two. */
static int64_t trigger_level(
    exec_state *state, exec_order *order, int64_t quote_e8, bool is_above, cb_outbox *out)
{
    const cb_order *row = &order->row;
    if (row->trailing_bips == 0) {
        return row->trigger_price.e8;
    }
    const bool is_farther =
        order->peak_e8 == 0 || (is_above ? quote_e8 < order->peak_e8 : quote_e8 > order->peak_e8);
    order->peak_e8 = is_farther ? quote_e8 : order->peak_e8;
    const int64_t distance_e8 = order->peak_e8 / 10000 * row->trailing_bips +
                                order->peak_e8 % 10000 * row->trailing_bips / 10000;
    trail_store(state, order, distance_e8, out);
    const int64_t trail_e8 = is_above ? order->peak_e8 + distance_e8 : order->peak_e8 - distance_e8;
    const int64_t floor_e8 = row->trigger_price.e8;
    if (floor_e8 == 0) {
        return trail_e8;
    }
    const bool is_floor_nearer = is_above ? floor_e8 < trail_e8 : floor_e8 > trail_e8;
    return is_floor_nearer ? floor_e8 : trail_e8;
}

void exec_trigger_fire(exec_state *state, exec_order *order, const char *why, cb_outbox *out)
{
    CB_ASSERT(order->row.state == CB_ORDER_STATE_READY);
    CB_ASSERT(order->row.is_held && order->row.triggered_ns == 0);
    exec_order *partner = order->row.leg > 0 ? exec_leg_partner(state, order) : NULL;
    const bool is_alone = partner == NULL || partner->finished != 0;
    order->row.triggered_ns = state->now_ns;
    order->row.is_held = !is_alone;
    exec_emit_order(state, order, CB_ORDER_STATE_READY, why, out);
    if (!is_alone) {
        /* It goes when the other leg has ended for certain, and then for what that one left. */
        exec_ask_cancel(state, partner, "the stop of its group acts", out);
    }
}

static bool trigger_is_reached(
    exec_state *state, exec_order *order, const exec_symbol *symbol, char *text, cb_outbox *out)
{
    const cb_order *row = &order->row;
    const bool is_sell = row->side == CB_SIDE_SELL;
    const bool is_above = cb_order_trigger_is_above(row->order_type, row->side);
    const int64_t quote_e8 = is_sell ? symbol->ticker.bid.e8 : symbol->ticker.ask.e8;
    const int64_t level_e8 = trigger_level(state, order, quote_e8, is_above, out);
    if (is_above ? quote_e8 < level_e8 : quote_e8 > level_e8) {
        return false;
    }
    cb_textbuf why = cb_textbuf_over(text, EXEC_REASON_MAX);
    cb_textbuf_add(&why, is_sell ? "triggered: bid " : "triggered: ask ");
    cb_textbuf_add_e8(&why, quote_e8);
    cb_textbuf_add(&why, is_above ? " at or above " : " at or below ");
    cb_textbuf_add_e8(&why, level_e8);
    return true;
}

void exec_trigger_tick(exec_state *state, const exec_symbol *symbol, cb_outbox *out)
{
    CB_ASSERT(symbol != NULL);
    if (!state->is_recovered || !state->is_lease_held || !exec_ticker_is_fresh(state, symbol)) {
        return;
    }
    uint32_t fired = 0;
    for (uint32_t i = 0; i < state->active_count && fired < EXEC_FIRES_PER_STEP; i++) {
        exec_order *order = exec_active(state, i);
        const cb_order *row = &order->row;
        const bool waits = row->state == CB_ORDER_STATE_READY && row->is_held &&
                           row->triggered_ns == 0 && cb_order_type_has_trigger(row->order_type);
        char text[EXEC_REASON_MAX];
        if (waits && cb_text_equal(row->symbol, symbol->symbol) &&
            trigger_is_reached(state, order, symbol, text, out)) {
            exec_trigger_fire(state, order, text, out);
            fired++;
        }
    }
}

void exec_held_tick(exec_state *state, cb_outbox *out)
{
    uint32_t ended = 0;
    for (uint32_t i = 0; i < state->active_count && ended < EXEC_EXPIRED_PER_STEP;) {
        exec_order *order = exec_active(state, i);
        const bool is_held = order->row.state == CB_ORDER_STATE_READY && order->row.is_held;
        const uint32_t level = is_held ? exec_kill_level(state, &order->row) : 0;
        if (level < 2) {
            i++;
            continue;
        }
        exec_emit_order(state, order, CB_ORDER_STATE_NOT_SENT, "kill level forbids it", out);
        ended++;
    }
}
