/* cerberus-lab walkforward: searches that are tested on what they have not seen. */
#include <stdio.h>
#include <string.h>

#include "services/lab/walk/walk.h"

static int run_walkforward(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        lab_tool_print_help(&lab_tool_walkforward);
        return argc < 2 ? LAB_USAGE : LAB_OK;
    }
    if (strcmp(argv[1], "run") != 0) {
        (void)fprintf(stderr, "cerberus-lab walkforward: there is no command '%s'\n", argv[1]);
        return LAB_USAGE;
    }
    lab_args args = {.tool = "walkforward run", .argc = argc - 2, .argv = argv + 2};
    return lab_walk_run(&args);
}

const lab_tool lab_tool_walkforward = {
    .name = "walkforward",
    .arguments =
        "run -f FILE [--sampler NAME] [--trials N] [--workers N] [--set service.key=value]…\n"
        "       [--report FILE] [-o table|json]",
    .summary = "Choose parameters on one stretch of history and trade them on the next, window "
               "after window.",
    .examples = "  cerberus walkforward run -f trend.yaml --report walk.html\n",
    .run = run_walkforward,
};
