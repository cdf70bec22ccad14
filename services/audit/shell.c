/* The hooks: start, what others run with, notes of the door, readiness. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mac.h"
#include "base/strview.h"
#include "services/audit/audit_shell.h"

#define TICK_NS CB_NS_PER_S
#define SERVICE_NAME_MAX 16

static const cb_table tables[AUDIT_TABLE_COUNT] = {
    [AUDIT_TABLE_RECORD] = {"record", &cb_audit_record_desc, CB_STORE_INSERT, NULL},
};

audit_shell *audit_of(const cb_shell *shell)
{
    audit_shell *self = cb_shell_user(shell);
    CB_ASSERT(self != NULL);
    return self;
}

static void open_metrics(audit_shell *self)
{
    cb_metrics *metrics = cb_shell_metrics(self->shell);
    self->records = cb_gauge(metrics, "audit_records", "", "Records of the chain");
    self->heads = cb_gauge(metrics, "audit_heads", "", "Signed heads");
    self->unsigned_records =
        cb_gauge(metrics, "audit_unsigned_records", "", "Records that no head vouches for yet");
    self->broken = cb_gauge(metrics, "audit_broken", "", "1: heads cannot be written");
}

static cb_status audit_open(cb_shell *shell, cb_err *err)
{
    audit_shell *self = calloc(1, sizeof(*self));
    CB_ASSERT(self != NULL);
    self->shell = shell;
    self->config = cb_shell_config(shell);
    self->signed_mono_ns = cb_mono_ns();
    cb_shell_set_user(shell, self);
    const cb_status status = cb_audit_key_from_hex(self->config->sign_key, &self->key, err);
    if (status != CB_OK) {
        return cb_err_context(err, "sign.key");
    }
    open_metrics(self);
    return CB_OK;
}

/* What each service says that it runs with; the core knows what is news. */
static void feed_configs(audit_shell *self)
{
    char name[SERVICE_NAME_MAX];
    for (size_t i = 0; cb_config_list_item(self->config->services, i, name, sizeof(name)); i++) {
        cb_heartbeat beat;
        int64_t age_ns = 0;
        if (!cb_shell_peer(self->shell, name, &beat, &age_ns)) {
            continue;
        }
        audit_config_seen seen = {.epoch = beat.env.epoch};
        memcpy(seen.config_hash, beat.config_hash, sizeof(seen.config_hash));
        if (cb_text_copy(seen.service, sizeof(seen.service), cb_sv_from(beat.service))) {
            cb_shell_feed(self->shell, AUDIT_EVENT_CONFIG, &seen, sizeof(seen));
        }
    }
}

static void on_tick(void *context)
{
    audit_shell *self = context;
    feed_configs(self);
    audit_heads_tick(self, false);
}

static void audit_started(cb_shell *shell)
{
    audit_shell *self = audit_of(shell);
    self->timer = cb_loop_timer(cb_shell_loop(shell), TICK_NS, TICK_NS, on_tick, self);
}

static void audit_on_bus_request(
    cb_shell *shell, cb_subject_id subject, const void *body, const char *reply_to)
{
    audit_note_asked asked = {0};
    if (subject != CB_SUBJECT_AUDIT_NOTE ||
        !cb_text_copy(asked.reply_to, sizeof(asked.reply_to), cb_sv_from(reply_to))) {
        return;
    }
    memcpy(&asked.note, body, sizeof(asked.note));
    cb_shell_feed(shell, AUDIT_EVENT_NOTE, &asked, sizeof(asked));
}

static void audit_on_request(cb_shell *shell, uint32_t request, const void *body, size_t body_size)
{
    static const char ANSWER[] = "{\"ok\":true}";
    CB_ASSERT(request == AUDIT_REQUEST_NOTED);
    CB_ASSERT(body_size == sizeof(audit_noted));
    const audit_noted *noted = body;
    if (noted->reply_to[0] != '\0') {
        cb_shell_reply(shell, noted->reply_to, ANSWER, sizeof(ANSWER) - 1);
    }
}

static bool audit_is_ready(cb_shell *shell, char *why, size_t why_size)
{
    if (audit_of(shell)->is_broken) {
        (void)cb_text_copy(why, why_size, cb_sv_from("signed heads cannot be written"));
        return false;
    }
    return true;
}

static uint32_t audit_pending(const cb_shell *shell)
{
    return audit_of(shell)->is_signing ? 1 : 0;
}

static void audit_drain(cb_shell *shell)
{
    audit_heads_tick(audit_of(shell), true);
}

static void audit_close(cb_shell *shell)
{
    audit_shell *self = cb_shell_user(shell);
    if (self == NULL) {
        return;
    }
    cb_timer_remove(self->timer);
    cb_wipe(&self->key, sizeof(self->key));
    cb_shell_set_user(shell, NULL);
    free(self);
}

const cb_service audit_service = {
    .name = "audit",
    .summary = "keeps what happened in a hash chain with signed heads",
    .fields = audit_fields,
    .config_size = sizeof(audit_config),
    .migrations = audit_migrations,
    .tables = tables,
    .tables_count = AUDIT_TABLE_COUNT,
    .queries = audit_queries,
    .core = &audit_core_ops,
    .open = audit_open,
    .recover = audit_recover,
    .started = audit_started,
    .on_request = audit_on_request,
    .on_bus_request = audit_on_bus_request,
    .is_ready = audit_is_ready,
    .pending = audit_pending,
    .drain = audit_drain,
    .close = audit_close,
};
