/* cerberus subaccounts: what each strategy holds, paid and earned of the account they share. */
#include "services/cli/cli.h"

static const cli_column columns[] = {
    {"ACCOUNT", "account", CLI_LEFT},
    {"STRATEGY", "strategy", CLI_LEFT},
    {"SYMBOL", "symbol", CLI_LEFT},
    {"QTY", "qty", CLI_RIGHT},
    {"CASH", "cash", CLI_RIGHT},
    {"VALUE", "value", CLI_RIGHT},
    {"RESULT", "result", CLI_RIGHT},
    {"DAY", "day", CLI_RIGHT},
    {"PEAK", "peak", CLI_RIGHT},
    {"LOSSES", "losses", CLI_RIGHT},
    {"FILLS", "fills_count", CLI_RIGHT},
};

static int run(cli *self)
{
    if (!cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    return cli_list(self, "/v1/subaccounts", columns, sizeof columns / sizeof columns[0]);
}

const cli_command cli_command_subaccounts = {"subaccounts",
    "[-o table|json] [--watch]",
    "what each strategy holds and earned, and what is not attributed",
    "  cerberus subaccounts\n",
    run};
