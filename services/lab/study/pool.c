/* Worker processes. They speak over socket pairs that keep messages whole; a closed pair is a dead
 * worker. */
#include "services/lab/study/pool.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"

#define DEATHS_MAX 1000 /* in all: a pool that only dies is given up */

static size_t answer_size(const lab_trial_answer *answer)
{
    return offsetof(lab_trial_answer, returns) + answer->returns_count * sizeof(double);
}

/* A worker's whole life. */
_Noreturn static void work(lab_plan *plan, lab_job *job, int fd)
{
    static lab_trial_answer answer;
    lab_trial_ask ask;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)signal(SIGINT, SIG_IGN); /* who gives the trials decides when to end */
    for (;;) {
        const ssize_t got = recv(fd, &ask, sizeof ask, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got != (ssize_t)sizeof ask) {
            _exit(0);
        }
        lab_trial_play(plan, job, &ask, &answer);
        const size_t size = answer_size(&answer);
        if (send(fd, &answer, size, MSG_NOSIGNAL) != (ssize_t)size) {
            _exit(1);
        }
    }
}

static cb_status start_worker(lab_pool *pool, lab_worker *worker, cb_err *err)
{
    int ends[2];
    const int room = (int)sizeof(lab_trial_answer) * 2;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return CB_FAIL(err, CB_E_IO, "no socket for a worker: %s", strerror(errno));
    }
    (void)setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    (void)fflush(NULL);
    const pid_t pid = fork();
    if (pid < 0) {
        const int why = errno;
        (void)close(ends[0]);
        (void)close(ends[1]);
        return CB_FAIL(err, CB_E_IO, "no process for a worker: %s", strerror(why));
    }
    if (pid == 0) {
        (void)close(ends[0]);
        for (uint32_t i = 0; i < pool->count; i++) {
            if (pool->workers[i].pid != 0) {
                (void)close(pool->workers[i].fd);
            }
        }
        work(pool->plan, pool->job, ends[1]);
    }
    (void)close(ends[1]);
    *worker = (lab_worker){.pid = pid, .fd = ends[0]};
    return CB_OK;
}

static void end_worker(lab_worker *worker)
{
    if (worker->pid != 0) {
        (void)kill(worker->pid, SIGKILL);
        (void)close(worker->fd);
        (void)waitpid(worker->pid, NULL, 0);
    }
    *worker = (lab_worker){0};
}

cb_status lab_pool_start(
    lab_pool *pool, lab_plan *plan, lab_job *job, uint64_t workers, cb_err *err)
{
    cb_status status = CB_OK;
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    CB_ASSERT(pool != NULL && plan != NULL && job != NULL);
    *pool = (lab_pool){.plan = plan, .job = job};
    uint64_t wanted = workers != 0 ? workers : (uint64_t)(processors > 0 ? processors : 1);
    wanted = wanted > LAB_POOL_MAX ? LAB_POOL_MAX : wanted;
    while (status == CB_OK && pool->count < wanted) {
        status = start_worker(pool, &pool->workers[pool->count], err);
        pool->count += status == CB_OK ? 1 : 0;
    }
    if (status != CB_OK) {
        lab_pool_stop(pool);
    }
    return status;
}

void lab_pool_stop(lab_pool *pool)
{
    CB_ASSERT(pool != NULL);
    for (uint32_t i = 0; i < pool->count; i++) {
        end_worker(&pool->workers[i]);
    }
    pool->count = 0;
}

uint32_t lab_pool_busy(const lab_pool *pool)
{
    uint32_t busy = 0;
    for (uint32_t i = 0; i < pool->count; i++) {
        busy += pool->workers[i].is_busy ? 1 : 0;
    }
    return busy;
}

bool lab_pool_has_room(const lab_pool *pool)
{
    return lab_pool_busy(pool) < pool->count;
}

cb_status lab_pool_give(lab_pool *pool, const lab_trial_ask *ask, cb_err *err)
{
    for (uint32_t i = 0; i < pool->count; i++) {
        lab_worker *worker = &pool->workers[i];
        if (worker->is_busy) {
            continue;
        }
        worker->is_busy = true;
        worker->number = ask->number;
        /* A worker that died while idle: its end is seen by the wait, which hands the trial back.
         */
        (void)send(worker->fd, ask, sizeof *ask, MSG_NOSIGNAL);
        return CB_OK;
    }
    return CB_FAIL(err, CB_E_FULL, "no worker is idle");
}

/* Hands a dead worker's trial back as failed and starts another one. */
static cb_status bury(lab_pool *pool, lab_worker *worker, lab_trial_answer *answer, cb_err *err)
{
    const uint64_t number = worker->number;
    end_worker(worker);
    *answer = (lab_trial_answer){.number = number};
    (void)snprintf(answer->why, sizeof answer->why, "its worker died");
    if (++pool->deaths > DEATHS_MAX) {
        return CB_FAIL(err, CB_E_IO, "more than %d workers died", DEATHS_MAX);
    }
    return start_worker(pool, worker, err);
}

static cb_status hear(lab_pool *pool, lab_worker *worker, lab_trial_answer *answer, cb_err *err)
{
    const ssize_t got = recv(worker->fd, answer, sizeof *answer, MSG_DONTWAIT);
    if (got >= (ssize_t)offsetof(lab_trial_answer, returns) && (size_t)got == answer_size(answer)) {
        worker->is_busy = false;
        return CB_OK;
    }
    return bury(pool, worker, answer, err);
}

cb_status lab_pool_wait(lab_pool *pool, int timeout_ms, lab_trial_answer *answer, cb_err *err)
{
    struct pollfd fds[LAB_POOL_MAX];
    CB_ASSERT(lab_pool_busy(pool) > 0);
    for (uint32_t i = 0; i < pool->count; i++) {
        fds[i] = (struct pollfd){
            .fd = pool->workers[i].is_busy ? pool->workers[i].fd : -1, .events = POLLIN};
    }
    const int ready = poll(fds, pool->count, timeout_ms);
    if (ready <= 0) {
        return CB_FAIL(err, CB_E_TIMEOUT, "no answer yet");
    }
    for (uint32_t i = 0; i < pool->count; i++) {
        if (fds[i].revents != 0) {
            return hear(pool, &pool->workers[i], answer, err);
        }
    }
    return CB_FAIL(err, CB_E_TIMEOUT, "no answer yet");
}
