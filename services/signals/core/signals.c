/* The signals core, outermost layer: configuration into state, events to their handlers, stored
 * state back into memory, and what the shell may read. */
#include "services/signals/core/signals.h"

#include <string.h>

#include "base/strview.h"
#include "services/signals/core/rules.h"
#include "services/signals/core/signals_internal.h"

#define ACCOUNT_MAX_SIZE sizeof(((cb_intent *)0)->account)
#define VENUE_MAX_SIZE sizeof(((cb_intent *)0)->venue)
#define NAME_MAX_SIZE sizeof(((cb_intent *)0)->symbol)

/* ---- configuration ---- */

cb_strview signals_list_item(const char *list, uint32_t index)
{
    const char *at = list;
    for (uint32_t i = 0; i < index; i++) {
        const char *comma = strchr(at, ',');
        if (comma == NULL) {
            return (cb_strview){at, 0};
        }
        at = comma + 1;
    }
    const char *end = strchr(at, ',');
    return (cb_strview){at, end == NULL ? strlen(at) : (size_t)(end - at)};
}

static uint32_t list_count(const char *list)
{
    uint32_t count = 0;
    while (count < SIGNALS_SYMBOLS_MAX && signals_list_item(list, count).size > 0) {
        count++;
    }
    return count;
}

static cb_status check_symbols(const char *symbols, cb_err *err)
{
    const uint32_t count = list_count(symbols);
    if (count == 0 || signals_list_item(symbols, count).size > 0) {
        return CB_FAIL(err, CB_E_CONFIG, "symbols: 1 to %d", SIGNALS_SYMBOLS_MAX);
    }
    for (uint32_t i = 0; i < count; i++) {
        const cb_strview name = signals_list_item(symbols, i);
        if (name.size >= NAME_MAX_SIZE) {
            return CB_FAIL(err, CB_E_CONFIG, "symbols: name %u is longer than 23", i + 1);
        }
        for (uint32_t j = 0; j < i; j++) {
            if (cb_sv_equal(name, signals_list_item(symbols, j))) {
                return CB_FAIL(
                    err, CB_E_CONFIG, "symbols: %.*s given twice", (int)name.size, name.at);
            }
        }
    }
    return CB_OK;
}

static cb_status check_rules_files(const char *files, cb_err *err)
{
    if (signals_list_item(files, SIGNALS_RULES_MAX).size > 0) {
        return CB_FAIL(err, CB_E_CONFIG, "rules.files: at most %d", SIGNALS_RULES_MAX);
    }
    for (uint32_t i = 0; i < SIGNALS_RULES_MAX; i++) {
        const cb_strview file = signals_list_item(files, i);
        if (file.size >= SIGNALS_RULES_FILE_MAX) {
            return CB_FAIL(err, CB_E_CONFIG, "rules.files: a path has at most 127 bytes");
        }
        for (uint32_t j = 0; j < i && file.size > 0; j++) {
            if (cb_sv_equal(file, signals_list_item(files, j))) {
                return CB_FAIL(
                    err, CB_E_CONFIG, "rules.files: %.*s given twice", (int)file.size, file.at);
            }
        }
    }
    return CB_OK;
}

cb_status signals_config_check(const signals_config *config, cb_err *err)
{
    signals_plan plan;
    if (config->account[0] == '\0' || strlen(config->account) >= ACCOUNT_MAX_SIZE) {
        return CB_FAIL(err, CB_E_CONFIG, "account: 1 to 15 characters");
    }
    if (config->venue[0] == '\0' || strlen(config->venue) >= VENUE_MAX_SIZE) {
        return CB_FAIL(err, CB_E_CONFIG, "venue: 1 to 11 characters");
    }
    cb_status status = check_symbols(config->symbols, err);
    if (status == CB_OK) {
        status = check_rules_files(config->rules_files, err);
    }
    return status == CB_OK ? signals_plan_parse(config, &plan, err) : status;
}

void signals_config_defaults(signals_config *config)
{
    *config = (signals_config){
        .history_count = 3000,
        .collar_e8 = CB_E8 / 100,
        .ticker_age_max_ns = INT64_C(60000000000),
        .quality_min_e8 = 8 * CB_E8 / 10,
        .confidence_min_e8 = 3 * CB_E8 / 10,
        .warmup_factor = 1,
        .cooldown_bars = 3,
        .hourly_max = 30,
        .decay_bars = 3,
        .threshold_e8 = 3 * CB_E8 / 10,
        .exit_threshold_e8 = 3 * CB_E8 / 10,
        .entry_cooldown_ns = INT64_C(120000000000),
        .exit_retry_ns = INT64_C(30000000000),
        .flatten_slice_e8 = 10000 * CB_E8,
        .flatten_collar_e8 = CB_E8 / 100,
        .guard_tickers = true,
        .limit_offset_e8 = CB_E8 / 1000,
        .intent_ttl_ns = INT64_C(10000000000),
        .intent_grace_ns = INT64_C(60000000000),
    };
    (void)cb_text_copy(config->account, sizeof config->account, CB_SV("main"));
    (void)cb_text_copy(config->venue, sizeof config->venue, CB_SV("binance"));
    (void)cb_text_copy(config->symbols, sizeof config->symbols, CB_SV("BTCUSDT,ETHUSDT"));
    (void)cb_text_copy(config->strategies,
        sizeof config->strategies,
        CB_SV("trend@1m:1,trend@5m:1.5,meanrev@1m:0.8,meanrev@15m:1.2"));
    for (uint32_t i = 0; i < STRATEGIES_COUNT; i++) {
        for (uint32_t p = 0; p < strategy_at(i)->params_count; p++) {
            config->params[i][p] = strategy_at(i)->params[p].default_value;
        }
    }
    for (uint32_t i = 0; i < DESKS_COUNT; i++) {
        for (uint32_t p = 0; p < desk_at(i)->params_count; p++) {
            config->desk_params[i][p] = desk_at(i)->params[p].default_value;
        }
    }
}

/* ---- state ---- */

static size_t signals_state_size(const void *config)
{
    const signals_config *c = config;
    signals_plan plan;
    if (signals_plan_parse(c, &plan, NULL) != CB_OK) {
        plan = (signals_plan){0}; /* signals_config_check refuses it when the service opens */
    }
    const size_t count = list_count(c->symbols);
    CB_ASSERT(count <= SIGNALS_SYMBOLS_MAX);
    return sizeof(signals_state) + count * (sizeof(signals_symbol) + plan.states_size) +
           signals_rules_size(&plan) + plan.desks_size;
}

static void signals_init(void *state, const void *config, cb_arena *arena)
{
    (void)
        arena; /* symbols and strategies lie behind the state: their sizes follow from the config */
    signals_state *s = state;
    const signals_config *c = config;
    CB_ASSERT(s != NULL && c != NULL);
    _Static_assert(sizeof(signals_state) % sizeof(uint64_t) == 0, "symbols are aligned behind it");
    _Static_assert(sizeof(signals_symbol) % sizeof(uint64_t) == 0, "strategies are aligned");
    s->config = c;
    if (signals_plan_parse(c, &s->plan, NULL) != CB_OK) {
        s->plan = (signals_plan){0};
    }
    s->symbols_count = list_count(c->symbols);
    s->symbols = (signals_symbol *)(void *)((uint8_t *)state + sizeof *s);
    s->strategies = (uint8_t *)(s->symbols + s->symbols_count);
    if (signals_rules_size(&s->plan) > 0) {
        s->rules_memory = s->strategies + s->symbols_count * s->plan.states_size;
    }
    for (uint32_t i = 0; i < s->symbols_count; i++) {
        signals_symbol *symbol = &s->symbols[i];
        (void)cb_text_copy(symbol->name, sizeof symbol->name, signals_list_item(c->symbols, i));
        memcpy(symbol->book.symbol, symbol->name, sizeof symbol->book.symbol);
        (void)cb_text_copy(
            symbol->book.account, sizeof symbol->book.account, cb_sv_from(c->account));
        (void)cb_text_copy(symbol->book.venue, sizeof symbol->book.venue, cb_sv_from(c->venue));
        signals_init_symbol(s, symbol);
    }
    const size_t rules_size = signals_rules_size(&s->plan);
    CB_ASSERT(rules_size % sizeof(uint64_t) == 0);
    s->desk_memory = s->strategies + s->symbols_count * s->plan.states_size + rules_size;
    signals_desks_init(s);
}

signals_symbol *signals_find(signals_state *state, const char *venue, const char *symbol)
{
    CB_ASSERT(state != NULL);
    CB_ASSERT(venue != NULL && symbol != NULL);
    if (!cb_text_equal(venue, state->config->venue)) {
        return NULL;
    }
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        if (cb_text_equal(symbol, state->symbols[i].name)) {
            return &state->symbols[i];
        }
    }
    return NULL;
}

void *signals_strategy_state(
    signals_state *state, const signals_symbol *symbol, const signals_instance *instance)
{
    const ptrdiff_t number = symbol - state->symbols;
    CB_ASSERT(number >= 0 && (uint32_t)number < state->symbols_count);
    CB_ASSERT(instance->offset + instance->state_size <= state->plan.states_size);
    return state->strategies + (size_t)number * state->plan.states_size + instance->offset;
}

/* ---- market facts ---- */

static void on_ticker(signals_state *state, const cb_event *event, cb_outbox *out)
{
    const cb_ticker *ticker = CB_BODY(event, cb_ticker);
    signals_symbol *symbol = signals_find(state, ticker->venue, ticker->symbol);
    if (symbol == NULL || ticker->bid.e8 <= 0) {
        return;
    }
    symbol->ticker = *ticker;
    symbol->has_ticker = true;
    const signals_quote quote = {ticker->bid, ticker->recv_ns, &ticker->env};
    if (state->config->guard_tickers) {
        signals_guard(state, symbol, &quote, event, out);
    }
    signals_flatten(state, symbol, &quote, event, out);
}

static void on_instrument(signals_state *state, const cb_event *event)
{
    const cb_instrument *instrument = CB_BODY(event, cb_instrument);
    signals_symbol *symbol = signals_find(state, instrument->venue, instrument->symbol);
    if (symbol != NULL) {
        symbol->instrument = *instrument;
        symbol->has_instrument = true;
    }
}

static void on_quality(signals_state *state, const cb_event *event)
{
    const cb_quality_score *quality = CB_BODY(event, cb_quality_score);
    signals_symbol *symbol = signals_find(state, quality->venue, quality->symbol);
    if (symbol != NULL) {
        symbol->quality = *quality;
        symbol->has_quality = true;
    }
}

/* ---- stored state at start ---- */

static void restore_book(signals_state *state, const cb_event *event)
{
    const signals_book *book = CB_BODY(event, signals_book);
    signals_symbol *symbol = signals_find(state, book->venue, book->symbol);
    if (symbol != NULL && cb_text_equal(book->account, state->config->account)) {
        symbol->book = *book;
    }
}

static void restore_flight(signals_state *state, const cb_event *event)
{
    const signals_flight *flight = CB_BODY(event, signals_flight);
    signals_symbol *symbol = signals_find(state, flight->venue, flight->symbol);
    CB_ASSERT(!flight->is_closed);
    if (symbol != NULL && symbol->flights_count < SIGNALS_FLIGHTS_MAX) {
        symbol->flights[symbol->flights_count++] = *flight;
    }
}

/* An accepted opinion speaks on after a restart, and is not repeated. */
static void restore_signal(signals_state *state, const cb_event *event)
{
    const cb_signal *signal = CB_BODY(event, cb_signal);
    signals_symbol *symbol = signals_find(state, signal->venue, signal->symbol);
    for (uint32_t i = 0; symbol != NULL && i < state->plan.instances_count; i++) {
        const signals_instance *instance = &state->plan.instances[i];
        if (instance->interval_s != signal->interval_s ||
            !cb_text_equal(strategy_at(instance->strategy)->name, signal->strategy)) {
            continue;
        }
        symbol->sources[i] = (signals_source){
            .is_active = true,
            .side = signal->side,
            .signal_id = signal->signal_id,
            .confidence_e8 = signal->confidence.e8,
            .quality_e8 = signal->quality.e8,
            .data_ts_ns = signal->data_ts_ns,
        };
        signals_filter_accept(symbol, i, signal);
    }
}

static void on_recovered(signals_state *state, cb_outbox *out)
{
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        signals_ask_history(state, &state->symbols[i], out);
    }
}

/* ---- step ---- */

static bool step_bus(signals_state *state, const cb_event *event, cb_outbox *out)
{
    switch (event->type) {
    case CB_MSG_CANDLE:
        signals_on_candle(state, event, out);
        return true;
    case CB_MSG_TICKER:
        on_ticker(state, event, out);
        return true;
    case CB_MSG_INSTRUMENT:
        on_instrument(state, event);
        return true;
    case CB_MSG_QUALITY_SCORE:
        on_quality(state, event);
        return true;
    case CB_MSG_FILL:
        signals_on_fill(state, event, out);
        return true;
    case CB_MSG_ORDER:
        signals_on_order(state, event, out);
        return true;
    case CB_MSG_DENIAL:
        signals_on_denial(state, event, out);
        return true;
    case CB_MSG_KILL:
        signals_on_kill(state, event, true, out);
        return true;
    default:
        return false;
    }
}

static void signals_step(void *state, const cb_event *event, cb_outbox *out)
{
    signals_state *s = state;
    CB_ASSERT(s != NULL && s->config != NULL);
    CB_ASSERT(event != NULL);
    if (step_bus(s, event, out)) {
        return;
    }
    switch (event->type) {
    case SIGNALS_EVENT_HISTORY:
        signals_on_history(s, event, out);
        break;
    case SIGNALS_EVENT_EPOCH:
        s->epoch = CB_BODY(event, signals_epoch)->epoch;
        break;
    case SIGNALS_EVENT_BOOK:
        restore_book(s, event);
        break;
    case SIGNALS_EVENT_FLIGHT:
        restore_flight(s, event);
        break;
    case SIGNALS_EVENT_SIGNAL:
        restore_signal(s, event);
        break;
    case SIGNALS_EVENT_KILL:
        signals_on_kill(s, event, false, out);
        break;
    case SIGNALS_EVENT_RULES:
        signals_on_rules(s, event, out);
        break;
    case CB_EVENT_RECOVERED:
        on_recovered(s, out);
        break;
    default:
        break; /* heartbeats and the like */
    }
}

static uint64_t signals_state_hash(const void *state)
{
    return signals_hash(state);
}

/* ---- what the shell may read ---- */

const signals_counts *signals_counts_of(const void *state)
{
    return &((const signals_state *)state)->counts;
}

uint32_t signals_symbols_count(const void *state)
{
    return ((const signals_state *)state)->symbols_count;
}

uint32_t signals_ready_count(const void *state)
{
    const signals_state *s = state;
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->symbols_count; i++) {
        count += s->symbols[i].is_ready ? 1U : 0U;
    }
    return count;
}

const cb_core_ops signals_core = {
    .state_size = signals_state_size,
    .init = signals_init,
    .step = signals_step,
    .state_hash = signals_state_hash,
};
