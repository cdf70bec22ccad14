/* Entry point of `cerberus`: global options, the command table, help. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rt/version.h"
#include "services/cli/cli.h"

const cli_command *const cli_commands[] = {
#define COMMAND(name) &cli_command_##name,
#include "services/cli/commands.def"
#undef COMMAND
};
const size_t cli_commands_count = sizeof cli_commands / sizeof cli_commands[0];

static void print_help(FILE *out)
{
    (void)fprintf(out,
        "examples:\n"
        "  cerberus status                 is everything healthy?\n"
        "  cerberus orders --limit 5       the newest orders\n"
        "  cerberus explain ID             why does this order, fill or signal exist?\n\n"
        "usage: cerberus COMMAND [arguments] [-o table|json] [--watch] [--endpoints FILE]\n\n"
        "commands:\n");
    for (size_t i = 0; i < cli_commands_count; i++) {
        (void)fprintf(out, "  %-11s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
    }
    (void)fprintf(out,
        "\n`cerberus COMMAND --help` tells more. Exit codes: 0 ok, 1 failure, 2 usage, "
        "3 not found,\n4 not authorised, 5 refused, 6 timeout, 7 partial.\n");
}

static void print_command_help(const cli_command *command)
{
    (void)printf("examples:\n%s\nusage: cerberus %s %s\n\n%s\n",
        command->examples,
        command->name,
        command->arguments,
        command->summary);
}

/* How many single-letter edits apart, capped; enough for "did you mean". */
static size_t distance(const char *a, const char *b)
{
    const size_t a_size = strlen(a);
    const size_t b_size = strlen(b);
    size_t row[32];
    if (a_size >= 31 || b_size >= 31) {
        return 31;
    }
    for (size_t j = 0; j <= b_size; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            const size_t step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = change < step ? change : step;
        }
    }
    return row[b_size];
}

static int unknown_command(const char *name)
{
    const cli_command *nearest = NULL;
    size_t best = 3;
    for (size_t i = 0; i < cli_commands_count; i++) {
        const size_t apart = distance(name, cli_commands[i]->name);
        if (apart < best) {
            best = apart;
            nearest = cli_commands[i];
        }
    }
    (void)fprintf(stderr, "cerberus: there is no command '%s'", name);
    if (nearest != NULL) {
        (void)fprintf(stderr, "; did you mean '%s'?", nearest->name);
    }
    (void)fprintf(stderr, "\n`cerberus --help` lists them.\n");
    return CLI_USAGE;
}

static bool take_output(cli *self)
{
    const char *output = cli_option(self, "-o");
    if (output == NULL || strcmp(output, "table") == 0) {
        return true;
    }
    if (strcmp(output, "json") == 0) {
        self->output = CLI_JSON;
        return true;
    }
    (void)fprintf(stderr, "cerberus: -o %s: known are table and json\n", output);
    return false;
}

static int run_command(cli *self, const cli_command *command)
{
    if (command->run == cli_hand_over) {
        return command->run(self);
    }
    if (cli_flag(self, "--help") || cli_flag(self, "-h")) {
        print_command_help(command);
        return CLI_OK;
    }
    if (!take_output(self)) {
        return CLI_USAGE;
    }
    self->is_watch = cli_flag(self, "--watch");
    self->is_watch = cli_flag(self, "-w") || self->is_watch;
    const char *file = cli_option(self, "--endpoints");
    if (file != NULL) {
        (void)snprintf(self->endpoints_file, sizeof self->endpoints_file, "%s", file);
    }
    const int code = command->run(self);
    json_decref(self->endpoints);
    if (fflush(stdout) != 0) {
        return CLI_FAILURE;
    }
    return code;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
        (void)printf("cerberus %s\n", cb_version());
        return CLI_OK;
    }
    cli self = {.argc = argc - 2, .argv = argv + 2};
    for (size_t i = 0; i < cli_commands_count; i++) {
        if (strcmp(argv[1], cli_commands[i]->name) == 0) {
            return run_command(&self, cli_commands[i]);
        }
    }
    return unknown_command(argv[1]);
}
