/* The core of the portfolio: which event goes where, and what a step leaves behind. */
#include "services/portfolio/core/portfolio.h"

#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/strview.h"
#include "domain/bodyhash.h"
#include "services/portfolio/core/state.h"

static size_t portfolio_state_size(const void *config)
{
    CB_ASSERT(config != NULL);
    return sizeof(portfolio_state);
}

/* "BTCUSDT,ETHUSDT": each becomes a configured symbol; the shell has checked that they fit. */
static void init_symbols(portfolio_state *state, const char *list)
{
    const char *at = list;
    while (*at != '\0') {
        const char *end = strchr(at, ',');
        const size_t size = end == NULL ? strlen(at) : (size_t)(end - at);
        char name[PORTFOLIO_SYMBOL_TEXT_MAX];
        const bool fits = cb_text_copy(name, sizeof(name), (cb_strview){at, size});
        CB_ASSERT(fits);
        portfolio_symbol *symbol = portfolio_symbol_take(state, name);
        CB_ASSERT(symbol != NULL);
        symbol->is_configured = true;
        at += end == NULL ? size : size + 1;
    }
}

static void portfolio_init(void *opaque, const void *opaque_config, cb_arena *arena)
{
    portfolio_state *state = opaque;
    const portfolio_config *config = opaque_config;
    portfolio_account *account = &state->account;
    CB_MAYBE(arena != NULL); /* all tables are part of the state */
    state->config = config;
    bool fits =
        cb_text_copy(account->account, sizeof(account->account), cb_sv_from(config->account));
    fits = cb_text_copy(account->venue, sizeof(account->venue), cb_sv_from(config->venue)) && fits;
    fits =
        cb_text_copy(
            account->quote_asset, sizeof(account->quote_asset), cb_sv_from(config->quote_asset)) &&
        fits;
    fits = cb_ledger_assets_account(config->venue, config->account, state->assets_account) && fits;
    CB_ASSERT(fits);
    state->books = (cb_ledger_books){state->sums, 0, PORTFOLIO_SUMS_MAX};
    cb_idset_init(&state->entries_seen, state->entries_slots, PORTFOLIO_ENTRIES_REMEMBERED);
    init_symbols(state, config->symbols);
    CB_ASSERT(state->symbols_count > 0);
}

/* ---- what a step stores ---- */

static void store_sums(portfolio_step_context *step)
{
    portfolio_state *state = step->state;
    CB_ASSERT(state->books.count <= PORTFOLIO_SUMS_MAX);
    for (uint32_t i = 0; i < state->books.count; i++) {
        if (!state->is_sum_changed[i]) {
            continue;
        }
        portfolio_sum *row = CB_STORE(step->out, PORTFOLIO_TABLE_SUM, portfolio_sum);
        memcpy(row->ledger_account, state->sums[i].ledger_account, sizeof(row->ledger_account));
        memcpy(row->asset, state->sums[i].asset, sizeof(row->asset));
        row->amount = state->sums[i].amount;
        row->number = i + 1;
        state->is_sum_changed[i] = false;
    }
}

static void store_symbols(portfolio_step_context *step)
{
    portfolio_state *state = step->state;
    CB_ASSERT(state->symbols_count <= PORTFOLIO_SYMBOLS_MAX);
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        portfolio_symbol *symbol = &state->symbols[i];
        if (symbol->is_mark_changed) {
            *CB_STORE(step->out, PORTFOLIO_TABLE_MARK, portfolio_mark) = symbol->mark;
            symbol->is_mark_changed = false;
        }
        if (symbol->is_position_changed) {
            *CB_STORE(step->out, PORTFOLIO_TABLE_POSITION, portfolio_position) = symbol->position;
            symbol->is_position_changed = false;
        }
    }
}

static void store_balances(portfolio_step_context *step)
{
    portfolio_state *state = step->state;
    CB_ASSERT(state->balances_count <= PORTFOLIO_BALANCES_MAX);
    for (uint32_t i = 0; i < state->balances_count; i++) {
        portfolio_balance_slot *slot = &state->balances[i];
        if (slot->is_difference_changed) {
            *CB_STORE(step->out, PORTFOLIO_TABLE_DIFFERENCE, portfolio_difference) =
                slot->difference;
            slot->is_difference_changed = false;
        }
        if (slot->is_changed) {
            *CB_STORE(step->out, PORTFOLIO_TABLE_BALANCE, portfolio_balance) = slot->row;
            slot->is_changed = false;
        }
    }
}

static void store_changes(portfolio_step_context *step)
{
    store_sums(step);
    store_symbols(step);
    store_balances(step);
    if (step->state->is_account_changed) {
        step->state->account.updated_ns = step->now_ns;
        *CB_STORE(step->out, PORTFOLIO_TABLE_ACCOUNT, portfolio_account) = step->state->account;
        step->state->is_account_changed = false;
    }
    CB_ASSERT(!step->state->is_account_changed);
}

/* ---- dispatch ---- */

static void on_timer(portfolio_step_context *step, const cb_timer_event *timer)
{
    CB_ASSERT(timer->timer_id == PORTFOLIO_TIMER_PUBLISH);
    CB_ASSERT(step->state->is_recovered);
    step->state->is_publish_armed = false;
    portfolio_publish_now(step);
}

static void on_event(portfolio_step_context *step, const cb_event *event)
{
    switch (event->type) {
    case CB_EVENT_RECOVERED:
        CB_ASSERT(!step->state->is_recovered);
        step->state->is_recovered = true;
        portfolio_publish_soon(step);
        break;
    case CB_EVENT_TIMER:
        on_timer(step, CB_BODY(event, cb_timer_event));
        break;
    case CB_MSG_CANDLE:
        portfolio_market_on_candle(step, CB_BODY(event, cb_candle));
        break;
    case CB_MSG_INSTRUMENT:
        portfolio_market_on_instrument(step, CB_BODY(event, cb_instrument));
        break;
    case CB_MSG_FILL:
        portfolio_fills_on_fill(step, CB_BODY(event, cb_fill));
        break;
    case CB_MSG_BALANCE:
        portfolio_compare_on_balance(step, CB_BODY(event, cb_balance));
        break;
    default:
        CB_MAYBE(event->body == NULL); /* tickers, orders, heartbeats: nothing to book */
        break;
    }
}

static bool is_message(const cb_event *event)
{
    return event->type > CB_EVENT_NONE && event->type < CB_MSG_COUNT;
}

static void portfolio_step(void *opaque, const cb_event *event, cb_outbox *out)
{
    portfolio_state *state = opaque;
    if (event->type >= PORTFOLIO_EVENT_RECOVER_ACCOUNT && event->type < PORTFOLIO_EVENT_END) {
        portfolio_recover_row(state, event);
        return;
    }
    portfolio_step_context step = {.state = state,
        .now_ns = event->ts_ns,
        .cause = is_message(event) ? cb_msg_envelope(event->body) : NULL,
        .out = out};
    CB_ASSERT(state->is_recovered || event->type == CB_EVENT_RECOVERED);
    CB_ASSERT(event->ts_ns >= 0);
    portfolio_value_roll(&step);
    on_event(&step, event);
    store_changes(&step);
}

/* ---- hashing: tables whose order does not matter are summed ---- */

static uint64_t hash_position(const portfolio_position *row)
{
    uint64_t hash = cb_hash_text(CB_HASH_SEED, row->symbol);
    hash = cb_hash_u64(hash, (uint64_t)row->qty.e8);
    hash = cb_hash_u64(hash, (uint64_t)row->cost.e8);
    return cb_hash_u64(hash, (uint64_t)row->realised.e8);
}

uint64_t portfolio_books_hash(const portfolio_state *state)
{
    uint64_t positions = 0;
    CB_ASSERT(state->symbols_count <= PORTFOLIO_SYMBOLS_MAX);
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        if (state->symbols[i].position.symbol[0] != '\0') {
            positions += hash_position(&state->symbols[i].position);
        }
    }
    uint64_t hash = cb_ledger_books_hash(CB_HASH_SEED, &state->books);
    hash = cb_hash_u64(hash, positions);
    hash = cb_hash_u64(hash, state->account.fills_count);
    hash = cb_hash_u64(hash, state->account.entries_count);
    hash = cb_hash_u64(hash, state->account.fees_unvalued_count);
    return cb_hash_u64(hash, (uint64_t)state->account.fees.e8);
}

static uint64_t portfolio_state_hash(const void *opaque)
{
    const portfolio_state *state = opaque;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        const portfolio_symbol *symbol = &state->symbols[i];
        uint64_t hash = cb_body_hash(CB_HASH_SEED, &portfolio_mark_desc, &symbol->mark);
        hash = cb_body_hash(hash, &portfolio_position_desc, &symbol->position);
        sum += cb_hash_u64(hash, symbol->is_configured ? 1 : 0);
    }
    for (uint32_t i = 0; i < state->balances_count; i++) {
        const portfolio_balance_slot *slot = &state->balances[i];
        const uint64_t hash = cb_body_hash(CB_HASH_SEED, &portfolio_balance_desc, &slot->row);
        sum += cb_body_hash(hash, &portfolio_difference_desc, &slot->difference);
    }
    uint64_t hash = cb_hash_u64(portfolio_books_hash(state), sum);
    hash = cb_body_hash(hash, &portfolio_account_desc, &state->account);
    CB_ASSERT(state->balances_count <= PORTFOLIO_BALANCES_MAX);
    CB_ASSERT(state->books.count <= PORTFOLIO_SUMS_MAX);
    return cb_idset_hash(&state->entries_seen, hash);
}

const cb_core_ops portfolio_core_ops = {
    .state_size = portfolio_state_size,
    .init = portfolio_init,
    .step = portfolio_step,
    .state_hash = portfolio_state_hash,
};

/* ---- what others ask ---- */

const portfolio_account *portfolio_account_of(const portfolio_state *state)
{
    return &state->account;
}

int64_t portfolio_amount_of(const portfolio_state *state, const char *asset)
{
    CB_ASSERT(asset != NULL);
    return cb_ledger_balance_of(&state->books, state->assets_account, asset).e8;
}
