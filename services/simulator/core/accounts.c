/* Who owns what. Money only moves here: between free and locked, between the two sides of a fill,
 * to the venue as a fee, and in or out by a transfer. Each move keeps
 *   deposits = sum of balances + fees + house     for every asset. */
#include "services/simulator/core/accounts.h"

#include <string.h>

#include "base/assert.h"
#include "base/strview.h"

/* Marks an asset of an account as changed, to be told at the end of the operation. */
static void mark(sim_core *sim, uint32_t account_index, uint32_t asset)
{
    sim_account *account = &sim->accounts[account_index];
    account->updated_ns = sim_venue_ns(sim);
    if (!account->has_history || sim->is_muted) {
        return;
    }
    if (account->assets_changed == 0) {
        CB_ASSERT(sim->dirty_count < SIM_DIRTY_MAX);
        sim->dirty[sim->dirty_count] = account_index;
        sim->dirty_count++;
    }
    account->assets_changed |= UINT64_C(1) << asset;
}

static void add_free(sim_core *sim, uint32_t account, uint32_t asset, int64_t amount_e8)
{
    sim_balance *balance = &sim->accounts[account].balances[asset];
    const bool overflow = __builtin_add_overflow(balance->free_e8, amount_e8, &balance->free_e8);
    CB_ASSERT(!overflow);
    CB_ASSERT(balance->free_e8 >= 0);
    mark(sim, account, asset);
}

uint32_t sim_order_asset(const sim_core *sim, const sim_order *order)
{
    const sim_symbol *symbol = &sim->symbols[order->symbol];
    return order->side == CB_SIDE_BUY ? symbol->quote_asset : symbol->base_asset;
}

int64_t sim_free(const sim_core *sim, uint32_t account, uint32_t asset)
{
    CB_ASSERT(account < sim->accounts_count);
    CB_ASSERT(asset < SIM_ASSETS_MAX);
    return sim->accounts[account].balances[asset].free_e8;
}

bool sim_lock(sim_core *sim, uint32_t account, uint32_t asset, int64_t amount_e8)
{
    CB_ASSERT(amount_e8 >= 0);
    if (sim_free(sim, account, asset) < amount_e8) {
        return false;
    }
    sim->accounts[account].balances[asset].locked_e8 += amount_e8;
    add_free(sim, account, asset, -amount_e8);
    return true;
}

void sim_unlock(sim_core *sim, uint32_t account, uint32_t asset, int64_t amount_e8)
{
    sim_balance *balance = &sim->accounts[account].balances[asset];
    CB_ASSERT(amount_e8 >= 0);
    CB_ASSERT(balance->locked_e8 >= amount_e8);
    balance->locked_e8 -= amount_e8;
    add_free(sim, account, asset, amount_e8);
}

int64_t sim_quote_of(int64_t price_e8, int64_t qty_e8)
{
    int64_t quote_e8 = 0;
    const cb_status status = cb_mul_e8(price_e8, qty_e8, CB_ROUND_DOWN, &quote_e8, NULL);
    CB_ASSERT(status == CB_OK);
    return quote_e8;
}

bool sim_quote_lock(int64_t price_e8, int64_t qty_e8, int64_t *out_e8)
{
    return cb_mul_e8(price_e8, qty_e8, CB_ROUND_UP, out_e8, NULL) == CB_OK;
}

/* Price of the fee asset in the symbol's quote asset: from a symbol that trades it, else as
 * configured. 0 = unknown. */
static int64_t fee_asset_price(const sim_core *sim, uint32_t quote_asset)
{
    for (uint32_t i = 0; i < sim->symbols_count; i++) {
        const sim_symbol *symbol = &sim->symbols[i];
        if (symbol->base_asset == sim->fee_asset && symbol->quote_asset == quote_asset) {
            return symbol->last_price_e8;
        }
    }
    return sim->config.fee_asset_price_e8;
}

/* Fee in the third asset, 0 when it cannot be had. */
static int64_t fee_in_third(const sim_core *sim, const sim_order *order, int64_t quote_fee_e8)
{
    if (sim->fee_asset == SIM_NONE) {
        return 0;
    }
    const uint32_t quote_asset = sim->symbols[order->symbol].quote_asset;
    const int64_t price_e8 = fee_asset_price(sim, quote_asset);
    int64_t discounted_e8 = 0;
    int64_t fee_e8 = 0;
    if (price_e8 <= 0 ||
        cb_mul_e8(
            quote_fee_e8, sim->config.fee_asset_factor_e8, CB_ROUND_DOWN, &discounted_e8, NULL) !=
            CB_OK ||
        cb_div_e8(discounted_e8, price_e8, CB_ROUND_DOWN, &fee_e8, NULL) != CB_OK) {
        return 0;
    }
    return fee_e8 <= sim_free(sim, order->account, sim->fee_asset) ? fee_e8 : 0;
}

static int64_t fee_rate(const sim_core *sim, const sim_order *order, bool is_maker)
{
    const sim_account *account = &sim->accounts[order->account];
    if (account->is_fee_free) {
        return 0;
    }
    if (account->has_own_fees) {
        return is_maker ? account->fee_maker_e8 : account->fee_taker_e8;
    }
    return is_maker ? sim->config.fee_maker_e8 : sim->config.fee_taker_e8;
}

/* Chooses where the fee comes from and takes it. received_e8 has been credited before. */
static void take_fee(sim_core *sim,
    const sim_order *order,
    int64_t received_e8,
    uint32_t received_asset,
    bool is_maker,
    sim_settlement *settlement)
{
    const int64_t rate_e8 = fee_rate(sim, order, is_maker);
    int64_t quote_fee_e8 = 0;
    int64_t fee_e8 = 0;
    cb_status status = cb_mul_e8(settlement->quote_e8, rate_e8, CB_ROUND_DOWN, &quote_fee_e8, NULL);
    CB_ASSERT(status == CB_OK);
    status = cb_mul_e8(received_e8, rate_e8, CB_ROUND_DOWN, &fee_e8, NULL);
    CB_ASSERT(status == CB_OK);
    settlement->fee_asset = received_asset;
    const int64_t third_e8 = fee_in_third(sim, order, quote_fee_e8);
    if (third_e8 > 0) {
        settlement->fee_asset = sim->fee_asset;
        fee_e8 = third_e8;
    }
    settlement->fee_e8 = fee_e8;
    if (fee_e8 > 0) {
        add_free(sim, order->account, settlement->fee_asset, -fee_e8);
        sim->fees_e8[settlement->fee_asset] += fee_e8;
    }
}

/* Pays for a buy. With a lock, what better prices saved goes back to free at once. */
static void pay_quote(sim_core *sim, sim_order *order, int64_t quote_e8, int64_t qty_e8)
{
    const uint32_t asset = sim->symbols[order->symbol].quote_asset;
    if (order->locked_e8 == 0) {
        add_free(sim, order->account, asset, -quote_e8);
        return;
    }
    int64_t keep_e8 = 0;
    const int64_t left_e8 = sim_order_left(order) - qty_e8;
    const bool fits = sim_quote_lock(order->price_e8, left_e8, &keep_e8);
    CB_ASSERT(fits);
    const int64_t freed_e8 = order->locked_e8 - keep_e8;
    CB_ASSERT(freed_e8 >= quote_e8);
    sim->accounts[order->account].balances[asset].locked_e8 -= freed_e8;
    order->locked_e8 = keep_e8;
    add_free(sim, order->account, asset, freed_e8 - quote_e8);
}

static void pay_base(sim_core *sim, sim_order *order, int64_t qty_e8)
{
    const uint32_t asset = sim->symbols[order->symbol].base_asset;
    if (order->locked_e8 == 0) {
        add_free(sim, order->account, asset, -qty_e8);
        return;
    }
    sim_balance *balance = &sim->accounts[order->account].balances[asset];
    CB_ASSERT(order->locked_e8 >= qty_e8);
    CB_ASSERT(balance->locked_e8 >= qty_e8);
    order->locked_e8 -= qty_e8;
    balance->locked_e8 -= qty_e8;
    mark(sim, order->account, asset);
}

sim_settlement sim_settle(
    sim_core *sim, sim_order *order, int64_t price_e8, int64_t qty_e8, bool is_maker)
{
    const sim_symbol *symbol = &sim->symbols[order->symbol];
    sim_settlement settlement = {.quote_e8 = sim_quote_of(price_e8, qty_e8)};
    CB_ASSERT(qty_e8 > 0);
    CB_ASSERT(qty_e8 <= sim_order_left(order));
    if (order->side == CB_SIDE_BUY) {
        pay_quote(sim, order, settlement.quote_e8, qty_e8);
        add_free(sim, order->account, symbol->base_asset, qty_e8);
        take_fee(sim, order, qty_e8, symbol->base_asset, is_maker, &settlement);
    } else {
        pay_base(sim, order, qty_e8);
        add_free(sim, order->account, symbol->quote_asset, settlement.quote_e8);
        take_fee(sim, order, settlement.quote_e8, symbol->quote_asset, is_maker, &settlement);
    }
    return settlement;
}

void sim_settle_house(
    sim_core *sim, const sim_symbol *symbol, cb_side order_side, int64_t qty_e8, int64_t quote_e8)
{
    const int64_t sign = order_side == CB_SIDE_BUY ? 1 : -1;
    sim->house_e8[symbol->base_asset] -= sign * qty_e8;
    sim->house_e8[symbol->quote_asset] += sign * quote_e8;
}

void sim_report_accounts(sim_core *sim)
{
    for (uint32_t i = 0; i < sim->dirty_count; i++) {
        const uint32_t index = sim->dirty[i];
        sim_event event = {
            .type = SIM_EVENT_ACCOUNT,
            .account = index,
            .assets_mask = sim->accounts[index].assets_changed,
        };
        sim->accounts[index].assets_changed = 0;
        sim_emit(sim, &event);
    }
    sim->dirty_count = 0;
}

/* ---- what the venue changes afterwards ---- */

/* Tells a change of a balance that no order explains. */
static void tell_change(sim_core *sim, uint32_t account, uint32_t asset, int64_t amount_e8)
{
    if (amount_e8 == 0 || !sim->accounts[account].has_history || sim->is_muted) {
        return;
    }
    sim_event event = {
        .type = SIM_EVENT_TRANSFER,
        .account = account,
        .asset = asset,
        .amount_e8 = amount_e8,
    };
    sim_emit(sim, &event);
}

bool sim_bust(sim_core *sim, uint32_t index)
{
    CB_ASSERT(index < sim->trades_count);
    sim_trade *trade = &sim->trades[index];
    const sim_order *order = &sim->orders[trade->order];
    const sim_symbol *symbol = &sim->symbols[order->symbol];
    int64_t deltas[SIM_ASSETS_MAX] = {0};
    const int64_t sign = order->side == CB_SIDE_BUY ? -1 : 1;
    const int64_t quote_e8 =
        trade->corrected_quote_e8 > 0 ? trade->corrected_quote_e8 : trade->quote_e8;
    deltas[symbol->base_asset] += sign * trade->qty_e8;
    deltas[symbol->quote_asset] -= sign * quote_e8;
    deltas[trade->fee_asset] += trade->fee_e8;
    for (uint32_t asset = 0; asset < sim->assets_count; asset++) {
        if (sim_free(sim, order->account, asset) + deltas[asset] < 0) {
            return false;
        }
    }
    if (trade->is_busted) {
        return false;
    }
    trade->is_busted = true;
    sim->house_e8[symbol->base_asset] -= sign * trade->qty_e8;
    sim->house_e8[symbol->quote_asset] += sign * quote_e8;
    sim->fees_e8[trade->fee_asset] -= trade->fee_e8;
    for (uint32_t asset = 0; asset < sim->assets_count; asset++) {
        if (deltas[asset] != 0) {
            add_free(sim, order->account, asset, deltas[asset]);
            tell_change(sim, order->account, asset, deltas[asset]);
        }
    }
    sim_report_accounts(sim);
    return true;
}

bool sim_correct(sim_core *sim, uint32_t index, int64_t quote_e8)
{
    CB_ASSERT(index < sim->trades_count);
    CB_ASSERT(quote_e8 > 0);
    sim_trade *trade = &sim->trades[index];
    const sim_order *order = &sim->orders[trade->order];
    const uint32_t asset = sim->symbols[order->symbol].quote_asset;
    const int64_t before_e8 =
        trade->corrected_quote_e8 > 0 ? trade->corrected_quote_e8 : trade->quote_e8;
    const int64_t more_e8 = quote_e8 - before_e8;
    const int64_t delta_e8 = order->side == CB_SIDE_BUY ? -more_e8 : more_e8;
    if (trade->is_busted || delta_e8 == 0 || sim_free(sim, order->account, asset) + delta_e8 < 0) {
        return false;
    }
    trade->corrected_quote_e8 = quote_e8;
    sim->house_e8[asset] -= delta_e8;
    add_free(sim, order->account, asset, delta_e8);
    tell_change(sim, order->account, asset, delta_e8);
    sim_report_accounts(sim);
    return true;
}

bool sim_transfer(sim_core *sim, uint32_t account, uint32_t asset, int64_t amount_e8)
{
    CB_ASSERT(account < sim->accounts_count);
    CB_ASSERT(asset < sim->assets_count);
    int64_t after_e8 = 0;
    if (__builtin_add_overflow(sim_free(sim, account, asset), amount_e8, &after_e8) ||
        after_e8 < 0) {
        return false;
    }
    add_free(sim, account, asset, amount_e8);
    sim->deposits_e8[asset] += amount_e8;
    if (sim->accounts[account].has_history && !sim->is_muted) {
        sim_event event = {
            .type = SIM_EVENT_TRANSFER,
            .account = account,
            .asset = asset,
            .amount_e8 = amount_e8,
        };
        sim_emit(sim, &event);
    }
    sim_report_accounts(sim);
    return true;
}
