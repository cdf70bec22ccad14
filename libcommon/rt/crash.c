/* The last words of a process: which signal, where. Everything here is async-signal-safe; the
 * addresses are for addr2line, since symbols would need allocation. */
#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "rt/service_internal.h"

#define FRAMES_MAX 32

static const int SIGNALS[] = {SIGSEGV, SIGABRT, SIGILL, SIGBUS, SIGFPE, SIGTRAP};

/* What the process is working on. A handler can reach nothing that is not static. */
static volatile int crash_fd = -1;
static const char *volatile crash_key;
static volatile uint64_t crash_seq;

void rt_crash_file(int fd)
{
    crash_fd = fd;
}

void rt_crash_working(const char *key, uint64_t seq)
{
    crash_seq = seq;
    crash_key = key;
}

static size_t put(char *out, size_t used, size_t capacity, const char *text)
{
    while (*text != '\0' && used < capacity) {
        out[used++] = *text++;
    }
    return used;
}

void rt_crash_write(const char *key, uint64_t seq)
{
    char line[96];
    char digits[24];
    size_t digits_count = sizeof(digits) - 1;
    digits[digits_count] = '\0';
    do {
        digits[--digits_count] = (char)('0' + seq % 10);
        seq /= 10;
    } while (seq > 0);
    size_t used = put(line, 0, 64, key);
    used = put(line, used, sizeof(line), " ");
    used = put(line, used, sizeof(line), &digits[digits_count]);
    used = put(line, used, sizeof(line), "\n");
    if (crash_fd > 0) {
        CB_MAYBE(write(crash_fd, line, used) > 0);
    }
}

static void on_fatal(int number)
{
    if (crash_key != NULL) {
        rt_crash_write(crash_key, crash_seq);
    }
    char line[160];
    const char digits[3] = {(char)('0' + number / 10), (char)('0' + number % 10), '\0'};
    size_t used = put(line, 0, sizeof(line), "level=error event=fatal_signal signal=");
    used = put(line, used, sizeof(line), digits);
    used = put(line, used, sizeof(line), " frames follow for addr2line\n");
    CB_MAYBE(write(STDERR_FILENO, line, used) > 0);
    void *frames[FRAMES_MAX];
    const int count = backtrace(frames, FRAMES_MAX);
    backtrace_symbols_fd(frames, count, STDERR_FILENO);
    /* The handler was reset on entry: this ends the process with the signal's own exit status. */
    CB_MAYBE(raise(number));
}

void rt_crash_install(const char *service)
{
    (void)service;
    /* The first call loads a library, which a handler may not do. */
    void *warm_up[1];
    CB_MAYBE(backtrace(warm_up, 1));
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_fatal;
    action.sa_flags = (int)((unsigned)SA_RESETHAND | (unsigned)SA_NODEFER);
    for (size_t i = 0; i < sizeof(SIGNALS) / sizeof(SIGNALS[0]); i++) {
        CB_MAYBE(sigaction(SIGNALS[i], &action, NULL));
    }
}
