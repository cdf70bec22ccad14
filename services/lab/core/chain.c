/* Memory of the chain, its beginning, and running it. */
#include "services/lab/core/chain.h"

#include <string.h>

#include "base/hash.h"
#include "base/strview.h"
#include "services/execution/core/exec_internal.h"
#include "services/lab/core/chain_internal.h"
#include "services/simulator/core/rows.h"
#include "venue/binance/binance.h"

#define ARENA_SLACK ((size_t)64 * 1024) /* alignment of what is allocated one by one */
#define MINUTES_KEPT 2048
#define LEASE_EPOCH 1U

/* ---- defaults and checks ---- */

void lab_chain_venue_defaults(lab_chain_venue *venue)
{
    CB_ASSERT(venue != NULL);
    *venue = (lab_chain_venue){.fee_maker_e8 = CB_E8 / 1000,
        .fee_taker_e8 = CB_E8 / 1000,
        .fee_asset_price_e8 = 600 * CB_E8,
        .fee_asset_factor_e8 = CB_E8 / 4 * 3,
        .book = {.spread_ticks = 1, .gap_ticks = 20, .levels = 20, .depth_quote_e8 = 50000 * CB_E8},
        .limits = {.weight_per_minute = 6000,
            .orders_per_10s = 100,
            .orders_per_day = 200000,
            .violations_until_ban = 20,
            .ban_ns = 120 * CB_NS_PER_S},
        .orders_max = 200000,
        .trades_max = 800000};
}

static void refine(sim_rows_check *check, const lab_chain_symbol *symbol)
{
    cb_err err = {0};
    for (uint64_t i = 0; symbol->candles != NULL && i < symbol->candles->count; i++) {
        const lab_candles *from = symbol->candles;
        const sim_candle_row row = {.open_ns = from->open_ts_ns[i],
            .open_e8 = from->open_e8[i],
            .high_e8 = from->high_e8[i],
            .low_e8 = from->low_e8[i],
            .close_e8 = from->close_e8[i],
            .volume_e8 = from->volume_e8[i]};
        CB_MAYBE(row.low_e8 > 0 && sim_rows_check_candle(check, &row, &err) == CB_OK);
    }
    for (uint64_t i = 0; symbol->trades != NULL && i < symbol->trades->count; i++) {
        const lab_trades *from = symbol->trades;
        const sim_trade_row row = {.ts_ns = from->ts_ns[i],
            .price_e8 = from->price_e8[i],
            .qty_e8 = from->qty_e8[i],
            .taker_side = CB_SIDE_BUY,
            .id = from->id[i]};
        CB_MAYBE(row.price_e8 > 0 && sim_rows_check_trade(check, &row, &err) == CB_OK);
    }
}

void lab_chain_fit(lab_chain_symbol *symbol)
{
    CB_ASSERT(symbol != NULL);
    CB_ASSERT(symbol->candles != NULL || symbol->trades != NULL);
    sim_rows_check check;
    sim_rows_check_init(&check, symbol->trades != NULL ? 0 : symbol->candles->timeframe_ns);
    refine(&check, symbol);
    if (check.tick_e8 > 0 && check.tick_e8 < symbol->spec.tick_e8) {
        symbol->spec.tick_e8 = check.tick_e8;
        symbol->spec.price_min_e8 = check.tick_e8;
    }
    if (check.step_e8 > 0 && check.step_e8 < symbol->spec.step_e8) {
        symbol->spec.step_e8 = check.step_e8;
        symbol->spec.qty_min_e8 = check.step_e8;
    }
}

static cb_status check_symbol(const lab_chain_symbol *symbol, cb_err *err)
{
    const char *name = symbol->spec.symbol;
    if (symbol->candles == NULL && symbol->trades == NULL) {
        return CB_FAIL(err, CB_E_CONFIG, "%s: there is no history", name);
    }
    if (symbol->trades == NULL &&
        sim_interval_of_ns(symbol->candles->timeframe_ns) > SIM_INTERVAL_1M) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "%s: candles of %lld s; the chain needs one minute or less",
            name,
            (long long)(symbol->candles->timeframe_ns / CB_NS_PER_S));
    }
    if (symbol->depth != NULL && symbol->trades == NULL) {
        return CB_FAIL(err, CB_E_CONFIG, "%s: a recorded book needs trades beside it", name);
    }
    return CB_OK;
}

static cb_status check_account(const lab_chain_account *account, cb_err *err)
{
    const char *name = account->risk->account;
    if (!cb_text_equal(name, account->signals->account) ||
        !cb_text_equal(name, account->execution->account) ||
        !cb_text_equal(name, account->portfolio->account)) {
        return CB_FAIL(err, CB_E_CONFIG, "account '%s' has another name in one of its parts", name);
    }
    if (!cb_text_equal(account->risk->permit_key, account->execution->permit_key)) {
        return CB_FAIL(err, CB_E_CONFIG, "account '%s': permit keys differ", name);
    }
    return signals_config_check(account->signals, err);
}

cb_status lab_chain_check(const lab_chain_config *config, cb_err *err)
{
    if (config->symbols_count == 0 || config->symbols_count > LAB_CHAIN_SYMBOLS_MAX) {
        return CB_FAIL(err, CB_E_CONFIG, "symbols: 1 to %d", LAB_CHAIN_SYMBOLS_MAX);
    }
    if (config->accounts_count == 0 || config->accounts_count > LAB_CHAIN_ACCOUNTS_MAX) {
        return CB_FAIL(err, CB_E_CONFIG, "accounts: 1 to %d", LAB_CHAIN_ACCOUNTS_MAX);
    }
    cb_status status = validator_config_check(config->validator, err);
    for (uint32_t i = 0; i < config->symbols_count && status == CB_OK; i++) {
        status = check_symbol(&config->symbols[i], err);
    }
    for (uint32_t i = 0; i < config->accounts_count && status == CB_OK; i++) {
        status = check_account(&config->accounts[i], err);
    }
    if (status == CB_OK && chain_play_start_ns(config) == INT64_MAX) {
        return CB_FAIL(err, CB_E_CONFIG, "the range holds no data");
    }
    return status;
}

/* ---- memory ---- */

static sim_config exchange_config(const lab_chain_config *config)
{
    const lab_chain_venue *venue = &config->venue;
    sim_config out = {.orders_max = venue->orders_max,
        .agent_orders_max = 16,
        .trades_max = venue->trades_max,
        .minutes_max = MINUTES_KEPT + config->warmup_count,
        .fee_maker_e8 = venue->fee_maker_e8,
        .fee_taker_e8 = venue->fee_taker_e8,
        .fee_asset_price_e8 = venue->fee_asset_price_e8,
        .fee_asset_factor_e8 = venue->fee_asset_factor_e8,
        .is_replay = true};
    const bool fits =
        cb_text_copy(out.fee_asset, sizeof(out.fee_asset), cb_sv_from(venue->fee_asset));
    CB_ASSERT(fits);
    return out;
}

/* What execution takes from the arena at its start: orders and what was seen. */
static size_t tables_size(const exec_config *config)
{
    return (size_t)config->orders_max * (sizeof(exec_order) + sizeof(uint32_t)) +
           3 * exec_seen_size((uint32_t)config->seen_max) + ARENA_SLACK;
}

size_t lab_chain_size(const lab_chain_config *config)
{
    const sim_config exchange = exchange_config(config);
    size_t size = sizeof(lab_chain) + ARENA_SLACK + 2 * sizeof(cb_outbox) + CHAIN_QUEUE_SIZE +
                  CHAIN_TEXT_SIZE + sizeof(sim_core) + sizeof(sim_api) + sizeof(collector_market) +
                  2 * (size_t)CHAIN_LEVELS_MAX * sizeof(cb_level) + sizeof(cb_book_delta) +
                  sizeof(cb_book) + sizeof(signals_history) +
                  (size_t)SIM_API_LIST_MAX * sizeof(sim_candle) + sizeof(cb_venue_answer);
    size += sim_arena_size(&exchange, config->symbols_count);
    size += collector_market_size(config->symbols_count, CHAIN_COLLECTOR_LEVELS);
    size += validator_core.state_size(config->validator);
    for (uint32_t i = 0; i < config->accounts_count; i++) {
        const lab_chain_account *account = &config->accounts[i];
        size += signals_core.state_size(account->signals) +
                risk_core_ops.state_size(account->risk) +
                execution_core.state_size(account->execution) + tables_size(account->execution) +
                portfolio_core_ops.state_size(account->portfolio);
    }
    return size;
}

static void add_service(chain_service *service,
    chain_core core,
    uint32_t account,
    const cb_core_ops *ops,
    const void *config,
    cb_outbox *out,
    cb_arena *arena)
{
    *service = (chain_service){.core = core,
        .account = account,
        .ops = ops,
        .state = cb_arena_alloc(arena, 1, ops->state_size(config)),
        .out = out,
        .due_ns = INT64_MAX};
    ops->init(service->state, config, arena);
}

static void add_account(lab_chain *chain, uint32_t index, cb_outbox *out, cb_arena *arena)
{
    const lab_chain_account *config = &chain->config->accounts[index];
    chain_account *account = &chain->accounts[index];
    chain_service *services = account->services;
    account->config = config;
    account->totals.output_hash = CB_HASH_SEED;
    add_service(
        &services[CHAIN_SIGNALS], CHAIN_SIGNALS, index, &signals_core, config->signals, out, arena);
    add_service(&services[CHAIN_RISK], CHAIN_RISK, index, &risk_core_ops, config->risk, out, arena);
    add_service(&services[CHAIN_EXECUTION],
        CHAIN_EXECUTION,
        index,
        &execution_core,
        config->execution,
        out,
        arena);
    add_service(&services[CHAIN_PORTFOLIO],
        CHAIN_PORTFOLIO,
        index,
        &portfolio_core_ops,
        config->portfolio,
        out,
        arena);
}

/* ---- the exchange ---- */

static void on_exchange_event(void *context, const sim_event *event)
{
    lab_chain *chain = context;
    if (!chain->is_begun) {
        return; /* nobody listens yet */
    }
    if (event->type == SIM_EVENT_EXECUTION || event->type == SIM_EVENT_ACCOUNT ||
        event->type == SIM_EVENT_TRANSFER) {
        chain_venue_event(chain, event);
    } else {
        chain_market_event(chain, event);
    }
}

static void open_exchange(lab_chain *chain, cb_arena *arena)
{
    const lab_chain_config *config = chain->config;
    sim_config exchange = exchange_config(config);
    exchange.sink = on_exchange_event;
    exchange.sink_context = chain;
    sim_init(chain->sim, &exchange, arena, config->symbols_count);
    chain->sim->is_deferred = true;
    sim_set_now(chain->sim, chain->now_ns);
    sim_api_init(chain->api, chain->sim, &config->venue.limits);
    for (uint32_t i = 0; i < config->symbols_count; i++) {
        const cb_status status = sim_add_symbol(chain->sim, &config->symbols[i].spec, arena, NULL);
        CB_ASSERT(status == CB_OK);
    }
}

static void open_accounts(lab_chain *chain)
{
    for (uint32_t i = 0; i < chain->accounts_count; i++) {
        const lab_chain_account *config = &chain->config->accounts[i];
        chain_account *account = &chain->accounts[i];
        const cb_status status = sim_add_account(
            chain->sim, config->risk->account, "", "", true, &account->sim_account, NULL);
        CB_ASSERT(status == CB_OK);
        for (uint32_t d = 0; d < config->deposits_count; d++) {
            const uint32_t asset = sim_asset(chain->sim, config->deposits[d].asset);
            const bool is_done =
                asset != SIM_NONE &&
                sim_transfer(
                    chain->sim, account->sim_account, asset, config->deposits[d].amount_e8);
            CB_ASSERT(is_done);
        }
    }
}

/* ---- the start of the services ---- */

/* What recovery from an empty database feeds, and then the word that it is over. */
static void start_account(lab_chain *chain, uint32_t index)
{
    chain_service *services = chain->accounts[index].services;
    const signals_epoch epoch = {LEASE_EPOCH};
    const exec_lease lease = {.epoch = LEASE_EPOCH, .is_held = true, .is_bus_clock = true};
    const exec_old_counts counts = {0};
    const lab_chain_account *from = &chain->config->accounts[index];
    chain_recover(chain, &services[CHAIN_SIGNALS], SIGNALS_EVENT_EPOCH, &epoch, sizeof(epoch));
    for (uint32_t i = 0; i < from->rules_count; i++) {
        chain_recover(chain,
            &services[CHAIN_SIGNALS],
            SIGNALS_EVENT_RULES,
            &from->rules[i],
            sizeof(from->rules[i]));
    }
    chain_recover(chain, &services[CHAIN_EXECUTION], EXEC_EVENT_LEASE, &lease, sizeof(lease));
    chain_recover(chain,
        &services[CHAIN_EXECUTION],
        EXEC_EVENT_CAPS,
        &chain->config->accounts[index].caps,
        sizeof(exec_caps));
    chain_recover(
        chain, &services[CHAIN_EXECUTION], EXEC_EVENT_OLD_COUNTS, &counts, sizeof(counts));
    chain_step(chain, &services[CHAIN_PORTFOLIO], CB_EVENT_RECOVERED, NULL, 0);
    chain_step(chain, &services[CHAIN_RISK], CB_EVENT_RECOVERED, NULL, 0);
    chain_step(chain, &services[CHAIN_EXECUTION], CB_EVENT_RECOVERED, NULL, 0);
    chain_step(chain, &services[CHAIN_SIGNALS], CB_EVENT_RECOVERED, NULL, 0);
}

static void begin(lab_chain *chain)
{
    chain_bus_init(chain);
    chain_quiet_init(chain);
    chain->is_begun = true;
    chain_step(chain, &chain->validator, CB_EVENT_RECOVERED, NULL, 0);
    for (uint32_t i = 0; i < chain->accounts_count; i++) {
        start_account(chain, i);
    }
    chain_market_begin(chain);
    chain_settle(chain);
}

lab_chain *lab_chain_create(const lab_chain_config *config, void *memory, size_t size)
{
    cb_arena arena;
    CB_ASSERT(size >= lab_chain_size(config));
    cb_arena_init_zero(&arena, memory, size);
    lab_chain *chain = cb_arena_alloc(&arena, 1, sizeof(*chain));
    chain->config = config;
    chain->now_ns = chain_play_start_ns(config);
    chain->symbols_count = config->symbols_count;
    chain->accounts_count = config->accounts_count;
    chain->venue = cb_venue_find("binance");
    chain->sim = cb_arena_alloc(&arena, 1, sizeof(sim_core));
    chain->api = cb_arena_alloc(&arena, 1, sizeof(sim_api));
    chain->collector = cb_arena_alloc(&arena, 1, sizeof(collector_market));
    chain->bids = cb_arena_alloc(&arena, CHAIN_LEVELS_MAX, sizeof(cb_level));
    chain->asks = cb_arena_alloc(&arena, CHAIN_LEVELS_MAX, sizeof(cb_level));
    chain->raw_delta = cb_arena_alloc(&arena, 1, sizeof(cb_book_delta));
    chain->raw_book = cb_arena_alloc(&arena, 1, sizeof(cb_book));
    chain->history = cb_arena_alloc(&arena, 1, sizeof(signals_history));
    chain->candles = cb_arena_alloc(&arena, SIM_API_LIST_MAX, sizeof(sim_candle));
    chain->judged = cb_arena_alloc(&arena, 1, sizeof(cb_venue_answer));
    chain->text = cb_arena_alloc(&arena, CHAIN_TEXT_SIZE, 1);
    chain->queue.bytes = cb_arena_alloc(&arena, CHAIN_QUEUE_SIZE, 1);
    cb_outbox *market_out = cb_arena_alloc(&arena, 1, sizeof(cb_outbox));
    cb_outbox *account_out = cb_arena_alloc(&arena, 1, sizeof(cb_outbox));
    open_exchange(chain, &arena);
    add_service(&chain->validator,
        CHAIN_VALIDATOR,
        0,
        &validator_core,
        config->validator,
        market_out,
        &arena);
    for (uint32_t i = 0; i < chain->accounts_count; i++) {
        add_account(chain, i, account_out, &arena);
    }
    chain_market_init(chain, &arena);
    cb_arena_seal(&arena);
    open_accounts(chain);
    chain_models_init(chain);
    chain_play_init(chain);
    begin(chain);
    return chain;
}

/* ---- running ---- */

bool lab_chain_run(lab_chain *chain, uint64_t bars_max)
{
    CB_ASSERT(chain != NULL);
    const uint64_t until = chain->bars_count + bars_max;
    while (!chain->is_over && chain->bars_count < until) {
        chain->is_over = !chain_play_moment(chain);
    }
    return !chain->is_over;
}

void lab_chain_finish(lab_chain *chain)
{
    CB_ASSERT(chain != NULL);
    chain_rows_finish(chain);
}

void lab_chain_totals(const lab_chain *chain, uint32_t account, lab_totals *out)
{
    CB_ASSERT(account < chain->accounts_count);
    *out = chain->accounts[account].totals;
    out->state_hash = chain_rows_hash(chain, account);
}

uint32_t lab_chain_reasons(
    const lab_chain *chain, uint32_t account, lab_reason out[LAB_REASONS_MAX])
{
    CB_ASSERT(account < chain->accounts_count);
    const chain_account *from = &chain->accounts[account];
    memcpy(out, from->reasons, from->reasons_count * sizeof(out[0]));
    return from->reasons_count;
}

uint64_t lab_chain_rules_refused(const lab_chain *chain, uint32_t account)
{
    CB_ASSERT(account < chain->accounts_count);
    return signals_counts_of(chain->accounts[account].services[CHAIN_SIGNALS].state)->rules_refused;
}

int64_t lab_chain_now_ns(const lab_chain *chain)
{
    return chain->now_ns;
}

uint64_t lab_chain_bars(const lab_chain *chain)
{
    return chain->bars_count;
}
