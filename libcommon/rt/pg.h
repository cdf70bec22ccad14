/* PostgreSQL without blocking: prepared statements on one connection in pipeline mode, in order.
 * A lost connection ends the service (crash-only): recovery and first start are the same path. */
#ifndef CB_PG_H
#define CB_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "domain/fields.h"
#include "rt/loop.h"

#define CB_PARAMS_MAX 64
#define CB_PARAMS_TEXT_MAX (96 * 1024)

typedef struct cb_pg cb_pg;

/* Text-format parameters, in order. Overflow traps: bounds are known when a statement is written.
 */
typedef struct cb_params {
    uint32_t count;
    uint32_t used;
    const char *values[CB_PARAMS_MAX]; /* NULL = SQL NULL; point into text */
    char text[CB_PARAMS_TEXT_MAX];
} cb_params;

void cb_params_reset(cb_params *params);
void cb_params_i64(cb_params *params, int64_t value);
void cb_params_u64(cb_params *params, uint64_t value);
void cb_params_bool(cb_params *params, bool value);
void cb_params_text(cb_params *params, const char *text);
void cb_params_id(cb_params *params, cb_id id);                             /* none becomes NULL */
void cb_params_bytes(cb_params *params, const uint8_t *bytes, size_t size); /* bytea hex */
void cb_params_null(cb_params *params);

/* One row of an answer, valid during the callback. Columns by position; NULL reads as 0, "" or
 * none. */
typedef struct cb_row cb_row;
bool cb_row_is_null(const cb_row *row, int column);
int64_t cb_row_i64(const cb_row *row, int column);
bool cb_row_bool(const cb_row *row, int column);
const char *cb_row_text(const cb_row *row, int column);
cb_id cb_row_id(const cb_row *row, int column);
size_t cb_row_bytes(const cb_row *row, int column, uint8_t *out, size_t capacity);
/** Fills a struct from columns named like the description's fields (missing columns stay zero). */
CB_MUST_USE cb_status cb_row_body(const cb_row *row, const cb_desc *desc, void *body, cb_err *err);

/* The answer of one statement. */
typedef struct cb_result {
    cb_status status; /* CB_OK, CB_E_PEER with sqlstate, CB_E_UNKNOWN when the connection broke */
    char sqlstate[6];
    const char *message; /* [borrowed] */
    int64_t affected_count;
    int rows_count;
} cb_result;
typedef void (*cb_result_fn)(void *context, const cb_result *result, const cb_row *const *rows);

/** Blocking; for start-up and tools only. search_path is fixed to schema (and nothing else).
 *  loop may be NULL when only cb_pg_exec is used. */
cb_pg *cb_pg_open(cb_loop *loop, const char *dsn, const char *schema, cb_err *err);
void cb_pg_close(cb_pg *pg);

/** Blocking, start-up and recovery only: calls fn for each row (fn may be NULL). Rows are read one
 *  by one, so a table of any size costs no memory, and fn may not call cb_pg_exec (CB_E_STATE).
 *  params NULL: sql may hold several statements. There is no statement timeout here; queries and
 *  transactions have 2 s. */
CB_MUST_USE cb_status cb_pg_exec(cb_pg *pg,
    const char *sql,
    const cb_params *params,
    void (*fn)(void *context, const cb_row *row),
    void *context,
    cb_err *err);

/**
 * Queues one statement as its own transaction; fn is called from the loop when it is durable.
 * sql is a string constant and is prepared on first use [borrowed for ever]. Parameters are copied.
 */
void cb_pg_query(
    cb_pg *pg, const char *sql, const cb_params *params, cb_result_fn fn, void *context);

/* A transaction of several statements, sent as one pipeline batch. At most one is being built, but
 * lone queries may be sent meanwhile. All statements and the commit succeed together, or done gets
 * the first error; CB_E_UNKNOWN says that the connection broke before the outcome was known. What
 * was already sent behind a failed transaction fails too (25P02), so that no later effect is stored
 * without the earlier one. Several steps put into one transaction share its one disk flush. */
void cb_pg_begin(cb_pg *pg);
void cb_pg_add(cb_pg *pg, const char *sql, const cb_params *params);
/** As cb_pg_add with one callback for this statement's answer: after the commit, before done. */
void cb_pg_add_fn(
    cb_pg *pg, const char *sql, const cb_params *params, cb_result_fn fn, void *context);
void cb_pg_commit(cb_pg *pg, void (*done)(void *context, const cb_result *result), void *context);

/** Statements and transactions not answered yet. */
uint32_t cb_pg_pending(const cb_pg *pg);
bool cb_pg_is_up(const cb_pg *pg);
/** The server's process for this connection, also after it was lost. */
int cb_pg_backend_pid(const cb_pg *pg);
/** Called once when the connection is lost or a transaction's outcome is unknown, after the
 *  callbacks of everything that was on its way. Later queries are answered CB_E_UNAVAILABLE. */
void cb_pg_on_lost(cb_pg *pg, void (*fn)(void *context, const char *why), void *context);

#endif /* CB_PG_H */
