/* Recorded streams of an exchange, one JSON object a line: book changes and trades. */
#ifndef LAB_CAPTURE_H
#define LAB_CAPTURE_H

#include "services/lab/data/csv.h"

#define LAB_CAPTURE_LINE_MAX ((size_t)16 * 1024 * 1024)

/**
 * Reads book changes (LAB_KIND_DEPTH, and LAB_KIND_ANY) or trades of one symbol. Two forms of line
 * are known: {"recv_ns":…,"msg":{…}} and {"dir":"in","recv_s":"…","url":"…","msg":{…}}; the
 * messages are Binance's (spot and futures): stream or plain, REST snapshots of the book among
 * them.
 *
 * A book begins with its snapshot: changes that it already holds are dropped, those that follow
 * must join without a hole. After a hole everything up to the next snapshot is left out and told as
 * a fatal finding.
 *
 * @return CB_OK; CB_E_SYNTAX when there is nothing of that kind, or several symbols and none was
 *         chosen; CB_E_CORRUPT; CB_E_IO; CB_E_FULL.
 */
CB_MUST_USE cb_status lab_capture_read(lab_reader *reader,
    const lab_import_options *options,
    lab_progress_call progress,
    lab_table *table,
    cb_err *err);

#endif /* LAB_CAPTURE_H */
