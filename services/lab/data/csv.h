/* Candles and trades from CSV: every value exactly or not at all. */
#ifndef LAB_CSV_H
#define LAB_CSV_H

#include "services/lab/data/history.h"
#include "services/lab/data/reader.h"

#define LAB_CSV_LINE_MAX ((size_t)64 * 1024)

/** "AAAA:12: why": what a reader calls as it goes. */
typedef struct lab_progress_call {
    void (*fn)(void *context, uint64_t done, uint64_t total); /* may be NULL */
    void *context;
} lab_progress_call;

/**
 * Reads all rows into the table (which is initialised here, also on failure). Rows that are broken,
 * doubled or go backwards are left out and told as fatal findings; whether they refuse the whole is
 * the caller's decision.
 *
 * @return CB_OK; CB_E_SYNTAX when the file as a whole is nothing that can be read (with name:line);
 *         CB_E_CORRUPT; CB_E_IO; CB_E_FULL.
 */
CB_MUST_USE cb_status lab_csv_read(lab_reader *reader,
    const lab_import_options *options,
    lab_progress_call progress,
    lab_table *table,
    cb_err *err);

/** A decimal, exactly; with is_rounding more than 8 decimals are rounded half away from zero and
 *  *is_rounded is set. */
CB_MUST_USE cb_status lab_decimal_parse(
    cb_strview text, bool is_rounding, int64_t *out_e8, bool *is_rounded, cb_err *err);

#endif /* LAB_CSV_H */
