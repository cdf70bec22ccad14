/* Gathers what the rules look at from the state. Nothing is decided here. */
#include "base/assert.h"
#include "base/strview.h"
#include "base/textbuf.h"
#include "domain/terms.h"
#include "services/risk/core/state.h"

static const risk_symbol *symbol_named(const risk_state *state, const char *name)
{
    CB_ASSERT(state->symbols_count <= RISK_SYMBOLS_MAX);
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        if (cb_text_equal(state->symbols[i].name, name)) {
            return &state->symbols[i];
        }
    }
    return NULL;
}

static int64_t age_of(int64_t now_ns, bool is_known, int64_t since_ns)
{
    if (!is_known) {
        return INT64_MAX;
    }
    const int64_t age_ns = risk_sub(now_ns, since_ns);
    return age_ns < 0 ? 0 : age_ns;
}

static void gather_market(const risk_symbol *symbol, int64_t now_ns, risk_facts *facts)
{
    facts->ticker_age_ns = facts->candle_age_ns = facts->quality_age_ns = INT64_MAX;
    if (symbol == NULL) {
        return;
    }
    facts->instrument = symbol->has_instrument ? &symbol->instrument : NULL;
    facts->mark_e8 = symbol->has_mark ? symbol->mark.price.e8 : 0;
    facts->bid_e8 = symbol->has_ticker ? symbol->bid.e8 : 0;
    facts->ask_e8 = symbol->has_ticker ? symbol->ask.e8 : 0;
    facts->ticker_age_ns = age_of(now_ns, symbol->has_ticker, symbol->ticker_ns);
    facts->candle_age_ns = age_of(now_ns, symbol->has_mark, symbol->mark.close_ts_ns);
    facts->has_quality = symbol->has_quality;
    facts->quality_age_ns = age_of(now_ns, symbol->has_quality, symbol->quality_ns);
    facts->quality_score_e8 = symbol->quality_score.e8;
    facts->is_data_stale = symbol->is_data_stale;
    facts->is_book_valid = symbol->is_book_valid;
    CB_ASSERT(facts->mark_e8 >= 0);
}

/* |position| at the mark, rounded up; a position without a mark cannot be valued. */
static int64_t position_exposure(const risk_symbol *symbol)
{
    int64_t qty_e8 = symbol->position.qty.e8;
    qty_e8 = qty_e8 < 0 ? risk_sub(0, qty_e8) : qty_e8;
    if (qty_e8 == 0) {
        return 0;
    }
    return symbol->has_mark ? risk_mul_up(qty_e8, symbol->mark.price.e8) : INT64_MAX;
}

static void gather_exposure(const risk_state *state, const risk_symbol *symbol, risk_facts *facts)
{
    risk_reserved reserved;
    risk_reservation_sum(state, facts->intent->symbol, facts->intent->replaces, &reserved);
    facts->exposure_e8 = reserved.buy_notional_e8;
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        facts->exposure_e8 = risk_add(facts->exposure_e8, position_exposure(&state->symbols[i]));
    }
    facts->symbol_exposure_e8 = reserved.symbol_buy_notional_e8;
    facts->cash_e8 =
        risk_sub(risk_balance_total(state, state->config->quote_asset), reserved.buy_cost_e8);
    if (symbol == NULL) {
        return;
    }
    facts->symbol_exposure_e8 = risk_add(facts->symbol_exposure_e8, position_exposure(symbol));
    facts->position_qty_e8 = symbol->position.qty.e8;
    /* No more than the position, and no more than the account has of the asset. */
    int64_t sellable_e8 = facts->position_qty_e8;
    if (state->account.is_open && symbol->has_instrument) {
        const int64_t held_e8 = risk_balance_total(state, symbol->instrument.base_asset);
        sellable_e8 = held_e8 < sellable_e8 ? held_e8 : sellable_e8;
    }
    sellable_e8 = risk_sub(sellable_e8, reserved.symbol_sell_qty_e8);
    facts->sellable_qty_e8 = sellable_e8 > 0 ? sellable_e8 : 0;
}

/* The best prices at which orders of ours may rest; of unknown orders the price is known too. */
static void gather_resting(const risk_state *state, risk_facts *facts)
{
    CB_ASSERT(state->open_count <= RISK_RESERVATIONS_MAX);
    for (uint32_t i = 0; i < state->open_count; i++) {
        const risk_reservation *row = &state->open[i].row;
        const int64_t price_e8 = row->limit_price.e8;
        if (price_e8 <= 0 || row->remaining.e8 == 0 ||
            !cb_text_equal(row->symbol, facts->intent->symbol)) {
            continue;
        }
        if (row->side == CB_SIDE_BUY && price_e8 > facts->resting_buy_e8) {
            facts->resting_buy_e8 = price_e8;
        } else if (row->side == CB_SIDE_SELL &&
                   (facts->resting_sell_e8 == 0 || price_e8 < facts->resting_sell_e8)) {
            facts->resting_sell_e8 = price_e8;
        }
    }
    CB_ASSERT(facts->resting_buy_e8 >= 0);
}

static void gather_book(const risk_state *state, risk_facts *facts)
{
    const cb_intent *intent = facts->intent;
    const risk_key key = {.venue = intent->venue,
        .account = intent->account,
        .strategy = intent->strategy,
        .symbol = intent->symbol,
        .without = intent->replaces};
    facts->book_count = risk_measure_all(state, &key, facts->now_ns, facts->book);
    CB_ASSERT(facts->book_count <= RISK_LIMITS_MAX);
}

static void gather_rates(const risk_state *state, risk_facts *facts)
{
    const cb_intent *intent = facts->intent;
    const risk_counter *account = risk_counter_find(state, "account", state->account.account);
    const risk_counter *strategy = risk_counter_find(state, "strategy", intent->strategy);
    facts->account_full_ns = account == NULL ? 0 : account->full_ns;
    facts->strategy_full_ns = strategy == NULL ? 0 : strategy->full_ns;
    if (strategy == NULL && !risk_counter_has_room(state)) {
        facts->strategy_full_ns = INT64_MAX;
    }
    CB_ASSERT(facts->account_full_ns >= 0);
}

/* What the order is counted at: its limit, or the price of the decision and some slippage. */
static void gather_prices(const risk_state *state, risk_facts *facts)
{
    const cb_intent *intent = facts->intent;
    const bool has_limit = intent->limit_price.e8 > 0;
    const int64_t unlimited_e8 =
        intent->trigger_price.e8 > 0 ? intent->trigger_price.e8 : intent->reference_price.e8;
    const int64_t entry_e8 = has_limit ? intent->limit_price.e8 : unlimited_e8;
    facts->is_buy = intent->side == CB_SIDE_BUY;
    facts->entry_price_e8 = entry_e8 > 0 ? entry_e8 : 0;
    facts->price_e8 = has_limit || !facts->is_buy
                          ? facts->entry_price_e8
                          : risk_mul_up(facts->entry_price_e8, CB_E8 + state->config->slippage_e8);
    facts->unit_cost_e8 = risk_mul_up(facts->price_e8, CB_E8 + state->config->fee_buffer_e8);
    CB_ASSERT(facts->unit_cost_e8 >= facts->price_e8);
}

static bool are_terms_sane(const risk_state *state, const risk_facts *facts)
{
    const cb_intent *intent = facts->intent;
    const bool has_side = intent->side == CB_SIDE_BUY || intent->side == CB_SIDE_SELL;
    const bool is_ours = cb_text_equal(intent->account, state->config->account) &&
                         cb_text_equal(intent->venue, state->config->venue);
    const bool has_type =
        intent->order_type != CB_ORDER_TYPE_NONE && intent->purpose != CB_PURPOSE_NONE;
    const bool is_priced = intent->reference_price.e8 > 0 && intent->limit_price.e8 >= 0;
    const bool is_bounded = intent->qty.e8 >= 0 && intent->stop_loss.e8 >= 0 &&
                            intent->take_profit.e8 >= 0 && intent->not_after_ns > 0;
    return has_side && is_ours && has_type && is_priced && is_bounded &&
           intent->strategy[0] != '\0';
}

/* Type, time in force and conditions against the one table; the field is named in the detail. */
static bool are_terms_fitting(risk_facts *facts)
{
    const cb_terms terms = cb_terms_of_intent(facts->intent);
    cb_terms_refusal refusal = cb_terms_check(&terms);
    if (refusal.field == NULL && !cb_id_is_none(facts->intent->group_id) &&
        !cb_id_equal(facts->intent->group_id, facts->intent->intent_id)) {
        refusal = (cb_terms_refusal){"group_id", "is not the intent's own"};
    }
    if (refusal.field == NULL) {
        return true;
    }
    cb_textbuf text = cb_textbuf_over(facts->terms_detail, sizeof(facts->terms_detail));
    cb_textbuf_add(&text, refusal.field);
    cb_textbuf_add(&text, " ");
    cb_textbuf_add(&text, refusal.why);
    return false;
}

/* Another quote asset than the account's could not be added up. */
static bool is_quoted_in_ours(const risk_state *state, const risk_facts *facts)
{
    return facts->instrument != NULL &&
           cb_text_equal(facts->instrument->quote_asset, state->config->quote_asset);
}

static void gather_missing(const risk_state *state, const risk_symbol *symbol, risk_facts *facts)
{
    const bool is_known[RISK_MISSING_COUNT] = {
        [RISK_MISSING_NOTHING] = true,
        [RISK_MISSING_TERMS] = are_terms_sane(state, facts) && are_terms_fitting(facts),
        [RISK_MISSING_INSTRUMENT] =
            symbol != NULL && symbol->is_configured && is_quoted_in_ours(state, facts),
        [RISK_MISSING_ROOM] =
            state->open_count < RISK_RESERVATIONS_MAX &&
            risk_sub_has_room(state, facts->intent->strategy, facts->intent->symbol),
        [RISK_MISSING_BALANCES] = state->account.is_open,
        [RISK_MISSING_MARK] = state->account.is_valued && symbol != NULL && symbol->has_mark,
        [RISK_MISSING_LIMITS] = state->limits.version > 0,
        [RISK_MISSING_CAPS] = risk_caps_are_known(state),
        [RISK_MISSING_CERTAINTY] = !state->account.is_unsure,
    };
    for (int i = RISK_MISSING_COUNT - 1; i > RISK_MISSING_NOTHING; i--) {
        if (!is_known[i]) {
            facts->missing = (risk_missing)i;
            facts->missing_count++;
        }
    }
    CB_ASSERT((facts->missing == RISK_MISSING_NOTHING) == (facts->missing_count == 0));
}

void risk_facts_gather(
    const risk_state *state, const cb_intent *intent, int64_t now_ns, risk_facts *facts)
{
    CB_ASSERT(intent != NULL);
    *facts = (risk_facts){.now_ns = now_ns, .intent = intent};
    const risk_symbol *symbol = symbol_named(state, intent->symbol);
    gather_market(symbol, now_ns, facts);
    gather_prices(state, facts);
    gather_exposure(state, symbol, facts);
    gather_rates(state, facts);
    gather_resting(state, facts);
    gather_book(state, facts);
    gather_missing(state, symbol, facts);
    facts->kill_level = risk_kill_level(state, intent);
    facts->equity_e8 = state->account.is_valued ? state->account.equity.e8 : 0;
    facts->day_start_equity_e8 = state->account.day_start_equity.e8;
    facts->peak_equity_e8 = state->account.peak_equity.e8;
    facts->open_orders_count = state->open_count;
    CB_ASSERT(facts->intent == intent);
}
