/* How history is cut for walk-forward tests and cross-validation, as index arithmetic. Nothing of a
 * test period, and nothing whose outcome reaches into it, may be trained on. */
#ifndef CB_STATS_SPLITS_H
#define CB_STATS_SPLITS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define CB_SPLIT_WINDOWS 12 /* what a walk-forward should have at least */

/* Periods [begin, end). */
typedef struct cb_range {
    size_t begin;
    size_t end;
} cb_range;

typedef struct cb_walk_plan {
    size_t count;     /* periods of history */
    size_t windows;   /* tests, one after the other without gaps, up to the end of history */
    size_t train;     /* periods of the (first) training */
    size_t test;      /* periods of a test */
    size_t purge;     /* periods before a test whose outcome reaches into it: never trained on */
    size_t embargo;   /* further periods left out between training and test */
    bool is_anchored; /* trainings all begin at 0 and grow; else they roll and keep their length */
} cb_walk_plan;

typedef struct cb_walk_window {
    cb_range train;
    cb_range test;
} cb_walk_window;

/**
 * Plans so many windows over count periods, the (first) training ratio times as long as a test (as
 * nearly as whole periods allow, never shorter).
 *
 * @return CB_E_RANGE when history is too short for it.
 */
CB_MUST_USE cb_status cb_walk_plan_make(size_t count,
    size_t windows,
    double ratio,
    size_t purge,
    size_t embargo,
    bool is_anchored,
    cb_walk_plan *out,
    cb_err *err);

/** Window index (below plan->windows). */
cb_walk_window cb_walk_window_at(const cb_walk_plan *plan, size_t index);

/* Purged k-fold: training is what lies before and what lies after the test. */
typedef struct cb_fold {
    cb_range test;
    cb_range before; /* ends purge periods before the test */
    cb_range after;  /* begins purge + embargo periods after it */
} cb_fold;

/** Fold index of folds over count periods; index < folds <= count. */
cb_fold cb_fold_at(size_t count, size_t folds, size_t index, size_t purge, size_t embargo);

#endif /* CB_STATS_SPLITS_H */
