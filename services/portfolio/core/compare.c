/* The books against the venue. They are comparable only when both stand after the same number of
 * fills; then every asset must be equal to the last unit. What is not becomes a row that stays, is
 * counted in every snapshot, and ends only when both agree again. Nothing is corrected here. */
#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/strview.h"
#include "services/portfolio/core/state.h"

portfolio_balance_slot *portfolio_balance_take(portfolio_state *state, const char *asset)
{
    CB_ASSERT(state->balances_count <= PORTFOLIO_BALANCES_MAX);
    for (uint32_t i = 0; i < state->balances_count; i++) {
        if (cb_text_equal(state->balances[i].row.asset, asset)) {
            return &state->balances[i];
        }
    }
    if (asset[0] == '\0' || state->balances_count == PORTFOLIO_BALANCES_MAX) {
        state->account.refused_count++;
        state->is_account_changed = true;
        return NULL;
    }
    portfolio_balance_slot *slot = &state->balances[state->balances_count++];
    *slot = (portfolio_balance_slot){.is_changed = true};
    const bool fits = cb_text_copy(slot->row.asset, sizeof(slot->row.asset), cb_sv_from(asset));
    CB_ASSERT(fits);
    memcpy(slot->row.account, state->account.account, sizeof(slot->row.account));
    return slot;
}

static void begin_difference(portfolio_step_context *step, portfolio_balance_slot *slot)
{
    portfolio_account *account = &step->state->account;
    portfolio_difference *difference = &slot->difference;
    CB_ASSERT(cb_id_is_none(difference->difference_id));
    memset(difference, 0, sizeof(*difference));
    difference->number = ++account->differences_total;
    difference->difference_id = cb_id_make(
        "portfolio.difference", cb_hash_text(CB_HASH_SEED, account->account), difference->number);
    memcpy(difference->account, account->account, sizeof(difference->account));
    memcpy(difference->venue, account->venue, sizeof(difference->venue));
    memcpy(difference->asset, slot->row.asset, sizeof(difference->asset));
    difference->is_open = true;
    difference->first_ns = step->now_ns;
    account->differences_count++;
    step->state->is_account_changed = true;
    slot->row.difference_id = difference->difference_id;
    slot->is_changed = true;
}

static void end_difference(portfolio_step_context *step, portfolio_balance_slot *slot)
{
    portfolio_account *account = &step->state->account;
    CB_ASSERT(!cb_id_is_none(slot->difference.difference_id));
    CB_ASSERT(account->differences_count > 0);
    slot->difference.is_open = false;
    slot->difference.resolved_ns = step->now_ns;
    const bool fits = cb_text_copy(
        slot->difference.resolved_by, sizeof(slot->difference.resolved_by), CB_SV("venue agrees"));
    CB_ASSERT(fits);
    *CB_STORE(step->out, PORTFOLIO_TABLE_DIFFERENCE, portfolio_difference) = slot->difference;
    memset(&slot->difference, 0, sizeof(slot->difference));
    slot->is_difference_changed = false;
    slot->row.difference_id = (cb_id){0, 0};
    slot->is_changed = true;
    account->differences_count--;
    step->state->is_account_changed = true;
}

static void compare_asset(
    portfolio_step_context *step, portfolio_balance_slot *slot, const cb_balance *balance)
{
    const int64_t expected_e8 = portfolio_amount_of(step->state, slot->row.asset);
    const int64_t seen_e8 = portfolio_add(slot->row.venue_free.e8, slot->row.venue_locked.e8);
    const bool was_open = !cb_id_is_none(slot->difference.difference_id);
    if (expected_e8 == seen_e8) {
        if (was_open) {
            end_difference(step, slot);
        }
        return;
    }
    if (!was_open) {
        begin_difference(step, slot);
    }
    portfolio_difference *difference = &slot->difference;
    difference->expected.e8 = expected_e8;
    difference->seen.e8 = seen_e8;
    difference->amount.e8 = portfolio_sub(seen_e8, expected_e8);
    difference->fills_count = balance->fills_count;
    difference->last_ns = step->now_ns;
    slot->is_difference_changed = true;
    CB_ASSERT(difference->amount.e8 != 0);
}

static void hear_asset(portfolio_step_context *step,
    const cb_balance *balance,
    const char *asset,
    const cb_asset_balance *item)
{
    portfolio_balance_slot *slot = portfolio_balance_take(step->state, asset);
    if (slot == NULL) {
        return;
    }
    const int64_t free_e8 = item == NULL ? 0 : item->free.e8;
    const int64_t locked_e8 = item == NULL ? 0 : item->locked.e8;
    if (slot->row.venue_ts_ns == 0 || slot->row.venue_free.e8 != free_e8 ||
        slot->row.venue_locked.e8 != locked_e8) {
        slot->row.venue_free.e8 = free_e8;
        slot->row.venue_locked.e8 = locked_e8;
        slot->row.venue_ts_ns = balance->venue_ts_ns;
        slot->row.updated_ns = step->now_ns;
        slot->is_changed = true;
    }
    compare_asset(step, slot, balance);
}

static bool is_listed(const cb_balance *balance, const char *asset)
{
    for (uint32_t i = 0; i < balance->balances_count; i++) {
        if (cb_text_equal(balance->balances[i].asset, asset)) {
            return true;
        }
    }
    return false;
}

static void hear_all(portfolio_step_context *step, const cb_balance *balance)
{
    portfolio_state *state = step->state;
    for (uint32_t i = 0; i < balance->balances_count; i++) {
        hear_asset(step, balance, balance->balances[i].asset, &balance->balances[i]);
    }
    if (balance->reason != CB_BALANCE_REASON_SNAPSHOT) {
        return;
    }
    for (uint32_t i = 0; i < state->balances_count; i++) { /* what is not named is not there */
        const char *asset = state->balances[i].row.asset;
        if (!is_listed(balance, asset)) {
            hear_asset(step, balance, asset, NULL);
        }
    }
    CB_ASSERT(state->balances_count <= PORTFOLIO_BALANCES_MAX);
}

void portfolio_compare_on_balance(portfolio_step_context *step, const cb_balance *balance)
{
    portfolio_state *state = step->state;
    CB_ASSERT(balance->balances_count <= PORTFOLIO_BALANCES_MAX);
    if (!cb_text_equal(balance->account, state->account.account) ||
        !cb_text_equal(balance->venue, state->account.venue)) {
        return;
    }
    if (balance->reason == CB_BALANCE_REASON_TRANSFER) {
        portfolio_books_on_transfer(step, balance);
        return;
    }
    if (!state->account.is_open) {
        if (balance->reason != CB_BALANCE_REASON_SNAPSHOT) {
            return; /* changes mean nothing before the whole is known */
        }
        portfolio_books_open(step, balance);
    }
    const int64_t ours =
        portfolio_add(state->account.fills_base, (int64_t)state->account.fills_count);
    if ((int64_t)balance->fills_count != ours) {
        state->account.outdated_count++;
        state->is_account_changed = true;
        return;
    }
    hear_all(step, balance);
    portfolio_value_update(step);
    portfolio_publish_soon(step);
}
