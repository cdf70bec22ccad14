/* cerberus unkill: lowers the kill level of a scope to 0, or to --level. */
#include <stdio.h>
#include <string.h>

#include "services/cli/kill.h"

static int run(cli *self)
{
    const char *level = cli_option(self, "--level");
    if (level == NULL) {
        level = "0";
    }
    if (strlen(level) != 1 || level[0] < '0' || level[0] > '3') {
        (void)fprintf(stderr, "cerberus unkill: --level '%s' is not 0 to 3\n", level);
        return CLI_USAGE;
    }
    return cli_send_kill(self, "DELETE", level[0] - '0');
}

const cli_command cli_command_unkill = {"unkill",
    "--reason TEXT [--scope S] [--level N] [--actor NAME]",
    "allow trading again: lowers the kill level of a scope",
    "  cerberus unkill --reason 'checked the feed'\n",
    run};
