/* The step log of a service that has one. Most statements of a step are not what its effects wait
 * for: they are put into one row of the log, which is written in the step's transaction, and are
 * carried out in the tables themselves a moment later, several steps at once. Durable is what is in
 * the log; who reads the tables through this service has them brought up to date first
 * (cb_shell_pg); and the next start carries out what the log has and the tables have not, before it
 * reads anything.
 *
 * Statements that guard what leaves, or that others read at once, are not put off: the fence, the
 * tables that the service calls eager, claims. Which groups go through the log is decided in
 * service_txn.c; here is how. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/timefmt.h"
#include "rt/failpoint.h"
#include "rt/service_internal.h"

#define TABLES_AFTER_NS (20 * CB_NS_PER_MS)
#define PART_BYTES ((size_t)7000)      /* fits a page of PostgreSQL beside the head of the row */
#define LOGGED_MAX (4 * PART_BYTES)    /* of one group; a larger one is written straight away */
#define LATER_MAX ((size_t)512 * 1024) /* then the tables are brought up to date at once */
#define UNDONE_MAX ((size_t)64 << 20)  /* log that a start can find */
#define TEXTS_MAX 128
#define WAIT_NS (100 * CB_NS_PER_MS)

static const char SQL_LOG[] = "INSERT INTO redo (n, part, body) VALUES ($1, $2, $3)";
static const char SQL_MARK[] = "UPDATE redo_mark SET n = $1::bigint WHERE n < $1::bigint";
static const char SQL_FIRST[] =
    "INSERT INTO redo_mark (is_only, n) VALUES (true, 0) ON CONFLICT (is_only) DO NOTHING";
static const char SQL_MARKED[] = "SELECT n FROM redo_mark";
static const char SQL_UNDONE[] =
    "SELECT r.n, r.body FROM redo r WHERE r.n > (SELECT m.n FROM redo_mark m) ORDER BY r.n, r.part";
static const char SQL_TEXT[] =
    "INSERT INTO redo_sql (id, text) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
static const char SQL_TEXTS[] = "SELECT id, text FROM redo_sql";

/* A statement in the log: this, then its values as rt_record_next reads them. */
typedef struct logged_head {
    int64_t text_id;
    uint32_t values_count;
    uint32_t size;
} logged_head;

static int64_t text_id(const char *sql)
{
    return (int64_t)cb_hash_text(CB_HASH_SEED, sql);
}

bool rt_redo_is_eager(const cb_shell *shell, uint32_t table)
{
    CB_ASSERT(table < 64);
    return (shell->service->eager_tables >> table & 1U) != 0;
}

/* ---- writing the log ---- */

/* Bytes that the group's statements take in the log; 0 when there is nothing to put off. */
static size_t logged_size(const rt_txn *txn)
{
    size_t size = 0;
    rt_record record;
    for (size_t at = 0; rt_record_next(&txn->statements, &at, &record);) {
        size += record.is_later ? sizeof(logged_head) + record.size : 0;
    }
    return size;
}

bool rt_redo_takes(const cb_shell *shell, const rt_txn *txn)
{
    /* In lockstep the market waits until all is stored, and after a crash each message has a
     * transaction of its own, so that the one to blame is known. */
    if (!shell->redo.is_open || shell->is_lockstep || shell->phase != RT_RUNNING ||
        !txn->is_urgent || rt_crash_is_careful(shell)) {
        return false;
    }
    const size_t size = logged_size(txn);
    return size > 0 && size <= LOGGED_MAX;
}

static size_t encode_later(const rt_txn *txn, uint8_t out[LOGGED_MAX])
{
    size_t used = 0;
    rt_record record;
    for (size_t at = 0; rt_record_next(&txn->statements, &at, &record);) {
        if (record.is_later) {
            const logged_head head = {text_id(record.sql), record.values_count, record.size};
            CB_ASSERT(used + sizeof(head) + record.size <= LOGGED_MAX);
            memcpy(out + used, &head, sizeof(head));
            memcpy(out + used + sizeof(head), record.values, record.size);
            used += sizeof(head) + record.size;
        }
    }
    return used;
}

static uint32_t put_part(cb_shell *shell, const uint8_t *bytes, size_t size, uint32_t part)
{
    const size_t from = (size_t)part * PART_BYTES;
    const size_t left = size - from;
    const size_t taken = left < PART_BYTES ? left : PART_BYTES;
    cb_params *params = &shell->redo.params;
    cb_params_reset(params);
    cb_params_u64(params, shell->redo.n);
    cb_params_u64(params, part);
    cb_params_bytes(params, bytes + from, taken);
    return (uint32_t)taken;
}

uint64_t rt_redo_write(cb_shell *shell, const rt_txn *txn, cb_result_fn alone_fn)
{
    uint8_t bytes[LOGGED_MAX];
    const size_t size = encode_later(txn, bytes);
    CB_ASSERT(size > 0);
    shell->redo.n++;
    if (alone_fn != NULL && size <= PART_BYTES) {
        (void)put_part(shell, bytes, size, 0);
        cb_pg_query(shell->pg, SQL_LOG, &shell->redo.params, alone_fn, shell);
        return shell->redo.n;
    }
    CB_ASSERT(alone_fn == NULL);
    uint32_t part = 0;
    for (size_t written = 0; written < size; part++) {
        written += put_part(shell, bytes, size, part);
        cb_pg_add(shell->pg, SQL_LOG, &shell->redo.params);
    }
    return shell->redo.n;
}

bool rt_redo_is_alone(const cb_shell *shell, const rt_txn *txn)
{
    if (shell->service->lease != NULL || cb_failpoints_armed || logged_size(txn) > PART_BYTES) {
        return false;
    }
    rt_record record;
    for (size_t at = 0; rt_record_next(&txn->statements, &at, &record);) {
        if (!record.is_later) {
            return false;
        }
    }
    return true;
}

/* ---- acknowledgements: never before the inbox row itself is there ---- */

typedef struct ack_head {
    uint64_t flush; /* sent when so many flushes have committed */
    uint64_t size;  /* of the subject, with its NUL, rounded up */
} ack_head;

static void send_ack(cb_shell *shell, const char *subject)
{
    /* A lost acknowledgement only brings the message again. */
    CB_MAYBE(cb_bus_publish(shell->bus, subject, "", "+ACK", 4, NULL) == CB_OK);
}

void rt_redo_ack(cb_shell *shell, const char *subject)
{
    rt_redo *redo = &shell->redo;
    if (redo->later_count == 0 && redo->on_way_count == 0) {
        send_ack(shell, subject);
        return;
    }
    const size_t size = (strlen(subject) + 16) & ~(size_t)15;
    const ack_head head = {redo->flushes_count + (redo->later_count > 0 ? 1 : 0), size};
    uint8_t *at = rt_buffer_take(&redo->acks, sizeof(head) + size);
    memcpy(at, &head, sizeof(head));
    memcpy(at + sizeof(head), subject, strlen(subject) + 1);
}

static void send_acks(cb_shell *shell)
{
    rt_redo *redo = &shell->redo;
    const uint64_t done = redo->flushes_count - redo->on_way_count;
    while (redo->acks_at < redo->acks.used) {
        ack_head head;
        memcpy(&head, redo->acks.bytes + redo->acks_at, sizeof(head));
        if (head.flush > done) {
            return;
        }
        send_ack(shell, (const char *)redo->acks.bytes + redo->acks_at + sizeof(head));
        redo->acks_at += sizeof(head) + head.size;
    }
    redo->acks.used = 0;
    redo->acks_at = 0;
}

/* ---- bringing the tables up to date ---- */

static void on_tables(void *context, const cb_result *result)
{
    cb_shell *shell = context;
    shell->redo.on_way_count--;
    if (result->status != CB_OK) {
        CB_LOG(shell->log,
            CB_LOG_ERROR,
            "tables_failed",
            CB_KV("code", cb_status_name(result->status)),
            CB_KV("sqlstate", result->sqlstate),
            CB_KV("error", result->message));
        cb_shell_die(shell, "tables_failed", result->message);
    }
    send_acks(shell);
}

static void put_mark(cb_shell *shell, uint64_t n)
{
    cb_params_reset(&shell->redo.params);
    cb_params_u64(&shell->redo.params, n);
    cb_pg_add(shell->pg, SQL_MARK, &shell->redo.params);
}

void rt_redo_flush(cb_shell *shell)
{
    rt_redo *redo = &shell->redo;
    if (redo->later_count == 0) {
        return;
    }
    cb_pg_begin(shell->pg);
    rt_txn_fence(shell, &redo->params);
    rt_record record;
    for (size_t at = 0; rt_record_next(&redo->later, &at, &record);) {
        rt_record_params(&record, &redo->params);
        cb_pg_add(shell->pg, record.sql, &redo->params);
    }
    put_mark(shell, redo->later_n);
    redo->later.used = 0;
    redo->later_count = 0;
    redo->on_way_count++;
    redo->flushes_count++;
    cb_pg_commit(shell->pg, on_tables, shell);
}

static void on_timer(void *context)
{
    cb_shell *shell = context;
    shell->redo.is_waiting = false;
    rt_redo_flush(shell);
}

void rt_redo_committed(cb_shell *shell, const rt_txn *txn)
{
    rt_redo *redo = &shell->redo;
    rt_record record;
    for (size_t at = 0; rt_record_next(&txn->statements, &at, &record);) {
        if (record.is_later) {
            rt_record_copy(&redo->later, &record);
            redo->later_count++;
        }
    }
    redo->later_n = txn->redo_n;
    if (redo->later.used > LATER_MAX) {
        rt_redo_flush(shell);
    } else if (!redo->is_waiting) {
        redo->is_waiting = true;
        if (redo->timer == NULL) {
            redo->timer = cb_loop_timer(shell->loop, TABLES_AFTER_NS, 0, on_timer, shell);
            CB_ASSERT(redo->timer != NULL);
        } else {
            cb_timer_reset(redo->timer, TABLES_AFTER_NS);
        }
    }
}

bool rt_redo_is_idle(const cb_shell *shell)
{
    return shell->redo.later_count == 0;
}

void rt_redo_release(cb_shell *shell)
{
    cb_timer_remove(shell->redo.timer);
    free(shell->redo.later.bytes);
    free(shell->redo.acks.bytes);
}

/* ---- at the start ---- */

/* What the log has and the tables have not. */
typedef struct undone {
    cb_shell *shell;
    rt_buffer bytes; /* bodies in a row, whole rows of the log */
    uint64_t n;
    struct {
        int64_t id;
        char *sql; /* [owned] */
    } texts[TEXTS_MAX];
    uint32_t texts_count;
    bool is_bad;
    bool is_answered;
    cb_status status;
    char why[256];
} undone;

static void take_mark(void *context, const cb_row *row)
{
    undone *self = context;
    self->shell->redo.n = (uint64_t)cb_row_i64(row, 0);
}

static void take_body(void *context, const cb_row *row)
{
    undone *self = context;
    uint8_t part[PART_BYTES];
    const size_t size = cb_row_bytes(row, 1, part, sizeof(part));
    if (size == 0 || size > sizeof(part) || self->bytes.used + size > UNDONE_MAX) {
        self->is_bad = true;
        return;
    }
    rt_buffer_put(&self->bytes, part, size);
    self->shell->redo.n = (uint64_t)cb_row_i64(row, 0);
}

static void take_text(void *context, const cb_row *row)
{
    undone *self = context;
    if (self->texts_count == TEXTS_MAX) {
        self->is_bad = true;
        return;
    }
    self->texts[self->texts_count].id = cb_row_i64(row, 0);
    self->texts[self->texts_count].sql = strdup(cb_row_text(row, 1));
    CB_ASSERT(self->texts[self->texts_count].sql != NULL);
    self->texts_count++;
}

static const char *find_text(const undone *self, int64_t id)
{
    for (uint32_t i = 0; i < self->texts_count; i++) {
        if (self->texts[i].id == id) {
            return self->texts[i].sql;
        }
    }
    return NULL;
}

static bool next_logged(const undone *self, size_t *at, rt_record *out)
{
    logged_head head;
    if (self->bytes.used - *at < sizeof(head)) {
        return false;
    }
    memcpy(&head, self->bytes.bytes + *at, sizeof(head));
    if (head.size > self->bytes.used - *at - sizeof(head)) {
        return false;
    }
    *out = (rt_record){.sql = find_text(self, head.text_id),
        .values = self->bytes.bytes + *at + sizeof(head),
        .values_count = head.values_count,
        .size = head.size};
    *at += sizeof(head) + head.size;
    return out->sql != NULL && rt_record_is_whole(out);
}

static void on_redone(void *context, const cb_result *result)
{
    undone *self = context;
    self->is_answered = true;
    self->status = result->status;
    (void)snprintf(self->why, sizeof(self->why), "%s", result->message);
}

/* All of it in one transaction; false: it cannot be read. */
static bool send_undone(undone *self, uint32_t *count)
{
    cb_shell *shell = self->shell;
    rt_record record;
    size_t at = 0;
    *count = 0;
    cb_pg_begin(shell->pg);
    rt_txn_fence(shell, &shell->redo.params);
    while (next_logged(self, &at, &record)) {
        rt_record_params(&record, &shell->redo.params);
        cb_pg_add(shell->pg, record.sql, &shell->redo.params);
        (*count)++;
    }
    put_mark(shell, shell->redo.n);
    const bool is_whole = at == self->bytes.used;
    if (!is_whole) {
        cb_pg_add(shell->pg, "SELECT 1/0", NULL); /* nothing of it then */
    }
    cb_pg_commit(shell->pg, on_redone, self);
    return is_whole;
}

static cb_status carry_out(undone *self, cb_err *err)
{
    cb_shell *shell = self->shell;
    uint32_t count = 0;
    if (self->bytes.used == 0) {
        return CB_OK;
    }
    const bool is_whole = send_undone(self, &count);
    while (!self->is_answered) {
        CB_MAYBE(rt_turn(shell, WAIT_NS)); /* an asked end waits; a statement takes 2 s at most */
    }
    if (!is_whole) {
        return CB_FAIL(
            err, CB_E_CORRUPT, "the step log cannot be read up to %" PRIu64, shell->redo.n);
    }
    if (self->status != CB_OK) {
        return CB_FAIL(
            err, self->status, "the step log up to %" PRIu64 ": %s", shell->redo.n, self->why);
    }
    CB_LOG(
        shell->log, CB_LOG_INFO, "redone", CB_KI("n", shell->redo.n), CB_KI("statements", count));
    return CB_OK;
}

/* The texts that this program puts into its log. */
static cb_status register_text(cb_shell *shell, const char *sql, cb_err *err)
{
    cb_params_reset(&shell->redo.params);
    cb_params_i64(&shell->redo.params, text_id(sql));
    cb_params_text(&shell->redo.params, sql);
    return cb_pg_exec(shell->pg, SQL_TEXT, &shell->redo.params, NULL, NULL, err);
}

static cb_status register_texts(cb_shell *shell, cb_err *err)
{
    cb_status status = register_text(shell, rt_sql_inbox, err);
    if (status == CB_OK) {
        status = register_text(shell, rt_sql_outbox, err);
    }
    for (uint32_t i = 0; status == CB_OK && i < shell->service->tables_count; i++) {
        if (shell->service->tables[i].mode != CB_STORE_HISTORY && !rt_redo_is_eager(shell, i)) {
            status = register_text(shell, cb_store_sql(shell->store, i), err);
        }
    }
    return status;
}

static cb_status read_undone(undone *self, cb_err *err)
{
    cb_pg *pg = self->shell->pg;
    cb_status status = cb_pg_exec(pg, SQL_FIRST, NULL, NULL, NULL, err);
    if (status == CB_OK) {
        status = cb_pg_exec(pg, SQL_MARKED, NULL, take_mark, self, err);
    }
    if (status == CB_OK) {
        status = cb_pg_exec(pg, SQL_UNDONE, NULL, take_body, self, err);
    }
    if (status == CB_OK && self->bytes.used > 0) {
        status = cb_pg_exec(pg, SQL_TEXTS, NULL, take_text, self, err);
    }
    return status == CB_OK && self->is_bad
               ? CB_FAIL(err, CB_E_CORRUPT, "the step log holds what no program wrote")
               : status;
}

cb_status rt_redo_recover(cb_shell *shell, cb_err *err)
{
    undone *self = calloc(1, sizeof(*self));
    CB_ASSERT(self != NULL);
    self->shell = shell;
    cb_status status = read_undone(self, err);
    if (status == CB_OK) {
        status = carry_out(self, err);
    }
    if (status == CB_OK && shell->service->has_step_log) {
        status = register_texts(shell, err);
        shell->redo.is_open = status == CB_OK;
    }
    for (uint32_t i = 0; i < self->texts_count; i++) {
        free(self->texts[i].sql);
    }
    free(self->bytes.bytes);
    free(self);
    return status;
}
