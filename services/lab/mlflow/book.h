/* What a server of experiments keeps: experiments and runs of others, in a journal of lines that is
 * on the disk before anybody is answered; and our own stored runs, read from the store. A journal
 * has one writer. */
#ifndef LAB_MLFLOW_BOOK_H
#define LAB_MLFLOW_BOOK_H

#include "services/lab/mlflow/mlflow.h"

#define BOOK_RUNS_MAX 100000
#define BOOK_EXPERIMENTS_MAX 10000
#define BOOK_POINTS_MAX 1000000 /* of one metric of a run */

/* [owned] */
typedef struct lab_book {
    lab_store store;
    int fd;              /* the journal */
    int64_t size;        /* bytes of whole lines in it */
    json_t *experiments; /* id → {info…, "tags": {}} */
    json_t *runs;        /* run_id → as in mlflow.h; our own have "own": their number */
    int64_t next_experiment;
    int64_t seen_ns; /* the store's folder when it was last looked at */
} lab_book;

/** CB_E_STATE: somebody else serves this store; CB_E_CORRUPT naming the line; CB_E_IO. */
CB_MUST_USE cb_status lab_book_open(lab_book *book, const lab_store *store, cb_err *err);
void lab_book_close(lab_book *book);

/**
 * Writes a record, then applies it. {"experiment": id, "info": {}, "tags": {}} or {"run": id,
 * "info": {}, "params": {}, "tags": {}, "metrics": [points]}: what it names is set, a tag of null
 * is taken away; what it names first is made.
 *
 * @param record [owned]
 * @return CB_E_IO: then nothing has changed.
 */
CB_MUST_USE cb_status lab_book_commit(lab_book *book, json_t *record, cb_err *err);
/** Takes up own runs that were stored since. */
CB_MUST_USE cb_status lab_book_refresh(lab_book *book, cb_err *err);
/** An own run with its whole curve [owned by the caller]. */
json_t *lab_book_whole(const lab_book *book, const json_t *run, cb_err *err);

/** NULL when there is none. [borrowed] */
json_t *lab_book_experiment_named(const lab_book *book, const char *name);
bool lab_book_has_point(const json_t *points, const json_t *point);
/** Of a metric's points the one with the largest step, then time, then value. */
json_t *lab_book_latest(const json_t *points);

#endif /* LAB_MLFLOW_BOOK_H */
