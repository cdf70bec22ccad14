/* make sim: runs schedules from a seed on, on one core or several. One line for each failure with
 * its seed and commit; the same seed gives the same hash of all outputs.
 *
 *   tool_sim --seed=1 --runs=1000 [--jobs=2] [--hashes] [--stop] [--verbose]
 *
 * --verbose tells one schedule in full and prints the tables it left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/dst_check.h"

typedef struct options {
    uint64_t seed;
    uint64_t runs;
    uint64_t jobs;
    bool has_hashes;
    bool is_stopping; /* at the first failure */
    bool is_verbose;
} options;

typedef struct totals {
    uint64_t failures;
    uint64_t runs;
    uint64_t hash;
    uint64_t events;
    uint64_t crashes;
    uint64_t pauses;
    uint64_t orders;
    double seconds;
} totals;

static double cpu_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool take(const char *word, const char *name, uint64_t *out)
{
    const size_t size = strlen(name);
    if (strncmp(word, name, size) != 0) {
        return false;
    }
    *out = strtoull(word + size, NULL, 10);
    return true;
}

static bool read_options(int argc, char **argv, options *out)
{
    *out = (options){.seed = 1, .runs = 1, .jobs = 1};
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--hashes") == 0) {
            out->has_hashes = true;
        } else if (strcmp(word, "--stop") == 0) {
            out->is_stopping = true;
        } else if (strcmp(word, "--verbose") == 0) {
            out->is_verbose = true;
        } else if (!take(word, "--seed=", &out->seed) && !take(word, "--runs=", &out->runs) &&
                   !take(word, "--jobs=", &out->jobs)) {
            (void)fprintf(stderr, "sim: what is %s?\n", word);
            return false;
        }
    }
    return out->jobs > 0;
}

static void say_failure(uint64_t seed, const char *what)
{
    const char *commit = getenv("SIM_COMMIT");
    (void)printf("FAIL seed=%llu commit=%s hash=%016llx at=%.3fs %s\n",
        (unsigned long long)seed,
        commit != NULL ? commit : "?",
        (unsigned long long)dst->hash,
        (double)dst->now_ns / 1e9,
        what);
    (void)fflush(stdout);
}

/* Every jobs-th seed from the job's number on. */
static totals run(const options *wanted, uint64_t job)
{
    totals sum = {.hash = 0};
    dst_open();
    dst->is_verbose = wanted->is_verbose;
    const double begun = cpu_seconds();
    for (uint64_t i = job; i < wanted->runs; i += wanted->jobs) {
        char what[512];
        const uint64_t seed = wanted->seed + i;
        const bool is_right = dst_schedule(seed, what, sizeof(what));
        sum.hash ^= (dst->hash ^ seed) * UINT64_C(0x9e3779b97f4a7c15);
        sum.events += dst->events_count;
        sum.orders += dst_orders_count();
        sum.runs++;
        if (wanted->has_hashes) {
            (void)printf("seed=%llu hash=%016llx\n",
                (unsigned long long)seed,
                (unsigned long long)dst->hash);
        }
        if (wanted->is_verbose) {
            dst_dump(stdout);
        }
        if (!is_right) {
            sum.failures++;
            say_failure(seed, what);
            if (wanted->is_stopping) {
                break;
            }
        }
    }
    sum.seconds = cpu_seconds() - begun;
    sum.crashes = dst->crashes_done;
    sum.pauses = dst->pauses_done;
    return sum;
}

static void add(totals *to, const totals *more)
{
    to->failures += more->failures;
    to->runs += more->runs;
    to->hash ^= more->hash;
    to->events += more->events;
    to->crashes += more->crashes;
    to->pauses += more->pauses;
    to->orders += more->orders;
    to->seconds += more->seconds;
}

/* Each job is a process of its own; its sums come through a pipe. False when one of them died. */
static bool run_jobs(const options *wanted, totals *sum)
{
    bool is_whole = true;
    int ends[64][2];
    const uint64_t jobs = wanted->jobs < 64 ? wanted->jobs : 64;
    for (uint64_t job = 0; job < jobs; job++) {
        if (pipe(ends[job]) != 0) {
            return false;
        }
        const pid_t child = fork();
        if (child == 0) {
            const totals own = run(wanted, job);
            _exit(write(ends[job][1], &own, sizeof(own)) == (ssize_t)sizeof(own) ? 0 : 1);
        }
        (void)close(ends[job][1]);
    }
    for (uint64_t job = 0; job < jobs; job++) {
        totals own;
        if (read(ends[job][0], &own, sizeof(own)) == (ssize_t)sizeof(own)) {
            add(sum, &own);
        } else {
            is_whole = false;
        }
    }
    while (wait(NULL) > 0) {
    }
    return is_whole;
}

int main(int argc, char **argv)
{
    options wanted;
    totals sum = {.hash = 0};
    bool is_whole = true;
    if (!read_options(argc, argv, &wanted)) {
        return 64;
    }
    if (wanted.jobs > 1) {
        is_whole = run_jobs(&wanted, &sum);
    } else {
        sum = run(&wanted, 0);
    }
    (void)printf(
        "sim: %llu schedules from seed %llu, %llu failed, hash %016llx; %.0f schedules/s and "
        "core, %.0f events and %.1f orders each, %llu crashes, %llu pauses%s\n",
        (unsigned long long)sum.runs,
        (unsigned long long)wanted.seed,
        (unsigned long long)sum.failures,
        (unsigned long long)sum.hash,
        sum.seconds > 0 ? (double)sum.runs / sum.seconds : 0.0,
        (double)sum.events / (double)(sum.runs > 0 ? sum.runs : 1),
        (double)sum.orders / (double)(sum.runs > 0 ? sum.runs : 1),
        (unsigned long long)sum.crashes,
        (unsigned long long)sum.pauses,
        is_whole ? "" : "; A JOB DIED");
    return sum.failures == 0 && is_whole ? 0 : 1;
}
