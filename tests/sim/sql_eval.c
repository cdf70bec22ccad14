/* Expressions: three-valued logic, comparison by the kinds of both sides, the functions that the
 * services' statements use. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/money.h"
#include "base/strview.h"
#include "tests/sim/sql.h"

static const sql_value null_value = {.kind = SQL_NULL};

static sql_value of_bool(bool value)
{
    return (sql_value){.kind = SQL_BOOL, .number = value};
}

static sql_value of_int(int64_t value)
{
    return (sql_value){.kind = SQL_INT, .number = value};
}

bool sql_is_true(sql_value value)
{
    return value.kind == SQL_BOOL && value.number != 0;
}

/* ---- kinds ---- */

static bool parse_i64(const char *text, int64_t *out)
{
    const bool is_negative = text[0] == '-';
    uint64_t magnitude = 0;
    if (!cb_u64_parse(cb_sv_from(text + (is_negative ? 1 : 0)), (uint64_t)INT64_MAX, &magnitude)) {
        return false;
    }
    *out = is_negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

sql_value sql_convert(sql_db *db, sql_value value, sql_kind kind)
{
    int64_t number = 0;
    if (value.kind == kind || value.kind == SQL_NULL) {
        return value;
    }
    if (kind == SQL_TEXT) {
        const char *text = sql_print(db->memory, &value);
        return (sql_value){.kind = SQL_TEXT, .size = (uint32_t)strlen(text), .text = text};
    }
    if (value.kind == SQL_TEXT && kind == SQL_BOOL) {
        return of_bool(value.text[0] == 't' || value.text[0] == '1');
    }
    if (value.kind == SQL_TEXT && parse_i64(value.text, &number)) {
        return (sql_value){.kind = kind, .number = number};
    }
    if (value.kind == SQL_TEXT) {
        (void)sql_fail(db, "22P02", "invalid input syntax: \"%s\"", value.text);
        return null_value;
    }
    value.kind = kind; /* INT, TIME, SECONDS, BOOL among each other */
    return value;
}

const char *sql_print(sql_memory *memory, const sql_value *value)
{
    char text[32];
    int size = 0;
    switch (value->kind) {
    case SQL_NULL:
        return NULL;
    case SQL_TEXT:
        return value->text;
    case SQL_BOOL:
        return value->number != 0 ? "t" : "f";
    case SQL_INT:
    case SQL_TIME:
    case SQL_SECONDS:
        size = snprintf(text, sizeof(text), "%lld", (long long)value->number);
        return sql_copy_text(memory, text, (size_t)size);
    }
    return NULL;
}

int sql_compare(sql_value a, sql_value b)
{
    if (a.kind == SQL_TEXT && b.kind == SQL_TEXT) {
        return strcmp(a.text, b.text);
    }
    int64_t left = a.number;
    int64_t right = b.number;
    if (a.kind == SQL_TEXT && !(b.kind == SQL_BOOL) && !parse_i64(a.text, &left)) {
        sql_stop("'%s' is compared with a number", a.text);
    }
    if (b.kind == SQL_TEXT && !(a.kind == SQL_BOOL) && !parse_i64(b.text, &right)) {
        sql_stop("a number is compared with '%s'", b.text);
    }
    if (a.kind == SQL_TEXT && b.kind == SQL_BOOL) {
        left = a.text[0] == 't';
    }
    if (b.kind == SQL_TEXT && a.kind == SQL_BOOL) {
        right = b.text[0] == 't';
    }
    return left < right ? -1 : left > right;
}

bool sql_same(sql_value a, sql_value b)
{
    if (a.kind == SQL_NULL || b.kind == SQL_NULL) {
        return a.kind == b.kind;
    }
    return sql_compare(a, b) == 0;
}

uint64_t sql_hash_value(uint64_t seed, sql_value value)
{
    uint64_t hash = seed ^ (uint64_t)value.kind;
    if (value.kind == SQL_TEXT) {
        for (uint32_t i = 0; i < value.size; i++) {
            hash = (hash ^ (uint8_t)value.text[i]) * UINT64_C(0x100000001b3);
        }
        return hash ^ (hash >> 31);
    }
    hash = (hash ^ (uint64_t)value.number) * UINT64_C(0xff51afd7ed558ccd);
    return hash ^ (hash >> 31);
}

/* ---- columns ---- */

uint32_t sql_find_column(const sql_shape *shape, const char *name)
{
    for (uint32_t i = 0; i < shape->count; i++) {
        if (shape->names[i] == name) {
            return i;
        }
    }
    return UINT32_MAX;
}

static sql_value eval_column(const sql_node *node, const sql_frame *frame)
{
    for (; frame != NULL; frame = frame->outer) {
        /* A frame without a name holds the joined columns of all. */
        if (node->qualifier != NULL && frame->alias != NULL && node->qualifier != frame->alias) {
            continue;
        }
        /* The place found last time is right more often than not. */
        if (node->place < frame->shape->count && frame->shape->names[node->place] == node->name) {
            return frame->values[node->place];
        }
        const uint32_t place = sql_find_column(frame->shape, node->name);
        if (place != UINT32_MAX) {
            ((sql_node *)(uintptr_t)node)->place = place;
            return frame->values[place];
        }
    }
    sql_stop("no column %s%s%s",
        node->qualifier != NULL ? node->qualifier : "",
        node->qualifier != NULL ? "." : "",
        node->name);
}

/* ---- operators ---- */

static sql_value eval_logic(sql_run *run, const sql_node *node, const sql_frame *frame)
{
    const bool is_or = node->op == SQL_OP_OR;
    const sql_value left = sql_eval(run, node->args[0], frame);
    if (left.kind == SQL_BOOL && (left.number != 0) == is_or) {
        return left;
    }
    const sql_value right = sql_eval(run, node->args[1], frame);
    if (right.kind == SQL_BOOL && (right.number != 0) == is_or) {
        return right;
    }
    return left.kind == SQL_NULL || right.kind == SQL_NULL ? null_value : of_bool(!is_or);
}

static bool holds(sql_op op, int order)
{
    switch ((int)op) {
    case SQL_OP_EQUAL:
        return order == 0;
    case SQL_OP_DIFFERENT:
        return order != 0;
    case SQL_OP_LESS:
        return order < 0;
    case SQL_OP_LESS_EQUAL:
        return order <= 0;
    case SQL_OP_GREATER:
        return order > 0;
    default:
        return order >= 0;
    }
}

/* (a, b) < (c, d), element by element */
static sql_value compare_rows(
    sql_run *run, const sql_node *node, const sql_frame *frame, bool is_distinct)
{
    const sql_node *a = node->args[0];
    const sql_node *b = node->args[1];
    CB_ASSERT(b->op == SQL_OP_ROW && a->count == b->count);
    int order = 0;
    for (uint32_t i = 0; i < a->count && order == 0; i++) {
        const sql_value left = sql_eval(run, a->args[i], frame);
        const sql_value right = sql_eval(run, b->args[i], frame);
        if (is_distinct) {
            order = sql_same(left, right) ? 0 : 1;
        } else if (left.kind == SQL_NULL || right.kind == SQL_NULL) {
            return null_value;
        } else {
            order = sql_compare(left, right);
        }
    }
    return of_bool(is_distinct ? order != 0 : holds(node->op, order));
}

static sql_value eval_comparison(sql_run *run, const sql_node *node, const sql_frame *frame)
{
    if (node->args[0]->op == SQL_OP_ROW) {
        return compare_rows(run, node, frame, false);
    }
    const sql_value left = sql_eval(run, node->args[0], frame);
    const sql_value right = sql_eval(run, node->args[1], frame);
    if (left.kind == SQL_NULL || right.kind == SQL_NULL) {
        return null_value;
    }
    return of_bool(holds(node->op, sql_compare(left, right)));
}

static sql_value eval_distinct(sql_run *run, const sql_node *node, const sql_frame *frame)
{
    bool is_distinct = false;
    if (node->args[0]->op == SQL_OP_ROW) {
        is_distinct = sql_is_true(compare_rows(run, node, frame, true));
    } else {
        is_distinct =
            !sql_same(sql_eval(run, node->args[0], frame), sql_eval(run, node->args[1], frame));
    }
    return of_bool(is_distinct != node->is_negated);
}

static sql_value eval_is_null(sql_run *run, const sql_node *node, const sql_frame *frame)
{
    const sql_node *arg = node->args[0];
    bool are_all_null = true;
    bool is_none_null = true;
    const uint32_t count = arg->op == SQL_OP_ROW ? arg->count : 1;
    for (uint32_t i = 0; i < count; i++) {
        const sql_node *one = arg->op == SQL_OP_ROW ? arg->args[i] : arg;
        const bool is_null = sql_eval(run, one, frame).kind == SQL_NULL;
        are_all_null &= is_null;
        is_none_null &= !is_null;
    }
    return of_bool(node->is_negated ? is_none_null : are_all_null);
}

static sql_value eval_in(sql_run *run, const sql_node *node, const sql_frame *frame)
{
    const sql_value left = sql_eval(run, node->args[0], frame);
    bool is_found = false;
    bool has_null = false;
    if (left.kind == SQL_NULL) {
        return null_value;
    }
    if (node->select != NULL) {
        const sql_rows rows = sql_run_select(run, node->select, frame);
        for (uint32_t i = 0; i < rows.count && !is_found; i++) {
            has_null |= rows.rows[i][0].kind == SQL_NULL;
            is_found = rows.rows[i][0].kind != SQL_NULL && sql_compare(left, rows.rows[i][0]) == 0;
        }
    }
    for (uint32_t i = 1; i < node->count && !is_found; i++) {
        const sql_value right = sql_eval(run, node->args[i], frame);
        has_null |= right.kind == SQL_NULL;
        is_found = right.kind != SQL_NULL && sql_compare(left, right) == 0;
    }
    if (!is_found && has_null) {
        return null_value;
    }
    return of_bool(is_found != node->is_negated);
}

/* = ANY ('{1,2,3}') */
static sql_value eval_any(sql_run *run, const sql_node *node, const sql_frame *frame)
{
    const sql_value left = sql_eval(run, node->args[0], frame);
    const sql_value list = sql_eval(run, node->args[1], frame);
    if (left.kind == SQL_NULL || list.kind != SQL_TEXT) {
        return null_value;
    }
    const char *wanted = sql_print(run->db->memory, &left);
    const size_t wanted_size = strlen(wanted);
    const char *at = list.text + 1;
    while (*at != '\0' && *at != '}') {
        const size_t size = strcspn(at, ",}");
        if (size == wanted_size && memcmp(at, wanted, size) == 0) {
            return of_bool(true);
        }
        at += size + (at[size] == ',' ? 1 : 0);
    }
    return of_bool(false);
}

static sql_value eval_match(sql_run *run, const sql_node *node, const sql_frame *frame)
{
    const sql_value left = sql_eval(run, node->args[0], frame);
    const sql_value right = sql_eval(run, node->args[1], frame);
    if (left.kind == SQL_NULL || right.kind == SQL_NULL) {
        return null_value;
    }
    sql_node *mutable = (sql_node *)(uintptr_t)node; /* the compiled form is kept beside the text */
    if (!node->has_regex) {
        if (regcomp(&mutable->regex, right.text, REG_EXTENDED | REG_NOSUB) != 0) {
            sql_stop("pattern %s", right.text);
        }
        mutable->has_regex = true;
    }
    /* The same few texts come again and again: keys, names, hashes. */
    if (left.size >= sizeof(node->matched) || strcmp(node->matched, left.text) != 0 ||
        !node->has_matched) {
        mutable->is_match = regexec(&node->regex, left.text, 0, NULL, 0) == 0;
        mutable->has_matched = left.size < sizeof(node->matched);
        if (node->has_matched) {
            memcpy(mutable->matched, left.text, left.size + 1);
        }
    }
    return of_bool(node->is_match != node->is_negated);
}

static sql_value eval_concat(sql_run *run, const sql_node *node, const sql_frame *frame)
{
    const sql_value left = sql_convert(run->db, sql_eval(run, node->args[0], frame), SQL_TEXT);
    const sql_value right = sql_convert(run->db, sql_eval(run, node->args[1], frame), SQL_TEXT);
    if (left.kind == SQL_NULL || right.kind == SQL_NULL) {
        return null_value;
    }
    char *text = sql_alloc(run->db->memory, left.size + right.size + 1);
    memcpy(text, left.text, left.size);
    memcpy(text + left.size, right.text, right.size + 1);
    return (sql_value){.kind = SQL_TEXT, .size = left.size + right.size, .text = text};
}

static sql_value eval_arithmetic(sql_run *run, const sql_node *node, const sql_frame *frame)
{
    sql_value left = sql_eval(run, node->args[0], frame);
    sql_value right = sql_eval(run, node->args[1], frame);
    if (left.kind == SQL_NULL || right.kind == SQL_NULL) {
        return null_value;
    }
    if (left.kind == SQL_SECONDS && node->op == SQL_OP_MUL) {
        /* extract(epoch …) * 1e9: the ns as they are */
        return of_int((int64_t)((cb_i128)left.number * right.number / INT64_C(1000000000)));
    }
    left = left.kind == SQL_TEXT ? sql_convert(run->db, left, SQL_INT) : left;
    right = right.kind == SQL_TEXT ? sql_convert(run->db, right, SQL_INT) : right;
    sql_value result = left;
    bool is_over = false;
    switch ((int)node->op) {
    case SQL_OP_ADD:
        is_over = __builtin_add_overflow(left.number, right.number, &result.number);
        break;
    case SQL_OP_SUB:
        is_over = __builtin_sub_overflow(left.number, right.number, &result.number);
        result.kind = left.kind == right.kind ? SQL_INT : left.kind;
        break;
    case SQL_OP_MUL:
        is_over = __builtin_mul_overflow(left.number, right.number, &result.number);
        break;
    default:
        if (right.number == 0) {
            (void)sql_fail(run->db, "22012", "division by zero");
            return null_value;
        }
        result.number =
            node->op == SQL_OP_DIV ? left.number / right.number : left.number % right.number;
        break;
    }
    if (is_over) {
        (void)sql_fail(run->db, "22003", "bigint out of range");
    }
    return result;
}

static sql_value eval_cast(sql_run *run, const sql_node *node, const sql_frame *frame)
{
    const sql_value value = sql_eval(run, node->args[0], frame);
    const char *type = node->name;
    if (strcmp(type, "bigint") == 0 || strcmp(type, "int") == 0 || strcmp(type, "integer") == 0) {
        if (value.kind == SQL_TEXT && value.text[0] == '{') {
            return value; /* bigint[] */
        }
        return sql_convert(run->db, value, SQL_INT);
    }
    if (strcmp(type, "boolean") == 0) {
        return sql_convert(run->db, value, SQL_BOOL);
    }
    if (strcmp(type, "text") == 0) {
        return sql_convert(run->db, value, SQL_TEXT);
    }
    return value; /* uuid, jsonb, bytea, numeric, timestamptz, xid8: as they are */
}

static sql_value eval_case(sql_run *run, const sql_node *node, const sql_frame *frame)
{
    uint32_t i = 0;
    for (; i + 1 < node->count; i += 2) {
        if (sql_is_true(sql_eval(run, node->args[i], frame))) {
            return sql_eval(run, node->args[i + 1], frame);
        }
    }
    return sql_eval(run, node->args[i], frame);
}

/* ---- functions ---- */

static sql_value call_extreme(
    sql_run *run, const sql_node *node, const sql_frame *frame, bool is_greatest)
{
    sql_value best = null_value;
    for (uint32_t i = 0; i < node->count; i++) {
        const sql_value value = sql_eval(run, node->args[i], frame);
        const bool is_better =
            value.kind != SQL_NULL &&
            (best.kind == SQL_NULL || (sql_compare(value, best) > 0) == is_greatest);
        best = is_better ? value : best;
    }
    return best;
}

static int64_t json_length(const char *text)
{
    int depth = 0;
    int64_t count = 0;
    bool is_text = false;
    bool is_empty = true;
    for (; *text != '\0'; text++) {
        if (is_text) {
            is_text = *text != '"' || text[-1] == '\\';
        } else if (*text == '"') {
            is_text = true;
            is_empty = false;
        } else if (*text == '[' || *text == '{') {
            is_empty = depth++ == 0 ? is_empty : false;
        } else if (*text == ']' || *text == '}') {
            depth--;
        } else if (*text == ',' && depth == 1) {
            count++;
        } else if (*text != ' ') {
            is_empty = false;
        }
    }
    return is_empty ? 0 : count + 1;
}

static sql_value call_one(sql_run *run, const char *name, sql_value value)
{
    if (value.kind == SQL_NULL) {
        return null_value;
    }
    if (strcmp(name, "extract") == 0) {
        return (sql_value){.kind = SQL_SECONDS, .number = value.number};
    }
    if (strcmp(name, "octet_length") == 0) {
        return of_int(value.text[0] == '\\' ? (value.size - 2) / 2 : value.size);
    }
    if (strcmp(name, "jsonb_array_length") == 0) {
        return of_int(json_length(value.text));
    }
    if (strcmp(name, "length") == 0) {
        return of_int(value.size);
    }
    if (strcmp(name, "is_balanced") == 0) {
        return of_bool(true); /* jsonb arithmetic: left to the real database and to the checker */
    }
    if (strcmp(name, "e8") == 0) {
        return sql_convert(run->db, value, SQL_TEXT);
    }
    if (strcmp(name, "hashtextextended") == 0) {
        return value;
    }
    sql_stop("function %s", name);
}

static sql_value eval_call(sql_run *run, const sql_node *node, const sql_frame *frame)
{
    const char *name = node->name;
    if (strcmp(name, "coalesce") == 0) {
        sql_value value = null_value;
        for (uint32_t i = 0; i < node->count && value.kind == SQL_NULL; i++) {
            value = sql_eval(run, node->args[i], frame);
        }
        return value;
    }
    if (strcmp(name, "clock_timestamp") == 0 || strcmp(name, "now") == 0) {
        return (sql_value){.kind = SQL_TIME, .number = run->db->now_ns};
    }
    if (strcmp(name, "greatest") == 0 || strcmp(name, "least") == 0) {
        return call_extreme(run, node, frame, name[0] == 'g');
    }
    if (strcmp(name, "nullif") == 0) {
        const sql_value value = sql_eval(run, node->args[0], frame);
        return sql_same(value, sql_eval(run, node->args[1], frame)) ? null_value : value;
    }
    if (sql_is_aggregate(node)) {
        /* The group has been worked out; its value waits under the call's own name. */
        sql_stop("aggregate %s outside of a list", name);
    }
    sql_value args[4];
    sql_value result = null_value;
    const bool is_short = node->count <= 4;
    for (uint32_t i = 0; is_short && i < node->count; i++) {
        args[i] = sql_eval(run, node->args[i], frame);
    }
    if (is_short && run->db->server_call != NULL && strncmp(name, "pg_", 3) == 0 &&
        run->db->server_call(run->db->server_context, name, args, node->count, &result)) {
        return result;
    }
    if (is_short && sql_run_function(run, name, args, node->count)) {
        return (sql_value){.kind = SQL_TEXT, .text = ""}; /* void */
    }
    if (node->count == 0) {
        sql_stop("function %s()", name);
    }
    return call_one(run, name, sql_eval(run, node->args[0], frame));
}

static sql_value eval_scalar(sql_run *run, const sql_node *node, const sql_frame *frame)
{
    const sql_rows rows = sql_run_select(run, node->select, frame);
    if (node->op == SQL_OP_EXISTS) {
        return of_bool(rows.count > 0);
    }
    return rows.count > 0 ? rows.rows[0][0] : null_value;
}

static sql_value eval_not(sql_run *run, const sql_node *node, const sql_frame *frame)
{
    const sql_value value = sql_eval(run, node->args[0], frame);
    if (node->op == SQL_OP_NEGATE) {
        return value.kind == SQL_NULL ? value : of_int(-value.number);
    }
    return value.kind == SQL_NULL ? value : of_bool(value.number == 0);
}

sql_value sql_eval(sql_run *run, const sql_node *node, const sql_frame *frame)
{
    switch (node->op) {
    case SQL_OP_LITERAL:
        return node->literal;
    case SQL_OP_PARAM:
        CB_ASSERT((uint64_t)node->number < run->params_count);
        return run->params[node->number];
    case SQL_OP_COLUMN:
        return eval_column(node, frame);
    case SQL_OP_OR:
    case SQL_OP_AND:
        return eval_logic(run, node, frame);
    case SQL_OP_NOT:
    case SQL_OP_NEGATE:
        return eval_not(run, node, frame);
    case SQL_OP_EQUAL:
    case SQL_OP_DIFFERENT:
    case SQL_OP_LESS:
    case SQL_OP_LESS_EQUAL:
    case SQL_OP_GREATER:
    case SQL_OP_GREATER_EQUAL:
        return eval_comparison(run, node, frame);
    case SQL_OP_IS_NULL:
        return eval_is_null(run, node, frame);
    case SQL_OP_IS_DISTINCT:
        return eval_distinct(run, node, frame);
    case SQL_OP_IN:
        return eval_in(run, node, frame);
    case SQL_OP_ANY:
        return eval_any(run, node, frame);
    case SQL_OP_MATCH:
        return eval_match(run, node, frame);
    case SQL_OP_CONCAT:
        return eval_concat(run, node, frame);
    case SQL_OP_ADD:
    case SQL_OP_SUB:
    case SQL_OP_MUL:
    case SQL_OP_DIV:
    case SQL_OP_MOD:
        return eval_arithmetic(run, node, frame);
    case SQL_OP_CAST:
        return eval_cast(run, node, frame);
    case SQL_OP_CASE:
        return eval_case(run, node, frame);
    case SQL_OP_CALL:
        return eval_call(run, node, frame);
    case SQL_OP_EXISTS:
    case SQL_OP_SCALAR:
        return eval_scalar(run, node, frame);
    case SQL_OP_LIKE:
    case SQL_OP_STAR:
    case SQL_OP_ROW:
        break;
    }
    sql_stop("operator %d in an expression", (int)node->op);
}
