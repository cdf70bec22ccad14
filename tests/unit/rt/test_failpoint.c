/* Failpoints: what may be armed, which hit acts, that a file is taken once, and the real actions on
 * a child process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rt/failpoint.h"

static cb_err err;

static int set_up(void **state)
{
    (void)state;
    cb_failpoints_open("execution");
    return 0;
}

static void arm(const char *text)
{
    assert_int_equal(cb_failpoints_arm(text, &err), CB_OK);
}

static void nothing_is_armed_at_first(void **state)
{
    (void)state;
    assert_false(cb_failpoints_armed);
    assert_false(FP("exec.before_send"));
    assert_int_equal(cb_failpoint_hits("exec.before_send"), 0);
}

static void only_the_named_hit_acts(void **state)
{
    (void)state;
    arm("exec.before_send=error@3");
    assert_false(FP("exec.before_send"));
    assert_false(FP("exec.before_send"));
    assert_true(FP("exec.before_send"));
    assert_false(FP("exec.before_send"));
    assert_int_equal(cb_failpoint_hits("exec.before_send"), 4);
}

static void a_plus_lets_all_later_hits_act(void **state)
{
    (void)state;
    arm("exec.before_send=error@2+");
    assert_false(FP("exec.before_send"));
    assert_true(FP("exec.before_send"));
    assert_true(FP("exec.before_send"));
}

static void shared_points_have_the_services_word(void **state)
{
    (void)state;
    arm("exec.before_ack=error,relay.after_ack=error");
    assert_true(FP("*.before_ack"));
    assert_true(FP("relay.after_ack"));
    cb_failpoints_open("signals");
    assert_false(cb_failpoints_armed);
    arm("strategy.before_commit=error");
    assert_true(FP("*.before_commit"));
    cb_failpoints_open("risk");
    arm("risk.before_step=error");
    assert_true(FP("*.before_step"));
}

static void arming_again_replaces_and_nothing_disarms(void **state)
{
    (void)state;
    arm("exec.before_send=error+");
    arm("exec.user_event=error+");
    assert_false(FP("exec.before_send"));
    assert_true(FP("exec.user_event"));
    arm("");
    assert_false(cb_failpoints_armed);
    assert_false(FP("exec.user_event"));
}

static void what_is_not_understood_changes_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {"exec.before_send",
        "exec.nowhere=kill",
        "gateway.after_accept=kill",
        "exec.before_send=die",
        "exec.before_send=kill@0",
        "exec.before_send=kill@x",
        "exec.before_send=delay",
        "exec.before_send=delay:x",
        "exec.before_send=kill:5",
        "exec.after_claim=error",
        "exec.before_send=error,exec.nowhere=kill"};
    arm("exec.user_event=error+");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(cb_failpoints_arm(texts[i], &err), CB_E_CONFIG);
        assert_true(FP("exec.user_event"));
        assert_false(FP("exec.before_send"));
    }
}

static void a_file_is_taken_once(void **state)
{
    (void)state;
    char path[] = "/tmp/cerberus-failpoints-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    static const char text[] = "exec.before_send=error+\nexec.user_event=error@2\n";
    assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
    assert_int_equal(close(fd), 0);
    assert_int_equal(cb_failpoints_take_file(path, &err), CB_OK);
    assert_int_equal(access(path, F_OK), -1);
    assert_true(FP("exec.before_send"));
    assert_false(FP("exec.user_event"));
    assert_true(FP("exec.user_event"));
    assert_int_equal(cb_failpoints_take_file(path, &err), CB_OK);
    assert_true(FP("exec.before_send"));
}

/* The status of a child that hits the point twice and then ends with 0. */
static int status_of_child(const char *text, int options)
{
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const int null = open("/dev/null", O_WRONLY);
        (void)dup2(null, STDERR_FILENO);
        if (cb_failpoints_arm(text, NULL) == CB_OK) {
            (void)FP("exec.after_claim");
            (void)FP("exec.after_claim");
            _exit(0);
        }
        _exit(1);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, options), pid);
    if (WIFSTOPPED(status)) {
        assert_int_equal(kill(pid, SIGCONT), 0);
        int end = 0;
        assert_int_equal(waitpid(pid, &end, 0), pid);
        assert_true(WIFEXITED(end) && WEXITSTATUS(end) == 0);
    }
    return status;
}

static void actions_are_real(void **state)
{
    (void)state;
    int status = status_of_child("exec.after_claim=kill@2", 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    status = status_of_child("exec.after_claim=abort", 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    status = status_of_child("exec.after_claim=stop@2", WUNTRACED);
    assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    status = status_of_child("exec.after_claim=delay:1", 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    status = status_of_child("exec.after_claim=kill@3", 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_is_armed_at_first, set_up),
        cmocka_unit_test_setup(only_the_named_hit_acts, set_up),
        cmocka_unit_test_setup(a_plus_lets_all_later_hits_act, set_up),
        cmocka_unit_test_setup(shared_points_have_the_services_word, set_up),
        cmocka_unit_test_setup(arming_again_replaces_and_nothing_disarms, set_up),
        cmocka_unit_test_setup(what_is_not_understood_changes_nothing, set_up),
        cmocka_unit_test_setup(a_file_is_taken_once, set_up),
        cmocka_unit_test_setup(actions_are_real, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
