/* Compares the tables of the database with their descriptions, at start: a column that is missing
 * or of another type is found before the first message and named, not at the first INSERT. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "rt/pg_internal.h"
#include "rt/store_internal.h"

#define STORE_EXPLAIN_MAX 8300
#define SQL_COLUMNS                                                                                \
    "SELECT a.attname, format_type(a.atttypid, NULL), a.attnotnull,"                               \
    " a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> ''"                                  \
    " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"                                   \
    " WHERE c.relname = $1 AND c.relnamespace = current_schema()::regnamespace"                    \
    " AND a.attnum > 0 AND NOT a.attisdropped"

typedef struct table_check {
    const store_table *table;
    bool is_found[STORE_COLUMNS_MAX];
    bool has_columns;
    cb_status status;
    cb_err *err;
} table_check;

static void check_known(table_check *check, uint32_t index, const char *type)
{
    const store_column *column = &check->table->columns[index];
    check->is_found[index] = true;
    if (check->status == CB_OK && strcmp(type, cb_store_type(column->field)) != 0) {
        check->status = CB_FAIL(check->err,
            CB_E_CONFIG,
            "column %s is %s, its description needs %s",
            column->field->name,
            type,
            cb_store_type(column->field));
    }
}

static void on_column(void *context, const cb_row *row)
{
    table_check *check = context;
    const char *name = cb_row_text(row, 0);
    check->has_columns = true;
    for (uint32_t i = 0; i < check->table->columns_count; i++) {
        if (strcmp(check->table->columns[i].field->name, name) == 0) {
            check_known(check, i, cb_row_text(row, 1));
            return;
        }
    }
    const bool must_be_given = cb_row_bool(row, 2) && !cb_row_bool(row, 3);
    if (check->status == CB_OK && must_be_given) {
        check->status = CB_FAIL(check->err,
            CB_E_CONFIG,
            "column %s is NOT NULL without a default and not in its description",
            name);
    }
}

static cb_status check_found(table_check *check)
{
    if (!check->has_columns) {
        return CB_FAIL(check->err, CB_E_CONFIG, "it does not exist");
    }
    for (uint32_t i = 0; i < check->table->columns_count; i++) {
        const cb_field *field = check->table->columns[i].field;
        if (!check->is_found[i]) {
            return CB_FAIL(check->err,
                CB_E_CONFIG,
                "column %s %s is missing",
                field->name,
                cb_store_type(field));
        }
    }
    return CB_OK;
}

/* Planning proves what preparing alone does not: the unique index of ON CONFLICT (key), and that
 * our role may insert. Nothing is executed. */
static cb_status check_plan(cb_pg *pg, const store_table *table, const char *statement, cb_err *err)
{
    char sql[STORE_EXPLAIN_MAX];
    const int size = snprintf(sql, sizeof(sql), "EXPLAIN %s", statement);
    CB_ASSERT(size > 0 && (size_t)size < sizeof(sql));
    cb_params params;
    cb_params_reset(&params);
    for (uint32_t i = 0; i < table->columns_count; i++) {
        cb_params_null(&params);
    }
    const cb_status status = cb_pg_exec(pg, sql, &params, NULL, NULL, err);
    return status == CB_OK ? cb_pg_prepare(pg, statement, err) : status;
}

static cb_status check_table(const cb_store *store, uint32_t index, cb_pg *pg, cb_err *err)
{
    const store_table *table = &store->tables[index];
    table_check check = {.table = table, .status = CB_OK, .err = err};
    cb_params params;
    cb_params_reset(&params);
    cb_params_text(&params, table->table->name);
    cb_status status = cb_pg_exec(pg, SQL_COLUMNS, &params, on_column, &check, err);
    if (status == CB_OK) {
        status = check.status;
    }
    if (status == CB_OK) {
        status = check_found(&check);
    }
    if (status == CB_OK) {
        status = check_plan(pg, table, cb_store_sql(store, index), err);
    }
    if (status == CB_OK && table->table->mode == CB_STORE_HISTORY) {
        status = check_plan(pg, table, table->batch_sql, err);
    }
    return status == CB_OK ? CB_OK : cb_err_context(err, "checking table %s", table->table->name);
}

cb_status cb_store_check(const cb_store *store, cb_pg *pg, cb_err *err)
{
    for (size_t i = 0; i < store->count; i++) {
        const cb_status status = check_table(store, (uint32_t)i, pg, err);
        if (status != CB_OK) {
            return status;
        }
    }
    return CB_OK;
}

size_t cb_store_ddl(const cb_store *store, uint32_t table, char *out, size_t capacity)
{
    CB_ASSERT(table < store->count);
    const store_table *columns = &store->tables[table];
    int used = snprintf(out, capacity, "CREATE TABLE \"%s\" (", columns->table->name);
    for (uint32_t i = 0; i < columns->columns_count; i++) {
        CB_ASSERT(used > 0 && (size_t)used < capacity);
        used += snprintf(out + used,
            capacity - (size_t)used,
            "\"%s\" %s, ",
            columns->columns[i].field->name,
            cb_store_type(columns->columns[i].field));
    }
    const char *key = columns->table->key;
    CB_ASSERT(used > 0 && (size_t)used < capacity);
    used += snprintf(out + used,
        capacity - (size_t)used,
        key != NULL ? "PRIMARY KEY (%s))" : "CHECK (true))",
        key);
    CB_ASSERT((size_t)used < capacity);
    return (size_t)used;
}
