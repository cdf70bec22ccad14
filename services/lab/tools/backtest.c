/* cerberus-lab backtest: runs jobs on history and shows what came of it. */
#include <stdio.h>
#include <string.h>

#include "services/lab/backtest/backtest.h"

static const struct {
    const char *name;
    const char *title; /* for messages */
    int (*run)(lab_args *args);
} commands[] = {
    {"run", "backtest run", lab_backtest_run},
    {"rerun", "backtest rerun", lab_backtest_rerun},
    {"list", "backtest list", lab_backtest_list},
    {"show", "backtest show", lab_backtest_show},
    {"compare", "backtest compare", lab_backtest_compare},
    {"report", "backtest report", lab_backtest_report},
    {"check", "backtest check", lab_backtest_check},
};

static int run_backtest(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        lab_tool_print_help(&lab_tool_backtest);
        return argc < 2 ? LAB_USAGE : LAB_OK;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            lab_args args = {.tool = commands[i].title, .argc = argc - 2, .argv = argv + 2};
            if (lab_args_flag(&args, "--help")) {
                lab_tool_print_help(&lab_tool_backtest);
                return LAB_OK;
            }
            return commands[i].run(&args);
        }
    }
    (void)fprintf(stderr, "cerberus-lab backtest: there is no command '%s'\n", argv[1]);
    return LAB_USAGE;
}

const lab_tool lab_tool_backtest = {
    .name = "backtest",
    .arguments =
        "run -f FILE [--set service.key=value]… [--no-store] [--report FILE] [-o table|json]\n"
        "       cerberus-lab backtest rerun ID | list | show ID [--fills|--trades] | compare ID "
        "ID…\n"
        "       cerberus-lab backtest report ID [--out FILE] | check -f FILE [--cuts N]    (all: "
        "[--runs DIR])",
    .summary = "Run a strategy on history with the code that trades live; keep, compare and draw "
               "the results.",
    .examples =
        "  cerberus backtest run -f trend.yaml               run a job and keep the result\n"
        "  cerberus backtest run -f trend.yaml --set signals.decision.threshold=0.4\n"
        "  cerberus backtest compare 41 42                   two runs side by side\n"
        "  cerberus backtest report 42 --out trend.html      one page, no network needed\n"
        "  cerberus backtest rerun 42                        the same bytes again\n"
        "  cerberus backtest check -f trend.yaml             does it look into the future?\n",
    .run = run_backtest,
};
