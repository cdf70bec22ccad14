/* Dead letters after their burial: listing them, and giving one to the core once more when its
 * cause is mended. A replay is the message's effect and the mark on its letter in one transaction,
 * so it happens once, however often it is asked for; the place in the producer's sequence was taken
 * when it was buried. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "rt/service_internal.h"
#include "wire/codec.h"

const cb_query rt_dlq_query = {"dead_letters",
    "SELECT id, subject, key, seq, attempts, error, ts_ns,"
    " (extract(epoch FROM at) * 1e9)::bigint AS buried_ns, resolved_by,"
    " octet_length(payload) AS bytes FROM dead_letter"
    " WHERE ($1 = '' OR id::text = $1) AND $2::text IS NOT NULL"
    " AND ($4 = '' OR id < $4::bigint) ORDER BY id DESC LIMIT $3"};

static const char SQL_LOAD[] =
    "SELECT subject, payload, coalesce(resolved_by, '') FROM dead_letter WHERE id = $1::bigint";
static const char SQL_RESOLVE[] =
    "UPDATE dead_letter SET resolved_by = $2, resolved_at = clock_timestamp()"
    " WHERE id = $1::bigint AND resolved_by IS NULL";

static void refuse(cb_shell *shell, const char *why)
{
    char body[320];
    const int size = snprintf(body, sizeof(body), "{\"error\":\"%.256s\"}", why);
    cb_shell_reply(shell, shell->dlq.reply_to, body, (size_t)size);
    CB_LOG(shell->log,
        CB_LOG_WARN,
        "dead_letter_not_replayed",
        CB_KV("id", shell->dlq.id),
        CB_KV("why", why));
    shell->dlq.is_busy = false;
}

/* The body of the letter in shell->body; NULL and the reason when it cannot be understood. */
static const cb_subject *read_letter(cb_shell *shell, const cb_row *row, cb_err *err)
{
    cb_subject_id id = CB_SUBJECT_COUNT;
    const char *subject = cb_row_text(row, 0);
    if (!cb_subject_match(subject, &id) || !rt_in_is_consumed(shell, cb_subject_get(id))) {
        (void)CB_FAIL(err, CB_E_STATE, "%s is no stream of this service", subject);
        return NULL;
    }
    const cb_subject *found = cb_subject_get(id);
    const size_t size = cb_row_bytes(row, 1, shell->encoded, sizeof(shell->encoded));
    if (size > sizeof(shell->encoded) ||
        cb_decode(cb_msg_desc(found->msg), shell->encoded, size, shell->body, err) != CB_OK) {
        return NULL;
    }
    return found;
}

static void replay(cb_shell *shell, const cb_subject *found)
{
    cb_params_reset(&shell->params);
    cb_params_text(&shell->params, shell->dlq.id);
    cb_params_text(&shell->params, shell->dlq.actor);
    rt_txn_statement(shell, SQL_RESOLVE, &shell->params);
    const rt_effect told = {.kind = RT_EFFECT_REPLAYED};
    rt_txn_effect(shell, &told);
    const size_t size = cb_msg_desc(found->msg)->size;
    const rt_feed_args args = {.type = (uint32_t)found->msg,
        .body = shell->body,
        .body_size = size,
        .bytes = shell->body,
        .bytes_size = size};
    rt_feed(shell, &args);
    rt_txn_end_event(shell);
}

static void on_loaded(void *context, const cb_result *result, const cb_row *const *rows)
{
    cb_shell *shell = context;
    cb_err err = {0};
    if (result->status != CB_OK || result->rows_count != 1) {
        refuse(
            shell, result->status != CB_OK ? "the letter cannot be read" : "no such dead letter");
        return;
    }
    if (cb_row_text(rows[0], 2)[0] != '\0') {
        refuse(shell, "it was replayed already");
        return;
    }
    const cb_subject *found = read_letter(shell, rows[0], &err);
    if (found == NULL) {
        refuse(shell, err.text);
        return;
    }
    replay(shell, found);
}

void rt_dlq_replay(cb_shell *shell, const cb_query_msg *query, const char *reply_to)
{
    uint64_t id = 0;
    rt_dlq *dlq = &shell->dlq;
    if (dlq->is_busy || strlen(reply_to) >= sizeof(dlq->reply_to)) {
        static const char BUSY[] = "{\"error\":\"another replay is under way\"}";
        cb_shell_reply(shell, reply_to, BUSY, sizeof(BUSY) - 1);
        return;
    }
    (void)snprintf(dlq->reply_to, sizeof(dlq->reply_to), "%s", reply_to);
    (void)snprintf(dlq->id, sizeof(dlq->id), "%.20s", query->id);
    (void)snprintf(dlq->actor,
        sizeof(dlq->actor),
        "%.40s",
        query->before[0] != '\0' ? query->before : "operator");
    dlq->is_busy = true;
    if (shell->pg == NULL || shell->state == NULL || shell->phase < RT_RUNNING) {
        refuse(shell, "this service replays nothing now");
        return;
    }
    if (!cb_u64_parse(cb_sv_from(query->id), INT64_MAX, &id) || id == 0) {
        refuse(shell, "the number of a dead letter is needed");
        return;
    }
    cb_params_reset(&shell->params);
    cb_params_u64(&shell->params, id);
    rt_redo_flush(shell);
    cb_pg_query(shell->pg, SQL_LOAD, &shell->params, on_loaded, shell);
}

void rt_dlq_replayed(cb_shell *shell)
{
    static const char DONE[] = "{\"rows\":[{\"replayed\":true}]}";
    CB_ASSERT(shell->dlq.is_busy);
    cb_shell_reply(shell, shell->dlq.reply_to, DONE, sizeof(DONE) - 1);
    CB_LOG(shell->log,
        CB_LOG_WARN,
        "dead_letter_replayed",
        CB_KV("id", shell->dlq.id),
        CB_KV("actor", shell->dlq.actor));
    shell->dlq.is_busy = false;
}
