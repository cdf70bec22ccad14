/* The second way of execution's beat to the guardian: a file of fixed size, overwritten in place.
 * The beat's own MAC tells a torn or forged one from a good one. */
#ifndef CB_BEATPAGE_H
#define CB_BEATPAGE_H

#include "domain/messages.h"

#define CB_BEATPAGE_SIZE 512 /* bytes of the file */

/** Overwrites the page, making it when it is missing. It is not for the next power failure. */
CB_MUST_USE cb_status cb_beatpage_write(const char *path, const cb_guard_beat *beat, cb_err *err);
/** CB_E_NOT_FOUND, CB_E_IO, CB_E_CORRUPT; the MAC is the caller's to check. */
CB_MUST_USE cb_status cb_beatpage_read(const char *path, cb_guard_beat *out, cb_err *err);

#endif /* CB_BEATPAGE_H */
