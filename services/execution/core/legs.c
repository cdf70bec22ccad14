/* The children of a group. A pair is a take-profit and a stop (or one of them) for the same
 * quantity: what one closes the other must not. An OCO is one pair; a bracket gets a pair for each
 * share of what its parent filled. Children go under the permit of their leader, which names their
 * prices; their ids follow from the group, so that a pair is made once however often one tries. */
#include "services/execution/core/exec_internal.h"

#include <string.h>

#include "domain/client_order_id.h"
#include "domain/instrument.h"

cb_id exec_leg_id(cb_id group_id, cb_role role, uint32_t leg)
{
    CB_ASSERT(!cb_id_is_none(group_id));
    CB_ASSERT(role == CB_ROLE_TAKE_PROFIT || role == CB_ROLE_STOP);
    char source[96];
    char id[CB_ID_TEXT_MAX];
    cb_id_print(group_id, id);
    cb_textbuf text = cb_textbuf_over(source, sizeof(source));
    cb_textbuf_add(&text, "execution.leg.");
    cb_textbuf_add(&text, id);
    cb_textbuf_add(&text, ".");
    cb_textbuf_add(&text, cb_enum_name(&cb_role_desc, (uint32_t)role));
    return cb_id_make(source, 0, leg);
}

cb_qty exec_qty_whole_lots(exec_state *state, const char *symbol, int64_t qty_e8)
{
    const exec_symbol *entry = exec_symbol_find(state, symbol);
    cb_qty lots = {0};
    if (qty_e8 <= 0 || entry == NULL || !entry->has_instrument ||
        cb_instrument_round_qty(&entry->instrument, (cb_qty){qty_e8}, CB_ROUND_DOWN, &lots, NULL) !=
            CB_OK) {
        return (cb_qty){0};
    }
    CB_ASSERT(lots.e8 <= qty_e8);
    return lots;
}

bool exec_qty_is_tradable(exec_state *state, const cb_order *row, cb_qty qty)
{
    const exec_symbol *symbol = exec_symbol_find(state, row->symbol);
    if (qty.e8 <= 0 || symbol == NULL || !symbol->has_instrument) {
        return false;
    }
    const int64_t price_e8 = row->limit_price.e8 > 0     ? row->limit_price.e8
                             : row->trigger_price.e8 > 0 ? row->trigger_price.e8
                             : symbol->has_ticker        ? symbol->ticker.bid.e8
                                                         : 0;
    cb_amount notional = {0};
    if (cb_notional((cb_price){price_e8}, qty, CB_ROUND_DOWN, &notional, NULL) != CB_OK) {
        return false;
    }
    const bool is_worth_it = price_e8 == 0 || notional.e8 >= symbol->instrument.notional_min.e8;
    return qty.e8 >= symbol->instrument.qty_min.e8 && is_worth_it;
}

exec_order *exec_leg_partner(exec_state *state, const exec_order *order)
{
    const cb_order *row = &order->row;
    CB_ASSERT(row->leg > 0);
    exec_order *found = NULL;
    for (uint32_t i = 0; i < state->orders_max; i++) {
        exec_order *other = &state->orders[i];
        const bool is_partner =
            other->is_used && other->row.role != row->role &&
            cb_id_equal(other->row.group_id, row->group_id) &&
            other->row.leg / EXEC_LEGS_PER_PAIR == row->leg / EXEC_LEGS_PER_PAIR;
        if (!is_partner || (found != NULL && found->finished == 0)) {
            continue;
        }
        if (found == NULL || other->finished == 0 || other->row.leg > found->row.leg) {
            found = other;
        }
    }
    return found;
}

bool exec_leg_is_listed(exec_state *state, const exec_order *order)
{
    if (order->row.leg == 0 || order->row.is_held || order->row.triggered_ns != 0) {
        return false;
    }
    const exec_order *partner = exec_leg_partner(state, order);
    return partner != NULL && partner->row.state == CB_ORDER_STATE_READY && !partner->row.is_held &&
           partner->row.triggered_ns == 0 && order->row.state == CB_ORDER_STATE_READY;
}

/* A row like its leader's, for the other direction of a bracket and the same of an OCO. */
static void leg_fill_row(const exec_state *state, const cb_order *from, cb_order *row)
{
    const cb_order leader = *from; /* from may be evicted with the place that row takes */
    *row = (cb_order){.side = leader.side};
    row->env.causation_id = leader.env.causation_id;
    row->env.correlation_id = leader.env.correlation_id;
    row->env.origin_ns = leader.env.origin_ns;
    memcpy(row->account, leader.account, sizeof(row->account));
    memcpy(row->venue, leader.venue, sizeof(row->venue));
    memcpy(row->symbol, leader.symbol, sizeof(row->symbol));
    memcpy(row->strategy, leader.strategy, sizeof(row->strategy));
    if (leader.role == CB_ROLE_PARENT) {
        row->side = leader.side == CB_SIDE_BUY ? CB_SIDE_SELL : CB_SIDE_BUY;
    }
    row->group_id = leader.group_id;
    row->reduce_only = true;
    row->not_after_ns = state->now_ns + EXEC_HELD_NS;
}

static void leg_name(const exec_state *state, cb_order *row, cb_role role, uint32_t leg)
{
    row->role = role;
    row->leg = leg;
    row->purpose = role == CB_ROLE_STOP ? CB_PURPOSE_STOP_LOSS : CB_PURPOSE_TAKE_PROFIT;
    row->intent_id = exec_leg_id(row->group_id, role, leg);
    cb_client_order_id((const uint8_t *)state->config->client_id_salt,
        strlen(state->config->client_id_salt),
        row->account,
        row->venue,
        row->intent_id,
        row->client_order_id);
}

static void leg_set_stop(const exec_state *state, const cb_order *leader, cb_order *row)
{
    const bool has_limit = leader->stop_limit.e8 > 0;
    row->order_type = has_limit ? CB_ORDER_TYPE_STOP_LOSS_LIMIT : CB_ORDER_TYPE_STOP_LOSS;
    row->tif = has_limit ? CB_TIF_GTC : CB_TIF_NONE;
    row->limit_price = leader->stop_limit;
    row->trigger_price = leader->stop_loss;
    row->trailing_bips = leader->trailing_bips;
    row->trigger_kind = leader->trigger_kind;
    row->is_held = !exec_trigger_is_native(state, row);
}

/* Takes a place and tells of the leg; NULL (and everything stops) when there is no place. */
static exec_order *leg_begin(
    exec_state *state, const cb_order *row, const char *why, cb_outbox *out)
{
    CB_ASSERT(row->qty.e8 > 0);
    CB_ASSERT(!cb_id_is_none(row->intent_id));
    const cb_order kept = *row;
    if (exec_seen_has(&state->intents, kept.intent_id)) {
        return NULL; /* made before */
    }
    exec_order *order = exec_order_take(state);
    if (order == NULL) {
        exec_raise_kill(state, "account", 1, "no place for the exit of a group", out);
        return NULL;
    }
    exec_seen_add(&state->intents, kept.intent_id, NULL);
    order->row = kept;
    state->orders_count++;
    exec_emit_order(state, order, CB_ORDER_STATE_READY, why, out);
    return order;
}

/* Whether the two legs may be given to the venue as one list. */
static bool pair_is_native(const exec_state *state, const cb_order *target, const cb_order *stop)
{
    return (state->caps & CB_VENUE_CAN_LIST) != 0 && !stop->is_held &&
           target->order_type == CB_ORDER_TYPE_LIMIT_MAKER;
}

void exec_legs_of_oco(exec_state *state, exec_order *leader, cb_outbox *out)
{
    CB_ASSERT(leader->row.role == CB_ROLE_TAKE_PROFIT);
    CB_ASSERT(leader->row.leg == EXEC_LEGS_PER_PAIR);
    cb_order stop;
    const cb_order from = leader->row;
    leg_fill_row(state, &from, &stop);
    stop.reduce_only = from.reduce_only;
    leg_name(state, &stop, CB_ROLE_STOP, from.leg);
    leg_set_stop(state, &from, &stop);
    stop.qty = from.qty;
    stop.is_held = !pair_is_native(state, &from, &stop);
    if (leg_begin(state, &stop, "stop of the OCO", out) == NULL) {
        exec_ask_cancel(state, leader, "its stop could not be made", out);
    }
}

/* What the parent bought, less fees taken from it, less what pairs are there for; whole lots. */
static cb_qty parent_uncovered(exec_state *state, const exec_order *parent)
{
    const int64_t fee_e8 = parent->row.side == CB_SIDE_BUY ? parent->fee_base_e8 : 0;
    return exec_qty_whole_lots(
        state, parent->row.symbol, parent->row.cum_qty.e8 - fee_e8 - parent->row.covered_qty.e8);
}

/* The two rows of a new pair, or one of them; which goes to the venue at once, and which waits. */
typedef struct pair_rows {
    cb_order target;
    cb_order stop;
    bool has_target;
    bool has_stop;
} pair_rows;

static void pair_describe(
    const exec_state *state, const exec_order *parent, cb_qty qty, pair_rows *pair)
{
    const cb_order *leader = &parent->row;
    const uint32_t leg = (leader->legs_count + 1) * EXEC_LEGS_PER_PAIR;
    const bool is_acting = parent->is_exit_wanted;
    pair->has_stop = is_acting || leader->stop_loss.e8 > 0 || leader->trailing_bips > 0;
    pair->has_target = !is_acting && leader->take_profit.e8 > 0;
    leg_fill_row(state, leader, &pair->target);
    pair->target.qty = qty;
    pair->stop = pair->target;
    leg_name(state, &pair->target, CB_ROLE_TAKE_PROFIT, leg);
    leg_name(state, &pair->stop, CB_ROLE_STOP, leg);
    pair->target.order_type = CB_ORDER_TYPE_LIMIT;
    pair->target.tif = CB_TIF_GTC;
    pair->target.limit_price = leader->take_profit;
    leg_set_stop(state, leader, &pair->stop);
    if (is_acting) {
        pair->stop.triggered_ns = state->now_ns;
        pair->stop.is_held = false;
        return;
    }
    if (!pair->has_target || !pair->has_stop) {
        return;
    }
    if (!pair->stop.is_held && (state->caps & CB_VENUE_CAN_LIST) != 0) {
        pair->target.order_type = CB_ORDER_TYPE_LIMIT_MAKER;
        pair->target.tif = CB_TIF_NONE;
    }
    /* Two orders at the venue that are no list would each want the whole quantity. */
    pair->stop.is_held = !pair_is_native(state, &pair->target, &pair->stop);
}

bool exec_legs_cover(exec_state *state, exec_order *parent, cb_outbox *out)
{
    CB_ASSERT(parent->row.role == CB_ROLE_PARENT);
    CB_ASSERT(parent->finished == 0);
    pair_rows pair;
    const cb_qty qty = parent_uncovered(state, parent);
    if (parent->is_abandoned || qty.e8 == 0) {
        return false;
    }
    pair_describe(state, parent, qty, &pair);
    if (!exec_qty_is_tradable(state, pair.has_stop ? &pair.stop : &pair.target, qty)) {
        return false;
    }
    parent->row.legs_count++;
    parent->row.covered_qty.e8 += qty.e8;
    if (pair.has_target) {
        const exec_order *made = leg_begin(state, &pair.target, "covers its parent", out);
        CB_MAYBE(made != NULL);
    }
    if (pair.has_stop) {
        const exec_order *made = leg_begin(state, &pair.stop, "covers its parent", out);
        CB_MAYBE(made != NULL);
    }
    return true;
}

/* What of an ended leg its successor does not inherit. */
static void leg_renew(const exec_state *state, const cb_order *ended, cb_qty qty, cb_order *row)
{
    *row = *ended;
    row->env = (cb_envelope){.causation_id = ended->env.causation_id,
        .correlation_id = ended->env.correlation_id,
        .origin_ns = ended->env.origin_ns};
    row->permit_id = (cb_id){0, 0};
    memset(row->venue_order_id, 0, sizeof(row->venue_order_id));
    row->version = 0;
    row->state = CB_ORDER_STATE_NONE;
    row->qty = qty;
    row->cum_qty.e8 = 0;
    row->cum_quote.e8 = 0;
    row->sign_ts_ns = 0;
    row->sent_ns = 0;
    row->answered_ns = 0;
    row->triggered_ns = 0;
    row->reduce_only = true;
    row->not_after_ns = state->now_ns + EXEC_HELD_NS;
    leg_name(state, row, ended->role, ended->leg + 1);
}

static int64_t leg_backoff_ns(uint32_t attempt)
{
    int64_t wait_ns = EXEC_GROUP_RETRY_NS;
    for (uint32_t i = 1; i < attempt && wait_ns < EXEC_GROUP_RETRY_MAX_NS; i++) {
        wait_ns *= 2;
    }
    return wait_ns < EXEC_GROUP_RETRY_MAX_NS ? wait_ns : EXEC_GROUP_RETRY_MAX_NS;
}

void exec_leg_again(
    exec_state *state, const exec_order *ended, cb_qty left, bool is_acting, cb_outbox *out)
{
    CB_ASSERT(ended->row.leg > 0);
    cb_order row;
    const cb_qty qty = exec_qty_whole_lots(state, ended->row.symbol, left.e8);
    if (!exec_qty_is_tradable(state, &ended->row, qty)) {
        exec_emit_alert("group_dust", ended, false, "what is left is too little to sell", out);
        return;
    }
    const uint32_t attempt = ended->row.leg % EXEC_LEGS_PER_PAIR + 1;
    if (attempt > EXEC_ATTEMPTS_MAX) {
        exec_raise_kill(state, "account", 1, "the exit of a group does not come through", out);
        return;
    }
    const exec_order *partner = exec_leg_partner(state, ended);
    leg_renew(state, &ended->row, qty, &row);
    if (row.role == CB_ROLE_STOP && partner != NULL) {
        row.covered_qty = partner->row.cum_qty; /* qty is without it */
    }
    if (row.role == CB_ROLE_TAKE_PROFIT) {
        row.order_type = CB_ORDER_TYPE_LIMIT;
        row.tif = CB_TIF_GTC;
    } else {
        row.triggered_ns = is_acting ? state->now_ns : 0;
        row.is_held = !is_acting;
        row.trigger_kind = is_acting ? row.trigger_kind : CB_TRIGGER_QUOTE;
    }
    exec_order *made = leg_begin(state, &row, "another attempt", out);
    if (made != NULL) {
        made->not_before_ns = row.is_held ? 0 : state->now_ns + leg_backoff_ns(attempt);
    }
}
