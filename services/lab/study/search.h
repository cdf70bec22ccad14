/* A search running: the sampler's study, its record, the workers. */
#ifndef LAB_SEARCH_RUN_H
#define LAB_SEARCH_RUN_H

#include "services/lab/judge/luck.h"
#include "services/lab/study/log.h"
#include "services/lab/study/pool.h"

/* [owned] release with lab_search_release. */
typedef struct lab_search {
    search_config config;
    search_study study;
    void *block;
    lab_study_log *log; /* [borrowed] NULL: not recorded */
    uint64_t *pending;  /* asked for before a kill, never told */
    size_t pending_count;
    uint64_t told;
    bool is_stopped;  /* by who runs it, before all was told */
    double **returns; /* per trial; NULL where there are none */
    uint32_t *returns_count;
} lab_search;

typedef struct lab_search_options {
    int64_t from_ns; /* 0: the job's */
    int64_t to_ns;
    const volatile sig_atomic_t *stop;                              /* [borrowed] may be NULL */
    void (*progress)(void *context, uint64_t told, uint64_t total); /* may be NULL */
    void *context;
} lab_search_options;

CB_MUST_USE cb_status lab_search_begin(
    lab_search *self, const lab_job *job, lab_study_log *log, cb_err *err);
/** Brings a new search to where its record stood. CB_E_CORRUPT when they do not fit together. */
CB_MUST_USE cb_status lab_search_replay(lab_search *self, const json_t *lines, cb_err *err);
/** Runs until all trials are told or stop is set. CB_E_STATE when no trial can be completed at all.
 */
CB_MUST_USE cb_status lab_search_run(
    lab_search *self, lab_pool *pool, const lab_search_options *options, cb_err *err);
void lab_search_release(lab_search *self);
/** Statements on luck for the best trial. @param benchmark as lab_luck_trials. */
CB_MUST_USE cb_status lab_search_luck(
    const lab_search *self, const double *benchmark, lab_luck *luck, cb_err *err);
/** The trials for a report; arrays [owned by the caller]: values and results. CB_E_FULL. */
CB_MUST_USE cb_status lab_search_trials(
    const lab_search *self, double **values, double **results, cb_err *err);

#endif /* LAB_SEARCH_RUN_H */
