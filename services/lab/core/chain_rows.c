/* Results: what the reports and the statistics are made of, from the same messages and rows that
 * the live system stores. */
#include <string.h>

#include "base/hash.h"
#include "base/strview.h"
#include "domain/bodyhash.h"
#include "services/lab/core/chain_internal.h"

uint32_t chain_symbol_index(const lab_chain *chain, const char *name)
{
    uint32_t index = 0;
    while (index < chain->symbols_count &&
           !cb_text_equal(chain->config->symbols[index].spec.symbol, name)) {
        index++;
    }
    return index;
}

static uint32_t strategy_index(chain_account *account, const char *name)
{
    uint32_t index = 0;
    while (index < account->strategies_count && !cb_text_equal(account->strategies[index], name)) {
        index++;
    }
    if (index == account->strategies_count && index < LAB_CHAIN_SYMBOLS_MAX) {
        memcpy(account->strategies[index], name, strlen(name) + 1);
        account->strategies_count++;
    }
    return index;
}

static void mix(chain_account *account, const cb_desc *desc, const void *body)
{
    account->totals.output_hash = cb_body_hash(account->totals.output_hash, desc, body);
}

/* ---- reasons ---- */

/* The words before the first figure: "below_threshold 0.2 < 0.3" counts as below_threshold. */
static void count_reason(chain_account *account, const char *stage, const char *reason)
{
    char word[LAB_NAME_SIZE];
    size_t size = 0;
    while (reason[size] != '\0' && reason[size] != ' ' && reason[size] != ':' &&
           size + 1 < sizeof(word)) {
        word[size] = reason[size];
        size++;
    }
    word[size] = '\0';
    for (uint32_t i = 0; i < account->reasons_count; i++) {
        lab_reason *row = &account->reasons[i];
        if (cb_text_equal(row->stage, stage) && cb_text_equal(row->reason, word)) {
            row->count++;
            return;
        }
    }
    if (account->reasons_count == LAB_REASONS_MAX) {
        return;
    }
    lab_reason *row = &account->reasons[account->reasons_count++];
    memcpy(row->stage, stage, strlen(stage) + 1);
    memcpy(row->reason, word, size + 1);
    row->count = 1;
}

/* ---- records ---- */

static void note_intent(chain_account *account, const cb_intent *intent)
{
    account->totals.intents++;
    account->references[account->references_count++ % CHAIN_INTENTS_KEPT] =
        (chain_reference){intent->intent_id, intent->reference_price.e8, intent->purpose};
    mix(account, &cb_intent_desc, intent);
}

static void note_order(chain_account *account, const cb_order *order)
{
    if (order->state == CB_ORDER_STATE_NOT_SENT) {
        count_reason(account, "execution", order->reason);
    } else if (order->state == CB_ORDER_STATE_REJECTED) {
        count_reason(account, "venue", order->reason);
    }
}

static void note(chain_account *account, lab_record kind, const void *body)
{
    switch (kind) {
    case LAB_RECORD_SIGNAL: {
        const cb_signal *signal = body;
        account->totals.signals++;
        count_reason(account, "signals", signal->reason);
        return;
    }
    case LAB_RECORD_INTENT:
        note_intent(account, body);
        return;
    case LAB_RECORD_PERMIT:
        account->totals.permits++;
        mix(account, &cb_permit_desc, body);
        return;
    case LAB_RECORD_DENIAL:
        account->totals.denials++;
        count_reason(account, "risk", ((const cb_denial *)body)->rule);
        mix(account, &cb_denial_desc, body);
        return;
    case LAB_RECORD_ORDER:
        note_order(account, body);
        return;
    case LAB_RECORD_FILL:
        account->totals.fills++;
        mix(account, &cb_fill_desc, body);
        return;
    case LAB_RECORD_ENTRY:
        mix(account, &portfolio_entry_desc, body);
        return;
    case LAB_RECORD_KILL:
    case LAB_RECORD_QUALITY:
    default:
        return;
    }
}

void chain_rows_record(lab_chain *chain, uint32_t account, lab_record kind, const void *body)
{
    const lab_chain_sink *sink = &chain->config->sink;
    note(&chain->accounts[account], kind, body);
    if (sink->record != NULL) {
        sink->record(sink->context, kind, account, body);
    }
}

/* ---- fills and round trips ---- */

static const chain_reference *find_reference(const chain_account *account, cb_id intent_id)
{
    for (uint32_t i = 0; i < CHAIN_INTENTS_KEPT; i++) {
        if (cb_id_equal(account->references[i].intent_id, intent_id)) {
            return &account->references[i];
        }
    }
    return NULL;
}

static chain_trip *find_trip(chain_account *account, uint32_t symbol, const char *strategy)
{
    for (uint32_t i = 0; i < account->trips_open; i++) {
        chain_trip *trip = &account->trips[i];
        if (trip->trade.symbol == symbol && cb_text_equal(trip->strategy_name, strategy)) {
            return trip;
        }
    }
    return NULL;
}

static int64_t average(int64_t quote_e8, int64_t qty_e8)
{
    int64_t price_e8 = 0;
    const cb_status status =
        qty_e8 > 0 ? cb_div_e8(quote_e8, qty_e8, CB_ROUND_HALF_UP, &price_e8, NULL) : CB_OK;
    return status == CB_OK ? price_e8 : 0;
}

static int64_t value_at(int64_t qty_e8, int64_t price_e8)
{
    return (int64_t)((cb_i128)qty_e8 * price_e8 / CB_E8);
}

static int64_t result_at(const chain_trip *trip, int64_t price_e8)
{
    return trip->sold_quote_e8 + value_at(trip->held_e8, price_e8) - trip->bought_quote_e8 -
           trip->trade.fees_e8;
}

static void end_trip(
    lab_chain *chain, uint32_t account_index, chain_trip *trip, int64_t ts_ns, bool is_open)
{
    chain_account *account = &chain->accounts[account_index];
    const lab_chain_sink *sink = &chain->config->sink;
    lab_trade *trade = &trip->trade;
    const int64_t close_e8 = chain->symbols[trade->symbol].bar_close_e8;
    trade->is_open = is_open;
    trade->exit_ts_ns = ts_ns;
    trade->pnl_e8 = is_open ? result_at(trip, close_e8)
                            : trip->sold_quote_e8 - trip->bought_quote_e8 - trade->fees_e8;
    trade->entry_price_e8 = average(trip->bought_quote_e8, trip->bought_qty_e8);
    trade->exit_price_e8 = is_open ? close_e8 : average(trip->sold_quote_e8, trip->sold_qty_e8);
    trade->mae_e8 = trade->pnl_e8 < trade->mae_e8 ? trade->pnl_e8 : trade->mae_e8;
    trade->mfe_e8 = trade->pnl_e8 > trade->mfe_e8 ? trade->pnl_e8 : trade->mfe_e8;
    account->totals.trades++;
    if (sink->trade != NULL) {
        sink->trade(sink->context, account_index, trade);
    }
    *trip = account->trips[--account->trips_open];
}

static chain_trip *begin_trip(chain_account *account, const lab_fill *fill, const char *strategy)
{
    if (account->trips_open == CHAIN_TRIPS_MAX) {
        return NULL;
    }
    chain_trip *trip = &account->trips[account->trips_open++];
    *trip = (chain_trip){.is_used = true,
        .trade = {.symbol = fill->symbol,
            .strategy = fill->strategy,
            .side = fill->side,
            .entry_ts_ns = fill->ts_ns}};
    memcpy(trip->strategy_name, strategy, strlen(strategy) + 1);
    return trip;
}

/* A trip is over when less is held than can be sold: what fees took from the base asset, and dust.
 */
static bool is_flat(const lab_chain *chain, const chain_trip *trip)
{
    return trip->held_e8 < chain->config->symbols[trip->trade.symbol].spec.step_e8;
}

static void book_trip(
    lab_chain *chain, uint32_t account_index, const portfolio_fill *row, const lab_fill *fill)
{
    chain_account *account = &chain->accounts[account_index];
    chain_trip *trip = find_trip(account, fill->symbol, row->strategy);
    if (trip == NULL) {
        trip = row->side == CB_SIDE_BUY ? begin_trip(account, fill, row->strategy) : NULL;
    }
    if (trip == NULL) {
        return; /* a sale of what no trip explains */
    }
    const bool is_base_fee = cb_text_equal(row->fee_asset, row->base_asset);
    if (row->side == CB_SIDE_BUY) {
        trip->bought_quote_e8 += row->quote_qty.e8;
        trip->bought_qty_e8 += row->qty.e8;
        trip->held_e8 += row->qty.e8 - (is_base_fee ? row->fee.e8 : 0);
        trip->trade.qty_e8 =
            trip->held_e8 > trip->trade.qty_e8 ? trip->held_e8 : trip->trade.qty_e8;
    } else {
        trip->sold_quote_e8 += row->quote_qty.e8;
        trip->sold_qty_e8 += row->qty.e8;
        trip->held_e8 -= row->qty.e8;
        const char *purpose = CB_NAME(cb_purpose, row->purpose);
        memcpy(trip->trade.exit_reason, purpose, strlen(purpose) + 1);
    }
    /* A fee in the base asset is paid by what is no longer there to be sold. */
    trip->trade.fees_e8 += is_base_fee ? 0 : row->fee_quote.e8;
    if (row->side == CB_SIDE_SELL && is_flat(chain, trip)) {
        end_trip(chain, account_index, trip, fill->ts_ns, false);
    }
}

void chain_rows_fill(lab_chain *chain, uint32_t account_index, const portfolio_fill *row)
{
    chain_account *account = &chain->accounts[account_index];
    const lab_chain_sink *sink = &chain->config->sink;
    const chain_reference *reference = find_reference(account, row->intent_id);
    lab_fill fill = {.ts_ns = row->venue_ts_ns,
        .symbol = chain_symbol_index(chain, row->symbol),
        .strategy = strategy_index(account, row->strategy),
        .side = row->side,
        .is_maker = row->is_maker,
        .price_e8 = row->price.e8,
        .qty_e8 = row->qty.e8,
        .fee_e8 = row->fee.e8,
        .fee_quote_e8 = row->fee_quote.e8,
        .reference_e8 = reference == NULL ? row->price.e8 : reference->price_e8,
        .order_id = row->intent_id,
        .intent_id = row->intent_id};
    memcpy(fill.fee_asset, row->fee_asset, sizeof(row->fee_asset));
    account->totals.fees_e8 += row->fee_quote.e8;
    account->totals.turnover_e8 += row->quote_qty.e8;
    if (sink->fill != NULL) {
        sink->fill(sink->context, account_index, &fill);
    }
    chain_models_fill(chain, account_index, row);
    if (fill.symbol < chain->symbols_count) {
        book_trip(chain, account_index, row, &fill);
    }
}

/* ---- bars ---- */

static void mark_trips(const lab_chain *chain, chain_account *account)
{
    for (uint32_t i = 0; i < account->trips_open; i++) {
        chain_trip *trip = &account->trips[i];
        const chain_symbol *symbol = &chain->symbols[trip->trade.symbol];
        const int64_t low = result_at(trip, symbol->bar_low_e8);
        const int64_t high = result_at(trip, symbol->bar_high_e8);
        trip->trade.bars_held++;
        trip->trade.mae_e8 = low < trip->trade.mae_e8 ? low : trip->trade.mae_e8;
        trip->trade.mfe_e8 = high > trip->trade.mfe_e8 ? high : trip->trade.mfe_e8;
    }
}

void chain_rows_bar(lab_chain *chain)
{
    const lab_chain_sink *sink = &chain->config->sink;
    for (uint32_t a = 0; a < chain->accounts_count; a++) {
        chain_account *account = &chain->accounts[a];
        const portfolio_account *figures =
            portfolio_account_of(account->services[CHAIN_PORTFOLIO].state);
        account->totals.bars = chain->bars_count;
        account->totals.end_equity_e8 = figures->equity.e8;
        if (account->totals.start_equity_e8 == 0) {
            account->totals.start_equity_e8 = figures->equity.e8;
        }
        mark_trips(chain, account);
        if (sink->point != NULL) {
            const lab_point point = {.ts_ns = chain->now_ns,
                .equity_e8 = figures->equity.e8,
                .cash_e8 = figures->cash.e8,
                .exposure_e8 = figures->exposure.e8};
            sink->point(sink->context, a, &point);
        }
    }
}

void chain_rows_finish(lab_chain *chain)
{
    for (uint32_t a = 0; a < chain->accounts_count; a++) {
        chain_account *account = &chain->accounts[a];
        while (account->trips_open > 0) {
            end_trip(chain, a, &account->trips[0], chain->now_ns, true);
        }
    }
}

uint64_t chain_rows_hash(const lab_chain *chain, uint32_t account)
{
    uint64_t hash = chain->validator.ops->state_hash(chain->validator.state);
    for (uint32_t core = CHAIN_SIGNALS; core < CHAIN_CORES; core++) {
        const chain_service *service = &chain->accounts[account].services[core];
        hash = cb_hash_u64(hash, service->ops->state_hash(service->state));
    }
    return cb_hash_u64(hash, sim_state_hash(chain->sim));
}

const char *lab_chain_strategy(const lab_chain *chain, uint32_t account, uint32_t index)
{
    CB_ASSERT(chain != NULL);
    CB_ASSERT(account < chain->accounts_count);
    const chain_account *of = &chain->accounts[account];
    return index < of->strategies_count ? of->strategies[index] : NULL;
}
