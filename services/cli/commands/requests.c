/* cerberus requests: requests to the venue on the order path, and the answers. */
#include <stdio.h>

#include "services/cli/cli.h"

static const cli_column columns[] = {
    {"TIME", "at_ns", CLI_LEFT},
    {"KIND", "kind", CLI_LEFT},
    {"STATUS", "status", CLI_RIGHT},
    {"CLASS", "class", CLI_LEFT},
    {"INTENT", "intent_id", CLI_LEFT},
    {"REQUEST", "request", CLI_LEFT},
};

static int run(cli *self)
{
    char path[CLI_TEXT_MAX];
    cb_err err = {0};
    if (cli_list_path(self, "/v1/requests", path, sizeof path, &err) != CB_OK) {
        (void)fprintf(stderr, "cerberus: %s\n", err.text);
        return CLI_USAGE;
    }
    if (!cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    return cli_list(self, path, columns, sizeof columns / sizeof columns[0]);
}

const cli_command cli_command_requests = {"requests",
    "[--symbol S] [--limit N] [--before KEY] [-o table|json] [--watch]",
    "requests to the venue on the order path, and the answers",
    "  cerberus requests\n  cerberus requests -o json\n",
    run};
