/* Lines of a file, plain or packed (.gz, .zst), one after another. */
#ifndef SIM_LINES_H
#define SIM_LINES_H

#include "base/err.h"
#include "base/strview.h"

#define SIM_LINE_SIZE_MAX ((size_t)16 * 1024 * 1024)

typedef struct sim_lines sim_lines;

/** Opens by the name's ending. NULL fills err with the path and the reason. */
sim_lines *sim_lines_open(const char *path, cb_err *err);
void sim_lines_close(sim_lines *lines);
/**
 * The next line without its end; empty lines at the end of the file are left out.
 *
 * @param out [borrowed until the next call]
 * @return CB_OK; CB_E_NOT_FOUND at the end; CB_E_CORRUPT, CB_E_IO, CB_E_FULL with the reason.
 */
CB_MUST_USE cb_status sim_lines_next(sim_lines *lines, cb_strview *out, cb_err *err);
/** Number of the last line, from 1. */
uint64_t sim_lines_number(const sim_lines *lines);

#endif /* SIM_LINES_H */
