/* cerberus walkforward: searches tested on what they have not seen, handed over to cerberus-lab. */
#include "services/cli/cli.h"

const cli_command cli_command_walkforward = {.name = "walkforward",
    .arguments = "run -f FILE [--report FILE] [-o table|json]",
    .summary = "choose parameters on one stretch of history, trade the next, window after window",
    .examples = "  cerberus walkforward run -f trend.yaml --report walk.html\n",
    .run = cli_hand_over};
