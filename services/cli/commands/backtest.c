/* cerberus backtest: strategies on history, handed over to cerberus-lab. */
#include "services/cli/cli.h"

const cli_command cli_command_backtest = {.name = "backtest",
    .arguments = "run -f FILE | rerun ID | list | show ID | compare ID ID… | report ID",
    .summary = "run a strategy on history, compare and draw the results",
    .examples = "  cerberus backtest run -f trend.yaml\n"
                "  cerberus backtest compare 41 42\n"
                "  cerberus backtest report 42 --out trend.html\n",
    .run = cli_hand_over};
