/* Makes the INSERT of each table from its description, and the parameters from a body. All names
 * are quoted, so a field may be called what SQL calls something else ("limit"). Batches of HISTORY
 * tables are in store_history.c, the check against the real tables in store_check.c. */
#include "rt/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "domain/enums.h"
#include "domain/messages.h"
#include "rt/store_internal.h"
#include "wire/codec.h"

#define STORE_SQL_MAX 8192

/* ---- columns ---- */

const char *cb_store_type(const cb_field *field)
{
    switch (field->kind) {
    case CB_KIND_ID:
        return "uuid";
    case CB_KIND_TEXT:
    case CB_KIND_ENUM:
        return "text";
    case CB_KIND_BLOB32:
        return "bytea";
    case CB_KIND_BOOL:
        return "boolean";
    case CB_KIND_F64:
        return "double precision";
    case CB_KIND_MSG:
    case CB_KIND_REP:
        return "jsonb";
    case CB_KIND_U64:
    case CB_KIND_I64:
    case CB_KIND_U32:
    case CB_KIND_E8:
    case CB_KIND_TIME:
    default:
        return "bigint";
    }
}

/* Who made a message follows from the schema, and the wire's version is no fact of the record. */
static bool is_envelope_column(const cb_field *field)
{
    return !cb_text_equal(field->name, "producer") && !cb_text_equal(field->name, "schema");
}

static void add_column(store_table *table, const cb_field *field, uint32_t body_offset)
{
    CB_ASSERT(table->columns_count < STORE_COLUMNS_MAX);
    table->columns[table->columns_count++] =
        (store_column){.field = field, .body_offset = body_offset};
}

static void list_columns(store_table *table)
{
    const cb_desc *desc = table->table->desc;
    for (uint32_t i = 0; i < desc->fields_count; i++) {
        const cb_field *field = &desc->fields[i];
        if (field->kind != CB_KIND_MSG || field->sub != &cb_envelope_desc) {
            add_column(table, field, 0);
            continue;
        }
        for (uint32_t k = 0; k < cb_envelope_desc.fields_count; k++) {
            if (is_envelope_column(&cb_envelope_desc.fields[k])) {
                add_column(table, &cb_envelope_desc.fields[k], field->offset);
            }
        }
    }
}

static store_column *find_column(store_table *table, cb_strview name)
{
    for (uint32_t i = 0; i < table->columns_count; i++) {
        if (cb_sv_is(name, table->columns[i].field->name)) {
            return &table->columns[i];
        }
    }
    return NULL;
}

/* Marks the columns of "account,symbol". */
static cb_status mark_key(store_table *table, cb_err *err)
{
    const char *key = table->table->key;
    if (key == NULL || key[0] == '\0') {
        return table->table->mode == CB_STORE_UPSERT
                   ? CB_FAIL(err, CB_E_CONFIG, "table %s: UPSERT without key", table->table->name)
                   : CB_OK;
    }
    while (*key != '\0') {
        const size_t size = strcspn(key, ",");
        store_column *column = find_column(table, (cb_strview){key, size});
        if (column == NULL) {
            return CB_FAIL(err,
                CB_E_CONFIG,
                "table %s: key '%.*s' is no field",
                table->table->name,
                (int)size,
                key);
        }
        column->is_key = true;
        key += size + (key[size] == ',' ? 1 : 0);
    }
    return CB_OK;
}

/* ---- SQL ---- */

typedef struct sql_writer {
    size_t used;
    char text[STORE_SQL_MAX];
} sql_writer;

static void put(sql_writer *sql, const char *text)
{
    const size_t size = strlen(text);
    CB_ASSERT(size < sizeof(sql->text) - sql->used);
    memcpy(sql->text + sql->used, text, size + 1);
    sql->used += size;
}

static void put_name(sql_writer *sql, const char *before, const char *name)
{
    put(sql, before);
    put(sql, "\"");
    put(sql, name);
    put(sql, "\"");
}

/* "$1", from 1 on. */
static void put_place(sql_writer *sql, uint32_t index)
{
    char text[16];
    const int size = snprintf(text, sizeof(text), "%s$%u", index > 0 ? "," : "", index + 1);
    CB_ASSERT(size > 0 && (size_t)size < sizeof(text));
    put(sql, text);
}

static void put_insert(sql_writer *sql, const store_table *table)
{
    put_name(sql, "INSERT INTO ", table->table->name);
    put(sql, " (");
    for (uint32_t i = 0; i < table->columns_count; i++) {
        put_name(sql, i > 0 ? "," : "", table->columns[i].field->name);
    }
    put(sql, ") ");
}

static void put_update(sql_writer *sql, const store_table *table)
{
    const char *separator = "";
    put(sql, " ON CONFLICT (");
    for (uint32_t i = 0; i < table->columns_count; i++) {
        if (table->columns[i].is_key) {
            put_name(sql, separator, table->columns[i].field->name);
            separator = ",";
        }
    }
    put(sql, ") DO UPDATE SET ");
    separator = "";
    for (uint32_t i = 0; i < table->columns_count; i++) {
        const char *name = table->columns[i].field->name;
        if (!table->columns[i].is_key) {
            put_name(sql, separator, name);
            put_name(sql, "=EXCLUDED.", name);
            separator = ",";
        }
    }
}

static void put_row_statement(sql_writer *sql, const store_table *table)
{
    put_insert(sql, table);
    put(sql, "VALUES (");
    for (uint32_t i = 0; i < table->columns_count; i++) {
        put_place(sql, i);
    }
    put(sql, ")");
    bool has_others = false;
    for (uint32_t i = 0; i < table->columns_count; i++) {
        has_others |= !table->columns[i].is_key;
    }
    if (table->table->mode == CB_STORE_UPSERT && has_others) {
        put_update(sql, table);
    } else if (table->table->mode != CB_STORE_INSERT) {
        put(sql, " ON CONFLICT DO NOTHING");
    }
}

/* One array per column: one prepared statement serves batches of every size. */
static void put_batch_statement(sql_writer *sql, const store_table *table)
{
    put_insert(sql, table);
    put(sql, "SELECT * FROM unnest(");
    for (uint32_t i = 0; i < table->columns_count; i++) {
        put_place(sql, i);
        put(sql, "::");
        put(sql, cb_store_type(table->columns[i].field));
        put(sql, "[]");
    }
    put(sql, ") ON CONFLICT DO NOTHING");
}

static char *sql_text(
    void (*write)(sql_writer *sql, const store_table *table), const store_table *table)
{
    sql_writer sql; /* not cleared: 8 KiB for each of a service's tables */
    sql.used = 0;
    sql.text[0] = '\0';
    write(&sql, table);
    char *text = strdup(sql.text);
    CB_ASSERT(text != NULL);
    return text;
}

static cb_status table_init(store_table *out, const cb_table *table, cb_err *err)
{
    out->table = table;
    list_columns(out);
    const cb_status status = mark_key(out, err);
    if (status != CB_OK) {
        return status;
    }
    out->batch_sql = table->mode == CB_STORE_HISTORY ? sql_text(put_batch_statement, out) : NULL;
    return CB_OK;
}

cb_store *cb_store_create(const cb_table *tables, size_t count, cb_err *err)
{
    cb_store *store = calloc(1, sizeof(*store));
    CB_ASSERT(store != NULL);
    store->tables = calloc(count > 0 ? count : 1, sizeof(store->tables[0]));
    CB_ASSERT(store->tables != NULL);
    store->count = count;
    for (size_t i = 0; i < count; i++) {
        if (table_init(&store->tables[i], &tables[i], err) != CB_OK) {
            cb_store_destroy(store);
            return NULL;
        }
    }
    return store;
}

void cb_store_destroy(cb_store *store)
{
    if (store == NULL) {
        return;
    }
    cb_store_history_close(store);
    for (size_t i = 0; i < store->count; i++) {
        free(store->tables[i].sql);
        free(store->tables[i].batch_sql);
        free(store->tables[i].batch.rows);
    }
    free(store->tables);
    free(store);
}

const char *cb_store_sql(const cb_store *store, uint32_t table)
{
    CB_ASSERT(table < store->count);
    store_table *own = &store->tables[table];
    if (own->sql == NULL) {
        own->sql = sql_text(put_row_statement, own);
    }
    return own->sql;
}

/* ---- parameters ---- */

static void param_json(const cb_field *field, const void *body, cb_params *params)
{
    CB_ASSERT(params->count < CB_PARAMS_MAX);
    char *at = params->text + params->used;
    const size_t room = CB_PARAMS_TEXT_MAX - params->used;
    const size_t size =
        field->kind == CB_KIND_REP
            ? cb_items_to_json(field, body, at, room)
            : cb_body_to_json(field->sub, (const uint8_t *)body + field->offset, at, room);
    CB_ASSERT(size > 0); /* a description larger than a statement's parameters is our bug */
    params->values[params->count++] = at;
    params->used += (uint32_t)size + 1;
}

static void param_f64(const void *member, cb_params *params)
{
    double value = 0;
    memcpy(&value, member, sizeof(value));
    char text[40];
    snprintf(text, sizeof(text), "%.17g", value);
    cb_params_text(params, text);
}

static void param_integer(const cb_field *field, const void *member, cb_params *params)
{
    if (field->kind == CB_KIND_U32 || field->kind == CB_KIND_ENUM) {
        uint32_t value = 0;
        memcpy(&value, member, sizeof(value));
        if (field->kind == CB_KIND_ENUM) {
            cb_params_text(params, cb_enum_name(field->enums, value));
        } else {
            cb_params_u64(params, value);
        }
        return;
    }
    int64_t value = 0;
    memcpy(&value, member, sizeof(value));
    if (field->kind == CB_KIND_U64) {
        /* Above 2^63-1 PostgreSQL refuses the statement (22003): no number is stored wrapped. */
        cb_params_u64(params, (uint64_t)value);
    } else {
        cb_params_i64(params, value);
    }
}

void cb_store_param(const store_column *column, const void *body, cb_params *params)
{
    const cb_field *field = column->field;
    const uint8_t *owner = (const uint8_t *)body + column->body_offset;
    const uint8_t *member = owner + field->offset;
    cb_id id;
    switch (field->kind) {
    case CB_KIND_ID:
        memcpy(&id, member, sizeof(id));
        cb_params_id(params, id);
        break;
    case CB_KIND_TEXT:
        CB_ASSERT(memchr(member, '\0', field->capacity) != NULL);
        cb_params_text(params, (const char *)member);
        break;
    case CB_KIND_BLOB32:
        cb_params_bytes(params, member, 32);
        break;
    case CB_KIND_BOOL:
        cb_params_bool(params, *(const bool *)member);
        break;
    case CB_KIND_F64:
        param_f64(member, params);
        break;
    case CB_KIND_MSG:
    case CB_KIND_REP:
        param_json(field, owner, params);
        break;
    case CB_KIND_U64:
    case CB_KIND_I64:
    case CB_KIND_U32:
    case CB_KIND_ENUM:
    case CB_KIND_E8:
    case CB_KIND_TIME:
    default:
        param_integer(field, member, params);
        break;
    }
}

void cb_store_params(const cb_store *store, uint32_t table, const void *body, cb_params *params)
{
    CB_ASSERT(table < store->count);
    cb_params_reset(params);
    const store_table *columns = &store->tables[table];
    for (uint32_t i = 0; i < columns->columns_count; i++) {
        cb_store_param(&columns->columns[i], body, params);
    }
}
