/* Files of rows: points (binary, little-endian, 32 bytes a row), fills and trades (CSV). One table
 * of columns per kind of row serves both the writing and the reading. */
#ifndef LAB_ROWS_H
#define LAB_ROWS_H

#include <stdio.h>

#include "services/lab/store/store.h"

typedef enum lab_rows_kind { LAB_ROWS_FILLS, LAB_ROWS_TRADES } lab_rows_kind;

/** False when the file could not take it all. */
CB_MUST_USE bool lab_points_write(FILE *file, const lab_point *points, uint64_t count);
CB_MUST_USE bool lab_rows_write(
    FILE *file, lab_rows_kind kind, const void *rows, uint64_t count, const lab_names *names);

/** CB_E_CORRUPT; *points [owned by the caller]. */
CB_MUST_USE cb_status lab_points_read(FILE *file, lab_point **points, uint64_t *count, cb_err *err);
/** CB_E_CORRUPT naming line and column; *rows [owned by the caller]. */
CB_MUST_USE cb_status lab_rows_read(FILE *file,
    lab_rows_kind kind,
    const lab_names *names,
    void **rows,
    uint64_t *count,
    cb_err *err);

#endif /* LAB_ROWS_H */
