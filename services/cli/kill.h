/* Sending a kill command. */
#ifndef CB_CLI_KILL_H
#define CB_CLI_KILL_H

#include "services/cli/cli.h"

/** Takes --scope, --reason, --actor; sends level and prints the answer. Returns a cli_exit. */
int cli_send_kill(cli *self, const char *method, long level);

#endif /* CB_CLI_KILL_H */
