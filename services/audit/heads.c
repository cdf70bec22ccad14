/* Signed heads: every so many records, or every so often, the newest durable record's number and
 * hash are signed and appended to a file outside of the database, then told on the bus. When the
 * file cannot be written nobody could prove later what happened: the service says that it is not
 * ready, and asks risk to stop everything. */
#include <string.h>

#include "base/assert.h"
#include "base/mac.h"
#include "base/textbuf.h"
#include "services/audit/audit_shell.h"

#define KILL_AGAIN_NS (10 * CB_NS_PER_S)
#define KILL_TIMEOUT_MS 3000
#define KILL_LEVEL 2

static const char SQL_NEWEST[] = "SELECT seq, hash FROM record ORDER BY seq DESC LIMIT 1";
static const char SQL_HEAD[] =
    "INSERT INTO head (number, seq, signed_ns, hash, prev, signature)"
    " VALUES ($1::bigint, $2::bigint, $3::bigint, $4, $5, $6) ON CONFLICT DO NOTHING";

/* ---- the alarm ---- */

static void on_kill_answer(void *context, const void *bytes, size_t size)
{
    (void)size;
    audit_shell *self = context;
    self->is_kill_asked = bytes != NULL; /* unheard: asked again */
}

static void ask_kill(audit_shell *self, const char *why)
{
    const int64_t now_ns = cb_mono_ns();
    const bool is_early =
        self->kill_asked_mono_ns != 0 && now_ns - self->kill_asked_mono_ns < KILL_AGAIN_NS;
    if (self->is_kill_asked || is_early) {
        return;
    }
    cb_kill_command command = {.level = KILL_LEVEL, .scope = "*", .actor = "audit"};
    cb_textbuf reason = cb_textbuf_over(command.reason, sizeof(command.reason));
    cb_textbuf_add(&reason, "the audit chain cannot be signed: ");
    cb_textbuf_add(&reason, why);
    self->is_kill_asked = true;
    self->kill_asked_mono_ns = now_ns;
    cb_shell_ask(self->shell,
        CB_SUBJECT_KILL_COMMAND,
        "risk",
        &command,
        KILL_TIMEOUT_MS,
        on_kill_answer,
        self);
}

static void note_broken(audit_shell *self, const cb_err *err)
{
    if (!self->is_broken) {
        cb_log_err(cb_shell_log(self->shell), CB_LOG_ERROR, "head_not_written", err);
    }
    self->is_broken = true;
    cb_metric_set(self->broken, 1);
    ask_kill(self, err->text);
}

static void note_whole(audit_shell *self)
{
    if (self->is_broken) {
        CB_LOG(cb_shell_log(self->shell),
            CB_LOG_INFO,
            "heads_written_again",
            CB_KI("number", self->last.number));
    }
    self->is_broken = false;
    self->is_kill_asked = false;
    self->kill_asked_mono_ns = 0;
    cb_metric_set(self->broken, 0);
}

/* ---- a head ---- */

static void on_stored(void *context, const cb_result *result, const cb_row *const *rows)
{
    (void)rows;
    audit_shell *self = context;
    if (result->status != CB_OK) {
        /* The file counts; the copy in the database is for those who ask. */
        CB_LOG(cb_shell_log(self->shell),
            CB_LOG_WARN,
            "head_not_copied",
            CB_KV("error", result->message));
    }
}

static void store_head(audit_shell *self)
{
    const cb_audit_head *head = &self->last;
    cb_params_reset(&self->params);
    cb_params_u64(&self->params, head->number);
    cb_params_u64(&self->params, head->seq);
    cb_params_i64(&self->params, head->signed_ns);
    cb_params_bytes(&self->params, head->hash, sizeof(head->hash));
    cb_params_bytes(&self->params, head->prev, sizeof(head->prev));
    cb_params_bytes(&self->params, head->signature, sizeof(head->signature));
    cb_pg_query(cb_shell_pg(self->shell), SQL_HEAD, &self->params, on_stored, self);
}

static void publish_head(audit_shell *self)
{
    const cb_audit_head *head = &self->last;
    cb_audit_head_msg message = {
        .number = head->number, .record_seq = head->seq, .signed_ns = head->signed_ns};
    memcpy(message.hash, head->hash, sizeof(message.hash));
    memcpy(message.prev, head->prev, sizeof(message.prev));
    cb_hex_print(head->signature, sizeof(head->signature), message.signature);
    cb_shell_publish(self->shell, CB_SUBJECT_AUDIT_HEAD, &message);
}

static void sign(audit_shell *self, uint64_t seq, const uint8_t hash[CB_AUDIT_HASH_SIZE])
{
    cb_audit_head head = {.number = self->last.number + 1, .seq = seq, .signed_ns = cb_wall_ns()};
    CB_ASSERT(seq > self->last.seq);
    memcpy(head.hash, hash, sizeof(head.hash));
    if (self->last.number > 0) {
        cb_audit_head_line_hash(&self->last, head.prev);
    }
    cb_audit_head_sign(&head, &self->key);
    cb_err err = {0};
    if (cb_audit_heads_append(self->config->heads_file, &head, &err) != CB_OK) {
        note_broken(self, &err);
        return;
    }
    self->last = head;
    self->signed_mono_ns = cb_mono_ns();
    note_whole(self);
    store_head(self);
    publish_head(self);
}

static void on_newest(void *context, const cb_result *result, const cb_row *const *rows)
{
    audit_shell *self = context;
    self->is_signing = false;
    uint8_t hash[CB_AUDIT_HASH_SIZE];
    if (result->status != CB_OK || result->rows_count != 1 ||
        cb_row_bytes(rows[0], 1, hash, sizeof(hash)) != sizeof(hash)) {
        return; /* the next tick asks again; a lost database ends the process */
    }
    const uint64_t seq = (uint64_t)cb_row_i64(rows[0], 0);
    if (seq > self->last.seq) {
        sign(self, seq, hash);
    }
}

void audit_heads_tick(audit_shell *self, bool is_now)
{
    const uint64_t seq = audit_seq_of(cb_shell_state(self->shell));
    const uint64_t waiting = seq > self->last.seq ? seq - self->last.seq : 0;
    const int64_t age_ns = cb_mono_ns() - self->signed_mono_ns;
    cb_metric_set(self->records, (int64_t)seq);
    cb_metric_set(self->heads, (int64_t)self->last.number);
    cb_metric_set(self->unsigned_records, (int64_t)waiting);
    const bool is_due = is_now || self->is_broken || waiting >= self->config->sign_records ||
                        age_ns >= self->config->sign_every_ns;
    if (waiting == 0 || !is_due || self->is_signing) {
        return;
    }
    self->is_signing = true;
    cb_pg_query(cb_shell_pg(self->shell), SQL_NEWEST, NULL, on_newest, self);
}
