/* The core of risk: which event goes where, and what a step leaves behind. All decisions are in the
 * files beside it. */
#include "services/risk/core/risk.h"

#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/strview.h"
#include "domain/bodyhash.h"
#include "domain/permit.h"
#include "services/risk/core/state.h"

void risk_config_rule_defaults(risk_config *config)
{
    CB_ASSERT(config != NULL);
    for (uint32_t i = 0; i < RISK_RULES_COUNT; i++) {
        CB_ASSERT(risk_rules[i]->params_count <= CB_PARAMS_PER_ENTRY_MAX);
        for (uint32_t k = 0; k < risk_rules[i]->params_count; k++) {
            config->rules[i][k] = risk_rules[i]->params[k].default_value;
        }
    }
}

static size_t risk_state_size(const void *config)
{
    CB_ASSERT(config != NULL);
    return sizeof(risk_state);
}

/* "BTCUSDT,ETHUSDT": each becomes a configured symbol; the shell has checked that they fit. */
static void init_symbols(risk_state *state, const char *list)
{
    const char *at = list;
    while (*at != '\0') {
        const char *end = strchr(at, ',');
        const size_t size = end == NULL ? strlen(at) : (size_t)(end - at);
        char name[RISK_SYMBOL_TEXT_MAX];
        const bool fits = cb_text_copy(name, sizeof(name), (cb_strview){at, size});
        CB_ASSERT(fits);
        risk_symbol *symbol = risk_symbol_take(state, name);
        CB_ASSERT(symbol != NULL);
        symbol->is_configured = true;
        at += end == NULL ? size : size + 1;
    }
}

static void risk_init(void *opaque, const void *opaque_config, cb_arena *arena)
{
    risk_state *state = opaque;
    const risk_config *config = opaque_config;
    CB_ASSERT(strlen(config->permit_key) >= CB_PERMIT_KEY_SIZE_MIN);
    CB_MAYBE(arena != NULL); /* all tables are part of the state */
    state->config = config;
    const bool fits = cb_text_copy(
        state->account.account, sizeof(state->account.account), cb_sv_from(config->account));
    CB_ASSERT(fits);
    cb_idset_init(&state->fills_seen, state->fills_slots, RISK_FILLS_REMEMBERED);
    cb_idset_init(&state->judged_seen, state->judged_slots, RISK_JUDGED_REMEMBERED);
    cb_idset_init(&state->foreign_ended, state->foreign_slots, RISK_FOREIGN_REMEMBERED);
    init_symbols(state, config->symbols);
    risk_kill_init(state);
}

/* ---- what a step stores ---- */

static void store_symbol(risk_step_context *step, risk_symbol *symbol)
{
    if (symbol->is_position_changed) {
        risk_position *row = CB_STORE(step->out, RISK_TABLE_POSITION, risk_position);
        *row = symbol->position;
        symbol->is_position_changed = false;
    }
    if (symbol->is_mark_changed) {
        *CB_STORE(step->out, RISK_TABLE_MARK, risk_mark) = symbol->mark;
        symbol->is_mark_changed = false;
    }
    if (symbol->is_instrument_changed) {
        *CB_STORE(step->out, RISK_TABLE_INSTRUMENT, cb_instrument) = symbol->instrument;
        symbol->is_instrument_changed = false;
    }
    CB_ASSERT(!symbol->is_position_changed);
    CB_ASSERT(!symbol->is_mark_changed);
}

static void store_tables(risk_step_context *step)
{
    risk_state *state = step->state;
    CB_ASSERT(state->balances_count <= RISK_BALANCES_MAX);
    CB_ASSERT(state->open_count <= RISK_RESERVATIONS_MAX);
    for (uint32_t i = 0; i < state->balances_count; i++) {
        if (state->balances[i].is_changed) {
            *CB_STORE(step->out, RISK_TABLE_BALANCE, risk_balance) = state->balances[i].row;
            state->balances[i].is_changed = false;
        }
    }
    for (uint32_t i = 0; i < state->open_count; i++) {
        if (state->open[i].is_changed) {
            *CB_STORE(step->out, RISK_TABLE_RESERVATION, risk_reservation) = state->open[i].row;
            state->open[i].is_changed = false;
        }
    }
    for (uint32_t i = 0; i < state->counters_count; i++) {
        if (state->counters[i].is_changed) {
            *CB_STORE(step->out, RISK_TABLE_COUNTER, risk_counter) = state->counters[i].row;
            state->counters[i].is_changed = false;
        }
    }
}

static void store_book(risk_step_context *step)
{
    risk_state *state = step->state;
    CB_ASSERT(state->subs_count <= RISK_SUBS_MAX);
    CB_ASSERT(step->out != NULL);
    for (uint32_t i = 0; i < state->subs_count; i++) {
        if (state->subs[i].is_changed) {
            *CB_STORE(step->out, RISK_TABLE_SUB, risk_subaccount) = state->subs[i].row;
            state->subs[i].is_changed = false;
        }
    }
}

static void store_changes(risk_step_context *step)
{
    risk_state *state = step->state;
    CB_ASSERT(state->symbols_count <= RISK_SYMBOLS_MAX);
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        store_symbol(step, &state->symbols[i]);
    }
    store_tables(step);
    store_book(step);
    if (state->is_account_changed) {
        state->account.updated_ns = step->now_ns;
        *CB_STORE(step->out, RISK_TABLE_ACCOUNT, risk_account) = state->account;
        state->is_account_changed = false;
    }
    CB_ASSERT(!state->is_account_changed);
}

/* ---- dispatch ---- */

static void on_message(risk_step_context *step, const cb_event *event)
{
    switch (event->type) {
    case CB_MSG_CANDLE:
        risk_market_on_candle(step, CB_BODY(event, cb_candle));
        break;
    case CB_MSG_TICKER:
        risk_market_on_ticker(step, CB_BODY(event, cb_ticker));
        break;
    case CB_MSG_QUALITY_SCORE:
        risk_market_on_quality(step, CB_BODY(event, cb_quality_score));
        break;
    case CB_MSG_INSTRUMENT:
        risk_market_on_instrument(step, CB_BODY(event, cb_instrument));
        break;
    case CB_MSG_INTENT:
        risk_hold_on_intent(step, CB_BODY(event, cb_intent));
        break;
    case CB_MSG_ORDER:
        risk_reservation_on_order(step, CB_BODY(event, cb_order));
        break;
    case CB_MSG_FILL:
        risk_account_on_fill(step, CB_BODY(event, cb_fill));
        break;
    case CB_MSG_ORDER_COMMAND:
        risk_request_on_command(step, CB_BODY(event, cb_order_command));
        break;
    case CB_MSG_CAPS:
        risk_caps_on_told(step, CB_BODY(event, cb_caps));
        break;
    case CB_MSG_BALANCE:
        risk_account_on_balance(step, CB_BODY(event, cb_balance));
        break;
    default:
        CB_MAYBE(event->body == NULL); /* heartbeats and the like say nothing to risk */
        break;
    }
}

static void on_recovered(risk_step_context *step)
{
    risk_state *state = step->state;
    CB_ASSERT(!state->is_recovered);
    state->is_recovered = true;
    risk_limits_begin(step);
    risk_hold_arm(step);
    CB_ASSERT(state->limits.version > 0);
}

static bool is_message(const cb_event *event)
{
    return event->type > CB_EVENT_NONE && event->type < CB_MSG_COUNT;
}

static void risk_step(void *opaque, const cb_event *event, cb_outbox *out)
{
    risk_state *state = opaque;
    if (event->type > RISK_EVENT_KILL_COMMAND && event->type < RISK_EVENT_END) {
        risk_recover_row(state, event);
        return;
    }
    risk_step_context step = {.state = state,
        .now_ns = event->ts_ns,
        .cause = is_message(event) ? cb_msg_envelope(event->body) : NULL,
        .out = out};
    CB_ASSERT(!event->is_recovery || event->type == CB_EVENT_RECOVERED);
    if (event->type == CB_EVENT_RECOVERED) {
        on_recovered(&step);
    } else {
        CB_ASSERT(state->is_recovered);
        risk_equity_roll(&step);
        risk_sub_roll(&step);
        if (event->type == CB_EVENT_TIMER) {
            CB_ASSERT(CB_BODY(event, cb_timer_event)->timer_id == RISK_TIMER_HOLD);
            risk_hold_on_timer(&step);
        } else if (event->type == RISK_EVENT_ORDER_REQUEST) {
            risk_request_on_order(&step, CB_BODY(event, risk_order_request));
        } else if (event->type == RISK_EVENT_KILL_COMMAND) {
            risk_kill_on_command(&step, CB_BODY(event, risk_kill_request));
        } else if (event->type == RISK_EVENT_UNKILL_COMMAND) {
            risk_unkill_on_command(&step, CB_BODY(event, risk_unkill_request));
        } else if (event->type == RISK_EVENT_LIMIT_COMMAND) {
            risk_change_on_command(&step, CB_BODY(event, risk_limit_request));
        } else {
            on_message(&step, event);
        }
    }
    store_changes(&step);
}

/* ---- hashing: tables whose order does not matter are summed ---- */

static uint64_t hash_symbol(const risk_symbol *symbol)
{
    uint64_t hash = cb_hash_text(CB_HASH_SEED, symbol->name);
    const uint64_t flags = (symbol->is_configured ? 1U : 0U) | (symbol->has_instrument ? 2U : 0U) |
                           (symbol->has_mark ? 4U : 0U) | (symbol->has_ticker ? 8U : 0U) |
                           (symbol->has_quality ? 16U : 0U) | (symbol->is_data_stale ? 32U : 0U) |
                           (symbol->is_book_valid ? 64U : 0U);
    hash = cb_hash_u64(hash, flags);
    hash = cb_body_hash(hash, &cb_instrument_desc, &symbol->instrument);
    hash = cb_body_hash(hash, &risk_mark_desc, &symbol->mark);
    hash = cb_body_hash(hash, &risk_position_desc, &symbol->position);
    hash = cb_hash_u64(hash, (uint64_t)symbol->bid.e8);
    hash = cb_hash_u64(hash, (uint64_t)symbol->ask.e8);
    hash = cb_hash_u64(hash, (uint64_t)symbol->ticker_ns);
    hash = cb_hash_u64(hash, (uint64_t)symbol->quality_score.e8);
    return cb_hash_u64(hash, (uint64_t)symbol->quality_ns);
}

/* Turns that ended leave nothing behind; neither does what a window's slot is. */
static uint64_t hash_book(const risk_state *state)
{
    uint64_t sum = 0;
    CB_ASSERT(state->subs_count <= RISK_SUBS_MAX);
    CB_ASSERT(state->changes_count <= RISK_CHANGES_MAX);
    for (uint32_t i = 0; i < state->subs_count; i++) {
        sum += cb_body_hash(CB_HASH_SEED, &risk_subaccount_desc, &state->subs[i].row);
    }
    for (uint32_t i = 0; i < state->windows_count; i++) {
        sum += cb_body_hash(CB_HASH_SEED, &risk_window_desc, &state->windows[i].row);
    }
    for (uint32_t i = 0; i < state->turns_count; i++) {
        const risk_turn *row = &state->turns[i].row;
        sum += row->is_waiting ? cb_body_hash(CB_HASH_SEED, &risk_turn_desc, row) : 0;
    }
    for (uint32_t i = 0; i < state->changes_count; i++) {
        sum += cb_body_hash(CB_HASH_SEED, &risk_change_desc, &state->changes[i]);
    }
    for (uint32_t i = 0; i < state->book_count; i++) {
        char name[RISK_LIMIT_NAME_MAX];
        risk_limit_name(state->book[i].kind, &state->book[i].scope, name);
        sum += cb_hash_u64(cb_hash_text(CB_HASH_SEED, name), (uint64_t)state->book[i].value_e8);
    }
    return sum;
}

static uint64_t hash_unordered(const risk_state *state)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        sum += hash_symbol(&state->symbols[i]);
    }
    for (uint32_t i = 0; i < state->balances_count; i++) {
        sum += cb_body_hash(CB_HASH_SEED, &risk_balance_desc, &state->balances[i].row);
    }
    for (uint32_t i = 0; i < state->counters_count; i++) {
        sum += cb_body_hash(CB_HASH_SEED, &risk_counter_desc, &state->counters[i].row);
    }
    for (uint32_t i = 0; i < state->kills_count; i++) {
        sum += cb_body_hash(CB_HASH_SEED, &cb_kill_desc, &state->kills[i]);
    }
    for (uint32_t i = 0; i < state->unkills_count; i++) {
        sum += cb_body_hash(CB_HASH_SEED, &risk_unkill_desc, &state->unkills[i]);
    }
    return sum;
}

static uint64_t risk_state_hash(const void *opaque)
{
    const risk_state *state = opaque;
    uint64_t hash = cb_hash_u64(CB_HASH_SEED, hash_unordered(state));
    hash = cb_hash_u64(hash, hash_book(state));
    hash = cb_body_hash(hash, &risk_account_desc, &state->account);
    hash = cb_body_hash(hash, &risk_limits_desc, &state->limits);
    CB_ASSERT(state->open_count <= RISK_RESERVATIONS_MAX);
    CB_ASSERT(state->held_count <= RISK_HELD_MAX);
    for (uint32_t i = 0; i < state->open_count; i++) {
        hash = cb_body_hash(hash, &risk_reservation_desc, &state->open[i].row);
    }
    for (uint32_t i = 0; i < state->held_count; i++) {
        hash = cb_body_hash(hash, &risk_held_desc, &state->held[i].row);
        hash = cb_body_hash(hash, &cb_intent_desc, &state->held[i].intent);
    }
    hash = cb_idset_hash(&state->fills_seen, hash);
    return cb_idset_hash(&state->judged_seen, hash);
}

const cb_core_ops risk_core_ops = {
    .state_size = risk_state_size,
    .init = risk_init,
    .step = risk_step,
    .state_hash = risk_state_hash,
};

/* ---- what the shell asks ---- */

const char *risk_not_ready_reason(const risk_state *state)
{
    CB_ASSERT(state != NULL);
    if (!state->account.is_open) {
        return "balances";
    }
    if (!state->account.is_valued) {
        return "marks";
    }
    if (!risk_caps_are_known(state)) {
        return "caps";
    }
    return state->account.is_unsure ? "unsure" : "";
}

int64_t risk_reserved_qty(const risk_state *state)
{
    int64_t sum_e8 = 0;
    CB_ASSERT(state->open_count <= RISK_RESERVATIONS_MAX);
    for (uint32_t i = 0; i < state->open_count; i++) {
        sum_e8 = risk_add(sum_e8, state->open[i].row.remaining.e8);
    }
    CB_ASSERT(sum_e8 >= 0);
    return sum_e8;
}

uint32_t risk_open_orders(const risk_state *state)
{
    return state->open_count;
}

uint64_t risk_permits_count(const risk_state *state)
{
    return state->permits_count;
}

uint64_t risk_denials_count(const risk_state *state, uint32_t rule)
{
    CB_ASSERT(rule <= RISK_RULES_COUNT);
    return state->denials_count[rule];
}

const risk_account *risk_account_of(const risk_state *state)
{
    return &state->account;
}
