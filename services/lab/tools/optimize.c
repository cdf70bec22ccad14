/* cerberus-lab optimize: searches over a job's settings. */
#include <stdio.h>
#include <string.h>

#include "services/lab/study/optimize.h"

static const struct {
    const char *name;
    const char *title; /* for messages */
    int (*run)(lab_args *args);
} commands[] = {
    {"run", "optimize run", lab_optimize_run},
    {"resume", "optimize resume", lab_optimize_resume},
    {"list", "optimize list", lab_optimize_list},
    {"show", "optimize show", lab_optimize_show},
    {"pareto", "optimize pareto", lab_optimize_pareto},
};

static int run_optimize(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        lab_tool_print_help(&lab_tool_optimize);
        return argc < 2 ? LAB_USAGE : LAB_OK;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            lab_args args = {.tool = commands[i].title, .argc = argc - 2, .argv = argv + 2};
            return commands[i].run(&args);
        }
    }
    (void)fprintf(stderr, "cerberus-lab optimize: there is no command '%s'\n", argv[1]);
    return LAB_USAGE;
}

const lab_tool lab_tool_optimize = {
    .name = "optimize",
    .arguments = "run -f FILE [--sampler NAME] [--trials N] [--workers N] [--set "
                 "service.key=value]… [--report FILE]\n"
                 "       cerberus-lab optimize resume ID [--report FILE] | list | show ID | pareto "
                 "ID    (all: [--runs "
                 "DIR])",
    .summary = "Search a job's parameters with several processes; a search that was killed goes on "
               "where it stood.",
    .examples =
        "  cerberus optimize run -f trend.yaml --sampler tpe --trials 200\n"
        "  cerberus optimize resume 3                        after Ctrl-C, kill -9 or a power cut\n"
        "  cerberus optimize pareto 3 -o json                trials that no other beats\n",
    .run = run_optimize,
};
