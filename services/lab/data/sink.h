/* The file that a download grows: rows are added in order and never twice, and what a kill left
 * half written is cut off when it is opened again. Its last row is the whole record of progress. */
#ifndef LAB_SINK_H
#define LAB_SINK_H

#include "base/err.h"
#include "base/strview.h"

typedef enum lab_sink_rows {
    LAB_SINK_KLINES,    /* 12 columns, ordered by the first: the open time */
    LAB_SINK_AGGREGATES /* 8 columns, ordered by the first: the id; time is the sixth */
} lab_sink_rows;

typedef struct lab_sink lab_sink;

/**
 * Opens or creates the file and takes it for this process alone.
 *
 * @return CB_OK; CB_E_STATE when another download holds it; CB_E_CORRUPT when it is no such file;
 *         CB_E_IO, CB_E_FULL.
 */
CB_MUST_USE cb_status lab_sink_open(
    const char *path, lab_sink_rows rows, lab_sink **out, cb_err *err);
/** Writes what is buffered, syncs, closes. The file stays as it is on failure. */
CB_MUST_USE cb_status lab_sink_close(lab_sink *sink, cb_err *err);

/** False while there is no row. key: open time in ns, or id. */
bool lab_sink_first(const lab_sink *sink, uint64_t *key, int64_t *ts_ns);
bool lab_sink_last(const lab_sink *sink, uint64_t *key, int64_t *ts_ns);
uint64_t lab_sink_added(const lab_sink *sink);

/**
 * Adds one row (without its line end); a row that is there already (key not above the last) is
 * passed over. *is_added tells.
 *
 * @return CB_E_SYNTAX when it is no such row; CB_E_FULL when the disk is full; CB_E_IO.
 */
CB_MUST_USE cb_status lab_sink_add(lab_sink *sink, cb_strview row, bool *is_added, cb_err *err);
/** Time and key of a row, without adding it. */
CB_MUST_USE cb_status lab_sink_read(
    lab_sink_rows rows, cb_strview row, uint64_t *key, int64_t *ts_ns, cb_err *err);
/** Hands everything added so far to the kernel: a kill loses none of it. */
CB_MUST_USE cb_status lab_sink_flush(lab_sink *sink, cb_err *err);

#endif /* LAB_SINK_H */
