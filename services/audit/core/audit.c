/* Messages into records: number, hash of the one before, own hash. */
#include "services/audit/core/audit.h"

#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/strview.h"

#define CONFIGS_MAX 64 /* services whose configuration is known */

typedef struct audit_state {
    uint64_t seq;
    uint8_t hash[CB_AUDIT_HASH_SIZE];
    audit_config_seen configs[CONFIGS_MAX];
    uint32_t configs_count;
} audit_state;

static size_t audit_state_size(const void *config)
{
    (void)config;
    return sizeof(audit_state);
}

static void audit_init(void *memory, const void *config, cb_arena *arena)
{
    (void)config;
    (void)arena;
    const audit_state *state = memory;
    CB_ASSERT(state->seq == 0);
    CB_ASSERT(state->configs_count == 0);
}

/* The record becomes the chain's newest. */
static void chain_append(
    audit_state *state, const cb_event *event, cb_audit_record *record, cb_outbox *out)
{
    CB_ASSERT(record->kind[0] != '\0');
    record->seq = state->seq + 1;
    record->recorded_ns = event->ts_ns;
    memcpy(record->prev_hash, state->hash, sizeof(record->prev_hash));
    cb_audit_record_hash(record, record->hash);
    memcpy(state->hash, record->hash, sizeof(state->hash));
    state->seq = record->seq;
    *CB_STORE(out, AUDIT_TABLE_RECORD, cb_audit_record) = *record;
    CB_ASSERT(state->seq > 0);
}

/* ---- configurations ---- */

static audit_config_seen *config_of(audit_state *state, const char *service)
{
    CB_ASSERT(state->configs_count <= CONFIGS_MAX);
    for (uint32_t i = 0; i < state->configs_count; i++) {
        if (cb_text_equal(state->configs[i].service, service)) {
            return &state->configs[i];
        }
    }
    if (state->configs_count == CONFIGS_MAX) {
        return NULL;
    }
    audit_config_seen *made = &state->configs[state->configs_count++];
    memset(made, 0, sizeof(*made));
    const bool fits = cb_text_copy(made->service, sizeof(made->service), cb_sv_from(service));
    CB_ASSERT(fits);
    return made;
}

/* True when this start or this configuration of the service was not known. */
static bool config_is_news(audit_state *state, const audit_config_seen *seen)
{
    CB_ASSERT(seen->service[0] != '\0');
    audit_config_seen *known = config_of(state, seen->service);
    if (known == NULL) {
        return true; /* more services than places: rather twice than never */
    }
    const bool is_news = known->epoch != seen->epoch ||
                         memcmp(known->config_hash, seen->config_hash, CB_AUDIT_HASH_SIZE) != 0;
    *known = *seen;
    return is_news;
}

/* ---- events ---- */

static bool describe_local(audit_state *state, const cb_event *event, cb_audit_record *record)
{
    if (event->type == AUDIT_EVENT_CONFIG) {
        const audit_config_seen *seen = CB_BODY(event, audit_config_seen);
        if (!config_is_news(state, seen)) {
            return false;
        }
        audit_describe_config(seen, record);
        return true;
    }
    if (event->type == AUDIT_EVENT_NOTE) {
        audit_describe_note(&CB_BODY(event, audit_note_asked)->note, record);
        return true;
    }
    return false;
}

/* False when the event leaves no record. */
static bool describe(audit_state *state, const cb_event *event, cb_audit_record *record)
{
    switch (event->type) {
    case CB_MSG_ORDER:
        audit_describe_order(CB_BODY(event, cb_order), record);
        return true;
    case CB_MSG_PERMIT:
        audit_describe_permit(CB_BODY(event, cb_permit), record);
        return true;
    case CB_MSG_DENIAL:
        audit_describe_denial(CB_BODY(event, cb_denial), record);
        return true;
    case CB_MSG_FILL:
        audit_describe_fill(CB_BODY(event, cb_fill), record);
        return true;
    case CB_MSG_KILL:
        audit_describe_kill(CB_BODY(event, cb_kill), record);
        return true;
    case CB_MSG_ORDER_COMMAND:
        audit_describe_command(CB_BODY(event, cb_order_command), record);
        return true;
    default:
        return describe_local(state, event, record);
    }
}

static void audit_recover(audit_state *state, const cb_event *event)
{
    if (event->type == AUDIT_EVENT_OLD_HEAD) {
        const audit_old_head *head = CB_BODY(event, audit_old_head);
        CB_ASSERT(head->seq >= state->seq);
        state->seq = head->seq;
        memcpy(state->hash, head->hash, sizeof(state->hash));
        return;
    }
    CB_ASSERT(event->type == AUDIT_EVENT_OLD_CONFIG);
    const bool is_news = config_is_news(state, CB_BODY(event, audit_config_seen));
    CB_MAYBE(is_news);
}

static void audit_step(void *memory, const cb_event *event, cb_outbox *out)
{
    audit_state *state = memory;
    CB_ASSERT(state != NULL);
    CB_ASSERT(out != NULL);
    if (event->is_recovery) {
        audit_recover(state, event);
        return;
    }
    cb_audit_record record;
    memset(&record, 0, sizeof(record));
    if (describe(state, event, &record)) {
        chain_append(state, event, &record, out);
    }
    if (event->type == AUDIT_EVENT_NOTE) {
        audit_noted *noted = CB_REQUEST(out, AUDIT_REQUEST_NOTED, audit_noted);
        memcpy(
            noted->reply_to, CB_BODY(event, audit_note_asked)->reply_to, sizeof(noted->reply_to));
    }
}

static uint64_t audit_state_hash(const void *memory)
{
    const audit_state *state = memory;
    uint64_t hash = cb_hash_u64(CB_HASH_SEED, state->seq);
    hash = cb_hash_bytes(hash, state->hash, sizeof(state->hash));
    for (uint32_t i = 0; i < state->configs_count; i++) {
        hash = cb_hash_text(hash, state->configs[i].service);
        hash = cb_hash_u64(hash, state->configs[i].epoch);
        hash = cb_hash_bytes(hash, state->configs[i].config_hash, CB_AUDIT_HASH_SIZE);
    }
    CB_ASSERT(state->configs_count <= CONFIGS_MAX);
    return hash;
}

const cb_core_ops audit_core_ops = {
    .state_size = audit_state_size,
    .init = audit_init,
    .step = audit_step,
    .state_hash = audit_state_hash,
};

uint64_t audit_seq_of(const void *state)
{
    CB_ASSERT(state != NULL);
    return ((const audit_state *)state)->seq;
}
