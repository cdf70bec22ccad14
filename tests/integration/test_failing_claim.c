/* FAILING_FROM=127 begins there, FAILING_SAY=1 tells what fails.
 *
 * Every system call and every allocation of a claim's transaction fails once, one run for each, as
 * in test_failing_calls.c: a process of its own with the real PostgreSQL client. However it ends,
 * what was told committed is there, what was told refused is not, and the connection's loss in
 * between is told as unknown, never as one of the two. */
#undef _FORTIFY_SOURCE /* its inline wrappers stand where ours must */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>

#include "rt/loop.h"
#include "rt/pg.h"
#include "tests/integration/failing_calls.h"
#include "tests/testing/stack.h"

#define CLAIMS 2
#define HANG_S 30
#define TOLD_NOTHING (-1)

typedef struct shared {
    atomic_int told[CLAIMS]; /* cb_status, or TOLD_NOTHING */
    atomic_int is_refused;   /* there was no session: a clean error */
    atomic_uint_fast64_t met;
} shared;

static stack servers;
static shared *board;
static char dsn[192];

/* ---- one run ---- */

typedef struct claim {
    int number;
    bool is_done;
} claim;

static void on_committed(void *context, const cb_result *result)
{
    claim *self = context;
    atomic_store(&board->told[self->number], (int)result->status);
    self->is_done = true;
}

/* An order's row and its event, as a claim writes them. */
static void commit(cb_loop *loop, cb_pg *pg, int number)
{
    claim self = {.number = number};
    cb_params params;
    cb_params_reset(&params);
    cb_params_i64(&params, number);
    cb_pg_begin(pg);
    cb_pg_add(pg, "INSERT INTO claim (id) VALUES ($1::bigint)", &params);
    cb_pg_add(pg, "INSERT INTO event (id) VALUES ($1::bigint)", &params);
    cb_pg_commit(pg, on_committed, &self);
    for (int turns = 1; !self.is_done; turns++) {
        cb_loop_turn(loop, 20000000);
        /* The runtime asks now and then whether the database still answers. */
        if (turns % 10 == 0 && cb_pg_is_up(pg)) {
            cb_pg_query(pg, "SELECT 1", NULL, NULL, NULL);
        }
    }
}

static void client(fault_kind kind, int error, uint64_t at)
{
    cb_err err = {0};
    failing_forget_handlers();
    (void)alarm(HANG_S);
    failing_arm(kind, error, at);
    cb_loop *loop = cb_loop_create(&err);
    cb_pg *pg = loop != NULL ? cb_pg_open(loop, dsn, "failing", &err) : NULL;
    atomic_store(&board->is_refused, pg == NULL);
    for (int i = 0; i < CLAIMS && pg != NULL; i++) {
        commit(loop, pg, i);
    }
    armed = FAULT_NONE;
    atomic_store(&board->met, met);
    _exit(0);
}

static bool is_gone(void *context)
{
    (void)context;
    return stack_sql_i64(
               &servers, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'failing'") == 0;
}

static void judge(int status, uint64_t at, const char *what)
{
    if (!failing_is_clean_end(status)) {
        fail_msg("%s %llu: ended with status %x", what, (unsigned long long)at, (unsigned)status);
    }
    assert_true(stack_until(is_gone, NULL, 20000));
    /* Bit 0: the first claim, bit 1: the second; both tables alike, for a transaction is whole. */
    const int64_t claimed =
        stack_sql_i64(&servers, "SELECT coalesce(sum(1 << id::int), 0) FROM failing.claim");
    const int64_t told_of =
        stack_sql_i64(&servers, "SELECT coalesce(sum(1 << id::int), 0) FROM failing.event");
    assert_int_equal(claimed, told_of);
    for (int i = 0; i < CLAIMS; i++) {
        const int told = atomic_load(&board->told[i]);
        const bool is_there = (claimed >> i & 1) != 0;
        const bool is_open = told == TOLD_NOTHING || told == CB_E_UNKNOWN;
        if (!is_open && is_there != (told == CB_OK)) {
            fail_msg("%s %llu: claim %d is %s and was told %d",
                what,
                (unsigned long long)at,
                i,
                is_there ? "there" : "not there",
                told);
        }
    }
}

static uint64_t run(fault_kind kind, int error, uint64_t at, const char *what)
{
    char none[16];
    stack_sql(&servers, "TRUNCATE failing.claim, failing.event", none, sizeof(none));
    for (int i = 0; i < CLAIMS; i++) {
        atomic_store(&board->told[i], TOLD_NOTHING);
    }
    atomic_store(&board->met, UINT64_MAX);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        client(kind, error, at);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    judge(status, at, what);
    return atomic_load(&board->met);
}

static void sweep(fault_kind kind, int error, uint64_t step, const char *what)
{
    const char *from = getenv("FAILING_FROM");
    uint64_t at = from != NULL ? strtoull(from, NULL, 10) : 1;
    uint64_t runs = 0;
    for (; run(kind, error, at, what) >= at; at += step) {
        runs++;
        assert_true(runs < 100000);
    }
    assert_true(runs > 0);
    print_message("# %s: %llu runs of %llu places\n",
        what,
        (unsigned long long)runs,
        (unsigned long long)at - 1);
}

/* ---- tests ---- */

static void nothing_fails(void **state)
{
    (void)state;
    (void)run(FAULT_NONE, 0, 0, "no fault");
    for (int i = 0; i < CLAIMS; i++) {
        assert_int_equal(atomic_load(&board->told[i]), CB_OK);
    }
}

static void every_call_is_reset(void **state)
{
    (void)state;
    sweep(FAULT_CALL, ECONNRESET, 1, "call with ECONNRESET");
}

static void every_call_is_interrupted(void **state)
{
    (void)state;
    sweep(FAULT_CALL, EINTR, 1, "call with EINTR");
}

static void every_send_is_short(void **state)
{
    (void)state;
    sweep(FAULT_SHORT, 0, 1, "short send");
}

/* Most allocations are of the connection's start, alike for all: every seventh here, each of them
 * with FAILING_STEP=1 (make sweep). */
static void allocations_fail(void **state)
{
    (void)state;
    if (!HAS_ALLOCATIONS) {
        skip();
    }
    const char *step = getenv("FAILING_STEP");
    sweep(FAULT_ALLOCATION, ENOMEM, step != NULL ? strtoull(step, NULL, 10) : 7, "allocation");
}

static int start(void **state)
{
    char none[16];
    (void)state;
    board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (board == MAP_FAILED) {
        return -1;
    }
    stack_start(&servers, STACK_PG);
    stack_add_service(&servers, "failing");
    stack_dsn(&servers, "failing", dsn, sizeof(dsn));
    static const char *const statements[] = {"CREATE TABLE failing.claim (id bigint PRIMARY KEY)",
        "CREATE TABLE failing.event (id bigint PRIMARY KEY)",
        "GRANT INSERT, SELECT ON failing.claim, failing.event TO failing"};
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        stack_sql(&servers, statements[i], none, sizeof(none));
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    stack_stop(&servers);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_fails),
        cmocka_unit_test(every_call_is_reset),
        cmocka_unit_test(every_call_is_interrupted),
        cmocka_unit_test(every_send_is_short),
        cmocka_unit_test(allocations_fail),
    };
    return cmocka_run_group_tests_name("failing claim", tests, start, stop);
}
