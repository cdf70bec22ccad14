/* cerberus data: history of the lab, handed over to cerberus-lab. */
#include "services/cli/cli.h"

const cli_command cli_command_data = {.name = "data",
    .arguments = "import | list | inspect | download",
    .summary = "import, list, inspect and download market history",
    .examples = "",
    .run = cli_hand_over};
