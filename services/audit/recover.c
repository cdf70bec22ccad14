/* The start: the file of heads must be whole and signed with our key, the chain in the database
 * must be the one whose head was signed last, and what came after must follow from it. A database
 * that was set back, or a chain that was changed, ends the start. */
#include <inttypes.h>
#include <string.h>

#include "base/strview.h"
#include "services/audit/audit_shell.h"

typedef struct recovery {
    audit_shell *self;
    cb_audit_record last; /* seq 0: none yet */
    bool has_signed;      /* the record of the last head was met */
    cb_status status;
    cb_err *err;
} recovery;

static void judge_row(void *context, const cb_row *row)
{
    recovery *to = context;
    const cb_audit_head *head = &to->self->last;
    cb_audit_record record = {0};
    uint8_t hash[CB_AUDIT_HASH_SIZE];
    if (to->status != CB_OK) {
        return;
    }
    to->status = cb_row_body(row, &cb_audit_record_desc, &record, to->err);
    if (to->status != CB_OK) {
        return;
    }
    cb_audit_record_hash(&record, hash);
    const bool is_first = to->last.seq == 0;
    const bool follows =
        is_first || (record.seq == to->last.seq + 1 &&
                        memcmp(record.prev_hash, to->last.hash, sizeof(hash)) == 0);
    if (memcmp(hash, record.hash, sizeof(hash)) != 0 || !follows) {
        to->status = CB_FAIL(to->err, CB_E_CORRUPT, "record %" PRIu64 " is broken", record.seq);
        return;
    }
    if (record.seq == head->seq) {
        to->has_signed = memcmp(record.hash, head->hash, sizeof(hash)) == 0;
    }
    to->last = record;
}

/* From the last signed record on, or all. */
static cb_status judge_chain(recovery *to)
{
    audit_shell *self = to->self;
    cb_params_reset(&self->params);
    cb_params_u64(&self->params, self->last.seq);
    cb_status status = cb_pg_exec(cb_shell_pg(self->shell),
        "SELECT * FROM record WHERE seq >= $1::bigint ORDER BY seq",
        &self->params,
        judge_row,
        to,
        to->err);
    status = status == CB_OK ? to->status : status;
    if (status == CB_OK && self->last.number > 0 && !to->has_signed) {
        status = CB_FAIL(to->err,
            CB_E_CORRUPT,
            "head %" PRIu64 " signed another record %" PRIu64 " than the database has",
            self->last.number,
            self->last.seq);
    }
    return status;
}

static void feed_config(void *context, const cb_row *row)
{
    recovery *to = context;
    audit_config_seen seen = {.epoch = (uint64_t)cb_row_i64(row, 1)};
    const bool is_kept =
        cb_text_copy(seen.service, sizeof(seen.service), cb_sv_from(cb_row_text(row, 0))) &&
        cb_row_bytes(row, 2, seen.config_hash, sizeof(seen.config_hash)) ==
            sizeof(seen.config_hash);
    if (is_kept) {
        cb_shell_recover_event(to->self->shell,
            AUDIT_EVENT_OLD_CONFIG,
            cb_shell_now_ns(to->self->shell),
            &seen,
            sizeof(seen));
    }
}

cb_status audit_recover(cb_shell *shell, cb_err *err)
{
    audit_shell *self = audit_of(shell);
    recovery to = {.self = self, .err = err};
    cb_status status =
        cb_audit_heads_last(self->config->heads_file, self->key.public_key, &self->last, err);
    if (status == CB_OK) {
        status = judge_chain(&to);
    }
    if (status != CB_OK) {
        return cb_err_context(err, "the audit chain");
    }
    audit_old_head head = {.seq = to.last.seq};
    memcpy(head.hash, to.last.hash, sizeof(head.hash));
    cb_shell_recover_event(
        shell, AUDIT_EVENT_OLD_HEAD, cb_shell_now_ns(shell), &head, sizeof(head));
    return cb_pg_exec(cb_shell_pg(shell),
        "SELECT DISTINCT ON (actor) actor, substr(object, 7)::bigint, body_hash FROM record"
        " WHERE kind = 'config' ORDER BY actor, seq DESC",
        NULL,
        feed_config,
        &to,
        err);
}
