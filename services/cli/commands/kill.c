/* cerberus kill: raises the kill level of a scope; without a level, shows what is in force. */
#include <stdio.h>
#include <string.h>

#include "services/cli/kill.h"

static const cli_column columns[] = {{"SCOPE", "scope", CLI_LEFT},
    {"LEVEL", "level", CLI_RIGHT},
    {"SINCE", "raised_ns", CLI_LEFT},
    {"ACTOR", "actor", CLI_LEFT},
    {"REASON", "reason", CLI_LEFT}};

static int run(cli *self)
{
    const char *level = cli_positional(self);
    if (level == NULL) {
        if (!cli_done_arguments(self)) {
            return CLI_USAGE;
        }
        return cli_list(self, "/v1/kill", columns, sizeof columns / sizeof columns[0]);
    }
    if (strlen(level) != 1 || level[0] < '1' || level[0] > '4') {
        (void)fprintf(stderr,
            "cerberus kill: level '%s' is not 1 (no new risk), 2 (cancel all), 3 (flatten) or 4 "
            "(off)\n",
            level);
        return CLI_USAGE;
    }
    return cli_send_kill(self, "POST", level[0] - '0');
}

const cli_command cli_command_kill = {"kill",
    "[1|2|3|4 --reason TEXT [--scope S] [--actor NAME]]",
    "stop trading: 1 no new risk, 2 cancel all, 3 flatten, 4 off; without a level: what is in "
    "force",
    "  cerberus kill 1 --reason 'odd prices'\n"
    "  cerberus kill 2 --scope symbol:BTCUSDT --reason 'delisting'\n",
    run};
