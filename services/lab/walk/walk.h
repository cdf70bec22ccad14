/* Walk-forward: in each window a search over the training range chooses parameters, which then
 * trade the test range that the search has not seen. The tests, one after the other, are the
 * result. */
#ifndef LAB_WALK_H
#define LAB_WALK_H

#include "services/lab/study/optimize.h"
#include "stats/splits.h"

#define LAB_WALK_MAX 1000
#define LAB_WALK_TEXT 200

/* One window. */
typedef struct lab_walk_row {
    lab_report_window window; /* its parameters point to text */
    char text[LAB_WALK_TEXT];
    uint64_t trials;               /* with a result */
    double place[SEARCH_DIMS_MAX]; /* of the chosen parameters, 0 … 1 each */
} lab_walk_row;

/* [owned] */
typedef struct lab_walk {
    lab_backtest *self; /* [borrowed] the job, its plan */
    cb_walk_plan plan;  /* in days */
    int64_t first_ns;   /* begin of day 0 */
    lab_walk_row *rows; /* plan.windows */
    size_t done;        /* windows that are played */
    lab_result result;  /* the tests one after the other: equity carried on */
    double factor;      /* equity so far over that at the start */
} lab_walk;

/** Plans the windows of the job over its data. CB_E_CONFIG, CB_E_RANGE. */
CB_MUST_USE cb_status lab_walk_plan(lab_walk *walk, lab_backtest *self, cb_err *err);
/** Plays windows until all are done or stop is set. */
CB_MUST_USE cb_status lab_walk_play(lab_walk *walk, const volatile sig_atomic_t *stop, cb_err *err);
void lab_walk_release(lab_walk *walk);

int lab_walk_run(lab_args *args);

#endif /* LAB_WALK_H */
