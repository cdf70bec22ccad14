/* cerberus denials: intents that risk refused: rule, value and limit. */
#include <stdio.h>

#include "services/cli/cli.h"

static const cli_column columns[] = {
    {"TIME", "ts_ns", CLI_LEFT},
    {"SYMBOL", "symbol", CLI_LEFT},
    {"SIDE", "side", CLI_LEFT},
    {"STRATEGY", "strategy", CLI_LEFT},
    {"RULE", "rule", CLI_LEFT},
    {"OBSERVED", "observed", CLI_RIGHT},
    {"LIMIT", "limit", CLI_RIGHT},
    {"UNIT", "unit", CLI_LEFT},
    {"DETAIL", "detail", CLI_LEFT},
    {"INTENT", "intent_id", CLI_LEFT},
};

static int run(cli *self)
{
    char path[CLI_TEXT_MAX];
    cb_err err = {0};
    if (cli_list_path(self, "/v1/denials", path, sizeof path, &err) != CB_OK) {
        (void)fprintf(stderr, "cerberus: %s\n", err.text);
        return CLI_USAGE;
    }
    if (!cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    return cli_list(self, path, columns, sizeof columns / sizeof columns[0]);
}

const cli_command cli_command_denials = {"denials",
    "[--symbol S] [--limit N] [--before KEY] [-o table|json] [--watch]",
    "intents that risk refused: rule, value and limit",
    "  cerberus denials\n  cerberus denials -o json\n",
    run};
