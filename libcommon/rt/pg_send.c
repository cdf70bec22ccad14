/* Sending into the pipeline: entering and leaving it, the cache of prepared statements, and single
 * items. Which items make a group is decided by the callers (pg_build.c); answers come back in
 * pg_pipeline.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "rt/pg_internal.h"

#define PG_STATEMENT_TIMEOUT "SET statement_timeout = '2s'"
#define PG_NO_TIMEOUT "SET statement_timeout = 0"

static const char SQL_BEGIN[] = "BEGIN";
static const char SQL_COMMIT[] = "COMMIT";
static const char SQL_ROLLBACK[] = "ROLLBACK";

static pg_item *item_at(cb_pg *pg, uint32_t index)
{
    return &pg->items[index % PG_ITEMS_MAX];
}

pg_item *cb_pg_push(cb_pg *pg, pg_item_kind kind)
{
    CB_ASSERT(pg->tail - pg->head < PG_ITEMS_MAX);
    pg_item *item = item_at(pg, pg->tail++);
    *item = (pg_item){.kind = kind};
    return item;
}

/* ---- entering and leaving ---- */

static cb_status exec_setting(cb_pg *pg, const char *sql, cb_err *err)
{
    PGresult *result = PQexec(pg->conn, sql);
    const cb_status status =
        PQresultStatus(result) == PGRES_COMMAND_OK ? CB_OK : cb_pg_fail(pg, result, err);
    PQclear(result);
    return status;
}

bool cb_pg_enter_pipeline(cb_pg *pg)
{
    if (pg->is_lost) {
        return false;
    }
    if (pg->is_pipeline) {
        return true;
    }
    CB_ASSERT(!pg->is_executing);
    CB_ASSERT(pg->loop != NULL);
    cb_err err;
    if (exec_setting(pg, PG_STATEMENT_TIMEOUT, &err) != CB_OK ||
        PQenterPipelineMode(pg->conn) != 1) {
        cb_pg_lose(pg, PQerrorMessage(pg->conn));
        return false;
    }
    pg->is_pipeline = true;
    if (pg->watch == NULL) {
        pg->watch =
            cb_loop_watch(pg->loop, PQsocket(pg->conn), CB_WATCH_READ, cb_pg_on_ready, pg, &err);
        CB_ASSERT(pg->watch != NULL);
    }
    return true;
}

cb_status cb_pg_leave_pipeline(cb_pg *pg, cb_err *err)
{
    if (pg->is_lost) {
        return CB_FAIL(err, CB_E_UNAVAILABLE, "PostgreSQL connection lost: %s", pg->why);
    }
    if (pg->head != pg->tail || pg->is_building) {
        return CB_FAIL(err, CB_E_STATE, "a blocking statement while others are on their way");
    }
    if (!pg->is_pipeline) {
        return CB_OK;
    }
    if (PQexitPipelineMode(pg->conn) != 1) {
        return CB_FAIL(err, CB_E_STATE, "leaving pipeline mode: %s", PQerrorMessage(pg->conn));
    }
    pg->is_pipeline = false;
    return exec_setting(pg, PG_NO_TIMEOUT, err);
}

/* ---- sending ---- */

static void watch_writable(cb_pg *pg, bool wants_write)
{
    if (pg->wants_write != wants_write) {
        pg->wants_write = wants_write;
        cb_watch_change(pg->watch, CB_WATCH_READ | (wants_write ? CB_WATCH_WRITE : 0U));
    }
}

void cb_pg_flush(cb_pg *pg)
{
    if (pg->is_lost) {
        return;
    }
    const int left = PQflush(pg->conn);
    if (left < 0) {
        cb_pg_lose(pg, PQerrorMessage(pg->conn));
        return;
    }
    watch_writable(pg, left == 1);
}

/* Room for one whole group more; without it the server does not keep up and the service must not
 * pile up work: the connection counts as lost. */
static bool has_room(cb_pg *pg)
{
    if (pg->tail - pg->head + 8 <= PG_ITEMS_MAX) {
        return true;
    }
    cb_pg_lose(pg, "the pipeline is full: the server does not keep up");
    return false;
}

static pg_statement *statement_slot(cb_pg *pg, const char *sql)
{
    const uintptr_t key = (uintptr_t)sql;
    uint32_t index = (uint32_t)((key >> 3) * 2654435761U) % PG_STATEMENTS_MAX;
    for (uint32_t i = 0; i < PG_STATEMENTS_MAX; i++) {
        pg_statement *slot = &pg->statements[index];
        if (slot->sql == sql || slot->sql == NULL) {
            return slot;
        }
        index = (index + 1) % PG_STATEMENTS_MAX;
    }
    return NULL;
}

static void statement_name(const pg_statement *statement, char out[16])
{
    snprintf(out, 16, "s%u", statement->number);
}

/* The cached entry of sql, made when it is new; NULL when the cache is full. */
static pg_statement *statement_entry(cb_pg *pg, const char *sql)
{
    pg_statement *slot = statement_slot(pg, sql);
    if (slot == NULL) {
        return NULL;
    }
    if (slot->sql == NULL) {
        /* One place stays free, so that searching ends. */
        if (pg->statements_count + 1 >= PG_STATEMENTS_MAX) {
            return NULL;
        }
        slot->sql = sql;
        pg->statements_count++;
    }
    if (slot->text == NULL || strcmp(slot->text, sql) != 0) {
        free(slot->text);
        slot->text = strdup(sql);
        CB_ASSERT(slot->text != NULL);
        slot->number = ++pg->names_count;
        slot->is_prepared = false;
    }
    return slot;
}

pg_statement *cb_pg_statement(cb_pg *pg, const char *sql)
{
    pg_statement *statement = statement_entry(pg, sql);
    if (statement == NULL || statement->is_prepared) {
        return statement;
    }
    /* Preparing is a group of its own: a failing transaction cannot undo it. */
    char name[16];
    statement_name(statement, name);
    if (!has_room(pg)) {
        return NULL;
    }
    if (PQsendPrepare(pg->conn, name, sql, 0, NULL) != 1) {
        cb_pg_lose(pg, PQerrorMessage(pg->conn));
        return NULL;
    }
    cb_pg_push(pg, PG_ITEM_PREPARE)->statement = statement;
    statement->is_prepared = true;
    statement->error[0] = '\0';
    return cb_pg_send_sync(pg, false, NULL, NULL) ? statement : NULL;
}

cb_status cb_pg_prepare(cb_pg *pg, const char *sql, cb_err *err)
{
    const cb_status left = cb_pg_leave_pipeline(pg, err);
    if (left != CB_OK) {
        return left;
    }
    pg_statement *statement = statement_entry(pg, sql);
    char name[16] = ""; /* the unnamed statement: only a check of what is prepared already */
    const bool is_new = statement != NULL && !statement->is_prepared;
    if (is_new) {
        statement_name(statement, name);
    }
    PGresult *result = PQprepare(pg->conn, name, sql, 0, NULL);
    const cb_status status =
        PQresultStatus(result) == PGRES_COMMAND_OK ? CB_OK : cb_pg_fail(pg, result, err);
    PQclear(result);
    if (is_new) {
        statement->is_prepared = status == CB_OK;
    }
    return status;
}

static bool send_prepared(
    cb_pg *pg, const pg_statement *statement, int count, const char *const *values)
{
    char name[16];
    statement_name(statement, name);
    return PQsendQueryPrepared(pg->conn, name, count, values, NULL, NULL, 0) == 1;
}

bool cb_pg_send_statement(cb_pg *pg,
    pg_statement *statement,
    const char *sql,
    int count,
    const char *const *values,
    cb_result_fn fn,
    void *context)
{
    if (pg->is_lost || !has_room(pg)) {
        return false;
    }
    const bool is_sent =
        statement != NULL
            ? send_prepared(pg, statement, count, values)
            : PQsendQueryParams(pg->conn, sql, count, NULL, values, NULL, NULL, 0) == 1;
    if (!is_sent) {
        cb_pg_lose(pg, PQerrorMessage(pg->conn));
        return false;
    }
    pg_item *item = cb_pg_push(pg, PG_ITEM_STATEMENT);
    item->statement = statement;
    item->fn = fn;
    item->context = context;
    return true;
}

static bool send_fixed(cb_pg *pg, const char *sql, pg_item_kind kind)
{
    pg_statement *statement = cb_pg_statement(pg, sql);
    if (!cb_pg_send_statement(pg, statement, sql, 0, NULL, NULL, NULL)) {
        return false;
    }
    item_at(pg, pg->tail - 1)->kind = kind;
    return true;
}

/* The place where a later change asks for pg_current_xact_id(), to settle unknown commits. */
bool cb_pg_send_begin(cb_pg *pg)
{
    /* COMMIT is prepared here, before the group: a preparing inside it would end the group. */
    (void)cb_pg_statement(pg, SQL_COMMIT);
    return send_fixed(pg, SQL_BEGIN, PG_ITEM_BEGIN);
}

bool cb_pg_send_commit(cb_pg *pg)
{
    return send_fixed(pg, SQL_COMMIT, PG_ITEM_COMMIT);
}

bool cb_pg_send_sync(
    cb_pg *pg, bool is_counted, void (*done)(void *context, const cb_result *result), void *context)
{
    if (PQpipelineSync(pg->conn) != 1) {
        cb_pg_lose(pg, PQerrorMessage(pg->conn));
        return false;
    }
    pg_item *item = cb_pg_push(pg, PG_ITEM_SYNC);
    item->done = done;
    item->context = context;
    item->is_counted = is_counted;
    pg->pending_count += is_counted ? 1 : 0;
    return true;
}

/* Ends the failed transaction block on the server; see the head of pg_pipeline.c. */
void cb_pg_send_rollback(cb_pg *pg)
{
    if (PQsendQueryParams(pg->conn, SQL_ROLLBACK, 0, NULL, NULL, NULL, NULL, 0) != 1) {
        cb_pg_lose(pg, PQerrorMessage(pg->conn));
        return;
    }
    (void)cb_pg_push(pg, PG_ITEM_ROLLBACK);
    if (cb_pg_send_sync(pg, false, NULL, NULL)) {
        cb_pg_flush(pg);
    }
}
