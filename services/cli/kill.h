/* What kill, unkill and status share about kill levels. */
#ifndef CB_CLI_KILL_H
#define CB_CLI_KILL_H

#include "services/cli/cli.h"

/** "strategy=trend" and "global" as the bus writes them: "strategy:trend", "*". NULL, with a
 * message on stderr, when it is no scope. [borrowed] out. */
const char *cli_kill_scope(const char *told, char out[CLI_TEXT_MAX]);
/** Takes --scope, --reason, --actor; raises to level and prints the answer. Returns a cli_exit. */
int cli_send_kill(cli *self, long level);
/** The same for the local flag page: no gateway, bus or database is needed. Takes --page too. */
int cli_kill_local(cli *self, long level);
/** Where the flag page is: --page, CERBERUS_KILL_PAGE, or the run's file. NULL when not known. */
const char *cli_kill_page(cli *self);
/** Prints what is in force, if anything: the latch, execution's own levels, the flag page. */
void cli_show_kills(cli *self);
/** Who gives the command: --actor, or the user of the shell. */
const char *cli_actor(cli *self);

#endif /* CB_CLI_KILL_H */
