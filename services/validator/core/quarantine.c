/* Saying no: the message on md.bad.quality, and for critical refusals the whole body in the
 * quarantine table, so that nothing bad is lost and everything bad can be looked at. */
#include <string.h>

#include "base/strview.h"
#include "services/validator/core/expectation.h"
#include "services/validator/core/records.h"
#include "services/validator/core/validator_internal.h"

static const char *subject_kind(cb_msg_id kind)
{
    static const char *const prefixes[CB_SUBJECT_COUNT] = {
#define SUBJECT(id, prefix, msg, shard, owner, consumers, cls, overflow) [CB_SUBJECT_##id] = prefix,
#include "proto/subjects.def"
#undef SUBJECT
    };
    static const cb_subject_id raw[VALIDATOR_KINDS_COUNT] = {
        [CB_MSG_TRADE] = CB_SUBJECT_MD_RAW_TRADE,
        [CB_MSG_CANDLE] = CB_SUBJECT_MD_RAW_CANDLE,
        [CB_MSG_BOOK] = CB_SUBJECT_MD_RAW_BOOK,
        [CB_MSG_BOOK_DELTA] = CB_SUBJECT_MD_RAW_DELTA,
        [CB_MSG_TICKER] = CB_SUBJECT_MD_RAW_TICKER,
        [CB_MSG_INSTRUMENT] = CB_SUBJECT_MD_RAW_INSTRUMENT,
    };
    CB_ASSERT(kind > CB_MSG_NONE);
    CB_ASSERT((uint32_t)kind < VALIDATOR_KINDS_COUNT);
    return prefixes[raw[kind]];
}

/* Cut when too long: these are words for people. */
static void put_words(char *out, size_t size, const char *words)
{
    cb_textbuf text = cb_textbuf_over(out, size);
    cb_textbuf_add(&text, words);
}

/* The members before the body are laid out alike in all six records. */
typedef struct quarantine_head {
    cb_id causation_id;
    char venue[12];
    char symbol[24];
    char subject_kind[24];
    char expectation[32];
    char observed[64];
    char expected[64];
    cb_severity severity;
    int64_t quarantined_ns;
} quarantine_head;

typedef struct quarantine_slot {
    uint32_t table;
    size_t size;
    size_t body_offset;
} quarantine_slot;

#define SLOT(token, name)                                                                          \
    [CB_MSG_##token] = {VALIDATOR_TABLE_QUARANTINE_TRADE + (CB_MSG_##token - CB_MSG_TRADE),        \
        sizeof(validator_quarantine_##name),                                                       \
        offsetof(validator_quarantine_##name, body)}
#define SLOT_MATCHES(name)                                                                         \
    _Static_assert(offsetof(validator_quarantine_##name, quarantined_ns) ==                        \
                       offsetof(quarantine_head, quarantined_ns),                                  \
        "quarantine records begin alike")
SLOT_MATCHES(trade);
SLOT_MATCHES(candle);
SLOT_MATCHES(book);
SLOT_MATCHES(delta);
SLOT_MATCHES(ticker);
SLOT_MATCHES(instrument);
_Static_assert(VALIDATOR_TABLE_QUARANTINE_INSTRUMENT - VALIDATOR_TABLE_QUARANTINE_TRADE ==
                   CB_MSG_INSTRUMENT - CB_MSG_TRADE,
    "one quarantine table entry per market kind, in the same order");

static void quarantine(const validator_refusal *refusal, cb_outbox *out)
{
    static const quarantine_slot slots[VALIDATOR_KINDS_COUNT] = {SLOT(TRADE, trade),
        SLOT(CANDLE, candle),
        SLOT(BOOK, book),
        SLOT(BOOK_DELTA, delta),
        SLOT(TICKER, ticker),
        SLOT(INSTRUMENT, instrument)};
    const quarantine_slot *slot = &slots[refusal->kind];
    const validator_head *body = refusal->body;
    quarantine_head *head = cb_outbox_store(out, slot->table, slot->size);
    CB_ASSERT(slot->size > slot->body_offset);
    head->causation_id = body->env.event_id;
    memcpy(head->venue, body->venue, sizeof head->venue);
    memcpy(head->symbol, body->symbol, sizeof head->symbol);
    put_words(head->subject_kind, sizeof head->subject_kind, subject_kind(refusal->kind));
    put_words(head->expectation, sizeof head->expectation, refusal->expectation);
    put_words(head->observed, sizeof head->observed, refusal->observed);
    put_words(head->expected, sizeof head->expected, refusal->expected);
    head->severity = refusal->severity;
    head->quarantined_ns = refusal->now_ns;
    const size_t size = cb_msg_desc(refusal->kind)->size;
    CB_ASSERT(slot->body_offset + size <= slot->size);
    memcpy((uint8_t *)head + slot->body_offset, refusal->body, size);
}

void validator_refuse(const validator_refusal *refusal, cb_outbox *out)
{
    CB_ASSERT(refusal != NULL && refusal->body != NULL);
    CB_ASSERT((uint32_t)refusal->kind < VALIDATOR_KINDS_COUNT);
    const validator_head *body = refusal->body;
    const bool is_critical = refusal->severity == CB_SEVERITY_CRITICAL;
    const uint32_t table = is_critical ? CB_TABLE_NONE : (uint32_t)VALIDATOR_TABLE_FINDING;
    cb_quality *quality = CB_PUBLISH(out, CB_SUBJECT_MD_BAD, table, cb_quality);
    quality->env.causation_id = body->env.event_id;
    quality->env.correlation_id = body->env.correlation_id;
    quality->env.origin_ns = body->env.origin_ns;
    memcpy(quality->venue, body->venue, sizeof quality->venue);
    memcpy(quality->symbol, body->symbol, sizeof quality->symbol);
    put_words(quality->subject_kind, sizeof quality->subject_kind, subject_kind(refusal->kind));
    put_words(quality->expectation, sizeof quality->expectation, refusal->expectation);
    put_words(quality->observed, sizeof quality->observed, refusal->observed);
    put_words(quality->expected, sizeof quality->expected, refusal->expected);
    quality->severity = refusal->severity;
    quality->venue_ts_ns = validator_venue_ts(refusal->kind, refusal->body);
    if (is_critical) {
        quarantine(refusal, out);
    }
}
