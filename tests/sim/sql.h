/* A small SQL engine in memory for the deterministic simulation: it runs the very statements and
 * migrations of the services (tables, constraints, triggers), so that what is simulated is what
 * runs. It knows the part of PostgreSQL's SQL that they use and stops the run at anything else.
 *
 *   sql_lex.c, sql_parse.c   text to tree, once per statement
 *   sql_ddl.c                migrations: tables, constraints, trigger functions
 *   sql_eval.c               expressions
 *   sql_select.c             queries
 *   sql_write.c              INSERT, UPDATE, constraints, triggers, undo */
#ifndef DST_SQL_H
#define DST_SQL_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SQL_COLUMNS_MAX 80
#define SQL_PARAMS_MAX 64
#define SQL_TABLES_MAX 64
#define SQL_FUNCTIONS_MAX 32
#define SQL_UNIQUES_MAX 8
#define SQL_CHECKS_MAX 40
#define SQL_TRIGGERS_MAX 4
#define SQL_ERROR_MAX 256

/* ---- values ---- */
typedef enum sql_kind { SQL_NULL, SQL_BOOL, SQL_INT, SQL_TEXT, SQL_TIME, SQL_SECONDS } sql_kind;

/* TIME is ns; SECONDS is the same number before it is multiplied by 1e9. */
typedef struct sql_value {
    sql_kind kind;
    uint32_t size; /* TEXT */
    union {
        int64_t number;
        const char *text; /* NUL-terminated, in the run's memory or constant */
    };
} sql_value;

/* ---- memory of one run ---- */
typedef struct sql_memory {
    uint8_t *base; /* [owned] */
    size_t size;
    size_t used;
} sql_memory;
void *sql_alloc(sql_memory *memory, size_t size);
const char *sql_copy_text(sql_memory *memory, const char *text, size_t size);

/* ---- trees ---- */
typedef struct sql_node sql_node;
typedef struct sql_select sql_select;
typedef struct sql_statement sql_statement;
typedef struct sql_table sql_table;
typedef struct sql_db sql_db;
struct sql_rows;

typedef enum sql_op {
    SQL_OP_LITERAL,
    SQL_OP_PARAM, /* number: from 0 */
    SQL_OP_COLUMN,
    SQL_OP_STAR,
    SQL_OP_OR,
    SQL_OP_AND,
    SQL_OP_NOT,
    SQL_OP_EQUAL,
    SQL_OP_DIFFERENT,
    SQL_OP_LESS,
    SQL_OP_LESS_EQUAL,
    SQL_OP_GREATER,
    SQL_OP_GREATER_EQUAL,
    SQL_OP_IS_NULL,
    SQL_OP_IS_DISTINCT,
    SQL_OP_IN,
    SQL_OP_ANY,
    SQL_OP_MATCH,
    SQL_OP_LIKE,
    SQL_OP_CONCAT,
    SQL_OP_ADD,
    SQL_OP_SUB,
    SQL_OP_MUL,
    SQL_OP_DIV,
    SQL_OP_MOD,
    SQL_OP_NEGATE,
    SQL_OP_CAST,
    SQL_OP_CASE,
    SQL_OP_CALL,
    SQL_OP_EXISTS,
    SQL_OP_SCALAR,
    SQL_OP_ROW
} sql_op;

struct sql_node {
    sql_op op;
    sql_value literal;
    int64_t number;
    const char *name;      /* column, function, type (interned) */
    const char *qualifier; /* alias of a column, NULL */
    const char *output;    /* AS name */
    uint32_t count;
    sql_node **args;
    sql_select *select;
    bool is_negated;
    bool has_regex;
    regex_t regex;
    bool has_matched; /* the text that was matched last, and how */
    bool is_match;
    char matched[72];
    const char *place_shape; /* where the column was found last: the shape … */
    uint32_t place;          /* … and the index */
};

typedef struct sql_shape {
    uint32_t count;
    const char *names[SQL_COLUMNS_MAX];
} sql_shape;

typedef struct sql_from {
    const char *table; /* NULL: select */
    const char *alias;
    sql_select *select;
    sql_node *on;
    const char *using_names[4];
    uint32_t using_count;
    bool is_left;
} sql_from;

typedef struct sql_with {
    const char *name;
    sql_statement *statement;
    bool is_recursive;
} sql_with;

typedef struct sql_order {
    sql_node *node;
    bool is_descending;
} sql_order;

struct sql_select {
    sql_with *withs;
    uint32_t withs_count;
    sql_node **outputs;
    uint32_t outputs_count;
    bool is_distinct;
    bool has_aggregate;
    sql_from *froms;
    uint32_t froms_count;
    sql_node *where;
    sql_node **groups;
    uint32_t groups_count;
    sql_order *orders;
    uint32_t orders_count;
    sql_node *limit;
    sql_select *next; /* UNION */
    bool is_union_all;
    sql_node **values; /* VALUES rows: ROW nodes */
    uint32_t values_count;
};

typedef enum sql_verb {
    SQL_SELECT,
    SQL_INSERT,
    SQL_UPDATE,
    SQL_NOTHING /* SET, LOCK and others that change nothing here */
} sql_verb;

struct sql_statement {
    sql_verb verb;
    const char *table;
    const char *alias;
    sql_with *withs;
    uint32_t withs_count;
    sql_select *select; /* SELECT; rows of INSERT */
    const char *columns[SQL_COLUMNS_MAX];
    uint32_t columns_count;
    bool has_conflict;
    bool is_conflict_update;
    const char *conflict_columns[8];
    uint32_t conflict_columns_count;
    const char *set_names[SQL_COLUMNS_MAX];
    sql_node *set_nodes[SQL_COLUMNS_MAX];
    uint32_t sets_count;
    sql_from *froms;
    uint32_t froms_count;
    sql_node *where;
    sql_node **returning;
    uint32_t returning_count;
};

/* ---- PL/pgSQL of trigger functions ---- */
typedef enum sql_step_kind {
    SQL_STEP_IF,
    SQL_STEP_RAISE,
    SQL_STEP_RUN,
    SQL_STEP_RETURN
} sql_step_kind;
typedef struct sql_step {
    sql_step_kind kind;
    sql_node *condition; /* IF */
    struct sql_step *yes;
    struct sql_step *no;
    sql_statement *statement; /* RUN: PERFORM or INSERT */
    const char *text;         /* RAISE */
    const char *sqlstate;
    struct sql_step *next;
} sql_step;

typedef struct sql_function {
    const char *name;
    bool is_trigger;
    const char *arguments[8];
    uint32_t arguments_count;
    const char *constants[8];
    sql_node *constant_nodes[8];
    uint32_t constants_count;
    sql_step *steps;
} sql_function;

/* ---- tables ---- */
typedef struct sql_unique {
    uint32_t columns[8];
    uint32_t columns_count;
    sql_node *where;
    bool is_primary;
    uint64_t *hashes; /* by row; 0 = not in it */
} sql_unique;

typedef struct sql_trigger {
    bool is_before;
    bool on_insert;
    bool on_update;
    const sql_function *function;
} sql_trigger;

struct sql_table {
    const char *name;
    sql_shape shape;
    sql_kind kinds[SQL_COLUMNS_MAX];
    bool is_not_null[SQL_COLUMNS_MAX];
    bool is_identity[SQL_COLUMNS_MAX];
    sql_node *defaults[SQL_COLUMNS_MAX];
    int64_t identity;
    sql_unique uniques[SQL_UNIQUES_MAX];
    uint32_t uniques_count;
    sql_node *checks[SQL_CHECKS_MAX];
    const char *check_names[SQL_CHECKS_MAX];
    const char *check_texts[SQL_CHECKS_MAX];
    uint32_t checks_count;
    sql_trigger triggers[SQL_TRIGGERS_MAX];
    uint32_t triggers_count;
    sql_value **rows; /* rows are replaced, never changed */
    uint32_t rows_count;
    uint32_t rows_capacity;
    uint32_t seed_count; /* rows made by migrations */
};

typedef struct sql_undo {
    sql_table *table;
    uint32_t row;
    sql_value *before; /* NULL: it was inserted */
} sql_undo;

struct sql_db {
    const char *schema;
    sql_table *tables[SQL_TABLES_MAX];
    uint32_t tables_count;
    sql_function *functions[SQL_FUNCTIONS_MAX];
    uint32_t functions_count;
    sql_undo *undo;
    uint32_t undo_count;
    uint32_t undo_capacity;
    sql_memory *memory; /* of the run */
    int64_t now_ns;     /* PostgreSQL's clock */
    /* Functions of the server (locks, sessions); false when it does not know the name. */
    bool (*server_call)(
        void *context, const char *name, const sql_value *args, uint32_t count, sql_value *out);
    /** Rows of a view of the server, such as pg_stat_activity; false for other names. */
    bool (*server_view)(void *context, const char *name, struct sql_rows *out);
    void *server_context;
    char error[SQL_ERROR_MAX];
    char sqlstate[6];
    bool is_failed;
};

/* ---- running ---- */
typedef struct sql_frame {
    const char *alias;
    const sql_shape *shape;
    const sql_value *values;
    const struct sql_frame *outer;
} sql_frame;

typedef struct sql_rows {
    sql_shape *shape;
    const sql_value **rows;
    uint32_t count;
    uint32_t capacity;
    uint32_t affected;
} sql_rows;

/* A CTE's result while its statement runs. */
typedef struct sql_cte {
    const char *name;
    const sql_rows *rows;
    const struct sql_cte *outer;
} sql_cte;

typedef struct sql_run {
    sql_db *db;
    const sql_value *params;
    uint32_t params_count;
    const sql_cte *ctes;
} sql_run;

/** The one spelling of a name; names are compared by address. */
const char *sql_intern(const char *text, size_t size);
/** Parsed once, kept for ever by its text. */
const sql_statement *sql_prepare(const char *sql);
sql_db *sql_db_create(const char *schema, sql_memory *memory);
/** Applies one migration's text. */
void sql_migrate(sql_db *db, const char *text);
/** Forgets all rows but the migrations'. */
void sql_reset(sql_db *db);
/** Runs one statement. False: db->error and sqlstate say why; the caller rolls back. */
bool sql_execute(sql_db *db,
    const sql_statement *statement,
    const char *const *params,
    uint32_t params_count,
    sql_rows *out);
void sql_commit(sql_db *db);
void sql_rollback(sql_db *db);
sql_table *sql_find_table(const sql_db *db, const char *name);
uint32_t sql_find_column(const sql_shape *shape, const char *name);
/** As PostgreSQL prints it; NULL for NULL. */
const char *sql_print(sql_memory *memory, const sql_value *value);

/* ---- between the files ---- */
__attribute__((noreturn, format(printf, 1, 2))) void sql_stop(const char *format, ...);
bool sql_fail(sql_db *db, const char *sqlstate, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
sql_value sql_eval(sql_run *run, const sql_node *node, const sql_frame *frame);
bool sql_is_true(sql_value value);
/** -1, 0, 1; both not NULL. */
int sql_compare(sql_value a, sql_value b);
bool sql_same(sql_value a, sql_value b);
sql_value sql_convert(sql_db *db, sql_value value, sql_kind kind);
uint64_t sql_hash_value(uint64_t seed, sql_value value);
sql_rows sql_run_select(sql_run *run, const sql_select *select, const sql_frame *outer);
sql_rows sql_run_statement(sql_run *run, const sql_statement *statement, const sql_frame *outer);
const sql_cte *sql_run_withs(
    sql_run *run, const sql_with *withs, uint32_t count, const sql_frame *outer);
void sql_add_row(sql_memory *memory, sql_rows *rows, const sql_value *row);
sql_rows sql_run_insert(sql_run *run, const sql_statement *statement, const sql_frame *outer);
sql_rows sql_run_update(sql_run *run, const sql_statement *statement, const sql_frame *outer);
bool sql_run_trigger(sql_run *run,
    const sql_table *table,
    const sql_trigger *trigger,
    const sql_value *before,
    const sql_value *after);
/** SELECT f(…) of a function of the migrations; false: there is none of that name. */
bool sql_run_function(sql_run *run, const char *name, const sql_value *args, uint32_t count);
/** count, max, … */
bool sql_is_aggregate(const sql_node *node);

/* ---- parsing ---- */
typedef enum sql_token_kind {
    SQL_T_END,
    SQL_T_NAME,
    SQL_T_NUMBER,
    SQL_T_STRING,
    SQL_T_PARAM,
    SQL_T_SIGN
} sql_token_kind;
typedef struct sql_token {
    sql_token_kind kind;
    const char *text; /* NAME: interned lower case; SIGN: interned; STRING: its value */
    uint32_t size;
    int64_t number;
    bool is_quoted;
    const char *at; /* in the source */
} sql_token;
typedef struct sql_parser {
    const char *source;
    sql_token *tokens;
    uint32_t count;
    uint32_t at;
} sql_parser;
void sql_lex(sql_parser *parser, const char *text, size_t size);
bool sql_peek(const sql_parser *parser, const char *word);
bool sql_take(sql_parser *parser, const char *word);
void sql_need(sql_parser *parser, const char *word);
const char *sql_need_name(sql_parser *parser);
__attribute__((noreturn)) void sql_refuse(const sql_parser *parser, const char *what);
sql_node *sql_parse_expression(sql_parser *parser);
sql_statement *sql_parse_statement(sql_parser *parser);
void *sql_keep(size_t size);

#endif /* DST_SQL_H */
