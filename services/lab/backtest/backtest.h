/* `cerberus-lab backtest`: its commands and what they share. */
#ifndef LAB_BACKTEST_H
#define LAB_BACKTEST_H

#include "services/lab/job/run.h"
#include "services/lab/judge/judge.h"
#include "services/lab/judge/luck.h"
#include "services/lab/report/report.h"
#include "services/lab/tool.h"

/* One run from its job to its judgement. [owned] large: not for the stack. */
typedef struct lab_backtest {
    lab_job job;
    char *text; /* [owned] the job file's content */
    size_t size;
    char folder[LAB_PATH_MAX];                /* absolute: what file names are relative to */
    const char *overrides[LAB_OVERRIDES_MAX]; /* [borrowed] */
    size_t overrides_count;
    json_t *kept_summary; /* [owned] what overrides point into, when they were restored; or NULL */
    lab_plan plan;
    lab_result result;
    lab_judgement judgement;
    lab_run_source source;
} lab_backtest;

/** NULL, with a message, when memory is out. */
lab_backtest *lab_backtest_new(void);
void lab_backtest_free(lab_backtest *self);

/** Reads the job file at path and applies the overrides that are set. */
CB_MUST_USE cb_status lab_backtest_read(lab_backtest *self, const char *path, cb_err *err);
/** The same from a stored run. */
CB_MUST_USE cb_status lab_backtest_restore(lab_backtest *self, const lab_run *run, cb_err *err);
/** Opens the job's history, with progress. */
CB_MUST_USE cb_status lab_backtest_open(lab_backtest *self, cb_err *err);
/** Plays and judges. Ctrl-C ends it early: the result is then partial. */
CB_MUST_USE cb_status lab_backtest_play(lab_backtest *self, cb_err *err);

/** "cerberus-lab backtest run: why" on stderr; the exit code that fits. */
int lab_backtest_fail(const char *command, const cb_err *err);
/** --runs DIR or the usual place. */
CB_MUST_USE cb_status lab_backtest_store(lab_args *args, lab_store *store, cb_err *err);
/** A run's number as an argument; false with a message. */
bool lab_backtest_id(lab_args *args, uint64_t *id);

/* What a page shows beside the run itself. Zeroes: nothing. */
typedef struct lab_page_extras {
    const lab_candles *candles; /* [borrowed] one per symbol, as the plan has them */
    const char *quote_asset;
    const char *reproduction; /* NULL: `cerberus backtest rerun ID` */
    uint64_t seed;
    const lab_report_trials *trials;
    const lab_report_window *windows;
    size_t windows_count;
    const char *windows_metric;
    const lab_luck *luck; /* of the search; that of the run comes before it */
} lab_page_extras;

/** The page of a run, to a file or "-". */
CB_MUST_USE cb_status lab_backtest_page(
    const lab_run *run, const lab_page_extras *extras, const char *path, cb_err *err);
/** Totals, metrics, reasons and the curve, as tables. */
void lab_backtest_print(
    const lab_result *result, const lab_judgement *judgement, const lab_names *names, FILE *out);

/* commands */
int lab_backtest_run(lab_args *args);
int lab_backtest_rerun(lab_args *args);
int lab_backtest_list(lab_args *args);
int lab_backtest_show(lab_args *args);
int lab_backtest_compare(lab_args *args);
int lab_backtest_report(lab_args *args);
int lab_backtest_check(lab_args *args);

#endif /* LAB_BACKTEST_H */
