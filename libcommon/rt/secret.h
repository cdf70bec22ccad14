/* Secrets live in files, never in the environment or on a command line. */
#ifndef CB_SECRET_H
#define CB_SECRET_H

#include <stddef.h>

#include "base/err.h"

/**
 * Reads the first line of a file, without its line end. Symbolic links are followed (orchestrators
 * mount secrets that way); the file itself must be a regular one that others may not read.
 *
 * @param out [out] NUL-terminated; wiped unless CB_OK. The caller wipes it (cb_wipe) when done.
 * @return CB_OK; CB_E_NOT_FOUND; CB_E_AUTH when others may read the file; CB_E_SYNTAX when the line
 *         is empty, too long or holds a NUL; CB_E_IO.
 */
CB_MUST_USE cb_status cb_secret_read(const char *path, char *out, size_t out_size, cb_err *err);

#endif /* CB_SECRET_H */
