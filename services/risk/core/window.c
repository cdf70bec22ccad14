/* How many orders, or how much notional, was let through lately. A window is kept in slices of a
 * twelfth, and thirteen of them count: they cover the whole window and at most a twelfth more, so
 * that no window of that length, wherever it begins, ever holds more than the limit. */
#include "base/assert.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "services/risk/core/state.h"

#define SLICES 13
#define SLICES_PER_SPAN 12
#define MINUTE_NS (60 * CB_NS_PER_S)

int64_t risk_window_span(risk_limit_kind kind)
{
    CB_ASSERT(kind < RISK_LIMIT_KINDS_COUNT);
    if (kind == RISK_LIMIT_ORDERS_PER_SECOND) {
        return CB_NS_PER_S;
    }
    const bool is_minute =
        kind == RISK_LIMIT_ORDERS_PER_MINUTE || kind == RISK_LIMIT_NOTIONAL_PER_MINUTE;
    return is_minute ? MINUTE_NS : 0;
}

static int64_t slice_of(int64_t span_ns, int64_t now_ns)
{
    CB_ASSERT(span_ns >= SLICES_PER_SPAN);
    return now_ns / (span_ns / SLICES_PER_SPAN) + 1; /* never 0, which is an empty slice */
}

static const risk_window_slot *window_find(const risk_state *state, const char *name)
{
    CB_ASSERT(state->windows_count <= RISK_WINDOWS_MAX);
    for (uint32_t i = 0; i < state->windows_count; i++) {
        if (cb_text_equal(state->windows[i].row.name, name)) {
            return &state->windows[i];
        }
    }
    return NULL;
}

/* A slice of the future belongs to a clock that was set back: it still counts. */
static int64_t used_of(const risk_window *row, int64_t span_ns, int64_t now_ns)
{
    const int64_t now_slice = slice_of(span_ns, now_ns);
    int64_t used_e8 = 0;
    CB_ASSERT(row->slices_count <= SLICES);
    for (uint32_t i = 0; i < row->slices_count; i++) {
        const bool counts = row->slices[i].slice > now_slice - SLICES;
        used_e8 = risk_add(used_e8, counts ? row->slices[i].used : 0);
    }
    return used_e8;
}

int64_t risk_window_used(const risk_state *state, const char *name, int64_t span_ns, int64_t now_ns)
{
    const risk_window_slot *slot = window_find(state, name);
    const int64_t used_e8 = slot == NULL ? 0 : used_of(&slot->row, span_ns, now_ns);
    CB_ASSERT(used_e8 >= 0);
    return used_e8;
}

static int64_t span_of_name(const char *name)
{
    risk_scope scope;
    risk_limit_kind kind = RISK_LIMIT_KINDS_COUNT;
    const bool is_name = risk_limit_name_parse(name, &kind, &scope);
    CB_ASSERT(is_name);
    return risk_window_span(kind);
}

/* The window that was touched longest ago, when nothing in it counts any more. */
static risk_window_slot *window_idle(risk_state *state, int64_t now_ns)
{
    risk_window_slot *oldest = NULL;
    for (uint32_t i = 0; i < state->windows_count; i++) {
        risk_window_slot *slot = &state->windows[i];
        if (oldest == NULL || slot->row.touched < oldest->row.touched) {
            oldest = slot;
        }
    }
    CB_ASSERT(oldest != NULL);
    return used_of(&oldest->row, span_of_name(oldest->row.name), now_ns) == 0 ? oldest : NULL;
}

bool risk_window_has_room(const risk_state *state, const char *name, int64_t now_ns)
{
    if (window_find(state, name) != NULL || state->windows_count < RISK_WINDOWS_MAX) {
        return true;
    }
    for (uint32_t i = 0; i < state->windows_count; i++) {
        const risk_window *row = &state->windows[i].row;
        bool is_oldest = true;
        for (uint32_t k = 0; k < state->windows_count; k++) {
            is_oldest = is_oldest && state->windows[k].row.touched >= row->touched;
        }
        if (is_oldest) {
            return used_of(row, span_of_name(row->name), now_ns) == 0;
        }
    }
    CB_ASSERT(false); /* one of them is the oldest */
    return false;
}

static risk_window_slot *window_take(risk_state *state, const char *name, int64_t now_ns)
{
    for (uint32_t i = 0; i < state->windows_count; i++) {
        if (cb_text_equal(state->windows[i].row.name, name)) {
            return &state->windows[i];
        }
    }
    risk_window_slot *slot = state->windows_count < RISK_WINDOWS_MAX
                                 ? &state->windows[state->windows_count++]
                                 : window_idle(state, now_ns);
    if (slot == NULL) {
        return NULL;
    }
    *slot = (risk_window_slot){.row = {.touched = 0}};
    const bool fits = cb_text_copy(slot->row.name, sizeof(slot->row.name), cb_sv_from(name));
    CB_ASSERT(fits);
    return slot;
}

/* Slices are kept in the order of their time; what no longer counts makes room. */
static void add_to_slice(risk_window *row, int64_t slice, int64_t amount_e8)
{
    uint32_t kept = 0;
    risk_window_slice *last = NULL;
    for (uint32_t i = 0; i < row->slices_count; i++) {
        if (row->slices[i].slice > slice - SLICES) {
            row->slices[kept] = row->slices[i];
            last = row->slices[kept].slice >= slice ? &row->slices[kept] : last;
            kept++;
        }
    }
    for (uint32_t i = kept; i < row->slices_count; i++) {
        row->slices[i] = (risk_window_slice){.slice = 0};
    }
    row->slices_count = kept;
    if (last == NULL) {
        CB_ASSERT(kept < SLICES);
        last = &row->slices[row->slices_count++];
        *last = (risk_window_slice){.slice = slice};
    }
    last->used = risk_add(last->used, amount_e8);
    CB_ASSERT(row->slices_count <= SLICES);
}

void risk_window_add(risk_step_context *step, const char *name, int64_t span_ns, int64_t amount_e8)
{
    risk_state *state = step->state;
    CB_ASSERT(amount_e8 >= 0);
    risk_window_slot *slot = window_take(state, name, step->now_ns);
    if (slot == NULL) {
        return; /* a reduction: nothing else is let through without a place to count it */
    }
    slot->row.touched = ++state->account.windows_count;
    state->is_account_changed = true;
    add_to_slice(&slot->row, slice_of(span_ns, step->now_ns), amount_e8);
    *CB_STORE(step->out, RISK_TABLE_WINDOW, risk_window) = slot->row;
}

void risk_windows_take(risk_step_context *step, const risk_key *key, int64_t notional_e8)
{
    risk_state *state = step->state;
    CB_ASSERT(notional_e8 >= 0);
    CB_ASSERT(state->book_count <= RISK_LIMITS_MAX);
    for (uint32_t i = 0; i < state->book_count; i++) {
        const risk_limit *limit = &state->book[i];
        const int64_t span_ns = risk_window_span(limit->kind);
        if (span_ns == 0 || !risk_scope_covers(&limit->scope, key)) {
            continue;
        }
        char name[RISK_LIMIT_NAME_MAX];
        const risk_scope scope = risk_scope_of(&limit->scope, key);
        risk_limit_name(limit->kind, &scope, name);
        const bool is_notional = limit->kind == RISK_LIMIT_NOTIONAL_PER_MINUTE;
        risk_window_add(step, name, span_ns, is_notional ? notional_e8 : CB_E8);
    }
}

void risk_window_recover(risk_state *state, const risk_window *row)
{
    CB_ASSERT(state->windows_count < RISK_WINDOWS_MAX);
    CB_ASSERT(row->slices_count <= SLICES);
    state->windows[state->windows_count++].row = *row;
}
