/* A tool of `cerberus-lab`: what its first argument names. Tools work alone on files, without any
 * server. Data goes to stdout, messages and progress to stderr. A new tool is a line in tools.def
 * and a file tools/NAME.c that exports lab_tool_NAME. */
#ifndef LAB_TOOL_H
#define LAB_TOOL_H

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit codes, the same as those of `cerberus`; scripts may rely on them. */
typedef enum lab_exit {
    LAB_OK = 0,
    LAB_FAILURE = 1,
    LAB_USAGE = 2,
    LAB_NOT_FOUND = 3,
    LAB_REFUSED = 5,
    LAB_PARTIAL = 7
} lab_exit;

typedef struct lab_tool {
    const char *name;
    const char *arguments; /* "import FILE… | list" */
    const char *summary;
    const char *examples; /* lines, shown first in the help; "" for none */
    /** argv[0] is the tool's name. Returns a lab_exit. */
    int (*run)(int argc, char **argv);
} lab_tool;

#define LAB_TOOL(name) extern const lab_tool lab_tool_##name;
#include "services/lab/tools.def"
#undef LAB_TOOL

/** Examples, usage and summary of a tool, to stdout. */
void lab_tool_print_help(const lab_tool *tool);

/* ---- arguments ---- */

/* What is left of the arguments; used ones are set to NULL. */
typedef struct lab_args {
    const char *tool; /* for messages: "data import" */
    int argc;
    char **argv; /* [borrowed]; its pointers are changed, their texts are not */
} lab_args;

/** --name value or --name=value; NULL when absent. Call it again for an option that may repeat. */
const char *lab_args_option(lab_args *self, const char *name);
bool lab_args_flag(lab_args *self, const char *name);
/** Next argument that is not an option ("-" alone is one); NULL when there is none. After "--" all
 *  are. */
const char *lab_args_positional(lab_args *self);
/** False, with a message, when arguments are left over. */
bool lab_args_done(const lab_args *self);

/* ---- output ---- */

typedef enum lab_output { LAB_OUTPUT_TABLE, LAB_OUTPUT_JSON, LAB_OUTPUT_CSV } lab_output;

typedef struct lab_column_view {
    const char *header; /* of the table */
    const char *key;    /* of the row's object; "_ns" keys are shown as UTC times in a table */
    bool is_right;      /* aligned right */
} lab_column_view;

/** -o table|json|csv; false, with a message, for anything else. */
bool lab_output_take(lab_args *args, lab_output *out);
/**
 * Prints an array of flat objects: a table, {"rows": […]}, or CSV with the keys as header. Control
 * characters of texts become '?' in a table; a CSV cell that a spreadsheet would take for a formula
 * is led by an apostrophe.
 */
void lab_output_rows(
    lab_output output, const json_t *rows, const lab_column_view *columns, size_t columns_count);

/* ---- progress ---- */

/* One line on stderr, written again at most ten times a second, and only on a terminal. */
typedef struct lab_progress {
    const char *label;
    uint64_t total; /* 0: not known */
    int64_t started_ns;
    int64_t shown_ns;
    bool is_shown;
} lab_progress;

void lab_progress_start(lab_progress *self, const char *label, uint64_t total);
void lab_progress_at(lab_progress *self, uint64_t done);
/** The two above as a callback: context is a lab_progress. */
void lab_progress_tell(void *context, uint64_t done, uint64_t total);
/** Takes the line away. */
void lab_progress_end(lab_progress *self);

/* ---- Ctrl-C ---- */

/** The flag that Ctrl-C sets until lab_interrupt_unwatch; 0 at first. */
const volatile sig_atomic_t *lab_interrupt_watch(void);
/** Ctrl-C does again what it did before. */
void lab_interrupt_unwatch(void);

#endif /* LAB_TOOL_H */
