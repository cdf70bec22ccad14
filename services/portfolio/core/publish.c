/* Saying the account's figures: at every candle's close, and within a moment of any other change,
 * however many there are. One a minute is stored: the equity curve. */
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "domain/position.h"
#include "services/portfolio/core/state.h"

#define MINUTE_NS (60 * CB_NS_PER_S)

static void add_position(const portfolio_symbol *symbol, cb_portfolio *body)
{
    const portfolio_position *row = &symbol->position;
    const cb_holding holding = {row->qty, row->cost, row->realised};
    CB_ASSERT(body->positions_count < PORTFOLIO_SYMBOLS_MAX);
    cb_position *out = &body->positions[body->positions_count++];
    memcpy(out->symbol, row->symbol, sizeof(out->symbol));
    out->qty = row->qty;
    if (cb_holding_average_cost(&holding, &out->average_cost, NULL) != CB_OK) {
        out->average_cost.e8 = INT64_MAX; /* a few units of dust that carry a large cost */
    }
    out->mark_price = symbol->mark.price;
    out->realised_pnl = row->realised;
    out->notional.e8 = portfolio_value_at(row->qty.e8, symbol->mark.price.e8);
    out->unrealised_pnl.e8 = portfolio_sub(out->notional.e8, row->cost.e8);
    out->opened_ns = row->opened_ns;
}

static void add_lists(const portfolio_state *state, cb_portfolio *body)
{
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        if (state->symbols[i].position.symbol[0] != '\0') {
            add_position(&state->symbols[i], body);
        }
    }
    for (uint32_t i = 0; i < state->balances_count; i++) {
        const portfolio_balance *row = &state->balances[i].row;
        cb_asset_balance *out = &body->balances[body->balances_count++];
        memcpy(out->asset, row->asset, sizeof(out->asset));
        /* The books know totals; what of it is locked is the venue's word. */
        out->locked = row->venue_locked;
        out->free.e8 = portfolio_sub(row->amount.e8, row->venue_locked.e8);
    }
    CB_ASSERT(body->balances_count == state->balances_count);
}

static void fill_body(const portfolio_state *state, cb_portfolio *body)
{
    const portfolio_account *account = &state->account;
    memcpy(body->account, account->account, sizeof(body->account));
    memcpy(body->venue, account->venue, sizeof(body->venue));
    memcpy(body->quote_asset, account->quote_asset, sizeof(body->quote_asset));
    body->equity = account->equity;
    body->cash = account->cash;
    body->exposure = account->exposure;
    body->realised_pnl = account->realised_pnl;
    body->unrealised_pnl = account->unrealised_pnl;
    body->fees = account->fees;
    body->day_pnl = account->day_pnl;
    body->peak_equity = account->peak_equity;
    body->drawdown = account->drawdown;
    body->differences_count = account->differences_count;
    body->fills_count = account->fills_count;
    add_lists(state, body);
}

void portfolio_publish_now(portfolio_step_context *step)
{
    portfolio_state *state = step->state;
    if (!state->account.is_valued) {
        return; /* figures that are not known are not said */
    }
    if (state->is_publish_armed) {
        state->is_publish_armed = false;
        cb_outbox_cancel_timer(step->out, PORTFOLIO_TIMER_PUBLISH);
    }
    const int64_t minute_ns = step->now_ns - step->now_ns % MINUTE_NS;
    const bool is_kept = minute_ns > state->account.snapshot_ns;
    if (is_kept) {
        state->account.snapshot_ns = minute_ns;
        state->is_account_changed = true;
    }
    cb_portfolio *body = CB_PUBLISH(step->out,
        CB_SUBJECT_PORTFOLIO,
        is_kept ? (uint32_t)PORTFOLIO_TABLE_SNAPSHOT : CB_TABLE_NONE,
        cb_portfolio);
    if (step->cause != NULL) {
        body->env.causation_id = step->cause->event_id;
        body->env.correlation_id = step->cause->correlation_id;
        body->env.origin_ns = step->cause->origin_ns;
    }
    fill_body(state, body);
    CB_ASSERT(body->positions_count <= state->symbols_count);
}

void portfolio_publish_soon(portfolio_step_context *step)
{
    portfolio_state *state = step->state;
    CB_ASSERT(state->config->publish_delay_ns > 0);
    if (state->is_publish_armed) {
        return;
    }
    state->is_publish_armed = true;
    cb_outbox_set_timer(step->out,
        PORTFOLIO_TIMER_PUBLISH,
        portfolio_add(step->now_ns, state->config->publish_delay_ns));
    CB_ASSERT(state->is_publish_armed);
}
