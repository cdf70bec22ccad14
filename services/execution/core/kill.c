/* Kill levels as told by risk and as raised here, and what follows from them at the venue: cancels,
 * and for the whole account the sweep that asks for open orders until the list was empty twice. */
#include "services/execution/core/exec_internal.h"

#include <string.h>

static bool kill_scope_is(const char *scope, const char *kind, const char *name)
{
    const size_t size = strlen(kind);
    return strncmp(scope, kind, size) == 0 && scope[size] == ':' &&
           cb_text_equal(scope + size + 1, name);
}

static bool kill_scope_is_kind(const char *scope, const char *kind)
{
    const size_t size = strlen(kind);
    return strncmp(scope, kind, size) == 0 && scope[size] == ':';
}

/* Scopes that this service cannot resolve (a user) hold for everything: unsure means no. */
static bool kill_is_account_wide(const exec_state *state, const char *scope)
{
    if (kill_scope_is_kind(scope, "venue")) {
        return kill_scope_is(scope, "venue", state->config->venue);
    }
    if (kill_scope_is_kind(scope, "account")) {
        return kill_scope_is(scope, "account", state->config->account);
    }
    return !kill_scope_is_kind(scope, "symbol") && !kill_scope_is_kind(scope, "strategy");
}

static bool kill_matches(const exec_state *state, const char *scope, const cb_order *row)
{
    return kill_is_account_wide(state, scope) || kill_scope_is(scope, "symbol", row->symbol) ||
           kill_scope_is(scope, "strategy", row->strategy);
}

uint32_t exec_kill_level(const exec_state *state, const cb_order *row)
{
    CB_ASSERT(state->kills_count <= EXEC_KILLS_MAX);
    uint32_t level = 0;
    for (uint32_t i = 0; i < state->kills_count; i++) {
        const exec_kill_row *kill = &state->kills[i];
        if (kill->level > level && kill_matches(state, kill->scope, row)) {
            level = kill->level;
        }
    }
    return level;
}

uint32_t exec_kill_level_account(const exec_state *state)
{
    CB_ASSERT(state->kills_count <= EXEC_KILLS_MAX);
    uint32_t level = 0;
    for (uint32_t i = 0; i < state->kills_count; i++) {
        const exec_kill_row *kill = &state->kills[i];
        if (kill->level > level && kill_is_account_wide(state, kill->scope)) {
            level = kill->level;
        }
    }
    return level;
}

bool exec_kill_allows(const exec_state *state, const cb_order *row)
{
    switch (exec_kill_level(state, row)) {
    case 0:
        return true;
    case 1:
        return row->reduce_only;
    case 3:
        return row->reduce_only && row->purpose == CB_PURPOSE_FLATTEN;
    default:
        return false;
    }
}

static exec_kill_row *kill_find(exec_state *state, const char *scope, const char *source)
{
    for (uint32_t i = 0; i < state->kills_count; i++) {
        exec_kill_row *kill = &state->kills[i];
        if (cb_text_equal(kill->scope, scope) && cb_text_equal(kill->source, source)) {
            return kill;
        }
    }
    return NULL;
}

/* NULL when the table is full: then the last place is turned into a kill of everything. */
static exec_kill_row *kill_get(exec_state *state, const char *scope, const char *source)
{
    exec_kill_row *kill = kill_find(state, scope, source);
    if (kill != NULL) {
        return kill;
    }
    if (state->kills_count == EXEC_KILLS_MAX) {
        return NULL;
    }
    kill = &state->kills[state->kills_count++];
    memset(kill, 0, sizeof(*kill));
    const bool is_scope_kept = cb_text_copy(kill->scope, sizeof(kill->scope), cb_sv_from(scope));
    const bool is_source_kept =
        cb_text_copy(kill->source, sizeof(kill->source), cb_sv_from(source));
    CB_ASSERT(is_scope_kept && is_source_kept);
    return kill;
}

static void kill_store(const exec_kill_row *kill, cb_outbox *out)
{
    exec_kill_row *row = CB_STORE(out, EXEC_TABLE_KILL, exec_kill_row);
    *row = *kill;
}

static void kill_lower_page(const exec_state *state, const exec_kill_row *own, cb_outbox *out)
{
    exec_page *page = CB_REQUEST(out, EXEC_REQUEST_PAGE, exec_page);
    page->level = own->level;
    page->generation = state->page_generation;
    memcpy(page->actor, own->actor, sizeof(page->actor));
    memcpy(page->reason, own->reason, sizeof(page->reason));
}

/* Lowering a scope by hand also lowers what was raised here for it before, or for anything when the
 * hand lowered everything; whatever still holds is raised again by its own rule. An interlock holds
 * until its condition ends, whoever says what. */
static void kill_lower_own(exec_state *state, const cb_kill *kill, cb_outbox *out)
{
    const int64_t seen_ns = kill->is_lowering ? kill->seen_ns : kill->raised_ns;
    for (uint32_t i = 0; i < state->kills_count; i++) {
        exec_kill_row *own = &state->kills[i];
        const bool is_local = cb_text_equal(own->source, "local");
        const bool is_meant =
            cb_text_equal(kill->scope, "*") || cb_text_equal(kill->scope, own->scope);
        if (own->level > kill->level && is_meant && seen_ns >= own->raised_ns &&
            (is_local || cb_text_equal(own->source, "execution"))) {
            own->level = kill->level;
            own->version++;
            own->raised_ns = kill->raised_ns;
            memcpy(own->actor, kill->actor, sizeof(own->actor));
            memcpy(own->reason, kill->reason, sizeof(own->reason));
            kill_store(own, out);
            if (is_local) {
                kill_lower_page(state, own, out);
            }
        }
    }
}

void exec_on_kill(exec_state *state, const cb_kill *kill, cb_outbox *out)
{
    CB_ASSERT(kill != NULL);
    if (kill->scope[0] == '\0') {
        exec_emit_alert("kill_refused", NULL, true, "kill without a scope", out);
        return;
    }
    exec_kill_row *row = kill_get(state, kill->scope, "risk");
    if (row == NULL) {
        exec_raise_kill(state, "account", 2, "table of kill levels full", out);
        return;
    }
    /* The beat repeats the latch each second: only a change is work. */
    const bool is_same = row->level == kill->level && row->version == kill->version &&
                         row->raised_ns == kill->raised_ns;
    if (is_same || kill->version < row->version) {
        return;
    }
    row->level = kill->level;
    row->version = kill->version;
    row->raised_ns = kill->raised_ns;
    memcpy(row->reason, kill->reason, sizeof(row->reason));
    memcpy(row->actor, kill->actor, sizeof(row->actor));
    kill_store(row, out);
    if (kill->is_lowering || kill->level == 0) {
        kill_lower_own(state, kill, out);
    }
}

void exec_kill_put(exec_state *state, const exec_kill_row *wanted, cb_outbox *out)
{
    CB_ASSERT(wanted->level <= 4);
    CB_ASSERT(wanted->scope[0] != '\0' && wanted->source[0] != '\0');
    exec_kill_row *row = kill_get(state, wanted->scope, wanted->source);
    if (row == NULL) {
        row = &state->kills[EXEC_KILLS_MAX - 1];
    }
    row->level = wanted->level;
    row->version++;
    row->raised_ns = state->now_ns;
    memcpy(row->reason, wanted->reason, sizeof(row->reason));
    memcpy(row->actor, wanted->actor, sizeof(row->actor));
    kill_store(row, out);
}

void exec_interlock(
    exec_state *state, const char *scope, uint32_t level, const char *reason, cb_outbox *out)
{
    const exec_kill_row *now = kill_find(state, scope, "interlock");
    const uint32_t before = now == NULL ? 0 : now->level;
    if (before == level) {
        return;
    }
    exec_kill_row row = {.level = level};
    cb_textbuf text = cb_textbuf_over(row.scope, sizeof(row.scope));
    cb_textbuf_add(&text, scope);
    text = cb_textbuf_over(row.source, sizeof(row.source));
    cb_textbuf_add(&text, "interlock");
    text = cb_textbuf_over(row.actor, sizeof(row.actor));
    cb_textbuf_add(&text, "execution");
    text = cb_textbuf_over(row.reason, sizeof(row.reason));
    cb_textbuf_add(&text, reason);
    exec_kill_put(state, &row, out);
    exec_emit_alert(level > 0 ? "interlock_holds" : "interlock_ends", NULL, level > 0, reason, out);
}

void exec_raise_kill(
    exec_state *state, const char *scope_kind, uint32_t level, const char *reason, cb_outbox *out)
{
    CB_ASSERT(level > 0 && level <= 4);
    char scope[48];
    cb_textbuf text = cb_textbuf_over(scope, sizeof(scope));
    const bool is_venue = cb_text_equal(scope_kind, "venue");
    cb_textbuf_add(&text, scope_kind);
    cb_textbuf_add(&text, ":");
    cb_textbuf_add(&text, is_venue ? state->config->venue : state->config->account);
    exec_kill_row *row = kill_get(state, scope, "execution");
    if (row == NULL) {
        row = &state->kills[EXEC_KILLS_MAX - 1];
    }
    if (row->level >= level) {
        return;
    }
    row->level = level;
    row->version++;
    row->raised_ns = state->now_ns;
    cb_textbuf words = cb_textbuf_over(row->reason, sizeof(row->reason));
    cb_textbuf_add(&words, reason);
    cb_textbuf actor = cb_textbuf_over(row->actor, sizeof(row->actor));
    cb_textbuf_add(&actor, "execution");
    kill_store(row, out);
    exec_emit_alert("kill_raised", NULL, true, reason, out);
}

/* ---- UNKNOWN orders ---- */

uint32_t exec_unknown_count(exec_state *state)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < state->active_count; i++) {
        count += exec_active(state, i)->row.state == CB_ORDER_STATE_UNKNOWN ? 1 : 0;
    }
    return count;
}

uint32_t exec_own_level(const exec_state *state, const char *scope_kind)
{
    const bool is_venue = cb_text_equal(scope_kind, "venue");
    const char *name = is_venue ? state->config->venue : state->config->account;
    for (uint32_t i = 0; i < state->kills_count; i++) {
        const exec_kill_row *kill = &state->kills[i];
        if (cb_text_equal(kill->source, "execution") &&
            kill_scope_is(kill->scope, scope_kind, name)) {
            return kill->level;
        }
    }
    return 0;
}

static bool kill_has_own_venue_level(const exec_state *state)
{
    return exec_own_level(state, "venue") > 0;
}

static int64_t kill_oldest_unknown_ns(exec_state *state)
{
    int64_t oldest = EXEC_NEVER;
    for (uint32_t i = 0; i < state->active_count; i++) {
        const exec_order *order = exec_active(state, i);
        if (order->row.state == CB_ORDER_STATE_UNKNOWN && order->unknown_since_ns < oldest) {
            oldest = order->unknown_since_ns;
        }
    }
    return oldest;
}

int64_t exec_unknown_due_ns(exec_state *state)
{
    const int64_t oldest = kill_oldest_unknown_ns(state);
    if (oldest == EXEC_NEVER || kill_has_own_venue_level(state)) {
        return EXEC_NEVER;
    }
    return oldest + state->config->unknown_kill_ns + 1;
}

void exec_unknown_watch(exec_state *state, cb_outbox *out)
{
    const int64_t oldest = kill_oldest_unknown_ns(state);
    if (oldest == EXEC_NEVER || kill_has_own_venue_level(state)) {
        return;
    }
    if (exec_unknown_count(state) >= state->config->unknown_kill_count) {
        exec_raise_kill(state, "venue", 1, "too many orders of unknown outcome", out);
        return;
    }
    if (state->now_ns - oldest > state->config->unknown_kill_ns) {
        exec_raise_kill(state, "venue", 1, "an order's outcome is unknown for too long", out);
    }
}
