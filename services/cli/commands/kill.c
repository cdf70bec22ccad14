/* cerberus kill: raises the kill level of a scope, through the gateway or on the local flag page;
 * without a level, shows what is in force. */
#include <stdio.h>
#include <string.h>

#include "services/cli/kill.h"

static const cli_column columns[] = {{"SCOPE", "scope", CLI_LEFT},
    {"LEVEL", "level", CLI_RIGHT},
    {"SINCE", "raised_ns", CLI_LEFT},
    {"ACTOR", "actor", CLI_LEFT},
    {"APPROVER", "approver", CLI_LEFT},
    {"REASON", "reason", CLI_LEFT}};

static int run(cli *self)
{
    const bool is_local = cli_flag(self, "--local");
    const char *level = cli_option(self, "--level");
    level = level != NULL ? level : cli_positional(self);
    if (level == NULL && !is_local) {
        if (!cli_done_arguments(self)) {
            return CLI_USAGE;
        }
        return cli_list(self, "/v1/kill", columns, sizeof columns / sizeof columns[0]);
    }
    if (level == NULL || strlen(level) != 1 || level[0] < '1' || level[0] > '4') {
        (void)fprintf(stderr,
            "cerberus kill: level '%s' is not 1 (no new risk), 2 (cancel all), 3 (flatten) or 4 "
            "(off)\n",
            level == NULL ? "" : level);
        return CLI_USAGE;
    }
    return is_local ? cli_kill_local(self, level[0] - '0') : cli_send_kill(self, level[0] - '0');
}

const cli_command cli_command_kill = {"kill",
    "[--level 1|2|3|4 --reason TEXT [--scope S] [--actor NAME] [--local [--page FILE]]]",
    "stop trading: 1 no new risk, 2 cancel all, 3 flatten, 4 off; without a level: what is in "
    "force",
    "  cerberus kill --level 1 --reason 'odd prices'\n"
    "  cerberus kill --level 2 --scope symbol=BTCUSDT --reason 'delisting'\n"
    "      (global, venue=X, account=X, user=X, symbol=X or strategy=X)\n"
    "  cerberus kill --local --level 2 --reason 'nothing answers'\n"
    "      (the flag page of this machine: needs no gateway, NATS or PostgreSQL)\n",
    run};
