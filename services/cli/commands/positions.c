/* cerberus positions: open positions with average cost and profit. */
#include <stdio.h>

#include "services/cli/cli.h"

static const cli_column columns[] = {
    {"SYMBOL", "symbol", CLI_LEFT},
    {"QTY", "qty", CLI_RIGHT},
    {"AVERAGE_COST", "average_cost", CLI_RIGHT},
    {"MARK", "mark_price", CLI_RIGHT},
    {"REALISED", "realised_pnl", CLI_RIGHT},
    {"UNREALISED", "unrealised_pnl", CLI_RIGHT},
};

static int run(cli *self)
{
    char path[CLI_TEXT_MAX];
    cb_err err = {0};
    if (cli_list_path(self, "/v1/positions", path, sizeof path, &err) != CB_OK) {
        (void)fprintf(stderr, "cerberus: %s\n", err.text);
        return CLI_USAGE;
    }
    if (!cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    return cli_list(self, path, columns, sizeof columns / sizeof columns[0]);
}

const cli_command cli_command_positions = {"positions",
    "[--symbol S] [--limit N] [--before KEY] [-o table|json] [--watch]",
    "open positions with average cost and profit",
    "  cerberus positions\n  cerberus positions -o json\n",
    run};
