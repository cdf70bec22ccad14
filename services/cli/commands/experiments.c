/* cerberus experiments: stored runs to and from MLflow, handed over to cerberus-lab. */
#include "services/cli/cli.h"

const cli_command cli_command_experiments = {.name = "experiments",
    .arguments = "push RUN… --to http://host:port | serve [--port N]",
    .summary = "push stored runs to MLflow, or serve them to its clients",
    .examples = "  cerberus experiments push 41 42 --to http://127.0.0.1:5000\n"
                "  cerberus experiments serve --port 5000\n",
    .run = cli_hand_over};
