/* INSERT and UPDATE with their constraints and triggers, undo, and running whole statements. A row
 * is never changed in place: an update makes a new one, and undo puts the old one back. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "tests/sim/sql.h"

#define HASH_NONE UINT64_C(0)

bool sql_fail(sql_db *db, const char *sqlstate, const char *format, ...)
{
    if (!db->is_failed) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(db->error, sizeof(db->error), format, arguments);
        va_end(arguments);
        memcpy(db->sqlstate, sqlstate, sizeof(db->sqlstate));
        db->is_failed = true;
    }
    return false;
}

sql_table *sql_find_table(const sql_db *db, const char *name)
{
    for (uint32_t i = 0; i < db->tables_count; i++) {
        if (db->tables[i]->name == name) {
            return db->tables[i];
        }
    }
    return NULL;
}

/* ---- uniques ---- */

static sql_frame frame_of(const sql_table *table, const sql_value *row, const sql_frame *outer)
{
    return (sql_frame){table->name, &table->shape, row, outer};
}

static uint64_t unique_hash(
    sql_run *run, const sql_table *table, const sql_unique *unique, const sql_value *row)
{
    const sql_frame frame = frame_of(table, row, NULL);
    if (unique->where != NULL && !sql_is_true(sql_eval(run, unique->where, &frame))) {
        return HASH_NONE;
    }
    uint64_t hash = UINT64_C(0x9e3779b97f4a7c15);
    for (uint32_t i = 0; i < unique->columns_count; i++) {
        const sql_value value = row[unique->columns[i]];
        if (value.kind == SQL_NULL) {
            return HASH_NONE;
        }
        hash = sql_hash_value(hash, value);
    }
    return hash == HASH_NONE ? 1 : hash;
}

static bool has_same_key(const sql_unique *unique, const sql_value *a, const sql_value *b)
{
    for (uint32_t i = 0; i < unique->columns_count; i++) {
        if (!sql_same(a[unique->columns[i]], b[unique->columns[i]])) {
            return false;
        }
    }
    return true;
}

/* The row that stands in the way; UINT32_MAX: none. Newest first: most often it is near the end. */
static uint32_t find_conflict(const sql_table *table,
    const sql_unique *unique,
    uint64_t hash,
    const sql_value *row,
    uint32_t self)
{
    for (uint32_t i = table->rows_count; hash != HASH_NONE && i-- > 0;) {
        if (unique->hashes[i] == hash && i != self && has_same_key(unique, table->rows[i], row)) {
            return i;
        }
    }
    return UINT32_MAX;
}

static bool check_row(sql_run *run, const sql_table *table, const sql_value *row)
{
    for (uint32_t i = 0; i < table->shape.count; i++) {
        if (table->is_not_null[i] && row[i].kind == SQL_NULL) {
            return sql_fail(run->db,
                "23502",
                "null value in column \"%s\" of relation \"%s\"",
                table->shape.names[i],
                table->name);
        }
    }
    const sql_frame frame = frame_of(table, row, NULL);
    for (uint32_t i = 0; i < table->checks_count; i++) {
        const sql_value value = sql_eval(run, table->checks[i], &frame);
        if (value.kind == SQL_BOOL && value.number == 0) {
            return sql_fail(run->db,
                "23514",
                "row of \"%s\" violates check constraint %s (number %u)",
                table->name,
                table->check_names[i],
                i);
        }
    }
    return true;
}

/* ---- storing ---- */

static void note_undo(sql_db *db, sql_table *table, uint32_t row, sql_value *before)
{
    if (db->undo_count == db->undo_capacity) {
        db->undo_capacity = db->undo_capacity == 0 ? 256 : 2 * db->undo_capacity;
        db->undo = realloc(db->undo, db->undo_capacity * sizeof(db->undo[0]));
        CB_ASSERT(db->undo != NULL);
    }
    db->undo[db->undo_count++] = (sql_undo){table, row, before};
}

static void make_room(sql_table *table)
{
    if (table->rows_count < table->rows_capacity) {
        return;
    }
    const uint32_t capacity = table->rows_capacity == 0 ? 32 : 2 * table->rows_capacity;
    table->rows = realloc(table->rows, capacity * sizeof(void *));
    CB_ASSERT(table->rows != NULL);
    for (uint32_t i = 0; i < table->uniques_count; i++) {
        sql_unique *unique = &table->uniques[i];
        unique->hashes = realloc(unique->hashes, capacity * sizeof(unique->hashes[0]));
        CB_ASSERT(unique->hashes != NULL);
    }
    table->rows_capacity = capacity;
}

static void rehash(sql_run *run, sql_table *table, uint32_t row)
{
    for (uint32_t i = 0; i < table->uniques_count; i++) {
        sql_unique *unique = &table->uniques[i];
        unique->hashes[row] = unique_hash(run, table, unique, table->rows[row]);
    }
}

static bool check_uniques(sql_run *run, sql_table *table, const sql_value *row, uint32_t self)
{
    for (uint32_t i = 0; i < table->uniques_count; i++) {
        const sql_unique *unique = &table->uniques[i];
        const uint64_t hash = unique_hash(run, table, unique, row);
        if (find_conflict(table, unique, hash, row, self) != UINT32_MAX) {
            return sql_fail(run->db,
                "23505",
                "duplicate key value violates unique constraint of \"%s\" (%s…)",
                table->name,
                table->shape.names[unique->columns[0]]);
        }
    }
    return true;
}

static bool fire(sql_run *run,
    const sql_table *table,
    bool is_before,
    const sql_value *before,
    const sql_value *after)
{
    for (uint32_t i = 0; i < table->triggers_count; i++) {
        const sql_trigger *trigger = &table->triggers[i];
        const bool is_on = before == NULL ? trigger->on_insert : trigger->on_update;
        if (trigger->is_before == is_before && is_on &&
            !sql_run_trigger(run, table, trigger, before, after)) {
            return false;
        }
    }
    return true;
}

static bool store_new(sql_run *run, sql_table *table, sql_value *row)
{
    if (!fire(run, table, true, NULL, row) || !check_row(run, table, row) ||
        !check_uniques(run, table, row, UINT32_MAX)) {
        return false;
    }
    make_room(table);
    const uint32_t at = table->rows_count++;
    table->rows[at] = row;
    rehash(run, table, at);
    note_undo(run->db, table, at, NULL);
    return fire(run, table, false, NULL, row);
}

static bool store_changed(sql_run *run, sql_table *table, uint32_t at, sql_value *row)
{
    sql_value *before = table->rows[at];
    if (!fire(run, table, true, before, row) || !check_row(run, table, row) ||
        !check_uniques(run, table, row, at)) {
        return false;
    }
    note_undo(run->db, table, at, before);
    table->rows[at] = row;
    rehash(run, table, at);
    return fire(run, table, false, before, row);
}

static sql_value *copy_row(sql_run *run, const sql_table *table, const sql_value *row)
{
    sql_value *copy = sql_alloc(run->db->memory, table->shape.count * sizeof(*copy));
    memcpy(copy, row, table->shape.count * sizeof(*copy));
    return copy;
}

static void add_returning(sql_run *run,
    const sql_statement *statement,
    const sql_table *table,
    const sql_value *row,
    sql_rows *out)
{
    out->affected++;
    if (statement->returning_count == 0) {
        return;
    }
    const sql_frame frame = {statement->alias, &table->shape, row, NULL};
    if (out->shape == NULL) {
        out->shape = sql_alloc(run->db->memory, sizeof(*out->shape));
        out->shape->count = statement->returning_count;
    }
    sql_value *values = sql_alloc(run->db->memory, statement->returning_count * sizeof(*values));
    for (uint32_t i = 0; i < statement->returning_count; i++) {
        const sql_node *node = statement->returning[i];
        out->shape->names[i] = node->output != NULL ? node->output : "?column?";
        values[i] = sql_eval(run, node, &frame);
    }
    sql_add_row(run->db->memory, out, values);
}

/* ---- INSERT ---- */

static sql_value *new_row(sql_run *run,
    const sql_statement *statement,
    sql_table *table,
    const sql_value *values,
    uint32_t count)
{
    sql_value *row = sql_alloc(run->db->memory, table->shape.count * sizeof(*row));
    memset(row, 0, table->shape.count * sizeof(*row));
    bool is_given[SQL_COLUMNS_MAX] = {false};
    for (uint32_t i = 0; i < count; i++) {
        uint32_t column = i;
        if (statement->columns_count > 0) {
            column = sql_find_column(&table->shape, statement->columns[i]);
        }
        if (column >= table->shape.count) {
            sql_stop("no column %s in %s", statement->columns[i], table->name);
        }
        row[column] = sql_convert(run->db, values[i], table->kinds[column]);
        is_given[column] = true;
    }
    for (uint32_t i = 0; i < table->shape.count; i++) {
        if (is_given[i]) {
            continue;
        }
        if (table->is_identity[i]) {
            row[i] = (sql_value){.kind = SQL_INT, .number = ++table->identity};
        } else if (table->defaults[i] != NULL) {
            row[i] = sql_convert(run->db, sql_eval(run, table->defaults[i], NULL), table->kinds[i]);
        }
    }
    return row;
}

static const sql_unique *conflict_unique(
    const sql_statement *statement, const sql_table *table, uint32_t from)
{
    for (uint32_t i = from; i < table->uniques_count; i++) {
        const sql_unique *unique = &table->uniques[i];
        bool is_it = statement->conflict_columns_count == unique->columns_count;
        for (uint32_t k = 0; k < statement->conflict_columns_count && is_it; k++) {
            bool is_in = false;
            for (uint32_t c = 0; c < unique->columns_count; c++) {
                is_in |= table->shape.names[unique->columns[c]] == statement->conflict_columns[k];
            }
            is_it = is_in;
        }
        if (is_it || statement->conflict_columns_count == 0) {
            return unique;
        }
    }
    return NULL;
}

static bool update_conflicting(sql_run *run,
    const sql_statement *statement,
    sql_table *table,
    uint32_t at,
    const sql_value *wanted,
    sql_rows *out)
{
    static const char *excluded = NULL;
    excluded = excluded != NULL ? excluded : sql_intern("excluded", 8);
    const sql_frame other = {excluded, &table->shape, wanted, NULL};
    const sql_frame frame = {statement->alias, &table->shape, table->rows[at], &other};
    if (statement->where != NULL && !sql_is_true(sql_eval(run, statement->where, &frame))) {
        return true;
    }
    sql_value *row = copy_row(run, table, table->rows[at]);
    for (uint32_t i = 0; i < statement->sets_count; i++) {
        const uint32_t column = sql_find_column(&table->shape, statement->set_names[i]);
        CB_ASSERT(column < table->shape.count);
        row[column] = sql_convert(
            run->db, sql_eval(run, statement->set_nodes[i], &frame), table->kinds[column]);
    }
    if (!store_changed(run, table, at, row)) {
        return false;
    }
    add_returning(run, statement, table, row, out);
    return true;
}

static bool insert_one(
    sql_run *run, const sql_statement *statement, sql_table *table, sql_value *row, sql_rows *out)
{
    for (uint32_t i = 0; statement->has_conflict && i < table->uniques_count; i++) {
        const sql_unique *unique = conflict_unique(statement, table, i);
        if (unique == NULL) {
            break;
        }
        const uint64_t hash = unique_hash(run, table, unique, row);
        const uint32_t at = find_conflict(table, unique, hash, row, UINT32_MAX);
        if (at != UINT32_MAX) {
            return !statement->is_conflict_update ||
                   update_conflicting(run, statement, table, at, row, out);
        }
        i = (uint32_t)(unique - table->uniques);
    }
    if (!store_new(run, table, row)) {
        return false;
    }
    add_returning(run, statement, table, row, out);
    return true;
}

static sql_table *need_table(sql_run *run, const char *name)
{
    sql_table *table = sql_find_table(run->db, name);
    if (table == NULL) {
        sql_stop("no table %s in %s", name, run->db->schema);
    }
    return table;
}

sql_rows sql_run_insert(sql_run *run, const sql_statement *statement, const sql_frame *outer)
{
    sql_rows out = {.count = 0};
    sql_table *table = need_table(run, statement->table);
    const sql_rows rows = sql_run_select(run, statement->select, outer);
    for (uint32_t i = 0; i < rows.count && !run->db->is_failed; i++) {
        const uint32_t count = statement->columns_count > 0 ? statement->columns_count
                               : rows.shape != NULL         ? rows.shape->count
                               : statement->select->values_count > 0
                                   ? statement->select->values[i]->count
                                   : 0;
        sql_value *row = new_row(run, statement, table, rows.rows[i], count);
        if (run->db->is_failed || !insert_one(run, statement, table, row, &out)) {
            break;
        }
    }
    return out;
}

/* ---- UPDATE ---- */

/* Row of the table with, when FROM names one, a row of that. */
static bool is_wanted(sql_run *run, const sql_statement *statement, const sql_frame *frame)
{
    return statement->where == NULL || sql_is_true(sql_eval(run, statement->where, frame));
}

static bool update_row(sql_run *run,
    const sql_statement *statement,
    sql_table *table,
    uint32_t at,
    const sql_frame *frame,
    sql_rows *out)
{
    sql_value *row = copy_row(run, table, table->rows[at]);
    for (uint32_t i = 0; i < statement->sets_count; i++) {
        const uint32_t column = sql_find_column(&table->shape, statement->set_names[i]);
        if (column >= table->shape.count) {
            sql_stop("no column %s in %s", statement->set_names[i], table->name);
        }
        row[column] = sql_convert(
            run->db, sql_eval(run, statement->set_nodes[i], frame), table->kinds[column]);
    }
    if (run->db->is_failed || !store_changed(run, table, at, row)) {
        return false;
    }
    add_returning(run, statement, table, row, out);
    return true;
}

sql_rows sql_run_update(sql_run *run, const sql_statement *statement, const sql_frame *outer)
{
    sql_rows out = {.count = 0};
    sql_table *table = need_table(run, statement->table);
    sql_rows others = {.count = 0};
    if (statement->froms_count > 0) {
        CB_ASSERT(statement->froms_count == 1);
        sql_node star = {.op = SQL_OP_STAR};
        sql_node *outputs[] = {&star};
        sql_select all = {
            .outputs = outputs, .outputs_count = 1, .froms = statement->froms, .froms_count = 1};
        others = sql_run_select(run, &all, outer);
    }
    const uint32_t count = table->rows_count;
    for (uint32_t i = 0; i < count && !run->db->is_failed; i++) {
        if (statement->froms_count == 0) {
            const sql_frame frame = {statement->alias, &table->shape, table->rows[i], outer};
            if (is_wanted(run, statement, &frame)) {
                (void)update_row(run, statement, table, i, &frame, &out);
            }
            continue;
        }
        for (uint32_t k = 0; k < others.count; k++) {
            const sql_frame other = {
                statement->froms[0].alias, others.shape, others.rows[k], outer};
            const sql_frame frame = {statement->alias, &table->shape, table->rows[i], &other};
            if (is_wanted(run, statement, &frame)) {
                (void)update_row(run, statement, table, i, &frame, &out);
                break;
            }
        }
    }
    return out;
}

/* ---- whole statements ---- */

bool sql_execute(sql_db *db,
    const sql_statement *statement,
    const char *const *params,
    uint32_t params_count,
    sql_rows *out)
{
    sql_value values[SQL_PARAMS_MAX];
    CB_ASSERT(params_count <= SQL_PARAMS_MAX);
    for (uint32_t i = 0; i < params_count; i++) {
        values[i] = (sql_value){.kind = SQL_NULL};
        if (params[i] != NULL) {
            values[i] = (sql_value){
                .kind = SQL_TEXT, .size = (uint32_t)strlen(params[i]), .text = params[i]};
        }
    }
    sql_run run = {.db = db, .params = values, .params_count = params_count};
    db->is_failed = false;
    *out = sql_run_statement(&run, statement, NULL);
    return !db->is_failed;
}

void sql_commit(sql_db *db)
{
    db->undo_count = 0;
}

void sql_rollback(sql_db *db)
{
    sql_run run = {.db = db};
    db->is_failed = false;
    while (db->undo_count > 0) {
        const sql_undo *undo = &db->undo[--db->undo_count];
        if (undo->before == NULL) {
            CB_ASSERT(undo->row == undo->table->rows_count - 1);
            undo->table->rows_count--;
        } else {
            undo->table->rows[undo->row] = undo->before;
            rehash(&run, undo->table, undo->row);
        }
    }
}

void sql_reset(sql_db *db)
{
    db->undo_count = 0;
    db->is_failed = false;
    for (uint32_t i = 0; i < db->tables_count; i++) {
        db->tables[i]->rows_count = db->tables[i]->seed_count;
        db->tables[i]->identity = 0;
    }
}
