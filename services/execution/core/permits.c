/* From permit to a READY order, or to the refusal that releases risk's reservation. What the order
 * may do at the moment it leaves is judged again later (caps.c). */
#include "services/execution/core/exec_internal.h"

#include <string.h>

#include "domain/client_order_id.h"
#include "domain/permit.h"
#include "domain/terms.h"

/* Terms without which there is nothing to tell about: neither a row nor an event could hold them.
 */
static const char *permit_shape_refusal(const exec_state *state, const cb_permit *permit)
{
    if (cb_id_is_none(permit->intent_id) || cb_id_is_none(permit->permit_id)) {
        return "permit without ids";
    }
    if (!cb_text_equal(permit->account, state->config->account) ||
        !cb_text_equal(permit->venue, state->config->venue)) {
        return "permit of another account";
    }
    if (permit->symbol[0] == '\0') {
        return "permit without a symbol";
    }
    if (permit->side == CB_SIDE_NONE || permit->order_type == CB_ORDER_TYPE_NONE) {
        return "permit without side or order type";
    }
    if (permit->qty.e8 <= 0 || permit->limit_price.e8 < 0) {
        return "permit without a quantity";
    }
    return NULL;
}

static const char *permit_refusal(const exec_state *state, const cb_permit *permit)
{
    const uint8_t *key = (const uint8_t *)state->config->permit_key;
    if (!cb_permit_verify(permit, key, strlen(state->config->permit_key))) {
        return "permit signature wrong";
    }
    if (permit->expires_ns <= state->now_ns) {
        return "permit expired";
    }
    if (permit->not_after_ns <= state->now_ns) {
        return "order past its not_after";
    }
    /* A reduction passes in whatever belief it was granted: getting out comes first. */
    if (!permit->reduce_only && permit->limits_version < state->limits_version) {
        return "permit of older limits";
    }
    if (!permit->reduce_only &&
        memcmp(permit->caps_hash, state->hard_caps.hash, sizeof(permit->caps_hash)) != 0) {
        return "permit of other caps";
    }
    return NULL;
}

/* Terms that make no sense, by the name of the field; a group is led by its own intent. */
static const char *permit_terms_refusal(const cb_permit *permit, char text[EXEC_REASON_MAX])
{
    const cb_terms terms = cb_terms_of_permit(permit);
    cb_terms_refusal refusal = cb_terms_check(&terms);
    if (refusal.field == NULL && !cb_id_is_none(permit->group_id) &&
        !cb_id_equal(permit->group_id, permit->intent_id)) {
        refusal = (cb_terms_refusal){"group_id", "is not the intent's own"};
    }
    if (refusal.field == NULL) {
        return NULL;
    }
    cb_textbuf words = cb_textbuf_over(text, EXEC_REASON_MAX);
    cb_textbuf_add(&words, refusal.field);
    cb_textbuf_add(&words, " ");
    cb_textbuf_add(&words, refusal.why);
    return text;
}

/* Whether the order waits here first, and how long it may. */
static void permit_hold(const exec_state *state, cb_order *row)
{
    if (row->role == CB_ROLE_TAKE_PROFIT) {
        row->leg = EXEC_LEGS_PER_PAIR;
    }
    if (!cb_id_is_none(row->replaces)) {
        row->is_held = true; /* by its own deadline: the cancel must be proven until then */
        return;
    }
    const bool waits =
        cb_order_type_has_trigger(row->order_type) && !exec_trigger_is_native(state, row);
    if (waits) {
        row->is_held = true;
        row->not_after_ns = state->now_ns + (row->timeout_ns > 0 ? row->timeout_ns : EXEC_HELD_NS);
    }
}

/* Nothing is told to others: the intent may have an order whose reservation must stay. */
static void permit_store_refusal(
    exec_state *state, const cb_permit *permit, const char *reason, cb_outbox *out)
{
    state->refused_count++;
    exec_refusal *row = CB_STORE(out, EXEC_TABLE_REFUSALS, exec_refusal);
    row->refusal_id = cb_id_make("execution.refusal", state->lease_epoch, ++state->refusals_stored);
    row->at_ns = state->now_ns;
    row->permit_id = permit->permit_id;
    row->intent_id = permit->intent_id;
    const bool is_kept = cb_text_copy(row->reason, sizeof(row->reason), cb_sv_from(reason));
    CB_ASSERT(is_kept);
    exec_emit_alert("permit_refused", NULL, true, reason, out);
}

static void permit_fill_row(const exec_state *state, const cb_permit *permit, cb_order *row)
{
    row->env.causation_id = permit->env.event_id;
    row->env.correlation_id = permit->env.correlation_id;
    row->env.origin_ns = permit->env.origin_ns;
    row->intent_id = permit->intent_id;
    row->permit_id = permit->permit_id;
    memcpy(row->account, permit->account, sizeof(row->account));
    memcpy(row->venue, permit->venue, sizeof(row->venue));
    memcpy(row->symbol, permit->symbol, sizeof(row->symbol));
    memcpy(row->strategy, permit->strategy, sizeof(row->strategy));
    cb_client_order_id((const uint8_t *)state->config->client_id_salt,
        strlen(state->config->client_id_salt),
        row->account,
        row->venue,
        row->intent_id,
        row->client_order_id);
    row->side = permit->side;
    row->purpose = permit->purpose;
    row->order_type = permit->order_type;
    row->tif = permit->tif;
    row->reduce_only = permit->reduce_only;
    row->qty = permit->qty;
    row->limit_price = permit->limit_price;
    row->stop_loss = permit->stop_loss;
    row->take_profit = permit->take_profit;
    row->not_after_ns = permit->not_after_ns;
    row->trigger_price = permit->trigger_price;
    row->trigger_kind = permit->trigger_kind;
    row->trailing_bips = permit->trailing_bips;
    row->group_id = permit->group_id;
    row->role = permit->role;
    row->max_slippage = permit->max_slippage;
    row->timeout_ns = permit->timeout_ns;
    row->stop_limit = permit->stop_limit;
    row->replaces = permit->replaces;
}

/* Single use, of the permit and of the intent: neither may ever lead to a second order. */
static bool permit_is_used(const exec_state *state, const cb_permit *permit)
{
    return exec_seen_has(&state->intents, permit->intent_id) ||
           exec_seen_has(&state->intents, permit->permit_id);
}

void exec_on_permit(exec_state *state, const cb_permit *permit, cb_outbox *out)
{
    CB_ASSERT(state->is_recovered);
    CB_ASSERT(permit != NULL);
    const char *unfit = permit_shape_refusal(state, permit);
    if (unfit == NULL && permit_is_used(state, permit)) {
        unfit = "permit or intent used before";
    }
    if (unfit != NULL) {
        permit_store_refusal(state, permit, unfit, out);
        return;
    }
    char text[EXEC_REASON_MAX];
    const char *reason = permit_refusal(state, permit);
    reason = reason == NULL ? permit_terms_refusal(permit, text) : reason;
    exec_order *order = exec_order_take(state);
    if (order == NULL) {
        /* Without a place nothing can be told: the reservation stays, which errs to safety. */
        permit_store_refusal(state, permit, "table of orders full", out);
        return;
    }
    exec_seen_add(&state->intents, permit->intent_id, NULL);
    exec_seen_add(&state->intents, permit->permit_id, NULL);
    permit_fill_row(state, permit, &order->row);
    if (reason == NULL) {
        permit_hold(state, &order->row);
    }
    order->reference_price = permit->reference_price;
    state->orders_count++;
    exec_emit_order(
        state, order, CB_ORDER_STATE_READY, order->row.is_held ? "waits here" : "", out);
    if (reason != NULL) {
        state->refused_count++;
        exec_emit_order(state, order, CB_ORDER_STATE_NOT_SENT, reason, out);
        exec_emit_alert("permit_refused", order, true, reason, out);
        return;
    }
    exec_note_limits(state, permit->limits_version, out);
    if (order->row.role == CB_ROLE_TAKE_PROFIT) {
        exec_legs_of_oco(state, order, out);
    }
}

/* The newest version heard of, by a permit or by risk's word, is the oldest that still counts. */
void exec_note_limits(exec_state *state, uint64_t version, cb_outbox *out)
{
    if (version <= state->limits_version) {
        return;
    }
    state->limits_version = version;
    exec_watermark *mark = CB_STORE(out, EXEC_TABLE_WATERMARKS, exec_watermark);
    *mark = (exec_watermark){.name = "limits_version", .value = version};
    CB_ASSERT(mark->value > 0);
}
