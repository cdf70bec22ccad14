/* Trigger functions: the part of PL/pgSQL that the migrations use (IF, RAISE, PERFORM, INSERT,
 * RETURN; NEW, OLD, TG_OP, FOUND and constants). */
#include <string.h>

#include "base/assert.h"
#include "tests/sim/sql.h"
#include "tests/sim/sql_parse.h"

static sql_step *parse_steps(sql_parser *parser);

static void skip_to(sql_parser *parser, const char *sign)
{
    while (!sql_take(parser, sign)) {
        CB_ASSERT(parser->tokens[parser->at].kind != SQL_T_END);
        parser->at++;
    }
}

/* After IF or ELSIF. */
static void parse_if(sql_parser *parser, sql_step *step)
{
    step->kind = SQL_STEP_IF;
    step->condition = sql_parse_expression(parser);
    sql_need(parser, "then");
    step->yes = parse_steps(parser);
    if (sql_take(parser, "elsif")) {
        step->no = sql_keep(sizeof(*step->no));
        parse_if(parser, step->no);
        return;
    }
    if (sql_take(parser, "else")) {
        step->no = parse_steps(parser);
    }
    sql_need(parser, "end");
    sql_need(parser, "if");
    sql_need(parser, ";");
}

static bool parse_step(sql_parser *parser, sql_step *step)
{
    if (sql_take(parser, "if")) {
        parse_if(parser, step);
    } else if (sql_take(parser, "raise")) {
        step->kind = SQL_STEP_RAISE;
        sql_need(parser, "exception");
        step->text = parser->tokens[parser->at].text;
        step->sqlstate = "P0001";
        while (!sql_take(parser, ";")) {
            CB_ASSERT(parser->tokens[parser->at].kind != SQL_T_END);
            const char *word = parser->tokens[parser->at++].text;
            if (word != NULL && strcmp(word, "check_violation") == 0) {
                step->sqlstate = "23514";
            } else if (word != NULL && strcmp(word, "object_not_in_prerequisite_state") == 0) {
                step->sqlstate = "55000";
            }
        }
    } else if (sql_take(parser, "return")) {
        step->kind = SQL_STEP_RETURN;
        skip_to(parser, ";");
    } else if (sql_take(parser, "perform")) {
        step->kind = SQL_STEP_RUN;
        /* PERFORM x is SELECT x: the word before is written over */
        parser->tokens[--parser->at].text = sql_intern("select", 6);
        step->statement = sql_parse_statement(parser);
        sql_need(parser, ";");
    } else if (sql_peek(parser, "insert") || sql_peek(parser, "update")) {
        step->kind = SQL_STEP_RUN;
        step->statement = sql_parse_statement(parser);
        sql_need(parser, ";");
    } else {
        return false;
    }
    return true;
}

static sql_step *parse_steps(sql_parser *parser)
{
    sql_step *first = NULL;
    sql_step **last = &first;
    for (;;) {
        sql_step *step = sql_keep(sizeof(*step));
        if (!parse_step(parser, step)) {
            return first;
        }
        *last = step;
        last = &step->next;
    }
}

static void parse_declarations(sql_parser *parser, sql_function *function)
{
    if (!sql_take(parser, "declare")) {
        return;
    }
    while (!sql_peek(parser, "begin")) {
        CB_ASSERT(function->constants_count < 8);
        const uint32_t at = function->constants_count++;
        function->constants[at] = sql_need_name(parser);
        (void)sql_take(parser, "constant");
        (void)sql_parse_type(parser);
        sql_need(parser, ":");
        sql_need(parser, "=");
        function->constant_nodes[at] = sql_parse_expression(parser);
        sql_need(parser, ";");
    }
}

static void parse_arguments(sql_parser *parser, sql_function *function)
{
    sql_need(parser, "(");
    while (!sql_take(parser, ")")) {
        CB_ASSERT(function->arguments_count < 8);
        function->arguments[function->arguments_count++] = sql_need_name(parser);
        (void)sql_parse_type(parser);
        (void)sql_take(parser, ",");
    }
}

void sql_parse_function(sql_db *db, sql_parser *parser)
{
    sql_function *function = sql_keep(sizeof(*function));
    function->name = sql_need_name(parser);
    parse_arguments(parser, function);
    bool is_plpgsql = false;
    while (parser->tokens[parser->at].kind != SQL_T_STRING) {
        CB_ASSERT(parser->tokens[parser->at].kind != SQL_T_END);
        function->is_trigger |= sql_peek(parser, "trigger");
        is_plpgsql |= sql_peek(parser, "plpgsql");
        parser->at++;
    }
    const sql_token *text = &parser->tokens[parser->at++];
    /* Helpers in SQL are known by name where they are called; nothing here is ever deleted. */
    if (!is_plpgsql || (!function->is_trigger && strstr(text->text, "DELETE FROM") != NULL)) {
        return;
    }
    sql_parser body;
    sql_lex(&body, text->text, text->size);
    parse_declarations(&body, function);
    sql_need(&body, "begin");
    function->steps = parse_steps(&body);
    sql_need(&body, "end");
    CB_ASSERT(db->functions_count < SQL_FUNCTIONS_MAX);
    for (uint32_t i = 0; i < db->functions_count; i++) {
        if (db->functions[i]->name == function->name) {
            *db->functions[i] = *function; /* OR REPLACE: triggers follow */
            return;
        }
    }
    db->functions[db->functions_count++] = function;
}

/* ---- running ---- */

typedef struct variables {
    sql_shape shape; /* found, tg_op, constants */
    sql_value values[10];
} variables;

typedef enum outcome { GO_ON, RETURNED, RAISED } outcome;

static outcome run_steps(
    sql_run *run, const sql_step *step, variables *locals, const sql_frame *frame)
{
    for (; step != NULL; step = step->next) {
        outcome result = GO_ON;
        sql_rows rows;
        switch (step->kind) {
        case SQL_STEP_IF:
            result = run_steps(run,
                sql_is_true(sql_eval(run, step->condition, frame)) ? step->yes : step->no,
                locals,
                frame);
            break;
        case SQL_STEP_RAISE:
            (void)sql_fail(run->db, step->sqlstate, "%s", step->text);
            return RAISED;
        case SQL_STEP_RUN:
            rows = sql_run_statement(run, step->statement, frame);
            locals->values[0].number = rows.count > 0 || rows.affected > 0;
            break;
        case SQL_STEP_RETURN:
            return RETURNED;
        }
        if (run->db->is_failed) {
            return RAISED;
        }
        if (result != GO_ON) {
            return result;
        }
    }
    return GO_ON;
}

bool sql_run_function(sql_run *run, const char *name, const sql_value *args, uint32_t count)
{
    for (uint32_t i = 0; i < run->db->functions_count; i++) {
        const sql_function *function = run->db->functions[i];
        if (function->name != name || function->is_trigger) {
            continue;
        }
        CB_ASSERT(count == function->arguments_count && count <= 8);
        variables locals = {.shape = {.count = 1 + count}};
        locals.shape.names[0] = sql_intern("found", 5);
        locals.values[0] = (sql_value){.kind = SQL_BOOL};
        for (uint32_t k = 0; k < count; k++) {
            locals.shape.names[1 + k] = function->arguments[k];
            locals.values[1 + k] = args[k];
        }
        const sql_frame frame = {"", &locals.shape, locals.values, NULL};
        CB_MAYBE(run_steps(run, function->steps, &locals, &frame));
        return true;
    }
    return false;
}

bool sql_run_trigger(sql_run *run,
    const sql_table *table,
    const sql_trigger *trigger,
    const sql_value *before,
    const sql_value *after)
{
    const sql_function *function = trigger->function;
    variables locals = {.shape = {.count = 2}};
    locals.shape.names[0] = sql_intern("found", 5);
    locals.shape.names[1] = sql_intern("tg_op", 5);
    locals.values[0] = (sql_value){.kind = SQL_BOOL};
    locals.values[1] =
        (sql_value){.kind = SQL_TEXT, .size = 6, .text = before == NULL ? "INSERT" : "UPDATE"};
    const sql_frame variables_frame = {"", &locals.shape, locals.values, NULL};
    const sql_frame old_frame = {
        sql_intern("old", 3), &table->shape, before != NULL ? before : after, &variables_frame};
    const sql_frame new_frame = {sql_intern("new", 3), &table->shape, after, &old_frame};
    for (uint32_t i = 0; i < function->constants_count; i++) {
        const uint32_t at = locals.shape.count++;
        locals.shape.names[at] = function->constants[i];
        locals.values[at] = sql_eval(run, function->constant_nodes[i], &new_frame);
    }
    return run_steps(run, function->steps, &locals, &new_frame) != RAISED;
}
