/* Taking stored rows back, before any message is delivered. After all of them the state is the one
 * before the end of the process. */
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "services/portfolio/core/state.h"

static void recover_account(portfolio_state *state, const portfolio_account *row)
{
    CB_ASSERT(cb_text_equal(row->account, state->config->account));
    CB_ASSERT(cb_text_equal(row->quote_asset, state->config->quote_asset));
    state->account = *row;
}

static void recover_sum(portfolio_state *state, const portfolio_sum *row)
{
    CB_ASSERT(state->books.count < PORTFOLIO_SUMS_MAX);
    CB_ASSERT(row->number == state->books.count + 1);
    cb_ledger_balance *sum = &state->sums[state->books.count++];
    memcpy(sum->ledger_account, row->ledger_account, sizeof(sum->ledger_account));
    memcpy(sum->asset, row->asset, sizeof(sum->asset));
    sum->amount = row->amount;
}

static void recover_position(portfolio_state *state, const portfolio_position *row)
{
    portfolio_symbol *symbol = portfolio_symbol_take(state, row->symbol);
    CB_ASSERT(symbol != NULL);
    symbol->position = *row;
}

static void recover_mark(portfolio_state *state, const portfolio_mark *row)
{
    portfolio_symbol *symbol = portfolio_symbol_take(state, row->symbol);
    if (symbol == NULL) {
        return; /* once configured, never traded, and no room now */
    }
    CB_ASSERT(row->price.e8 >= 0);
    symbol->mark = *row;
}

static void recover_balance(portfolio_state *state, const portfolio_balance *row)
{
    CB_ASSERT(state->balances_count < PORTFOLIO_BALANCES_MAX);
    CB_ASSERT(row->asset[0] != '\0');
    state->balances[state->balances_count++].row = *row;
}

static void recover_difference(portfolio_state *state, const portfolio_difference *row)
{
    CB_ASSERT(row->is_open);
    for (uint32_t i = 0; i < state->balances_count; i++) {
        if (cb_text_equal(state->balances[i].row.asset, row->asset)) {
            state->balances[i].difference = *row;
            return;
        }
    }
    CB_ASSERT(false); /* its balance has been stored in the same step */
}

void portfolio_recover_row(portfolio_state *state, const cb_event *event)
{
    CB_ASSERT(event->is_recovery);
    CB_ASSERT(!state->is_recovered);
    switch (event->type) {
    case PORTFOLIO_EVENT_RECOVER_ACCOUNT:
        recover_account(state, CB_BODY(event, portfolio_account));
        break;
    case PORTFOLIO_EVENT_RECOVER_SUM:
        recover_sum(state, CB_BODY(event, portfolio_sum));
        break;
    case PORTFOLIO_EVENT_RECOVER_POSITION:
        recover_position(state, CB_BODY(event, portfolio_position));
        break;
    case PORTFOLIO_EVENT_RECOVER_MARK:
        recover_mark(state, CB_BODY(event, portfolio_mark));
        break;
    case PORTFOLIO_EVENT_RECOVER_BALANCE:
        recover_balance(state, CB_BODY(event, portfolio_balance));
        break;
    case PORTFOLIO_EVENT_RECOVER_DIFFERENCE:
        recover_difference(state, CB_BODY(event, portfolio_difference));
        break;
    default:
        CB_ASSERT(event->type == PORTFOLIO_EVENT_RECOVER_ENTRY);
        (void)cb_idset_add(&state->entries_seen, CB_BODY(event, portfolio_entry)->entry_id);
        break;
    }
}
