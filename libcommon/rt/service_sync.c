/* Two kinds of questions that every service answers: the simulator's "are you done?" (lockstep) and
 * the gateway's read queries, whose JSON PostgreSQL makes itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "rt/service_internal.h"
#include "wire/codec.h"

#define QUERY_LIMIT_DEFAULT 50
#define QUERY_LIMIT_MAX 1000
#define ROWS_HEAD "{\"rows\":"
#define REPLY_OVERHEAD 512 /* of the payload limit, for the protocol's own bytes */

/* ---- sim.sync ---- */

bool rt_is_idle(const cb_shell *shell)
{
    /* Hooks are for running services: before, what they stand on does not exist yet. */
    if (shell->phase < RT_RUNNING || cb_inbox_count(shell->inbox) > 0 || !rt_txn_is_idle(shell) ||
        !rt_redo_is_idle(shell) || shell->in.held_count > 0 || shell->out.waiting_count > 0 ||
        shell->out.needs_scan || shell->out.is_scanning) {
        return false;
    }
    /* The canary and the marking of outbox rows are in the pipeline too, but they are no work. */
    const uint32_t own = shell->out.internal_queries + (shell->pg_canary.is_waiting ? 1 : 0);
    if (shell->pg != NULL && cb_pg_pending(shell->pg) > own) {
        return false;
    }
    if (cb_http_pending(shell->http) > 0) {
        return false;
    }
    return shell->service->pending == NULL || shell->service->pending(shell) == 0;
}

/* Messages of streams are counted by their sequences, which outlive the process. */
static void stream_counts(const cb_shell *shell, cb_subject_id row, cb_sync_count *out)
{
    for (uint32_t i = 0; i < shell->out.keys_count; i++) {
        out->sent_count += shell->out.keys[i].row == row ? shell->out.keys[i].committed_seq : 0;
    }
    for (uint32_t i = 0; i < shell->in.keys_count; i++) {
        out->received_count += shell->in.keys[i].row == row ? shell->in.keys[i].applied_seq : 0;
    }
}

static uint32_t fill_counts(const cb_shell *shell, cb_sync_count *out, uint32_t capacity)
{
    uint32_t count = 0;
    for (uint32_t id = 0; id < CB_SUBJECT_COUNT && count < capacity; id++) {
        const cb_subject *row = cb_subject_get((cb_subject_id)id);
        if (row->subject_class == CB_CLASS_REQUEST || strcmp(row->consumers, "*") == 0) {
            continue;
        }
        cb_sync_count *entry = &out[count];
        *entry =
            (cb_sync_count){.sent_count = shell->sent[id], .received_count = shell->received[id]};
        if (row->subject_class == CB_CLASS_STREAM) {
            entry->sent_count = 0;
            entry->received_count = 0;
            stream_counts(shell, (cb_subject_id)id, entry);
        }
        if (entry->sent_count > 0 || entry->received_count > 0) {
            (void)snprintf(entry->name, sizeof(entry->name), "%s", row->token);
            count++;
        }
    }
    if (shell->service->sync_counts != NULL && shell->phase >= RT_RUNNING && count < capacity) {
        count += shell->service->sync_counts(shell, out + count, capacity - count);
    }
    CB_ASSERT(count <= capacity);
    return count;
}

static void answer(cb_shell *shell, const rt_sync *sync)
{
    cb_sync_reply reply = {.step = sync->step, .is_idle = rt_is_idle(shell)};
    char why[160];
    (void)snprintf(reply.service, sizeof(reply.service), "%s", shell->service->name);
    reply.is_ready = rt_state(shell, why, sizeof(why)) == CB_SERVICE_STATE_READY;
    const int64_t now_ns = cb_shell_now_ns(shell);
    reply.clock_ns = now_ns > 0 ? (uint64_t)now_ns : 0;
    const uint32_t capacity = sizeof(reply.counts) / sizeof(reply.counts[0]);
    reply.counts_count = fill_counts(shell, reply.counts, capacity);
    (void)snprintf(reply.env.producer, sizeof(reply.env.producer), "%s", shell->service->name);
    reply.env.epoch = shell->epoch;
    reply.env.ts_ns = now_ns;
    const size_t size = rt_encode(shell, cb_msg_desc(CB_MSG_SYNC_REPLY), &reply);
    cb_shell_reply(shell, sync->reply_to, shell->encoded, size);
}

void rt_sync_request(cb_shell *shell, const cb_sync_request *request, const char *reply_to)
{
    shell->is_lockstep = true;
    /* A request overtakes the data that was read with it; it is answered when those are in. */
    if (shell->syncs_count == RT_SYNCS_MAX) {
        return; /* the simulator asks again */
    }
    rt_sync *sync = &shell->syncs[shell->syncs_count];
    if (cb_text_copy(sync->reply_to, sizeof(sync->reply_to), cb_sv_from(reply_to))) {
        sync->step = request->step;
        shell->syncs_count++;
    }
}

void rt_sync_answer_all(cb_shell *shell)
{
    for (uint32_t i = 0; i < shell->syncs_count; i++) {
        answer(shell, &shell->syncs[i]);
    }
    shell->syncs_count = 0;
}

/* ---- query.ask ---- */

typedef struct pending_query {
    cb_shell *shell;
    char reply_to[RT_REPLY_MAX];
} pending_query;

void rt_query_open(cb_shell *shell)
{
    static const char HEAD[] = "SELECT coalesce(json_agg(row_to_json(q)), '[]'::json)::text FROM (";
    static const char TAIL[] = ") q";
    CB_ASSERT(shell->service->queries_count < RT_QUERIES_MAX);
    for (size_t i = 0; i <= shell->service->queries_count; i++) {
        const bool is_ours = i == shell->service->queries_count; /* every schema has dead letters */
        const cb_query *query = is_ours ? &rt_dlq_query : &shell->service->queries[i];
        const size_t size = sizeof(HEAD) + sizeof(TAIL) + strlen(query->sql);
        char *sql = malloc(size);
        CB_ASSERT(sql != NULL);
        (void)snprintf(sql, size, "%s%s%s", HEAD, query->sql, TAIL);
        shell->queries[i] = (rt_query){query, sql};
    }
}

void rt_query_release(cb_shell *shell)
{
    for (size_t i = 0; i < RT_QUERIES_MAX; i++) {
        free(shell->queries[i].sql);
        shell->queries[i].sql = NULL;
    }
}

/* {"error":"…"}; quotes and backslashes of the text become apostrophes, control characters spaces.
 */
static void reply_error(cb_shell *shell, const char *reply_to, const char *text)
{
    char body[640];
    char plain[512];
    size_t used = 0;
    for (; text[used] != '\0' && used + 1 < sizeof(plain); used++) {
        const char c = text[used];
        plain[used] = c == '"' || c == '\\' ? '\'' : c;
        plain[used] = (unsigned char)c < ' ' ? ' ' : plain[used];
    }
    plain[used] = '\0';
    const int size = snprintf(body, sizeof(body), "{\"error\":\"%s\"}", plain);
    cb_shell_reply(shell, reply_to, body, (size_t)size);
}

static void reply_rows(cb_shell *shell, const char *reply_to, const char *json)
{
    const size_t size = strlen(json);
    const size_t needed = sizeof(ROWS_HEAD) + size + 1;
    const size_t limit = cb_bus_payload_max(shell->bus);
    if (limit > 0 && needed + REPLY_OVERHEAD > limit) {
        reply_error(shell, reply_to, "the answer is too large: ask with a lower limit");
        return;
    }
    char *body = malloc(needed);
    CB_ASSERT(body != NULL);
    const int length = snprintf(body, needed, "%s%s}", ROWS_HEAD, json);
    cb_shell_reply(shell, reply_to, body, (size_t)length);
    free(body);
}

static void on_rows(void *context, const cb_result *result, const cb_row *const *rows)
{
    pending_query *pending = context;
    cb_shell *shell = pending->shell;
    if (result->status != CB_OK || result->rows_count != 1) {
        CB_LOG(shell->log, CB_LOG_WARN, "query_failed", CB_KV("error", result->message));
        reply_error(shell, pending->reply_to, result->message);
    } else {
        reply_rows(shell, pending->reply_to, cb_row_text(rows[0], 0));
    }
    free(pending);
}

static const rt_query *find_query(const cb_shell *shell, const char *name)
{
    for (size_t i = 0; i < RT_QUERIES_MAX && shell->queries[i].query != NULL; i++) {
        if (strcmp(shell->queries[i].query->name, name) == 0) {
            return &shell->queries[i];
        }
    }
    return NULL;
}

void rt_query_request(cb_shell *shell, const cb_query_msg *query, const char *reply_to)
{
    if (strcmp(query->name, "dead_letter_replay") == 0) {
        rt_dlq_replay(shell, query, reply_to);
        return;
    }
    const rt_query *found = find_query(shell, query->name);
    if (found == NULL || shell->pg == NULL || shell->phase < RT_RUNNING) {
        reply_error(shell,
            reply_to,
            shell->pg == NULL ? "no database"
            : found == NULL   ? "no such query"
                              : "the service is starting");
        return;
    }
    pending_query *pending = malloc(sizeof(*pending));
    CB_ASSERT(pending != NULL);
    pending->shell = shell;
    if (!cb_text_copy(pending->reply_to, sizeof(pending->reply_to), cb_sv_from(reply_to))) {
        free(pending);
        return;
    }
    rt_redo_flush(shell);
    uint32_t limit = query->limit > 0 ? query->limit : QUERY_LIMIT_DEFAULT;
    limit = limit < QUERY_LIMIT_MAX ? limit : QUERY_LIMIT_MAX;
    cb_params_reset(&shell->params);
    cb_params_text(&shell->params, query->id);
    cb_params_text(&shell->params, query->symbol);
    cb_params_u64(&shell->params, limit);
    cb_params_text(&shell->params, query->before);
    cb_pg_query(shell->pg, found->sql, &shell->params, on_rows, pending);
}
