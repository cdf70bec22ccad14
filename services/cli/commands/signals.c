/* cerberus signals: signals and what became of them. */
#include <stdio.h>

#include "services/cli/cli.h"

static const cli_column columns[] = {
    {"TIME", "ts_ns", CLI_LEFT},
    {"SYMBOL", "symbol", CLI_LEFT},
    {"STRATEGY", "strategy", CLI_LEFT},
    {"INTERVAL", "interval_s", CLI_RIGHT},
    {"SIDE", "side", CLI_LEFT},
    {"PURPOSE", "purpose", CLI_LEFT},
    {"SCORE", "score", CLI_RIGHT},
    {"STATUS", "status", CLI_LEFT},
    {"REASON", "reason", CLI_LEFT},
    {"SIGNAL", "signal_id", CLI_LEFT},
};

static int run(cli *self)
{
    char path[CLI_TEXT_MAX];
    cb_err err = {0};
    if (cli_list_path(self, "/v1/signals", path, sizeof path, &err) != CB_OK) {
        (void)fprintf(stderr, "cerberus: %s\n", err.text);
        return CLI_USAGE;
    }
    if (!cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    return cli_list(self, path, columns, sizeof columns / sizeof columns[0]);
}

const cli_command cli_command_signals = {"signals",
    "[--symbol S] [--limit N] [--before KEY] [-o table|json] [--watch]",
    "signals and what became of them",
    "  cerberus signals\n  cerberus signals -o json\n",
    run};
