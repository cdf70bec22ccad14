/* cerberus optimize: searches of parameters, handed over to cerberus-lab. */
#include "services/cli/cli.h"

const cli_command cli_command_optimize = {.name = "optimize",
    .arguments = "run -f FILE | resume ID | list | show ID | pareto ID",
    .summary = "search the parameters of a strategy, resumable",
    .examples = "  cerberus optimize run -f trend.yaml --trials 200\n"
                "  cerberus optimize resume 3\n"
                "  cerberus optimize pareto 3 -o json\n",
    .run = cli_hand_over};
