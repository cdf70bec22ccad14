/* Does a result look ahead, and how long does it remember? Anything that turns bars into numbers
 * bar by bar (an indicator, a strategy, a whole backtest) can be asked; it is a function from bars
 * to rows here.
 *
 * Look-ahead: the rows up to a bar are the same, bit for bit, when the bars after it are missing
 * and when they are others. Recursion: the rows of a run that begins later come to those of a run
 * that began earlier, within a bound, after as many bars as were promised. */
#ifndef CB_IND_CHECK_H
#define CB_IND_CHECK_H

#include "ind/indicator.h"

/**
 * Runs over bars from the beginning.
 *
 * @param rows [out] count * width numbers, a row for a bar; a bar without a result has NaN in all.
 */
typedef void (*cb_check_run)(const void *context, const cb_bar *bars, size_t count, double *rows);

typedef struct cb_check_subject {
    const void *context; /* handed to run [borrowed until the check has ended] */
    cb_check_run run;
    uint32_t width;
} cb_check_subject;

/* Room that a check needs; all arrays are the caller's. */
typedef struct cb_check_room {
    double *rows;  /* 2 * count * width */
    cb_bar *bars;  /* count */
    uint64_t seed; /* of the other future */
} cb_check_room;

/* What was found; the first difference of a look-ahead, the greatest of a recursion. */
typedef struct cb_check_finding {
    bool is_clean;
    uint64_t bar;      /* of the series */
    uint64_t boundary; /* the cut, or the later beginning */
    uint32_t column;
    double wanted;
    double found;
    double difference;  /* relative to the column's size; infinite where only one has a result */
    uint64_t compared;  /* rows */
    uint64_t different; /* rows beyond the bound, of the column that has most of them */
} cb_check_finding;

/**
 * Cuts the series at every step-th bar and scrambles what comes after.
 *
 * @param step bars between two cuts, above 0.
 */
void cb_check_look_ahead(const cb_check_subject *subject,
    const cb_bar *bars,
    size_t count,
    size_t step,
    const cb_check_room *room,
    cb_check_finding *finding);

/* How a later beginning is judged. */
typedef struct cb_check_memory {
    size_t begin;       /* first bar of the later run */
    size_t settle_bars; /* rows before begin + settle_bars are not compared */
    double bound;       /* relative to the greatest value of the column in the compared rows */
} cb_check_memory;

void cb_check_recursion(const cb_check_subject *subject,
    const cb_bar *bars,
    size_t count,
    const cb_check_memory *memory,
    const cb_check_room *room,
    cb_check_finding *finding);

/* ---- an indicator as subject ---- */
typedef struct cb_check_indicator {
    const cb_indicator_ops *ops;
    const int64_t *params;
    void *state; /* ops->state_size(params) bytes */
} cb_check_indicator;

/** subject borrows indicator. */
void cb_check_of_indicator(const cb_check_indicator *indicator, cb_check_subject *subject);

#endif /* CB_IND_CHECK_H */
