/* The validator's core, outermost layer: configuration into state, events to their handlers, and
 * the reading functions that the shell uses. Judging is in engine.c, the score in score.c. */
#include "services/validator/core/validator.h"

#include <string.h>

#include "base/hash.h"
#include "base/strview.h"
#include "services/validator/core/expectation.h"
#include "services/validator/core/records.h"
#include "services/validator/core/validator_internal.h"

#define VENUE_MAX_SIZE sizeof(((cb_trade *)0)->venue)
#define NAME_MAX_SIZE sizeof(((validator_symbol *)0)->name)

/* Item index of a comma list without spaces; an empty view past the end. */
static cb_strview list_item(const char *list, uint32_t index)
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
    while (count < VALIDATOR_SYMBOLS_MAX && list_item(list, count).size > 0) {
        count++;
    }
    return count;
}

cb_status validator_config_check(const validator_config *config, cb_err *err)
{
    const uint32_t count = list_count(config->symbols);
    if (config->venue[0] == '\0' || strlen(config->venue) >= VENUE_MAX_SIZE) {
        return CB_FAIL(err, CB_E_CONFIG, "venue: 1 to 11 characters");
    }
    if (count == 0) {
        return CB_FAIL(err, CB_E_CONFIG, "symbols: no symbol given");
    }
    if (list_item(config->symbols, count).size > 0) {
        return CB_FAIL(err, CB_E_CONFIG, "symbols: more than %d", VALIDATOR_SYMBOLS_MAX);
    }
    for (uint32_t i = 0; i < count; i++) {
        const cb_strview name = list_item(config->symbols, i);
        if (name.size >= NAME_MAX_SIZE) {
            return CB_FAIL(err, CB_E_CONFIG, "symbols: name %u is longer than 23", i + 1);
        }
        for (uint32_t j = 0; j < i; j++) {
            if (cb_sv_equal(name, list_item(config->symbols, j))) {
                return CB_FAIL(
                    err, CB_E_CONFIG, "symbols: %.*s given twice", (int)name.size, name.at);
            }
        }
    }
    return CB_OK;
}

void validator_config_defaults(validator_config *config)
{
    CB_ASSERT(config != NULL);
    *config = (validator_config){
        .stale_after_ns = INT64_C(30000000000),
        .warning_weight_e8 = CB_E8 / 10,
        .score_store_ns = INT64_C(10000000000),
        .instrument_period_ns = INT64_C(5000000000),
        .reset_after_count = 10,
        .history_keep_count = 3000,
    };
    (void)cb_text_copy(config->venue, sizeof config->venue, CB_SV("binance"));
    (void)cb_text_copy(config->symbols, sizeof config->symbols, CB_SV("BTCUSDT,ETHUSDT"));
    for (uint32_t i = 0; i < VALIDATOR_EXPECTATIONS_COUNT; i++) {
        const validator_expectation *entry = validator_expectation_at(i);
        CB_ASSERT(entry->params_count <= CB_PARAMS_PER_ENTRY_MAX);
        for (uint32_t p = 0; p < entry->params_count; p++) {
            config->params[i][p] = entry->params[p].default_value;
        }
    }
}

static size_t validator_state_size(const void *config)
{
    const validator_config *c = config;
    CB_ASSERT(c->history_keep_count > 0);
    CB_ASSERT(c->history_keep_count <= VALIDATOR_BARS_MAX);
    const size_t bars =
        (size_t)list_count(c->symbols) * (size_t)c->history_keep_count * VALIDATOR_BARS_ROOM;
    return sizeof(validator_state) + bars * sizeof(validator_bar);
}

static void validator_init(void *state, const void *config, cb_arena *arena)
{
    (void)arena; /* the bars are part of the state: their number is known from the config */
    validator_state *s = state;
    const validator_config *c = config;
    CB_ASSERT(c->history_keep_count > 0);
    s->config = c;
    s->bars_capacity = (uint32_t)c->history_keep_count;
    s->symbols_count = list_count(c->symbols);
    CB_ASSERT(s->symbols_count <= VALIDATOR_SYMBOLS_MAX);
    for (uint32_t i = 0; i < s->symbols_count; i++) {
        validator_symbol *symbol = &s->symbols[i];
        if (!cb_text_copy(symbol->name, sizeof symbol->name, list_item(c->symbols, i))) {
            s->symbols_count = i; /* validator_config_check refuses such a list at start */
            break;
        }
        symbol->is_stale = true;
    }
}

static void validator_set_tick(const cb_event *event, cb_outbox *out)
{
    const int64_t second = INT64_C(1000000000);
    CB_ASSERT(event->ts_ns >= 0);
    cb_outbox_set_timer(out, VALIDATOR_TIMER_TICK, (event->ts_ns / second + 1) * second);
}

/* Instruments change rarely but a consumer that restarts needs them before it can decide. */
static void validator_say_instruments(validator_state *state, const cb_event *event, cb_outbox *out)
{
    if (event->ts_ns - state->instruments_said_ns < state->config->instrument_period_ns) {
        return;
    }
    state->instruments_said_ns = event->ts_ns;
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        const validator_symbol *symbol = &state->symbols[i];
        if (symbol->has_instrument) {
            cb_instrument *again =
                CB_PUBLISH(out, CB_SUBJECT_MD_OK_INSTRUMENT, CB_TABLE_NONE, cb_instrument);
            validator_copy_body(again, &symbol->instrument, sizeof *again);
        }
    }
}

/* The data quality that a signal was made on, kept under the signal's id: what `explain` shows of
 * the ticks behind a decision. */
static void validator_on_signal(validator_state *state, const cb_event *event, cb_outbox *out)
{
    const cb_signal *signal = CB_BODY(event, cb_signal);
    const validator_symbol *symbol = validator_find(state, signal->venue, signal->symbol);
    if (symbol == NULL) {
        return;
    }
    validator_tick_quality *row =
        CB_STORE(out, VALIDATOR_TABLE_TICK_QUALITY, validator_tick_quality);
    row->signal_id = signal->signal_id;
    row->causation_id = signal->env.causation_id;
    row->correlation_id = signal->env.correlation_id;
    memcpy(row->venue, signal->venue, sizeof row->venue);
    memcpy(row->symbol, signal->symbol, sizeof row->symbol);
    row->data_ts_ns = signal->data_ts_ns;
    row->noted_ns = event->ts_ns;
    row->score = validator_score_sum(symbol,
        state->config->warning_weight_e8,
        event->ts_ns,
        &row->checked_count,
        &row->failed_count);
    row->is_stale = symbol->is_stale;
    row->is_book_valid = symbol->is_book_valid;
    row->last_data_ns = symbol->last_data_ns;
}

/* A stored candle comes back into memory; it was judged when it was stored. */
static void validator_on_bar(validator_state *state, const cb_event *event)
{
    const cb_candle *candle = CB_BODY(event, cb_candle);
    validator_symbol *symbol = validator_find(state, candle->venue, candle->symbol);
    if (symbol == NULL) {
        return;
    }
    uint32_t index = 0;
    const validator_place place = validator_bar_place(
        validator_bars(state, symbol), symbol->bars_count, state->bars_capacity, candle, &index);
    CB_ASSERT(index <= symbol->bars_count);
    if (place == VALIDATOR_PLACE_NEWEST || place == VALIDATOR_PLACE_FILLS_GAP) {
        validator_bar_insert(state, symbol, candle, index);
    }
}

static void validator_step(void *state, const cb_event *event, cb_outbox *out)
{
    validator_state *s = state;
    CB_ASSERT(s != NULL && s->config != NULL);
    CB_ASSERT(event != NULL);
    if (event->type >= (uint32_t)CB_MSG_TRADE && event->type <= (uint32_t)CB_MSG_INSTRUMENT) {
        validator_on_market(s, event, (cb_msg_id)event->type, out);
        return;
    }
    if (event->type == (uint32_t)CB_MSG_SIGNAL) {
        validator_on_signal(s, event, out);
        return;
    }
    if (event->type == (uint32_t)VALIDATOR_EVENT_BAR) {
        validator_on_bar(s, event);
        return;
    }
    if (event->type == (uint32_t)CB_EVENT_RECOVERED) {
        validator_set_tick(event, out);
        return;
    }
    if (event->type == (uint32_t)CB_EVENT_TIMER) {
        validator_score_tick(s, event, out);
        validator_say_instruments(s, event, out);
        validator_set_tick(event, out);
    }
}

static uint64_t hash_symbol(uint64_t hash, const validator_symbol *symbol)
{
    hash = cb_hash_text(hash, symbol->name);
    hash = cb_hash_u64(hash, symbol->trade.trade_id);
    hash = cb_hash_u64(hash, (uint64_t)symbol->trade.venue_ts_ns);
    hash = cb_hash_u64(hash, symbol->book.update_id);
    hash = cb_hash_u64(hash, symbol->delta.last_update_id);
    hash = cb_hash_u64(hash, symbol->delta.part_index);
    hash = cb_hash_u64(hash, symbol->ticker.update_id);
    hash = cb_hash_u64(hash, (uint64_t)symbol->ticker.recv_ns);
    hash = cb_hash_u64(hash, (uint64_t)symbol->price.price_e8);
    hash = cb_hash_u64(hash, (uint64_t)symbol->price.at_ns);
    hash = cb_hash_u64(hash, symbol->bars_count);
    hash = cb_hash_u64(hash, (uint64_t)symbol->last_data_ns);
    hash = cb_hash_u64(hash, (uint64_t)symbol->is_stale << 1 | (uint64_t)symbol->is_book_valid);
    for (uint32_t i = 1; i < VALIDATOR_KINDS_COUNT; i++) {
        hash = cb_hash_u64(hash, symbol->refusals[i]);
    }
    for (uint32_t i = 0; i < VALIDATOR_WINDOW_S; i++) {
        const validator_bucket *bucket = &symbol->buckets[i];
        hash = cb_hash_u64(hash, (uint64_t)bucket->second);
        hash = cb_hash_u64(hash, (uint64_t)bucket->checked << 32 | bucket->failed);
        hash = cb_hash_u64(hash, bucket->warned);
    }
    return hash;
}

static uint64_t validator_state_hash(const void *state)
{
    const validator_state *s = state;
    CB_ASSERT(s->symbols_count <= VALIDATOR_SYMBOLS_MAX);
    uint64_t hash = cb_hash_u64(CB_HASH_SEED, s->symbols_count);
    hash = cb_hash_u64(hash, s->counts.checked);
    hash = cb_hash_u64(hash, s->counts.passed);
    hash = cb_hash_u64(hash, s->counts.quarantined);
    hash = cb_hash_u64(hash, (uint64_t)s->instruments_said_ns);
    for (uint32_t i = 0; i < s->symbols_count; i++) {
        hash = hash_symbol(hash, &s->symbols[i]);
        const validator_bar *bars =
            s->bars + (size_t)i * s->bars_capacity * VALIDATOR_BARS_ROOM + s->symbols[i].bars_first;
        for (uint32_t b = 0; b < s->symbols[i].bars_count; b++) {
            hash = cb_hash_u64(hash, (uint64_t)bars[b].open_ts_ns);
            hash = cb_hash_u64(hash, (uint64_t)bars[b].close_e8);
            hash = cb_hash_u64(hash, (uint64_t)bars[b].volume_e8);
        }
    }
    return hash;
}

const validator_counts *validator_counts_of(const void *state)
{
    return &((const validator_state *)state)->counts;
}

uint32_t validator_symbols_count(const void *state)
{
    return ((const validator_state *)state)->symbols_count;
}

void validator_score_of(
    const void *state, uint32_t index, const char **name, cb_ratio *score, bool *is_stale)
{
    const validator_state *s = state;
    CB_ASSERT(index < s->symbols_count);
    const validator_symbol *symbol = &s->symbols[index];
    uint64_t checked = 0;
    uint64_t failed = 0;
    *name = symbol->name;
    *is_stale = symbol->is_stale;
    *score = validator_score_sum(
        symbol, s->config->warning_weight_e8, symbol->last_data_ns, &checked, &failed);
}

const cb_core_ops validator_core = {
    .state_size = validator_state_size,
    .init = validator_init,
    .step = validator_step,
    .state_hash = validator_state_hash,
};
