/* Between source.c (reading) and source_play.c (playing). */
#ifndef SIM_SOURCE_INTERNAL_H
#define SIM_SOURCE_INTERNAL_H

#include "services/simulator/source.h"

/** The next line of values, over all files. CB_E_NOT_FOUND when there is none. */
CB_MUST_USE cb_status sim_source_line(sim_source *source, cb_strview *out, cb_err *err);
/** Reads and checks one row into the source; *ts_ns is its market time. */
CB_MUST_USE cb_status sim_source_row(
    sim_source *source, cb_strview line, int64_t *ts_ns, cb_err *err);

#endif /* SIM_SOURCE_INTERNAL_H */
