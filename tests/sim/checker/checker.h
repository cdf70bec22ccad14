/* The checker: reads what a run left behind (the tables of all schemas, the exchange's journal,
 * what the harness noted) as plain tables and says which of the invariants I1 to I27 do not hold.
 * It is written apart from the code that it checks: it includes nothing of the services or of
 * libcommon, and what it knows of them stands in README.md. Fed from memory by the simulation, or
 * from JSON lines by tool_check. */
#ifndef CHECKER_H
#define CHECKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CHK_TABLES_MAX 96
#define CHK_FINDINGS_MAX 64
#define CHK_TEXT_MAX 240

/* One table. Cells are read by column number; the number of a name is asked for once. */
typedef struct chk_table {
    const char *schema; /* "execution", "venue", "harness" */
    const char *name;
    uint32_t rows_count;
    const void *context;
    int (*column)(const void *context, const char *name); /* -1: it has none */
    /** NULL for SQL's NULL. */
    const char *(*text)(const void *context, uint32_t row, int column);
    int64_t (*number)(const void *context, uint32_t row, int column); /* 0 for NULL; true is 1 */
} chk_table;

typedef struct chk_input {
    chk_table tables[CHK_TABLES_MAX];
    uint32_t tables_count;
} chk_input;

typedef struct chk_finding {
    int invariant; /* 1 … 27 */
    char text[CHK_TEXT_MAX];
} chk_finding;

typedef struct chk_report {
    chk_finding findings[CHK_FINDINGS_MAX];
    uint32_t findings_count;
    uint32_t checked_mask; /* bit n-1: I<n> had something to look at */
} chk_report;

/** Runs all checks; true when nothing was found. */
bool chk_run(const chk_input *input, chk_report *report);

/* ---- JSON lines (checker_read.c) ---- */
typedef struct chk_file chk_file;
/** Reads {"table":"execution.orders","intent_id":"…",…} lines; NULL and a message on bad input. */
chk_file *chk_read(FILE *from, char *error, size_t error_size);
const chk_input *chk_file_input(const chk_file *file);
void chk_file_free(chk_file *file);

/* ---- between the checks ---- */
typedef struct chk_view {
    const chk_input *input;
    chk_report *report;
} chk_view;
const chk_table *chk_find(const chk_view *view, const char *schema, const char *name);
__attribute__((format(printf, 3, 4))) void chk_say(
    chk_view *view, int invariant, const char *format, ...);
void chk_looked(chk_view *view, int invariant);
int64_t chk_param(const chk_view *view, const char *name, int64_t otherwise);
void chk_orders(chk_view *view);   /* checks_orders.c */
void chk_requests(chk_view *view); /* checks_requests.c */
void chk_money(chk_view *view);    /* checks_money.c */
void chk_hops(chk_view *view);     /* checks_hops.c */

/** Row with that text in column; -1: none. */
int64_t chk_row_of(const chk_table *table, int column, const char *text);
const char *chk_text(const chk_table *table, int64_t row, int column); /* "" for NULL */
int64_t chk_number(const chk_table *table, int64_t row, int column);

#endif /* CHECKER_H */
