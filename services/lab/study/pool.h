/* Worker processes that play trials. Each is forked with the history mapped; a worker that dies is
 * noticed, its trial is handed back as failed, and another takes its place. */
#ifndef LAB_POOL_H
#define LAB_POOL_H

#include <signal.h>
#include <sys/types.h>

#include "services/lab/study/trial.h"

#define LAB_POOL_MAX 64

typedef struct lab_worker {
    pid_t pid; /* 0: none */
    int fd;    /* our end */
    bool is_busy;
    uint64_t number; /* of its trial while it is busy */
} lab_worker;

/* [owned] by who made it; plan and job stay the caller's. */
typedef struct lab_pool {
    lab_plan *plan;
    lab_job *job;
    lab_worker workers[LAB_POOL_MAX];
    uint32_t count;
    uint64_t deaths; /* of workers, since the start */
} lab_pool;

/** Starts workers (0: one per processor). CB_E_IO. */
CB_MUST_USE cb_status lab_pool_start(
    lab_pool *pool, lab_plan *plan, lab_job *job, uint64_t workers, cb_err *err);
/** Ends all workers at once. */
void lab_pool_stop(lab_pool *pool);
/** True while a worker is idle. */
bool lab_pool_has_room(const lab_pool *pool);
uint32_t lab_pool_busy(const lab_pool *pool);
/** Hands a trial to an idle worker. */
CB_MUST_USE cb_status lab_pool_give(lab_pool *pool, const lab_trial_ask *ask, cb_err *err);
/**
 * Waits for an answer.
 *
 * @return CB_OK; CB_E_TIMEOUT after timeout_ms or when a signal came; CB_E_IO when no worker can be
 * had.
 */
CB_MUST_USE cb_status lab_pool_wait(
    lab_pool *pool, int timeout_ms, lab_trial_answer *answer, cb_err *err);

#endif /* LAB_POOL_H */
