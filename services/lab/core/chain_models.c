/* Where the models of models.def have their say. Without any, nothing here does anything: the venue
 * is the simulator's own. Whatever depends on the market is worked out at moments that a run has
 * with and without conflation, from figures that are the same in both. */
#include <string.h>

#include "services/lab/core/chain_internal.h"

#define MINUTE_NS (60 * CB_NS_PER_S)

static bool is_used(const lab_chain *chain, uint32_t model)
{
    return chain->config->models != NULL && chain->config->models->is_used[model];
}

static int64_t last_price(const lab_chain *chain, uint32_t symbol)
{
    const chain_quiet *quiet = &chain->symbols[symbol].quiet;
    return quiet->bars_count > 0 ? quiet->last.price_e8 : chain->sim->symbols[symbol].last_price_e8;
}

static lab_model_view view_of(lab_chain *chain, uint32_t model, uint32_t symbol)
{
    const lab_models *models = chain->config->models;
    const chain_symbol *at = &chain->symbols[symbol];
    return (lab_model_view){.params = models->params[model],
        .rows = models->rows[model],
        .rows_count = models->rows_count[model],
        .prng = &chain->prngs[model],
        .now_ns = chain->now_ns,
        .spec = &chain->sim->symbols[symbol].spec,
        .price_e8 = last_price(chain, symbol),
        .own_qty_e8 = at->own_qty_e8,
        .last_volume_e8 = at->bar_volume_e8};
}

/* ---- the book ---- */

static void shape_book(lab_chain *chain, uint32_t symbol, const sim_candle_row *candle)
{
    chain_symbol *at = &chain->symbols[symbol];
    at->shape = chain->config->venue.book;
    for (uint32_t i = 0; i < LAB_MODELS_COUNT; i++) {
        if (is_used(chain, i) && lab_model_at(i)->shape != NULL) {
            lab_model_view view = view_of(chain, i, symbol);
            view.candle = candle;
            lab_model_at(i)->shape(&view, &at->shape);
        }
    }
    at->own_qty_e8 = 0;
    at->shaped_ns = candle->open_ns;
}

/* The candle that begins, or the minute of trades; false when there is no new one. */
static bool next_candle(const lab_chain *chain, uint32_t symbol, sim_candle_row *out)
{
    const chain_source *source = &chain->symbols[symbol].source;
    if (source->next_ns == INT64_MAX) {
        return false;
    }
    if (source->is_candle) {
        *out = source->player.candle;
    } else {
        *out = (sim_candle_row){.open_ns = source->next_ns - source->next_ns % MINUTE_NS,
            .open_e8 = source->config->trades->price_e8[source->at]};
    }
    return out->open_ns <= chain->now_ns && out->open_ns != chain->symbols[symbol].shaped_ns &&
           out->open_e8 > 0;
}

void chain_models_candle(lab_chain *chain)
{
    if (chain->config->models == NULL) {
        return;
    }
    for (uint32_t i = 0; i < chain->symbols_count; i++) {
        sim_candle_row candle;
        if (next_candle(chain, i, &candle)) {
            shape_book(chain, i, &candle);
        }
    }
}

/* ---- moments ---- */

static void note_next(lab_chain *chain, int64_t next_ns)
{
    CB_ASSERT(next_ns > chain->now_ns);
    if (next_ns < chain->models_ns) {
        const int64_t past_ns = next_ns % MINUTE_NS; /* at whole minutes alone */
        chain->models_ns = past_ns == 0 ? next_ns : next_ns - past_ns + MINUTE_NS;
    }
}

static int64_t held(const lab_chain *chain, uint32_t account, uint32_t symbol)
{
    const sim_account *of = &chain->sim->accounts[chain->accounts[account].sim_account];
    const sim_balance *balance = &of->balances[chain->sim->symbols[symbol].base_asset];
    return balance->free_e8 + balance->locked_e8;
}

/* What an account cannot pay it pays as far as it can. */
static void pay(lab_chain *chain, uint32_t account_index, uint32_t symbol, int64_t amount_e8)
{
    chain_account *account = &chain->accounts[account_index];
    const uint32_t asset = chain->sim->symbols[symbol].quote_asset;
    const int64_t free_e8 = chain->sim->accounts[account->sim_account].balances[asset].free_e8;
    const int64_t paid_e8 = amount_e8 > free_e8 ? free_e8 : amount_e8;
    if (paid_e8 != 0 && sim_transfer(chain->sim, account->sim_account, asset, -paid_e8)) {
        account->totals.funding_e8 += paid_e8;
        chain_settle(chain);
    }
}

static void fund(lab_chain *chain, uint32_t model, bool is_begun)
{
    int64_t next_ns = INT64_MAX;
    for (uint32_t a = 0; a < chain->accounts_count; a++) {
        for (uint32_t i = 0; i < chain->symbols_count; i++) {
            lab_model_view view = view_of(chain, model, i);
            view.position_e8 = held(chain, a, i);
            const int64_t amount_e8 = lab_model_at(model)->funding(&view, &next_ns);
            pay(chain, a, i, is_begun ? amount_e8 : 0);
        }
    }
    note_next(chain, next_ns);
}

static void rule(lab_chain *chain, uint32_t model, bool is_told)
{
    int64_t next_ns = INT64_MAX;
    bool is_changed = false;
    if (is_told && chain->config->is_conflated) {
        chain_quiet_sync(chain); /* the book so far is of the old rules */
    }
    for (uint32_t i = 0; i < chain->symbols_count; i++) {
        const lab_model_view view = view_of(chain, model, i);
        sim_symbol *symbol = &chain->sim->symbols[i];
        sim_spec spec = symbol->spec;
        if (lab_model_at(model)->rules(&view, &spec, &next_ns)) {
            is_changed = true;
            symbol->spec = spec;
            symbol->shown = spec;
        }
    }
    if (is_changed && is_told) {
        chain_market_instruments(chain);
        chain_settle(chain);
    }
    note_next(chain, next_ns);
}

static void ask_all(lab_chain *chain, bool is_begun)
{
    chain->models_ns = INT64_MAX;
    for (uint32_t i = 0; i < LAB_MODELS_COUNT; i++) {
        if (!is_used(chain, i)) {
            continue;
        }
        if (lab_model_at(i)->funding != NULL) {
            fund(chain, i, is_begun);
        }
        if (lab_model_at(i)->rules != NULL) {
            rule(chain, i, is_begun);
        }
    }
}

void chain_models_moment(lab_chain *chain)
{
    if (chain->now_ns >= chain->models_ns) {
        ask_all(chain, true);
    }
}

/* ---- orders ---- */

static int64_t turnover(chain_account *account, int64_t ts_ns, int64_t added_e8)
{
    const int64_t day = ts_ns / (1440 * MINUTE_NS);
    int64_t sum_e8 = 0;
    while (account->turnover_day < day) {
        account->turnover_day++;
        account->turnovers_e8[account->turnover_day % CHAIN_TURNOVER_DAYS] = 0;
    }
    account->turnovers_e8[day % CHAIN_TURNOVER_DAYS] += added_e8;
    for (uint32_t i = 0; i < CHAIN_TURNOVER_DAYS; i++) {
        sum_e8 += account->turnovers_e8[i];
    }
    return sum_e8;
}

void chain_models_fill(lab_chain *chain, uint32_t account_index, const portfolio_fill *fill)
{
    const lab_chain_config *config = chain->config;
    chain_account *account = &chain->accounts[account_index];
    const uint32_t symbol = chain_symbol_index(chain, fill->symbol);
    if (config->models == NULL || symbol == chain->symbols_count) {
        return;
    }
    chain->symbols[symbol].own_qty_e8 += fill->qty.e8;
    lab_fees fees = {config->venue.fee_maker_e8, config->venue.fee_taker_e8};
    const int64_t turnover_e8 = turnover(account, chain->now_ns, fill->quote_qty.e8);
    for (uint32_t i = 0; i < LAB_MODELS_COUNT; i++) {
        if (is_used(chain, i) && lab_model_at(i)->fees != NULL) {
            lab_model_view view = view_of(chain, i, symbol);
            view.turnover_e8 = turnover_e8;
            lab_model_at(i)->fees(&view, &fees);
        }
    }
    sim_account *to = &chain->sim->accounts[account->sim_account];
    to->has_own_fees = true;
    to->fee_maker_e8 = fees.maker_e8;
    to->fee_taker_e8 = fees.taker_e8;
}

int64_t chain_models_latency(lab_chain *chain)
{
    int64_t sum_ns = 0;
    for (uint32_t i = 0; i < LAB_MODELS_COUNT; i++) {
        if (is_used(chain, i) && lab_model_at(i)->latency != NULL) {
            const lab_model_view view = view_of(chain, i, 0);
            sum_ns += lab_model_at(i)->latency(&view);
        }
    }
    return sum_ns;
}

/* The newest order of the exchange; orders are kept in the order in which they came. */
void chain_models_placed(lab_chain *chain, uint32_t account_index)
{
    chain_account *account = &chain->accounts[account_index];
    const sim_account *of = &chain->sim->accounts[account->sim_account];
    if (chain->config->models == NULL || of->open_count == 0) {
        return;
    }
    sim_order *order = &chain->sim->orders[of->open_last];
    if (!order->is_on_book || order->id == account->placed_id ||
        order->working_ns != sim_venue_ns(chain->sim)) {
        return;
    }
    account->placed_id = order->id;
    for (uint32_t i = 0; i < LAB_MODELS_COUNT; i++) {
        if (is_used(chain, i) && lab_model_at(i)->ahead != NULL) {
            const lab_model_view view = view_of(chain, i, order->symbol);
            order->ahead_e8 = lab_model_at(i)->ahead(&view, order->ahead_e8);
        }
    }
}

/* ---- the beginning ---- */

void chain_models_init(lab_chain *chain)
{
    const lab_chain_config *config = chain->config;
    chain->models_ns = INT64_MAX;
    for (uint32_t i = 0; i < chain->symbols_count; i++) {
        chain->symbols[i].shape = config->venue.book;
        chain->symbols[i].book_shape = config->venue.book;
        chain->symbols[i].shaped_ns = INT64_MIN;
    }
    for (uint32_t a = 0; a < chain->accounts_count; a++) {
        chain->accounts[a].turnover_day = chain->now_ns / (1440 * MINUTE_NS);
    }
    for (uint32_t i = 0; i < LAB_MODELS_COUNT && config->models != NULL; i++) {
        cb_prng_init(&chain->prngs[i], config->models->seed + i);
    }
    ask_all(chain, false);
}
