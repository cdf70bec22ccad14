/* Intents that wait for their candle. The decision was made on a candle that travels to us on
 * another path; judging before we have it ourselves would make the outcome a matter of timing. A
 * wait ends at the intent's deadline with a denial; a reducing intent is judged a moment later all
 * the same, because closing a position matters more than the same answer twice. */
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "services/risk/core/state.h"

static bool has_its_candle(const risk_state *state, const cb_intent *intent)
{
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        const risk_symbol *symbol = &state->symbols[i];
        if (cb_text_equal(symbol->name, intent->symbol) && symbol->is_configured) {
            return intent->data_ts_ns == 0 ||
                   (symbol->has_mark && symbol->mark.close_ts_ns >= intent->data_ts_ns);
        }
    }
    return true; /* an unknown symbol has nothing to wait for: judging refuses it */
}

static int64_t deadline_of(const risk_state *state, const cb_intent *intent, int64_t now_ns)
{
    const int64_t soon_ns = risk_add(now_ns, state->config->hold_reducing_max_ns);
    CB_ASSERT(soon_ns >= now_ns);
    return intent->reduce_only && soon_ns < intent->not_after_ns ? soon_ns : intent->not_after_ns;
}

static void hold(risk_step_context *step, const cb_intent *intent)
{
    risk_state *state = step->state;
    CB_ASSERT(state->held_count < RISK_HELD_MAX);
    risk_held_slot *slot = &state->held[state->held_count++];
    slot->intent = *intent;
    /* No columns: what is not stored must not be in the state either. */
    memset(slot->intent.env.producer, 0, sizeof(slot->intent.env.producer));
    slot->intent.env.schema = 0;
    slot->row = (risk_held){.intent_id = intent->intent_id,
        .is_held = true,
        .number = ++state->account.held_count,
        .deadline_ns = deadline_of(state, intent, step->now_ns)};
    state->is_account_changed = true;
    *CB_STORE(step->out, RISK_TABLE_INTENT, cb_intent) = slot->intent;
    *CB_STORE(step->out, RISK_TABLE_HELD, risk_held) = slot->row;
    risk_hold_arm(step);
}

static bool is_held(const risk_state *state, cb_id intent_id)
{
    CB_ASSERT(state->held_count <= RISK_HELD_MAX);
    for (uint32_t i = 0; i < state->held_count; i++) {
        if (cb_id_equal(state->held[i].row.intent_id, intent_id)) {
            return true;
        }
    }
    return false;
}

void risk_hold_on_intent(risk_step_context *step, const cb_intent *intent)
{
    risk_state *state = step->state;
    CB_ASSERT(state->is_recovered);
    if (cb_id_is_none(intent->intent_id) || cb_idset_has(&state->judged_seen, intent->intent_id) ||
        is_held(state, intent->intent_id)) {
        return; /* said already; one without an identity could never be kept apart */
    }
    if (intent->not_after_ns <= step->now_ns) {
        risk_judge_stale(step, intent);
    } else if (has_its_candle(state, intent) || state->held_count == RISK_HELD_MAX) {
        /* With no room to wait it is judged as things are: the age of the candle is a rule. */
        risk_judge_intent(step, intent);
    } else {
        hold(step, intent);
    }
}

/* Takes intent number index out of the waiting room and says so in its row. */
static cb_intent release(risk_step_context *step, uint32_t index)
{
    risk_state *state = step->state;
    CB_ASSERT(index < state->held_count);
    risk_held_slot *slot = &state->held[index];
    const cb_intent intent = slot->intent;
    slot->row.is_held = false;
    *CB_STORE(step->out, RISK_TABLE_HELD, risk_held) = slot->row;
    memmove(slot, slot + 1, (state->held_count - index - 1) * sizeof(*slot));
    state->held_count--;
    return intent;
}

void risk_hold_release(risk_step_context *step)
{
    risk_state *state = step->state;
    CB_ASSERT(state->held_count <= RISK_HELD_MAX);
    uint32_t index = 0;
    while (index < state->held_count) {
        if (!has_its_candle(state, &state->held[index].intent)) {
            index++;
            continue;
        }
        const cb_intent intent = release(step, index);
        if (intent.not_after_ns <= step->now_ns) {
            risk_judge_stale(step, &intent);
        } else {
            risk_judge_intent(step, &intent);
        }
    }
    risk_hold_arm(step);
}

void risk_hold_on_timer(risk_step_context *step)
{
    risk_state *state = step->state;
    CB_ASSERT(state->held_count <= RISK_HELD_MAX);
    state->hold_timer_ns = 0;
    uint32_t index = 0;
    while (index < state->held_count) {
        if (state->held[index].row.deadline_ns > step->now_ns) {
            index++;
            continue;
        }
        const cb_intent intent = release(step, index);
        if (intent.reduce_only && intent.not_after_ns > step->now_ns) {
            risk_judge_intent(step, &intent);
        } else {
            risk_judge_stale(step, &intent);
        }
    }
    risk_hold_arm(step);
}

void risk_hold_arm(risk_step_context *step)
{
    risk_state *state = step->state;
    int64_t nearest_ns = 0;
    for (uint32_t i = 0; i < state->held_count; i++) {
        const int64_t due_ns = state->held[i].row.deadline_ns;
        nearest_ns = nearest_ns == 0 || due_ns < nearest_ns ? due_ns : nearest_ns;
    }
    CB_ASSERT(nearest_ns >= 0);
    if (nearest_ns == state->hold_timer_ns || !state->is_recovered) {
        return;
    }
    state->hold_timer_ns = nearest_ns;
    if (nearest_ns == 0) {
        cb_outbox_cancel_timer(step->out, RISK_TIMER_HOLD);
    } else {
        cb_outbox_set_timer(step->out, RISK_TIMER_HOLD, nearest_ns);
    }
}
