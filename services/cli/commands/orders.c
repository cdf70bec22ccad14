/* cerberus orders: orders, newest first. */
#include <stdio.h>

#include "services/cli/cli.h"

static const cli_column columns[] = {
    {"TIME", "ts_ns", CLI_LEFT},
    {"SYMBOL", "symbol", CLI_LEFT},
    {"SIDE", "side", CLI_LEFT},
    {"TYPE", "order_type", CLI_LEFT},
    {"PURPOSE", "purpose", CLI_LEFT},
    {"QTY", "qty", CLI_RIGHT},
    {"FILLED", "cum_qty", CLI_RIGHT},
    {"STATE", "state", CLI_LEFT},
    {"STRATEGY", "strategy", CLI_LEFT},
    {"INTENT", "intent_id", CLI_LEFT},
    {"REASON", "reason", CLI_LEFT},
};

static int run(cli *self)
{
    char path[CLI_TEXT_MAX];
    cb_err err = {0};
    if (cli_list_path(self, "/v1/orders", path, sizeof path, &err) != CB_OK) {
        (void)fprintf(stderr, "cerberus: %s\n", err.text);
        return CLI_USAGE;
    }
    if (!cli_done_arguments(self)) {
        return CLI_USAGE;
    }
    return cli_list(self, path, columns, sizeof columns / sizeof columns[0]);
}

const cli_command cli_command_orders = {"orders",
    "[--symbol S] [--limit N] [--before KEY] [-o table|json] [--watch]",
    "orders, newest first",
    "  cerberus orders\n  cerberus orders -o json\n",
    run};
