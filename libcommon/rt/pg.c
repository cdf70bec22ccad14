/* The PostgreSQL connection: opening it with fixed session settings, blocking statements for
 * start-up and recovery, and its end. The pipeline of the running service is in pg_pipeline.c.
 *
 * Settings are sent in the start-up packet, so no statement can run before they hold: the schema
 * is the whole search path, every commit is durable, no lock is awaited longer than 500 ms, and a
 * dead network path is noticed by keep-alives and the TCP user timeout. */
#include "rt/pg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "rt/pg_internal.h"

#define PG_CONNECT_TIMEOUT_S "5"
#define PG_SESSION                                                                                 \
    " -c synchronous_commit=on -c lock_timeout=500ms -c idle_in_transaction_session_timeout=10s"   \
    " -c bytea_output=hex -c extra_float_digits=1 -c TimeZone=UTC -c DateStyle=ISO"                \
    " -c standard_conforming_strings=on -c client_min_messages=warning"

/* Keeps the latest notice: a server that is going away says why in one before it hangs up. */
static void on_notice(void *context, const char *message)
{
    cb_pg *pg = context;
    snprintf(pg->why, sizeof(pg->why), "%s", message);
}

static bool is_plain_name(const char *name)
{
    const size_t size = strlen(name);
    return size > 0 && size < PG_SCHEMA_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == size;
}

static PGconn *pg_connect(const char *dsn, const char *schema)
{
    char options[512];
    snprintf(options, sizeof(options), "-c search_path=%s" PG_SESSION, schema);
    const char *const keys[] = {"dbname",
        "connect_timeout",
        "application_name",
        "client_encoding",
        "options",
        "keepalives_idle",
        "keepalives_interval",
        "keepalives_count",
        "tcp_user_timeout",
        NULL};
    const char *const values[] = {
        dsn, PG_CONNECT_TIMEOUT_S, schema, "UTF8", options, "5", "2", "3", "10000", NULL};
    return PQconnectdbParams(keys, values, 1); /* 1: dbname may be a whole connection string */
}

static cb_pg *pg_allocate(cb_loop *loop, const char *schema)
{
    cb_pg *pg = calloc(1, sizeof(*pg));
    CB_ASSERT(pg != NULL);
    pg->loop = loop;
    CB_ASSERT(cb_text_copy(pg->schema, sizeof(pg->schema), cb_sv_from(schema)));
    pg->items = calloc(PG_ITEMS_MAX, sizeof(pg->items[0]));
    pg->statements = calloc(PG_STATEMENTS_MAX, sizeof(pg->statements[0]));
    CB_ASSERT(pg->items != NULL);
    CB_ASSERT(pg->statements != NULL);
    return pg;
}

cb_pg *cb_pg_open(cb_loop *loop, const char *dsn, const char *schema, cb_err *err)
{
    if (!is_plain_name(schema)) {
        (void)CB_FAIL(err, CB_E_CONFIG, "PostgreSQL schema '%s' is not a plain name", schema);
        return NULL;
    }
    cb_pg *pg = pg_allocate(loop, schema);
    pg->conn = pg_connect(dsn, schema);
    if (pg->conn == NULL || PQstatus(pg->conn) != CONNECTION_OK) {
        const char *why = pg->conn != NULL ? PQerrorMessage(pg->conn) : "out of memory";
        (void)CB_FAIL(err, CB_E_UNAVAILABLE, "connecting to PostgreSQL: %s", why);
        cb_pg_close(pg);
        return NULL;
    }
    pg->backend_pid = PQbackendPID(pg->conn);
    PQsetNoticeProcessor(pg->conn, on_notice, pg);
    if (PQsetnonblocking(pg->conn, 1) != 0) {
        (void)CB_FAIL(err, CB_E_IO, "PostgreSQL connection: %s", PQerrorMessage(pg->conn));
        cb_pg_close(pg);
        return NULL;
    }
    return pg;
}

void cb_pg_close(cb_pg *pg)
{
    if (pg == NULL) {
        return;
    }
    cb_watch_remove(pg->watch);
    for (; pg->head != pg->tail; pg->head++) {
        PQclear(pg->items[pg->head % PG_ITEMS_MAX].result);
    }
    PQfinish(pg->conn);
    for (size_t i = 0; i < PG_STATEMENTS_MAX; i++) {
        free(pg->statements[i].text);
    }
    free(pg->items);
    free(pg->statements);
    free(pg->build);
    free(pg->rows);
    free(pg->row_pointers);
    free(pg);
}

int cb_pg_backend_pid(const cb_pg *pg)
{
    return pg->backend_pid;
}

bool cb_pg_is_up(const cb_pg *pg)
{
    return !pg->is_lost;
}

uint32_t cb_pg_pending(const cb_pg *pg)
{
    return pg->pending_count;
}

void cb_pg_on_lost(cb_pg *pg, void (*fn)(void *context, const char *why), void *context)
{
    pg->lost_fn = fn;
    pg->lost_context = context;
}

cb_status cb_pg_fail(const cb_pg *pg, const PGresult *result, cb_err *err)
{
    if (PQstatus(pg->conn) != CONNECTION_OK) {
        return CB_FAIL(
            err, CB_E_UNKNOWN, "PostgreSQL connection lost: %s", PQerrorMessage(pg->conn));
    }
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    return CB_FAIL(err,
        CB_E_PEER,
        "PostgreSQL %s: %s%s%s%s%s",
        state != NULL ? state : "?????",
        primary != NULL ? primary : PQresultErrorMessage(result),
        detail != NULL ? "; " : "",
        detail != NULL ? detail : "",
        position != NULL ? ", at character " : "",
        position != NULL ? position : "");
}

/* Reads the answers of a blocking statement row by row, so that recovery needs no memory for the
 * whole of a large table. */
static cb_status read_rows(
    cb_pg *pg, void (*fn)(void *context, const cb_row *row), void *context, cb_err *err)
{
    cb_status status = CB_OK;
    PGresult *result = NULL;
    while ((result = PQgetResult(pg->conn)) != NULL) {
        const ExecStatusType kind = PQresultStatus(result);
        const bool is_good =
            kind == PGRES_SINGLE_TUPLE || kind == PGRES_TUPLES_OK || kind == PGRES_COMMAND_OK;
        if (!is_good && status == CB_OK) {
            status = cb_pg_fail(pg, result, err);
        }
        if (kind == PGRES_SINGLE_TUPLE && fn != NULL && status == CB_OK) {
            fn(context, &(cb_row){result, 0});
        }
        PQclear(result);
        if (PQstatus(pg->conn) != CONNECTION_OK) {
            break;
        }
    }
    return status;
}

cb_status cb_pg_exec(cb_pg *pg,
    const char *sql,
    const cb_params *params,
    void (*fn)(void *context, const cb_row *row),
    void *context,
    cb_err *err)
{
    if (pg->is_executing) {
        return CB_FAIL(err, CB_E_STATE, "cb_pg_exec inside the row callback of another");
    }
    const cb_status left = cb_pg_leave_pipeline(pg, err);
    if (left != CB_OK) {
        return left;
    }
    /* Without parameters the simple protocol takes several statements, as migrations need. */
    const int sent =
        params == NULL
            ? PQsendQuery(pg->conn, sql)
            : PQsendQueryParams(
                  pg->conn, sql, (int)params->count, NULL, params->values, NULL, NULL, 0);
    if (sent != 1) {
        cb_pg_lose(pg, PQerrorMessage(pg->conn));
        return CB_FAIL(err, CB_E_UNKNOWN, "PostgreSQL: %s", pg->why);
    }
    CB_MAYBE(PQsetSingleRowMode(pg->conn) == 1);
    pg->is_executing = true;
    const cb_status status = read_rows(pg, fn, context, err);
    pg->is_executing = false;
    if (PQstatus(pg->conn) != CONNECTION_OK) {
        cb_pg_lose(pg, PQerrorMessage(pg->conn));
    }
    return status;
}
