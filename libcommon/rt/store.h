/* Writing bodies into tables by their field description: no INSERT is written by hand.
 * Columns are the description's field names; an embedded envelope becomes the columns event_id,
 * causation_id, correlation_id, epoch, seq, ts_ns, origin_ns; other MSG and REP fields become
 * jsonb. rt/store makes and caches the SQL. */
#ifndef CB_STORE_H
#define CB_STORE_H

#include "base/err.h"
#include "domain/fields.h"
#include "rt/pg.h"

typedef enum cb_store_mode {
    CB_STORE_INSERT, /* durable, in the step's transaction; a conflict is a bug and ends the service
                      */
    CB_STORE_UPSERT, /* durable; ON CONFLICT (key) DO UPDATE of the other columns */
    CB_STORE_HISTORY /* batched within 200 ms, outside the step's transaction, ON CONFLICT DO
                        NOTHING; for market history: a lost batch is counted and repaired from the
                        venue */
} cb_store_mode;

typedef struct cb_table {
    const char *name; /* in the service's schema */
    const cb_desc *desc;
    cb_store_mode mode;
    const char *key; /* UPSERT: "intent_id" or "account,symbol" */
} cb_table;

/* The SQL of one service's tables, made once at start. */
typedef struct cb_store cb_store;

/** tables [borrowed until destroy]. CB_E_CONFIG when a key names no field of its description. */
cb_store *cb_store_create(const cb_table *tables, size_t count, cb_err *err);
void cb_store_destroy(cb_store *store);

/** The INSERT of a table, ON CONFLICT by its mode; [borrowed until destroy] and never changing, so
 *  that it may be prepared once. Parameters in the order of cb_store_params. */
const char *cb_store_sql(const cb_store *store, uint32_t table);
/** Resets params and fills them from a body. */
void cb_store_params(const cb_store *store, uint32_t table, const void *body, cb_params *params);

/**
 * Blocking, at start: every table has every column of its description in its type, and its
 * statements can be planned (which proves the key of an UPSERT and our right to insert).
 *
 * @return CB_OK; CB_E_CONFIG naming table and column; CB_E_PEER.
 */
CB_MUST_USE cb_status cb_store_check(const cb_store *store, cb_pg *pg, cb_err *err);
/** CREATE TABLE as the description wants it, for tests and for writing a migration. */
size_t cb_store_ddl(const cb_store *store, uint32_t table, char *out, size_t capacity);

/** HISTORY tables: rows are collected and written in batches within 200 ms over pg. */
void cb_store_history_open(cb_store *store, cb_loop *loop, cb_pg *pg);
/** Copies body into the table's batch. A full batch is sent at once. */
void cb_store_history_add(cb_store *store, uint32_t table, const void *body);
/** Sends what is collected now (draining, sync). */
void cb_store_history_flush(cb_store *store);
/** Rows collected or in flight. */
uint64_t cb_store_history_pending(const cb_store *store);
/** Rows of batches that the database refused; they are repaired from the venue. */
uint64_t cb_store_history_lost(const cb_store *store);

#endif /* CB_STORE_H */
