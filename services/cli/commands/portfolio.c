/* cerberus portfolio: equity, cash, exposure, profit and drawdown. */
#include <stdio.h>

#include "services/cli/cli.h"

static const cli_column columns[] = {
    {"ACCOUNT", "account", CLI_LEFT},
    {"EQUITY", "equity", CLI_RIGHT},
    {"CASH", "cash", CLI_RIGHT},
    {"EXPOSURE", "exposure", CLI_RIGHT},
    {"REALISED", "realised_pnl", CLI_RIGHT},
    {"UNREALISED", "unrealised_pnl", CLI_RIGHT},
    {"FEES", "fees", CLI_RIGHT},
    {"DAY_PNL", "day_pnl", CLI_RIGHT},
    {"DRAWDOWN", "drawdown", CLI_RIGHT},
    {"FILLS", "fills_count", CLI_RIGHT},
    {"DIFFERENCES", "differences_count", CLI_RIGHT},
};

static int run(cli *self)
{
    char path[CLI_TEXT_MAX];
    cb_err err = {0};
    if (cli_list_path(self, "/v1/portfolio", path, sizeof path, &err) != CB_OK) {
        (void)fprintf(stderr, "cerberus: %s\n", err.text);
        return CLI_USAGE;
    }
    if (!cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    return cli_list(self, path, columns, sizeof columns / sizeof columns[0]);
}

const cli_command cli_command_portfolio = {"portfolio",
    "[--symbol S] [--limit N] [--before KEY] [-o table|json] [--watch]",
    "equity, cash, exposure, profit and drawdown",
    "  cerberus portfolio\n  cerberus portfolio -o json\n",
    run};
