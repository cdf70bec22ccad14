/* The pipeline of a running service: statements go out without waiting for answers, and answers
 * come back in order. A group of items ends with a sync: a lone statement and its sync are one
 * implicit transaction, and a built transaction is BEGIN … COMMIT and one sync.
 *
 * Callbacks run when the group's sync has been answered and not before, because an implicit
 * transaction commits while the server handles the sync: earlier "success" is not yet durable.
 *
 * When a built transaction fails, the server stays in it until it is told to roll back. What was
 * already on its way behind it therefore fails too (25P02) and has no effect. That is wanted: a
 * core runs ahead of the database, so later effects must not be stored without the earlier ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "rt/pg_internal.h"

#define PG_ROWS_MAX (1 << 20)
#define PG_ENDS_MAX 3 /* ends of answers in a row that libpq may report: more is a fault */

static void fail_all(cb_pg *pg);

static pg_item *item_at(cb_pg *pg, uint32_t index)
{
    return &pg->items[index % PG_ITEMS_MAX];
}

/* An ordinary error means that nothing of its transaction happened. Of an error that ends the
 * session, or that libpq made up because the connection broke, nothing can be said. */
static cb_status error_status(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const bool is_ordinary = state != NULL && severity != NULL && strcmp(severity, "ERROR") == 0;
    return is_ordinary ? CB_E_PEER : CB_E_UNKNOWN;
}

/* Fills out from an error result; 26000 (no such prepared statement) gives way to its cause. */
static void describe_error(cb_pg *pg, const pg_item *item, const PGresult *result, cb_result *out)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    snprintf(out->sqlstate, sizeof(out->sqlstate), "%s", state != NULL ? state : "");
    snprintf(pg->error,
        sizeof(pg->error),
        "%s%s%s",
        primary != NULL ? primary : PQresultErrorMessage(result),
        detail != NULL ? "; " : "",
        detail != NULL ? detail : "");
    if (item->statement != NULL && strcmp(out->sqlstate, "26000") == 0 &&
        item->statement->error[0] != '\0') {
        snprintf(pg->error, sizeof(pg->error), "%s", item->statement->error);
    }
    out->status = error_status(result);
    out->message = pg->error;
}

static bool is_error(const PGresult *result)
{
    const ExecStatusType kind = PQresultStatus(result);
    return kind != PGRES_COMMAND_OK && kind != PGRES_TUPLES_OK && kind != PGRES_PIPELINE_SYNC;
}

/* The outcome of the group head … sync: its first real error, or success. */
static cb_result group_outcome(cb_pg *pg, uint32_t sync)
{
    cb_result out = {.status = CB_OK, .message = ""};
    for (uint32_t i = pg->head; i != sync + 1; i++) {
        const pg_item *item = item_at(pg, i);
        if (item->result == NULL || item->kind == PG_ITEM_PREPARE) {
            continue;
        }
        if (PQresultStatus(item->result) != PGRES_PIPELINE_ABORTED && is_error(item->result)) {
            describe_error(pg, item, item->result, &out);
            return out;
        }
        /* COMMIT of a failed transaction "succeeds" with the tag ROLLBACK. */
        if (item->kind == PG_ITEM_COMMIT && strcmp(PQcmdStatus(item->result), "COMMIT") != 0) {
            out.status = CB_E_PEER;
            out.message = "the transaction was rolled back";
            return out;
        }
    }
    return out;
}

static void reserve_rows(cb_pg *pg, int count)
{
    CB_ASSERT(count <= PG_ROWS_MAX);
    if (count <= pg->rows_capacity) {
        return;
    }
    const int capacity = count < 64 ? 64 : count * 2;
    free(pg->rows);
    free(pg->row_pointers);
    pg->rows = calloc((size_t)capacity, sizeof(pg->rows[0]));
    pg->row_pointers = calloc((size_t)capacity, sizeof(void *));
    CB_ASSERT(pg->rows != NULL);
    CB_ASSERT(pg->row_pointers != NULL);
    pg->rows_capacity = capacity;
}

static int64_t affected_count(PGresult *result)
{
    int64_t count = 0;
    for (const char *digit = PQcmdTuples(result); *digit >= '0' && *digit <= '9'; digit++) {
        count = count * 10 + (*digit - '0');
    }
    return count;
}

static void deliver_rows(cb_pg *pg, const pg_item *item)
{
    const int count = PQntuples(item->result);
    reserve_rows(pg, count);
    for (int i = 0; i < count; i++) {
        pg->rows[i] = (struct cb_row){item->result, i};
        pg->row_pointers[i] = &pg->rows[i];
    }
    const cb_result result = {.status = CB_OK,
        .message = "",
        .affected_count = affected_count(item->result),
        .rows_count = count};
    item->fn(item->context, &result, pg->row_pointers);
}

/* Tells everyone in the group head … sync and forgets it. */
static void group_deliver(cb_pg *pg, uint32_t sync, const cb_result *outcome)
{
    pg->is_delivering = true;
    for (; pg->head != sync; pg->head++) {
        const pg_item item = *item_at(pg, pg->head);
        if (item.fn != NULL && outcome->status == CB_OK) {
            deliver_rows(pg, &item);
        } else if (item.fn != NULL) {
            item.fn(item.context, outcome, NULL);
        }
        PQclear(item.result);
    }
    const pg_item last = *item_at(pg, sync);
    PQclear(last.result);
    pg->head = sync + 1;
    pg->pending_count -= last.is_counted ? 1 : 0;
    if (last.done != NULL) {
        last.done(last.context, outcome);
    }
    pg->is_delivering = false;
}

static bool group_is_transaction(cb_pg *pg)
{
    return item_at(pg, pg->head)->kind == PG_ITEM_BEGIN;
}

static void note_prepare(cb_pg *pg, pg_item *item)
{
    if (item->kind != PG_ITEM_PREPARE || !is_error(item->result)) {
        return;
    }
    cb_result why = {0};
    describe_error(pg, item, item->result, &why);
    snprintf(item->statement->error, sizeof(item->statement->error), "%.511s", pg->error);
    item->statement->is_prepared = false; /* the next use tries again */
}

static void group_answered(cb_pg *pg, uint32_t sync)
{
    const bool was_transaction = group_is_transaction(pg);
    const cb_result outcome = group_outcome(pg, sync);
    if (outcome.status != CB_OK && was_transaction && !pg->is_lost) {
        cb_pg_send_rollback(pg);
    }
    group_deliver(pg, sync, &outcome);
    if (pg->is_lost) {
        fail_all(pg); /* a callback found the connection broken */
    }
}

/* Takes one answer; NULL ends the answers of one statement. */
static void take_answer(cb_pg *pg, PGresult *result)
{
    const uint32_t index = pg->cursor;
    pg_item *item = item_at(pg, index);
    if (result == NULL) {
        if (item->result != NULL && item->kind != PG_ITEM_SYNC) {
            note_prepare(pg, item);
            pg->cursor++;
        }
        return;
    }
    if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
        CB_ASSERT(item->kind == PG_ITEM_SYNC);
        PQclear(result);
        pg->cursor++;
        group_answered(pg, index);
        return;
    }
    if (item->result == NULL) {
        item->result = result;
    } else {
        PQclear(result); /* the first answer of a statement tells */
    }
}

static void read_answers(cb_pg *pg)
{
    int ends_count = 0;
    while (!pg->is_lost && pg->cursor != pg->tail && PQisBusy(pg->conn) == 0) {
        PGresult *result = PQgetResult(pg->conn);
        ends_count = result == NULL ? ends_count + 1 : 0;
        if (ends_count > PG_ENDS_MAX) {
            cb_pg_lose(pg, "libpq's queue is out of step with ours");
            return;
        }
        take_answer(pg, result);
    }
    if (!pg->is_lost && PQstatus(pg->conn) != CONNECTION_OK) {
        cb_pg_lose(pg, PQerrorMessage(pg->conn));
    }
}

void cb_pg_on_ready(void *context, int fd, uint32_t events)
{
    cb_pg *pg = context;
    (void)fd;
    if ((events & (CB_WATCH_READ | CB_WATCH_ERROR)) != 0 && PQconsumeInput(pg->conn) != 1) {
        /* What arrived before the end may still hold answers. */
        read_answers(pg);
        cb_pg_lose(pg, PQerrorMessage(pg->conn));
        return;
    }
    if (pg->is_pipeline) {
        if (pg->wants_write) {
            cb_pg_flush(pg);
        }
        /* Also after a write: libpq may have read while it could not send. Parses notices too. */
        (void)PQisBusy(pg->conn);
        read_answers(pg);
    }
}

/* ---- the end ---- */

static uint32_t group_end(cb_pg *pg)
{
    uint32_t sync = pg->head;
    while (sync != pg->tail && item_at(pg, sync)->kind != PG_ITEM_SYNC) {
        sync++;
    }
    if (sync == pg->tail) {
        (void)cb_pg_push(pg, PG_ITEM_SYNC); /* the group that was being sent */
    }
    return sync;
}

/* Tells everyone who waits. Where no answer says otherwise the outcome is unknown. */
static void fail_all(cb_pg *pg)
{
    while (pg->head != pg->tail) {
        const uint32_t sync = group_end(pg);
        cb_result outcome = group_outcome(pg, sync);
        if (outcome.status == CB_OK) {
            outcome = (cb_result){.status = CB_E_UNKNOWN, .message = pg->why};
        }
        group_deliver(pg, sync, &outcome);
    }
    pg->cursor = pg->tail;
    void (*fn)(void *context, const char *why) = pg->lost_fn;
    pg->lost_fn = NULL;
    if (fn != NULL) {
        fn(pg->lost_context, pg->why);
    }
}

void cb_pg_lose(cb_pg *pg, const char *why)
{
    if (pg->is_lost) {
        return;
    }
    pg->is_lost = true;
    if (why[0] != '\0') {
        /* The last notice often says more ("terminating connection due to …") than "EOF". */
        char notice[PG_TEXT_MAX / 2];
        snprintf(notice, sizeof(notice), "%.255s", pg->why);
        snprintf(pg->why, sizeof(pg->why), "%s%.250s", notice, why);
    }
    cb_watch_remove(pg->watch);
    pg->watch = NULL;
    if (!pg->is_delivering) {
        fail_all(pg);
    }
}
