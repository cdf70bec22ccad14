/* The kill latch as risk announces it, by scope. Level 1: no new risk, so no entries; level 2 and
 * above: nothing at all leaves here (flattening is not this service's business). */
#include <string.h>

#include "base/strview.h"
#include "services/signals/core/signals_internal.h"

/* The slot of a scope: its own, a new one, or one whose latch is open again. When all are taken by
 * raised latches the first stands in, with the whole system as its scope: rather too much stopped
 * than too little. */
static signals_kill *slot_of(signals_state *state, const char *scope)
{
    CB_ASSERT(state->kills_count <= SIGNALS_KILLS_MAX);
    signals_kill *free_slot = NULL;
    for (uint32_t i = 0; i < state->kills_count; i++) {
        if (cb_text_equal(state->kills[i].scope, scope)) {
            return &state->kills[i];
        }
        if (state->kills[i].level == 0) {
            free_slot = &state->kills[i];
        }
    }
    const bool has_room = state->kills_count < SIGNALS_KILLS_MAX;
    signals_kill *slot = has_room ? &state->kills[state->kills_count++] : free_slot;
    const bool is_full = slot == NULL;
    slot = is_full ? &state->kills[0] : slot;
    slot->level = is_full ? slot->level : 0;
    const bool fits =
        cb_text_copy(slot->scope, sizeof slot->scope, cb_sv_from(is_full ? "*" : scope));
    CB_ASSERT(fits);
    return slot;
}

void signals_on_kill(signals_state *state, const cb_event *event, bool must_store, cb_outbox *out)
{
    const cb_kill *kill = CB_BODY(event, cb_kill);
    CB_ASSERT(state != NULL);
    signals_kill *slot = slot_of(state, kill->scope);
    const bool is_own = cb_text_equal(slot->scope, kill->scope);
    slot->level = is_own || kill->level > slot->level ? kill->level : slot->level;
    if (must_store) {
        cb_kill *row = CB_STORE(out, SIGNALS_TABLE_KILL, cb_kill);
        *row = *kill;
    }
}

/* "symbol:BTCUSDT" is about kind "symbol" and this name. */
static bool is_about(const char *scope, const char *kind, const char *name)
{
    const cb_strview text = cb_sv_from(scope);
    const size_t kind_size = strlen(kind);
    if (!cb_sv_starts_with(text, kind) || text.size <= kind_size || text.at[kind_size] != ':') {
        return false;
    }
    return cb_text_equal(text.at + kind_size + 1, name);
}

uint32_t signals_kill_level(const signals_state *state, const char *symbol, const char *strategy)
{
    uint32_t level = 0;
    CB_ASSERT(state->kills_count <= SIGNALS_KILLS_MAX);
    CB_ASSERT(symbol != NULL && strategy != NULL);
    for (uint32_t i = 0; i < state->kills_count; i++) {
        const char *scope = state->kills[i].scope;
        const bool is_mine =
            cb_text_equal(scope, "*") || is_about(scope, "venue", state->config->venue) ||
            is_about(scope, "account", state->config->account) ||
            is_about(scope, "symbol", symbol) || is_about(scope, "strategy", strategy);
        if (is_mine && state->kills[i].level > level) {
            level = state->kills[i].level;
        }
    }
    return level;
}
