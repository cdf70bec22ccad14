/* Levels that raise themselves. Two kinds: what shows that something is wrong with orders or money
 * latches and needs two persons to be lowered (exec_raise_kill); what only means that we do not
 * know enough, such as old data or a silent risk, holds level 1 while it lasts (exec_interlock).
 * Here too: what the local flag page says, and the end of level 4. */
#include "services/execution/core/exec_internal.h"

#include <string.h>

/* ---- the flag page ---- */

static exec_kill_row *page_row(exec_state *state)
{
    for (uint32_t i = 0; i < state->kills_count; i++) {
        if (cb_text_equal(state->kills[i].source, "local")) {
            return &state->kills[i];
        }
    }
    return NULL;
}

/* A page that stands lower than what it once said was made anew by somebody: the level that was
 * stored holds until it is lowered the proper way. */
void exec_on_page(exec_state *state, const exec_page *page, cb_outbox *out)
{
    CB_ASSERT(page->level <= 4);
    state->page_generation = page->generation;
    const exec_kill_row *now = page_row(state);
    const uint32_t before = now == NULL ? 0 : now->level;
    if (page->level <= before) {
        if (page->level < before) {
            exec_emit_alert("flag_page_lower", NULL, true, "than the level in force", out);
        }
        return;
    }
    exec_kill_row row = {.scope = "*", .source = "local", .level = page->level};
    memcpy(row.actor, page->actor, sizeof(row.actor));
    memcpy(row.reason, page->reason, sizeof(row.reason));
    exec_kill_put(state, &row, out);
    exec_emit_alert("kill_raised", NULL, true, page->reason, out);
}

/* ---- conditions ---- */

static void scope_of(char scope[48], const char *kind, const char *name)
{
    cb_textbuf text = cb_textbuf_over(scope, 48);
    cb_textbuf_add(&text, kind);
    cb_textbuf_add(&text, ":");
    cb_textbuf_add(&text, name);
}

void exec_on_watch(exec_state *state, const exec_watch *watch, cb_outbox *out)
{
    CB_ASSERT(watch != NULL);
    char account[48];
    char venue[48];
    scope_of(account, "account", state->config->account);
    scope_of(venue, "venue", state->config->venue);
    exec_interlock(state, account, watch->is_risk_silent ? 1 : 0, "risk is silent", out);
    exec_interlock(state, "*", watch->is_disk_filling ? 1 : 0, "the disk is filling up", out);
    if (watch->is_disk_full) {
        exec_raise_kill(state, "account", 2, "the disk is almost full", out);
    }
}

static uint32_t count_rejected(const exec_state *state)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < EXEC_OUTCOMES_MAX; i++) {
        count += (state->outcomes >> i) & 1U;
    }
    return count;
}

void exec_note_outcome(exec_state *state, bool is_rejected, cb_outbox *out)
{
    CB_ASSERT(state->outcomes_count <= EXEC_OUTCOMES_MAX);
    const uint32_t mask = (UINT32_C(1) << EXEC_OUTCOMES_MAX) - 1;
    state->outcomes = ((state->outcomes << 1) | (is_rejected ? 1U : 0U)) & mask;
    state->outcomes_count += state->outcomes_count < EXEC_OUTCOMES_MAX ? 1 : 0;
    const int64_t bad_e8 = (int64_t)count_rejected(state) * CB_E8;
    if (state->outcomes_count < EXEC_OUTCOMES_MAX ||
        bad_e8 <= state->config->reject_rate_max_e8 * EXEC_OUTCOMES_MAX) {
        return;
    }
    exec_raise_kill(state, "account", 1, "too many of the last 20 orders were rejected", out);
    state->outcomes = 0; /* who lowers the level has looked into these */
    state->outcomes_count = 0;
}

static int64_t stale_after_ns(const exec_state *state)
{
    int64_t after = 0;
    const bool overflow =
        __builtin_mul_overflow(state->hard_caps.rules.data_age_max_ns, EXEC_STALE_FACTOR, &after);
    return overflow ? EXEC_NEVER : after;
}

bool exec_is_data_stale(const exec_state *state, const exec_symbol *symbol)
{
    CB_ASSERT(symbol != NULL);
    return symbol->has_ticker && state->now_ns - symbol->ticker.recv_ns > stale_after_ns(state);
}

/* Symbols of which nothing was heard yet are held by caps.c; here a feed that has stopped shows. */
static void look_at_data(exec_state *state, cb_outbox *out)
{
    const int64_t after = stale_after_ns(state);
    int64_t due = EXEC_NEVER;
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        const exec_symbol *symbol = &state->symbols[i];
        if (!symbol->is_allowed || !symbol->has_ticker) {
            continue;
        }
        char scope[48];
        scope_of(scope, "symbol", symbol->symbol);
        const bool is_stale = exec_is_data_stale(state, symbol);
        exec_interlock(state, scope, is_stale ? 1 : 0, "market data has stopped", out);
        /* A stale one is looked at again when its next ticker comes. */
        const int64_t next = is_stale ? EXEC_NEVER : symbol->ticker.recv_ns + after;
        due = next < due ? next : due;
    }
    /* Not more often than each second, and never again only when nothing is fresh. */
    const int64_t soonest = state->now_ns + CB_NS_PER_S;
    state->stale_due_ns = due < soonest ? soonest : due;
}

static void look_at_clock(exec_state *state, cb_outbox *out)
{
    const int64_t offset = state->offset_ns < 0 ? -state->offset_ns : state->offset_ns;
    const bool is_off = state->has_offset && !state->is_replayed &&
                        offset > state->hard_caps.rules.clock_offset_max_ns;
    char scope[48];
    scope_of(scope, "venue", state->config->venue);
    exec_interlock(state, scope, is_off ? 1 : 0, "our clock and the venue's differ", out);
}

/* ---- level 4 ---- */

/* Off means: canceled, verified, every order ended, and then nothing at all until it is lowered. */
static void off_tick(exec_state *state, cb_outbox *out)
{
    const bool is_wanted = exec_kill_level_account(state) >= 4;
    if (state->is_off && !is_wanted) {
        state->is_off = false;
        const void *body = cb_outbox_request(out, EXEC_REQUEST_SUBSCRIBE, sizeof(uint64_t));
        CB_ASSERT(body != NULL);
        exec_emit_alert("kill_off_ended", NULL, false, "starting again", out);
        return;
    }
    const bool is_done = state->sweep.is_on && state->sweep.is_done && state->active_count == 0 &&
                         state->lane == EXEC_LANE_FREE && state->reads_in_flight == 0 &&
                         state->cancels_in_flight == 0;
    if (is_wanted && is_done && !state->is_off) {
        state->is_off = true;
        exec_emit_alert("kill_off", NULL, true, "level 4: no open order is left, stopping", out);
        const void *body = cb_outbox_request(out, EXEC_REQUEST_OFF, sizeof(uint64_t));
        CB_ASSERT(body != NULL);
    }
}

void exec_alarm_tick(exec_state *state, cb_outbox *out)
{
    CB_ASSERT(state->is_recovered);
    CB_ASSERT(out != NULL);
    if (state->now_ns >= state->stale_due_ns) {
        look_at_data(state, out);
    }
    look_at_clock(state, out);
    off_tick(state, out);
}

int64_t exec_alarm_due_ns(const exec_state *state)
{
    CB_ASSERT(state != NULL);
    return state->stale_due_ns;
}

void exec_on_set_back(exec_state *state, cb_outbox *out)
{
    CB_ASSERT(state->is_lease_held);
    exec_emit_alert("database_set_back",
        NULL,
        true,
        "the newest claim is not in it: orders may be at the venue that nobody here knows of",
        out);
    exec_raise_kill(state, "account", 1, "the database was set back to a backup", out);
    const void *body = cb_outbox_request(out, EXEC_REQUEST_FORGET_MARK, sizeof(uint64_t));
    CB_ASSERT(body != NULL);
}

/* What rests at the venue goes on there while nobody here can reach it. */
static void alarm_unmanaged(exec_state *state, cb_outbox *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < state->active_count; i++) {
        count += cb_order_is_at_venue(exec_active(state, i)->row.state) ? 1 : 0;
    }
    char text[EXEC_REASON_MAX];
    cb_textbuf words = cb_textbuf_over(text, sizeof(text));
    cb_textbuf_add_i64(&words, count);
    cb_textbuf_add(&words, " open orders cannot be managed");
    exec_emit_alert("orders_unmanaged", NULL, true, text, out);
}

void exec_on_refused(exec_state *state, const exec_refused *refused, cb_outbox *out)
{
    CB_ASSERT(refused->status > 0);
    const char *kind = refused->is_key ? "account" : "venue";
    char text[EXEC_REASON_MAX];
    cb_textbuf words = cb_textbuf_over(text, sizeof(text));
    cb_textbuf_add(&words, refused->is_key ? "the venue refuses our key" : "the venue refuses us");
    cb_textbuf_add(&words, ", HTTP ");
    cb_textbuf_add_i64(&words, refused->status);
    if (exec_own_level(state, kind) > 0) {
        return; /* said; whoever lowers it hears it again with the next refusal */
    }
    alarm_unmanaged(state, out);
    exec_raise_kill(state, kind, 1, text, out);
}
