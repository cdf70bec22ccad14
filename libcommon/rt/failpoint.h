/* Failpoints: places where a test may stop the world. They are compiled into every program and do
 * nothing until somebody on this machine arms them; an unarmed one costs a load and a branch that
 * is never taken.
 *
 *   if (FP("exec.before_send")) { … the injected error … }
 *   (void)FP("exec.after_claim");
 *
 * Armed by the configuration (`failpoints = exec.after_claim=kill@3`), by the file that
 * `failpoints.file` names, read at the start and on SIGUSR2 and removed when read, so that a
 * process that it killed starts without it. Never by a message: who can write a file of this user
 * or signal this process could do worse anyway, who is on the bus could not.
 *
 *   NAME=ACTION[:MILLISECONDS][@HIT[+]][,…]     actions: kill stop delay error abort
 *
 * HIT is the hit that acts (1 when left out), "+" that all later ones act too. Shells only: cores
 * have no failpoints, because everything that can interrupt them stands outside of them. */
#ifndef CB_FAILPOINT_H
#define CB_FAILPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/** True while any failpoint is armed. Written by the duty thread alone, through the functions
 *  below; the one variable of libcommon that is not reached through a pointer, because it must be
 *  read at places that know no shell and must cost nothing there. */
extern bool cb_failpoints_armed;

/** Acts when the failpoint is armed and this is the hit; true: the error is to be injected. */
bool cb_failpoint_hit(const char *name);

#define FP(name) (__builtin_expect(cb_failpoints_armed, 0) && cb_failpoint_hit(name))

/** Says whose process this is: the word that stands for "*" in names. */
void cb_failpoints_open(const char *service);
/**
 * Replaces what is armed by what text says; an empty text disarms all.
 *
 * @return CB_OK, or CB_E_CONFIG with nothing changed: a name that this service has not, an unknown
 *   action, an error where none can be injected, a bad number.
 */
CB_MUST_USE cb_status cb_failpoints_arm(const char *text, cb_err *err);
/** Reads, removes and arms the file; a missing one is CB_OK and changes nothing. */
CB_MUST_USE cb_status cb_failpoints_take_file(const char *path, cb_err *err);
/** How often the failpoint was hit since it was armed; 0 for one that is not. */
uint64_t cb_failpoint_hits(const char *name);
/** Prints this service's failpoints, one line each, to standard output. */
void cb_failpoints_print(void);

#endif /* CB_FAILPOINT_H */
