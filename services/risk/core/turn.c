/* Who is next when a limit that strategies share is full. The rule, in one sentence: room that
 * comes free is kept for the strategy that has waited longest, until it takes it or loses its turn.
 *
 * A strategy that a shared limit refuses gets a number. What the lower numbers were refused is kept
 * free for them: the others see that much less room. Being served ends a turn; so does not asking
 * again for turn.ttl. Who keeps asking but is not served within ten times that, because it wants
 * more than ever comes free, goes to the end of the line, so that it does not hold up the others
 * for ever. A strategy has one turn at a time. Asking a thousand times a second gains nothing, and
 * asking once is enough to be in the line. */
#include "base/assert.h"
#include "base/strview.h"
#include "services/risk/core/state.h"

#define PATIENCE 10

static risk_turn_slot *turn_of(risk_state *state, const char *strategy)
{
    CB_ASSERT(state->turns_count <= RISK_TURNS_MAX);
    for (uint32_t i = 0; i < state->turns_count; i++) {
        if (cb_text_equal(state->turns[i].row.strategy, strategy)) {
            return &state->turns[i];
        }
    }
    return NULL;
}

static bool is_waiting_for(const risk_turn *row, const char *name, int64_t now_ns)
{
    return row->is_waiting && row->expires_ns > now_ns && cb_text_equal(row->name, name);
}

int64_t risk_turn_ahead(
    const risk_state *state, const char *name, const char *strategy, int64_t now_ns)
{
    uint64_t mine = UINT64_MAX;
    int64_t ahead_e8 = 0;
    CB_ASSERT(state->turns_count <= RISK_TURNS_MAX);
    for (uint32_t i = 0; i < state->turns_count; i++) {
        const risk_turn *row = &state->turns[i].row;
        if (is_waiting_for(row, name, now_ns) && cb_text_equal(row->strategy, strategy)) {
            mine = row->number;
        }
    }
    for (uint32_t i = 0; i < state->turns_count; i++) {
        const risk_turn *row = &state->turns[i].row;
        if (is_waiting_for(row, name, now_ns) && row->number < mine) {
            ahead_e8 = risk_add(ahead_e8, row->amount.e8);
        }
    }
    CB_ASSERT(ahead_e8 >= 0);
    return ahead_e8;
}

/* A slot of the strategy's own, a new one, or one whose turn is over; NULL when all wait. */
static risk_turn_slot *turn_take(risk_step_context *step, const char *strategy)
{
    risk_state *state = step->state;
    risk_turn_slot *slot = turn_of(state, strategy);
    if (slot != NULL) {
        return slot;
    }
    if (state->turns_count < RISK_TURNS_MAX) {
        slot = &state->turns[state->turns_count++];
    }
    for (uint32_t i = 0; slot == NULL && i < state->turns_count; i++) {
        const risk_turn *row = &state->turns[i].row;
        slot = row->is_waiting && row->expires_ns > step->now_ns ? NULL : &state->turns[i];
    }
    if (slot == NULL) {
        return NULL;
    }
    if (slot->row.is_waiting) { /* lapsed: its row must not come back after a restart */
        slot->row.is_waiting = false;
        *CB_STORE(step->out, RISK_TABLE_TURN, risk_turn) = slot->row;
    }
    *slot = (risk_turn_slot){.row = {.number = 0}};
    const bool fits =
        cb_text_copy(slot->row.strategy, sizeof(slot->row.strategy), cb_sv_from(strategy));
    CB_ASSERT(fits);
    return slot;
}

static void begin_turn(risk_step_context *step, risk_turn *row, const char *name)
{
    const bool fits = cb_text_copy(row->name, sizeof(row->name), cb_sv_from(name));
    CB_ASSERT(fits);
    row->is_waiting = true;
    row->number = ++step->state->account.turns_count;
    row->since_ns = step->now_ns;
    step->state->is_account_changed = true;
    CB_ASSERT(row->number > 0);
}

void risk_turn_wait(
    risk_step_context *step, const char *name, const char *strategy, int64_t amount_e8)
{
    risk_state *state = step->state;
    const int64_t ttl_ns = state->config->turn_ttl_ns;
    CB_ASSERT(amount_e8 >= 0);
    CB_ASSERT(ttl_ns >= 0);
    risk_turn_slot *slot = ttl_ns == 0 ? NULL : turn_take(step, strategy);
    if (slot == NULL) {
        return; /* more strategies than turns: who finds none asks again */
    }
    risk_turn *row = &slot->row;
    const bool is_live = row->is_waiting && row->expires_ns > step->now_ns;
    if (is_live && !cb_text_equal(row->name, name)) {
        return; /* it waits at another limit */
    }
    const bool is_patient = is_live && step->now_ns - row->since_ns < PATIENCE * ttl_ns;
    if (!is_patient) {
        begin_turn(step, row, name);
    }
    row->amount.e8 = amount_e8;
    row->expires_ns = risk_add(step->now_ns, ttl_ns);
    *CB_STORE(step->out, RISK_TABLE_TURN, risk_turn) = *row;
}

void risk_turn_end(risk_step_context *step, const char *strategy)
{
    risk_turn_slot *slot = turn_of(step->state, strategy);
    if (slot == NULL || !slot->row.is_waiting) {
        return;
    }
    slot->row.is_waiting = false;
    *CB_STORE(step->out, RISK_TABLE_TURN, risk_turn) = slot->row;
    CB_ASSERT(slot->row.number > 0);
}

void risk_turn_recover(risk_state *state, const risk_turn *row)
{
    CB_ASSERT(state->turns_count < RISK_TURNS_MAX);
    CB_ASSERT(row->strategy[0] != '\0');
    state->turns[state->turns_count++].row = *row;
}
