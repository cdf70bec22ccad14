/* The account's figures: equity, cash, exposure, profit, the day, the drawdown. All follow from the
 * books and the marks; deposits and withdrawals move what day and drawdown are measured against. */
#include "base/assert.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "domain/position.h"
#include "services/portfolio/core/state.h"

/* Until every configured symbol's assets are known, a held asset may yet turn out to be priced. */
static bool are_marks_known(const portfolio_state *state)
{
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        const portfolio_symbol *symbol = &state->symbols[i];
        if (!symbol->is_configured) {
            continue;
        }
        if (symbol->mark.base_asset[0] == '\0') {
            return false;
        }
        const bool is_held = portfolio_amount_of(state, symbol->mark.base_asset) != 0;
        if (is_held && symbol->mark.price.e8 == 0) {
            return false;
        }
    }
    CB_ASSERT(state->symbols_count <= PORTFOLIO_SYMBOLS_MAX);
    return true;
}

static int64_t sum_equity(const portfolio_state *state)
{
    int64_t sum_e8 = 0;
    CB_ASSERT(state->balances_count <= PORTFOLIO_BALANCES_MAX);
    for (uint32_t i = 0; i < state->balances_count; i++) {
        const portfolio_balance *row = &state->balances[i].row;
        int64_t price_e8 = 0;
        if (portfolio_price_of(state, row->asset, &price_e8)) {
            sum_e8 = portfolio_add(sum_e8, portfolio_value_at(row->amount.e8, price_e8));
        }
    }
    return sum_e8;
}

/* Positions quoted in another asset than the account's are in the table, but not in these sums. */
static void sum_positions(const portfolio_state *state, portfolio_account *account)
{
    account->exposure.e8 = account->realised_pnl.e8 = account->unrealised_pnl.e8 = 0;
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        const portfolio_position *row = &state->symbols[i].position;
        if (!cb_text_equal(row->quote_asset, state->config->quote_asset)) {
            continue;
        }
        const int64_t value_e8 = portfolio_value_at(row->qty.e8, state->symbols[i].mark.price.e8);
        account->exposure.e8 =
            portfolio_add(account->exposure.e8, value_e8 < 0 ? -value_e8 : value_e8);
        account->realised_pnl.e8 = portfolio_add(account->realised_pnl.e8, row->realised.e8);
        account->unrealised_pnl.e8 =
            portfolio_add(account->unrealised_pnl.e8, portfolio_sub(value_e8, row->cost.e8));
    }
    CB_ASSERT(account->exposure.e8 >= 0);
}

static int64_t day_of(int64_t ts_ns)
{
    CB_ASSERT(ts_ns >= 0);
    return ts_ns - ts_ns % CB_NS_PER_DAY;
}

void portfolio_value_roll(portfolio_step_context *step)
{
    portfolio_account *account = &step->state->account;
    const int64_t day_ns = day_of(step->now_ns);
    if (!account->is_valued || day_ns <= account->day_start_ns) {
        return;
    }
    account->day_start_ns = day_ns;
    account->day_start_equity = account->equity;
    account->day_pnl.e8 = 0;
    step->state->is_account_changed = true;
    CB_ASSERT(account->day_start_ns <= step->now_ns);
}

void portfolio_value_shift(portfolio_step_context *step, int64_t value_e8)
{
    portfolio_account *account = &step->state->account;
    account->transfers.e8 = portfolio_add(account->transfers.e8, value_e8);
    step->state->is_account_changed = true;
    if (account->is_valued) {
        account->day_start_equity.e8 = portfolio_add(account->day_start_equity.e8, value_e8);
        account->peak_equity.e8 = portfolio_add(account->peak_equity.e8, value_e8);
    }
    CB_ASSERT(step->state->is_account_changed);
}

static void update_drawdown(portfolio_account *account)
{
    if (account->equity.e8 > account->peak_equity.e8) {
        account->peak_equity = account->equity;
    }
    const int64_t fall_e8 = portfolio_sub(account->peak_equity.e8, account->equity.e8);
    CB_ASSERT(fall_e8 >= 0);
    account->drawdown.e8 = 0;
    if (account->peak_equity.e8 > 0 &&
        cb_div_e8(fall_e8, account->peak_equity.e8, CB_ROUND_UP, &account->drawdown.e8, NULL) !=
            CB_OK) {
        account->drawdown.e8 = INT64_MAX;
    }
}

void portfolio_value_update(portfolio_step_context *step)
{
    portfolio_state *state = step->state;
    portfolio_account *account = &state->account;
    sum_positions(state, account);
    account->cash.e8 = portfolio_amount_of(state, state->config->quote_asset);
    state->is_account_changed = true;
    if (!account->is_open || !are_marks_known(state)) {
        return;
    }
    account->equity.e8 = sum_equity(state);
    if (!account->is_valued) {
        account->is_valued = true;
        account->day_start_ns = day_of(step->now_ns);
        account->day_start_equity = account->equity;
        account->peak_equity = account->equity;
    }
    account->day_pnl.e8 = portfolio_sub(account->equity.e8, account->day_start_equity.e8);
    update_drawdown(account);
    CB_ASSERT(account->peak_equity.e8 >= account->equity.e8);
}
