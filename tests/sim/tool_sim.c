/* make sim: runs schedules from a seed on, on one core or several. One line for each failure with
 * its seed and commit; the same seed gives the same hash of all outputs.
 *
 *   tool_sim --seed=1 --runs=1000 [--jobs=2] [--hashes] [--stop] [--verbose]
 *   tool_sim --seed=1 --runs=1 --sweep=alloc|fault [--from=1] [--step=1]
 *
 * A sweep takes one schedule without faults and runs it again for each place where an allocation
 * (or anything that the plan could draw) can fail, with that one failing: until a run in which no
 * such place was met any more.
 * --verbose tells one schedule in full and prints the tables it left. */
#include <signal.h>
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
    dst_sweep_kind sweep;
    uint64_t from; /* the first place of a sweep */
    uint64_t step; /* every how manieth */
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
    *out = (options){.seed = 1, .runs = 1, .jobs = 1, .from = 1, .step = 1};
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--hashes") == 0) {
            out->has_hashes = true;
        } else if (strcmp(word, "--stop") == 0) {
            out->is_stopping = true;
        } else if (strcmp(word, "--verbose") == 0) {
            out->is_verbose = true;
        } else if (strcmp(word, "--sweep=alloc") == 0) {
            out->sweep = DST_SWEEP_ALLOC;
        } else if (strcmp(word, "--sweep=fault") == 0) {
            out->sweep = DST_SWEEP_FAULT;
        } else if (!take(word, "--seed=", &out->seed) && !take(word, "--runs=", &out->runs) &&
                   !take(word, "--jobs=", &out->jobs) && !take(word, "--from=", &out->from) &&
                   !take(word, "--step=", &out->step)) {
            (void)fprintf(stderr, "sim: what is %s?\n", word);
            return false;
        }
    }
    return out->jobs > 0 && out->from > 0 && out->step > 0;
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

/* ---- sweeps ---- */

static uint64_t sweep_at; /* for the report of a crash that nobody caught */

static void on_segfault(int number)
{
    (void)number;
    static const char text[] = "sim: a crash at place ";
    char digits[24];
    size_t size = 0;
    for (uint64_t rest = sweep_at; rest > 0 || size == 0; rest /= 10) {
        digits[sizeof(digits) - ++size] = (char)('0' + rest % 10);
    }
    const bool is_said = write(2, text, sizeof(text) - 1) > 0 &&
                         write(2, digits + sizeof(digits) - size, size) > 0 &&
                         write(2, "\n", 1) > 0;
    _exit(is_said ? 3 : 4);
}

static void catch_segfaults(void)
{
    static uint8_t stack[64 * 1024];
    const stack_t own = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction action = {.sa_handler = on_segfault, .sa_flags = SA_ONSTACK};
    (void)sigaltstack(&own, NULL);
    (void)sigaction(SIGSEGV, &action, NULL);
    (void)sigaction(SIGILL, &action, NULL);
}

static uint64_t sweep_one(const options *wanted, uint64_t seed, uint64_t *places)
{
    char what[512];
    uint64_t failures = 0;
    uint64_t runs = 0;
    /* The first start of all reads its configuration: not in every run, so not in these. */
    for (dst->sweep_at = 0; runs < 2; runs++) {
        failures += dst_schedule(seed, what, sizeof(what)) ? 0 : 1;
    }
    *places = dst->sweep_count;
    for (uint64_t at = wanted->from; at <= *places; at += wanted->step, runs++) {
        sweep_at = dst->sweep_at = at;
        if (dst_schedule(seed, what, sizeof(what))) {
            continue;
        }
        failures++;
        (void)printf("place %llu: ", (unsigned long long)at);
        say_failure(seed, what);
        if (wanted->is_stopping) {
            break;
        }
    }
    (void)printf("sweep: seed %llu, %llu places, %llu schedules, %llu failed\n",
        (unsigned long long)seed,
        (unsigned long long)*places,
        (unsigned long long)runs,
        (unsigned long long)failures);
    return failures;
}

static int sweep(const options *wanted)
{
    uint64_t failures = 0;
    uint64_t places = 0;
    dst_open();
    catch_segfaults();
    dst->is_verbose = wanted->is_verbose;
    dst->sweep = wanted->sweep;
    for (uint64_t i = 0; i < wanted->runs; i++) {
        failures += sweep_one(wanted, wanted->seed + i, &places);
    }
    return failures == 0 ? 0 : 1;
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
    if (wanted.sweep != DST_SWEEP_NONE) {
        return sweep(&wanted);
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
