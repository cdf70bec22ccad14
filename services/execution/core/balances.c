/* The account's totals as the venue tells them, and the comparison of a REST snapshot with what the
 * stream has told. A difference counts only when two clean snapshots in a row show it: a snapshot
 * may always have seen a trade that is still on its way to us. */
#include "services/execution/core/exec_internal.h"

#include <string.h>

static exec_asset *balances_find(exec_state *state, const char *asset)
{
    for (uint32_t i = 0; i < state->assets_count; i++) {
        if (cb_text_equal(state->assets[i].asset, asset)) {
            return &state->assets[i];
        }
    }
    return NULL;
}

static int64_t balances_total_e8(const cb_asset_balance *balance)
{
    int64_t total = 0;
    const bool overflow = __builtin_add_overflow(balance->free.e8, balance->locked.e8, &total);
    return overflow ? INT64_MAX : total;
}

void exec_balances_take(
    exec_state *state, const cb_asset_balance *balances, uint32_t count, bool is_whole)
{
    CB_ASSERT(count <= CB_VENUE_BALANCES_MAX);
    CB_ASSERT(state->assets_count <= CB_VENUE_BALANCES_MAX);
    if (is_whole) {
        state->assets_count = 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        exec_asset *asset = balances_find(state, balances[i].asset);
        if (asset == NULL && state->assets_count < CB_VENUE_BALANCES_MAX) {
            asset = &state->assets[state->assets_count++];
            memset(asset, 0, sizeof(*asset));
            memcpy(asset->asset, balances[i].asset, sizeof(asset->asset));
        }
        if (asset != NULL) {
            asset->total_e8 = balances_total_e8(&balances[i]);
            asset->is_doubtful = false;
        }
    }
}

void exec_balances_doubt(exec_state *state, const char *asset)
{
    exec_asset *entry = balances_find(state, asset);
    if (entry != NULL) {
        entry->is_doubtful = true;
        return;
    }
    if (asset[0] == '\0' || state->assets_count == CB_VENUE_BALANCES_MAX) {
        return;
    }
    entry = &state->assets[state->assets_count++];
    memset(entry, 0, sizeof(*entry));
    const bool is_kept = cb_text_copy(entry->asset, sizeof(entry->asset), cb_sv_from(asset));
    CB_ASSERT(is_kept);
    entry->is_doubtful = true;
}

static int64_t balances_snapshot_e8(const exec_job *job, const char *asset)
{
    for (uint32_t i = 0; i < job->account_count; i++) {
        if (cb_text_equal(job->account[i].asset, asset)) {
            return balances_total_e8(&job->account[i]);
        }
    }
    return 0; /* venues leave out what is zero */
}

static bool balances_differ(const exec_state *state, int64_t a_e8, int64_t b_e8)
{
    const int64_t tolerance = state->config->balance_tolerance_e8;
    return a_e8 > b_e8 ? a_e8 - b_e8 > tolerance : b_e8 - a_e8 > tolerance;
}

typedef void (*balances_fn)(
    exec_state *state, const char *asset, int64_t told_e8, int64_t seen_e8, cb_outbox *out);

/* Calls fn (when not NULL) for each asset that differs; returns how many do. */
static uint32_t balances_each(exec_state *state, balances_fn fn, cb_outbox *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < state->assets_count; i++) {
        const exec_asset *asset = &state->assets[i];
        const int64_t seen = balances_snapshot_e8(&state->job, asset->asset);
        if (!asset->is_doubtful && balances_differ(state, asset->total_e8, seen)) {
            count++;
            if (fn != NULL) {
                fn(state, asset->asset, asset->total_e8, seen, out);
            }
        }
    }
    for (uint32_t i = 0; i < state->job.account_count; i++) {
        const cb_asset_balance *balance = &state->job.account[i];
        const int64_t seen = balances_total_e8(balance);
        if (balances_find(state, balance->asset) == NULL && balances_differ(state, 0, seen)) {
            count++;
            if (fn != NULL) {
                fn(state, balance->asset, 0, seen, out);
            }
        }
    }
    return count;
}

static void balances_report(
    exec_state *state, const char *asset, int64_t told_e8, int64_t seen_e8, cb_outbox *out)
{
    exec_difference row = {.trade_id = state->fills_count};
    cb_textbuf symbol = cb_textbuf_over(row.symbol, sizeof(row.symbol));
    cb_textbuf_add(&symbol, asset);
    cb_textbuf expected = cb_textbuf_over(row.expected, sizeof(row.expected));
    cb_textbuf_add_e8(&expected, told_e8);
    cb_textbuf seen = cb_textbuf_over(row.seen, sizeof(row.seen));
    cb_textbuf_add_e8(&seen, seen_e8);
    memcpy(row.action, "snapshot told, kill 1", sizeof("snapshot told, kill 1"));
    exec_emit_difference(state, "unexplained_balance", &row, out);
}

static bool balances_has_doubt(const exec_state *state)
{
    for (uint32_t i = 0; i < state->assets_count; i++) {
        if (state->assets[i].is_doubtful) {
            return true;
        }
    }
    return false;
}

void exec_balances_compare(exec_state *state, cb_outbox *out)
{
    CB_ASSERT(state->is_reconciled);
    const exec_job *job = &state->job;
    const uint32_t count = balances_each(state, NULL, out);
    const bool is_repeat =
        state->assets_suspect_count > 0 && state->assets_suspect_fills == state->fills_count;
    if (count > 0) {
        state->assets_suspect_count = is_repeat ? state->assets_suspect_count + 1 : 1;
        state->assets_suspect_fills = state->fills_count;
        if (state->assets_suspect_count < 2) {
            return;
        }
        const uint32_t told = balances_each(state, balances_report, out);
        CB_ASSERT(told == count);
        exec_raise_kill(state, "account", 1, "balance differs without a reason", out);
    }
    state->assets_suspect_count = 0;
    /* Replays tell of changes only: when a periodic snapshot lands between the events of a step is
     * not the same twice. */
    const bool is_news = count > 0 || balances_has_doubt(state) || !state->is_replayed;
    exec_balances_take(state, job->account, job->account_count, true);
    if (is_news) {
        exec_emit_balance(state,
            CB_BALANCE_REASON_SNAPSHOT,
            job->account,
            job->account_count,
            job->venue_now_ns,
            out);
    }
}
