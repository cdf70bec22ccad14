/* Tokens to trees: WITH, INSERT, UPDATE; statements and their cache. */
#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "tests/sim/sql.h"
#include "tests/sim/sql_parse.h"

#define CACHE_MAX 2048

uint32_t sql_parse_withs(sql_parser *parser, sql_with **out)
{
    if (!sql_take(parser, "with")) {
        return 0;
    }
    const bool is_recursive = sql_take(parser, "recursive");
    sql_with list[8] = {{0}};
    uint32_t count = 0;
    do {
        CB_ASSERT(count < 8);
        sql_with *with = &list[count++];
        with->name = sql_need_name(parser);
        with->is_recursive = is_recursive;
        sql_need(parser, "as");
        (void)(sql_take(parser, "materialized") || sql_take(parser, "not materialized"));
        sql_need(parser, "(");
        with->statement = sql_parse_statement(parser);
        sql_need(parser, ")");
    } while (sql_take(parser, ","));
    *out = sql_keep(sizeof(list));
    memcpy(*out, list, sizeof(list));
    return count;
}

static void parse_set(sql_parser *parser, sql_statement *statement)
{
    sql_need(parser, "set");
    do {
        CB_ASSERT(statement->sets_count < SQL_COLUMNS_MAX);
        const uint32_t at = statement->sets_count++;
        statement->set_names[at] = sql_need_name(parser);
        sql_need(parser, "=");
        statement->set_nodes[at] = sql_parse_expression(parser);
    } while (sql_take(parser, ","));
}

static void parse_returning(sql_parser *parser, sql_statement *statement)
{
    if (sql_take(parser, "returning")) {
        statement->returning_count = sql_parse_outputs(parser, &statement->returning);
    }
}

static void parse_conflict(sql_parser *parser, sql_statement *statement)
{
    if (!sql_take(parser, "on conflict")) {
        return;
    }
    statement->has_conflict = true;
    if (sql_take(parser, "(")) {
        do {
            CB_ASSERT(statement->conflict_columns_count < 8);
            statement->conflict_columns[statement->conflict_columns_count++] =
                sql_need_name(parser);
        } while (sql_take(parser, ","));
        sql_need(parser, ")");
    }
    sql_need(parser, "do");
    if (sql_take(parser, "nothing")) {
        return;
    }
    sql_need(parser, "update");
    statement->is_conflict_update = true;
    parse_set(parser, statement);
    if (sql_take(parser, "where")) {
        statement->where = sql_parse_expression(parser);
    }
}

static void parse_insert(sql_parser *parser, sql_statement *statement)
{
    statement->verb = SQL_INSERT;
    sql_need(parser, "into");
    statement->table = sql_need_name(parser);
    statement->alias = sql_take(parser, "as") ? sql_need_name(parser) : statement->table;
    if (sql_take(parser, "(")) {
        do {
            CB_ASSERT(statement->columns_count < SQL_COLUMNS_MAX);
            statement->columns[statement->columns_count++] = sql_need_name(parser);
        } while (sql_take(parser, ","));
        sql_need(parser, ")");
    }
    if (!sql_take(parser, "default values")) {
        statement->select = sql_parse_select(parser);
    }
    parse_conflict(parser, statement);
    parse_returning(parser, statement);
}

static void parse_update(sql_parser *parser, sql_statement *statement)
{
    statement->verb = SQL_UPDATE;
    statement->table = sql_need_name(parser);
    (void)sql_take(parser, "as");
    statement->alias = sql_peek(parser, "set") ? statement->table : sql_need_name(parser);
    parse_set(parser, statement);
    if (sql_take(parser, "from")) {
        statement->froms_count = sql_parse_froms(parser, &statement->froms);
    }
    if (sql_take(parser, "where")) {
        statement->where = sql_parse_expression(parser);
    }
    parse_returning(parser, statement);
}

sql_statement *sql_parse_statement(sql_parser *parser)
{
    sql_statement *statement = sql_keep(sizeof(*statement));
    statement->withs_count = sql_parse_withs(parser, &statement->withs);
    if (sql_take(parser, "insert")) {
        parse_insert(parser, statement);
    } else if (sql_take(parser, "update")) {
        parse_update(parser, statement);
    } else if (sql_take(parser, "set") || sql_take(parser, "lock")) {
        statement->verb = SQL_NOTHING;
        parser->at = parser->count;
    } else {
        statement->verb = SQL_SELECT;
        statement->select = sql_parse_select(parser);
    }
    return statement;
}

/* ---- the cache ---- */

typedef struct cached {
    uint64_t hash;
    char *text;
    const sql_statement *statement;
} cached;

static cached cache[CACHE_MAX];

static uint64_t hash_text(const char *text, size_t size)
{
    uint64_t hash = size * UINT64_C(0x9e3779b97f4a7c15);
    for (; size >= 8; size -= 8, text += 8) {
        uint64_t word = 0;
        memcpy(&word, text, 8);
        hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
        hash ^= hash >> 32;
    }
    for (; size > 0; size--, text++) {
        hash = (hash ^ (uint8_t)*text) * UINT64_C(0xff51afd7ed558ccd);
    }
    return hash ^ (hash >> 29);
}

const sql_statement *sql_prepare(const char *sql)
{
    const size_t size = strlen(sql);
    const uint64_t hash = hash_text(sql, size);
    size_t slot = (size_t)(hash % CACHE_MAX);
    while (cache[slot].text != NULL) {
        if (cache[slot].hash == hash && strcmp(cache[slot].text, sql) == 0) {
            return cache[slot].statement;
        }
        slot = (slot + 1) % CACHE_MAX;
    }
    char *copy = sql_keep(size + 1);
    memcpy(copy, sql, size);
    sql_parser parser;
    sql_lex(&parser, copy, size);
    const sql_statement *statement = sql_parse_statement(&parser);
    (void)sql_take(&parser, ";");
    if (parser.tokens[parser.at].kind != SQL_T_END) {
        sql_refuse(&parser, "the end");
    }
    cache[slot] = (cached){hash, copy, statement};
    return statement;
}
