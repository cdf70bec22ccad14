/* One order at a time: ready, claimed, posted, answered. The claim is the point of no return; what
 * the answer does not settle beyond doubt becomes UNKNOWN and is resolved by questions only
 * (resolve.c). There is no path that posts an order a second time. */
#include "services/execution/core/exec_internal.h"

bool exec_is_live(const exec_state *state)
{
    CB_ASSERT(state != NULL);
    return state->is_recovered && state->is_lease_held && state->is_stream_up &&
           state->is_reconciled;
}

static exec_order *place_next_ready(exec_state *state)
{
    for (uint32_t i = 0; i < state->active_count; i++) {
        exec_order *order = exec_active(state, i);
        const bool is_ready = order->row.state == CB_ORDER_STATE_READY && !order->row.is_held &&
                              order->not_before_ns <= state->now_ns;
        /* The stop of an order list goes with its take-profit. */
        if (is_ready && (order->row.role != CB_ROLE_STOP || !exec_leg_is_listed(state, order))) {
            return order;
        }
    }
    return NULL;
}

/* The one that the lane works on stays: its claim decides. */
static bool place_is_in_lane(const exec_state *state, const exec_order *order)
{
    return state->lane != EXEC_LANE_FREE &&
           (cb_id_equal(state->lane_intent, order->row.intent_id) ||
               cb_id_equal(state->lane_mate, order->row.intent_id));
}

static void place_end_expired(exec_state *state, cb_outbox *out)
{
    uint32_t ended = 0;
    for (uint32_t i = 0; i < state->active_count && ended < EXEC_EXPIRED_PER_STEP;) {
        exec_order *order = exec_active(state, i);
        if (order->row.state != CB_ORDER_STATE_READY || place_is_in_lane(state, order) ||
            order->row.not_after_ns > state->now_ns) {
            i++;
            continue;
        }
        const char *reason =
            order->row.is_held ? "timed out while it waited" : "past its not_after";
        exec_emit_order(state, order, CB_ORDER_STATE_NOT_SENT, reason, out);
        ended++; /* the list closed up: the same index names the next one */
    }
}

/* What goes in the same request: the stop of an order list, or the cancel of what is replaced. */
static void place_claim_others(exec_state *state, exec_order *order, exec_claim *claim)
{
    state->lane_mate = (cb_id){0, 0};
    if (order->row.leg > 0 && exec_leg_is_listed(state, order)) {
        const exec_order *mate = exec_leg_partner(state, order);
        CB_ASSERT(mate != NULL && mate->row.role == CB_ROLE_STOP);
        state->lane_mate = mate->row.intent_id;
        claim->has_mate = true;
        claim->mate = mate->row;
    }
    const exec_order *old =
        order->is_replacing ? exec_order_by_intent(state, order->row.replaces) : NULL;
    if (old != NULL) {
        memcpy(claim->replaces_venue_id, old->row.venue_order_id, sizeof(claim->replaces_venue_id));
    }
}

static void place_claim(exec_state *state, exec_order *order, cb_outbox *out)
{
    exec_caps_spend(state, order);
    state->lane = EXEC_LANE_CLAIM;
    state->lane_intent = order->row.intent_id;
    exec_claim *claim = CB_REQUEST(out, EXEC_REQUEST_CLAIM, exec_claim);
    claim->order = order->row;
    claim->window_ms = exec_window_ns(state) / CB_NS_PER_MS;
    claim->bound = exec_slippage_bound(state, order);
    place_claim_others(state, order, claim);
}

void exec_pump(exec_state *state, cb_outbox *out)
{
    CB_ASSERT(state->is_recovered);
    place_end_expired(state, out);
    for (uint32_t tries = 0; tries < EXEC_EXPIRED_PER_STEP; tries++) {
        if (state->lane != EXEC_LANE_FREE || !exec_is_live(state)) {
            return;
        }
        exec_order *order = place_next_ready(state);
        if (order == NULL) {
            return;
        }
        char text[EXEC_REASON_MAX];
        const char *reason = order->row.not_after_ns <= state->now_ns
                                 ? "past its not_after"
                                 : exec_caps_refusal(state, order, text);
        if (reason == NULL && state->now_ns < state->throttled_until_ns) {
            reason = "venue asked us to wait";
        }
        if (reason == NULL) {
            place_claim(state, order, out);
            return;
        }
        exec_emit_order(state, order, CB_ORDER_STATE_NOT_SENT, reason, out);
    }
}

/* When the next ready order runs out of time, or now when more expired than one step may end. */
int64_t exec_ready_due_ns(exec_state *state)
{
    int64_t due = EXEC_NEVER;
    for (uint32_t i = 0; i < state->active_count; i++) {
        const exec_order *order = exec_active(state, i);
        if (order->row.state == CB_ORDER_STATE_READY && !place_is_in_lane(state, order) &&
            order->row.not_after_ns < due) {
            due = order->row.not_after_ns;
        }
    }
    return due;
}

bool exec_is_posting(const exec_state *state, const exec_order *order)
{
    return state->lane == EXEC_LANE_POST && place_is_in_lane(state, order);
}

static exec_order *place_lane_order(exec_state *state, exec_lane lane, cb_id intent_id)
{
    if (state->lane != lane || !cb_id_equal(state->lane_intent, intent_id)) {
        return NULL;
    }
    exec_order *order = exec_order_by_intent(state, intent_id);
    CB_ASSERT(order != NULL);
    return order;
}

static void place_free_lane(exec_state *state)
{
    state->lane = EXEC_LANE_FREE;
    state->lane_intent = (cb_id){0, 0};
    state->lane_mate = (cb_id){0, 0};
}

/* The other leg of the list that is in the lane; NULL when there is none. */
static exec_order *place_mate(exec_state *state)
{
    if (cb_id_is_none(state->lane_mate)) {
        return NULL;
    }
    exec_order *mate = exec_order_by_intent(state, state->lane_mate);
    CB_ASSERT(mate != NULL);
    return mate;
}

/* Nothing of what was claimed has left: both legs of a list end alike. The end of the first may end
 * the second with it, so both know their signature before: the database has it already. */
static void place_unsend(
    exec_state *state, exec_order *order, const char *reason, int64_t sign_ts_ns, cb_outbox *out)
{
    exec_order *mate = place_mate(state);
    const bool is_mate_ready = mate != NULL && mate->row.state == CB_ORDER_STATE_READY;
    place_free_lane(state);
    if (order->finished == 0) {
        order->row.sign_ts_ns = sign_ts_ns;
    }
    if (is_mate_ready) {
        mate->row.sign_ts_ns = sign_ts_ns;
        exec_emit_order(state, mate, CB_ORDER_STATE_NOT_SENT, reason, out);
    }
    if (order->finished == 0) {
        exec_emit_order(state, order, CB_ORDER_STATE_NOT_SENT, reason, out);
    }
}

static const char *const claim_reasons[EXEC_CLAIM_COUNT] = {
    [EXEC_CLAIM_DONE] = "",
    [EXEC_CLAIM_EXPIRED] = "past its not_after at the claim",
    [EXEC_CLAIM_KILLED] = "kill level forbids it at the claim",
    [EXEC_CLAIM_NOT_BUILT] = "request refused locally",
    [EXEC_CLAIM_RISK_SILENT] = "risk is silent",
    [EXEC_CLAIM_FAILED] = "claim refused by the database",
};

void exec_on_claim(exec_state *state, const exec_claim_result *result, cb_outbox *out)
{
    CB_ASSERT((unsigned)result->outcome < EXEC_CLAIM_COUNT);
    exec_order *order = place_lane_order(state, EXEC_LANE_CLAIM, result->intent_id);
    CB_ASSERT(order != NULL);
    if (order->row.state != CB_ORDER_STATE_READY) {
        /* The user stream told of it meanwhile: who took our lease has sent it. */
        CB_ASSERT(result->outcome != EXEC_CLAIM_DONE);
        place_free_lane(state);
        return;
    }
    const bool is_late = order->row.not_after_ns <= state->now_ns;
    const bool is_killed = !exec_kill_allows(state, &order->row);
    const bool is_stopped = is_late || is_killed || order->is_cancel_wanted;
    if (result->outcome == EXEC_CLAIM_DONE && is_stopped) {
        /* Nothing has left yet, so this is still certain. */
        const char *reason = is_late     ? "past its not_after"
                             : is_killed ? "kill level forbids it"
                                         : "canceled before it left";
        order->is_dropped = order->is_cancel_wanted;
        place_unsend(state, order, reason, result->sign_ts_ns, out);
        return;
    }
    if (result->outcome == EXEC_CLAIM_DONE) {
        /* The row is SENDING now. Others are told with the next event: the send does not wait. */
        CB_ASSERT(result->sign_ts_ns > 0);
        order->row.sign_ts_ns = result->sign_ts_ns;
        order->window_ns = exec_window_ns(state);
        exec_order *mate = place_mate(state);
        if (mate != NULL) {
            mate->row.sign_ts_ns = result->sign_ts_ns;
            mate->window_ns = order->window_ns;
        }
        state->lane = EXEC_LANE_POST;
        exec_send *send = CB_REQUEST(out, EXEC_REQUEST_SEND, exec_send);
        send->intent_id = result->intent_id;
        return;
    }
    char text[EXEC_REASON_MAX];
    cb_textbuf reason = cb_textbuf_over(text, sizeof(text));
    cb_textbuf_add(&reason, claim_reasons[result->outcome]);
    if (result->detail[0] != '\0') {
        cb_textbuf_add(&reason, ": ");
        cb_textbuf_add(&reason, result->detail);
    }
    place_unsend(state, order, text, order->row.sign_ts_ns, out);
}

void exec_on_sent(exec_state *state, const exec_sent *sent, cb_outbox *out)
{
    exec_order *order = place_lane_order(state, EXEC_LANE_POST, sent->intent_id);
    CB_ASSERT(order != NULL);
    order->row.sent_ns = sent->sent_ns;
    if (order->row.state == CB_ORDER_STATE_READY) {
        exec_emit_order(state, order, CB_ORDER_STATE_SENDING, "", out);
    }
    exec_order *mate = place_mate(state);
    if (mate != NULL && mate->row.state == CB_ORDER_STATE_READY) {
        mate->row.sent_ns = sent->sent_ns;
        exec_emit_order(state, mate, CB_ORDER_STATE_SENDING, "", out);
    }
}

void exec_make_unknown(
    exec_state *state, exec_order *order, const char *reason, int64_t delay_ns, cb_outbox *out)
{
    CB_ASSERT(order->row.state == CB_ORDER_STATE_SENDING);
    exec_emit_order(state, order, CB_ORDER_STATE_UNKNOWN, reason, out);
    order->unknown_since_ns = state->now_ns;
    order->backoff_ns = EXEC_BACKOFF_MIN_NS;
    order->not_found_count = 0;
    order->step = EXEC_STEP_ORDER;
    order->due_ns = state->now_ns + delay_ns;
}

/* An accepted order whose view is not the order that was asked for is nobody's proof of anything.
 */
static bool place_is_echo_equal(const exec_order *order, const cb_venue_order *view)
{
    return cb_text_equal(order->row.symbol, view->symbol) &&
           cb_text_equal(order->row.client_order_id, view->client_order_id) &&
           order->row.side == view->side && order->row.qty.e8 == view->qty.e8;
}

static void place_refused(
    exec_state *state, exec_order *order, cb_order_state next, const char *reason, cb_outbox *out)
{
    CB_ASSERT(next == CB_ORDER_STATE_REJECTED || next == CB_ORDER_STATE_NOT_SENT);
    if (order->has_reported) {
        /* The stream has told of this order: the answer contradicts it, only questions help. */
        exec_make_unknown(state, order, "answer contradicts the user stream", 0, out);
        return;
    }
    exec_emit_order(state, order, next, reason, out);
}

static void place_take_answer(
    exec_state *state, exec_order *order, const exec_order_answer *answer, cb_outbox *out)
{
    if (order->row.state != CB_ORDER_STATE_SENDING) {
        /* The stream was faster and has settled it; only a view can add to that. */
        if (answer->has_order && place_is_echo_equal(order, &answer->order)) {
            exec_apply_view(state, order, &answer->order, out);
        }
        return;
    }
    switch (answer->answer_class) {
    case CB_ANSWER_ACCEPTED:
        if (!answer->has_order || !place_is_echo_equal(order, &answer->order)) {
            exec_make_unknown(state, order, "echo of the order differs", 0, out);
            exec_emit_alert("order_echo_mismatch", order, true, answer->reason, out);
            return;
        }
        exec_apply_view(state, order, &answer->order, out);
        exec_note_outcome(state, false, out);
        return;
    case CB_ANSWER_REJECTED:
        exec_note_outcome(state, true, out);
        place_refused(state, order, CB_ORDER_STATE_REJECTED, answer->reason, out);
        return;
    case CB_ANSWER_NOT_SENT:
        place_refused(state, order, CB_ORDER_STATE_NOT_SENT, answer->reason, out);
        return;
    case CB_ANSWER_UNKNOWN:
    case CB_ANSWER_NOT_FOUND: /* no answer to a POST: whatever it was, it proves nothing */
    case CB_ANSWER_THROTTLED:
    default:
        exec_make_unknown(state, order, answer->reason, EXEC_BACKOFF_MIN_NS, out);
        return;
    }
}

/* Whether a parked report names this order: then the venue has it, whatever the answer says. */
static bool place_is_reported(const exec_state *state, const exec_order *order)
{
    for (uint32_t i = 0; i < state->park_count; i++) {
        const exec_parked *parked = &state->park[i];
        if (!parked->is_balances &&
            cb_text_equal(parked->report.order.client_order_id, order->row.client_order_id)) {
            return true;
        }
    }
    return false;
}

/* The stop first: should both be refused, the take-profit is the last of the pair to end. */
static void place_take_mate(
    exec_state *state, exec_order *mate, const exec_order_answer *answer, cb_outbox *out)
{
    if (mate == NULL || mate->finished != 0) {
        return;
    }
    exec_order_answer own = *answer;
    own.intent_id = mate->row.intent_id;
    own.has_order = answer->has_mate;
    own.order = answer->mate;
    place_take_answer(state, mate, &own, out);
}

/* A cancel-replace has two outcomes: what became of the old order is asked of the venue. */
static void place_after_replace(exec_state *state, exec_order *order)
{
    exec_order *old = order->is_replacing ? exec_order_by_intent(state, order->row.replaces) : NULL;
    if (old != NULL && old->finished == 0 && !old->is_read_in_flight) {
        old->step = EXEC_STEP_ORDER;
        old->due_ns = state->now_ns;
    }
}

void exec_on_placed(exec_state *state, const exec_order_answer *answer, cb_outbox *out)
{
    exec_order *order = place_lane_order(state, EXEC_LANE_POST, answer->intent_id);
    CB_ASSERT(order != NULL);
    exec_note_throttle(state, answer->retry_after_s);
    order->row.answered_ns = answer->answered_ns;
    order->has_reported = order->has_reported || place_is_reported(state, order);
    exec_order *mate = place_mate(state);
    if (mate != NULL) {
        mate->row.answered_ns = answer->answered_ns;
        mate->has_reported = mate->has_reported || place_is_reported(state, mate);
    }
    if (order->row.state == CB_ORDER_STATE_READY) {
        /* The shell did not hand it to the socket: it was too late, or the lease was gone. */
        CB_ASSERT(answer->answer_class == CB_ANSWER_NOT_SENT);
        place_unsend(state, order, answer->reason, order->row.sign_ts_ns, out);
    } else {
        place_free_lane(state);
        place_take_mate(state, mate, answer, out);
        place_take_answer(state, order, answer, out);
        place_after_replace(state, order);
    }
    exec_park_drain(state, out);
}
