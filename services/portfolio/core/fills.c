/* Fills: the entry in the ledger, the row, and the position at average cost.
 *
 * A fee is an expense in whatever asset it was paid; its value in the quote asset is fixed when it
 * is booked. One paid in the base asset leaves the position as if that part had been sold at the
 * fill's price to pay it, so that at any time
 *     equity = opening + transfers + realised + unrealised - fees
 * to the last unit, for an account that began with nothing but the quote asset. */
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "domain/position.h"
#include "services/portfolio/core/state.h"

/* Value of the fee in the account's quote asset; false when nothing prices it. */
static bool value_fee(const portfolio_state *state, const cb_fill *fill, int64_t *value_e8)
{
    int64_t price_e8 = 0;
    *value_e8 = 0;
    if (fill->fee.e8 == 0) {
        return true;
    }
    const bool is_ours = cb_text_equal(fill->quote_asset, state->config->quote_asset);
    if (is_ours && cb_text_equal(fill->fee_asset, fill->base_asset)) {
        price_e8 = fill->price.e8;
    } else if (!portfolio_price_of(state, fill->fee_asset, &price_e8)) {
        return false;
    }
    CB_ASSERT(price_e8 >= 0);
    *value_e8 = portfolio_value_at(fill->fee.e8, price_e8);
    return true;
}

/* A fee or rebate in the base asset, valued in the fill's own quote asset. */
static cb_status apply_base_fee(cb_holding *holding, const portfolio_fill *fill)
{
    if (fill->fee.e8 == 0 || !cb_text_equal(fill->fee_asset, fill->base_asset)) {
        return CB_OK;
    }
    cb_amount cost = {0};
    if (fill->fee.e8 < 0) {
        cost.e8 = -portfolio_value_at(fill->fee.e8, fill->price.e8);
        return holding->qty.e8 < 0 ? CB_E_RANGE
                                   : cb_holding_put(holding, (cb_qty){-fill->fee.e8}, cost, NULL);
    }
    const int64_t held_e8 = holding->qty.e8 > 0 ? holding->qty.e8 : 0;
    const cb_qty taken = {fill->fee.e8 < held_e8 ? fill->fee.e8 : held_e8};
    if (taken.e8 == 0) {
        return CB_OK; /* paid from what was there before the first fill */
    }
    const cb_status status = cb_holding_take(holding, taken, &cost, NULL);
    if (status != CB_OK) {
        return status;
    }
    const int64_t value_e8 = portfolio_value_at(taken.e8, fill->price.e8);
    holding->realised.e8 = portfolio_add(holding->realised.e8, portfolio_sub(value_e8, cost.e8));
    return CB_OK;
}

/* False, and nothing changes, when the position cannot be computed. */
static bool apply_position(portfolio_state *state, portfolio_fill *fill)
{
    portfolio_symbol *symbol = portfolio_symbol_take(state, fill->symbol);
    if (symbol == NULL) {
        return false;
    }
    portfolio_position *row = &symbol->position;
    cb_holding holding = {row->qty, row->cost, row->realised};
    cb_status status = cb_holding_trade(&holding, fill->side, fill->qty, fill->quote_qty, NULL);
    if (status == CB_OK) {
        status = apply_base_fee(&holding, fill);
    }
    if (status != CB_OK) {
        return false;
    }
    fill->realised.e8 = portfolio_sub(holding.realised.e8, row->realised.e8);
    memcpy(row->account, fill->account, sizeof(row->account));
    memcpy(row->symbol, fill->symbol, sizeof(row->symbol));
    memcpy(row->base_asset, fill->base_asset, sizeof(row->base_asset));
    memcpy(row->quote_asset, fill->quote_asset, sizeof(row->quote_asset));
    row->opened_ns = row->qty.e8 == 0 ? fill->booked_ns : row->opened_ns;
    row->qty = holding.qty;
    row->cost = holding.cost;
    row->realised = holding.realised;
    row->updated_ns = fill->booked_ns;
    symbol->is_position_changed = true;
    return true;
}

/* What a fill does to the account beside the ledger; also when the books are rebuilt. */
static void apply_fill(portfolio_state *state, portfolio_fill *fill)
{
    portfolio_account *account = &state->account;
    account->fills_count++;
    fill->number = account->fills_count;
    account->fees.e8 = portfolio_add(account->fees.e8, fill->fee_quote.e8);
    account->fees_unvalued_count += fill->is_fee_valued ? 0 : 1;
    if (!apply_position(state, fill)) {
        account->refused_count++;
    }
    state->is_account_changed = true;
    CB_ASSERT(fill->number > 0);
}

static void fill_row(const cb_fill *fill, const cb_ledger_entry *entry, portfolio_fill *row)
{
    memcpy(row->account, fill->account, sizeof(row->account));
    memcpy(row->venue, fill->venue, sizeof(row->venue));
    memcpy(row->symbol, fill->symbol, sizeof(row->symbol));
    memcpy(row->venue_order_id, fill->venue_order_id, sizeof(row->venue_order_id));
    memcpy(row->client_order_id, fill->client_order_id, sizeof(row->client_order_id));
    memcpy(row->strategy, fill->strategy, sizeof(row->strategy));
    memcpy(row->fee_asset, fill->fee_asset, sizeof(row->fee_asset));
    memcpy(row->base_asset, fill->base_asset, sizeof(row->base_asset));
    memcpy(row->quote_asset, fill->quote_asset, sizeof(row->quote_asset));
    row->trade_id = fill->trade_id;
    row->entry_id = entry->entry_id;
    row->event_id = fill->env.event_id;
    row->correlation_id = fill->env.correlation_id;
    row->intent_id = fill->intent_id;
    row->side = fill->side;
    row->purpose = fill->purpose;
    row->price = fill->price;
    row->qty = fill->qty;
    row->quote_qty = fill->quote_qty;
    row->fee = fill->fee;
    row->is_maker = fill->is_maker;
    row->venue_ts_ns = fill->venue_ts_ns;
}

/* The base asset of a symbol is known from its instrument, or at the latest from its first fill. */
static void learn_assets(portfolio_state *state, const cb_fill *fill)
{
    portfolio_symbol *symbol = portfolio_symbol_take(state, fill->symbol);
    if (symbol != NULL && symbol->mark.base_asset[0] == '\0') {
        memcpy(symbol->mark.base_asset, fill->base_asset, sizeof(symbol->mark.base_asset));
        memcpy(symbol->mark.quote_asset, fill->quote_asset, sizeof(symbol->mark.quote_asset));
        symbol->is_mark_changed = true;
    }
    CB_ASSERT(state->symbols_count <= PORTFOLIO_SYMBOLS_MAX);
}

void portfolio_fills_on_fill(portfolio_step_context *step, const cb_fill *fill)
{
    portfolio_state *state = step->state;
    if (!cb_text_equal(fill->account, state->account.account) ||
        !cb_text_equal(fill->venue, state->account.venue)) {
        return;
    }
    cb_ledger_entry entry;
    if (cb_ledger_from_fill(fill, &entry, NULL) != CB_OK) {
        state->account.refused_count++; /* shows as a difference, too */
        state->is_account_changed = true;
        return;
    }
    learn_assets(state, fill);
    if (!portfolio_book(step, &entry, &fill->env)) {
        return;
    }
    portfolio_fill *row = CB_STORE(step->out, PORTFOLIO_TABLE_FILL, portfolio_fill);
    fill_row(fill, &entry, row);
    row->booked_ns = step->now_ns;
    row->is_fee_valued = value_fee(state, fill, &row->fee_quote.e8);
    apply_fill(state, row);
    portfolio_value_update(step);
    portfolio_publish_soon(step);
    CB_ASSERT(state->account.fills_count > 0);
}

/* ---- rebuilding ---- */

bool portfolio_rebuild_entry(portfolio_state *state, const portfolio_entry *entry)
{
    cb_ledger_entry posted = {.entry_id = entry->entry_id,
        .kind = entry->kind,
        .cause_id = entry->cause_id,
        .booked_ns = entry->venue_ts_ns,
        .postings_count = entry->postings_count};
    CB_ASSERT(!state->is_recovered);
    CB_ASSERT(entry->postings_count <= CB_LEDGER_POSTINGS_MAX);
    memcpy(posted.postings, entry->postings, sizeof(posted.postings));
    return portfolio_books_post(state, &posted) && entry->number == state->account.entries_count;
}

bool portfolio_rebuild_fill(portfolio_state *state, const portfolio_fill *fill)
{
    portfolio_fill again = *fill;
    CB_ASSERT(!state->is_recovered);
    apply_fill(state, &again);
    CB_ASSERT(again.number == state->account.fills_count);
    return again.number == fill->number && again.realised.e8 == fill->realised.e8;
}
