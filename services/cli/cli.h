/* The `cerberus` command: noun commands over the gateway's API, and a few tools that look at the
 * run itself (tap, doctor, audit, provision). Data goes to stdout, messages to stderr. */
#ifndef CB_CLI_H
#define CB_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define CLI_TEXT_MAX 512

/* Exit codes; scripts may rely on them. */
typedef enum cli_exit {
    CLI_OK = 0,
    CLI_FAILURE = 1,
    CLI_USAGE = 2,
    CLI_NOT_FOUND = 3,
    CLI_AUTH = 4,
    CLI_REFUSED = 5,
    CLI_TIMEOUT = 6,
    CLI_PARTIAL = 7
} cli_exit;

typedef enum cli_output { CLI_TABLE, CLI_JSON } cli_output;

typedef struct cli {
    cli_output output;
    bool is_watch;
    char endpoints_file[CLI_TEXT_MAX]; /* .run/endpoints.json of this checkout, or as told */
    json_t *endpoints;                 /* [owned] NULL when there is none */
    char url[CLI_TEXT_MAX];            /* gateway */
    char token[CLI_TEXT_MAX];
    char idempotency_key[64]; /* sent with requests when it is not empty */
    int argc;                 /* arguments after the command's name */
    char **argv;
} cli;

typedef struct cli_command {
    const char *name;
    const char *arguments; /* "ID" or "[--symbol S] [--limit N]" */
    const char *summary;
    const char *examples;  /* lines, shown first in the help */
    int (*run)(cli *self); /* returns a cli_exit */
} cli_command;

#define COMMAND(name) extern const cli_command cli_command_##name;
#include "services/cli/commands.def"
#undef COMMAND
extern const cli_command *const cli_commands[];
extern const size_t cli_commands_count;

typedef enum cli_align { CLI_LEFT, CLI_RIGHT } cli_align;

typedef struct cli_column {
    const char *header;
    const char *key; /* of the row's object; "_ns" keys are shown as UTC times */
    cli_align align;
} cli_column;

/** Fills endpoints, url and token from options, environment and the run's file. */
cb_status cli_connect(cli *self, cb_err *err);
/** A text in the endpoints file ("simulator.rest"), or NULL. [borrowed until exit] */
const char *cli_endpoint(const cli *self, const char *dotted);

/** Request to the gateway; *out is the parsed answer [owned by the caller]. Prints problems to
 *  stderr and returns the exit code that fits. body NULL for none. */
int cli_request(cli *self, const char *method, const char *path, const char *body, json_t **out);
/** The same for any base URL and bearer token (the simulator's control API). */
int cli_request_at(const char *base,
    const char *token,
    const char *method,
    const char *path,
    const char *body,
    json_t **out);

/** GETs a URL without a token, at most 3 s: CLI_OK when it answers 200. status is 0 and why a
 * static text when nobody answered. */
int cli_probe(const char *url, long *status, const char **why);

/** GETs path and prints rows by columns, or the JSON itself; repeats each second under --watch. */
int cli_list(cli *self, const char *path, const cli_column *columns, size_t columns_count);
void cli_print_rows(const json_t *rows, const cli_column *columns, size_t columns_count);
void cli_print_json(const json_t *value);

/** --name value or --name=value among the arguments; NULL when absent. Marks it as used. */
const char *cli_option(cli *self, const char *name);
bool cli_flag(cli *self, const char *name);
/** Next argument that is not an option; NULL when there is none. */
const char *cli_positional(cli *self);
/** False, with a message, when arguments are left over. */
bool cli_done_arguments(const cli *self);

/** Builds "/v1/orders?symbol=…&limit=…&before=…" from the usual options. */
cb_status cli_list_path(cli *self, const char *base, char *out, size_t out_size, cb_err *err);

/** The run of commands that are tools of the lab: becomes `cerberus-lab` with the same arguments
 *  (the command's name is the tool's), and returns only when that fails, with a message. Such a
 *  command reads every argument itself, --help and -o included. */
int cli_hand_over(cli *self);

/** First line of a file (a token, a password); false with a message on stderr. */
bool cli_read_secret(const char *path, char *out, size_t out_size);

#endif /* CB_CLI_H */
