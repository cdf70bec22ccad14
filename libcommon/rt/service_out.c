/* The producing end of a hop. A message for a stream is a row of the outbox, written with the state
 * that it tells; after the commit it is published, and JetStream's acknowledgement only marks the
 * row. Rows without acknowledgement are published again (the message id lets JetStream drop the
 * duplicate); rows that a consumer misses are published anew under no id. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "rt/failpoint.h"
#include "rt/service_internal.h"

#define RESEND_AFTER_NS (2 * CB_NS_PER_S)
#define REPLAY_PAUSE_NS (100 * CB_NS_PER_MS)
#define MARKS_PER_UPDATE 256
#define SCAN_ROWS 1024
#define HOP_HEADER "Cb-Hop"

const char rt_sql_outbox[] =
    "INSERT INTO outbox (key, seq, event_id, subject, after_seqs, payload, epoch, ts_ns)"
    " VALUES ($1,$2,$3,$4,$5,$6,$7,$8)";
static const char SQL_MARK[] =
    "UPDATE outbox SET is_published = true WHERE key = $1 AND seq = ANY ($2::bigint[])";
static const char SQL_SCAN[] =
    "SELECT key, seq, subject, after_seqs, payload FROM outbox WHERE NOT is_published"
    " ORDER BY ts_ns, key, seq LIMIT 1024";
static const char SQL_REPLAY[] =
    "SELECT key, seq, subject, after_seqs, payload FROM outbox WHERE key = $1 AND seq >= $2"
    " ORDER BY seq LIMIT 256";
/* The newest row of each key, without reading all of them. */
static const char SQL_KEYS[] =
    "WITH RECURSIVE k AS ("
    " (SELECT key FROM outbox ORDER BY key LIMIT 1)"
    " UNION ALL SELECT (SELECT o.key FROM outbox o WHERE o.key > k.key ORDER BY o.key LIMIT 1)"
    " FROM k WHERE k.key IS NOT NULL)"
    " SELECT key, (SELECT max(o.seq) FROM outbox o WHERE o.key = k.key) FROM k"
    " WHERE key IS NOT NULL";

/* ---- keys ---- */

static bool find_row_of_key(const char *key, cb_subject_id *out)
{
    const size_t size = strcspn(key, "/");
    for (uint32_t id = 0; id < CB_SUBJECT_COUNT; id++) {
        const char *token = cb_subject_get((cb_subject_id)id)->token;
        if (strlen(token) == size && memcmp(token, key, size) == 0) {
            *out = (cb_subject_id)id;
            return true;
        }
    }
    return false;
}

static rt_out_key *find_key(cb_shell *shell, const char *key)
{
    for (uint32_t i = 0; i < shell->out.keys_count; i++) {
        if (strcmp(shell->out.keys[i].key, key) == 0) {
            return &shell->out.keys[i];
        }
    }
    return NULL;
}

static rt_out_key *add_key(cb_shell *shell, const char *key, cb_subject_id row)
{
    CB_ASSERT(shell->out.keys_count < RT_KEYS_MAX);
    rt_out_key *entry = &shell->out.keys[shell->out.keys_count++];
    *entry = (rt_out_key){.row = row};
    const char *slash = strchr(key, '/');
    CB_ASSERT(slash != NULL);
    const bool fits =
        cb_text_copy(entry->key, sizeof(entry->key), cb_sv_from(key)) &&
        cb_text_copy(entry->qualifier, sizeof(entry->qualifier), cb_sv_from(slash + 1));
    CB_ASSERT(fits);
    return entry;
}

static void take_key(void *context, const cb_row *row)
{
    cb_shell *shell = context;
    cb_subject_id id = CB_SUBJECT_COUNT;
    const char *key = cb_row_text(row, 0);
    if (!find_row_of_key(key, &id)) {
        CB_LOG(shell->log, CB_LOG_WARN, "outbox_key_unknown", CB_KV("key", key));
        return;
    }
    rt_out_key *entry = add_key(shell, key, id);
    entry->seq = (uint64_t)cb_row_i64(row, 1);
    entry->committed_seq = entry->seq;
}

cb_status rt_out_recover(cb_shell *shell, cb_err *err)
{
    shell->out.needs_scan = true;
    return cb_pg_exec(shell->pg, SQL_KEYS, NULL, take_key, shell, err);
}

/* ---- giving numbers ---- */

/* What this producer has already said about the same account on its other subjects. */
static void print_after(const cb_shell *shell, const rt_out_key *own, char out[RT_AFTER_MAX])
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < shell->out.keys_count; i++) {
        const rt_out_key *other = &shell->out.keys[i];
        if (other == own || other->seq == 0 || strcmp(other->qualifier, own->qualifier) != 0) {
            continue;
        }
        const int length = snprintf(out + used,
            RT_AFTER_MAX - used,
            "%s%s=%" PRIu64,
            used > 0 ? "," : "",
            cb_subject_get(other->row)->token,
            other->seq);
        CB_ASSERT(length > 0 && used + (size_t)length < RT_AFTER_MAX);
        used += (size_t)length;
    }
}

static void insert_row(cb_shell *shell,
    const rt_out_key *key,
    const cb_envelope *env,
    const char *subject,
    const char *after,
    size_t size)
{
    cb_params *params = &shell->params;
    cb_params_reset(params);
    cb_params_text(params, key->key);
    cb_params_u64(params, key->seq);
    cb_params_id(params, env->event_id);
    cb_params_text(params, subject);
    cb_params_text(params, after);
    cb_params_bytes(params, shell->encoded, size);
    cb_params_u64(params, env->epoch);
    cb_params_i64(params, env->ts_ns);
    rt_txn_later(shell, rt_sql_outbox, params);
}

void rt_out_publish(cb_shell *shell, cb_subject_id row, const char *subject, void *body)
{
    CB_ASSERT(shell->pg != NULL);
    char key_text[RT_KEY_MAX];
    const int length = snprintf(
        key_text, sizeof(key_text), "%s/%s", cb_subject_get(row)->token, rt_last_token(subject));
    CB_ASSERT(length > 0 && (size_t)length < sizeof(key_text));
    rt_out_key *key = find_key(shell, key_text);
    key = key != NULL ? key : add_key(shell, key_text, row);
    key->seq++;

    /* The id depends on the place in the sequence alone, so a replay carries the same. */
    cb_envelope *env = body;
    char source[RT_KEY_MAX + 32];
    (void)snprintf(source, sizeof(source), "%s/%s", shell->service->name, key->key);
    env->event_id = cb_id_make(source, 0, key->seq);
    env->epoch = shell->epoch;
    env->seq = key->seq;

    const size_t size = rt_encode(shell, cb_msg_desc(cb_subject_get(row)->msg), body);
    char after[RT_AFTER_MAX];
    print_after(shell, key, after);
    insert_row(shell, key, env, subject, after, size);
    char text[CB_SUBJECT_TEXT_MAX + RT_AFTER_MAX];
    (void)snprintf(text, sizeof(text), "%s\n%s", subject, after);
    const rt_effect effect = {.kind = RT_EFFECT_STREAM,
        .a = key->seq,
        .b = (uint32_t)(key - shell->out.keys),
        .text = text,
        .body = shell->encoded,
        .body_size = (uint32_t)size};
    rt_txn_effect(shell, &effect);
}

/* ---- sending ---- */

typedef struct out_message {
    uint32_t key; /* index */
    uint64_t seq;
    const char *subject;
    const char *after;
    const void *bytes;
    size_t size;
} out_message;

static cb_status send_message(
    cb_shell *shell, const out_message *message, bool is_replay, cb_err *err)
{
    const rt_out_key *key = &shell->out.keys[message->key];
    char reply[RT_REPLY_MAX];
    char hop[RT_KEY_MAX + RT_AFTER_MAX + 24];
    char id[RT_KEY_MAX + 48];
    /* Never an empty last word: NATS trims the end of a header. */
    (void)snprintf(hop,
        sizeof(hop),
        "%s %" PRIu64 " %s",
        key->key,
        message->seq,
        message->after[0] != '\0' ? message->after : "-");
    (void)snprintf(id, sizeof(id), "%s/%s/%" PRIu64, shell->service->name, key->key, message->seq);
    (void)snprintf(reply,
        sizeof(reply),
        "%sack.%" PRIu32 ".%" PRIu64,
        cb_bus_inbox_prefix(shell->bus),
        message->key,
        message->seq);
    const cb_bus_header headers[] = {{HOP_HEADER, hop}, {"Nats-Msg-Id", id}};
    return cb_bus_publish_headers(shell->bus,
        message->subject,
        reply,
        headers,
        is_replay ? 1 : 2,
        message->bytes,
        message->size,
        err);
}

/* Sends and waits for the acknowledgement; what cannot be sent is found by a later scan. */
static void send_and_wait(cb_shell *shell, const out_message *message)
{
    rt_out *out = &shell->out;
    if (out->waiting_count == RT_OUTSTANDING_MAX ||
        send_message(shell, message, false, NULL) != CB_OK) {
        out->needs_scan = true;
        return;
    }
    out->waiting[out->waiting_count++] = (rt_outstanding){message->key, message->seq, cb_mono_ns()};
}

/* While older rows wait in the table, new ones queue up behind them: the stream keeps the order. */
static void relay(cb_shell *shell, const out_message *message)
{
    if (shell->out.needs_scan || shell->out.is_scanning) {
        shell->out.needs_scan = true;
        return;
    }
    send_and_wait(shell, message);
}

void rt_out_relay(cb_shell *shell, const rt_effect *effect)
{
    rt_out_key *key = &shell->out.keys[effect->b];
    CB_ASSERT(effect->a == key->committed_seq + 1);
    key->committed_seq = effect->a;
    char subject[CB_SUBJECT_TEXT_MAX];
    const char *newline = strchr(effect->text, '\n');
    CB_ASSERT(newline != NULL);
    const bool fits = cb_text_copy(
        subject, sizeof(subject), (cb_strview){effect->text, (size_t)(newline - effect->text)});
    CB_ASSERT(fits);
    const out_message message = {
        effect->b, effect->a, subject, newline + 1, effect->body, effect->body_size};
    relay(shell, &message);
}

/* ---- acknowledgements ---- */

static rt_outstanding *find_waiting(rt_out *out, uint32_t key, uint64_t seq)
{
    for (uint32_t i = 0; i < out->waiting_count; i++) {
        if (out->waiting[i].key == key && out->waiting[i].seq == seq) {
            return &out->waiting[i];
        }
    }
    return NULL;
}

static void on_marked(void *context, const cb_result *result, const cb_row *const *rows)
{
    (void)rows;
    cb_shell *shell = context;
    shell->out.internal_queries--;
    if (result->status != CB_OK) {
        shell->out.needs_scan = true; /* they are published and marked once more */
        CB_LOG(shell->log, CB_LOG_WARN, "outbox_mark_failed", CB_KV("error", result->message));
    }
}

/* Marks one key's rows; returns how many marks were taken from the front. */
static void mark_key(cb_shell *shell, uint32_t key)
{
    rt_out *out = &shell->out;
    char seqs[MARKS_PER_UPDATE * 21 + 2];
    size_t used = 0;
    uint32_t kept = 0;
    uint32_t taken = 0;
    for (uint32_t i = 0; i < out->marks_count; i++) {
        if (out->marks[i].key != key || taken == MARKS_PER_UPDATE) {
            out->marks[kept++] = out->marks[i];
            continue;
        }
        used += (size_t)snprintf(seqs + used,
            sizeof(seqs) - used,
            "%s%" PRIu64,
            taken++ > 0 ? "," : "{",
            out->marks[i].seq);
    }
    out->marks_count = kept;
    (void)snprintf(seqs + used, sizeof(seqs) - used, "}");
    cb_params_reset(&shell->params);
    cb_params_text(&shell->params, out->keys[key].key);
    cb_params_text(&shell->params, seqs);
    out->internal_queries++;
    cb_pg_query(shell->pg, SQL_MARK, &shell->params, on_marked, shell);
}

static void mark_all(cb_shell *shell)
{
    if (shell->out.marks_count > 0) {
        rt_redo_flush(shell); /* the rows are marked once they are there */
    }
    while (shell->out.marks_count > 0) {
        mark_key(shell, shell->out.marks[0].key);
    }
}

static void scan(cb_shell *shell);

void rt_out_puback(cb_shell *shell, const char *suffix, const cb_bus_message *message)
{
    rt_out *out = &shell->out;
    const char *dot = strchr(suffix, '.');
    uint64_t key = 0;
    uint64_t seq = 0;
    if (dot == NULL ||
        !cb_u64_parse((cb_strview){suffix, (size_t)(dot - suffix)}, RT_KEYS_MAX - 1, &key) ||
        !cb_u64_parse(cb_sv_from(dot + 1), UINT64_MAX, &seq)) {
        return;
    }
    static const char WORD[] = "\"error\"";
    if (cb_bus_message_header(message, "Status") != NULL ||
        memmem(message->bytes, message->size, WORD, sizeof(WORD) - 1) != NULL) {
        CB_LOG(shell->log,
            CB_LOG_WARN,
            "stream_refused",
            CB_KV("key", key < out->keys_count ? out->keys[key].key : "?"),
            CB_KI("seq", seq));
        return; /* the scan tries again */
    }
    rt_outstanding *waiting = find_waiting(out, (uint32_t)key, seq);
    if (waiting == NULL) {
        return; /* a replay's, or a second one */
    }
    if (FP("relay.after_ack")) {
        return;
    }
    if (out->marks_count == RT_MARKS_MAX) {
        mark_all(shell);
    }
    out->marks[out->marks_count++] = *waiting;
    *waiting = out->waiting[--out->waiting_count];
    scan(shell);
}

/* ---- scanning for what was not acknowledged ---- */

static bool is_marked(const rt_out *out, uint32_t key, uint64_t seq)
{
    for (uint32_t i = 0; i < out->marks_count; i++) {
        if (out->marks[i].key == key && out->marks[i].seq == seq) {
            return true;
        }
    }
    return false;
}

/* A row of the outbox as a message; the bytes go to shell->encoded. */
static bool row_to_message(cb_shell *shell, const cb_row *row, out_message *out)
{
    const rt_out_key *key = find_key(shell, cb_row_text(row, 0));
    if (key == NULL) {
        return false;
    }
    out->key = (uint32_t)(key - shell->out.keys);
    out->seq = (uint64_t)cb_row_i64(row, 1);
    out->subject = cb_row_text(row, 2);
    out->after = cb_row_text(row, 3);
    out->size = cb_row_bytes(row, 4, shell->encoded, sizeof(shell->encoded));
    out->bytes = shell->encoded;
    return out->size > 0 && out->size <= sizeof(shell->encoded);
}

static void on_scanned(void *context, const cb_result *result, const cb_row *const *rows)
{
    cb_shell *shell = context;
    rt_out *out = &shell->out;
    out->internal_queries--;
    out->is_scanning = false;
    if (result->status != CB_OK) {
        out->needs_scan = true;
        CB_LOG(shell->log, CB_LOG_WARN, "outbox_scan_failed", CB_KV("error", result->message));
        return;
    }
    for (int i = 0; i < result->rows_count; i++) {
        out_message message;
        if (!row_to_message(shell, rows[i], &message) ||
            message.seq > out->keys[message.key].committed_seq ||
            is_marked(out, message.key, message.seq) ||
            find_waiting(out, message.key, message.seq) != NULL) {
            continue;
        }
        send_and_wait(shell, &message);
    }
    if (result->rows_count == SCAN_ROWS) {
        out->needs_scan = true;
    }
}

static void scan(cb_shell *shell)
{
    rt_out *out = &shell->out;
    /* With nothing on its way, what the table calls unpublished is just what must be sent. */
    if (!out->needs_scan || out->is_scanning || out->waiting_count > 0 ||
        !cb_bus_is_up(shell->bus)) {
        return;
    }
    mark_all(shell);
    rt_redo_flush(shell);
    out->needs_scan = false;
    out->is_scanning = true;
    out->internal_queries++;
    cb_pg_query(shell->pg, SQL_SCAN, NULL, on_scanned, shell);
}

/* Forgets those that have waited too long; the scan sends them again. */
static void expire_waiting(cb_shell *shell, int64_t now_ns)
{
    rt_out *out = &shell->out;
    for (uint32_t i = 0; i < out->waiting_count;) {
        if (now_ns - out->waiting[i].sent_mono_ns < RESEND_AFTER_NS) {
            i++;
            continue;
        }
        out->waiting[i] = out->waiting[--out->waiting_count];
        out->needs_scan = true;
    }
}

void rt_out_tick(cb_shell *shell)
{
    if (shell->pg == NULL) {
        return;
    }
    expire_waiting(shell, cb_mono_ns());
    mark_all(shell);
    scan(shell);
}

void rt_out_bus_up(cb_shell *shell)
{
    shell->out.waiting_count = 0;
    shell->out.needs_scan = shell->pg != NULL;
}

/* ---- replays ---- */

static void on_replay_rows(void *context, const cb_result *result, const cb_row *const *rows)
{
    cb_shell *shell = context;
    shell->out.internal_queries--;
    if (result->status != CB_OK) {
        CB_LOG(shell->log, CB_LOG_WARN, "replay_failed", CB_KV("error", result->message));
        return;
    }
    for (int i = 0; i < result->rows_count; i++) {
        out_message message;
        if (row_to_message(shell, rows[i], &message) &&
            message.seq <= shell->out.keys[message.key].committed_seq &&
            send_message(shell, &message, true, NULL) == CB_OK) {
            cb_metric_add(shell->counts.replays_sent, 1);
        }
    }
}

void rt_out_replay(cb_shell *shell, const cb_replay *wanted)
{
    rt_out_key *key = find_key(shell, wanted->key);
    const int64_t now_ns = cb_mono_ns();
    if (shell->pg == NULL || key == NULL || wanted->from_seq > key->committed_seq ||
        (key->replayed_mono_ns != 0 && now_ns - key->replayed_mono_ns < REPLAY_PAUSE_NS)) {
        return;
    }
    key->replayed_mono_ns = now_ns;
    rt_regress_wanted(shell, key, wanted);
    CB_LOG(shell->log,
        CB_LOG_INFO,
        "replay",
        CB_KV("consumer", wanted->consumer),
        CB_KV("key", wanted->key),
        CB_KI("from_seq", wanted->from_seq));
    rt_redo_flush(shell);
    cb_params_reset(&shell->params);
    cb_params_text(&shell->params, key->key);
    cb_params_u64(&shell->params, wanted->from_seq);
    shell->out.internal_queries++;
    cb_pg_query(shell->pg, SQL_REPLAY, &shell->params, on_replay_rows, shell);
}
