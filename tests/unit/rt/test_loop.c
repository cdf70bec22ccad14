/* The poll loop: descriptors, timers, wake-ups, removal inside callbacks, an outer loop. Timers are
 * tested by their order, never by how long they took. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/timefmt.h"
#include "rt/loop.h"

#define TURNS_MAX 1000

typedef struct fixture {
    cb_loop *loop;
    int pipe[2];
    cb_watch *watch;
    cb_timer *timers[4];
    char trace[64]; /* one letter per callback */
} fixture;

static int set_up(void **state)
{
    static fixture test;
    memset(&test, 0, sizeof(test));
    cb_err err;
    test.loop = cb_loop_create(&err);
    *state = &test;
    return test.loop != NULL && pipe(test.pipe) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    fixture *test = *state;
    cb_loop_destroy(test->loop);
    (void)close(test->pipe[0]);
    (void)close(test->pipe[1]);
    return 0;
}

static void put(fixture *test, char letter)
{
    const size_t used = strlen(test->trace);
    assert_true(used + 1 < sizeof(test->trace));
    test->trace[used] = letter;
}

static void on_a(void *context)
{
    put(context, 'a');
}

static void on_b(void *context)
{
    put(context, 'b');
}

static void on_c(void *context)
{
    put(context, 'c');
}

static void turn_until(fixture *test, size_t letters_count)
{
    for (int i = 0; i < TURNS_MAX && strlen(test->trace) < letters_count; i++) {
        cb_loop_turn(test->loop, -1);
    }
}

static void loop_fires_timers_by_due_time_then_by_arming(void **state)
{
    fixture *test = *state;
    (void)cb_loop_timer(test->loop, 3 * CB_NS_PER_MS, 0, on_c, test);
    (void)cb_loop_timer(test->loop, 0, 0, on_a, test);
    (void)cb_loop_timer(test->loop, 0, 0, on_b, test);
    turn_until(test, 3);
    assert_string_equal(test->trace, "abc");
}

static void loop_resets_a_one_shot_timer_after_it_fired(void **state)
{
    fixture *test = *state;
    cb_timer *timer = cb_loop_timer(test->loop, 0, 0, on_a, test);
    turn_until(test, 1);
    cb_loop_turn(test->loop, 0);
    assert_string_equal(test->trace, "a");
    cb_timer_reset(timer, 0);
    turn_until(test, 2);
    assert_string_equal(test->trace, "aa");
}

static void loop_repeats_a_periodic_timer(void **state)
{
    fixture *test = *state;
    (void)cb_loop_timer(test->loop, 0, CB_NS_PER_US, on_a, test);
    turn_until(test, 5);
    assert_string_equal(test->trace, "aaaaa");
}

static void remove_both(void *context)
{
    fixture *test = context;
    put(test, 'x');
    cb_timer_remove(test->timers[0]);
    cb_timer_remove(test->timers[1]);
    cb_timer_remove(test->timers[1]); /* twice does nothing */
    cb_timer_remove(NULL);
}

static void loop_lets_a_callback_remove_itself_and_others(void **state)
{
    fixture *test = *state;
    test->timers[0] = cb_loop_timer(test->loop, 0, 0, remove_both, test);
    test->timers[1] = cb_loop_timer(test->loop, 0, 0, on_b, test);
    (void)cb_loop_timer(test->loop, CB_NS_PER_MS, 0, on_c, test);
    turn_until(test, 2);
    assert_string_equal(test->trace, "xc");
}

static void on_readable(void *context, int fd, uint32_t events)
{
    fixture *test = context;
    char letter = '?';
    assert_true((events & (CB_WATCH_READ | CB_WATCH_ERROR)) != 0);
    put(test, read(fd, &letter, 1) == 1 ? letter : '0');
}

static void loop_tells_what_became_readable(void **state)
{
    fixture *test = *state;
    cb_err err;
    test->watch = cb_loop_watch(test->loop, test->pipe[0], CB_WATCH_READ, on_readable, test, &err);
    assert_non_null(test->watch);
    cb_loop_turn(test->loop, 0);
    assert_string_equal(test->trace, "");
    assert_int_equal(write(test->pipe[1], "rs", 2), 2);
    turn_until(test, 2);
    assert_string_equal(test->trace, "rs");
    cb_watch_remove(test->watch);
    assert_int_equal(write(test->pipe[1], "t", 1), 1);
    cb_loop_turn(test->loop, 0);
    assert_string_equal(test->trace, "rs");
}

static void on_writable(void *context, int fd, uint32_t events)
{
    fixture *test = context;
    (void)fd;
    put(test, (events & CB_WATCH_WRITE) != 0 ? 'w' : '?');
    cb_watch_change(test->watch, 0);
}

static void loop_changes_what_it_watches_for(void **state)
{
    fixture *test = *state;
    cb_err err;
    test->watch = cb_loop_watch(test->loop, test->pipe[1], 0, on_writable, test, &err);
    cb_loop_turn(test->loop, 0);
    assert_string_equal(test->trace, "");
    cb_watch_change(test->watch, CB_WATCH_WRITE);
    cb_loop_turn(test->loop, 0);
    cb_loop_turn(test->loop, 0);
    assert_string_equal(test->trace, "w");
}

static void loop_refuses_a_bad_descriptor(void **state)
{
    fixture *test = *state;
    cb_err err;
    assert_null(cb_loop_watch(test->loop, 9999, CB_WATCH_READ, on_readable, test, &err));
    assert_int_equal(err.code, CB_E_IO);
    assert_non_null(strstr(err.text, "9999"));
}

static void *wake_from_thread(void *context)
{
    cb_loop_wake(context);
    return NULL;
}

static void loop_wakes_for_another_thread(void **state)
{
    fixture *test = *state;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wake_from_thread, test->loop), 0);
    cb_loop_turn(test->loop, -1); /* without the wake-up this would never return */
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void loop_runs_turn_hooks_until_they_are_taken_back(void **state)
{
    fixture *test = *state;
    cb_loop_on_turn(test->loop, on_a, test);
    cb_loop_on_turn(test->loop, on_b, test);
    cb_loop_turn(test->loop, 0);
    cb_loop_off_turn(test->loop, on_a, test);
    cb_loop_turn(test->loop, 0);
    assert_string_equal(test->trace, "abb");
}

static void stop(void *context)
{
    fixture *test = context;
    put(test, 's');
    cb_loop_stop(test->loop);
}

static void loop_runs_until_it_is_stopped(void **state)
{
    fixture *test = *state;
    (void)cb_loop_timer(test->loop, 0, 0, stop, test);
    cb_loop_run(test->loop);
    assert_string_equal(test->trace, "s");
}

/* An outer loop in the smallest form: poll the one descriptor, then let the loop work. */
static int outer_service(void *context)
{
    fixture *test = context;
    struct pollfd fd = {.fd = cb_loop_fd(test->loop), .events = POLLIN};
    if (poll(&fd, 1, -1) == 1) {
        put(test, 'o');
        cb_loop_process(test->loop);
    }
    return 0;
}

static void loop_lives_inside_an_outer_loop(void **state)
{
    fixture *test = *state;
    cb_loop_set_outer(test->loop, outer_service, test);
    assert_ptr_equal(cb_loop_outer_context(test->loop), test);
    (void)cb_loop_timer(test->loop, CB_NS_PER_MS, 0, on_a, test);
    for (int i = 0; i < TURNS_MAX && strchr(test->trace, 'a') == NULL; i++) {
        cb_loop_turn(test->loop, -1);
    }
    assert_non_null(strstr(test->trace, "oa"));
    /* A bounded turn ends although nothing happens. */
    cb_loop_turn(test->loop, CB_NS_PER_MS);
    cb_loop_set_outer(test->loop, NULL, NULL);
    assert_null(cb_loop_outer_context(test->loop));
}

static void loop_runs_destroy_hooks_last_first(void **state)
{
    fixture *test = *state;
    cb_err err;
    cb_loop *loop = cb_loop_create(&err);
    cb_loop_on_destroy(loop, on_a, test);
    cb_loop_on_destroy(loop, on_b, test);
    (void)cb_loop_timer(loop, CB_NS_PER_S, 0, on_c, test);
    cb_loop_destroy(loop);
    cb_loop_destroy(NULL);
    assert_string_equal(test->trace, "ba");
}

/* Many timers, some removed, fire in the order of their times. */
static void loop_orders_many_timers(void **state)
{
    fixture *test = *state;
    static const int64_t DELAYS_MS[] = {5, 1, 4, 2, 3};
    static const cb_timer_fn FNS[] = {on_c, on_a, on_c, on_a, on_b};
    cb_timer *timers[5];
    for (size_t i = 0; i < 5; i++) {
        timers[i] = cb_loop_timer(test->loop, DELAYS_MS[i] * CB_NS_PER_MS, 0, FNS[i], test);
    }
    cb_timer_remove(timers[3]);
    turn_until(test, 4);
    assert_string_equal(test->trace, "abcc");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(loop_fires_timers_by_due_time_then_by_arming),
        TEST(loop_resets_a_one_shot_timer_after_it_fired),
        TEST(loop_repeats_a_periodic_timer),
        TEST(loop_lets_a_callback_remove_itself_and_others),
        TEST(loop_tells_what_became_readable),
        TEST(loop_changes_what_it_watches_for),
        TEST(loop_refuses_a_bad_descriptor),
        TEST(loop_wakes_for_another_thread),
        TEST(loop_runs_turn_hooks_until_they_are_taken_back),
        TEST(loop_runs_until_it_is_stopped),
        TEST(loop_lives_inside_an_outer_loop),
        TEST(loop_runs_destroy_hooks_last_first),
        TEST(loop_orders_many_timers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
