/* A plan played through the chain, its rows kept in memory. */
#ifndef LAB_RUN_H
#define LAB_RUN_H

#include <signal.h>

#include "services/lab/job/plan.h"

typedef struct lab_run_options {
    bool is_brief; /* no rows of points, fills and trades: totals only */
    const volatile sig_atomic_t
        *stop; /* [borrowed] not 0: end after the present share; may be NULL */
    void (*progress)(void *context, uint64_t bars, uint64_t total); /* may be NULL */
    void *context;
} lab_run_options;

/**
 * Plays the plan to its end or until it is stopped; a stopped result says that it is partial.
 *
 * @param result [out] release with lab_result_release, also on failure.
 * @return CB_OK; CB_E_CONFIG, CB_E_RANGE when the chain refuses its configuration; CB_E_FULL.
 */
CB_MUST_USE cb_status lab_run_plan(
    const lab_plan *plan, const lab_run_options *options, lab_result *result, cb_err *err);

/** Bars of the first symbol within the job's range. */
uint64_t lab_plan_bars(const lab_plan *plan);

#endif /* LAB_RUN_H */
