/* The account as risk sees it: what the venue says it holds, carried on by each fill, so that a
 * fill and the balance update that follows it never count twice.
 *
 * Money that appears without a fill or an announced transfer is kept apart as unexplained: a net
 * gain does not count into equity until something explains it, a loss does. A transfer moves the
 * marks of the day and of the peak by its value, so that neither a deposit nor a withdrawal looks
 * like profit or loss, whichever of the transfer and the new balance comes first. */
#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/strview.h"
#include "domain/position.h"
#include "services/risk/core/state.h"

void risk_account_doubt(risk_state *state)
{
    CB_ASSERT(state != NULL);
    state->is_account_changed = state->is_account_changed || !state->account.is_unsure;
    state->account.is_unsure = true;
    CB_ASSERT(state->account.is_unsure);
}

static risk_balance_slot *balance_slot(risk_state *state, const char *asset)
{
    CB_ASSERT(state->balances_count <= RISK_BALANCES_MAX);
    for (uint32_t i = 0; i < state->balances_count; i++) {
        if (cb_text_equal(state->balances[i].row.asset, asset)) {
            return &state->balances[i];
        }
    }
    return NULL;
}

risk_balance *risk_balance_find(risk_state *state, const char *asset)
{
    risk_balance_slot *slot = balance_slot(state, asset);
    return slot == NULL ? NULL : &slot->row;
}

int64_t risk_balance_total(const risk_state *state, const char *asset)
{
    CB_ASSERT(state->balances_count <= RISK_BALANCES_MAX);
    for (uint32_t i = 0; i < state->balances_count; i++) {
        if (cb_text_equal(state->balances[i].row.asset, asset)) {
            return state->balances[i].row.total.e8;
        }
    }
    return 0;
}

/* NULL, and the account in doubt, when there are more assets than we can follow. */
static risk_balance_slot *balance_take(risk_state *state, const char *asset)
{
    risk_balance_slot *slot = balance_slot(state, asset);
    if (slot != NULL) {
        return slot;
    }
    if (state->balances_count == RISK_BALANCES_MAX || asset[0] == '\0') {
        risk_account_doubt(state);
        return NULL;
    }
    slot = &state->balances[state->balances_count++];
    *slot = (risk_balance_slot){.is_changed = true};
    const bool fits = cb_text_copy(slot->row.asset, sizeof(slot->row.asset), cb_sv_from(asset));
    CB_ASSERT(fits);
    memcpy(slot->row.account, state->account.account, sizeof(slot->row.account));
    return slot;
}

void risk_balance_add(risk_step_context *step, const char *asset, int64_t change_e8)
{
    if (change_e8 == 0) {
        return;
    }
    risk_balance_slot *slot = balance_take(step->state, asset);
    if (slot == NULL) {
        return;
    }
    if (cb_add_e8(slot->row.total.e8, change_e8, &slot->row.total.e8, NULL) != CB_OK) {
        risk_account_doubt(step->state);
    }
    slot->row.updated_ns = step->now_ns;
    slot->is_changed = true;
}

/* Moves what losses are measured against by the value of money that came or went. */
static void shift_baseline(risk_step_context *step, const char *asset, int64_t change_e8)
{
    risk_account *account = &step->state->account;
    int64_t value_e8 = 0;
    if (!account->is_valued || !risk_equity_value(step->state, asset, change_e8, &value_e8)) {
        return;
    }
    account->day_start_equity.e8 = risk_add(account->day_start_equity.e8, value_e8);
    account->peak_equity.e8 = risk_add(account->peak_equity.e8, value_e8);
    step->state->is_account_changed = true;
    CB_ASSERT(account->is_valued);
}

static int64_t magnitude(int64_t value)
{
    return value < 0 ? risk_sub(0, value) : value;
}

/* The part of change that goes towards target: same sign, no further than target. */
static int64_t towards(int64_t change, int64_t target)
{
    if (change == 0 || target == 0 || (change < 0) != (target < 0)) {
        return 0;
    }
    return magnitude(change) < magnitude(target) ? change : target;
}

/* A deposit or withdrawal is announced. Its balance may have been told already. */
static void apply_transfer(risk_step_context *step, const cb_asset_balance *change)
{
    risk_balance_slot *slot = balance_take(step->state, change->asset);
    if (slot == NULL) {
        return;
    }
    const int64_t amount_e8 = change->free.e8;
    shift_baseline(step, change->asset, amount_e8);
    const int64_t told_e8 = towards(amount_e8, slot->row.unexplained.e8);
    slot->row.unexplained.e8 = risk_sub(slot->row.unexplained.e8, told_e8);
    slot->row.pending.e8 = risk_add(slot->row.pending.e8, risk_sub(amount_e8, told_e8));
    slot->row.updated_ns = step->now_ns;
    slot->is_changed = true;
}

/* The venue's total replaces ours. What neither fills nor transfers explain is set apart. */
static void apply_total(risk_step_context *step, const char *asset, int64_t total_e8)
{
    risk_balance_slot *slot = balance_take(step->state, asset);
    if (slot == NULL || slot->row.total.e8 == total_e8) {
        return;
    }
    int64_t change_e8 = risk_sub(total_e8, slot->row.total.e8);
    const int64_t announced_e8 = towards(change_e8, slot->row.pending.e8);
    slot->row.pending.e8 = risk_sub(slot->row.pending.e8, announced_e8);
    change_e8 = risk_sub(change_e8, announced_e8);
    if (step->state->account.is_open) {
        slot->row.unexplained.e8 = risk_add(slot->row.unexplained.e8, change_e8);
    }
    slot->row.total.e8 = total_e8;
    slot->row.updated_ns = step->now_ns;
    slot->is_changed = true;
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

/* A snapshot names all assets: what it leaves out is zero, and a transfer that it does not show
 * has not happened after all. */
static void apply_snapshot_rest(risk_step_context *step, const cb_balance *balance)
{
    risk_state *state = step->state;
    CB_ASSERT(balance->reason == CB_BALANCE_REASON_SNAPSHOT);
    for (uint32_t i = 0; i < state->balances_count; i++) {
        risk_balance *row = &state->balances[i].row;
        if (!is_listed(balance, row->asset)) {
            apply_total(step, row->asset, 0);
        }
        if (row->pending.e8 != 0) {
            shift_baseline(step, row->asset, risk_sub(0, row->pending.e8));
            row->pending.e8 = 0;
            state->balances[i].is_changed = true;
        }
    }
    CB_ASSERT(state->balances_count <= RISK_BALANCES_MAX);
}

static void open_account(risk_state *state, const cb_balance *balance)
{
    CB_ASSERT(!state->account.is_open);
    state->account.is_open = true;
    state->account.fills_base =
        risk_sub((int64_t)balance->fills_count, (int64_t)state->account.fills_count);
    state->is_account_changed = true;
    CB_ASSERT(state->account.is_open);
}

/* True when the venue's view was taken before a fill that we have counted already. */
static bool is_outdated(const risk_account *account, const cb_balance *balance)
{
    const int64_t ours = risk_add(account->fills_base, (int64_t)account->fills_count);
    return account->is_open && (int64_t)balance->fills_count < ours;
}

static void apply_totals(risk_step_context *step, const cb_balance *balance)
{
    CB_ASSERT(balance->balances_count <= RISK_BALANCES_MAX);
    for (uint32_t i = 0; i < balance->balances_count; i++) {
        const cb_asset_balance *item = &balance->balances[i];
        int64_t total_e8 = 0;
        if (cb_add_e8(item->free.e8, item->locked.e8, &total_e8, NULL) != CB_OK) {
            risk_account_doubt(step->state);
            continue;
        }
        apply_total(step, item->asset, total_e8);
    }
    if (balance->reason == CB_BALANCE_REASON_SNAPSHOT) {
        apply_snapshot_rest(step, balance);
    }
}

void risk_account_on_balance(risk_step_context *step, const cb_balance *balance)
{
    risk_state *state = step->state;
    CB_ASSERT(balance->balances_count <= RISK_BALANCES_MAX);
    if (!cb_text_equal(balance->account, state->account.account)) {
        return;
    }
    if (balance->reason == CB_BALANCE_REASON_TRANSFER) {
        for (uint32_t i = 0; i < balance->balances_count && state->account.is_open; i++) {
            apply_transfer(step, &balance->balances[i]);
        }
    } else if (is_outdated(&state->account, balance)) {
        state->account.outdated_count++;
        state->is_account_changed = true;
    } else if (balance->reason == CB_BALANCE_REASON_SNAPSHOT) {
        apply_totals(step, balance);
        if (!state->account.is_open) {
            open_account(state, balance);
        }
    } else if (state->account.is_open) {
        apply_totals(step, balance);
    }
    risk_equity_update(step);
}

/* ---- fills ---- */

cb_id risk_fill_identity(
    const char *account, const char *venue, const char *symbol, uint64_t trade_id)
{
    CB_ASSERT(symbol[0] != '\0');
    uint64_t hash = cb_hash_u64(cb_hash_text(CB_HASH_SEED, account), 0);
    hash = cb_hash_u64(cb_hash_text(hash, venue), 0);
    hash = cb_hash_text(hash, symbol);
    return cb_id_make("risk.fill", hash, trade_id);
}

/* A fee in the base asset leaves the position at its share of the cost; a rebate joins it. */
static cb_status holding_apply_fee(cb_holding *holding, const cb_fill *fill)
{
    if (fill->fee.e8 == 0 || !cb_text_equal(fill->fee_asset, fill->base_asset)) {
        return CB_OK;
    }
    cb_amount cost = {0};
    if (fill->fee.e8 > 0) {
        const int64_t held_e8 = holding->qty.e8 > 0 ? holding->qty.e8 : 0;
        const cb_qty taken = {fill->fee.e8 < held_e8 ? fill->fee.e8 : held_e8};
        return taken.e8 == 0 ? CB_OK : cb_holding_take(holding, taken, &cost, NULL);
    }
    if (fill->fee.e8 == INT64_MIN || holding->qty.e8 < 0) {
        return CB_E_RANGE;
    }
    return cb_holding_put(holding, (cb_qty){-fill->fee.e8}, cost, NULL);
}

cb_status risk_holding_apply(cb_holding *holding, const cb_fill *fill)
{
    const cb_status status =
        cb_holding_trade(holding, fill->side, fill->qty, fill->quote_qty, NULL);
    return status == CB_OK ? holding_apply_fee(holding, fill) : status;
}

static void apply_position(risk_step_context *step, risk_symbol *symbol, const cb_fill *fill)
{
    risk_position *row = &symbol->position;
    cb_holding holding = {row->qty, row->cost, row->realised};
    if (risk_holding_apply(&holding, fill) != CB_OK) {
        risk_account_doubt(step->state);
        return;
    }
    if (row->qty.e8 == 0) {
        row->opened_ns = step->now_ns;
    }
    memcpy(row->account, fill->account, sizeof(row->account));
    memcpy(row->symbol, fill->symbol, sizeof(row->symbol));
    row->qty = holding.qty;
    row->cost = holding.cost;
    row->realised = holding.realised;
    row->updated_ns = step->now_ns;
    symbol->is_position_changed = true;
}

static void store_fill(risk_step_context *step, const cb_fill *fill)
{
    risk_fill *row = CB_STORE(step->out, RISK_TABLE_FILL, risk_fill);
    memcpy(row->account, fill->account, sizeof(row->account));
    memcpy(row->venue, fill->venue, sizeof(row->venue));
    memcpy(row->symbol, fill->symbol, sizeof(row->symbol));
    memcpy(row->fee_asset, fill->fee_asset, sizeof(row->fee_asset));
    row->trade_id = fill->trade_id;
    row->intent_id = fill->intent_id;
    row->side = fill->side;
    row->qty = fill->qty;
    row->price = fill->price;
    row->quote_qty = fill->quote_qty;
    row->fee = fill->fee;
    row->number = step->state->account.fills_count;
    row->ts_ns = step->now_ns;
    CB_ASSERT(row->number > 0);
}

static bool is_sane_fill(const cb_fill *fill)
{
    const bool has_side = fill->side == CB_SIDE_BUY || fill->side == CB_SIDE_SELL;
    return has_side && fill->qty.e8 > 0 && fill->quote_qty.e8 >= 0 && fill->symbol[0] != '\0' &&
           fill->base_asset[0] != '\0' && fill->quote_asset[0] != '\0';
}

static void apply_balances(risk_step_context *step, const cb_fill *fill)
{
    const int64_t sign = fill->side == CB_SIDE_BUY ? 1 : -1;
    CB_ASSERT(fill->qty.e8 > 0);
    CB_ASSERT(fill->quote_qty.e8 >= 0);
    risk_balance_add(step, fill->base_asset, sign * fill->qty.e8);
    risk_balance_add(step, fill->quote_asset, -sign * fill->quote_qty.e8);
    if (fill->fee.e8 != 0) {
        risk_balance_add(step, fill->fee_asset, risk_sub(0, fill->fee.e8));
    }
}

void risk_account_on_fill(risk_step_context *step, const cb_fill *fill)
{
    risk_state *state = step->state;
    if (!cb_text_equal(fill->account, state->account.account)) {
        return;
    }
    if (!is_sane_fill(fill)) {
        risk_account_doubt(state);
        return;
    }
    if (!cb_idset_add(&state->fills_seen,
            risk_fill_identity(fill->account, fill->venue, fill->symbol, fill->trade_id))) {
        return;
    }
    state->account.fills_count++;
    state->is_account_changed = true;
    risk_symbol *symbol = risk_symbol_take(state, fill->symbol);
    if (symbol == NULL) {
        risk_account_doubt(state);
    } else {
        apply_position(step, symbol, fill);
    }
    store_fill(step, fill);
    apply_balances(step, fill);
    risk_sub_on_fill(step, fill);
    risk_reservation_on_fill(step, fill);
    risk_equity_update(step);
}
