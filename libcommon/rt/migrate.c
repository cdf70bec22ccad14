/* Applies embedded migrations over a blocking connection of the schema's owner. Two processes that
 * start together are serialised by a session advisory lock; the loser finds everything applied.
 * There are no down migrations: a program that is older than its schema refuses to start. */
#include "rt/migrate.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mac.h"
#include "base/strview.h"
#include "rt/pg.h"

#define NAME_MAX_BYTES 128
#define HASH_TEXT_SIZE (2 * CB_SHA256_SIZE + 1)
#define SQL_MAX 1024
#define APPLIED_MAX 1024

#define SQL_LOCK                                                                                   \
    "SELECT pg_advisory_lock(hashtextextended('cerberus migrate ' || current_schema(), 0))"
#define SQL_TABLE                                                                                  \
    "CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, text_hash text NOT NULL,"        \
    " applied_at timestamptz NOT NULL DEFAULT now())"
#define SQL_INSERT "INSERT INTO migration (name, text_hash) VALUES ($1, $2)"

typedef struct applied_migration {
    char name[NAME_MAX_BYTES];
    char hash[HASH_TEXT_SIZE];
    bool is_known; /* the program has it too */
} applied_migration;

typedef struct migrator {
    cb_pg *pg;
    const char *schema;
    applied_migration *applied;
    size_t applied_count;
    bool is_overfull;
} migrator;

static void text_hash(const char *text, char out[HASH_TEXT_SIZE])
{
    uint8_t hash[CB_SHA256_SIZE];
    cb_sha256(text, strlen(text), hash);
    cb_hex_print(hash, sizeof(hash), out);
}

static cb_status exec(migrator *run, const char *sql, cb_err *err)
{
    return cb_pg_exec(run->pg, sql, NULL, NULL, NULL, err);
}

__attribute__((format(printf, 3, 4))) static cb_status exec_format(
    migrator *run, cb_err *err, const char *format, ...)
{
    char sql[SQL_MAX];
    va_list arguments;
    va_start(arguments, format);
    const int size = vsnprintf(sql, sizeof(sql), format, arguments);
    va_end(arguments);
    CB_ASSERT(size > 0 && (size_t)size < sizeof(sql));
    return exec(run, sql, err);
}

static void set_flag(void *context, const cb_row *row)
{
    *(bool *)context = !cb_row_is_null(row, 0) && cb_row_bool(row, 0);
}

static cb_status ensure_schema(migrator *run, cb_err *err)
{
    cb_params params;
    cb_params_reset(&params);
    cb_params_text(&params, run->schema);
    bool exists = false;
    const cb_status status = cb_pg_exec(run->pg,
        "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)",
        &params,
        set_flag,
        &exists,
        err);
    if (status != CB_OK || exists) {
        return status;
    }
    return exec_format(run, err, "CREATE SCHEMA IF NOT EXISTS \"%s\"", run->schema);
}

static void collect_applied(void *context, const cb_row *row)
{
    migrator *run = context;
    if (run->applied_count == APPLIED_MAX) {
        run->is_overfull = true;
        return;
    }
    applied_migration *item = &run->applied[run->applied_count++];
    run->is_overfull |=
        !cb_text_copy(item->name, sizeof(item->name), cb_sv_from(cb_row_text(row, 0)));
    run->is_overfull |=
        !cb_text_copy(item->hash, sizeof(item->hash), cb_sv_from(cb_row_text(row, 1)));
}

static cb_status read_applied(migrator *run, cb_err *err)
{
    cb_status status = exec(run, SQL_TABLE, err);
    if (status == CB_OK) {
        status = cb_pg_exec(run->pg,
            "SELECT name, text_hash FROM migration ORDER BY name",
            NULL,
            collect_applied,
            run,
            err);
    }
    if (status == CB_OK && run->is_overfull) {
        status = CB_FAIL(err, CB_E_CORRUPT, "table migration holds what no program wrote");
    }
    return status;
}

static applied_migration *find_applied(migrator *run, const char *name)
{
    for (size_t i = 0; i < run->applied_count; i++) {
        if (strcmp(run->applied[i].name, name) == 0) {
            return &run->applied[i];
        }
    }
    return NULL;
}

/* One migration in one transaction with its row, so that it is applied and recorded, or neither. */
static cb_status apply_in_transaction(
    migrator *run, const char *name, const char *hash, const char *sql, cb_err *err)
{
    cb_params params;
    cb_params_reset(&params);
    cb_params_text(&params, name);
    cb_params_text(&params, hash);
    cb_status status = exec(run, "BEGIN", err);
    if (status == CB_OK) {
        status = exec(run, sql, err);
    }
    if (status == CB_OK) {
        status = cb_pg_exec(run->pg, SQL_INSERT, &params, NULL, NULL, err);
    }
    if (status == CB_OK) {
        return exec(run, "COMMIT", err);
    }
    CB_MAYBE(exec(run, "ROLLBACK", NULL) == CB_OK);
    return status;
}

static cb_status apply_one(
    migrator *run, const char *prefix, const cb_migration *migration, cb_err *err)
{
    char name[NAME_MAX_BYTES];
    const int size = snprintf(name, sizeof(name), "%s%s", prefix, migration->name);
    CB_ASSERT(size > 0 && (size_t)size < sizeof(name));
    char hash[HASH_TEXT_SIZE];
    text_hash(migration->sql, hash);
    applied_migration *applied = find_applied(run, name);
    if (applied == NULL) {
        const cb_status status = apply_in_transaction(run, name, hash, migration->sql, err);
        return status == CB_OK ? CB_OK : cb_err_context(err, "migration %s", name);
    }
    applied->is_known = true;
    if (strcmp(applied->hash, hash) != 0) {
        return CB_FAIL(err,
            CB_E_CORRUPT,
            "migration %s was applied with another text; add a new one instead of changing it",
            name);
    }
    return CB_OK;
}

static cb_status apply_all(migrator *run, const cb_migration *migrations, size_t count, cb_err *err)
{
    for (size_t i = 0; i < rt_migrations_count; i++) {
        const cb_status status = apply_one(run, "rt/", &rt_migrations[i], err);
        if (status != CB_OK) {
            return status;
        }
    }
    for (size_t i = 0; i < count; i++) {
        const cb_status status = apply_one(run, "", &migrations[i], err);
        if (status != CB_OK) {
            return status;
        }
    }
    for (size_t i = 0; i < run->applied_count; i++) {
        if (!run->applied[i].is_known) {
            return CB_FAIL(err,
                CB_E_CORRUPT,
                "migration %s in the database is unknown: the schema is newer than this program",
                run->applied[i].name);
        }
    }
    return CB_OK;
}

/* A table whose comment begins with "append-only" may be read and added to, by its own service too.
 */
#define SQL_APPEND_ONLY                                                                            \
    "DO $$ DECLARE t regclass; BEGIN FOR t IN SELECT c.oid::regclass FROM pg_class c"              \
    " WHERE c.relnamespace = '\"%s\"'::regnamespace AND c.relkind IN ('r', 'p')"                   \
    " AND obj_description(c.oid, 'pg_class') LIKE 'append-only%%' LOOP"                            \
    " EXECUTE format('REVOKE UPDATE ON %%s FROM \"%s\"', t); END LOOP; END $$"

/* The service's role reads and adds and changes; it never deletes, and it cannot alter the record
 * of the migrations. A migration may grant more on its own tables. One statement list is one
 * transaction: nobody sees a moment of too many rights. */
static cb_status grant(migrator *run, const char *role, cb_err *err)
{
    if (role[0] == '\0') {
        return CB_OK;
    }
    const char *schema = run->schema;
    return exec_format(run,
        err,
        "GRANT USAGE ON SCHEMA \"%s\" TO \"%s\";"
        "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA \"%s\" TO \"%s\";"
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA \"%s\" TO \"%s\";"
        "REVOKE INSERT, UPDATE ON migration FROM \"%s\";" SQL_APPEND_ONLY,
        schema,
        role,
        schema,
        role,
        schema,
        role,
        role,
        schema,
        role);
}

static cb_status run_all(
    migrator *run, const char *role, const cb_migration *migrations, size_t count, cb_err *err)
{
    cb_status status = ensure_schema(run, err);
    if (status == CB_OK) {
        status = exec(run, "SET lock_timeout = '30s'", err);
    }
    if (status == CB_OK) {
        status = exec(run, SQL_LOCK, err);
    }
    if (status == CB_OK) {
        status = read_applied(run, err);
    }
    if (status == CB_OK) {
        status = apply_all(run, migrations, count, err);
    }
    return status == CB_OK ? grant(run, role, err) : status;
}

cb_status cb_migrate(const char *dsn,
    const char *schema,
    const char *app_role,
    const cb_migration *migrations,
    size_t count,
    cb_err *err)
{
    CB_ASSERT(app_role != NULL);
    CB_ASSERT(strchr(app_role, '"') == NULL);
    cb_pg *pg = cb_pg_open(NULL, dsn, schema, err);
    if (pg == NULL) {
        return CB_E_UNAVAILABLE;
    }
    migrator run = {.pg = pg, .schema = schema};
    run.applied = calloc(APPLIED_MAX, sizeof(run.applied[0]));
    CB_ASSERT(run.applied != NULL);
    cb_status status = run_all(&run, app_role, migrations, count, err);
    if (status != CB_OK) {
        status = cb_err_context(err, "schema %s", schema);
    }
    free(run.applied);
    cb_pg_close(pg); /* ends the session and with it the advisory lock */
    return status;
}
