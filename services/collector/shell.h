/* The collector as a process; see collector_shell.h for what its files share. */
#ifndef COLLECTOR_MAIN_H
#define COLLECTOR_MAIN_H

/** Runs until SIGTERM; returns the exit code. */
int collector_main(int argc, char **argv);

#endif /* COLLECTOR_MAIN_H */
