/* Looks at a table as a whole: its time frame, its holes, its end. */
#ifndef LAB_CHECK_H
#define LAB_CHECK_H

#include "services/lab/data/history.h"

/**
 * Finds the time frame (when it is 0), takes out what is off its grid and an unfinished last
 * candle, and adds the findings of candles: gaps, candles without trades, cut ones. Findings are
 * then ordered by time.
 *
 * @param name for messages. @param made_ns when the source was made, 0 = not known.
 * @return CB_OK; CB_E_CONFIG when the time frame cannot be told; CB_E_FULL.
 */
CB_MUST_USE cb_status lab_check_table(
    lab_table *table, const char *name, int64_t made_ns, cb_err *err);

#endif /* LAB_CHECK_H */
