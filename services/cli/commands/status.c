/* cerberus status: state of every service, and every kill level in force with its reason. */
#include <stdio.h>

#include "services/cli/kill.h"

static const cli_column columns[] = {
    {"SERVICE", "service", CLI_LEFT},
    {"STATE", "state", CLI_LEFT},
    {"HEALTHY", "healthy", CLI_LEFT},
    {"AGE_MS", "age_ms", CLI_RIGHT},
    {"UPTIME_S", "uptime_s", CLI_RIGHT},
    {"STARTS", "epoch", CLI_RIGHT},
    {"DETAIL", "detail", CLI_LEFT},
};

static int run(cli *self)
{
    char path[CLI_TEXT_MAX];
    cb_err err = {0};
    if (cli_list_path(self, "/v1/status", path, sizeof path, &err) != CB_OK) {
        (void)fprintf(stderr, "cerberus: %s\n", err.text);
        return CLI_USAGE;
    }
    if (!cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    const int code = cli_list(self, path, columns, sizeof columns / sizeof columns[0]);
    if (code == CLI_OK && self->output == CLI_TABLE) {
        cli_show_kills(self);
    }
    return code;
}

const cli_command cli_command_status = {"status",
    "[--symbol S] [--limit N] [--before KEY] [-o table|json] [--watch]",
    "state of every service, and what stops trading",
    "  cerberus status\n  cerberus status -o json\n",
    run};
