/* Judging a market message: every expectation of its kind, then one of three ends: passed on,
 * passed on with warnings, or quarantined.
 *
 * Two rules keep bad memory from poisoning good data. Only accepted messages are remembered. And
 * when the same kind is refused many times in a row by expectations that compare with memory, the
 * memory is the likelier error (a venue restarted its numbering, the price really moved): it is
 * dropped, and the next message is judged by itself. */
#include <string.h>

#include "base/strview.h"
#include "services/validator/core/expectation.h"
#include "services/validator/core/validator_internal.h"

#define NONE_CRITICAL ((uint32_t)VALIDATOR_EXPECTATIONS_MAX)
#define NS_PER_S INT64_C(1000000000)

_Static_assert(VALIDATOR_EXPECTATIONS_COUNT <= VALIDATOR_EXPECTATIONS_MAX, "registry fits");
_Static_assert(VALIDATOR_EXPECTATIONS_MAX <= 32, "warnings are bits of a uint32_t");

#define HEAD_MATCHES(type)                                                                         \
    _Static_assert(offsetof(type, venue) == offsetof(validator_head, venue) &&                     \
                       offsetof(type, symbol) == offsetof(validator_head, symbol),                 \
        "market messages begin alike")
HEAD_MATCHES(cb_trade);
HEAD_MATCHES(cb_candle);
HEAD_MATCHES(cb_book);
HEAD_MATCHES(cb_book_delta);
HEAD_MATCHES(cb_ticker);
HEAD_MATCHES(cb_instrument);

static cb_subject_id subject_ok(cb_msg_id kind)
{
    static const cb_subject_id subjects[VALIDATOR_KINDS_COUNT] = {
        [CB_MSG_TRADE] = CB_SUBJECT_MD_OK_TRADE,
        [CB_MSG_CANDLE] = CB_SUBJECT_MD_OK_CANDLE,
        [CB_MSG_BOOK] = CB_SUBJECT_MD_OK_BOOK,
        [CB_MSG_BOOK_DELTA] = CB_SUBJECT_MD_OK_DELTA,
        [CB_MSG_TICKER] = CB_SUBJECT_MD_OK_TICKER,
        [CB_MSG_INSTRUMENT] = CB_SUBJECT_MD_OK_INSTRUMENT,
    };
    CB_ASSERT((uint32_t)kind < VALIDATOR_KINDS_COUNT);
    return subjects[kind];
}

void validator_copy_body(void *copy, const void *body, size_t size)
{
    CB_ASSERT(copy != NULL && body != NULL);
    CB_ASSERT(size > sizeof(cb_envelope));
    memcpy(copy, body, size);
    const cb_envelope *raw = body;
    cb_envelope *env = copy;
    *env = (cb_envelope){
        .causation_id = raw->event_id,
        .correlation_id = raw->correlation_id,
        .origin_ns = raw->origin_ns,
    };
}

static void publish_ok(cb_msg_id kind, const void *body, uint32_t table, cb_outbox *out)
{
    const size_t size = cb_msg_desc(kind)->size;
    CB_ASSERT(size <= CB_MSG_SIZE_MAX);
    void *copy = cb_outbox_publish(out, (uint32_t)subject_ok(kind), table, size);
    validator_copy_body(copy, body, size);
}

/* A warning is published at most once a second per expectation and symbol: a state that lasts, such
 * as a lopsided book, would otherwise repeat itself with every message. All are counted. */
static void warn(validator_state *state,
    const validator_check *check,
    validator_symbol *symbol,
    uint32_t index,
    const validator_finding *finding,
    cb_outbox *out)
{
    CB_ASSERT(index < VALIDATOR_EXPECTATIONS_COUNT);
    CB_ASSERT(check->now_ns >= 0);
    state->counts.by_expectation[index]++;
    const int64_t second = check->now_ns / NS_PER_S;
    if (symbol->warned_second[index] == second) {
        return;
    }
    symbol->warned_second[index] = second;
    const validator_refusal refusal = {
        .kind = check->kind,
        .body = check->body,
        .expectation = validator_expectation_at(index)->name,
        .severity = CB_SEVERITY_WARNING,
        .observed = finding->observed,
        .expected = finding->expected,
        .now_ns = check->now_ns,
    };
    validator_refuse(&refusal, out);
}

static void block(validator_state *state,
    const validator_check *check,
    validator_symbol *symbol,
    uint32_t index,
    const validator_finding *finding,
    cb_outbox *out)
{
    const validator_expectation *entry = validator_expectation_at(index);
    CB_ASSERT(entry->severity == CB_SEVERITY_CRITICAL);
    CB_ASSERT(check->kind < VALIDATOR_KINDS_COUNT);
    state->counts.by_expectation[index]++;
    state->counts.quarantined++;
    const validator_refusal refusal = {
        .kind = check->kind,
        .body = check->body,
        .expectation = entry->name,
        .severity = CB_SEVERITY_CRITICAL,
        .observed = finding->observed,
        .expected = finding->expected,
        .now_ns = check->now_ns,
    };
    validator_refuse(&refusal, out);
    if (!entry->is_relative) {
        return;
    }
    symbol->refusals[check->kind]++;
    if (symbol->refusals[check->kind] >= (uint64_t)state->config->reset_after_count) {
        validator_forget(symbol, check->kind);
        symbol->refusals[check->kind] = 0;
        state->counts.memory_resets++;
    }
}

/* Runs all expectations of the kind. The first critical failure blocks; warnings are told. */
static validator_judgement judge(validator_state *state,
    validator_check *check,
    validator_symbol *symbol,
    validator_finding *finding,
    cb_outbox *out)
{
    validator_judgement judgement = {NONE_CRITICAL, 0};
    for (uint32_t i = 0; i < VALIDATOR_EXPECTATIONS_COUNT; i++) {
        const validator_expectation *entry = validator_expectation_at(i);
        CB_ASSERT(entry->check != NULL);
        if ((entry->kinds & VALIDATOR_ON(check->kind)) == 0) {
            continue;
        }
        check->params = state->config->params[i];
        if (entry->check(check, finding)) {
            continue;
        }
        if (entry->severity == CB_SEVERITY_CRITICAL) {
            judgement.critical = i;
            return judgement;
        }
        judgement.warnings |= 1U << i;
        warn(state, check, symbol, i, finding, out);
    }
    return judgement;
}

/* A closed 1m candle by its place among the remembered ones. Backfill that is older than the newest
 * is passed on only where it fills a gap; what came before unchanged is dropped without a word (a
 * collector that restarts repeats some hundred candles); what is older than all memory is stored.
 */
static void accept_bar(
    validator_state *state, validator_symbol *symbol, const cb_candle *candle, cb_outbox *out)
{
    uint32_t index = 0;
    const validator_place place = validator_bar_place(
        validator_bars(state, symbol), symbol->bars_count, state->bars_capacity, candle, &index);
    CB_ASSERT(place != VALIDATOR_PLACE_DIFFERS); /* candle_unique refuses those */
    if (place == VALIDATOR_PLACE_SAME) {
        state->counts.repeated++;
        return;
    }
    if (place != VALIDATOR_PLACE_TOO_OLD) {
        validator_bar_insert(state, symbol, candle, index);
    }
    publish_ok(CB_MSG_CANDLE, candle, VALIDATOR_TABLE_CANDLE, out);
}

static bool is_bar(cb_msg_id kind, const void *body)
{
    if (kind != CB_MSG_CANDLE) {
        return false;
    }
    const cb_candle *candle = body;
    return candle->is_closed && candle->interval_s == VALIDATOR_BAR_INTERVAL_S;
}

/* Which table an accepted message goes to besides the bus. */
static uint32_t history_table(const validator_state *state, cb_msg_id kind, const void *body)
{
    if (kind == CB_MSG_CANDLE && ((const cb_candle *)body)->is_closed) {
        return VALIDATOR_TABLE_CANDLE;
    }
    if (kind == CB_MSG_TRADE && state->config->history_trades) {
        return VALIDATOR_TABLE_TRADE;
    }
    return CB_TABLE_NONE;
}

/* Live data proves that the feed is alive; backfill and instruments do not. */
static bool is_live(cb_msg_id kind, const void *body)
{
    if (kind == CB_MSG_INSTRUMENT) {
        return false;
    }
    return kind != CB_MSG_CANDLE || !((const cb_candle *)body)->is_backfill;
}

static void accept(validator_state *state,
    validator_symbol *symbol,
    const validator_check *check,
    const cb_event *event,
    cb_outbox *out)
{
    CB_ASSERT(check->kind < VALIDATOR_KINDS_COUNT);
    CB_ASSERT(check->body == event->body);
    state->counts.passed++;
    symbol->refusals[check->kind] = 0;
    validator_remember(symbol, check->kind, check->body);
    if (is_live(check->kind, check->body)) {
        validator_score_alive(state, symbol, event, out);
    }
    if (check->kind == CB_MSG_BOOK) {
        validator_score_book(state, symbol, symbol->book.is_valid, event, out);
    }
    if (is_bar(check->kind, check->body)) {
        accept_bar(state, symbol, check->body, out);
        return;
    }
    publish_ok(check->kind, check->body, history_table(state, check->kind, check->body), out);
}

/* A lost or refused piece of the book's stream makes the book doubtful until a whole one comes. */
static void doubt_book(validator_state *state,
    validator_symbol *symbol,
    const validator_judgement *judgement,
    const cb_event *event,
    cb_outbox *out)
{
    const bool is_book = event->type == (uint32_t)CB_MSG_BOOK;
    const bool is_delta = event->type == (uint32_t)CB_MSG_BOOK_DELTA;
    const bool is_blocked = judgement->critical != NONE_CRITICAL;
    const bool has_gap = (judgement->warnings & 1U << VALIDATOR_EXPECTATION_delta_gap) != 0;
    CB_ASSERT(is_blocked || judgement->critical == NONE_CRITICAL);
    if ((is_book && is_blocked) || (is_delta && has_gap)) {
        validator_score_book(state, symbol, false, event, out);
    }
}

/* Messages of a venue or symbol that is not configured; there is no memory to judge them by. */
static void refuse_stranger(validator_state *state, const cb_event *event, cb_outbox *out)
{
    const validator_refusal refusal = {
        .kind = (cb_msg_id)event->type,
        .body = event->body,
        .expectation = "known_symbol",
        .severity = CB_SEVERITY_CRITICAL,
        .observed = ((const validator_head *)event->body)->symbol,
        .expected = "a configured venue and symbol",
        .now_ns = event->ts_ns,
    };
    CB_ASSERT(refusal.kind != CB_MSG_NONE);
    state->counts.quarantined++;
    validator_refuse(&refusal, out);
}

void validator_on_market(
    validator_state *state, const cb_event *event, cb_msg_id kind, cb_outbox *out)
{
    const validator_head *head = cb_event_body(event, cb_msg_desc(kind)->size);
    CB_ASSERT((uint32_t)kind < VALIDATOR_KINDS_COUNT);
    CB_ASSERT(out != NULL);
    state->counts.checked++;
    validator_symbol *symbol = validator_find(state, head->venue, head->symbol);
    if (symbol == NULL) {
        refuse_stranger(state, event, out);
        return;
    }
    validator_check check = {
        .kind = kind,
        .body = event->body,
        .symbol = symbol,
        .bars = validator_bars(state, symbol),
        .bars_count = symbol->bars_count,
        .now_ns = event->ts_ns,
    };
    validator_finding finding = {{0}, {0}};
    const validator_judgement judgement = judge(state, &check, symbol, &finding, out);
    if (judgement.critical != NONE_CRITICAL) {
        validator_score_count(symbol, event->ts_ns, VALIDATOR_OUTCOME_FAILED);
        block(state, &check, symbol, judgement.critical, &finding, out);
        doubt_book(state, symbol, &judgement, event, out);
        return;
    }
    const bool has_warned = judgement.warnings != 0;
    state->counts.warned += has_warned ? 1U : 0U;
    validator_score_count(
        symbol, event->ts_ns, has_warned ? VALIDATOR_OUTCOME_WARNED : VALIDATOR_OUTCOME_PASSED);
    doubt_book(state, symbol, &judgement, event, out);
    accept(state, symbol, &check, event, out);
}
