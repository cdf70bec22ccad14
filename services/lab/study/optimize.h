/* `cerberus-lab optimize`: its commands. */
#ifndef LAB_OPTIMIZE_H
#define LAB_OPTIMIZE_H

#include "services/lab/backtest/backtest.h"
#include "services/lab/study/search.h"

int lab_optimize_run(lab_args *args);
int lab_optimize_resume(lab_args *args);
int lab_optimize_list(lab_args *args);
int lab_optimize_show(lab_args *args);
int lab_optimize_pareto(lab_args *args);

/* ---- shared with the walk-forward ---- */

/** Reads -f FILE, --set, --trials, --sampler, --workers into the job; false with a message. */
bool lab_optimize_arguments(lab_args *args, lab_backtest *self, const char *command, cb_err *err);
/** Opens the job's history, and lets the services see a value of every parameter. */
CB_MUST_USE cb_status lab_optimize_open(lab_backtest *self, cb_err *err);

#endif /* LAB_OPTIMIZE_H */
