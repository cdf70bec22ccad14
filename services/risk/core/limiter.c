/* The limiters of the rule order_rate: one for the account, one per strategy. A slot is made when a
 * strategy's first order is granted; with all slots taken, an unknown strategy gets nothing. */
#include "base/assert.h"
#include "base/strview.h"
#include "base/textbuf.h"
#include "services/risk/core/state.h"

#define COUNTER_TEXT_MAX 40

static void print_name(const char *kind, const char *name, char out[COUNTER_TEXT_MAX])
{
    cb_textbuf text = cb_textbuf_over(out, COUNTER_TEXT_MAX);
    cb_textbuf_add(&text, kind);
    cb_textbuf_add(&text, ":");
    cb_textbuf_add(&text, name);
    CB_ASSERT(text.used < COUNTER_TEXT_MAX);
}

const risk_counter *risk_counter_find(const risk_state *state, const char *kind, const char *name)
{
    char full_name[COUNTER_TEXT_MAX];
    print_name(kind, name, full_name);
    CB_ASSERT(state->counters_count <= RISK_COUNTERS_MAX);
    for (uint32_t i = 0; i < state->counters_count; i++) {
        if (cb_text_equal(state->counters[i].row.name, full_name)) {
            return &state->counters[i].row;
        }
    }
    return NULL;
}

bool risk_counter_has_room(const risk_state *state)
{
    CB_ASSERT(state->counters_count <= RISK_COUNTERS_MAX);
    return state->counters_count < RISK_COUNTERS_MAX;
}

risk_counter_slot *risk_counter_take(risk_state *state, const char *kind, const char *name)
{
    char full_name[COUNTER_TEXT_MAX];
    print_name(kind, name, full_name);
    for (uint32_t i = 0; i < state->counters_count; i++) {
        if (cb_text_equal(state->counters[i].row.name, full_name)) {
            return &state->counters[i];
        }
    }
    if (state->counters_count == RISK_COUNTERS_MAX) {
        return NULL;
    }
    risk_counter_slot *slot = &state->counters[state->counters_count++];
    *slot = (risk_counter_slot){.is_changed = true};
    const bool fits = cb_text_copy(slot->row.name, sizeof(slot->row.name), cb_sv_from(full_name));
    CB_ASSERT(fits);
    return slot;
}
