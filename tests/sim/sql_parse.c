/* Tokens to trees: expressions and SELECT. INSERT and UPDATE are in sql_parse_write.c. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "tests/sim/sql.h"
#include "tests/sim/sql_parse.h"

#define LIST_MAX 128

static sql_node *new_node(sql_op op)
{
    sql_node *node = sql_keep(sizeof(*node));
    node->op = op;
    return node;
}

static void add_arg(sql_node *node, sql_node *arg)
{
    node->args = realloc(node->args, (node->count + 1) * sizeof(void *));
    CB_ASSERT(node->args != NULL);
    node->args[node->count++] = arg;
}

static sql_node *new_pair(sql_op op, sql_node *a, sql_node *b)
{
    sql_node *node = new_node(op);
    add_arg(node, a);
    add_arg(node, b);
    return node;
}

static sql_node *new_literal(sql_kind kind, int64_t number, const char *text)
{
    sql_node *node = new_node(SQL_OP_LITERAL);
    node->literal = (sql_value){.kind = kind};
    if (kind == SQL_TEXT) {
        node->literal.text = text;
        node->literal.size = (uint32_t)strlen(text);
    } else {
        node->literal.number = number;
    }
    return node;
}

bool sql_is_aggregate(const sql_node *node)
{
    static const char *const list[] = {"count", "max", "min", "sum", "bool_or", "bool_and"};
    for (size_t i = 0; node->op == SQL_OP_CALL && i < sizeof(list) / sizeof(list[0]); i++) {
        if (strcmp(node->name, list[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_aggregate(const sql_node *node)
{
    if (sql_is_aggregate(node)) {
        return true;
    }
    for (uint32_t i = 0; i < node->count; i++) {
        if (has_aggregate(node->args[i])) {
            return true;
        }
    }
    return false;
}

static bool at_select(const sql_parser *parser)
{
    return sql_peek(parser, "select") || sql_peek(parser, "with") || sql_peek(parser, "values");
}

static sql_node *parse_or(sql_parser *parser);

static sql_node *parse_case(sql_parser *parser)
{
    sql_node *node = new_node(SQL_OP_CASE);
    if (!sql_peek(parser, "when")) {
        sql_refuse(parser, "when");
    }
    while (sql_take(parser, "when")) {
        add_arg(node, parse_or(parser));
        sql_need(parser, "then");
        add_arg(node, parse_or(parser));
    }
    add_arg(node, sql_take(parser, "else") ? parse_or(parser) : new_literal(SQL_NULL, 0, NULL));
    sql_need(parser, "end");
    return node;
}

/* f(a, b), count(*), extract(epoch FROM x) */
static sql_node *parse_call(sql_parser *parser, const char *name)
{
    sql_node *node = new_node(SQL_OP_CALL);
    node->name = name;
    if (strcmp(name, "extract") == 0) {
        sql_need(parser, "epoch");
        sql_need(parser, "from");
    }
    if (sql_take(parser, "*")) {
        sql_need(parser, ")");
        return node;
    }
    (void)sql_take(parser, "distinct");
    while (!sql_take(parser, ")")) {
        add_arg(node, parse_or(parser));
        if (!sql_peek(parser, ")")) {
            sql_need(parser, ",");
        }
    }
    return node;
}

static sql_node *parse_parenthesis(sql_parser *parser)
{
    sql_node *node = NULL;
    if (at_select(parser)) {
        node = new_node(SQL_OP_SCALAR);
        node->select = sql_parse_select(parser);
        sql_need(parser, ")");
        return node;
    }
    node = parse_or(parser);
    if (sql_peek(parser, ",")) {
        sql_node *row = new_node(SQL_OP_ROW);
        add_arg(row, node);
        while (sql_take(parser, ",")) {
            add_arg(row, parse_or(parser));
        }
        node = row;
    }
    sql_need(parser, ")");
    return node;
}

static int64_t parse_interval(const char *text)
{
    char *end = NULL;
    const long number = strtol(text, &end, 10);
    while (*end == ' ') {
        end++;
    }
    if (strncmp(end, "ms", 2) == 0 || strncmp(end, "milli", 5) == 0) {
        return number * INT64_C(1000000);
    }
    if (strncmp(end, "us", 2) == 0 || strncmp(end, "micro", 5) == 0) {
        return number * INT64_C(1000);
    }
    if (*end == 's') {
        return number * INT64_C(1000000000);
    }
    if (strncmp(end, "min", 3) == 0) {
        return number * INT64_C(60000000000);
    }
    if (*end == 'h') {
        return number * INT64_C(3600000000000);
    }
    if (*end == 'd') {
        return number * INT64_C(86400000000000);
    }
    sql_stop("interval '%s'", text);
}

static sql_node *parse_name(sql_parser *parser)
{
    const sql_token *token = &parser->tokens[parser->at];
    const char *name = sql_need_name(parser);
    if (!token->is_quoted) {
        if (strcmp(name, "null") == 0) {
            return new_literal(SQL_NULL, 0, NULL);
        }
        if (strcmp(name, "true") == 0 || strcmp(name, "false") == 0) {
            return new_literal(SQL_BOOL, name[0] == 't', NULL);
        }
        if (strcmp(name, "case") == 0) {
            return parse_case(parser);
        }
        if (strcmp(name, "interval") == 0) {
            return new_literal(SQL_INT, parse_interval(parser->tokens[parser->at++].text), NULL);
        }
        if (strcmp(name, "exists") == 0) {
            sql_need(parser, "(");
            sql_node *node = new_node(SQL_OP_EXISTS);
            node->select = sql_parse_select(parser);
            sql_need(parser, ")");
            return node;
        }
        if (sql_take(parser, "(")) {
            return parse_call(parser, name);
        }
    }
    sql_node *node = new_node(SQL_OP_COLUMN);
    node->name = name;
    if (sql_take(parser, ".")) {
        node->qualifier = name;
        if (sql_take(parser, "*")) {
            node->op = SQL_OP_STAR;
            return node;
        }
        node->name = sql_need_name(parser);
    }
    return node;
}

static sql_node *parse_primary(sql_parser *parser)
{
    const sql_token *token = &parser->tokens[parser->at];
    sql_node *node = NULL;
    switch (token->kind) {
    case SQL_T_NUMBER:
        parser->at++;
        return new_literal(SQL_INT, token->number, NULL);
    case SQL_T_STRING:
        parser->at++;
        return new_literal(SQL_TEXT, 0, token->text);
    case SQL_T_PARAM:
        parser->at++;
        node = new_node(SQL_OP_PARAM);
        node->number = token->number - 1;
        return node;
    case SQL_T_NAME:
        return parse_name(parser);
    case SQL_T_SIGN:
        if (sql_take(parser, "(")) {
            return parse_parenthesis(parser);
        }
        if (sql_take(parser, "-")) {
            node = new_node(SQL_OP_NEGATE);
            add_arg(node, parse_primary(parser));
            return node;
        }
        if (sql_take(parser, "*")) {
            return new_node(SQL_OP_STAR);
        }
        break;
    case SQL_T_END:
        break;
    }
    sql_refuse(parser, "an expression");
}

/* The words of a type after "::": "double precision", "bigint[]", "numeric(30,8)". */
const char *sql_parse_type(sql_parser *parser)
{
    const char *name = sql_need_name(parser);
    if (strcmp(name, "double") == 0) {
        sql_need(parser, "precision");
    }
    if (sql_take(parser, "(")) {
        while (!sql_take(parser, ")")) {
            parser->at++;
        }
    }
    if (sql_take(parser, "[")) {
        sql_need(parser, "]");
    }
    return name;
}

static sql_node *parse_postfix(sql_parser *parser)
{
    sql_node *node = parse_primary(parser);
    for (;;) {
        if (sql_take(parser, "::")) {
            sql_node *cast = new_node(SQL_OP_CAST);
            cast->name = sql_parse_type(parser);
            add_arg(cast, node);
            node = cast;
        } else if (sql_take(parser, "->>") || sql_take(parser, "->")) {
            sql_node *call = new_node(SQL_OP_CALL);
            call->name = sql_intern("->>", 3);
            add_arg(call, node);
            add_arg(call, parse_primary(parser));
            node = call;
        } else {
            return node;
        }
    }
}

typedef struct binary {
    const char *sign;
    sql_op op;
} binary;

static sql_node *parse_level(
    sql_parser *parser, const binary *list, size_t count, sql_node *(*inner)(sql_parser *parser))
{
    sql_node *node = inner(parser);
    for (size_t i = 0; i < count; i++) {
        if (sql_take(parser, list[i].sign)) {
            node = new_pair(list[i].op, node, inner(parser));
            i = (size_t)-1;
        }
    }
    return node;
}

static sql_node *parse_product(sql_parser *parser)
{
    static const binary list[] = {{"*", SQL_OP_MUL}, {"/", SQL_OP_DIV}, {"%", SQL_OP_MOD}};
    return parse_level(parser, list, 3, parse_postfix);
}

static sql_node *parse_sum(sql_parser *parser)
{
    static const binary list[] = {{"+", SQL_OP_ADD}, {"-", SQL_OP_SUB}};
    return parse_level(parser, list, 2, parse_product);
}

static sql_node *parse_concat(sql_parser *parser)
{
    static const binary list[] = {{"||", SQL_OP_CONCAT}};
    return parse_level(parser, list, 1, parse_sum);
}

static sql_node *parse_in(sql_parser *parser, sql_node *left)
{
    sql_node *node = new_node(SQL_OP_IN);
    add_arg(node, left);
    sql_need(parser, "(");
    if (at_select(parser)) {
        node->select = sql_parse_select(parser);
    } else {
        do {
            add_arg(node, parse_or(parser));
        } while (sql_take(parser, ","));
    }
    sql_need(parser, ")");
    return node;
}

/* IN, BETWEEN, LIKE, IS, ~ after a left side */
static sql_node *parse_predicate(sql_parser *parser, sql_node *left)
{
    const bool is_not = sql_take(parser, "not");
    sql_node *node = NULL;
    if (sql_take(parser, "in")) {
        node = parse_in(parser, left);
    } else if (sql_take(parser, "like")) {
        node = new_pair(SQL_OP_LIKE, left, parse_concat(parser));
    } else if (sql_take(parser, "between")) {
        sql_node *low = parse_concat(parser);
        sql_need(parser, "and");
        node = new_pair(SQL_OP_AND,
            new_pair(SQL_OP_GREATER_EQUAL, left, low),
            new_pair(SQL_OP_LESS_EQUAL, left, parse_concat(parser)));
        if (is_not) {
            sql_node *negated = new_node(SQL_OP_NOT);
            add_arg(negated, node);
            return negated;
        }
    } else {
        sql_refuse(parser, "in, like or between");
    }
    node->is_negated = is_not;
    return node;
}

static sql_node *parse_is(sql_parser *parser, sql_node *left)
{
    const bool is_not = sql_take(parser, "not");
    sql_node *node = NULL;
    if (sql_take(parser, "distinct from")) {
        node = new_pair(SQL_OP_IS_DISTINCT, left, parse_concat(parser));
    } else if (sql_take(parser, "null")) {
        node = new_node(SQL_OP_IS_NULL);
        add_arg(node, left);
    } else if (sql_peek(parser, "true") || sql_peek(parser, "false")) {
        node = new_pair(SQL_OP_IS_DISTINCT, left, parse_primary(parser));
        node->is_negated = !is_not;
        return node;
    } else {
        sql_refuse(parser, "null, true, false or distinct from");
    }
    node->is_negated = is_not;
    return node;
}

static sql_node *parse_any(sql_parser *parser, sql_node *left)
{
    sql_need(parser, "(");
    sql_node *node = new_pair(SQL_OP_ANY, left, parse_or(parser));
    sql_need(parser, ")");
    return node;
}

static sql_node *parse_comparison(sql_parser *parser)
{
    static const binary list[] = {{"=", SQL_OP_EQUAL},
        {"<>", SQL_OP_DIFFERENT},
        {"!=", SQL_OP_DIFFERENT},
        {"<=", SQL_OP_LESS_EQUAL},
        {"<", SQL_OP_LESS},
        {">=", SQL_OP_GREATER_EQUAL},
        {">", SQL_OP_GREATER},
        {"~", SQL_OP_MATCH},
        {"!~", SQL_OP_MATCH}};
    sql_node *node = parse_concat(parser);
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        if (!sql_take(parser, list[i].sign)) {
            continue;
        }
        if (list[i].op == SQL_OP_EQUAL && sql_take(parser, "any")) {
            return parse_any(parser, node);
        }
        node = new_pair(list[i].op, node, parse_concat(parser));
        node->is_negated = strcmp(list[i].sign, "!~") == 0;
        i = (size_t)-1;
    }
    if (sql_take(parser, "is")) {
        return parse_is(parser, node);
    }
    if (sql_peek(parser, "in") || sql_peek(parser, "like") || sql_peek(parser, "between") ||
        sql_peek(parser, "not")) {
        return parse_predicate(parser, node);
    }
    return node;
}

static sql_node *parse_not(sql_parser *parser)
{
    if (!sql_take(parser, "not")) {
        return parse_comparison(parser);
    }
    sql_node *node = new_node(SQL_OP_NOT);
    add_arg(node, parse_not(parser));
    return node;
}

static sql_node *parse_and(sql_parser *parser)
{
    static const binary list[] = {{"and", SQL_OP_AND}};
    return parse_level(parser, list, 1, parse_not);
}

static sql_node *parse_or(sql_parser *parser)
{
    static const binary list[] = {{"or", SQL_OP_OR}};
    return parse_level(parser, list, 1, parse_and);
}

sql_node *sql_parse_expression(sql_parser *parser)
{
    return parse_or(parser);
}

/* ---- SELECT ---- */

/* expr [AS name] … into an array that is kept */
uint32_t sql_parse_outputs(sql_parser *parser, sql_node ***out)
{
    sql_node *list[LIST_MAX];
    uint32_t count = 0;
    do {
        CB_ASSERT(count < LIST_MAX);
        sql_node *node = parse_or(parser);
        if (sql_take(parser, "as")) {
            node->output = sql_need_name(parser);
        } else if (node->op == SQL_OP_COLUMN || node->op == SQL_OP_CALL) {
            node->output = node->name;
        }
        list[count++] = node;
    } while (sql_take(parser, ","));
    *out = sql_keep(count * sizeof(void *));
    memcpy(*out, list, count * sizeof(void *));
    return count;
}

static bool is_clause(const sql_parser *parser)
{
    static const char *const words[] = {"where",
        "group",
        "order",
        "limit",
        "union",
        "for",
        "join",
        "cross",
        "left",
        "inner",
        "on",
        "using",
        "returning",
        "set",
        "lateral",
        "having",
        "offset"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (sql_peek(parser, words[i])) {
            return true;
        }
    }
    return parser->tokens[parser->at].kind != SQL_T_NAME;
}

static void parse_from_item(sql_parser *parser, sql_from *from)
{
    (void)sql_take(parser, "lateral");
    if (sql_take(parser, "(")) {
        from->select = sql_parse_select(parser);
        sql_need(parser, ")");
    } else {
        from->table = sql_need_name(parser);
        from->alias = from->table;
    }
    (void)sql_take(parser, "as");
    if (!is_clause(parser)) {
        from->alias = sql_need_name(parser);
    }
}

static void parse_join_end(sql_parser *parser, sql_from *from)
{
    if (sql_take(parser, "on")) {
        from->on = parse_or(parser);
    } else if (sql_take(parser, "using")) {
        sql_need(parser, "(");
        do {
            CB_ASSERT(from->using_count < 4);
            from->using_names[from->using_count++] = sql_need_name(parser);
        } while (sql_take(parser, ","));
        sql_need(parser, ")");
    }
}

uint32_t sql_parse_froms(sql_parser *parser, sql_from **out)
{
    sql_from list[8] = {{0}};
    uint32_t count = 0;
    parse_from_item(parser, &list[count++]);
    for (;;) {
        const bool is_left = sql_take(parser, "left join") || sql_take(parser, "left outer join");
        if (!is_left && !sql_take(parser, ",") && !sql_take(parser, "cross join") &&
            !sql_take(parser, "join") && !sql_take(parser, "inner join")) {
            break;
        }
        CB_ASSERT(count < 8);
        list[count].is_left = is_left;
        parse_from_item(parser, &list[count]);
        parse_join_end(parser, &list[count++]);
    }
    *out = sql_keep(count * sizeof(list[0]));
    memcpy(*out, list, count * sizeof(list[0]));
    return count;
}

static void parse_order(sql_parser *parser, sql_select *select)
{
    sql_order list[8] = {{0}};
    do {
        CB_ASSERT(select->orders_count < 8);
        sql_order *order = &list[select->orders_count++];
        order->node = parse_or(parser);
        order->is_descending = sql_take(parser, "desc");
        (void)sql_take(parser, "asc");
    } while (sql_take(parser, ","));
    select->orders = sql_keep(sizeof(list));
    memcpy(select->orders, list, sizeof(list));
}

static void parse_values(sql_parser *parser, sql_select *select)
{
    sql_node *list[LIST_MAX];
    do {
        CB_ASSERT(select->values_count < LIST_MAX);
        sql_need(parser, "(");
        sql_node *row = new_node(SQL_OP_ROW);
        do {
            add_arg(row, parse_or(parser));
        } while (sql_take(parser, ","));
        sql_need(parser, ")");
        list[select->values_count++] = row;
    } while (sql_take(parser, ","));
    select->values = sql_keep(select->values_count * sizeof(void *));
    memcpy(select->values, list, select->values_count * sizeof(void *));
}

static void parse_tail(sql_parser *parser, sql_select *select)
{
    if (sql_take(parser, "order by")) {
        parse_order(parser, select);
    }
    if (sql_take(parser, "limit")) {
        select->limit = parse_or(parser);
    }
    while (sql_take(parser, "for share") || sql_take(parser, "for update") ||
           sql_take(parser, "for no key update") || sql_take(parser, "for key share")) {
        if (sql_take(parser, "of")) {
            (void)sql_need_name(parser);
        }
        (void)(sql_take(parser, "nowait") || sql_take(parser, "skip locked"));
    }
}

static sql_select *parse_core(sql_parser *parser)
{
    sql_select *select = sql_keep(sizeof(*select));
    if (sql_take(parser, "(")) { /* (SELECT …) UNION … */
        sql_select *inner = sql_parse_select(parser);
        sql_need(parser, ")");
        sql_from *from = sql_keep(sizeof(*from));
        from->select = inner;
        sql_node *star = new_node(SQL_OP_STAR);
        select->froms = from;
        select->froms_count = 1;
        select->outputs = sql_keep(sizeof(sql_node *));
        select->outputs[0] = star;
        select->outputs_count = 1;
        return select;
    }
    if (sql_take(parser, "values")) {
        parse_values(parser, select);
        return select;
    }
    sql_need(parser, "select");
    select->is_distinct = sql_take(parser, "distinct");
    select->outputs_count = sql_parse_outputs(parser, &select->outputs);
    for (uint32_t i = 0; i < select->outputs_count; i++) {
        select->has_aggregate |= has_aggregate(select->outputs[i]);
    }
    if (sql_take(parser, "from")) {
        select->froms_count = sql_parse_froms(parser, &select->froms);
    }
    if (sql_take(parser, "where")) {
        select->where = parse_or(parser);
    }
    if (sql_take(parser, "group by")) {
        select->groups_count = sql_parse_outputs(parser, &select->groups);
    }
    return select;
}

sql_select *sql_parse_select(sql_parser *parser)
{
    sql_with *withs = NULL;
    const uint32_t withs_count = sql_parse_withs(parser, &withs);
    sql_select *first = parse_core(parser);
    first->withs = withs;
    first->withs_count = withs_count;
    sql_select *last = first;
    while (sql_take(parser, "union")) {
        last->is_union_all = sql_take(parser, "all");
        last->next = parse_core(parser);
        last = last->next;
    }
    parse_tail(parser, first); /* ORDER BY and LIMIT are of the whole */
    return first;
}
