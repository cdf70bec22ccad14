/* Queries: nested loops over the sources, WHERE as early as its columns are there, groups, order,
 * limit, union, common table expressions. Tables are small here; nothing is planned. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "tests/sim/sql.h"

#define FROMS_MAX 8
#define RECURSION_MAX 1000

void sql_add_row(sql_memory *memory, sql_rows *rows, const sql_value *row)
{
    if (rows->count == rows->capacity) {
        const uint32_t capacity = rows->capacity == 0 ? 8 : 2 * rows->capacity;
        const sql_value **larger = sql_alloc(memory, capacity * sizeof(void *));
        if (rows->count > 0) {
            memcpy(larger, rows->rows, rows->count * sizeof(void *));
        }
        rows->rows = larger;
        rows->capacity = capacity;
    }
    rows->rows[rows->count++] = row;
}

/* ---- sources ---- */

typedef struct source {
    const sql_from *from;
    const sql_shape *shape;
    const sql_value *const *rows;
    uint32_t count;
} source;

static source open_source(sql_run *run, const sql_from *from, const sql_frame *outer)
{
    source opened = {.from = from};
    if (from->select != NULL) {
        const sql_rows rows = sql_run_select(run, from->select, outer);
        opened.shape = rows.shape;
        opened.rows = rows.rows;
        opened.count = rows.count;
        return opened;
    }
    for (const sql_cte *cte = run->ctes; cte != NULL; cte = cte->outer) {
        if (cte->name == from->table) {
            opened.shape = cte->rows->shape;
            opened.rows = cte->rows->rows;
            opened.count = cte->rows->count;
            return opened;
        }
    }
    sql_rows view = {.count = 0};
    if (run->db->server_view != NULL &&
        run->db->server_view(run->db->server_context, from->table, &view)) {
        opened.shape = view.shape;
        opened.rows = view.rows;
        opened.count = view.count;
        return opened;
    }
    const sql_table *table = sql_find_table(run->db, from->table);
    if (table == NULL) {
        sql_stop("no table %s in %s", from->table, run->db->schema);
    }
    opened.shape = &table->shape;
    opened.rows = (const sql_value *const *)table->rows;
    opened.count = table->rows_count;
    return opened;
}

/* ---- outputs ---- */

static void add_star(
    sql_shape *shape, const sql_node *node, const sql_frame *frame, uint32_t levels)
{
    /* Frames are innermost first; * lists them in their order. */
    const sql_frame *list[FROMS_MAX];
    uint32_t count = 0;
    for (; count < levels; frame = frame->outer) {
        list[count++] = frame;
    }
    while (count-- > 0) {
        if (node->qualifier != NULL && list[count]->alias != node->qualifier) {
            continue;
        }
        for (uint32_t i = 0; i < list[count]->shape->count; i++) {
            CB_ASSERT(shape->count < SQL_COLUMNS_MAX);
            shape->names[shape->count++] = list[count]->shape->names[i];
        }
    }
}

static uint32_t copy_star(
    sql_value *out, const sql_node *node, const sql_frame *frame, uint32_t levels)
{
    const sql_frame *list[FROMS_MAX];
    uint32_t count = 0;
    uint32_t copied = 0;
    for (; count < levels; frame = frame->outer) {
        list[count++] = frame;
    }
    while (count-- > 0) {
        if (node->qualifier != NULL && list[count]->alias != node->qualifier) {
            continue;
        }
        memcpy(out + copied, list[count]->values, list[count]->shape->count * sizeof(*out));
        copied += list[count]->shape->count;
    }
    return copied;
}

typedef struct scan {
    sql_run *run;
    const sql_select *select;
    source sources[FROMS_MAX];
    sql_rows rows;      /* of the outputs */
    sql_rows sort_keys; /* one per row, when ordered */
    sql_rows matches;   /* aggregates: rows of all sources joined */
    sql_shape *match_shape;
    uint64_t limit;
} scan;

static void make_shape(scan *self, const sql_frame *frame)
{
    sql_shape *shape = sql_alloc(self->run->db->memory, sizeof(*shape));
    shape->count = 0;
    for (uint32_t i = 0; i < self->select->outputs_count; i++) {
        const sql_node *node = self->select->outputs[i];
        if (node->op == SQL_OP_STAR) {
            add_star(shape, node, frame, self->select->froms_count);
        } else {
            CB_ASSERT(shape->count < SQL_COLUMNS_MAX);
            shape->names[shape->count++] = node->output != NULL ? node->output : "?column?";
        }
    }
    self->rows.shape = shape;
}

static void add_sort_key(scan *self, const sql_frame *frame, const sql_value *row)
{
    const sql_select *select = self->select;
    sql_memory *memory = self->run->db->memory;
    sql_value *key = sql_alloc(memory, select->orders_count * sizeof(*key));
    /* Names of outputs come first, then those of the sources. */
    const sql_frame with_outputs = {"", self->rows.shape, row, frame};
    for (uint32_t i = 0; i < select->orders_count; i++) {
        key[i] = sql_eval(self->run, select->orders[i].node, &with_outputs);
    }
    sql_add_row(memory, &self->sort_keys, key);
}

static void emit(scan *self, const sql_frame *frame)
{
    sql_memory *memory = self->run->db->memory;
    if (self->rows.shape == NULL) {
        make_shape(self, frame);
    }
    sql_value *row = sql_alloc(memory, self->rows.shape->count * sizeof(*row));
    uint32_t at = 0;
    for (uint32_t i = 0; i < self->select->outputs_count; i++) {
        const sql_node *node = self->select->outputs[i];
        if (node->op == SQL_OP_STAR) {
            at += copy_star(row + at, node, frame, self->select->froms_count);
        } else {
            row[at++] = sql_eval(self->run, node, frame);
        }
    }
    sql_add_row(memory, &self->rows, row);
    if (self->select->orders_count > 0 && self->select->next == NULL) {
        add_sort_key(self, frame, row);
    }
}

static void collect(scan *self, const sql_frame *frame)
{
    sql_value *row = sql_alloc(self->run->db->memory, sizeof(sql_value) * 2 * SQL_COLUMNS_MAX);
    const sql_node star = {.op = SQL_OP_STAR};
    if (self->match_shape == NULL) {
        self->match_shape = sql_alloc(self->run->db->memory, sizeof(sql_shape));
        self->match_shape->count = 0;
        add_star(self->match_shape, &star, frame, self->select->froms_count);
    }
    (void)copy_star(row, &star, frame, self->select->froms_count);
    sql_add_row(self->run->db->memory, &self->matches, row);
}

static bool is_joined(scan *self, const source *one, const sql_frame *frame)
{
    for (uint32_t i = 0; i < one->from->using_count; i++) {
        const sql_node mine = {
            .op = SQL_OP_COLUMN, .name = one->from->using_names[i], .qualifier = frame->alias};
        const sql_node theirs = {.op = SQL_OP_COLUMN, .name = one->from->using_names[i]};
        const sql_value left = sql_eval(self->run, &mine, frame);
        const sql_value right = sql_eval(self->run, &theirs, frame->outer);
        if (left.kind == SQL_NULL || !sql_same(left, right)) {
            return false;
        }
    }
    return one->from->on == NULL || sql_is_true(sql_eval(self->run, one->from->on, frame));
}

static void scan_level(scan *self, uint32_t level, const sql_frame *outer)
{
    const sql_select *select = self->select;
    if (level == select->froms_count) {
        if (select->where != NULL && !sql_is_true(sql_eval(self->run, select->where, outer))) {
            return;
        }
        if (select->has_aggregate || select->groups_count > 0) {
            collect(self, outer);
        } else {
            emit(self, outer);
        }
        return;
    }
    if (level > 0 || select->froms[level].select == NULL) {
        self->sources[level] = open_source(self->run, &select->froms[level], outer);
    }
    source *one = &self->sources[level];
    const uint32_t count = one->count;
    sql_frame frame = {select->froms[level].alias, one->shape, NULL, outer};
    bool is_any = false;
    for (uint32_t i = 0; i < count && self->rows.count < self->limit; i++) {
        frame.values = one->rows[i];
        if (is_joined(self, one, &frame)) {
            is_any = true;
            scan_level(self, level + 1, &frame);
        }
    }
    if (!is_any && one->from->is_left) {
        sql_value *nulls = sql_alloc(self->run->db->memory, one->shape->count * sizeof(sql_value));
        memset(nulls, 0, one->shape->count * sizeof(sql_value));
        frame.values = nulls;
        scan_level(self, level + 1, &frame);
    }
}

/* ---- groups ---- */

static sql_value aggregate(sql_run *run,
    const sql_node *node,
    const sql_shape *shape,
    const sql_rows *group,
    const sql_frame *outer)
{
    sql_value result = {.kind = SQL_NULL};
    int64_t count = 0;
    for (uint32_t i = 0; i < group->count; i++) {
        const sql_frame frame = {NULL, shape, group->rows[i], outer};
        const sql_value value =
            node->count == 0 ? (sql_value){.kind = SQL_INT} : sql_eval(run, node->args[0], &frame);
        if (value.kind == SQL_NULL) {
            continue;
        }
        count++;
        if (result.kind == SQL_NULL) {
            result = value;
        } else if (strcmp(node->name, "sum") == 0) {
            result.number += value.number;
        } else if (strcmp(node->name, "min") == 0 || strcmp(node->name, "bool_and") == 0) {
            result = sql_compare(value, result) < 0 ? value : result;
        } else {
            result = sql_compare(value, result) > 0 ? value : result;
        }
    }
    return strcmp(node->name, "count") == 0 ? (sql_value){.kind = SQL_INT, .number = count}
                                            : result;
}

/* The tree with its aggregates replaced by their values; the rest sees the group's first row. */
static const sql_node *replaced(
    scan *self, const sql_node *node, const sql_rows *group, const sql_frame *outer)
{
    sql_memory *memory = self->run->db->memory;
    if (sql_is_aggregate(node)) {
        sql_node *literal = sql_alloc(memory, sizeof(*literal));
        *literal = (sql_node){.op = SQL_OP_LITERAL, .output = node->output};
        literal->literal = aggregate(self->run, node, self->match_shape, group, outer);
        return literal;
    }
    if (node->count == 0) {
        return node;
    }
    sql_node *copy = sql_alloc(memory, sizeof(*copy));
    *copy = *node;
    copy->args = sql_alloc(memory, node->count * sizeof(void *));
    for (uint32_t i = 0; i < node->count; i++) {
        copy->args[i] = (sql_node *)(uintptr_t)replaced(self, node->args[i], group, outer);
    }
    return copy;
}

static void emit_group(scan *self, const sql_rows *group, const sql_frame *outer)
{
    static const sql_shape nothing = {.count = 0};
    const sql_select *select = self->select;
    sql_memory *memory = self->run->db->memory;
    sql_value *row = sql_alloc(memory, select->outputs_count * sizeof(*row));
    sql_frame frame = {"", &nothing, NULL, outer};
    if (group->count > 0) {
        frame = (sql_frame){NULL, self->match_shape, group->rows[0], outer};
    }
    sql_shape *shape = sql_alloc(memory, sizeof(*shape));
    shape->count = select->outputs_count;
    for (uint32_t i = 0; i < select->outputs_count; i++) {
        const sql_node *node = select->outputs[i];
        row[i] = sql_eval(self->run, replaced(self, node, group, outer), &frame);
        shape->names[i] = node->output != NULL ? node->output : "?column?";
    }
    self->rows.shape = shape;
    sql_add_row(memory, &self->rows, row);
}

static void run_groups(scan *self, const sql_frame *outer)
{
    const sql_select *select = self->select;
    sql_memory *memory = self->run->db->memory;
    if (select->groups_count == 0) {
        emit_group(self, &self->matches, outer);
        return;
    }
    bool *is_used = sql_alloc(memory, self->matches.count + 1);
    memset(is_used, 0, self->matches.count + 1);
    for (uint32_t i = 0; i < self->matches.count; i++) {
        sql_rows group = {.count = 0};
        const sql_frame first = {NULL, self->match_shape, self->matches.rows[i], outer};
        for (uint32_t k = i; k < self->matches.count && !is_used[i]; k++) {
            const sql_frame other = {NULL, self->match_shape, self->matches.rows[k], outer};
            bool is_same = !is_used[k];
            for (uint32_t g = 0; g < select->groups_count && is_same; g++) {
                is_same = sql_same(sql_eval(self->run, select->groups[g], &first),
                    sql_eval(self->run, select->groups[g], &other));
            }
            if (is_same) {
                sql_add_row(memory, &group, self->matches.rows[k]);
                is_used[k] = k != i;
            }
        }
        if (group.count > 0 && !is_used[i]) {
            emit_group(self, &group, outer);
        }
    }
}

/* ---- order and limit ---- */

static int compare_keys(const sql_select *select, const sql_value *a, const sql_value *b)
{
    for (uint32_t i = 0; i < select->orders_count; i++) {
        int order = 0;
        if (a[i].kind == SQL_NULL || b[i].kind == SQL_NULL) {
            order = (a[i].kind == SQL_NULL) - (b[i].kind == SQL_NULL);
        } else {
            order = sql_compare(a[i], b[i]);
        }
        if (order != 0) {
            return select->orders[i].is_descending ? -order : order;
        }
    }
    return 0;
}

/* Stable, and mostly sorted already: by insertion. */
static void sort(const sql_select *select, sql_rows *rows, sql_rows *keys)
{
    for (uint32_t i = 1; i < rows->count; i++) {
        const sql_value *row = rows->rows[i];
        const sql_value *key = keys->rows[i];
        uint32_t at = i;
        for (; at > 0 && compare_keys(select, keys->rows[at - 1], key) > 0; at--) {
            rows->rows[at] = rows->rows[at - 1];
            keys->rows[at] = keys->rows[at - 1];
        }
        rows->rows[at] = row;
        keys->rows[at] = key;
    }
}

static uint64_t limit_of(sql_run *run, const sql_select *select, const sql_frame *outer)
{
    if (select->limit == NULL) {
        return UINT64_MAX;
    }
    const sql_value value = sql_convert(run->db, sql_eval(run, select->limit, outer), SQL_INT);
    return value.kind == SQL_NULL ? UINT64_MAX : (uint64_t)value.number;
}

static void run_values(scan *self, const sql_frame *outer)
{
    const sql_select *select = self->select;
    sql_memory *memory = self->run->db->memory;
    for (uint32_t i = 0; i < select->values_count; i++) {
        const sql_node *values = select->values[i];
        sql_value *row = sql_alloc(memory, values->count * sizeof(*row));
        for (uint32_t k = 0; k < values->count; k++) {
            row[k] = sql_eval(self->run, values->args[k], outer);
        }
        sql_add_row(memory, &self->rows, row);
    }
}

/* A shape for a result without rows, which nobody emitted. */
static void shape_of_nothing(scan *self)
{
    sql_shape *shape = sql_alloc(self->run->db->memory, sizeof(*shape));
    shape->count = 0;
    for (uint32_t i = 0; i < self->select->outputs_count; i++) {
        const sql_node *node = self->select->outputs[i];
        if (node->op == SQL_OP_STAR) {
            for (uint32_t k = 0; k < self->select->froms_count; k++) {
                const sql_shape *from = self->sources[k].shape;
                for (uint32_t c = 0; from != NULL && c < from->count; c++) {
                    shape->names[shape->count++] = from->names[c];
                }
            }
        } else {
            shape->names[shape->count++] = node->output != NULL ? node->output : "?column?";
        }
    }
    self->rows.shape = shape;
}

static sql_rows run_core(sql_run *run, const sql_select *select, const sql_frame *outer)
{
    scan self = {.run = run, .select = select, .limit = UINT64_MAX};
    if (select->values_count > 0) {
        run_values(&self, outer);
        return self.rows;
    }
    if (select->orders_count == 0 && select->groups_count == 0 && !select->has_aggregate) {
        self.limit = limit_of(run, select, outer);
    }
    if (select->froms_count > 0 && select->froms[0].select != NULL) {
        self.sources[0] = open_source(run, &select->froms[0], outer);
    }
    scan_level(&self, 0, outer);
    if (select->has_aggregate || select->groups_count > 0) {
        run_groups(&self, outer);
    }
    if (self.rows.shape == NULL) {
        shape_of_nothing(&self);
    }
    if (select->orders_count > 0 && self.sort_keys.count == self.rows.count) {
        sort(select, &self.rows, &self.sort_keys);
    }
    return self.rows;
}

static void sort_union(
    sql_run *run, const sql_select *select, sql_rows *rows, const sql_frame *outer)
{
    sql_rows keys = {.count = 0};
    for (uint32_t i = 0; i < rows->count; i++) {
        sql_value *key = sql_alloc(run->db->memory, select->orders_count * sizeof(*key));
        const sql_frame frame = {"", rows->shape, rows->rows[i], outer};
        for (uint32_t k = 0; k < select->orders_count; k++) {
            key[k] = sql_eval(run, select->orders[k].node, &frame);
        }
        sql_add_row(run->db->memory, &keys, key);
    }
    sort(select, rows, &keys);
}

static void add_union(sql_run *run, sql_rows *to, const sql_rows *from, bool is_all)
{
    for (uint32_t i = 0; i < from->count; i++) {
        bool is_known = false;
        for (uint32_t k = 0; k < to->count && !is_all && !is_known; k++) {
            is_known = true;
            for (uint32_t c = 0; c < to->shape->count && is_known; c++) {
                is_known = sql_same(to->rows[k][c], from->rows[i][c]);
            }
        }
        if (!is_known) {
            sql_add_row(run->db->memory, to, from->rows[i]);
        }
    }
}

sql_rows sql_run_select(sql_run *run, const sql_select *select, const sql_frame *outer)
{
    const sql_cte *before = run->ctes;
    if (select->withs_count > 0) {
        run->ctes = sql_run_withs(run, select->withs, select->withs_count, outer);
    }
    sql_rows rows = run_core(run, select, outer);
    bool is_all = select->is_union_all;
    for (const sql_select *next = select->next; next != NULL; next = next->next) {
        const sql_rows more = run_core(run, next, outer);
        add_union(run, &rows, &more, is_all);
        is_all = next->is_union_all;
    }
    if (select->next != NULL && select->orders_count > 0) {
        sort_union(run, select, &rows, outer);
    }
    const uint64_t limit = limit_of(run, select, outer);
    rows.count = rows.count > limit ? (uint32_t)limit : rows.count;
    run->ctes = before;
    return rows;
}

/* ---- common table expressions ---- */

/* base UNION ALL step, until a step adds nothing */
static void run_recursive(sql_run *run, const sql_with *with, sql_cte *cte, sql_rows *all)
{
    const sql_select *select = with->statement->select;
    *all = run_core(run, select, NULL);
    sql_rows last = *all;
    for (uint32_t round = 0; last.count > 0; round++) {
        CB_ASSERT(round < RECURSION_MAX);
        cte->rows = &last;
        sql_rows next = run_core(run, select->next, NULL);
        next.shape = all->shape;
        for (uint32_t i = 0; i < next.count; i++) {
            sql_add_row(run->db->memory, all, next.rows[i]);
        }
        last = next;
    }
    cte->rows = all;
}

const sql_cte *sql_run_withs(
    sql_run *run, const sql_with *withs, uint32_t count, const sql_frame *outer)
{
    for (uint32_t i = 0; i < count; i++) {
        sql_rows *rows = sql_alloc(run->db->memory, sizeof(*rows));
        sql_cte *cte = sql_alloc(run->db->memory, sizeof(*cte));
        *cte = (sql_cte){withs[i].name, rows, run->ctes};
        const sql_statement *statement = withs[i].statement;
        if (withs[i].is_recursive && statement->verb == SQL_SELECT &&
            statement->select->next != NULL) {
            run->ctes = cte;
            run_recursive(run, &withs[i], cte, rows);
        } else {
            *rows = sql_run_statement(run, statement, outer);
        }
        run->ctes = cte;
    }
    return run->ctes;
}

sql_rows sql_run_statement(sql_run *run, const sql_statement *statement, const sql_frame *outer)
{
    const sql_cte *before = run->ctes;
    sql_rows rows = {.count = 0};
    if (statement->withs_count > 0) {
        run->ctes = sql_run_withs(run, statement->withs, statement->withs_count, outer);
    }
    switch (statement->verb) {
    case SQL_SELECT:
        rows = sql_run_select(run, statement->select, outer);
        break;
    case SQL_INSERT:
        rows = sql_run_insert(run, statement, outer);
        break;
    case SQL_UPDATE:
        rows = sql_run_update(run, statement, outer);
        break;
    case SQL_NOTHING:
        break;
    }
    run->ctes = before;
    return rows;
}
