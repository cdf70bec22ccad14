/* cerberus fills: fills, newest first. */
#include <stdio.h>

#include "services/cli/cli.h"

static const cli_column columns[] = {
    {"TIME", "venue_ts_ns", CLI_LEFT},
    {"SYMBOL", "symbol", CLI_LEFT},
    {"SIDE", "side", CLI_LEFT},
    {"PRICE", "price", CLI_RIGHT},
    {"QTY", "qty", CLI_RIGHT},
    {"FEE", "fee", CLI_RIGHT},
    {"ASSET", "fee_asset", CLI_LEFT},
    {"TRADE", "trade_id", CLI_RIGHT},
    {"STRATEGY", "strategy", CLI_LEFT},
    {"INTENT", "intent_id", CLI_LEFT},
};

static int run(cli *self)
{
    char path[CLI_TEXT_MAX];
    cb_err err = {0};
    if (cli_list_path(self, "/v1/fills", path, sizeof path, &err) != CB_OK) {
        (void)fprintf(stderr, "cerberus: %s\n", err.text);
        return CLI_USAGE;
    }
    if (!cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    return cli_list(self, path, columns, sizeof columns / sizeof columns[0]);
}

const cli_command cli_command_fills = {"fills",
    "[--symbol S] [--limit N] [--before KEY] [-o table|json] [--watch]",
    "fills, newest first",
    "  cerberus fills\n  cerberus fills -o json\n",
    run};
