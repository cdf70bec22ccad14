/* cerberus-lab experiments: stored runs to and from MLflow. */
#include <stdio.h>
#include <string.h>

#include "services/lab/mlflow/mlflow.h"

static int run_experiments(int argc, char **argv)
{
    static const struct {
        const char *name;
        const char *title; /* for messages */
        int (*run)(lab_args *args);
    } commands[] = {
        {"push", "experiments push", lab_experiments_push},
        {"serve", "experiments serve", lab_experiments_serve},
    };
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        lab_tool_print_help(&lab_tool_experiments);
        return argc < 2 ? LAB_USAGE : LAB_OK;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            lab_args args = {.tool = commands[i].title, .argc = argc - 2, .argv = argv + 2};
            if (lab_args_flag(&args, "--help")) {
                lab_tool_print_help(&lab_tool_experiments);
                return LAB_OK;
            }
            return commands[i].run(&args);
        }
    }
    (void)fprintf(stderr, "cerberus-lab experiments: there is no command '%s'\n", argv[1]);
    return LAB_USAGE;
}

const lab_tool lab_tool_experiments = {
    .name = "experiments",
    .arguments = "push RUN… --to http://host:port [--experiment NAME] [--parent RUN_ID] "
                 "[--report]\n"
                 "       cerberus-lab experiments serve [--port N] [--address 127.0.0.1]    (all: "
                 "[--runs DIR])",
    .summary = "Push stored runs to an MLflow server, or be one: our runs beside those that MLflow "
               "clients log.",
    .examples =
        "  cerberus experiments push 41 42 --to http://127.0.0.1:5000\n"
        "  cerberus experiments push 42 --to https://mlflow.example --experiment trend --report\n"
        "  cerberus experiments serve --port 5000            MLFLOW_TRACKING_URI points here\n",
    .run = run_experiments,
};
